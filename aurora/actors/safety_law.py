"""The last look at what leaves: nothing that a safety rule forbids this person is recommended (decision 19).

Steps check their items themselves, because their words, facts and counts must agree with what is left. This
law stands behind them for what no step has looked at: a card passed on from an upstream, a plan kept from
an earlier analysis, a step that is written next year. It needs nothing but the draft, so it is pure, and it
holds on every way out, cuts included, since the turn declares what is forbidden as soon as it knows the
person.
"""

from __future__ import annotations

from aurora.actors.draft import Draft, DraftCard, Gap
from aurora.rules.safety.leaving import GAP_REASON, left_of
from aurora.rules.safety.outgoing import behind
from aurora.rules.safety.wording import question_notice, refusal


def safe_for_the_person(draft: Draft, cards: list[DraftCard], counts: dict[str, int]) -> list[DraftCard]:
    """Cards without what the rules in `draft.forbidden` hold back; a notice for a card that lost all."""
    if not draft.forbidden:
        return cards
    kept: list[DraftCard] = []
    rules: list[str] = []
    lost: list[Gap] = []
    for card in cards:
        left = left_of(card.kind, card.payload, draft.forbidden)
        if left.payload and left.payload is not card.payload:
            card.payload = dict(left.payload)
        if not left.held:
            kept.append(card)
            continue
        counts["safety_held"] = counts.get("safety_held", 0) + len(left.held)
        gaps: list[Gap] = [(name, GAP_REASON) for name in dict.fromkeys(name for name, _ in left.held)]
        if not left.payload:
            lost += gaps
            rules += [rule for _, against in left.held for rule in against]
            continue
        card.gaps += [gap for gap in gaps if gap not in card.gaps]
        kept.append(card)
    if not rules:
        return kept
    return [*kept, *_instead(draft, kept, rules, lost)]


def _instead(draft: Draft, kept: list[DraftCard], rules: list[str], lost: list[Gap]) -> list[DraftCard]:
    """The notice for cards that are gone; one that stands already declares what is missing instead."""
    result = behind(rules, draft.lang)
    reasons = ("safety_block",) if result.blocks else ("safety_block", "low_confidence")
    for card in kept:
        if card.kind == "confidence_notice" and card.payload["reason"] in reasons:
            card.gaps += [gap for gap in lost if gap not in card.gaps]
            return []
    if result.blocks or not result.required_questions:
        payload = refusal(result, draft.lang, picks=True, held=True).notice
    else:
        payload = question_notice(result, draft.lang)
    card_id = f"safety_{draft.request_id}_held"
    return [DraftCard(card_id, "confidence_notice", payload, lost, None, "confidence_notice")]
