"""The sample bundle of the tests and the manual, made again: `python -m soak.sample_bundle FILE`.

Two people, in English and Chinese, meet everything that can become of a turn. Flows, actors and links are the
real ones; upstreams answer with the sandbox's bodies, or as badly as the step says; clock and scheduler are
trio's, mocked and seeded. So the same code makes the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
import trio
import trio.testing

from aurora import telemetry
from aurora.actors.clerk import Clerk
from aurora.actors.house import House
from aurora.actors.http_pool import Headers, HttpPool, Received
from aurora.actors.links import Link
from aurora.actors.trace import Tracer
from aurora.actors.turn import conduct
from aurora.contract.memory import Memory
from aurora.contract.requests import PhotoUpload
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.contract.validation import decode
from aurora.flows.table import TURN_KINDS
from aurora.replay.bundle import export
from aurora.replay.model import RecordedTurn, ReplayError, of_record
from aurora.replay.sources import Facts, Selection, Turns
from aurora.rules.request import trigger_source
from aurora.sandbox.misbehave import spoilt
from aurora.sandbox.script import Step
from aurora.settings import Settings
from aurora.store.ephemeral import EphemeralStore
from aurora.store.facts import NewFact
from aurora.store.port import Appended, TraceRecord
from aurora.store.projections import Event
from aurora.store.trace_reading import Head, StoredEvent
from soak.simulation import UPSTREAMS, seeded
from soak.simulation_settings import BUDGETS
from soak.simulation_upstreams import desk, healthy

DAWN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
GARBAGE = ("empty_body", "truncated", "bad_utf8", "array_root", "null_cards", "wrong_types", "unrenderable")
_RECO = {"action": {"action_id": "chip.start.reco_products", "kind": "chip"}}
_PROFILE = {
    "skinType": "oily",
    "sensitivity": "low",
    "barrierStatus": "healthy",
    "goals": ["acne", "dark_spots"],
}
_ROUTINE = {"currentRoutine": "AM: gentle cleanser, SPF 50. PM: cleanser, retinol, moisturizer."}


class Mood(msgspec.Struct, frozen=True, kw_only=True):
    """How the world is during one turn. upstream_ms None: no answer, ever. garbage: what becomes of it."""

    upstream_ms: int | None = 300
    read_ms: int = 2
    append_ms: int = 5
    status: int = 200
    garbage: str = ""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One request. gone_ms: the client hangs up after so long."""

    name: str
    kind: str
    uid: str = "mia"
    lang: Any = "EN"
    body: Any = None
    mood: Mood = Mood()
    gone_ms: int | None = None


