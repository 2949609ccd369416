"""How much a routine may cost: the question, its answers, and what leads away from it (contract B 6, 15).

The question is optional and is asked once a routine stands. `STATE` is in force until it is answered or the
person turns to something else; since the client never sends it back, we keep it (decision 1).
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.envelope import Chip, Lang
from aurora.rules import detectors
from aurora.rules.request import ChatAsk
from aurora.rules.text import hit, pattern
from aurora.rules.unlock import ROUTINE_CHIPS, is_budget_chip

STATE = "S6_BUDGET"
NO_LIMIT = "不确定"
ENTRY_CHIPS = frozenset({"chip.budget.optimize.entry", "chip.action.budget_optimize"})


class Tier(msgspec.Struct, frozen=True):
    """One answer: the end of its chip's id, the stored tier, its labels. cn doubles as what the tap says."""

    ending: str
    value: str
    en: str
    cn: str


TIERS = (
    Tier("_200", "¥200", "Around ¥200", "¥200 左右"),
    Tier("_500", "¥500", "Around ¥500", "¥500 左右"),
    Tier("_1000_", "¥1000+", "¥1000 or more", "¥1000 以上"),
    Tier("_", NO_LIMIT, "Not sure", "不确定"),
)
_BY_CHIP = {f"chip.budget.{tier.ending}": tier.value for tier in TIERS}

_BARE_UNSURE = pattern(r"\s*(?:not sure|不确定|unknown|unsure)[.。!！]?\s*")
_MONEY = pattern(
    r"\b(?:budgets?|price[sd]?|pric(?:e|ey)|cost|spend(?:ing)?|money|cheap(?:er)?|expensive|afford\w{0,4}|yuan|rmb|cny)\b"
    r"|[¥￥]|预算|价位|价格|多少钱|便宜|太贵|花费|平价|\d\s?元|块钱"
)
_FOREIGN = pattern(r"[$€£]|\b(?:euros?|eur|dollars?|usd|pounds?|gbp)\b|美元|欧元|英镑")
_AMOUNT = pattern(r"(?<![\w.])(\d{2,5})(?![\w.%])")
_BARE_AMOUNT = pattern(
    r"\s*(?:(?:around|about|under|up to|below|max|maybe|大概|大约|差不多|最多)\s*)?\d{2,5}\s*"
    r"(?:左右|以内|以下|per month|a month|monthly|一个月|每月)?[.。!！]?\s*"
)
_MAX_ANSWER = 60


def chips(lang: Lang) -> list[Chip]:
    """The four answers. Each brings its own fact back and asks for alternatives (contract B 15)."""
    return [
        Chip(
            chip_id=f"chip.budget.{tier.ending}",
            label=tier.cn if lang == "CN" else tier.en,
            data={
                "profile_patch": {"budgetTier": tier.value},
                "include_alternatives": True,
                "reply_text": _said(tier, lang),
            },
        )
        for tier in TIERS
    ]


def is_entry(ask: ChatAsk) -> bool:
    """The tap that opens the question."""
    return ask.action_id in ENTRY_CHIPS


def is_known(tier: str | None) -> bool:
    """Has the question been answered before? Having no limit in mind is an answer."""
    return bool(tier and tier.strip()) and tier != "unknown"


def is_bare(text: str) -> bool:
    """BARE_BUDGET: folded words that could answer the question."""
    return _BARE_UNSURE.fullmatch(text) is not None or detectors.budget_tier(text) is not None


def said_in(text: str) -> str | None:
    """The tier that an answer in folded words means, or None.

    "Low" and "high" say nothing about money in a long message. An amount between the tiers counts as the
    nearest one: up to 350 as ¥200, up to 750 as ¥500; in another currency it is not guessed.
    """
    if _BARE_UNSURE.fullmatch(text):
        return NO_LIMIT
    money = speaks_of_money(text)
    if len(text) > _MAX_ANSWER and not money:
        return None
    tier = detectors.budget_tier(text)
    if tier is not None:
        return tier
    amount = _AMOUNT.search(text) if money or _BARE_AMOUNT.fullmatch(text) else None
    if amount is None or _FOREIGN.search(text):
        return None
    return "¥200" if int(amount[1]) <= 350 else "¥500" if int(amount[1]) <= 750 else "¥1000+"


def speaks_of_money(text: str) -> bool:
    """Folded words about what things cost."""
    return hit(text, _MONEY, _FOREIGN)


def answered(ask: ChatAsk, internal: str | None) -> dict[str, Any]:
    """The budget that this turn states without a patch of its own: by the chip's very id, or in words.

    Empty if there is none. internal: the state in force; outside of the question only a chip answers it.
    """
    tier = _BY_CHIP.get(ask.action_id or "")
    if tier is None and internal == STATE and not leaves(ask):
        tier = said_in(ask.text)
    return {"budgetTier": tier} if tier else {}


def leaves(ask: ChatAsk) -> bool:
    """While the question is open: does this turn speak of something else (contract B 7 step 2)?

    The contract names the subjects that leave. Since the state outlives them here, any tap elsewhere and any
    words that neither name a sum nor a routine leave as well; nobody is asked about money after "hello".
    """
    if is_entry(ask) or is_budget_chip(ask) or (ask.action_id in ROUTINE_CHIPS and not ask.typed):
        return False
    if ask.action_id is not None and not ask.typed:
        return True
    text = ask.text
    if not text.strip():
        return False
    if (
        detectors.evaluates_product(text)
        or detectors.asks_compatibility(text)
        or detectors.is_science(text)
        or detectors.asks_weather(text)
        or detectors.starts_diagnosis(text)
    ):
        return True
    if detectors.asks_routine(text):
        return detectors.reviews_routine(text)
    if detectors.requests_recommendation(text):
        return True
    return said_in(text) is None and not speaks_of_money(text)


def is_stale(ask: ChatAsk, internal: str | None) -> bool:
    """A budget chip of an older answer, tapped where the question is not open any more (step 17)."""
    text = ask.text
    return (
        is_budget_chip(ask)
        and not is_entry(ask)
        and internal != STATE
        and is_bare(text)
        and not (
            detectors.asks_recommendation(text)
            or detectors.asks_suitability(text)
            or detectors.asks_routine(text)
            or detectors.asks_compatibility(text)
            or detectors.asks_weather(text)
        )
    )


def _said(tier: Tier, lang: Lang) -> str:
    if tier.value == NO_LIMIT:
        return tier.cn if lang == "CN" else tier.en
    return f"预算{tier.value}" if lang == "CN" else f"My budget is {tier.value}."
