"""The bridge to PostgreSQL: the only module that knows asyncpg and trio-asyncio.

A unit of work is one asyncio coroutine on one connection, crossed into once. The trio side only waits for
its end, so that a cancelled turn leaves at once while the unit settles behind it: no connection can be lost
to a cancellation, because taking and giving back happen on the asyncio side, inside the same coroutine.

No asyncpg timeouts and no asyncio timers: trio-asyncio keeps cancelled timers in its heap until they are
due. One watchdog ends what overruns, the server's own statement_timeout does the rest.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import math
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg
import structlog
import trio
import trio_asyncio

from aurora.lifetime import CannotStartError, service_nursery
from aurora.settings import Settings
from aurora.store.port import StoreError

T = TypeVar("T")
if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]  # generic in the stubs only
else:
    Connection = asyncpg.Connection
Work = Callable[[Connection], Awaitable[T]]
Lane = Literal["journal", "read", "pool", "own"]

# Seconds after which a unit's connection is dropped. Statements end after 5 s by the server's own clock.
DEADLINE_S: dict[Lane, float] = {"journal": 10.0, "read": 6.0, "pool": 15.0, "own": math.inf}
STATEMENT_TIMEOUT_MS = 5000
_WATCH_EVERY_S = 0.25
_CLOSE_S = 3.0
_NO_TIMEOUT: Any = None  # asyncpg takes None; its stubs only know floats
_SCHEMA_STATES = frozenset({"42P01", "42703", "42883"})
_TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})

log = structlog.get_logger(__name__)


class Target:
    """Where to connect and how: the address without TLS parameters, and the TLS context if any."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        """Read `sslmode`, `ssl` and `sslrootcert` from the URL (contract A 12).

        Raises CannotStartError for a URL that is none, without quoting it: it may hold a password.
        """
        try:
            parts = urlsplit(dsn)
            if "," not in parts.netloc:  # several hosts are asyncpg's to read
                _ = parts.port  # read for its check of the range
        except ValueError:
            raise CannotStartError("DATABASE_URL has a host or a port that cannot be read") from None
        if parts.scheme not in ("postgres", "postgresql"):
            raise CannotStartError("DATABASE_URL must begin with postgres:// or postgresql://")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        mode, flag = query.pop("sslmode", ""), query.pop("ssl", "")
        root = query.pop("sslrootcert", "")
        self.dsn = urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))
        self.tls: ssl.SSLContext | Literal[False] = False
        if settings.db_ssl or mode in _TLS_MODES or flag.lower() == "true":
            try:
                self.tls = ssl.create_default_context(cafile=root or None)
            except OSError as error:
                raise CannotStartError(f"sslrootcert of DATABASE_URL: {error.strerror or error}") from None
            if not settings.db_ssl_reject_unauthorized:
                self.tls.check_hostname = False
                self.tls.verify_mode = ssl.CERT_NONE


class _Line:
    """One connection that is opened when first needed and again after it was lost. Asyncio side only."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.connection: Connection | None = None

    async def opened(self) -> Connection:
        """The live connection. Raises what asyncpg or the network raise."""
        if self.connection is None or self.connection.is_closed():
            self.connection = None
            self.connection = await asyncpg.connect(
                self._target.dsn,
                ssl=self._target.tls,
                timeout=_NO_TIMEOUT,
                command_timeout=None,
                server_settings={
                    "application_name": "aurora",
                    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                    "idle_in_transaction_session_timeout": "10000",
                    "timezone": "UTC",
                    "jit": "off",
                },
            )
        return self.connection

    def drop(self) -> None:
        """Close without ceremony; the next unit opens a new connection."""
        if self.connection is not None:
            self.connection.terminate()
            self.connection = None


class _Unit:
    """One unit of work under way, as the watchdog sees it."""

    __slots__ = ("deadline", "line", "overran", "task")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.line: _Line | None = None
        self.task: asyncio.Task[Any] | None = None
        self.overran = False


