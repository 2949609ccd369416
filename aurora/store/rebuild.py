"""Projections made anew from the log, by the same reducers that made them in the first place.

The unit is a stream. Its events and rows are read under one snapshot (comparing), or its rows are replaced
while its head row is locked (swapping), so a rebuild may run beside a service at work: there is no moment at
which a stream's rows are half old, half new, and no table is ever locked. Memory is bounded by one batch of
streams. Any error is fatal: a log that cannot be folded is not something to skip over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import structlog

from aurora.contract.turn import iso_ms
from aurora.store.codec import decode_event, encode
from aurora.store.postgres import Connection, Database
from aurora.store.projections import RowKey, apply
from aurora.store.reading import CONVERSATION_TTL
from aurora.store.rows import ROWS, ConversationRow, ProfileRow, Row, columns

log = structlog.get_logger(__name__)

BATCH: Final = 200
_PAGE: Final = 500

_HEADS: Final = "SELECT stream FROM aurora_streams WHERE stream > $1 ORDER BY stream LIMIT $2"
_LOCKED_HEADS: Final = f"{_HEADS} FOR UPDATE"
_EVENTS: Final = """
SELECT stream, version, event_id::text, type, schema_version, data::text, meta::text FROM aurora_events
WHERE stream = ANY ($1::text[]) ORDER BY stream, version"""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A row that does not follow from the log: `missing`, `extra` or `different`. key: within the stream."""

    table: str
    stream: str
    key: str
    what: str


class RebuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild saw. rows: projected, per table. differing: how many; differences: the first 100."""

    streams: int
    events: int
    rows: dict[str, int]
    differing: int
    differences: list[Difference]
    swapped: bool


class _Progress:
    def __init__(self) -> None:
        self.streams = self.events = self.differing = 0
        self.rows = {kind.table: 0 for kind in ROWS}
        self.differences: list[Difference] = []

    def differ(self, kind: type[Row], stream: str, key: str, what: str) -> None:
        self.differing += 1
        if len(self.differences) < 100:
            self.differences.append(Difference(table=kind.table, stream=stream, key=key, what=what))


async def rebuild(
    db: Database,
    *,
    swap: bool,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_streams: Callable[[int], None] = lambda _: None,
) -> RebuildReport:
    """Fold the whole log and compare with the tables (`swap` False), or replace their rows (`swap` True).

    Differences are reported in both cases, as they stood before. Conversations past their day are neither
    expected nor kept. on_streams: told after each batch how many streams are done. Raises StoreError
    (database away), UnreadableEventError (an event no upcaster lifts).
    """
    seen = _Progress()
    last = ""
    while True:
        talks_after = iso_ms(clock() - CONVERSATION_TTL)

        async def work(connection: Connection, after: str = last, talks: str = talks_after) -> str | None:
            isolation: Any = "read_committed" if swap else "repeatable_read"
            async with connection.transaction(isolation=isolation, readonly=not swap):
                return await _batch(connection, after, swap, talks, seen)

        reached = await db.run(work, deadline_s=math.inf)
        if reached is None:
            break
        last = reached
        on_streams(seen.streams)
    await db.run(lambda connection: _orphans(connection, swap, seen), deadline_s=math.inf)
    report = RebuildReport(
        streams=seen.streams,
        events=seen.events,
        rows=seen.rows,
        differing=seen.differing,
        differences=seen.differences,
        swapped=swap,
    )
    log.info(
        "rebuilt", streams=report.streams, events=report.events, differing=report.differing, swapped=swap
    )
    return report


async def count_streams(db: Database) -> int:
    """How many streams a rebuild will go through. Raises StoreError."""
    count: int = await db.run(lambda connection: connection.fetchval("SELECT count(*) FROM aurora_streams"))
    return count


async def _batch(
    connection: Connection, after: str, swap: bool, talks_after: str, seen: _Progress
) -> str | None:
    """The next BATCH streams after `after`. Answers the last one, or None when there is none."""
    heads = await connection.fetch(_LOCKED_HEADS if swap else _HEADS, after, BATCH)
    if not heads:
        return None
    streams = [head[0] for head in heads]
    expected = await _fold(connection, streams, talks_after, seen)
    standing = await _standing(connection, streams, talks_after)
    for kind in ROWS:
        want, have = expected[kind], standing[kind]
        seen.rows[kind.table] += len(want)
        changed = False
        for key in sorted(want.keys() | have.keys()):
            if not _same(want.get(key), have.get(key)):
                changed = True
                what = "missing" if key not in have else "extra" if key not in want else "different"
                seen.differ(kind, key[0], key[1], what)
        if swap and changed:
            await _replace(connection, kind, streams, list(want.values()))
    seen.streams += len(streams)
    return str(streams[-1])


_Keyed = dict[type[Row], dict[tuple[str, str], Row]]


async def _fold(connection: Connection, streams: Sequence[str], talks_after: str, seen: _Progress) -> _Keyed:
    """The rows that follow from the log, through a server-side cursor, one stream in memory at a time."""
    made: _Keyed = {kind: {} for kind in ROWS}
    rows: dict[RowKey, Row] = {}
    current = ""

    def keep() -> None:
        for (kind, key), row in rows.items():
            if not (isinstance(row, ConversationRow) and row.updated_at <= talks_after):
                made[kind][current, key] = row
        rows.clear()

    async for record in connection.cursor(_EVENTS, streams, prefetch=_PAGE):
        event = decode_event(*record)
        if event.stream != current:
            keep()
            current = event.stream
        apply(rows, event)
        seen.events += 1
    keep()
    return made


async def _standing(connection: Connection, streams: Sequence[str], talks_after: str) -> _Keyed:
    """The rows as they stand."""
    found: _Keyed = {}
    for kind in ROWS:
        decoder = _DECODERS[kind]
        records = await connection.fetch(
            f"SELECT to_json(x)::text FROM (SELECT {columns(kind)} FROM {kind.table} t "
            "WHERE t.stream = ANY ($1::text[])) x",
            streams,
        )
        rows = [decoder.decode(record[0]) for record in records]
        found[kind] = {
            (row.stream, key_of(row)): row
            for row in rows
            if not (isinstance(row, ConversationRow) and row.updated_at <= talks_after)
        }
    return found


async def _replace(
    connection: Connection, kind: type[Row], streams: Sequence[str], rows: Sequence[Row]
) -> None:
    await connection.execute(f"DELETE FROM {kind.table} WHERE stream = ANY ($1::text[])", streams)
    if rows:
        await connection.execute(
            f"INSERT INTO {kind.table} "
            f"SELECT * FROM json_populate_recordset(NULL::{kind.table}, $1::text::json)",
            encode(rows).decode(),
        )


async def _orphans(connection: Connection, swap: bool, seen: _Progress) -> None:
    """Rows of streams that have no head at all: nothing can have made them."""
    for kind in ROWS:
        orphan = f"NOT EXISTS (SELECT 1 FROM aurora_streams h WHERE h.stream = {kind.table}.stream)"
        for record in await connection.fetch(f"SELECT stream FROM {kind.table} WHERE {orphan} LIMIT 100"):
            seen.differ(kind, record[0], "", "extra")
        if swap:
            await connection.execute(f"DELETE FROM {kind.table} WHERE {orphan}")


def key_of(row: Row) -> str:
    """A row's key within its stream."""
    return "" if len(row.key) == 1 else str(getattr(row, row.key[1]))


def _same(one: Row | None, other: Row | None) -> bool:
    """Equal by value; JSON kept as text counts as what it says, as in a jsonb column."""
    if not (isinstance(one, ProfileRow) and isinstance(other, ProfileRow)):
        return one == other
    bare = msgspec.Raw(b"null")
    return msgspec.json.decode(one.last_analysis) == msgspec.json.decode(other.last_analysis) and (
        msgspec.structs.replace(one, last_analysis=bare) == msgspec.structs.replace(other, last_analysis=bare)
    )


_DECODERS: Final[Mapping[type[Row], msgspec.json.Decoder[Row]]] = {
    kind: msgspec.json.Decoder(kind) for kind in ROWS
}
