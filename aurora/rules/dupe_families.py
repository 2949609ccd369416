"""Ingredient families: what makes one product feel and act unlike another (contract D 2.4).

Terms are read at word starts, short ones as whole words: "aha" is not in "Ahava", "pha" not in "alpha", the
urea of a preservative and the betaine of a cleanser moisten nothing. What a label says is *not* in it
("fragrance-free", 不含香精) is no hit. Chinese names are read anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

from aurora.contract.envelope import Lang
from aurora.rules.text import fold

Family = Literal[
    "occlusives", "humectants", "soothing", "exfoliants", "brightening", "peptides", "fragrance", "alcohol"
]

_READ_CAP: Final = 200  # of one name of an ingredient; the rest of a longer text names nothing
_MOST_READ: Final = 60

# Starts of words; those with a final \b are whole words.
_LATIN: Final[dict[Family, tuple[str, ...]]] = {
    "occlusives": (
        "petrolatum", "petroleum jelly", "mineral oil", "paraffin", "dimethicone", "lanolin", r"wax(?:es)?\b",
        "beeswax", "shea butter", "butyrospermum", "cocoa butter",
    ),
    "humectants": (
        "glycerin", "glycerol", "hyaluron", "sodium hyaluronate", "panthenol", r"urea\b", r"betaine\b",
        r"sodium pca\b", "trehalose", "propanediol", "butylene glycol", "sorbitol",
    ),
    "soothing": (
        "panthenol", "allantoin", "madecassoside", "centella", "ceramide", "cholesterol", "beta-glucan",
        r"beta glucan\b", r"cica\b", "bisabolol",
    ),
    "exfoliants": (
        "glycolic", "lactic", "mandelic", "salicylic", "gluconolactone", r"phas?\b", r"bhas?\b", r"ahas?\b",
    ),
    "brightening": (
        "niacinamide", "tranexamic", "azelaic", "ascorbic", "ascorbyl", r"vitamin c\b", "arbutin", r"kojic\b",
        "licorice",
    ),
    "peptides": (r"(?:oligo|poly|di|tri|tetra|penta|hexa|hepta|octa|nona|deca)?peptide",),
    "fragrance": (r"fragrances?\b", r"parfum\b", "essential oil", "limonene", "linalool", r"citral\b"),
    "alcohol": ("alcohol denat", "denatured alcohol"),
}  # fmt: skip
_CHINESE: Final[dict[Family, str]] = {
    "occlusives": "凡士林|矿脂|矿油|矿物油|石蜡|聚二甲基硅氧烷|羊毛脂|蜂蜡|乳木果|可可脂",
    "humectants": (
        "甘油|透明质酸|玻尿酸|泛醇|(?<![啶苯基])尿素|(?<!基)甜菜碱|海藻糖|丙二醇|丁二醇|山梨糖?醇"
    ),
    "soothing": "泛醇|尿囊素|积雪草|神经酰胺|胆固醇|葡聚糖|红没药醇",
    "exfoliants": "果酸|甘醇酸|乙醇酸|(?<!聚)乳酸|杏仁酸|扁桃酸|水杨酸|葡糖酸内酯|葡萄糖酸内酯",
    "brightening": "烟酰胺|传明酸|氨甲环酸|壬二酸|杜鹃花酸|抗坏血酸|维生素c|维c|熊果苷|曲酸|光果甘草",
    "peptides": "胜肽|多肽|肽",
    "fragrance": "香精|香料|精油|柠檬烯|芳樟醇|柠檬醛",
    "alcohol": "变性乙醇|变性酒精",
}
# Before a term: another ingredient, or a denial. After it: a denial.
_OTHER = re.compile(
    r"(?:cocamidopropyl|coco|lauryl|lauramidopropyl|imidazolidinyl|diazolidinyl)[- ]$"
    r"|\b(?:no|non|without|free of|free from|zero)(?: added)?[- :]{1,2}$"
    r"|(?:不含|不添加|未添加|无添加|零添加|无|(?<![0-9])0)$",
    re.ASCII,
)
_FREE = re.compile(r"(?:s|es)?[- ]free\b|(?:含量)?(?:为零|为0)", re.ASCII)
_NEAR = 24

_PATTERNS: Final[dict[Family, re.Pattern[str]]] = {
    family: re.compile(rf"(?<![a-z0-9])(?:{'|'.join(terms)})|(?:{_CHINESE[family]})", re.ASCII)
    for family, terms in _LATIN.items()
}
FAMILIES: Final[tuple[Family, ...]] = tuple(_PATTERNS)

# What people call the ingredients that sources name most: in a Chinese line, the Chinese name.
_IN_CHINESE: Final[dict[str, str]] = {
    "niacinamide": "烟酰胺", "glycerin": "甘油", "glycerol": "甘油", "panthenol": "泛醇",
    "hyaluronic acid": "玻尿酸", "sodium hyaluronate": "玻尿酸钠", "ceramides": "神经酰胺",
    "ceramide": "神经酰胺", "ceramide np": "神经酰胺 NP", "squalane": "角鲨烷", "allantoin": "尿囊素",
    "centella": "积雪草", "centella asiatica": "积雪草", "madecassoside": "羟基积雪草苷",
    "peptides": "胜肽", "peptide": "胜肽", "retinol": "视黄醇", "retinal": "视黄醛",
    "vitamin c": "维生素 C", "ascorbic acid": "维生素 C", "vitamin e": "维生素 E", "tocopherol": "维生素 E",
    "salicylic acid": "水杨酸", "glycolic acid": "甘醇酸", "lactic acid": "乳酸",
    "mandelic acid": "杏仁酸", "azelaic acid": "壬二酸", "tranexamic acid": "传明酸",
    "alpha arbutin": "熊果苷", "arbutin": "熊果苷", "kojic acid": "曲酸", "licorice": "光果甘草",
    "zinc": "锌", "zinc pca": "PCA 锌", "zinc oxide": "氧化锌", "fragrance": "香精", "parfum": "香精",
    "urea": "尿素", "petrolatum": "凡士林", "mineral oil": "矿物油", "paraffin": "石蜡",
    "lanolin": "羊毛脂", "dimethicone": "硅油", "shea butter": "乳木果油", "beeswax": "蜂蜡",
    "betaine": "甜菜碱", "trehalose": "海藻糖", "beta-glucan": "β-葡聚糖", "cholesterol": "胆固醇",
    "alcohol denat": "变性酒精", "alcohol denat.": "变性酒精", "benzoyl peroxide": "过氧化苯甲酰",
    "bakuchiol": "补骨脂酚", "caffeine": "咖啡因", "seaweed extract": "海藻提取物",
    "sea kelp": "海藻提取物", "amino acid surfactants": "氨基酸表活", "essential oils": "精油",
    "essential oil": "精油", "limonene": "柠檬烯", "linalool": "芳樟醇", "gluconolactone": "葡糖酸内酯",
}  # fmt: skip
_WATER = frozenset({"water", "aqua", "water/aqua", "aqua/water", "aqua (water)", "water (aqua)", "eau", "水"})


def named_in(family: Family, ingredients: Iterable[str]) -> list[str]:
    """Of `ingredients`, in order, those that belong to `family`; water and denials belong to none."""
    return [name for name in _read(ingredients) if _holds(family, fold(name))]


def holds(family: Family, ingredients: Iterable[str]) -> bool:
    """Does any of `ingredients` belong to `family`?"""
    return bool(named_in(family, ingredients))


def without_water(ingredients: Iterable[str]) -> list[str]:
    """Names in order, each once, without water: it is in everything and says nothing."""
    kept = {fold(name).strip(): name for name in reversed(_read(ingredients))}
    return [name for key, name in reversed(kept.items()) if key not in _WATER]


def called(name: str, lang: Lang) -> str:
    """An ingredient as the reader calls it; as the source wrote it where we have no name."""
    return _IN_CHINESE.get(fold(name).strip(), name) if lang == "CN" else name


def listed(names: Iterable[str], lang: Lang, *, most: int = 4) -> str:
    """Up to `most` ingredients in one phrase, in the reader's language."""
    shown = list(dict.fromkeys(called(name, lang) for name in names))[:most]
    if lang == "CN":
        return "、".join(shown)
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def _read(ingredients: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in ingredients:
        if len(found) == _MOST_READ:
            break
        if name.strip():
            found.append(name.strip()[:_READ_CAP])
    return found


def _holds(family: Family, folded: str) -> bool:
    for found in _PATTERNS[family].finditer(folded):
        before = folded[max(0, found.start() - _NEAR) : found.start()]
        if not _OTHER.search(before) and not _FREE.match(folded, found.end()):
            return True
    return False
