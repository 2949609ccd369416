"""A clarification under way (contract B 10.2): its next question, or the request that waited for the answers.

Two steps, because what comes back is judged like anything else that is said: `resume_clarification` stands
before safety and reads the answer, `next_clarification` behind it and answers.
"""

from __future__ import annotations

import msgspec

from aurora.flows.chat_steps import clarification, late
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.open_chat import open_chat
from aurora.flows.chat_steps.red_flags import red_flags
from aurora.flows.chat_steps.reply import Reply
from aurora.rules import clarification_texts as texts
from aurora.rules import detectors, pending
from aurora.rules.clarification import chips
from aurora.rules.pending import Pending
from aurora.rules.request import READ_CAP, ChatAsk
from aurora.rules.text import fold

STEP = "pending_clarification_step"


async def resume_clarification(turn: ChatTurn) -> bool:
    """Take note of an answer; with the last one, take up the request that waited.

    Answers only if that request itself needs a doctor.
    """
    if not turn.settings.clarification_flow_v2:
        return False
    flow = _under_way(turn)
    if flow is None:
        return False
    ask = turn.ask
    if not pending.answers(ask, flow):
        if ask.worded:  # something else is talked about now
            _abandon(turn, "free_text")
        elif flow.from_gate and not turn.missing_core:  # all was said on the client's own card
            _completed(turn)
            turn.if_cut(late.chat_late(turn))
        return False
    now_ms = turn.stage.turn.now_ms
    advanced = pending.advanced(
        flow,
        ask,
        now_ms=now_ms,
        profile=turn.profile,
        filter_known=turn.settings.clarification_filter_known,
    )
    if advanced is None:
        _abandon(turn, "missing_state")
        return False
    moved, known = advanced
    clarification.count_filtered(known)
    if moved.current is not None:
        turn.asking = moved
        # One question at a time: safety hears this answer with the request that waits for it (`_waited`).
        turn.ask = msgspec.structs.replace(ask, spoken="")
        return False
    clarification.take_up(turn, moved, _waited(ask, moved))
    return await red_flags(turn)


async def next_clarification(turn: ChatTurn) -> bool:
    """Ask the next question, or send the request that waited upstream; one for picks goes on by itself."""
    if turn.asking is not None:
        return await turn.answer(await _question(turn, turn.asking))
    if turn.resumed is not None and turn.wants_picks:
        _completed(turn)
        return False
    if turn.resumed is not None or turn.straight_upstream:
        turn.budget("chat", turn.settings.chat_budget_ms)
        return await open_chat(turn)
    return False


async def _question(turn: ChatTurn, flow: Pending) -> Reply:
    """No card: what is asked stands in the text, and every answer has a chip."""
    await turn.saved()
    asked = flow.current
    assert asked is not None
    clarification.count("pending_clarification_step_total", str(len(flow.history)))
    clarification.count("aurora_chat_skipped_total", STEP)
    return Reply(
        say=texts.step(asked.question, turn.lang),
        chips=chips(asked, turn.lang, step=flow.next_step),
        events=[("state_entered", {"next_state": turn.internal, "reason": STEP})],
        state=clarification.keep(turn, flow),
        profile=turn.profile_summary(),
    )


def _under_way(turn: ChatTurn) -> Pending | None:
    """The clarification that is under way and in time: sent by the client, or kept by us."""
    ask, kept = turn.ask, turn.memory.conversation
    sent = "pending_clarification" in ask.bag
    value = ask.bag["pending_clarification"] if sent else kept.pending if kept is not None else None
    tapped = pending.is_clarify_chip(ask)
    if value is None:
        if tapped and pending.has_step_hints(ask):
            _count_abandoned("missing_state")
        return None
    now_ms = turn.stage.turn.now_ms
    found = pending.read(value, turn.lang, now_ms=now_ms, new_flow_id=clarification.new_flow_id(turn))
    if found.pending is None:
        _abandon(turn, "error")
        return None
    if pending.expired(found.pending, now_ms):
        _abandon(turn, "ttl")
        turn.straight_upstream = tapped
        return None
    clarification.count_cut(list(found.cut))
    if found.upgraded:
        clarification.count("pending_clarification_upgraded_total", "legacy")
        turn.envelope.patch_state(**clarification.keep(turn, found.pending))
    return found.pending


def _completed(turn: ChatTurn) -> None:
    clarification.drop(turn)
    clarification.count("pending_clarification_completed_total")


def _abandon(turn: ChatTurn, reason: str) -> None:
    _count_abandoned(reason)
    clarification.drop(turn)
    turn.if_cut(late.chat_late(turn))  # it is dropped even then


def _count_abandoned(reason: str) -> None:
    clarification.count("pending_clarification_abandoned_total", reason)


def _waited(ask: ChatAsk, flow: Pending) -> ChatAsk:
    """The request that waited. One for picks is tapped again, so that it meets its gates again.

    Safety hears the answers with it: "what can I use" may have become a question about retinol.
    """
    text = flow.resume_user_text
    folded = fold(text[:READ_CAP])
    wish = flow.from_gate or detectors.requests_recommendation(folded)
    tapped = "chip.start.routine" if detectors.asks_routine(folded) else "chip.start.reco_products"
    return msgspec.structs.replace(
        ask,
        message=text,
        worded=True,
        typed=not wish,
        text=folded,
        spoken="\n".join((text, *(answer.option for answer in flow.history))),
        trigger="chip" if wish else "text",
        action_id=tapped if wish else None,
        data={},
        include_alternatives=flow.include_alternatives,
        clarification_id=None,
        requested=None,
    )
