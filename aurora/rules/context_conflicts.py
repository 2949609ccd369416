"""Conflicts that the decision system found, as the client draws them (contract B 16.4, F 13.8).

The client counts a conflict only with a rule and two steps, and calls a routine compatible if it counts none
(F 16 T3). So a conflict of a known rule that names no steps is placed on the two groups that the rule is
about. One that cannot be placed is told in the summary, and no heatmap stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick
from aurora.rules.routine.conflict_rules import BY_ID, Pair
from aurora.rules.text import strings_in

MOST = 10
LAST_STEP = 15
_ID_CAP = 80
_TEXT_CAP = 220
_PAIR_KEYS = ("step_indices", "stepIndices")

_RISKY: Pair = (
    "Some of what you use may irritate together. Space the actives out, or alternate nights.",
    "你在用的有些成分放在一起容易刺激，建议错开，或隔晚交替。",
)
_FINE: Pair = ("No known conflict between these steps.", "这些步骤之间没有已知冲突。")

_RETINOID: Pair = ("Retinoid", "维A类")
_ACIDS: Pair = ("Acids", "酸类")
# What a rule is about: the axes of a conflict that names no steps.
_SIDES: dict[str, tuple[Pair, Pair]] = {
    "retinoid_x_acids": (_RETINOID, _ACIDS),
    "retinoid_x_bpo": (_RETINOID, ("Benzoyl peroxide", "过氧化苯甲酰")),
    "vitc_x_acids": (("Vitamin C", "维C"), _ACIDS),
    "multiple_exfoliants": (("AHA", "果酸"), ("BHA", "水杨酸")),
}


class Found(msgspec.Struct, frozen=True):
    """simulation: payload of `routine_simulation`. labels: one (EN, CN) pair per step of the heatmap's axes.

    placed: every conflict has its two steps, so that a heatmap may stand beside the simulation.
    """

    simulation: dict[str, Any]
    labels: tuple[Pair, ...]
    placed: bool


def from_upstream(detector: Any, lang: Lang) -> Found | None:
    """What `context.conflict_detector` says, or None if it says nothing that can be used."""
    if not isinstance(detector, Mapping) or not isinstance(detector.get("safe"), bool):
        return None
    listed = detector.get("conflicts")
    read = [_read(one, lang) for one in (listed[:MOST] if isinstance(listed, list) else [])]
    conflicts = [one for one in read if one is not None]
    safe = detector["safe"] and not conflicts
    labels = _place(conflicts)
    placed = [one for one in conflicts if "step_indices" in one]
    told = strings_in([detector.get("summary")], 1) or [pick(lang, _FINE if safe else _RISKY)]
    loose = [one["message"] for one in conflicts if "step_indices" not in one]
    return Found(
        {"safe": safe, "conflicts": placed, "summary": " ".join([*loose, *told])[:_TEXT_CAP]},
        labels,
        placed=not loose and bool(placed or safe),
    )


def _read(one: Any, lang: Lang) -> dict[str, Any] | None:
    if not isinstance(one, Mapping):
        return None
    rule_id = one.get("rule_id")
    if not isinstance(rule_id, str) or not rule_id.strip():
        return None
    rule = BY_ID.get(rule_id)
    told = strings_in([one.get("message")], 1)
    message = told[0][:_TEXT_CAP] if told else pick(lang, rule.message if rule else _RISKY)
    severity = one.get("severity")
    conflict: dict[str, Any] = {
        "severity": severity if severity in ("warn", "block") else rule.severity if rule else "warn",
        "rule_id": rule_id.strip()[:_ID_CAP],
        "message": message,
    }
    pair = _pair(one)
    return {**conflict, "step_indices": pair} if pair else conflict


def _pair(one: Mapping[str, Any]) -> list[int] | None:
    for key in _PAIR_KEYS:
        value = one.get(key)
        if isinstance(value, list) and len(value) == 2 and all(_is_index(step) for step in value):
            return sorted(value)
    return None


def _is_index(step: Any) -> bool:
    return isinstance(step, int) and not isinstance(step, bool) and 0 <= step <= LAST_STEP


def _place(conflicts: list[dict[str, Any]]) -> tuple[Pair, ...]:
    """Give steps to conflicts that have none, and name the axes. Steps of their own stay if all have them."""
    if all("step_indices" in one for one in conflicts):
        last = max((one["step_indices"][1] for one in conflicts), default=-1)
        return tuple((f"Step {n}", f"第{n}步") for n in range(1, last + 2))
    labels: list[Pair] = []
    for one in conflicts:
        sides = _SIDES.get(one["rule_id"])
        if sides is None:
            one.pop("step_indices", None)
            continue
        labels += [side for side in sides if side not in labels]
        one["step_indices"] = sorted(labels.index(side) for side in sides)
    return tuple(labels)
