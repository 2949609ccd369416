"""Processes of a bench: service, yardstick, sandbox. Started, pinned, measured and stopped here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import psutil

START_S = 60.0
STOP_S = 30.0


def cores() -> tuple[list[int], list[int]]:
    """(cores for the server, cores for the generator). The same ones where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[:1], allowed[1:] or allowed[:1])


def free_port() -> int:
    """A port of loopback that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Cost(msgspec.Struct, frozen=True):
    """CPU seconds used so far: by our Python processes, and by the Postgres below them."""

    python_s: float
    postgres_s: float


class Running:
    """A started process. port: where it listens on loopback."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"

    def family(self) -> list[psutil.Process]:
        """The process and its children, those that still live."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def pythons(self) -> list[psutil.Process]:
        """The processes that run our code, the heaviest (the worker) last."""
        found = [p for p in self.family() if _named(p).startswith(("python", "aurora"))]
        return sorted(found, key=_rss)

    def pin(self, to: list[int]) -> None:
        """Keep our Python processes on the given cores. Postgres stays free."""
        for process in self.pythons():
            for thread in process.threads():
                os.sched_setaffinity(thread.id, to)

    def cost(self) -> Cost:
        """CPU seconds so far."""
        python = postgres = 0.0
        for process in self.family():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            used = times.user + times.system
            if _named(process).startswith("postgres"):
                # A backend that ended is only in its parent's children times.
                postgres += used + times.children_user + times.children_system
            else:
                python += used
        return Cost(python, postgres)

    def worker_rss_mb(self) -> float:
        """Resident memory of the worker, in MB of 1,000,000 bytes."""
        return _rss(self.pythons()[-1]) / 1e6

    def __repr__(self) -> str:
        return f"Running(pid={self.process.pid}, port={self.port})"


def _named(process: psutil.Process) -> str:
    try:
        return str(process.name()).lower()
    except psutil.Error:
        return ""


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


class DidNotStartError(RuntimeError):
    """A server that died or never answered; carries the end of its log."""


@contextmanager
def started(
    arguments: list[str], port: int, *, probe: str, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run `python <arguments>` until the block ends. Waits for a status below 500 on `probe`.

    Raises DidNotStartError.
    """
    with tempfile.TemporaryDirectory(prefix="aurora-bench-") as directory:
        log = Path(directory) / "log"
        with log.open("wb") as out:
            process = _spawn(arguments, out, env)
        running = Running(process, port, log)
        try:
            _await_ready(running, probe)
            yield running
        finally:
            _stop(process)


def _spawn(
    arguments: list[str], out: IO[bytes], env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # our own modules
        [sys.executable, *arguments], stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}
    )


def _await_ready(running: Running, probe: str) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if running.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(running.url + probe, timeout=2):  # noqa: S310  # always http
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.05)
    tail = running.log.read_text(errors="replace")[-3000:]
    raise DidNotStartError(f"{running!r} did not start (exit {running.process.poll()})\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def service(decision_url: str, backend_url: str = "", **env: str) -> Iterator[Running]:
    """`aurora serve` with its embedded Postgres in a directory of its own, one worker, breaker off."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="aurora-state-") as state:
        # The embedded Postgres runs under another account when we are root, and must reach its directory.
        Path(state).chmod(0o755)
        settings = {
            "AURORA_STATE_DIR": state,
            "AURORA_DECISION_BASE_URL": decision_url,
            "PIVOTA_BACKEND_BASE_URL": backend_url,
            "AURORA_BFF_USE_MOCK": "false",
            "AURORA_BREAKER_ENABLED": "false",
            "LOG_LEVEL": "warning",
            "DATABASE_URL": "",
            **env,
        }
        with started(
            ["-m", "aurora", "serve", "--host", "127.0.0.1", "--port", str(port)],
            port,
            probe="/readyz",
            env=settings,
        ) as running:
            yield running


@contextmanager
def bare() -> Iterator[Running]:
    """The yardstick."""
    port = free_port()
    with started(["-m", "soak.bare", "--port", str(port)], port, probe="/bare") as running:
        yield running


@contextmanager
def sandbox() -> Iterator[Running]:
    """The understudies of the upstreams."""
    port = free_port()
    with started(["-m", "aurora.sandbox", "--port", str(port)], port, probe="/_sandbox/healthz") as running:
        yield running


@contextmanager
def instant(task: str = "picks") -> Iterator[Running]:
    """An upstream that answers every call with picks, or with a product (`soak.instant`), at once."""
    port = free_port()
    with started(["-m", "soak.instant", "--port", str(port), "--task", task], port, probe="/") as running:
        yield running


@contextmanager
def black_hole() -> Iterator[Running]:
    """An upstream that accepts and never answers."""
    port = free_port()
    arguments = ["-m", "aurora.sandbox", "--black-hole", "--port", str(port)]
    with tempfile.TemporaryDirectory(prefix="aurora-bench-") as directory:
        log = Path(directory) / "log"
        with log.open("wb") as out:
            process = _spawn(arguments, out)
        try:
            _await_listening(process, port)
            yield Running(process, port, log)
        finally:
            _stop(process)


def _await_listening(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise DidNotStartError("the black hole did not start")
