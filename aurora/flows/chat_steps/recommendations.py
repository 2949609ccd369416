"""Which products? The gates in their order, then picks (contract B 7 step 18, 8.1, 8.4)."""

from __future__ import annotations

from collections.abc import Iterable

from aurora import telemetry
from aurora.contract.envelope import FieldMissing
from aurora.flows.chat_steps import late, picks
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.diagnosis import TOKEN, next_question
from aurora.flows.chat_steps.reco_sources import SOURCES, Source
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import replies
from aurora.rules.notices import notice


async def recommendations(turn: ChatTurn) -> bool:
    """Answer a request for products."""
    return turn.wants_picks and await behind_the_gates(turn, SOURCES)


async def behind_the_gates(turn: ChatTurn, sources: Iterable[Source]) -> bool:
    """The missing core fact, the missing diagnosis, or what `sources` bring. True, for a step to return."""
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
    return await picks.recommend(turn, sources)


def no_diagnosis(turn: ChatTurn) -> Reply:
    """The core facts are there, a usable diagnosis is not: photos, or a baseline."""
    payload = notice(
        "artifact_missing",
        turn.lang,
        confidence={"score": 0.0, "level": "low", "rationale": ["artifact_not_found"]},
    )
    gaps = [] if turn.memory.ready else [FieldMissing("diagnosis_artifact", "db_unavailable")]
    return Reply(
        say=replies.artifact_missing(turn.lang),
        cards=[ReplyCard("conf", "confidence_notice", payload, gaps)],
        chips=turn.chips("chip.intake.upload_photos", "chip.intake.skip_analysis"),
        events=[("recos_requested", {"explicit": True, "gated": True, "reason": "artifact_missing"})],
        reach=turn.reach(TOKEN),
    )
