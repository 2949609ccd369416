"""The grouped read lane: every memory that waits is read in one query on one dedicated connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import msgspec
import structlog
import trio

from aurora.contract.memory import Memory, SkinLog
from aurora.store.loading import UNREADABLE, Asked, Loaded, load_logs, load_memories, tune
from aurora.store.port import StoreError
from aurora.store.postgres import Connection, Database
from aurora.store.states import StateCache

log = structlog.get_logger(__name__)

QUEUE_LIMIT: Final = 2048
GROUP_LIMIT: Final = 128
CONVERSATION_TTL: Final = timedelta(hours=24)

Q = TypeVar("Q")
A = TypeVar("A")


class _Wanted(Generic[Q, A]):
    """A question and the place for its answer."""

    __slots__ = ("answer", "done", "error", "question")

    def __init__(self, question: Q) -> None:
        self.question = question
        self.answer: A | None = None
        self.error: BaseException | None = None
        self.done = trio.Event()


class Reader:
    """Reads memories and logs, grouped. `run` is its task."""

    def __init__(
        self, database: Database, cache: StateCache, *, artifact_age: timedelta, clock: Callable[[], datetime]
    ) -> None:
        """artifact_age: the oldest artifact that counts. clock: now, UTC; only ages are reckoned from it."""
        self._database = database
        self._cache = cache
        self._artifact_age = artifact_age
        self._clock = clock
        self._memories: deque[_Wanted[Asked, Loaded]] = deque()
        self._logs: deque[_Wanted[tuple[str, int], list[SkinLog]]] = deque()
        self._wake = trio.Event()
        self._tuned: Connection | None = None

    async def memory(self, stream: str, brief_id: str | None) -> Memory:
        """Everything a turn may need, as of one snapshot. Raises StoreError."""
        loaded = await self._wait(self._memories, _Wanted(Asked(stream, storable(brief_id))))
        return msgspec.structs.replace(
            loaded.state.as_memory(), artifact=loaded.artifact, conversation=loaded.conversation
        )

    async def logs(self, stream: str, limit: int) -> list[SkinLog]:
        """The `limit` newest check-ins, newest day first. Raises StoreError."""
        return await self._wait(self._logs, _Wanted((stream, limit)))

    async def _wait(self, queue: deque[_Wanted[Q, A]], wanted: _Wanted[Q, A]) -> A:
        if len(queue) >= QUEUE_LIMIT:
            raise StoreError("unavailable", "53400")
        queue.append(wanted)
        self._wake.set()
        try:
            await wanted.done.wait()
        except trio.Cancelled:
            if wanted in queue:
                queue.remove(wanted)
            raise
        if wanted.error is not None:
            raise wanted.error
        assert wanted.answer is not None
        return wanted.answer

    async def run(self) -> None:
        """The task; runs until cancelled."""
        while True:
            if not self._memories and not self._logs:
                self._wake = trio.Event()
                await self._wake.wait()
                await trio.lowlevel.checkpoint()  # those who were woken together ask together
            await self._round()
            await trio.lowlevel.checkpoint()

    async def _round(self) -> None:
        memories = _taken(self._memories)
        logs = _taken(self._logs)
        everybody: list[_Wanted[Any, Any]] = [*memories, *logs]
        now = self._clock()

        async def work(
            connection: Connection,
        ) -> tuple[list[Loaded | msgspec.DecodeError], list[list[SkinLog]]]:
            if connection is not self._tuned:
                await tune(connection)
                self._tuned = connection
            found = (
                await load_memories(
                    connection,
                    [
                        wanted.question._replace(known=self._cache.get(wanted.question.stream))
                        for wanted in memories
                    ],
                    talks_after=now - CONVERSATION_TTL,
                    artifacts_after=now - self._artifact_age,
                )
                if memories
                else []
            )
            return found, await load_logs(connection, [one.question for one in logs]) if logs else []

        try:
            found, lists = await self._database.run(work, lane="read")
        except StoreError as error:
            for wanted in everybody:
                wanted.error = StoreError(error.kind, error.code)
        except trio.Cancelled:
            for wanted in everybody:
                wanted.error = StoreError("unavailable", "57P01")
            raise
        except Exception as error:
            # A bug must not end the lane for everybody.
            log.exception("read_group_failed", memories=len(memories), logs=len(logs))
            for wanted in everybody:
                wanted.error = error
        else:
            for want, loaded in zip(memories, found, strict=True):
                if isinstance(loaded, Loaded):
                    self._cache.put(want.question.stream, loaded.state)
                    want.answer = loaded
                else:
                    log.error("memory_unreadable", error=type(loaded).__name__)
                    want.error = StoreError("unavailable", UNREADABLE)
            for wish, rows in zip(logs, lists, strict=True):
                wish.answer = rows
        finally:
            for wanted in everybody:
                wanted.done.set()


def _taken(queue: deque[_Wanted[Q, A]]) -> list[_Wanted[Q, A]]:
    return [queue.popleft() for _ in range(min(GROUP_LIMIT, len(queue)))]


def storable(text: str | None) -> str | None:
    """`text`, if PostgreSQL can hold it (no NUL, no lone surrogates); else None, which matches nothing."""
    if text is None or "\0" in text:
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text
