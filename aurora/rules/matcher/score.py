"""How well a product fits one person, 0 to 100, and every number behind it (contract D 5.9).

    score = round(100 x (0.45 coverage + 0.15 skin + 0.15 barrier + 0.10 budget + 0.10 availability
                         - 0.05 caution)), clamped to 0..100 (95 is the most that can be reached)

The numbers are the old service's own (contract D 5.9); none was measured on people. What we changed: budget
tiers are read as what they say (defect 16), and an unknown band or region is neither held for nor against.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.memory import Profile
from aurora.rules.analysis.ingredients import TABLE, named_in
from aurora.rules.matcher.slots import Entry
from aurora.rules.text import fold

WEIGHTS = {"coverage": 0.45, "skin": 0.15, "barrier": 0.15, "budget": 0.10, "availability": 0.10}
CAUTION_WEIGHT = 0.05

SKIN_PLAIN, SKIN_FITS = 0.65, 0.9  # 0.9: oily with `lightweight`, dry with `repair`
BARRIER_PLAIN = 0.65
BARRIER_FRAGILE_REPAIR, BARRIER_FRAGILE_TREATMENT, BARRIER_FRAGILE_OTHER = 0.95, 0.2, 0.6
BARRIER_STEADY_TREATMENT = 0.82
BUDGET_SAME, BUDGET_OTHER, BUDGET_UNKNOWN = 1.0, 0.45, 0.65
THERE_UNKNOWN, THERE_YES, THERE_NO = 0.7, 1.0, 0.3
CAUTION_EACH, CAUTION_MOST = 0.12, 0.35

# What people and clients call these, in both languages.
_FRAGILE_BARRIERS = frozenset({"impaired", "compromised", "damaged", "weak", "受损", "不稳定", "脆弱"})
_VERY_SENSITIVE = frozenset({"high", "sensitive", "高", "敏感"})
_SKIN = {
    "oily": "oily", "油性": "oily", "油皮": "oily", "dry": "dry", "干性": "dry", "干皮": "dry",
}  # fmt: skip
# Tiers as the client sends them (D 13, defect 16), and the words of D 5.9; anything else is unknown.
_BANDS = {
    "¥200": "low", "200": "low", "low": "low", "budget": "low", "entry": "low",
    "¥500": "mid", "500": "mid", "mid": "mid", "medium": "mid",
    "¥1000+": "high", "1000+": "high", "¥1000": "high", "high": "high", "premium": "high", "lux": "high",
    "luxury": "high",
}  # fmt: skip
_REGIONS = {
    "CHINA": "CN", "中国": "CN", "中国大陆": "CN", "USA": "US", "UNITED STATES": "US", "AMERICA": "US",
    "GB": "UK", "UNITED KINGDOM": "UK", "EUROPE": "EU", "美国": "US", "欧洲": "EU", "英国": "UK",
}  # fmt: skip
_GLOBAL = "GLOBAL"


class Wanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody's plan and profile ask of a product.

    targets: (ingredient, priority 0..100). avoid: (ingredient, avoid | caution). skin_type: oily, dry or "".
    band: low, mid, high, "" if unknown. region: upper case, "" if unknown. gentle: nothing strong may be
    proposed. per_slot: 1..8.
    """

    targets: tuple[tuple[str, int], ...]
    avoid: tuple[tuple[str, str], ...] = ()
    skin_type: str = ""
    fragile: bool = False
    band: str = ""
    region: str = ""
    gentle: bool = False
    per_slot: int = 4


