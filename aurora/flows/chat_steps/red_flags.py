"""First of all: does this need a doctor? (contract B 9.1; decision 20: before the transition check.)"""

from __future__ import annotations

from aurora import telemetry
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import intents, profile_facts, redflags, replies
from aurora.rules.notices import notice


async def red_flags(turn: ChatTurn) -> bool:
    """Answer with a safety notice if the words raise a red flag. Facts of the same request are saved first.

    Needs no memory, so it holds when the store is away.
    """
    boundary = redflags.check(turn.ask.spoken)
    if not boundary.blocked:
        return False
    wanted_picks = turn.wants_picks
    if wanted_picks:
        telemetry.skin_flow.labels("reco_request", "hit").inc()
    turn.patch = profile_facts.settled(turn.patch, None, turn.ask.action_id, read=False)
    turn.save_patch()
    return await turn.answer(blocked(turn, wanted_picks=wanted_picks))


def blocked(turn: ChatTurn, *, wanted_picks: bool) -> Reply:
    """The safety notice; no chips, no picks, and nothing inferred from what was said."""
    payload = notice(
        "safety_block",
        turn.lang,
        confidence={"score": 0.0, "level": "low", "rationale": ["medical_boundary"]},
        details=replies.safety_details(turn.lang),
    )
    event = (
        ("recos_requested", {"explicit": True, "blocked": True, "reason": "safety_boundary"})
        if wanted_picks
        else ("safety_gate_block", {"intent": intents.canonical(turn.ask).name, "block_level": "BLOCK"})
    )
    return Reply(
        say=replies.safety_block(turn.lang),
        cards=[ReplyCard("conf", "confidence_notice", payload)],
        events=[event],
    )
