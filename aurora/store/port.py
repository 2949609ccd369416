"""The store as the rest of the house sees it. Two implementations: over PostgreSQL, and in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from aurora.contract.memory import Memory, SkinLog
from aurora.contract.turn import Identity
from aurora.store.facts import NewFact


class StoreError(Exception):
    """The store could not do it.

    kind: `not_configured` (code NO_DATABASE), `schema_not_ready` (42P01, 42703, 42883), `unavailable`
    (any other SQLSTATE, connection errors, timeouts, a version conflict that would not settle),
    `erased` (the identity was erased after this turn began), or `moved` (the stream does not stand where
    the facts were decided).
    """

    def __init__(self, kind: str, code: str | None = None) -> None:
        super().__init__(f"{kind} {code or ''}".strip())
        self.kind = kind
        self.code = code


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """What a durable append answers.

    versions: one per fact, in order. memory: profile, recent_logs, version and epoch as they are after it;
    artifact and conversation are not looked up.
    """

    versions: list[int]
    memory: Memory


class TraceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One turn as it happened, for replay. Times are integer milliseconds after the request's arrival.

    events: list of tagged dicts (`opened`, `asked`, `answered`, `failed`, `late`, `cut`, `sent`), in the
    order in which the assembler received them. outcome: `ok`, `degraded`, `blocked`, `failed`, `abandoned`.
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
    events: list[dict[str, Any]]


class Store(Protocol):
    """Same behaviour over Postgres and in memory; `tests/store/test_port.py` runs against both."""

    storage: str  # "db" or "ephemeral", as profile_deleted says

    async def read(self, identity: Identity, brief_id: str | None) -> Memory:
        """Profile, 7 newest logs, artifact of usable age, conversation, head: a snapshot. Raises StoreError.

        Of several artifacts: the one the conversation names, else of this brief, of none, any; newest first.
        """
        ...

    async def recent_logs(self, identity: Identity, limit: int) -> list[SkinLog]:
        """The `limit` newest skin logs, date descending. Raises StoreError."""
        ...

    async def append(
        self, identity: Identity, facts: Sequence[NewFact], *, epoch: int | None = None
    ) -> Appended:
        """Append atomically and project in the same transaction; returns when durable.

        Cancelling the caller never cancels a write that the journal has taken. `epoch`: of the Memory the
        turn read; None skips the check. A repeated event id answers with the recorded version.
        `Appended.memory` holds profile, logs and version as they are after it (read your writes).
        Raises StoreError.
        """
        ...

    def trace(self, record: TraceRecord) -> None:
        """Hand over a trace; never waits, never raises. Drops and counts when the bounded buffer is full."""
        ...

    async def erase(self, identity: Identity) -> None:
        """Physically delete every row of the identity's stream except its counter. Raises StoreError."""
        ...

    async def ping(self) -> None:
        """One round trip. Raises StoreError."""
        ...
