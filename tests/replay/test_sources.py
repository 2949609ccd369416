"""Recorded turns out of a real database: found by every condition, in pages, and never of somebody erased."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import trio

from aurora.contract.turn import Identity
from aurora.flows.table import TURN_KINDS
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError
from aurora.replay.player import Player
from aurora.replay.sources import DatabaseSource, Selection, one, select
from aurora.replay.verify import verify_all
from aurora.settings import Settings
from aurora.store.open import store_over
from aurora.store.port import TraceRecord
from aurora.store.postgres import Connection, Database, open_database
from aurora.store.trace_reading import TraceQuery, read_traces, statement
from tests.replay.recording import record
from tests.store.people import NOW, new, now, said, somebody
from tests.support.fakes import turn_for

BASE_MS = int(NOW.timestamp() * 1000)
MINUTE_MS = 60_000
ANN, BEN = Identity("ann"), Identity("ben")


@pytest.fixture
def bootstrap() -> RecordedTurn:
    """A real turn, recorded outside of the test's own trio run."""
    return record(TURN_KINDS["bootstrap"].flow, turn_for("bootstrap"), budget=("bootstrap", 1500))


def trace(number: int, who: Identity = ANN, **fields: Any) -> TraceRecord:
    """The trace of a small turn, `number` minutes after NOW."""
    row: dict[str, Any] = {
        "stream": who.stream,
        "epoch": 0,
        "request_id": f"rq-{number}",
        "trace_id": f"tr-{number // 2}",
        "brief_id": f"b-{number % 2}",
        "kind": "chat",
        "opened_at_ms": BASE_MS + number * MINUTE_MS,
        "elapsed_ms": number * 100,
        "outcome": "ok",
        "status": 200,
        "events": [
            {"type": "opened", "at_ms": 0, "turn": {"n": number}, "settings": {}},
            {"type": "sent", "at_ms": 1, "status": 200, "outcome": "ok", "envelope": {"n": [1.50]}},
        ],
    }
    return TraceRecord(**{**row, **fields})


async def keep(db: Database, *records: TraceRecord) -> None:
    """Write traces as the service does, and wait until they stand."""
    before = await count(db)
    async with store_over(db, Settings(), clock=now) as store:
        await store.maintenance.once()
        for each in records:
            store.trace(each)
        with trio.fail_after(10):
            while await count(db) < before + len(records):  # noqa: ASYNC110 - another process writes
                await trio.sleep(0.01)


async def count(db: Database) -> int:
    async def work(connection: Connection) -> int:
        found: int = await connection.fetchval("SELECT count(*) FROM aurora_traces")
        return found

    return await db.run(work)


@pytest.fixture
async def filled(db: Database) -> Database:
    """Eight turns: six of Ann, two of Ben."""
    await keep(
        db,
        trace(0),
        trace(1, outcome="degraded"),
        trace(2, kind="analysis"),
        trace(3, outcome="failed", status=500),
        trace(4, BEN),
        trace(5, BEN, brief_id=None),
        trace(6),
        trace(7, outcome="blocked", elapsed_ms=9000),
    )
    return db


async def found(db: Database, selection: Selection, **how: Any) -> list[str]:
    ids = []
    async for turn in DatabaseSource(db, **how).turns(selection):
        assert isinstance(turn, RecordedTurn)
        ids.append(turn.request_id.removeprefix("rq-"))
    return ids


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), "01234567"),
        (Selection(uid="ann"), "012367"),
        (Selection(uid="ben"), "45"),
        (Selection(user_id="ben"), ""),
        (Selection(request_id="rq-3"), "3"),
        (Selection(trace_id="tr-2"), "45"),
        (Selection(brief_id="b-1"), "137"),
        (Selection(since_ms=BASE_MS + 5 * MINUTE_MS), "567"),
        (Selection(until_ms=BASE_MS + 2 * MINUTE_MS), "01"),
        (Selection(since_ms=BASE_MS + 2 * MINUTE_MS, until_ms=BASE_MS + 4 * MINUTE_MS), "23"),
        (Selection(since_ms=-5, until_ms=10**18), "01234567"),
        (Selection(kinds=("analysis",)), "2"),
        (Selection(outcomes=("failed", "blocked")), "37"),
        (Selection(slower_than_ms=500), "67"),
        (Selection(uid="ann", brief_id="b-0", slower_than_ms=100), "26"),
        (Selection(newest_first=True), "76543210"),
        (Selection(newest_first=True, limit=3), "765"),
        (Selection(limit=2), "01"),
        (Selection(request_id="rq-404"), ""),
        (Selection(request_id="'; DROP TABLE aurora_traces; --"), ""),
    ],
)
async def test_turns_are_found_by_every_condition(
    filled: Database, selection: Selection, expected: str
) -> None:
    assert "".join(await found(filled, selection)) == expected
    assert await DatabaseSource(filled).count(selection) == len(expected)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("page_rows", [1, 2, 3, 100])
