"""Does work take time in proportion to the text? (decision 37: medians of repeats)"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

RATIO = 2.5  # decision 37: of the time at twice the size
REPEATS = 5
# Noise fails a try now and then; what is not linear fails every one of them.
TRIES = 8

Work = Callable[[], object]


def assert_linear(work_on: Callable[[int], Work], *, small: int = 20_000) -> None:
    """Twice the text costs at most 2.5 times as much. work_on: characters -> work on a text of so many."""
    seen = ratios(work_on, small)
    assert seen[-1] <= RATIO, f"twice {small} characters cost {seen} times as much"


def ratios(work_on: Callable[[int], Work], small: int) -> list[float]:
    """What twice the text cost in each try, rounded, up to the first that is in proportion.

    The two are measured in turns, so that a busy machine slows both.
    """
    short, long = work_on(small), work_on(2 * small)
    short()
    seen: list[float] = []
    while len(seen) < TRIES and (not seen or seen[-1] > RATIO):
        pairs = [(spent(short), spent(long)) for _ in range(REPEATS)]
        seen.append(round(median(b for _, b in pairs) / max(median(a for a, _ in pairs), 1e-9), 2))
    return seen


def spent(work: Work) -> float:
    """Seconds of processor time."""
    begun = time.process_time()
    work()
    return time.process_time() - begun
