"""The laws of a simulated world, looked at when it is over. Each look is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from aurora.actors.questions import CommerceSearch, DecisionChat, MatchCatalogue, Question, Remember
from aurora.contract.memory import Profile
from aurora.replay.model import of_record
from aurora.replay.player import Player
from aurora.replay.verify import verify
from aurora.rules.phase0 import FIELDS
from aurora.rules.query import NO_MESSAGE
from aurora.rules.safety.outgoing import against, forbidden_for
from aurora.store.facts import ProfilePatched, SkinLogged
from aurora.store.port import TraceRecord
from soak import simulation_product_laws as product_laws
from soak.simulation import Lived, SimulatedBugError, World
from soak.simulation_people import PHOTO
from soak.simulation_settings import AVAIL_SEARCH_MS
from soak.simulation_upstreams import SIGNATURE
from soak.validator import invariants

STOPPED = "a turn that was stopped goes no further in replay"

# Laws that are known not to hold yet, and why: counted and shown, but no failure.
KNOWN: Mapping[str, str] = {}

SELLING = ("reco", "offer", "checkout")
_MS = 1.001  # what rounding to whole milliseconds may hide
_SAVED: dict[str, type] = {"profile_saved": ProfilePatched, "tracker_logged": SkinLogged}


class Laws:
    """made: looks by law. broken: what did not hold, with the law's name first."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.broken: list[str] = []
        self._player = Player()

    def judge(self, world: World) -> list[str]:
        """Everything in `world` that breaks a law."""
        self.broken = []
        traces = Counter(record.request_id for record in world.store.traces)
        for lived in world.lives:
            self._turn(world, lived, traces)
        records = {record.request_id: record for record in world.store.traces}
        for lived in world.lives:
            record = records.get(lived.planned.request_id)
            if record is not None:
                self._trace(world, lived, record)
        self._look(product_laws.of_world(world))
        self._memory(world)
        self._house(world)
        return self.broken

    def _holds(self, law: str, holds: bool, why: object) -> None:
        self.made[law] += 1
        if not holds:
            self.broken.append(f"{law}: {why}")

    def _look(self, looks: Iterable[product_laws.Look]) -> None:
        for look in looks:
            self._holds(*look)

    # --- one turn

    def _turn(self, world: World, lived: Lived, traces: Counter[str]) -> None:
        name = _name(lived)
        self._holds(
            "every turn is traced once", traces[lived.planned.request_id] == (not lived.refused), name
        )
        self._holds("no turn breaks", lived.bug in (None, SimulatedBugError.__name__), f"{name} {lived.bug}")
        ends = (lived.finished is not None, lived.refused, lived.left, lived.bug is not None)
        self._holds("every turn has one end", sum(ends) == 1, f"{name} {ends}")
        self._gates(world, lived, {})
        if lived.finished is None:
            return
        envelope = msgspec.json.decode(lived.finished.body)
        self._holds("every envelope is lawful", not (broken := invariants(envelope)), f"{name} {broken}")
        self._gates(world, lived, envelope)
        self._forbidden(lived, envelope)
        self._tapped(lived, lived.finished.status)
        self._look(product_laws.of_answer(lived, envelope))
        if lived.planned.red_flag and lived.finished.status == 200:
            asked = any(isinstance(q, DecisionChat | CommerceSearch) for q in lived.asked)
            self._holds(
                "a red flag is answered with safety alone",
                not asked and not _picks(envelope) and _blocked(envelope),
                name,
            )
        for event in envelope["events"]:
            kind = _SAVED.get(event["event_name"])
            if kind is not None:
                saved = any(
                    each.event.meta.request_id == lived.planned.request_id
                    and isinstance(each.event.fact, kind)
                    for each in world.store.committed
                )
                self._holds("what is said to be saved is saved", saved, f"{name} {event['event_name']}")
            if event["event_name"] == "profile_deleted":
                stream = lived.turn.identity.stream
                erased = any(each == stream for each, *_ in world.store.erasures)
                self._holds("what is said to be erased is erased", erased, name)

    def _gates(self, world: World, lived: Lived, envelope: dict[str, Any]) -> None:
        """Commerce only for who is known well enough: four facts and a diagnosis.

        Looking up what the shop lists is none, as long as no offer leaves with it (decision 18).
        """
        if lived.planned.kind in product_laws.KINDS:
            # Product cards, dupes and the offers that somebody holds already are none (decision 18).
            sold = envelope and lived.planned.kind != "offers_resolve" and _sold(envelope)
            self._holds("what is asked about products sells nothing", not sold, _name(lived))
            return
        if not (_sold(envelope) or any(map(_sells, lived.asked))):
            self.made["no commerce without gates"] += 1
            return
        known = _profile(lived)
        self.made["sold behind gates"] += 1
        lacking = [field for field in FIELDS if not known.get(field)]
        diagnosed = lived.memory is not None and lived.memory.artifact is not None
        open_gate = not world.settings.product_matcher_enabled
        self._holds(
            "no commerce without gates", (diagnosed or open_gate) and not lacking, f"{_name(lived)} {lacking}"
        )

    def _forbidden(self, lived: Lived, envelope: dict[str, Any]) -> None:
        """Nothing leaves that the table forbids this person, as the turn knew them."""
        profile = msgspec.convert(_profile(lived), Profile, strict=False)
        forbidden = forbidden_for(profile)
        if not forbidden:
            return
        found = [rules for item in _recommended(envelope) if (rules := against(item, forbidden))]
        self._holds("nothing forbidden leaves", not found, f"{_name(lived)} {found}")
        if any(True for _ in _recommended(envelope)):
            self.made["recommended to whom something is forbidden"] += 1

    def _tapped(self, lived: Lived, status: int) -> None:
        """A chip that was offered leads somewhere: it is never refused, and never sent on without words."""
        if lived.tapped is None:
            return
        wordless = any(isinstance(q, DecisionChat) and q.query.endswith(NO_MESSAGE) for q in lived.asked)
        self._holds(
            "a chip that is offered is answered",
            status == 200 and not wordless,
            f"{_name(lived)} {lived.tapped} {status}",
        )

    # --- its trace

    def _trace(self, world: World, lived: Lived, record: TraceRecord) -> None:
        name = _name(lived)
        budgets = [(each["ms"], each["at_ms"]) for each in record.events if each["type"] == "budget"]
        waited_ms = (lived.begun - lived.arrival) * 1000
        allowed_ms = max(*budgets[-1], waited_ms)
        assert lived.ended is not None
        took_ms = max(record.elapsed_ms, (lived.ended - lived.arrival) * 1000)
        self._holds(
            "every answer is in time", took_ms <= allowed_ms + _MS, f"{name} {took_ms} > {allowed_ms}"
        )
        for cut in (each for each in record.events if each["type"] == "cut" and each["reason"] == "budget"):
            early_ms = allowed_ms - cut["at_ms"]
            lead_ms = world.house.clerk.max_lead_s * 1000 if world.burst else 0
            self._holds(
                "no turn is cut early", early_ms <= lead_ms + _MS, f"{name} {early_ms} ms before {allowed_ms}"
            )
        if lived.bug is not None:
            self._holds("a broken turn is traced as failed", record.outcome == "failed", name)
        self._look(product_laws.of_trace(lived, record))
        told = msgspec.json.encode(record.events)
        secret = any(word in told for word in (SIGNATURE.encode(), PHOTO[2:-2]))
        self._holds("no secret is traced", not secret, name)
        report = verify(of_record(record), self._player)
        differences = "; ".join(map(str, report.differences)) or report.why
        stopped = record.outcome == "abandoned" or lived.bug is not None
        further = stopped and all(not d.was or d.what == "ending" for d in report.differences)
        self._holds(
            STOPPED if report.differences and further else "every turn replays",
            report.verdict in ("same", "unverifiable"),
            f"{name} {record.outcome} {report.verdict} {differences}"[:600],
        )
        self.made[f"replayed: {report.verdict}"] += 1

    # --- all of them

    def _memory(self, world: World) -> None:
        store = world.store
        written = Counter((each.event.stream, each.event.event_id) for each in store.committed)
        for acknowledged in store.acknowledged:
            self._holds("an acknowledged fact is there once", written[acknowledged] == 1, acknowledged)
        by_request = {each.planned.request_id: each for each in world.lives}
        for each in store.committed:
            said, lived = each.said, by_request[each.event.meta.request_id or ""]
            self._holds("no fact is older than an erasure", said in (None, each.epoch), each.event.fact)
            ended = lived.ended
            assert ended is not None
            self._holds(
                "nothing is written after a turn has ended",
                each.handed_at <= ended,
                f"{_name(lived)} {type(each.event.fact).__name__}",
            )
            if lived.memory is not None:
                self._holds(
                    "no fact of a turn that knew what was erased",
                    lived.memory.epoch == each.epoch,
                    f"{_name(lived)} {type(each.event.fact).__name__}",
                )
            began_before = [
                when
                for stream, _, when in store.erasures
                if stream == each.event.stream and lived.begun < when < each.handed_at
            ]
            self._holds(
                "a turn from before an erasure adds nothing blindly after it",
                said is not None or not began_before,
                f"{_name(lived)} {type(each.event.fact).__name__}",
            )
        for stream in sorted({lived.turn.identity.stream for lived in world.lives}):
            same = store.folded(stream) == store.projected(stream)
            self._holds("the log folded is what is projected", same, stream)

    def _house(self, world: World) -> None:
        house = world.house
        left = list(_left(world))
        self._holds("nothing is left", not left, left)
        self._holds("no trace is lost", house.tracer.dropped == 0, house.tracer.dropped)


