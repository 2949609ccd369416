"""How asking the vision model went, as `quality_report.llm.vision` and the person see it (C 12, 13)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.policy import Decision
from aurora.rules.analysis.report_answer import Report
from aurora.rules.analysis.vision_failures import MEASURED_INSTEAD, VisionCode, told


class VisionRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run, the fallback included. report: None with a `code`. retries: beyond the first attempts."""

    provider: str
    report: Report | None = None
    code: VisionCode | None = None
    status: int | None = None
    retries: int = 0
    latency_ms: int | None = None
    fallback_from: str | None = None
    primary_failure: VisionCode | None = None

    @property
    def source(self) -> Literal["vision_gemini", "vision_openai", "vision_openai_fallback"]:
        """`analysis_source` of a run that worked."""
        if self.provider == "openai":
            return "vision_openai_fallback" if self.fallback_from else "vision_openai"
        return "vision_gemini"


class Vision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about the vision model and what came of it. run: None when nobody was asked."""

    policy: Decision
    provider: str = "gemini"
    run: VisionRun | None = None

    @property
    def report(self) -> Report | None:
        """What the model saw, if it did."""
        return self.run.report if self.run is not None else None


def outcome(vision: Vision, facts: Intake) -> tuple[str, tuple[str, ...]]:
    """(decision, reasons) as they turned out: call, skip, or fallback to what was measured."""
    run = vision.run
    measured = (MEASURED_INSTEAD,) if facts.photo_used else ()
    if run is not None and run.report is not None:
        return "call", ("quality_pass",)
    if run is not None:
        return "fallback", (run.code or "VISION_UNKNOWN", *measured)
    if vision.policy.call:
        return "fallback", ("VISION_IMAGE_FETCH_FAILED", *measured)
    missing = any(reason.startswith("VISION_") for reason in vision.policy.reasons)
    if missing and facts.photo_expected and facts.photo_used:
        return "fallback", (*vision.policy.reasons, *measured)
    return vision.policy.decision, vision.policy.reasons


def node(vision: Vision, facts: Intake) -> dict[str, Any]:
    """`quality_report.llm.vision`."""
    decision, reasons = outcome(vision, facts)
    run = vision.run
    shown: dict[str, Any] = {
        "decision": decision,
        "reasons": list(reasons),
        "downgrade_confidence": vision.policy.downgrade,
        "provider": run.provider if run is not None else vision.provider,
        "upstream_status_code": run.status if run is not None else None,
        "latency_ms": run.latency_ms if run is not None else None,
        "retry": {
            "attempted": run.retries if run is not None else 0,
            "final": "success" if vision.report is not None else "fail",
            "last_reason": run.code if run is not None else None,
        },
    }
    if run is not None and run.fallback_from is not None:
        shown |= {
            "fallback_from": run.fallback_from,
            "primary_failure_reason": run.primary_failure,
            "attempted_providers": [run.fallback_from, run.provider],
        }
    return shown


def notice(vision: Vision, facts: Intake, lang: Lang) -> str | None:
    """What the person is told of a model that could not look; None where there is nothing to tell."""
    decision, reasons = outcome(vision, facts)
    return told(reasons, lang) if decision == "fallback" else None
