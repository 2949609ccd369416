"""Traces: kept beside the appends, bounded, erased with the person, dropped with their day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio
import trio.testing

from aurora import telemetry
from aurora.settings import Settings
from aurora.store.journal import Journal
from aurora.store.open import open_store
from aurora.store.port import StoreError, TraceRecord
from aurora.store.postgres import Connection, Database
from aurora.store.states import StateCache
from aurora.store.traces import TraceBuffer, drop_days_before, ensure_days
from tests.store.people import NOW, new, now, opened, somebody


def turn(stream: str, *, epoch: int = 0, at: datetime = NOW, **fields: Any) -> TraceRecord:
    """A traced turn."""
    defaults: dict[str, Any] = {
        "request_id": f"rq-{id(object())}",
        "trace_id": "tr-1",
        "brief_id": "b1",
        "kind": "chat",
        "elapsed_ms": 12,
        "outcome": "ok",
        "status": 200,
        "events": [{"t": "opened", "z": 1, "a": [1.50, None]}, {"t": "sent"}],
    }
    opened_at_ms = int(at.timestamp() * 1000)
    return TraceRecord(stream=stream, epoch=epoch, opened_at_ms=opened_at_ms, **{**defaults, **fields})


async def kept(db: Database, stream: str) -> list[Any]:
    """Rows of the stream's traces."""
    query = (
        "SELECT *, events::text AS text FROM aurora_traces WHERE stream = $1 ORDER BY opened_at, request_id"
    )
    rows: list[Any] = await db.run(lambda connection: connection.fetch(query, stream))
    return rows


def dropped() -> float:
    """How many traces were dropped so far, as /metrics says."""
    text = telemetry.render_metrics().decode()
    (line,) = [line for line in text.splitlines() if line.startswith("aurora_traces_dropped_total")]
    return float(line.split()[-1])


async def partitions(db: Database) -> list[str]:
    """Names of the days."""
    query = "SELECT relname FROM pg_class WHERE relname ~ '^aurora_traces_[0-9]+$' ORDER BY 1"
    rows = await db.run(lambda connection: connection.fetch(query))
    return [row[0] for row in rows]


async def test_a_trace_is_kept_as_it_was_told(fresh_dsn: str, db: Database) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await store.append(one, [new(one, opened())])
        store.trace(turn(one.stream, request_id="rq-1", brief_id=None, status=503, outcome="degraded"))
        store.trace(turn(one.stream, request_id="rq-2"))
    first, second = await kept(db, one.stream)
    assert first["text"] == '[{"t":"opened","z":1,"a":[1.5,null]},{"t":"sent"}]'
    assert (first["brief_id"], first["status"], first["outcome"], first["elapsed_ms"]) == (
        None,
        503,
        "degraded",
        12,
    )
    assert first["opened_at"] == NOW
    assert second["request_id"] == "rq-2"


async def test_a_turn_that_wrote_nothing_is_traced_too(fresh_dsn: str, db: Database) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        store.trace(turn(one.stream))
    assert len(await kept(db, one.stream)) == 1
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        assert (await store.append(one, [new(one, opened())], epoch=0)).versions == [1]


async def test_the_same_turn_twice_is_one_trace(fresh_dsn: str, db: Database) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        store.trace(turn(one.stream, request_id="rq-1"))
        store.trace(turn(one.stream, request_id="rq-1"))
    assert len(await kept(db, one.stream)) == 1


async def test_a_day_without_partition_gets_one(fresh_dsn: str, db: Database) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await trio.testing.wait_all_tasks_blocked(0.05)
        store.trace(turn(one.stream, at=NOW + timedelta(days=40)))
    assert len(await kept(db, one.stream)) == 1
    assert f"aurora_traces_{NOW + timedelta(days=40):%Y%m%d}" in await partitions(db)


