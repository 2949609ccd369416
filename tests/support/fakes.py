"""Understudies for tests of flows and of the turn runtime, no socket and no database involved.

A flow runs through the real `conduct`, with scripted actors, under a mock clock:

    async def test_x(autojump_clock):
        played = await play(chat, turn_for(body=...), answers={
            DecisionChat: after(300, DecisionReply(answer="hi")),     # answers 300 ms after it was asked
            CommerceSearch: NEVER,                                    # never answers
            ReadLogs: Failure(actor="memory", code="store"),
        }, memory=Memory(profile=Profile(...)))
        assert played.cards("recommendations") ...

`answers` maps a question type to what is answered: a value (the answer's value), a Failure, `after(ms,
what)`, NEVER, a function of the question returning one of these, or a list of them, used up one by one (the
last stays). Memory questions that are not scripted go to a FakeStore; nothing is known of products, and what
is handed over is kept; any other question that is not scripted answers Failure(not_configured). Under the
mock clock the budget fires exactly at its deadline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import trio
import trio.lowlevel
import trio.testing

from aurora.actors.assembler import Finished
from aurora.actors.call import Call, Handler
from aurora.actors.clerk import Clerk
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.house import House
from aurora.actors.knowledge_questions import (
    KeepKnowledge,
    Kept,
    Knowledge,
    Leave,
    MayRefresh,
    OpenTicket,
    PatchTicket,
    Queued,
    ReadTicket,
    RecallKnowledge,
    RefreshLater,
    Ticket,
)
from aurora.actors.memory import memory_handler
from aurora.actors.questions import Question
from aurora.actors.trace import Tracer
from aurora.actors.turn import Flow, conduct
from aurora.contract.memory import Memory, SkinLog
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.settings import Settings
from aurora.store.facts import Fact, NewFact
from aurora.store.port import Appended, StoreError, TraceRecord

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SEED = "000102030405060708090a0b0c0d0e0f"


class After(msgspec.Struct, frozen=True):
    """`what` is answered `ms` after the question."""

    ms: int
    what: Any


class Never(msgspec.Struct, frozen=True):
    """The question is never answered."""


NEVER = Never()


def after(ms: int, what: Any) -> After:
    """Answer `what` after `ms` milliseconds."""
    return After(ms, what)


def turn_for(
    kind: str = "chat",
    body: Any = None,
    *,
    lang: Any = "EN",
    uid: str = "uid-1",
    user_id: str | None = None,
    brief_id: str | None = "brief-1",
    trigger_source: str = "text",
    state: str | None = None,
    raw: dict[str, Any] | None = None,
    now: datetime = NOW,
    seed: str = SEED,
) -> Turn:
    """A turn with fixed ids and time."""
    context = RequestContext(
        request_id="req-1",
        trace_id="trace-1",
        lang=lang,
        uid=uid,
        brief_id=brief_id,
        trigger_source=trigger_source,
        state=state,
    )
    return Turn(
        kind=kind,
        context=context,
        identity=Identity(uid, user_id),
        now=now,
        seed=seed,
        body=body,
        raw=raw or {},
    )


class FakeStore:
    """A store that remembers what it was told, without projecting it.

    memory, logs: what reads answer. error: raised by every call but `trace`. read_ms, append_ms: how long
    they take; math.inf means for ever. appended: facts as handed over, in order, also of callers that were
    cut since.
    """

    storage = "ephemeral"

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        logs: Sequence[SkinLog] = (),
        error: StoreError | None = None,
        append_error: StoreError | None = None,
        read_ms: float = 0,
        append_ms: float = 0,
    ) -> None:
        self.memory = memory or Memory()
        self.logs = list(logs)
        self.error = error
        self.append_error = append_error
        self.read_ms = read_ms
        self.append_ms = append_ms
        self.appended: list[NewFact] = []
        self.epochs: list[int | None] = []
        self.traces: list[TraceRecord] = []
        self.erased: list[Identity] = []

    async def read(self, identity: Identity, brief_id: str | None) -> Memory:
        await trio.sleep(self.read_ms / 1000)
        self._check()
        return self.memory

    async def recent_logs(self, identity: Identity, limit: int) -> list[SkinLog]:
        await trio.sleep(self.read_ms / 1000)
        self._check()
        return self.logs[:limit]

    async def append(
        self, identity: Identity, facts: Sequence[NewFact], *, epoch: int | None = None
    ) -> Appended:
        self._check()
        if self.append_error is not None:
            raise self.append_error
        self.appended.extend(facts)
        self.epochs.append(epoch)
        await trio.sleep(self.append_ms / 1000)
        last = len(self.appended)
        return Appended(versions=list(range(last - len(facts) + 1, last + 1)), memory=self.memory)

    def trace(self, record: TraceRecord) -> None:
        self.traces.append(record)

    async def erase(self, identity: Identity) -> None:
        await trio.lowlevel.checkpoint()
        self._check()
        self.erased.append(identity)

    async def ping(self) -> None:
        await trio.lowlevel.checkpoint()
        self._check()

    def _check(self) -> None:
        if self.error is not None:
            raise self.error


ACTORS = (
    "memory", "decision", "commerce", "catalogue", "vision", "photos", "pixels", "weather",
    "accounts", "mail", "knowledge", "tickets", "pages",
)  # fmt: skip
# What the two say that have no failures, where nothing is scripted: nothing is known, nothing is kept.
NOTHING_KNOWN: Mapping[type[Question], Any] = {
    RecallKnowledge: Knowledge(found=False),
    KeepKnowledge: Kept(kept=True),
    MayRefresh: Leave(allowed=True),
    RefreshLater: Queued(queued=True),
    OpenTicket: Ticket(),
    PatchTicket: Ticket(),
    ReadTicket: Ticket(),
}


class Script:
    """Handlers that answer from a script, and remember what they were asked."""

    def __init__(self, answers: Mapping[type[Question], Any], store: FakeStore) -> None:
        self.asked: list[Question] = []
        self.cancelled: list[Question] = []
        self._answers = {kind: list(what) if _is_list(what) else [what] for kind, what in answers.items()}
        self._memory = memory_handler(store)

    def handlers(self) -> Mapping[str, Handler]:
        """One handler for every actor there is."""
        return dict.fromkeys(ACTORS, self.handle)

    async def handle(self, call: Call) -> Finding:
        self.asked.append(call.question)
        try:
            return await self._answer(call)
        except trio.Cancelled:
            self.cancelled.append(call.question)
            raise

    async def _answer(self, call: Call) -> Finding:
        actor = call.question.actor
        scripted = self._answers.get(type(call.question))
        if scripted is None:
            if actor == "memory":
                return await self._memory(call)
            if type(call.question) in NOTHING_KNOWN:
                return Answer(actor=actor, value=NOTHING_KNOWN[type(call.question)])
            return Failure(actor=actor, code="not_configured")
        what = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        with trio.move_on_at(call.deadline if call.question.cap_ms > 0 else float("inf")):
            while True:
                if isinstance(what, Never):
                    await trio.sleep_forever()
                elif isinstance(what, After):
                    await trio.sleep(what.ms / 1000)
                    what = what.what
                elif isinstance(what, Answer | Failure):
                    return what
                elif callable(what):
                    what = what(call.question)
                else:
                    return Answer(actor=actor, value=what)
        return Failure(actor=actor, code="timeout")


def _is_list(what: Any) -> bool:
    """A list of steps is a script; a list of plain values is one answer (ReadLogs, CommerceSearch)."""
    steps = (After, Never, Answer, Failure, list)
    return (
        isinstance(what, list)
        and bool(what)
        and all(isinstance(item, steps) or callable(item) for item in what)
    )


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """How a flow went.

    body: the envelope as the client reads it. asked: questions in the order in which actors got them.
    cancelled: those that were cut while under way. facts: handed to the journal. elapsed_ms: on the mock
    clock.
    """

    finished: Finished
    body: dict[str, Any]
    asked: list[Question]
    cancelled: list[Question]
    facts: list[Fact]
    trace: TraceRecord
    elapsed_ms: int
    store: FakeStore

    @property
    def text(self) -> str:
        """What the assistant says; empty if nothing."""
        message = self.body["assistant_message"]
        return message["content"] if message else ""

    def cards(self, kind: str) -> list[dict[str, Any]]:
        """Payloads of the cards of a type."""
        return [card["payload"] for card in self.body["cards"] if card["type"] == kind]

    @property
    def card_types(self) -> list[str]:
        """Types of all cards, in order."""
        return [card["type"] for card in self.body["cards"]]

    @property
    def chip_ids(self) -> list[str]:
        """Ids of all chips, in order."""
        return [chip["chip_id"] for chip in self.body["suggested_chips"]]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Data of the events of a name."""
        return [event["data"] for event in self.body["events"] if event["event_name"] == name]

    def facts_of(self, kind: type) -> list[Any]:
        """Facts of a type."""
        return [fact for fact in self.facts if isinstance(fact, kind)]


