"""From what was gathered to what may leave: the laws of the envelope, in their order.

`seal` is a pure function of a draft, the settings and the turn's base fields. Each law is a small function on
the draft; the laws about single payloads are in `rules.card_laws`, `rules.notices` and `rules.treatment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from aurora.actors.draft import Draft, DraftCard, Gap
from aurora.actors.envelope_check import Sealed, checked_body, minimal
from aurora.actors.envelope_parts import (
    audit_event_data,
    lawful_chips,
    lawful_event,
    lawful_patch,
)
from aurora.actors.envelope_words import lawful_message, spoken
from aurora.actors.safety_law import safe_for_the_person
from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.envelope import Card, Envelope, FieldMissing
from aurora.rules import card_laws
from aurora.rules.next_state import derive_next_state
from aurora.rules.notices import lawful_notice, notice
from aurora.rules.safe_links import may_hold_unsafe_links, without_unsafe_links
from aurora.rules.treatment import conservative_context
from aurora.settings import Settings

MAX_EVENTS = 64
MAX_EVENTS_BEFORE_GUARD = 32
MAX_RECO_GAPS = 8


def seal(draft: Draft, settings: Settings, events_base: Mapping[str, Any]) -> Sealed:
    """Apply every law and encode. Never raises: an envelope that fails its own shape is replaced (A 4.2)."""
    counts: dict[str, int] = {}
    cards = lawful_cards(draft, settings)
    cards = as_promised(without_unearned_commerce(draft, cards, counts))
    cards = without_recommendations_beside_safety(cards)
    cards = without_empty_recommendations(cards)
    cards = gentle_when_unsure(draft, cards, counts)
    cards = without_recommendations_beside_safety(safe_for_the_person(draft, cards, counts))
    cards = never_nothing(draft, cards, counts)
    with_demanded_gaps(cards, counts)
    with_own_ids(cards)

    message = spoken(draft, cards, counts)
    next_state = derive_next_state([(c.kind, c.payload) for c in cards], draft.asked_state)
    chips = lawful_chips(draft, next_state, counts)
    patch = lawful_patch(draft, next_state, settings)
    most = MAX_EVENTS - 1 if draft.chat else MAX_EVENTS  # the audit is one of them
    events = [lawful_event(name, data, events_base) for name, data in draft.events[:most]]
    if draft.chat:
        audit = audit_event_data(draft, message, cards, len(chips), next_state, counts)
        ids = {key: events_base[key] for key in ("timestamp", "request_id", "trace_id")}
        events.append({"event_name": "quality_audit", **ids, "data": audit})
    envelope = Envelope(
        request_id=draft.request_id,
        trace_id=draft.trace_id,
        assistant_message=message,
        suggested_chips=chips,
        cards=[_card(c) for c in cards],
        session_patch=patch,
        events=events,
    )
    body = checked_body(envelope)
    if body is None:
        return minimal(draft, counts)
    reasons = frozenset(c.payload["reason"] for c in cards if c.kind == "confidence_notice")
    return Sealed(envelope, body, counts, reasons)


# --- cards ------------------------------------------------------------------------------------------------


def wire_gaps(value: Any) -> list[Gap]:
    """The well-formed entries of a `field_missing` list from outside."""
    if not isinstance(value, list):
        return []
    return [
        (entry["field"], entry["reason"])
        for entry in value
        if isinstance(entry, Mapping) and _text(entry.get("field")) and _text(entry.get("reason"))
    ]


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def lawful_cards(draft: Draft, settings: Settings) -> list[DraftCard]:
    """Fresh cards whose every part has its type; each payload lawful for what the card says it is."""
    lawful: list[DraftCard] = []
    for card in draft.cards:
        shown = (card.type.strip() if isinstance(card.type, str) else "") or "aurora_card"
        kind = shown.lower()
        payload = card.payload if isinstance(card.payload, dict) else _as_object(card.payload)
        payload = _clean(kind, payload)
        match kind:
            case "confidence_notice":
                payload = lawful_notice(payload, draft.lang)
            case "recommendations":
                payload = card_laws.with_object_items(payload)
            case "analysis_summary":
                payload = card_laws.lawful_summary(payload, draft.lang)
            case "product_analysis":
                payload = card_laws.public_product_analysis(
                    payload, always_prompt=settings.always_profile_prompt
                )
        lawful.append(
            DraftCard(
                card.card_id if _text(card.card_id) else f"card_{draft.request_id}",
                shown,
                payload,
                [g for g in dict.fromkeys(card.gaps) if _text(g[0]) and _text(g[1])],
                card.title if isinstance(card.title, str) else None,
                kind,
                card.foreign,
            )
        )
    return lawful


def as_promised(cards: list[DraftCard]) -> list[DraftCard]:
    """Cards of an upstream leave only if their payload is what their type promises."""
    return [card for card in cards if not card.foreign or _of_its_type(card.kind, card.payload)]


# What the person said of herself comes back as she said it.
_TOLD = frozenset({
    "profile", "session_bootstrap", "diagnosis_gate", "tracker_log", "tracker_recent", "affiliate_outcome",
})  # fmt: skip


def _clean(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Without nulls in lists of objects and without unsafe links. Its JSON tells whether to look at all."""
    try:
        encoded = msgspec.json.encode(payload)
    except (TypeError, ValueError, RecursionError):
        encoded = None
    if encoded is None or b"[null" in encoded or b",null" in encoded:
        payload = card_laws.without_nulls(payload)
    if kind not in _TOLD and (encoded is None or may_hold_unsafe_links(encoded)):
        payload = without_unsafe_links(payload)
    return payload


