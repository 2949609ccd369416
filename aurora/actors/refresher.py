"""Refreshing in the background: a short queue of turns without a person, at most two at once.

Whoever is served a stale row asks for a refresh and goes on. One key waits or runs only once, and rests for a
while after it was tried, whether or not that worked: a dead upstream is not asked again at every read. What
does not fit is dropped, the newest first, and counted.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import trio

from aurora import telemetry
from aurora.actors.knowledge_questions import RefreshKind
from aurora.contract.envelope import Lang

MOST_WAITING: Final = 64
AT_ONCE: Final = 2
REST_S: Final = 60.0
_MOST_RESTING: Final = 1024

log = telemetry.get_logger()


class Refresh(msgspec.Struct, frozen=True, kw_only=True):
    """One refresh. kind: of the turn; body: of that turn, before it is checked."""

    kind: RefreshKind
    key: str
    lang: Lang
    body: dict[str, Any]

    @property
    def name(self) -> str:
        """What there may be only one of."""
        return f"{self.kind}:{self.key}"


Play = Callable[[Refresh], Awaitable[str]]
"""Plays one refresh to its end; answers how it went, as a metric label."""


class Refresher:
    """One per process. `run` works for its lifetime; what is offered before it waits in the queue."""

    def __init__(self, *, most_waiting: int = MOST_WAITING, rest_s: float = REST_S) -> None:
        self._queue: deque[Refresh] = deque()
        self._under_way: set[str] = set()
        self._tried: OrderedDict[str, float] = OrderedDict()
        self._most_waiting = most_waiting
        self._rest_s = rest_s
        self._wake = trio.Event()
        self._stopping = False

    def offer(self, refresh: Refresh) -> bool:
        """Queue a refresh; never waits. False: full, stopping, or tried a moment ago."""
        name = refresh.name
        if name in self._under_way:
            return True
        if self._stopping:
            return _dropped(refresh, "stopping")
        tried = self._tried.get(name)
        if tried is not None and trio.current_time() < tried + self._rest_s:
            return _dropped(refresh, "resting")
        if len(self._queue) >= self._most_waiting:
            return _dropped(refresh, "full")
        self._under_way.add(name)
        self._queue.append(refresh)
        self._wake.set()
        return True

    def stop(self) -> None:
        """Begin nothing more: what waits is dropped; what runs may end, unless `run` is cancelled."""
        self._stopping = True
        while self._queue:
            waiting = self._queue.popleft()
            self._under_way.discard(waiting.name)
            _dropped(waiting, "stopping")

    async def run(self, play: Play, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Play what is offered, until cancelled."""
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(self._work, play)
            task_status.started()

    async def _work(self, play: Play) -> None:
        while True:
            while not self._queue:
                if self._wake.is_set():
                    self._wake = trio.Event()
                await self._wake.wait()
            refresh = self._queue.popleft()
            try:
                outcome = await play(refresh)
            except Exception:  # a bug ends one refresh, not the service
                log.exception("bug_in_refresh", kind=refresh.kind)
                outcome = "failed"
            finally:
                self._under_way.discard(refresh.name)
                self._rest(refresh.name)
            telemetry.family("aurora_knowledge_refreshes_total").labels(refresh.kind, outcome).inc()

    def _rest(self, name: str) -> None:
        self._tried[name] = trio.current_time()
        self._tried.move_to_end(name)
        if len(self._tried) > _MOST_RESTING:
            self._tried.popitem(last=False)


def _dropped(refresh: Refresh, why: str) -> bool:
    telemetry.family("aurora_knowledge_refreshes_total").labels(refresh.kind, why).inc()
    return False
