"""Links over real sockets: what an upstream does comes back as a value, a cut call closes its socket."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpcore2
import msgspec
import pytest
import trio

from aurora.actors import upstream_sockets
from aurora.actors.findings import Failure
from aurora.actors.http_pool import failure_code
from aurora.actors.links import Link, Reply
from aurora.actors.retry import TWICE
from aurora.contract.turn import RequestContext
from aurora.settings import Settings
from tests.support.raw_upstream import (
    Behaviour,
    Conversation,
    RawUpstream,
    http,
    raw_upstream,
    replies,
    says,
    stalls,
)

PLAIN = Settings(breaker_enabled=False)
CONTEXT = RequestContext(request_id="req-1", trace_id="trace-1", lang="EN")


@asynccontextmanager
async def linked(behaviour: Behaviour, settings: Settings = PLAIN) -> AsyncIterator[tuple[Link, RawUpstream]]:
    async with raw_upstream(behaviour) as upstream, Link("decision", upstream.url, settings) as link:
        yield link, upstream


async def post(link: Link, seconds: float = 5.0, **how: Any) -> Reply | Failure:
    deadline = trio.current_time() + seconds
    return await link.call("POST", "/api/chat", json={"query": "hi"}, deadline=deadline, **how)


async def seen(condition: Callable[[], object]) -> None:
    """Wait until the other side has seen something; it has its own task and nothing to tell us."""
    with trio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - see above
            await trio.sleep(0.005)


async def failure_of(behaviour: Behaviour, seconds: float = 5.0, settings: Settings = PLAIN) -> Failure:
    async with linked(behaviour, settings) as (link, _):
        outcome = await post(link, seconds)
        assert isinstance(outcome, Failure)
        assert link.in_flight == 0
        return outcome


# --- what is sent


async def test_a_call_sends_json_ids_and_the_time_that_is_left() -> None:
    async with linked(says({"answer": "hi"})) as (link, upstream):
        reply = await post(link, 2.0, context=CONTEXT, headers={"x-extra": "1"})
        assert isinstance(reply, Reply)
        assert reply.body == {"answer": "hi"}
        assert json.loads(reply.raw) == reply.body
        head, _, body = upstream.requests[0].partition(b"\r\n\r\n")
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        assert head.startswith(b"POST /api/chat HTTP/1.1")
        assert json.loads(body) == {"query": "hi"}
        assert lines[b"x-request-id"] == b"req-1"
        assert lines[b"x-trace-id"] == b"trace-1"
        assert lines[b"x-extra"] == b"1"
        assert 0 < int(lines[b"x-aurora-deadline-ms"]) <= 2000
        assert lines[b"content-type"] == b"application/json"
        assert lines[b"host"] == upstream.url.removeprefix("http://").encode()


async def test_parameters_are_escaped_and_chinese_survives() -> None:
    async with linked(says([])) as (link, upstream):
        deadline = trio.current_time() + 2
        await link.call("GET", "/search", params={"query": "保湿 a&b=c"}, deadline=deadline)
        await link.call("GET", "/search", params={"query": "other"}, deadline=deadline)
        first, second = upstream.requests
        assert first.startswith(b"GET /search?query=%E4%BF%9D%E6%B9%BF+a%26b%3Dc HTTP/1.1")
        assert second.startswith(b"GET /search?query=other HTTP/1.1")


async def test_connections_are_reused_and_cookies_are_not_kept() -> None:
    answer = http(200, b"{}", "set-cookie: person=1; Path=/")
    async with linked(replies(answer)) as (link, upstream):
        await post(link)
        await post(link)
        assert len(upstream.conversations) == 1
        assert b"cookie" not in upstream.requests[1].lower()


async def test_headers_of_the_link_go_with_every_call() -> None:
    async with raw_upstream(says([])) as upstream:
        async with Link("commerce", upstream.url + "/", PLAIN, headers={"x-api-key": "k"}) as link:
            await link.call("GET", "/p", deadline=trio.current_time() + 2)
        assert b"x-api-key: k" in upstream.requests[0].lower()


# --- what comes back


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        (http(404, b"{}"), "http_4xx", 404),
        (http(429, b"{}"), "http_4xx", 429),
        (http(500, b"<html>"), "http_5xx", 500),
        (http(503, b""), "http_5xx", 503),
        (http(302, b"", "location: http://127.0.0.1:1/"), "bad_shape", 302),
        (http(200, b"<html>sorry</html>", kind="text/html"), "not_json", 200),
        (http(200, b""), "not_json", 200),
        (http(200, b'{"answer": "tru'), "not_json", 200),
        (http(200, b'{"a": "\\ud800"}'), "not_json", 200),
        (http(200, b"\xff\xfe"), "not_json", 200),
        (http(200, b"[" * 80 + b"]" * 80), "too_deep", 200),
        (http(200, b"[" * 100_000 + b"]" * 100_000), "too_deep", 200),
        (http(200, b'"' + b"a" * 3000 + b'"'), "too_large", 200),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad_shape", None),
        (b"", "reset", None),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", "reset", None),
        (b"HTTP/1.1 200 OK\r\n", "reset", None),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_is_no_answer_is_a_failure(answer: bytes, code: str, status: int | None) -> None:
    async def once(conversation: Conversation) -> None:
        if await conversation.read_request() is not None:
            await conversation.send(answer)

    limit = 1024 if code == "too_large" else 2_000_000
    failure = await failure_of(once, settings=Settings(breaker_enabled=False, upstream_max_bytes=limit))
    assert (failure.code, failure.status) == (code, status)
    assert failure.detail == ""


async def test_nul_is_taken_out_of_answers() -> None:
    async with linked(replies(http(200, b'{"a\\u0000": ["x\\u0000y", {"b": 1}]}'))) as (link, _):
        reply = await post(link)
        assert isinstance(reply, Reply)
        assert reply.body == {"a": ["xy", {"b": 1}]}
        assert b"u0000" not in reply.raw


async def test_an_endless_body_is_left_when_it_is_too_large_and_its_socket_is_closed() -> None:
    async def pours(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            await conversation.send(b"10000\r\n" + b"a" * 65536 + b"\r\n")

    async with linked(pours) as (link, upstream):
        outcome = await post(link)
        assert isinstance(outcome, Failure)
        assert outcome.code == "too_large"
        await seen(lambda: upstream.conversations[0].closed_at)


async def test_a_declared_length_beyond_the_limit_is_not_read_at_all() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n"

    async def boasts(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(answer)
        await conversation.see_the_close()

    assert (await failure_of(boasts)).code == "too_large"


async def test_a_reset_is_a_reset() -> None:
    async def resets(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.reset()

    assert (await failure_of(resets)).code == "reset"


async def test_nobody_listening_is_connect() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with Link("decision", f"http://127.0.0.1:{port}", PLAIN) as link:
        outcome = await post(link)
        assert isinstance(outcome, Failure)
        assert (outcome.code, outcome.wire_code) == ("connect", "ECONNREFUSED")


async def speaks_plainly(conversation: Conversation) -> None:
    await conversation.send(b"220 ready\r\n")
    await conversation.see_the_close()


@pytest.mark.parametrize(("behaviour", "code"), [(speaks_plainly, "tls"), (stalls, "timeout")])
async def test_a_tls_handshake_that_ends_badly_closes_its_socket(behaviour: Behaviour, code: str) -> None:
    async with (
        raw_upstream(behaviour) as upstream,
        Link("decision", upstream.url.replace("http:", "https:"), PLAIN) as link,
    ):
        outcome = await post(link, 0.3)
        assert isinstance(outcome, Failure)
        assert outcome.code == code
        await seen(lambda: upstream.conversations[0].ended)


async def test_an_address_by_name_works_too() -> None:
    async with raw_upstream(says({})) as upstream:
        async with Link("decision", upstream.url.replace("127.0.0.1", "localhost"), PLAIN) as link:
            assert isinstance(await post(link), Reply)
        assert b"host: localhost:" in upstream.requests[0].lower()


async def test_no_base_address_is_not_configured() -> None:
    async with Link("decision", "", PLAIN) as link:
        outcome = await post(link)
        assert isinstance(outcome, Failure)
        assert outcome.code == "not_configured"


def chained(outer: Exception, *inner: BaseException) -> Exception:
    error: BaseException = outer
    for below in inner:
        error.__cause__ = below
        error = below
    return outer


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (chained(httpcore2.ConnectError(""), OSError(), socket.gaierror()), "dns"),
        (chained(httpcore2.ConnectError(""), ExceptionGroup("", [ConnectionRefusedError()])), "connect"),
        (chained(httpcore2.ConnectError(""), OSError(113, "No route to host")), "connect"),
        (chained(httpcore2.WriteError(""), BrokenPipeError()), "broken_pipe"),
        (chained(httpcore2.ReadError(""), ConnectionResetError()), "reset"),
        (httpcore2.ReadError("closed"), "reset"),
        (httpcore2.RemoteProtocolError("Server disconnected without sending a response."), "reset"),
        (httpcore2.RemoteProtocolError("illegal status line"), "bad_shape"),
    ],
)
def test_what_the_client_raises_is_named_by_its_cause(error: Exception, code: str) -> None:
    assert failure_code(error) == code


# --- time and cancellation


async def test_a_call_ends_at_its_deadline_and_closes_its_socket() -> None:
    async with linked(stalls) as (link, upstream):
        outcome = await post(link, 0.2)
        ended = trio.current_time()
        assert isinstance(outcome, Failure)
        assert outcome.code == "timeout"
        await trio.sleep(0.1)
        closed_at = upstream.conversations[0].closed_at
        assert closed_at is not None
        assert closed_at - ended < 0.1


async def test_cancelling_a_call_closes_its_socket_and_is_not_swallowed() -> None:
    async with linked(stalls) as (link, upstream):
        with trio.move_on_after(0.1) as client:
            await post(link)
        assert client.cancelled_caught
        assert link.in_flight == 0
        await trio.sleep(0.1)
        assert upstream.conversations[0].closed_at is not None


async def test_a_cut_that_comes_with_the_finished_connection_closes_it_and_frees_its_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect = upstream_sockets._connected
    client = trio.CancelScope()

    async def connect_and_be_cut(host: str, port: int) -> trio.SocketStream:
        stream = await connect(host, port)
        client.cancel()
        return stream

    monkeypatch.setattr(upstream_sockets, "_connected", connect_and_be_cut)
    async with linked(stalls) as (link, upstream):
        with client:
            await post(link)
        assert client.cancelled_caught
        await seen(lambda: upstream.conversations and upstream.conversations[0].ended)
        assert upstream.requests == []
        assert link.pool is not None
        assert link.pool._current.surplus() == 0


async def test_a_body_that_drips_is_cut_too() -> None:
    async def drips(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            await conversation.send(b" ")
            await trio.sleep(0.01)

    assert (await failure_of(drips, seconds=0.2)).code == "timeout"


async def test_waiting_for_a_place_counts_against_the_deadline() -> None:
    settings = Settings(breaker_enabled=False, upstream_limit=1)
    async with linked(stalls, settings) as (link, upstream), trio.open_nursery() as nursery:
        nursery.start_soon(post, link)
        await seen(lambda: upstream.requests)
        outcome = await post(link, 0.1)
        assert isinstance(outcome, Failure)
        assert (outcome.code, outcome.wire_code) == ("admission", "UPSTREAM_SATURATED")
        assert len(upstream.requests) == 1
        nursery.cancel_scope.cancel()


# --- retries


@pytest.mark.parametrize(
    ("answers", "tried", "good"),
    [
        ([http(503, b""), http(200, b"{}")], 2, True),
        ([http(503, b""), http(503, b"")], 2, False),
        ([http(400, b""), http(200, b"{}")], 1, False),
        ([http(200, b"<html>"), http(200, b"{}")], 1, False),
    ],
)
async def test_only_what_may_be_different_next_time_is_tried_again(
    answers: list[bytes], tried: int, good: bool
) -> None:
    async with linked(replies(*answers)) as (link, upstream):
        outcome = await post(link, retry=TWICE)
        assert isinstance(outcome, Reply) == good
        assert len(upstream.requests) == tried


async def test_an_attempt_has_a_limit_of_its_own_and_the_next_one_may_succeed() -> None:
    connections = 0

    async def slow_first(conversation: Conversation) -> None:
        nonlocal connections
        connections += 1
        await (stalls if connections == 1 else says({}))(conversation)

    async with linked(slow_first) as (link, _):
        assert isinstance(await post(link, 5.0, retry=TWICE, attempt_ms=100), Reply)


async def test_a_retry_that_could_not_finish_is_not_begun() -> None:
    async with linked(replies(http(503, b""))) as (link, upstream):
        await post(link, 0.3, retry=TWICE)
        assert len(upstream.requests) == 1


async def test_an_outage_is_not_answered_with_twice_the_load() -> None:
    async with linked(replies(http(503, b""))) as (link, upstream):
        link.tokens.tokens = 0.0
        for _ in range(10):
            await post(link, retry=TWICE)
        assert len(upstream.requests) == 12, "a fifth of ten calls"


# --- the breaker at work


async def test_a_failing_upstream_is_left_alone_until_a_trial_succeeds() -> None:
    settings = Settings(breaker_min_calls=4, breaker_open_ms=100)
    broken = True

    async def flaky(conversation: Conversation) -> None:
        while await conversation.read_request() is not None:
            await conversation.send(http(500 if broken else 200, b"{}"))

    async with linked(flaky, settings) as (link, upstream):
        for _ in range(4):
            await post(link)
        outcome = await post(link)
        assert isinstance(outcome, Failure)
        assert outcome.code == "breaker_open"
        assert len(upstream.requests) == 4
        broken = False
        await trio.sleep(0.15)
        for _ in range(3):
            assert isinstance(await post(link), Reply)
        assert link.breaker.state == "closed"


@pytest.mark.parametrize(("reason", "opens"), [("budget", True), (None, False)])
async def test_a_cut_by_the_budget_is_the_upstreams_failure_a_hang_up_is_not(
    monkeypatch: pytest.MonkeyPatch, reason: str | None, opens: bool
) -> None:
    monkeypatch.setattr("aurora.actors.links.FAIR_CHANCE_MS", 10)
    settings = Settings(breaker_min_calls=3)
    async with linked(stalls, settings) as (link, upstream):
        for number in range(3):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(post, link)
                await seen(lambda: len(upstream.requests) > number)  # noqa: B023 - awaited right here
                await trio.sleep(0.03)
                nursery.cancel_scope.cancel(reason)
        assert (link.breaker.state == "open") == opens


# --- the pool


async def test_stuck_connections_are_noticed_and_a_new_pool_takes_over() -> None:
    async with linked(says({})) as (link, upstream):
        await post(link)
        assert link.pool is not None
        assert not await link.pool.check()
        assert not await link.pool.check(), "an idle connection is not stuck"
        link.pool._current.pool._connections.append(stuck())
        assert not await link.pool.check(), "one look may catch a connection in transition"
        assert await link.pool.check()
        assert link.pool.rebuilds == 1
        assert isinstance(await post(link), Reply)
        assert len(upstream.conversations) == 2


async def test_a_call_in_flight_ends_on_its_old_pool() -> None:
    go = trio.Event()

    async def waits(conversation: Conversation) -> None:
        await conversation.read_request()
        await go.wait()
        await conversation.send(http(200, b"{}"))

    async with linked(waits) as (link, upstream), trio.open_nursery() as nursery:
        outcomes: list[Reply | Failure] = []

        async def one() -> None:
            outcomes.append(await post(link))

        nursery.start_soon(one)
        await seen(lambda: upstream.requests)
        assert link.pool is not None
        link.pool._current.pool._connections.append(stuck())
        await link.pool.check()
        assert await link.pool.check()
        go.set()
        await seen(lambda: outcomes)
        assert isinstance(outcomes[0], Reply)
        await link.pool.check()
        assert link.pool._retired == []


def stuck() -> httpcore2.AsyncHTTPConnection:
    """A connection for ever in the middle of connecting."""
    return httpcore2.AsyncHTTPConnection(httpcore2.Origin(b"http", b"127.0.0.1", 1))


def test_a_reply_is_plain_data() -> None:
    reply = Reply(status=200, body={"a": 1}, raw=b'{"a":1}')
    assert msgspec.json.decode(reply.raw) == reply.body
