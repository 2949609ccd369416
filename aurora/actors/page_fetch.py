"""Fetching a page from the open web as a stranger would: pinned, bounded, and with nothing of ours in it.

A name is resolved once for each request; every address it leads to must be public, and the connection goes
to one of exactly those, while Host, SNI and the certificate's check keep the name. So a name that answers
differently a moment later changes nothing. No cookies, no authorisation, no proxy or credentials from the
environment, no connection kept.
"""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore2
import msgspec
import trio

from aurora.actors.http_pool import declared_length, failure_code
from aurora.actors.upstream_sockets import SocketBackend, close_soon
from aurora.rules.page.product_page import PageCode
from aurora.rules.web_address import WebAddress, is_public, page_address, redirected

MOST_REDIRECTS = 3
MOST_LOOKUPS = 8  # threads in the system's resolver; one that hangs keeps its place until it is back
MOST_TRIED = 3  # addresses of a name
CONNECT_S = 1.0  # each
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_ACCEPTED_LANGUAGE = {"EN": b"en", "CN": b"zh-CN,zh;q=0.9,en;q=0.5"}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Numbers that a name stands for, none if it is not known."""


class Fetched(msgspec.Struct, frozen=True):
    """A page as it came, decompressed. charset: as its header says, "" if it does not."""

    address: WebAddress
    body: bytes
    charset: str


class Resolver:
    """The system's resolver, in threads of its own limit, so that lookups that hang hold up nobody else."""

    def __init__(self) -> None:
        self._threads = trio.CapacityLimiter(MOST_LOOKUPS)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of `host`, in the system's order."""
        try:
            found = await trio.to_thread.run_sync(
                _look_up, host, port, abandon_on_cancel=True, limiter=self._threads
            )
        except (OSError, UnicodeError):
            return []
        return list(dict.fromkeys(found))


def _look_up(host: str, port: int) -> list[str]:
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]


class PageFetch:
    """Fetches pages of the hosts on a list.

    hosts: see `web_address.is_listed`. most_bytes: of a body, as it comes and decompressed. resolve, backend,
    tls: replaced in tests; what counts as public cannot be.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        most_bytes: int,
        *,
        resolve: Resolve | None = None,
        backend: httpcore2.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._hosts = tuple(hosts)
        self._most_bytes = most_bytes
        self._resolve = resolve or Resolver()
        self._backend = backend or SocketBackend()
        self._tls = tls or ssl.create_default_context()

    def address(self, url: str) -> WebAddress | None:
        """The address behind `url`, if we would visit it."""
        return page_address(url, self._hosts)

    async def get(self, address: WebAddress, lang: str) -> Fetched | PageCode:
        """The page, redirects followed, or why there is none. Bound its time from outside."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._get(address, lang)
            if not isinstance(answer, _Redirect):
                return answer
            there = redirected(address, answer.location, self._hosts)
            if there is None:
                return "url_refused"
            address = there
        return "too_many_redirects"

    async def _get(self, address: WebAddress, lang: str) -> Fetched | _Redirect | PageCode:
        port = 443 if address.scheme == "https" else 80
        numbers = await self._resolve(address.host, port)
        if not numbers:
            return "unresolved"
        if not all(is_public(number) for number in numbers):
            return "url_refused"
        pool = httpcore2.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=_Pinned(self._backend, address.host, numbers[:MOST_TRIED]),
        )
        try:
            response = await pool.handle_async_request(_request(address, lang))
            try:
                return await self._answer(address, response)
            finally:
                # Closes the socket unless the body was read to its end.
                await close_soon(response)
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            return "unresolved" if failure_code(error) == "dns" else "http_error"
        finally:
            await close_soon(pool)

    async def _answer(
        self, address: WebAddress, response: httpcore2.Response
    ) -> Fetched | _Redirect | PageCode:
        if response.status in _REDIRECTS:
            location = _header(response, b"location")
            return _Redirect(location) if location else "http_error"
        if not 200 <= response.status < 300:
            return "http_error"
        kind, _, parameters = _header(response, b"content-type").partition(";")
        if kind.strip().lower() not in _PAGES:
            return "wrong_type"
        if declared_length(response.headers) > self._most_bytes:
            return "too_large"
        intake = _Intake(_header(response, b"content-encoding"), self._most_bytes)
        # A cancellation ends the client's nested generators in order, as leaving the loop would not.
        with trio.CancelScope() as enough:
            async for chunk in response.aiter_stream():
                if not intake.take(chunk):
                    enough.cancel()
        body = intake.end()
        return Fetched(address, body, _charset(parameters)) if isinstance(body, bytes) else body


