"""A whole AM/PM routine: the gates of every pick, then the decision system under the reco budget (B 15)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora import telemetry
from aurora.contract.envelope import Chip
from aurora.flows.chat_steps import late, picks
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.diagnosis import next_question
from aurora.flows.chat_steps.reco_sources import from_decision_routine
from aurora.flows.chat_steps.recommendations import no_diagnosis
from aurora.flows.chat_steps.reply import Reply
from aurora.rules import budget_question, routine_texts, unlock
from aurora.rules.reco_reasons import goal_words

ENTRY_CHIP = "chip.budget.optimize.entry"
AGAIN_CHIP = "chip.start.routine"


async def routine(turn: ChatTurn) -> bool:
    """Answer an explicit wish for a routine (contract B 7 step 16)."""
    if not (turn.wants_picks and unlock.wants_routine(turn.ask)):
        return False
    return await give_routine(turn)


async def give_routine(turn: ChatTurn) -> bool:
    """The gates in their order, then a routine (decision 18: the same gates as for picks). True, always."""
    turn.budget("reco", turn.settings.reco_budget_ms)
    telemetry.skin_flow.labels("reco_request", "hit").inc()
    if turn.missing_core:
        if turn.memory_is_away:
            return await turn.answer(late.profile_unread(turn))
        return await turn.answer(next_question(turn, "diagnosis_first"))
    if not turn.gates_passed:
        return await turn.answer(no_diagnosis(turn))
    turn.envelope.allow_commerce()
    turn.envelope.attempted_recommendations(artifact_usable=turn.artifact_usable)
    return await picks.recommend(turn, (from_decision_routine,), ROUTINE)


def known_budget(turn: ChatTurn) -> str | None:
    """The person's budget tier, this turn's answer included; None while the question is open."""
    tier = turn.profile.budgetTier if turn.profile is not None else None
    return tier if budget_question.is_known(tier) else None


def _say(turn: ChatTurn, leaving: list[dict[str, Any]], gentle: bool) -> str:
    return routine_texts.routine(
        leaving,
        turn.lang,
        goals=goal_words(turn.profile, turn.lang),
        budget=known_budget(turn),
        gentle=gentle,
        name_them=not turn.client_shows_picks,
    )


def _chips(turn: ChatTurn) -> list[Chip]:
    return turn.chips() if known_budget(turn) else turn.chips(ENTRY_CHIP)


def _late(turn: ChatTurn, failure_code: str) -> Reply:
    reply = late.picks_late(turn, failure_code)
    return msgspec.structs.replace(reply, say=routine_texts.late(turn.lang), chips=turn.chips(AGAIN_CHIP))


ROUTINE = picks.Manner(intent="routine", moment="routine_generated", say=_say, chips=_chips, late=_late)
