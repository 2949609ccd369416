"""The runtime's laws under any interleaving: the envelope is lawful, nothing is left, and the trace replays.

Flows here are random programs of the stage's verbs, with random delays, so that answers, ties, give-ups and
the cut fall anywhere. A program tells everything it saw in its message; a replay from the trace alone must
tell the same, byte for byte.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.actors.assembler import EnvelopeAssembler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.questions import CommerceSearch, DecisionChat, Question
from aurora.settings import Settings
from tests.support.fakes import NEVER, After, Never, Played, perform, turn_for

BUDGET_MS = 1000

Verb = tuple[str, int]

delays = st.sampled_from([0, 1, 5, 200, 250, 499, 500, 998, 999, 1000, 1001, 1500])
verbs = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["decision", "commerce"]), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(0, 9)),
        st.tuples(st.just("wait_a_little"), st.sampled_from([0, 1, 200, 250, 500, 999, 1000])),
        st.tuples(st.just("remaining"), st.just(0)),
    ),
    max_size=14,
)
answers = st.lists(st.one_of(delays, st.just(-1)), min_size=1, max_size=10)


def told(finding: Finding) -> str:
    what = finding.value if isinstance(finding, Answer) else finding.code
    return f"{finding.actor}:{what}:{finding.elapsed_ms}"


def program(steps: list[Verb]) -> Callable[[Any], Awaitable[None]]:
    """A flow that performs the steps and says what it saw after each."""

    async def flow(stage: Any) -> None:
        pendings: list[Any] = []
        seen: list[str] = ["begin"]
        for verb, number in steps:
            if verb == "decision":
                pendings.append(stage.start(DecisionChat(query=str(number))))
            elif verb == "commerce":
                pendings.append(stage.start(CommerceSearch(query=str(number))))
            elif verb == "remaining":
                seen.append(str(stage.remaining_ms()))
            elif pendings and verb == "wait":
                seen.append(told(await pendings[number % len(pendings)].wait()))
            elif pendings:
                seen.append(told(await pendings[len(seen) % len(pendings)].wait(at_most_ms=number)))
            stage.envelope.say(" ".join(seen))
        stage.envelope.card("gate", "gate_notice", {"kind": "text_only"})

    return flow


def scripted(waits: list[int]) -> Callable[[Question], After | Never | Failure]:
    """Answers in order of asking; -1 never, every third one a failure."""
    count = iter(range(1000))

    def answer(question: Question) -> After | Never | Failure:
        number = next(count)
        wait_ms = waits[number % len(waits)]
        if wait_ms < 0:
            return NEVER
        failed = Failure(actor=question.actor, code="reset")
        return After(wait_ms, failed if number % 3 == 2 else f"answer{number}")

    return answer


class RecordedCutError(Exception):
    """The recorded turn was cut here."""


class RecordedPending:
    def __init__(self, stage: RecordedStage, number: int, actor: str) -> None:
        self.stage, self.number, self.actor = stage, number, actor
        self.asked_ms = stage.events_of("asked", number)[0]["at_ms"]

    async def wait(self, *, at_most_ms: int | None = None) -> Finding:
        given_up = self.stage.given_up.get(self.number, [])
        if at_most_ms is not None and given_up:
            waited_ms = given_up.pop(0)["at_ms"] - self.asked_ms
            return Failure(actor=self.actor, code="timeout", elapsed_ms=waited_ms, detail="waited")
        for event in self.stage.events_of("answered", self.number):
            return Answer(actor=self.actor, value=event["value"], elapsed_ms=event["elapsed_ms"])
        for event in self.stage.events_of("failed", self.number):
            return Failure(actor=self.actor, code=event["code"], elapsed_ms=event["elapsed_ms"])
        raise RecordedCutError


class RecordedStage:
    """What a replay needs, from the trace's JSON alone."""

    def __init__(self, raw: bytes) -> None:
        self.events = msgspec.json.decode(raw)
        self.turn = turn_for()
        self.settings = Settings()
        self.envelope = EnvelopeAssembler(self.turn, self.settings, chat=True)
        self.given_up: dict[int, list[Any]] = {}
        for event in self.events_of("gave_up"):
            self.given_up.setdefault(event["call"], []).append(event)
        self._remaining = iter(self.events_of("remaining"))
        self._calls = 0

    def events_of(self, kind: str, call: int | None = None) -> list[Any]:
        return [e for e in self.events if e["type"] == kind and (call is None or e["call"] == call)]

    def start(self, question: Question) -> RecordedPending:
        self._calls += 1
        return RecordedPending(self, self._calls, question.actor)

    def remaining_ms(self) -> int:
        return int(next(self._remaining)["ms"])


async def replayed(played: Played, flow: Callable[[Any], Awaitable[None]]) -> bytes:
    stage = RecordedStage(msgspec.json.encode(played.trace.events))
    try:
        await flow(stage)
    except RecordedCutError:
        assert stage.events_of("cut"), "only a cut turn stops in the middle"
        stage.envelope.cut("budget")
    return stage.envelope.finish().body


def run(coroutine: Any) -> Any:
    """Drive a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a replay must not wait for anything")


@settings(max_examples=200, deadline=None)
@given(steps=verbs, waits=answers)
def test_any_turn_ends_in_time_leaves_nothing_and_replays_byte_for_byte(
    steps: list[Verb], waits: list[int]
) -> None:
    flow = program(steps)
    answer = scripted(waits)
    played = perform(
        flow, turn_for(), answers={DecisionChat: answer, CommerceSearch: answer}, budget=("chat", BUDGET_MS)
    )
    assert played.elapsed_ms <= BUDGET_MS
    assert (played.finished.cut_reason == "budget") == any(e["type"] == "cut" for e in played.trace.events)
    assert [e["seq"] for e in played.trace.events if "seq" in e] == list(
        range(1, 1 + sum("seq" in e for e in played.trace.events))
    )
    assert run(replayed(played, flow)) == played.finished.body
