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


def profile_unread(lang: Lang) -> str:
    """What is on file cannot be read just now: no reason to ask for all of it again."""
    return pick(
        lang,
        (
            (
                "I can't reach your skin profile right now, and I'd rather not guess or ask you everything "
                "again. Please try again in a moment."
            ),
            "我暂时读不到你的肤况档案，不想凭空乱猜，也不想让你重新回答一遍。稍等一下再试试吧。",
        ),
    )