async def test_pages_show_every_turn_once(filled: Database, newest_first: bool, page_rows: int) -> None:
    for selection in (Selection(newest_first=newest_first), Selection(uid="ann", newest_first=newest_first)):
        expected = await found(filled, selection)
        assert await found(filled, selection, page_rows=page_rows) == expected
        assert len(set(expected)) == len(expected)


async def test_turns_of_the_very_same_instant_are_not_skipped_between_pages(db: Database) -> None:
    await keep(db, *[trace(n, Identity(f"p{n % 3}"), opened_at_ms=BASE_MS) for n in range(9)])
    for newest_first in (False, True):
        ids = await found(db, Selection(newest_first=newest_first), page_rows=2)
        assert sorted(ids) == [str(n) for n in range(9)]


async def test_a_page_may_go_on_behind_any_turn(filled: Database) -> None:
    first = [turn async for turn in DatabaseSource(filled).turns(Selection(limit=3))]
    last = first[-1]
    assert isinstance(last, RecordedTurn)
    assert await found(filled, Selection(after=last.key)) == ["3", "4", "5", "6", "7"]
    assert await found(filled, Selection(after=last.key, newest_first=True)) == ["1", "0"]


async def test_a_page_of_large_turns_ends_early_and_the_next_goes_on(filled: Database) -> None:
    rows = await read_traces(filled, TraceQuery(), 100, page_bytes=1)
    assert [row.request_id for row in rows] == ["rq-0"]
    assert len(await read_traces(filled, TraceQuery(), 100)) == 8


async def test_what_was_recorded_comes_back_byte_for_byte(filled: Database) -> None:
    turn = await one(DatabaseSource(filled), "rq-2")
    assert bytes(turn.sent.envelope) == msgspec.json.encode({"n": [1.50]})
    assert turn.opened_at == NOW + timedelta(minutes=2)
    assert (turn.kind, turn.stream, turn.elapsed_ms, turn.brief_id) == ("analysis", ANN.stream, 200, "b-0")


async def test_a_turn_of_the_service_verifies_out_of_the_database(
    db: Database, bootstrap: RecordedTurn
) -> None:
    fields = {name: getattr(bootstrap, name) for name in TraceRecord.__struct_fields__ if name != "events"}
    fields["opened_at_ms"] = BASE_MS
    await keep(
        db, TraceRecord(events=msgspec.json.decode(bootstrap.raw_events, type=list[dict[str, Any]]), **fields)
    )
    summary = await verify_all(DatabaseSource(db), Selection(uid="uid-1"), player=Player())
    assert (summary.turns, summary.same, summary.ok) == (1, 1, True)


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        (Selection(request_id="rq-404"), "request rq-404: unknown, past its retention, or erased"),
        (Selection(trace_id="tr-404"), "trace tr-404: unknown"),
        (Selection(brief_id="b-404"), "No turn is recorded for brief b-404."),
        (Selection(uid="nobody"), "No turn is recorded for uid nobody."),
        (Selection(since_ms=1, until_ms=2), "No turn is recorded for since 1970.*, until 1970"),
        (Selection(kinds=("delete",), outcomes=("ok", "failed")), "kind delete, outcome ok, failed"),
    ],
)
async def test_nothing_found_says_for_what(filled: Database, selection: Selection, told: str) -> None:
    with pytest.raises(ReplayError, match=told):
        [turn async for turn in select(DatabaseSource(filled), selection)]


