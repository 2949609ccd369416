"""The conflict heatmap: a simulation drawn over the axes of its steps (contract D 8.3, F 13.8).

A simulation may be ours or an upstream's, so nothing about its shape is taken for granted. What cannot be
placed on the axes is told beside them (`unmapped_conflicts`), never dropped without a trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from aurora.rules.routine import conflict_rules
from aurora.rules.routine.conflict_rules import Pair
from aurora.rules.routine.steps import LABEL_CAP, SHORT_CAP
from aurora.rules.treatment import numeric

SCHEMA = "aurora.ui.conflict_heatmap.v1"

MAX_STEPS = 16
MAX_CELLS = 64
MAX_RULE_IDS = 3
MAX_ADVICE = 3
MAX_UNMAPPED = 10
_TEXT_CAP = 220
_ADVICE_CAP = 160
_CONFLICTS_READ = 200
_ID_CAP = 80

_SEVERITIES = {"block": 3, "warn": 2, "low": 1, "none": 0, "": 0}
_OTHER_SEVERITY = 2
_PAIR_KEYS = ("step_indices", "stepIndices", "step_pair", "stepPair")

_TITLE: Pair = ("Conflict heatmap", "搭配冲突图")
_SUBTITLE: Pair = ("How your steps get along, two by two", "每两步之间合不合拍")
_FOOTER: Pair = (
    "Guidance on compatibility and irritation, not medical advice.",
    "仅为搭配与刺激性的参考，不是医疗建议。",
)
_LEVELS = {"en": ["None", "Low", "Warn", "Block"], "zh": ["无", "低", "警告", "阻断"]}


class Placed(msgspec.Struct, frozen=True):
    """A conflict as it was read. pair: distinct, lower first, or None."""

    rule_id: str
    severity: int
    pair: tuple[int, int] | None


def placeholder() -> dict[str, Any]:
    """The payload while the flag is off: the schema's name and nothing else."""
    return {"schema_version": SCHEMA}


def heatmap(simulation: Mapping[str, Any] | None, labels: Sequence[Pair]) -> dict[str, Any]:
    """The full payload. labels: one (EN, CN) pair for each step index; only the first 16 get a place."""
    axis = [_axis_item(index, label) for index, label in enumerate(labels[:MAX_STEPS])]
    found = list(_read(simulation))
    cells = _cells([one for one in found if _fits(one, len(axis))])
    loose = sorted(
        (one for one in found if not _fits(one, len(axis))), key=lambda one: (-one.severity, one.rule_id)
    )
    if simulation is None or not axis:
        state = "unavailable"
    elif not found:
        state = "no_conflicts"
    else:
        state = "has_conflicts_partial" if loose else "has_conflicts"
    axes = {
        "axis_id": "steps",
        "type": "routine_steps",
        "max_items": MAX_STEPS,
        "items": axis,
    }
    version = simulation.get("schema_version") if simulation is not None else None
    return {
        "schema_version": SCHEMA,
        "state": state,
        "title_i18n": _i18n(_TITLE),
        "subtitle_i18n": _i18n(_SUBTITLE),
        "axes": {"rows": axes, "cols": axes, "diagonal_policy": "empty"},
        "severity_scale": {
            "min": 0,
            "max": 3,
            "meaning": "0 none, 1 low, 2 warn, 3 block",
            "labels_i18n": _LEVELS,
            "mapping_from_routine_simulation": {"warn": 2, "block": 3},
        },
        "cells": {
            "encoding": "sparse",
            "default_severity": 0,
            "items": cells,
            "max_items": MAX_CELLS,
            "max_rule_ids_per_cell": MAX_RULE_IDS,
            "max_recommendations_per_cell": MAX_ADVICE,
        },
        "unmapped_conflicts": [
            {
                "rule_id": one.rule_id,
                "severity": one.severity,
                "message_i18n": _i18n(_why(one.rule_id)),
            }
            for one in loose[:MAX_UNMAPPED]
        ],
        "footer_note_i18n": _i18n(_FOOTER),
        "generated_from": {
            "routine_simulation_schema_version": version[:_ID_CAP]
            if isinstance(version, str) and version
            else "unknown",
            "routine_simulation_safe": simulation is not None and simulation.get("safe") is True,
            "conflict_count": len(found),
        },
    }


