"""An AM/PM routine from a decision reply (contract D 2.6, 2.7): its steps, and what stands around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Chip
from aurora.rules import evidence, normalise_reco
from aurora.rules.detectors import budget_tier
from aurora.rules.text import fold, strings_in
from aurora.rules.treatment import numeric
from aurora.rules.upstream_answer import first_object, too_deep

SLOTS = ("am", "pm")
MAX_STEPS = 12
MAX_NEXT_ACTIONS = 8
_CAP = 12
_PHRASES_EACH = 6

# Codes that warn about the answer rather than name a gap in it (D 2.7).
_WARNING_LIKE = frozenset({
    "routine_missing", "over_budget", "price_unknown", "availability_unknown", "recent_logs_missing",
    "itinerary_unknown", "analysis_missing", "evidence_missing", "upstream_missing_or_unstructured",
    "upstream_missing_or_empty", "alternatives_partial",
})  # fmt: skip


class RoutinePlan(msgspec.Struct, frozen=True, kw_only=True):
    """source: where the steps stood, as on the wire. steps: raw, each with its slot, mornings first. rest:
    payload keys beside them (D 5.13).
    """

    source: str
    steps: list[dict[str, Any]]
    rest: dict[str, Any]


def read(
    *,
    answer: str | None,
    structured: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None,
    recommendations: Sequence[Mapping[str, Any]] = (),
    cards: Sequence[Mapping[str, Any]] = (),
) -> RoutinePlan:
    """The routine of a reply: `context.routine`, else one in its structured part or in its answer.

    A reply without any may still bring products in one of the other places (D 5.2); they count as steps.
    """
    for source, holder in (
        (normalise_reco.ROUTINE, context),
        ("upstream_structured", structured),
        ("upstream_answer_json", first_object(answer)),
    ):
        steps = _steps((holder or {}).get("routine"))
        if steps:
            return RoutinePlan(source=source, steps=steps, rest=_rest(steps, context))
    place = normalise_reco.found_in(
        answer=answer, structured=structured, context=None, recommendations=recommendations, cards=cards
    )
    return RoutinePlan(source=place.source, steps=place.items, rest=_rest(place.items, context))


def next_actions(actions: Sequence[Mapping[str, Any]]) -> list[Chip]:
    """What the decision system proposes instead of a routine, as chips `chip.aurora.next_action.<id>`.

    At most eight; one without id and label is left out, an id twice too.
    """
    found: dict[str, Chip] = {}
    for action in actions:
        name, label = _text(action.get("id"), 60), _text(action.get("label"), 80)
        text = _text(action.get("text"), 400) or label
        name = "_".join(name.split())
        if not name or not label:
            continue
        chip_id = f"chip.aurora.next_action.{name}"
        found.setdefault(
            chip_id,
            Chip(chip_id=chip_id, label=label, data={"reply_text": text, "aurora_action_id": name}),
        )
        if len(found) == MAX_NEXT_ACTIONS:
            break
    return list(found.values())


def _steps(routine: Any) -> list[dict[str, Any]]:
    """`am[]` then `pm[]`; an own lawful slot of a step wins."""
    if not isinstance(routine, Mapping):
        return []
    steps: list[dict[str, Any]] = []
    for slot in SLOTS:
        listed = routine.get(slot)
        for step in listed[:MAX_STEPS] if isinstance(listed, list) else ():
            if isinstance(step, dict) and not too_deep(step):
                own = step.get("slot")
                steps.append({**step, "slot": own if own in SLOTS else slot})
    return steps


def _rest(steps: Sequence[Mapping[str, Any]], context: Mapping[str, Any] | None) -> dict[str, Any]:
    science: dict[str, list[Any]] = {"key_ingredients": [], "fit_notes": [], "risk_notes": []}
    expert: list[Any] = []
    scores: dict[str, list[float]] = {}
    for step in steps:
        pack = step.get("evidence_pack")
        pack = pack if isinstance(pack, Mapping) else {}
        science["key_ingredients"] += _listed(pack.get("keyActives"))
        science["fit_notes"] += _listed(step.get("notes")) + _listed(pack.get("comparisonNotes"))
        science["risk_notes"] += _listed(pack.get("sensitivityFlags"))
        expert += _listed(pack.get("pairingRules"))
        citations = strings_in(_listed(pack.get("citations")), _PHRASES_EACH)
        if citations:
            expert.append("; ".join(citations))
        expert += _phrases(step)
        for platform, score in _platform_scores(step).items():
            scores.setdefault(platform, []).append(score)
    means = {name: round(sum(given) / len(given), 3) for name, given in scores.items()}
    gaps = _gaps(steps, context)
    any_evidence = expert or means or any(science.values())
    shaped = evidence.shaped(
        {
            "science": {key: _once(values) for key, values in science.items()},
            "social_signals": {"platform_scores": means} if means else {},
            "expert_notes": _once(expert),
            "missing_info": [] if any_evidence else ["evidence_missing"],
        }
    )
    warnings = [code for code in gaps if code in _WARNING_LIKE] + shaped["missing_info"]
    return {
        "evidence": shaped,
        "confidence": None,
        "missing_info": [code for code in gaps if code not in _WARNING_LIKE],
        "warnings": _once(warnings),
    }


def _gaps(steps: Sequence[Mapping[str, Any]], context: Mapping[str, Any] | None) -> list[str]:
    gaps = [] if steps else ["routine_missing"]
    meta = (context or {}).get("meta")
    if isinstance(meta, Mapping):
        if meta.get("over_budget") is True:
            gaps.append("over_budget")
        hint = meta.get("budget", (context or {}).get("budget"))
        if not (isinstance(hint, str) and budget_tier(fold(hint[:80]))):
            gaps.append("budget_unknown")
    return gaps


def _phrases(step: Mapping[str, Any]) -> list[Any]:
    sku = step.get("sku")
    social = sku.get("social_stats") if isinstance(sku, Mapping) else None
    phrases = social.get("key_phrases") if isinstance(social, Mapping) else None
    if not isinstance(phrases, Mapping):
        return _listed(phrases)[:_PHRASES_EACH]
    return [phrase for given in phrases.values() for phrase in _listed(given)[:_PHRASES_EACH]]


def _platform_scores(step: Mapping[str, Any]) -> dict[str, float]:
    sku = step.get("sku")
    social = sku.get("social_stats") if isinstance(sku, Mapping) else None
    scores = social.get("platform_scores") if isinstance(social, Mapping) else None
    if not isinstance(scores, Mapping):
        return {}
    given = ((str(name)[:40], numeric(raw)) for name, raw in list(scores.items())[:_CAP])
    return {name: score for name, score in given if score is not None}


def _listed(value: Any) -> list[Any]:
    return value[:_CAP] if isinstance(value, list) else [value] if isinstance(value, str) else []


def _once(values: list[Any]) -> list[str]:
    return list(dict.fromkeys(strings_in(values, _CAP * _CAP)))[:_CAP]


def _text(value: Any, cap: int) -> str:
    return value.strip()[:cap].strip() if isinstance(value, str) else ""
