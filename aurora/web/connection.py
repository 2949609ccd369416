"""Serving HTTP on one listening socket: hypercorn's protocol, with the ends of connections put right.

What is different from hypercorn's own server, each with a raw-socket test in tests/web/test_serve.py:

- A send is bounded. Hypercorn sends inside an unlimited shield, so a client that never reads pins its
  handler and the shutdown.
- The close survives the cancellation that the close itself causes: quart-trio cancels the request's nursery
  on the disconnect message, in which hypercorn is just closing the socket. Without this, clients that wait
  for the end of the connection (`Connection: close`, HTTP/1.0) wait for ever.
- The idle timer is one task per connection whose deadline moves. Hypercorn starts a task after every request,
  from the same cancelled place, so that kept connections were never closed and a shutdown waited its whole
  grace for them; and a connection whose client had gone kept its descriptor until the timer was over.
- The reader ends with the connection. Hypercorn's waits for ever, if it holds a pipelined request back or a
  body that nobody reads.
- Head and body of an answer leave in one write.
- What the protocol itself refuses, and what it does not speak: `http1`.
- A bug in the protocol ends one connection, not the server.
- The socket is known to the handlers (see `socket_arrival`).
"""

from __future__ import annotations

import math
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import structlog
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.task_group import TaskGroup as Tasks
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, TaskGroup
from hypercorn.utils import parse_socket_addr

from aurora.lifetime import CannotStartError
from aurora.web.http1 import Http1
from aurora.web.socket_arrival import connection_socket

Application = Callable[[Any, Any, Any], Awaitable[None]]

