"""`--workers N`: a parent that owns the socket, the embedded database and the metrics directory, and N
children.

The parent serves nothing itself. It starts each worker on its own main thread (see `lifetime.spawn`), waits
on a pidfd, replaces a worker that dies, and forwards the end. Workers ask the kernel for SIGTERM when the
parent dies.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import structlog
import trio
from prometheus_client import multiprocess

from aurora.lifetime import CannotStartError, spawn, stop_child, wait_child
from aurora.settings import Settings
from aurora.web.connection import open_socket, url_of
from aurora.web.house import database_for, migrate_if_wanted
from aurora.web.serve import Signals, graceful_s, work

CLOSING_S = 20.0  # journal, links, pool: what a worker does after its last request
_FAST_DEATH_S = 5.0
_PAUSE_S = (0.1, 5.0)
_HOPELESS = 5
_HURRIED_S = 2.0

log = structlog.get_logger(__name__)


async def serve_with_workers(
    settings: Settings, announce: Callable[[str], None], *, env: Mapping[str, str]
) -> None:
    """Run `settings.workers` worker processes until SIGTERM or SIGINT; `announce(url)` once all of them
    serve.

    env: the environment they start from. Raises what `serve` raises, and CannotStartError (nothing is
    persisted, or workers die again and again without ever serving).
    """
    if settings.retention_days == 0:
        raise CannotStartError(
            "With AURORA_BFF_RETENTION_DAYS=0 memory lives in one process: start a single worker."
        )
    signals = Signals()
    async with signals.obeyed():
        with open_socket(settings.host, settings.port) as sock, metrics_directory() as metrics:
            settings = msgspec.structs.replace(settings, port=sock.getsockname()[1])
            async with database_for(settings) as ready:
                await migrate_if_wanted(ready)
                crew = _Crew(ready, sock, env, metrics, signals)
                await crew.run(lambda: announce(url_of(sock)))
    log.info("stopped")


@contextmanager
def metrics_directory() -> Iterator[Path]:
    """A fresh directory for prometheus' multiprocess files; those of parents that were killed go, too."""
    for old in Path(tempfile.gettempdir()).glob("aurora-metrics-*-*"):
        owner = old.name.split("-")[2]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(old, ignore_errors=True)
    path = Path(tempfile.mkdtemp(prefix=f"aurora-metrics-{os.getpid()}-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Crew:
    """The workers of one parent."""

    def __init__(
        self, settings: Settings, sock: socket.socket, env: Mapping[str, str], metrics: Path, signals: Signals
    ) -> None:
        self.settings = settings
        self.sock = sock
        self.signals = signals
        self.metrics = metrics
        self.env = {
            **env,
            "PORT": str(settings.port),
            "DATABASE_URL": settings.database_url,
            "AURORA_EMBEDDED_POSTGRES": "false",  # the parent runs it, if anybody does
            "DB_AUTO_MIGRATE": "false",
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        }
        self.limit_s = settings.drain_ms / 1000 + graceful_s(settings) + CLOSING_S

    async def run(self, announce: Callable[[], None]) -> None:
        """Until told to stop, and then until every worker has ended."""
        async with trio.open_nursery() as nursery:
            for number in range(self.settings.workers):
                await nursery.start(self._keep, number)
            self.signals.serving = True
            announce()
            await self.signals.stop.wait()
            # The workers hold the socket too: refusing begins when the last of them has closed it.
            self.sock.close()

    async def _keep(self, number: int, *, task_status: trio.TaskStatus[None]) -> None:
        """Keep one worker alive; `started` once it serves for the first time."""
        pause_s, deaths = _PAUSE_S[0], 0
        while not self.signals.stop.is_set():
            began = trio.current_time()
            child, served = self._start()
            log.info("worker_started", worker=number, pid=child.pid)
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._stop_with_us, child)
                    if await served.receive_some(1):
                        deaths = 0
                        task_status.started()
                        task_status = trio.TASK_STATUS_IGNORED
                    code = await wait_child(child)
                    nursery.cancel_scope.cancel()
            finally:
                await stop_child(child, (signal.SIGTERM, _HURRIED_S))
                await served.aclose()
                multiprocess.mark_process_dead(child.pid, str(self.metrics))  # type: ignore[no-untyped-call]  # untyped library
            log.log(20 if self.signals.stop.is_set() else 40, "worker_ended", pid=child.pid, return_code=code)
            deaths += 1
            if deaths >= _HOPELESS:
                raise CannotStartError(f"A worker ended {deaths} times without serving (last code {code}).")
            quick = trio.current_time() - began < _FAST_DEATH_S
            pause_s = min(pause_s * 2, _PAUSE_S[1]) if quick else _PAUSE_S[0]
            with trio.move_on_after(pause_s):
                await self.signals.stop.wait()

    def _start(self) -> tuple[subprocess.Popen[bytes], trio.lowlevel.FdStream]:
        """A worker, and the pipe on which it says one byte when it serves."""
        ours, theirs = os.pipe()
        try:
            child = spawn(
                [sys.executable, "-m", "aurora", "worker", str(self.sock.fileno()), str(theirs)],
                death_signal=signal.SIGTERM,
                env=self.env,
                pass_fds=(self.sock.fileno(), theirs),
                # Ctrl-C at the terminal reaches the parent only, which ends its workers in order.
                new_session=True,
            )
        finally:
            os.close(theirs)
        return child, trio.lowlevel.FdStream(ours)

    async def _stop_with_us(self, child: subprocess.Popen[bytes]) -> None:
        await self.signals.stop.wait()
        await stop_child(child, (signal.SIGTERM, self.limit_s))


async def serve_as_worker(settings: Settings, socket_fd: int, ready_fd: int) -> None:
    """What a worker process runs: the parent's socket, the parent's database, one house of its own."""
    signals = Signals()

    def say_ready() -> None:
        os.write(ready_fd, b"1")
        os.close(ready_fd)

    async with signals.obeyed():
        with socket.socket(fileno=socket_fd) as sock:
            await work(settings, sock, signals, say_ready)
