"""Actives and discomfort in somebody's own words about a routine (contract C 11.9, 14, 18)."""

from __future__ import annotations

from typing import Any

from aurora.rules.routine.actives import ACIDS, named
from aurora.rules.text import anywhere, fold, hit, pattern

MAX_TEXT = 8192
_MAX_NODES = 2000

# Kind of active as an analysis reports it -> groups of the vocabulary. Order is the order of the report.
_KINDS = (
    ("retinoid", {"retinoid"}),
    ("acids", set(ACIDS)),
    ("vitamin_c", {"vitamin_c"}),
    ("benzoyl_peroxide", {"benzoyl_peroxide"}),
    ("azelaic_acid", {"azelaic_acid"}),
    ("niacinamide", {"niacinamide"}),
    ("hydroquinone", {"hydroquinone"}),
)

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
    found = set(named(text))
    return tuple(kind for kind, groups in _KINDS if groups & found)


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
