"""What an analysis lacks, in the codes that people may see (contract D 2.8, D 13.7).

Sources name dozens of gaps. A few mean something to a person and are shown under one stable name; facts
missing from the profile become a prompt to complete it; everything else stays here.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aurora.contract.memory import Profile
from aurora.rules.text import pattern

_SHOWN: dict[str, str] = {
    "concentration_unknown": "ingredient_concentration_unknown",
    "ingredient_concentration_unknown": "ingredient_concentration_unknown",
    "social_signals_missing": "social_data_limited",
    "social_data_limited": "social_data_limited",
    "competitors_low_coverage": "analysis_in_progress",
    "alternatives_limited": "analysis_in_progress",
    "competitor_sync_aurora_fallback_used": "analysis_in_progress",
    "upstream_analysis_missing": "analysis_in_progress",
    "analysis_in_progress": "analysis_in_progress",
    "catalog_product_missing": "product_not_resolved",
    "upstream_deep_scan_skipped_anchor_missing": "product_not_resolved",
    "anchor_product_missing": "product_not_resolved",
    "product_not_resolved": "product_not_resolved",
    "evidence_missing": "evidence_limited",
    "evidence_limited": "evidence_limited",
    "analysis_missing": "analysis_limited",
    "upstream_missing_or_unstructured": "analysis_limited",
    "upstream_missing_or_empty": "analysis_limited",
    "analysis_limited": "analysis_limited",
    "price_unknown": "price_temporarily_unavailable",
    "price_missing": "price_temporarily_unavailable",
    "price_temporarily_unavailable": "price_temporarily_unavailable",
}
_PRICE_PREFIX = "anchor_price_"
PROMPTED = ("skinType", "sensitivity", "barrierStatus", "goals")
_FIELDS = {
    "skintype": "skinType",
    "sensitivity": "sensitivity",
    "barrierstatus": "barrierStatus",
    "goals": "goals",
}
_OF_PROFILE = pattern(
    r"(?:skin_fit\.)?profile[._](?P<name>skin_?type|sensitivity|barrier_?status|goals)(?:_missing)?"
)
_MOST_CODES = 64


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """codes: `missing_info` and `user_facing_gaps` alike. profile_fields: what the prompt asks for."""

    codes: list[str]
    profile_fields: list[str]


def visible(raw: Iterable[object], profile: Profile | None) -> Gaps:
    """The gaps to show, from all codes of all sources, in the order in which they were named.

    The prompt asks for what a source missed and what we know to be missing ourselves.
    """
    codes: dict[str, None] = {}
    asked: set[str] = set()
    for number, code in enumerate(raw):
        if number == _MOST_CODES:
            break
        if not isinstance(code, str):
            continue
        name = code.strip()
        of_profile = _OF_PROFILE.fullmatch(name[:80].lower())
        if of_profile is not None:
            asked.add(_FIELDS[of_profile["name"].replace("_", "")])
            continue
        shown = _SHOWN.get(name)
        if shown is None and name.startswith(_PRICE_PREFIX):
            shown = "price_temporarily_unavailable"
        if shown is not None:
            codes[shown] = None
    known = profile or Profile()
    asked |= {field for field in PROMPTED if not getattr(known, field)}
    return Gaps(codes=list(codes), profile_fields=[field for field in PROMPTED if field in asked])
