"""What must hold for the payload of a card, type by type, before it leaves (contract A 4.2, B 3, F 13, F 16).

Each law takes a payload and returns a payload; none changes its argument. Types are lower-cased.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick
from aurora.rules.treatment import is_treatment_like, numeric

# Cards for which the client draws nothing (contract F 13); they do not count as an answer to a request.
HIDDEN_TYPES = frozenset({"gate_notice", "budget_gate", "session_bootstrap", "aurora_context_raw"})
RECO_STATES = frozenset({"RECO_GATE", "RECO_CONSTRAINTS", "RECO_RESULTS"})

_COMMERCE_MARKS = ("reco", "offer", "checkout")


def is_commerce(kind: str, payload: Mapping[str, Any]) -> bool:
    """Whether a card sells (decision 18). An `offers_resolved` card without a single offer does not."""
    if not any(mark in kind for mark in _COMMERCE_MARKS):
        return False
    if kind == "offers_resolved":
        items = payload.get("items")
        return isinstance(items, list) and any(isinstance(i, Mapping) and i.get("offer") for i in items)
    return True


def without_nulls(value: Any, depth: int = 0) -> Any:
    """`value` with null entries removed from lists of objects: the client dies on a null card part (F 16 T1).

    Looks four levels deep into objects and lists, and copies only what it has to change.
    """
    if depth > 4:
        return value
    if isinstance(value, dict):
        changed: dict[str, Any] | None = None
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                clean = without_nulls(inner, depth + 1)
                if clean is not inner:
                    changed = dict(value) if changed is None else changed
                    changed[key] = clean
        return value if changed is None else changed
    if isinstance(value, list) and value:
        holds_objects = any(isinstance(v, dict) for v in value)
        if holds_objects or all(v is None for v in value):
            kept = [without_nulls(v, depth + 1) for v in value if v is not None]
            same = len(kept) == len(value) and all(a is b for a, b in zip(kept, value, strict=True))
            return value if same else kept
    return value


# --- product_analysis -------------------------------------------------------------------------------------

_INTERNAL_KEYS = frozenset({
    "missing_info_internal", "internal_debug_codes", "llm_raw_response", "suggestion_debug", "input_hash",
    "candidate_tracking", "candidate_tracking_internal", "internal_attribution", "tracking",
})  # fmt: skip
_INTERNAL_CANDIDATE_KEYS = frozenset({
    "internal_reason_codes", "ref_id", "input_hash", "suggestion_debug", "llm_raw_response",
})  # fmt: skip
_PROMPT_FIELDS = ("skinType", "sensitivity", "barrierStatus", "goals")


def _public_candidate(candidate: Any) -> Any:
    if not isinstance(candidate, dict) or _INTERNAL_CANDIDATE_KEYS.isdisjoint(candidate):
        return candidate
    return {k: v for k, v in candidate.items() if k not in _INTERNAL_CANDIDATE_KEYS}


def public_product_analysis(payload: Mapping[str, Any], *, always_prompt: bool) -> dict[str, Any]:
    """Internal keys removed; with `always_prompt`, `profile_prompt {needed:true}` is always there (T2)."""
    public = {k: v for k, v in payload.items() if k not in _INTERNAL_KEYS}
    for key in ("competitors", "related_products", "dupes"):
        block = public.get(key)
        if isinstance(block, dict) and isinstance(block.get("candidates"), list):
            public[key] = {**block, "candidates": [_public_candidate(c) for c in block["candidates"]]}
        elif isinstance(block, list):  # as an upstream may send it
            public[key] = {"candidates": [_public_candidate(c) for c in block]}
    if always_prompt:
        prompt = public.get("profile_prompt")
        fields = prompt.get("missing_fields") if isinstance(prompt, dict) else None
        missing = [f for f in fields if f in _PROMPT_FIELDS] if isinstance(fields, list) else []
        public["profile_prompt"] = {"needed": True, "missing_fields": missing}
    return public


# --- recommendations --------------------------------------------------------------------------------------


def with_object_items(payload: Mapping[str, Any]) -> dict[str, Any]:
    """`payload` whose `recommendations` is a list of objects, whatever was there."""
    items = payload.get("recommendations")
    if not isinstance(items, list):
        return _with_items(payload, [])
    kept = [i for i in items if isinstance(i, dict)]
    return dict(payload) if len(kept) == len(items) else _with_items(payload, kept)


def _with_items(payload: Mapping[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    """`recommendations` replaced, and the count kept true where there was one."""
    replaced = {**payload, "recommendations": items}
    if payload.get("recommendations_count") is not None:
        replaced["recommendations_count"] = len(items)
    return replaced


def without_treatments(payload: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The payload without treatment-like items and alternatives, and how many items were removed."""
    items = payload.get("recommendations")
    if not isinstance(items, list):
        return dict(payload), 0
    kept: list[dict[str, Any]] = []
    removed = 0
    for item in items:
        if not isinstance(item, dict):
            continue
        if is_treatment_like(item):
            removed += 1
            continue
        others = item.get("alternatives")
        if isinstance(others, list):
            gentle = [o for o in others if isinstance(o, dict) and not is_treatment_like(o)]
            kept.append(item if len(gentle) == len(others) else {**item, "alternatives": gentle})
        else:
            kept.append(item)
    return _with_items(payload, kept), removed


