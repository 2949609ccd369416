"""Which ingredients suit, which to leave (contract C 21), never surer or stronger than the analysis itself.

Differences from the old service, both asked for: a target never also stands under `avoid`, and a gentle plan
holds no strong active. What pregnancy, breastfeeding, age, medicines or a stated contraindication forbid is
taken out last, whatever the rules above it say (decision 19).
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.analysis import ingredients
from aurora.rules.analysis.confidence import Confidence
from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.plan_rules import CONCERN_KINDS, LOW_AVOID, LOW_TARGETS, RULES
from aurora.rules.goals import goal_kind
from aurora.rules.notices import pick
from aurora.rules.text import fold

MAX_TARGETS = 10
MAX_AVOID = 10


class _Target(msgspec.Struct):
    base: int
    hero: bool
    why: list[str]


def build(
    facts: Intake,
    confidence: Confidence,
    *,
    concerns: tuple[str, ...],
    plan_id: str,
    created_at: str,
    lang: Lang,
) -> dict[str, Any]:
    """The plan object. concerns: ids of the artifact's concerns; confidence: `confidence.plan_confidence`."""
    if confidence.level == "low" or facts.red_flags:
        return _fixed(facts, confidence, plan_id, created_at, lang)
    tokens = _tokens(facts, concerns)
    targets: dict[str, _Target] = {}
    avoid: dict[str, tuple[str, list[str]]] = {}
    wanted: set[str] = set()
    for rule in RULES:
        matched = [token for token in tokens if token in rule.when]
        if not matched:
            continue
        if rule.intensity:
            wanted.add(rule.intensity)
        for name, base, hero, least in rule.targets:
            if confidence.score >= least:
                _aim(targets, name, base, hero, matched)
        for name, severity in rule.avoid:
            _leave(avoid, name, severity, rule.reason)
    if "firmness" in tokens and "retinol" in targets:
        wanted.add("active")
    intensity = _intensity(facts, confidence, wanted)
    for name, severity, reason in _forbidden(facts):
        _leave(avoid, name, severity, reason)
    held_back = _held_back(facts)
    kept = {
        name: target
        for name, target in targets.items()
        if name not in avoid
        and name not in held_back
        and not (intensity == "gentle" and name in ingredients.STRONG)
    }
    if intensity == "active" and not any(
        name in ingredients.STRONG or name == "azelaic_acid" for name in kept
    ):
        intensity = "balanced"  # what would have made it active is not in it
    ranked = sorted(
        ((name, _priority(facts, name, t.base, confidence.score), t) for name, t in kept.items()),
        key=lambda row: (-row[1], row[0]),
    )[:MAX_TARGETS]
    return _plan(
        plan_id,
        created_at,
        intensity,
        [_target(name, t.hero, p, t.why, confidence, lang) for name, p, t in ranked],
        [_avoided(name, severity, reasons, confidence, lang) for name, (severity, reasons) in avoid.items()][
            :MAX_AVOID
        ],
        _conflicts([name for name, _, _ in ranked], lang),
        confidence,
    )


def card_payload(plan: dict[str, Any]) -> dict[str, Any]:
    """Payload of the `ingredient_plan` card."""
    return {
        "plan": plan,
        **{key: plan[key] for key in ("intensity", "targets", "avoid", "conflicts", "confidence")},
    }


def _tokens(facts: Intake, concerns: tuple[str, ...]) -> list[str]:
    told = (
        ("barrier_fragile", facts.fragile),
        ("sensitivity_high", facts.very_sensitive),
        ("sensitivity_medium", facts.somewhat_sensitive),
        ("stings", facts.stings),
        ("skin_oily", facts.oily),
        ("skin_dry", facts.dry),
    )
    kinds = [CONCERN_KINDS.get(fold(c).strip()) or goal_kind(c) for c in (*concerns, *facts.goals)]
    return list(dict.fromkeys([*(name for name, is_so in told if is_so), *(k for k in kinds if k), "always"]))


def _aim(targets: dict[str, _Target], name: str, base: int, hero: bool, why: list[str]) -> None:
    known = targets.get(name)
    if known is None:
        targets[name] = _Target(base, hero, list(why))
        return
    known.base = max(known.base, base)
    known.hero = known.hero or hero
    known.why += [w for w in why if w not in known.why]


def _leave(avoid: dict[str, tuple[str, list[str]]], name: str, severity: str, reason: str) -> None:
    known, reasons = avoid.get(name, ("caution", []))
    worst = "avoid" if "avoid" in (known, severity) else "caution"
    avoid[name] = (worst, reasons if reason in reasons else [*reasons, reason])


