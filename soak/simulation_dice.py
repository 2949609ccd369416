"""Seeded chance: what goes wrong in a simulated world, and how often it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

# What can go wrong, by named point, with its weight among what can go wrong there.
UPSTREAM: Mapping[str, int] = {
    "upstream.slow": 6,
    "upstream.stall": 4,
    "upstream.late": 3,
    "upstream.failure": 5,
    "upstream.status": 4,
    "upstream.garbage": 8,
    "upstream.huge": 1,
    "upstream.large": 1,
}
READ: Mapping[str, int] = {"store.read_slow": 4, "store.read_failed": 3, "store.erased_meanwhile": 3}
APPEND: Mapping[str, int] = {"store.append_slow": 8, "store.append_failed": 3, "store.told_late": 3}
ERASE: Mapping[str, int] = {"store.erase_slow": 2, "store.erase_failed": 1}
KNOWLEDGE_READ: Mapping[str, int] = {"knowledge.read_slow": 3, "knowledge.read_failed": 2}
KNOWLEDGE_WRITE: Mapping[str, int] = {"knowledge.write_slow": 3, "knowledge.write_failed": 2}
PAGE: Mapping[str, int] = {"page.slow": 3, "page.failed": 2}
PIXELS: Mapping[str, int] = {"pixels.slow": 3, "pixels.died": 1}
CLIENT: Mapping[str, int] = {"client.hangup": 1}
ARRIVAL: Mapping[str, int] = {"request.waited": 1}
ACTOR: Mapping[str, int] = {"actor.bug": 1}
PROCESS: Mapping[str, int] = {"process.shutdown": 1}


class Dice:
    """The one source of chance of a world. heat: 0 to 1, how likely a named point is to go wrong.

    struck: how often each fault happened.
    """

    def __init__(self, seed: int, heat: float) -> None:
        self._random = Random(f"aurora:{seed}")
        self.heat = heat
        self.struck: Counter[str] = Counter()

    def fault(self, table: Mapping[str, int], share: float = 1.0) -> str:
        """The fault that strikes now, blank for none. share: of the world's heat, at this point."""
        if self._random.random() >= self.heat * share:
            return ""
        name = self._random.choices(list(table), list(table.values()))[0]
        self.struck[name] += 1
        return name

    def happened(self, name: str) -> None:
        """Count a fault that was set up rather than drawn."""
        self.struck[name] += 1

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, all equally likely."""
        return self._random.choice(choices)

    def chance(self, share: float) -> bool:
        """True this often."""
        return self._random.random() < share

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)
