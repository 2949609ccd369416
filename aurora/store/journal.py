"""The journal: the one task that appends. Requests hand it facts, it groups what waits into one statement.

Nobody waits for a timer: while one group is being written the next one gathers. Traces and erasures go
through the same lane, so that a stream's writes of this process have one order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog
import trio

from aurora import telemetry
from aurora.store.facts import NewFact
from aurora.store.groups import GroupWriter, Ticket
from aurora.store.loading import tune
from aurora.store.port import Appended, StoreError, TraceRecord
from aurora.store.postgres import Connection, Database
from aurora.store.states import StateCache
from aurora.store.traces import TraceBuffer, days_of, ensure_days, write_traces

log = structlog.get_logger(__name__)

QUEUE_LIMIT: Final = 2048
GROUP_LIMIT: Final = 128
GROUP_BYTES: Final = 4_194_304
FACTS_LIMIT: Final = 64
DRAIN_S: Final = 12.0
# Waits before an unknown outcome is looked up again; about two seconds in all, then the callers are told.
RECOVERY_S: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.7)
_TRACES_AT_ONCE: Final = 64


class Erasure:
    """One erasure on its way."""

    __slots__ = ("done", "error", "stream")

    def __init__(self, stream: str) -> None:
        self.stream = stream
        # Until it is done it has failed.
        self.error: StoreError | None = StoreError("unavailable", "57P01")
        self.done = trio.Event()


class Journal:
    """Appends, erasures and traces of this process, in one lane. `run` is its task."""

    def __init__(self, database: Database, cache: StateCache, *, queue_limit: int = QUEUE_LIMIT) -> None:
        self._database = database
        self._cache = cache
        self._writer = GroupWriter(cache)
        self._queue: deque[Ticket | Erasure] = deque()
        self._queue_limit = queue_limit
        self._traces = TraceBuffer()
        self._wake = trio.Event()
        self._stopped = trio.Event()
        self._scope = trio.CancelScope(shield=True)
        self._closing = False
        self._tuned: Connection | None = None

    async def append(
        self, stream: str, facts: Sequence[NewFact], epoch: int | None, *, at: int | None = None
    ) -> Appended:
        """Hand over and wait until durable. Cancelling only stops the waiting.

        Raises StoreError: `unavailable` when the queue is full or the database would not, `erased` when
        `epoch` is no longer the stream's, `moved` when the stream does not stand at version `at`.
        """
        if len(facts) > FACTS_LIMIT:
            raise StoreError("unavailable", "54000")
        ticket = Ticket(stream, facts, epoch, at)
        self._enqueue(ticket)
        await ticket.done.wait()
        outcome = ticket.outcome
        if isinstance(outcome, Appended):
            return outcome
        raise outcome if outcome is not None else StoreError("unavailable", "57P01")

    async def erase(self, stream: str) -> None:
        """Hand over an erasure and wait until it is durable. Raises StoreError."""
        erasure = Erasure(stream)
        self._enqueue(erasure)
        await erasure.done.wait()
        if erasure.error is not None:
            raise erasure.error

    def trace(self, record: TraceRecord) -> None:
        """Take a trace for later. Never waits, never raises."""
        if self._closing:
            telemetry.traces_dropped.inc()
            return
        self._traces.add(record)
        self._wake.set()

    def _enqueue(self, item: Ticket | Erasure) -> None:
        if self._closing:
            raise StoreError("unavailable", "57P01")
        if len(self._queue) >= self._queue_limit:
            telemetry.journal_errors.labels("queue_full").inc()
            raise StoreError("unavailable", "53400")
        self._queue.append(item)
        self._wake.set()

    async def run(self) -> None:
        """The task. Shielded: only `drain` ends it, for what was taken must be written."""
        try:
            with self._scope:
                while await self._next():
                    pass
        finally:
            self._stopped.set()
            for item in self._queue:
                item.done.set()

    async def drain(self) -> None:
        """Refuse what is new, write what waits (at most DRAIN_S), end the task."""
        self._closing = True
        self._wake.set()
        with trio.move_on_after(DRAIN_S, shield=True) as scope:
            await self._stopped.wait()
        if scope.cancelled_caught:
            log.error("journal_not_drained", waiting=len(self._queue))
            self._scope.cancel()

    async def _next(self) -> bool:
        """One round: a group or an erasure, then waiting traces. False when everything is done."""
        if not self._queue and not self._traces:
            if self._closing:
                return False
            self._wake = trio.Event()
            await self._wake.wait()
            # Those who were woken together hand over together.
            await trio.lowlevel.checkpoint()
        if self._queue and isinstance(self._queue[0], Erasure):
            erasure = self._queue.popleft()
            assert isinstance(erasure, Erasure)
            await self._erase(erasure)
        elif self._queue:
            await self._append(self._take())
        if self._traces:
            await self._flush()
        return True

    def _take(self) -> list[Ticket]:
        telemetry.journal_queue.set(len(self._queue))
        group: list[Ticket] = []
        size = 0
        while self._queue and len(group) < GROUP_LIMIT and size < GROUP_BYTES:
            item = self._queue[0]
            if isinstance(item, Erasure):
                break
            group.append(item)
            size += item.size
            self._queue.popleft()
        return group

    async def _append(self, group: list[Ticket]) -> None:
        failure: BaseException = StoreError("unavailable", "57P01")  # if the task itself is cut
        try:
            await self._settle(group)
        except StoreError as error:
            failure = error
        except Exception as error:
            # A bug must fail its callers, not end the task that all the others wait for.
            log.exception("journal_group_failed", members=len(group))
            failure = error
        finally:
            self._answer(group, failure)
        # The woken go first: in a closed loop they are the next group.
        await trio.lowlevel.checkpoint()

    @staticmethod
    def _answer(group: Sequence[Ticket], failure: BaseException) -> None:
        """Tell every member what became of it; `failure` to those that were not settled."""
        kept = 0
        for ticket in group:
            if ticket.outcome is None:
                ticket.outcome = failure
            if isinstance(ticket.outcome, Appended):
                kept += 1
            else:
                kind = ticket.outcome.kind if isinstance(ticket.outcome, StoreError) else "bug"
                telemetry.journal_errors.labels(kind).inc()
            ticket.done.set()
        telemetry.journal_groups.inc()
        telemetry.journal_appends.inc(kept)

    async def _settle(self, group: list[Ticket]) -> None:
        """Write a group, through a lost connection if need be: what was sent may stand, so look it up."""
        waits = iter(RECOVERY_S)
        sent = unknown = False

        async def work(connection: Connection) -> None:
            nonlocal sent
            await self._prepare(connection)
            waiting = [ticket for ticket in group if ticket.outcome is None]
            if unknown:
                waiting = await self._writer.settle_recorded(connection, waiting)
            sent = True
            await self._writer.write(connection, waiting)

        while True:
            try:
                await self._database.run(work, lane="journal")
            except StoreError:
                self._cache.clear()
                unknown = unknown or sent
                wait = next(waits, None)
                if not unknown or wait is None or self._scope.cancel_called:
                    raise
                await trio.sleep(wait)
            else:
                return

    async def _erase(self, erasure: Erasure) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute("SELECT aurora_erase($1)", erasure.stream)

        try:
            await self._database.run(work, lane="journal")
            erasure.error = None
        except StoreError as error:
            erasure.error = error
        finally:
            self._cache.forget(erasure.stream)
            self._traces.drop_stream(erasure.stream)
            erasure.done.set()

    async def _flush(self) -> None:
        records = self._traces.take(_TRACES_AT_ONCE)

        async def work(connection: Connection) -> int:
            await self._prepare(connection)
            try:
                return await write_traces(connection, records)
            except asyncpg.CheckViolationError:
                await ensure_days(connection, days_of(records))
                return await write_traces(connection, records)

        try:
            written = await self._database.run(work, lane="journal")
        except (StoreError, ValueError, OverflowError) as error:
            log.warning("traces_not_written", records=len(records), error=str(error))
            telemetry.traces_dropped.inc(len(records))
        else:
            telemetry.traces_written.inc(written)

    async def _prepare(self, connection: Connection) -> None:
        if connection is not self._tuned:
            # Another connection may be another server (a failover): nothing remembered is certain any more.
            self._cache.clear()
            await tune(connection)
            self._tuned = connection
