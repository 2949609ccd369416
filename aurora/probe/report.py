"""What a probe found: one step after the other, each with what it expected and did not see."""

from __future__ import annotations

from typing import Literal

import msgspec

from aurora.contract.envelope import UI_STATES
from aurora.probe.wire import Answer

Outcome = Literal["ok", "failed", "missing", "flag off"]


class Step(msgspec.Struct, kw_only=True):
    """One request. problems: what was expected and not seen. note: worth knowing about a good one."""

    name: str
    outcome: Outcome = "ok"
    problems: list[str] = []
    note: str = ""

    def expect(self, seen: object, what: str) -> bool:
        """Note a problem unless `seen`. what: what was expected, in words."""
        if not seen:
            self.problems.append(what)
            self.outcome = "failed"
        return bool(seen)


class Report(msgspec.Struct, kw_only=True):
    """A run. build: commit of the service, if it said so."""

    probe: str
    base: str
    build: str = ""
    steps: list[Step] = []

    def step(self, name: str, answer: Answer, *, status: int = 200) -> Step:
        """A step of the run, judged by what every answer has to be: the status, and a lawful envelope.

        An endpoint that this build does not have makes the step `missing`; nothing else is expected of it.
        """
        step = Step(name=name)
        self.steps.append(step)
        if answer.no_such_endpoint:
            step.outcome = "missing"
            step.problems.append("this build has no such endpoint")
            return step
        step.expect(
            answer.status == status, f"status {status}, not {answer.status} {answer.error or ''}".rstrip()
        )
        if status == 200 and answer.status == 200:
            _lawful(step, answer)
        return step

    @property
    def failed(self) -> bool:
        """Something is not as the contract says."""
        return any(step.outcome == "failed" for step in self.steps)

    @property
    def missing(self) -> bool:
        """Some endpoint is not there."""
        return any(step.outcome == "missing" for step in self.steps)


def _lawful(step: Step, answer: Answer) -> None:
    envelope = answer.envelope
    if envelope is None:
        step.expect(None, "an envelope of the seven keys")
        return
    step.expect(envelope.cards, "at least one card")
    step.expect(len(envelope.suggested_chips) <= 10, "at most ten chips")
    step.expect(
        envelope.session_patch.get("next_state") in UI_STATES, "a UI state in session_patch.next_state"
    )
    for card in envelope.cards:
        if card.type == "confidence_notice":
            step.expect(card.payload.get("reason"), "a reason in every notice")
            step.expect(card.payload.get("actions"), "a way on in every notice")
