"""Why this product, in both languages: true statements about what it holds and what the plan asks (D 5.9)."""

from __future__ import annotations

from aurora.contract.envelope import Lang
from aurora.rules.matcher.catalogue import Slot
from aurora.rules.notices import pick

Pair = tuple[str, str]

MAX_EXPLANATIONS = 5

STEPS: dict[Slot, Pair] = {
    "cleanser": ("Cleanser", "洁面"),
    "moisturizer": ("Moisturizer", "保湿"),
    "sunscreen": ("Sunscreen", "防晒"),
    "treatment": ("Treatment", "功效护理"),
    "toner": ("Toner", "化妆水"),
    "optional": ("Extra step", "可选步骤"),
}
"""What a slot is called on the card."""

_INGREDIENTS: dict[str, Pair] = {
    "sunscreen_filters": ("UV filters", "防晒剂"),
    "ceramide_np": ("ceramide", "神经酰胺"),
    "panthenol": ("panthenol", "泛醇"),
    "glycerin": ("glycerin", "甘油"),
    "hyaluronic_acid": ("hyaluronic acid", "玻尿酸"),
    "niacinamide": ("niacinamide", "烟酰胺"),
    "zinc_pca": ("zinc PCA", "PCA 锌"),
    "salicylic_acid": ("salicylic acid", "水杨酸"),
    "azelaic_acid": ("azelaic acid", "壬二酸"),
    "benzoyl_peroxide": ("benzoyl peroxide", "过氧化苯甲酰"),
    "ascorbic_acid": ("vitamin C", "维 C"),
    "retinol": ("retinol", "A 醇"),
    "cleanser_surfactants": ("mild cleansing agents", "温和表活"),
    "squalane": ("squalane", "角鲨烷"),
    "allantoin": ("allantoin", "尿囊素"),
    "beta_glucan": ("beta-glucan", "β-葡聚糖"),
    "centella": ("centella", "积雪草"),
    "zinc_oxide": ("zinc oxide", "氧化锌"),
}

_SLOT_HINTS: dict[Slot, Pair] = {
    "sunscreen": ("Last step of the morning.", "早上的最后一步。"),
    "treatment": ("At night, and not often to begin with.", "晚上使用，刚开始频率低一些。"),
    "cleanser": ("A steady first step, morning or night.", "稳妥的第一步，早晚都合适。"),
    "moisturizer": ("A steady closing step, morning or night.", "稳妥的收尾步骤，早晚都合适。"),
    "toner": ("Between washing and cream.", "洁面之后、面霜之前使用。"),
    "optional": ("Only if your skin has room for one more step.", "皮肤有余力时再加这一步。"),
}

# D 5.9: above this share of the plan it is a strong overlap, below it a partial one.
STRONG_OVERLAP = 0.45
GOOD_BARRIER = 0.8


def ingredient(name: str, lang: Lang) -> str:
    """What people call an ingredient; its id in words if we have no name for it."""
    known = _INGREDIENTS.get(name)
    return pick(lang, known) if known else name.replace("_", " ")


def listed(names: list[str], lang: Lang) -> str:
    """Up to three ingredients in one phrase."""
    shown = [ingredient(name, lang) for name in names[:3]]
    if lang == "CN":
        return "、".join(shown)
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def explanations(
    slot: Slot, hits: list[str], lang: Lang, *, coverage: float, barrier: float, barrier_known: bool
) -> list[str]:
    """At most five lines. hits: targets of the plan that it holds. barrier: how well it sits with theirs."""
    lines: list[str] = []
    if hits:
        named = listed(hits, lang)
        lines.append(
            pick(
                lang,
                (
                    f"Holds much of what your plan asks for: {named}.",
                    f"覆盖你方案中的大部分重点成分：{named}。",
                ),
            )
            if coverage > STRONG_OVERLAP
            else pick(lang, (f"Brings part of your plan: {named}.", f"带来方案中的一部分：{named}。"))
        )
    if barrier_known and barrier >= GOOD_BARRIER and slot != "treatment":
        lines.append(
            pick(
                lang,
                (
                    "Chosen with your barrier and tolerance in mind.",
                    "考虑到你的屏障和耐受度，选了更温和的。",
                ),
            )
        )
    lines.append(pick(lang, _SLOT_HINTS[slot]))
    return lines[:MAX_EXPLANATIONS]


def hit_reason(name: str, lang: Lang) -> str:
    """Why one matched ingredient counts."""
    named = ingredient(name, lang)
    return pick(lang, (f"Your plan asks for {named}.", f"你的方案需要{named}。"))


def top_message(lang: Lang, *, careful: bool) -> str:
    """The bundle's one line (D 5.9)."""
    if careful:
        return pick(
            lang,
            (
                "A careful set: basics first, nothing strong until we know more.",
                "保守起见：先把基础做稳，了解更多之前不加强效成分。",
            ),
        )
    return pick(
        lang,
        (
            "Ranked by how much of your plan each one covers, how your skin takes it, and safety.",
            "按方案契合度、皮肤耐受和安全性排序。",
        ),
    )
