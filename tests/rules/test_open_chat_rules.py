"""What of a decision answer becomes a card, and what is said beside it (contract B 16.4, 17.3)."""

from __future__ import annotations

import re

import pytest

from aurora.rules import open_answer, templates, upstream_text
from aurora.rules.context_conflicts import from_upstream
from aurora.rules.open_words import shows, words
from aurora.rules.upstream_answer import MAX_PAYLOAD_BYTES, UpstreamCard

ENV = ("env_stress", {"ess": 40, "tier": "Medium"})
NOTE = ("note", {"text": "x"})
CITED = ("aurora_structured", {"external_verification": {"citations": ["A review"]}})
UNCITED = ("aurora_structured", {"parse": {}})
SIM = (
    "routine_simulation",
    {"safe": False, "conflicts": [{"message": "Too much at once."}], "summary": "Alternate."},
)
FINE = ("routine_simulation", {"safe": True, "conflicts": [], "summary": "No conflict."})
PRODUCT = ("product_analysis", {"product": {"name": "Cream"}})
REPORT = "Part 1: " + "gentle care for tired skin. " * 30
LONG = "gentle care for tired skin. " * 25


@pytest.mark.parametrize(
    ("answer", "cards", "template"),
    [
        ("Keep it gentle.", [], None),
        ("Keep it gentle.", [ENV], None),
        (None, [], "global.default"),
        ("{}", [NOTE], "global.default"),
        ("See the cards below.", [NOTE], "global.default"),
        ("See the cards below.", [CITED], None),
        ("See the cards below.", [UNCITED], "global.default"),
        ("Keep it gentle for now. See the cards below.", [], None),
        ('{"a": 1}', [ENV], "env_weather_qa.standard"),
        ('{"a": 1}', [SIM], "conflict_check.standard"),
        ('{"a": 1}', [PRODUCT], "product_evaluation.standard"),
        (REPORT, [], None),
        (REPORT, [ENV], "env_weather_qa.standard"),
        (REPORT, [CITED], None),
        (LONG, [ENV], "env_weather_qa.standard"),
        (LONG, [PRODUCT], None),
    ],
)
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_own_words_give_way_only_where_they_must(answer, cards, template, lang):
    said = words(answer, cards, lang)
    assert said.template_id == template
    assert said.text.strip()
    assert "{" not in said.text
    if template is not None:
        assert len(said.text) <= templates.MARKDOWN_CAP
        assert any("一" <= letter <= "鿿" for letter in said.text) is (lang == "CN")
    if not any(shows(*card) for card in cards):
        assert not upstream_text.points_at_cards(said.text)


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_a_conflict_in_words_has_its_heads(lang):
    text = words("{}", [SIM], lang).text
    for head in {
        "EN": ("Verdict", "Why", "Schedule", "Stop signals"),
        "CN": ("判断", "原因", "安排", "停用信号"),
    }[lang]:
        assert f"**{head}**" in text
    assert "Too much at once." in text
    fine = words("{}", [FINE], lang).text
    assert "No conflict." in fine
    assert not re.search("Schedule|安排", fine)


def test_a_long_answer_alone_is_cut_not_replaced():
    said = words("A calm sentence. " * 900, [], "EN")
    assert said.template_id is None
    assert len(said.text) <= upstream_text.SAY_CAP


def test_sources_of_the_context_go_in_if_there_are_none():
    sources = {"citations": ["A review", "kb:x", "550e8400-e29b-41d4-a716-446655440000"]}
    context = {"external_verification": sources}
    kept = {"citations": ["A review"]}
    assert open_answer.structured_of("Hi", {"a": 1}, context, keep_kb=False) == {
        "a": 1,
        "external_verification": kept,
    }
    assert open_answer.structured_of("Hi", None, context, keep_kb=False) == {"external_verification": kept}
    own = {"external_verification": {"citations": ["Mine"]}}
    assert open_answer.structured_of("Hi", own, context, keep_kb=False) == own
    assert open_answer.structured_of('So {"b": 2}', None, None, keep_kb=False) == {"b": 2}
    assert open_answer.structured_of("Hi", None, {"external_verification": []}, keep_kb=False) is None
    debug = open_answer.structured_of("Hi", None, context, keep_kb=True)
    assert debug == {"external_verification": sources}


def test_the_client_is_told_the_language_for_a_report_of_its_own():
    assert open_answer.in_language({"a": 1}, "CN") == {"a": 1, "meta": {"lang": "CN"}}
    assert open_answer.in_language({"meta": {"x": 1, "lang": "EN"}}, "CN") == {"meta": {"x": 1, "lang": "CN"}}
    assert open_answer.in_language({"meta": "odd"}, "EN") == {"meta": {"lang": "EN"}}


def test_what_is_too_deep_or_too_large_is_left_out():
    deep = {"a": 1}
    for _ in range(40):
        deep = {"x": deep}
    large = {"a": "x" * (MAX_PAYLOAD_BYTES + 1)}
    for odd in (deep, large):
        assert open_answer.structured_of("Hi", odd, None, keep_kb=True) is None
        assert open_answer.raw_context("chat", None, odd, may_sell=True, keep_kb=True) == (None, [])


def test_a_raw_context_that_sells_is_held_back_unless_it_may():
    goods = {"routine": {"am": [{"offer": {}}]}}
    raw, gaps = open_answer.raw_context("chat", None, goods, may_sell=False, keep_kb=False)
    assert raw is None
    assert [(gap.field, gap.reason) for gap in gaps] == [
        ("aurora_context_raw", "recommendations_not_requested")
    ]
    raw, gaps = open_answer.raw_context("chat", None, goods, may_sell=True, keep_kb=False)
    assert raw == {"intent": "chat", "clarification": None, "context": goods}
    assert gaps == []


@pytest.mark.parametrize(
    ("text", "action", "debug", "wanted"),
    [
        ("will it snow tomorrow", None, False, True),
        ("hello", "chip.env.stress", False, True),
        ("hello", "chip.start.routine", False, False),
        ("hello", None, True, True),
        ("hello", None, False, False),
    ],
)
def test_the_environment_is_for_who_asked(text, action, debug, wanted):
    assert open_answer.wants_env(text, action, debug=debug) is wanted


@pytest.mark.parametrize(
    ("safe", "text", "action", "wanted"),
    [
        (False, "hello", None, True),
        (True, "hello", None, False),
        (True, "can i mix retinol and niacinamide", None, True),
        (True, "hello", "chip.action.compat", True),
    ],
)
def test_conflicts_are_shown_if_unsafe_or_asked_for(safe, text, action, wanted):
    found = from_upstream({"safe": safe}, "EN")
    assert found is not None
    assert open_answer.wants_conflicts(found, text, action, debug=False) is wanted


@pytest.mark.parametrize(
    ("kind", "payload", "env"),
    [
        ("Env_Stress", {}, True),
        ("note", {"schema_version": "aurora.ui.env_stress.v1"}, True),
        ("envStressCard", {}, True),
        ("note", {"schema_version": 3}, False),
    ],
)
def test_an_environment_card_is_known_by_type_or_schema(kind, payload, env):
    assert open_answer.is_env(UpstreamCard(kind, payload)) is env
