"""A turn's budget: one absolute deadline, counted from the kernel's arrival of the request's bytes.

Everything a turn waits for is bounded by it. A child's own limit never adds time: its deadline is
`min(what remains, own cap)`. Instants are trio's clock in seconds; spans are whole milliseconds.
"""

from __future__ import annotations

import msgspec


class Budget(msgspec.Struct, frozen=True):
    """name: what the turn is doing (`chat`, `reco` ...). ms: the budget. arrival: trio instant."""

    name: str
    ms: int
    arrival: float

    @property
    def deadline(self) -> float:
        """Trio instant by which the answer is due."""
        return self.arrival + self.ms / 1000

    def at_ms(self, now: float) -> int:
        """Whole milliseconds from arrival to `now`, never negative."""
        # A microsecond of grace: instants are floats, and 0.3 s must not read as 299 ms.
        return max(0, int((now - self.arrival) * 1000 + 0.001))

    def remaining_ms(self, now: float) -> int:
        """Whole milliseconds left at `now`; 0 when it is spent."""
        return max(0, self.ms - self.at_ms(now))

    def capped(self, now: float, cap_ms: int) -> float:
        """Deadline of a child with its own limit of `cap_ms` (0: none)."""
        return min(self.deadline, now + cap_ms / 1000) if cap_ms > 0 else self.deadline
