"""The ingredient that does most of the work, what it does, and what to be careful with (contract D 2.9).

The table stands in order of precedence: what acts most strongly is named first. Terms are read at word
starts, Chinese ones anywhere; what a label says is *not* in it is no hit ("retinol-free").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick
from aurora.rules.text import fold

Pair = tuple[str, str]
Care = Literal["", "retinoid", "acid", "strong_acid", "fragrance", "drying_alcohol", "benzoyl_peroxide"]

_READ_CAP: Final = 200
_MOST_READ: Final = 160  # more than a list of ingredients ever has


class Known(msgspec.Struct, frozen=True):
    """An ingredient that we can say something of. care: code of the caution that goes with it."""

    id: str
    terms: str
    name: Pair
    role: Pair
    why: Pair
    care: Care = ""
    hero: bool = True


TABLE: Final[tuple[Known, ...]] = (
    Known(
        "retinoid",
        r"retinol|retinal(?:dehyde)?\b|retinoid|retinoate|retinyl|tretinoin|adapalene|视黄醇|视黄醛|视黄酸|a醇|维a",
        ("Retinoid", "维A类"), ("renewal", "促进更新"),
        ("speeds up renewal, for lines and texture", "加快更新，改善细纹和粗糙"), "retinoid",
    ),
    Known(
        "benzoyl_peroxide", r"benzoyl peroxide|过氧化苯甲酰",
        ("Benzoyl peroxide", "过氧化苯甲酰"), ("against breakouts", "抗痘"),
        ("acts on the bacteria behind breakouts", "抑制痘痘里的细菌"), "benzoyl_peroxide",
    ),
    Known(
        "salicylic_acid", r"salicylic|bha\b|水杨酸", ("Salicylic acid", "水杨酸"), ("pore care", "疏通毛孔"),
        ("clears pores from within", "深入毛孔，疏通堵塞"), "strong_acid",
    ),
    Known(
        "aha", r"glycolic|lactic acid|mandelic|gluconolactone|lactobionic|aha\b|果酸|甘醇酸|乙醇酸"
        r"|(?<!聚)乳酸(?!钠|菌|杆)|杏仁酸|葡糖酸内酯|乳糖酸",
        ("AHA", "果酸"), ("exfoliation", "去角质"), ("loosens dead cells on the surface", "软化表面老废角质"),
        "strong_acid",
    ),
    Known(
        "azelaic_acid", r"azelaic|壬二酸|杜鹃花酸", ("Azelaic acid", "壬二酸"), ("calm and tone", "舒缓匀净"),
        ("eases redness and evens tone", "缓和泛红，均匀肤色"),
    ),
    Known(
        "niacinamide", r"niacinamide|nicotinamide|烟酰胺", ("Niacinamide", "烟酰胺"),
        ("oil and tone", "控油匀净"),
        ("balances oil, supports the barrier and evens tone", "平衡油脂、支持屏障、均匀肤色"),
    ),
    Known(
        "tranexamic_acid", r"tranexamic|传明酸|氨甲环酸", ("Tranexamic acid", "传明酸"),
        ("dark marks", "淡化色沉"), ("fades dark marks gently", "温和淡化色沉"),
    ),
    Known(
        "vitamin_c",
        r"ascorbic|ascorbyl|ascorbate|vitamin c\b|抗坏血酸|维生素c|维c", ("Vitamin C", "维生素C"),
        ("antioxidant", "抗氧化"), ("brightens and protects by day", "提亮，白天帮助抗氧化"),
    ),
    Known(
        "ceramide", r"ceramide|神经酰胺", ("Ceramides", "神经酰胺"), ("barrier repair", "修护屏障"),
        ("fill the gaps in the skin barrier", "补充屏障里缺失的脂质"),
    ),
    Known(
        "petrolatum",
        r"petrolatum|petroleum jelly|凡士林|矿脂", ("Petrolatum", "凡士林"), ("sealing", "锁水"),
        ("seals water in", "封住水分，减少流失"),
    ),
    Known(
        "panthenol", r"panthenol|泛醇", ("Panthenol", "泛醇"), ("soothing", "舒缓"),
        ("soothes and holds water", "舒缓并帮助保水"),
    ),
    Known(
        "glycerin", r"glycerin|glycerol|甘油", ("Glycerin", "甘油"), ("hydration", "保湿"),
        ("draws water in", "吸住水分"),
    ),
    Known(
        "hyaluronic_acid", r"hyaluron|透明质酸|玻尿酸", ("Hyaluronic acid", "玻尿酸"), ("hydration", "保湿"),
        ("binds water at the surface", "在表层锁住水分"),
    ),
    Known(
        "sunscreen_filters",
        r"zinc oxide|titanium dioxide|octocrylene|avobenzone|bemotrizinol|氧化锌|二氧化钛",
        ("UV filters", "防晒剂"), ("sun protection", "防晒"),
        ("keep UV light off the skin", "帮皮肤挡住紫外线"),
    ),
    Known(
        "centella", r"centella|madecassoside|cica\b|积雪草", ("Centella", "积雪草"), ("soothing", "舒缓"),
        ("calms skin that is easily upset", "安抚容易不稳的皮肤"),
    ),
    Known(
        "peptides", r"(?:oligo|poly|di|tri|tetra|penta|hexa)?peptide|胜肽|多肽", ("Peptides", "胜肽"),
        ("firmness", "紧致"), ("support firmness over time", "长期使用有助紧致"),
    ),
    Known(
        "fragrance",
        r"fragrance|parfum|perfume|limonene|linalool|citral\b|geraniol|citronellol|eugenol|coumarin"
        r"|essential oil|香精|香料|芳樟醇|柠檬烯|香叶醇|香茅醇|精油",
        ("Fragrance", "香精"),
        ("scent", "香味"), ("only there for the scent", "只为气味"), "fragrance", hero=False,
    ),
    Known(
        "drying_alcohol",
        r"alcohol denat|denatured alcohol|变性乙醇|变性酒精", ("Denatured alcohol", "变性酒精"),
        ("light texture", "清爽肤感"), ("lightens the texture", "让质地更清爽"), "drying_alcohol", hero=False,
    ),
)  # fmt: skip

_PATTERNS: Final = {known.id: re.compile(rf"(?<![a-z0-9])(?:{known.terms})", re.ASCII) for known in TABLE}
_DENIED: Final = re.compile(
    r"\b(?:no|non|without|free of|free from)[- :]{1,2}\Z|(?:不含|无添加|未添加|无)\Z", re.ASCII
)
_FREE: Final = re.compile(r"[a-z]{0,3}[- ]free\b", re.ASCII)
_NEAR: Final = 16
_BY_NAME: Final = {
    said: known.name for known in TABLE for said in (known.name[0].lower(), known.name[0].lower().rstrip("s"))
}


def known_in(ingredients: Iterable[str]) -> list[Known]:
    """What of the table is in a product, strongest first."""
    texts = [fold(name[:_READ_CAP]) for name, _ in zip(ingredients, range(_MOST_READ), strict=False)]
    text = "\n".join(texts)
    return [known for known in TABLE if _names(known, text)]


def local_name(ingredient: str, lang: Lang) -> str:
    """An ingredient in the reader's language, if it is exactly one of ours; any other as it came."""
    return pick(lang, _BY_NAME.get(ingredient.strip().lower(), (ingredient, ingredient)))


def hero_of(found: Iterable[Known]) -> Known | None:
    """The strongest of them, None if none of them does more than smell."""
    return next((known for known in found if known.hero), None)


def as_hero(known: Known, lang: Lang) -> dict[str, str]:
    """`assessment.hero_ingredient`, as the client draws it."""
    return {
        "name": pick(lang, known.name),
        "role": pick(lang, known.role),
        "why": pick(lang, known.why),
        "source": "heuristic",
    }


def cares(found: Iterable[Known]) -> list[str]:
    """Codes of the cautions that go with them, each once (`product_analysis.in_words` words them)."""
    return list(dict.fromkeys(known.care for known in found if known.care))


def _names(known: Known, text: str) -> bool:
    return any(
        not _DENIED.search(text[max(0, hit.start() - _NEAR) : hit.start()])
        and not _FREE.match(text, hit.end())
        for hit in _PATTERNS[known.id].finditer(text)
    )
