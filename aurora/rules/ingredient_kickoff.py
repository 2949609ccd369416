"""Ingredients in general: which one, or what for? One question before the upstream is asked (B 7)."""

from __future__ import annotations

from aurora.contract.envelope import Lang
from aurora.rules import detectors
from aurora.rules.notices import pick
from aurora.rules.request import ChatAsk

CHIPS = (
    "chip.science.target.niacinamide",
    "chip.science.target.retinoid",
    "chip.science.target.vitc",
    "chip.science.goal.brightening",
    "chip.science.goal.acne",
    "chip.science.goal.redness",
)

_QUESTION = (
    "Happy to go through the evidence. Which ingredient, or which goal, should I start with?",
    "好呀，可以一起看看成分和证据。你想先聊哪个成分，或者哪个诉求？",
)


def starts(ask: ChatAsk) -> bool:
    """Is it about ingredients, without saying which or what for? Other subjects of the message go first."""
    text, action = ask.text, ask.action_id
    return (
        detectors.is_science(text, action)
        and not detectors.names_science_target(text)
        and not detectors.asks_routine(text, action)
        and not detectors.asks_suitability(text)
        and not detectors.asks_compatibility(text)
        and not detectors.asks_weather(text)
    )


def question(lang: Lang) -> str:
    """The one question."""
    return pick(lang, _QUESTION)
