"""One group of appends, written in one statement. Asyncio side: all of this happens inside a unit of work.

A group is an optimisation, never a meaning (decision 7): whatever happens to it, every member is settled as
if it had been alone. Order of attempts: guarded by the heads as remembered; after a stale head forget, read,
fold again; the third time with the head rows locked. A group that the database refuses is halved until only
the guilty member fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec
import structlog
import trio

from aurora.store.codec import encode, schema_version
from aurora.store.facts import NewFact, SkinLogged
from aurora.store.loading import UNREADABLE, load_days, load_states
from aurora.store.port import Appended, StoreError
from aurora.store.postgres import Connection, as_store_error
from aurora.store.projections import Event, erased_since, sweeps_before, touches
from aurora.store.rows import RARE_ROWS, USUAL_ROWS, LogRow, Row
from aurora.store.states import StateCache, StreamState

log = structlog.get_logger(__name__)

_TRIES: Final = 3
# Heads moved under us, or two workers met in the wrong order: read again.
_STALE: Final = frozenset({"AU001", "40001", "40P01"})
# Not the fault of any one member: the connection, the server's resources, its shutdown, a timeout.
_COMMON: Final = frozenset({"08", "53", "55", "57", "58"})
_ONCE: Final = "aurora_events_once"
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

_APPEND: Final = """
SELECT aurora_append($1, $2, $3, $4, $5, $6::uuid[], $7, $8, $9, $10,
  $11, $12, $13, $14, $15, $16, $17, $18, $19)"""
_APPEND_RARE: Final = _APPEND.removesuffix(")") + ", $20, $21)"
_RECORDED: Final = """
SELECT e.stream, e.event_id::text, e.version FROM aurora_events e
JOIN unnest($1::text[], $2::text[]) AS k (stream, id) ON e.stream = k.stream AND e.event_id = k.id::uuid"""
_LOCK_NEW: Final = """
INSERT INTO aurora_streams (stream) SELECT s FROM unnest($1::text[]) AS s ON CONFLICT (stream) DO NOTHING"""
_LOCK: Final = "SELECT stream FROM aurora_streams WHERE stream = ANY ($1::text[]) ORDER BY stream FOR UPDATE"

Ids = Mapping[tuple[str, str], int]


class Ticket:
    """One append on its way. `outcome` is set once it is settled; `done` tells the caller.

    Facts are encoded when the ticket is made, in the caller's own time. at: the version at which the stream
    must stand, for facts that were decided by looking at it; None if it may stand anywhere.
    """

    __slots__ = ("at", "data", "done", "epoch", "facts", "meta", "outcome", "size", "stream")

    def __init__(
        self, stream: str, facts: Sequence[NewFact], epoch: int | None, at: int | None = None
    ) -> None:
        """Raises StoreError for text that PostgreSQL cannot hold (NUL, lone surrogates)."""
        self.at = at
        self.stream = stream
        self.facts = facts
        self.epoch = epoch
        self.data: list[str] = []
        self.meta: list[str] = []
        for new in facts:
            try:
                self.data.append(encode(new.fact).decode())
                self.meta.append(encode(new.meta).decode())
            except UnicodeEncodeError as error:
                raise StoreError("unavailable", "22021") from error
        self.size = sum(map(len, self.data))
        if any("\\u0000" in text and _NUL.search(text) for text in (*self.data, *self.meta)):
            raise StoreError("unavailable", "22P05")
        self.outcome: Appended | BaseException | None = None
        self.done = trio.Event()

    @property
    def keys(self) -> list[tuple[str, str]]:
        """(stream, event id) of every fact."""
        return [(self.stream, new.event_id) for new in self.facts]


class Fold:
    """A group folded onto states: what to write, and what each member will hear once it is written."""

    def __init__(
        self, states: Mapping[str, StreamState], days: Mapping[tuple[str, str], LogRow], known: Ids
    ) -> None:
        self._base = states
        self._days = days
        self._known = dict(known)
        self.states: dict[str, StreamState] = {}
        self.rows: dict[type[Row], dict[tuple[str, str], Row]] = {}
        self.sweeps: list[tuple[str, datetime, int]] = []
        self.events: list[tuple[Event, str, str]] = []
        self.replies: list[tuple[Ticket, Appended]] = []

    def add(self, ticket: Ticket) -> None:
        """Fold one member, all of it or nothing. What cannot be folded is settled here and now."""
        stream = ticket.stream
        state = self.states.get(stream) or self._base[stream]
        if erased_since(ticket.facts, ticket.epoch, state.epoch, state.erased_at):
            ticket.outcome = StoreError("erased")
            return
        if ticket.at is not None and ticket.at != state.version:
            ticket.outcome = StoreError("moved")
            return
        versions: list[int] = []
        events: list[tuple[Event, str, str]] = []
        rows: dict[tuple[type[Row], str], Row] = {}
        ids: dict[tuple[str, str], int] = {}
        sweeps: list[tuple[str, datetime, int]] = []
        try:
            for new, data, meta in zip(ticket.facts, ticket.data, ticket.meta, strict=True):
                recorded = self._known.get((stream, new.event_id)) or ids.get((stream, new.event_id))
                if recorded is not None:
                    versions.append(recorded)
                    continue
                version = state.version + 1
                event = Event(stream, version, new.event_id, new.fact, new.meta)
                state = state.at(version)
                for touch in touches(event):
                    day: LogRow | None = None
                    if touch.row is LogRow:
                        day = self._day(stream, touch.key, rows)
                    state, rows[touch.row, touch.key] = state.folded(event, touch, day)
                before = sweeps_before(event)
                if before is not None:
                    sweeps.append((stream, datetime.fromisoformat(before), version))
                events.append((event, data, meta))
                ids[stream, new.event_id] = version
                versions.append(version)
        except Exception as error:
            # A bug in one member's reducer must not take its neighbours along.
            log.exception("append_not_folded", fact=type(new.fact).__name__)
            ticket.outcome = error
            return
        self.states[stream] = state
        self.events += events
        self._known |= ids
        self.sweeps += sweeps
        for (kind, key), row in rows.items():
            self.rows.setdefault(kind, {})[stream, key] = row
        self.replies.append((ticket, Appended(versions=versions, memory=state.as_memory())))

    def _day(self, stream: str, date: str, own: Mapping[tuple[type[Row], str], Row]) -> LogRow | None:
        """That day's check-in as this group has made it so far, or as it was before."""
        made = own.get((LogRow, date)) or self.rows.get(LogRow, {}).get((stream, date))
        if isinstance(made, LogRow):
            return made
        return self._base[stream].log_of(date) or self._days.get((stream, date))

    def statement(self) -> tuple[Any, ...]:
        """Which aurora_append, and its arguments."""
        heads = sorted({event.stream for event, _, _ in self.events})
        kinds = [type(event.fact).__name__ for event, _, _ in self.events]
        usual = (
            heads,
            [self._base[stream].version for stream in heads],
            [self.states[stream].version for stream in heads],
            [event.stream for event, _, _ in self.events],
            [event.version for event, _, _ in self.events],
            [event.event_id for event, _, _ in self.events],
            kinds,
            [schema_version(kind) for kind in kinds],
            [data for _, data, _ in self.events],
            [meta for _, _, meta in self.events],
            *(self._rows_of(kind) for kind in USUAL_ROWS),
            [stream for stream, _, _ in self.sweeps] or None,
            [before for _, before, _ in self.sweeps] or None,
            [version for _, _, version in self.sweeps] or None,
        )
        if not any(kind in self.rows for kind in RARE_ROWS):
            return _APPEND, *usual
        return _APPEND_RARE, *usual, *(self._rows_of(kind) for kind in RARE_ROWS)

    def _rows_of(self, kind: type[Row]) -> str | None:
        rows = self.rows.get(kind)
        return encode(list(rows.values())).decode() if rows else None


