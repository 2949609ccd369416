"""The cards of an open chat answer, in the contract's order, behind the gates (contract B 16.4, 8.3)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.questions import DecisionReply
from aurora.contract.envelope import FieldMissing
from aurora.flows.chat_steps import reco_extras
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.product_verdict import Judged
from aurora.flows.chat_steps.reply import ReplyCard
from aurora.rules import commerce_gate, context_conflicts, detectors, env_stress, normalise_reco, open_answer
from aurora.rules.routine import heatmap
from aurora.rules.transitions import RECO_STATES
from aurora.rules.upstream_answer import UpstreamCard, read_cards


class OpenCards(msgspec.Struct, kw_only=True):
    """What an answer brought. ours: made here from it, in order. theirs: the upstream's own, after those.

    raw: the debugging card, last. gaps: what was held back, for the gate_notice. events: what the cards tell.
    """

    ours: list[ReplyCard] = []
    theirs: list[UpstreamCard] = []
    raw: ReplyCard | None = None
    gaps: list[FieldMissing] = []
    events: list[tuple[str, dict[str, Any]]] = []

    def shown(self) -> list[tuple[str, dict[str, Any]]]:
        """(lower-cased type, payload) of the cards that are for the reader."""
        ours = [(card.type.lower(), card.payload) for card in self.ours]
        return ours + [(card.type.lower(), card.payload) for card in self.theirs]

    def picks(self) -> list[dict[str, Any]]:
        """Every recommended item."""
        return [
            item
            for kind, payload in self.shown()
            if kind == "recommendations"
            for item in payload["recommendations"]
        ]

    def give(self, turn: ChatTurn) -> None:
        """Add them to the envelope."""
        envelope = turn.envelope
        for card in self.ours:
            card.give(envelope)
        for number, theirs in enumerate(self.theirs):
            envelope.upstream_card(msgspec.to_builtins(theirs), number)
        if self.raw is not None:
            self.raw.give(envelope)
        for gap in self.gaps:
            envelope.missing(gap.field, gap.reason)
        for name, data in self.events:
            envelope.event(name, data)


async def gather(turn: ChatTurn, reply: DecisionReply, judged: Judged | None) -> OpenCards:
    """Read, gate and order everything in `reply` that can be a card. judged: the verdict on a product."""
    debug, allowed = turn.ask.debug, may_sell(turn)
    structured = open_answer.structured_of(reply.answer, reply.structured, reply.context, keep_kb=debug)
    theirs, structured, gaps = commerce_gate.strip(
        _reshaped(turn, reply), structured, allowed=allowed, why=_why_not(turn)
    )
    theirs = [card for card in theirs if card.type.lower() != "recommendations" or _items(card)]
    if allowed and any(normalise_reco.any_nameless(items) for items in _told(reply)):
        gaps = [*gaps, FieldMissing(*normalise_reco.NAMELESS)]
    found = OpenCards(gaps=gaps)
    if structured is not None:
        payload = open_answer.in_language(structured, turn.lang)
        found.ours.append(ReplyCard("structured", "aurora_structured", payload))
    theirs = _environment(turn, reply, theirs, found)
    theirs = _conflicts(turn, reply, theirs, found)
    if judged is not None and judged.card is not None:
        found.ours.append(judged.card)
        theirs = [card for card in theirs if card.type.lower() != judged.card.type]
    found.theirs = theirs
    if allowed:
        await _enriched(turn, found)
    if turn.settings.include_raw_context:
        raw, held = open_answer.raw_context(
            reply.intent, reply.clarification, reply.context, may_sell=allowed, keep_kb=debug
        )
        found.raw = ReplyCard("aurora_ctx", "aurora_context_raw", raw) if raw is not None else None
        found.gaps += held
    return found


def may_sell(turn: ChatTurn) -> bool:
    """Asked for, and every gate passed (contract B 8.2 REC, decision 18)."""
    return _asked_for(turn) and turn.gates_passed


def _asked_for(turn: ChatTurn) -> bool:
    """By an explicit wish, or by words about picks where picks stand; that they stand there is no wish."""
    return turn.unlocked or (turn.agent_state in RECO_STATES and detectors.asks_for_more(turn.ask.text))


def _why_not(turn: ChatTurn) -> str:
    if not _asked_for(turn):
        return commerce_gate.NOT_REQUESTED
    return "diagnosis_first" if turn.missing_core else "artifact_missing"


def _items(card: UpstreamCard) -> list[dict[str, Any]]:
    listed = card.payload.get("recommendations")
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _told(reply: DecisionReply) -> list[list[dict[str, Any]]]:
    return [_items(card) for card in read_cards(reply.cards) if card.type.lower() == "recommendations"]


def _reshaped(turn: ChatTurn, reply: DecisionReply) -> list[UpstreamCard]:
    """The upstream's cards; items of recommendations in the one shape that the client draws, and safe."""
    cards: list[UpstreamCard] = []
    for card in read_cards(reply.cards, keep_kb=turn.ask.debug):
        kind = card.type.lower()
        if kind == "offers_resolved":
            card = msgspec.structs.replace(card, payload=_offers(card.payload))  # noqa: PLW2901
        if kind == "recommendations":
            shaped = normalise_reco.normalise(
                _items(card), lang=turn.lang, profile=turn.profile, week=turn.week, debug=turn.ask.debug
            )
            payload = {
                **{key: card.payload[key] for key in _KEPT_BESIDE_ITEMS if key in card.payload},
                "recommendations": shaped,
                "recommendations_count": len(shaped),
                "recommendation_confidence_level": turn.confidence.level,
            }
            card = msgspec.structs.replace(card, payload=payload)  # noqa: PLW2901
        cards.append(card)
    return cards


