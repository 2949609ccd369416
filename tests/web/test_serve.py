"""HTTP as raw clients see it, over a real socket: ends of connections, slow readers, shutdown, kernel
arrival.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import quart
import trio
import trio.testing
from quart_trio import QuartTrio

from aurora.lifetime import CannotStartError
from aurora.settings import Settings
from aurora.web import connection
from aurora.web.connection import open_socket, serve_http, url_of
from aurora.web.serve import graceful_s
from aurora.web.socket_arrival import arrival

HUGE = 30_000_000


class Site:
    """A served toy application. stop: begins the shutdown. begun, ended: of its slow handlers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stop = trio.Event()
        self.done = trio.Event()
        self.begun = trio.Event()
        self.release = trio.Event()
        self.ended: list[str] = []


def toy(site: Site) -> QuartTrio:
    app = QuartTrio("toy")

    @app.route("/now", methods=["GET", "POST"])
    async def now() -> str:
        return str(len(await quart.request.get_data()))

    @app.get("/slow")
    async def slow() -> str:
        site.begun.set()
        try:
            await site.release.wait()
            site.ended.append("answered")
        except trio.Cancelled:
            site.ended.append("cancelled")
            raise
        return "slow"

    @app.get("/huge")
    async def huge() -> bytes:
        site.begun.set()
        return b"x" * HUGE

    @app.get("/stream")
    async def stream() -> AsyncIterator[bytes]:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            await site.release.wait()
            yield b"second"

        return parts()

    @app.get("/waited")
    async def waited() -> str:
        return str(trio.current_time() - arrival())

    return app


@pytest.fixture
def graceful() -> float:
    return 5.0


@pytest.fixture
def keep_alive() -> float:
    return connection.KEEP_ALIVE_S


@pytest.fixture
async def site(graceful: float, keep_alive: float, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(connection, "KEEP_ALIVE_S", keep_alive)
    sock = open_socket("127.0.0.1", 0)
    served = Site(sock.getsockname()[1])

    async def serve(*, task_status: trio.TaskStatus[None]) -> None:
        await serve_http(toy(served), sock, served.stop, graceful_s=graceful, task_status=task_status)
        served.done.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(serve)
        yield served
        served.release.set()
        served.stop.set()


async def connect(site: Site) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", site.port)


async def until_end(stream: trio.SocketStream, within_s: float = 5.0) -> bytes:
    """Everything until the server ends the connection; fails if it does not."""
    received = b""
    with trio.fail_after(within_s):
        async for part in stream:
            received += part
    return received


async def one_answer(stream: trio.SocketStream) -> bytes:
    """Head and body of one answer with a Content-Length; the connection stays open."""
    received = b""
    with trio.fail_after(5):
        while b"\r\n\r\n" not in received:
            received += await stream.receive_some(1)
        head = received.lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(received.partition(b"\r\n\r\n")[2]) < length:
            received += await stream.receive_some(length)
    return received.partition(b"\r\n\r\n")[2]


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab",
        b"GET /now HTTP/1.0\r\n\r\n",
        b"GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ],
    ids=["close", "close after a body", "HTTP/1.0", "close after a 404"],
)
async def test_the_connection_ends_after_the_answer_where_http_says_so(
    site: Site, request_bytes: bytes
) -> None:
    before = open_descriptors()
    for _ in range(5):
        async with await connect(site) as stream:
            await stream.send_all(request_bytes)
            assert (await until_end(stream)).startswith(b"HTTP/1.1 ")
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert open_descriptors() <= before + 1


