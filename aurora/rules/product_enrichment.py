"""An analysis as one person reads it (contract D 2.9).

Sources judge a product. Whoever reads that gets her own lines before the source's, the ingredient that
matters most, and no verdict kinder than her skin allows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules import product_texts as texts
from aurora.rules.product_analysis import MAX_REASONS, Analysis, in_words
from aurora.rules.product_heroes import Known, as_hero, cares, hero_of, known_in
from aurora.rules.product_reading import product_of
from aurora.rules.text import hit, pattern

_IDS: Final = ("sku_id", "product_id")
_LEAST_REASONS: Final = 2
_STRONG: Final = frozenset({"retinoid", "acid", "strong_acid", "benzoyl_peroxide"})
_ACIDS: Final = frozenset({"acid", "strong_acid", "mild_acid"})
_IRRITATES: Final = frozenset({*_STRONG, "mild_acid", "fragrance", "high_irritation", "drying_alcohol"})

# Reasons that would fit any product (contract D 2.9).
_GENERIC_EN: Final = pattern(
    r"\boverall fit\b|\blooks reasonable\b|\bseems (?:suitable|risky)\b"
    r"|\b(?:broadly|generally) compatible\b|\bcompatible with most\b|\bworks for most\b"
    r"|\bgood fit for most\b"
)
_GENERIC_CN: Final = re.compile("整体|总体|大体|一般来说|比较适合|相对适合|看起来还行|大多数")
_CJK: Final = re.compile(r"[\u3400-\u9fff]")


def usable(analysis: Analysis) -> bool:
    """Whether there is a verdict in it; only such a one is kept, and ends the asking."""
    return analysis.verdict not in (None, "unknown")


def identified(analysis: Analysis, product: Mapping[str, Any] | None) -> Analysis:
    """The same, about `product` as far as its source did not say which one it judged."""
    known = product_of(product)
    if known is None or product is None:
        return analysis
    named = analysis.product or {}
    if analysis.product is None:
        named = {**known, **({"price": product["price"]} if "price" in product else {})}
    elif not any(key in named for key in _IDS):
        named = {**named, **{key: known[key] for key in _IDS if key in known}}
    codes = [code for code in analysis.codes if code != "anchor_product_missing"]
    return msgspec.structs.replace(analysis, product=named, codes=codes)


def without_answer(analysis: Analysis, lang: Lang, *, why: str = "no_answer") -> Analysis:
    """No verdict is "unknown", and why (`texts.unknown_reasons`)."""
    if usable(analysis) or (analysis.verdict is not None and analysis.reasons):
        return analysis
    return msgspec.structs.replace(analysis, verdict="unknown", reasons=texts.unknown_reasons(why, lang))


def personal(analysis: Analysis, profile: Profile | None, lang: Lang) -> Analysis:
    """The analysis as this person reads it: 2 to 5 reasons, the main ingredient, a verdict to her skin."""
    known = known_in(analysis.key_ingredients)
    risks = _risk_codes(analysis, known)
    worded = in_words(analysis, lang)
    own = texts.profile_lines(profile, known, lang, strong=bool(_STRONG & risks))
    given = [line for line in worded.reasons if not _is_generic(line)]
    if lang == "CN" and own:
        given = [line for line in given if _CJK.search(line)]
    hero, hero_line = _hero(worded, known, lang)
    if hero_line and any(_about(hero_line, hero, line) for line in given):
        hero_line = ""
    lines = _unique([*own, hero_line, *given])
    if len(lines) < _LEAST_REASONS or not (given or hero_line):
        lines = _unique([*lines, *_derived(worded, lang)])
    if not lines:
        lines = [texts.from_evidence("label_only", (), lang)]
    told = msgspec.structs.replace(worded, reasons=lines[:MAX_REASONS], hero=hero)
    if told.verdict in ("suitable", "likely") and _asks_for_care(profile, risks):
        return told.no_better_than_caution([])
    return told


def _risk_codes(analysis: Analysis, known: Sequence[Known]) -> set[str]:
    science = analysis.evidence.get("science", {})
    said = [*analysis.reasons, *science.get("risk_notes", [])]
    return {*cares(known), *(line.lower() for line in said if line.lower() in _IRRITATES)}


def _asks_for_care(profile: Profile | None, risks: set[str]) -> bool:
    """Whether what is in it and her skin do not allow a plain yes (contract D 3.2)."""
    if profile is None:
        return False
    if profile.sensitivity == "high" or profile.barrierStatus == "impaired":
        return bool(_IRRITATES & risks)
    return profile.sensitivity == "medium" and bool(_ACIDS & risks)


def _hero(analysis: Analysis, known: Sequence[Known], lang: Lang) -> tuple[dict[str, Any] | None, str]:
    """The main ingredient, as its source says or else as we know it, and the line about it."""
    if analysis.hero is not None:
        why = analysis.hero.get("why", "")
        return analysis.hero, texts.named_hero_line(analysis.hero["name"], why, lang)
    hero = hero_of(known)
    if hero is None:
        return None, ""
    return dict(as_hero(hero, lang)), texts.hero_line(hero, lang)


def _about(hero_line: str, hero: Mapping[str, Any] | None, line: str) -> bool:
    """Does a reason say already which ingredient matters most?"""
    low = line.lower()
    named = str((hero or {}).get("name", "")).lower()
    return bool(hero_line) and bool(named) and named in low and ("impactful" in low or "最关键" in low)


def _derived(analysis: Analysis, lang: Lang) -> list[str]:
    """Reasons out of the evidence, the cautious ones first for a cautious verdict."""
    science = analysis.evidence.get("science", {})
    social = analysis.evidence.get("social_signals", {})
    risks = science.get("risk_notes", [])
    against = [
        texts.from_evidence("risks", risks, lang),
        texts.from_evidence("disliked", social.get("typical_negative", []), lang),
    ]
    speaks_for = [
        *science.get("fit_notes", [])[:1],
        texts.from_evidence("mechanism", science.get("mechanisms", [])[:1], lang),
        "" if risks or not science.get("key_ingredients") else texts.from_evidence("no_risks", (), lang),
        texts.from_evidence("liked", social.get("typical_positive", []), lang),
        texts.from_evidence("contains", science.get("key_ingredients", []), lang),
        *analysis.evidence.get("expert_notes", [])[:1],
    ]
    cautious = analysis.verdict in ("caution", "avoid")
    return [*against, *speaks_for] if cautious else [*speaks_for, *against]


def _is_generic(line: str) -> bool:
    return hit(line.lower(), _GENERIC_EN) or _GENERIC_CN.search(line) is not None


def _unique(lines: Sequence[str]) -> list[str]:
    return [line for line in dict.fromkeys(lines) if line.strip()]
