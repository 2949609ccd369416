"""The store over PostgreSQL: a thin face over journal, reader and database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
import trio

from aurora.contract.memory import Memory, SkinLog
from aurora.contract.turn import Identity
from aurora.settings import Settings
from aurora.store.facts import AnalysisCompleted, NewFact
from aurora.store.journal import Journal
from aurora.store.maintenance import Maintenance
from aurora.store.port import Appended, TraceRecord
from aurora.store.postgres import Database
from aurora.store.reading import Reader
from aurora.store.states import StateCache


class PostgresStore:
    """`store.port.Store` over PostgreSQL. Opened by `store.open.open_store`, which runs its tasks."""

    storage = "db"

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], datetime]) -> None:
        """clock: now, UTC; it ages conversations, artifacts and partitions, and dates nothing."""
        cache = StateCache()
        self.database = database
        self.journal = Journal(database, cache)
        self.reader = Reader(
            database, cache, artifact_age=timedelta(days=settings.artifact_max_age_days), clock=clock
        )
        self.maintenance = Maintenance(database, self.journal, settings, clock)
        self._keeps_diagnosis = settings.artifact_retention_days > 0

    def start(self, nursery: trio.Nursery) -> None:
        """Start the tasks. `drain` before the nursery ends."""
        nursery.start_soon(self.journal.run)
        nursery.start_soon(self.reader.run)
        nursery.start_soon(self.maintenance.run)

    async def drain(self) -> None:
        """Refuse what is new and write what waits; bounded, shielded."""
        await self.journal.drain()

    async def read(self, identity: Identity, brief_id: str | None) -> Memory:
        """See `Store.read`."""
        return await self.reader.memory(identity.stream, brief_id)

    async def recent_logs(self, identity: Identity, limit: int) -> list[SkinLog]:
        """See `Store.recent_logs`."""
        return await self.reader.logs(identity.stream, limit)

    async def append(
        self, identity: Identity, facts: Sequence[NewFact], *, epoch: int | None = None
    ) -> Appended:
        """See `Store.append`."""
        if not self._keeps_diagnosis:
            facts = [without_diagnosis(new) for new in facts]
        return await self.journal.append(identity.stream, facts, epoch)

    def trace(self, record: TraceRecord) -> None:
        """See `Store.trace`."""
        self.journal.trace(record)

    async def erase(self, identity: Identity) -> None:
        """See `Store.erase`."""
        await self.journal.erase(identity.stream)

    async def ping(self) -> None:
        """See `Store.ping`."""
        await self.database.ping()


def without_diagnosis(new: NewFact) -> NewFact:
    """The same fact without artifact and plan: what is kept with AURORA_DIAG_ARTIFACT_RETENTION_DAYS=0."""
    if not isinstance(new.fact, AnalysisCompleted):
        return new
    return msgspec.structs.replace(new, fact=msgspec.structs.replace(new.fact, artifact=None, plan=None))
