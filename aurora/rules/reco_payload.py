"""What stands beside the items of an upstream's picks: evidence, gaps, warnings (contract D 2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora.contract.memory import Profile
from aurora.rules import evidence
from aurora.rules.matcher.score import band_of
from aurora.rules.text import fold, strings_in

MISSING_OR_INVALID = "upstream_missing_or_invalid"
_MOST = 12
# D 2.7: what the client may say as a warning; the rest is for those who debug.
_WARNING_LIKE = frozenset({
    "routine_missing", "over_budget", "price_unknown", "availability_unknown", "recent_logs_missing",
    "itinerary_unknown", "analysis_missing", "evidence_missing", "upstream_missing_or_unstructured",
    "upstream_missing_or_empty", "alternatives_partial",
})  # fmt: skip
_WARNINGS = ("warnings", "warning", "context_gaps", "warnings_info")
_SAYS_UNSURE = frozenset({"不确定", "unknown", "unsure"})


def rest_of(holder: Mapping[str, Any], *, profile: Profile | None) -> dict[str, Any]:
    """Payload keys that the card carries beside its items. holder: the object in which the items stood.

    A routine's are gathered from its steps instead: `rules.routine_plan`.
    """
    missing = _texts(holder.get("missing_info"))
    if knows_budget(profile):
        missing = [code for code in missing if code != "budget_unknown"]
    shaped = evidence.shaped(holder.get("evidence"))
    warnings = [code for key in _WARNINGS for code in _texts(holder.get(key))]
    warnings += [code for code in missing if code in _WARNING_LIKE]
    warnings += shaped["missing_info"]
    confidence = holder.get("confidence")
    numeric = isinstance(confidence, int | float) and not isinstance(confidence, bool)
    return {
        "evidence": shaped,
        "confidence": confidence if numeric else None,
        "missing_info": [code for code in dict.fromkeys(missing) if code not in _WARNING_LIKE][:_MOST],
        "warnings": list(dict.fromkeys(warnings))[:_MOST],
    }


def gaps_of(holder: Mapping[str, Any], rest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(field, reason) of what the source left out (D 2.1, 2.7)."""
    found = evidence.gaps(holder.get("evidence"))
    if rest.get("confidence") is None:
        found.append(("confidence", MISSING_OR_INVALID))
    return found


def knows_budget(profile: Profile | None) -> bool:
    """Whether the person said a budget, "not sure" included (D 5.6)."""
    tier = profile.budgetTier if profile else None
    return bool(band_of(tier)) or fold(tier or "").strip() in _SAYS_UNSURE


def _texts(value: Any) -> list[str]:
    return strings_in(value if isinstance(value, list) else [value], _MOST)
