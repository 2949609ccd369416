"""Retention (decision 28): trace partitions ahead and behind, yesterday's conversations, old artifacts.

Every worker runs it; what two of them do at once is harmless (checks first, advisory lock, same event id).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
import trio

from aurora import telemetry
from aurora.contract.turn import iso_ms
from aurora.settings import Settings
from aurora.store.accounts_db import EXPIRED
from aurora.store.facts import DiagnosisExpired, FactMeta, NewFact
from aurora.store.feed import held_events
from aurora.store.journal import Journal
from aurora.store.knowledge_db import FORGOTTEN, TOO_MANY
from aurora.store.port import StoreError
from aurora.store.postgres import Connection, Database
from aurora.store.reading import CONVERSATION_TTL
from aurora.store.traces import drop_days_before, ensure_days

log = structlog.get_logger(__name__)

EVERY_S: Final = 3600.0
RETRY_S: Final = 60.0
_DAYS_AHEAD: Final = 3
_BATCH: Final = 500
_MOST_BATCHES: Final = 200

_AGED: Final = """
SELECT stream FROM (
  (SELECT stream FROM aurora_skin_diagnosis_artifacts WHERE created_at < $1 LIMIT $2)
  UNION (SELECT stream FROM aurora_ingredient_plans WHERE created_at < $1 LIMIT $2)
  UNION (SELECT stream FROM aurora_reco_runs WHERE created_at < $1 LIMIT $2)
) aged ORDER BY stream"""
_OLD_TALKS: Final = """
DELETE FROM aurora_conversations c USING (
  SELECT stream, brief_id FROM aurora_conversations WHERE updated_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED) old
WHERE c.stream = old.stream AND c.brief_id = old.brief_id"""
# The events that moved them go too: they hold what was said, and it is kept a day (decision 1).
_OLD_MOVES: Final = """
DELETE FROM aurora_events e USING (
  SELECT stream, version FROM aurora_events
  WHERE type = 'ConversationMoved' AND recorded_at < $1 LIMIT $2) old
WHERE e.stream = old.stream AND e.version = old.version"""


class Maintenance:
    """The tasks of retention; `run` does them now and every hour."""

    def __init__(
        self, database: Database, journal: Journal, settings: Settings, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._journal = journal
        self._settings = settings
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled. What fails is logged and tried again a minute later."""
        while True:
            pause_s = EVERY_S
            try:
                await self.once()
            except StoreError as error:
                log.warning("maintenance_failed", error=str(error))
                pause_s = RETRY_S
            await trio.sleep(pause_s)

    async def once(self) -> None:
        """All of it, as of the clock. Raises StoreError."""
        now = self._clock()
        await self._database.run(lambda connection: self._partitions(connection, now))
        await self._age(now)
        for statement in (_OLD_TALKS, _OLD_MOVES):
            await self._delete(statement, now - CONVERSATION_TTL)
        for statement in EXPIRED:
            await self._delete(statement, now)
        for statement in FORGOTTEN:
            await self._delete(statement, now - timedelta(days=self._settings.kb_retention_days))
        for statement in TOO_MANY:
            await self._delete(statement, self._settings.kb_max_rows)
        telemetry.feed_lag.set(await self._database.run(held_events))

    async def _partitions(self, connection: Connection, now: datetime) -> None:
        today = now.date()
        await ensure_days(connection, [today + timedelta(days=n) for n in range(-1, _DAYS_AHEAD + 1)])
        dropped = await drop_days_before(connection, today - timedelta(days=self._settings.retention_days))
        if dropped:
            log.info("trace_days_dropped", days=len(dropped))

    async def _age(self, now: datetime) -> None:
        """Artifacts, plans and runs go by an event, so that a rebuild forgets them as well."""
        before = (now - timedelta(days=self._settings.artifact_retention_days)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        fact = DiagnosisExpired(before=iso_ms(before))
        meta = FactMeta(
            request_id="retention", trace_id="retention", occurred_at=iso_ms(now), causation="retention"
        )
        for _ in range(_MOST_BATCHES):
            rows = await self._database.run(lambda connection: connection.fetch(_AGED, before, _BATCH))
            for (stream,) in rows:
                # The same id on every worker: the second one answers with the first one's version.
                name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{stream} expired {fact.before}"))
                await self._journal.append(stream, [NewFact(event_id=name, fact=fact, meta=meta)], None)
            if len(rows) < _BATCH:
                return

    async def _delete(self, statement: str, beyond: datetime | int) -> None:
        """Rows older than an instant, or more than a number of them, a batch at a time."""
        for _ in range(_MOST_BATCHES):
            tag = await self._database.run(lambda connection: connection.execute(statement, beyond, _BATCH))
            if int(tag.rsplit(" ", 1)[-1]) < _BATCH:
                return
