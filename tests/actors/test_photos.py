"""Photo bytes: had from the cache or the signed address, or one of six codes; never more than is allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from aurora.actors.call import Call
from aurora.actors.http_pool import ExchangeError
from aurora.actors.links import Link
from aurora.actors.photo_fetch import photo_bytes
from aurora.actors.photo_tray import PhotoCache, PhotoTray
from aurora.actors.photos import PhotoDesk, photos_handler
from aurora.actors.questions import ConfirmPhoto, StorePhoto
from aurora.actors.signed_urls import BadUrlError, SignedUrls
from aurora.rules import photo_fetching, photo_quality_check
from aurora.settings import Settings
from tests.support.fakes import NOW, turn_for
from tests.support.raw_upstream import http, raw_upstream, replies
from tests.support.sandbox import Served

PHOTO = b"\xff\xd8\xff" + b"p" * 9000
QUICK = Settings(
    photo_fetch_retry_base_ms=100,
    photo_fetch_timeout_ms=1000,
    photo_fetch_total_timeout_ms=2000,
    breaker_enabled=False,
)


@asynccontextmanager
async def desk_at(base: str, settings: Settings = QUICK, *, key: str = "k") -> AsyncIterator[PhotoDesk]:
    """A desk whose bridge is at `base`."""
    settings = msgspec.structs.replace(settings, backend_base_url=base, backend_api_key=key)
    async with Link("photos", base, settings) as link:
        desk = PhotoDesk.of(link, settings)
        yield desk
        await desk.aclose()


def call(question: Any = None) -> Call:
    return Call(question or ConfirmPhoto(photo_id="x"), turn_for(), trio.current_time() + 10)


async def stored(desk: PhotoDesk) -> str:
    """A photo in the sandbox's storage, and nowhere else."""
    handler = photos_handler(desk)
    with desk.tray.holding("h", PHOTO):
        finding = await handler(call(StorePhoto(handle="h", content_type="image/jpeg")))
    assert finding.ok
    desk.cache.forget("uid-1")
    return str(finding.value.photo_id)


async def test_a_photo_is_fetched_once_and_then_kept(sandbox: Served) -> None:
    async with desk_at(sandbox.url) as desk:
        photo_id = await stored(desk)
        assert await photo_bytes(desk, call(), photo_id, QUICK) == PHOTO
        asked = sandbox.state.total
        assert await photo_bytes(desk, call(), photo_id, QUICK) == PHOTO
    assert sandbox.state.total == asked


@pytest.mark.parametrize(
    ("behaviour", "code", "attempts"),
    [
        ("status=403", "DOWNLOAD_URL_FETCH_4XX", 1),
        ("status=404", "DOWNLOAD_URL_FETCH_4XX", 1),
        ("status=429", "DOWNLOAD_URL_FETCH_4XX", 1),
        ("status=410", "DOWNLOAD_URL_EXPIRED", 1),
        ("status=408", "DOWNLOAD_URL_TIMEOUT", 3),
        ("status=503", "DOWNLOAD_URL_FETCH_5XX", 3),
        ("reset", "DOWNLOAD_URL_FETCH_5XX", 3),
        ("stall", "DOWNLOAD_URL_TIMEOUT", 2),
        ("stall_body", "DOWNLOAD_URL_TIMEOUT", 2),
        ("huge=20", "DOWNLOAD_URL_FETCH_5XX", 3),
    ],
)
async def test_why_a_photo_could_not_be_had(
    sandbox: Served, behaviour: str, code: str, attempts: int
) -> None:
    async with desk_at(sandbox.url) as desk:
        photo_id = await stored(desk)
        sandbox.state.script("storage", behaviour, times=None)
        began = trio.current_time()
        assert await photo_bytes(desk, call(), photo_id, QUICK) == code
        assert trio.current_time() - began < 2.5
        assert len(desk.cache) == 0
    gets = [
        each for each in sandbox.state.calls if each.path.startswith("/_storage") and each.method == "GET"
    ]
    assert len(gets) == attempts


async def test_a_second_attempt_may_bring_it(sandbox: Served) -> None:
    async with desk_at(sandbox.url) as desk:
        photo_id = await stored(desk)
        sandbox.state.script("storage", "status=503")
        assert await photo_bytes(desk, call(), photo_id, QUICK) == PHOTO


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"download": {}},
        {"download": {"url": ""}},
        {"download": {"url": 7}},
        {"download": {"url": "file:///etc/passwd"}},
        {"download": {"url": "ftp://host/x"}},
        {"download": {"url": "http://user:pw@host/x"}},
        {"download": {"url": "http://"}},
        {"download": {"url": "http://host:99999/x"}},
        [],
    ],
)
async def test_no_address_to_follow(sandbox: Served, said: Any) -> None:
    async with desk_at(sandbox.url) as desk:
        photo_id = await stored(desk)
        sandbox.state.script("photos", body=msgspec.json.encode(said))
        assert await photo_bytes(desk, call(), photo_id, QUICK) == "DOWNLOAD_URL_GENERATE_FAILED"


