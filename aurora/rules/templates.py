"""Reply templates: which one fits an answer, and what it says when the answer's own words will not do.

Contract B 17.4. A message is replaced only if it is missing, asks more or less than one question while one is
open, or makes a claim that nobody may make; else the template only gives the answer its name in the audit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules import phase0
from aurora.rules.claims import makes_claim
from aurora.rules.notices import pick
from aurora.rules.text import strings_in

KEEP = "default.keep"
GLOBAL = "global.default"

Cards = Sequence[tuple[str, Mapping[str, Any]]]
Pair = tuple[str, str]

TEXT_CAP = 280
MARKDOWN_CAP = 520

TEXTS: dict[str, Pair] = {
    "recommendations_output.standard": (
        (
            "Barrier first: here is a small set. Start with one product, give it some days, add the next. "
            "Next step: tell me what you'd like to adjust."
        ),
        "先稳住屏障：这是一份精简清单。先从一件开始，没有不适再加下一件。下一步：告诉我想调整哪一步。",
    ),
    "recommendations_output.degraded": (
        (
            "For now a gentle minimum: mild cleanser, plain moisturizer, sunscreen by day. "
            "Next step: add photos or your current routine, and I can be more precise."
        ),
        "先给你一份温和的最小方案：温和洁面、基础保湿、白天防晒。下一步：补充照片或护肤步骤，我可以说得更准。",
    ),
    "diagnosis_clarification.standard": (
        "One question first, so that I don't guess. {question}",
        "先确认 1 个问题，免得我瞎猜。{question}",
    ),
    "diagnosis_clarification.degraded": (
        "One question first; a rough answer is fine, and so is “not sure”. {question}",
        "先确认 1 个问题，大概说说就行，不确定也没关系。{question}",
    ),
    "no_photo_analysis_degrade.standard": (
        (
            "There is no usable photo, so nothing here is read from pictures; it rests on what you told me. "
            "Next step: add a daylight photo, or go on without one."
        ),
        "没有可用照片，所以不做图像结论，只依据你告诉我的情况。下一步：补一张自然光照片，或者先这样继续。",
    ),
    "env_weather_qa.standard": (
        (
            "Skin stress from your surroundings: {tier} ({ess}/100).\n"
            "- Wash gently, then seal in moisture\n- SPF 30 or more by day\n- Fewer strong actives until calm"
            "\n\nShall I turn this into AM/PM steps?"
        ),
        (
            "环境给皮肤的压力：{tier}（{ess}/100）。\n"
            "- 温和清洁，及时锁水\n- 白天防晒，SPF30以上\n- 皮肤稳定前，少用强效成分"
            "\n\n下一步：要我整理成早晚步骤吗？"
        ),
    ),
    "env_weather_qa.degraded": (
        (
            "I don't have figures for your surroundings, so here is what always holds.\n"
            "- Wash gently, then seal in moisture\n- SPF 30 or more by day\n- Go easy on strong actives"
            "\n\nShall I turn this into AM/PM steps?"
        ),
        (
            "暂时没有你那边的环境数据，先说什么时候都管用的。\n"
            "- 温和清洁，及时锁水\n- 白天防晒，SPF30以上\n- 刺痛时少用强效成分"
            "\n\n下一步：要我整理成早晚步骤吗？"
        ),
    ),
    "product_evaluation.standard": (
        (
            "I've looked at {product}. To weigh it for you: which goal matters most, breakouts, dark spots "
            "or a calmer barrier?"
        ),
        "{product}我看过了。想帮你判断得更准：痘痘、色斑、屏障，你现在最在意哪一个？",
    ),
    "product_evaluation.degraded": (
        "I'm not sure which product you mean. Please send its full name with the variant, or a link.",
        "我还不确定是哪一款。请发一下完整的产品名和规格，或者一个链接。",
    ),
    GLOBAL: (
        "Tell me a little more about what you'd like to know, and I'll answer in plain words.",
        "再多说一点你想了解的内容，我用大白话回答你。",
    ),
}

_BOUNDARY: Pair = (
    (
        "I can't diagnose anything or promise a cure; a dermatologist can look at that properly. "
        "With gentle everyday care I'm glad to help. Where shall we start?"
    ),
    "我不能做诊断，也不能保证效果，这部分请皮肤科医生来看。日常温和护理我乐意帮忙，想从哪里开始？",
)
_WHICH: Pair = ("Which of these fits you best?", "下面哪个更接近你的情况？")
_THIS_PRODUCT: Pair = ("this product", "这款产品")
_TIERS: dict[str, Pair] = {"Low": ("low", "低"), "Medium": ("medium", "中等"), "High": ("high", "高")}
_QUESTION_MARK = re.compile(r"[?？]")
_UNKNOWN_ANSWERS = 2


class Worded(msgspec.Struct, frozen=True):
    """A message, the template that named or made it, and why it was made by it ("" if it was not)."""

    text: str
    template_id: str
    reason: str = ""


def choose(cards: Cards, *, pending: bool) -> str:
    """The template of an answer. cards: (lower-cased type, payload). pending: a clarification is open."""
    kinds = dict(reversed([(kind, payload) for kind, payload in cards]))
    if pending or "diagnosis_gate" in kinds:
        unsure = _unknowns(kinds.get("diagnosis_gate", {}).get("profile")) >= _UNKNOWN_ANSWERS
        return f"diagnosis_clarification.{'degraded' if unsure else 'standard'}"
    if "recommendations" in kinds:
        gentle = kinds.get("confidence_notice", {}).get("reason") == "low_confidence"
        return f"recommendations_output.{'degraded' if gentle else 'standard'}"
    if kinds.get("analysis_summary", {}).get("used_photos") is False:
        return "no_photo_analysis_degrade.standard"
    if "env_stress" in kinds:
        return f"env_weather_qa.{'degraded' if kinds['env_stress'].get('ess') is None else 'standard'}"
    for kind in ("product_analysis", "product_parse"):
        if kind in kinds:
            return f"product_evaluation.{'standard' if _product(kinds[kind]) else 'degraded'}"
    return KEEP


def worded(text: str, cards: Cards, lang: Lang, *, pending: bool) -> Worded:
    """`text`, or what its template says instead. text: "" if nothing was said."""
    chosen = choose(cards, pending=pending)
    asks_one = pending or any(kind == "diagnosis_gate" for kind, _ in cards)
    if not text.strip():
        reason = "missing"
    elif asks_one and len(_QUESTION_MARK.findall(text)) != 1:
        reason = "not_one_question"
    elif makes_claim(text):
        reason = "claim"
    else:
        return Worded(text, chosen)
    if reason == "missing":
        told = [payload.get("message") for kind, payload in cards if kind == "confidence_notice"]
        for said in strings_in(told, 1):
            return Worded(said, chosen if chosen != KEEP else GLOBAL, reason)
    if reason == "claim" and not asks_one:
        return Worded(pick(lang, _BOUNDARY), GLOBAL, reason)
    used = chosen if chosen != KEEP else GLOBAL
    return Worded(text_of(used, cards, lang), used, reason)


def text_of(template_id: str, cards: Cards, lang: Lang) -> str:
    """What a template says about these cards."""
    kinds = dict(reversed([(kind, payload) for kind, payload in cards]))
    said = pick(lang, TEXTS[template_id])
    if template_id.startswith("diagnosis_clarification."):
        missing = kinds.get("diagnosis_gate", {}).get("missing_fields")
        field = missing[0] if isinstance(missing, list) and missing else None
        question = phase0.question(field, lang) if field in phase0.QUESTIONS else pick(lang, _WHICH)
        return said.format(question=question)
    if template_id == "env_weather_qa.standard":
        stress = kinds.get("env_stress", {})
        tier = _TIERS.get(str(stress.get("tier")), _TIERS["Medium"])
        return said.format(tier=pick(lang, tier), ess=stress.get("ess"))
    if template_id == "product_evaluation.standard":
        named = next((_product(kinds[k]) for k in ("product_analysis", "product_parse") if k in kinds), "")
        return said.format(product=named or pick(lang, _THIS_PRODUCT))
    return said


def _unknowns(profile: Any) -> int:
    if not isinstance(profile, Mapping):
        return 0
    return sum(profile.get(field) in ("unknown", ["unknown"]) for field in phase0.FIELDS)


def _product(payload: Mapping[str, Any]) -> str:
    """What the product is called, "" if nobody knows."""
    assessment = payload.get("assessment")
    anchor = assessment.get("anchor_product") if isinstance(assessment, Mapping) else None
    for product in (payload.get("product"), anchor):
        if isinstance(product, Mapping):
            names = strings_in([product.get(key) for key in ("display_name", "name")], 1)
            brand = strings_in([product.get("brand")], 1)
            if names:
                whole = brand and not names[0].lower().startswith(brand[0].lower())
                return (f"{brand[0]} {names[0]}" if whole else names[0])[:80]
    return ""
