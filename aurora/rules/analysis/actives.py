"""Actives and discomfort in somebody's own words about a routine (contract C 11.9, 14, 18)."""

from __future__ import annotations

from typing import Any

from aurora.rules.text import anywhere, fold, hit, pattern, words

MAX_TEXT = 8192
_MAX_NODES = 2000

# Kind of active -> (whole words, Chinese substrings). Order is the order in which they are reported.
_ACTIVES = (
    ("retinoid", words("retinols?", "retinoids?", "retinal", "retinaldehyde", "adapalene", "tretinoin"),
     anywhere("视黄醇", "视黄醛", "a醇", "a酸", "阿达帕林", "维a", "早c晚a")),
    ("acids", words("glycolic", "lactic", "mandelic", "salicylic", "ahas?", "bhas?", "phas?"),
     anywhere("果酸", "水杨酸", "杏仁酸", "乳酸", "甘醇酸", "刷酸")),
    ("vitamin_c", words("ascorbic", r"vitamin c", r"vit c", r"l-?ascorbic"),
     anywhere("维c", "维生素c", "抗坏血酸", "原型vc", "vc精华", "早c晚a")),
    ("benzoyl_peroxide", words("benzoyl", "bpo"), anywhere("过氧化苯甲酰")),
    ("azelaic_acid", words("azelaic"), anywhere("壬二酸")),
    ("niacinamide", words("niacinamide", "nicotinamide"), anywhere("烟酰胺")),
    ("hydroquinone", words("hydroquinone"), anywhere("氢醌", "对苯二酚")),
)  # fmt: skip

STRONG = frozenset({"retinoid", "acids", "benzoyl_peroxide"})
"""Kinds that make a routine's own signal a strong one (contract C 11.9)."""

_STING = (
    pattern(r"\b(?:sting|stings|stinging|stung|burn|burns|burning|redness|(?:irritat|flak|peel)[a-z]*)\b"),
    anywhere("刺痛", "灼热", "灼烧", "烧灼", "泛红", "发红", "脱皮", "起皮", "刺激到", "火辣"),
)
_DENIED = (
    pattern(
        r"\b(?:no|not|never|without|isn't|doesn't|don't)(?: (?!but|yet|and)\w+){0,2}?"
        r" (?:sting|burn|red|irritat|flak|peel)"
    ),
    anywhere("不刺痛", "没有刺痛", "没刺痛", "无刺痛", "不泛红", "没有泛红", "没泛红", "无泛红"),
)


def text_of(routine: Any) -> str:
    """All words inside a routine, whatever its shape (text, object, list), folded, at most 8 kB.

    Keys that name a step are not words of the person and are left out.
    """
    parts: list[str] = []
    size = nodes = 0
    pending: list[Any] = [routine]
    while pending and size < MAX_TEXT and nodes < _MAX_NODES:
        value = pending.pop()
        nodes += 1
        if isinstance(value, str):
            if value.strip():
                parts.append(value.strip())
                size += len(value)
        elif isinstance(value, dict):
            pending.extend(reversed(list(value.values())))
        elif isinstance(value, list | tuple):
            pending.extend(reversed(value))
    return fold(" ; ".join(parts))[:MAX_TEXT]


def actives_in(text: str) -> tuple[str, ...]:
    """Kinds of actives named in folded `text`, in a fixed order."""
    return tuple(kind for kind, en, cn in _ACTIVES if hit(text, en, cn))


def stings(text: str) -> bool:
    """Whether folded routine text complains of stinging, burning, redness, irritation or flaking.

    A plain denial ("no stinging", 不刺痛) is no complaint.
    """
    if not hit(text, *_STING):
        return False
    rest = text
    for denied in _DENIED:
        rest = denied.sub(" ", rest)
    return hit(rest, *_STING)
