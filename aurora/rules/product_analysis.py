"""A verdict on one product, and the card that carries it (contract D 2.3, 2.8; F 13.5).

A verdict is one of five; evidence is complete and never omitted; what the profile lacks is always asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from aurora.contract.envelope import FieldMissing, Lang
from aurora.contract.memory import Profile
from aurora.rules import product_gaps
from aurora.rules.notices import pick
from aurora.rules.text import pattern

Verdict = Literal["suitable", "likely", "caution", "avoid", "unknown"]

MAX_REASONS = 5
_READ_CAP = 200
_VERDICT_WORDS: dict[Verdict, tuple[str, str]] = {
    "suitable": ("Suitable", "适合"),
    "likely": ("Likely Suitable", "较适合"),
    "caution": ("Caution", "谨慎"),
    "avoid": ("Avoid", "不建议"),
    "unknown": ("Unknown", "未知"),
}
# First hit wins: "not suitable" before "suitable".
_VERDICTS: tuple[tuple[Any, Verdict], ...] = (
    (
        pattern(r"\b(?:avoid|mismatch|veto\w*|unsuitable|not|don'?t|no)\b|不建议|不适合|避免|不推荐|不要"),
        "avoid",
    ),
    (pattern(r"\b(?:caution\w*|risky|warn\w*|careful\w*|mixed|depends)\b|谨慎|慎用|注意|小心"), "caution"),
    (pattern(r"\b(?:unknown|unclear|unsure)\b|未知|不确定"), "unknown"),
    (pattern(r"\b(?:likely|probably|mostly)\b|较适|比较适合|可能适合"), "likely"),
    (
        pattern(
            r"\b(?:suitable|good|great|yes|fits?|safe|ok(?:ay)?|fine|recommended)\b|适合|合适|可以用|推荐"
        ),
        "suitable",
    ),
)

_RISK_WORDS: dict[str, tuple[str, str]] = {
    "high_irritation": ("Likely to irritate", "刺激性偏高"),
    "strong_acid": ("Contains a strong acid", "含较强的酸类"),
    "mild_acid": ("Contains a mild acid", "含温和酸类"),
    "acid": ("Contains an acid", "含酸类成分"),
    "fragrance": ("Contains fragrance", "含香精"),
    "retinoid": ("Contains a retinoid", "含维A类成分"),
    "benzoyl_peroxide": ("Contains benzoyl peroxide", "含过氧化苯甲酰"),
    "drying_alcohol": ("Contains denatured alcohol", "含变性酒精"),
    "fungal_acne": ("May feed fungal acne", "可能不利于马拉色菌毛囊炎"),
    "comedogenic": ("May clog pores", "可能闷痘"),
    "irritation_reported": ("Users report irritation more often than usual", "用户反馈刺激的比例偏高"),
}
_CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+", re.ASCII)
_CJK = re.compile(r"[\u3400-\u9fff]")


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """A product as a source judges it.

    product: as the source names it, or None. verdict: None if it gave none. reasons: lines, at most five.
    how_to_use: text or the client's object. candidates: alternatives. codes: everything it says is missing.
    gaps: `field_missing` of the card.
    """

    product: dict[str, Any] | None = None
    verdict: Verdict | None = None
    reasons: list[str] = []
    how_to_use: str | dict[str, Any] | None = None
    hero: dict[str, Any] | None = None
    evidence: dict[str, Any] = {}
    confidence: float | None = None
    candidates: list[dict[str, Any]] = []
    codes: list[str] = []
    gaps: list[tuple[str, str]] = []

    def payload(self, lang: Lang, profile: Profile | None) -> dict[str, Any]:
        """Payload of the `product_analysis` card. The prompt is always there (decision 13)."""
        gaps = product_gaps.visible(self.codes, profile)
        shown: dict[str, Any] = {
            "assessment": self._assessment(lang),
            "product": self.product,
            "evidence": {**self.evidence, "missing_info": _shown_codes(self.evidence, profile)},
            "confidence": self.confidence,
            "missing_info": gaps.codes,
            "user_facing_gaps": gaps.codes,
            "profile_prompt": {
                "needed": True,
                "missing_fields": gaps.profile_fields,
                "cta_action": "open_profile",
                "cta_target": "profile_sheet",
            },
        }
        if self.candidates:
            shown["competitors"] = {"candidates": self.candidates}
        return shown

    def field_missing(self) -> list[FieldMissing]:
        """What the card declares."""
        return [FieldMissing(field, reason) for field, reason in dict.fromkeys(self.gaps)]

    def _assessment(self, lang: Lang) -> dict[str, Any] | None:
        if self.verdict is None:
            return None
        told: dict[str, Any] = {"verdict": verdict_word(self.verdict, lang), "reasons": self.reasons}
        if self.product is not None:
            told["anchor_product"] = self.product
        if self.how_to_use is not None:
            told["how_to_use"] = self.how_to_use
        if self.hero is not None:
            told["hero_ingredient"] = self.hero
        return told

    @property
    def key_ingredients(self) -> list[str]:
        """What is in it, as far as its source says."""
        named = self.evidence.get("science", {}).get("key_ingredients", [])
        return [*named, *([self.hero["name"]] if self.hero else [])]

    def judged(self) -> dict[str, Any]:
        """The product and what is in it: what the safety rules look at."""
        return {"product": self.product or {}, "key_ingredients": self.key_ingredients}

    def no_better_than_caution(self, reasons: list[str]) -> Analysis:
        """The same with these reasons first, and no verdict that is kinder than they are."""
        verdict = "caution" if self.verdict in ("suitable", "likely") else self.verdict
        return msgspec.structs.replace(
            self, verdict=verdict, reasons=list(dict.fromkeys([*reasons, *self.reasons]))[:MAX_REASONS]
        )


def in_words(analysis: Analysis, lang: Lang) -> Analysis:
    """The same with codes put in words: risks get ours, others go; a Chinese reader gets Chinese lines."""
    science = analysis.evidence.get("science", {})
    worded = {key: _lines(science.get(key, ()), lang) for key in ("fit_notes", "risk_notes")}
    return msgspec.structs.replace(
        analysis,
        reasons=_lines(analysis.reasons, lang),
        evidence={**analysis.evidence, "science": {**science, **worded}},
    )


def _lines(lines: Iterable[str], lang: Lang) -> list[str]:
    told = [
        pick(lang, _RISK_WORDS[line.lower()]) if line.lower() in _RISK_WORDS else line
        for line in lines
        if line.lower() in _RISK_WORDS or not _CODE.fullmatch(line)
    ]
    chinese = [line for line in told if _CJK.search(line)]
    return list(dict.fromkeys(chinese if lang == "CN" and chinese else told))


def verdict_word(verdict: Verdict, lang: Lang) -> str:
    """A verdict as people read it."""
    return pick(lang, _VERDICT_WORDS[verdict])


def verdict_of(text: object) -> Verdict | None:
    """What a source's own words mean; a verdict in words that we do not know is a caution."""
    if not isinstance(text, str) or not text.strip():
        return None
    low = text[:_READ_CAP].lower()
    return next((verdict for found, verdict in _VERDICTS if found.search(low)), "caution")


def _shown_codes(shaped: Mapping[str, Any], profile: Profile | None) -> list[str]:
    return product_gaps.visible(shaped.get("missing_info") or [], profile).codes
