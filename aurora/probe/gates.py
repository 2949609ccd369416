"""The gates of recommendations in four cases (contract E 4.2): no diagnosis, unsure, sure, danger."""

from __future__ import annotations

from aurora.contract.envelope import Lang
from aurora.probe.report import Report, Step
from aurora.probe.wire import Answer, Person, Service

CORE = {
    "skinType": "oily",
    "sensitivity": "low",
    "barrierStatus": "healthy",
    "goals": ["acne", "dark_spots"],
    "budgetTier": "¥500",
}
ROUTINE = {
    "EN": "AM: gentle cleanser, moisturizer, SPF 50. PM: cleanser, niacinamide serum, moisturizer.",
    "CN": "早上：温和洁面、面霜、防晒。晚上：洁面、烟酰胺精华、面霜。",
}
DANGER = {
    "EN": "My face has severe pain, it is oozing pus and I have a fever. Recommend something.",
    "CN": "我的脸剧痛，还在化脓，而且发烧了，给我推荐点产品。",
}


async def gates(service: Service, lang: Lang, report: Report) -> None:
    """Run the four cases, each with a person of her own. Raises UnreachableError."""
    await _artifact_missing(service, report)
    await _low_confidence(service, report)
    await _medium_confidence(service, lang, report)
    await _safety_block(service, lang, report)


async def recommend(person: Person, message: str | None = None) -> Answer:
    """Tap on the chip for product picks, in the middle of a diagnosis as the client may be."""
    action = {
        "action_id": "chip.start.reco_products",
        "kind": "chip",
        "data": {"include_alternatives": False},
    }
    body = {"action": action, "session": {"state": "S2_DIAGNOSIS"}}
    return await person.post("/v1/chat", {**body, "message": message} if message else body)


async def _somebody(service: Service, case: str, report: Report) -> Person:
    person = service.somebody()
    answer = await person.post("/v1/profile/update", dict(CORE))
    report.step(f"{case}: profile", answer).expect(answer.card("profile"), "a profile card")
    return person


async def _artifact_missing(service: Service, report: Report) -> None:
    person = await _somebody(service, "artifact_missing", report)
    answer = await recommend(person)
    step = report.step("artifact_missing: picks", answer)
    step.expect("artifact_missing" in answer.reasons(), "a notice artifact_missing")
    no_picks(step, answer)
    event = answer.event("recos_requested") or {}
    step.expect(event.get("reason") == "artifact_missing", "recos_requested with reason artifact_missing")


async def _low_confidence(service: Service, report: Report) -> None:
    person = await _somebody(service, "low_confidence", report)
    answer = await person.post("/v1/analysis/skin", {"use_photo": False})
    step = report.step("low_confidence: analysis", answer)
    summary = answer.payload("analysis_summary")
    step.expect(answer.card("analysis_summary"), "an analysis_summary card")
    step.expect(summary.get("analysis_source") == "baseline_low_confidence", "source baseline_low_confidence")
    step.expect(level_of(answer) == "low", "an artifact of low confidence")
    step.expect(summary.get("recommendation_ready") is False, "recommendation_ready false")
    answer = await recommend(person)
    step = report.step("low_confidence: picks", answer)
    careful = {"low_confidence", "timeout_degraded"}
    step.expect(careful & set(answer.reasons()), "a notice low_confidence or timeout_degraded")
    step.expect("safety_block" not in answer.reasons(), "no safety_block")
    event = answer.event("recos_requested") or {}
    step.expect(event.get("low_confidence") is True, "recos_requested with low_confidence true")


async def _medium_confidence(service: Service, lang: Lang, report: Report) -> None:
    person = await _somebody(service, "medium_confidence", report)
    body = {"use_photo": False, "currentRoutine": ROUTINE[lang]}
    answer = await person.post("/v1/analysis/skin", body)
    step = report.step("medium_confidence: analysis", answer)
    summary = answer.payload("analysis_summary")
    step.expect(
        summary.get("analysis_source") not in (None, "baseline_low_confidence"),
        "a source better than baseline_low_confidence",
    )
    step.expect(level_of(answer) in ("medium", "high"), "an artifact of medium or high confidence")
    step.expect(summary.get("recommendation_ready") is True, "recommendation_ready true")
    answer = await recommend(person)
    step = report.step("medium_confidence: picks", answer)
    late = "timeout_degraded" in answer.reasons()
    step.expect(answer.card("recommendations") or late, "recommendations, or a notice timeout_degraded")
    step.expect("artifact_missing" not in answer.reasons(), "no artifact_missing")
    event = answer.event("recos_requested") or {}
    late = event.get("reason") == "timeout_degraded"
    step.expect(event.get("source") or late, "recos_requested with a source, or reason timeout_degraded")
    step.expect(event.get("low_confidence") is False or late, "recos_requested with low_confidence false")


async def _safety_block(service: Service, lang: Lang, report: Report) -> None:
    person = await _somebody(service, "safety_block", report)
    answer = await recommend(person, DANGER[lang])
    step = report.step("safety_block: picks", answer)
    step.expect("safety_block" in answer.reasons(), "a notice safety_block")
    no_picks(step, answer)
    event = answer.event("recos_requested") or {}
    step.expect(
        event.get("reason") == "safety_boundary" and event.get("blocked") is True,
        "recos_requested blocked with reason safety_boundary",
    )


def no_picks(step: Step, answer: Answer) -> None:
    """Nothing is recommended."""
    step.expect(not answer.card("recommendations"), "no recommendations")


def level_of(answer: Answer) -> str | None:
    """Confidence of the artifact in an analysis."""
    artifact = answer.payload("analysis_summary").get("diagnosis_artifact")
    overall = artifact.get("overall_confidence") if isinstance(artifact, dict) else None
    return str(overall.get("level")) if isinstance(overall, dict) else None
