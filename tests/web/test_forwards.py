"""`/agent/*` over sockets: what reaches the backend, what comes back, and when (contract F 6 19a, 19b)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import structlog.testing
import trio

from aurora.settings import Settings
from aurora.store.accounts import Window
from aurora.web import forwards
from tests.contract.test_b23 import house
from tests.support.raw_upstream import Behaviour, RawUpstream, http, raw_upstream, replies, says, stalls
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient, web

RESOLVE, INVOKE = "/agent/v1/products/resolve", "/agent/shop/v1/invoke"
KEY = "agent-key-0123456789"
PAGE = "https://aurora.pivota.cc"
ASKED: dict[str, Any] = {
    "query": "Understudy Quiet Barrier Cream",
    "lang": "cn",
    "caller": "aurora_chatbox",
    "session_id": "b-1",
    "hints": {"product_id": "p1", "brand": "Understudy", "product_ref": {"product_id": "p1"}, "aliases": []},
    "options": {"timeout_ms": 3500, "search_all_merchants": True, "upstream_retries": 0,
                "candidates_limit": 12, "allow_external_seed": False},
}  # fmt: skip
SEARCH: dict[str, Any] = {
    "operation": "find_products_multi",
    "payload": {"search": {"query": "cream", "in_stock_only": False, "search_all_merchants": True,
                           "limit": 6, "offset": 0}},
    "metadata": {"source": "aurora_chatbox", "prefer_brand": "Understudy"},
}  # fmt: skip
BOTH = [pytest.param(RESOLVE, ASKED, id="resolve"), pytest.param(INVOKE, SEARCH, id="invoke")]


@asynccontextmanager
async def backend(behaviour: Behaviour, **settings: Any) -> AsyncIterator[tuple[WebClient, RawUpstream]]:
    async with raw_upstream(behaviour) as upstream:
        made = Settings(
            retention_days=0,
            backend_base_url=upstream.url,
            backend_api_key=KEY,
            breaker_enabled=False,
            **settings,
        )
        async with web(made) as client:
            yield client, upstream


async def ask(client: WebClient, path: str, body: Any, **headers: str) -> WebAnswer:
    return await client.post(path, body, headers={"Origin": PAGE, **headers})


def sent(upstream: RawUpstream) -> tuple[str, dict[str, str], Any]:
    (request,) = upstream.requests
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(one.lower().split(": ", 1) for one in lines)
    return line, headers, json.loads(body)


async def test_a_resolve_goes_on_as_asked_with_our_time_and_the_backends_language() -> None:
    answer = {"resolved": True, "product_ref": {"product_id": "p1", "merchant_id": "m1"}, "x": [1, 2.5, "é"]}
    async with backend(says(answer)) as (client, upstream):
        got = await ask(client, RESOLVE, ASKED)
        line, headers, body = sent(upstream)
    assert got.status == 200
    assert got.json == answer
    assert line == f"POST {RESOLVE} HTTP/1.1"
    assert headers["x-api-key"] == KEY
    assert headers["authorization"] == f"bearer {KEY}"
    assert 0 < body["options"].pop("timeout_ms") <= 3000
    assert body == {
        **ASKED, "lang": "zh", "options": {k: v for k, v in ASKED["options"].items() if k != "timeout_ms"}
    }  # fmt: skip


async def test_a_search_goes_on_as_asked() -> None:
    async with backend(says({"products": [{"name": "A"}]})) as (client, upstream):
        got = await ask(client, INVOKE, SEARCH)
        line, _, body = sent(upstream)
    assert got.json == {"products": [{"name": "A"}]}
    assert line == f"POST {INVOKE} HTTP/1.1"
    assert body == SEARCH


HERS = {
    "Authorization": "Bearer hers", "Cookie": "c=hers", "X-API-Key": "hers", "X-Agent-API-Key": "hers",
    "X-Checkout-Token": "hers", "X-Forwarded-For": "9.9.9.9", "TE": "trailers", "X-Aurora-UID": "somebody",
}  # fmt: skip


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_nothing_of_the_clients_own_headers_goes_on(path: str, body: Any) -> None:
    async with backend(says({})) as (client, upstream):
        await ask(client, path, body, **HERS)
        (request,) = upstream.requests
    assert b"hers" not in request
    assert b"somebody" not in request
    assert b"9.9.9.9" not in request
    assert b"cookie" not in request.lower()
    assert b"\r\nte:" not in request.lower()


@pytest.mark.parametrize(
    "body",
    [
        {**SEARCH, "operation": "checkout.create"},
        {**SEARCH, "operation": "get_pdp_v2"},
        {**SEARCH, "operation": "FIND_PRODUCTS_MULTI"},
        {**SEARCH, "operation": "find_products_multi "},
    ],
)
async def test_an_operation_that_the_client_does_not_use_is_refused(body: Any) -> None:
    async with backend(says({})) as (client, upstream):
        got = await ask(client, INVOKE, body)
        assert not upstream.requests
    assert got.status == 400
    assert got.json["error"] == "UNSUPPORTED_OPERATION"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (INVOKE, {}),
        (INVOKE, []),
        (INVOKE, {**SEARCH, "operation": ""}),
        (INVOKE, {**SEARCH, "operation": 7}),
        (INVOKE, {**SEARCH, "payload": {}}),
        (INVOKE, {**SEARCH, "payload": {"search": {"query": "x", "limit": 13}}}),
        (INVOKE, {**SEARCH, "payload": {"search": {"query": "x", "offset": -1}}}),
        (INVOKE, {**SEARCH, "payload": {"search": {"query": ""}}}),
        (INVOKE, {**SEARCH, "payload": {"search": {"query": "x" * 501}}}),
        (RESOLVE, {}),
        (RESOLVE, {"query": ["x"]}),
        (RESOLVE, {"query": "x" * 10_000}),
        (RESOLVE, {"query": "nul\x00"}),
        (RESOLVE, {"query": "x", "hints": {"aliases": ["a"] * 17}}),
        (RESOLVE, {"query": "x", "options": {"timeout_ms": "1"}}),
        (RESOLVE, {"query": "x", "options": {"candidates_limit": 1000}}),
    ],
)
async def test_bad_bodies_are_refused_in_plain_json_and_nobody_is_asked(path: str, body: Any) -> None:
    async with backend(says({})) as (client, upstream):
        got = await ask(client, path, body)
        assert not upstream.requests
    assert got.status == 400
    assert got.json["error"] == "BAD_REQUEST"
    assert "cards" not in got.json
    assert got.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ({"body": b"{bad"}, 400, "Invalid JSON"),
        ({"body": b'"text"'}, 400, "Invalid JSON"),
        ({"body": b"x" * 5000}, 413, "PAYLOAD_TOO_LARGE"),
        ({"body": b"query=x", "content_type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [RESOLVE, INVOKE])
async def test_the_door_is_the_same_as_everywhere(path: str, how: Any, status: int, error: str) -> None:
    async with backend(says({}), max_body_bytes=4096) as (client, _):
        got = await client.send("POST", path, headers={"Origin": PAGE}, **how)
        other = await client.get(path)
    assert got.status == status
    assert got.json["error"] == error
    assert got.headers["access-control-allow-origin"] == PAGE
    assert other.status == 405


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_a_backend_that_hangs_is_left_in_time(path: str, body: Any) -> None:
    async with backend(stalls, forward_budget_ms=300) as (client, upstream):
        got = await ask(client, path, body)
        with trio.fail_after(5):
            while not all(each.ended for each in upstream.conversations):  # noqa: ASYNC110 - the other side
                await trio.sleep(0.01)
    assert got.status == 504
    assert got.json == {"error": "UPSTREAM_TIMEOUT", "resolved": False, "reason_code": "UPSTREAM_TIMEOUT"}
    assert got.headers["access-control-allow-origin"] == PAGE


async def test_a_client_that_hangs_up_ends_the_call() -> None:
    async with backend(stalls) as (client, upstream):
        got = await client.post(RESOLVE, ASKED, hang_up_after_s=0.05)
        assert got.status == 0
        with trio.fail_after(2):
            while not all(each.ended for each in upstream.conversations):  # noqa: ASYNC110 - the other side
                await trio.sleep(0.01)
        assert client.house.in_flight == 0


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (http(404, b'{"error":"no such thing","trace":"internal"}'), 404, "UPSTREAM_ERROR"),
        (http(422, b"<html>"), 422, "UPSTREAM_ERROR"),
        (http(500, b""), 500, "UPSTREAM_ERROR"),
        (http(429, b"{}"), 429, "UPSTREAM_ERROR"),
        (http(401, b'{"error":"invalid key agent-key-0123456789"}'), 502, "UPSTREAM_REFUSED"),
        (http(302, b"", "location: http://127.0.0.1:1/"), 502, "UPSTREAM_FAILED"),
        (http(200, b"<html>hi</html>", kind="text/html"), 502, "UPSTREAM_FAILED"),
        (http(200, b""), 502, "UPSTREAM_FAILED"),
        (http(200, b'"text"'), 502, "UPSTREAM_FAILED"),
        (http(200, b"null"), 502, "UPSTREAM_FAILED"),
        (http(200, b'[{"resolved":true}]'), 502, "UPSTREAM_FAILED"),
        (http(200, b"[" * 5000 + b"]" * 5000), 502, "UPSTREAM_FAILED"),
        (http(200, b'{"a":"' + b"a" * 600_000 + b'"}'), 502, "UPSTREAM_FAILED"),
        (b"HTTP/1.1 banana\r\n\r\n", 502, "UPSTREAM_FAILED"),
    ],
)
async def test_what_the_backend_does_wrong_is_a_plain_refusal(answer: bytes, status: int, error: str) -> None:
    async with backend(replies(answer)) as (client, _):
        got = await ask(client, RESOLVE, ASKED)
    assert got.status == status
    assert got.json["error"] == error
    assert got.json["resolved"] is False
    assert got.json["reason_code"] in ("NO_CANDIDATES", "UPSTREAM_TIMEOUT")
    assert len(got.body) < 2000
    assert KEY.encode() not in got.body
    assert "internal" not in got.body.decode()


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_our_key_is_in_no_answer_and_in_no_log(path: str, body: Any) -> None:
    echo = http(200, json.dumps({"resolved": True, "request": {"headers": {"x-api-key": KEY}}}).encode())
    refusal = http(500, json.dumps({"error": f"bad key {KEY}"}).encode())
    with structlog.testing.capture_logs() as lines:
        async with backend(replies(echo, refusal)) as (client, _):
            answers = [await ask(client, path, body) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 500]
    assert all(KEY not in answer.body.decode() for answer in answers)
    assert "[redacted]" in answers[0].body.decode()
    assert lines
    assert KEY not in repr(lines)
    assert "Quiet Barrier Cream" not in repr(lines)


async def test_addresses_that_act_are_taken_out_of_an_answer() -> None:
    rows = [{"url": "javascript:alert(1)", "name": "A"}]
    async with backend(says({"products": rows})) as (client, _):
        got = await ask(client, INVOKE, SEARCH)
    assert got.json == {"products": [{"name": "A"}]}


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_without_a_backend_it_says_so(path: str, body: Any) -> None:
    async with web(Settings(retention_days=0)) as client:
        got = await ask(client, path, body)
    assert got.status == 503
    assert got.json["error"] == "PIVOTA_BACKEND_NOT_CONFIGURED"


async def test_a_house_that_is_full_lets_nobody_in() -> None:
    async with backend(says({}), max_turns=1) as (client, upstream):
        with client.house.admit():
            got = await ask(client, RESOLVE, ASKED)
        assert not upstream.requests
        assert (await ask(client, RESOLVE, ASKED)).status == 200
    assert got.status == 503
    assert got.json["error"] == "OVERLOADED"
    assert got.headers["retry-after"] == "1"


async def test_a_client_that_comes_too_often_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwards, "OFTEN", Window(2, timedelta(minutes=1)))
    async with backend(says({}), auth_trusted_proxies=1) as (client, upstream):
        first = [
            await ask(client, path, body, **{"X-Forwarded-For": "9.9.9.1"})
            for path, body in ((RESOLVE, ASKED), (INVOKE, SEARCH), (RESOLVE, ASKED))
        ]
        other = await ask(client, RESOLVE, ASKED, **{"X-Forwarded-For": "9.9.9.2"})
        assert len(upstream.requests) == 3
    assert [answer.status for answer in first] == [200, 200, 429]
    assert first[2].json["error"] == "RATE_LIMITED"
    assert 0 < int(first[2].headers["retry-after"]) <= 60
    assert other.status == 200


async def test_our_own_questions_do_not_wait_behind_the_clients() -> None:
    async with (
        backend(stalls, upstream_limit=1, forward_budget_ms=2000) as (client, _),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(ask, client, RESOLVE, ASKED)
        with trio.fail_after(1):
            while client.house.links["shop"].in_flight == 0:  # noqa: ASYNC110 - a number, no event
                await trio.sleep(0.01)
        assert client.house.links["commerce"].in_flight == 0
        nursery.cancel_scope.cancel()


async def test_known_and_unknown_products_of_the_sandbox(sandbox: Served) -> None:
    async with house(sandbox, backend_api_key=KEY) as client:
        known = await ask(client, RESOLVE, ASKED)
        found = await ask(client, INVOKE, SEARCH)
        nothing = await ask(client, INVOKE, {**SEARCH, "payload": {"search": {"query": "teapot"}}})
        calls = list(sandbox.state.calls)
    assert known.json["product_ref"] == {
        "product_id": "mock_moisturizer_1",
        "merchant_id": "merch_understudy",
    }
    (row,) = found.json["products"]
    assert row["key_actives"]
    assert row["ingredients"]["head"]
    assert nothing.json["products"] == []
    assert all(call.authorised for call in calls)
