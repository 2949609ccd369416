"""What a photo changes in an analysis: choice, grade, who may be asked, source, words (C 11, 12, 16, 17)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.analysis import artifact, photo_render, policy
from aurora.rules.analysis.intake import Photo, chosen_photo
from aurora.rules.analysis.photo_reading import Reading
from aurora.rules.analysis.report_answer import Report
from aurora.rules.card_laws import lawful_summary
from aurora.skin.measured import (
    ISSUE_TYPES,
    REGIONS,
    Box,
    Evidence,
    Finding,
    Grade,
    Measured,
    Picture,
    Quality,
)
from tests.rules.analysis_facts import ROUTINE, facts, photo

LANGS: tuple[Any, ...] = ("EN", "CN")
CJK = re.compile(r"[\u4e00-\u9fff]")
PICTURE = Picture(format="jpeg", width=400, height=300)
FACE = Box(100, 50, 200, 200)


def finding(issue: Any, severity: int, confidence: float = 0.8, score: float | None = None) -> Finding:
    at = [Evidence(region=REGIONS[severity % 5], score=0.5, box=Box(10, 20, 30, 40))] if severity else []
    return Finding(
        issue_type=issue,
        severity=severity,
        confidence=confidence,
        score=severity / 4 if score is None else score,
        evidence=at,
    )


def read(grade: Grade = "pass", *found: Finding, reasons: Any = ()) -> Reading:
    quality = Quality(grade=grade, reasons=list(reasons), factor=0.8)
    if grade == "fail":
        return Reading(measured=Measured(picture=PICTURE, quality=quality))
    every = {f.issue_type: f for f in (*(finding(i, 0) for i in ISSUE_TYPES), *found)}
    return Reading(
        measured=Measured(picture=PICTURE, face=FACE, quality=quality, findings=list(every.values()))
    )


UNREADABLE = Reading(measured=Measured(problem="damaged"))
SURE = read("pass", finding("redness", 3, 0.85, 0.7), finding("shine", 1, 0.7, 0.2))


@pytest.mark.parametrize(
    ("photos", "forced", "chosen"),
    [
        ([photo("passed", "a")], False, "a"),
        ([photo("passed", "a", "left"), photo("ok", "b", "Daylight")], False, "b"),
        ([photo("degraded", "a"), photo("passed", "b", "left")], False, "b"),
        ([photo("passed", "", "daylight"), photo("warn", "b", "left")], False, "b"),
        ([photo("", "a", "left"), photo("odd", "b")], False, "b"),
        ([photo("failed", "a")], False, None),
        ([photo("failed", "a")], True, "a"),
        ([photo("failed", "a"), photo("passed", "b")], False, "b"),
        ([], True, None),
    ],
)
def test_the_photo_whose_check_went_best_is_chosen_daylight_first(
    photos: list[Photo], forced: bool, chosen: str | None
) -> None:
    found = chosen_photo(facts(ROUTINE, use_photo=True, photos=photos), forced=forced)
    assert (found.photo_id if found else None) == chosen


@pytest.mark.parametrize(
    ("qc", "reading", "grade", "reasons"),
    [
        ("passed", read("pass"), "pass", ("qc_passed",)),
        ("passed", read("degraded", reasons=["blur"]), "degraded", ("qc_passed", "pixel_blur")),
        ("warn", read("pass"), "degraded", ("qc_degraded",)),
        ("", read("pass"), "pass", ("qc_missing_or_unknown",)),
        ("passed", read("fail", reasons=["no_face"]), "fail", ("qc_passed", "pixel_no_face")),
        ("passed", UNREADABLE, "fail", ("qc_passed", "pixel_decode_failed")),
        ("passed", Reading(trouble="crashed"), "fail", ("qc_passed", "pixel_crashed")),
        ("passed", Reading(trouble="busy"), "pass", ("qc_passed",)),
        ("passed", Reading(code="DOWNLOAD_URL_DNS"), "pass", ("qc_passed",)),
    ],
)
def test_the_worse_grade_counts(qc: str, reading: Reading, grade: str, reasons: tuple[str, ...]) -> None:
    found = facts(ROUTINE, photos=[photo(qc)], reading=reading)
    assert (found.grade, found.grade_reasons) == (grade, reasons)


@pytest.mark.parametrize(
    ("reading", "level", "uncertainty"),
    [
        (SURE, "high", ()),
        (read("pass", finding("redness", 2, 0.7, 0.4)), "medium", ()),
        (read("pass", finding("redness", 2, 0.5, 0.4)), "low", ("low_top_confidence",)),
        (
            read("pass", finding("redness", 2, 0.8, 0.4), finding("acne", 2, 0.7, 0.44)),
            "high",
            ("top2_close",),
        ),
        (read("pass"), "low", ("top2_close",)),
        (read("degraded", finding("redness", 3, 0.85, 0.7)), "low", ("quality_degraded",)),
        (read("fail"), "low", ("quality_fail", "low_top_confidence")),
    ],
)
def test_what_pixels_settle(reading: Reading, level: str, uncertainty: tuple[str, ...]) -> None:
    pixels = reading.policy
    assert pixels is not None
    assert (pixels.level, pixels.uncertainty) == (level, uncertainty)


@pytest.mark.parametrize("reading", [UNREADABLE, Reading(), Reading(trouble="busy")])
def test_what_was_not_read_settles_nothing(reading: Reading) -> None:
    assert reading.policy is None
    assert reading.findings == ()


PASSED = [photo("passed")]
MEASURED = facts(ROUTINE, photos=PASSED, reading=SURE)
NO_HOST = Reading(code="DOWNLOAD_URL_DNS")
CALL_VISION: list[tuple[Any, dict[str, Any], str, str]] = [
    (facts(None, photos=PASSED, reading=SURE), {}, "skip", "missing_primary_input"),
    (facts(ROUTINE, photos=PASSED, use_photo=False), {}, "skip", "photo_not_requested"),
    (facts(ROUTINE, photos=PASSED), {"unavailable": "VISION_MISSING_KEY"}, "skip", "VISION_MISSING_KEY"),
    (facts(ROUTINE, use_photo=True), {}, "skip", "no_photo_uploaded"),
    (facts(ROUTINE, photos=[photo("failed")]), {}, "skip", "photo_quality_fail_retake"),
    (facts(ROUTINE, photos=[photo("failed")]), {"unavailable": "VISION_MISSING_KEY"}, "skip",
     "VISION_MISSING_KEY"),
    (facts(ROUTINE, photos=PASSED, reading=read("fail")), {}, "skip", "photo_quality_fail_retake"),
    (facts(ROUTINE, photos=PASSED, reading=read("degraded")), {}, "skip", "degraded_skip_vision"),
    (facts(ROUTINE, photos=PASSED, reading=read("degraded")), {"mode": "vision"}, "call",
     "degraded_mode_vision"),
    (facts(ROUTINE, photos=PASSED, reading=SURE), {}, "skip", "detector_confident_template"),
    (facts(ROUTINE, photos=PASSED, reading=read("pass")), {}, "call", "quality_pass"),
    (facts(ROUTINE, photos=[photo("failed")]), {"forced": True}, "call", "force_vision_call"),
    (facts(None, photos=PASSED), {"forced": True}, "skip", "missing_primary_input"),
    (facts(ROUTINE, photos=PASSED, reading=SURE), {"forced": True, "kill_switch": True}, "skip",
     "llm_kill_switch"),
]  # fmt: skip


@pytest.mark.parametrize(("read_", "how", "decision", "reason"), CALL_VISION)
def test_vision_policy(read_: Any, how: dict[str, Any], decision: str, reason: str) -> None:
    made = policy.vision_decision(read_, **{"kill_switch": False, "unavailable": None, **how})
    assert (made.decision, made.reasons) == (decision, (reason,))


@pytest.mark.parametrize(
    ("reading", "mode", "decision", "reason"),
    [
        (read("fail"), "report", "skip", "photo_quality_fail_retake"),
        (read("degraded"), "report", "call", "degraded_mode_report"),
        (read("degraded"), "vision", "skip", "degraded_skip_report"),
        (SURE, "report", "skip", "detector_confident_template"),
        (read("pass"), "report", "call", "detector_uncertain"),
    ],
)
def test_report_policy_beside_a_photo(reading: Reading, mode: str, decision: str, reason: str) -> None:
    found = facts("retinol", photos=PASSED, reading=reading)
    made = policy.report_decision(found, kill_switch=False, available=True, mode=mode)
    assert (made.decision, made.reasons) == (decision, (reason,))


@pytest.mark.parametrize(
    ("row", "found", "reported", "vision", "forced", "raw", "rendered"),
    [
        ("5", facts(ROUTINE, photos=PASSED, reading=read("fail")), True, None, False, "retake", "retake"),
        ("6", facts(ROUTINE, photos=PASSED, reading=UNREADABLE), True, None, False, "retake", "retake"),
        ("7", facts(None, photos=PASSED, reading=SURE), False, None, False, "diagnosis_v1_template", None),
        ("8", MEASURED, False, "vision_gemini", False, "vision_gemini", None),
        ("10", MEASURED, True, "vision_openai_fallback", False,
         "vision_openai_fallback", None),
        ("11", MEASURED, True, None, False, "aurora_text", None),
        ("12", MEASURED, False, None, False, "diagnosis_v1_template", None),
        ("13", facts(ROUTINE, photos=PASSED, reading=NO_HOST), True, None, False,
         "aurora_text", "rule_based_with_photo_qc"),
        ("13", facts(ROUTINE, photos=PASSED, reading=Reading(trouble="busy")), False, None, False,
         "rule_based", "rule_based_with_photo_qc"),
        ("14", facts(ROUTINE, photos=PASSED, reading=read("fail")), False, None, True,
         "diagnosis_v1_template", None),
        ("14", facts(ROUTINE, photos=[photo("failed")], reading=NO_HOST), False, None,
         True, "rule_based", "rule_based_with_photo_qc"),
        ("14b", facts(ROUTINE, photos=[photo("failed")], reading=SURE), False, "vision_gemini", True,
         "vision_gemini", None),
    ],
)  # fmt: skip
def test_source_table(
    row: str, found: Any, reported: bool, vision: Any, forced: bool, raw: str, rendered: str | None
) -> None:
    made = policy.raw_source(found, reported=reported, vision=vision, forced=forced)
    assert made == raw, row
    assert policy.rendered_source(found, made) == (rendered or raw)


def test_concerns_are_what_was_seen_then_the_goals_that_are_new() -> None:
    seen = read("pass", finding("acne", 1, 0.6), finding("tone", 0, 0.9))
    found = facts(ROUTINE, photos=PASSED, reading=seen, goals=["acne", "hydration"])
    assert artifact.concerns_of(found) == (("acne", 0.6), ("hydration", 0.56))


REPORT = Report((), "Keep calm. Any stinging?", False)
findings = st.lists(
    st.builds(finding, st.sampled_from(ISSUE_TYPES), st.integers(0, 4), st.floats(0, 1)), max_size=5
)


@given(
    found=findings,
    grade=st.sampled_from(["pass", "degraded"]),
    routine=st.sampled_from([None, ROUTINE, "retinol and glycolic; it stings"]),
    barrier=st.sampled_from(["healthy", "impaired"]),
    report=st.sampled_from([None, REPORT]),
)
def test_whatever_was_found_the_client_can_show_it(
    found: list[Finding], grade: Any, routine: Any, barrier: str, report: Any
) -> None:
    """Three features, three numbered lines, steps that rest on findings alone, the language asked for."""
    reading = read(grade, *found)
    person = facts(routine, photos=PASSED, reading=reading, barrierStatus=barrier)
    shown = {
        lang: photo_render.analysis(person, "diagnosis_v1_template", lang, report=report) for lang in LANGS
    }
    seen = {f"pf_{f.issue_type}" for f in reading.seen}
    for lang, told in shown.items():
        assert lawful_summary({"analysis": told}, lang)["analysis"] == told
        assert len(told["features"]) >= 3
        lines = told["strategy"].split("\n")
        assert len([line for line in lines if re.match(r"\d\. ", line)]) >= 3
        for feature in told["features"]:
            title, _, rest = feature["observation"].partition("：" if lang == "CN" else ": ")
            assert len(title) <= 42
            assert len(rest) <= 60
        plan = told["plan"]
        steps = [*plan["today"]["am"], *plan["today"]["pm"], *plan["today"]["pause_now"]]
        steps += [*plan["next_7_days"]["steps"], *plan["after_calm"]["steps"]]
        for step in steps:
            assert set(step["linked_finding_ids"]) <= seen
            assert all(name in step["why"] for name in step["linked_finding_ids"])
        assert bool(plan["today"]["pause_now"]) is ("pf_redness" in seen)
        takeaways = [t for t in told["takeaways"] if t["source"] == "photo"]
        assert all(t["text"].startswith("From photo: ") for t in takeaways)
        assert {i for t in takeaways for i in t["linked_finding_ids"]} == seen
        for text in _texts([told["strategy"], told["takeaways"], told["plan"], told["features"]]):
            assert bool(CJK.search(text)) is (lang == "CN"), text
    en, cn = (json.dumps(_numbers(shown[lang]), sort_keys=True) for lang in LANGS)
    assert en == cn


_SAID = {"observation", "text", "what", "why", "when_to_stop", "label"}


def _texts(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node.replace("From photo:", "")]
    if isinstance(node, list):
        return [text for item in node for text in _texts(item)]
    return (
        [text for key, item in node.items() if key in _SAID for text in _texts(item)]
        if isinstance(node, dict)
        else []
    )


def _numbers(node: Any) -> Any:
    """Everything that is not a text."""
    if isinstance(node, dict):
        return {k: _numbers(v) for k, v in node.items() if k not in {"strategy", "evidence", "evidence_text"}}
    if isinstance(node, list):
        return [_numbers(item) for item in node]
    return None if isinstance(node, str) else node
