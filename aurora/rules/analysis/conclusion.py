"""From what is known to everything an analysis says and keeps, in one value (contract C 11.17 to 11.21)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.analysis import (
    artifact,
    confidence,
    photo_render,
    plan,
    policy,
    render,
    summary,
    vision_run,
)
from aurora.rules.analysis.intake import Intake
from aurora.rules.analysis.policy import Decision
from aurora.rules.analysis.report_answer import Report
from aurora.rules.analysis.vision_run import Vision

ReportFailure = str  # report_upstream_failed or report_output_invalid


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """What the models were asked, and what came of it.

    answer: the report model's; failure: why an asked report is missing. mode: who may speak about a degraded
    photo. forced: `policy.forces_vision`.
    """

    vision: Vision
    report: Decision
    answer: Report | None = None
    failure: ReportFailure | None = None
    mode: str = "report"
    forced: bool = False


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """Ids, time and owner of what is made. with_artifact, with_plan: the flags in force."""

    artifact_id: str
    plan_id: str
    created_at: str
    identity: dict[str, Any]
    with_artifact: bool = True
    with_plan: bool = True


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis ready to be told and kept.

    summary: payload of `analysis_summary`, with its (field, reason) gaps in `missing`. plan_card: payload of
    `ingredient_plan`. notice: confidence and details of a low_confidence notice. safety: details of a
    safety_block notice, which then takes its place. artifact: with identity.
    """

    source: str
    summary: dict[str, Any]
    missing: tuple[tuple[str, str], ...]
    sentence: str
    plan_card: dict[str, Any] | None = None
    notice: tuple[dict[str, Any], list[str]] | None = None
    safety: list[str] | None = None
    artifact: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None


def conclude(facts: Intake, models: Models, making: Making, lang: Lang) -> Conclusion:
    """The whole result. Nothing in it is surer than the artifact's one confidence."""
    run = models.vision.run
    seen = run.source if run is not None and run.report is not None else None
    raw = policy.raw_source(facts, reported=models.answer is not None, vision=seen, forced=models.forced)
    source = policy.rendered_source(facts, raw)
    failure = policy.photo_failure(facts)
    report = models.vision.report if seen is not None else models.answer
    told_of_model = vision_run.notice(models.vision, facts, lang)
    known = artifact.known_facts(facts)
    concerns = artifact.concerns_of(facts)
    scores = [score for _, score in concerns]
    sure = confidence.overall(
        facts=known,
        concern_scores=scores,
        source=raw,
        photo_requested=facts.photo_requested,
        photo_used=facts.photo_used,
        grade=facts.grade if facts.photo_expected else "pass",
        has_primary_input=facts.has_primary_input,
    )
    made = made_plan = None
    if making.with_artifact:
        made = artifact.build(
            facts,
            sure,
            artifact_id=making.artifact_id,
            created_at=making.created_at,
            raw=raw,
            rendered=source,
            identity=making.identity,
        )
        if making.with_plan:
            made_plan = plan.build(
                facts,
                confidence.plan_confidence(known, scores, sure),
                concerns=tuple(name for name, _ in concerns),
                plan_id=making.plan_id,
                created_at=making.created_at,
                lang=lang,
            )
    ready = artifact.ready(made)
    told = summary.payload(
        facts,
        raw,
        lang,
        analysis=photo_render.analysis(facts, raw, lang, report=report, notice=told_of_model)
        if policy.reads_photo(facts)
        else render.analysis(facts, raw, lang, report=report, failure=failure, model_notice=told_of_model),
        source=source,
        failure=failure,
        models=summary.Asked(models.vision, models.report, models.failure, models.mode, models.forced),
        artifact=artifact.public(made) if made is not None else None,
        plan=made_plan,
        ready=ready,
    )
    low = made is not None and sure.level == "low"
    return Conclusion(
        source=source,
        summary=told,
        missing=policy.missing(facts, vision_code=run.code if run is not None else None),
        sentence=summary.sentence(facts, raw, lang, ready=ready, failure=failure),
        plan_card=plan.card_payload(made_plan) if made_plan is not None else None,
        notice=(sure.as_node(), summary.low_confidence_details(facts, lang)) if low else None,
        safety=summary.safety_details(lang) if facts.red_flags else None,
        artifact=made,
        plan=made_plan,
    )
