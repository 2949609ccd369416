"""What a worker process runs: limits of its own, then `measure`. Importing this module loads nothing heavy.

A worker is single-threaded, so equal bytes give equal answers, and guards itself against what its parent
cannot see any more: a job that runs past JOB_PATIENCE_S is ended by the kernel even if the parent was killed.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from typing import Final, TypeVar

from aurora.skin.measured import Measured

T = TypeVar("T")

# Longer than any budget; the asker's own deadline kills much earlier.
JOB_PATIENCE_S: Final = 75
# A photo can wait a little; the budgets of other turns on the same cores cannot.
BEHIND_THE_TURNS: Final = 10
# The limits of `decode` keep a worker below 400 MB resident (`soak.bench_skin` measures it). This is the wall
# behind them, for a decoder that a hostile file leads astray. It counts address space of threads and arenas
# too, which is never touched: hence higher.
MOST_MEMORY_BYTES: Final = 640 * 1024 * 1024


def prepare() -> None:
    """Run first in a worker: one thread, bounded memory, and everything loaded."""
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    os.nice(BEHIND_THE_TURNS)
    import cv2

    import aurora.skin.findings  # noqa: F401 - loading it is the warmth

    cv2.setNumThreads(1)
    cv2.ocl.setUseOpenCL(False)
    _bound_memory()


def measure_photo(data: bytes) -> Measured:
    """`findings.measure` under the worker's patience."""
    from aurora.skin.findings import measure

    signal.alarm(JOB_PATIENCE_S)
    try:
        return measure(data)
    finally:
        signal.alarm(0)


def reencode_photo(data: bytes) -> bytes | None:
    """`reencode.as_jpeg` under the worker's patience."""
    from aurora.skin.reencode import as_jpeg

    signal.alarm(JOB_PATIENCE_S)
    try:
        return as_jpeg(data)
    finally:
        signal.alarm(0)


def patiently(job: Callable[[bytes], T], data: bytes) -> T:
    """What another `job` makes of `data`, under the worker's patience."""
    signal.alarm(JOB_PATIENCE_S)
    try:
        return job(data)
    finally:
        signal.alarm(0)


def warm() -> int:
    """Nothing but the worker's own start. Answers its pid."""
    return os.getpid()


def _bound_memory() -> None:
    if hasattr(resource, "RLIMIT_DATA"):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = MOST_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MOST_MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