async def test_an_empty_database_says_so(db: Database) -> None:
    with pytest.raises(ReplayError, match="No turn is recorded here"):
        [turn async for turn in select(DatabaseSource(db), Selection())]


async def test_an_erased_identity_is_said_to_be_erased_and_shows_nothing(filled: Database) -> None:
    source = DatabaseSource(filled)
    async with store_over(filled, Settings(), clock=now) as store:
        await store.erase(BEN)
    with pytest.raises(ReplayError, match="was erased at 20"):
        [turn async for turn in select(source, Selection(uid="ben"))]
    with pytest.raises(ReplayError, match="unknown, past its retention, or erased"):
        await one(source, "rq-4")
    assert await found(filled, Selection()) == ["0", "1", "2", "3", "6", "7"]


async def test_who_came_back_after_an_erasure_is_seen_from_then_on(filled: Database) -> None:
    async with store_over(filled, Settings(), clock=now) as store:
        await store.erase(BEN)
    await keep(filled, trace(8, BEN, epoch=1))
    assert await found(filled, Selection(uid="ben")) == ["8"]
    with pytest.raises(ReplayError, match="No turn is recorded for uid ben, brief b-404"):
        [turn async for turn in select(DatabaseSource(filled), Selection(uid="ben", brief_id="b-404"))]


async def test_one_damaged_turn_does_not_hide_the_others(db: Database) -> None:
    await keep(db, trace(0), trace(1, events=[{"type": "sent"}]), trace(2))
    turns = [turn async for turn in select(DatabaseSource(db), Selection())]
    assert [isinstance(turn, DamagedTraceError) for turn in turns] == [False, True, False]
    assert "rq-1" in str(turns[1])
    with pytest.raises(DamagedTraceError, match="rq-1"):
        await one(DatabaseSource(db), "rq-1")


async def test_a_database_without_tables_says_what_to_do(bare_dsn: str) -> None:
    async with open_database(bare_dsn, Settings()) as db:
        source = DatabaseSource(db)
        for work in (source.count(Selection()), source.head("g:1"), one(source, "rq-1")):
            with pytest.raises(ReplayError, match="run `aurora migrate`"):
                await work


async def test_a_database_that_is_away_is_told_in_a_sentence() -> None:
    async with open_database("postgres://nobody@127.0.0.1:1/none", Settings()) as db:
        with pytest.raises(ReplayError, match="cannot be read"):
            await DatabaseSource(db).count(Selection())


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (TraceQuery(request_id="rq-1"), "request_id_idx"),
        (TraceQuery(trace_id="tr-1"), "trace_id_idx"),
        (TraceQuery(brief_id="b-1"), "brief_id_idx"),
        (TraceQuery(newest_first=True), "opened_at_idx"),
        (TraceQuery(stream="g:1"), "pkey"),
    ],
)
async def test_lookups_have_an_index_on_days_made_by_the_service(
    filled: Database, query: TraceQuery, index: str
) -> None:
    """Days are made apart and attached; their indices must come along."""
    sql, values = statement(query, 10)

    async def work(connection: Connection) -> str:
        async with connection.transaction():
            await connection.execute("SET LOCAL enable_seqscan = off")
            if query.newest_first:
                await connection.execute("SET LOCAL enable_sort = off")
            rows = await connection.fetch(f"EXPLAIN {sql}", *values)
        return "\n".join(row[0] for row in rows)

    plan = await filled.run(work)
    assert index in plan, plan


async def test_facts_come_in_pages_and_in_order(db: Database) -> None:
    async with store_over(db, Settings(), clock=now) as store:
        for n in range(70):
            await store.append(ANN, [new(ANN, said(region=str(n))) for _ in range(10)])
    source = DatabaseSource(db)
    versions = [stored.event.version async for stored in source.facts(ANN.stream)]
    assert versions == list(range(1, 701))
    head = await source.head(ANN.stream)
    assert head is not None
    assert (head.version, head.epoch, head.erased_at) == (700, 0, None)
    assert await source.head(somebody().stream) is None