class _Redirect(msgspec.Struct, frozen=True):
    location: str


class _Pinned(httpcore2.AsyncNetworkBackend):
    """Connects to the addresses that were checked, whatever the name stands for by now."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend, host: str, addresses: Sequence[str]) -> None:
        self._backend = backend
        self._host = host
        self._addresses = addresses

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """The first of them that takes us within CONNECT_S. Raises httpcore2.ConnectError."""
        if host != self._host:
            raise httpcore2.ConnectError("not the host that was checked")
        refused: httpcore2.ConnectError | None = None
        for address in self._addresses:
            with trio.move_on_after(CONNECT_S):
                try:
                    return await self._backend.connect_tcp(address, port)
                except httpcore2.ConnectError as error:
                    refused = error
        raise refused or httpcore2.ConnectError("no address answered")


class _Intake:
    """A body on its way in. Keeps at most `most` bytes of it, decompressed as they come."""

    def __init__(self, encoding: str, most: int) -> None:
        self._most = most
        self._raw = 0
        self._kept = bytearray()
        self._code: PageCode = ""
        self._unzip: Any = None
        name = encoding.strip().lower()
        if name in ("gzip", "x-gzip"):
            self._unzip = zlib.decompressobj(wbits=31)
        elif name not in ("", "identity"):
            self._code = "unreadable"  # we asked for no other

    def take(self, chunk: bytes) -> bool:
        """Whether there is any use in more."""
        if not self._code:
            self._raw += len(chunk)
            self._kept += chunk if self._unzip is None else self._unzipped(chunk)
            if max(self._raw, len(self._kept)) > self._most:
                self._code = "too_large"
        return not self._code

    def end(self) -> bytes | PageCode:
        """The whole body, or why it is of no use."""
        if self._code:
            return self._code
        if self._unzip is not None and not self._unzip.eof:
            return "unreadable"
        return bytes(self._kept)

    def _unzipped(self, chunk: bytes) -> bytes:
        """Never more than one byte above what may be kept, however much is packed in it."""
        try:
            return bytes(self._unzip.decompress(chunk, self._most + 1 - len(self._kept)))
        except zlib.error:
            self._code = "unreadable"
            return b""


def _request(address: WebAddress, lang: str) -> httpcore2.Request:
    url = httpcore2.URL(
        scheme=address.scheme.encode(),
        host=address.host.encode(),
        port=None,
        target=address.target.encode(),
    )
    headers = [
        (b"host", address.host.encode()),
        (b"user-agent", b"aurora"),
        (b"accept", b"text/html,application/xhtml+xml"),
        (b"accept-language", _ACCEPTED_LANGUAGE.get(lang, b"en")),
        (b"accept-encoding", b"gzip"),
        (b"connection", b"close"),
    ]
    return httpcore2.Request("GET", url, headers=headers)


def _header(response: httpcore2.Response, wanted: bytes) -> str:
    """Its first value; "" without one."""
    found = next((value for name, value in response.headers if name.lower() == wanted), b"")
    try:
        return found.decode()
    except UnicodeDecodeError:
        return found.decode("latin-1")


def _charset(parameters: str) -> str:
    for parameter in parameters[:200].split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower()
    return ""
