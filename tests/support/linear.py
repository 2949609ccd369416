"""Does work take time in proportion to the text? (decision 37: medians of repeats)"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

REPEATS = 9
TRIES = 3


def assert_linear(work_on: Callable[[int], Callable[[], object]]) -> None:
    """40 kB cost at most 2.5 times as much as 20 kB. work_on: a size -> the work on a text of that size.

    The two are measured in turns, so that a busy machine slows both; and again if it did not: noise passes,
    a quadratic does not.
    """
    short, long = work_on(20_000), work_on(40_000)
    short()
    seen = []
    for _ in range(TRIES):
        seen.append(_ratio(short, long))
        if seen[-1] <= 2.5:
            return
    raise AssertionError(f"40 kB cost {', '.join(f'{each:.1f}' for each in seen)} times as much as 20 kB")


def _ratio(short: Callable[[], object], long: Callable[[], object]) -> float:
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for times, work in zip(spent, (short, long), strict=True):
            begun = time.process_time()
            work()
            times.append(time.process_time() - begun)
    return max(0.0, median(spent[1]) - 0.002) / max(median(spent[0]), 1e-9)