@pytest.mark.parametrize("behaviour", ["status=500", "reset", "html", "status=404"])
async def test_a_bridge_in_trouble(sandbox: Served, behaviour: str) -> None:
    async with desk_at(sandbox.url) as desk:
        photo_id = await stored(desk)
        sandbox.state.script("photos", behaviour)
        assert await photo_bytes(desk, call(), photo_id, QUICK) == "DOWNLOAD_URL_GENERATE_FAILED"


@pytest.mark.parametrize(
    ("base", "key", "photo_id"), [("", "k", "p"), ("http://127.0.0.1:1", "", "p"), ("", "", "")]
)
async def test_without_bridge_auth_or_id_nobody_is_asked(base: str, key: str, photo_id: str) -> None:
    async with desk_at(base, key=key) as desk:
        assert await photo_bytes(desk, call(), photo_id, QUICK) == "DOWNLOAD_URL_GENERATE_FAILED"


@pytest.mark.parametrize("where", ["inner", "outer"])
async def test_an_address_that_says_it_is_over_is_not_followed(sandbox: Served, where: str) -> None:
    past = (NOW - timedelta(seconds=5)).isoformat()
    download: dict[str, Any] = {"url": f"{sandbox.url}/_storage/x"}
    said: dict[str, Any] = {"download": download}
    (download if where == "inner" else said)["expires_at"] = past
    async with desk_at(sandbox.url) as desk:
        photo_id = await stored(desk)
        sandbox.state.script("photos", body=msgspec.json.encode(said))
        before = sandbox.state.total
        assert await photo_bytes(desk, call(), photo_id, QUICK) == "DOWNLOAD_URL_EXPIRED"
    assert sandbox.state.total == before + 1


async def test_a_name_that_nobody_has(sandbox: Served) -> None:
    async with desk_at(sandbox.url, msgspec.structs.replace(QUICK, photo_fetch_retries=0)) as desk:
        photo_id = await stored(desk)
        said = {"download": {"url": "http://no-such-host.invalid/x"}}
        sandbox.state.script("photos", body=msgspec.json.encode(said))
        settings = msgspec.structs.replace(QUICK, photo_fetch_retries=0)
        assert await photo_bytes(desk, call(), photo_id, settings) == "DOWNLOAD_URL_DNS"


async def test_an_expired_address_is_known_by_its_words_whatever_their_type(sandbox: Served) -> None:
    words = b"\x00\x01<Message>Request has expired</Message>"
    refused = http(403, words, kind="application/octet-stream")
    async with raw_upstream(replies(refused)) as storage, desk_at(sandbox.url) as desk:
        photo_id = await stored(desk)
        said = {"download": {"url": f"{storage.url}/x"}}
        sandbox.state.script("photos", body=msgspec.json.encode(said))
        assert await photo_bytes(desk, call(), photo_id, QUICK) == "DOWNLOAD_URL_EXPIRED"


async def test_a_redirect_is_followed_and_no_secret_goes_along(sandbox: Served) -> None:
    moved = http(302, b"", "location: /there")
    photo = http(200, b"photo", kind="image/jpeg")
    async with raw_upstream(replies(moved, photo)) as storage, desk_at(sandbox.url) as desk:
        photo_id = await stored(desk)
        said = {"download": {"url": f"{storage.url}/here?sig=1"}}
        sandbox.state.script("photos", body=msgspec.json.encode(said))
        assert await photo_bytes(desk, call(), photo_id, QUICK) == b"photo"
    first, second = storage.requests
    assert first.startswith(b"GET /here?sig=1 ")
    assert second.startswith(b"GET /there ")
    assert b"api-key" not in (first + second).lower()
    assert b"authorization" not in (first + second).lower()


async def test_redirects_without_end_are_not_followed_for_ever(sandbox: Served) -> None:
    moved = http(302, b"", "location: /again")
    async with raw_upstream(replies(moved)) as storage, desk_at(sandbox.url) as desk:
        with pytest.raises(ExchangeError):
            await desk.urls.get(f"{storage.url}/", max_bytes=10)
    assert len(storage.requests) == 4


async def test_an_address_that_is_none_is_never_told() -> None:
    urls = SignedUrls()
    with pytest.raises(BadUrlError) as caught:
        await urls.get("http://user:secret@host/", max_bytes=10)
    assert str(caught.value) == ""


# --- tray and cache


