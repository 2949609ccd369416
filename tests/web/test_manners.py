"""What raw clients hear that speak HTTP badly, slowly, or something else (contract A 1.1; `web.http1`)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import trio

from aurora.settings import Settings
from aurora.web.build import Build
from aurora.web.connection import open_socket, serve_http
from aurora.web.cors import Cors
from tests.support.web import web

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
LOG = b"POST /v1/tracker/log HTTP/1.1\r\nHost: a\r\nX-Aurora-UID: u1\r\nContent-Type: application/json\r\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The whole app behind a real socket."""
    settings = Settings(retention_days=0, git_sha="0123456789abcdef", write_budget_ms=1000)
    sock = open_socket("127.0.0.1", 0)
    stop = trio.Event()

    async def serve(*, task_status: trio.TaskStatus[None]) -> None:
        extra = Cors(settings).headers({}) + Build(settings).headers
        await serve_http(client.app, sock, stop, graceful_s=2, extra_headers=extra, task_status=task_status)

    async with web(settings) as client, trio.open_nursery() as nursery:
        await nursery.start(serve)
        yield sock.getsockname()[1]
        stop.set()


async def said_to(port: int, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Everything the server says to these bytes until it ends the connection."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        for part in parts:
            await stream.send_all(part)
            await trio.sleep(pause_s)
        received = b""
        with trio.fail_after(5):
            async for more in stream:
                received += more
    return received


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40), 400, "BAD_REQUEST"),
        (b"HELLO\r\n\r\n", 400, "BAD_REQUEST"),
        (HEALTH + b"X-Aurora-UID: a\x00b\r\n\r\n", 400, "BAD_REQUEST"),
        (HEALTH + b"X: " + b"a" * 70_000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (LOG + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "BAD_REQUEST"),
        (LOG + b"Content-Length: -1\r\n\r\n", 400, "BAD_REQUEST"),
        (LOG + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "BAD_REQUEST"),
        (LOG + b"Transfer-Encoding: gzip\r\n\r\n", 501, "NOT_IMPLEMENTED"),
        (LOG + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "BAD_REQUEST"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP_VERSION_NOT_SUPPORTED"),
    ],
    ids=[
        "TLS", "no HTTP", "NUL in a header", "a huge head", "two lengths", "a negative length",
        "a length beside chunks", "an unknown coding", "a broken chunk", "HTTP/2",
    ],
)  # fmt: skip
async def test_what_is_not_http_is_refused_in_json_with_the_headers_of_every_answer(
    port: int, request_bytes: bytes, status: int, code: str
) -> None:
    head, _, content = (await said_to(port, request_bytes)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d" % status)
    assert b"access-control-allow-headers: " in head
    assert b"x-aurora-build: 0123456789ab" in head
    assert b"connection: close" in head
    assert json.loads(content) == {"error": code}


async def test_a_refused_head_request_gets_no_body(port: int) -> None:
    request = b"HEAD /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    head, _, content = (await said_to(port, request)).partition(b"\r\n\r\n")
    assert (head[:12], content) == (b"HTTP/1.1 400", b"")


@pytest.mark.parametrize(
    "offer",
    [
        b"Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n",
        b"Upgrade: h2c\r\nConnection: close, Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    ],
    ids=["websocket", "h2c"],
)
async def test_an_offered_upgrade_is_not_taken_and_the_request_is_answered(
    port: int, offer: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = await said_to(port, HEALTH + offer + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"ok":true' in answer
    assert "Traceback" not in capfd.readouterr().err


async def test_a_slow_line_leaves_the_budget_whole(port: int) -> None:
    """The budget here is 1 s, and the body takes longer than that."""
    head = LOG + b"Connection: close\r\nContent-Length: 10\r\n\r\n"
    answer = await said_to(port, head + b'{"acn', b'e":1}', pause_s=1.2)
    assert answer.startswith(b"HTTP/1.1 200")