def _of_its_type(kind: str, payload: dict[str, Any]) -> bool:
    """Whether a payload from outside is what its type promises; types that we do not know promise nothing."""
    shape = CARD_PAYLOADS.get(kind)
    try:
        return shape is None or msgspec.convert(payload, shape, strict=True) is not None
    except msgspec.ValidationError:
        return False


def _own(card_id: str, kind: str, payload: dict[str, Any], gaps: list[Gap] | None = None) -> DraftCard:
    """A card that a law adds."""
    return DraftCard(card_id, kind, payload, gaps or [], None, kind)


def _as_object(payload: Any) -> dict[str, Any]:
    if isinstance(payload, Mapping):
        return dict(payload)
    return {} if payload is None else {"value": payload}


def without_unearned_commerce(
    draft: Draft, cards: list[DraftCard], counts: dict[str, int]
) -> list[DraftCard]:
    """Cards that sell leave only if the flow declared that the gates passed (B 8.3, decision 18)."""
    kept = cards
    gaps = [g for g in draft.loose_gaps if _text(g[0]) and _text(g[1])]
    if not draft.commerce_allowed:
        kept = [c for c in cards if not card_laws.is_commerce(c.kind, c.payload)]
        if len(kept) < len(cards):
            counts["commerce_removed"] = len(cards) - len(kept)
            gaps.append(("cards", "recommendations_not_requested"))
    if gaps:
        gate = _own(f"gate_{draft.request_id}", "gate_notice", {}, list(dict.fromkeys(gaps)))
        kept = [*kept, gate]
    return kept


def without_recommendations_beside_safety(cards: list[DraftCard]) -> list[DraftCard]:
    """A safety block and something to buy never stand in one envelope."""
    if not any(c.kind == "confidence_notice" and c.payload["reason"] == "safety_block" for c in cards):
        return cards
    return [
        c
        for c in cards
        if not card_laws.is_commerce(c.kind, c.payload) and not c.payload.get("recommendations")
    ]


def without_empty_recommendations(cards: list[DraftCard]) -> list[DraftCard]:
    """An empty list is a titled tile with nothing in it (F 16 T6): the card goes."""
    return [c for c in cards if c.kind != "recommendations" or c.payload["recommendations"]]


def gentle_when_unsure(draft: Draft, cards: list[DraftCard], counts: dict[str, int]) -> list[DraftCard]:
    """In low or medium confidence nothing treatment-like leaves (B 8.5 stage B)."""
    holders = [c for c in cards if isinstance(c.payload.get("recommendations"), list)]
    if not holders:
        return cards
    context = conservative_context([(c.kind, c.payload) for c in cards], draft.events)
    if context is None:
        return cards
    total = sum(len(c.payload["recommendations"]) for c in holders)
    removed = 0
    for card in holders:
        card.payload, gone = card_laws.without_treatments(card.payload)
        removed += gone
        if gone:
            card.gaps.append(("recommendations", "low_confidence_treatment_filtered"))
    kept = without_empty_recommendations(cards)
    if not removed:
        return kept
    counts["treatments_removed"] = removed
    fallback = not any(
        (c.kind == "recommendations")
        or (c.kind == "confidence_notice" and c.payload["reason"] == "low_confidence")
        for c in kept
    )
    if fallback:
        counts["low_medium_fallback"] = 1
        node = context or {"score": 0.55, "level": "medium", "rationale": ["low_medium_reco_policy"]}
        payload = notice(
            "low_confidence",
            draft.lang,
            confidence=node,
            actions=("upload_daylight_and_indoor_white", "update_current_routine", "retry_recommendations"),
            details=("low_medium_treatment_filtered_all",),
        )
        kept = [*kept, _own(f"conf_{draft.request_id}_low_medium", "confidence_notice", payload)]
    filtered = {"filtered_count": removed, "total_count": total, "fallback_applied": fallback}
    draft.events = [*draft.events[: MAX_EVENTS - 2], ("reco_low_medium_treatment_filtered", filtered)]
    return kept


