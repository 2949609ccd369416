"""Known actives, in both languages: the one vocabulary of the chat, the analysis and the simulation.

English terms count at the start of a word and take an ending ("retinoids"); abbreviations stand alone
("10%AHA", not "Ahab"). Chinese terms match anywhere, also when written with blanks ("果 酸"). Contract B 6,
D 8.2 and C 14 give the lists; brand names, esters and short forms are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

import msgspec

from aurora.rules.safety.mentions import Mentions, denied
from aurora.rules.safety.speech import long_ago
from aurora.rules.text import fold, pattern

MOST_LOOKS = 200
MOST_JUDGED = 12
"""Mentions in one text that are looked at, and judged: they bound what a flood of them can cost."""


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """One group. names: on the wire, more than one for a phrase that means both.

    en: word starts; short: abbreviations; cn: substrings. A term may be a small expression (`cn_re`).
    """

    names: tuple[str, ...]
    en: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    cn: tuple[str, ...] = ()
    cn_re: tuple[str, ...] = ()


_NOT_ORAL = "(?<!异)(?<!异 )"

TABLE: tuple[Active, ...] = (
    Active(
        names=("retinoid",),
        en=(
            "tretinoin", "adapalene", "retinaldehyde", "retinal", "retinol", "retinoid", "retinyl",
            "tazarotene", "trifarotene", "differin", "retin-a",
        ),
        cn=("阿达帕林", "达芬文", "视黄醇", "视黄醛", "视黄酸"),
        # 异维A酸 (异维甲酸) is taken by mouth, no step of a routine; "维a" ends before another letter.
        cn_re=(
            rf"{_NOT_ORAL}维\s?(?:a\s?酸|甲|a(?![a-z]))", r"(?<![a-z])a\s?醇",
            r"(?<!异维)(?<!异维 )(?<!异 维)(?<!异 维 )(?<![a-z])a\s?酸",
        ),
    ),
    Active(
        names=("benzoyl_peroxide",),
        en=("benzoyl peroxide", "benzoyl"),
        short=("bpo",),
        cn=("过氧化苯甲酰", "过氧苯甲酰"),
    ),
    Active(names=("bha",), en=("salicylic",), short=("bha",), cn=("水杨酸",)),
    # PHA counts as AHA: the rules treat them alike.
    Active(
        names=("aha",),
        en=("glycolic", "lactic", "mandelic", "gluconolactone", "lactobionic"),
        short=("aha", "pha"),
        cn=("果酸", "甘醇酸", "乙醇酸", "杏仁酸", "葡糖酸内酯", "葡萄糖酸内酯", "乳糖酸"),
        cn_re=(r"(?<!透明质酸)乳\s?酸(?!菌|杆)",),
    ),
    # Somebody who says no more than "acids".
    Active(
        names=("exfoliating_acid",),
        en=("exfoliating acid", "acid exfoliant", "chemical exfoliant", "acid toner"),
        cn=("刷酸", "酸类"),
    ),
    Active(
        names=("vitamin_c",),
        en=("ascorbic", "ascorbate", "ascorbyl"),
        short=("vitamin c", "vit c", "vc"),
        cn=("维生素c", "抗坏血酸"),
        cn_re=(r"维\s?c(?![a-z])",),
    ),
    Active(names=("niacinamide",), en=("niacinamide", "nicotinamide"), cn=("烟酰胺", "尼克酰胺")),
    Active(names=("azelaic_acid",), en=("azelaic",), cn=("壬二酸", "杜鹃花酸")),
    Active(names=("tranexamic_acid",), en=("tranexamic",), cn=("传明酸", "氨甲环酸")),
    Active(names=("hydroquinone",), en=("hydroquinone",), cn=("氢醌", "对苯二酚")),
    # Vitamin C in the morning, a retinoid at night: a Chinese name for a routine of two.
    Active(names=("retinoid", "vitamin_c"), cn=("早c晚a",)),
)  # fmt: skip

NAMES: tuple[str, ...] = tuple(dict.fromkeys(name for row in TABLE for name in row.names))
"""Every group, in the order in which they are reported."""

ACIDS: tuple[str, ...] = ("aha", "bha", "exfoliating_acid")
"""Groups that exfoliate, the named ones first."""


def _spaced(term: str) -> str:
    return r"\s?".join(re.escape(char) for char in term)


def _group(index: int, row: Active) -> str:
    parts = []
    if row.en:
        parts.append(rf"(?<![a-z])(?:{'|'.join(map(re.escape, row.en))})[a-z]{{0,4}}")
    if row.short:
        parts.append(rf"(?<![a-z])(?:{'|'.join(map(re.escape, row.short))})s?(?![a-z])")
    parts += [_spaced(term) for term in row.cn]
    parts += row.cn_re
    return rf"(?P<g{index}>{'|'.join(parts)})"


# All groups in one pattern: one pass over the text, whatever it names.
_ANY = pattern("|".join(_group(index, row) for index, row in enumerate(TABLE)))
_MEANS = {f"g{index}": row.names for index, row in enumerate(TABLE)}

# "Retinol is not compatible with AHA" denies the match of the two, not the second of them.
_ABOUT_COMBINING = pattern(
    r"\b(?:compatible|combin\w{0,5}|mix\w{0,4}|layer\w{0,4}|pair\w{0,4}|stack\w{0,4}|together|conflict\w{0,4}"
    r"|go(?:es)? with|used? with)\b|冲突|兼容|叠加|一起|搭配|同用|同晚"
)
_BEFORE = 40


def named(text: str) -> list[str]:
    """Groups named in folded `text`, in table order, whatever is said of them."""
    return _ordered(
        name for found in islice(_ANY.finditer(text), MOST_LOOKS) for name in _MEANS[found.lastgroup or ""]
    )


def in_use(text: str) -> list[str]:
    """Groups that `text` really brings up: named, and neither denied nor given up ("retinol-free").

    text: folded or not.
    """
    folded = fold(text)
    spans = list(islice(_ANY.finditer(folded), MOST_LOOKS))
    if not spans:
        return []
    said = Mentions(folded)
    found: set[str] = set()
    judged = 0
    for span in spans:
        names = _MEANS[span.lastgroup or ""]
        if found.issuperset(names):
            continue
        judged += 1
        # Nobody denies things that often: what is left unread counts.
        if judged > MOST_JUDGED or _counts(said, span):
            found.update(names)
    return _ordered(found)


def gap(text: str) -> str:
    """What stands between the first active named in folded `text` and the last; "" if there are not two."""
    spans = [found.span() for found in islice(_ANY.finditer(text), MOST_LOOKS)]
    return text[spans[0][1] : spans[-1][0]] if len(spans) > 1 else ""


def only(text: str) -> bool:
    """Is there nothing in folded `text` but actives, and words that join them?"""
    rest = _ANY.sub(" ", text)
    return rest != text and not _ELSE.search(_FILLERS.sub(" ", rest))


# What stands around an ingredient without making a product of it.
_FILLERS = pattern(
    r"\b(?:acids?|and|or|with|the|an?|some|serum|cream|products?|ingredients?|actives?|\d[\d.]*%?)\b"
    r"|和|与|跟|或者?|类|成分|精华|产品|浓度"
)
_ELSE = pattern(r"[a-z0-9]|[\u3400-\u9fff]")


def _counts(said: Mentions, found: re.Match[str]) -> bool:
    start, end = found.span()
    if denied(said.folded, said.clauses, start, end, resumes=said.resumes):
        begin, _ = said.clauses.around(start)
        return _ABOUT_COMBINING.search(said.folded, max(begin, start - _BEFORE), start) is not None
    return said.resumes or not long_ago(said.clauses, start, used=True)


def _ordered(found: Iterable[str]) -> list[str]:
    names = set(found)
    if names & {"aha", "bha"}:
        names.discard("exfoliating_acid")  # "a glycolic acid toner" is one acid, not two
    return [name for name in NAMES if name in names]
