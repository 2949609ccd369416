"""The planner's table: what is needed, how asking ends, and that nobody is asked for ever."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules import planner, safety
from aurora.rules.planner import Plan, plan
from aurora.rules.safety import Matched, Result
from aurora.rules.text import fold

CORE = Profile(skinType="oily", sensitivity="low", barrierStatus="healthy", goals=["acne"])
TRIP = {"destination": "Tokyo", "start_date": "2026-12-01", "end_date": "2026-12-05"}
ALL_TRAVEL = ("travel_plan.destination", "travel_plan.start_date", "travel_plan.end_date")
ASKS = Result(
    block_level="REQUIRE_INFO",
    required_fields=("pregnancy_status",),
    required_questions=("Pregnant?",),
    matched_rules=(Matched("M5", "REQUIRE_INFO"),),
)


def planned(intent: str, text: str = "", profile: Profile | None = None, **more: Any) -> Plan:
    given_: dict[str, Any] = {"anchored": False, "patched": False, "lang": "EN"} | more
    return plan(intent=intent, text=fold(text), profile=profile, **given_)


@pytest.mark.parametrize(
    ("intent", "text", "profile", "anchored", "fields", "gate", "step"),
    [
        (
            "reco_products",
            "",
            None,
            False,
            ("skinType", "sensitivity", "barrierStatus", "goals"),
            "hard",
            "ask",
        ),
        ("reco_products", "", CORE, False, (), "none", "upstream"),
        (
            "routine",
            "",
            Profile(skinType="dry", sensitivity="low"),
            False,
            ("barrierStatus", "goals"),
            "hard",
            "ask",
        ),
        ("evaluate_product", "", CORE, False, ("anchor",), "hard", "ask"),
        ("evaluate_product", "", CORE, True, (), "none", "upstream"),
        ("evaluate_product", "retinol serum", CORE, True, ("pregnancy_status",), "soft", "ask"),
        ("evaluate_product", "A醇精华", CORE, True, ("pregnancy_status",), "soft", "ask"),
        ("dupe_compare", "", None, False, ("anchor",), "hard", "ask"),
        ("dupe_compare", "hydroquinone cream", None, True, ("pregnancy_status",), "soft", "ask"),
        ("ingredient_science", "how does tretinoin work", None, False, ("pregnancy_status",), "soft", "ask"),
        ("ingredient_science", "刷酸有什么证据", None, False, ("pregnancy_status",), "soft", "ask"),
        ("ingredient_science", "high strength acid", None, False, ("pregnancy_status",), "soft", "ask"),
        ("ingredient_science", "niacinamide", None, False, (), "none", "upstream"),
        (
            "ingredient_science",
            "retinol",
            Profile(pregnancy_status="not_pregnant"),
            False,
            (),
            "none",
            "upstream",
        ),
        (
            "ingredient_science",
            "retinol",
            Profile(pregnancy_status="unknown"),
            False,
            ("pregnancy_status",),
            "soft",
            "ask",
        ),
        ("travel_planning", "", None, False, ALL_TRAVEL, "soft", "ask"),
        (
            "weather_env",
            "",
            Profile(travel_plan={"destination": "Rome"}),
            False,
            ALL_TRAVEL[1:],
            "soft",
            "ask",
        ),
        ("travel_planning", "", Profile(travel_plan=TRIP), False, (), "none", "tool_call"),
        ("weather_env", "", Profile(travel_plan=TRIP), False, (), "none", "tool_call"),
        ("conflict_check", "retinol with acids", None, False, (), "none", "upstream"),
        ("diagnosis_start", "", None, False, (), "none", "upstream"),
        ("unknown", "retinol", None, False, (), "none", "upstream"),
    ],
)
def test_what_is_needed(
    intent: str,
    text: str,
    profile: Profile | None,
    anchored: bool,
    fields: tuple[str, ...],
    gate: str,
    step: str,
) -> None:
    made = planned(intent, text, profile, anchored=anchored)
    assert (made.required_fields, made.gate_type, made.next_step) == (fields, gate, step)


def test_what_safety_asks_comes_before_everything() -> None:
    made = planned("unknown", "", CORE, safety=ASKS)
    assert (made.required_fields, made.gate_type, made.next_step) == (("pregnancy_status",), "hard", "ask")
    assert not made.can_answer_now


@pytest.mark.parametrize(
    ("message", "profile", "rule", "fields"),
    [
        (
            "can I combine adapalene and glycolic acid?",
            Profile(sensitivity="high", pregnancy_status="not_pregnant"),
            "I3",
            ("top_goal",),
        ),
        ("I'm pregnant and have a prescription acne cream", Profile(), "P6", ("high_risk_medications",)),
        (
            "steroid cream on my face and glycolic acid",
            Profile(pregnancy_status="not_pregnant"),
            "M4",
            ("high_risk_medications",),
        ),
        ("Can I use retinol?", Profile(), "M5", ("pregnancy_status",)),
        ("high-strength serum please", Profile(), "M6", ("age_band",)),
    ],
)
def test_every_rule_that_asks_has_a_field_to_count(
    message: str, profile: Profile, rule: str, fields: tuple[str, ...]
) -> None:
    result = safety.check(message, profile, "EN")
    assert rule in [matched.id for matched in result.matched_rules]
    assert planned("unknown", message, profile, safety=result).required_fields == fields


def test_no_rule_of_the_table_is_left_out() -> None:
    asking = [rule for rule in safety.RULES if rule.level == "REQUIRE_INFO"]
    assert {rule.id for rule in asking} == {"P6", "I3", "M4", "M5", "M6"}
    for rule in asking:
        only = safety.engine.result_of([rule], "EN")
        assert planned("unknown", safety=only).required_fields


ASKED = [
    (1, "none", {"hard": 1, "soft": 2, "none": 2}),
    (2, "chips_single_question", {"hard": 1, "soft": 1, "none": 1}),
    (3, "conservative_defaults", {"hard": 1, "soft": 2, "none": 2}),
    (4, "stop_asking", {"hard": 0, "soft": 0, "none": 0}),
    (5, "stop_asking", {"hard": 0, "soft": 0, "none": 0}),
    (9, "stop_asking", {"hard": 0, "soft": 0, "none": 0}),
]


@pytest.mark.parametrize(("count", "broken", "budgets"), ASKED)
@pytest.mark.parametrize(
    ("intent", "profile", "gate"),
    [("reco_products", None, "hard"), ("travel_planning", None, "soft"), ("unknown", None, "none")],
)
def test_how_asking_ends(
    count: int, broken: str, budgets: dict[str, int], intent: str, profile: Profile | None, gate: str
) -> None:
    state: dict[str, Any] | None = None
    for _ in range(count):
        made = planned(intent, profile=profile, previous=state)
        state = msgspec.json.decode(msgspec.json.encode(made.state(5)))
    assert (made.count, made.break_applied) == (count, broken)
    assert made.question_budget == budgets[gate]
    assert made.broke is (count >= 3 and gate != "none")
    assert made.state(5) == {"signature": made.signature, "count": count, "updated_at_ms": 5}


def test_the_count_stops_at_nine() -> None:
    state = planned("reco_products").state(1) | {"count": 9}
    assert planned("reco_products", previous=state).count == 9


@pytest.mark.parametrize("more", [{"patched": True}, {"anchored": True}])
def test_something_new_starts_the_count_anew(more: dict[str, bool]) -> None:
    state = planned("evaluate_product", "retinol").state(1) | {"count": 3}
    made = planned("evaluate_product", "retinol", previous=state, **more)
    assert (made.count, made.break_applied) == (0, "none")


@pytest.mark.parametrize(
    "other",
    [
        planned("routine"),
        planned("reco_products", profile=Profile(skinType="dry")),
        planned("reco_products", lang="CN"),
        planned("unknown"),
    ],
)
def test_another_question_is_counted_by_itself(other: Plan) -> None:
    assert planned("reco_products", previous=other.state(1) | {"count": 5}).count == 1


def test_a_settled_trip_needs_nothing() -> None:
    made = planned("travel_planning", trip_settled=True)
    assert (made.required_fields, made.next_step) == ((), "tool_call")


def test_the_signature() -> None:
    assert planned("reco_products", profile=Profile(skinType="x", goals=["y"])).signature == (
        "reco_products|barrierstatus|sensitivity|reco_products:sensitivity|en"
    )
    assert planned("unknown", lang="CN").signature == "unknown|unknown:|cn"


@pytest.mark.parametrize(
    ("intent", "count", "profile", "answerable"),
    [
        ("unknown", 1, None, True),
        ("reco_products", 1, None, False),
        ("reco_products", 3, None, True),
        ("travel_planning", 1, None, False),
        ("travel_planning", 1, Profile(travel_plan={"destination": "R", "start_date": "2026-01-01"}), True),
        ("travel_planning", 4, None, True),
    ],
)
def test_what_can_be_answered_now(intent: str, count: int, profile: Profile | None, answerable: bool) -> None:
    state = planned(intent, profile=profile).state(1) | {"count": count - 1}
    assert planned(intent, profile=profile, previous=state).can_answer_now is answerable


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SIGNATURE = planned("reco_products").signature
STATES = JSON | st.fixed_dictionaries(
    {}, optional={"signature": st.just(SIGNATURE) | JSON, "count": st.integers(-5, 20) | JSON}
)


@given(STATES)
def test_whatever_was_kept_the_plan_is_sound(previous: object) -> None:
    made = planned("reco_products", previous=previous)
    assert 1 <= made.count <= 9
    assert 0 <= made.question_budget <= 2


@given(STATES, st.sampled_from([None, ASKS]))
def test_nobody_is_asked_more_than_three_times(previous: object, result: Result | None) -> None:
    state = previous
    asked = 0
    for _ in range(12):
        made = planned("reco_products", previous=state, safety=result)
        asked += made.question_budget > 0
        state = made.state(1)
    assert asked <= 3
    assert planner.STATE_KEY == "qa_planner_v2"
