"""`python -m aurora serve` as a real process: started, waited for, signalled, stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import trio

from aurora.lifetime import stop_child, wait_child

ROOT = Path(__file__).resolve().parents[2]
_URL = re.compile(r"http://[\d.]+:\d+")


class Server:
    """A running service. url: its base. process: the parent. log: where stdout and stderr go."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log
        self.url = ""

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self.url.rpartition(":")[2])

    def said(self) -> str:
        """Everything it printed and logged so far."""
        return self.log.read_text(errors="replace")

    async def ready(self, *, within_s: float = 30.0) -> None:
        """Wait until it printed its URL and answers there."""
        with trio.move_on_after(within_s):
            async with httpx2.AsyncClient(trust_env=False) as client:
                while self.process.poll() is None:
                    found = _URL.search(self.said())
                    if found:
                        self.url = found.group()
                        try:
                            if (await client.get(f"{self.url}/healthz")).status_code == 200:
                                return
                        except httpx2.TransportError:
                            pass
                    await trio.sleep(0.03)
        raise AssertionError(
            f"the service did not start (code {self.process.poll()}):\n{self.said()[-4000:]}"
        )

    async def wait(self, *, within_s: float = 30.0) -> int:
        """Wait for it to end by itself; answers the exit code."""
        with trio.fail_after(within_s):
            return await wait_child(self.process)

    async def terminate(self, *, within_s: float = 30.0) -> int:
        """SIGTERM, then wait for the end."""
        self.process.send_signal(signal.SIGTERM)
        return await self.wait(within_s=within_s)


@asynccontextmanager
async def running_server(
    *arguments: str, env: Mapping[str, str] | None = None, wait: bool = True
) -> AsyncIterator[Server]:
    """Start `aurora serve --port 0 [arguments]`; its environment is `env` and what Python needs."""
    with tempfile.NamedTemporaryFile(prefix="aurora-server-", suffix=".log") as log:
        clean = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        process = subprocess.Popen(  # noqa: ASYNC220 - parent-death and trio: see aurora.lifetime
            [sys.executable, "-m", "aurora", "serve", "--port", "0", *arguments],
            env={**clean, "PYTHONUNBUFFERED": "1", **(env or {})},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        server = Server(process, Path(log.name))
        try:
            if wait:
                await server.ready()
            yield server
        finally:
            await stop_child(process, (signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))


@pytest.fixture
def aurora_server(fresh_dsn: str) -> Callable[..., AbstractAsyncContextManager[Server]]:
    """Starts a service on the test's database: `async with aurora_server("--workers", "2", env={...})`."""

    def start(
        *arguments: str, env: Mapping[str, str] | None = None, wait: bool = True
    ) -> AbstractAsyncContextManager[Server]:
        return running_server(*arguments, env={"DATABASE_URL": fresh_dsn, **(env or {})}, wait=wait)

    return start


async def eventually(
    check: Callable[[], Awaitable[bool]], *, within_s: float = 15.0, every_s: float = 0.05
) -> None:
    """Wait until `check` holds; fails the test when it does not in time. Real processes only."""
    with trio.fail_after(within_s):
        while not await check():  # noqa: ASYNC110 - the other side is a process, it sets no event
            await trio.sleep(every_s)
