"""A routine out of a decision reply, and what is said over it (contract B 15, 17.6, D 2.6, 2.7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules import normalise_reco, routine_plan, routine_texts
from aurora.rules.text import fold

WASH = {"step": "Cleanser", "sku": {"sku_id": "c1", "brand": "Dewfield", "name": "Soft Wash"}}
CREAM = {"step": "Moisturizer", "sku": {"sku_id": "m1", "brand": "Dewfield", "name": "Plain Cream"}}


def read(**parts):
    return routine_plan.read(**{"answer": None, "structured": None, "context": None, **parts})


def test_mornings_come_first_and_every_step_has_its_slot():
    plan = read(context={"routine": {"pm": [WASH, CREAM], "am": [WASH, 5, None]}})
    assert [step["slot"] for step in plan.steps] == ["am", "pm", "pm"]
    assert plan.source == normalise_reco.ROUTINE
    items = normalise_reco.normalise(plan.steps, lang="EN", profile=None, per_slot=True)
    assert [(item["slot"], item["sku"]["sku_id"]) for item in items] == [
        ("am", "c1"),
        ("pm", "c1"),
        ("pm", "m1"),
    ]


def test_an_own_lawful_slot_of_a_step_wins():
    plan = read(context={"routine": {"am": [{**WASH, "slot": "pm"}, {**CREAM, "slot": "noon"}]}})
    assert [step["slot"] for step in plan.steps] == ["pm", "am"]


@pytest.mark.parametrize(
    ("parts", "source"),
    [
        ({"structured": {"routine": {"am": [WASH]}}}, "upstream_structured"),
        ({"answer": 'Here: {"routine": {"pm": [{"step": "x"}]}}'}, "upstream_answer_json"),
        ({"recommendations": [WASH]}, "upstream_recommendations"),
    ],
)
def test_a_routine_may_stand_elsewhere(parts, source):
    plan = read(**parts)
    assert len(plan.steps) == 1
    assert plan.source == source


def test_evidence_of_the_steps_is_gathered():
    pack = {
        "keyActives": ["panthenol"],
        "comparisonNotes": ["lighter than most"],
        "sensitivityFlags": ["fragrance"],
        "pairingRules": ["not with acids"],
        "citations": ["A 2020", "B 2021"],
    }
    step = {**WASH, "notes": ["soft"], "evidence_pack": pack}
    step["sku"] = {
        **WASH["sku"],
        "social_stats": {
            "key_phrases": {"red": ["gentle"] * 9},
            "platform_scores": {"red": 0.5, "odd": "x"},
        },
    }
    other = {**CREAM, "sku": {**CREAM["sku"], "social_stats": {"platform_scores": {"red": 0.7001}}}}
    rest = read(context={"routine": {"am": [step], "pm": [other]}}).rest
    evidence = rest["evidence"]
    assert evidence["science"]["key_ingredients"] == ["panthenol"]
    assert evidence["science"]["fit_notes"] == ["soft", "lighter than most"]
    assert evidence["science"]["risk_notes"] == ["fragrance"]
    assert evidence["expert_notes"] == ["not with acids", "A 2020; B 2021", "gentle"]
    assert evidence["social_signals"]["platform_scores"] == {"red": 0.6}
    assert rest["confidence"] is None
    assert rest["missing_info"] == []
    assert rest["warnings"] == []


@pytest.mark.parametrize(
    ("context", "missing", "warnings"),
    [
        ({}, [], ["routine_missing", "evidence_missing"]),
        ({"routine": {"am": [], "pm": []}}, [], ["routine_missing", "evidence_missing"]),
        ({"routine": {"am": [WASH]}, "meta": {"budget": "¥500"}}, [], ["evidence_missing"]),
        (
            {"routine": {"am": [WASH]}, "meta": {"over_budget": True, "budget": "a few coins"}},
            ["budget_unknown"],
            ["over_budget", "evidence_missing"],
        ),
        ({"routine": {"am": [WASH]}, "meta": {}, "budget": "premium"}, [], ["evidence_missing"]),
        ({"routine": {"am": [WASH]}, "meta": []}, [], ["evidence_missing"]),
    ],
)
def test_what_is_missing_and_what_only_warns(context, missing, warnings):
    rest = read(context=context).rest
    assert rest["missing_info"] == missing
    assert rest["warnings"] == warnings


def test_proposals_become_chips_once_and_at_most_eight():
    given_actions = [
        {"id": "ask budget", "label": "Tell me your budget", "text": "My budget is"},
        {"id": "ask budget", "label": "again"},
        {"id": "plain", "label": "Plain"},
        {"id": "", "label": "no id"},
        {"id": "no_label"},
        {"id": 5, "label": "odd"},
        *({"id": f"n{n}", "label": f"N{n}"} for n in range(20)),
    ]
    chips = routine_plan.next_actions(given_actions)
    assert len(chips) == 8
    assert chips[0].chip_id == "chip.aurora.next_action.ask_budget"
    assert chips[0].data == {"reply_text": "My budget is", "aurora_action_id": "ask_budget"}
    assert chips[1].data["reply_text"] == "Plain"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["am", "pm", "sku", "evidence_pack", "keyActives", "social_stats", "notes", "slot"]),
        inner, max_size=4),
    max_leaves=16,
)  # fmt: skip


@given(JSON, JSON)
def test_any_routine_is_read_within_bounds(routine, meta):
    plan = read(context={"routine": routine, "meta": meta})
    assert len(plan.steps) <= 2 * routine_plan.MAX_STEPS
    assert all(step["slot"] in ("am", "pm") for step in plan.steps)
    assert plan.rest["confidence"] is None
    normalise_reco.normalise(plan.steps, lang="CN", profile=None, per_slot=True, limit=routine_plan.MAX_STEPS)


def items(*raw):
    return normalise_reco.normalise(raw, lang="EN", profile=None, per_slot=True)


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("budget", [None, "¥500", "不确定"])
@pytest.mark.parametrize("gentle", [True, False])
@pytest.mark.parametrize("name_them", [True, False])
def test_words_over_a_routine(lang, budget, gentle, name_them):
    listed = items({**WASH, "slot": "am"}, {**CREAM, "slot": "pm"})
    said = routine_texts.routine(
        listed,
        lang,
        goals="acne" if lang == "EN" else "痘痘",
        budget=budget,
        gentle=gentle,
        name_them=name_them,
    )
    assert "routine" in said
    assert len(said) <= 520
    assert ("Soft Wash" in said) is name_them
    assert said.count("?") + said.count("？") == 1
    if lang == "CN":
        assert ("预算" in said) is (budget != "不确定")
    elif budget:
        assert ("¥500" in said) is (budget == "¥500")
    else:
        assert "budget" in said


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_words_around_a_routine_speak_the_language_of_the_turn(lang):
    for said in (
        routine_texts.late(lang),
        routine_texts.ask_budget(lang),
        routine_texts.budget_noted(lang, None),
        routine_texts.budget_noted(lang, "¥500"),
        routine_texts.budget_noted(lang, "不确定"),
    ):
        assert len(said) <= 280
        assert any("一" <= char <= "鿿" for char in said) is (lang == "CN")
        assert "budget" in fold(said) or "预算" in said or said == routine_texts.late(lang)
