"""From an answer in words to a profile value (contract B 10.4): exact labels first, then negatives."""

from __future__ import annotations

import re

from aurora.rules.detectors import budget_tier
from aurora.rules.text import fold, pattern

_UNSURE = re.compile(r"(?:unknown|unsure|not sure|n/?a|不确定|不知道|不清楚|说不准)[.。!！]?", re.ASCII)

# Which profile field a question id is about; first hit wins.
_FIELDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (pattern(r"budget|price|spend|预算|价位"), "budgetTier"),
    (pattern(r"goal|concern|target|focus|目标|诉求|优先|最想|想解决"), "goals"),
    (pattern(r"barrier|sting|red|irrit|reactive|屏障|耐受|刺痛|泛红|发红|刺激"), "barrierStatus"),
    (pattern(r"sensit|敏感程度|敏感性"), "sensitivity"),
    (
        pattern(r"skin|肤质|皮肤类型|油皮|干皮|混合|中性|oily|dry|combination|combo|mixed|normal"),
        "skinType",
    ),
)

Table = tuple[tuple[re.Pattern[str], str], ...]

_SKIN: Table = (
    (pattern(r"\b(?:combo|combination|mixed)\b|混合"), "combination"),
    (pattern(r"\boily\b|\bgreasy\b|油皮|油性|出油"), "oily"),
    (pattern(r"\bdry\b|干皮|干性|干燥|紧绷"), "dry"),
    (pattern(r"\bnormal\b|中性"), "normal"),
    (pattern(r"\bsensitive\b|敏感"), "sensitive"),
)
_BARRIER: Table = (
    # "unhealthy", "not stable", 不稳定 and 易刺痛 are the opposite of the word inside them.
    (
        pattern(
            r"\b(?:unhealthy|unstable|not (?:very |so |really )?(?:ok|okay|stable|healthy|good|normal))\b"
            r"|不(?:太|够|是很)?(?:稳定|健康|好|正常)"
        ),
        "impaired",
    ),
    (
        pattern(
            r"\b(?:no|not|never|without|doesn'?t|don'?t) (?:\w+ )?(?:sting|red|irrit|burn|react)"
            r"|(?:不|没|没有|无)(?:刺痛|泛红|发红|刺激)"
        ),
        "healthy",
    ),
    (
        pattern(
            r"\b(?:sting|red|irrit|burn|reactive|impaired|damaged|compromised|weak)"
            r"|刺痛|泛红|发红|刺激|受损|脆弱|易敏"
        ),
        "impaired",
    ),
    (pattern(r"\b(?:stable|healthy|normal|ok|okay|good|fine)\b|稳定|健康|正常"), "healthy"),
)
_SENSITIVITY: Table = (
    (
        pattern(
            r"\b(?:not|isn'?t|never) (?:\w+ )?(?:high|severe|sensitive)\b"
            r"|\b(?:rarely|hardly|seldom)\b|不敏感|不太敏感|不容易|不会|没有|没什么|并不|很少|几乎不"
        ),
        "low",
    ),
    (pattern(r"\b(?:medium|mid|moderate|somewhat|sometimes)\b|中|有时|偶尔"), "medium"),
    (pattern(r"\b(?:high|severe|very|extremely|often|always)\b|高|重|非常|很敏感|容易|经常|总是"), "high"),
    (pattern(r"\b(?:low|mild|slight|slightly)\b|低|轻"), "low"),
    (pattern(r"\byes\b|有"), "high"),
    (pattern(r"\bno\b|无"), "low"),
)
_GOALS: Table = (
    (pattern(r"\bpores?\b|毛孔"), "pores"),
    (
        pattern(
            r"\b(?:acne|breakouts?|pimples?|blackheads?|oil|oily|oiliness)\b"
            r"|控痘|闭口|粉刺|出油|痘(?!印)"
        ),
        "acne",
    ),
    (pattern(r"\b(?:redness|red|sensitive|reactive|barrier)\b|泛红|敏感|刺痛|屏障"), "redness"),
    (
        pattern(
            r"\b(?:dark spots?|spots|pigment\w{0,10}|hyperpigment\w{0,10}|bright\w{0,6}|tone|dull\w{0,6})\b"
            r"|淡斑|美白|提亮|暗沉|色沉|痘印"
        ),
        "dark_spots",
    ),
    (
        pattern(r"\b(?:dry|dryness|dehydrat\w{0,6}|hydrat\w{0,6}|moist\w{0,10})\b|保湿|补水|干燥|紧绷|缺水"),
        "dehydration",
    ),
    (
        pattern(r"\b(?:wrinkles?|fine lines?|firm\w{0,6}|anti[- ]?age?ing)\b|抗老|抗衰|细纹|紧致|提拉|皱纹"),
        "wrinkles",
    ),
)

# The labels that our own chips carry, and the values themselves.
_EXACT: dict[str, dict[str, str]] = {
    "skinType": {v: v for v in ("oily", "dry", "combination", "normal", "sensitive")},
    "sensitivity": {v: v for v in ("low", "medium", "high")} | {"有": "high", "无": "low", "没有": "low"},
    "barrierStatus": {v: v for v in ("healthy", "impaired")},
    "goals": {v: v for v in ("acne", "redness", "dark_spots", "dehydration", "pores", "wrinkles")},
}


def field_of(question_id: str) -> str | None:
    """The profile field that a clarification id asks about, or None."""
    name = question_id.lower()
    return next((field for found, field in _FIELDS if found.search(name)), None)


def value_for(question_id: str, answer: str) -> dict[str, object] | None:
    """`{field: value}` for an answer to a question, or None if nothing can be read from it.

    Not knowing is an answer: `unknown`. A goal in the person's own words is kept, at most 80 characters; a
    budget likewise, 40.
    """
    field = field_of(question_id)
    text = fold(answer).strip()
    if field is None or not text:
        return None
    if _UNSURE.fullmatch(text):
        return {field: ["unknown"] if field == "goals" else "unknown"}
    if field == "budgetTier":
        return {field: budget_tier(text) or answer.strip()[:40]}
    exact = _EXACT[field].get(text)
    if field == "goals":
        return {field: [exact or _first(_GOALS, text) or answer.strip()[:80]]}
    table = {"skinType": _SKIN, "barrierStatus": _BARRIER, "sensitivity": _SENSITIVITY}[field]
    value = exact or _first(table, text)
    return {field: value} if value else None


def _first(table: Table, text: str) -> str | None:
    return next((value for found, value in table if found.search(text)), None)