BACKLOG = 2048
USER_TIMEOUT_MS = 10_000
SEND_S = 10.0  # longest send of one chunk to a client that does not read
LAST_SEND_S = 2.0  # the same once we are shutting down
KEEP_ALIVE_S = 65.0  # longer than the 60 s for which proxies keep theirs
_CHUNK = 65536
_FINAL_HEADS = (b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4", b"HTTP/1.1 5")
_LENGTH = b"\r\ncontent-length: "
_END_OF_HEAD = b"\r\n\r\n"

log = structlog.get_logger(__name__)


def open_socket(host: str, port: int) -> socket.socket:
    """A bound socket, not yet listening; port 0 takes any free one. Raises CannotStartError (in use ...).

    Until the service is ready, clients are refused instead of kept waiting; `serve_http` begins to listen.
    TCP_USER_TIMEOUT is inherited by its connections: a peer that acknowledges nothing for 10 s is gone.
    """
    sock: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, proto, _, address = found[0]
        sock = socket.socket(family, kind, proto)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        sock.bind(address)
    except OSError as error:
        if sock is not None:
            sock.close()
        raise CannotStartError(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error
    return sock


def url_of(sock: socket.socket) -> str:
    """Base URL of a bound socket, with an address that a local client can use."""
    host, port = sock.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


class _Log:
    """Hypercorn's logger interface over ours. Accesses are counted and logged by the application."""

    def __init__(self, _: Config) -> None: ...

    async def access(self, *_: Any) -> None:
        """Nothing: see above."""

    async def exception(self, message: str, *_: Any, **__: Any) -> None:
        """An exception that the application let through: a bug."""
        log.exception("http_application_error", detail=message)

    async def warning(self, message: str, *_: Any, **__: Any) -> None:
        """Hypercorn's warnings."""
        log.warning("http_server_warning", detail=message)

    async def info(self, *_: Any, **__: Any) -> None:
        """Nothing: we say ourselves where we listen."""

    debug = info
    error = critical = warning


def http_config() -> Config:
    """Hypercorn's configuration: only HTTP manners, since sockets, workers and lifetime are ours."""
    config = Config()
    config.logger_class = _Log  # type: ignore[assignment]  # the same methods, not a subclass
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.keep_alive_max_requests = 10**9
    config.read_timeout = None
    config.include_server_header = False
    config.h11_max_incomplete_size = 32 * 1024
    return config


class _IdleTimer:
    """Closes a connection that has waited too long for its next request. Hypercorn's interface, one task in
    all.
    """

    def __init__(self, expire: Callable[[], Awaitable[None]], patience_s: float) -> None:
        self._expire = expire
        self._patience_s = patience_s
        self._deadline = math.inf
        self._scope: trio.CancelScope | None = None
        self._ended = False

    async def restart(self, task_group: TaskGroup, _: object) -> None:
        """The connection is idle from now on. Never blocks: it is called from cancelled tasks, too."""
        if self._ended:
            return
        self._move(trio.current_time() + self._patience_s)
        if self._scope is None:
            self._scope = trio.CancelScope(deadline=self._deadline)
            task_group.spawn(self._watch)

    async def stop(self) -> None:
        """A request has come."""
        self._move(math.inf)

    def hurry(self) -> None:
        """We are shutting down: idle connections have no more time, nor will they have."""
        self._patience_s = 0.0
        if self._deadline < math.inf:
            self._move(-math.inf)

    def end(self) -> None:
        """Nothing more will be read: no next request, no timer."""
        self._ended = True
        if self._scope is not None:
            self._scope.cancel()

    def _move(self, deadline: float) -> None:
        self._deadline = deadline
        if self._scope is not None:
            self._scope.deadline = deadline

    async def _watch(self) -> None:
        while not self._ended:
            assert self._scope is not None
            with self._scope:
                await trio.sleep_forever()
            if self._deadline < math.inf and not self._ended:
                with trio.CancelScope(shield=True):
                    await self._expire()
                return
            # A request came in the very moment of the expiry.
            self._scope = trio.CancelScope(deadline=self._deadline)


class _Connection(TCPServer):
    """One connection. See the module's text for what differs from its base."""

    def __init__(
        self,
        app: ASGIWrapper,
        config: Config,
        context: WorkerContext,
        live: set[_Connection],
        stream: trio.SocketStream,
        extra_headers: Sequence[tuple[bytes, bytes]],
    ) -> None:
        super().__init__(app, config, context, ConnectionState({}), stream)  # type: ignore[arg-type]  # no TLS here
        self.plain = stream
        self.extra_headers = extra_headers
        self.live = live
        self.sending: trio.CancelScope | None = None
        self.patience_s = SEND_S
        self.head = b""
        self.reading = trio.CancelScope()
        self.timer = _IdleTimer(self._initiate_server_close, config.keep_alive_timeout)
        self.idle_task = self.timer  # type: ignore[assignment]  # the same interface

    async def run(self) -> None:
        """Serve until either side closes."""
        connection_socket.set(self.plain.socket)
        self.live.add(self)
        if self.context.terminated.is_set():
            self.hurry()
        try:
            async with Tasks() as tasks:
                self._task_group = tasks
                self.protocol = self._protocol(tasks)  # type: ignore[assignment]  # what the wrapper would wrap
                await self.timer.restart(tasks, None)
                await self._read_data()
        except OSError:  # the peer is gone
            log.debug("http_connection_lost")
        except Exception:
            log.exception("http_connection_error")
        finally:
            await self._close()
            self.live.discard(self)

    def _protocol(self, tasks: Tasks) -> Http1:
        sock = self.plain.socket
        return Http1(
            self.app,
            self.config,
            self.context,
            tasks,
            ConnectionState({}),
            False,
            parse_socket_addr(sock.family, sock.getpeername()),
            parse_socket_addr(sock.family, sock.getsockname()),
            self.protocol_send,
            extra_headers=self.extra_headers,
        )

    async def _read_data(self) -> None:
        try:
            with self.reading:
                await super()._read_data()
            if self.reading.cancelled_caught:
                await self.protocol.handle(Closed())
        finally:
            self.timer.end()

    async def protocol_send(self, event: Event) -> None:
        """Send bytes, each chunk within its patience, else drop the connection.

        The head of an answer that says its length waits for the body, which follows at once.
        """
        if not isinstance(event, RawData):
            if self.head:
                await self._send(b"")
            await super().protocol_send(event)
        elif (
            event.data.startswith(_FINAL_HEADS)
            and _LENGTH in event.data
            and event.data.endswith(_END_OF_HEAD)
        ):
            self.head += event.data
        elif event.data or self.head:
            await self._send(event.data)

    async def _send(self, data: bytes) -> None:
        held, self.head = self.head, b""
        async with self.send_lock:
            try:
                await self._send_patiently(memoryview(held + data if held else data))
                return
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.reading.cancel()
        await self.protocol.handle(Closed())

    async def _send_patiently(self, data: memoryview) -> None:
        for start in range(0, len(data), _CHUNK):
            deadline = trio.current_time() + self.patience_s
            with trio.CancelScope(shield=True, deadline=deadline) as self.sending:
                await self.stream.send_all(data[start : start + _CHUNK])
            if self.sending.cancelled_caught:
                log.warning("http_client_does_not_read")
                await trio.aclose_forcefully(self.stream)
                raise trio.ClosedResourceError
        self.sending = None

    async def _close(self) -> None:
        with trio.CancelScope(shield=True):
            await super()._close()
        self.reading.cancel()

    def hurry(self) -> None:
        """We are shutting down: idle connections close, and no long waits for clients that do not read."""
        self.timer.hurry()
        self.patience_s = LAST_SEND_S
        if self.sending is not None:
            self.sending.deadline = min(self.sending.deadline, trio.current_time() + LAST_SEND_S)


async def serve_http(
    app: Application,
    sock: socket.socket,
    stop: trio.Event,
    *,
    graceful_s: float,
    extra_headers: Sequence[tuple[bytes, bytes]] = (),
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `app` on a bound socket until `stop` is set; then refuse connections and let requests finish.

    Idle connections close at once, requests under way have `graceful_s`, after which they are cancelled.
    extra_headers: of the refusals that come before the application is asked.
    Closes the socket. Returns when the last connection is gone.
    """
    config = http_config()
    wrapped = ASGIWrapper(app)
    context = WorkerContext(None)
    live: set[_Connection] = set()
    try:
        sock.listen(BACKLOG)
    except OSError as error:  # somebody else bound the port beside us, and listened first
        raise CannotStartError(f"Cannot listen on {url_of(sock)}: {error.strerror or error}.") from error
    listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
    lifespan = Lifespan(wrapped, config, {})

    async def one(stream: trio.SocketStream) -> None:
        await _Connection(wrapped, config, context, live, stream, extra_headers).run()

    async with trio.open_nursery() as surroundings:
        await surroundings.start(lifespan.handle_lifespan)
        await lifespan.wait_for_startup()
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepting:
                accepting.start_soon(
                    partial(trio.serve_listeners, one, [listener], handler_nursery=connections)
                )
                task_status.started()
                await stop.wait()
                accepting.cancel_scope.cancel()
            await listener.aclose()
            connections.cancel_scope.deadline = trio.current_time() + graceful_s
            await context.terminated.set()
            for connection in tuple(live):
                connection.hurry()
        with trio.move_on_after(1):
            await lifespan.wait_for_shutdown()
        surroundings.cancel_scope.cancel()
