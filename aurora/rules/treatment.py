"""Nothing strong when we are not sure: what is treatment-like, and when an answer must be gentle.

One list of terms and fields for the service and for the envelope validator (contract B 8.5, E 3.5): the
union of what either used to look at, so that nothing passes one and fails the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

CONSERVATIVE_MAX_SCORE = 0.75

_EN_TERMS = (
    "treatment", "retinoid", "retinol", "retinal", "retinaldehyde", "adapalene", "tretinoin", "aha",
    "bha", "pha", "salicylic", "glycolic", "lactic", "mandelic", "exfoliant", "chemical peel", "peel",
    "peeling", "resurfacing", r"high[- ]strength", r"benzoyl[- _]peroxide", "bpo",
)  # fmt: skip
_CN_TERMS = (
    "视黄醇", "视黄醛", "阿达帕林", "维a", "a醇", "果酸", "水杨酸", "杏仁酸", "乳酸", "甘醇酸", "焕肤",
    "去角质", "刷酸", "过氧化苯甲酰",
)  # fmt: skip

# ASCII boundaries, not \b: a Latin term between Chinese characters or underscores is still that term.
# Apart, each language is found by its first letters, several times faster than in one alternation.
_EN = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(_EN_TERMS)})s?(?![a-z0-9])")
_CN = re.compile("|".join(_CN_TERMS))

_TEXT_KEYS = frozenset({
    "step", "slot", "slot_step", "slotStep", "routine_slot", "stage", "category", "type",
    "product_type", "productType", "title", "name", "display_name", "displayName", "product_name",
    "productName", "notes", "reasons", "why", "key_actives", "keyActives", "active_ingredients",
    "activeIngredients", "ingredient", "ingredients", "matched_ingredients",
})  # fmt: skip

_MAX_DEPTH = 6


def _gather(value: Any, found: list[str], depth: int = 0) -> None:
    """Every string inside `value`, keys of objects included (an ingredient list may be a map)."""
    if isinstance(value, str):
        found.append(value)
    elif depth < _MAX_DEPTH:
        if isinstance(value, list | tuple):
            for inner in value:
                _gather(inner, found, depth + 1)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if isinstance(key, str):
                    found.append(key)
                _gather(inner, found, depth + 1)


def mentions_treatment(text: str) -> bool:
    """Whether free text names a treatment, a retinoid, an acid or a peel, in either language."""
    lower = text.lower()
    return _EN.search(lower) is not None or (not lower.isascii() and _CN.search(lower) is not None)


def is_treatment_like(item: Mapping[str, Any]) -> bool:
    """Whether a recommended item is, names or explains itself by something strong."""
    parts: list[str] = []
    for holder in (item, item.get("sku"), item.get("product")):
        if isinstance(holder, Mapping):
            for key, value in holder.items():
                if key in _TEXT_KEYS:
                    _gather(value, parts)
            pack = holder.get("evidence_pack")
            if isinstance(pack, Mapping):
                # What is in it counts; what its papers say of other products does not.
                _gather([pack.get(key) for key in ("keyActives", "key_actives")], parts)
    return mentions_treatment("\n".join(parts))


def numeric(value: Any) -> float | None:
    """A finite number, also from a numeric string; `None` for everything else (booleans included)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        number = float(value) if abs(value) < 1e300 else math.inf
    elif isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return None
    else:
        return None
    return number if math.isfinite(number) else None


def _unsure(level: Any, score: Any, *, has_score: bool) -> bool:
    """Low or medium by level, or by score; a score that is there but null counts as 0 (contract E 3.5)."""
    if isinstance(level, str) and level.strip().lower() in {"low", "medium"}:
        return True
    if not has_score:
        return False
    number = 0.0 if score is None else numeric(score)
    return number is not None and number <= CONSERVATIVE_MAX_SCORE


def conservative_context(
    cards: Iterable[tuple[str, Mapping[str, Any]]], events: Iterable[tuple[str, Mapping[str, Any]]]
) -> dict[str, Any] | None:
    """Why this envelope must stay gentle: a confidence node `{score, level, rationale}`, or None.

    cards: (type, payload) in order. events: (name, data). The node is the first unsure one found, as the
    fallback notice shows it; `{}` when the envelope is unsure but says so without a node.
    """
    unsure = False
    for kind, payload in cards:
        node = payload.get("confidence")
        if isinstance(node, Mapping) and _unsure(
            node.get("level"), node.get("score"), has_score="score" in node
        ):
            return dict(node)
        unsure = (
            unsure
            or (kind == "confidence_notice" and payload.get("reason") == "low_confidence")
            or _unsure(
                payload.get("recommendation_confidence_level"),
                payload.get("recommendation_confidence_score"),
                has_score=payload.get("recommendation_confidence_score") is not None,
            )
        )
    if unsure:
        return {}
    for name, data in events:
        if name == "recos_requested" and (
            data.get("low_confidence") is True
            or _unsure(
                data.get("confidence_level"),
                data.get("confidence_score"),
                has_score="confidence_score" in data,
            )
        ):
            return {}
    return None