def _offers(payload: dict[str, Any]) -> dict[str, Any]:
    """Items with a product; the market, where the upstream named none, is everybody's default."""
    items = payload.get("items")
    market, metadata = payload.get("market"), payload.get("metadata")
    return {
        "items": [
            {**item, "offer": item["offer"] if isinstance(item.get("offer"), dict) else None}
            for item in (items if isinstance(items, list) else [])
            if isinstance(item, dict) and isinstance(item.get("product"), dict)
        ],
        "market": market if isinstance(market, str) and market else "US",
        "metadata": metadata if isinstance(metadata, dict) else {},
    }


# Evidence speaks of items that may be held back, and the client draws each item's own.
_KEPT_BESIDE_ITEMS = ("missing_info", "warnings")


def _environment(
    turn: ChatTurn, reply: DecisionReply, cards: list[UpstreamCard], found: OpenCards
) -> list[UpstreamCard]:
    """The environment card, in the one shape that the client draws, and only for who asked (B 8.3)."""
    told = [card for card in cards if open_answer.is_env(card)]
    rest = [card for card in cards if not open_answer.is_env(card)]
    ask = turn.ask
    if not open_answer.wants_env(ask.text, ask.action_id, debug=ask.debug):
        if told:
            found.gaps.append(FieldMissing("cards.env_stress", "not_requested"))
        return rest
    for context in (reply.context, *({"env_stress": card.payload} for card in told)):
        payload = env_stress.from_upstream(context, turn.lang)
        if payload is not None:
            found.ours.append(ReplyCard("env", "env_stress", payload))
            break
    return rest


def _conflicts(
    turn: ChatTurn, reply: DecisionReply, cards: list[UpstreamCard], found: OpenCards
) -> list[UpstreamCard]:
    """Simulation and heatmap from what the decision system detected (F 16 T3: no matrix that hides one)."""
    told = [card for card in cards if card.type.lower() == "routine_simulation"]
    rest = [card for card in cards if card.type.lower() != "routine_simulation"]
    ask = turn.ask
    for detector in ((reply.context or {}).get("conflict_detector"), *(card.payload for card in told)):
        seen = context_conflicts.from_upstream(detector, turn.lang)
        if seen is None or not open_answer.wants_conflicts(seen, ask.text, ask.action_id, debug=ask.debug):
            continue
        found.ours.append(ReplyCard("sim", "routine_simulation", seen.simulation))
        if seen.placed:
            drawn = heatmap.placeholder()
            if turn.settings.conflict_heatmap_v1:
                drawn = heatmap.heatmap(seen.simulation, seen.labels)
                shown = heatmap.impression(drawn, seen.simulation, ask.trigger)
                found.events.append(("aurora_conflict_heatmap_impression", shown))
            found.ours.append(ReplyCard("heatmap", "conflict_heatmap", drawn))
        break
    return rest


async def _enriched(turn: ChatTurn, found: OpenCards) -> None:
    """What else is like the first picks, if that was wanted. What may not leave is not asked about."""
    if not turn.ask.include_alternatives:
        return
    for number, card in enumerate(found.theirs):
        if card.type.lower() != "recommendations":
            continue
        items = card.payload["recommendations"]
        out = turn.outgoing(items)
        if out.kept:
            gaps = await reco_extras.enrich(turn, out.kept, made_up=False)
            # What is held back stays in until the envelope takes it out, and with it every word about it.
            held = [items[one.index] for one in out.held if not one.inside]
            found.theirs[number] = msgspec.structs.replace(
                card,
                payload={**card.payload, "recommendations": [*out.kept, *held]},
                field_missing=[*card.field_missing, *gaps],
            )
        return
