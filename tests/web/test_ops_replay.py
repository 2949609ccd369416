"""/ops: who may see it, what browsers are told about it, and that nothing recorded can become markup."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import trio

from aurora.actors.house import House
from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.contract.validation import decode
from aurora.flows.table import TURN_KINDS
from aurora.replay.model import RecordedTurn, ReplayError, damaged
from aurora.replay.sources import Selection, Turns
from aurora.settings import Settings
from aurora.store.port import StoreError
from aurora.store.trace_reading import Head
from aurora.web import ops_auth, ops_replay
from aurora.web.ops_memory import changes
from tests.replay.recording import ListSource, record
from tests.support.fakes import house_for, turn_for
from tests.support.web import WebAnswer, WebClient, client_of

KEY = "a long secret key"
WITH_KEY = {"X-Aurora-Admin-Key": KEY}
FORM = "application/x-www-form-urlencoded"
SCRIPT = "<script>alert(1)</script>"


def recorded(message: str) -> RecordedTurn:
    """A chat turn as it is recorded."""
    body = decode("chat", {"message": message}, max_depth=64)
    return record(TURN_KINDS["chat"].flow, turn_for("chat", body=body))


@pytest.fixture(scope="module")
def hello() -> RecordedTurn:
    return recorded("hello")


@pytest.fixture(scope="module")
def script() -> RecordedTurn:
    return recorded(f'{SCRIPT} " onfocus="alert(2)')


@pytest.fixture(scope="module")
def unsold() -> RecordedTurn:
    """A good answer whose picks were held back, because nobody asked for them."""
    card = {"type": "recommendations", "payload": {"recommendations": [{"name": "Cream"}]}}
    body = decode("chat", {"message": "hello"}, max_depth=64)
    return record(
        TURN_KINDS["chat"].flow,
        turn_for("chat", body=body),
        answers={DecisionChat: DecisionReply(answer="Hi.", cards=[card])},
    )


def client_with(source: Any, monkeypatch: pytest.MonkeyPatch, *, house: House | None = None) -> WebClient:
    """A client of an app whose /ops reads from `source`."""
    monkeypatch.setattr(ops_replay, "source_of", lambda store: source)
    return client_of(house or house_for(Settings(ops_admin_key=KEY))[0])


async def form(client: WebClient, path: str, fields: dict[str, str], **headers: str) -> WebAnswer:
    body = urlencode(fields).encode()
    return await client.send("POST", path, body=body, content_type=FORM, headers=headers)


async def test_without_a_key_there_is_no_such_page(autojump_clock: Any) -> None:
    client = client_of(house_for(Settings())[0])
    for path in ("/ops/replay", "/ops/sign-in", "/ops/static/ops.css"):
        answer = await client.get(path, headers=WITH_KEY)
        assert (answer.status, answer.json["error"]) == (404, "NOT_FOUND")


async def test_who_shows_nothing_is_sent_to_the_form_and_back(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    client = client_with(ListSource(), monkeypatch)
    answer = await client.get("/ops/replay/turn?request=r1")
    assert answer.status == 303
    there = answer.headers["location"]
    assert there == "/ops/sign-in?next=%2Fops%2Freplay%2Fturn%3Frequest%3Dr1"
    assert b'value="/ops/replay/turn?request=r1"' in (await client.get(there)).body
    answer = await form(client, "/ops/sign-in", {"key": KEY, "next": "/ops/replay/turn?request=r1"})
    assert (answer.status, answer.headers["location"]) == (303, "/ops/replay/turn?request=r1")


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/v1/chat", "/ops/replay\r\nX: y", ""]
)
async def test_signing_in_leads_to_our_own_page_only(
    target: str, monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    client = client_with(ListSource(), monkeypatch)
    answer = await form(client, "/ops/sign-in", {"key": KEY, "next": target})
    assert (answer.status, answer.headers["location"]) == (303, "/ops/replay")


async def test_the_cookie_opens_the_page_and_holds_no_key(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    client = client_with(ListSource(), monkeypatch)
    set_cookie = (await form(client, "/ops/sign-in", {"key": KEY})).headers["set-cookie"]
    assert KEY not in set_cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/ops", "Max-Age=28800"} <= set(set_cookie.split("; "))
    cookie = set_cookie.partition(";")[0]
    assert (await client.get("/ops/replay", headers={"Cookie": cookie})).status == 200
    other = client_of(house_for(Settings(ops_admin_key="another key"))[0])
    assert (await other.get("/ops/replay", headers={"Cookie": cookie})).status == 303


async def test_a_session_over_https_is_for_https_only(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    client = client_with(ListSource(), monkeypatch)
    answer = await form(client, "/ops/sign-in", {"key": KEY}, **{"X-Forwarded-Proto": "https"})
    assert answer.headers["set-cookie"].endswith("; Secure")


@pytest.mark.parametrize("change", ["expiry", "signature", "past", "nonsense"])
async def test_a_forged_or_expired_cookie_opens_nothing(
    change: str, monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    client = client_with(ListSource(), monkeypatch)
    cookie = (await form(client, "/ops/sign-in", {"key": KEY})).headers["set-cookie"].partition(";")[0]
    value = cookie.partition("=")[2]
    expires, _, signature = value.partition(".")
    forged = {
        "expiry": f"{int(expires) + 3600}.{signature}",
        "signature": f"{expires}.{'0' * 64}",
        "past": f"1000.{ops_auth.Gatekeeper(KEY)._sign('1000')}",
        "nonsense": "é.é",
    }[change]
    answer = await client.get("/ops/replay", headers={"Cookie": f"{ops_auth.COOKIE}={forged}"})
    assert answer.status == 303


async def test_a_wrong_key_is_refused_and_too_many_are_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    client = client_with(ListSource(), monkeypatch)
    cookie = (await form(client, "/ops/sign-in", {"key": KEY})).headers["set-cookie"].partition(";")[0]
    for number in range(ops_auth.MOST_WRONG):
        if number % 2:
            answer = await form(client, "/ops/sign-in", {"key": "wrong"})
        else:
            answer = await client.get("/ops/replay", headers={"X-Aurora-Admin-Key": "wrong ☂"})
        assert answer.status == 403
        assert "set-cookie" not in answer.headers
    answer = await form(client, "/ops/sign-in", {"key": KEY})
    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert (await client.get("/ops/replay", headers={"Cookie": cookie})).status == 200
    await trio.sleep(ops_auth.WRONG_WITHIN_S + 1)
    assert (await form(client, "/ops/sign-in", {"key": KEY})).status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://aurora.pivota.cc"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
async def test_pages_of_other_origins_read_nothing(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    client = client_with(ListSource(), monkeypatch)
    assert (await client.get("/ops/replay", headers={**WITH_KEY, **headers})).status == 403
    assert (await form(client, "/ops/sign-in", {"key": KEY}, **headers)).status == 403


async def test_every_page_forbids_what_is_not_its_own(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any, script: RecordedTurn
) -> None:
    client = client_with(ListSource([script]), monkeypatch)
    for path in ("/ops/replay", f"/ops/replay/turn?request={script.request_id}", "/ops/sign-in"):
        answer = await client.get(path, headers=WITH_KEY)
        assert answer.status == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        page = answer.body.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
        assert re.findall(r"<[^>]*\s(?:style|on[a-z]+)=\"|<style|https?://", page) == []


async def test_what_people_said_stays_text(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any, script: RecordedTurn
) -> None:
    client = client_with(ListSource([script]), monkeypatch)
    page = (await client.get(f"/ops/replay/turn?request={script.request_id}", headers=WITH_KEY)).body.decode()
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &#34; onfocus=&#34;alert(2)" in page
    listed = (await client.get("/ops/replay", headers=WITH_KEY)).body.decode()
    assert "alert" not in listed


async def test_titles_name_nobody(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any, hello: RecordedTurn
) -> None:
    client = client_with(ListSource([hello]), monkeypatch)
    page = (await client.get(f"/ops/replay/turn?request={hello.request_id}", headers=WITH_KEY)).body.decode()
    (title,) = re.findall(r"<title>(.*?)</title>", page.partition("</head>")[0])
    assert title.startswith("Turn chat 20")
    assert "hello" not in title


async def test_empty_states_say_what_to_do(monkeypatch: pytest.MonkeyPatch, autojump_clock: Any) -> None:
    client = client_with(ListSource(), monkeypatch)
    assert b"No turn yet" in (await client.get("/ops/replay", headers=WITH_KEY)).body
    assert b"No such turn" in (await client.get("/ops/replay?show=blocked", headers=WITH_KEY)).body
    monkeypatch.undo()
    memoryless = client_of(house_for(Settings(ops_admin_key=KEY))[0])
    assert b"keeps no traces" in (await memoryless.get("/ops/replay", headers=WITH_KEY)).body
    answer = await memoryless.get("/ops/replay/turn?request=x", headers=WITH_KEY)
    assert (answer.status, b"keeps no traces" in answer.body) == (404, True)


async def test_an_unknown_turn_is_a_404_that_says_why(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    client = client_with(ListSource(), monkeypatch)
    for page in ("turn", "events"):
        answer = await client.get(f"/ops/replay/{page}?request=nobody&at=12", headers=WITH_KEY)
        assert answer.status == 404
        assert b"past its retention, or erased" in answer.body


async def test_the_list_gives_a_reason_only_for_what_held_an_answer_back(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any, unsold: RecordedTurn
) -> None:
    client = client_with(ListSource([unsold]), monkeypatch)
    page = (await client.get("/ops/replay", headers=WITH_KEY)).body.decode()
    assert ">commerce<" not in page
    turn = await client.get(f"/ops/replay/turn?request={unsold.request_id}", headers=WITH_KEY)
    assert b"nobody asked for it" in turn.body


async def test_a_turn_that_cannot_be_read_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any, hello: RecordedTurn
) -> None:
    client = client_with(ListSource([damaged("r9", "is cut off"), hello]), monkeypatch)
    page = (await client.get("/ops/replay", headers=WITH_KEY)).body.decode()
    assert "The trace of request r9 cannot be read: it is cut off." in page
    assert hello.request_id in page


async def test_an_erased_person_is_said_to_be_erased(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    stream = Selection(uid="gone").stream
    assert stream is not None
    head = Head(version=3, epoch=1, erased_at="2026-01-02T03:04:05.000Z")
    client = client_with(ListSource(heads={stream: head}), monkeypatch)
    answer = await form(client, "/ops/replay", {"uid": "gone"}, **WITH_KEY)
    assert b"This identity was erased at 2026-01-02" in answer.body


async def test_a_uid_in_the_address_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any, hello: RecordedTurn
) -> None:
    client = client_with(ListSource([hello]), monkeypatch)
    page = (await client.get("/ops/replay?uid=nobody", headers=WITH_KEY)).body
    assert b"nobody" not in page
    assert b"/ops/replay/turn?" in page
    posted = await form(client, "/ops/replay", {"uid": "nobody"}, **WITH_KEY)
    assert b"No such turn" in posted.body


class Unwell(ListSource):
    """A database that is down (with an error to tell) or does not answer."""

    def __init__(self, error: ReplayError | None = None) -> None:
        super().__init__()
        self._error = error

    async def turns(self, selection: Selection) -> Turns:
        if self._error is None:
            await trio.sleep_forever()
        raise self._error or AssertionError
        yield


async def test_a_database_that_is_down_or_slow_says_so(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any
) -> None:
    error = ReplayError("The database cannot be read (down).")
    error.__cause__ = StoreError("unavailable")
    answer = await client_with(Unwell(error), monkeypatch).get("/ops/replay", headers=WITH_KEY)
    assert (answer.status, b"cannot be read (down)" in answer.body) == (503, True)
    answer = await client_with(Unwell(), monkeypatch).get("/ops/replay", headers=WITH_KEY)
    assert (answer.status, b"takes too long" in answer.body) == (503, True)


async def test_raw_events_are_served_as_recorded(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: Any, hello: RecordedTurn
) -> None:
    client = client_with(ListSource([hello]), monkeypatch)
    answer = await client.get(f"/ops/replay/events?request={hello.request_id}", headers=WITH_KEY)
    assert answer.headers["content-type"].startswith("application/json")
    assert msgspec.json.decode(answer.body) == msgspec.json.decode(hello.raw_events)


def test_memory_marks_what_changed_and_only_that() -> None:
    before = {"profile": {"skinType": "dry", "region": "CN", "goals": []}, "conversation": {"token": "S2"}}
    after = {"profile": {"skinType": "oily", "region": "CN", "goals": ["acne"]}}
    told = {change.field: (change.before, change.after, change.changed) for change in changes(before, after)}
    assert told == {
        "profile.skinType": ("dry", "oily", True),
        "profile.goals": ("", "acne", True),
        "profile.region": ("CN", "CN", False),
        "conversation.token": ("S2", "S2", False),
    }
    assert not any(change.changed for change in changes(before, None))
    assert changes(None, None) == []
