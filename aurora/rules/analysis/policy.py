"""Who may speak in an analysis, and what its source is called (contract C 11, 12, 16; decisions 24, 25)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.photo_reading import DIAGNOSIS_FAILED, UNREAD

Raw = Literal[
    "retake", "baseline_low_confidence", "aurora_text", "rule_based", "diagnosis_v1_template",
    "vision_gemini", "vision_openai", "vision_openai_fallback",
]  # fmt: skip
FROM_PIXELS: frozenset[Raw] = frozenset(
    {"diagnosis_v1_template", "vision_gemini", "vision_openai", "vision_openai_fallback"}
)

NO_BYTES = "DOWNLOAD_URL_GENERATE_FAILED"
"""Why a photo was not read while there is no photo bridge: no signed link can be had (contract C 9.3)."""
NO_ROUTINE = "routine_or_recent_logs_required"

_STEP_DOWN = {"pretty_sure": "somewhat_sure", "somewhat_sure": "not_sure", "not_sure": "not_sure"}


class Decision(msgspec.Struct, frozen=True):
    """Whether a model is called, and the reasons that `quality_report.llm` shows."""

    decision: Literal["call", "skip"]
    reasons: tuple[str, ...]
    downgrade: bool = False

    @property
    def call(self) -> bool:
        """Whether to ask the model."""
        return self.decision == "call"

    def as_node(self) -> dict[str, Any]:
        """The wire's `{decision, reasons[], downgrade_confidence}`."""
        return {
            "decision": self.decision,
            "reasons": list(self.reasons),
            "downgrade_confidence": self.downgrade,
        }


def degraded_mode(setting: str) -> Literal["report", "vision"]:
    """Which one model may speak about a degraded photo; an unknown word is `report`."""
    return "vision" if setting.strip().lower() == "vision" else "report"


def forces_vision(facts: Intake, *, kill_switch: bool, forced: bool) -> bool:
    """Whether the vision model is asked whatever the photo and the settings say (a switch for tests)."""
    return forced and not kill_switch and facts.photo_expected and facts.has_primary_input


def vision_decision(
    facts: Intake,
    *,
    kill_switch: bool,
    unavailable: str | None = "VISION_DISABLED_BY_FLAG",
    mode: str = "report",
    forced: bool = False,
) -> Decision:
    """The vision model, first match wins. unavailable: why it cannot be asked, None if it can."""
    if kill_switch:
        return Decision("skip", ("llm_kill_switch",), downgrade=True)
    if forces_vision(facts, kill_switch=kill_switch, forced=forced):
        return Decision("call", ("force_vision_call",), downgrade=True)
    if not facts.has_primary_input:
        return Decision("skip", ("missing_primary_input",))
    if not facts.photo_requested:
        return Decision("skip", ("photo_not_requested",))
    if unavailable is not None:
        return Decision("skip", (unavailable,))
    if not facts.photos_provided:
        return Decision("skip", ("no_photo_uploaded",))
    if facts.grade == "fail":
        return Decision("skip", ("photo_quality_fail_retake",), downgrade=True)
    if facts.grade in {"degraded", "unknown"}:
        if mode == "vision":
            return Decision("call", ("degraded_mode_vision",), downgrade=True)
        return Decision("skip", ("degraded_skip_vision",), downgrade=True)
    if facts.uncertainty is False and facts.level == "high":
        return Decision("skip", ("detector_confident_template",))
    return Decision("call", ("quality_pass",))


def report_decision(facts: Intake, *, kill_switch: bool, available: bool, mode: str = "report") -> Decision:
    """The report model, first match wins.

    available: whether the decision system is configured. Without a photo there is nothing whose quality
    could be poor.
    """
    grade = facts.grade if facts.photo_expected else "pass"
    if kill_switch:
        return Decision("skip", ("llm_kill_switch",), downgrade=True)
    if not facts.has_primary_input:
        return Decision("skip", ("missing_primary_input",))
    if not available:
        return Decision("skip", ("report_unavailable",))
    if grade == "fail":
        return Decision("skip", ("photo_quality_fail_retake",), downgrade=True)
    if grade in {"degraded", "unknown"}:
        if mode == "vision":
            return Decision("skip", ("degraded_skip_report",), downgrade=True)
        return Decision("call", ("degraded_mode_report",), downgrade=True)
    if facts.uncertainty is False or (facts.uncertainty is None and facts.level == "high"):
        return Decision("skip", ("detector_confident_template",))
    return Decision("call", ("detector_uncertain",))


def photo_failed(facts: Intake) -> bool:
    """Whether the photos that came are known to be too poor to read."""
    return facts.photo_expected and facts.grade == "fail"


def reads_photo(facts: Intake) -> bool:
    """Whether what is said may rest on the photo: its pixels were read and are good enough (C 17)."""
    return facts.photo_used and not photo_failed(facts)


def raw_source(facts: Intake, *, reported: bool, vision: Raw | None = None, forced: bool = False) -> Raw:
    """What the analysis rests on (contract C 16, decision 24).

    reported: the report model answered and its answer was valid. vision: source of a vision run that worked.
    forced: `forces_vision`; then even a photo that failed is no reason to ask for another.
    """
    if photo_failed(facts) and not forced:
        return "retake"
    if vision is not None:
        return vision
    if reported and facts.has_primary_input:
        return "aurora_text"
    if facts.photo_used:
        return "diagnosis_v1_template"
    return "rule_based" if facts.has_primary_input else "baseline_low_confidence"


def rendered_source(facts: Intake, raw: Raw) -> str:
    """`analysis_source` on the wire: a photo that was sent and not read shows in the name."""
    if facts.photo_expected and not facts.photo_used and raw != "retake":
        return "rule_based_with_photo_qc"
    return raw


def photo_failure(facts: Intake) -> str | None:
    """Why a photo that was wanted was not read: a fetch code, or `diagnosis_failed`; None if it was read or
    is known to be too poor.
    """
    if not facts.photo_expected or facts.photo_used:
        return None
    return facts.reading.code or (None if photo_failed(facts) else DIAGNOSIS_FAILED)


def missing(facts: Intake, *, vision_code: str | None = None) -> tuple[tuple[str, str], ...]:
    """(field, reason) pairs of the `analysis_summary` card.

    Without photos nothing is said here: the source itself tells the client that confidence is low. Beside a
    photo that failed its check at upload the routine is what would help; beside one that was looked at, or
    should have been, its absence is a gap of the profile (decision 24). vision_code: of a model that failed.
    """
    found: list[tuple[str, str]] = []
    failure = photo_failure(facts)
    if facts.reading.unreadable is not None:
        found.append(("analysis.used_photos", DIAGNOSIS_FAILED))
    elif failure is not None:
        found.append(("analysis.used_photos", failure))
    if vision_code is not None:
        found.append(("analysis.vision", vision_code))
    if facts.photo_expected and not facts.has_primary_input:
        looked = facts.reading != UNREAD or not photo_failed(facts)
        found.append(("profile.currentRoutine" if looked else "analysis.used_photos", NO_ROUTINE))
    return tuple(found)


def step_down(confidences: Sequence[str], facts: Intake, raw: Raw) -> list[str]:
    """Feature confidences, one step lower beside a photo of poor or unknown quality (contract C 11.19)."""
    if facts.photo_expected and facts.grade in {"degraded", "unknown"} and raw != "retake":
        return [_STEP_DOWN[c] for c in confidences]
    return list(confidences)
