"""What the safety rules say of this message and this person (contract B 9.2, 9.3; decisions 18-21).

Always on. From here on nothing that is forbidden to the person leaves in any card, whatever answers.
"""

from __future__ import annotations

import msgspec

from aurora.contract.memory import Profile
from aurora.flows.chat_steps import late, safe_reply
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.red_flags import blocked
from aurora.flows.chat_steps.reply import Reply
from aurora.rules import artifact_gate, safety
from aurora.rules.safety import wording
from aurora.rules.safety.advice import wants_advice
from aurora.rules.safety.person import person_of


async def safety_check(turn: ChatTurn) -> bool:
    """Refuse, ask, warn, or do nothing.

    What is forbidden ends the turn. What depends on an unknown fact ends it only if advice is wanted
    (picks, a routine, "can I use"): the question comes alone. A conflict check or a fact about an
    ingredient is answered, and the question rides along. Warnings stand before the answer.
    """
    message, person = turn.ask.spoken, _as_far_as_sure(turn)
    turn.safety = safety.check(message, person, turn.lang)
    turn.forbidden = safety.forbidden_for(person, message)
    turn.envelope.forbid(turn.forbidden)
    if turn.ask.action_id == wording.SAFER:
        return await turn.answer(safer(turn))
    if turn.wants_picks and artifact_gate.needs_doctor(turn.memory.artifact):
        return await turn.answer(blocked(turn, wanted_picks=True))
    if turn.safety.blocks:
        return await turn.answer(safe_reply.refused(turn, turn.safety))
    if turn.safety.asks:
        return await _ask(turn, turn.safety)
    if turn.safety.block_level == "WARN":
        turn.envelope.ride(lead=wording.warnings(turn.safety, turn.lang))
    if turn.wants_picks and person_of(turn.profile).fragile:
        turn.envelope.ride(lead=wording.fragile(turn.lang))
    return False


def _as_far_as_sure(turn: ChatTurn) -> Profile | None:
    """The person. While memory is away, a client's old copy is no proof that nobody is pregnant."""
    seen = turn.profile
    if turn.memory.ready or seen is None or seen.pregnancy_status != "not_pregnant":
        return seen
    return (
        seen
        if "pregnancy_status" in turn.patch
        else msgspec.structs.replace(seen, pregnancy_status="unknown")
    )


async def _ask(turn: ChatTurn, result: safety.Result) -> bool:
    advice = wants_advice(turn.ask.text, combining=turn.combination is not None)
    if turn.answered_in_words == result.asking:
        # Words are no fact: they are passed on with the message, and nothing strong goes with it.
        safe_reply.be_careful(turn)
        turn.envelope.ride(lead=wording.careful(turn.lang))
        return False
    if safe_reply.times_asked(turn, result) >= safe_reply.TIMES_ASKED:
        safe_reply.be_careful(turn)
        if advice and not turn.wants_picks:
            return await turn.answer(safe_reply.left_open(turn, result))
        safe_reply.wait_for_answer(turn, result)
        turn.envelope.ride(lead=wording.careful(turn.lang), chips=wording.fact_chips(result, turn.lang))
    elif advice or turn.wants_picks:
        return await turn.answer(safe_reply.asked(turn, result))
    else:
        safe_reply.wait_for_answer(turn, result)
        turn.envelope.ride(
            notice=wording.question_notice(result, turn.lang), chips=wording.fact_chips(result, turn.lang)
        )
    turn.if_cut(late.chat_late(turn))  # the question is kept even then
    return False


def safer(turn: ChatTurn) -> Reply:
    """What this person may well use instead: the tap on the chip of a refusal."""
    return Reply(
        say=wording.safer(turn.forbidden, turn.lang),
        chips=turn.chips("chip.start.routine", "chip.start.reco_products"),
        events=[("value_moment", {"kind": "safe_alternatives"})],
        profile=turn.profile_summary() if turn.patch else None,
    )
