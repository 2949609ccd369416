"""Acceptance rows of contract A 19, numbers kept: 1-24, 30, 31, 36-39.

Rows are tables of requests over the whole application. `memory` rows run in memory (retention 0); `both` rows
run there and on a real PostgreSQL. Rows that decisions changed: 3 (9), 10, 11, 38 (11), 23 (31), 37 (10).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurora.settings import Settings
from aurora.web.events import UiEvents
from tests.support.web import WebAnswer, WebClient, web

ORIGIN = "http://localhost:5173"
NO_UID: dict[str, Any] = {"uid": None}

Check = Callable[[WebAnswer], object]


class Step(msgspec.Struct, frozen=True):
    """One request and what it must answer. check: asserts the rest."""

    method: str
    path: str
    body: Any
    status: int
    check: Check | None = None
    how: dict[str, Any] = {}


class Row(msgspec.Struct, frozen=True):
    """A row. where: `memory`, `both`, or `none` (no database at all: decision 11)."""

    number: int
    name: str
    where: str
    steps: list[Step]
    settings: dict[str, Any] = {}


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def preflight_allowed(answer: WebAnswer) -> None:
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    names = answer.headers["access-control-allow-headers"].split(", ")
    assert {"X-Foo", "X-Aurora-Uid"} <= set(names)
    assert "Origin" in answer.headers["vary"]


def preflight_foreign(answer: WebAnswer) -> None:
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"]


def broken_json(answer: WebAnswer) -> None:
    assert answer.error == "INVALID_JSON"
    assert answer.headers["access-control-allow-origin"] == "https://page.example"


def chat_headers(answer: WebAnswer) -> None:
    assert answer.headers["x-aurora-bucket"].isdigit()
    assert answer.headers["x-aurora-variant"]
    assert answer.headers["x-aurora-policy-version"]


def no_uid(answer: WebAnswer) -> None:
    assert answer.error == "MISSING_AURORA_UID"
    assert answer.event("error")["data"]["code"] == "MISSING_AURORA_UID"
    chat_headers(answer)


def bad_request(answer: WebAnswer) -> None:
    assert answer.error == "BAD_REQUEST"
    assert isinstance(answer.payload("error")["details"]["_errors"], list)


def phase_zero(answer: WebAnswer) -> None:
    types = [card["type"] for card in answer.json["cards"]]
    assert "diagnosis_gate" in types
    assert not any("reco" in kind or "offer" in kind for kind in types)
    assert any(chip["chip_id"].startswith("profile.skinType.") for chip in answer.json["suggested_chips"])
    assert answer.patch["next_state"] == "RECO_GATE"


def all_chinese(answer: WebAnswer) -> None:
    # quality_audit has five keys only, and no language (contract A 4.3).
    events = [event for event in answer.json["events"] if event["event_name"] != "quality_audit"]
    assert events
    assert {event["lang"] for event in events} == {"CN"}


def trace_t9(answer: WebAnswer) -> None:
    assert answer.json["trace_id"] == "t9"
    assert {event["trace_id"] for event in answer.json["events"]} == {"t9"}


def fresh(answer: WebAnswer, *, db_ready: bool = True) -> None:
    assert answer.payload("session_bootstrap") == {
        "profile": None, "recent_logs": [], "checkin_due": True, "is_returning": False, "db_ready": db_ready,
    }  # fmt: skip
    assert answer.patch["next_state"] == "IDLE_CHAT"
    assert answer.event("state_entered")


def without_db(answer: WebAnswer) -> None:
    fresh(answer, db_ready=False)
    assert answer.card("session_bootstrap")["field_missing"] == [
        {"field": "profile", "reason": "db_not_configured_or_unavailable"}
    ]


def db_error(code: str, driver_code: str | None, answer: WebAnswer) -> None:
    payload = answer.payload("error")
    assert payload["error"] == code
    if driver_code is not None:
        assert payload["code"] == driver_code


PROFILE = {
    "skinType": "oily", "sensitivity": "low", "barrierStatus": "impaired", "goals": ["dark_spots", "acne"],
    "budgetTier": "¥500", "itinerary": "Trip next week",
}  # fmt: skip


def profile_saved(answer: WebAnswer) -> None:
    shown = answer.payload("profile")["profile"]
    assert {key: shown[key] for key in PROFILE} == PROFILE
    assert answer.patch["profile"] == shown
    assert sorted(answer.event("profile_saved")["data"]["fields"]) == sorted(PROFILE)


def profile_returns(answer: WebAnswer) -> None:
    payload = answer.payload("session_bootstrap")
    assert payload["is_returning"] is True
    assert payload["profile"]["itinerary"] == "Trip next week"


def routine_is_text(answer: WebAnswer) -> None:
    assert answer.payload("profile")["profile"]["currentRoutine"] == "[AM] wash"


def logged(answer: WebAnswer) -> None:
    payload = answer.payload("tracker_log")
    assert payload["log"]["date"] == today()
    assert len(payload["recent_logs"]) >= 1
    assert answer.patch["checkin_due"] is False
    assert answer.event("tracker_logged")["data"] == {"date": today()}


def replaced(answer: WebAnswer) -> None:
    payload = answer.payload("tracker_log")
    assert [entry["date"] for entry in payload["recent_logs"]] == [today()]
    assert (payload["log"]["acne"], payload["log"]["redness"]) == (4, None)


def newest_first(answer: WebAnswer) -> None:
    payload = answer.payload("tracker_recent")
    assert payload["days"] == 7
    dates = [entry["date"] for entry in payload["logs"]]
    assert dates == sorted(dates, reverse=True)
    assert len(dates) >= 2


def deleted(storage: str | None, answer: WebAnswer) -> None:
    payload = answer.payload("profile_deleted")
    assert payload["deleted"] is True
    assert payload["storage"] in ((storage,) if storage else ("db", "ephemeral"))


SIMULATED = {
    "routine": {"pm": [{"step": "Treatment", "key_actives": ["retinol"]}]},
    "test_product": {"name": "A", "key_actives": ["glycolic acid"]},
}


def simulated(answer: WebAnswer) -> None:
    assert answer.payload("routine_simulation")["safe"] is False
    drawn = answer.payload("conflict_heatmap")
    assert len(drawn["axes"]["rows"]["items"]) >= 2
    assert drawn["cells"]["items"]
    assert answer.patch["next_state"] == "ROUTINE_REVIEW"
    assert answer.event("simulate_conflict")
    assert answer.event("aurora_conflict_heatmap_impression")


def outcome_echoed(answer: WebAnswer) -> None:
    assert answer.payload("affiliate_outcome") == {"outcome": "success", "url": "https://example.com/p"}
    assert answer.event("outbound_opened")


def health(answer: WebAnswer) -> None:
    assert answer.json["ok"] is True
    assert isinstance(answer.json["api_mode"], str)


def probe_without_db(answer: WebAnswer) -> None:
    assert answer.json["db_ready"] is False
    assert answer.json["reason"]


UPDATE, LOG, BOOTSTRAP = "/v1/profile/update", "/v1/tracker/log", "/v1/session/bootstrap"
LOG_BODY = {"redness": 1, "acne": 2, "hydration": 3, "notes": "n"}
OUTCOME = {"outcome": "success", "url": "https://example.com/p"}
EVENT = {
    "event_name": "aurora_conflict_heatmap_cell_tap", "brief_id": "b", "trace_id": "t",
    "timestamp": 1700000000000, "data": {"aurora_uid": "uid_test"},
}  # fmt: skip

ROWS = [
    Row(1, "a preflight of ours", "memory", [
        Step("OPTIONS", "/v1/chat", None, 204, preflight_allowed, {"headers": {
            "Origin": ORIGIN, "Access-Control-Request-Headers": "x-foo, x-aurora-uid"}}),
    ]),
    Row(2, "a preflight of somebody else", "memory", [
        Step("OPTIONS", "/v1/chat", None, 204, preflight_foreign, {"headers": {"Origin": "https://evil.example"}}),
    ]),
    Row(3, "broken JSON has CORS", "memory", [
        Step("POST", UPDATE, b"{bad", 400, broken_json, {"headers": {"Origin": "https://page.example"}}),
    ], {"allowed_origins": ("https://page.example",)}),
    Row(4, "chat without UID", "memory", [Step("POST", "/v1/chat", {"message": "hi"}, 400, no_uid, NO_UID)]),
    Row(5, "chat with an unknown key", "memory", [Step("POST", "/v1/chat", {"foo": 1}, 400, bad_request)]),
    Row(6, "diagnosis first", "both", [
        Step("POST", "/v1/chat", {"message": "Please recommend a moisturizer"}, 200, phase_zero),
    ]),
    Row(7, "Chinese in, Chinese out", "memory", [
        Step("POST", "/v1/chat", {"message": "请推荐一款面霜"}, 200, all_chinese),
    ]),
    Row(8, "the trace of the client", "memory", [
        Step("POST", "/v1/chat", {"message": "hello"}, 200, trace_t9, {"headers": {"X-Trace-ID": "t9"}}),
    ]),
    Row(9, "a new visitor", "both", [Step("GET", BOOTSTRAP, None, 200, fresh)]),
    Row(10, "a visitor without database", "none", [Step("GET", BOOTSTRAP, None, 200, without_db)]),
    Row(11, "an update without database", "none", [
        Step("POST", UPDATE, {"skinType": "oily"}, 503,
             partial(db_error, "DB_NOT_CONFIGURED", "NO_DATABASE")),
    ]),
    Row(14, "a profile is saved", "both", [Step("POST", UPDATE, PROFILE, 200, profile_saved)]),
    Row(15, "and returns", "both", [
        Step("POST", UPDATE, PROFILE, 200), Step("GET", BOOTSTRAP, None, 200, profile_returns),
    ]),
    Row(16, "bad profiles", "memory", [
        Step("POST", UPDATE, body, 400, bad_request)
        for body in ({"nickname": "x"}, {"skinType": ""}, {"goals": [""]})
    ]),
    Row(17, "a routine that looks like JSON stays text", "both", [
        Step("POST", UPDATE, {"currentRoutine": "[AM] wash"}, 200, routine_is_text),
        Step("POST", UPDATE, {"region": "US"}, 200, routine_is_text),
    ]),
    Row(18, "a check-in", "both", [Step("POST", LOG, LOG_BODY, 200, logged)]),
    Row(19, "a second one replaces the first", "both", [
        Step("POST", LOG, LOG_BODY, 200), Step("POST", LOG, {"acne": 4}, 200, replaced),
    ]),
    Row(20, "scores out of range", "memory", [
        Step("POST", LOG, {"acne": 6}, 400, bad_request), Step("POST", LOG, {"acne": 1.5}, 400, bad_request),
    ]),
    Row(21, "recent check-ins", "both", [
        Step("POST", LOG, {"date": "2026-01-02", "acne": 1}, 200),
        Step("POST", LOG, {"date": "2026-01-09", "acne": 1}, 200),
        Step("POST", LOG, {"date": "2025-12-31", "acne": 1}, 200),
        Step("GET", "/v1/tracker/recent?days=7", None, 200, newest_first),
    ]),
    Row(22, "erased means new", "both", [
        Step("POST", UPDATE, PROFILE, 200), Step("POST", LOG, LOG_BODY, 200),
        Step("POST", "/v1/profile/delete", {}, 200, partial(deleted, None)),
        Step("GET", BOOTSTRAP, None, 200, fresh),
    ]),
    Row(23, "a check-in with a bearer and no profile", "both", [
        Step("POST", LOG, {"acne": 1}, 200, logged, {"headers": {"Authorization": "Bearer fresh"}}),
    ]),
    Row(24, "a routine is simulated", "memory", [
        Step("POST", "/v1/routine/simulate", SIMULATED, 200, simulated),
    ], {"conflict_heatmap_v1": True}),
    Row(30, "an outcome", "both", [Step("POST", "/v1/affiliate/outcome", OUTCOME, 200, outcome_echoed)]),
    Row(31, "an outcome without UID", "memory", [
        Step("POST", "/v1/affiliate/outcome", OUTCOME, 400,
             lambda a: a.error == "MISSING_AURORA_UID", NO_UID),
    ]),
    Row(37, "events without events", "memory", [
        Step("POST", "/v1/events", {"source": "s"}, 400,
             lambda a: a.json["error"] == "INVALID_REQUEST", NO_UID),
    ]),
    Row(38, "health without database", "none", [
        Step("GET", "/healthz", None, 200, health, NO_UID), Step("GET", "/health", None, 200, health, NO_UID),
        Step("GET", "/healthz/db", None, 200, probe_without_db, NO_UID),
    ]),
]  # fmt: skip


def numbered(rows: list[Row]) -> list[Any]:
    return [pytest.param(row, id=f"{row.number}-{row.name.replace(' ', '-')}") for row in rows]


def without_database(**settings: Any) -> AbstractAsyncContextManager[WebClient]:
    return web(Settings(retention_days=30, embedded_postgres=False, **settings), None)


async def play(row: Row, client: WebClient) -> None:
    for step in row.steps:
        how = dict(step.how)
        if isinstance(step.body, bytes):
            how["body"] = step.body
        if step.method == "POST" and not isinstance(step.body, bytes):
            answer = await client.post(step.path, step.body, **how)
        else:
            answer = await client.send(step.method, step.path, **how)
        assert answer.status == step.status, answer.body
        if step.check is not None:
            assert step.check(answer) in (None, True)


@pytest.mark.parametrize("row", numbered(ROWS))
async def test_row(row: Row) -> None:
    if row.where == "none":
        opened = without_database(**row.settings)
    else:
        opened = web(Settings(retention_days=0, **row.settings))
    async with opened as client:
        await play(row, client)


@pytest.mark.parametrize("row", numbered([row for row in ROWS if row.where == "both"]))
async def test_row_on_postgres(row: Row, fresh_dsn: str) -> None:
    async with web(Settings(database_url=fresh_dsn, **row.settings), fresh_dsn) as client:
        await play(row, client)


async def test_row_12_tables_missing(bare_dsn: str) -> None:
    async with web(Settings(database_url=bare_dsn), bare_dsn) as client:
        answer = await client.post(UPDATE, {"skinType": "oily"})
        assert answer.status == 503
        db_error("DB_SCHEMA_NOT_READY", "42P01", answer)
        without_db(await client.get(BOOTSTRAP))


async def test_row_13_database_refuses_connections() -> None:
    dsn = "postgres://nobody@127.0.0.1:1/none"
    async with web(Settings(database_url=dsn), dsn) as client:
        answer = await client.post(UPDATE, {"skinType": "oily"})
        assert answer.status == 503
        db_error("DB_UNAVAILABLE", None, answer)
        without_db(await client.get(BOOTSTRAP))
        assert (await client.get("/v1/tracker/recent")).status == 503
        probe = await client.get("/healthz/db")
        assert (probe.status, probe.json["db_ready"]) == (200, False)


async def test_row_22_names_its_storage(fresh_dsn: str) -> None:
    for settings, dsn, storage in (
        (Settings(retention_days=0), None, "ephemeral"),
        (Settings(database_url=fresh_dsn), fresh_dsn, "db"),
    ):
        async with web(settings, dsn) as client:
            deleted(storage, await client.post("/v1/profile/delete", {}))


async def test_row_36_the_runbooks_verify_payload(tmp_path: Path) -> None:
    settings = Settings(retention_days=0, events_jsonl_dir=str(tmp_path))
    events = UiEvents(settings)
    async with web(settings, ui_events=events) as client, trio.open_nursery() as nursery:
        await nursery.start(events.run)
        body = {"source": "pivota-aurora-chatbox", "events": [EVENT]}
        answer = await client.post("/v1/events", body, uid=None)
        assert (answer.status, answer.body) == (204, b"")
        nursery.cancel_scope.cancel()
    files = await trio.to_thread.run_sync(lambda: list(tmp_path.iterdir()))
    assert len(files) == 1
    assert files[0].read_text().count("\n") == 1


# A process of its own: counters live as long as theirs does.
ROW_39 = """
import sys, trio, trio.testing
from aurora.actors.questions import ReadMemory
from aurora.settings import Settings
from tests.support.fakes import NEVER, house_for
from tests.support.web import client_of

async def main():
    house, _, _ = house_for(Settings(), answers={ReadMemory: NEVER})
    client = client_of(house)
    answer = await client.post("/v1/analysis/skin", {})
    assert answer.status == 200, answer.body
    sys.stdout.buffer.write((await client.get("/metrics")).body)

trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
"""


def test_row_39_metrics_after_one_analysis_that_timed_out() -> None:
    root = Path(__file__).resolve().parents[2]
    shown = subprocess.run(
        [sys.executable, "-c", ROW_39], cwd=root, check=True, capture_output=True, text=True
    )
    lines = shown.stdout.splitlines()

    def value(pattern: str) -> float:
        (found,) = [line for line in lines if re.fullmatch(f"{pattern} [0-9.]+", line)]
        return float(found.rpartition(" ")[2])

    for stage in ("analysis_request", "analysis_timeout_degraded"):
        assert value(rf'aurora_skin_flow_total\{{stage="{stage}",outcome="hit"\}}') == 1
    assert value("aurora_skin_analysis_timeout_degraded_rate") == 1
