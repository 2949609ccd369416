"""One simulated world: whole turns of several people, many faults, one seed, no socket and no waiting.

Flows, `conduct`, assembler, actors, links and projections are the real ones. Clock and scheduler are
trio's, mocked and seeded; what the wire and the database would do is drawn from the seed
(`simulation_dice`). Same seed, same world, to the byte.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import trio
import trio.lowlevel
import trio.testing
from trio._core import _run

from aurora import telemetry
from aurora.actors.assembler import Finished
from aurora.actors.call import Call, Handler
from aurora.actors.clerk import Clerk
from aurora.actors.findings import Answer, Finding
from aurora.actors.house import House
from aurora.actors.knowledge_questions import KeepKnowledge, Kept
from aurora.actors.questions import Question
from aurora.actors.refresher import Refresh
from aurora.actors.trace import Tracer
from aurora.actors.turn import conduct
from aurora.contract.errors import ContractError
from aurora.contract.memory import Memory
from aurora.contract.requests import PhotoUpload
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.contract.validation import decode
from aurora.flows import reco
from aurora.flows.table import TURN_KINDS
from aurora.rules import rollout
from aurora.rules.request import trigger_source
from soak.simulation_client import Client
from soak.simulation_cuts import Cuts, sites_of_a_turn
from soak.simulation_dice import ACTOR, CLIENT, PROCESS, Dice
from soak.simulation_hunt import Hunter
from soak.simulation_knowledge import SimulatedKnowledge, keep_knowledge
from soak.simulation_pages import page_desk
from soak.simulation_people import KINDS, PHOTO, Planned, planned
from soak.simulation_products import COUNTED, REFRESHES
from soak.simulation_settings import BUDGETS, settings, shelf
from soak.simulation_store import SimulatedStore
from soak.simulation_upstreams import SimulatedPixels, SimulatedPool, desk, link

DAWN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HEATS = (0.0, 0.1, 0.25, 0.5, 0.8)
TURNS = (6, 16)
AFTER_MS = (
    0,
    0,
    1,
    5,
    6,
    40,
    45,
    100,
    250,
    300,
    400,
    420,
    450,
    499,
    500,
    900,
    1500,
    2000,
    3000,
    8999,
    9000,
    11999,
)
MOST_TICKS = 24
BACKGROUND = 1000  # numbers of turns that nobody sent begin here
SITES = sites_of_a_turn()
UPSTREAMS = ("decision", "commerce", "offers", "geocoding", "forecast", "photos", "mail", "gemini", "openai")


class SimulatedBugError(Exception):
    """An actor that breaks on purpose."""


class Lived(msgspec.Struct, kw_only=True):
    """One turn as it went. Instants are trio's. bug: what conduct raised, by name. memory: what it was told.

    tapped: the id of a chip that an answer offered, if that is what was sent. finished None: refused at the
    door (arrived, then nothing), abandoned, or broken.
    """

    planned: Planned
    turn: Turn
    tapped: str | None = None
    arrival: float
    begun: float
    ended: float | None = None
    refused: bool = False
    left: bool = False
    finished: Finished | None = None
    bug: str | None = None
    asked: list[Question] = []
    memory: Memory | None = None


class World:
    """Everything of one seed. `live` it once; the laws look at what it leaves."""

    def __init__(self, seed: int) -> None:
        dice = self.dice = Dice(seed, HEATS[seed % len(HEATS)])
        self.seed = seed
        self.cuts = Cuts()
        self.lives: list[Lived] = []
        self.kept: list[KeepKnowledge] = []  # what somebody was told is kept
        self.unplayable: list[str] = []  # refreshes with a body that no turn takes
        self.left_over = 0
        self.virtual_s = 0.0
        # Every third world hunts. Its writes take longer than its turns: answers wait for their facts.
        self.hunter = Hunter(SITES, dice, seed // 3) if seed % 3 == 2 else None
        self.settings = settings(dice, self.hunter.wishes if self.hunter is not None else {})
        self.store = SimulatedStore(self.settings, dice, self._now, late=self.hunter is not None)
        self.burst = dice.chance(0.3)
        self.links = {name: link(name, self.settings, dice) for name in UPSTREAMS}
        if self.hunter is not None and self.hunter.asks_back:
            self.links["decision"].pool = SimulatedPool("decision", dice, asks_back=True)
        self._plan = planned(
            dice,
            dice.whole(*TURNS),
            rare=self.hunter is not None,
            leads=self.hunter.leads if self.hunter is not None else (),
            kinds=self.hunter.kinds if self.hunter is not None else KINDS,
        )
        self._of: dict[str, Lived] = {}
        self._clients = {uid: Client(dice) for uid in (*(each.uid for each in self._plan), "")}
        self.house = House(
            self.settings,
            self.store,
            self.links,
            clerk=Clerk() if self.burst else Clerk(cost_ms=0, floor_ms=0, pace_ms=0),
            tracer=Tracer(self.store),
            shelf=shelf(self.settings),
            photos=desk(self.links["photos"], self.settings, SimulatedPool("storage", dice)),
            pixels=SimulatedPixels(dice),
            pages=page_desk(self.settings, dice),
        )
        self.knowledge = SimulatedKnowledge(dice)
        keep_knowledge(self.house, self.knowledge, dice)
        self.house.actors = {
            name: self._observed(self.cuts.handler(each)) for name, each in self.house.actors.items()
        }
        self._flows = {name: self.cuts.flow(kind.flow) for name, kind in TURN_KINDS.items()}

    async def live(self) -> None:
        """From the first request to the last fact."""
        async with trio.open_nursery() as process:
            await process.start(self.store.journal)
            await process.start(self.house.knowledge.shelf.run)
            if self.burst:
                self.dice.happened("clerk.burst")
                await process.start(self.house.clerk.run)
            before = trio.lowlevel.current_statistics().tasks_living
            await self._get_acquainted()
            async with trio.open_nursery() as turns:
                if self.dice.fault(PROCESS, 0.3):
                    turns.start_soon(self._stop, turns.cancel_scope)
                await turns.start(self.house.knowledge.refresher.run, self._refresh)
                async with trio.open_nursery() as people:
                    for uid in dict.fromkeys(each.uid for each in self._plan):
                        people.start_soon(self._person, uid)
                while self.house.knowledge.refresher._under_way:  # noqa: ASYNC110 - a second costs nothing
                    await trio.sleep(1)
                turns.cancel_scope.cancel()
            await self.store.settled()
            self.knowledge.look_into(self.house.knowledge.shelf)
            self.left_over = trio.lowlevel.current_statistics().tasks_living - before
            process.cancel_scope.cancel()
        self.house.tracer.flush()
        self.virtual_s = trio.current_time()

    # --- who comes and goes

    async def _get_acquainted(self) -> None:
        """In most worlds nothing goes wrong while people say who they are: else few gates would open."""
        if self.dice.chance(0.25):
            return
        heat, self.dice.heat = self.dice.heat, 0.0
        first = [each for each in self._plan if each.first]
        for each in first:
            await self._request(each)
        self.dice.heat = heat
        self._plan = [each for each in self._plan if each not in first]

    async def _person(self, uid: str) -> None:
        async with trio.open_nursery() as requests:
            for each in self._plan:
                if each.uid != uid:
                    continue
                await trio.sleep(each.at_ms / 1000)
                if each.alone:
                    await self._request(each)
                else:
                    requests.start_soon(self._request, each)

    async def _request(self, each: Planned) -> None:
        with trio.CancelScope() as client, self._hunted(client):
            async with trio.open_nursery() as nursery:
                if self.dice.fault(CLIENT, 0.8):
                    nursery.start_soon(self._hang_up, client)
                await self._serve(each)
                nursery.cancel_scope.cancel()

    def _hunted(self, client: trio.CancelScope) -> AbstractContextManager[None]:
        return self.hunter.following(client) if self.hunter is not None else nullcontext()

    async def _hang_up(self, client: trio.CancelScope) -> None:
        """At an instant, and a few steps of the scheduler later, so that it falls between two steps too."""
        await self._moment()
        client.cancel("client_gone")

    async def _stop(self, turns: trio.CancelScope) -> None:
        await trio.sleep(self.dice.pick((0, 3, 12, 30)))
        await self._moment()
        self.house.stopping = True
        self.house.knowledge.refresher.stop()
        turns.cancel("shutdown")

    async def _moment(self) -> None:
        after_ms, ticks = self.dice.pick(AFTER_MS), self.dice.whole(0, MOST_TICKS)
        await trio.sleep(after_ms / 1000)
        for _ in range(ticks):
            await trio.lowlevel.checkpoint()

    async def _refresh(self, refresh: Refresh) -> str:
        """What the service plays in the background: a turn of nobody's (`web.refreshing`)."""
        each = Planned(
            number=BACKGROUND + len(self.lives),
            uid="",
            kind=refresh.kind,
            body=refresh.body,
            lang=refresh.lang,
            brief_id=None,
            raw={},
            at_ms=0,
            waited_ms=0,
            alone=True,
        )
        try:
            self._turn(each)
        except ContractError:
            self.unplayable.append(refresh.name)
            return "bad_body"
        with trio.CancelScope() as scope, self._hunted(scope):
            await self._serve(each)
        finished = self._of[each.request_id].finished
        return finished.outcome if finished is not None else "abandoned"

    async def _serve(self, each: Planned) -> None:
        """What the web does with a request."""
        begun = trio.current_time()
        arrival = begun - each.waited_ms / 1000
        client = self._clients[each.uid]
        each, tapped = client.sends(each)
        turn = self._turn(each)
        lived = self._of[each.request_id] = Lived(
            planned=each, turn=turn, tapped=tapped, arrival=arrival, begun=begun
        )
        self.lives.append(lived)
        budget = BUDGETS[each.kind](self.settings)
        uploads = isinstance(turn.body, PhotoUpload)
        tray = self.house.photos.tray.holding(turn.body.handle, PHOTO) if uploads else nullcontext()
        try:
            with self.house.admit(arrival, budget[1]), tray:
                lived.finished = await conduct(
                    self.house, turn, self._flows[each.kind], budget=budget, arrival=arrival
                )
            client.hears(each.kind, lived.finished)
        except ContractError:
            lived.refused = True
            self.dice.happened("admission.refused")
        except trio.Cancelled:
            lived.left = True
            raise
        except Exception as error:  # noqa: BLE001 - whatever a turn raises is a finding, judged by the laws
            lived.bug = type(error).__name__
        finally:
            lived.ended = trio.current_time()

    def _observed(self, handler: Handler) -> Handler:
        async def observed(call: Call) -> Finding:
            lived = self._of[call.turn.context.request_id]
            lived.asked.append(call.question)
            if self.dice.fault(ACTOR, 0.01):
                raise SimulatedBugError
            finding = await handler(call)
            told = finding.value if isinstance(finding, Answer) else None
            if isinstance(told, Memory) and told.ready:
                lived.memory = told
            if isinstance(call.question, KeepKnowledge) and isinstance(told, Kept) and told.kept:
                self.kept.append(call.question)
            return finding

        return observed

    def _turn(self, each: Planned) -> Turn:
        named = TURN_KINDS[each.kind].body
        session = each.body.get("session", {}) if each.kind == "chat" else {}
        seed = hashlib.sha256(f"{self.seed}:{each.number}".encode()).hexdigest()[:32]
        body: Any
        trigger, raw = "text", each.raw
        if each.kind == "chat":
            trigger, raw = trigger_source(each.body), self._placed(each)
        elif each.kind == "reco_generate":
            trigger = reco.TRIGGER
        elif each.kind in REFRESHES:
            trigger = "background"
        elif each.kind in COUNTED:
            raw = {"client": f"client-of-{each.uid}"}
        if each.kind == "photo_upload":
            body = PhotoUpload(slot_id="daylight", content_type="image/jpeg", size=len(PHOTO), handle=seed)
        else:
            body = decode(named, each.body) if named is not None else None
        return Turn(
            kind=each.kind,
            context=RequestContext(
                request_id=each.request_id,
                trace_id=f"tr-{each.number}",
                lang=each.lang,
                uid=each.uid or None,
                brief_id=each.brief_id,
                trigger_source=trigger,
                state=session.get("state"),
            ),
            identity=Identity(each.uid),
            now=self._now(),
            seed=seed,
            body=body,
            raw=raw,
        )

    def _placed(self, each: Planned) -> dict[str, Any]:
        """What the door tells a chat turn of the rollout."""
        assignment = rollout.assign(self.settings, source="anon_id", name=each.uid)
        if not rollout.needed(assignment, self.settings):
            return each.raw
        return {**each.raw, rollout.RAW_KEY: rollout.as_raw(assignment)}

    def _now(self) -> datetime:
        return DAWN + timedelta(milliseconds=round(trio.current_time() * 1000))


def lived(seed: int) -> World:
    """The world of a seed, over."""
    world = World(seed)
    watching = [world.hunter] if world.hunter is not None else []
    with seeded(seed), telemetry.quiet():
        trio.run(world.live, clock=trio.testing.MockClock(autojump_threshold=0), instruments=watching)
    return world


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """trio's scheduler draws from the seed: the hook that trio itself has for hypothesis and its own tests.

    The garbage collector does not run meanwhile: what it would finalise, and when, hangs on the process.
    """
    before, state = _run._ALLOW_DETERMINISTIC_SCHEDULING, _run._r.getstate()
    collecting = gc.isenabled()
    gc.disable()
    setattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)  # noqa: B010 - declared Final there
    _run._r.seed(f"trio:{seed}")
    try:
        yield
    finally:
        setattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", before)  # noqa: B010 - as above
        _run._r.setstate(state)
        if collecting:
            gc.enable()


def digest(world: World) -> str:
    """The whole world in one word: two runs of one seed give the same."""
    told: list[Any] = [[record.request_id, record.events] for record in world.store.traces]
    told += [world.virtual_s, sorted(world.dice.struck.items())]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()
