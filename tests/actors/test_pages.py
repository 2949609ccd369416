"""Product pages over real sockets: what is fetched and read, and everything a page, its host or its name can
do about it.

A name stands for the numbers that a test says; whether those are public is asked of the real rule, and a
connection to one of them is led to a server on this machine. Times are short and only their ends asserted.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpcore2
import msgspec
import psutil
import pytest
import structlog
import trio

from aurora.actors import page_fetch, pages
from aurora.actors.call import Call
from aurora.actors.findings import Answer, Failure
from aurora.actors.page_fetch import PageFetch, Resolver
from aurora.actors.page_questions import ProductPage, ReadProductPage
from aurora.actors.pages import PageDesk, pages_handler
from aurora.actors.pixels import pixel_pool
from aurora.actors.questions import ReadMemory
from aurora.actors.upstream_sockets import SocketBackend
from aurora.rules.web_address import page_address
from aurora.settings import Settings
from tests.support.fakes import turn_for
from tests.support.raw_upstream import (
    Behaviour,
    Conversation,
    RawUpstream,
    http,
    raw_upstream,
    replies,
    stalls,
)

HOST = "shop.example"
URL = f"http://{HOST}/serum?sku=1&token=secret"
PUBLIC = "93.184.215.14"
SETTINGS = Settings(product_page_enabled=True, product_page_hosts=(HOST,), product_page_timeout_ms=20_000)
TLS = ssl.create_default_context()  # reading the certificates takes a while
PAGE = (
    b"<!doctype html><title>Calm Serum</title><h1>Calm Serum</h1><h2>Ingredients</h2>"
    b"<p>Aqua, Glycerin, Niacinamide, Panthenol, Phenoxyethanol</p>"
)
INCI = ["Aqua", "Glycerin", "Niacinamide", "Panthenol", "Phenoxyethanol"]


def page(
    body: bytes = PAGE, *headers: str, kind: str = "text/html; charset=utf-8", status: int = 200
) -> bytes:
    return http(status, body, *headers, kind=kind)


def redirect(to: str, *headers: str, status: int = 302) -> bytes:
    return http(status, b"moved", f"location: {to}", *headers, kind="text/html")


def chunked(*headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "content-type: text/html", "transfer-encoding: chunked", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class InHere:
    """Reads pages in this process, in place of the workers."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    async def run(self, job: Callable[[bytes], Any], photo: bytes, deadline: float) -> Any:
        await trio.lowlevel.checkpoint()
        self.given.append(photo)
        return job.args[0](photo)  # type: ignore[attr-defined]  # without the patience, which is the workers'


