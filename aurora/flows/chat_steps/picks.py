"""Recommendations behind the gates: where they come from, and the answer around them (contract B 8.4.4-8.7).

A source is one function; the first that brings items is the answer. A later source joins the list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from aurora.actors.findings import FailureCode
from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.contract.envelope import FieldMissing
from aurora.flows.chat_steps import late, safe_reply
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import artifact_gate, detectors, evidence, normalise_reco, replies
from aurora.rules.notices import notice
from aurora.rules.query import picks_query
from aurora.rules.reco_reasons import goal_words
from aurora.rules.safety import GAP_REASON
from aurora.rules.text import strings_in
from aurora.rules.treatment import is_treatment_like
from aurora.store.facts import RecommendationsGiven

TOKEN = "S7_PRODUCT_RECO"  # noqa: S105 - the name of a state
EMPTY_CODE = "UPSTREAM_EMPTY"

# Failures that pass by themselves; the others mean that there is nothing to wait for (contract B 8.7 REC).
TRANSIENT: frozenset[FailureCode] = frozenset({
    "timeout", "connect", "reset", "broken_pipe", "dns", "tls", "breaker_open", "admission",
})  # fmt: skip


class Found(msgspec.Struct, kw_only=True):
    """What a source brought. source: its name on the wire. rest: payload keys beside the items.

    failure_code: on the wire, when it brought nothing. transient: trying again may help.
    """

    source: str
    items: list[dict[str, Any]] = []
    rest: dict[str, Any] = {}
    failure_code: str = EMPTY_CODE
    transient: bool = False


Source = Callable[[ChatTurn], Awaitable[Found]]


async def generate(turn: ChatTurn) -> Found:
    """Ask the sources in order; what the last one says counts if none brings items."""
    found = Found(source="none")
    for source in SOURCES:
        found = await source(turn)
        if found.items:
            break
    return found


async def from_decision_system(turn: ChatTurn) -> Found:
    """Ask the decision system for product picks, within what is left of the budget."""
    ask = turn.ask
    query = picks_query(
        ask.message,
        turn.lang,
        profile=turn.profile,
        logs=turn.memory.recent_logs,
        meta=turn.query_meta(intent="reco_products"),
    )
    finding = await turn.stage.ask(
        DecisionChat(
            query=query,
            llm_provider=ask.llm_provider,
            llm_model=ask.llm_model,
            debug=ask.debug or None,
            allow_recommendations=True,
            cap_ms=turn.settings.reco_upstream_timeout_ms,
        )
    )
    if not finding.ok:
        return Found(
            source="upstream_fallback", failure_code=finding.wire_code, transient=finding.code in TRANSIENT
        )
    reply: DecisionReply = finding.value
    turn.llm_effective = (reply.llm_provider, reply.llm_model)
    place = normalise_reco.found_in(
        answer=reply.answer,
        structured=reply.structured,
        context=reply.context,
        recommendations=reply.recommendations,
        cards=reply.cards,
    )
    items = normalise_reco.normalise(
        place.items, lang=turn.lang, profile=turn.profile, week=turn.week, debug=ask.debug
    )
    return Found(source="upstream_fallback", items=items, rest=_rest(place.holder))


SOURCES: tuple[Source, ...] = (from_decision_system,)


def reply_to(turn: ChatTurn, found: Found) -> Reply:
    """The answer around what was found: picks, held back, late, or nothing at all."""
    sure = turn.confidence
    gentle = [item for item in found.items if not (sure.low and is_treatment_like(item))]
    out = turn.outgoing(gentle)
    if out.emptied and (out.result.blocks or _would_leave(turn, gentle)):
        return safe_reply.instead(turn, out)
    if out.kept:
        if _would_leave(turn, [gentle[held.index] for held in out.held]):
            safe_reply.ask_beside(turn, out)
        return _given(turn, found, out.kept, held_back=len(found.items) - len(gentle), unsafe=bool(out.held))
    if found.items:
        return _held_back(turn, found)
    if turn.artifact_usable or found.transient:
        return late.picks_late(turn, found.failure_code)
    return _nothing(turn, found)


def _gentle(turn: ChatTurn) -> bool:
    """The envelope will hold back everything treatment-like."""
    plan = artifact_gate.plan_confidence(late.plan_of(turn))
    return turn.confidence.conservative or (plan is not None and plan.conservative)


def _would_leave(turn: ChatTurn, items: list[dict[str, Any]]) -> bool:
    """Would any of these leave but for the safety rules? If not, there is nothing to ask about them."""
    return any(not (_gentle(turn) and is_treatment_like(item)) for item in items)


def _given(
    turn: ChatTurn, found: Found, items: list[dict[str, Any]], *, held_back: int, unsafe: bool
) -> Reply:
    """held_back: how many were too strong for what is known. unsafe: safety rules held some back too."""
    sure = turn.confidence
    gentle = _gentle(turn)
    # The envelope removes strong items in a careful context; text and memory must not name them.
    leaving = [item for item in items if not (gentle and is_treatment_like(item))]
    cards = [_card(turn, found, items, held_back=held_back, unsafe=unsafe)]
    plan_card = late.plan_card(turn)
    if plan_card is not None:
        cards.append(plan_card)
    if sure.low and turn.memory.artifact is not None:
        cards.append(_low_notice(turn))
    asked = _asked(turn, found.source)
    state = turn.used_artifact()
    if not leaving:
        return Reply(
            say=replies.all_held_back(turn.lang),
            cards=cards,
            chips=_ways_to_know_more(turn),
            events=[("recos_requested", {**asked, "gated": True, "reason": "artifact_low_confidence"})],
            state=state,
        )
    turn.facts.append(_fact(turn, found.source, leaving))
    return Reply(
        say=replies.picks(
            leaving,
            turn.lang,
            goals=goal_words(turn.profile, turn.lang),
            gentle=sure.low or len(leaving) < len(items) or held_back > 0,
            name_them=not turn.client_shows_picks,
        ),
        format="markdown",
        cards=cards,
        chips=turn.chips("chip.start.ingredients"),
        events=[("value_moment", {"kind": "product_reco"}), ("recos_requested", asked)],
        state=state,
        reach=turn.reach(TOKEN),
        profile=turn.profile_summary() if turn.patch else None,
    )


def _held_back(turn: ChatTurn, found: Found) -> Reply:
    """Low confidence, and everything found was strong.

    Without any diagnosis no notice is made here: the envelope's own guard says that it is missing.
    """
    cards: list[ReplyCard] = []
    if turn.memory.artifact is not None:
        filtered = FieldMissing("recommendations", "low_confidence_treatment_filtered")
        cards = [_low_notice(turn, [filtered])]
        plan_card = late.plan_card(turn)
        if plan_card is not None:
            cards.insert(0, plan_card)
    event = {**_asked(turn, found.source), "gated": True, "reason": "artifact_low_confidence"}
    return Reply(
        say=replies.all_held_back(turn.lang),
        cards=cards,
        chips=_ways_to_know_more(turn),
        events=[("recos_requested", event)],
        state=turn.used_artifact(),
    )


def _nothing(turn: ChatTurn, found: Found) -> Reply:
    """No items and no diagnosis: the envelope's own guard puts the notice (decision 5)."""
    event = {**_asked(turn, found.source), "gated": True, "reason": "artifact_missing"}
    return Reply(
        say=replies.nothing_found(turn.lang),
        chips=_ways_to_know_more(turn),
        events=[("recos_requested", event)],
    )


