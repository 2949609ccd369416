"""The store that keeps nothing (retention 0) and the one that is not there (no database configured)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import trio

from aurora.contract.memory import Memory, SkinLog, StoredArtifact
from aurora.contract.turn import Identity, iso_ms
from aurora.settings import Settings
from aurora.store.durable import without_diagnosis
from aurora.store.facts import NewFact
from aurora.store.port import Appended, StoreError, TraceRecord
from aurora.store.projections import Event, RowKey, apply, erased_since
from aurora.store.reading import CONVERSATION_TTL
from aurora.store.rows import (
    ArtifactRow,
    ClickRow,
    ConversationRow,
    FeedbackRow,
    LogRow,
    PlanRow,
    ProfileRow,
    Row,
    RunRow,
)
from aurora.store.states import LOGS_KEPT

# Per identity. Contract A 11 names 30 artifacts, 20 runs, 10 plans an artifact; a year of check-ins is ours.
_KEPT: Final[dict[type[Row], int]] = {
    LogRow: 400,
    ArtifactRow: 30,
    PlanRow: 300,
    RunRow: 20,
    ConversationRow: 50,
    FeedbackRow: 200,
    ClickRow: 200,
}
_IDS_KEPT: Final = 512

R = TypeVar("R", bound=Row)


class _Person:
    """Everything known of one identity."""

    def __init__(self, epoch: int = 0, erased_at: str = "") -> None:
        self.version = 0
        self.epoch = epoch
        self.erased_at = erased_at
        self.rows: dict[RowKey, Row] = {}
        self.recorded: OrderedDict[str, int] = OrderedDict()

    def all_of(self, kind: type[R]) -> list[R]:
        return [row for row in self.rows.values() if isinstance(row, kind)]

    def newest_logs(self, limit: int) -> list[SkinLog]:
        rows = sorted(self.all_of(LogRow), key=lambda row: row.log_date, reverse=True)
        return [row.as_log() for row in rows[:limit]]

    def trim(self) -> None:
        """Keep what `_KEPT` allows, the latest written first."""
        for kind, most in _KEPT.items():
            keys = [key for key in self.rows if key[0] is kind]
            if len(keys) > most:
                for key in sorted(keys, key=lambda key: self.rows[key].version)[: len(keys) - most]:
                    del self.rows[key]
        while len(self.recorded) > _IDS_KEPT:
            self.recorded.popitem(last=False)


class EphemeralStore:
    """`store.port.Store` in this process's memory. The identities written longest ago go first."""

    storage = "ephemeral"

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        """clock: now, UTC; it only ages conversations and artifacts."""
        self._people: OrderedDict[str, _Person] = OrderedDict()
        self._limit = settings.ephemeral_max_identities
        # Epoch of whoever is not here. It rises when a tombstone has to go, so that a turn which read the
        # person before the erasure still cannot bring anything back.
        self._absent_epoch = 0
        self._absent_erased_at = ""
        self._artifact_age = timedelta(days=settings.artifact_max_age_days)
        self._keeps_diagnosis = settings.artifact_retention_days > 0
        self._clock = clock

    async def read(self, identity: Identity, brief_id: str | None) -> Memory:
        """See `Store.read`."""
        await trio.lowlevel.checkpoint()
        person = self._people.get(identity.stream)
        if person is None:
            return Memory(epoch=self._absent_epoch)
        profile = person.rows.get((ProfileRow, ""))
        talk = person.rows.get((ConversationRow, brief_id)) if brief_id is not None else None
        now = self._clock()
        if not isinstance(talk, ConversationRow) or talk.updated_at <= iso_ms(now - CONVERSATION_TTL):
            talk = None
        return Memory(
            profile=profile.as_profile() if isinstance(profile, ProfileRow) else None,
            recent_logs=person.newest_logs(LOGS_KEPT),
            artifact=_best(person, brief_id, talk, iso_ms(now - self._artifact_age)),
            conversation=talk.state if talk is not None else None,
            version=person.version,
            epoch=person.epoch,
        )

    async def recent_logs(self, identity: Identity, limit: int) -> list[SkinLog]:
        """See `Store.recent_logs`."""
        await trio.lowlevel.checkpoint()
        person = self._people.get(identity.stream)
        return person.newest_logs(limit) if person is not None else []

    async def append(
        self, identity: Identity, facts: Sequence[NewFact], *, epoch: int | None = None
    ) -> Appended:
        """See `Store.append`."""
        stream = identity.stream
        person = self._people.get(stream) or _Person(self._absent_epoch, self._absent_erased_at)
        if erased_since(facts, epoch, person.epoch, person.erased_at):
            raise StoreError("erased")
        versions: list[int] = []
        rows, recorded, version = dict(person.rows), person.recorded.copy(), person.version
        for new in facts:
            known = recorded.get(new.event_id)
            if known is None:
                version += 1
                known = recorded[new.event_id] = version
                kept = new if self._keeps_diagnosis else without_diagnosis(new)
                apply(rows, Event(stream, version, kept.event_id, kept.fact, kept.meta))
            versions.append(known)
        person.rows, person.recorded, person.version = rows, recorded, version
        person.trim()
        self._keep(stream, person)
        # Not before: a caller who is cut has handed its facts over all the same, as with the journal.
        await trio.lowlevel.checkpoint()
        profile = rows.get((ProfileRow, ""))
        return Appended(
            versions=versions,
            memory=Memory(
                profile=profile.as_profile() if isinstance(profile, ProfileRow) else None,
                recent_logs=person.newest_logs(LOGS_KEPT),
                version=person.version,
                epoch=person.epoch,
            ),
        )

    def trace(self, record: TraceRecord) -> None:
        """Nothing is persisted, so nothing is traced."""

    async def erase(self, identity: Identity) -> None:
        """See `Store.erase`."""
        await trio.lowlevel.checkpoint()
        stream = identity.stream
        old = self._people.get(stream) or _Person(self._absent_epoch, self._absent_erased_at)
        tombstone = _Person()
        tombstone.version, tombstone.epoch = old.version + 1, old.epoch + 1
        tombstone.erased_at = iso_ms(self._clock())
        self._keep(stream, tombstone)

    async def ping(self) -> None:
        """There is nothing to reach."""
        await trio.lowlevel.checkpoint()

    def _keep(self, stream: str, person: _Person) -> None:
        self._people[stream] = person
        self._people.move_to_end(stream)
        while len(self._people) > self._limit:
            _, gone = self._people.popitem(last=False)
            self._absent_epoch = max(self._absent_epoch, gone.epoch)
            self._absent_erased_at = max(self._absent_erased_at, gone.erased_at)


