"""Looking at a photo: where its bytes come from, how long that may take, and that none of them come along."""

from __future__ import annotations

from typing import Any

import msgspec
import trio
from trio.testing import MockClock

from aurora.actors import photo_look
from aurora.actors.call import Call
from aurora.actors.findings import Answer, Failure
from aurora.actors.links import Link
from aurora.actors.photo_look import looking_handler, preparing
from aurora.actors.photos import PhotoDesk
from aurora.actors.questions import AskVision, LookAtPhoto, PhotoSeen
from aurora.settings import Settings
from aurora.skin.measured import Measured, Quality
from tests.support.fakes import turn_for

SETTINGS = Settings()
SEEN = Measured(quality=Quality(grade="pass", factor=0.9))
PHOTO = b"the bytes of a photo"


class Reader:
    """Says what it is told to, and remembers what it was given."""

    def __init__(self, says: Any) -> None:
        self.says = says
        self.given: list[tuple[bytes, float]] = []

    async def measure(self, photo: bytes, deadline: float) -> Any:
        await trio.lowlevel.checkpoint()
        self.given.append((photo, deadline))
        return self.says

    reencode = measure


def desk() -> PhotoDesk:
    return PhotoDesk.of(Link("photos", "", SETTINGS), SETTINGS)


def call(photo_id: str = "p1", fetch_ms: int = 400) -> Call:
    question = LookAtPhoto(photo_id=photo_id, slot_id="daylight", fetch_ms=fetch_ms)
    return Call(question, turn_for("analysis"), trio.current_time() + 1)


async def test_a_photo_that_is_kept_is_measured_and_stays_here(autojump_clock: MockClock) -> None:
    held, reader = desk(), Reader(SEEN)
    held.cache.put("uid-1", "p1", PHOTO)
    asked = call()
    finding = await looking_handler(held, reader, SETTINGS)(asked)
    assert finding == Answer(actor="pixels", value=PhotoSeen(measured=SEEN))
    assert reader.given == [(PHOTO, asked.deadline)]
    for told in (asked.question, finding):
        assert PHOTO not in msgspec.json.encode(told)


async def test_somebody_else_s_photo_is_not_there(autojump_clock: MockClock) -> None:
    held, reader = desk(), Reader(SEEN)
    held.cache.put("uid-2", "p1", PHOTO)
    finding = await looking_handler(held, reader, SETTINGS)(call())
    assert finding == Answer(actor="pixels", value=PhotoSeen(code="DOWNLOAD_URL_GENERATE_FAILED"))
    assert reader.given == []


async def test_fetching_has_its_own_share(autojump_clock: MockClock, monkeypatch: Any) -> None:
    deadlines: list[float] = []

    async def fetch(_desk: PhotoDesk, fetching: Call, _id: str, _settings: Settings) -> bytes:
        await trio.lowlevel.checkpoint()
        deadlines.append(fetching.deadline - trio.current_time())
        return PHOTO

    monkeypatch.setattr(photo_look, "photo_bytes", fetch)
    handler = looking_handler(desk(), Reader(SEEN), SETTINGS)
    await handler(call(fetch_ms=400))
    await handler(call(fetch_ms=4000))
    assert deadlines == [0.4, 1.0]


async def test_a_worker_s_end_is_a_failure(autojump_clock: MockClock) -> None:
    held, failure = desk(), Failure(actor="pixels", code="crashed")
    held.cache.put("uid-1", "p1", PHOTO)
    assert await looking_handler(held, Reader(failure), SETTINGS)(call()) == failure


async def test_only_bytes_are_shown_to_a_model(autojump_clock: MockClock) -> None:
    held = desk()
    held.cache.put("uid-1", "p1", PHOTO)
    asked = Call(AskVision(photo_id="p1", prompt="look"), turn_for("analysis"), trio.current_time() + 1)
    for says, shown in ((b"jpeg", b"jpeg"), (None, None), (Failure(actor="pixels", code="timeout"), None)):
        assert await preparing(held, Reader(says), SETTINGS)(asked, "p1") == shown
    assert await preparing(held, Reader(b"jpeg"), SETTINGS)(asked, "p2") is None
