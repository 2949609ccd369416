"""From an answer in words to a profile value (contract B 10.4): exact labels first, then denials.

A word inside a denial says the opposite: 不稳定, "not damaged", 没有刺痛. So denials are read first and
taken out of the text, and only what is left is looked up.
"""

from __future__ import annotations

import re

from aurora.rules.detectors import budget_tier
from aurora.rules.phase0 import QUESTIONS
from aurora.rules.text import fold, pattern

MAX_GOALS = 3

_UNSURE = pattern(
    r"(?:i'?m |i am )?(?:unknown|unsure|not (?:really )?sure|n/?a|no idea|i don'?t know"
    r"|我?(?:也|还)?不(?:太)?(?:确定|知道|清楚)|说不准|说不好)[.。!！~]?"
)

# Which profile field a question id is about; first hit wins. Short English words only at the start of a word:
# "ingredient" is not red, "existing" does not sting.
_FIELDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (pattern(r"budget|(?<![a-z])price|spend|预算|价位"), "budgetTier"),
    (pattern(r"(?<![a-z])goal|concern|target|focus|目标|诉求|优先|最想|想解决"), "goals"),
    (
        pattern(
            r"barrier|(?<![a-z])(?:sting|red(?:ness)?(?![a-z]))|irrit|reactive|屏障|耐受|刺痛|泛红|发红|刺激"
        ),
        "barrierStatus",
    ),
    (pattern(r"(?<!in)sensit|敏感程度|敏感性"), "sensitivity"),
    (
        pattern(
            r"(?<![a-z])skin|肤质|皮肤类型|油皮|干皮|混合|中性"
            r"|(?<![a-z])(?:oily|dry|combination|combo|mixed|normal)(?![a-z])"
        ),
        "skinType",
    ),
)

Table = tuple[tuple[re.Pattern[str], str], ...]

# --- skin type
_NOT_THIS_TYPE = pattern(
    r"\b(?:not|isn'?t|never|no longer) (?:very |really |that |so |too )?"
    r"(?:oily|dry|greasy|normal|sensitive)\b"
    r"|(?:不(?:太|是|算|怎么|会)?|没有?)(?:很|那么)?(?:油|干|敏感)"
)
_COMBINATION = pattern(r"\b(?:combo|combination|mixed)\b|混合|混油|混干|外油内干")
_OILY = pattern(r"\b(?:oily|greasy)\b|油皮|油性|出油|[偏很较爱大易]油|油光|t区油")
_DRY = pattern(r"\bdry\b|干皮|干性|干燥|紧绷|[偏很较]干|脸颊干|两颊干|起皮")
_SKIN: Table = (
    (pattern(r"\bnormal\b|中性"), "normal"),
    (pattern(r"\bsensitive\b|敏感|敏皮"), "sensitive"),
)

# --- barrier
_SYMPTOM = (
    r"(?:sting\w{0,4}|red|redness|irrit\w{0,6}|burn\w{0,4}|reactive|react\w{0,5}|impaired|damaged?|compromised"
    r"|weak\w{0,4}|flush\w{0,4})"
)
_SYMPTOM_CN = r"(?:刺痛|泛红|发红|刺激|受损|脆弱|易敏|敏感|不适|不舒服|灼热|发烫)"
_NO_SYMPTOM = pattern(
    r"\b(?:no|not|never|without|nothing|isn'?t|doesn'?t|don'?t|didn'?t|hasn'?t)\b"
    rf"(?: (?!but\b)\w{{1,12}}){{0,3}}? {_SYMPTOM}\b(?: (?:or|nor) {_SYMPTOM}\b)?"
    r"|(?:不(?:太|会|容易|易|怎么|再)?|没有?|没什么|无|从不|几乎不|很少)"
    rf"(?:明显|任何|出现|感觉|觉得|有)?{_SYMPTOM_CN}"
    rf"(?:[、和或/,]?(?:也不|也没有?|不|没有?)?{_SYMPTOM_CN})?"
)
_NO_PROBLEM = pattern(r"\bno (?:problems?|issues?|complaints?)\b|没(?:有|什么|啥)?问题|不错")
_UNWELL = pattern(
    r"\b(?:un(?:healthy|stable|well)|not (?:very |so |really |that |too |quite )?"
    r"(?:ok|okay|stable|healthy|good|normal|fine|great|well))\b"
    r"|不(?:太|够|是很|是|算|怎么|大)?(?:稳定|健康|好|正常)"
)
_SICK = pattern(rf"\b{_SYMPTOM}\b|{_SYMPTOM_CN}")
_WELL = pattern(
    r"\b(?:stable|healthy|normal|ok|okay|good|great|fine|calm|strong)\b|稳定|健康|正常|挺好|很好|还好|还行|完好"
)