def never_nothing(draft: Draft, cards: list[DraftCard], counts: dict[str, int]) -> list[DraftCard]:
    """No envelope without a card the client or the validator can count (B 8.6, decisions 2 and 5)."""
    if draft.refused:
        return cards
    visible = any(c.kind not in card_laws.HIDDEN_TYPES for c in cards)
    if draft.attempted_recommendations and not visible:
        return _guarded(draft, cards, counts)
    if draft.interrupted and not any(c.kind == "confidence_notice" for c in cards):
        late = notice("timeout_degraded", draft.lang, actions=_ways_on(draft))
        return [*cards, _own(f"conf_{draft.request_id}", "confidence_notice", late)]
    if cards:
        return cards
    if lawful_message(draft) is not None:
        return [_own(f"gate_{draft.request_id}", "gate_notice", {"kind": "text_only"})]
    counts["nothing_said"] = 1
    empty = notice("timeout_degraded", draft.lang, actions=_ways_on(draft))
    return [_own(f"conf_{draft.request_id}", "confidence_notice", empty)]


def _ways_on(draft: Draft) -> tuple[str, ...]:
    return () if draft.attempted_recommendations else ("retry_recommendations", "update_current_routine")


def _guarded(draft: Draft, cards: list[DraftCard], counts: dict[str, int]) -> list[DraftCard]:
    """An attempt to recommend that ended with nothing to show: a notice stands for it."""
    late = (
        draft.artifact_usable
        or draft.interrupted
        or any(
            name == "analysis_timeout_degraded"
            or data.get("reason") == "timeout_degraded"
            or data.get("source") == "upstream_timeout"
            for name, data in draft.events
        )
    )
    if late:
        payload = notice(
            "timeout_degraded",
            draft.lang,
            confidence={
                "score": 0.35,
                "level": "low",
                "rationale": ["empty_cards_guard_timeout_degraded"],
            },
            details=("empty_cards_guard_applied",),
        )
    else:
        payload = notice(
            "artifact_missing",
            draft.lang,
            confidence={"score": 0.0, "level": "low", "rationale": ["empty_cards_guard_artifact_missing"]},
            details=("empty_cards_guard_applied",),
        )
    if not draft.artifact_usable:
        counts["guard_fallback"] = 1
        applied = {"reason": payload["reason"], "applied": True, "previous_card_count": len(cards)}
        draft.events = [*draft.events[:MAX_EVENTS_BEFORE_GUARD], ("reco_output_guard_fallback", applied)]
    return [_own(f"conf_{draft.request_id}_guard", "confidence_notice", payload)]


def with_demanded_gaps(cards: list[DraftCard], counts: dict[str, int]) -> None:
    """Each card declares what it lacks (A 4.2, the enforcer); recommendations at most eight entries."""
    added = 0
    for card in cards:
        for gap in card_laws.demanded_field_missing(card.kind, card.payload):
            if gap not in card.gaps:
                card.gaps.append(gap)
                added += 1
        card.gaps = list(dict.fromkeys(card.gaps))
        if card.kind == "recommendations" and len(card.gaps) > MAX_RECO_GAPS:
            card.gaps = card.gaps[-MAX_RECO_GAPS:]
    if added:
        counts["field_missing_added"] = added


def with_own_ids(cards: list[DraftCard]) -> None:
    """Card ids are the client's list keys: a second use gets a number."""
    seen: set[str] = set()
    for card in cards:
        base, number = card.card_id, 2
        while card.card_id in seen:
            card.card_id, number = f"{base}_{number}", number + 1
        seen.add(card.card_id)


def _card(draft: DraftCard) -> Card:
    return Card(
        card_id=draft.card_id,
        type=draft.type,
        payload=draft.payload,
        field_missing=[FieldMissing(field, reason) for field, reason in draft.gaps],
        title=UNSET if draft.title is None else draft.title,
    )
