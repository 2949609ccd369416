"""Traces on their way to the database: a bounded buffer, written beside the appends and never waited for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec
import structlog

from aurora import telemetry
from aurora.store.port import TraceRecord
from aurora.store.postgres import Connection
from aurora.store.projections import CLOSED_EPOCH

log = structlog.get_logger(__name__)

# Of the advisory lock under which days are made and dropped.
_LOCK: Final = 72403120
_LARGEST_BYTES: Final = 4_194_304
_WRITE: Final = "SELECT aurora_trace($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)"
_encode = msgspec.json.Encoder().encode


class TraceBuffer:
    """At most `limit` records and `limit_bytes` of encoded events; past it new ones are dropped, counted."""

    def __init__(self, limit: int = 512, limit_bytes: int = 16_777_216) -> None:
        self._waiting: deque[tuple[TraceRecord, str]] = deque()
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, record: TraceRecord) -> None:
        """Take a record, or drop it. Never raises: a trace must not fail the turn it tells of."""
        if record.epoch >= CLOSED_EPOCH:
            return  # the turn read the memory of an account that was deleted while it was let in
        try:
            events = _encode(record.events).decode()
        except (TypeError, ValueError, RecursionError, msgspec.EncodeError) as error:
            log.warning("trace_not_encodable", error=type(error).__name__)
            telemetry.traces_dropped.inc()
            return
        full = len(self._waiting) >= self._limit or self._bytes + len(events) > self._limit_bytes
        if full or len(events) > _LARGEST_BYTES:
            telemetry.traces_dropped.inc()
            return
        self._waiting.append((record, events))
        self._bytes += len(events)

    def take(self, most: int) -> list[tuple[TraceRecord, str]]:
        """The oldest records, at most `most`, with their encoded events."""
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._bytes -= sum(len(events) for _, events in taken)
        return taken

    def drop_stream(self, stream: str) -> None:
        """Forget what waits for an erased identity."""
        kept = [(record, events) for record, events in self._waiting if record.stream != stream]
        self._waiting = deque(kept)
        self._bytes = sum(len(events) for _, events in kept)


async def write_traces(connection: Connection, records: Sequence[tuple[TraceRecord, str]]) -> int:
    """Write records in one statement, but none of an identity erased meanwhile. Answers how many stand."""
    rows = sorted(records, key=lambda one: one[0].stream)
    whole = [record for record, _ in rows]
    written: int = await connection.fetchval(
        _WRITE,
        [record.stream for record in whole],
        [record.opened_at_ms for record in whole],
        [record.request_id for record in whole],
        [record.trace_id for record in whole],
        [record.brief_id for record in whole],
        [record.kind for record in whole],
        [record.epoch for record in whole],
        [record.elapsed_ms for record in whole],
        [record.outcome for record in whole],
        [record.status for record in whole],
        [events for _, events in rows],
    )
    return written


def days_of(records: Sequence[tuple[TraceRecord, str]]) -> list[date]:
    """The UTC days of the records."""
    return sorted({datetime.fromtimestamp(record.opened_at_ms / 1000, UTC).date() for record, _ in records})


async def ensure_days(connection: Connection, days: Sequence[date]) -> None:
    """Make the partitions of these days, where missing. Attached, not created in place: no table lock."""
    for day in days:
        name = f"aurora_traces_{day:%Y%m%d}"
        if await _exists(connection, name):
            continue
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
            if await _exists(connection, name):
                continue
            start = f"{day:%Y-%m-%d} 00:00:00+00"
            end = f"{day + timedelta(days=1):%Y-%m-%d} 00:00:00+00"
            await connection.execute(f"CREATE TABLE {name} (LIKE aurora_traces INCLUDING ALL)")
            await connection.execute(
                f"ALTER TABLE aurora_traces ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')"
            )


async def _exists(connection: Connection, name: str) -> bool:
    # Not to_regclass: that may answer from a cache filled before another worker made the table.
    query = "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = $1 AND pg_table_is_visible(oid))"
    return bool(await connection.fetchval(query, name))


async def drop_days_before(connection: Connection, oldest: date) -> list[str]:
    """Drop the partitions of days before `oldest`. Answers their names; none if another worker is at it."""
    if not await connection.fetchval(f"SELECT pg_try_advisory_lock({_LOCK})"):
        return []
    try:
        return await _drop_days_before(connection, f"aurora_traces_{oldest:%Y%m%d}")
    finally:
        if not connection.is_closed():
            await connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")


async def _drop_days_before(connection: Connection, oldest: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT c.relname, i.inhdetachpending FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'aurora_traces'::regclass AND c.relname < $1 ORDER BY c.relname",
        oldest,
    )
    for name, half_done in rows:
        # Not dropped in place: that would lock the whole table against readers and writers.
        manner = "FINALIZE" if half_done else "CONCURRENTLY"
        await connection.execute(f"ALTER TABLE aurora_traces DETACH PARTITION {name} {manner}")
        await connection.execute(f"DROP TABLE {name}")
    return [name for name, _ in rows]
