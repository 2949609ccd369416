"""Whole cards of any shape, without what a rule forbids; what is the person's own stays."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules.safety import forbidden_for, leaving, left_of
from aurora.rules.safety.table import BY_ID

PREGNANT = forbidden_for(Profile(pregnancy_status="pregnant"))
UNKNOWN = forbidden_for(None)
RETINOL, CREAM = {"name": "Retinol 0.3"}, {"name": "Plain Cream"}


@pytest.mark.parametrize(
    ("kind", "payload", "left"),
    [
        ("recommendations", {"recommendations": [RETINOL, CREAM], "recommendations_count": 2},
         {"recommendations": [CREAM], "recommendations_count": 1}),
        ("recommendations", {"recommendations": [{**CREAM, "alternatives": [RETINOL]}]},
         {"recommendations": [{**CREAM, "alternatives": []}]}),
        ("ingredient_plan", {"targets": [{"ingredient_id": "retinol"}],
                             "plan": {"targets": ["retinol", "panthenol"]},
                             "avoid": [{"ingredient_id": "retinol"}]},
         {"targets": [], "plan": {"targets": ["panthenol"]}, "avoid": [{"ingredient_id": "retinol"}]}),
        ("dupe_suggest", {"original": RETINOL, "dupes": [RETINOL, CREAM]},
         {"original": RETINOL, "dupes": [CREAM]}),
        ("product_analysis", {"product": CREAM, "competitors": {"candidates": [RETINOL, CREAM]}},
         {"product": CREAM, "competitors": {"candidates": [CREAM]}}),
        ("note", {"routine": {"am": [CREAM], "pm": [[RETINOL], CREAM]}},
         {"routine": {"am": [CREAM], "pm": [[], CREAM]}}),
        ("aurora_structured", {"products": [RETINOL], "text": "retinol"},
         {"products": [], "text": "retinol"}),
    ],
)  # fmt: skip
def test_lists_lose_what_is_forbidden(kind, payload, left):
    before = copy.deepcopy(payload)
    found = left_of(kind, payload, PREGNANT)
    assert found.payload == left
    assert found.held
    assert payload == before  # what was given is never changed


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("recommendations", {"recommendations": [RETINOL]}),
        ("reco_bundle", {"bundle": [RETINOL, RETINOL]}),
        ("reco_banner", {"headline": "Try our retinol"}),
        ("offers_resolved", {"items": [{"product": RETINOL}], "market": "US"}),
        ("product_analysis", {"product": RETINOL, "assessment": {"verdict": "Suitable"}}),
        ("product_analysis", {"evidence": {"science": {"key_ingredients": ["retinol"]}}}),
        ("product_analysis", {"assessment": {"anchor_product": RETINOL}}),
    ],
)
def test_a_card_stays_here_whole_if_nothing_of_it_may_leave(kind, payload):
    found = left_of(kind, payload, PREGNANT)
    assert found.payload == {}
    assert found.held


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("profile", {"profile": {"currentRoutine": {"pm": ["retinol"]}}}),
        ("diagnosis_gate", {"profile": {"currentRoutine": "retinol"}}),
        ("note", {"profile": {"currentRoutine": {"pm": ["retinol"]}}, "currentRoutine": {"am": ["retinol"]}}),
        ("routine_simulation", {"am": ["retinol"], "conflicts": []}),
        ("confidence_notice", {"alternatives": ["retinol"]}),
        ("product_analysis", {"product": CREAM, "how_to_use": {"notes": ["not with retinol"]}}),
    ],
)
def test_what_is_their_own_or_no_recommendation_is_left_as_it_is(kind, payload):
    assert left_of(kind, payload, PREGNANT).payload is payload


def test_evidence_does_not_name_what_is_held_back():
    notes = {"science": {"fit_notes": ["Retinol 0.3 fits", "Cream fits"], "key_ingredients": []}}
    payload = {"recommendations": [RETINOL, CREAM], "evidence": notes}
    left = left_of("recommendations", payload, PREGNANT).payload
    assert left["evidence"] == {"science": {"fit_notes": ["Cream fits"], "key_ingredients": []}}
    assert notes["science"]["fit_notes"] == ["Retinol 0.3 fits", "Cream fits"]
    unchanged = {"recommendations": [CREAM], "evidence": {"science": {"fit_notes": ["not with retinol"]}}}
    assert left_of("recommendations", unchanged, PREGNANT).payload is unchanged


def test_a_verdict_that_only_waits_for_a_fact_may_leave():
    payload = {"product": RETINOL, "assessment": {"verdict": "Caution"}}
    assert left_of("product_analysis", payload, UNKNOWN).payload is payload
    assert left_of("recommendations", {"recommendations": [RETINOL]}, UNKNOWN).payload == {}


def test_nothing_is_held_back_from_somebody_of_whom_nothing_is_forbidden():
    free = forbidden_for(Profile(pregnancy_status="not_pregnant"))
    payload = {"recommendations": [RETINOL]}
    assert left_of("recommendations", payload, free).payload is payload


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["retinol", "Cream"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["recommendations", "am", "name", "x", "alternatives"]), inner, max_size=3
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["recommendations", "alternatives", "value"]), VALUES, max_size=3))
def test_any_shape_is_survived_and_what_is_left_has_nothing_more_to_hold(payload):
    for kind in ("recommendations", "reco_x", "note"):
        left = left_of(kind, payload, PREGNANT)
        assert left_of(kind, left.payload, PREGNANT).held == ()


WORDS = st.lists(
    st.sampled_from([
        "retinol", "Retin-A", "a醇", "A 醇", "维 a酸", "异维a酸", "视黄\t醛", "早c\n晚a", "透明质酸",
        "hydroquinone", "氢醌", "刷酸", "salicylic",
        " acid", "乳 酸", "免", "不含", "no ", "-free", "\u200b", "x", "_",
        "\\", '"', "\n", "Ａ", "每天", " ",
    ]),
    max_size=5,
).map("".join)  # fmt: skip
NAMING = st.recursive(
    WORDS | st.none() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["recommendations", "pm", "name", "offer"]) | WORDS, inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["recommendations", "alternatives", "value"]), NAMING, max_size=3))
def test_what_its_json_acquits_needs_no_walk(payload):
    for forbidden in (PREGNANT, UNKNOWN, tuple(name for name, rule in BY_ID.items() if rule.outgoing)):
        for kind in ("recommendations", "offers_x", "product_analysis", "note"):
            assert leaving.left_of(kind, payload, forbidden) == leaving._walked(kind, payload, forbidden)
