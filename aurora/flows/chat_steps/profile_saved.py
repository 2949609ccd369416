"""A turn that only states a fact (contract B 7 step 19)."""

from __future__ import annotations

from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.diagnosis import next_question
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import detectors, replies, reply_values
from aurora.rules.conversation import IDLE


async def profile_saved(turn: ChatTurn) -> bool:
    """Acknowledge the fact; inside a diagnosis, ask the next question."""
    answers_question = turn.ask.clarification_id is not None and (
        reply_values.field_of(turn.ask.clarification_id) is not None
    )
    if not turn.patch or (turn.ask.worded and not answers_question):
        return False
    text = turn.ask.text
    if (
        detectors.asks_suitability(text)
        or detectors.asks_compatibility(text)
        or detectors.asks_weather(text)
        or detectors.asks_recommendation(text)
    ):
        return False
    saved = await turn.saved()
    in_diagnosis = answers_question or (turn.internal or "").startswith(("S2_", "S3_"))
    if in_diagnosis and turn.missing_core:
        return await turn.answer(next_question(turn, "diagnosis_progress", saved=saved))
    return await turn.answer(acknowledged(turn, saved=saved))


def acknowledged(turn: ChatTurn, *, saved: bool) -> Reply:
    """The profile card. What comes next stands in the text too: the client hides chips beside this card."""
    leaves = (turn.internal or "").startswith(("S2_", "S3_"))
    return Reply(
        say=replies.profile_saved(turn.lang, saved=saved),
        cards=[ReplyCard("profile", "profile", {"profile": turn.profile_summary()})],
        chips=turn.chips(
            "chip.action.reco_routine", "chip.action.analyze_product", "chip.action.dupe_compare"
        ),
        reach=turn.reach(IDLE) if leaves else None,
        profile=turn.profile_summary(),
    )
