"""Who may speak, and what the result is called: contract C 12 and 16 as far as no pixels are read."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.rules.analysis import policy
from aurora.rules.analysis.intake import Intake
from tests.rules.analysis_facts import ROUTINE, facts, log, photo


@pytest.mark.parametrize(
    ("read", "kill", "reason"),
    [
        (facts(ROUTINE), True, "llm_kill_switch"),
        (facts(), False, "missing_primary_input"),
        (facts(ROUTINE), False, "photo_not_requested"),
        (facts(ROUTINE, use_photo=True), False, "VISION_DISABLED_BY_FLAG"),
        (facts(ROUTINE, photos=[photo("failed")]), False, "VISION_DISABLED_BY_FLAG"),
    ],
)
def test_vision_is_skipped_for_the_first_reason_that_holds(read: Intake, kill: bool, reason: str) -> None:
    decision = policy.vision_decision(read, kill_switch=kill)
    assert (decision.decision, decision.reasons, decision.downgrade) == ("skip", (reason,), kill)


@pytest.mark.parametrize(
    ("read", "how", "decision", "reason"),
    [
        (facts(ROUTINE), {"kill_switch": True}, "skip", "llm_kill_switch"),
        (facts(), {}, "skip", "missing_primary_input"),
        (facts(ROUTINE), {"available": False}, "skip", "report_unavailable"),
        (facts(ROUTINE, photos=[photo("failed")]), {}, "skip", "photo_quality_fail_retake"),
        (facts(ROUTINE, photos=[photo("warn")]), {}, "call", "degraded_mode_report"),
        (facts(ROUTINE, photos=[photo("warn")], use_photo=False), {}, "call", "detector_uncertain"),
        (facts(ROUTINE, photos=[photo("")]), {}, "call", "degraded_mode_report"),
        (facts(ROUTINE), {}, "call", "detector_uncertain"),
        (facts("retinol"), {}, "skip", "detector_confident_template"),
        (facts(None, logs=[log(notes="calm")]), {}, "call", "detector_uncertain"),
    ],
)
def test_report_policy(read: Intake, how: dict[str, Any], decision: str, reason: str) -> None:
    made = policy.report_decision(read, **{"kill_switch": False, "available": True, **how})
    assert (made.decision, made.reasons) == (decision, (reason,))


@pytest.mark.parametrize(
    ("read", "reported", "raw", "rendered"),
    [
        (facts(), False, "baseline_low_confidence", "baseline_low_confidence"),
        (facts(ROUTINE), True, "aurora_text", "aurora_text"),
        (facts(ROUTINE), False, "rule_based", "rule_based"),
        (facts(photos=[photo("failed")]), False, "retake", "retake"),
        (facts(ROUTINE, photos=[photo("failed")]), False, "retake", "retake"),
        (facts(ROUTINE, photos=[photo("failed")], use_photo=False), False, "rule_based", "rule_based"),
        (facts(photos=[photo()]), False, "baseline_low_confidence", "rule_based_with_photo_qc"),
        (facts(ROUTINE, photos=[photo()]), True, "aurora_text", "rule_based_with_photo_qc"),
        (facts(ROUTINE, photos=[photo("warn")]), False, "rule_based", "rule_based_with_photo_qc"),
        (facts(ROUTINE, use_photo=True), False, "rule_based", "rule_based"),
    ],
)
def test_source_table(read: Intake, reported: bool, raw: str, rendered: str) -> None:
    chosen = policy.raw_source(read, reported=reported)
    assert chosen == raw
    assert policy.rendered_source(read, chosen) == rendered


ROUTINE_MISSING = "routine_or_recent_logs_required"


@pytest.mark.parametrize(
    ("read", "missing"),
    [
        (facts(), ()),
        (facts(ROUTINE), ()),
        (facts(use_photo=True), ()),
        (facts(ROUTINE, photos=[photo("failed")]), ()),
        (facts(photos=[photo("failed")]), (("analysis.used_photos", ROUTINE_MISSING),)),
        (facts(ROUTINE, photos=[photo()]), (("analysis.used_photos", policy.NO_BYTES),)),
        (
            facts(photos=[photo()]),
            (("analysis.used_photos", policy.NO_BYTES), ("profile.currentRoutine", ROUTINE_MISSING)),
        ),
    ],
)
def test_what_is_missing_is_said_exactly_when_the_contract_says(
    read: Intake, missing: tuple[tuple[str, str], ...]
) -> None:
    assert policy.missing(read) == missing


@pytest.mark.parametrize(
    ("read", "raw", "expected"),
    [
        (facts(ROUTINE, photos=[photo("warn")]), "rule_based", ["somewhat_sure", "not_sure", "not_sure"]),
        (facts(ROUTINE, photos=[photo("")]), "rule_based", ["somewhat_sure", "not_sure", "not_sure"]),
        (facts(ROUTINE, photos=[photo()]), "rule_based", ["pretty_sure", "somewhat_sure", "not_sure"]),
        (facts(ROUTINE), "rule_based", ["pretty_sure", "somewhat_sure", "not_sure"]),
        (
            facts(photos=[photo("failed")]),
            "retake",
            ["pretty_sure", "somewhat_sure", "not_sure"],
        ),
    ],
)
def test_a_poor_photo_makes_every_line_less_sure(read: Intake, raw: Any, expected: list[str]) -> None:
    assert policy.step_down(["pretty_sure", "somewhat_sure", "not_sure"], read, raw) == expected