SCENES: tuple[Scene, ...] = (
    Scene(name="first visit", kind="bootstrap"),
    Scene(
        name="a question, answered", kind="chat", body={"message": "What does niacinamide do for oily skin?"}
    ),
    Scene(name="gated: the profile is not known", kind="chat", body=_RECO),
    Scene(name="the profile", kind="profile_update", body=_PROFILE),
    Scene(name="gated: no analysis yet", kind="chat", body=_RECO),
    Scene(name="an analysis", kind="analysis", body=_ROUTINE),
    Scene(name="picks", kind="chat", body=_RECO),
    Scene(name="the reco budget", kind="chat", body=_RECO, mood=Mood(upstream_ms=None)),
    Scene(
        name="the chat budget", kind="chat", body={"message": "does sunscreen need to be reapplied?"},
        mood=Mood(upstream_ms=None),
    ),
    Scene(name="the analysis budget", kind="analysis", body=_ROUTINE, mood=Mood(read_ms=60_000)),
    Scene(name="the bootstrap budget", kind="bootstrap", mood=Mood(read_ms=60_000)),
    Scene(
        name="the write budget", kind="profile_update", body={"skinType": "dry"}, mood=Mood(append_ms=60_000)
    ),
    Scene(
        name="blocked for safety", kind="chat",
        body={"message": "severe pain, oozing pus and fever, what cream?"},
    ),
    Scene(name="安全拦截", kind="chat", uid="lin", lang="CN", body={"message": "化脓了还发烧，推荐一款面霜"}),
    Scene(name="提问", kind="chat", uid="lin", lang="CN", body={"message": "烟酰胺和视黄醇可以一起用吗？"}),
    Scene(
        name="打卡", kind="tracker_log", uid="lin", lang="CN",
        body={
            "date": "2026-11-24", "redness": 2, "acne": 1, "hydration": 3,
            "notes": "洗完脸有点紧，小雨催我贴面膜",
        },
    ),
    Scene(
        name="an error upstream", kind="chat", body={"message": "is my toner too harsh?"},
        mood=Mood(status=503),
    ),
    *(
        Scene(
            name=f"garbage upstream: {name}", kind="chat", body={"message": "which cleanser suits me?"},
            mood=Mood(garbage=name),
        )
        for name in GARBAGE
    ),
    Scene(
        name="the client is gone", kind="chat", body={"message": "hello, my name is Mia Sommer"},
        mood=Mood(upstream_ms=None), gone_ms=700,
    ),
    Scene(
        name="refused", kind="chat",
        body={"message": "go", "requested_transition": {
            "trigger_source": "text_explicit", "trigger_id": "t", "requested_next_state": "RECO_RESULTS",
        }},
    ),
    Scene(name="the log", kind="tracker_recent", uid="lin", lang="CN"),
    Scene(
        name="to a shop", kind="affiliate_outcome",
        body={"outcome": "success", "url": "https://shop.example/p/1"},
    ),
    Scene(
        name="a routine", kind="chat", body={"action": {"action_id": "chip.start.routine", "kind": "chip"}}
    ),
    Scene(name="a safety question", kind="chat", body={"message": "Can I use retinol every night?"}),
    Scene(
        name="the safety question, answered", kind="chat",
        body={"action": {
            "action_id": "chip.profile.pregnancy.not_pregnant", "kind": "chip",
            "data": {"profile_patch": {"pregnancy_status": "not_pregnant"}},
        }},
    ),
    Scene(
        name="two actives in one night", kind="chat",
        body={"message": "Can I use retinol and glycolic acid the same night?"},
    ),
    Scene(name="规则不允许", kind="chat", uid="lin", lang="CN", body={"message": "我怀孕了，能用维A酸吗？"}),
    Scene(name="a photo", kind="photo_upload"),
    Scene(name="a photo, and its storage does not answer", kind="photo_upload", mood=Mood(upstream_ms=None)),
)  # fmt: skip
PHOTO = b"\xff\xd8a photo\xff\xd9"