async def test_an_erased_person_s_traces_go_and_none_comes_late(fresh_dsn: str, db: Database) -> None:
    one, other = somebody(), somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await store.append(one, [new(one, opened())])
        for each in (one, other):
            store.trace(turn(each.stream))
        await store.erase(one)
        store.trace(turn(one.stream, epoch=0, request_id="rq-late"))
        store.trace(turn(one.stream, epoch=1, request_id="rq-new"))
    assert [row["request_id"] for row in await kept(db, one.stream)] == ["rq-new"]
    assert len(await kept(db, other.stream)) == 1


async def test_a_full_buffer_drops_and_counts(db: Database) -> None:
    before = dropped()
    buffer = TraceBuffer(limit=3)
    for number in range(5):
        buffer.add(turn("g:x", request_id=str(number)))
    assert [record.request_id for record, _ in buffer.take(9)] == ["0", "1", "2"]
    assert dropped() == before + 2


async def test_a_buffer_is_bounded_in_bytes_and_recovers() -> None:
    buffer = TraceBuffer(limit_bytes=200)
    big = [{"t": "answered", "value": "x" * 150}]
    buffer.add(turn("g:x", events=big))
    buffer.add(turn("g:x", events=big))
    assert len(buffer) == 1
    buffer.take(1)
    buffer.add(turn("g:x", events=big))
    assert len(buffer) == 1


@pytest.mark.parametrize("events", [[{"t": "\ud800"}], [{"t": object()}]])
async def test_what_cannot_be_encoded_is_dropped_not_raised(events: list[dict[str, Any]]) -> None:
    buffer = TraceBuffer()
    buffer.add(turn("g:x", events=events))
    assert len(buffer) == 0


async def test_an_unwritable_batch_of_traces_harms_no_append(fresh_dsn: str, db: Database) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        store.trace(turn(one.stream, kind="nul\0"))
        assert (await store.append(one, [new(one, opened())])).versions == [1]
    assert await kept(db, one.stream) == []


async def test_a_journal_that_has_closed_drops_traces(db: Database) -> None:
    journal = Journal(db, StateCache())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.run)
        await journal.drain()
    journal.trace(turn("g:x"))
    assert await kept(db, "g:x") == []


async def test_days_are_made_once_and_dropped_whole(db: Database) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC).date()
    days = [first + timedelta(days=n) for n in range(4)]

    async def work(connection: Connection) -> list[str]:
        await ensure_days(connection, days)
        await ensure_days(connection, days)
        return await drop_days_before(connection, days[2])

    assert await db.run(work) == ["aurora_traces_20260301", "aurora_traces_20260302"]
    assert await partitions(db) == ["aurora_traces_20260303", "aurora_traces_20260304"]


async def test_several_workers_make_the_same_days_together(db: Database) -> None:
    days = [(NOW + timedelta(days=n)).date() for n in range(5)]
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(db.run, lambda connection: ensure_days(connection, days))
    assert len(await partitions(db)) == 5


async def test_a_day_half_dropped_is_finished_the_next_time(db: Database) -> None:
    """A reader's open transaction outlasts the statement; the day stays half detached until it is gone."""
    first = NOW.date()
    reading, release = trio.Event(), trio.Event()
    await db.run(lambda connection: ensure_days(connection, [first, first + timedelta(days=1)]))

    async def read(connection: Connection) -> None:
        async with connection.transaction():
            await connection.fetch("SELECT * FROM aurora_traces")
            reading.set()
            while not release.is_set():
                await connection.execute("SELECT pg_sleep(0.01)")

    async def drop(connection: Connection, patience: str = "0") -> list[str]:
        await connection.execute(f"SET statement_timeout = '{patience}'")
        return await drop_days_before(connection, first + timedelta(days=1))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(db.run, read)
        await reading.wait()
        with pytest.raises(StoreError) as caught:
            await db.run(lambda connection: drop(connection, "200ms"))
        assert caught.value.code == "57014"
        release.set()
    assert await db.run(drop) == [f"aurora_traces_{first:%Y%m%d}"]
    assert await partitions(db) == [f"aurora_traces_{first + timedelta(days=1):%Y%m%d}"]
