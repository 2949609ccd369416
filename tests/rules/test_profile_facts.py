"""Facts of a person inside a turn: patch, snapshot, trust (contract B 10.4, 21; decision 21)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules import profile_facts, profile_summary
from aurora.rules.reply_values import field_of, value_for
from aurora.rules.request import normalise

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("question", "answer", "value"),
    [
        ("barrier", "不稳定/易刺痛", "impaired"),
        ("barrier", "unhealthy", "impaired"),
        ("barrier", "not very stable", "impaired"),
        ("barrier", "Stinging or irritated", "impaired"),
        ("barrier", "稳定", "healthy"),
        ("barrier", "healthy (stable)", "healthy"),
        ("barrier", "No stinging at all", "healthy"),
        ("屏障", "没有刺痛", "healthy"),
        ("sensitivity", "没有", "low"),
        ("sensitivity", "不敏感", "low"),
        ("sensitivity", "无", "low"),
        ("sensitivity", "有", "high"),
        ("sensitivity", "not very sensitive", "low"),
        ("sensitivity", "Sometimes", "medium"),
        ("sensitivity", "very", "high"),
        ("sensitivity", "yes", "high"),
        ("skin_type", "油皮", "oily"),
        ("skin_type", "Combination (oily T-zone)", "combination"),
        ("skin_type", "紧绷", "dry"),
        ("skin_type", "Not sure", "unknown"),
        ("skin_type", "不确定", "unknown"),
        ("goal", "Hydration", ["dehydration"]),
        ("goal", "Pores", ["pores"]),
        ("goal", "Acne", ["acne"]),
        ("goal", "淡化痘印", ["dark_spots"]),
        ("goal", "控痘", ["acne"]),
        ("goal", "fine lines", ["wrinkles"]),
        ("goal", "glass skin", ["glass skin"]),
        ("goal", "n/a", ["unknown"]),
        ("budget", "¥500", "¥500"),
        ("barrier", "没有受损", "healthy"),
        ("barrier", "不容易刺痛", "healthy"),
        ("barrier", "没有泛红，也不刺痛", "healthy"),
        ("barrier", "没有泛红，但是会刺痛", "impaired"),
        ("barrier", "not damaged", "healthy"),
        ("barrier", "never had any real irritation", "healthy"),
        ("barrier", "No redness, but it stings", "impaired"),
        ("barrier", "not irritated or red", "healthy"),
        ("barrier", "没什么问题", "healthy"),
        ("barrier", "不太好", "impaired"),
        ("barrier", "皮肤屏障 ok", "healthy"),
        ("sensitivity", "very low", "low"),
        ("sensitivity", "非常低", "low"),
        ("sensitivity", "不高", "low"),
        ("sensitivity", "不严重", "low"),
        ("sensitivity", "有点敏感", "medium"),
        ("sensitivity", "容易刺痛", "high"),
        ("sensitivity", "I don't have sensitive skin", "low"),
        ("sensitivity", "Quite sensitive", "high"),
        ("sensitivity", "low to medium", "medium"),
        ("sensitivity", "no", "low"),
        ("skin_type", "not oily, dry", "dry"),
        ("skin_type", "T区油，两颊干", "combination"),
        ("skin_type", "oily T-zone, dry cheeks", "combination"),
        ("skin_type", "不太确定", "unknown"),
        ("skin_type", "我是混油皮", "combination"),
        ("goal", "acne marks", ["dark_spots"]),
        ("goal", "先淡斑，再抗老", ["dark_spots", "wrinkles"]),
        ("goal", "pores and breakouts", ["pores", "acne"]),
        ("goal", "修护屏障", ["redness"]),
        ("budget", "不确定", "不确定"),
        ("budget", "I'm not sure", "不确定"),
        ("budget", "around thirty euros", "around thirty euros"),
    ],
)
def test_an_answer_in_words_becomes_a_value(question, answer, value):
    field = field_of(question)
    assert value_for(question, answer) == {field: value}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("weather", "dry"),
        ("skin_type", ""),
        ("skin_type", "??"),
        ("skin_type", "确定"),
        ("skin_type", "不油"),
        ("ingredient", "ok"),
        ("existing_products", "good"),
        ("enterprise", "500"),
        ("preferred_brand", "stable"),
    ],
)
def test_what_cannot_be_read_is_not_guessed(question, answer):
    assert value_for(question, answer) is None


def patch(body):
    return profile_facts.patch_from(normalise(body, trigger="chip"))


def tapped(data, action_id="x"):
    return {"action": {"action_id": action_id, "data": data}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (tapped({"profile_patch": {"skinType": "dry"}}), {"skinType": "dry"}),
        (tapped({"profilePatch": {"goals": ["acne"]}}), {"goals": ["acne"]}),
        (tapped({"profile_patch": {"skinType": "dry", "odd": 1}}), {}),
        (tapped({"profile_patch": {"age_band": "old"}}), {}),
        (tapped({"profile_patch": {"travel_plan": {"start_date": "2026-02-31"}}}), {}),
        (tapped({"profile_patch": {"currentRoutine": "x" * 9000}}), {}),
        ({"action": "profile.skinType.oily"}, {"skinType": "oily"}),
        ({"action": "profile.goals.dark_spots"}, {"goals": ["dark_spots"]}),
        ({"action": "profile.patch"}, {}),
        (tapped({"clarification_id": "skin_type", "reply_text": "Dry"}), {"skinType": "dry"}),
        ({"clarification_id": "skin_type", "message": "dry"}, {}),
        ({"message": "I have dry skin"}, {}),
    ],
)
def test_which_facts_a_request_states(body, expected):
    assert patch(body) == expected


def test_a_snapshot_overlays_key_by_key():
    stored = Profile(skinType="oily", goals=["acne"], region="US")
    seen = profile_facts.overlay(
        stored,
        {
            "skin_type": " dry ",
            "goals": [None, "", "redness", 5],
            "region": None,
            "budgetTier": "",
            "odd": "x",
            "sensitivity": 7,
            "travelPlan": {"destination": "Oslo", "start_date": "", "end_date": None},
        },
    )
    assert seen == Profile(
        skinType="dry", goals=["redness"], region="US", travel_plan={"destination": "Oslo"}
    )


@pytest.mark.parametrize("field", ["pregnancy_status", "lactation_status", "age_band"])
def test_a_stored_known_value_beats_an_overlay_where_it_matters(field):
    known = {"pregnancy_status": "pregnant", "lactation_status": "lactating", "age_band": "25_34"}[field]
    other = {"pregnancy_status": "not_pregnant", "lactation_status": "not_lactating", "age_band": "35_44"}[
        field
    ]
    assert getattr(profile_facts.overlay(Profile(**{field: known}), {field: other}), field) == known
    assert getattr(profile_facts.overlay(Profile(**{field: "unknown"}), {field: other}), field) == other
    assert getattr(profile_facts.overlay(None, {field: other}), field) == other
    tapped = profile_facts.patched(Profile(**{field: known}), {field: "unknown"})
    assert getattr(tapped, field) == "unknown"


def test_an_overlaid_unknown_never_hides_a_known_value():
    assert profile_facts.overlay(Profile(skinType="dry"), {"skinType": "unknown"}) == Profile(skinType="dry")
    assert profile_facts.overlay(Profile(), {"skinType": "unknown"}) == Profile(skinType="unknown")


def test_medications_that_are_known_stay():
    stored = Profile(high_risk_medications=["isotretinoin"])
    assert profile_facts.overlay(stored, {"high_risk_medications": ["x"]}) == stored


@given(
    st.dictionaries(
        st.sampled_from(
            [
                f.strip()
                for f in ["skinType", "skin_type", "goals", "travelPlan", "age_band", "odd", "currentRoutine"]
            ]
        ),
        JSON,
    )
)
def test_any_snapshot_is_read_without_an_error(snapshot):
    seen = profile_facts.overlay(Profile(region="US"), snapshot)
    assert seen.region == "US"
    assert len(profile_summary.summary(seen)) == 15


def test_the_summary_shows_all_fifteen_facts_whole():
    routine = {"am": [{"step": "cleanser", "product": "x" * 6000}]}
    shown = profile_summary.summary(Profile(skinType="dry", currentRoutine=routine))
    assert len(shown) == 15
    assert shown["currentRoutine"] == routine
    assert shown["pregnancy_status"] == "unknown"
    assert profile_summary.summary(None) is None
    assert len(profile_summary.summary(Profile(), v2=False)) == 9


def test_an_upstream_is_told_only_what_is_known_and_in_bounds():
    told = profile_summary.for_prompt(Profile(skinType="dry", itinerary="y" * 9000, lang_pref="CN"))
    assert set(told) == {"skinType", "itinerary"}
    assert len(told["itinerary"]) == 5001


@pytest.mark.parametrize(
    ("action_id", "patch", "left"),
    [
        ("chip.start.reco_products", {"pregnancy_status": "unknown", "goals": ["acne"]}, {"goals": ["acne"]}),
        ("chip.start.reco_products", {"high_risk_medications": []}, {}),
        ("chip.start.reco_products", {"age_band": "unknown"}, {"age_band": "unknown"}),  # as before
        ("chip.start.reco_products", {"pregnancy_status": "trying"}, {"pregnancy_status": "trying"}),
        (None, {"pregnancy_status": "unknown"}, {}),
        ("chip.profile.pregnancy.unknown", {"pregnancy_status": "unknown"}, {"pregnancy_status": "unknown"}),
        ("profile.patch", {"skinType": "unknown"}, {"skinType": "unknown"}),
    ],
)
def test_unknown_wipes_a_known_value_only_by_its_own_chip(action_id, patch, left):
    known = Profile(skinType="dry", pregnancy_status="pregnant", high_risk_medications=["isotretinoin"])
    assert profile_facts.settled(patch, known, action_id) == left
    assert profile_facts.settled(patch, None, action_id) == patch
    unread = profile_facts.settled(patch, None, action_id, read=False)
    assert unread == {k: v for k, v in left.items() if v != "unknown" or "profile." in (action_id or "")}
