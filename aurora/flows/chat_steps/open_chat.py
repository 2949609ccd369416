"""Everything else: the decision system answers, and the gates look at what it says (contract B 16, 8.3)."""

from __future__ import annotations

import msgspec

from aurora import telemetry
from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.flows.chat_steps import clarification, late, open_cards, product_verdict, safe_reply
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.open_cards import OpenCards
from aurora.flows.chat_steps.product_verdict import Judged
from aurora.rules import open_words, replies
from aurora.rules.query import chat_query
from aurora.rules.treatment import is_treatment_like


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
            allow_recommendations=open_cards.may_sell(turn),
            attempt_ms=turn.settings.chat_upstream_timeout_ms,
        )
    )
    if not finding.ok:
        return await turn.answer(late.chat_late(turn, configured=finding.code != "not_configured"))
    reply: DecisionReply = finding.value
    turn.llm_effective = (reply.llm_provider, reply.llm_model)
    judged = await product_verdict.judge(turn, reply)
    if judged is not None and judged.instead is not None:
        return await turn.answer(judged.instead)
    cards = await open_cards.gather(turn, reply, judged)
    if reply.answer is None and not (judged and judged.say):
        return await _without_words(turn, cards)
    pass_on(turn, reply, cards, judged)
    clarification.ask_back(turn, reply)
    await turn.stand()
    return True


def pass_on(turn: ChatTurn, reply: DecisionReply, cards: OpenCards, judged: Judged | None = None) -> None:
    """Words and cards of a healthy answer. judged: the verdict on a product, if one was wanted."""
    envelope = turn.envelope
    allowed = open_cards.may_sell(turn)
    if allowed:
        envelope.allow_commerce()
    cards.give(turn)
    said, quoted = _words(turn, reply, cards, judged)
    picks = _names_of_picks(turn, cards)
    safe = safe_reply.safe_prose(turn, said, cards.shown())
    envelope.say("\n\n".join(part for part in (safe, picks) if part), format="markdown", quoted=quoted)
    envelope.event("value_moment", {"kind": "chat_reply"})
    if allowed and cards.picks():
        telemetry.skin_flow.labels("reco_request", "hit").inc()
        telemetry.skin_flow.labels("reco_generated", "hit").inc()
    if allowed:
        sure = turn.confidence
        envelope.event(
            "recos_requested", {"explicit": True, "low_confidence": sure.low, "confidence_level": sure.level}
        )
    if turn.profile is not None and (turn.patch or turn.ask.snapshot is None):
        envelope.patch(profile=turn.profile_summary())
        turn.count_echo()


async def _without_words(turn: ChatTurn, cards: OpenCards) -> bool:
    """No text came: what else came is shown, and the notice says that something is missing (B 16.5)."""
    for name, data in cards.events:
        turn.envelope.event(name, data)
    for gap in cards.gaps:
        turn.envelope.missing(gap.field, gap.reason)
    said = late.chat_late(turn)
    return await turn.answer(msgspec.structs.replace(said, cards=[*said.cards, *cards.ours]))


def _words(turn: ChatTurn, reply: DecisionReply, cards: OpenCards, judged: Judged | None) -> tuple[str, bool]:
    """What is said, and whether the words are the decision system's own."""
    if judged is not None and judged.say:
        return judged.say, False
    said = open_words.words(reply.answer, cards.shown(), turn.lang, keep_kb=turn.ask.debug)
    if said.template_id is not None:
        turn.envelope.template(said.template_id)
    return said.text, said.template_id is None


def _names_of_picks(turn: ChatTurn, cards: OpenCards) -> str:
    """The picks in words, where the client would not draw their card (decision 13)."""
    if turn.client_shows_picks or not cards.picks():
        return ""
    careful = turn.confidence.conservative
    safe = turn.outgoing(cards.picks()).kept
    leaving = [item for item in safe if not (careful and is_treatment_like(item))]
    return "\n".join(replies.named(leaving, turn.lang)) if leaving else ""
