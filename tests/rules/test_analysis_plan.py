"""Ingredient plans: the table of contract C 21, and what may never be in one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.analysis import ingredients, plan
from aurora.rules.analysis.confidence import node
from aurora.rules.analysis.intake import Intake
from aurora.rules.goals import goal_kind, goal_name
from tests.rules.analysis_facts import ROUTINE, facts


def build(
    read: Intake, score: float = 0.75, lang: Any = "EN", concerns: tuple[str, ...] = ()
) -> dict[str, Any]:
    return plan.build(
        read, node(score), concerns=concerns, plan_id="ip_1", created_at="2026-11-24T10:30:00.000Z", lang=lang
    )


def targets(made: dict[str, Any]) -> dict[str, int]:
    return {t["ingredient_id"]: t["priority"] for t in made["targets"]}


def avoided(made: dict[str, Any]) -> dict[str, str]:
    return {a["ingredient_id"]: a["severity"] for a in made["avoid"]}


def test_a_low_plan_is_the_one_safe_plan() -> None:
    made = build(facts(ROUTINE), 0.54)
    assert made["intensity"] == "gentle"
    assert targets(made) == {"sunscreen_filters": 95, "ceramide_np": 90, "panthenol": 86}
    assert avoided(made) == {"retinol": "avoid", "salicylic_acid": "avoid", "benzoyl_peroxide": "avoid"}
    assert [c["id"] for c in made["conflicts"]] == ["low_confidence_guard"]


def test_a_sure_acne_plan_is_active_and_protects() -> None:
    made = build(facts(ROUTINE), 0.82)
    assert made["intensity"] == "active"
    assert {"sunscreen_filters", "salicylic_acid", "azelaic_acid", "benzoyl_peroxide"} <= set(targets(made))
    assert "acids_x_benzoyl_peroxide" not in [
        c["id"] for c in made["conflicts"]
    ] or "salicylic_acid" in targets(made)


def test_medium_confidence_is_never_active() -> None:
    assert build(facts(ROUTINE), 0.75)["intensity"] == "balanced"


@pytest.mark.parametrize(
    ("changed", "score", "present", "absent"),
    [
        ({"goals": ["acne"]}, 0.75, {"salicylic_acid", "azelaic_acid", "benzoyl_peroxide"}, set()),
        ({"goals": ["acne"]}, 0.60, {"salicylic_acid"}, {"azelaic_acid", "benzoyl_peroxide"}),
        ({"goals": ["acne"]}, 0.68, {"azelaic_acid"}, {"benzoyl_peroxide"}),
        (
            {"goals": ["dark_spots"]},
            0.75,
            {"ascorbic_acid", "niacinamide", "azelaic_acid"},
            {"salicylic_acid"},
        ),
        ({"goals": ["wrinkles"], "pregnancy_status": "not_pregnant"}, 0.70, {"retinol"}, set()),
        ({"goals": ["wrinkles"], "pregnancy_status": "not_pregnant"}, 0.60, set(), {"retinol"}),
        (
            {"goals": ["pores"], "pregnancy_status": "not_pregnant"},
            0.75,
            {"salicylic_acid", "retinol"},
            set(),
        ),
        ({"goals": ["hydration"]}, 0.75, {"hyaluronic_acid", "ceramide_np", "glycerin"}, {"salicylic_acid"}),
        ({"skinType": "dry", "goals": ["补水"]}, 0.75, {"hyaluronic_acid", "ceramide_np"}, set()),
        ({"goals": ["redness"]}, 0.75, {"panthenol", "ceramide_np"}, {"salicylic_acid", "retinol"}),
        ({"barrierStatus": "impaired"}, 0.75, {"ceramide_np", "panthenol"}, {"salicylic_acid", "retinol"}),
        ({"sensitivity": "high"}, 0.75, {"panthenol"}, {"benzoyl_peroxide", "ascorbic_acid", "retinol"}),
        ({"sensitivity": "medium", "goals": ["bright"]}, 0.75, {"niacinamide"}, {"ascorbic_acid"}),
    ],
)
def test_the_table(changed: dict[str, Any], score: float, present: set[str], absent: set[str]) -> None:
    found = set(targets(build(facts(ROUTINE, **changed), score)))
    assert present <= found
    assert not absent & found
    assert "sunscreen_filters" in found


@pytest.mark.parametrize(
    "changed",
    [
        {"barrierStatus": "damaged"},
        {"sensitivity": "high"},
        {"goals": ["redness", "acne"]},
        {"barrierStatus": "受损"},
    ],
)
def test_fragile_skin_gets_a_gentle_plan_without_strong_actives(changed: dict[str, Any]) -> None:
    made = build(facts(ROUTINE, **changed), 0.82)
    assert made["intensity"] == "gentle"
    assert not set(targets(made)) & set(ingredients.STRONG)


def test_a_seen_concern_counts_like_the_goal_that_means_it() -> None:
    assert "salicylic_acid" in targets(build(facts(ROUTINE, goals=["dullness"]), 0.75, concerns=("acne",)))
    assert build(facts(ROUTINE, goals=["acne"]), 0.82, concerns=("dehydration",))["intensity"] == "gentle"


def test_what_is_in_the_routine_already_weighs_less() -> None:
    plain = targets(build(facts(ROUTINE, goals=["hydration"])))
    using = targets(build(facts("ceramide cream", goals=["hydration"])))
    assert using["ceramide_np"] == round(plain["ceramide_np"] * 0.85)


CIRCUMSTANCES: list[tuple[dict[str, Any], set[str]]] = [
    ({"pregnancy_status": "pregnant"}, {"retinol", "salicylic_acid"}),
    ({"pregnancy_status": "trying"}, {"retinol"}),
    ({"lactation_status": "lactating", "pregnancy_status": "not_pregnant"}, {"retinol"}),
    ({"pregnancy_status": "unknown"}, {"retinol"}),
    ({"pregnancy_status": "not_pregnant", "age_band": "13_17"}, {"retinol"}),
    (
        {"pregnancy_status": "not_pregnant", "high_risk_medications": ["Isotretinoin 20mg"]},
        {"retinol", "salicylic_acid", "benzoyl_peroxide"},
    ),
    (
        {"pregnancy_status": "not_pregnant", "high_risk_medications": ["口服异维A酸"]},
        {"retinol", "salicylic_acid", "benzoyl_peroxide"},
    ),
    ({"pregnancy_status": "not_pregnant", "contraindications": ["allergic to niacinamide"]}, {"niacinamide"}),
    ({"pregnancy_status": "not_pregnant", "contraindications": ["水杨酸过敏"]}, {"salicylic_acid"}),
]


@pytest.mark.parametrize(("circumstances", "forbidden"), CIRCUMSTANCES)
@pytest.mark.parametrize("score", [0.5, 0.75, 0.83])
def test_circumstances_forbid_whatever_the_goals_ask(
    circumstances: dict[str, Any], forbidden: set[str], score: float
) -> None:
    read = facts(ROUTINE, goals=["acne", "wrinkles", "pores", "dark_spots"], **circumstances)
    assert not forbidden & set(targets(build(read, score)))


def test_red_flags_leave_only_the_safe_plan() -> None:
    made = build(facts("serum on open wounds"), 0.82)
    assert set(targets(made)) == {"sunscreen_filters", "ceramide_np", "panthenol"}


GOALS = st.lists(
    st.sampled_from(
        ["acne", "pores", "redness", "dark_spots", "wrinkles", "hydration", "barrier", "抗老", "淡斑", "glow"]
    ),
    max_size=6,
    unique=True,
)


@given(
    goals=GOALS,
    concerns=st.lists(st.sampled_from(["acne", "tone", "shine", "dehydration", "firmness"]), max_size=4),
    score=st.floats(0, 1),
    barrier=st.sampled_from(["healthy", "impaired", "unknown"]),
    sensitivity=st.sampled_from(["low", "medium", "high", "unknown"]),
    skin=st.sampled_from(["oily", "dry", "normal"]),
    pregnancy=st.sampled_from(["unknown", "not_pregnant", "pregnant", "trying"]),
    routine=st.sampled_from([ROUTINE, "retinol stings", "水杨酸"]),
    lang=st.sampled_from(["EN", "CN"]),
)
def test_every_plan_is_consistent(
    goals: list[str],
    concerns: list[str],
    score: float,
    barrier: str,
    sensitivity: str,
    skin: str,
    pregnancy: str,
    routine: str,
    lang: str,
) -> None:
    read = facts(
        routine,
        goals=goals,
        barrierStatus=barrier,
        sensitivity=sensitivity,
        skinType=skin,
        pregnancy_status=pregnancy,
    )
    made = build(read, score, lang, tuple(concerns))
    aimed, left = targets(made), avoided(made)
    assert aimed
    assert not set(aimed) & set(left)
    assert len(aimed) <= 10
    assert len(left) <= 10
    assert len(made["conflicts"]) <= 8
    assert all(5 <= p <= 100 for p in aimed.values())
    assert list(aimed.values()) == sorted(aimed.values(), reverse=True)
    if made["confidence"]["level"] == "low":
        assert made["intensity"] == "gentle"
    if made["intensity"] == "gentle":
        assert not set(aimed) & set(ingredients.STRONG)
    if made["intensity"] == "active":
        assert made["confidence"]["level"] == "high"
    if pregnancy != "not_pregnant":
        assert "retinol" not in aimed
    for target in made["targets"]:
        assert 1 <= len(target["usage_guidance"]) <= 4
        assert all(_is(lang, line) for line in target["usage_guidance"])
    for entry in made["avoid"]:
        assert 1 <= len(entry["reason"]) <= 4
        assert all(_is(lang, line) for line in entry["reason"])
    assert all(_is(lang, c["description"]) for c in made["conflicts"])


def _is(lang: str, line: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in line) is (lang == "CN")


@given(goals=GOALS, score=st.floats(0, 1))
def test_both_languages_get_the_same_plan(goals: list[str], score: float) -> None:
    read = facts(ROUTINE, goals=goals)
    en, cn = build(read, score, "EN"), build(read, score, "CN")
    assert (targets(en), avoided(en), en["intensity"]) == (targets(cn), avoided(cn), cn["intensity"])


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("acne", "breakouts"),
        ("痘痘", "breakouts"),
        ("痘印", "tone"),
        ("dark_spots", "tone"),
        ("美白", "tone"),
        ("anti_aging", "firmness"),
        ("细纹/皱纹", "firmness"),
        ("red", "redness"),
        ("reduce pores", "pores"),
        ("reduce wrinkles", "firmness"),
        ("hydration", "hydration"),
        ("屏障修护", "barrier"),
        ("glow", None),
    ],
)
def test_goals_are_understood(goal: str, kind: str | None) -> None:
    assert goal_kind(goal) == kind
    assert goal_name(goal, "EN")
    assert goal_name(goal, "CN")