class Net(SocketBackend):
    """The internet of a test. names: what they stand for, one answer after the other, the last for ever."""

    def __init__(self, upstream: RawUpstream, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._port = int(upstream.url.rpartition(":")[2])
        self._names = {name: list(answers) for name, answers in names.items()}
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        await trio.lowlevel.checkpoint()
        self.asked.append(host)
        answers = self._names.get(host, [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.connected.append((host, port))
        if host == "93.184.215.99":
            raise httpcore2.ConnectError("nobody there")
        return await super().connect_tcp("127.0.0.1", self._port)


class Bench:
    """A desk in a small internet. workers: what it gave to be read."""

    def __init__(
        self, upstream: RawUpstream, names: Mapping[str, Sequence[Sequence[str]]], settings: Settings
    ):
        self.upstream = upstream
        self.net = Net(upstream, names)
        self.workers = InHere()
        fetch = PageFetch(
            settings.product_page_hosts,
            settings.product_page_max_bytes,
            resolve=self.net.resolve,
            backend=self.net,
            tls=TLS,
        )
        self.desk = PageDesk(settings, self.workers, fetch=fetch)

    async def read(self, url: str = URL, seconds: float = 20.0) -> ProductPage:
        return await self.desk.page(url, "EN", trio.current_time() + seconds)


@asynccontextmanager
async def bench(
    behaviour: Behaviour,
    names: Mapping[str, Sequence[Sequence[str]]] | None = None,
    settings: Settings = SETTINGS,
) -> AsyncIterator[Bench]:
    async with raw_upstream(behaviour) as upstream:
        yield Bench(upstream, names or {HOST: [[PUBLIC]]}, settings)


# --- what works


async def test_a_page_is_read_as_a_stranger_would() -> None:
    async with bench(replies(page())) as tried:
        read = await tried.read()
    assert read == ProductPage(
        url="http://shop.example/serum", title="Calm Serum", name="Calm Serum", inci=INCI
    )
    assert tried.net.connected == [(PUBLIC, 80)]
    assert tried.upstream.requests[0].split(b"\r\n") == [
        b"GET /serum?sku=1&token=secret HTTP/1.1",
        b"host: shop.example",
        b"user-agent: aurora",
        b"accept: text/html,application/xhtml+xml",
        b"accept-language: en",
        b"accept-encoding: gzip",
        b"connection: close",
        b"",
        b"",
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_three_redirects_are_followed_without_a_cookie(status: int) -> None:
    hops = [
        redirect(to, "set-cookie: id=1; Path=/", status=status)
        for to in ("/b", "http://www.shop.example/c", "d?e")
    ]
    names = {HOST: [[PUBLIC]], "www.shop.example": [["93.184.215.15"]]}
    async with bench(replies(*hops, page()), names) as tried:
        read = await tried.read()
    assert (read.code, read.url, read.inci) == ("", "http://www.shop.example/d", INCI)
    assert tried.net.asked == [HOST, HOST, "www.shop.example", "www.shop.example"]
    assert all(b"cookie" not in request.lower() for request in tried.upstream.requests)
    assert all(b"referer" not in request.lower() for request in tried.upstream.requests)


@pytest.mark.parametrize(
    "packed", [gzip.compress(PAGE, mtime=0), gzip.compress(PAGE, mtime=0) + b"after the end"]
)
async def test_a_packed_page_is_unpacked(packed: bytes) -> None:
    async with bench(replies(page(packed, "content-encoding: gzip"))) as tried:
        assert (await tried.read()).inci == INCI
    assert tried.workers.given == [PAGE]


async def test_the_next_address_is_tried_when_one_is_not_there() -> None:
    async with bench(replies(page()), {HOST: [["93.184.215.99", PUBLIC]]}) as tried:
        assert (await tried.read()).code == ""
    assert tried.net.connected == [("93.184.215.99", 80), (PUBLIC, 80)]


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with bench(replies(page())) as tried:
        assert (await tried.read()).code == ""
    assert tried.upstream.requests[0].startswith(b"GET /serum")


async def test_the_name_is_what_a_server_hears_though_we_went_to_a_number() -> None:
    heard: list[bytes] = []

    async def hello(conversation: Conversation) -> None:
        heard.append(bytes(await conversation.stream.receive_some(65536)))

    async with bench(hello) as tried:
        assert (await tried.read(f"https://{HOST}/a")).code == "http_error"
    assert tried.net.connected == [(PUBLIC, 443)]
    assert heard[0][:1] == b"\x16"  # a TLS handshake
    assert HOST.encode() in heard[0]


# --- where we do not go


@pytest.mark.parametrize(
    "url",
    [
        "", "serum", "ftp://shop.example/a", "http://user@shop.example/", "http://shop.example:8080/",
        "http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://localhost/",
        "http://evil.example/", "http://shop.example@evil.example/", "http://shop.example.evil.example/",
    ],
)  # fmt: skip
async def test_an_address_that_we_do_not_visit_is_not_even_resolved(url: str) -> None:
    async with bench(replies(page())) as tried:
        assert (await tried.read(url)).code == "url_refused"
    assert (tried.net.asked, tried.net.connected) == ([], [])


@pytest.mark.parametrize(
    "numbers",
    [
        ["127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"], ["192.168.0.1"], ["100.64.0.1"], ["0.0.0.0"],
        ["::1"], ["::ffff:127.0.0.1"], ["::ffff:93.184.215.14"], ["fe80::1%eth0"], ["fd00::1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"], ["224.0.0.1"], ["255.255.255.255"], ["198.18.0.1"], ["not a number"],
        # one bad address among good ones is enough, wherever it stands
        [PUBLIC, "127.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC] * 9 + ["10.0.0.1"],
    ],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_not_connected_to(numbers: list[str]) -> None:
    async with bench(replies(page()), {HOST: [numbers]}) as tried:
        assert (await tried.read()).code == "url_refused"
    assert tried.net.connected == []


async def test_a_name_that_changes_its_answer_changes_nothing() -> None:
    async with bench(replies(page()), {HOST: [[PUBLIC], ["127.0.0.1"]]}) as tried:
        assert (await tried.read()).code == ""
        assert (tried.net.asked, tried.net.connected) == ([HOST], [(PUBLIC, 80)])
        assert (await tried.read()).code == "url_refused"
    assert tried.net.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1/", "http://localhost/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/",
        "http://evil.example/", "http://shop.example:22/", "http://root@shop.example/", "//2130706433/",
        "file:///etc/passwd", "javascript:alert(1)", "http://[", "http://inside.shop.example/",
        "http://shop.example\\@evil.example/", "/\t//evil.example",
    ],
)  # fmt: skip
async def test_every_redirect_is_checked_again(to: str) -> None:
    names = {HOST: [[PUBLIC]], "inside.shop.example": [["10.0.0.1"]]}
    async with bench(replies(redirect(to), page()), names) as tried:
        assert (await tried.read()).code in ("url_refused", "http_error")
    assert tried.net.connected == [(PUBLIC, 80)]
    assert len(tried.upstream.requests) == 1


async def test_the_same_name_is_resolved_and_checked_again_after_a_redirect() -> None:
    async with bench(replies(redirect("/b"), page()), {HOST: [[PUBLIC], ["127.0.0.1"]]}) as tried:
        assert (await tried.read()).code == "url_refused"
    assert len(tried.upstream.requests) == 1


async def test_the_fourth_redirect_is_too_many() -> None:
    async with bench(replies(redirect("/again"))) as tried:
        assert (await tried.read()).code == "too_many_redirects"
    assert len(tried.upstream.requests) == 4


# --- what comes back


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (page(status=404), "http_error"),
        (page(status=500), "http_error"),
        (http(304, b"", kind="text/html"), "http_error"),
        (b"HTTP/1.1 302 X\r\ncontent-length: 0\r\n\r\n", "http_error"),
        (page(kind="image/png"), "wrong_type"),
        (page(kind="application/json"), "wrong_type"),
        (page(kind="application/pdf"), "wrong_type"),
        (page(kind="text/plain"), "wrong_type"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "wrong_type"),
        (page(kind="application/xhtml+xml"), ""),
        (page(kind="TEXT/HTML"), ""),
        (page(b""), "unreadable"),
        (page(b"<p>nothing here"), "unreadable"),
        (page(b"\x00\xff\xfe" * 1000), "unreadable"),
        (page(gzip.compress(PAGE, mtime=0)[:-9], "content-encoding: gzip"), "unreadable"),
        (page(PAGE, "content-encoding: gzip"), "unreadable"),
        (page(PAGE, "content-encoding: br"), "unreadable"),
        (page(gzip.compress(gzip.compress(PAGE)), "content-encoding: gzip, gzip"), "unreadable"),
        (page(zlib.compress(PAGE), "content-encoding: deflate"), "unreadable"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "http_error"),
        (b"\x16\x03\x01\x00\x05hello", "http_error"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 99\r\n\r\nshort", "http_error"),
        (b"HTTP/1.1 200 OK\r\n" + b"x-flood: y\r\n" * 20_000 + b"\r\n", "http_error"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000, "http_error"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "http_error"),
        (b"HTTP/1.1 302 X\r\nlocation: \xff\xfe\r\ncontent-length: 0\r\n\r\n", "too_many_redirects"),
    ],
)  # fmt: skip
async def test_answers(answer: bytes, code: str) -> None:
    async def behaviour(conversation: Conversation) -> None:
        if await conversation.read_request() is not None:
            await conversation.send(answer)

    async with bench(behaviour) as tried:
        assert (await tried.read()).code == code


@pytest.mark.parametrize("tls", [False, True])
async def test_a_server_that_hangs_up(tls: bool) -> None:
    async def behaviour(conversation: Conversation) -> None:
        await conversation.stream.receive_some(100)
        await conversation.reset()

    async with bench(behaviour) as tried:
        assert (await tried.read(f"http{'s' * tls}://{HOST}/")).code == "http_error"


async def test_an_unknown_name_is_unresolved() -> None:
    async with bench(replies(page()), {"other.example": [[PUBLIC]]}) as tried:
        assert (await tried.read()).code == "unresolved"


# --- too much


async def test_a_page_that_says_it_is_too_large_is_not_read() -> None:
    async def behaviour(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 900001\r\n\r\n"
        )
        await conversation.see_the_close()

    async with bench(behaviour) as tried:
        assert (await tried.read()).code == "too_large"


async def test_a_page_without_end_is_left() -> None:
    async def behaviour(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(chunked())
        while True:
            await conversation.send(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")

    async with bench(behaviour) as tried:
        assert (await tried.read()).code == "too_large"
    assert tried.workers.given == []


@pytest.mark.parametrize("layers", [b"\0" * 60_000_000, b"<p>" * 400_000])
async def test_a_bomb_is_left_before_it_unfolds(layers: bytes) -> None:
    bomb = gzip.compress(layers)
    del layers
    async with bench(replies(page(bomb, "content-encoding: gzip"))) as tried:
        tracemalloc.start()
        try:
            assert (await tried.read()).code == "too_large"
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert tried.workers.given == []
    assert peak < 4_000_000


@pytest.mark.parametrize(("size", "code"), [(900_000, ""), (900_001, "too_large")])
async def test_the_limit_is_exact(size: int, code: str) -> None:
    body = PAGE + b" " * (size - len(PAGE))
    for sent in (page(body), page(gzip.compress(body), "content-encoding: gzip")):
        async with bench(replies(sent)) as tried:
            assert (await tried.read()).code == code


# --- too slow

HASTY = msgspec.structs.replace(SETTINGS, product_page_timeout_ms=150)


async def drips(conversation: Conversation) -> None:
    await conversation.read_request()
    await conversation.send(chunked())
    while True:
        await conversation.send(b"1\r\na\r\n")
        await trio.sleep(0.01)


async def drips_a_head(conversation: Conversation) -> None:
    await conversation.read_request()
    await conversation.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await conversation.send(b"x: y\r\n")
        await trio.sleep(0.01)


async def promises(conversation: Conversation) -> None:
    await conversation.read_request()
    while True:
        await conversation.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await trio.sleep(0.001)


async def says_nothing(conversation: Conversation) -> None:
    await conversation.see_the_close()


@pytest.mark.parametrize("behaviour", [stalls, drips, drips_a_head, promises, says_nothing])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_whatever_is_slow_times_out_and_its_connection_ends(behaviour: Behaviour, scheme: str) -> None:
    async with bench(behaviour, settings=HASTY) as tried:
        assert (await tried.read(f"{scheme}://{HOST}/")).code == "timeout"
        with trio.fail_after(20):
            for each in tried.upstream.conversations:
                while not (each.ended or each.closed_at):  # noqa: ASYNC110 - the upstream tells nobody
                    await trio.sleep(0.01)


async def test_the_time_is_for_all_redirects_together() -> None:
    async def behaviour(conversation: Conversation) -> None:
        await conversation.read_request()
        await trio.sleep(0.1)
        await conversation.send(redirect("/b"))

    async with bench(behaviour, settings=HASTY) as tried:
        assert (await tried.read()).code == "timeout"
    assert len(tried.upstream.requests) <= 2


async def test_the_question_s_own_time_counts_too() -> None:
    async with bench(stalls) as tried:
        assert (await tried.read(seconds=0.1)).code == "timeout"


async def test_a_name_that_never_resolves_times_out_and_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    back = threading.Event()

    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        if host == HOST:
            back.wait(30)
            raise socket.gaierror
        return [(0, 0, 0, "", (PUBLIC, 80)), (0, 0, 0, "", (PUBLIC, 80))]

    monkeypatch.setattr(page_fetch.socket, "getaddrinfo", look_up)
    resolve = Resolver()
    try:
        for _ in range(page_fetch.MOST_LOOKUPS - 1):
            with trio.move_on_after(0.01) as cut:
                await resolve(HOST, 80)
            assert cut.cancelled_caught
        assert await resolve("www.shop.example", 80) == [PUBLIC]
        # Those who hang hold places of their own limit only, however often somebody asks.
        for _ in range(40):
            with trio.move_on_after(0.001):
                await resolve(HOST, 80)
        assert trio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
    finally:
        back.set()


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label"), OSError("down")])
async def test_a_resolver_that_fails_knows_no_name(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        raise error

    monkeypatch.setattr(page_fetch.socket, "getaddrinfo", look_up)
    assert await Resolver()(HOST, 80) == []


async def test_only_the_host_that_was_checked_is_connected_to() -> None:
    address = page_address(URL, [HOST])
    assert address is not None
    async with bench(replies(page())) as tried:
        pinned = page_fetch._Pinned(tried.net, HOST, [PUBLIC])
        with pytest.raises(httpcore2.ConnectError):
            await pinned.connect_tcp("evil.example", 80)
    assert tried.net.connected == []


# --- the workers

# Deep nesting costs any HTML parser a step per pair of elements: this one would take minutes.
ENDLESS = b"<div>" * 170_000


def workers() -> set[int]:
    """Processes that read, by their ids."""
    children = psutil.Process().children(recursive=True)
    return {child.pid for child in children if "spawn_main" in " ".join(child.cmdline())}


@pytest.mark.slow
async def test_a_page_that_its_worker_hangs_on_is_given_up_and_the_next_one_read() -> None:
    async def behaviour(conversation: Conversation) -> None:
        asked = await conversation.read_request()
        await conversation.send(page(ENDLESS if asked and b"endless" in asked else PAGE))

    async def read_when_a_worker_is_up(tried: Bench) -> None:
        with trio.fail_after(60):  # a start takes longer than reading may on a busy machine
            while (await tried.read()).inci != INCI:
                pass

    async with pixel_pool(workers=1) as pool, bench(behaviour) as tried:
        tried.desk = PageDesk(SETTINGS, pool, fetch=tried.desk._fetch)
        await read_when_a_worker_is_up(tried)
        hung = workers()
        assert (await tried.read(f"http://{HOST}/endless")).code == "timeout"
        await read_when_a_worker_is_up(tried)
        assert hung
        assert hung.isdisjoint(workers())


class Broken:
    """Workers that answer with what went wrong."""

    def __init__(self, code: Any) -> None:
        self._code = code

    async def run(self, job: Callable[[bytes], Any], photo: bytes, deadline: float) -> Any:
        await trio.lowlevel.checkpoint()
        assert deadline <= trio.current_time() + pages.READING_S
        return Failure(actor="pixels", code=self._code)


@pytest.mark.parametrize(
    ("failure", "code"), [("timeout", "timeout"), ("crashed", "unreadable"), ("admission", "unreadable")]
)
async def test_what_becomes_of_a_worker_is_a_code(failure: str, code: str) -> None:
    async with bench(replies(page())) as tried:
        tried.desk = PageDesk(SETTINGS, Broken(failure), fetch=tried.desk._fetch)
        assert await tried.read() == ProductPage(code=code)  # type: ignore[arg-type]


# --- the actor


@pytest.mark.parametrize(
    "changed",
    [
        {"product_page_enabled": False},
        {"product_page_hosts": ()},
        {"use_mock": True},
    ],
)
async def test_each_key_alone_opens_nothing(changed: dict[str, Any]) -> None:
    settings = msgspec.structs.replace(SETTINGS, **changed)
    assert await PageDesk(settings, InHere()).page(URL, "EN", trio.current_time() + 1) == ProductPage(
        code="off"
    )
    assert await PageDesk(SETTINGS, None).page(URL, "EN", trio.current_time() + 1) == ProductPage(code="off")


def test_it_is_off_by_default() -> None:
    assert not Settings().product_page_enabled
    assert Settings().product_page_hosts == ()
    named = {
        "AURORA_BFF_PRODUCT_URL_INGREDIENT_ANALYSIS": "true",
        "AURORA_BFF_PRODUCT_PAGE_HOSTS": " a.example, b.example",
    }
    read = Settings.from_env(named)
    assert (read.product_page_enabled, read.product_page_hosts) == (True, ("a.example", "b.example"))
    both = Settings.from_env({**named, "AURORA_BFF_PRODUCT_URL_REALTIME_INTEL": "false"})
    assert not both.product_page_enabled


async def test_the_answer_is_a_page_whatever_came_of_it() -> None:
    async with bench(replies(page())) as tried:
        handle = pages_handler(tried.desk)
        for url, code in ((URL, ""), ("http://evil.example/", "url_refused")):
            asked = Call(ReadProductPage(url=url), turn_for("chat"), trio.current_time() + 20)
            finding = await handle(asked)
            assert isinstance(finding, Answer)
            assert finding.value.code == code
        with pytest.raises(TypeError):
            await handle(Call(ReadMemory(), turn_for("chat"), trio.current_time() + 1))


async def test_no_log_line_has_a_query_or_a_path() -> None:
    with structlog.testing.capture_logs() as lines:
        async with bench(replies(redirect("/b?session=hidden"), page())) as tried:
            read = await tried.read()
            await tried.read("http://evil.example/?token=secret")
    assert (read.code, read.url) == ("", "http://shop.example/b")
    assert [line["host"] for line in lines if line["event"] == "product_page"] == [HOST]
    assert not any(word in str(lines) for word in ("secret", "hidden", "serum", "evil"))


async def test_only_so_many_pages_are_under_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_AT_ONCE", 2)
    async with bench(stalls) as tried, trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(tried.read)
        with trio.fail_after(60):
            while len(tried.upstream.requests) < 2:  # noqa: ASYNC110 - the upstream tells nobody
                await trio.sleep(0.01)
        await trio.sleep(0.1)
        assert (len(tried.net.asked), len(tried.upstream.conversations)) == (2, 2)
        nursery.cancel_scope.cancel()
