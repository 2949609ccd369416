"""A TCP server that does exactly what it is told, for tests of links. Real sockets, no HTTP library."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

Behaviour = Callable[["Conversation"], Awaitable[None]]


class Conversation:
    """One connection.

    requests: heads and bodies as bytes. closed_at: when the client's end was seen. ended: it is over.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.requests: list[bytes] = []
        self.closed_at: float | None = None
        self.ended = False

    async def read_request(self) -> bytes | None:
        """The next request, whole; None at the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = await self.stream.receive_some(65536)
            if not chunk:
                return None
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < length:
            chunk = await self.stream.receive_some(65536)
            if not chunk:
                return None
            body += chunk
        whole = head + b"\r\n\r\n" + body
        self.requests.append(whole)
        return whole

    async def send(self, data: bytes) -> None:
        """Raw bytes."""
        await self.stream.send_all(data)

    async def see_the_close(self) -> None:
        """Wait for the client's end, and note when it came."""
        try:
            while await self.stream.receive_some(65536):
                pass
        except trio.BrokenResourceError:
            pass
        self.closed_at = trio.current_time()

    async def reset(self) -> None:
        """Close with RST."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.stream.aclose()


class RawUpstream:
    """conversations: every connection so far, in order."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.conversations: list[Conversation] = []

    @property
    def requests(self) -> list[bytes]:
        """All requests of all connections."""
        return [request for each in self.conversations for request in each.requests]


@asynccontextmanager
async def raw_upstream(behaviour: Behaviour) -> AsyncIterator[RawUpstream]:
    """Serve `behaviour` on a port of its own for the body."""
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=1024)
        port = listeners[0].socket.getsockname()[1]
        upstream = RawUpstream(port)

        async def handle(stream: trio.SocketStream) -> None:
            conversation = Conversation(stream)
            upstream.conversations.append(conversation)
            async with stream:
                try:
                    await behaviour(conversation)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    conversation.closed_at = trio.current_time()
                conversation.ended = True

        await nursery.start(trio.serve_listeners, handle, listeners)
        yield upstream
        nursery.cancel_scope.cancel()


def http(status: int, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    """A whole HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", f"content-type: {kind}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def replies(*answers: bytes) -> Behaviour:
    """Answer requests in turn, over all connections, the last answer for all that follow."""
    waiting = list(answers)

    async def behaviour(conversation: Conversation) -> None:
        while await conversation.read_request() is not None:
            await conversation.send(waiting.pop(0) if len(waiting) > 1 else waiting[0])
        conversation.closed_at = trio.current_time()

    return behaviour


def says(value: Any) -> Behaviour:
    """Answer every request with this JSON."""
    return replies(http(200, json.dumps(value).encode()))


async def stalls(conversation: Conversation) -> None:
    """Read the request, never answer, note when the client closes."""
    if await conversation.read_request() is not None:
        await conversation.see_the_close()