def _intensity(facts: Intake, confidence: Confidence, wanted: set[str]) -> str:
    if "gentle" in wanted or facts.fragile or facts.very_sensitive:
        return "gentle"
    return "active" if "active" in wanted and confidence.level == "high" else "balanced"


def _forbidden(facts: Intake) -> list[tuple[str, str, str]]:
    """(ingredient, severity, reason) that the person's circumstances rule out."""
    found: list[tuple[str, str, str]] = []
    if facts.no_retinoids:
        found.append(("retinol", "avoid", "pregnancy"))
    if facts.pregnancy == "pregnant":
        found.append(("salicylic_acid", "caution", "pregnancy"))
    if facts.on_isotretinoin:
        found += [(name, "avoid", "medication") for name in ("retinol", "salicylic_acid", "benzoyl_peroxide")]
    found += [
        (known.id, "avoid", "contraindication")
        for known in ingredients.TABLE
        if any(ingredients.named_in(c, known.id) for c in facts.contraindications)
    ]
    return found


def _held_back(facts: Intake) -> frozenset[str]:
    """Retinol waits until we know that it is safe: not pregnant, and an adult as far as we know."""
    grown = facts.age_band not in {"under_13", "13_17"}
    return frozenset() if facts.pregnancy == "not_pregnant" and grown else frozenset({"retinol"})


def _priority(facts: Intake, name: str, base: int, score: float) -> int:
    weight = base * score
    if facts.fragile and name in ingredients.STRONG:
        weight *= 0.55
    if facts.very_sensitive and name in {"retinol", "salicylic_acid", "benzoyl_peroxide"}:
        weight *= 0.5
    if _in_routine(facts, name):
        weight *= 0.85
    return min(100, max(5, math.floor(weight + 0.5)))


def _in_routine(facts: Intake, name: str) -> bool:
    return bool(facts.routine_text) and ingredients.named_in(facts.routine_text, name)


def _fixed(
    facts: Intake, confidence: Confidence, plan_id: str, created_at: str, lang: Lang
) -> dict[str, Any]:
    """The one plan that is safe for skin we know too little about."""
    avoid: dict[str, tuple[str, list[str]]] = {name: ("avoid", ["low_confidence"]) for name in LOW_AVOID}
    for name, severity, reason in _forbidden(facts):
        _leave(avoid, name, severity, reason)
    name, text = ingredients.LOW_CONFIDENCE_GUARD
    return _plan(
        plan_id,
        created_at,
        "gentle",
        [_target(t, True, p, ["low_confidence"], confidence, lang) for t, p in LOW_TARGETS if t not in avoid],
        [_avoided(n, severity, reasons, confidence, lang) for n, (severity, reasons) in avoid.items()][
            :MAX_AVOID
        ],
        [{"id": name, "description": pick(lang, text), "evidence": [_evidence(["low_confidence"])]}],
        confidence,
    )


def _plan(
    plan_id: str,
    created_at: str,
    intensity: str,
    targets: list[dict[str, Any]],
    avoid: list[dict[str, Any]],
    conflicts: list[dict[str, Any]],
    confidence: Confidence,
) -> dict[str, Any]:
    return {
        "plan_id": plan_id,
        "created_at": created_at,
        "intensity": intensity,
        "targets": targets,
        "avoid": avoid,
        "conflicts": conflicts,
        "confidence": {**confidence.as_node(), "rationale": list(confidence.rationale)[:6]},
    }


def _target(
    name: str, hero: bool, priority: int, why: list[str], confidence: Confidence, lang: Lang
) -> dict[str, Any]:
    return {
        "ingredient_id": name,
        "role": "hero" if hero else "support",
        "priority": priority,
        "usage_guidance": ingredients.guidance(name, lang),
        "confidence": confidence.as_node(),
        "evidence": [_evidence(why)],
    }


def _avoided(
    name: str, severity: str, reasons: list[str], confidence: Confidence, lang: Lang
) -> dict[str, Any]:
    return {
        "ingredient_id": name,
        "reason": [pick(lang, ingredients.REASONS[reason]) for reason in reasons][:4],
        "severity": severity,
        "confidence": confidence.as_node(),
        "evidence": [_evidence(reasons)],
    }


def _conflicts(names: list[str], lang: Lang) -> list[dict[str, Any]]:
    return [
        {"id": known, "description": pick(lang, text), "evidence": [_evidence(sorted(pair))]}
        for known, pair, text in ingredients.CONFLICTS
        if pair <= set(names)
    ][:8]


def _evidence(supports: list[str]) -> dict[str, Any]:
    return {
        "source": "rule",
        "supports": list(supports)[:8],
        "ref": {"type": "rule", "id": "ingredient_plan_v1"},
        "reliabilityWeight": 0.68,
    }
