"""An analysis that nobody asked for yet: what a photo shows, told right after its upload (contract C 7).

The same rules as for an analysis that was asked for, with no model, nothing to keep and nothing to recommend.
A routine is not asked for here: where the photo was read, its absence is no gap.
"""

from __future__ import annotations

from typing import Any, Final

from aurora.contract.envelope import Lang
from aurora.rules.analysis.conclusion import Conclusion, Making, Models, conclude
from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.policy import NO_ROUTINE, Decision
from aurora.rules.analysis.vision_run import Vision

WITHOUT_MODELS: Final = Decision("skip", ("auto_analysis_diagnosis_v1_only",))
_NOTHING_MADE: Final = Making(
    artifact_id="", plan_id="", created_at="", identity={}, with_artifact=False, with_plan=False
)


def conclude_at_once(facts: Intake, lang: Lang) -> Conclusion:
    """The result; it has no artifact, no plan and no notice about confidence."""
    models = Models(vision=Vision(policy=WITHOUT_MODELS), report=WITHOUT_MODELS)
    result = conclude(facts, models, _NOTHING_MADE, lang)
    report: dict[str, Any] = dict(result.summary["quality_report"])
    report.pop("detector_policy", None)
    report["llm"] = {"vision": WITHOUT_MODELS.as_node(), "report": WITHOUT_MODELS.as_node()}
    measured = facts.reading.measured
    if measured is not None and facts.photo_used:
        reasons: tuple[str, ...] = tuple(measured.quality.reasons) or facts.grade_reasons
        report["photo_quality"] = {"grade": measured.quality.grade, "reasons": list(reasons)}
    missing = [gap for gap in result.missing if gap[1] != NO_ROUTINE]
    if not facts.has_primary_input and result.source == "rule_based_with_photo_qc":
        missing.append(("analysis.used_photos", NO_ROUTINE))
    return Conclusion(
        source=result.source,
        summary={**result.summary, "quality_report": report},
        missing=tuple(missing),
        sentence=result.sentence,
        safety=result.safety,
    )
