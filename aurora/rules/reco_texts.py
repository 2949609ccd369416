"""What recommendations say beside their items, in both languages."""

from __future__ import annotations

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick

_SEARCH_STEPS = {
    "cleanser": ("Cleanser", "洁面"),
    "acne cleanser": ("Cleanser", "洁面"),
    "moisturizer": ("Moisturizer", "保湿"),
    "sunscreen": ("Sunscreen", "防晒"),
    "toner": ("Toner", "化妆水"),
    "serum": ("Serum", "精华"),
}


def search_step(query: str, lang: Lang) -> str:
    """The step that a catalogue search is for."""
    known = _SEARCH_STEPS.get(query.strip().lower())
    return pick(lang, known) if known else query.strip()[:60]


def made_up(lang: Lang) -> str:
    """Said beside the products of a demonstration catalogue."""
    return pick(
        lang,
        (
            "These are sample products of a demo catalogue; you won't find them in a shop.",
            "以上是演示目录里的示例产品，市面上买不到。",
        ),
    )
