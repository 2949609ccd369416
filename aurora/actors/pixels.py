"""Worker processes that read photos and can be killed; `photo_look` asks them for the pixels actor.

A decoder that hangs is killed with its process when the question's time is up or the turn is cut; one that
crashes takes only its process with it. Either way the next question gets a worker that was warmed in the
meantime. Photo bytes go to the worker through a pipe, never into a question, a trace, a log or a file: a
question names its photo, and the photo desk knows where its bytes are held.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import trio
import trio_parallel

from aurora import telemetry
from aurora.actors.findings import Failure
from aurora.lifetime import service_nursery
from aurora.skin.job import measure_photo, prepare, reencode_photo, warm
from aurora.skin.measured import Measured

T = TypeVar("T")
NAME: Final = "pixels"
WORKERS: Final = 2  # at work at once; a measurement takes some 0.2 s of CPU
MOST_WAITING: Final = 16  # more would wait longer than a turn has
GRACE_S: Final = 2.0

log = telemetry.get_logger()


class PixelPool:
    """Warm worker processes, at most `workers`. Open it with `pixel_pool`."""

    def __init__(
        self, context: trio_parallel.WorkerContext, workers: int, job: Callable[[bytes], Measured]
    ) -> None:
        self._context = context
        self._workers = workers
        self._limiter = trio.CapacityLimiter(workers)
        self._job = job
        self._lost = trio.Event()
        self._waiting = 0

    async def measure(self, photo: bytes, deadline: float) -> Measured | Failure:
        """`photo` measured before `deadline` (trio instant), or a Failure as of `run`."""
        return await self.run(self._job, photo, deadline)

    async def reencode(self, photo: bytes, deadline: float) -> bytes | Failure | None:
        """`photo` as a model may see it (`skin.job.reencode_photo`); None for what is no picture."""
        return await self.run(reencode_photo, photo, deadline)

    async def run(self, job: Callable[[bytes], T], photo: bytes, deadline: float) -> T | Failure:
        """What `job` makes of `photo`, or a Failure: `timeout` (its worker was killed), `crashed` (the worker
        died), `admission` (too many are waiting). Cancelling kills the worker too.
        """
        if self._waiting >= MOST_WAITING:
            return Failure(actor=NAME, code="admission")
        self._waiting += 1
        done = False
        try:
            with trio.move_on_at(deadline):
                made: T = await self._context.run_sync(job, photo, kill_on_cancel=True, limiter=self._limiter)
                done = True
                return made
            return Failure(actor=NAME, code="timeout")
        except trio_parallel.BrokenWorkerError:
            log.warning("pixel_worker_died")
            return Failure(actor=NAME, code="crashed")
        finally:
            self._waiting -= 1
            if not done:
                self._lost.set()

    async def keep_warm(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Start a worker, and another whenever one was lost. Runs until cancelled."""
        task_status.started()
        while True:
            self._lost = trio.Event()
            if self._context.statistics().idle_workers == 0:
                try:
                    await self._context.run_sync(warm, kill_on_cancel=True, limiter=self._limiter)
                except trio_parallel.BrokenWorkerError:
                    log.warning("pixel_worker_cannot_start")
            await self._lost.wait()


@asynccontextmanager
async def _workers_of() -> AsyncIterator[trio_parallel.WorkerContext]:
    """Worker processes. One that does not end in GRACE_S is killed, which is no failure of the service."""
    over = False
    try:
        async with trio_parallel.open_worker_context(init=prepare, grace_period=GRACE_S) as context:
            yield context
            over = True
    except trio_parallel.BrokenWorkerError:
        if not over:
            raise
        log.warning("pixel_worker_killed_at_the_end")


@asynccontextmanager
async def pixel_pool(
    *, workers: int = WORKERS, job: Callable[[bytes], Measured] = measure_photo, warm: bool = True
) -> AsyncIterator[PixelPool]:
    """A pool whose workers end with it; leave it after the last turn.

    job: what measures (tests replace it). warm: workers start now and again when one is lost; without, each
    starts when it is needed.
    """
    async with (
        _workers_of() as context,
        service_nursery() as nursery,
    ):
        pool = PixelPool(context, workers, job)
        if warm:
            await nursery.start(pool.keep_warm)
        yield pool
