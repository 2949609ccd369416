"""Sockets to upstreams, as the HTTP pool opens them.

The client's own trio backend puts a timeout scope around every read and write and races several addresses for
every connect. Our cancel scopes bound all of that already, and the address is mostly a number, so this
backend does less; and it closes what is cut while it is being made:

- A cut during the TLS handshake would leave the socket to the garbage collector.
- One that arrives together with the finished connection would leave it in the pool for ever, in the state
  before its first request, and the upstream waiting. There is no other checkpoint between here and the end of
  that state.
"""

from __future__ import annotations

import socket
import ssl
from ipaddress import ip_address
from typing import Any

import httpcore2
import trio

CLOSE_WAIT_S = 0.25


class SocketBackend(httpcore2.AsyncNetworkBackend):
    """Opens TCP connections. Timeouts, local addresses and socket options of the interface are not used."""

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """A connected stream. Raises httpcore2.ConnectError."""
        try:
            stream = SocketStream(await _connected(host, port))
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        return await _unless_cut(stream)


class SocketStream(httpcore2.AsyncNetworkStream):
    """One connection, plain or TLS. Raises httpcore2.ReadError, WriteError, ConnectError."""

    def __init__(self, stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - interface
        """At most `max_bytes`; empty at the end."""
        try:
            return bytes(await self._stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise httpcore2.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - interface
        """All of `buffer`."""
        if not buffer:
            return
        try:
            await self._stream.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise httpcore2.WriteError(str(error)) from error

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - interface
    ) -> httpcore2.AsyncNetworkStream:
        """The same connection, encrypted. It is closed if that does not come about."""
        assert isinstance(self._stream, trio.SocketStream)
        secure = trio.SSLStream(
            self._stream, ssl_context, server_hostname=server_hostname, https_compatible=True
        )
        try:
            await secure.do_handshake()
        except trio.BrokenResourceError as error:
            await close_soon(self)
            raise httpcore2.ConnectError(str(error)) from error
        except trio.Cancelled:
            await close_soon(self)
            raise
        return await _unless_cut(SocketStream(secure))

    def get_extra_info(self, info: str) -> Any:
        """`ssl_object` and `is_readable`, which the pool asks for; None for anything else."""
        secure = isinstance(self._stream, trio.SSLStream)
        if info == "ssl_object":
            return self._stream if secure else None
        if info == "is_readable":
            plain = (
                self._stream.transport_stream if isinstance(self._stream, trio.SSLStream) else self._stream
            )
            return plain.socket.is_readable()
        return None


async def close_soon(resource: Any) -> None:
    """`aclose`, shielded from whatever cancels us, and bounded."""
    with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WAIT_S):
        await resource.aclose()


async def _connected(host: str, port: int) -> trio.SocketStream:
    try:
        version = ip_address(host).version
    except ValueError:
        return await trio.open_tcp_stream(host, port)
    plain = trio.socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        await plain.connect((host, port))
    except BaseException:
        plain.close()
        raise
    return trio.SocketStream(plain)


async def _unless_cut(stream: SocketStream) -> SocketStream:
    try:
        await trio.lowlevel.checkpoint_if_cancelled()
    except trio.Cancelled:
        await close_soon(stream)
        raise
    return stream
