"""The stage of a turn that is played again: what was asked then is answered as it was answered then.

Time here is what the record says. Findings come in their recorded sequence, each at its recorded instant; the
turn is cut where it was cut, and what had not answered by then never does. The sequence alone decides, so no
clock runs, and a flow that is played never really waits.
"""

from __future__ import annotations

from collections import deque

import msgspec

from aurora.actors.answers import UnreadableAnswerError, read_again
from aurora.actors.assembler import EnvelopeAssembler
from aurora.actors.findings import Failure, Finding
from aurora.actors.questions import Question, Remember
from aurora.actors.redaction import redact_addresses
from aurora.actors.turn import epoch_told, remembering
from aurora.contract.turn import Turn
from aurora.replay.model import (
    Answered,
    Asked,
    Cut,
    Failed,
    GaveUp,
    RecordedTurn,
    Remaining,
    damaged,
    oversize,
)
from aurora.settings import Settings
from aurora.store.facts import Fact

encode_question = msgspec.json.Encoder(enc_hook=lambda value: f"<{type(value).__name__}>").encode


class Stopped(BaseException):
    """The flow is at a wait from which the recorded turn did not come back.

    No Exception, for the same reason as trio.Cancelled: no flow may take it for an error of its own.
    """


class CutHere(Stopped):
    """The turn was ended from outside."""


class EndedHere(Stopped):
    """The turn ended by a bug in an actor."""


class NotRecorded(Stopped):
    """Today's flow waits for something that the record does not answer."""

    def __init__(self, question: Question) -> None:
        super().__init__(type(question).__name__)
        self.question = question


class TooLarge(Stopped):
    """The flow waits for an answer that was too large to be recorded."""

    def __init__(self, question: Question, size: int) -> None:
        super().__init__(
            f"an answer to {type(question).__name__} of {size} bytes was too large to be recorded"
        )


class Claim(msgspec.Struct, frozen=True):
    """What today's flow asked, as JSON, and the recorded question that it stands for (None: no such one)."""

    question: Question
    encoded: bytes
    recorded: Asked | None


class RecordedPending:
    """An ask under way (`actors.stage.Pending`)."""

    __slots__ = ("_stage", "asked", "finding", "question", "too_large")

    def __init__(self, stage: RecordedStage, question: Question, asked: Asked | None) -> None:
        self._stage = stage
        self.question = question
        self.asked = asked
        self.finding: Finding | None = None
        self.too_large: int | None = None

    async def wait(self, *, at_most_ms: int | None = None) -> Finding:
        """The finding, or the recorded end of the waiting."""
        if self.finding is None:
            self.finding, finding = self._stage.wait_for(self, at_most_ms)
            return finding
        return self.finding


