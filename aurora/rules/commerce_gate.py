"""Nothing to buy unless it was asked for and the gates passed (contract B 8.3, decision 18)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from aurora.contract.envelope import FieldMissing
from aurora.rules.upstream_answer import UpstreamCard

_TYPE_PARTS = ("reco", "offer", "checkout")
_KEYS = frozenset({
    "recommendations", "reco", "offers", "offer", "checkout", "purchase_route", "purchaseroute",
    "affiliate_url", "affiliateurl", "internal_checkout", "internalcheckout",
})  # fmt: skip
MAX_DEPTH = 24  # deeper than that nothing is read from an upstream at all
_PURCHASE_KEYS = frozenset({
    "offers", "offer", "checkout", "purchase_route", "purchaseroute", "affiliate_url", "affiliateurl",
    "purchase_url", "purchaseurl", "internal_checkout", "internalcheckout",
})  # fmt: skip
# About one product, and no recommendation (decision 18): without ways to buy they may leave.
_ABOUT_ONE = ("product_", "dupe_")

NOT_REQUESTED = "recommendations_not_requested"


def is_commerce(card: UpstreamCard) -> bool:
    """By its type, or because it sells under another name."""
    kind = card.type.lower()
    if any(part in kind for part in _TYPE_PARTS):
        return True
    return "recommendations" in card.payload if kind.startswith(_ABOUT_ONE) else sells(card.payload)


def sells(value: Any) -> bool:
    """Does a structure name anything to buy? The contract looks six levels deep; when in doubt we look on."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
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


def without_purchase(value: Any) -> Any:
    """`value` without ways to buy, at any depth; the rest as it was."""
    if isinstance(value, dict):
        return {
            key: without_purchase(inner)
            for key, inner in value.items()
            if not (isinstance(key, str) and key.lower() in _PURCHASE_KEYS)
        }
    return [without_purchase(inner) for inner in value] if isinstance(value, list) else value


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
    clean = [_thinned(card) for card in kept if not is_commerce(card)]
    held: list[FieldMissing] = []
    if len(clean) < len(kept):
        held.append(FieldMissing("cards", why))
    if structured is not None and sells(structured):
        structured = None
        held.append(FieldMissing("aurora_structured", why))
    return clean, structured, held


def _thinned(card: UpstreamCard) -> UpstreamCard:
    if not card.type.lower().startswith(_ABOUT_ONE):
        return card
    return msgspec.structs.replace(card, payload=without_purchase(card.payload))
