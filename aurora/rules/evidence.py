"""Evidence in its one full shape, whatever a source sent (contract D 2.1): never absent, never half."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora.rules.text import strings_in
from aurora.rules.treatment import numeric

_CAP = 12
_SCIENCE = (
    ("key_ingredients", "keyIngredients"), ("mechanisms", "mechanisms"), ("fit_notes", "fitNotes"),
    ("risk_notes", "riskNotes"),
)  # fmt: skip
_SOCIAL = (
    ("typical_positive", "typicalPositive"), ("typical_negative", "typicalNegative"),
    ("risk_for_groups", "riskForGroups"),
)  # fmt: skip


def shaped(value: Any) -> dict[str, Any]:
    """`{science, social_signals, expert_notes, confidence, missing_info}` with every list there.

    A single string counts as a list of one; snake_case and camelCase are both read.
    """
    given = value if isinstance(value, Mapping) else {}
    science = _object(given.get("science"))
    social = _object(given.get("social_signals", given.get("socialSignals")))
    missing = _texts(given.get("missing_info", given.get("missingInfo")))
    signals: dict[str, Any] = {key: _texts(social.get(key, social.get(camel))) for key, camel in _SOCIAL}
    scores = _object(social.get("platform_scores", social.get("platformScores")))
    kept = {name: score for name, raw in scores.items() if (score := numeric(raw)) is not None}
    if kept:
        signals["platform_scores"] = kept
    return {
        "science": {key: _texts(science.get(key, science.get(camel))) for key, camel in _SCIENCE},
        "social_signals": signals,
        "expert_notes": _texts(given.get("expert_notes", given.get("expertNotes"))),
        "confidence": numeric(given.get("confidence")),
        "missing_info": missing or ([] if given else ["evidence_missing"]),
    }


def gaps(value: Any) -> list[tuple[str, str]]:
    """(field, reason) of what an evidence object lacks, as `field_missing` says it (contract D 2.1)."""
    if not isinstance(value, Mapping):
        return [("evidence", "upstream_missing_or_invalid")]
    found: list[tuple[str, str]] = []
    if not isinstance(value.get("science"), Mapping):
        found.append(("evidence.science", "upstream_missing_or_invalid"))
    if not isinstance(value.get("social_signals", value.get("socialSignals")), Mapping):
        found.append(("evidence.social_signals", "upstream_missing_or_invalid"))
    if not _texts(value.get("expert_notes", value.get("expertNotes"))):
        found.append(("evidence.expert_notes", "upstream_missing_or_empty"))
    return found


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:
    return strings_in(value if isinstance(value, list) else [value], _CAP)
