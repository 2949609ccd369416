"""Where recorded turns come from: the configured database, or whatever else keeps to `TurnSource` (a bundle).

Nothing here writes. Turns come one after the other and in pages, so a day of traffic fits in flat memory.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from aurora.contract.turn import iso_ms, stream_of
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError, recorded
from aurora.store.codec import UnreadableEventError
from aurora.store.port import StoreError
from aurora.store.postgres import Database
from aurora.store.trace_reading import (
    PAGE_ROWS,
    Head,
    Key,
    StoredEvent,
    TraceQuery,
    TraceRow,
    count_traces,
    read_head,
    read_stream,
    read_traces,
)

_LARGEST_MS = 253_402_300_799_000  # the last second of the year 9999


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which turns: all conditions together. Instants are epoch milliseconds, `until_ms` is excluded.

    uid: the guest of that X-Aurora-UID. user_id: an account. brief_id: a session. limit: at most so many.
    slower_than_ms: took longer. after: go on behind the turn with this `RecordedTurn.key`.
    """

    uid: str | None = None
    user_id: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    brief_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    kinds: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    slower_than_ms: int | None = None
    newest_first: bool = False
    limit: int | None = None
    after: Key | None = None

    @property
    def stream(self) -> str | None:
        """The stream of the identity that was named, if any."""
        if self.user_id is not None:
            return stream_of("u", self.user_id)
        return stream_of("g", self.uid) if self.uid is not None else None

    def admits(self, turn: RecordedTurn) -> bool:
        """Whether a turn is selected, `limit` and `after` aside: for sources that are no database."""
        return (
            self.stream in (None, turn.stream)
            and self.request_id in (None, turn.request_id)
            and self.trace_id in (None, turn.trace_id)
            and self.brief_id in (None, turn.brief_id)
            and (self.since_ms is None or turn.opened_at_ms >= self.since_ms)
            and (self.until_ms is None or turn.opened_at_ms < self.until_ms)
            and (not self.kinds or turn.kind in self.kinds)
            and (not self.outcomes or turn.outcome in self.outcomes)
            and (self.slower_than_ms is None or turn.elapsed_ms > self.slower_than_ms)
        )

    def told(self) -> str:
        """The conditions in words, without what was filled in by default."""
        named = {
            "uid": self.uid, "user": self.user_id, "request": self.request_id, "trace": self.trace_id,
            "brief": self.brief_id, "since": _iso(self.since_ms), "until": _iso(self.until_ms),
            "kind": ", ".join(self.kinds), "outcome": ", ".join(self.outcomes),
            "slower than": self.slower_than_ms,
        }  # fmt: skip
        return ", ".join(f"{name} {value}" for name, value in named.items() if value not in (None, ""))


Turns = AsyncGenerator[RecordedTurn | DamagedTraceError, None]
"""Closed by whoever stops before the end: `async with aclosing(source.turns(...)) as turns`."""
Facts = AsyncGenerator[StoredEvent, None]
"""The same of facts."""


class TurnSource(Protocol):
    """What replay reads from. All methods may raise ReplayError."""

    def turns(self, selection: Selection) -> Turns:
        """Turns of `selection`, oldest first unless it says otherwise. A turn that cannot be read comes as
        its error, so that one does not hide the others. Yields nothing for an empty selection.
        """
        ...

    async def count(self, selection: Selection) -> int | None:
        """How many there will be, if that is cheap to know."""
        ...

    async def head(self, stream: str) -> Head | None:
        """Where a stream stands; None if it is unknown here."""
        ...

    def facts(self, stream: str) -> Facts:
        """The event log of one stream, in order."""
        ...


