"""What was known at some point of a stream, and what changed between two."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from aurora.contract.memory import Memory
from aurora.contract.turn import Identity, iso_ms
from aurora.flows.table import TURN_KINDS
from aurora.replay.model import RecordedTurn, ReplayError
from aurora.replay.sources import DatabaseSource, Selection
from aurora.replay.timetravel import Point, as_of, compare, point_of, stream_for
from aurora.settings import Settings
from aurora.store.facts import NewFact
from aurora.store.open import store_over
from aurora.store.port import Store
from aurora.store.postgres import Database
from aurora.store.projections import Event
from aurora.store.trace_reading import Head, StoredEvent
from tests.replay.recording import ListSource, edited, record
from tests.store.people import NOW, analysed, logged, moved, new, now, said
from tests.support.fakes import FakeStore, turn_for

ANN = Identity("ann")
STREAM = ANN.stream
MINUTE_MS = 60_000
BASE_MS = int(NOW.timestamp() * 1000)

LOG = [
    said(skinType="oily", goals=["acne"]),
    logged("2026-03-10", redness=3),
    moved("b1", token="S2_DIAGNOSIS"),
    analysed("da_1", brief_id="b1", plan="ip_1", score=0.8),
    said(skinType="dry"),
    logged("2026-03-10", redness=1, acne=2),
]


def log_of(*, first: int = 1) -> list[StoredEvent]:
    """The log, one event a minute, each of a request of its own."""
    found = []
    for number, fact in enumerate(LOG):
        made: NewFact = new(ANN, fact, at=NOW + timedelta(minutes=number))
        meta = type(made.meta)(
            request_id=f"rq-{number + 1}", trace_id="t", occurred_at=made.meta.occurred_at, uid="ann"
        )
        event = Event(STREAM, first + number, made.event_id, made.fact, meta)
        found.append(StoredEvent(event=event, recorded_at_ms=BASE_MS + number * MINUTE_MS + 5))
    return found


def source(*, erased_at: str | None = None, first: int = 1) -> ListSource:
    facts = log_of(first=first)
    head = Head(version=facts[-1].event.version, epoch=int(erased_at is not None), erased_at=erased_at)
    return ListSource(heads={STREAM: head}, facts={STREAM: facts})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", Point(kind="now")),
        (" NOW ", Point(kind="now")),
        ("0", Point(kind="version")),
        ("17", Point(kind="version", version=17)),
        ("9" * 40, Point(kind="version", version=2**63 - 1)),
        ("2026-03-10T12:00:00Z", Point(kind="time", at_ms=BASE_MS)),
        ("2026-03-10T20:00:00+08:00", Point(kind="time", at_ms=BASE_MS)),
        ("2026-03-10 12:00", Point(kind="time", at_ms=BASE_MS)),
        ("2026-03-10", Point(kind="time", at_ms=BASE_MS - 12 * 3600 * 1000)),
        ("rq-1", Point(kind="request", request_id="rq-1")),
        ("01a20d1a-f440-740d-873d-28adfe4afe4e", None),
        ("2026-13-45", Point(kind="request", request_id="2026-13-45")),
    ],
)
def test_points_are_read(text: str, expected: Point | None) -> None:
    assert point_of(text) == (expected or Point(kind="request", request_id=text))


def test_a_point_is_not_nothing() -> None:
    with pytest.raises(ReplayError, match="A point is"):
        point_of("  ")


@pytest.mark.parametrize(
    ("at", "version", "skin_type", "redness", "artifact", "tokens"),
    [
        ("0", 0, None, None, None, []),
        ("1", 1, "oily", None, None, []),
        ("3", 3, "oily", 3, None, ["S2_DIAGNOSIS"]),
        ("4", 4, "oily", 3, "da_1", ["S2_DIAGNOSIS"]),
        ("6", 6, "dry", 1, "da_1", ["S2_DIAGNOSIS"]),
        ("now", 6, "dry", 1, "da_1", ["S2_DIAGNOSIS"]),
        ("rq-2", 2, "oily", 3, None, []),
        (iso_ms(NOW - timedelta(days=1)), 0, None, None, None, []),
        (iso_ms(NOW + timedelta(minutes=3, milliseconds=4)), 3, "oily", 3, None, ["S2_DIAGNOSIS"]),
        (iso_ms(NOW + timedelta(minutes=3, milliseconds=5)), 4, "oily", 3, "da_1", ["S2_DIAGNOSIS"]),
        (iso_ms(NOW + timedelta(days=1)), 6, "dry", 1, "da_1", ["S2_DIAGNOSIS"]),
    ],
)
async def test_what_was_known_then(
    at: str, version: int, skin_type: str | None, redness: int | None, artifact: str | None, tokens: list[str]
) -> None:
    seen = await as_of(source(), STREAM, point_of(at))
    assert seen.version == version
    assert (seen.profile or {}).get("skinType") == skin_type
    assert seen.skin_logs.get("2026-03-10", {}).get("redness") == redness
    assert (seen.artifact or {}).get("artifact_id") == artifact
    assert [talk["token"] for talk in seen.conversations.values()] == tokens
    if artifact is not None:
        assert seen.artifact is not None
        assert seen.artifact["plan"]["plan_id"] == "ip_1"


async def test_only_what_was_said_is_shown() -> None:
    seen = await as_of(source(), STREAM, point_of("1"))
    assert seen.profile == {"skinType": "oily", "goals": ["acne"]}
    assert (seen.last_event, seen.last_at) == ("ProfilePatched", iso_ms(NOW))


async def test_two_points_differ_by_what_was_said_between_them() -> None:
    found = await compare(source(), STREAM, point_of("3"), point_of("now"))
    paths = {difference.path: (difference.was, difference.now) for difference in found}
    assert paths["$.profile.skinType"] == ('"oily"', '"dry"')
    assert paths['$.skin_logs["2026-03-10"].redness'] == ("3", "1")
    assert paths['$.skin_logs["2026-03-10"].acne'] == ("null", "2")
    assert "$.artifact" in paths
    assert await compare(source(), STREAM, point_of("4"), point_of("rq-4")) == []


async def test_a_request_that_only_read_stands_where_it_read(reader: RecordedTurn) -> None:
    turns = ListSource(
        [edited(reader, stream=STREAM, request_id="rq-look")],
        heads={STREAM: Head(version=6, epoch=0, erased_at=None)},
        facts={STREAM: log_of()},
    )
    assert (await as_of(turns, STREAM, point_of("rq-look"))).version == 4
    head = Head(version=6, epoch=0, erased_at=None)
    stranger = ListSource([edited(reader, request_id="rq-x")], heads={STREAM: head})
    with pytest.raises(ReplayError, match="was not of this identity"):
        await as_of(stranger, STREAM, point_of("rq-x"))


async def test_a_request_that_neither_read_nor_wrote_has_no_point(silent: RecordedTurn) -> None:
    turns = ListSource(
        [edited(silent, stream=STREAM, request_id="rq-s")],
        heads={STREAM: Head(version=6, epoch=0, erased_at=None)},
    )
    with pytest.raises(ReplayError, match="neither read nor changed"):
        await as_of(turns, STREAM, point_of("rq-s"))


@pytest.fixture
def reader() -> RecordedTurn:
    """A turn that read memory at version 4 and appended nothing."""
    store = FakeStore(Memory(version=4))
    return record(
        TURN_KINDS["bootstrap"].flow, turn_for("bootstrap"), store=store, budget=("bootstrap", 1500)
    )


@pytest.fixture
def silent() -> RecordedTurn:
    async def flow(stage: object) -> None:
        return None

    return record(flow)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("7", "no version 7 yet: this identity stands at 6"),
        ("rq-404", "No turn is recorded for request rq-404"),
    ],
)
async def test_a_point_that_is_not_there_is_refused(at: str, why: str) -> None:
    with pytest.raises(ReplayError, match=why):
        await as_of(source(), STREAM, point_of(at))


async def test_an_unknown_identity_is_refused() -> None:
    with pytest.raises(ReplayError, match="Nothing is known of this identity"):
        await as_of(source(), "g:0", point_of("now"))


@pytest.mark.parametrize("at", ["3", iso_ms(NOW - timedelta(hours=2))])
async def test_what_was_known_before_an_erasure_is_gone_and_no_empty_beginning(at: str) -> None:
    later = source(erased_at=iso_ms(NOW - timedelta(hours=1)), first=9)
    with pytest.raises(ReplayError, match=r"is gone: this identity was erased at 2026-03-10T11:00:00\.000Z"):
        await as_of(later, STREAM, point_of(at))


@pytest.mark.parametrize(("at", "version"), [("8", 0), ("9", 9), ("now", 14), (iso_ms(NOW), 0)])
async def test_what_came_after_an_erasure_is_shown(at: str, version: int) -> None:
    later = source(erased_at=iso_ms(NOW - timedelta(hours=1)), first=9)
    assert (await as_of(later, STREAM, point_of(at))).version == version


@pytest.mark.parametrize("at", ["now", "0", "1"])
async def test_an_erased_identity_shows_nothing(db: Database, at: str) -> None:
    async with store_over(db, Settings(), clock=now) as store:
        await store.append(ANN, [new(ANN, LOG[0])])
        await store.erase(ANN)
    with pytest.raises(ReplayError, match=r"was erased at .*; there is nothing left to show"):
        await as_of(DatabaseSource(db), STREAM, point_of(at))


async def test_now_is_what_the_next_turn_would_read(db: Database) -> None:
    """Seeded: the fold of the log and the projected tables agree at every version on the way."""
    chance = random.Random(7)
    async with store_over(db, Settings(artifact_max_age_days=30), clock=now) as store:
        for _ in range(25):
            await store.append(ANN, [new(ANN, chance.choice(LOG)) for _ in range(chance.randrange(1, 4))])
            await agree(store, db)


async def agree(store: Store, db: Database) -> None:
    memory = await store.read(ANN, "b1")
    seen = await as_of(DatabaseSource(db), STREAM, point_of("now"))
    assert seen.version == memory.version
    assert (seen.profile or {}).get("skinType") == (memory.profile.skinType if memory.profile else None)
    assert list(seen.skin_logs) == [log.date for log in memory.recent_logs]
    assert [log["redness"] for log in seen.skin_logs.values()] == [log.redness for log in memory.recent_logs]
    assert (seen.artifact or {}).get("artifact_id") == (memory.artifact and memory.artifact.artifact_id)
    assert seen.conversations.get("b1", {}).get("token") == (
        memory.conversation.token if memory.conversation else None
    )


async def test_whose_memory_follows_from_what_was_named(reader: RecordedTurn) -> None:
    turns = ListSource([reader])
    assert await stream_for(turns, Selection(uid="ann")) == STREAM
    assert await stream_for(turns, Selection(request_id="req-1")) == reader.stream
    assert await stream_for(turns, Selection(brief_id="brief-1")) == reader.stream
    with pytest.raises(ReplayError, match="Say whose memory"):
        await stream_for(turns, Selection(outcomes=("ok",)))
    with pytest.raises(ReplayError, match="No turn is recorded"):
        await stream_for(turns, Selection(trace_id="tr-404"))


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ("3", "version 3"),
        ("now", "now"),
        ("rq-1", "request rq-1"),
        ("2026-03-10", "2026-03-10T00:00:00.000Z"),
    ],
)
def test_points_are_told(point: str, told: str) -> None:
    assert str(point_of(point)) == told
