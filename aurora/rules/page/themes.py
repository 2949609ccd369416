"""What the reviews on a page talk about. A theme counts when at least two of them bring it up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from aurora.rules.text import fold, pattern

LEAST_REVIEWS = 2
MOST_THEMES = 6
_READ_CAP = 2000

# "Not sticky" is no complaint, and "not hydrating" no praise; Chinese says it right before the word.
_NOT_EN = r"(?<!not )(?<!not too )(?<!n't )(?<!isn't too )(?<!non-)(?<!non )(?<!no )(?<!without )(?<!never )"
_NOT_CN = r"(?<!不)(?<!没)(?<!没有)(?<!不会)(?<!不太)"


class Theme(msgspec.Struct, frozen=True):
    """en: expressions of whole words; cn: substrings."""

    code: str
    kind: Literal["liked", "disliked"]
    found: re.Pattern[str]


def _theme(code: str, kind: Literal["liked", "disliked"], en: str, cn: str) -> Theme:
    return Theme(code, kind, pattern(rf"{_NOT_EN}\b(?:{en})\b|{_NOT_CN}(?:{cn})"))


TABLE = (
    _theme("hydrating", "liked", r"hydrat\w{2,5}|moisturi[sz]\w{2,4}|plump\w{0,3}", "保湿|滋润|水润|补水"),
    _theme(
        "lightweight",
        "liked",
        r"light-?weight|absorbs? (?:fast|quick\w{0,2}|well)",
        "清爽|轻薄|好吸收|吸收快",
    ),
    _theme("soothing", "liked", r"sooth\w{2,5}|calm\w{2,5}|gentle", "舒缓|温和|退红"),
    _theme("brightening", "liked", r"bright\w{2,6}|glow\w{0,4}|radian\w{1,4}", "提亮|透亮|淡斑"),
    _theme(
        "clears_skin",
        "liked",
        r"clear(?:s|ed|er|ing)? (?:up )?(?:my )?(?:skin|acne)|few(?:er)? breakouts|less acne",
        "祛痘|痘痘少",
    ),
    _theme("sticky", "disliked", r"sticky|tacky|greasy|heavy", "黏腻|粘腻|厚重|很油"),
    _theme("pilling", "disliked", r"pill(?:s|ed|ing)", "搓泥"),
    _theme("drying", "disliked", r"drying|dried out|flak(?:y|ing)|tight", "拔干|紧绷|起皮"),
    _theme(
        "irritation",
        "disliked",
        r"irritat\w{2,5}|sting(?:s|ing)?|stung|burn(?:s|ed|ing)?|rash",
        "刺激|刺痛|泛红|过敏",
    ),
    _theme(
        "breakouts",
        "disliked",
        r"broke (?:me )?out|break(?:s|ing)? (?:me )?out|clog\w{0,4}",
        "闷痘|爆痘|长痘",
    ),
    _theme(
        "strong_scent",
        "disliked",
        r"strong(?:ly)? (?:scent\w{0,2}|smell\w{0,3}|fragrance)|smells? (?:bad|awful|strong)",
        "味道(?:很|太)?(?:重|浓|难闻)",
    ),
)

CODES = tuple(theme.code for theme in TABLE)
"""Every theme, what people like before what they do not."""


def themes(reviews: Sequence[str]) -> list[str]:
    """Codes of what at least two reviews mention, the most mentioned first, at most six."""
    told = list(dict.fromkeys(fold(review[:_READ_CAP]) for review in reviews))
    counts = {theme.code: sum(theme.found.search(text) is not None for text in told) for theme in TABLE}
    often = [code for code in CODES if counts[code] >= LEAST_REVIEWS]
    return sorted(often, key=lambda code: -counts[code])[:MOST_THEMES]
