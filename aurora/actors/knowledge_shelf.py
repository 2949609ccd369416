"""What one process knows of products: memory in front, tables behind, a seed file behind those.

Reading never waits for a write: a verified row can be read from the moment it is handed over. Writing goes on
when whoever asked for it is cut; the table itself says whether a row may take the place of the one that
stands (`store.knowledge_db`). Whatever the store does, reading finds a row or none.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import trio

from aurora import telemetry
from aurora.actors.knowledge_cache import TRUSTED_S, KnowledgeCache
from aurora.actors.knowledge_seed import Seed, load_seed
from aurora.rules.knowledge_facts import may_replace
from aurora.settings import Settings
from aurora.store.knowledge import KINDS, KnowledgeKind, KnowledgeRow, KnowledgeStore
from aurora.store.port import StoreError

Place = Literal["memory", "table", "seed", "none"]
Outcome = Literal["", "verified_stands", "store"]
# How long a read of the table may keep a turn waiting. Less than flows wait (400 ms), so that what memory
# still holds gets to them in time.
RECALL_S: Final = 0.25
MOST_WAITING: Final = 256
FLUSH_S: Final = 2.0  # how long a stop waits for rows that were handed over

log = telemetry.get_logger()


class _Write:
    """A row on its way to the table."""

    __slots__ = ("done", "kind", "outcome", "row")

    def __init__(self, kind: KnowledgeKind, row: KnowledgeRow) -> None:
        self.kind = kind
        self.row = row
        self.done = trio.Event()
        self.outcome: Outcome = "store"


class KnowledgeShelf:
    """One per process. `run` writes for its lifetime; without it, rows are written while the asker waits."""

    def __init__(self, store: KnowledgeStore, settings: Settings) -> None:
        """Reads the seed file, if there is one. Raises CannotStartError for a file that cannot be used."""
        trusted_s = TRUSTED_S if store.lasting else math.inf
        rows: Mapping[KnowledgeKind, int] = {
            "product": settings.kb_product_mem_entries,
            "dupes": settings.kb_dupes_mem_entries,
        }
        self._store = store
        self._held = {
            kind: KnowledgeCache(rows[kind], settings.kb_mem_bytes, trusted_s=trusted_s) for kind in KINDS
        }
        self._fresh: Mapping[KnowledgeKind, timedelta] = {
            "product": timedelta(hours=settings.kb_product_fresh_hours),
            "dupes": timedelta(hours=settings.kb_dupes_fresh_hours),
        }
        self._seed: Seed = load_seed(settings)
        self._waiting: deque[_Write] = deque()
        self._wake = trio.Event()
        self._running = False
        self._being_asked: set[tuple[KnowledgeKind, tuple[str, ...]]] = set()

    async def recall(self, kind: KnowledgeKind, keys: tuple[str, ...]) -> tuple[KnowledgeRow | None, Place]:
        """The row of the first key that has one, and where it was found. Never raises; bounded.

        While one turn asks the table whether a row is still current, the others get it as it is: a row that
        everybody wants is read from the table once, not by everybody at once.
        """
        held = self._held[kind]
        found = next(((n, row) for n, key in enumerate(keys) if (row := held.get(key))), None)
        steadier = keys if found is None else keys[: found[0]]
        if steadier:
            asking = (kind, steadier)
            if asking in self._being_asked and (old := self._old(held, keys)) is not None:
                return old, "memory"
            self._being_asked.add(asking)
            try:
                row = await self._ask(kind, steadier)
            except StoreError as error:
                telemetry.storage_failures.labels(error.kind).inc()
                row = self._old(held, keys)
                if row is not None:
                    return row, "memory"
            else:
                if row is not None:
                    return self._newest(held, row), "table"
            finally:
                self._being_asked.discard(asking)
        if found is not None:
            return found[1], "memory"
        if kind == "dupes":
            seeded = next((row for key in keys if (row := self._seed.row(key))), None)
            if seeded is not None:
                return seeded, "seed"
        return None, "none"

    @staticmethod
    def _old(held: KnowledgeCache, keys: tuple[str, ...]) -> KnowledgeRow | None:
        """What memory holds of the first key, current or not."""
        return next((row for key in keys if (row := held.get(key, old_too=True))), None)

    @staticmethod
    def _newest(held: KnowledgeCache, row: KnowledgeRow) -> KnowledgeRow:
        """What the table said, unless a newer row was handed over while it was being asked."""
        known = held.get(row.key, old_too=True)
        if known is not None and known.verified and known.written_at > row.written_at:
            return known
        held.put(row)
        return row

    async def _ask(self, kind: KnowledgeKind, keys: tuple[str, ...]) -> KnowledgeRow | None:
        with trio.move_on_after(RECALL_S):
            return await self._store.recall(kind, keys)
        raise StoreError("unavailable", "ETIMEDOUT")

    def is_fresh(self, kind: KnowledgeKind, row: KnowledgeRow, now: datetime) -> bool:
        """Whether a row is younger than the age limit of its kind. One without a date is not."""
        try:
            written = datetime.fromisoformat(row.verified_at or row.written_at)
        except ValueError:
            return False
        return now - written < self._fresh[kind]

    async def keep(self, kind: KnowledgeKind, row: KnowledgeRow) -> Outcome:
        """Write a row; "" once it stands. Cancelling the caller never cancels the write."""
        held = self._held[kind]
        if not may_replace(stands_verified=held.is_verified(row.key), verified=row.verified):
            return "verified_stands"
        if len(self._waiting) >= MOST_WAITING:
            return "store"
        if row.verified:
            held.put(row)
        write = _Write(kind, row)
        if not self._running:
            await self._settle(write)
            return write.outcome
        self._waiting.append(write)
        self._wake.set()
        await write.done.wait()
        return write.outcome

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Write what is handed over, until cancelled; then, for at most FLUSH_S, what still waits."""
        self._running = True
        grace = trio.CancelScope(shield=True)
        async with trio.open_nursery() as nursery:
            stopping = trio.Event()
            nursery.start_soon(self._work, stopping, grace)
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                self._running = False
                grace.deadline = trio.current_time() + FLUSH_S
                stopping.set()
                self._wake.set()

    async def _work(self, stopping: trio.Event, grace: trio.CancelScope) -> None:
        with grace:
            while True:
                while self._waiting:
                    await self._settle(self._waiting.popleft())
                if stopping.is_set():
                    return
                self._wake = trio.Event()
                await self._wake.wait()

    async def _settle(self, write: _Write) -> None:
        held, row = self._held[write.kind], write.row
        try:
            if await self._store.keep(write.kind, row):
                write.outcome = ""
                held.put(row)
            else:
                write.outcome = "verified_stands"
                held.drop(row.key)  # what stands is read when it is asked for
        except StoreError as error:
            # A verified row stays in memory: it is true, whether or not it lasts.
            telemetry.storage_failures.labels(error.kind).inc()
            log.warning("knowledge_not_written", kind=write.kind, error=str(error))
        finally:
            write.done.set()