def test_the_tray_holds_a_photo_only_while_its_request_lasts() -> None:
    tray = PhotoTray()
    with suppress(ZeroDivisionError), tray.holding("h", PHOTO):
        assert tray.get("h") == PHOTO
        raise ZeroDivisionError
    assert (tray.get("h"), len(tray)) == (None, 0)


async def test_the_cache_forgets_by_age_use_and_size(autojump_clock: Any) -> None:
    cache = PhotoCache(2, 10.0, most_bytes=100)
    cache.put("u", "a", b"a" * 40)
    cache.put("u", "b", b"b" * 40)
    assert cache.get("u", "a") == b"a" * 40
    cache.put("u", "c", b"c" * 40)
    assert [cache.get("u", name) for name in "abc"] == [b"a" * 40, None, b"c" * 40]
    cache.put("u", "d", b"d" * 101)
    assert cache.get("u", "d") is None
    await trio.sleep(9)
    assert cache.get("u", "a") is not None
    await trio.sleep(1.5)
    assert (cache.get("u", "a"), len(cache), cache.bytes) == (None, 0, 0)


async def test_nobody_gets_somebody_elses_photo(autojump_clock: Any) -> None:
    cache = PhotoCache(5, 10.0)
    cache.put("u", "a", b"1")
    cache.put("v", "a", b"2")
    assert (cache.get("u", "a"), cache.get("v", "a"), cache.get("w", "a")) == (b"1", b"2", None)
    cache.forget("u")
    assert (cache.get("u", "a"), cache.get("v", "a")) == (None, b"2")
    for uid, photo_id in (("", "a"), ("u", "")):
        cache.put(uid, photo_id, b"3")
    assert len(cache) == 1


@given(st.lists(st.tuples(st.sampled_from("uv"), st.sampled_from("abcdef"), st.integers(0, 60)), max_size=40))
def test_the_cache_never_holds_more_than_it_may(puts: list[tuple[str, str, int]]) -> None:
    async def main() -> None:
        cache = PhotoCache(4, 10.0, most_bytes=100)
        for uid, name, size in puts:
            cache.put(uid, name, b"x" * size)
            assert len(cache) <= 4
            assert cache.bytes <= 100
            assert cache.bytes == sum(len(kept.photo) for kept in cache._kept.values())

    trio.run(main)


# --- what the bridge says


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"qc_status": "PASS "}, "passed"),
        ({"qc": {"state": "done", "status": "passed"}}, "passed"),
        ({"status": "success", "qc": {"qc_status": "rejected"}}, "failed"),
        ({"status": "success", "qc": {"state": "pending"}}, None),
        ({"status": "success"}, "passed"),
        ({"qc_status": "too_dark"}, "too_dark"),
        ({"qc": {"qc_status": "Blurry"}}, "blurry"),
        ({"result": "warn"}, "degraded"),
        ({"qc_status": 7, "result": ["passed"]}, None),
        ({"qc": "passed"}, None),
        ({"qc_status": "done"}, None),
        ({}, None),
    ],
)
def test_how_a_check_ended(body: dict[str, Any], status: str | None) -> None:
    assert photo_quality_check.status_of(body) == status


def test_only_what_the_client_draws_is_shown() -> None:
    said = {
        "qc": {
            "state": "done", "url": "https://secret", "status": "see https://x",
            "advice": {"summary": "s" * 500, "suggestions": ["a", 7, "b", "https://x/y", "c", "d", "e"]},
        }
    }  # fmt: skip
    assert photo_quality_check.shown(said) == {
        "state": "done",
        "advice": {"summary": "s" * 300, "suggestions": ["a", "b", "c", "d"]},
    }
    assert photo_quality_check.shown({"qc": []}) is None


@pytest.mark.parametrize(
    ("told", "ms"),
    [(None, 1000), (0, 400), (10_000, 1200), (700.9, 700), ("x", 1000), (-5, 1000), (float("nan"), 1000)],
)
def test_how_long_to_wait(told: object, ms: int) -> None:
    assert photo_quality_check.wait_ms({"next_poll_ms": told}) == ms


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"detail": "no such photo"}, "no such photo"),
        ({"detail": "", "error": "gone"}, "gone"),
        ("gone", "gone"),
        ({"detail": "see https://storage/x?sig=1"}, None),
        ({"detail": "key=abc"}, None),
        ({"detail": "x" * 201}, None),
        ({"detail": {"a": 1}}, None),
        ([], None),
    ],
)
def test_why_it_refused_without_an_address(body: object, detail: str | None) -> None:
    assert photo_quality_check.detail_of(body) == detail


def test_pauses_double_and_end_with_the_time() -> None:
    assert [photo_fetching.pause_ms(250, made, 5000) for made in (1, 2, 3)] == [250, 500, 1000]
    assert photo_fetching.pause_ms(250, 3, 40) == 40
