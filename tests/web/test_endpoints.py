"""The endpoints from the door to the answer: what `aurora.web.turns` wires to the flows."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio

from aurora import telemetry
from aurora.actors.questions import Erase, ReadLogs, ReadMemory, Remember
from aurora.actors.stage import Stage
from aurora.settings import Settings
from aurora.store.port import StoreError
from aurora.web import turns
from tests.support.fakes import NEVER, FakeStore, house_for
from tests.support.web import WebAnswer, client_of, web

WRITES = (
    ("POST", "/v1/profile/update", b'{"skinType":"oily"}'),
    ("POST", "/v1/profile/delete", b"{}"),
    ("POST", "/v1/tracker/log", b'{"acne":1}'),
    ("GET", "/v1/tracker/recent", b""),
)
ALL = tuple((route.method, route.path) for route in turns.TURNS)


async def send(store: FakeStore, method: str, path: str, body: bytes = b"{}", **how: Any) -> WebAnswer:
    house, _, _ = house_for(Settings(), store=store)
    return await client_of(house).send(method, path, body=body if method == "POST" else b"", **how)


@pytest.mark.parametrize(("method", "path"), ALL)
@pytest.mark.parametrize("uid", [None, "", "   "])
async def test_without_a_uid_every_endpoint_is_a_400(method: str, path: str, uid: str | None) -> None:
    answer = await send(FakeStore(), method, path, body=b'{"foo":1}', uid=uid)
    assert (answer.status, answer.error) == (400, "MISSING_AURORA_UID")
    assert answer.event("error")["aurora_uid"] is None


@pytest.mark.parametrize(("method", "path"), ALL)
async def test_a_long_uid_is_refused_by_name(method: str, path: str) -> None:
    answer = await send(FakeStore(), method, path, uid="x" * 129)
    assert answer.status == 400
    assert answer.payload("error")["details"]["X-Aurora-UID"]["_errors"]


# --- storage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize(
    ("error", "code", "driver_code"),
    [
        (StoreError("not_configured", "NO_DATABASE"), "DB_NOT_CONFIGURED", "NO_DATABASE"),
        (StoreError("schema_not_ready", "42P01"), "DB_SCHEMA_NOT_READY", "42P01"),
        (StoreError("unavailable", "57P01"), "DB_UNAVAILABLE", "57P01"),
        (StoreError("unavailable", None), "DB_UNAVAILABLE", None),
        (StoreError("erased"), "DB_UNAVAILABLE", None),
    ],
)
async def test_a_failing_store_is_a_503_with_the_contracts_code(
    method: str,
    path: str,
    body: bytes,
    error: StoreError,
    code: str,
    driver_code: str | None,
    autojump_clock: Any,
) -> None:
    answer = await send(FakeStore(error=error), method, path, body)
    payload = answer.payload("error")
    assert answer.status == 503
    assert (payload["error"], payload.get("code")) == (code, driver_code)
    assert answer.event("error")["data"]["code"] == (driver_code or code)


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_a_store_that_hangs_is_a_503_when_the_write_budget_fires(
    method: str, path: str, body: bytes, autojump_clock: Any
) -> None:
    house, _, _ = house_for(Settings(), answers=dict.fromkeys(_questions(), NEVER))
    begun = trio.current_time()
    answer = await client_of(house).send(method, path, body=body)
    assert trio.current_time() - begun == pytest.approx(3.0)
    assert (answer.status, answer.error) == (503, "DB_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"


def _questions() -> list[type[Any]]:
    return [Remember, Erase, ReadLogs, ReadMemory]


@pytest.mark.parametrize("store", [FakeStore(error=StoreError("unavailable")), FakeStore(read_ms=math.inf)])
async def test_bootstrap_without_a_store_still_answers_in_time(store: FakeStore, autojump_clock: Any) -> None:
    begun = trio.current_time()
    answer = await send(store, "GET", "/v1/session/bootstrap")
    assert trio.current_time() - begun <= 1.5
    assert answer.status == 200
    payload = answer.payload("session_bootstrap")
    assert payload == {
        "profile": None, "recent_logs": [], "checkin_due": True, "is_returning": False, "db_ready": False,
    }  # fmt: skip
    assert answer.card("session_bootstrap")["field_missing"] == [
        {"field": "profile", "reason": "db_not_configured_or_unavailable"}
    ]
    assert answer.patch["profile"] is None
    assert answer.patch["checkin_due"] is True
    assert answer.event("state_entered")["data"] == {"state": "unknown", "trigger_source": "text"}
    assert [card["type"] for card in answer.json["cards"]] == ["session_bootstrap"], (
        "not a word about failure"
    )


@pytest.mark.parametrize(
    "error", [None, StoreError("unavailable"), StoreError("not_configured", "NO_DATABASE")]
)
async def test_an_outcome_is_echoed_whatever_the_store_does(
    error: StoreError | None, autojump_clock: Any
) -> None:
    body = b'{"outcome":"save","offer_id":"o1"}'
    answer = await send(FakeStore(error=error), "POST", "/v1/affiliate/outcome", body)
    assert answer.status == 200
    assert answer.payload("affiliate_outcome") == {"outcome": "save", "offer_id": "o1"}
    assert answer.event("outbound_opened")["data"] == {"outcome": "save", "url": None}
    missing = answer.card("affiliate_outcome")["field_missing"]
    assert missing == ([{"field": "outcome", "reason": "db_unavailable"}] if error else [])


# --- the house around it ----------------------------------------------------------------------------------


async def test_past_the_limit_of_turns_a_503_says_when_to_come_back(autojump_clock: Any) -> None:
    house, _, _ = house_for(Settings(max_turns=1), answers=dict.fromkeys(_questions(), NEVER))
    client = client_of(house)
    answers: list[WebAnswer] = []

    async def ask() -> None:
        answers.append(await client.get("/v1/tracker/recent"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.sleep(0.1)
        begun = trio.current_time()
        refused = await client.get("/v1/tracker/recent")
        assert trio.current_time() == begun, "at once"
    assert (refused.status, refused.error) == (503, "OVERLOADED")
    assert refused.headers["retry-after"] == "1"
    assert answers[0].error == "DB_UNAVAILABLE"


LEAST = {
    "affiliate_outcome": b'{"outcome":"save"}',
    "photo_presign": b'{"slot_id":"daylight"}',
    "photo_confirm": b'{"photo_id":"upl_1"}',
    "auth_start": b'{"email":"a@b.co"}',
    "auth_verify": b'{"email":"a@b.co","code":"123456"}',
    "auth_password_login": b'{"email":"a@b.co","password":"p"}',
    "product_parse": b'{"text":"x"}',
    "product_analyze": b'{"name":"x"}',
    "dupe_suggest": b'{"original_text":"x"}',
    "dupe_compare": b'{"original":{"name":"x"},"dupe":{"name":"y"}}',
    "offers_resolve": b'{"items":[{"product":{},"offer":{}}]}',
}


async def test_a_bug_is_a_500_with_the_endpoints_code_and_no_words_of_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(stage: Stage) -> None:
        raise ValueError("secret words of a person")

    telemetry.configure_logging("info")

    rows = tuple(
        turns.TurnRoute(**{**{f: getattr(r, f) for f in r.__struct_fields__}, "flow": broken})
        for r in turns.TURNS
        # Refused before they are turns: there is nowhere to put a photo, and nobody is signed in.
        if r.kind not in ("photo_upload", "auth_password_set")
    )
    monkeypatch.setattr(turns, "TURNS", rows)
    house, _, _ = house_for(Settings())
    client = client_of(house)
    for route in rows:
        body = LEAST.get(route.kind, b"{}")
        answer = await client.send(route.method, route.path, body=body, headers={"X-Request-ID": "r7"})
        assert (answer.status, answer.error) == (500, route.failed)
        assert b"secret words" not in answer.body
    assert house.in_flight == 0
    logged = capfd.readouterr().err
    assert logged.count('"event":"unhandled"') == len(rows)
    assert '"request_id":"r7"' in logged
    assert "secret words" not in logged


async def test_a_client_that_hangs_up_ends_its_turn(autojump_clock: Any) -> None:
    house, script, _ = house_for(Settings(), answers=dict.fromkeys(_questions(), NEVER))
    begun = trio.current_time()
    answer = await client_of(house).send("GET", "/v1/tracker/recent", hang_up_after_s=1.0)
    assert trio.current_time() - begun == pytest.approx(1.0)
    assert answer.status == 0
    assert len(script.cancelled) == 1
    assert house.in_flight == 0


async def test_ids_of_the_request_are_in_the_envelope() -> None:
    answer = await send(
        FakeStore(), "GET", "/v1/session/bootstrap",
        headers={"X-Request-ID": "r1", "X-Trace-ID": "t1", "X-Brief-ID": "b1", "X-Lang": "CN"},
    )  # fmt: skip
    assert (answer.json["request_id"], answer.json["trace_id"]) == ("r1", "t1")
    event = answer.event("state_entered")
    assert (event["brief_id"], event["lang"], event["aurora_uid"]) == ("b1", "CN", "u1")
    assert answer.json["cards"][0]["card_id"] == "bootstrap_r1"


async def test_chat_headers_are_on_every_chat_answer() -> None:
    house, _, _ = house_for(Settings())
    client = client_of(house)
    refused: list[tuple[str, dict[str, Any], int]] = [
        ("POST", {"body": b'{"foo":1}'}, 400),
        ("POST", {"body": b"{bad"}, 400),
        ("POST", {"body": b"{}", "uid": None}, 400),
        ("POST", {"body": b"x", "content_type": "text/plain"}, 415),
        ("POST", {"body": b" " * (11 * 1024 * 1024)}, 413),
        ("GET", {}, 405),
    ]
    for method, how, status in refused:
        answer = await client.send(method, "/v1/chat", **how)
        assert answer.status == status
        assert 0 <= int(answer.headers["x-aurora-bucket"]) < 100
        assert answer.headers["x-aurora-variant"] == "legacy"
        assert answer.headers["x-aurora-policy-version"] == "aurora_chat_v2_p0"


# --- the process ------------------------------------------------------------------------------------------


async def test_health_says_what_it_is_without_secrets() -> None:
    settings = Settings(
        retention_days=0,
        git_sha="0123456789abcdef",
        backend_api_key="key-0",
        database_url="postgres://u:pw@h/d",
    )
    async with web(settings) as client:
        health, alias = await client.get("/healthz", uid=None), await client.get("/health", uid=None)
        assert health.json == alias.json
        assert health.json["ok"] is True
        assert health.json["api_mode"] in ("MOCK", "HYBRID", "REAL")
        assert health.json["version"]["commit"] == "0123456789ab"
        assert health.json["backend"]["api_key_configured"] is True
        assert b"key-0" not in health.body
        assert b"pw" not in health.body
        version = await client.get("/version")
        assert version.json["full_sha"] == "0123456789abcdef"
        assert set(version.json) == {
            "ok",
            "service",
            "commit",
            "full_sha",
            "build_id",
            "branch",
            "started_at",
        }


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        (FakeStore(), {"db_ready": True}),
        (
            FakeStore(error=StoreError("not_configured", "NO_DATABASE")),
            {"db_ready": False, "reason": "DATABASE_URL not configured"},
        ),
        (
            FakeStore(error=StoreError("unavailable", "57P01")),
            {"db_ready": False, "error": "unavailable 57P01"},
        ),
    ],
)
async def test_the_database_probe_is_always_a_200(store: FakeStore, expected: dict[str, Any]) -> None:
    answer = await send(store, "GET", "/healthz/db")
    assert (answer.status, answer.json) == (200, {"ok": True, **expected})


async def test_the_database_probe_is_bounded(autojump_clock: Any) -> None:
    class Stuck(FakeStore):
        async def ping(self) -> None:
            await trio.sleep_forever()

    begun = trio.current_time()
    answer = await send(Stuck(), "GET", "/healthz/db")
    assert trio.current_time() - begun == pytest.approx(2.0)
    assert answer.json == {"ok": True, "db_ready": False, "error": "timeout"}


async def test_a_stopping_house_is_not_ready_but_healthy() -> None:
    house, _, _ = house_for(Settings())
    client = client_of(house)
    assert (await client.get("/readyz")).status == 200
    house.stopping = True
    assert (await client.get("/readyz")).status == 503
    assert (await client.get("/healthz")).status == 200


async def test_metrics_are_text_and_count_requests() -> None:
    house, _, _ = house_for(Settings())
    client = client_of(house)
    await client.get("/v1/session/bootstrap")
    await client.get("/no/such/place")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    assert 'pivota_http_requests_total{status_class="2xx",method="GET",route="/v1/session/bootstrap"}' in text
    assert 'pivota_http_requests_total{status_class="4xx",method="GET",route="unmatched"}' in text
    assert "/no/such/place" not in text


async def test_a_query_without_end_is_refused() -> None:
    async with web(Settings(retention_days=0)) as client:
        fits = await client.get("/v1/tracker/recent?" + "a=1&" * 49 + "days=3")
        refused = await client.get("/v1/tracker/recent?" + "a=1&" * 5000)
    assert (fits.status, refused.status, refused.error) == (200, 400, "BAD_REQUEST")
