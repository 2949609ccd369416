"""What the forms about products have in common: they ask side by side, within one budget, and look at the
person before anything leaves (contract D 3; decisions 3, 19).

What is forbidden to her is declared to the envelope at once, as carefully as for somebody unknown, and again
when her profile has been read.
"""

from __future__ import annotations

from typing import Any

from aurora.actors.findings import Answer, Finding
from aurora.actors.questions import DecisionChat, DecisionReply, ReadMemory
from aurora.actors.stage import Pending, Stage
from aurora.contract.memory import Profile, SkinLog
from aurora.rules import safety
from aurora.rules.safety import wording

PARSE_MS = 9000
"""Limit of finding out which product is meant (contract D 3.3)."""
RESERVE_MS = 400
"""Kept back for choosing, wording and sending the answer."""
_AS_IF_UNKNOWN = safety.forbidden_for(None)
LEAST_MS = 1000
"""Below this nothing more is asked upstream: nobody answers such a question so soon."""
MEMORY_MS = 1500


class Asking:
    """One turn's questions. forbidden: ids of the safety rules that forbid this person something.

    person: False for a turn in the background, which is nobody's.
    """

    def __init__(self, stage: Stage, *, person: bool = True) -> None:
        self.stage = stage
        self.lang = stage.turn.context.lang
        self.profile: Profile | None = None
        self.logs: list[SkinLog] = []
        self.forbidden = _AS_IF_UNKNOWN
        stage.envelope.forbid(self.forbidden)
        self._memory = stage.start(ReadMemory(cap_ms=MEMORY_MS)) if person else None

    def left_ms(self) -> int:
        """What may still be waited for."""
        return max(0, self.stage.remaining_ms() - RESERVE_MS)

    async def meet(self) -> None:
        """Know the person, as far as she can be known by now; an unread profile is nobody's."""
        if self._memory is None:
            return
        finding = await self._memory.wait(at_most_ms=self.left_ms())
        if isinstance(finding, Answer):
            self.profile = finding.value.profile
            self.logs = finding.value.recent_logs
            self.forbidden = safety.forbidden_for(self.profile)
            self.stage.envelope.forbid(self.forbidden)

    def ask(self, query: str, *, cap_ms: int = 0, anchor_id: str = "", url: str = "", **more: Any) -> Pending:
        """Ask the decision system, at most until the reserve begins. cap_ms: the question's own limit."""
        left = max(1, self.left_ms())
        return self.stage.start(
            DecisionChat(
                query=query,
                anchor_product_id=anchor_id or None,
                anchor_product_url=url or None,
                cap_ms=min(cap_ms, left) if cap_ms else left,
                **more,
            )
        )

    async def reply(self, asked: Pending, *, at_most_ms: int | None = None) -> DecisionReply | None:
        """What was answered; None if nothing was, or not in time."""
        left = self.left_ms()
        finding = await asked.wait(at_most_ms=left if at_most_ms is None else min(left, at_most_ms))
        return reply_of(finding)

    def question_beside(self, result: safety.Result, *, held: bool) -> None:
        """Let the question of `result` ride along, with the chips that answer it. held: something stayed
        here until it is answered.
        """
        if not result.required_questions:
            return
        chips = wording.fact_chips(result, self.lang)
        if held:
            self.stage.envelope.ride(lead=wording.held_while_open(result, self.lang), chips=chips)
        else:
            self.stage.envelope.ride(notice=wording.question_notice(result, self.lang), chips=chips)


def reply_of(finding: Finding) -> DecisionReply | None:
    """The reply in a finding, if it is one."""
    reply: DecisionReply | None = finding.value if isinstance(finding, Answer) else None
    return reply
