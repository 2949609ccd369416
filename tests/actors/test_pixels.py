"""Photos measured in worker processes: what hangs is killed, what crashes is a failure, the next one works.

Real processes and real time: the budgets are small, and only ends are asserted, no durations.
"""

from __future__ import annotations

import atexit
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
import trio

from aurora.actors.findings import Failure
from aurora.actors.pixels import PixelPool, pixel_pool
from aurora.skin.job import measure_photo
from aurora.skin.measured import Measured
from soak.skin_variants import portrait
from tests.skin.pictures import encoded

PHOTO = encoded(portrait(), "JPEG", quality=95)


def misbehave(data: bytes) -> Measured:
    """A job that does what its bytes say."""
    if data == b"hang":
        while True:
            time.sleep(60)
    if data == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if data == b"exit":
        os._exit(3)
    if data == b"linger":
        atexit.register(time.sleep, 60)
    if data.startswith(b"spin:"):
        Path(data[5:].decode()).write_text(str(os.getpid()))
        while True:
            pass
    return measure_photo(data)


def workers() -> list[psutil.Process]:
    """Children of this process that run measurements, zombies included."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "resource_tracker" not in " ".join(child.cmdline())
        and ("spawn_main" in " ".join(child.cmdline()) or child.status() == psutil.STATUS_ZOMBIE)
    ]


async def measured(pool: PixelPool, data: bytes, seconds: float = 60.0) -> Measured | Failure:
    return await pool.measure(data, trio.current_time() + seconds)


@pytest.mark.slow
async def test_a_photo_is_measured_as_in_this_process() -> None:
    async with pixel_pool() as pool:
        seen = await measured(pool, PHOTO)
    assert isinstance(seen, Measured)
    assert (seen.quality.grade, len(seen.findings)) == ("pass", 5)
    assert workers() == []


@pytest.mark.slow
async def test_a_hanging_decoder_is_killed_and_the_next_photo_measured() -> None:
    async with pixel_pool(job=misbehave) as pool:
        assert isinstance(await measured(pool, PHOTO), Measured)
        hung = await measured(pool, b"hang", 0.2)
        assert isinstance(hung, Failure)
        assert hung.code == "timeout"
        assert isinstance(await measured(pool, PHOTO), Measured)
        assert all(child.status() != psutil.STATUS_ZOMBIE for child in workers())
    assert workers() == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [b"crash", b"exit"])
async def test_a_crash_is_a_failure_and_the_next_photo_measured(how: bytes) -> None:
    async with pixel_pool(job=misbehave) as pool:
        crashed = await measured(pool, how)
        assert isinstance(crashed, Failure)
        assert crashed.code == "crashed"
        assert isinstance(await measured(pool, PHOTO), Measured)
    assert workers() == []


@pytest.mark.slow
async def test_a_turn_that_is_cut_kills_its_worker(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    async with pixel_pool(job=misbehave) as pool, trio.open_nursery() as nursery:
        nursery.start_soon(measured, pool, b"spin:" + str(told).encode())
        while not (told.exists() and told.read_text()):  # noqa: ASYNC110 - another process writes it
            await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
    assert not psutil.pid_exists(int(told.read_text()))
    assert workers() == []


@pytest.mark.slow
async def test_a_worker_that_will_not_end_is_killed_and_nothing_else_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aurora.actors.pixels.GRACE_S", 0.3)
    async with pixel_pool(job=misbehave) as pool:
        assert isinstance(await measured(pool, b"linger"), Measured)
    assert workers() == []


@pytest.mark.slow
async def test_more_than_can_wait_are_refused_at_once() -> None:
    refused: list[Failure] = []

    async def one(pool: PixelPool) -> None:
        outcome = await measured(pool, b"hang", 1.0)
        assert isinstance(outcome, Failure)
        refused.append(outcome)

    async with pixel_pool(job=misbehave, workers=1) as pool, trio.open_nursery() as nursery:
        for _ in range(18):
            nursery.start_soon(one, pool)
    assert sorted(failure.code for failure in refused) == ["admission"] * 2 + ["timeout"] * 16