class Database:
    """Runs units of work on four lanes. Opened by `open_database`; one per process.

    `journal` and `read` each own one connection and run one unit at a time; `pool` runs up to DB_POOL_MAX; a
    unit on `own` gets a connection of its own that is closed behind it (maintenance: locks, cursors, DDL).
    """

    def __init__(self, target: Target, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        self._target = target
        self._loop = loop
        # Units must not hold on to a request's context variables, so they all start from the one seen here.
        self._context = contextvars.copy_context()
        self._units: set[_Unit] = set()
        self._connect_s = settings.db_conn_timeout_ms / 1000
        self._lines: dict[Lane, list[_Line]] = {
            "journal": [_Line(target)],
            "read": [_Line(target)],
            "pool": [_Line(target) for _ in range(settings.db_pool_max)],
        }
        self._free: dict[Lane, list[_Line]] = {lane: list(lines) for lane, lines in self._lines.items()}
        self._places = {lane: asyncio.Semaphore(len(lines)) for lane, lines in self._lines.items()}

    async def run(
        self,
        work: Work[T],
        *,
        lane: Lane = "pool",
        see: frozenset[str] = frozenset(),
        deadline_s: float | None = None,
    ) -> T:
        """Run `work(connection)` as one asyncio coroutine and answer what it returns.

        see: SQLSTATEs (or their two-character classes) that the caller handles itself: those leave as
        asyncpg.PostgresError. Everything else of the database or the network leaves as StoreError; a bug in
        `work` leaves as it is. deadline_s: default by lane; when it is over, the connection is dropped and
        the unit ends as StoreError("unavailable", "ETIMEDOUT"). math.inf for maintenance.

        Cancelling: on `journal` the unit is carried to its end first (shielded, bounded by its deadline);
        elsewhere the caller leaves at once and the unit's connection is dropped behind it: nobody can tell
        whether it stood inside a BEGIN. The server ends the statement by its own clock at the latest.
        """
        limit = DEADLINE_S[lane] if deadline_s is None else deadline_s
        unit = _Unit(trio.current_time() + limit)
        task = self._loop.create_task(self._carry(unit, work, lane), context=self._context.copy())
        unit.task = task
        self._units.add(unit)
        done = trio.Event()

        def settled(ended: asyncio.Task[T]) -> None:
            self._units.discard(unit)
            if not ended.cancelled():
                ended.exception()  # seen, even if nobody waits any more
            done.set()

        task.add_done_callback(settled)
        try:
            with trio.CancelScope(shield=lane == "journal"):
                await done.wait()
        except trio.Cancelled:
            task.cancel()
            raise
        if task.cancelled():
            raise StoreError("unavailable", "ETIMEDOUT")
        error = task.exception()
        if error is None:
            return task.result()
        raise self._as_seen(error, see, unit) from error

    async def ping(self) -> None:
        """One round trip on the pool. Raises StoreError."""

        async def work(connection: Connection) -> None:
            await connection.fetchval("select 1")

        await self.run(work, deadline_s=3.0)

    @staticmethod
    def _as_seen(error: BaseException, see: frozenset[str], unit: _Unit) -> BaseException:
        if isinstance(error, asyncpg.PostgresError):
            state = str(error.sqlstate or "")
            if state in see or state[:2] in see:
                return error
        if unit.overran:
            return StoreError("unavailable", "ETIMEDOUT")
        return as_store_error(error) or error

    async def _carry(self, unit: _Unit, work: Work[T], lane: Lane) -> T:
        """Asyncio side: take a line, work, give it back. Never leaves a line in a transaction."""
        if lane == "own":
            line = _Line(self._target)
            try:
                return await self._on(line, unit, work)
            finally:
                line.drop()
        async with self._places[lane]:
            line = self._free[lane].pop()
            try:
                return await self._on(line, unit, work)
            finally:
                unit.line = None
                self._free[lane].append(line)

    async def _on(self, line: _Line, unit: _Unit, work: Work[T]) -> T:
        unit.line = line
        usual, unit.deadline = unit.deadline, min(unit.deadline, trio.current_time() + self._connect_s)
        connection = await line.opened()
        unit.deadline = usual
        try:
            return await work(connection)
        except asyncio.CancelledError:
            # It may be inside a BEGIN or a COMMIT, of which neither driver nor server knows yet how it ends.
            # The next unit must not find itself in a transaction that nobody commits.
            line.drop()
            raise
        finally:
            if connection.is_closed() or connection.is_in_transaction():
                line.drop()

    async def watch(self) -> None:
        """End units that overran. Runs until cancelled."""
        while True:
            await trio.sleep(_WATCH_EVERY_S)
            now = trio.current_time()
            for unit in [unit for unit in self._units if unit.deadline <= now]:
                log.warning("database_unit_overran", connected=unit.line is not None)
                self._end(unit)

    @staticmethod
    def _end(unit: _Unit) -> None:
        unit.overran = True
        unit.deadline = math.inf
        if unit.line is not None:
            unit.line.drop()
        if unit.task is not None:
            unit.task.cancel()

    async def close(self) -> None:
        """Wait for units under way (bounded), then say goodbye on every line (bounded). Shielded."""
        with trio.CancelScope(shield=True):
            limit = trio.current_time() + DEADLINE_S["journal"]
            while self._units and trio.current_time() < limit:  # noqa: ASYNC110 - a second event per unit costs more
                await trio.sleep(0.005)
            for unit in list(self._units):
                self._end(unit)
            goodbye = self._loop.create_task(self._goodbye(), context=self._context.copy())
            ended = trio.Event()
            goodbye.add_done_callback(lambda _: ended.set())
            with trio.move_on_after(_CLOSE_S):
                await ended.wait()
            for line in self._all_lines():
                line.drop()
            if not ended.is_set():
                goodbye.cancel()
                await ended.wait()

    async def _goodbye(self) -> None:
        for line in self._all_lines():
            if line.connection is not None and not line.connection.is_closed():
                try:
                    await line.connection.close()
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    line.drop()

    def _all_lines(self) -> list[_Line]:
        return [line for lines in self._lines.values() for line in lines]


@asynccontextmanager
async def open_database(dsn: str, settings: Settings) -> AsyncIterator[Database]:
    """Open the bridge for the body. Connects when first used, so a database that is down fails no start.

    Raises CannotStartError for a URL that is none. On exit units under way are carried to their end (at
    most 10 s).
    """
    target = Target(dsn, settings)
    async with service_nursery() as nursery:
        stop = trio.Event()
        loop = await nursery.start(_host_loop, stop)
        database = Database(target, settings, loop)
        nursery.start_soon(database.watch)
        try:
            yield database
        finally:
            await database.close()
            stop.set()


async def _host_loop(stop: trio.Event, *, task_status: trio.TaskStatus[asyncio.AbstractEventLoop]) -> None:
    """The process's asyncio loop, in a task of its own: nothing of the service runs inside its scopes.

    Shielded, because the journal's last group must be carried to its end after everything else was cancelled.
    """
    with trio.CancelScope(shield=True):
        async with trio_asyncio.open_loop() as loop:
            # The default handler would take the service down for an asyncio warning.
            loop.set_exception_handler(_log_loop_error)
            task_status.started(loop)
            await stop.wait()


def _log_loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error(
        "asyncio_loop_error", message=context.get("message"), error=type(error).__name__ if error else None
    )


def as_store_error(error: BaseException) -> StoreError | None:
    """Contract A 5's table, from exception to StoreError; None for what is no fault of the database."""
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        return StoreError("schema_not_ready" if state in _SCHEMA_STATES else "unavailable", state or None)
    if isinstance(error, asyncpg.InternalClientError):
        return StoreError("unavailable", "ECONNRESET")
    if isinstance(error, asyncpg.InterfaceError):
        # A ValueError is about arguments, hence about us or the caller's data; the rest is a lost connection.
        return None if isinstance(error, ValueError) else StoreError("unavailable", "ECONNRESET")
    if isinstance(error, TimeoutError):
        return StoreError("unavailable", "ETIMEDOUT")
    if isinstance(error, socket.gaierror):
        return StoreError("unavailable", "EAI_AGAIN" if error.errno == socket.EAI_AGAIN else "ENOTFOUND")
    if isinstance(error, FileNotFoundError):  # the socket of a server that is down
        return StoreError("unavailable", "ECONNREFUSED")
    if isinstance(error, OSError):
        return StoreError("unavailable", errno.errorcode.get(error.errno or 0, "ECONNRESET"))
    return None
