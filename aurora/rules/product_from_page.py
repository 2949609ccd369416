"""What a product's own page allows to say of it: its ingredient list, and what that means (contract D 3.2).

A list says what is in a product and not how much of it, so the confidence stays moderate and the verdict is
at best "likely". Nothing of a person goes in; how it fits her is said where it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules import evidence, product_texts
from aurora.rules.notices import pick
from aurora.rules.page.product_page import ProductPage
from aurora.rules.page.themes import TABLE as THEMES
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_heroes import Known, as_hero, cares, hero_of, known_in
from aurora.rules.product_reading import product_of
from aurora.rules.routine import actives
from aurora.rules.text import fold
from aurora.rules.upstream_answer import harmless

SOURCE: Final = "product_page"
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "hydrating": ("hydrating", "保湿"),
    "lightweight": ("light on the skin", "清爽好吸收"),
    "soothing": ("soothing", "舒缓温和"),
    "brightening": ("brightening", "提亮"),
    "clears_skin": ("fewer breakouts", "痘痘变少"),
    "sticky": ("sticky or heavy", "黏腻厚重"),
    "pilling": ("pilling", "容易搓泥"),
    "drying": ("drying", "偏干紧绷"),
    "irritation": ("stinging or redness", "刺痛泛红"),
    "breakouts": ("new breakouts", "闷痘"),
    "strong_scent": ("a strong scent", "味道偏重"),
}
_LOWEST, _HIGHEST = 0.35, 0.84  # contract D 3.2
_PER_KNOWN, _PER_LISTED = 0.06, 0.004
_MOST_KEY, _MOST_LISTED = 8, 40
_IN_PLACE: Final = 15  # of a list in falling order: what comes later is there in traces


def judged(page: ProductPage, lang: Lang) -> Analysis:
    """An analysis of a page that was read and has an ingredient list. Its words lead nowhere any more."""
    said = {"brand": page.brand, "name": page.name, "title": page.title, "inci": page.inci}
    page = msgspec.structs.replace(page, **harmless(said))
    listed = page.inci[:_MOST_LISTED]
    known = known_in(page.inci)  # scent stands at the end of the longest lists
    early = [one for one in known_in(listed[:_IN_PLACE]) if one.hero]
    # Safety rules judge by the key ingredients: what only they know (hydroquinone) must be among them.
    others = [name for name in page.inci if actives.named(fold(name)) and not known_in([name])]
    key = [*others, *(_as_listed(one, page.inci, lang) for one in known if one.hero)]
    product = product_of({"brand": page.brand, "name": page.name or page.title})
    if product is not None and page.price_amount is not None:
        product = {**product, "price": {"amount": page.price_amount, "currency": page.price_currency}}
    liked, disliked = (_worded(page.themes, kind, lang) for kind in ("liked", "disliked"))
    hero = hero_of(early) or hero_of(known)
    raw: dict[str, Any] = {
        "science": {
            "key_ingredients": list(dict.fromkeys(key))[:_MOST_KEY],
            "mechanisms": [_does(one, lang) for one in early[:4]],
            "fit_notes": [],
            "risk_notes": cares(known),
        },
        "social_signals": {"typical_positive": liked, "typical_negative": disliked},
        "expert_notes": [],
    }
    shaped = evidence.shaped(raw)
    unpriced = ["price_unknown"] if page.price_amount is None else []
    return Analysis(
        product=product,
        verdict="likely",
        reasons=[product_texts.hero_line(hero, lang)] if hero is not None else [],
        hero=dict(as_hero(hero, lang)) if hero is not None else None,
        evidence={**shaped, "inci": listed},
        confidence=_confidence(len(listed), len(known)),
        codes=["concentration_unknown", *([] if page.themes else ["social_signals_missing"]), *unpriced],
        gaps=evidence.gaps(raw),
    )


def _worded(codes: Sequence[str], kind: str, lang: Lang) -> list[str]:
    kinds = {theme.code: theme.kind for theme in THEMES}
    return [pick(lang, _WORDS[code]) for code in codes if kinds.get(code) == kind and code in _WORDS]


def _confidence(listed: int, known: int) -> float:
    return round(min(_HIGHEST, _LOWEST + _PER_KNOWN * known + _PER_LISTED * listed), 2)


def _does(known: Known, lang: Lang) -> str:
    return pick(lang, (f"{known.name[0]}: {known.why[0]}", f"{known.name[1]}：{known.why[1]}"))


def _as_listed(known: Known, listed: Sequence[str], lang: Lang) -> str:
    """An ingredient by our name in Chinese, in English as the page has it."""
    if lang == "CN":
        return known.name[1]
    return next((name for name in listed if known in known_in([name])), known.name[0])
