"""The one confidence, and what is made from it: artifact, readiness, plan."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.analysis import artifact, confidence
from aurora.rules.analysis.confidence import Confidence

CORE = ("skinType", "barrierStatus", "sensitivity", "goals")


def overall(**changed: Any) -> Confidence:
    how: dict[str, Any] = {
        "facts": CORE,
        "concern_scores": [0.56, 0.56],
        "source": "rule_based",
        "photo_requested": False,
        "photo_used": False,
        "grade": "pass",
        "has_primary_input": True,
    }
    return confidence.overall(**{**how, **changed})


@pytest.mark.parametrize(
    ("changed", "score", "level", "reason"),
    [
        ({}, 0.75, "medium", "photo_skipped"),
        ({"source": "aurora_text"}, 0.75, "medium", "photo_skipped"),
        ({"source": "baseline_low_confidence"}, 0.54, "low", "low_confidence_fallback"),
        ({"facts": CORE[:3], "concern_scores": []}, 0.54, "low", "photo_skipped"),
        ({"photo_requested": True}, 0.54, "low", "photo_requested_but_not_used"),
        ({"photo_requested": True, "source": "retake", "grade": "fail"}, 0.54, "low", "photo_qc_failed"),
        ({"photo_requested": True, "photo_used": True}, 0.7972, "high", "core4_weighted_mean"),
        (
            {"photo_requested": True, "photo_used": True, "grade": "degraded"},
            0.6972,
            "medium",
            "photo_qc_degraded",
        ),
        (
            {"photo_requested": True, "photo_used": True, "has_primary_input": False},
            0.75,
            "medium",
            "routine_and_logs_unknown",
        ),
        ({"facts": (), "concern_scores": []}, 0.0, "low", "photo_skipped"),
    ],
)
def test_overall_confidence_of_the_contract(
    changed: dict[str, Any], score: float, level: str, reason: str
) -> None:
    sure = overall(**changed)
    assert (sure.score, sure.level) == (score, level)
    assert reason in sure.rationale
    assert sure.rationale[0] == "core4_weighted_mean"


@pytest.mark.parametrize(
    ("score", "level"), [(0.5499, "low"), (0.55, "medium"), (0.75, "medium"), (0.7501, "high")]
)
def test_levels_have_their_borders_inside_medium(score: float, level: str) -> None:
    assert confidence.node(score).level == level


@given(
    facts=st.sets(st.sampled_from(CORE)),
    scores=st.lists(st.floats(0, 1), max_size=8),
    source=st.sampled_from(
        ["retake", "baseline_low_confidence", "aurora_text", "rule_based", "diagnosis_v1_template"]
    ),
    requested=st.booleans(),
    used=st.booleans(),
    grade=st.sampled_from(["pass", "degraded", "fail", "unknown"]),
    primary=st.booleans(),
)
def test_the_plan_is_never_surer_than_the_artifact(
    facts: set[str], scores: list[float], source: str, requested: bool, used: bool, grade: str, primary: bool
) -> None:
    known = tuple(name for name in CORE if name in facts)
    sure = confidence.overall(
        facts=known,
        concern_scores=scores,
        source=source,
        photo_requested=requested,
        photo_used=used,
        grade=grade,
        has_primary_input=primary,
    )
    plan = confidence.plan_confidence(known, scores, sure)
    assert 0 <= plan.score <= sure.score <= 1
    order = ["low", "medium", "high"]
    assert order.index(plan.level) <= order.index(sure.level)
    if source in {"retake", "baseline_low_confidence"} or (requested and not used):
        assert sure.level == "low"
    if not requested:
        assert sure.level != "high"


@pytest.mark.parametrize("gap", [None, "skinType", "barrierStatus", "sensitivity", "goals"])
def test_ready_needs_all_four_core_facts(gap: str | None) -> None:
    made: dict[str, Any] = {name: {"value": "x"} for name in CORE}
    made |= {"overall_confidence": {"level": "medium"}, "safety": {"red_flags": []}}
    if gap:
        made[gap] = None
    assert artifact.ready(made) is (gap is None)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"overall_confidence": {"level": "high"}}, True),
        ({"overall_confidence": {"level": "low"}}, False),
        ({"safety": {"red_flags": [{"id": "infection_signal"}]}}, False),
    ],
)
def test_ready_needs_confidence_and_no_red_flag(changed: dict[str, Any], expected: bool) -> None:
    made: dict[str, Any] = {name: {"value": "x"} for name in CORE}
    made |= {"overall_confidence": {"level": "medium"}, "safety": {"red_flags": []}} | changed
    assert artifact.ready(made) is expected


def test_without_an_artifact_nothing_is_ready() -> None:
    assert artifact.ready(None) is False
