"""Nothing to buy unless it was asked for and the gates passed (contract B 8.3, decision 18)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aurora.contract.envelope import FieldMissing
from aurora.rules.upstream_answer import UpstreamCard

_TYPE_PARTS = ("reco", "offer", "checkout")
_KEYS = frozenset({
    "recommendations", "reco", "offers", "offer", "checkout", "purchase_route", "purchaseroute",
    "affiliate_url", "affiliateurl", "internal_checkout", "internalcheckout",
})  # fmt: skip
_KEY_DEPTH = 6

NOT_REQUESTED = "recommendations_not_requested"


def is_commerce(card: UpstreamCard) -> bool:
    """By its type, or because it carries recommendations under another name."""
    kind = card.type.lower()
    return any(part in kind for part in _TYPE_PARTS) or "recommendations" in card.payload


def sells(value: Any) -> bool:
    """Does a structure name anything to buy, in its first six levels?"""
    level: list[Any] = [value]
    for _ in range(_KEY_DEPTH):
        inner: list[Any] = []
        for outer in level:
            if isinstance(outer, dict):
                if any(isinstance(key, str) and key.lower() in _KEYS for key in outer):
                    return True
                inner.extend(outer.values())
            elif isinstance(outer, list):
                inner.extend(outer)
        level = inner
        if not level:
            return False
    return False


def strip(
    cards: Iterable[UpstreamCard],
    structured: dict[str, Any] | None,
    *,
    allowed: bool,
    why: str = NOT_REQUESTED,
) -> tuple[list[UpstreamCard], dict[str, Any] | None, list[FieldMissing]]:
    """What may leave, and what the gate_notice says of the rest.

    why: reason of the entries. Structured JSON that sells is held back whole.
    """
    kept = list(cards)
    if allowed:
        return kept, structured, []
    clean = [card for card in kept if not is_commerce(card)]
    held: list[FieldMissing] = []
    if len(clean) < len(kept):
        held.append(FieldMissing("cards", why))
    if structured is not None and sells(structured):
        structured = None
        held.append(FieldMissing("aurora_structured", why))
    return clean, structured, held
