"""The question what a routine may cost: its answers, and what leads away from it (contract B 6, 7, 15)."""

from __future__ import annotations

import pytest

from aurora.rules import budget_question as budget
from aurora.rules.request import normalise, trigger_source
from aurora.rules.text import fold


def ask_of(body):
    return normalise(body, trigger=trigger_source(body))


def chip(action_id, message=None, **data):
    body = {"action": {"action_id": action_id, "kind": "chip", "data": data}}
    return {**body, "message": message} if message else body


@pytest.mark.parametrize(
    ("words", "tier"),
    [
        ("¥500", "¥500"),
        ("￥ 200", "¥200"),
        ("1000+", "¥1000+"),
        ("预算1000以上", "¥1000+"),
        ("low", "¥200"),
        ("mid range", "¥500"),
        ("premium please", "¥1000+"),
        ("not sure", "不确定"),
        ("不确定", "不确定"),
        ("around 300", "¥200"),
        ("大概 600 左右", "¥500"),
        ("花 800 块钱", "¥1000+"),
        ("每月预算 350 元", "¥200"),
        ("my budget is 750", "¥500"),
        ("about 80 euros", None),
        ("$80 budget", None),
        ("I have 30 spots", None),
        ("20%", None),
        ("slow", None),
        ("hello", None),
        ("", None),
        ("my skin has a rather low tolerance for most of the acids that I have tried", None),
    ],
)
def test_what_an_answer_means(words, tier):
    assert budget.said_in(fold(words)) == tier


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_every_answer_chip_says_its_own_tier(lang):
    chips = budget.chips(lang)
    assert [c.chip_id.rsplit(".", 1)[1] for c in chips] == ["_200", "_500", "_1000_", "_"]
    for c in chips:
        body = {"action": {"action_id": c.chip_id, "kind": "chip", "data": c.data}}
        tier = c.data["profile_patch"]["budgetTier"]
        assert c.label
        assert c.data["include_alternatives"] is True
        assert budget.said_in(fold(c.data["reply_text"])) == tier
        assert not budget.leaves(ask_of(body))
        assert budget.answered(ask_of(chip(c.chip_id)), None) == {"budgetTier": tier}
        assert budget.is_stale(ask_of(body), None)
        assert not budget.is_stale(ask_of(body), "S6_BUDGET")


@pytest.mark.parametrize(
    ("body", "leaves"),
    [
        ({"message": "¥500"}, False),
        ({"message": "hmm, what would it cost?"}, False),
        ({"message": "不确定"}, False),
        ({"message": "500 for a whole routine"}, False),
        ({"message": "生成早晚护肤方案"}, False),
        ({}, False),
        (chip("chip.start.routine"), False),
        (chip("chip.budget._500", "¥500"), False),
        (chip("chip.budget.optimize.entry"), False),
        (chip("chip.clarify.budget.y500"), False),
        ({"message": "hello"}, True),
        ({"message": "Tell me about niacinamide"}, True),
        ({"message": "这款适不适合我：某某 精华"}, True),
        ({"message": "can I use retinol with glycolic acid"}, True),
        ({"message": "ingredient science"}, True),
        ({"message": "明天下雪怎么办"}, True),
        ({"message": "recommend a serum"}, True),
        ({"message": "推荐一款面霜"}, True),
        ({"message": "review my routine"}, True),
        ({"message": "start a skin diagnosis"}, True),
        (chip("chip.start.reco_products"), True),
        (chip("chip.action.analyze_product"), True),
        (chip("profile.skinType.oily"), True),
        (chip("chip.start.routine", "which serum is that?"), True),
    ],
)
def test_what_leads_away_from_the_question(body, leaves):
    assert budget.leaves(ask_of(body)) is leaves


def test_words_answer_only_while_the_question_is_open():
    ask = ask_of({"message": "500"})
    assert budget.answered(ask, "S6_BUDGET") == {"budgetTier": "¥500"}
    assert budget.answered(ask, "S7_PRODUCT_RECO") == {}
    assert budget.answered(ask, None) == {}


@pytest.mark.parametrize(
    ("body", "stale"),
    [
        (chip("chip.clarify.budget.y500", "¥500"), True),
        (chip("chip.budget._", reply_text="不确定"), True),
        ({**chip("x", "¥500"), "clarification_id": "budget"}, True),
        (chip("chip.budget._500"), False),
        (chip("chip.budget._500", "recommend a serum for 500"), False),
        (chip("chip.budget._500", "¥500 的早晚护肤"), False),
        (chip("chip.budget._500", "500, is it okay in the snow?"), False),
        (chip("chip.budget.optimize.entry", "¥500"), False),
        (chip("chip.start.routine", "¥500"), False),
        ({"message": "¥500"}, False),
    ],
)
def test_which_answers_come_too_late(body, stale):
    assert budget.is_stale(ask_of(body), None) is stale
    assert not budget.is_stale(ask_of(body), "S6_BUDGET")


@pytest.mark.parametrize(
    ("tier", "known"),
    [("¥500", True), ("不确定", True), ("around 40", True), ("unknown", False), (" ", False), (None, False)],
)
def test_a_budget_without_a_limit_is_known_too(tier, known):
    assert budget.is_known(tier) is known
