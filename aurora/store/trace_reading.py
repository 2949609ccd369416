"""Reading traces and single streams back, a bounded page at a time: for replay, never for a turn.

A page is read through a server-side cursor in a transaction of its own, so that a day of traffic needs
neither memory nor a snapshot held for as long as somebody looks at it.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from aurora.store.codec import decode_event
from aurora.store.postgres import Connection, Database
from aurora.store.projections import Event

PAGE_ROWS: Final = 500
PAGE_BYTES: Final = 8_388_608
_PREFETCH: Final = 50

Key = tuple[int, str, str]


class TraceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which traces: all conditions together. Instants are epoch milliseconds, `until_ms` is excluded.

    after: go on behind this one (opened_at_ms, stream, request_id), in the order asked for.
    """

    stream: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    brief_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    kinds: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    slower_than_ms: int | None = None
    newest_first: bool = False
    after: Key | None = None


class TraceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the trace table. events: the text of its JSON array."""

    stream: str
    epoch: int
    request_id: str
    trace_id: str
    brief_id: str | None
    kind: str
    opened_at_ms: int
    elapsed_ms: int
    outcome: str
    status: int
    events: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stream stands. erased: when it was erased last, ISO-8601 UTC."""

    version: int
    epoch: int
    erased_at: str | None


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the log, and when it was recorded (epoch milliseconds, the database's clock)."""

    event: Event
    recorded_at_ms: int


async def read_traces(
    db: Database, query: TraceQuery, limit: int = PAGE_ROWS, *, page_bytes: int = PAGE_BYTES
) -> list[TraceRow]:
    """The first traces of `query`: at most `limit`, fewer if they are large, none only if there are none.

    Raises StoreError.
    """
    sql, values = statement(query, limit)

    async def work(connection: Connection) -> list[TraceRow]:
        found: list[TraceRow] = []
        size = 0
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            async for row in connection.cursor(sql, *values, prefetch=_PREFETCH):
                found.append(TraceRow(**dict(zip(TraceRow.__struct_fields__, row, strict=True))))
                size += len(found[-1].events)
                if size >= page_bytes:
                    break
        return found

    return await db.run(work, deadline_s=math.inf)


def statement(query: TraceQuery, limit: int) -> tuple[str, list[Any]]:
    """The SQL of a page, and its values."""
    where, values = _conditions(query)
    way = "DESC" if query.newest_first else "ASC"
    sql = (
        "SELECT stream, epoch, request_id, trace_id, brief_id, kind, "
        "(extract(epoch FROM opened_at) * 1000)::bigint, elapsed_ms, outcome, status, events::text "
        f"FROM aurora_traces WHERE {where} "
        f"ORDER BY opened_at {way}, stream {way}, request_id {way} LIMIT {int(limit)}"
    )
    return sql, values


async def count_traces(db: Database, query: TraceQuery) -> int:
    """How many traces `query` has. Raises StoreError."""
    where, values = _conditions(query)

    async def work(connection: Connection) -> int:
        found: int = await connection.fetchval(f"SELECT count(*) FROM aurora_traces WHERE {where}", *values)
        return found

    return await db.run(work, deadline_s=math.inf)


async def read_head(db: Database, stream: str) -> Head | None:
    """Where a stream stands; None if it never was. Raises StoreError."""

    async def work(connection: Connection) -> Head | None:
        row = await connection.fetchrow(
            "SELECT version, epoch, "
            "to_char(erased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') "
            "FROM aurora_streams WHERE stream = $1",
            stream,
        )
        return None if row is None else Head(version=row[0], epoch=row[1], erased_at=row[2])

    return await db.run(work)


async def read_stream(db: Database, stream: str, after: int = 0, limit: int = PAGE_ROWS) -> list[StoredEvent]:
    """Events of a stream above version `after`, in order, at most `limit`.

    Raises StoreError, UnreadableEventError.
    """

    async def work(connection: Connection) -> list[StoredEvent]:
        rows = await connection.fetch(
            "SELECT stream, version, event_id::text, type, schema_version, data::text, meta::text, "
            "(extract(epoch FROM recorded_at) * 1000)::bigint FROM aurora_events "
            "WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3",
            stream, after, limit,
        )  # fmt: skip
        return [StoredEvent(event=decode_event(*row[:7]), recorded_at_ms=row[7]) for row in rows]

    return await db.run(work)


def _conditions(query: TraceQuery) -> tuple[str, list[Any]]:
    """The WHERE of a query and its values."""
    values: list[Any] = []

    def value(of: Any) -> str:
        values.append(of)
        return f"${len(values)}"

    found = ["true"]
    for name in ("stream", "request_id", "trace_id", "brief_id"):
        wanted = getattr(query, name)
        if wanted is not None:
            found.append(f"{name} = {value(wanted)}")
    if query.since_ms is not None:
        found.append(f"opened_at >= {value(_instant(query.since_ms))}")
    if query.until_ms is not None:
        found.append(f"opened_at < {value(_instant(query.until_ms))}")
    if query.kinds:
        found.append(f"kind = ANY ({value(list(query.kinds))}::text[])")
    if query.outcomes:
        found.append(f"outcome = ANY ({value(list(query.outcomes))}::text[])")
    if query.slower_than_ms is not None:
        found.append(f"elapsed_ms > {value(query.slower_than_ms)}")
    if query.after is not None:
        at_ms, stream, request_id = query.after
        beyond = "<" if query.newest_first else ">"
        at = value(_instant(at_ms))
        # Said twice: the first is what the index and the choice of days understand.
        found.append(f"opened_at {beyond}= {at}")
        found.append(f"(opened_at, stream, request_id) {beyond} ({at}, {value(stream)}, {value(request_id)})")
    return " AND ".join(found), values


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
