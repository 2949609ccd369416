"""What is known of products in a simulated world: a table that is slow or fails, and a limiter that waits.

As in the real one, what is verified is never written over by what is not, and a cancelled asker takes nothing
back.
"""

from __future__ import annotations

from datetime import datetime

import trio

from aurora.actors.house import House
from aurora.actors.knowledge import knowledge_handler
from aurora.actors.knowledge_shelf import KnowledgeShelf
from aurora.store.accounts import Limited
from aurora.store.knowledge import KnowledgeKind, KnowledgeRow
from aurora.store.limits import Limiter, Tries
from aurora.store.port import StoreError
from soak.simulation_dice import KNOWLEDGE_READ, KNOWLEDGE_WRITE, Dice
from soak.simulation_store import ERRORS

QUICK_MS = (0, 0, 1, 5, 40)
SLOW_MS = (250, 299, 300, 301, 399, 400, 401, 2000)
FRESH_HOURS = (336, 336, 0)  # 0: whatever is read is old, and renewed in the background


class SimulatedKnowledge:
    """`store.knowledge.KnowledgeStore` in memory.

    rows: by kind and key, as they stand. written: every row that ever stood. held: what the memory in front
    of it had in the end, of these rows.
    """

    lasting = True

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._tardy = bool(dice.heat) and dice.chance(0.3)
        self.rows: dict[tuple[KnowledgeKind, str], KnowledgeRow] = {}
        self.written: list[KnowledgeRow] = []
        self.held: dict[tuple[KnowledgeKind, str], KnowledgeRow] = {}

    async def recall(self, kind: KnowledgeKind, keys: tuple[str, ...]) -> KnowledgeRow | None:
        """See `KnowledgeStore.recall`."""
        fault = self._dice.fault(KNOWLEDGE_READ)
        await self._works(slowly=fault == "knowledge.read_slow")
        if fault == "knowledge.read_failed":
            raise StoreError(*self._dice.pick(ERRORS))
        return next((row for key in keys if (row := self.rows.get((kind, key)))), None)

    async def keep(self, kind: KnowledgeKind, row: KnowledgeRow) -> bool:
        """See `KnowledgeStore.keep`."""
        fault = self._dice.fault(KNOWLEDGE_WRITE)
        await self._works(slowly=fault == "knowledge.write_slow")
        if fault == "knowledge.write_failed":
            raise StoreError(*self._dice.pick(ERRORS))
        stands = self.rows.get((kind, row.key))
        if stands is not None:
            better = row.verified and not stands.verified
            if (stands.verified and not row.verified) or (row.written_at < stands.written_at and not better):
                return False
        self.rows[kind, row.key] = row
        self.written.append(row)
        return True

    def look_into(self, shelf: KnowledgeShelf) -> None:
        """Take note of what the memory of `shelf` holds."""
        for kind, key in self.rows:
            held = shelf._held[kind].get(key, old_too=True)
            if held is not None:
                self.held[kind, key] = held

    async def _works(self, *, slowly: bool) -> None:
        await trio.sleep(self._dice.pick(SLOW_MS if slowly or self._tardy else QUICK_MS) / 1000)


class SimulatedLimiter(Limiter):
    """Counts here, after as long as a database may take."""

    def __init__(self, dice: Dice) -> None:
        super().__init__(None)
        self._dice = dice

    async def tried(self, tries: Tries, now: datetime) -> Limited | None:
        """See `Limiter.tried`."""
        slowly = self._dice.fault(KNOWLEDGE_READ) == "knowledge.read_slow"
        await trio.sleep(self._dice.pick(SLOW_MS if slowly else QUICK_MS) / 1000)
        return await super().tried(tries, now)


def keep_knowledge(house: House, table: SimulatedKnowledge, dice: Dice) -> None:
    """Put the real shelf of `house` over this table, and its actor over both."""
    desk = house.knowledge
    desk.shelf = KnowledgeShelf(table, house.settings)
    desk.limiter = SimulatedLimiter(dice)
    handler = knowledge_handler(desk.shelf, desk.refresher, desk.limiter, house.settings)
    house.actors = {**house.actors, "knowledge": handler}
