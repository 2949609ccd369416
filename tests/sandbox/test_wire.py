"""The sandbox over real sockets: what it answers, how it fails, what it remembers of a call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import trio

from aurora.sandbox import Sandbox, Swallowed, create_sandbox, serve_black_hole, serve_sandbox
from aurora.sandbox.misbehave import spoilt
from aurora.sandbox.script import BEHAVIOURS, Step
from tests.support.sandbox import Served


async def until(true: Callable[[], bool]) -> None:
    with trio.fail_after(5):
        while not true():  # noqa: ASYNC110  # the state changes behind a real socket, nothing to wait on
            await trio.sleep(0.005)


async def test_a_call_is_answered_and_remembered(sandbox: Served) -> None:
    answer = await sandbox.client.post(
        "/api/chat", json={"query": "hello", "debug": True}, headers={"X-Aurora-Deadline-Ms": "850"}
    )
    listed = (await sandbox.client.get("/_sandbox/calls", params={"upstream": "decision"})).json()

    assert answer.status_code == 200
    assert answer.json()["intent"] == "chat"
    assert listed["total"] == 1
    call = listed["calls"][0]
    assert (call["query"], call["deadline_ms"], call["ended"]) == ("hello", 850, "answered")
    assert call["body"]["debug"] is True


async def test_a_request_without_a_query_is_refused(sandbox: Served) -> None:
    for body in (b"{}", b"[]", b"nonsense", b'{"query":3}'):
        assert (await sandbox.client.post("/api/chat", content=body)).status_code == 400


@pytest.mark.parametrize("path", ["/agent/v1/products/search", "/agent/v1/beauty/products/search"])
async def test_search_lists_wares_or_says_why_not(sandbox: Served, path: str) -> None:
    hit = (await sandbox.client.get(path, params={"query": "ceramide cream"})).json()
    miss = (await sandbox.client.get(path, params={"query": "left-handed teapot"})).json()

    assert [row["product_id"] for row in hit["products"]] == ["mock_moisturizer_1"]
    assert miss == {
        "products": [],
        "total": 0,
        "metadata": {"source": "sandbox"},
        "reason_code": "no_candidates",
    }


async def test_resolve_invoke_and_offers(sandbox: Served) -> None:
    async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = (await sandbox.client.post(path, json=body)).json()
        return answer

    hit = await post("/agent/v1/products/resolve", {"query": "Understudy Quiet Barrier Cream", "lang": "en"})
    miss = await post("/agent/v1/products/resolve", {"query": "teapot"})
    known = await post(
        "/agent/shop/v1/invoke",
        {"operation": "offers.resolve", "payload": {"product": {"sku_id": "mock_sunscreen_1"}}},
    )
    offer = await post("/api/offers/external/resolve", {"url": "https://shop.example/p/1"})

    assert hit["resolved"] is True
    assert hit["product_ref"]["merchant_id"]
    assert (miss["resolved"], miss["reason_code"]) == (False, "NO_CANDIDATES")
    assert known["canonical_product_ref"]["product_id"] == "mock_sunscreen_1"
    assert offer["offer"]["price"]["amount"] > 0


@pytest.mark.parametrize("way", ["header", "token", "control", "object"])
async def test_a_script_arrives_by_header_token_control_api_or_object(sandbox: Served, way: str) -> None:
    query, headers = "hello", {}
    if way == "header":
        headers = {"X-Sandbox-Script": "status=503"}
    elif way == "token":
        query = "hello [[sandbox:status=503]]"
    elif way == "control":
        queued = await sandbox.client.post(
            "/_sandbox/script", json={"upstream": "decision", "behaviour": "status=503"}
        )
        assert queued.status_code == 200
    else:
        sandbox.state.script("decision", "status=503")

    first = await sandbox.ask(query, **headers)
    second = await sandbox.ask()

    assert (first.status_code, first.headers["retry-after"]) == (503, "1")
    assert second.status_code == 200


async def test_a_rule_can_carry_a_literal_body_or_a_stub_token(sandbox: Served) -> None:
    await sandbox.client.post(
        "/_sandbox/script", json={"upstream": "decision", "body": {"answer": "as told"}}
    )
    await sandbox.client.post("/_sandbox/script", json={"behaviour": "stub=PICKS_EMPTY_TEST"})

    assert (await sandbox.ask()).json() == {"answer": "as told"}
    assert json.loads((await sandbox.ask()).json()["answer"])["recommendations"] == []


@pytest.mark.parametrize(
    "body", [{"behaviour": "nonsense"}, {"upstream": "kettle"}, {"times": "x"}, {"unknown": 1}, []]
)
async def test_the_control_api_refuses_what_it_does_not_know(sandbox: Served, body: Any) -> None:
    assert (await sandbox.client.post("/_sandbox/script", json=body)).status_code == 400
    assert (await sandbox.ask()).status_code == 200


async def test_reset_forgets_rules_and_calls(sandbox: Served) -> None:
    sandbox.state.script("*", "status=500", times=None)
    assert (await sandbox.ask()).status_code == 500
    await sandbox.client.post("/_sandbox/reset")
    assert (await sandbox.ask()).status_code == 200
    assert sandbox.state.total == 1


@pytest.mark.parametrize("behaviour", ["stall", "stall_body", "drip=50", "latency=60000"])
async def test_a_caller_that_hangs_up_is_noticed(sandbox: Served, behaviour: str) -> None:
    with trio.move_on_after(0.2) as scope:
        await sandbox.ask(**{"X-Sandbox-Script": behaviour})

    assert scope.cancelled_caught
    await until(lambda: not sandbox.state.in_flight and sandbox.state.calls[-1].ended != "open")
    assert sandbox.state.calls[-1].ended == "client_closed"


@pytest.mark.parametrize("behaviour", ["reset", "close", "close_mid_body"])
async def test_a_connection_ends_without_an_answer(sandbox: Served, behaviour: str) -> None:
    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
        await sandbox.ask(**{"X-Sandbox-Script": behaviour})
    await until(lambda: not sandbox.state.in_flight)
    assert sandbox.state.calls[-1].ended == "misbehaved"
    assert (await sandbox.ask()).status_code == 200


@pytest.mark.parametrize(
    ("behaviour", "status", "kind"),
    [
        ("status=404", 404, "application/json"),
        ("status=429", 429, "application/json"),
        ("redirect", 302, "application/json"),
        ("html", 200, "text/html"),
        ("empty_body", 200, "application/json"),
        ("truncated", 200, "application/json"),
        ("deep=2000", 200, "application/json"),
    ],
)
async def test_an_answer_is_wrong_but_complete_as_http(
    sandbox: Served, behaviour: str, status: int, kind: str
) -> None:
    answer = await sandbox.ask(**{"X-Sandbox-Script": behaviour})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)


@pytest.mark.parametrize(("behaviour", "floor"), [("huge=3", 3_000_000), ("bomb=3", 3_000_000)])
async def test_a_body_can_be_enormous(sandbox: Served, behaviour: str, floor: int) -> None:
    answer = await sandbox.ask(**{"X-Sandbox-Script": behaviour})
    assert len(answer.content) > floor
    if behaviour.startswith("bomb"):
        assert int(answer.headers["content-length"]) < floor / 50


async def test_stopping_does_not_wait_for_a_client_that_does_not_read() -> None:
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            url: str = await nursery.start(serve_sandbox)
            stream = await trio.open_tcp_stream("127.0.0.1", int(url.rsplit(":", 1)[1]))
            async with stream:
                await stream.send_all(
                    b"POST /api/chat HTTP/1.1\r\nhost: x\r\nx-sandbox-script: huge\r\n"
                    b'content-length: 14\r\n\r\n{"query":"hi"}'
                )
                assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 200")
                nursery.cancel_scope.cancel()


async def test_connection_close_really_closes(sandbox: Served) -> None:
    with trio.fail_after(5):
        stream = await trio.open_tcp_stream("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1]))
        async with stream:
            await stream.send_all(b"GET /_sandbox/healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            received = b"".join([chunk async for chunk in stream])
    assert received.endswith(b'{"ok":true}')


async def test_mounted_in_process_it_keeps_no_text_and_has_no_control() -> None:
    state = Sandbox(keep_texts=False)
    transport = httpx2.ASGITransport(create_sandbox(state))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        answer = await client.post("/api/chat", json={"query": "my secret rash"})
        reset = await client.post("/api/chat", json={"query": "hi [[sandbox:reset]]"})
        control = await client.get("/_sandbox/calls")
        with trio.move_on_after(0.1) as scope:
            await client.post("/api/chat", json={"query": "hi [[sandbox:stall]]"})

    assert answer.status_code == 200
    assert reset.status_code == 502  # there is no socket to reset
    assert control.status_code == 404
    assert scope.cancelled_caught
    assert [call.ended for call in state.calls][-1] == "client_closed"
    assert all(call.query == "" and call.body == {} for call in state.calls)


async def test_the_black_hole_swallows_and_sees_the_close() -> None:
    seen = Swallowed()
    async with trio.open_nursery() as nursery:

        async def serve(*, task_status: trio.TaskStatus[str]) -> None:
            await serve_black_hole(seen=seen, task_status=task_status)

        url: str = await nursery.start(serve)
        async with httpx2.AsyncClient(base_url=url, timeout=0.2) as client:
            with pytest.raises(httpx2.ReadTimeout):
                await client.post("/api/chat", json={"query": "anyone?"})
        await until(lambda: not seen.open)
        nursery.cancel_scope.cancel()
    assert (seen.accepted, seen.open) == (1, 0)
    assert seen.bytes > 0


def test_every_spoilt_body_differs_from_the_healthy_one() -> None:
    healthy = {"answer": "fine", "cards": [{"type": "recommendations", "payload": {"recommendations": [{}]}}]}
    on_the_wire = {"latency", "stub", "stall", "stall_body", "reset", "close", "close_mid_body"}
    on_the_wire |= {"status", "redirect", "html", "huge", "bomb", "drip"}
    bodies = [spoilt(Step(name, 10), healthy) for name in BEHAVIOURS if name not in on_the_wire]
    assert len(set(bodies)) == len(bodies) == len(BEHAVIOURS) - len(on_the_wire)
    assert json.dumps(healthy).encode() not in bodies


async def test_served_by_default_it_has_no_control() -> None:
    async with trio.open_nursery() as nursery:
        url: str = await nursery.start(serve_sandbox)
        async with httpx2.AsyncClient(base_url=url) as client:
            assert (await client.post("/api/chat", json={"query": "hi"})).status_code == 200
            assert (await client.get("/_sandbox/calls")).status_code == 404
        nursery.cancel_scope.cancel()
