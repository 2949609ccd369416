"""Something new for who asks again: products shown a moment ago go to the back (contract D 5.5).

The order is a function of what the conversation remembers and of nothing else, so it can be replayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.contract.memory import Shown

# D 5.5 and D 6: how long and how many are remembered, how many repeats stay, how short a list may become.
KEPT_MS = 45 * 60 * 1000
MOST_KEPT = 24
MAX_REPEAT = 1
MIN_TOTAL = 3


def key_of(item: Mapping[str, Any]) -> str:
    """How a shown product is remembered."""
    sku = item.get("sku")
    sku = sku if isinstance(sku, Mapping) else {}
    named = f"{sku.get('brand', '')} {sku.get('name', '')}".strip()
    return str(sku.get("sku_id") or sku.get("product_id") or named).lower()[:160]


def varied(items: Sequence[dict[str, Any]], shown: Sequence[Shown], now_ms: int) -> list[dict[str, Any]]:
    """`items` with at most one repeat if enough new ones are left, else the new ones first.

    Among repeats, those shown longest ago come first. Nothing is dropped from a list that would become
    shorter than three.
    """
    recent = {one.key: one.at_ms for one in shown if now_ms - one.at_ms < KEPT_MS}
    new = [item for item in items if key_of(item) not in recent]
    again = sorted((item for item in items if key_of(item) in recent), key=lambda item: recent[key_of(item)])
    ordered = [*new, *again]
    shortened = ordered[: len(new) + MAX_REPEAT]
    return shortened if len(shortened) >= MIN_TOTAL else ordered


def remembered(shown: Sequence[Shown], items: Sequence[Mapping[str, Any]], now_ms: int) -> list[Shown]:
    """What was shown, these items included: the newest 24 of the last 45 minutes, newest last."""
    keys = list(dict.fromkeys(key_of(item) for item in items))
    before = [one for one in shown if one.key not in keys and now_ms - one.at_ms < KEPT_MS]
    return [*before, *(Shown(key=key, at_ms=now_ms) for key in keys)][-MOST_KEPT:]