def _card(
    turn: ChatTurn, found: Found, items: list[dict[str, Any]], *, held_back: int, unsafe: bool
) -> ReplyCard:
    sure = turn.confidence
    payload: dict[str, Any] = {
        **found.rest,
        "recommendations": items,
        "recommendations_count": len(items),
        "intent": "routine" if detectors.asks_routine(turn.ask.text, turn.ask.action_id) else "reco_products",
        "profile": turn.profile_summary(),
        "source": found.source,
        "recommendation_confidence_level": sure.level,
    }
    if sure.score is not None:
        payload["recommendation_confidence_score"] = sure.score
    gaps = [FieldMissing("recommendations", "low_confidence_treatment_filtered")] if held_back else []
    if unsafe:
        gaps.append(FieldMissing("recommendations", GAP_REASON))
    return ReplyCard("reco", "recommendations", payload, gaps)


def _low_notice(turn: ChatTurn, gaps: list[FieldMissing] | None = None) -> ReplyCard:
    payload = notice("low_confidence", turn.lang, confidence=turn.confidence.node())
    return ReplyCard("conf", "confidence_notice", payload, gaps or [])


def _asked(turn: ChatTurn, source: str) -> dict[str, Any]:
    sure = turn.confidence
    data: dict[str, Any] = {
        "explicit": True,
        "source": source,
        "low_confidence": sure.low,
        "confidence_level": sure.level,
    }
    if sure.score is not None:
        data["confidence_score"] = sure.score
    return data


def _ways_to_know_more(turn: ChatTurn) -> list[Any]:
    return turn.chips("chip.intake.upload_photos", "chip.intake.skip_analysis")


def _rest(holder: dict[str, Any]) -> dict[str, Any]:
    """Payload keys of the source that the card carries beside its items."""
    rest: dict[str, Any] = {"evidence": evidence.shaped(holder.get("evidence"))}
    for key in ("missing_info", "warnings"):
        value = holder.get(key)
        rest[key] = strings_in(value, 12) if isinstance(value, list) else []
    confidence = holder.get("confidence")
    numeric = isinstance(confidence, int | float) and not isinstance(confidence, bool)
    rest["confidence"] = confidence if numeric else None
    return rest


def _fact(turn: ChatTurn, source: str, items: list[dict[str, Any]]) -> RecommendationsGiven:
    artifact = turn.memory.artifact
    plan = late.plan_of(turn)
    plan_id = plan.get("plan_id") if plan else None
    return RecommendationsGiven(
        run_id=f"rr_{turn.stage.turn.uuid('reco_run')}",
        source=source,
        items=items,
        request={"message": turn.ask.message[:500], "action_id": turn.ask.action_id, "lang": turn.lang},
        artifact_id=artifact.artifact_id if artifact else None,
        plan_id=plan_id if isinstance(plan_id, str) else None,
        confidence_score=turn.confidence.score,
    )
