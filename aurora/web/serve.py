"""The lifetime of a serving process: socket, database, house, HTTP, and the same backwards.

One worker is one process. Nothing durable hangs on the framework's start and stop hooks. docs/shutdown.md
tells the order and the bounds.
"""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import structlog
import trio

from aurora.lifetime import service_nursery
from aurora.settings import Settings
from aurora.web.app import create_app
from aurora.web.build import Build
from aurora.web.connection import open_socket, serve_http, url_of
from aurora.web.cors import Cors
from aurora.web.events import UiEvents
from aurora.web.feedback_log import FeedbackLog
from aurora.web.heartbeat import heartbeat
from aurora.web.house import database_for, migrate_if_wanted, open_house
from aurora.web.turns import TURNS

log = structlog.get_logger(__name__)


class Signals:
    """What the terminal or the platform asked for. stop: set at the first SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self.stop = trio.Event()
        self.serving = False
        self._all = trio.CancelScope()

    @asynccontextmanager
    async def obeyed(self) -> AsyncIterator[None]:
        """Obey signals during the body. A signal before serving, or a second one, ends it at once."""
        async with service_nursery() as nursery:
            await nursery.start(self._watch)
            with self._all:
                yield

    async def _watch(self, *, task_status: trio.TaskStatus[None]) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            async for number in signals:
                log.info("signal", name=signal.Signals(number).name, serving=self.serving)
                if self.stop.is_set() or not self.serving:
                    self._all.cancel()
                self.stop.set()


def graceful_s(settings: Settings) -> float:
    """How long requests under way may take once we are stopping: the largest budget and two seconds."""
    budgets = [settings.reco_budget_ms, *(route.budget(settings)[1] for route in TURNS)]
    return max(budgets) / 1000 + 2


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve in this process until SIGTERM or SIGINT; `announce(url)` once it answers.

    Raises CannotStartError: the address is in use, the embedded database will not run, migrations failed ...
    """
    signals = Signals()
    async with signals.obeyed():
        with open_socket(settings.host, settings.port) as sock:
            settings = msgspec.structs.replace(settings, port=sock.getsockname()[1])
            async with database_for(settings) as ready:
                await migrate_if_wanted(ready)
                await work(ready, sock, signals, partial(announce, url_of(sock)))
    log.info("stopped")


async def work(
    settings: Settings, sock: socket.socket, signals: Signals, announce: Callable[[], None]
) -> None:
    """Serve on a bound socket until told to stop: the part that every worker runs."""
    async with open_house(settings) as house:
        ui_events, feedback = UiEvents(house.settings), FeedbackLog(house.settings)
        app = create_app(house, ui_events, feedback)
        closing = trio.Event()

        async def close_in_order() -> None:
            await signals.stop.wait()
            house.stopping = True
            house.knowledge.refresher.stop()
            log.info("stopping", turns_in_flight=house.in_flight, drain_ms=settings.drain_ms)
            await trio.sleep(settings.drain_ms / 1000)
            closing.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(close_in_order)
            nursery.start_soon(heartbeat)
            await nursery.start(ui_events.run)
            await nursery.start(feedback.run)
            # What was built to serve lives as long as the process: a full collection need not look through it
            # again (tens of milliseconds in which no turn could be cut).
            gc.collect()
            gc.freeze()
            http = partial(
                serve_http,
                app,
                sock,
                closing,
                graceful_s=graceful_s(settings),
                extra_headers=Cors(settings).headers({}) + Build(settings).headers,
            )
            async with trio.open_nursery() as serving:
                await serving.start(http)
                signals.serving = True
                announce()
            log.info("http_closed", turns_in_flight=house.in_flight)
            nursery.cancel_scope.cancel()
