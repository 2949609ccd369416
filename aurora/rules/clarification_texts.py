"""What clarifications, and the end of asking, say in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.contract.envelope import Lang
from aurora.rules import phase0

NOT_SURE = ("Not sure", "不确定")

_GENERIC = ("Which of these fits you best?", "下面哪一项最符合你？")
_BUDGET = ("Roughly what would you like to spend?", "预算大概在什么范围？")
_FIRST = ("One thing first, so that the answer fits you.", "先确认一点，我好答得更准。")
_NEXT = ("Thanks, that helps.", "好的，有数了。")

# What the planner may have asked for, as people call it.
_NAMES: dict[str, tuple[str, str]] = {
    "skinType": ("skin type", "肤质"),
    "sensitivity": ("sensitivity", "敏感程度"),
    "barrierStatus": ("how your skin barrier is doing", "屏障状态"),
    "goals": ("your main goal", "护肤目标"),
    "top_goal": ("your main goal", "最想改善的一点"),
    "budgetTier": ("budget", "预算"),
    "anchor": ("the product's name or link", "产品名或链接"),
    "pregnancy_status": ("pregnancy status", "是否怀孕或备孕"),
    "lactation_status": ("breastfeeding status", "是否在哺乳"),
    "age_band": ("age range", "年龄段"),
    "high_risk_medications": ("prescription medicines", "正在用的处方药"),
    "travel_plan.destination": ("destination", "目的地"),
    "travel_plan.start_date": ("departure date", "出发日期"),
    "travel_plan.end_date": ("return date", "返程日期"),
}


def _pick(lang: Lang, pair: tuple[str, str]) -> str:
    return pair[1] if lang == "CN" else pair[0]


def not_sure(lang: Lang) -> str:
    """Label of the chip that is always there."""
    return _pick(lang, NOT_SURE)


def question_for(norm_id: str, lang: Lang) -> str:
    """Our own words for a question that came without usable ones."""
    if norm_id in phase0.QUESTIONS:
        return phase0.question(norm_id, lang)
    return _pick(lang, _BUDGET if norm_id == "budgetTier" else _GENERIC)


def first(lang: Lang) -> str:
    """Before a question that has nothing else to stand under."""
    return _pick(lang, _FIRST)


def step(question: str, lang: Lang) -> str:
    """An answer came in; the next question."""
    return f"{_pick(lang, _NEXT)}\n\n{question}"


def no_rush(question: str, lang: Lang) -> str:
    """The question was there already, and the words were no answer to it."""
    lead = _pick(lang, ('No rush, and "Not sure" is a fine answer too.', "不着急，选“不确定”也完全可以。"))
    return f"{lead}\n\n{question}"


def loop_broken(fields: Sequence[str], lang: Lang) -> str:
    """No more questions: careful defaults, and where the rest can be said later."""
    named = [_pick(lang, _NAMES[field]) for field in fields if field in _NAMES][:3]
    if lang == "CN":
        lacking = f"（还缺：{'、'.join(named)}）" if named else ""
        return (
            f"我不再重复追问了{lacking}，先按保守的默认情况继续：温和清洁、保湿、白天防晒，暂不加强效成分。"
            "想补充时，随时可以在“个人档案”里填写。接下来想先做哪一项，点下面就行。"
        )
    lacking = f" (still open: {', '.join(named)})" if named else ""
    return (
        f"I won't keep asking{lacking}. Let's go on with careful defaults: a gentle cleanser, a plain "
        "moisturizer, sunscreen by day, nothing strong for now. You can fill in the rest in your Profile at "
        "any time. Pick what you'd like to do next."
    )
