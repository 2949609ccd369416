"""A diagnosis under way: the next question, or on to photos (contract B 7 step 11, 8.1)."""

from __future__ import annotations

from typing import Any

from aurora.flows.chat_steps import clarification
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.flows.memory_view import log_views
from aurora.rules import clarification_texts, detectors, phase0, replies, unlock

TOKEN = "S2_DIAGNOSIS"  # noqa: S105 - the name of a state


async def diagnosis(turn: ChatTurn) -> bool:
    """Answer in the diagnosis states.

    Two things lead out of them, because the client itself cannot (contract F 4, T7): asking outright for
    recommendations, and, once the profile is complete, any question that is not about the diagnosis.
    """
    if not turn.agent_state.startswith("DIAG_"):
        return False
    text = turn.ask.text
    if turn.unlocked and (unlock.is_picks_chip(turn.ask) or detectors.requests_recommendation(text)):
        return False
    missing = turn.missing_core
    if not missing:
        if turn.ask.worded and not turn.patch and not detectors.starts_diagnosis(text):
            return False
        return await turn.answer(complete(turn, saved=await turn.saved()))
    if turn.patch and not turn.ask.worded:
        saved = await turn.saved()
        return await turn.answer(next_question(turn, "diagnosis_progress", saved=saved))
    return await turn.answer(next_question(turn, "diagnosis_start"))


def next_question(turn: ChatTurn, reason: str, *, saved: bool = True) -> Reply:
    """The gate card with the first missing fact and its answers.

    reason: `diagnosis_first` (picks were asked for), `diagnosis_start`, `diagnosis_progress` (a fact came).
    """
    missing = turn.missing_core
    field = missing[0]
    token = turn.reach(TOKEN)
    entered: tuple[str, dict[str, Any]] = ("state_entered", {"next_state": token, "reason": reason})
    events = [entered]
    if reason == "diagnosis_first":
        say = replies.gate(field, turn.lang)
        events = [("recos_requested", {"explicit": True, "gated": True, "reason": reason}), entered]
    elif reason == "diagnosis_start":
        say = replies.diagnosis_start(field, turn.lang)
        if turn.internal == TOKEN and not detectors.starts_diagnosis(turn.ask.text):
            say = clarification_texts.no_rush(phase0.question(field, turn.lang), turn.lang)
    else:
        say = replies.diagnosis_progress(field, turn.lang, saved=saved)
    payload = {
        "reason": reason,
        "missing_fields": missing,
        "wants": "recommendation" if reason == "diagnosis_first" else "diagnosis",
        "profile": turn.profile_summary(),
        "recent_logs": log_views(turn.memory.recent_logs),
    }
    return Reply(
        say=say,
        cards=[ReplyCard("diag", "diagnosis_gate", payload)],
        chips=phase0.answers(field, turn.lang),
        events=events,
        state=clarification.wait_at_gate(turn, missing) if reason == "diagnosis_first" else {},
        reach=token,
        profile=turn.profile_summary() if turn.patch else None,
    )


def complete(turn: ChatTurn, *, saved: bool) -> Reply:
    """All four facts are known: photos, or a baseline. No card, because the client hides chips beside one."""
    token = turn.reach(TOKEN)
    return Reply(
        say=replies.diagnosis_complete(turn.lang, saved=saved),
        chips=turn.chips("chip.intake.upload_photos", "chip.intake.skip_analysis"),
        events=[("state_entered", {"next_state": token, "reason": "diagnosis_profile_complete"})],
        reach=token,
        profile=turn.profile_summary(),
    )