def impression(
    payload: Mapping[str, Any], simulation: Mapping[str, Any], trigger_source: str
) -> dict[str, Any]:
    """Data of `aurora_conflict_heatmap_impression` for a full payload."""
    cells, loose = payload["cells"]["items"], payload["unmapped_conflicts"]
    return {
        "schema_version": payload["schema_version"],
        "state": payload["state"],
        "num_steps": len(payload["axes"]["rows"]["items"]),
        "num_cells_nonzero": len(cells),
        "num_unmapped_conflicts": len(loose),
        "max_severity": max((one["severity"] for one in [*cells, *loose]), default=0),
        "routine_simulation_safe": simulation.get("safe") is True,
        "routine_conflict_count": payload["generated_from"]["conflict_count"],
        "trigger_source": trigger_source,
    }


def severity_of(value: Any) -> int:
    """0 to 3 from a number or a word; a word we do not know warns."""
    if isinstance(value, bool):
        return _OTHER_SEVERITY
    if isinstance(value, int | float):
        return int(max(0.0, min(3.0, numeric(value) or 0.0)))
    if value is None:
        return 0
    return (
        _SEVERITIES.get(value.strip().lower(), _OTHER_SEVERITY) if isinstance(value, str) else _OTHER_SEVERITY
    )


def pair_of(conflict: Mapping[str, Any]) -> tuple[int, int] | None:
    """The first two step indices that a conflict names, if they are distinct; lower first."""
    for key in _PAIR_KEYS:
        value = conflict.get(key)
        if isinstance(value, list):
            numbers = [n for each in value[:8] if (n := _index(each)) is not None][:2]
            if len(numbers) == 2:
                return (min(numbers), max(numbers)) if numbers[0] != numbers[1] else None
    return None


def _index(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) <= 4 and value.isascii() and value.isdigit():
        return int(value)
    return None


def _read(simulation: Mapping[str, Any] | None) -> Iterator[Placed]:
    listed = simulation.get("conflicts") if simulation is not None else None
    for conflict in listed[:_CONFLICTS_READ] if isinstance(listed, list) else ():
        if isinstance(conflict, Mapping):
            rule_id = conflict.get("rule_id", conflict.get("ruleId"))
            named = rule_id.strip()[:_ID_CAP] if isinstance(rule_id, str) else ""
            yield Placed(named or "unknown", severity_of(conflict.get("severity")), pair_of(conflict))


def _fits(one: Placed, size: int) -> bool:
    return one.pair is not None and one.pair[0] >= 0 and one.pair[1] < size


def _cells(placed: Sequence[Placed]) -> list[dict[str, Any]]:
    by_pair: dict[tuple[int, int], list[Placed]] = {}
    for one in placed:
        if one.pair is not None:
            by_pair.setdefault(one.pair, []).append(one)
    return [_cell(pair, by_pair[pair]) for pair in sorted(by_pair)][:MAX_CELLS]


def _cell(pair: tuple[int, int], ones: Sequence[Placed]) -> dict[str, Any]:
    gravest = min(ones, key=lambda one: (-one.severity, one.rule_id))
    rule = conflict_rules.BY_ID.get(gravest.rule_id)
    advice = rule.advice if rule else conflict_rules.OTHER_ADVICE
    return {
        "cell_id": f"cell_{pair[0]}_{pair[1]}",
        "row_index": pair[0],
        "col_index": pair[1],
        "severity": gravest.severity,
        "rule_ids": sorted({one.rule_id for one in ones})[:MAX_RULE_IDS],
        "headline_i18n": _i18n(rule.headline if rule else conflict_rules.OTHER_HEADLINE),
        "why_i18n": _i18n(_why(gravest.rule_id)),
        "recommendations": [_i18n(one.text, _ADVICE_CAP) for one in advice[:MAX_ADVICE]],
    }


def _why(rule_id: str) -> Pair:
    rule = conflict_rules.BY_ID.get(rule_id)
    return rule.why if rule else conflict_rules.OTHER_WHY


def _axis_item(index: int, label: Pair) -> dict[str, Any]:
    return {
        "index": index,
        "step_key": f"step_{index}",
        "label_i18n": _i18n(label, LABEL_CAP),
        "short_label_i18n": _i18n(label, SHORT_CAP),
    }


def _i18n(pair: Pair, cap: int = _TEXT_CAP) -> dict[str, str]:
    """Both languages, cut; a blank one copies the other, two blanks become a dash."""
    en, zh = (text.strip()[:cap].rstrip() for text in pair)
    return {"en": en or zh or "—", "zh": zh or en or "—"}