class RecordedStage:
    """`actors.stage.Stage` over a recorded turn: no network, no store, no clock.

    claims: what today's flow asked so far, in order. budgets: what it stated. now_ms: the recorded instant
    reached, after arrival.
    """

    def __init__(self, recorded: RecordedTurn, turn: Turn, settings: Settings) -> None:
        self.turn = turn
        self.settings = settings
        self.envelope = EnvelopeAssembler(turn, settings, chat=turn.kind == "chat")
        self.claims: list[Claim] = []
        self.budgets: list[tuple[str, int]] = []
        self.now_ms = 0
        self._recorded = recorded
        self._facts = 0
        self._epoch: int | None = None
        self._reached = -1  # index of the last event that was played
        self._unclaimed: list[Asked] = []
        self._endings: dict[int, tuple[int, Answered | Failed]] = {}
        self._gave_up: dict[int, deque[tuple[int, GaveUp]]] = {}
        self._remaining: deque[tuple[int, Remaining]] = deque()
        self._pendings: dict[int, RecordedPending] = {}
        self._cut: tuple[int, Cut] | None = None
        for index, event in enumerate(recorded.events):
            if isinstance(event, Asked):
                self._unclaimed.append(event)
            elif isinstance(event, Answered | Failed):
                self._endings[event.call] = (index, event)
            elif isinstance(event, GaveUp):
                self._gave_up.setdefault(event.call, deque()).append((index, event))
            elif isinstance(event, Remaining):
                self._remaining.append((index, event))
            elif isinstance(event, Cut) and self._cut is None:
                self._cut = (index, event)

    @property
    def unclaimed(self) -> list[Asked]:
        """Recorded questions that today's flow did not ask."""
        return self._unclaimed

    # --- what a flow may do

    def budget(self, name: str, budget_ms: int) -> None:
        """Take note of the budget; when it fires is in the record."""
        self.budgets.append((name, budget_ms))

    async def ask(self, question: Question) -> Finding:
        """Ask one actor and wait."""
        return await self.start(question).wait()

    def start(self, question: Question) -> RecordedPending:
        """Find the recorded question that this one stands for."""
        encoded = redact_addresses(encode_question(question))
        asked = self._claimed(question, encoded)
        self.claims.append(Claim(question, encoded, asked))
        pending = RecordedPending(self, question, asked)
        if asked is not None:
            self._pendings[asked.call] = pending
            self.now_ms = max(self.now_ms, asked.at_ms)
        return pending

    def remember(self, *facts: Fact, epoch: int | None = None) -> RecordedPending:
        """The same facts, with the same ids."""
        return self.start(self._remembering(facts, self._epoch if epoch is None else epoch))

    def remaining_ms(self) -> int:
        """What the flow was told here; what is left by the record if it was not told anything here."""
        while self._remaining and self._remaining[0][0] < self._reached:
            self._remaining.popleft()
        if self._remaining and self._remaining[0][0] < self._next_reception():
            event = self._remaining.popleft()[1]
            self.now_ms = max(self.now_ms, event.at_ms)
            return event.ms
        return max(0, self.budgets[-1][1] - self.now_ms) if self.budgets else 0

    # --- how a turn is played

    def cut(self) -> None:
        """Act the cut as the live stage does: the answer stands, its facts are handed over."""
        assert self._cut is not None
        self.now_ms = max(self.now_ms, self._cut[1].at_ms)
        if self._cut[1].reason != "budget":
            return
        self.envelope.cut("budget")
        facts = self.envelope.finish().facts
        if facts:
            self.start(self._remembering(tuple(facts), self._epoch))

    def wait_for(self, pending: RecordedPending, at_most_ms: int | None) -> tuple[Finding | None, Finding]:
        """(the finding, if it has come; what the flow is told). Raises Stopped."""
        asked = pending.asked
        if pending.too_large is not None:
            raise TooLarge(pending.question, pending.too_large)
        if asked is not None:
            gave_up = self._gave_up.get(asked.call)
            if at_most_ms is not None and gave_up:
                index, event = gave_up.popleft()
                self._play(index)
                self.now_ms = max(self.now_ms, event.at_ms)
                return None, self._timeout(pending, event.at_ms - asked.at_ms)
            ending = self._endings.get(asked.call)
            if ending is not None:
                self._play(ending[0])
                if pending.finding is None and pending.too_large is None:
                    self._deliver(pending, ending[1])  # it was recorded before today's flow asks for it
                if pending.too_large is not None:
                    raise TooLarge(pending.question, pending.too_large)
                assert pending.finding is not None
                return pending.finding, pending.finding
        if self._cut is not None:
            self._play(self._cut[0])
            raise CutHere
        if asked is not None and self._recorded.outcome == "failed" and self._recorded.sent_nothing:
            raise EndedHere
        if at_most_ms is not None:
            # It was never waited for, so nothing says how long it took: as long as today's flow waits.
            self.now_ms += at_most_ms
            return None, self._timeout(pending, at_most_ms)
        raise NotRecorded(pending.question)

    def _play(self, index: int) -> None:
        """Receive everything up to the event at `index`, and what came before the flow did anything more."""
        events = self._recorded.events
        for number in range(self._reached + 1, len(events)):
            event = events[number]
            if number > index and not isinstance(event, Answered | Failed):
                break
            self._reached = number
            if isinstance(event, Answered | Failed):
                self.now_ms = max(self.now_ms, event.at_ms)
                pending = self._pendings.get(event.call)
                if pending is not None:
                    self._deliver(pending, event)

    def _deliver(self, pending: RecordedPending, event: Answered | Failed) -> None:
        finding = self._finding(pending, event)
        if finding is not None:
            self._epoch = epoch_told(pending.question, finding, self._epoch)
            self.envelope.receive(finding)
            pending.finding = finding

    def _finding(self, pending: RecordedPending, event: Answered | Failed) -> Finding | None:
        if isinstance(event, Failed):
            return msgspec.convert(
                {
                    "actor": event.actor,
                    "code": event.code,
                    "status": event.status,
                    "elapsed_ms": event.elapsed_ms,
                    "detail": event.detail,
                },
                Failure,
            )
        pending.too_large = oversize(event.value)
        if pending.too_large is not None:
            return None
        try:
            return read_again(pending.question, bytes(event.value), event.elapsed_ms)
        except UnreadableAnswerError as error:
            raise damaged(self._recorded.request_id, f"does not fit today's code: {error}") from error

    @staticmethod
    def _timeout(pending: RecordedPending, waited_ms: int) -> Failure:
        return Failure(actor=pending.question.actor, code="timeout", elapsed_ms=waited_ms, detail="waited")

    def _claimed(self, question: Question, encoded: bytes) -> Asked | None:
        """The first open recorded question that is the same, else the first of its type; or one to the same
        actor that was too large to be recorded.
        """
        found = next((a for a in self._unclaimed if bytes(a.question) == encoded), None)
        if found is None:
            tag = type(question).__name__
            found = next((a for a in self._unclaimed if _tag(a) == tag), None)
        if found is None:
            same_actor = (a for a in self._unclaimed if a.actor == question.actor)
            found = next((a for a in same_actor if oversize(a.question) is not None), None)
        if found is not None:
            self._unclaimed.remove(found)
        return found

    def _next_reception(self) -> int:
        events = self._recorded.events
        return next(
            (n for n in range(self._reached + 1, len(events)) if isinstance(events[n], Answered | Failed)),
            len(events),
        )

    def _remembering(self, facts: tuple[Fact, ...], epoch: int | None) -> Remember:
        question = remembering(self.turn, self._facts, facts, epoch)
        self._facts += len(facts)
        return question


class _Tagged(msgspec.Struct):
    type: str = ""


_tagged = msgspec.json.Decoder(_Tagged)


def _tag(asked: Asked) -> str:
    """The type of a recorded question; blank if it was too large to be kept."""
    try:
        return _tagged.decode(asked.question).type
    except msgspec.DecodeError:
        return ""