def house_for(
    settings: Settings | None = None,
    *,
    store: FakeStore | None = None,
    answers: Mapping[type[Question], Any] | None = None,
) -> tuple[House, Script, FakeStore]:
    """A house without links and tasks; `house.tracer.flush()` brings traces into the store."""
    store = store or FakeStore()
    script = Script(answers or {}, store)
    house = House(
        settings or Settings(),
        store,
        {},
        clerk=Clerk(cost_ms=0, floor_ms=0, pace_ms=0),
        tracer=Tracer(store),
        actors=script.handlers(),
    )
    return house, script, store


async def play(
    flow: Flow,
    turn: Turn,
    *,
    settings: Settings | None = None,
    memory: Memory | None = None,
    store: FakeStore | None = None,
    answers: Mapping[type[Question], Any] | None = None,
    budget: tuple[str, int] = ("chat", 12000),
) -> Played:
    """Run a flow to its end. Needs the mock clock (fixture `autojump_clock`), or use `perform`."""
    house, script, store = house_for(settings, store=store or FakeStore(memory), answers=answers)
    begun = trio.current_time()
    finished = await conduct(house, turn, flow, budget=budget)
    elapsed_ms = round((trio.current_time() - begun) * 1000)
    house.tracer.flush()
    return Played(
        finished=finished,
        body=msgspec.json.decode(finished.body),
        asked=script.asked,
        cancelled=script.cancelled,
        facts=[each.fact for each in store.appended],
        trace=store.traces[-1] if store.traces else _no_trace(turn),
        elapsed_ms=elapsed_ms,
        store=store,
    )


def perform(flow: Flow, turn: Turn, **how: Any) -> Played:
    """`play` from a synchronous test (hypothesis), under a mock clock of its own."""

    async def main() -> Played:
        return await play(flow, turn, **how)

    clock = trio.testing.MockClock(autojump_threshold=0)
    return trio.run(main, clock=clock)


def trace_events(played: Played, kind: str) -> list[dict[str, Any]]:
    """Trace events of a type, decoded."""
    decoded = msgspec.json.decode(msgspec.json.encode(played.trace.events))
    return [event for event in decoded if event["type"] == kind]


def _no_trace(turn: Turn) -> TraceRecord:
    return TraceRecord(
        stream=turn.identity.stream, epoch=0, request_id="", trace_id="", brief_id=None, kind=turn.kind,
        opened_at_ms=0, elapsed_ms=0, outcome="untraced", status=0, events=[],
    )  # fmt: skip