# --- sensitivity
_NOT_HIGH = pattern(
    r"\b(?:not|isn'?t|never|no|without|don'?t (?:have|get)|doesn'?t)\b(?: \w{1,12}){0,2}?"
    r" (?:high|severe|severely|sensitive|sensitivity|often|easily|react\w{0,5})\b"
    r"|\b(?:rarely|hardly|seldom|never|not at all)\b"
    r"|不(?:太|是很|怎么|算|那么|大)?(?:敏感|容易|高|严重|重|会)|没有?|并不|很少|几乎不|从不|极少"
)
_VERY_LOW = pattern(
    r"\b(?:very|extremely|quite|really|pretty|super) (?:low|mild|slight|little)\b"
    r"|(?:非常|很|特别|比较|偏)(?:低|轻)"
)
_SENSITIVITY: Table = (
    (
        pattern(
            r"\b(?:medium|mid|moderate|moderately|somewhat|sometimes|average|occasional(?:ly)?)\b|中|有时|偶尔|有点|有一点|一般"
        ),
        "medium",
    ),
    (
        pattern(
            r"\b(?:high|highly|severe|severely|very|extremely|often|always|easily|frequent(?:ly)?)\b|高|重|非常|很敏感|容易|经常|总是|特别|易"
        ),
        "high",
    ),
    (pattern(r"\b(?:low|mild|slight|slightly|little)\b|低|轻"), "low"),
    (pattern(r"\b(?:yes|yeah|yep|sensitive|reactive)\b|有|敏感|是的"), "high"),
    (pattern(r"\b(?:no|nope|none)\b|无|不是"), "low"),
)

# --- goals, in the order in which they are told apart
_GOALS: Table = (
    (pattern(r"\bpores?\b|毛孔"), "pores"),
    (
        pattern(
            r"\b(?:acne (?:scars?|marks?)|dark spots?|spots|pigment\w{0,10}|hyperpigment\w{0,10}"
            r"|bright\w{0,6}|(?:skin )?tone|dull\w{0,6}|melasma)\b|淡斑|美白|提亮|暗沉|色沉|痘印|色斑"
        ),
        "dark_spots",
    ),
    (
        pattern(
            r"\b(?:acne(?! (?:scars?|marks?)\b)|breakouts?|break outs?|pimples?|blackheads?|oil|oily"
            r"|oiliness)\b|控痘|闭口|粉刺|黑头|出油|控油|痘(?!印)"
        ),
        "acne",
    ),
    (
        pattern(
            r"\b(?:redness|red|sensitive|sensitivity|reactive|barrier|sooth\w{0,4}|calm\w{0,4})\b|泛红|敏感|刺痛|屏障|舒缓|修护"
        ),
        "redness",
    ),
    (
        pattern(r"\b(?:dry|dryness|dehydrat\w{0,6}|hydrat\w{0,6}|moist\w{0,10})\b|保湿|补水|干燥|紧绷|缺水"),
        "dehydration",
    ),
    (
        pattern(
            r"\b(?:wrinkles?|fine lines?|firm\w{0,6}|anti[- ]?age?ing)\b|抗老|抗衰|抗皱|细纹|紧致|提拉|皱纹"
        ),
        "wrinkles",
    ),
)


def _exact(field: str, **more: str) -> dict[str, str]:
    """The values themselves and the labels that our own chips carry, in both languages."""
    known = [option for option in QUESTIONS[field].options if option.value != "unknown"]
    return {
        fold(text): option.value for option in known for text in (option.value, option.en, option.cn)
    } | more


_EXACT: dict[str, dict[str, str]] = {
    "skinType": _exact("skinType"),
    "sensitivity": _exact("sensitivity", 有="high", 无="low", 没有="low"),
    "barrierStatus": _exact("barrierStatus"),
    "goals": _exact("goals"),
}


def field_of(question_id: str) -> str | None:
    """The profile field that a clarification id asks about, or None."""
    name = question_id.lower()
    return next((field for found, field in _FIELDS if found.search(name)), None)


def is_unsure(answer: str) -> bool:
    """Does the answer say that the person does not know?"""
    return _UNSURE.fullmatch(fold(answer).strip()) is not None


def value_for(question_id: str, answer: str) -> dict[str, object] | None:
    """`{field: value}` for an answer to a question, or None if nothing can be read from it.

    Not knowing is an answer: `unknown`, for a budget its own tier 不确定. Goals come in the order in which
    they are named, at most three. A goal in the person's own words is kept, at most 80 characters; a
    budget likewise, 40.
    """
    field = field_of(question_id)
    text = fold(answer).strip()
    if field is None or not text:
        return None
    unsure = is_unsure(text)
    if field == "budgetTier":
        return {field: "不确定" if unsure else budget_tier(text) or answer.strip()[:40]}
    if unsure:
        return {field: ["unknown"] if field == "goals" else "unknown"}
    exact = _EXACT[field].get(text)
    if field == "goals":
        return {field: [exact] if exact else _goals(text) or [answer.strip()[:80]]}
    value = exact or _READ[field](text)
    return {field: value} if value else None


def _skin_type(text: str) -> str | None:
    left = _NOT_THIS_TYPE.sub(" ", text)
    oily, dry = _OILY.search(left), _DRY.search(left)
    if _COMBINATION.search(left) or (oily and dry):
        return "combination"
    return "oily" if oily else "dry" if dry else _first(_SKIN, left)


def _barrier(text: str) -> str | None:
    left = _NO_SYMPTOM.sub(" ", text)
    denied = left != text
    left = _NO_PROBLEM.sub(" stable ", left)
    if _UNWELL.search(left) or _SICK.search(left):
        return "impaired"
    return "healthy" if denied or _WELL.search(left) else None


def _sensitivity(text: str) -> str | None:
    if _NOT_HIGH.search(text) or _VERY_LOW.search(text):
        return "low"
    return _first(_SENSITIVITY, text)


def _goals(text: str) -> list[str]:
    named = [(hit.start(), goal) for found, goal in _GOALS if (hit := found.search(text))]
    return [goal for _, goal in sorted(named)][:MAX_GOALS]


_READ = {"skinType": _skin_type, "barrierStatus": _barrier, "sensitivity": _sensitivity}


def _first(table: Table, text: str) -> str | None:
    return next((value for found, value in table if found.search(text)), None)
