"""SQL that reads states and memories for many at once. Asyncio side: each function is part of a unit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from aurora.contract.memory import Conversation, SkinLog, StoredArtifact
from aurora.store.postgres import Connection
from aurora.store.rows import ArtifactRow, LogRow, ProfileRow, columns
from aurora.store.states import LOGS_KEPT, StreamState

_profile = msgspec.json.Decoder(ProfileRow)
_logs = msgspec.json.Decoder(list[LogRow])
_artifact = msgspec.json.Decoder(ArtifactRow)
_conversation = msgspec.json.Decoder(Conversation)
_plan = msgspec.json.Decoder(dict[str, Any])

# Tables start small and grow; a plan made for a small one must not outlive it. Every query here is by key.
_TUNING: Final = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"

_HEAD: Final = """coalesce(h.version, 0) AS version, coalesce(h.epoch, 0) AS epoch,
  coalesce(to_char(h.erased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '') AS erased_at"""
_PROFILE: Final = f"""(SELECT to_json(x)::text FROM (SELECT {columns(ProfileRow)} FROM aurora_user_profiles t
    WHERE t.stream = r.stream) x)"""
_NEWEST: Final = f"""(SELECT json_agg(x ORDER BY x.log_date DESC)::text FROM (
    SELECT {columns(LogRow)} FROM aurora_skin_logs t
    WHERE t.stream = r.stream ORDER BY t.log_date DESC LIMIT {LOGS_KEPT}) x)"""

_STATES: Final = f"""
SELECT r.stream, {_HEAD}, {_PROFILE} AS profile, {_NEWEST} AS logs
FROM unnest($1::text[]) AS r (stream) LEFT JOIN aurora_streams h ON h.stream = r.stream"""

# What is remembered of a stream need not be read again while its head stands where it was remembered.
_MOVED: Final = "coalesce(h.version, 0) <> r.known"
# Artifact: the one the conversation names, else of this brief, else of no brief, else any; newest first.
_MEMORIES: Final = f"""
SELECT {_HEAD},
  CASE WHEN {_MOVED} THEN {_PROFILE} END AS profile,
  CASE WHEN {_MOVED} THEN {_NEWEST} END AS logs,
  c.state::text AS conversation, to_json(a)::text AS artifact,
  (SELECT p.plan_json::text FROM aurora_ingredient_plans p
    WHERE p.stream = r.stream AND p.artifact_id = a.artifact_id ORDER BY p.created_at DESC LIMIT 1) AS plan
FROM unnest($1::text[], $2::text[], $5::bigint[]) WITH ORDINALITY AS r (stream, brief, known, n)
LEFT JOIN aurora_streams h ON h.stream = r.stream
LEFT JOIN aurora_conversations c ON c.stream = r.stream AND c.brief_id = r.brief AND c.updated_at > $3
LEFT JOIN LATERAL (
  SELECT {columns(ArtifactRow)} FROM aurora_skin_diagnosis_artifacts t
  WHERE t.stream = r.stream AND t.created_at > $4
  ORDER BY CASE WHEN t.artifact_id = c.state->>'latest_artifact_id' THEN 0 WHEN t.session_id = r.brief THEN 1
    WHEN t.session_id IS NULL THEN 2 ELSE 3 END, t.created_at DESC, t.artifact_id DESC
  LIMIT 1) a ON true
ORDER BY r.n"""

_DAYS: Final = f"""
SELECT to_json(x)::text FROM (SELECT {columns(LogRow)} FROM aurora_skin_logs t
JOIN unnest($1::text[], $2::text[]) AS d (stream, day)
  ON t.stream = d.stream AND t.log_date = d.day::date) x"""

_LOGS: Final = f"""
SELECT (SELECT json_agg(x ORDER BY x.log_date DESC)::text FROM (
  SELECT {columns(LogRow)} FROM aurora_skin_logs t
  WHERE t.stream = r.stream ORDER BY t.log_date DESC LIMIT r.most) x) AS logs
FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS r (stream, most, n) ORDER BY r.n"""

_log = msgspec.json.Decoder(LogRow)


# SQLSTATE of data that is damaged: a row that does not read as what it should be.
UNREADABLE: Final = "XX001"


class Asked(NamedTuple):
    """A memory to read: of which stream, in which brief, and what is remembered of it already."""

    stream: str
    brief_id: str | None
    known: StreamState | None = None


class Loaded(NamedTuple):
    """A memory as read: the stream's state, and what only the asker's brief sees."""

    state: StreamState
    conversation: Conversation | None
    artifact: StoredArtifact | None


async def tune(connection: Connection) -> None:
    """Prepare a lane's connection. Once per connection."""
    await connection.execute(_TUNING)


async def load_states(connection: Connection, streams: Sequence[str]) -> dict[str, StreamState]:
    """The state of each of the distinct `streams`, in one query and one snapshot."""
    return {row[0]: _state(row, 1) for row in await connection.fetch(_STATES, streams)}


async def load_days(
    connection: Connection, days: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], LogRow]:
    """Check-ins by (stream, date), those that exist."""
    streams, dates = [stream for stream, _ in days], [date for _, date in days]
    rows = [_log.decode(row[0]) for row in await connection.fetch(_DAYS, streams, dates)]
    return {(row.stream, row.log_date): row for row in rows}


async def load_memories(
    connection: Connection, asked: Sequence[Asked], *, talks_after: datetime, artifacts_after: datetime
) -> list[Loaded | msgspec.DecodeError]:
    """One memory per question, in order, in one query. The instants bound how old a find may be.

    A row that cannot be read (a bug, or somebody's hands in the tables) is the error of its own person only.
    """
    streams, briefs = [one.stream for one in asked], [one.brief_id for one in asked]
    known = [one.known.version if one.known is not None else -1 for one in asked]
    rows = await connection.fetch(_MEMORIES, streams, briefs, talks_after, artifacts_after, known)
    found: list[Loaded | msgspec.DecodeError] = []
    for one, row in zip(asked, rows, strict=True):
        try:
            found.append(_loaded(row, one.known))
        except msgspec.DecodeError as error:
            found.append(error)
    return found


def _loaded(row: Any, known: StreamState | None) -> Loaded:
    talk, artifact, plan = row[5], row[6], row[7]
    return Loaded(
        known if known is not None and row[0] == known.version else _state(row, 0),
        _conversation.decode(talk) if talk is not None else None,
        _artifact.decode(artifact).as_artifact(_plan.decode(plan) if plan is not None else None)
        if artifact is not None
        else None,
    )


async def load_logs(connection: Connection, asked: Sequence[tuple[str, int]]) -> list[list[SkinLog]]:
    """The newest check-ins per (stream, how many), in order."""
    streams, most = [stream for stream, _ in asked], [many for _, many in asked]
    rows = await connection.fetch(_LOGS, streams, most)
    return [[log.as_log() for log in _logs.decode(row[0])] if row[0] is not None else [] for row in rows]


def _state(row: Any, start: int) -> StreamState:
    profile, logs = row[start + 3], row[start + 4]
    return StreamState.loaded(
        row[start],
        row[start + 1],
        row[start + 2],
        _profile.decode(profile) if profile is not None else None,
        _logs.decode(logs) if logs is not None else [],
    )
