"""Who may speak in an analysis, and what its source is called (contract C 11, 12, 16; decisions 24, 25)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from aurora.rules.analysis.intake import Intake

Raw = Literal["retake", "baseline_low_confidence", "aurora_text", "rule_based"]

DEGRADED_MODE = "report"
NO_BYTES = "DOWNLOAD_URL_GENERATE_FAILED"
"""Why a photo was not read while there is no photo bridge: no signed link can be had (contract C 9.3)."""

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


def vision_decision(facts: Intake, *, kill_switch: bool) -> Decision:
    """The vision model. It is not built into this service yet, which reads as switched off."""
    if kill_switch:
        return Decision("skip", ("llm_kill_switch",), downgrade=True)
    if not facts.has_primary_input:
        return Decision("skip", ("missing_primary_input",))
    if not facts.photo_requested:
        return Decision("skip", ("photo_not_requested",))
    return Decision("skip", ("VISION_DISABLED_BY_FLAG",))


def report_decision(
    facts: Intake, *, kill_switch: bool, available: bool, uncertainty: bool | None = None
) -> Decision:
    """The report model, first match wins.

    available: whether the decision system is configured. uncertainty: of the pixel detector, None when it
    did not run. Without a photo there is nothing whose quality could be poor.
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
        return Decision("call", ("degraded_mode_report",), downgrade=True)
    if uncertainty is False or (uncertainty is None and facts.detector_level == "high"):
        return Decision("skip", ("detector_confident_template",))
    return Decision("call", ("detector_uncertain",))


def wants_retake(facts: Intake) -> bool:
    """Whether the photos that came are known to be too poor to read."""
    return facts.photo_expected and facts.grade == "fail"


def raw_source(facts: Intake, *, reported: bool) -> Raw:
    """What the analysis rests on. reported: the report model answered and its answer was valid."""
    if wants_retake(facts):
        return "retake"
    if not facts.has_primary_input:
        return "baseline_low_confidence"
    return "aurora_text" if reported else "rule_based"


def rendered_source(facts: Intake, raw: Raw, *, photo_used: bool) -> str:
    """`analysis_source` on the wire: a photo that was sent and not read shows in the name."""
    if facts.photo_expected and not photo_used and raw != "retake":
        return "rule_based_with_photo_qc"
    return raw


def photo_failure(facts: Intake) -> str | None:
    """The code for a photo that was wanted and could have been fetched, None when there was none to fetch."""
    return NO_BYTES if facts.photo_expected and not wants_retake(facts) else None


def missing(facts: Intake) -> tuple[tuple[str, str], ...]:
    """(field, reason) pairs of the `analysis_summary` card.

    A failed photo says only that routine or check-ins are missing; a photo that could not be read says why,
    and that the routine is missing if it is (decision 24). Without photos nothing is said here: the source
    itself tells the client that confidence is low.
    """
    if wants_retake(facts):
        return (
            () if facts.has_primary_input else (("analysis.used_photos", "routine_or_recent_logs_required"),)
        )
    failure = photo_failure(facts)
    if failure is None:
        return ()
    found = [("analysis.used_photos", failure)]
    if not facts.has_primary_input:
        found.append(("profile.currentRoutine", "routine_or_recent_logs_required"))
    return tuple(found)


def step_down(confidences: Sequence[str], facts: Intake, raw: Raw) -> list[str]:
    """Feature confidences, one step lower beside a photo of poor or unknown quality (contract C 11.19)."""
    if facts.photo_expected and facts.grade in {"degraded", "unknown"} and raw != "retake":
        return [_STEP_DOWN[c] for c in confidences]
    return list(confidences)