def wanted_of(plan: Mapping[str, Any], profile: Profile | None, *, gentle: bool, per_slot: int = 4) -> Wanted:
    """Read a stored plan (contract C 21) and a profile; what has the wrong shape is left out."""
    person = profile or Profile()
    targets = {
        name: min(100, max(0, round(priority)))
        for name, row in _rows(plan.get("targets"))
        if isinstance(priority := row.get("priority"), int | float) and math.isfinite(priority)
    }
    avoid = {
        name: "caution" if row.get("severity") == "caution" else "avoid"
        for name, row in _rows(plan.get("avoid"))
    }
    # The plan may be older than what the person has said since.
    avoid |= {
        known.id: "avoid"
        for known in TABLE
        if any(named_in(text, known.id) for text in person.contraindications)
    }
    return Wanted(
        targets=tuple(targets.items()),
        avoid=tuple(avoid.items()),
        skin_type=_SKIN.get(_word(person.skinType), ""),
        fragile=_word(person.sensitivity) in _VERY_SENSITIVE
        or _word(person.barrierStatus) in _FRAGILE_BARRIERS,
        band=band_of(person.budgetTier),
        region=region_of(person.region),
        gentle=gentle,
        per_slot=min(8, max(1, per_slot)),
    )


def band_of(tier: str | None) -> str:
    """low, mid, high, or "" (D 13, defect 16: ¥200, ¥500, ¥1000+, 不确定)."""
    return _BANDS.get("".join(fold(tier or "").replace("￥", "¥").split()), "")


def region_of(region: str | None) -> str:
    """A country in the catalogue's writing; "" if unknown."""
    told = (region or "").strip().upper()
    return _REGIONS.get(told, told)


def hits(entry: Entry, wanted: Wanted) -> list[tuple[str, int]]:
    """The targets that a product declares, in the plan's order."""
    declared = entry.product.ingredient_ids
    return [(name, priority) for name, priority in wanted.targets if name in declared]


def coverage(entry: Entry, wanted: Wanted) -> float:
    """Share of the plan's priority that a product serves, 0..1."""
    total = sum(priority for _, priority in wanted.targets)
    return sum(priority for _, priority in hits(entry, wanted)) / total if total else 0.0


def barrier_fit(entry: Entry, wanted: Wanted) -> float:
    """How well it sits with the person's barrier, 0..1."""
    if wanted.fragile:
        if "repair" in entry.product.risk_tags:
            return BARRIER_FRAGILE_REPAIR
        return BARRIER_FRAGILE_TREATMENT if entry.slot == "treatment" else BARRIER_FRAGILE_OTHER
    return BARRIER_STEADY_TREATMENT if entry.slot == "treatment" else BARRIER_PLAIN


def score(entry: Entry, wanted: Wanted) -> int:
    """The score of a product that is not excluded."""
    parts = {
        "coverage": coverage(entry, wanted),
        "skin": _skin_fit(entry, wanted),
        "barrier": barrier_fit(entry, wanted),
        "budget": _budget_fit(entry, wanted),
        "availability": _availability(entry, wanted),
    }
    cautions = sum(1 for name, severity in wanted.avoid if severity == "caution" and name in entry.contains)
    total = sum(WEIGHTS[name] * value for name, value in parts.items())
    total -= CAUTION_WEIGHT * min(CAUTION_MOST, CAUTION_EACH * cautions)
    return min(100, max(0, math.floor(100 * total + 0.5)))


def _skin_fit(entry: Entry, wanted: Wanted) -> float:
    tags = entry.product.risk_tags
    oily = wanted.skin_type == "oily" and "lightweight" in tags
    dry = wanted.skin_type == "dry" and "repair" in tags
    return SKIN_FITS if oily or dry else SKIN_PLAIN


def _budget_fit(entry: Entry, wanted: Wanted) -> float:
    if not wanted.band or entry.product.price_band is None:
        return BUDGET_UNKNOWN
    return BUDGET_SAME if entry.product.price_band == wanted.band else BUDGET_OTHER


def _availability(entry: Entry, wanted: Wanted) -> float:
    scope = entry.product.market_scope
    if not wanted.region or not scope:
        return THERE_UNKNOWN
    return THERE_YES if wanted.region in scope or _GLOBAL in scope else THERE_NO


def _rows(value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    rows = value if isinstance(value, list) else []
    return [
        (name, row)
        for row in rows
        if isinstance(row, Mapping) and isinstance(name := row.get("ingredient_id"), str) and name
    ]


def _word(value: str | None) -> str:
    return "_".join(fold(value or "").split())