async def test_the_connection_ends_even_when_the_handler_was_long_at_work(site: Site) -> None:
    async with await connect(site) as stream:
        await stream.send_all(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await site.begun.wait()
        site.release.set()
        assert (await until_end(stream)).endswith(b"slow")


async def test_a_kept_connection_answers_again_and_again(site: Site) -> None:
    async with await connect(site) as stream:
        for body in (b"", b"a", b"ab"):
            head = f"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            await stream.send_all(head + body)
            assert await one_answer(stream) == str(len(body)).encode()


@pytest.mark.parametrize("keep_alive", [0.3])
async def test_a_kept_connection_is_closed_when_it_has_been_idle_too_long(site: Site) -> None:
    async with await connect(site) as stream:
        for _ in range(2):
            await stream.send_all(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
            await one_answer(stream)
        assert await until_end(stream) == b""


async def test_a_kept_connection_is_closed_at_once_when_the_service_stops(site: Site) -> None:
    async with await connect(site) as stream:
        await stream.send_all(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
        await one_answer(stream)
        site.stop.set()
        with trio.fail_after(2):  # the grace is 5 s
            assert await until_end(stream) == b""
            await site.done.wait()


async def test_a_kept_connection_whose_client_left_keeps_no_descriptor(site: Site) -> None:
    before = open_descriptors()
    for _ in range(20):
        async with await connect(site) as stream:
            await stream.send_all(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n")
            await one_answer(stream)
    with trio.fail_after(2):  # an idle connection is kept for 65 s
        while open_descriptors() > before:  # noqa: ASYNC110 - the server sets no event for its end
            await trio.sleep(0.01)


async def test_head_and_body_of_an_answer_arrive_in_one_piece(site: Site) -> None:
    async with await connect(site) as stream:
        for _ in range(3):
            await stream.send_all(b"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
            with trio.fail_after(5):
                assert (await stream.receive_some(65536)).endswith(b"\r\n\r\n2")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
async def test_an_answer_without_a_body_is_not_held_back(site: Site, method: str) -> None:
    async with await connect(site) as stream:
        await stream.send_all(f"{method} /now HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        with trio.fail_after(5):
            assert (await stream.receive_some(65536)).startswith(b"HTTP/1.1 200")


async def test_a_streamed_answer_is_not_held_back(site: Site) -> None:
    async with await connect(site) as stream:
        await stream.send_all(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        with trio.fail_after(5):
            while b"first" not in received:
                received += await stream.receive_some(65536)
        assert b"second" not in received
        site.release.set()
        with trio.fail_after(5):
            while b"second" not in received:
                received += await stream.receive_some(65536)


async def test_pipelined_requests_are_answered_in_order_and_the_last_one_s_close_is_obeyed(
    site: Site,
) -> None:
    request = b"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%s\r\n%s"
    parts = [request % (n, b"Connection: close\r\n" if n == 3 else b"", b"x" * n) for n in (1, 2, 3)]
    async with await connect(site) as stream:
        await stream.send_all(b"".join(parts))
        received = await until_end(stream)
    assert [answer.rpartition(b"\r\n\r\n")[2] for answer in received.split(b"HTTP/1.1 ")[1:]] == [
        b"1",
        b"2",
        b"3",
    ]


async def test_an_expected_continue_is_given(site: Site) -> None:
    async with await connect(site) as stream:
        await stream.send_all(
            b"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        with trio.fail_after(5):
            assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 100")
        await stream.send_all(b"ab")
        assert (await until_end(stream)).endswith(b"2")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: -4\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
        b"GET /now HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
    ],
    ids=["tls", "framing", "http2", "headers", "target"],
)
async def test_garbage_ends_its_own_connection_and_nothing_else(site: Site, garbage: bytes) -> None:
    async with await connect(site) as stream:
        await stream.send_all(garbage)
        await stream.send_eof()
        await until_end(stream)
    async with await connect(site) as stream:
        await stream.send_all(b"GET /now HTTP/1.0\r\n\r\n")
        assert (await until_end(stream)).startswith(b"HTTP/1.1 200")


async def test_a_bug_in_the_protocol_ends_one_connection_not_the_server(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def buggy(_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(connection._Connection, "_read_data", buggy)
        async with await connect(site) as stream:
            assert await until_end(stream) == b""
    async with await connect(site) as stream:
        await stream.send_all(b"GET /now HTTP/1.0\r\n\r\n")
        assert (await until_end(stream)).startswith(b"HTTP/1.1 200")


async def test_shutdown_lets_requests_finish_and_refuses_new_ones(site: Site) -> None:
    async with await connect(site) as busy, await connect(site) as idle:
        await busy.send_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await site.begun.wait()
        site.stop.set()
        assert await until_end(idle) == b""
        with pytest.raises(OSError, match=r"refused|all attempts"):
            await connect(site)
        assert not site.done.is_set()
        site.release.set()
        assert (await until_end(busy)).endswith(b"slow")
    assert site.ended == ["answered"]
    with trio.fail_after(2):
        await site.done.wait()


@pytest.mark.parametrize("graceful", [0.2])
async def test_shutdown_cancels_what_outlasts_its_grace(site: Site) -> None:
    async with await connect(site) as busy:
        await busy.send_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await site.begun.wait()
        site.stop.set()
        with trio.fail_after(5):
            await site.done.wait()
    assert site.ended == ["cancelled"]


async def test_a_client_that_never_reads_does_not_hold_up_the_shutdown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LAST_SEND_S", 0.1)
    async with await connect(site) as deaf:
        await deaf.send_all(b"GET /huge HTTP/1.1\r\nHost: a\r\n\r\n")
        await site.begun.wait()
        await trio.sleep(0.2)
        site.stop.set()
        with trio.fail_after(3):  # the grace is 5 s, a send may take 10 s
            await site.done.wait()


async def test_a_client_that_never_reads_is_dropped_in_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SEND_S", 0.1)
    async with await connect(site) as deaf:
        await deaf.send_all(b"GET /huge HTTP/1.1\r\nHost: a\r\n\r\n")
        await site.begun.wait()
        await trio.sleep(0.5)
        received = 0
        with trio.fail_after(5):
            try:
                async for part in deaf:
                    received += len(part)
            except trio.BrokenResourceError:
                pass
        assert received < HUGE


async def test_a_slow_reader_that_does_read_gets_everything(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SEND_S", 1.0)
    async with await connect(site) as slow:
        await slow.send_all(b"GET /huge HTTP/1.0\r\n\r\n")
        received = 0
        with trio.fail_after(20):
            async for part in slow:
                received += len(part)
                await trio.sleep(0.001)
        assert received > HUGE


async def test_a_request_arrives_when_the_kernel_has_it_not_when_it_is_read(site: Site) -> None:
    async with await connect(site) as stream:
        await stream.send_all(b"GET /waited HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)  # noqa: ASYNC251 - the loop is held on purpose: the bytes wait in the socket meanwhile
        assert float(await one_answer(stream)) >= 0.15


async def test_without_a_socket_arrival_is_now(autojump_clock: trio.testing.MockClock) -> None:
    assert arrival() == trio.current_time()


def test_a_port_in_use_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStartError, match=f"127.0.0.1:{port}"):
            open_socket("127.0.0.1", port)


async def test_a_port_that_somebody_else_took_meanwhile_is_said_in_words() -> None:
    async def app(*_: object) -> None:
        raise AssertionError("nobody is served")

    with open_socket("127.0.0.1", 0) as ours:
        theirs = open_socket("127.0.0.1", ours.getsockname()[1])
        with theirs:
            theirs.listen()
            with pytest.raises(CannotStartError, match="Cannot listen"):
                await serve_http(app, ours, trio.Event(), graceful_s=1)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:"), ("::1", "http://[::1]:")],
)
def test_the_url_is_one_that_a_local_client_can_use(host: str, shown: str) -> None:
    with open_socket(host, 0) as sock:
        assert url_of(sock) == f"{shown}{sock.getsockname()[1]}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 22.0),  # of a photo
        ({"analysis_budget_ms": 60_000}, 62.0),
        ({"photo_budget_ms": 3000}, 14.0),
    ],
)
def test_the_grace_is_the_largest_budget_and_two_seconds(changes: dict[str, Any], expected: float) -> None:
    assert graceful_s(Settings(**changes)) == expected


@pytest.mark.parametrize("graceful", [20.0])
async def test_a_client_that_pipelines_and_never_reads_does_not_hold_up_the_shutdown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LAST_SEND_S", 0.3)
    async with await connect(site) as stream:
        await stream.send_all(b"GET /huge HTTP/1.1\r\nHost: a\r\n\r\n" * 50)
        await site.begun.wait()
        await trio.sleep(0.2)
        site.stop.set()
        with trio.fail_after(5):
            await site.done.wait()
