"""What may not leave for somebody, whatever they asked for (decision 19)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules.safety import outgoing

KNOWN = {"pregnancy_status": "not_pregnant", "lactation_status": "not_lactating", "age_band": "25_34"}

RETINOL = {"step": "treatment", "sku": {"name": "Night Renew 0.3% Retinol"}, "notes": ["Start slowly"]}
HYDROQUINONE = {"sku": {"name": "Spot fader"}, "key_actives": ["hydroquinone"]}
GLYCOLIC = {"sku": {"name": "Glycolic toner"}}
PEEL = {"sku": {"name": "焕肤套装"}}
CREAM = {"sku": {"name": "Ceramide cream"}, "notes": ["Do not combine with retinol"]}
FREE = {"sku": {"name": "Retinol-free firming serum"}, "notes": ["bakuchiol, a retinol alternative"]}
ALL = [RETINOL, HYDROQUINONE, GLYCOLIC, PEEL, CREAM, FREE]


def kept(profile, items=ALL, message=""):
    return outgoing(items, profile, "EN", message=message).kept


@pytest.mark.parametrize(
    ("facts", "rules", "left"),
    [
        ({"pregnancy_status": "pregnant"}, {"P2", "P3", "P5"}, [GLYCOLIC, CREAM, FREE]),
        ({"pregnancy_status": "trying"}, {"P8", "P10"}, [GLYCOLIC, PEEL, CREAM, FREE]),
        ({"lactation_status": "lactating"}, {"L5"}, [HYDROQUINONE, GLYCOLIC, PEEL, CREAM, FREE]),
        ({"high_risk_medications": ["isotretinoin"]}, {"M1", "M2"}, [HYDROQUINONE, CREAM, FREE]),
        ({"barrierStatus": "impaired"}, {"I2"}, [RETINOL, HYDROQUINONE, CREAM, FREE]),
        ({"pregnancy_status": "unknown"}, {"M5"}, [GLYCOLIC, PEEL, CREAM, FREE]),
        ({}, set(), ALL),
    ],
)
def test_what_a_condition_forbids_stays_here(facts, rules, left):
    out = outgoing(ALL, Profile(**{**KNOWN, **facts}), "EN")
    assert out.kept == left
    assert {rule for held in out.held for rule in held.rules} == rules
    assert len(out.kept) + len(out.held) == len(ALL)


def test_an_unknown_pregnancy_holds_back_and_asks():
    out = outgoing([RETINOL, CREAM], None, "CN")
    assert out.kept == [CREAM]
    assert out.result.asks
    assert out.result.required_fields == ("pregnancy_status",)
    assert "怀孕" in out.result.required_questions[0]


def test_a_condition_that_blocks_gives_reasons_and_asks_nothing():
    out = outgoing([RETINOL], Profile(pregnancy_status="pregnant"), "EN")
    assert out.emptied
    assert out.result.blocks
    assert out.result.reasons
    assert not out.result.required_questions


def test_what_the_message_says_counts_too():
    assert kept(Profile(**KNOWN), message="I'm pregnant, recommend a night serum") == [GLYCOLIC, CREAM, FREE]
    assert kept(None, message="我没怀孕，推荐晚间精华") == ALL


def test_alternatives_inside_an_item_are_thinned_and_the_item_stays():
    item = {"sku": {"name": "Azelaic serum"}, "alternatives": [RETINOL, CREAM]}
    out = outgoing([item], Profile(pregnancy_status="pregnant"), "EN")
    assert out.kept == [{"sku": {"name": "Azelaic serum"}, "alternatives": [CREAM]}]
    assert [(held.index, held.inside) for held in out.held] == [(0, "alternatives")]
    assert item["alternatives"] == [RETINOL, CREAM]


@pytest.mark.parametrize(
    "target", ["retinol", "adapalene", "retinyl_palmitate", "视黄醇", "a醇", "tretinoin"]
)
def test_plan_targets_are_judged_by_their_ids(target):
    out = outgoing([target, "niacinamide"], Profile(pregnancy_status="pregnant"), "EN")
    assert out.kept == ["niacinamide"]


def test_targets_as_objects_and_words_in_any_place_are_read():
    deep = {
        "ingredient_id": "x",
        "detail": {"list": [{"names": ["All-trans retinoic acid", "Hydroxypinacolone retinoate"]}]},
    }
    assert kept(Profile(pregnancy_status="pregnant"), [deep]) == []


def test_links_and_ids_are_not_read():
    item = {
        "sku": {"name": "Cream", "product_id": "retinol-1"},
        "pdp_open": {"url": "https://x.example/retinol"},
    }
    assert kept(Profile(pregnancy_status="pregnant"), [item]) == [item]


def test_a_denial_in_one_text_says_nothing_of_the_next():
    item = {"notes": ["no fragrance, no", "retinol 0.5%"]}
    assert kept(Profile(pregnancy_status="pregnant"), [item]) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["name", "sku", "notes", "alternatives"]), VALUES, max_size=4),
        max_size=5,
    )
)
def test_any_shape_is_split_without_loss_and_kept_is_clean(items):
    profile = Profile(pregnancy_status="pregnant")
    out = outgoing(items, profile, "EN")
    whole = [held for held in out.held if not held.inside]
    assert len(out.kept) + len(whole) == len(items)
    assert outgoing(out.kept, profile, "EN").held == ()
