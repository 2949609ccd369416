"""The outgoing check over a whole card: every list inside its payload that recommends (decision 19).

The laws of the envelope call this for every card of every turn, whoever made it, so that no source can pass
it by. A step that words its answer calls `outgoing` on its items first: text, facts and counts then agree
with what is left.

What the person said of themselves (the stored profile, the routine they use) is theirs and stays. A verdict
on one product stays here whole if that product is out of the question for them; while it only depends on a
fact that is not known yet, the verdict may leave and the question goes along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.rules.safety.outgoing import against, may_name
from aurora.rules.safety.table import BY_ID

GAP_REASON = "safety_held_back"
"""`field_missing` reason of a list that something was held back from."""

_LISTS = frozenset({
    "recommendations", "recos", "picks", "alternatives", "similar", "dupes", "comparables", "competitors",
    "related_products", "candidates", "suggestions", "targets", "hero_ingredients", "am", "pm",
})  # fmt: skip
# In cards that sell, more names stand for a list of things to buy.
_LISTS_THAT_SELL = _LISTS | {"items", "products", "steps", "offers", "bundle", "results"}
_SELLS = ("reco", "offer", "checkout")
# In the card of a photo, what to do is a list of ingredients; elsewhere `actions` are codes.
_LISTS_OF_PHOTO = _LISTS | {"actions"}
_OWN = frozenset({"profile", "currentRoutine", "current_routine", "recent_logs", "field_missing"})
_OWN_CARDS = frozenset({
    "profile", "session_bootstrap", "diagnosis_gate", "product_parse", "routine_simulation",
    "conflict_heatmap", "confidence_notice", "gate_notice", "tracker_log", "error",
})  # fmt: skip
# Data of an upstream as it came: any of the names may stand in it.
_ANYTHING = frozenset({"aurora_structured", "aurora_context_raw"})
_MAX_DEPTH = 24
_PLAIN = (str, int, float, type(None))  # nothing stands inside


class Left(msgspec.Struct, frozen=True):
    """What is left of a payload. held: (name of the list, rules), one entry for each thing held back.

    payload is the very object that was given if nothing was changed, and {} if the whole card stays here.
    Lines of evidence that go with an item are not counted.
    """

    payload: Mapping[str, Any]
    held: tuple[tuple[str, tuple[str, ...]], ...] = ()


def left_of(kind: str, payload: Mapping[str, Any], forbidden: tuple[str, ...]) -> Left:
    """`payload` of a card of type `kind` (lower-cased), without what the rules `forbidden` hold back.

    A card that sells stays here whole if nothing is left in its lists, or if it still brings up something
    forbidden after that because it cannot be taken apart.
    """
    if not forbidden or kind in _OWN_CARDS or not may_name(payload, forbidden):
        return Left(payload)
    return _walked(kind, payload, forbidden)


def _walked(kind: str, payload: Mapping[str, Any], forbidden: tuple[str, ...]) -> Left:
    if kind == "product_analysis":
        rules = against(_judged(payload), forbidden)
        if any(BY_ID[rule].level == "BLOCK" for rule in rules):
            return Left({}, ((kind, rules),))
    sells = any(part in kind for part in _SELLS)
    named = _LISTS_OF_PHOTO if kind == "photo_modules_v1" else _LISTS
    walk = _Walk(forbidden, _LISTS_THAT_SELL if sells or kind in _ANYTHING else named)
    left = walk.object(payload, 0)
    if kind == "recommendations" and left.get("evidence"):
        evidence = _without_names(left["evidence"], forbidden, 0)
        left = left if evidence is left["evidence"] else {**left, "evidence": evidence}
    held = tuple(walk.held)
    if sells:
        if kind != "recommendations":
            rules = against({k: v for k, v in left.items() if k not in _OWN}, forbidden)
            held += ((kind, rules),) if rules else ()
        lists = [v for k, v in left.items() if k in _LISTS_THAT_SELL and isinstance(v, list)]
        if len(held) > len(walk.held) or (held and not any(lists)):
            return Left({}, held)
    return Left(left, held)


def _without_names(value: Any, forbidden: tuple[str, ...], depth: int) -> Any:
    """Evidence without the lines that speak of what is held back: an item that stays here is not named."""
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, Mapping):
        clean = {key: _without_names(inner, forbidden, depth + 1) for key, inner in value.items()}
        return value if all(clean[key] is inner for key, inner in value.items()) else clean
    if isinstance(value, list):
        kept = [
            _without_names(inner, forbidden, depth + 1)
            for inner in value
            if not (isinstance(inner, str) and against(inner, forbidden))
        ]
        same = len(kept) == len(value) and all(a is b for a, b in zip(kept, value, strict=True))
        return value if same else kept
    return value


def _judged(payload: Mapping[str, Any]) -> list[Any]:
    """The product that a verdict is about, and what is in it; not what is said of other things."""
    assessment, evidence = payload.get("assessment"), payload.get("evidence")
    science = evidence.get("science") if isinstance(evidence, Mapping) else None
    return [
        payload.get("product"),
        assessment.get("anchor_product") if isinstance(assessment, Mapping) else None,
        science.get("key_ingredients") if isinstance(science, Mapping) else None,
    ]


class _Walk:
    """One pass through a payload; only what changes is copied."""

    def __init__(self, forbidden: tuple[str, ...], lists: frozenset[str]) -> None:
        self.forbidden = forbidden
        self.lists = lists
        self.held: list[tuple[str, tuple[str, ...]]] = []
        self.judged: dict[int, tuple[str, ...]] = {}  # of objects in the payload, which outlives this

    def object(self, value: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        changed: dict[str, Any] = {}
        for key, inner in value.items():
            if isinstance(inner, _PLAIN) or key in _OWN:
                continue
            clean = self.any(inner, depth + 1, key if key in self.lists else "")
            if clean is not inner:
                changed[key] = clean
        if not changed:
            return value
        whole = {**value, **changed}
        if "recommendations" in changed and value.get("recommendations_count") is not None:
            whole["recommendations_count"] = len(whole["recommendations"])
        return whole

    def any(self, value: Any, depth: int, name: str) -> Any:
        if depth > _MAX_DEPTH:
            return value
        if isinstance(value, list):
            return self._list(value, depth, name)
        if isinstance(value, Mapping):
            if name and not self._holds_lists(value) and self._forbids(value, name):
                return {}
            return self.object(value, depth)
        return value

    def _holds_lists(self, value: Mapping[str, Any]) -> bool:
        return any(key in self.lists and isinstance(inner, list) for key, inner in value.items())

    def _list(self, values: list[Any], depth: int, name: str) -> list[Any]:
        kept: list[Any] = []
        same = True
        for value in values:
            if name and self._forbids(value, name):
                same = False
                continue
            if isinstance(value, _PLAIN):
                kept.append(value)
                continue
            # A list of lists keeps its meaning; the items of an item have names of their own.
            clean = self.any(value, depth + 1, name if isinstance(value, list) else "")
            same = same and clean is value
            kept.append(clean)
        return values if same else kept

    def _forbids(self, value: Any, name: str) -> bool:
        # A plan stands in its card twice, whole and in parts: the very same objects, judged once.
        rules = self.judged.get(id(value))
        if rules is None:
            rules = against(value, self.forbidden) if isinstance(value, str | Mapping) else ()
            self.judged[id(value)] = rules
        if rules:
            self.held.append((name, rules))
        return bool(rules)