class GroupWriter:
    """Settles groups. Holds the cache of states, which a lost connection empties."""

    def __init__(self, cache: StateCache) -> None:
        self._cache = cache

    async def write(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        """Append all of `tickets` and settle each. Raises only what concerns the connection, not a member."""
        known: dict[tuple[str, str], int] = {}
        stale = repeats = 0
        while tickets:
            try:
                if stale < _TRIES - 1:
                    fold = await self._attempt(connection, tickets, known)
                else:
                    async with connection.transaction():
                        await self._lock(connection, tickets)
                        fold = await self._attempt(connection, tickets, known)
            except asyncpg.PostgresError as error:
                state = str(error.sqlstate or "")
                if state[:2] in _COMMON:
                    raise
                self._cache.forget(*(ticket.stream for ticket in tickets))
                if state == "23505" and error.constraint_name == _ONCE and repeats < _TRIES:
                    repeats += 1
                    known |= await self._recorded(connection, tickets)
                elif state in _STALE or state == "23505":
                    stale += 1
                    if stale == _TRIES:
                        for ticket in tickets:
                            ticket.outcome = StoreError("unavailable", state)
                        return
                elif len(tickets) == 1:
                    tickets[0].outcome = as_store_error(error)
                    return
                else:
                    await self._halve(connection, tickets)
                    return
            except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                raise
            except Exception as error:
                # A row of one member that cannot be read, a bug: not its neighbours' fault.
                if len(tickets) == 1:
                    log.exception("append_failed")
                    unreadable = isinstance(error, msgspec.DecodeError)
                    tickets[0].outcome = StoreError("unavailable", UNREADABLE) if unreadable else error
                    return
                await self._halve(connection, tickets)
                return
            else:
                # Only now is it durable: nobody hears of it before, nothing is remembered of it before.
                for stream in fold.states:
                    self._cache.put(stream, fold.states[stream])
                for ticket, appended in fold.replies:
                    ticket.outcome = appended
                return

    async def settle_recorded(self, connection: Connection, tickets: Sequence[Ticket]) -> list[Ticket]:
        """After an unknown outcome: settle those that were written after all, answer the others."""
        known = await self._recorded(connection, tickets)
        written = [ticket for ticket in tickets if all(key in known for key in ticket.keys)]
        states = await load_states(connection, list({ticket.stream for ticket in written}))
        for ticket in written:
            versions = [known[key] for key in ticket.keys]
            ticket.outcome = Appended(versions=versions, memory=states[ticket.stream].as_memory())
        return [ticket for ticket in tickets if ticket.outcome is None]

    async def _halve(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        middle = len(tickets) // 2
        await self.write(connection, tickets[:middle])
        await self.write(connection, tickets[middle:])

    async def _lock(self, connection: Connection, tickets: Sequence[Ticket]) -> None:
        streams = sorted({ticket.stream for ticket in tickets})
        await connection.execute(_LOCK_NEW, streams)
        await connection.fetch(_LOCK, streams)
        self._cache.forget(*streams)

    async def _recorded(
        self, connection: Connection, tickets: Sequence[Ticket]
    ) -> dict[tuple[str, str], int]:
        keys = [key for ticket in tickets for key in ticket.keys]
        rows = await connection.fetch(_RECORDED, [stream for stream, _ in keys], [name for _, name in keys])
        return {(row[0], row[1]): row[2] for row in rows}

    async def _attempt(self, connection: Connection, tickets: Sequence[Ticket], known: Ids) -> Fold:
        states: dict[str, StreamState] = {}
        missing: list[str] = []
        seen: dict[str, int] = {}  # what a member has read elsewhere: an older state is no use to it
        for ticket in tickets:
            seen[ticket.stream] = max(seen.get(ticket.stream, 0), ticket.at or 0)
        for stream, least in seen.items():
            state = self._cache.get(stream)
            if state is None or state.version < least:
                missing.append(stream)
            else:
                states[stream] = state
        if missing:
            states |= await load_states(connection, missing)
        days = {
            (ticket.stream, new.fact.date)
            for ticket in tickets
            for new in ticket.facts
            if isinstance(new.fact, SkinLogged) and not states[ticket.stream].knows_day(new.fact.date)
        }
        fold = Fold(states, await load_days(connection, days) if days else {}, known)
        for ticket in tickets:
            fold.add(ticket)
        if fold.events:
            await connection.execute(*fold.statement())
        return fold