class DatabaseSource:
    """Turns and facts of the configured database."""

    def __init__(self, database: Database, *, page_rows: int = PAGE_ROWS) -> None:
        self._db = database
        self._page_rows = page_rows

    async def turns(self, selection: Selection) -> Turns:
        """See `TurnSource.turns`."""
        query, left = _query(selection), selection.limit
        while left is None or left > 0:
            page = self._page_rows if left is None else min(self._page_rows, left)
            with _told():
                rows = await read_traces(self._db, query, page)
            if not rows:
                return
            for row in rows:
                yield of_row(row)
            last = rows[-1]
            query = msgspec.structs.replace(query, after=(last.opened_at_ms, last.stream, last.request_id))
            left = None if left is None else left - len(rows)

    async def count(self, selection: Selection) -> int | None:
        """See `TurnSource.count`."""
        with _told():
            found = await count_traces(self._db, _query(selection))
        return found if selection.limit is None else min(found, selection.limit)

    async def head(self, stream: str) -> Head | None:
        """See `TurnSource.head`."""
        with _told():
            return await read_head(self._db, stream)

    async def facts(self, stream: str) -> Facts:
        """See `TurnSource.facts`."""
        after = 0
        while True:
            with _told():
                page = await read_stream(self._db, stream, after)
            for stored in page:
                yield stored
            if not page:
                return
            after = page[-1].event.version


async def select(source: TurnSource, selection: Selection) -> Turns:
    """Like `source.turns`, but says why when there is nothing to see. Raises ReplayError."""
    anything = False
    async with aclosing(source.turns(selection)) as turns:
        async for turn in turns:
            anything = True
            yield turn
    if not anything:
        await refuse_erased(source, selection)
        raise ReplayError(_nothing(selection))


async def one(source: TurnSource, request_id: str) -> RecordedTurn:
    """The turn of a request. Raises ReplayError: unknown, damaged."""
    return await first(source, Selection(request_id=request_id))


async def first(source: TurnSource, selection: Selection) -> RecordedTurn:
    """The first turn of a selection. Raises ReplayError: nothing there, erased, damaged."""
    async with aclosing(select(source, msgspec.structs.replace(selection, limit=1))) as turns:
        async for turn in turns:
            if isinstance(turn, DamagedTraceError):
                raise turn
            return turn
    raise ReplayError(_nothing(selection))


async def refuse_erased(source: TurnSource, selection: Selection) -> None:
    """Raises ReplayError if the identity that was named was erased and nothing was recorded of it since."""
    stream = selection.stream
    head = await source.head(stream) if stream is not None else None
    if head is None or head.erased_at is None:
        return
    anyone = Selection(uid=selection.uid, user_id=selection.user_id, limit=1)
    async with aclosing(source.turns(anyone)) as turns:
        async for _ in turns:
            return
    raise ReplayError(f"This identity was erased at {head.erased_at}; there is nothing left to show.")


def of_row(row: TraceRow) -> RecordedTurn | DamagedTraceError:
    """A row of the trace table as a turn, or why it cannot be read."""
    fields = {name: getattr(row, name) for name in TraceRow.__struct_fields__ if name != "events"}
    try:
        return recorded(fields, row.events.encode())
    except DamagedTraceError as error:
        return error


def _nothing(selection: Selection) -> str:
    wanted = selection.told()
    if selection.request_id is not None or selection.trace_id is not None:
        return f"No turn is recorded for {wanted}: unknown, past its retention, or erased."
    return f"No turn is recorded for {wanted}." if wanted else "No turn is recorded here."


def _query(selection: Selection) -> TraceQuery:
    return TraceQuery(
        stream=selection.stream,
        request_id=selection.request_id,
        trace_id=selection.trace_id,
        brief_id=selection.brief_id,
        since_ms=_in_calendar(selection.since_ms),
        until_ms=_in_calendar(selection.until_ms),
        kinds=selection.kinds,
        outcomes=selection.outcomes,
        slower_than_ms=selection.slower_than_ms,
        newest_first=selection.newest_first,
        after=selection.after,
    )


def _iso(at_ms: int | None) -> str | None:
    at_ms = _in_calendar(at_ms)
    return None if at_ms is None else iso_ms(datetime.fromtimestamp(at_ms / 1000, UTC))


def _in_calendar(at_ms: int | None) -> int | None:
    return None if at_ms is None else min(max(at_ms, 0), _LARGEST_MS)


@contextmanager
def _told() -> Iterator[None]:
    """What a person reads when the database does not answer."""
    try:
        yield
    except StoreError as error:
        if error.kind == "schema_not_ready":
            raise ReplayError("The database has no tables for traces yet: run `aurora migrate`.") from error
        raise ReplayError(f"The database cannot be read ({error}).") from error
    except UnreadableEventError as error:
        raise ReplayError(f"The event log cannot be read by this version: {error}.") from error
