"""D14.44, A19.41: the side routes of recommendations, off and on (contract D 3.8, 9; decision 33)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurora.contract.reco_side import ClickTaken, FeedbackTaken, LateUpdate
from aurora.lifetime import service_nursery
from aurora.settings import Settings
from aurora.store.postgres import Database
from aurora.store.rebuild import rebuild
from aurora.web.app import create_app
from aurora.web.feedback_log import FeedbackLog
from aurora.web.reco_side import MOST_BODY_BYTES, POLLING, SAYING
from tests.support.counted import counted
from tests.support.web import WebClient, web

FEEDBACK, CLICK, UPDATES = (
    "/v1/reco/employee-feedback",
    "/v1/reco/interleave/click",
    "/v1/reco/async-updates",
)
VERDICT = {
    "anchor_product_id": "p1",
    "block": "dupes",
    "candidate_name": "Calm Serum",
    "feedback_type": "relevant",
}
OPENED = {
    "anchor_product_id": "p1",
    "block": "competitors",
    "candidate_product_id": "c1",
    "request_id": "trace-of-the-chat",
    "session_id": "uid-1",
}
ON = Settings(retention_days=0, reco_dogfood=True)


@asynccontextmanager
async def staff(settings: Settings = ON, dsn: str | None = None) -> AsyncIterator[WebClient]:
    """A client in dogfood mode whose feedback log runs."""
    async with web(settings, dsn) as client, service_nursery() as nursery:
        lines = FeedbackLog(settings)
        await nursery.start(lines.run)
        yield WebClient(create_app(client.house, None, lines), client.house)


@pytest.mark.parametrize(
    ("method", "path", "body"), [("POST", FEEDBACK, VERDICT), ("POST", CLICK, OPENED), ("GET", UPDATES, None)]
)
async def test_row_44_and_a19_row_41_off_there_is_nothing(method: str, path: str, body: Any) -> None:
    async with web(Settings(retention_days=0)) as client:
        sent = json.dumps(body).encode() if body else b""
        answer = await client.send(method, f"{path}?ticket_id=x", body=sent)
    assert answer.status == 404
    assert answer.json == {"ok": False, "error": "NOT_FOUND"}


async def test_row_44_feedback_is_taken_and_told_back() -> None:
    said = VERDICT | {
        "feedback_type": "wrong_block", "wrong_block_target": "related_products", "reason_tags": ["价格"],
        "was_exploration_slot": False, "rank_position": 4, "pipeline_version": "v2", "models": {"llm": "m"},
        "suggestion_id": "s1", "llm_suggested_label": "relevant", "llm_confidence": 0.5, "request_id": "r1",
        "session_id": "uid-1", "timestamp": 1_700_000_000_000,
    }  # fmt: skip
    async with staff() as client:
        answer = await client.post(FEEDBACK, said)
    assert answer.status == 200
    taken = msgspec.json.decode(answer.body, type=FeedbackTaken)
    assert taken.event.pop("received_at").endswith("Z")
    assert taken.event == {"event_name": "reco_employee_feedback", **said}


@pytest.mark.parametrize(
    ("headers", "uid", "session"),
    [
        ({"X-Session-ID": "s9"}, "u1", "s9"),
        ({}, "u1", "u1"),
        ({"X-Trace-ID": "t9"}, None, "t9"),
        ({"X-Session-ID": "x" * 200}, "u1", "x" * 128),
    ],
)
async def test_row_44_the_session_is_whatever_names_it(
    headers: dict[str, str], uid: str | None, session: str
) -> None:
    async with staff() as client:
        answer = await client.post(FEEDBACK, VERDICT, headers=headers, uid=uid)
    assert answer.status == 200
    assert answer.json["event"]["session_id"] == session
    assert answer.json["event"]["rank_position"] == 1


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (FEEDBACK, {}, "anchor_product_id"),
        (FEEDBACK, VERDICT | {"block": "offers"}, "block"),
        (FEEDBACK, VERDICT | {"feedback_type": "great"}, "feedback_type"),
        (FEEDBACK, {k: v for k, v in VERDICT.items() if k != "candidate_name"}, "candidate_product_id"),
        (FEEDBACK, VERDICT | {"feedback_type": "wrong_block"}, "wrong_block_target"),
        (FEEDBACK, VERDICT | {"wrong_block_target": "dupes"}, "wrong_block_target"),
        (
            FEEDBACK,
            VERDICT | {"feedback_type": "wrong_block", "wrong_block_target": "dupes"},
            "wrong_block_target",
        ),
        (FEEDBACK, VERDICT | {"reason_tags": ["x"] * 13}, "reason_tags"),
        (FEEDBACK, VERDICT | {"rank_position": 0}, "rank_position"),
        (FEEDBACK, VERDICT | {"rank_position": 101}, "rank_position"),
        (FEEDBACK, VERDICT | {"llm_confidence": 1.1}, "llm_confidence"),
        (FEEDBACK, VERDICT | {"timestamp": 0}, "timestamp"),
        (FEEDBACK, VERDICT | {"timestamp": "now"}, "timestamp"),
        (FEEDBACK, VERDICT | {"models": 5}, "models"),
        (FEEDBACK, VERDICT | {"models": {"m": "x" * 5000}}, "models"),
        (FEEDBACK, VERDICT | {"candidate_name": "x" * 301}, "candidate_name"),
        (FEEDBACK, VERDICT | {"candidate_name": "a\x00b"}, "candidate_name"),
        (CLICK, {k: v for k, v in OPENED.items() if k != "request_id"}, "request_id"),
        (CLICK, {k: v for k, v in OPENED.items() if k != "session_id"}, "session_id"),
        (CLICK, {k: v for k, v in OPENED.items() if k != "candidate_product_id"}, "candidate_product_id"),
    ],
)
async def test_row_44_a_body_that_breaks_its_rules_is_refused_by_field(
    path: str, body: dict[str, Any], field: str
) -> None:
    async with staff() as client:
        answer = await client.post(path, body)
    assert answer.status == 400
    assert answer.json["ok"] is False
    assert answer.json["error"] == "BAD_REQUEST"
    assert answer.json["details"][field]["_errors"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "error"),
    [
        (b"{", "application/json", 400, "BAD_REQUEST"),
        (b"7", "application/json", 400, "BAD_REQUEST"),
        (b"a=b", "application/x-www-form-urlencoded", 400, "BAD_REQUEST"),
        (b'{"a":"\xff"}', "application/json", 400, "BAD_REQUEST"),
        (b"[" * 900, "application/json", 400, "BAD_REQUEST"),
        (b'{"a":"' + b"x" * MOST_BODY_BYTES + b'"}', "application/json", 413, "PAYLOAD_TOO_LARGE"),
        (b'{"unknown_field":1}', "application/json", 400, "BAD_REQUEST"),
    ],
)
async def test_row_44_what_is_no_body_is_refused(
    body: bytes, content_type: str, status: int, error: str
) -> None:
    async with staff() as client:
        for path in (FEEDBACK, CLICK):
            answer = await client.send("POST", path, body=body, content_type=content_type)
            assert (answer.status, answer.json["ok"], answer.json["error"]) == (status, False, error)


async def test_row_44_a_uid_need_not_be_sent_but_must_be_one() -> None:
    async with staff() as client:
        for path, body in ((FEEDBACK, VERDICT), (CLICK, OPENED)):
            long = await client.post(path, body, uid="x" * 129)
            forged = await client.post(path, body, headers={"Authorization": f"Bearer {'f' * 64}"})
            assert (long.status, long.json["ok"], long.json["error"]) == (400, False, "BAD_REQUEST")
            assert long.json["details"]["X-Aurora-UID"]["_errors"]
            assert forged.status == 200


async def test_row_44_other_methods_and_paths_answer_in_the_same_words() -> None:
    async with staff() as client:
        other = await client.send("PUT", FEEDBACK)
    assert (other.status, other.json) == (405, {"ok": False, "error": "METHOD_NOT_ALLOWED"})


async def test_row_44_a_click_counts_for_both_where_nothing_was_interleaved() -> None:
    series = 'reco_interleave_click_total{block="competitors",attribution="both",mode="main_path"}'
    before = counted(series)
    async with staff() as client:
        answer = await client.post(CLICK, OPENED | {"category_bucket": "serum", "price_band": "mid"})
    assert answer.status == 200
    assert msgspec.json.decode(answer.body, type=ClickTaken, strict=True).ok
    assert answer.json == {
        "ok": True,
        "attribution": "both",
        "was_exploration_slot": False,
        "rank_position": 0,
    }
    assert counted(series) == before + 1


BLOCKS: dict[str, Any] = {
    "competitors": {"candidates": [{"product_id": f"c{n}", "name": f"Candidate {n}"} for n in range(3)]},
    "provenance": {"mode": "main_path"},
    "reasons": ["not a block"],
}


async def test_row_44_late_updates_come_by_ticket() -> None:
    async with staff() as client:
        desk = client.house.knowledge.tickets
        now = 1_900_000_000_000
        ticket = desk.issue(BLOCKS, ("req", "trace-of-the-chat"), now)
        path = f"{UPDATES}?ticket_id={ticket.ticket_id}"
        first = await client.get(path)
        same = await client.get(f"{path}&since_version=1")
        odd = await client.get(f"{path}&since_version=soon")
        desk.patch(
            ticket.ticket_id, {"dupes": {"candidates": [{"name": "D"}]}, "provenance": {"mode": "x"}}, now
        )
        later = await client.get(f"{path}&since_version=1")
        clicked = await client.post(CLICK, OPENED | {"candidate_product_id": "c2"})
    assert first.status == same.status == later.status == 200
    expires = ticket.expires_at_ms
    assert expires == now + ON.reco_ticket_ttl_ms
    assert first.json == {
        "ok": True, "version": 1, "has_update": True, "expires_at_ms": expires,
        "payload_patch": {name: BLOCKS[name] for name in ("competitors", "provenance")},
    }  # fmt: skip
    assert odd.json == first.json
    assert same.json == {"ok": True, "version": 1, "has_update": False, "expires_at_ms": expires}
    assert later.json["version"] == 3, "one for each block that changed"
    assert later.json["payload_patch"]["dupes"] == {"candidates": [{"name": "D"}]}
    assert later.json["payload_patch"]["competitors"] == BLOCKS["competitors"]
    assert msgspec.json.decode(later.body, type=LateUpdate, strict=True).ok
    assert clicked.json["rank_position"] == 3, "as the answer of that trace showed it"


@pytest.mark.parametrize("query", ["?ticket_id=nobody", "?ticket_id=../../x&since_version=1"])
async def test_row_44_a_ticket_that_is_not_there(query: str) -> None:
    async with staff() as client:
        answer = await client.get(UPDATES + query)
    assert (answer.status, answer.json) == (404, {"ok": False, "error": "ticket_missing", "version": 0})


@pytest.mark.parametrize("query", ["", "?ticket_id=", "?ticket_id=%00", "?since_version=1"])
async def test_row_44_a_poll_without_a_ticket(query: str) -> None:
    async with staff() as client:
        answer = await client.get(UPDATES + query)
    assert (answer.status, answer.json["error"]) == (400, "BAD_REQUEST")
    assert answer.json["details"]["ticket_id"]["_errors"] == ["required"]


async def test_row_44_a_query_without_end_is_refused() -> None:
    async with staff() as client:
        answer = await client.get(UPDATES + "?" + "a=1&" * 5000)
    assert (answer.status, answer.json["error"]) == (400, "BAD_REQUEST")


async def test_row_44_who_comes_too_often_is_told_when_to_come_again() -> None:
    async with staff() as client:
        told = [(await client.post(FEEDBACK, {})).status for _ in range(SAYING.most)]
        limited = await client.post(FEEDBACK, VERDICT)
        polls = [(await client.get(UPDATES)).status for _ in range(POLLING.most)]
        polled = await client.get(UPDATES)
    assert set(told) == set(polls) == {400}
    for answer in (limited, polled):
        assert (answer.status, answer.json) == (429, {"ok": False, "error": "RATE_LIMITED"})
        assert 0 < int(answer.headers["retry-after"]) <= 60


async def test_row_44_facts_are_kept_once_and_go_with_the_person(fresh_dsn: str, db: Database) -> None:
    settings = Settings(reco_dogfood=True)

    async def count(table: str, where: str = "true") -> Any:
        return await db.run(lambda c: c.fetchval(f"SELECT count(*) FROM {table} WHERE {where}"))

    dated = VERDICT | {"timestamp": 1_700_000_000_000, "request_id": "r1"}
    async with staff(settings, fresh_dsn) as client:
        for _ in range(2):  # a client that tries again
            assert (await client.post(FEEDBACK, dated, uid="uid-staff")).status == 200
        await client.post(CLICK, OPENED | {"session_id": "uid-staff"}, uid="uid-staff")
        # Without the header the session is who said it: the client sends its UID as that.
        await client.post(FEEDBACK, VERDICT | {"session_id": "uid-staff"}, uid=None)
        await client.post(FEEDBACK, VERDICT, uid=None)
        await client.post(FEEDBACK, VERDICT, uid="uid-other")
        assert await count("reco_employee_feedback_events") == 4
        assert await count("reco_interleave_click_events") == 1
        assert (await rebuild(db, swap=False)).differing == 0
        assert (await client.post("/v1/profile/delete", {}, uid="uid-staff")).status == 200
    assert await count("reco_employee_feedback_events") == 2
    assert await count("reco_interleave_click_events") == 0
    for table in ("aurora_events", "reco_employee_feedback_events", "aurora_streams", "aurora_traces"):
        assert await count(f"{table} t", "t::text LIKE '%uid-staff%'") == 0


async def test_row_44_a_store_that_is_away_costs_the_fact_and_not_the_answer() -> None:
    settings = Settings(reco_dogfood=True, embedded_postgres=False)
    async with staff(settings) as client:
        assert (await client.post(FEEDBACK, VERDICT)).status == 200
        assert (await client.post(CLICK, OPENED)).status == 200


async def test_row_44_feedback_is_also_written_as_json_lines(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(ON, feedback_jsonl_dir=str(tmp_path / "made"))
    async with staff(settings) as client:
        for name in ("One", "二"):
            answer = await client.post(FEEDBACK, VERDICT | {"candidate_name": name})
    (file,) = (tmp_path / "made").iterdir()
    assert file.name == f"aurora-reco-employee-feedback-{answer.json['event']['received_at'][:10]}.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["candidate_name"] for line in lines] == ["One", "二"]
    assert lines[1] == answer.json["event"]


async def test_row_44_a_directory_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = msgspec.structs.replace(ON, feedback_jsonl_dir=str(tmp_path / "file"))
    with trio.fail_after(10):
        async with staff(settings) as client:
            assert (await client.post(FEEDBACK, VERDICT)).status == 200


async def test_row_44_a_bug_answers_in_the_routes_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staff() as client:
        monkeypatch.setattr(client.house.knowledge, "limiter", None)
        told = [
            (await client.post(FEEDBACK, VERDICT)),
            (await client.post(CLICK, OPENED)),
            (await client.get(f"{UPDATES}?ticket_id=x")),
        ]
    assert [answer.status for answer in told] == [500] * 3
    assert [answer.json for answer in told] == [
        {"ok": False, "error": f"RECO_{name}_FAILED"}
        for name in ("EMPLOYEE_FEEDBACK", "INTERLEAVE_CLICK", "ASYNC_UPDATES")
    ]
