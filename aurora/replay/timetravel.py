"""What was known of a person at some point: the log of the identity, folded up to there by the reducers."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from aurora.contract.turn import iso_ms
from aurora.replay.differences import Difference, of_values
from aurora.replay.model import RecordedTurn, ReplayError
from aurora.replay.sources import Selection, TurnSource
from aurora.replay.sources import first as first_turn
from aurora.replay.view import view_of
from aurora.store.projections import RowKey, apply
from aurora.store.rows import ArtifactRow, ConversationRow, LogRow, PlanRow, ProfileRow, Row, RunRow
from aurora.store.trace_reading import Head, StoredEvent

_LARGEST = 2**63 - 1


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A point of a stream: after version `version`, at the instant `at_ms` (epoch milliseconds, the log's own
    clock), after what `request_id` appended, or now.
    """

    kind: Literal["version", "time", "request", "now"]
    version: int = 0
    at_ms: int = 0
    request_id: str = ""

    def __str__(self) -> str:
        if self.kind == "version":
            return f"version {self.version}"
        if self.kind == "time":
            return iso_ms(datetime.fromtimestamp(self.at_ms / 1000, UTC))
        return f"request {self.request_id}" if self.kind == "request" else "now"


class AsOf(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of an identity. version: of the last event in it, 0 if there is none yet. last_event:
    its type; last_at: when it happened, ISO-8601 UTC.

    profile: the facts that were said. skin_logs: by day, newest first. artifact: the newest, with its plan.
    conversations: by brief. recommendation_runs: ids, newest first.
    """

    stream: str
    point: str
    version: int
    last_event: str | None
    last_at: str | None
    profile: dict[str, Any] | None
    skin_logs: dict[str, dict[str, Any]]
    artifact: dict[str, Any] | None
    conversations: dict[str, dict[str, Any]]
    recommendation_runs: list[str]


def point_of(text: str) -> Point:
    """Read a point: a version (`17`), an instant (`2026-11-24T10:30:00Z`; without an offset UTC; a date alone
    is its first moment), `now`, or a request id. Raises ReplayError for an empty text.
    """
    told = text.strip()
    if not told:
        raise ReplayError("A point is a version, a time, `now`, or a request id.")
    if told.lower() == "now":
        return Point(kind="now")
    if told.isascii() and told.isdigit():
        return Point(kind="version", version=min(int(told[:20]), _LARGEST))
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return Point(kind="request", request_id=told)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return Point(kind="time", at_ms=int(moment.timestamp() * 1000))


async def stream_for(source: TurnSource, selection: Selection) -> str:
    """The stream that a selection is about: of the identity it names, else of its first turn.

    Raises ReplayError: nothing named, unknown.
    """
    if selection.stream is not None:
        return selection.stream
    if (selection.request_id, selection.trace_id, selection.brief_id) == (None, None, None):
        raise ReplayError("Say whose memory: name a uid, or a request, trace or brief of theirs.")
    return (await first_turn(source, selection)).stream


async def as_of(source: TurnSource, stream: str, point: Point) -> AsOf:
    """What was known at a point. Raises ReplayError: unknown or erased identity, no such point."""
    head = await source.head(stream)
    if head is None:
        raise ReplayError("Nothing is known of this identity.")
    until = await _bound(source, stream, point, head)
    rows: dict[RowKey, Row] = {}
    first: StoredEvent | None = None
    last: StoredEvent | None = None
    async with aclosing(source.facts(stream)) as facts:
        async for stored in facts:
            first = first or stored
            if stored.event.version > until:
                break
            if point.kind == "time" and stored.recorded_at_ms > point.at_ms:
                break
            apply(rows, stored.event)
            last = stored
    if head.erased_at is not None:
        _refuse_erased(head.erased_at, first, point, until)
    return _told(stream, point, rows, last)


def _refuse_erased(erased_at: str, first: StoredEvent | None, point: Point, until: int) -> None:
    """Versions go on after an erasure, so a point from before it must not look like an empty beginning."""
    if first is None:
        raise ReplayError(f"This identity was erased at {erased_at}; there is nothing left to show.")
    erased_ms = datetime.fromisoformat(erased_at).timestamp() * 1000
    if until < first.event.version - 1 or (point.kind == "time" and point.at_ms < erased_ms):
        raise ReplayError(f"What was known at {point} is gone: this identity was erased at {erased_at}.")


async def compare(source: TurnSource, stream: str, before: Point, after: Point) -> list[Difference]:
    """What changed between two points, at most 50 differences. Raises ReplayError."""
    was, now = await as_of(source, stream, before), await as_of(source, stream, after)
    skipped = {"stream", "point", "version", "last_event", "last_at"}
    sides = [
        {name: value for name, value in msgspec.to_builtins(side).items() if name not in skipped}
        for side in (was, now)
    ]
    return of_values("memory", "$", *sides)


async def _bound(source: TurnSource, stream: str, point: Point, head: Head) -> int:
    """The last version that counts."""
    if point.kind == "version":
        if point.version > head.version:
            raise ReplayError(
                f"There is no version {point.version} yet: this identity stands at {head.version}."
            )
        return point.version
    if point.kind != "request":
        return head.version
    found = 0
    async for stored in source.facts(stream):
        if stored.event.meta.request_id == point.request_id:
            found = stored.event.version
    if found:
        return found
    turn = await first_turn(source, Selection(request_id=point.request_id))
    if turn.stream != stream:
        raise ReplayError(f"Request {point.request_id} was not of this identity.")
    return _version_read(turn)


def _version_read(turn: RecordedTurn) -> int:
    """The version a turn read that appended nothing; what had been appended before it, if it read nothing."""
    before = view_of(turn).memory_before or {}
    version = before.get("version")
    if isinstance(version, int):
        return version
    raise ReplayError(f"Request {turn.request_id} neither read nor changed what is known: name a time.")


def _told(stream: str, point: Point, rows: dict[RowKey, Row], last: StoredEvent | None) -> AsOf:
    profile = rows.get((ProfileRow, ""))
    artifacts = [row for row in rows.values() if isinstance(row, ArtifactRow)]
    newest = max(artifacts, key=lambda row: (row.created_at, row.version), default=None)
    plans = [
        row
        for row in rows.values()
        if isinstance(row, PlanRow) and newest is not None and row.artifact_id == newest.artifact_id
    ]
    plan = max(plans, key=lambda row: (row.created_at, row.version), default=None)
    logs = sorted((row for row in rows.values() if isinstance(row, LogRow)), key=lambda row: row.log_date)
    runs = sorted((row for row in rows.values() if isinstance(row, RunRow)), key=lambda row: row.version)
    return AsOf(
        stream=stream,
        point=str(point),
        version=last.event.version if last is not None else 0,
        last_event=type(last.event.fact).__name__ if last is not None else None,
        last_at=last.event.meta.occurred_at if last is not None else None,
        profile=_said(profile) if isinstance(profile, ProfileRow) else None,
        skin_logs={row.log_date: msgspec.to_builtins(row.as_log()) for row in reversed(logs)},
        artifact=msgspec.to_builtins(newest.as_artifact(plan.plan_json if plan is not None else None))
        if newest is not None
        else None,
        conversations={
            row.brief_id: msgspec.to_builtins(row.state)
            for row in rows.values()
            if isinstance(row, ConversationRow)
        },
        recommendation_runs=[row.reco_run_id for row in reversed(runs)],
    )


def _said(row: ProfileRow) -> dict[str, Any]:
    """The facts that were said; the others are left out."""
    plain: dict[str, Any] = msgspec.to_builtins(row.as_profile())
    return {name: value for name, value in plain.items() if value not in (None, [])}
