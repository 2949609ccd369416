"""One simulated world: whole turns of several people, many faults, one seed, no socket and no waiting.

Flows, `conduct`, assembler, actors, links and projections are the real ones. Clock and scheduler are
trio's, mocked and seeded; what the wire and the database would do is drawn from the seed
(`simulation_dice`). Same seed, same world, to the byte.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
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
from aurora.actors.commerce import commerce_handler
from aurora.actors.decision import decision_handler
from aurora.actors.findings import Answer, Finding
from aurora.actors.house import House
from aurora.actors.memory import memory_handler
from aurora.actors.photos import PhotoDesk, photos_handler
from aurora.actors.questions import Question
from aurora.actors.trace import Tracer
from aurora.actors.turn import conduct
from aurora.actors.weather import weather_handler
from aurora.contract.errors import ContractError
from aurora.contract.memory import Memory
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.contract.validation import decode
from aurora.flows.table import TURN_KINDS
from aurora.rules.request import trigger_source
from aurora.settings import Settings
from soak.simulation_cuts import Cuts
from soak.simulation_dice import ACTOR, CLIENT, PROCESS, Dice
from soak.simulation_people import Planned, planned
from soak.simulation_store import SimulatedStore
from soak.simulation_upstreams import link

DAWN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HEATS = (0.0, 0.1, 0.25, 0.5, 0.9)
TURNS = (6, 16)
AFTER_MS = (0, 0, 1, 40, 100, 250, 300, 400, 420, 450, 499, 500, 900, 1500, 2000, 3000, 8999, 9000, 11999)
MOST_TICKS = 24


class SimulatedBugError(Exception):
    """An actor that breaks on purpose."""


class Lived(msgspec.Struct, kw_only=True):
    """One turn as it went. Instants are trio's. bug: what conduct raised, by name. memory: what it was told.

    finished None: refused at the door (arrived, then nothing), abandoned, or broken.
    """

    planned: Planned
    turn: Turn
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
        self.left_over = 0
        self.virtual_s = 0.0
        self.settings = _settings(dice)
        self.store = SimulatedStore(self.settings, dice, self._now)
        self.burst = dice.chance(0.3)
        upstreams = ("decision", "commerce", "geocoding", "forecast", "photos")
        self.links = {name: link(name, self.settings, dice) for name in upstreams}
        self._plan = planned(dice, dice.whole(*TURNS))
        self._of: dict[str, Lived] = {}
        actors = {
            "memory": memory_handler(self.store),
            "decision": decision_handler(self.links["decision"]),
            "commerce": commerce_handler(self.links["commerce"]),
            "weather": weather_handler(self.links["geocoding"], self.links["forecast"]),
            "photos": photos_handler(PhotoDesk.of(self.links["photos"], self.settings)),
        }
        self.house = House(
            self.settings,
            self.store,
            self.links,
            clerk=Clerk() if self.burst else Clerk(cost_ms=0, floor_ms=0, pace_ms=0),
            tracer=Tracer(self.store),
            actors={name: self._observed(self.cuts.handler(each)) for name, each in actors.items()},
        )
        self._flows = {name: self.cuts.flow(kind.flow) for name, kind in TURN_KINDS.items()}

    async def live(self) -> None:
        """From the first request to the last fact."""
        async with trio.open_nursery() as process:
            await process.start(self.store.journal)
            if self.burst:
                self.dice.happened("clerk.burst")
                await process.start(self.house.clerk.run)
            before = trio.lowlevel.current_statistics().tasks_living
            async with trio.open_nursery() as turns:
                if self.dice.fault(PROCESS, 0.3):
                    turns.start_soon(self._stop, turns.cancel_scope)
                for uid in dict.fromkeys(each.uid for each in self._plan):
                    turns.start_soon(self._person, uid)
            await self.store.settled()
            self.left_over = trio.lowlevel.current_statistics().tasks_living - before
            process.cancel_scope.cancel()
        self.house.tracer.flush()
        self.virtual_s = trio.current_time()

    # --- who comes and goes

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
        with trio.CancelScope() as client:
            async with trio.open_nursery() as nursery:
                if self.dice.fault(CLIENT, 0.8):
                    nursery.start_soon(self._hang_up, client)
                await self._serve(each)
                nursery.cancel_scope.cancel()

    async def _hang_up(self, client: trio.CancelScope) -> None:
        """At an instant, and a few steps of the scheduler later, so that it falls between two steps too."""
        await self._moment()
        client.cancel("client_gone")

    async def _stop(self, turns: trio.CancelScope) -> None:
        await trio.sleep(self.dice.pick((0, 3, 12, 30)))
        await self._moment()
        self.house.stopping = True
        turns.cancel("shutdown")

    async def _moment(self) -> None:
        after_ms, ticks = self.dice.pick(AFTER_MS), self.dice.whole(0, MOST_TICKS)
        await trio.sleep(after_ms / 1000)
        for _ in range(ticks):
            await trio.lowlevel.checkpoint()

    async def _serve(self, each: Planned) -> None:
        """What the web does with a request."""
        begun = trio.current_time()
        arrival = begun - each.waited_ms / 1000
        turn = self._turn(each)
        lived = self._of[each.request_id] = Lived(planned=each, turn=turn, arrival=arrival, begun=begun)
        self.lives.append(lived)
        budget = self._budget(each.kind)
        try:
            with self.house.admit(arrival, budget[1]):
                lived.finished = await conduct(
                    self.house, turn, self._flows[each.kind], budget=budget, arrival=arrival
                )
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
            if isinstance(finding, Answer) and isinstance(finding.value, Memory) and finding.value.ready:
                lived.memory = finding.value
            return finding

        return observed

    def _turn(self, each: Planned) -> Turn:
        named = TURN_KINDS[each.kind].body
        session = each.body.get("session", {}) if each.kind == "chat" else {}
        return Turn(
            kind=each.kind,
            context=RequestContext(
                request_id=each.request_id,
                trace_id=f"tr-{each.number}",
                lang=each.lang,
                uid=each.uid,
                brief_id=each.brief_id,
                trigger_source=trigger_source(each.body) if each.kind == "chat" else "text",
                state=session.get("state"),
            ),
            identity=Identity(each.uid),
            now=self._now(),
            seed=hashlib.sha256(f"{self.seed}:{each.number}".encode()).hexdigest()[:32],
            body=decode(named, each.body) if named is not None else None,
            raw=each.raw,
        )

    def _budget(self, kind: str) -> tuple[str, int]:
        settings = self.settings
        match kind:
            case "chat":
                return "chat", settings.chat_budget_ms
            case "analysis":
                return "analysis", settings.analysis_budget_ms
            case "bootstrap":
                return "bootstrap", settings.bootstrap_budget_ms
        return "write", settings.write_budget_ms

    def _now(self) -> datetime:
        return DAWN + timedelta(milliseconds=round(trio.current_time() * 1000))


def lived(seed: int) -> World:
    """The world of a seed, over."""
    world = World(seed)
    with seeded(seed), telemetry.quiet():
        trio.run(world.live, clock=trio.testing.MockClock(autojump_threshold=0))
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


def _settings(dice: Dice) -> Settings:
    chat_ms, reco_ms = dice.pick((12000, 12000, 3000)), dice.pick((9000, 9000, 2000, 14000))
    if dice.heat and chat_ms != reco_ms:
        dice.happened("budget.restated")
    return Settings(
        decision_base_url="http://decision.simulated",
        backend_base_url="http://commerce.simulated",
        chat_budget_ms=chat_ms,
        reco_budget_ms=reco_ms,
        analysis_budget_ms=dice.pick((12000, 12000, 2000)),
        upstream_limit=dice.pick((128, 128, 1, 2)),
        breaker_min_calls=dice.pick((20, 2)),
        max_turns=dice.pick((512, 512, 512, 2)),
        travel_weather_live=dice.pick((True, True, False)),
        avail_resolve_on_transient=dice.pick((True, False)),
    )