def _best(
    person: _Person, brief_id: str | None, talk: ConversationRow | None, oldest: str
) -> StoredArtifact | None:
    """As the database chooses: named by the conversation, of this brief, of none, any; newest first."""
    usable = [row for row in person.all_of(ArtifactRow) if row.created_at > oldest]
    if not usable:
        return None
    named = talk.state.latest_artifact_id if talk is not None else None

    def rank(row: ArtifactRow) -> int:
        if named is not None and row.artifact_id == named:
            return 3
        if row.session_id is None:
            return 1
        return 2 if row.session_id == brief_id else 0

    best = max(usable, key=lambda row: (rank(row), row.created_at, row.artifact_id))
    plans = [row for row in person.all_of(PlanRow) if row.artifact_id == best.artifact_id]
    newest = max(plans, key=lambda row: (row.created_at, row.version), default=None)
    return best.as_artifact(newest.plan_json if newest is not None else None)


class NotConfiguredStore:
    """No DATABASE_URL and no embedded database: every call says so (contract A 5, code NO_DATABASE)."""

    storage = "db"

    async def read(self, identity: Identity, brief_id: str | None) -> Memory:
        """Raises StoreError."""
        raise await _absent(identity, brief_id)

    async def recent_logs(self, identity: Identity, limit: int) -> list[SkinLog]:
        """Raises StoreError."""
        raise await _absent(identity, limit)

    async def append(
        self, identity: Identity, facts: Sequence[NewFact], *, epoch: int | None = None
    ) -> Appended:
        """Raises StoreError."""
        raise await _absent(identity, facts, epoch)

    def trace(self, record: TraceRecord) -> None:
        """There is nowhere to keep it."""

    async def erase(self, identity: Identity) -> None:
        """Raises StoreError."""
        raise await _absent(identity)

    async def ping(self) -> None:
        """Raises StoreError."""
        raise await _absent()


async def _absent(*_: object) -> StoreError:
    await trio.lowlevel.checkpoint()
    return StoreError("not_configured", "NO_DATABASE")
