"""The clerk: one task that cuts due turns, earliest deadline first, early enough that the last is on time.

When many turns are due at once, the queue of finishing work is what makes the last of them late. So the
clerk plans backwards: from the last due turn to the first, each must start `cost_ms` before the next one's
start, and `floor_ms` before its own deadline. Between cuts it pauses `pace_ms`, in which the turn that
was just cut sends its answer. In the quiet case a turn is cut `floor_ms + cost_ms` early; in a burst the
first go out earlier, never more than `max_lead_ms`.

The constants were measured with bursts of 100 turns on a box where finishing one took some 2.5 ms;
`calibrate` scales that to the machine at hand. Each turn's scope carries its deadline too, so that a budget
holds even if the clerk were never scheduled.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, insort
from collections.abc import Sequence

import trio

FLOOR_MS = 8.0
PACE_MS = 2.0
MAX_LEAD_MS = 400.0
MOST_AT_ONCE = 4
COST_MS = 2.5
LEAST_COST_MS = 1.0
MOST_COST_MS = 5.0
# What one round of `_reference_round` took, in milliseconds, on the box where finishing a turn took COST_MS.
REFERENCE_MS = 0.23


def latest_starts(
    deadlines: Sequence[float], *, floor_s: float, cost_s: float, max_lead_s: float = math.inf
) -> list[float]:
    """When to start finishing each turn. `deadlines` ascending, trio instants; so is the result.

    start[i] = min(deadline[i] - floor, start[i+1]) - cost, but never earlier than deadline[i] - max_lead.
    """
    starts = [0.0] * len(deadlines)
    after = math.inf
    for index in range(len(deadlines) - 1, -1, -1):
        after = min(deadlines[index] - floor_s, after) - cost_s
        after = max(after, deadlines[index] - max_lead_s)
        starts[index] = after
    return starts


class Due:
    """One turn in the clerk's book. `move` when its budget becomes known, `leave` when it is over."""

    __slots__ = ("_book", "_number", "deadline", "scope")

    def __init__(self, book: Clerk, number: int, scope: trio.CancelScope, deadline: float) -> None:
        self._book = book
        self._number = number
        self.scope = scope
        self.deadline = deadline

    def move(self, deadline: float) -> None:
        """The turn is due at another instant."""
        self._book._drop(self)
        self.deadline = deadline
        self.scope.deadline = deadline
        self._book._put(self)

    def leave(self) -> None:
        """The turn is over; it will not be cut. Harmless when it was cut already."""
        self._book._drop(self)


class Clerk:
    """Cuts due turns by cancelling their scopes with reason `budget`. One per process; `run` is its task.

    Without a running task the scopes' own deadlines cut, exactly on time: that is what tests under a mock
    clock use.
    """

    def __init__(
        self,
        *,
        cost_ms: float = COST_MS,
        floor_ms: float = FLOOR_MS,
        pace_ms: float = PACE_MS,
        max_lead_ms: float = MAX_LEAD_MS,
    ) -> None:
        self.cost_s = cost_ms / 1000
        self.floor_s = floor_ms / 1000
        self.pace_s = pace_ms / 1000
        self.max_lead_s = max_lead_ms / 1000
        self.cuts = 0
        self._keys: list[tuple[float, int]] = []
        self._dues: dict[int, Due] = {}
        self._count = 0
        self._wake = trio.Event()
        self._asleep_until = math.inf

    def enter(self, scope: trio.CancelScope, deadline: float) -> Due:
        """Write a turn into the book. Also sets the scope's own deadline, as the backstop."""
        self._count += 1
        scope.deadline = deadline
        due = Due(self, self._count, scope, deadline)
        self._put(due)
        return due

    def __len__(self) -> int:
        return len(self._keys)

    def calibrate(self, rounds: int = 40) -> None:
        """Scale the cost of finishing a turn to this machine, between 1 and 5 ms. Takes some 10 ms."""
        samples = sorted(_reference_round() for _ in range(rounds))
        cost_ms = COST_MS * samples[len(samples) // 10] / REFERENCE_MS
        self.cost_s = min(max(cost_ms, LEAST_COST_MS), MOST_COST_MS) / 1000

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Cut for ever, until cancelled."""
        task_status.started()
        while True:
            starts = self._starts()
            now = trio.current_time()
            if starts and starts[0] <= now:
                # One, unless the loop is so busy that we come late: then as many as should have been cut by
                # now.
                for start in starts[:MOST_AT_ONCE]:
                    if start <= now:
                        self._cut_first()
                await trio.sleep(self.pace_s)
                continue
            start = starts[0] if starts else math.inf
            self._wake = trio.Event()
            self._asleep_until = start
            with trio.move_on_at(start):
                await self._wake.wait()
            self._asleep_until = -math.inf

    def _starts(self) -> list[float]:
        """Planned start of every turn in the book, in order."""
        return latest_starts(
            [deadline for deadline, _ in self._keys],
            floor_s=self.floor_s,
            cost_s=self.cost_s,
            max_lead_s=self.max_lead_s,
        )

    def _cut_first(self) -> None:
        _, number = self._keys.pop(0)
        self.cuts += 1
        self._dues.pop(number).scope.cancel("budget")

    def _put(self, due: Due) -> None:
        key = (due.deadline, due._number)
        insort(self._keys, key)
        self._dues[due._number] = due
        # Waking costs a task switch, and most turns are over long before they are due: wake only if this
        # one can bring the next cut forward, that is if the turns before it could be pushed below what we
        # wait for.
        before = bisect_left(self._keys, key)
        if due.deadline - self.floor_s - self.cost_s * (before + 1) < self._asleep_until:
            self._wake.set()

    def _drop(self, due: Due) -> None:
        if self._dues.pop(due._number, None) is None:
            return
        del self._keys[bisect_left(self._keys, (due.deadline, due._number))]


def _reference_round() -> float:
    """A fixed piece of interpreter work, in milliseconds of wall time."""
    begun = time.perf_counter()
    text: dict[str, int] = {}
    for number in range(600):
        key = f"{number % 97}:{number}"
        text[key] = len(key) + text.get(key, 0)
    sorted(text.items(), key=lambda pair: pair[1])
    return (time.perf_counter() - begun) * 1000