def _left(world: World) -> Iterator[str]:
    house = world.house
    counted = {"tasks": world.left_over, "turns": house.in_flight, "dues": len(house.clerk)}
    counted["photos on the tray"] = len(house.photos.tray)
    for name, link in world.links.items():
        counted[f"{name} calls"] = link.in_flight
        counted[f"{name} places"] = int(link._limiter.borrowed_tokens)
        counted[f"{name} waiting"] = link._waiting
    return (f"{name}: {count}" for name, count in counted.items() if count)


def _name(lived: Lived) -> str:
    return f"{lived.planned.kind} {lived.planned.request_id}"


def _profile(lived: Lived) -> dict[str, Any]:
    """What a turn knew of its person: what it read, and what it began to save."""
    known = dict(msgspec.to_builtins((lived.memory.profile if lived.memory else None) or Profile()))
    for question in lived.asked:
        if isinstance(question, Remember):
            for new in question.facts:
                if isinstance(new.fact, ProfilePatched):
                    known.update(new.fact.patch)
    return known


def _sells(question: Question) -> bool:
    """Whether something to buy is looked for; not whether the shop lists what somebody named."""
    match question:
        case CommerceSearch():
            return question.cap_ms != AVAIL_SEARCH_MS
        case DecisionChat():
            return question.allow_recommendations is True
    return isinstance(question, MatchCatalogue)


def _picks(envelope: dict[str, Any]) -> bool:
    return any(
        card["type"].lower() == "recommendations" and bool(card["payload"].get("recommendations"))
        for card in envelope.get("cards", ())
    )


def _sold(envelope: dict[str, Any]) -> bool:
    """Picks, offers, and whatever calls itself so (decision 18); not our list of what the shop has."""
    for card in envelope.get("cards", ()):
        kind = card["type"].lower()
        if kind == "offers_resolved":
            if any(item.get("offer") is not None for item in card["payload"]["items"]):
                return True
        elif any(part in kind for part in SELLING):
            return True
    return False


def _recommended(envelope: dict[str, Any]) -> Iterator[Any]:
    """Every item of the lists that recommend."""
    for card in envelope.get("cards", ()):
        payload = card["payload"]
        if card["type"].lower() in ("recommendations", "ingredient_plan", "product_analysis", "dupe_suggest"):
            for name in ("recommendations", "targets", "alternatives", "dupes", "comparables"):
                found = payload.get(name)
                yield from found if isinstance(found, list) else ()


def _blocked(envelope: dict[str, Any]) -> bool:
    return any(card["payload"].get("reason") == "safety_block" for card in envelope["cards"])
