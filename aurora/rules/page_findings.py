"""An analysis from a product page, without any person in it, and what it means for one (contract D 3.2, 1b).

The list of ingredients says what is inside and in which order, not how much: so nothing here is surer than
0.84, and a verdict is never better than `likely`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules import evidence, page_texts
from aurora.rules.notices import pick
from aurora.rules.page.product_page import ProductPage
from aurora.rules.page.themes import TABLE as THEMES
from aurora.rules.product_analysis import Analysis, Verdict
from aurora.rules.routine import actives
from aurora.rules.text import fold, pattern

MOST_KEY = 8
MOST_MECHANISMS = 6
LEAST_CONFIDENCE, MOST_CONFIDENCE = 0.35, 0.84
_FULL_LIST = 25  # entries from where a list is surely whole
_HIGH_UP = 6  # places in which an alcohol counts: below that it dissolves something

# What people look for beside the actives that every rule knows (`routine.actives`), in order of interest.
_MORE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("retinoid", pattern(r"\bretinoate|视黄酸酯|羟基频哪酮")),
    ("arbutin", pattern(r"\barbutin|熊果苷")),
    ("bakuchiol", pattern(r"\bbakuchiol|补骨脂酚")),
    ("peptides", pattern(r"peptides?\b|peptide-|[胜寡多]肽|肽-")),
    ("ceramides", pattern(r"\bceramide|\bphytosphingosine|神经酰胺")),
    ("centella", pattern(r"\bcentella|\bmadecass|\basiatic|积雪草")),
    ("panthenol", pattern(r"\bpanthenol|泛醇")),
    ("zinc", pattern(r"\bzinc (?:pca|gluconate|sulfate)|pca ?锌|葡糖酸锌")),
    (
        "sunscreen_filters",
        pattern(
            r"\b(?:zinc oxide|titanium dioxide|avobenzone|octocrylene|homosalate|octisalate|tinosorb"
            r"|ethylhexyl salicylate|butyl methoxydibenzoylmethane|bis-ethylhexyloxyphenol)"
            r"|氧化锌|二氧化钛|奥克立林"
        ),
    ),
    ("hyaluronic_acid", pattern(r"hyaluron|透明质酸|玻尿酸")),
    ("squalane", pattern(r"\bsqualane|角鲨烷")),
    (
        "occlusives",
        pattern(
            r"\b(?:petrolatum|lanolin|dimethicone|shea butter|butyrospermum)"
            r"|凡士林|羊毛脂|聚二甲基硅氧烷|牛油果树"
        ),
    ),
    ("glycerin", pattern(r"\bglycerine?\b|甘油$")),
)  # fmt: skip
_ORDER = tuple(dict.fromkeys((*actives.NAMES, *(name for name, _ in _MORE))))
_FRAGRANCE = pattern(
    r"\b(?:parfum|fragrance|perfume|aroma|limonene|linalool|citral|geraniol|citronellol|eugenol|coumarin"
    r"|hexyl cinnamal|farnesol|essential oil)\b"
    r"|\b(?:lavandula|eucalyptus|mentha|rosmarinus|citrus|melaleuca|pelargonium)\b.{0,60}\boil\b"
    r"|香精|香料|芳樟醇|柠檬烯|香叶醇|香茅醇|丁香酚|香豆素|精油"
)
_WITHOUT = pattern(r"\bfree\b|\bwithout\b|不含|无(?:添加|香|酒精)")
_ALCOHOL = pattern(r"(?:sd )?alcohol(?: denat\.?| \d\d-b)?|denatured alcohol|ethanol|(?:变性)?乙醇|酒精")
# Salts and esters that neither exfoliate nor renew, though their names say so.
_NO_ACID = pattern(r"乳酸(?:钠|钾|薄荷酯)")


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """What decides for whom a product is a risk. acids: that exfoliate."""

    acids: bool = False
    retinoids: bool = False
    fragrance: bool = False


class PageFindings(msgspec.Struct, frozen=True, kw_only=True):
    """analysis: without a verdict and without any person. flags: for `verdict_for`."""

    analysis: Analysis
    flags: Flags


def facts_from_page(page: ProductPage, lang: Lang) -> PageFindings | None:
    """What a page tells of its product, texts in `lang`; None without a list of ingredients."""
    if page.code or not page.inci:
        return None
    groups = _groups(page.inci)
    flags = _flags(page.inci, groups)
    risks = _risks(page.inci, groups, flags)
    confidence = _confidence(page, groups)
    key = list(dict.fromkeys(entry for name in _ORDER for entry in groups.get(name, ())[:2]))[:MOST_KEY]
    mechanisms = [pick(lang, page_texts.MECHANISMS[name]) for name in _ORDER if name in groups]
    liked = [theme.code for theme in THEMES if theme.kind == "liked"]
    missing = ["concentration_unknown", *([] if page.themes else ["social_signals_missing"])]
    shaped = evidence.shaped({
        "science": {
            "key_ingredients": key,
            "mechanisms": mechanisms[:MOST_MECHANISMS],
            "risk_notes": [pick(lang, page_texts.RISKS[risk]) for risk in risks],
        },
        "social_signals": {
            "typical_positive": _themes(lang, [code for code in page.themes if code in liked]),
            "typical_negative": _themes(lang, [code for code in page.themes if code not in liked]),
            "risk_for_groups": [pick(lang, page_texts.GROUPS_AT_RISK)] if _any(flags) else [],
        },
        "confidence": confidence,
        "missing_info": missing,
    })  # fmt: skip
    analysis = Analysis(
        product=_product(page),
        reasons=_reasons(page, lang, key, risks),
        evidence=shaped,
        confidence=confidence,
        codes=[*missing, *([] if page.price_amount else ["price_unknown"]), "url_ingredient_analysis_used"],
        gaps=evidence.gaps(shaped),
    )
    return PageFindings(analysis=analysis, flags=flags)


def verdict_for(flags: Flags, sensitivity: str | None, barrier: str | None) -> Verdict:
    """`caution` or `likely` (contract D 3.2): from the list alone, nothing is `suitable`."""
    return "caution" if _against(flags, sensitivity, barrier) else "likely"


def cautions_for(flags: Flags, sensitivity: str | None, barrier: str | None, lang: Lang) -> list[str]:
    """Why it is a caution for this person, in words; [] if it is none."""
    return [pick(lang, page_texts.CAUTIONS[name]) for name in _against(flags, sensitivity, barrier)]


def _against(flags: Flags, sensitivity: str | None, barrier: str | None) -> list[str]:
    found = [name for name in ("acids", "retinoids", "fragrance") if getattr(flags, name)]
    if sensitivity == "high" or barrier == "impaired":
        return found
    return [name for name in found if name == "acids"] if sensitivity == "medium" else []


def _groups(inci: Sequence[str]) -> dict[str, list[str]]:
    """Known groups, each with its entries in the order of the list."""
    found: dict[str, list[str]] = {}
    for entry in inci:
        text = fold(entry)
        if _WITHOUT.search(text):
            continue
        named = [] if _NO_ACID.search(text) else actives.named(text)
        for name in (*named, *(name for name, known in _MORE if known.search(text))):
            if name in page_texts.MECHANISMS:
                found.setdefault(name, []).append(entry)
    return found


def _flags(inci: Sequence[str], groups: dict[str, list[str]]) -> Flags:
    texts = [fold(entry) for entry in inci]
    return Flags(
        acids="aha" in groups or "bha" in groups,
        retinoids="retinoid" in groups,
        fragrance=any(_FRAGRANCE.search(text) and not _WITHOUT.search(text) for text in texts),
    )


def _risks(inci: Sequence[str], groups: dict[str, list[str]], flags: Flags) -> list[str]:
    drying = any(_ALCOHOL.fullmatch(fold(entry)) for entry in inci[:_HIGH_UP])
    told = {
        "retinoids": flags.retinoids,
        "acids": flags.acids,
        "benzoyl_peroxide": "benzoyl_peroxide" in groups,
        "hydroquinone": "hydroquinone" in groups,
        "fragrance": flags.fragrance,
        "drying_alcohol": drying,
    }
    return [name for name, there in told.items() if there]


def _any(flags: Flags) -> bool:
    return flags.acids or flags.retinoids or flags.fragrance


def _confidence(page: ProductPage, groups: dict[str, list[str]]) -> float:
    """A longer list is likelier whole; known entries, a name and a brand make it likelier the right one."""
    sure = 0.25 * min(len(page.inci), _FULL_LIST) / _FULL_LIST + 0.04 * min(len(groups), 3)
    sure += 0.06 * bool(page.name) + 0.06 * bool(page.brand)
    return round(min(LEAST_CONFIDENCE + sure, MOST_CONFIDENCE), 2)


def _reasons(page: ProductPage, lang: Lang, key: list[str], risks: list[str]) -> list[str]:
    lines = [pick(lang, page_texts.READ_FROM_LIST).format(count=len(page.inci))]
    if key:
        names = ("、" if lang == "CN" else ", ").join(key[:4])
        lines.append(pick(lang, page_texts.STANDS_OUT).format(names=names))
    lines += [pick(lang, page_texts.RISKS[risk]) for risk in risks[:2]]
    return lines if risks else [*lines, pick(lang, page_texts.PLAIN_LIST)]


def _themes(lang: Lang, codes: list[str]) -> list[str]:
    return [pick(lang, page_texts.THEMES[code]) for code in codes if code in page_texts.THEMES]


def _product(page: ProductPage) -> dict[str, Any]:
    shown = " ".join(part for part in (page.brand, page.name) if part) or page.title
    told: dict[str, Any] = {"brand": page.brand, "name": page.name or shown, "display_name": shown}
    if page.price_amount is not None and page.price_currency:
        told["price"] = {"amount": page.price_amount, "currency": page.price_currency, "unknown": False}
    return {key: value for key, value in told.items() if value}