class Kept(EphemeralStore):
    """The in-memory store that also remembers its log and its traces: a `TurnSource`."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        super().__init__(settings, clock)
        self.mood = Mood()
        self._now = clock
        self._traces: list[TraceRecord] = []
        self._log: dict[str, list[StoredEvent]] = {}

    async def read(self, identity: Identity, brief_id: str | None) -> Memory:
        """See `Store.read`; as slow as the mood."""
        await trio.sleep(self.mood.read_ms / 1000)
        return await super().read(identity, brief_id)

    async def append(
        self, identity: Identity, facts: Sequence[NewFact], *, epoch: int | None = None
    ) -> Appended:
        """See `Store.append`; as slow as the mood, and then nothing is written for whoever has left."""
        await trio.sleep(self.mood.append_ms / 1000)
        appended = await super().append(identity, facts, epoch=epoch)
        log = self._log.setdefault(identity.stream, [])
        at_ms = int(self._now().timestamp() * 1000)
        for version, new in zip(appended.versions, facts, strict=True):
            if version == len(log) + 1:
                event = Event(identity.stream, version, new.event_id, new.fact, new.meta)
                log.append(StoredEvent(event=event, recorded_at_ms=at_ms))
        return appended

    def trace(self, record: TraceRecord) -> None:
        """Keep it."""
        self._traces.append(record)

    def recorded(self) -> list[RecordedTurn]:
        """Every turn so far, oldest first."""
        return sorted((of_record(record) for record in self._traces), key=lambda turn: turn.key)

    async def turns(self, selection: Selection) -> Turns:
        """See `TurnSource.turns`."""
        for turn in [turn for turn in self.recorded() if selection.admits(turn)][: selection.limit]:
            await trio.lowlevel.checkpoint()
            yield turn

    async def count(self, selection: Selection) -> int | None:
        """See `TurnSource.count`."""
        await trio.lowlevel.checkpoint()
        return len([turn for turn in self.recorded() if selection.admits(turn)])

    async def head(self, stream: str) -> Head | None:
        """See `TurnSource.head`."""
        await trio.lowlevel.checkpoint()
        log = self._log.get(stream)
        return None if log is None else Head(version=len(log), epoch=0, erased_at=None)

    async def facts(self, stream: str) -> Facts:
        """See `TurnSource.facts`."""
        for stored in self._log.get(stream, ()):
            await trio.lowlevel.checkpoint()
            yield stored


class MoodyPool(HttpPool):
    """An upstream in the mood of the scene. No socket is ever opened."""

    def __init__(self, name: str, store: Kept) -> None:
        super().__init__(f"http://{name}.sample")
        self._store = store

    async def exchange(
        self,
        method: str,  # noqa: ARG002 - as HttpPool has it, and so are the next ones
        target: str,
        headers: Headers,  # noqa: ARG002
        content: bytes | None,
        *,
        read: Callable[[int], bool],  # noqa: ARG002
        max_bytes: int,  # noqa: ARG002
    ) -> Received:
        """See `HttpPool.exchange`."""
        mood = self._store.mood
        if mood.upstream_ms is None and not target.startswith("/photos/"):
            await trio.sleep_forever()
        await trio.sleep((mood.upstream_ms or 0) / 1000)
        if mood.status != 200:
            return Received(mood.status, None)
        said = healthy(target, content, lambda choices: choices[0])
        if mood.garbage:
            return Received(200, spoilt(Step(mood.garbage), said))
        return Received(200, msgspec.json.encode(said))


def played() -> Kept:
    """Every scene, one after the other, and what the store has of it."""
    settings = Settings(
        decision_base_url="http://decision.sample", backend_base_url="http://commerce.sample",
        backend_api_key="sample", breaker_enabled=False,
    )  # fmt: skip
    store = Kept(settings, lambda: DAWN + timedelta(milliseconds=round(trio.current_time() * 1000)))
    with seeded(1), telemetry.quiet():
        trio.run(_live, settings, store, clock=trio.testing.MockClock(autojump_threshold=0))
    return store


async def _live(settings: Settings, store: Kept) -> None:
    links = {}
    for name in UPSTREAMS:
        links[name] = Link(name, "", settings)
        links[name].pool = MoodyPool(name, store)
    photos = desk(links["photos"], settings, MoodyPool("storage", store))
    clerk = Clerk(cost_ms=0, floor_ms=0, pace_ms=0)
    house = House(settings, store, links, clerk=clerk, tracer=Tracer(store), photos=photos)
    for number, scene in enumerate(SCENES, 1):
        store.mood = scene.mood
        await trio.sleep(20)
        with trio.move_on_after(600 if scene.gone_ms is None else scene.gone_ms / 1000) as client:
            turn = _turn(scene, number)
            with photos.tray.holding(turn.seed, PHOTO):
                await conduct(house, turn, TURN_KINDS[scene.kind].flow, budget=BUDGETS[scene.kind](settings))
        assert client.cancelled_caught == (scene.gone_ms is not None)
        house.tracer.flush()


def _turn(scene: Scene, number: int) -> Turn:
    named = TURN_KINDS[scene.kind].body
    context = RequestContext(
        request_id=f"sample-{number:02d}",
        trace_id=f"trace-{number:02d}",
        lang=scene.lang,
        uid=scene.uid,
        brief_id=f"brief-{scene.uid}",
        trigger_source=trigger_source(scene.body) if scene.kind == "chat" else "text",
    )
    seed = hashlib.sha256(f"sample:{number}".encode()).hexdigest()[:32]
    if scene.kind == "photo_upload":
        body: Any = PhotoUpload(slot_id="daylight", content_type="image/jpeg", size=len(PHOTO), handle=seed)
    else:
        body = decode(named, scene.body) if named is not None else None
    return Turn(
        kind=scene.kind,
        context=context,
        identity=Identity(scene.uid),
        now=DAWN + timedelta(milliseconds=round(trio.current_time() * 1000)),
        seed=seed,
        body=body,
    )


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
def main(path: Path) -> None:
    """Make the sample bundle. It must not exist yet."""
    telemetry.configure_logging("error")
    store = played()
    try:
        seen = trio.run(lambda: export(store, Selection(), path))
    except ReplayError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{seen.turns} turns, {seen.facts} facts, {seen.bytes} bytes")


if __name__ == "__main__":
    main()
