"""Does work take time in proportion to the text? (decision 37: medians of repeats)"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

REPEATS = 9


def assert_linear(work_on: Callable[[int], Callable[[], object]]) -> None:
    """40 kB cost at most 2.5 times as much as 20 kB. work_on: a size -> the work on a text of that size.

    The two are measured in turns, so that a busy machine slows both.
    """
    short, long = work_on(20_000), work_on(40_000)
    spent: tuple[list[float], list[float]] = ([], [])
    short()
    for _ in range(REPEATS):
        for times, work in zip(spent, (short, long), strict=True):
            begun = time.process_time()
            work()
            times.append(time.process_time() - begun)
    assert median(spent[1]) <= 2.5 * median(spent[0]) + 0.002
