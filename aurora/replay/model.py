"""A turn as it was recorded: the row of the trace table with its events read into types.

Times are whole milliseconds after the request's arrival, `opened_at_ms` alone is epoch milliseconds. What was
said, asked and answered stays JSON bytes until somebody looks at it (`actors.answers` reads answers again).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, TypeVar

import msgspec

from aurora.actors.trace import SCHEMA
from aurora.store.port import TraceRecord

NOTHING: Final = msgspec.Raw(b"null")


class ReplayError(Exception):
    """What was asked for cannot be shown: one clear sentence for a person. The command ends with code 2."""

    exit_code = 2


class DamagedTraceError(ReplayError):
    """This one turn cannot be read: cut off, edited, or recorded by a newer version."""


class TraceEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all trace events."""

    at_ms: int


class Opened(TraceEvent, frozen=True, kw_only=True, tag="opened"):
    """The turn at the door. turn: kind, context, identity, now_ms, seed, body, raw. settings: what differs
    from the defaults. version: shape of the whole trace; traces without it are of shape 1.
    """

    version: int = 1
    turn: msgspec.Raw
    settings: msgspec.Raw = NOTHING


class BudgetStated(TraceEvent, frozen=True, kw_only=True, tag="budget"):
    """The turn's budget, in milliseconds after its arrival."""

    name: str
    ms: int


class Asked(TraceEvent, frozen=True, kw_only=True, tag="asked"):
    """A question left the flow. call: its number within the turn, from 1."""

    call: int
    actor: str
    question: msgspec.Raw


class Answered(TraceEvent, frozen=True, kw_only=True, tag="answered"):
    """An answer was received, as reception number `seq`. elapsed_ms: since it was asked."""

    call: int
    seq: int
    actor: str
    elapsed_ms: int
    value: msgspec.Raw


class Failed(TraceEvent, frozen=True, kw_only=True, tag="failed"):
    """A failure was received, as reception number `seq`."""

    call: int
    seq: int
    actor: str
    elapsed_ms: int
    code: str
    status: int | None = None
    detail: str = ""


class Late(TraceEvent, frozen=True, kw_only=True, tag="late"):
    """Came when the turn was over; nobody saw it."""

    call: int
    actor: str
    elapsed_ms: int


class Dropped(TraceEvent, frozen=True, kw_only=True, tag="dropped"):
    """Was still under way when the turn was over."""

    call: int
    actor: str


class GaveUp(TraceEvent, frozen=True, kw_only=True, tag="gave_up"):
    """The flow stopped waiting for a call, after `after` receptions."""

    call: int
    after: int


class Remaining(TraceEvent, frozen=True, kw_only=True, tag="remaining"):
    """The flow was told what is left of its budget."""

    ms: int


class Cut(TraceEvent, frozen=True, kw_only=True, tag="cut"):
    """The turn was ended from outside after `after` receptions."""

    after: int
    reason: str


class Sent(TraceEvent, frozen=True, kw_only=True, tag="sent"):
    """What left. envelope: as it was sent, secrets replaced; null if nothing could be sent."""

    status: int
    outcome: str
    envelope: msgspec.Raw


AnyTraceEvent = (
    Opened | BudgetStated | Asked | Answered | Failed | Late | Dropped | GaveUp | Remaining | Cut | Sent
)
Kind = TypeVar("Kind", bound=TraceEvent)

# version -> events of that version in the shape of the next. A chain must reach actors.trace.SCHEMA.
UPCASTERS: Mapping[int, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]] = {}

_events = msgspec.json.Decoder(list[AnyTraceEvent])
_plain = msgspec.json.Decoder()


class _Version(msgspec.Struct):
    type: str = ""
    version: int = 1


_version = msgspec.json.Decoder(list[_Version])


