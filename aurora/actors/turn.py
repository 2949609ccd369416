"""A turn on its way: `conduct` runs a flow under its budget and always comes back with what to send.

How a turn can end, and what its trace then says:

    the flow returns                 its envelope; work it did not wait for is dropped
    the flow raises ContractError    an error envelope; its other work is cancelled as `sibling_failed`
    the budget fires                 `envelope.cut("budget")`: what stands, or what `if_cut` said, leaves at
    once the client hangs up, shutdown    no answer; traced as `abandoned`, reason `client_gone` or `shutdown`
    a bug in the flow or an actor    the bug itself is raised, never inside a group; traced as `failed`

Whatever happens, no task of the turn is left when `conduct` returns, and facts that were handed to the
journal are written. The nursery here is the only one a request opens.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import trio

from aurora import telemetry
from aurora.actors.assembler import EnvelopeAssembler, Finished
from aurora.actors.budget import Budget
from aurora.actors.call import Call, Handler
from aurora.actors.clerk import Due
from aurora.actors.findings import Answer, CancelReasonCode, Failure, Finding
from aurora.actors.house import House
from aurora.actors.questions import Question, ReadMemory, Remember
from aurora.actors.stage import Stage
from aurora.actors.trace import Parcel, TurnTrace
from aurora.contract.errors import ContractError
from aurora.contract.memory import Memory
from aurora.contract.turn import Turn, iso_ms
from aurora.store.facts import Fact, FactMeta, NewFact
from aurora.store.port import Appended

Flow = Callable[[Stage], Awaitable[None]]

log = telemetry.get_logger()

MOST_OPEN = 16


async def conduct(
    house: House, turn: Turn, flow: Flow, *, budget: tuple[str, int], arrival: float | None = None
) -> Finished:
    """Run `flow` and return the finished envelope, no later than the budget (the clerk may cut a little
    early).

    budget: (name, ms), counted from `arrival`, the trio instant of the request's kernel arrival (default:
    now); the flow may restate it. Raises what a bug raised, and trio.Cancelled when the request itself is
    cancelled.
    """
    begun = trio.current_time() if arrival is None else arrival
    scope = trio.CancelScope()
    stated = Budget(budget[0], budget[1], begun)
    due = house.clerk.enter(scope, stated.deadline)
    stage = LiveStage(house, turn, stated, scope, due)
    try:
        with scope:
            await stage.play(flow)
    except trio.Cancelled:
        stage.abandon()
        raise
    finally:
        due.leave()
    return stage.finish()


class Ask:
    """An ask under way (`stage.Pending`)."""

    __slots__ = ("_received", "_stage", "asked_ms", "finding", "number", "question")

    def __init__(self, stage: LiveStage, number: int, question: Question, asked_ms: int) -> None:
        self._stage = stage
        self._received: trio.Event | None = None
        self.number = number
        self.question = question
        self.asked_ms = asked_ms
        self.finding: Finding | None = None

    async def wait(self, *, at_most_ms: int | None = None) -> Finding:
        """The finding; after `at_most_ms` a Failure(code='timeout') while the work itself goes on.

        Deliberately no checkpoint when the finding is there already: a flow can be cut only where it really
        waits, which is what lets a replay cut it at the same place.
        """
        if self.finding is None and (at_most_ms is None or at_most_ms > 0):
            if self._received is None:
                self._received = trio.Event()
            if at_most_ms is None:
                await self._received.wait()
            else:
                with trio.move_on_after(at_most_ms / 1000):
                    await self._received.wait()
        return self.finding or self._stage.gave_up(self)

    def deliver(self, finding: Finding) -> None:
        """The finding is there; whoever waits goes on."""
        self.finding = finding
        if self._received is not None:
            self._received.set()


class LiveStage:
    """The stage of a real turn (`stage.Stage`). Made by `conduct`, one per turn."""

    def __init__(self, house: House, turn: Turn, budget: Budget, scope: trio.CancelScope, due: Due) -> None:
        self.turn = turn
        self.settings = house.settings
        self.envelope = EnvelopeAssembler(turn, house.settings, chat=turn.kind == "chat")
        self._house = house
        self._budget = budget
        self._scope = scope
        self._due = due
        self._nursery: trio.Nursery | None = None
        self._mailboxes: dict[str, deque[Ask]] = {}
        self._open: dict[int, Ask] = {}
        self._asked = 0
        self._facts = 0
        self._epoch: int | None = None
        self._settled = False
        self._bug: Exception | None = None
        self._trace = TurnTrace() if house.tracing else None
        if self._trace is not None:
            self._trace.opened(turn, house.flags)
            self._trace.budget(0, budget.name, budget.ms)

    # --- what a flow may do

    def budget(self, name: str, budget_ms: int) -> None:
        """State the turn's budget: one absolute deadline, `budget_ms` after the request's kernel arrival."""
        self._budget = Budget(name, budget_ms, self._budget.arrival)
        self._due.move(self._budget.deadline)
        if self._trace is not None:
            self._trace.budget(self._now_ms(), name, budget_ms)

    async def ask(self, question: Question) -> Finding:
        """Ask one actor and wait. Never raises for what an upstream did."""
        return await self.start(question).wait()

    def start(self, question: Question) -> Ask:
        """Ask without waiting.

        Raises RuntimeError past 16 open asks, LookupError for an actor nobody plays.
        """
        if len(self._open) >= MOST_OPEN:
            raise RuntimeError(f"more than {MOST_OPEN} asks under way")
        return self._send(question)

    def remember(self, *facts: Fact, epoch: int | None = None) -> Ask:
        """Hand facts to the journal at once, in the order of the calls."""
        return self.start(self._remembered(facts, self._epoch if epoch is None else epoch))

    def remaining_ms(self) -> int:
        """What is left of the budget, as the trace records it."""
        now = trio.current_time()
        left = self._budget.remaining_ms(now)
        if self._trace is not None:
            self._trace.remaining(self._budget.at_ms(now), left)
        return left

    def gave_up(self, ask: Ask) -> Failure:
        """The flow stops waiting for `ask`, which goes on."""
        now_ms = self._now_ms()
        if self._trace is not None:
            self._trace.gave_up(ask.number, now_ms)
        waited_ms = now_ms - ask.asked_ms
        return Failure(actor=ask.question.actor, code="timeout", elapsed_ms=waited_ms, detail="waited")

    # --- how a turn is run

    async def play(self, flow: Flow) -> None:
        """The flow and its actors, to the end of all of them.

        Raises Cancelled only for a cut from outside.
        """
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                try:
                    await flow(self)
                    self._settled = True
                    if self._open:
                        nursery.cancel_scope.cancel()
                except ContractError as refusal:
                    self.envelope.refuse(refusal)
                    self._settled = True
                    self._stop_siblings(nursery)
                except trio.Cancelled:
                    if self._bug is None and self._scope.cancel_called:
                        self._cut()
                    raise
                except Exception as error:  # noqa: BLE001 - a bug ends the turn alone, not inside of a group
                    self._broke(error)
                    if self._bug is None:
                        self._cut()
        except BaseExceptionGroup as group:
            # Cancelled tasks come in a group, with nothing else in it short of an interrupt of the process.
            raise _one_of(group) from None

    def finish(self) -> Finished:
        """What to send. Raises the bug if there was one."""
        now_ms = self._now_ms()
        if self._bug is not None:
            self._post(now_ms, "failed", 500, None)
            raise self._bug
        finished = self.envelope.finish()
        reason: CancelReasonCode | None = None if self._settled else "budget"
        if reason is not None:
            telemetry.cancellations.labels(reason=reason).inc()
            late_ms = max(0, now_ms - self._budget.ms)
            telemetry.budget_overshoot_ms.labels(self._budget.name).observe(late_ms)
        self._post(now_ms, finished.outcome, finished.status, finished.body, reason)
        return finished

    def abandon(self) -> None:
        """Nobody waits for an answer any more: leave a trace, without waiting."""
        reason: CancelReasonCode = "shutdown" if self._house.stopping else "client_gone"
        telemetry.cancellations.labels(reason=reason).inc()
        if self._bug is not None:
            log.error("bug_in_abandoned_turn", kind=self.turn.kind, error=type(self._bug).__name__)
        now_ms = self._now_ms()
        if self._trace is not None:
            self._trace.cut(now_ms, reason)
        self._post(now_ms, "abandoned", 499, None, reason)

    # --- inside

    def _send(self, question: Question) -> Ask:
        handler = self._house.actors.get(question.actor)
        if handler is None or self._nursery is None:
            raise LookupError(f"nobody plays {question.actor!r}")
        self._asked += 1
        now = trio.current_time()
        ask = Ask(self, self._asked, question, self._budget.at_ms(now))
        self._open[ask.number] = ask
        if self._trace is not None:
            self._trace.asked(ask.number, ask.asked_ms, question)
        mailbox = self._mailboxes.get(question.actor)
        if mailbox is None:
            mailbox = self._mailboxes[question.actor] = deque()
        mailbox.append(ask)
        self._nursery.start_soon(self._serve, handler, mailbox, name=question.actor)
        return ask

    async def _serve(self, handler: Handler, mailbox: deque[Ask]) -> None:
        """One hand of an actor: takes the oldest letter and answers it.

        A hand is there as long as it has something to do. Letters are taken in the order in which they were
        written, and up to the handler's first wait even if the turn is being cut: that is the hand-over.
        """
        ask = mailbox.popleft()
        now = trio.current_time()
        call = Call(ask.question, self.turn, self._budget.capped(now, ask.question.cap_ms))
        try:
            finding = await handler(call)
        except Exception as error:  # noqa: BLE001 - an actor's bug ends its turn, and is raised by conduct
            self._broke(error)
            return
        self._receive(ask, finding)

    def _receive(self, ask: Ask, finding: Finding) -> None:
        """The one place where findings are received: sequence, instant, trace, assembler, flow."""
        now_ms = self._now_ms()
        finding = msgspec.structs.replace(finding, elapsed_ms=now_ms - ask.asked_ms)
        del self._open[ask.number]
        if self._settled or self._bug is not None or trio.current_effective_deadline() == -math.inf:
            # Whoever is being stopped hears nothing more, even in the very step of the stop.
            telemetry.late_findings.labels(actor=finding.actor).inc()
            if self._trace is not None:
                self._trace.late(ask.number, now_ms, finding)
            return
        if self._trace is not None:
            self._trace.received(ask.number, now_ms, finding)
        if isinstance(finding, Answer):
            self._epoch = epoch_told(ask.question, finding, self._epoch)
        self.envelope.receive(finding)
        ask.deliver(finding)

    def _remembered(self, facts: tuple[Fact, ...], epoch: int | None) -> Remember:
        question = remembering(self.turn, self._facts, facts, epoch)
        self._facts += len(facts)
        return question

    def _cut(self) -> None:
        """The budget has fired. Nothing here waits; facts of the cut are handed over as the turn is left."""
        if self._trace is not None:
            self._trace.cut(self._now_ms(), "budget")
        self.envelope.cut("budget")
        facts = self.envelope.finish().facts
        if facts:
            self._send(self._remembered(tuple(facts), self._epoch))

    def _stop_siblings(self, nursery: trio.Nursery) -> None:
        if self._open:
            telemetry.cancellations.labels(reason="sibling_failed").inc()
            nursery.cancel_scope.cancel("sibling_failed")

    def _broke(self, error: Exception) -> None:
        """A bug, of the flow or of an actor. It is the turn's end, unless that has come already."""
        if self._settled or self._scope.cancel_called:
            # What breaks while the rest is being stopped must not cost the answer.
            log.error("bug_after_the_answer", kind=self.turn.kind, exc_info=error)
            return
        self._bug = self._bug or error
        assert self._nursery is not None
        self._stop_siblings(self._nursery)
        self._nursery.cancel_scope.cancel("sibling_failed")

    def _now_ms(self) -> int:
        return self._budget.at_ms(trio.current_time())

    def _post(
        self,
        now_ms: int,
        outcome: str,
        status: int,
        envelope: bytes | None,
        reason: CancelReasonCode | None = None,
    ) -> None:
        if self._trace is not None:
            for ask in self._open.values():
                self._trace.dropped(ask.number, now_ms, ask.question.actor)
        telemetry.turns.labels(kind=self.turn.kind, outcome=outcome).inc()
        self._house.tracer.post(
            Parcel(
                trace=self._trace,
                turn=self.turn,
                epoch=self._epoch or 0,
                elapsed_ms=now_ms,
                outcome=outcome,
                status=status,
                envelope=envelope,
                reason=reason,
            )
        )


def remembering(turn: Turn, already: int, facts: Sequence[Fact], epoch: int | None) -> Remember:
    """The question that hands facts to the journal, after the turn has handed over `already` others."""
    context = turn.context
    meta = FactMeta(
        request_id=context.request_id,
        trace_id=context.trace_id,
        occurred_at=iso_ms(turn.now),
        uid=turn.identity.uid,
        user_id=turn.identity.user_id,
        brief_id=context.brief_id,
        causation=turn.kind,
    )
    made = [
        NewFact(event_id=turn.uuid(f"fact:{number}"), fact=fact, meta=meta)
        for number, fact in enumerate(facts, already + 1)
    ]
    return Remember(facts=made, epoch=epoch)


def epoch_told(question: Question, finding: Finding, known: int | None) -> int | None:
    """The epoch of the identity, as far as a turn knows it after this finding."""
    value = finding.value if isinstance(finding, Answer) else None
    if isinstance(question, ReadMemory) and isinstance(value, Memory) and value.ready:
        return value.epoch
    return value.memory.epoch if isinstance(value, Appended) else known


def _one_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first real error of a group, else a Cancelled of it."""
    _, real = group.split(trio.Cancelled)
    leaf: BaseException = real or group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf
