"""Everything else: the decision system answers, and the gates look at what it says (contract B 16, 8.3)."""

from __future__ import annotations

from typing import Any

from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.contract.envelope import FieldMissing
from aurora.flows.chat_steps import clarification, late, product_verdict, safe_reply
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.product_verdict import Judged
from aurora.rules import commerce_gate, detectors, normalise_reco, replies, upstream_text
from aurora.rules.query import chat_query
from aurora.rules.upstream_answer import (
    UpstreamCard,
    first_object,
    read_cards,
    too_deep,
    without_kb,
)


async def open_chat(turn: ChatTurn) -> bool:
    """Ask the decision system and pass on what may be passed on. Always answers."""
    ask = turn.ask
    finding = await turn.stage.ask(
        DecisionChat(
            query=chat_query(
                ask.message,
                profile=turn.profile,
                logs=turn.memory.recent_logs,
                meta=turn.query_meta(),
                lead=turn.query_lead,
            ),
            llm_provider=ask.llm_provider,
            llm_model=ask.llm_model,
            anchor_product_id=ask.anchor_id,
            anchor_product_url=ask.anchor_url,
            messages=ask.messages,
            debug=ask.debug or None,
            allow_recommendations=_may_sell(turn),
            attempt_ms=turn.settings.chat_upstream_timeout_ms,
        )
    )
    if not finding.ok:
        return await turn.answer(late.chat_late(turn, configured=finding.code != "not_configured"))
    reply: DecisionReply = finding.value
    turn.llm_effective = (reply.llm_provider, reply.llm_model)
    if reply.answer is None:
        return await turn.answer(late.chat_late(turn))
    judged = await product_verdict.judge(turn, reply)
    if judged is not None and judged.instead is not None:
        return await turn.answer(judged.instead)
    pass_on(turn, reply, judged)
    clarification.ask_back(turn, reply)
    await turn.stand()
    return True


def pass_on(turn: ChatTurn, reply: DecisionReply, judged: Judged | None = None) -> None:
    """Text, cards and structured data of a healthy answer, in the contract's order (B 16.4).

    judged: the verdict on a product, if one was wanted.
    """
    envelope = turn.envelope
    structured = _structured(reply)
    if structured is not None and not turn.ask.debug:
        structured = without_kb(structured)
    allowed = _may_sell(turn)
    cards, structured, held = commerce_gate.strip(
        _cards(turn, reply), structured, allowed=allowed, why=_why_not(turn)
    )
    cards, unasked = _without_unasked_weather(turn, cards)
    if allowed:
        envelope.allow_commerce()
    if structured is not None:
        envelope.card("structured", "aurora_structured", structured)
    if judged is not None and judged.card is not None:
        judged.card.give(envelope)
    for number, card in enumerate(cards):
        envelope.card(
            "aurora",
            card.type,
            card.payload,
            field_missing=card.field_missing,
            title=card.title,
            suffix=f"_{number}",
        )
    if turn.settings.include_raw_context:
        raw = {"intent": reply.intent, "clarification": reply.clarification, "context": reply.context}
        envelope.card("aurora_ctx", "aurora_context_raw", raw)
    for gap in (*held, *unasked):
        envelope.missing(gap.field, gap.reason)
    said = (judged and judged.say) or _text(turn, reply, any_card=bool(cards))
    shown = [(card.type, card.payload) for card in cards]
    if structured is not None:
        shown.append(("aurora_structured", structured))
    envelope.say(safe_reply.safe_prose(turn, said, shown), format="markdown")
    envelope.event("value_moment", {"kind": "chat_reply"})
    if allowed:
        sure = turn.confidence
        envelope.event(
            "recos_requested", {"explicit": True, "low_confidence": sure.low, "confidence_level": sure.level}
        )
    if turn.profile is not None and (turn.patch or turn.ask.snapshot is None):
        envelope.patch(profile=turn.profile_summary())
        turn.count_echo()


def _may_sell(turn: ChatTurn) -> bool:
    """Asked for, and every gate passed (contract B 8.2 REC, decision 18)."""
    return turn.allow_reco and turn.gates_passed


def _why_not(turn: ChatTurn) -> str:
    if not turn.allow_reco:
        return commerce_gate.NOT_REQUESTED
    return "diagnosis_first" if turn.missing_core else "artifact_missing"


def _structured(reply: DecisionReply) -> dict[str, Any] | None:
    found = reply.structured if reply.structured is not None else first_object(reply.answer)
    if found is None or too_deep(found):
        return None
    checked = (reply.context or {}).get("external_verification")
    if isinstance(checked, dict) and "external_verification" not in found and not too_deep(checked):
        return {**found, "external_verification": checked}
    return found


def _cards(turn: ChatTurn, reply: DecisionReply) -> list[UpstreamCard]:
    """The upstream's cards; items of a recommendations card in the one shape that the client draws."""
    cards: list[UpstreamCard] = []
    for card in read_cards(reply.cards, keep_kb=turn.ask.debug):
        payload = card.payload
        if card.type.lower() == "recommendations":
            listed = payload.get("recommendations")
            items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
            shaped = normalise_reco.normalise(
                items, lang=turn.lang, profile=turn.profile, week=turn.week, debug=turn.ask.debug
            )
            payload = {
                **payload,
                "recommendations": shaped,
                "recommendation_confidence_level": turn.confidence.level,
            }
        cards.append(UpstreamCard(card.type, payload, card.title, card.field_missing))
    return cards


def _without_unasked_weather(
    turn: ChatTurn, cards: list[UpstreamCard]
) -> tuple[list[UpstreamCard], list[FieldMissing]]:
    """Environment cards only for who asked about the weather (contract B 8.3)."""
    if turn.ask.debug or detectors.asks_weather(turn.ask.text):
        return cards, []
    kept = [card for card in cards if "env_stress" not in card.type.lower()]
    return kept, [FieldMissing("cards.env_stress", "not_requested")] if len(kept) < len(cards) else []


def _text(turn: ChatTurn, reply: DecisionReply, *, any_card: bool) -> str:
    said = upstream_text.prose(reply.answer, keep_kb=turn.ask.debug)
    if not any_card:
        said = upstream_text.without_pointers(said)
    return upstream_text.cut_to(said) if said else replies.not_prose(turn.lang)