class RecordedTurn(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One turn as it happened. What a trace row holds, and its events.

    raw_events: the events as they were recorded, a JSON array. events: the same in today's shape.
    version: the shape they were recorded in.
    """

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
    raw_events: bytes
    events: list[AnyTraceEvent]
    version: int = SCHEMA

    @cached_property
    def opened(self) -> Opened:
        """The first event."""
        return next(self.of(Opened))

    @cached_property
    def sent(self) -> Sent:
        """The last event."""
        return next(self.of(Sent))

    @cached_property
    def cut(self) -> Cut | None:
        """The cut, if the turn was ended from outside."""
        return next(self.of(Cut), None)

    @cached_property
    def turn(self) -> dict[str, Any]:
        """The turn at the door, as plain data. Empty if it was too large to be recorded."""
        told = self.plain(self.opened.turn)
        return told if isinstance(told, dict) and oversize(self.opened.turn) is None else {}

    @cached_property
    def envelope(self) -> dict[str, Any] | None:
        """What was sent, as plain data. None if nothing was, or if it was too large to be recorded."""
        told = self.plain(self.sent.envelope)
        return told if isinstance(told, dict) and oversize(self.sent.envelope) is None else None

    @property
    def sent_nothing(self) -> bool:
        """Whether no envelope left: the client was gone, or a bug ended the turn."""
        return bytes(self.sent.envelope) == b"null"

    @property
    def opened_at(self) -> datetime:
        """When it began, UTC."""
        return datetime.fromtimestamp(self.opened_at_ms / 1000, UTC)

    @property
    def key(self) -> tuple[int, str, str]:
        """Its place among all turns: sources list by it, and a page goes on after it."""
        return self.opened_at_ms, self.stream, self.request_id

    def of(self, kind: type[Kind]) -> Iterator[Kind]:
        """Events of a type, in their order."""
        return (event for event in self.events if isinstance(event, kind))

    def plain(self, raw: msgspec.Raw) -> Any:
        """A part of the trace as plain data. Raises DamagedTraceError."""
        try:
            return _plain.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise damaged(self.request_id, "holds something that is not JSON") from error


def damaged(request_id: str, why: str) -> DamagedTraceError:
    """The error of one turn that cannot be read."""
    return DamagedTraceError(f"The trace of request {request_id} cannot be read: it {why}.")


def oversize(raw: msgspec.Raw) -> int | None:
    """If a part was too large to be recorded, its size in bytes."""
    if len(raw) > 64 or not bytes(raw).startswith(b'{"oversize_bytes"'):
        return None
    told = _plain.decode(raw)
    size = told.get("oversize_bytes") if isinstance(told, dict) else None
    return size if isinstance(size, int) else None


def recorded(row: Mapping[str, Any], raw_events: bytes) -> RecordedTurn:
    """A trace row (everything of `TraceRecord` but its events) with its events as JSON.

    Traces of an older shape are lifted to today's. Raises DamagedTraceError.
    """
    request_id = str(row.get("request_id"))
    events, version = _read(request_id, raw_events)
    if not events or not isinstance(events[0], Opened) or not isinstance(events[-1], Sent):
        raise damaged(request_id, "does not begin with `opened` and end with `sent`")
    try:
        turn = msgspec.convert({**row, "raw_events": b"", "events": [], "version": version}, RecordedTurn)
    except msgspec.ValidationError as error:
        raise damaged(request_id, f"has a part of an unknown shape ({error})") from error
    _well_formed(request_id, events)
    return msgspec.structs.replace(turn, events=events, raw_events=bytes(raw_events))


def of_record(record: TraceRecord) -> RecordedTurn:
    """The recorded turn of a trace that has not been through a database. Raises DamagedTraceError."""
    row = {name: getattr(record, name) for name in TraceRecord.__struct_fields__ if name != "events"}
    return recorded(row, msgspec.json.encode(record.events))


def _read(request_id: str, raw_events: bytes) -> tuple[list[AnyTraceEvent], int]:
    """The events in today's shape, and the shape they were recorded in."""
    try:
        events: list[AnyTraceEvent] = _events.decode(raw_events)
        version = events[0].version if events and isinstance(events[0], Opened) else SCHEMA
        if version == SCHEMA:
            return events, version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        version = _version_of(raw_events)
        if version == SCHEMA:
            raise damaged(request_id, f"has a part of an unknown shape ({error})") from error
    if version > SCHEMA:
        why = f"was recorded by a newer version (shape {version}; this one reads up to {SCHEMA})"
        raise damaged(request_id, why)
    lifted, reached = _plain.decode(raw_events), version
    try:
        while reached < SCHEMA:
            lifted = UPCASTERS[reached](lifted)
            reached += 1
        return _events.decode(msgspec.json.encode(lifted)), version
    except KeyError as error:
        raise damaged(request_id, f"is of shape {version}, which nothing lifts to {SCHEMA}") from error
    except msgspec.ValidationError as error:
        raise damaged(
            request_id, f"does not fit after being lifted from shape {version} ({error})"
        ) from error


def _version_of(raw_events: bytes) -> int:
    """The shape a trace says it has, as far as it can be read at all."""
    try:
        told = _version.decode(raw_events)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return SCHEMA
    return told[0].version if told else SCHEMA


def _well_formed(request_id: str, events: list[AnyTraceEvent]) -> None:
    """What a replay relies on: calls are asked once and before anything else is said of them, receptions are
    counted without a gap, one opening, one end.
    """
    asked = received = 0
    open_calls: set[int] = set()
    for number, event in enumerate(events):
        if isinstance(event, Asked):
            asked += 1
            if event.call != asked:
                raise damaged(request_id, f"misses a question before call {event.call}")
            open_calls.add(event.call)
        elif isinstance(event, Answered | Failed):
            received += 1
            if event.seq != received:
                raise damaged(request_id, f"misses a finding before reception {event.seq}")
            if event.call not in open_calls:
                raise damaged(request_id, f"answers call {event.call}, which is not open")
            open_calls.remove(event.call)
        elif isinstance(event, Late | Dropped):
            if event.call not in open_calls:
                raise damaged(request_id, f"ends call {event.call}, which is not open")
            open_calls.remove(event.call)
        elif isinstance(event, GaveUp) and event.call > asked:
            raise damaged(request_id, f"gives up call {event.call} before it was asked")
        elif isinstance(event, Opened | Sent) and 0 < number < len(events) - 1:
            raise damaged(request_id, "opens or ends in the middle")
