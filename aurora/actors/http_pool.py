"""The HTTP client's connection pool as a link uses it. With `upstream_sockets`, all that knows the client.

We talk to the pool (`httpcore2`, what `httpx2` stands on) and not to a client object: no cookie jar that
would mix people, no redirects, no proxies or certificates from the environment, no retries but ours, and less
work per call. What it leaves to its users is done here: a body that is too large is left without abandoning
the client's generators, and a pool whose slots are stuck can be replaced while calls are in flight on the old
one.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence

import httpcore2
import msgspec
import trio

from aurora.actors.findings import FailureCode
from aurora.actors.upstream_sockets import SocketBackend, close_soon

MOST_CONNECTIONS = 160
MOST_IDLE = 32
IDLE_S = 30.0
POOL_WAIT_S = 1.0

Headers = Sequence[tuple[bytes, bytes]]


class Received(msgspec.Struct, frozen=True):
    """An HTTP answer. body None: not read, because the status did not interest or it was too large.

    location: of a redirect; empty otherwise.
    """

    status: int
    body: bytes | None
    location: str = ""


class ExchangeError(Exception):
    """There was no HTTP answer. code: why."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(code)
        self.code: FailureCode = code
        self.detail = detail


class HttpPool:
    """Connections to one origin. base_url: `http` or `https`, maybe with a path. rebuilds: how often stuck.

    Raises ValueError for a base that is no such URL.
    """

    def __init__(self, base_url: str) -> None:
        base = httpcore2.URL(base_url)
        if base.scheme not in (b"http", b"https") or not base.host:
            raise ValueError("an upstream's base must be an http or https URL with a host")
        self._base = base
        standard = {b"http": 80, b"https": 443}[base.scheme]
        host = b"[%b]" % base.host if b":" in base.host else base.host
        self._host = host if base.port in (None, standard) else b"%b:%d" % (host, base.port)
        self._ssl = ssl.create_default_context() if base.scheme == b"https" else None
        self._current = _Generation(self._new_pool())
        self._retired: list[_Generation] = []
        self._surplus_seen = 0
        self.rebuilds = 0

    async def exchange(
        self,
        method: str,
        target: str,
        headers: Headers,
        content: bytes | None,
        *,
        read: Callable[[int], bool],
        max_bytes: int,
    ) -> Received:
        """One request and its answer.

        target: path and query, below the base's own path. read: whether the body of a status is wanted; one
        of more than `max_bytes` is not read to its end. Raises ExchangeError, and what cancels it.
        """
        generation = self._current
        generation.calls += 1
        try:
            request = self._request(method, target, headers, content)
            return await self._exchange(generation.pool, request, read, max_bytes)
        except httpcore2.PoolTimeout as error:
            raise ExchangeError("admission", "pool") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            raise ExchangeError(failure_code(error)) from error
        finally:
            generation.calls -= 1

    async def check(self) -> bool:
        """Connections that are busy though no call owns them are stuck: then start over with a new pool.

        Call it now and then; True when it did. A slot may be in transition, so only a surplus that two checks
        in a row see counts. Calls in flight end on their old pool, which is closed after the last of them.
        """
        self._surplus_seen = self._surplus_seen + 1 if self._current.surplus() > 0 else 0
        stuck = self._surplus_seen >= 2
        if stuck:
            self._retired.append(self._current)
            self._current = _Generation(self._new_pool())
            self._surplus_seen = 0
            self.rebuilds += 1
        over = [each for each in self._retired if each.calls == 0]
        self._retired = [each for each in self._retired if each.calls > 0]
        for each in over:
            await close_soon(each.pool)
        return stuck

    async def aclose(self) -> None:
        """Close every connection, those in use included."""
        for each in (self._current, *self._retired):
            await close_soon(each.pool)

    async def _exchange(
        self,
        pool: httpcore2.AsyncConnectionPool,
        request: httpcore2.Request,
        read: Callable[[int], bool],
        max_bytes: int,
    ) -> Received:
        response = await pool.handle_async_request(request)
        try:
            if not read(response.status) or declared_length(response.headers) > max_bytes:
                return Received(response.status, None, _location(response))
            return Received(response.status, await _body(response, max_bytes), _location(response))
        finally:
            # Closes the socket unless the body was read to its end.
            await close_soon(response)

    def _request(
        self, method: str, target: str, headers: Headers, content: bytes | None
    ) -> httpcore2.Request:
        base = self._base
        path = base.target.rstrip(b"/") + target.encode("ascii")
        url = httpcore2.URL(scheme=base.scheme, host=base.host, port=base.port, target=path)
        sent = [(b"host", self._host), *headers]
        if content is not None:
            sent.append((b"content-length", b"%d" % len(content)))
        # Our cancel scopes bound everything but the wait for a pool slot, which should never happen at all.
        extensions = {"timeout": {"pool": POOL_WAIT_S}}
        return httpcore2.Request(method, url, headers=sent, content=content, extensions=extensions)

    def _new_pool(self) -> httpcore2.AsyncConnectionPool:
        return httpcore2.AsyncConnectionPool(
            ssl_context=self._ssl,
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_IDLE,
            keepalive_expiry=IDLE_S,
            network_backend=SocketBackend(),
        )


class _Generation:
    """A pool and the calls in flight on it."""

    __slots__ = ("calls", "pool")

    def __init__(self, pool: httpcore2.AsyncConnectionPool) -> None:
        self.pool = pool
        self.calls = 0

    def surplus(self) -> int:
        busy = sum(not (each.is_idle() or each.is_closed()) for each in self.pool.connections)
        return busy - self.calls


async def _body(response: httpcore2.Response, max_bytes: int) -> bytes | None:
    """The whole body; None when it is too large."""
    chunks: list[bytes] = []
    size = 0
    # Leaving the loop early would leave the client's nested generators to the garbage collector; a
    # cancellation ends them in order and closes the connection.
    with trio.CancelScope() as enough:
        async for chunk in response.aiter_stream():
            size += len(chunk)
            if size > max_bytes:
                enough.cancel()
            else:
                chunks.append(chunk)
    return None if size > max_bytes else b"".join(chunks)


def _location(response: httpcore2.Response) -> str:
    if not 300 <= response.status < 400:
        return ""
    found = (value for name, value in response.headers if name.lower() == b"location")
    return next(found, b"").decode("latin-1")


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Of `content-length`; 0 if it is not there. The client has checked that it is one number."""
    for name, value in headers:
        if name.lower() == b"content-length" and value.isdigit() and len(value) < 19:
            return int(value)
    return 0


def failure_code(error: Exception) -> FailureCode:
    """Our word for what the client raised, from the operating system's error underneath if there is one."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "dns"
        if isinstance(cause, ssl.SSLError | ssl.CertificateError):
            return "tls"
        if isinstance(cause, ConnectionResetError):
            return "reset"
        if isinstance(cause, BrokenPipeError):
            return "broken_pipe"
    if isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout):
        return "connect"
    if isinstance(error, httpcore2.ProtocolError):
        # Either it hung up in the middle, or it does not speak HTTP.
        text = str(error).lower()
        return "reset" if "disconnected" in text or "closed connection" in text else "bad_shape"
    return "reset"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Everything behind an error, groups included (several addresses are tried at once)."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += [below for below in (each.__cause__, each.__context__) if below is not None]
