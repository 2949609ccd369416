"""Diagnosis first (contract B 8.1): four facts before any pick, asked one at a time."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.envelope import Chip, Lang
from aurora.contract.memory import Profile

FIELDS = ("skinType", "sensitivity", "barrierStatus", "goals")


class Option(msgspec.Struct, frozen=True):
    """One answer to a question: the stored value and its label."""

    value: str
    en: str
    cn: str


class Question(msgspec.Struct, frozen=True):
    """One question in both languages. The client may draw its own card, so the words name the answers."""

    en: str
    cn: str
    options: tuple[Option, ...]


_NOT_SURE = Option("unknown", "Not sure", "不确定")

QUESTIONS: dict[str, Question] = {
    "skinType": Question(
        "How does your skin usually feel: oily, dry, combination, normal or sensitive?",
        "你的皮肤平时更接近哪一种：油性、干性、混合、中性还是敏感？",
        (
            Option("oily", "Oily", "油性"),
            Option("dry", "Dry", "干性"),
            Option("combination", "Combination", "混合"),
            Option("normal", "Normal", "中性"),
            Option("sensitive", "Sensitive", "敏感"),
            _NOT_SURE,
        ),
    ),
    "sensitivity": Question(
        "How easily does your skin react to new products: rarely, sometimes or often?",
        "换新产品时，你的皮肤容易有反应吗：很少、有时还是经常？",
        (
            Option("low", "Rarely", "很少"),
            Option("medium", "Sometimes", "有时"),
            Option("high", "Often", "经常"),
            _NOT_SURE,
        ),
    ),
    "barrierStatus": Question(
        "How is your skin barrier right now: stable, or stinging and irritated?",
        "最近皮肤屏障状态怎么样：比较稳定，还是会刺痛、泛红？",
        (
            Option("healthy", "Stable", "比较稳定"),
            Option("impaired", "Stinging or irritated", "刺痛或泛红"),
            _NOT_SURE,
        ),
    ),
    "goals": Question(
        "What should we work on first: breakouts, redness, dark spots, hydration, pores or fine lines?",
        "你最想先改善什么：痘痘、泛红、暗沉色沉、补水保湿、毛孔还是细纹？",
        (
            Option("acne", "Breakouts", "痘痘"),
            Option("redness", "Redness", "泛红"),
            Option("dark_spots", "Dark spots", "暗沉色沉"),
            Option("dehydration", "Hydration", "补水保湿"),
            Option("pores", "Pores", "毛孔"),
            Option("wrinkles", "Fine lines", "细纹抗老"),
            _NOT_SURE,
        ),
    ),
}


def missing(profile: Profile | None) -> list[str]:
    """The core facts not known yet, in the order of asking. `unknown` is an answer too."""
    if profile is None:
        return list(FIELDS)
    return [field for field in FIELDS if not _present(getattr(profile, field))]


def question(field: str, lang: Lang) -> str:
    """The question for one fact; it holds exactly one question mark."""
    asked = QUESTIONS[field]
    return asked.cn if lang == "CN" else asked.en


def answers(field: str, lang: Lang) -> list[Chip]:
    """One chip per answer, each of which brings its own profile patch back."""
    return [
        Chip(
            chip_id=f"profile.{field}.{option.value}",
            label=option.cn if lang == "CN" else option.en,
            data={
                "norm_id": field,
                "value": option.value,
                "profile_patch": {field: [option.value] if field == "goals" else option.value},
            },
        )
        for option in QUESTIONS[field].options
    ]


def _present(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, list) and any(isinstance(item, str) and item.strip() for item in value)