def _has_purchase_path(item: Mapping[str, Any]) -> bool:
    if any(item.get(key) for key in ("affiliate_url", "purchase_url", "url")):
        return True
    offers = item.get("offers")
    for offer in [item.get("offer"), *(offers if isinstance(offers, list) else ())]:
        if isinstance(offer, Mapping) and (
            offer.get("affiliate_url")
            or isinstance(offer.get("internal_checkout"), Mapping)
            or offer.get("purchase_route")
        ):
            return True
    return False


# --- field_missing that the card itself demands -----------------------------------------------------------

_FLAT_OFFER = re.compile(r"items\[\d+\]\.offer")


def _is_ambiguous(payload: Mapping[str, Any]) -> bool:
    if any(payload.get(k) is True for k in ("needs_disambiguation", "ambiguous")):
        return True
    if any(payload.get(k) == "needs_disambiguation" for k in ("reason", "error")):
        return True
    status = payload.get("status")
    if isinstance(status, str) and ("ambiguous" in status.lower() or "disambiguat" in status.lower()):
        return True
    candidates = payload.get("candidates")
    return isinstance(candidates, list) and len(candidates) > 1


def demanded_field_missing(kind: str, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(field, reason) pairs that this card must declare (contract A 4.2, the enforcer)."""
    found: list[tuple[str, str]] = []
    if kind == "recommendations":
        if payload.get("recommendations_count") is None:
            found.append(("payload.recommendations_count", "upstream_timeout"))
        items = payload.get("recommendations")
        if (
            isinstance(items, list)
            and items
            and isinstance(items[0], Mapping)
            and not _has_purchase_path(items[0])
        ):
            found.append(("payload.recommendations[0].purchase_path", "catalog_not_available"))
    elif kind == "offers_resolved":
        items = payload.get("items")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if not isinstance(item, Mapping) or item.get("offer") is None:
                found.append((f"items[{index}].offer", "catalog_not_available"))
        found.extend(
            (key, "catalog_not_available")
            for key, value in payload.items()
            if value is None and _FLAT_OFFER.fullmatch(str(key))
        )
    elif kind == "product_parse":
        has_ref = any(isinstance(payload.get(k), str) and payload[k] for k in ("product_ref", "productRef"))
        has_ref = has_ref or isinstance(payload.get("product"), Mapping)
        has_anchor = any(payload.get(k) for k in ("anchor_product_id", "anchorProductId"))
        confidence = numeric(payload.get("confidence"))
        if not has_ref and not has_anchor:
            reason = "needs_disambiguation" if _is_ambiguous(payload) else "parse_failed"
            found.append(("payload.product_ref", reason))
        elif has_ref and confidence is not None and confidence < 0.5:
            found.append(("payload.product_ref", "low_confidence"))
    return found


# --- analysis_summary -------------------------------------------------------------------------------------

MIN_FEATURES = 3
MIN_PLAN_LINES = 3

# True of any analysis of ours, whatever it found: what it rests on, what it lacks, how careful it is.
_LAST_FEATURES = (
    (
        "Conservative reading: I only rely on what you told me and what could be measured",
        "保守解读：只依据你提供的信息和能够测量到的内容",
    ),
    (
        "More to learn: daylight photos and your current routine would sharpen this",
        "还可补充：自然光照片和当前护肤步骤能让结果更准",
    ),
    (
        "Not a diagnosis: this is everyday skincare guidance, not a medical finding",
        "并非诊断：这是日常护肤建议，不是医学结论",
    ),
)
_LAST_PLAN = (
    (
        "Keep it simple for a week: gentle cleanser, moisturizer, daytime sunscreen.",
        "先简化一周：温和洁面、保湿，白天涂防晒。",
    ),
    (
        "Add nothing strong yet; change one product at a time.",
        "暂时不加强效成分，一次只更换一件产品。",
    ),
    (
        "If it stings or reddens, stop that product and tell me.",
        "如果刺痛或泛红，先停用那件产品并告诉我。",
    ),
)
# What the client takes for a plan line (contract F 13.1).
_NUMBERED = re.compile(r"^[ \t]*\d{1,2}[.)](?!\d)[ \t]*\S", re.MULTILINE)
_LIST_MARK = re.compile(r"^[ \t]*(?:[-•*]|\d{1,2}[.)](?!\d))[ \t]*")


def _observation(value: Any) -> str:
    text = value.get("observation") if isinstance(value, Mapping) else None
    return text.strip() if isinstance(text, str) else ""


def numbered_lines(strategy: str) -> int:
    """How many lines of the strategy the client would draw as plan steps."""
    return len(_NUMBERED.findall(strategy))


def lawful_summary(payload: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """At least three features and three numbered plan lines, with no other list before them (decision 13).

    Content that suffices is left as it is. What is missing is filled with statements that are true of any
    analysis, because the client fills gaps with fixed claims about the person's skin (measured, T4).
    """
    analysis = payload.get("analysis")
    analysis = dict(analysis) if isinstance(analysis, Mapping) else {}
    given = analysis.get("features")
    features = [f for f in given if _observation(f)] if isinstance(given, list) else []
    for pair in _LAST_FEATURES:
        if len(features) >= MIN_FEATURES:
            break
        features.append({"observation": pick(lang, pair), "confidence": "pretty_sure"})
    analysis["features"] = features

    strategy = analysis.get("strategy")
    strategy = strategy if isinstance(strategy, str) else ""
    if numbered_lines(strategy) < MIN_PLAN_LINES or _other_list_first(strategy):
        analysis["strategy"] = _renumbered(strategy, lang)
    return {**payload, "analysis": analysis}


def _other_list_first(strategy: str) -> bool:
    """Whether a bullet stands before the first numbered line."""
    for line in strategy.splitlines():
        if _NUMBERED.match(line):
            return False
        if _LIST_MARK.match(line):
            return True
    return False


def _renumbered(strategy: str, lang: Lang) -> str:
    """Plan lines numbered anew from 1, filled up to three; other text stands before and after them."""
    before: list[str] = []
    after: list[str] = []
    steps: list[str] = []
    for line in strategy.splitlines():
        mark = _LIST_MARK.match(line)
        if mark and line[mark.end() :].strip():
            steps.append(line[mark.end() :].strip())
        elif line.strip():
            (after if steps else before).append(line.strip())
    for pair in _LAST_PLAN:
        if len(steps) >= MIN_PLAN_LINES:
            break
        steps.append(pick(lang, pair))
    return "\n".join([*before, *(f"{n}. {step}" for n, step in enumerate(steps, 1)), *after])
