"""The photo of an analysis: looked at once, shown to a vision model where that may be, counted."""

from __future__ import annotations

from aurora import telemetry
from aurora.actors.findings import Failure, Finding
from aurora.actors.questions import (
    AskVision,
    LookAtPhoto,
    PhotoSeen,
    ReadVision,
    VisionAnswer,
    VisionReady,
)
from aurora.actors.stage import Stage
from aurora.rules.analysis import policy, vision_prompt, vision_run
from aurora.rules.analysis.intake import Intake, chosen_photo, with_reading
from aurora.rules.analysis.photo_reading import Reading
from aurora.rules.analysis.vision_failures import MEASURED_INSTEAD, VisionCode
from aurora.rules.analysis.vision_run import Vision, VisionRun

# Of what remains when the photo's turn comes: fetching (contract C 24), and fetching and measuring together,
# so that a storage or a decoder that hangs leaves time for an answer without it.
FETCH_PCT = 40
LOOK_PCT = 70
# The label's words are A and B (contract C 27); A was the old service's pipeline, and there is one of ours.
PIPELINE = "B"


async def look(stage: Stage, facts: Intake) -> Intake:
    """The facts with the photo's pixels, if there is one to look at (decision 24)."""
    forced = _forced(stage, facts)
    photo = chosen_photo(facts, forced=forced)
    if photo is None:
        return facts
    left_ms = stage.remaining_ms()
    question = LookAtPhoto(
        photo_id=photo.photo_id,
        slot_id=photo.slot,
        fetch_ms=left_ms * FETCH_PCT // 100,
        cap_ms=max(1, left_ms * LOOK_PCT // 100),
    )
    finding = await stage.ask(question)
    if isinstance(finding, Failure):
        if finding.code == "not_configured":
            return with_reading(facts, Reading(code="DOWNLOAD_URL_GENERATE_FAILED"))
        return with_reading(facts, Reading(trouble="crashed" if finding.code == "crashed" else "busy"))
    seen: PhotoSeen = finding.value
    return with_reading(facts, Reading(code=seen.code, measured=seen.measured))


async def ask_vision(stage: Stage, facts: Intake, mode: str) -> Vision:
    """What the vision model saw, if it may be asked and there is a photo for it.

    Whether there is a key is asked of the actor: the flow must not depend on a secret that no trace holds.
    """
    settings = stage.settings
    forced = _forced(stage, facts)
    provider = "openai" if settings.skin_vision_provider == "openai" else "gemini"
    unavailable: str | None = "VISION_DISABLED_BY_FLAG"
    wanted = facts.has_primary_input and facts.photo_requested and not settings.llm_kill_switch
    if wanted and (settings.skin_vision_enabled or forced):
        finding = await stage.ask(ReadVision())
        if isinstance(finding, Failure):
            unavailable = "VISION_MISSING_KEY"
        else:
            ready: VisionReady = finding.value
            provider, unavailable = ready.provider, ready.code
    decision = policy.vision_decision(
        facts, kill_switch=settings.llm_kill_switch, unavailable=unavailable, mode=mode, forced=forced
    )
    photo = chosen_photo(facts, forced=forced)
    if not decision.call or photo is None or not facts.photo_used:
        return Vision(policy=decision, provider=provider)
    lang = stage.turn.context.lang
    finding = await stage.ask(
        AskVision(
            photo_id=photo.photo_id,
            prompt=vision_prompt.prompt(facts, lang, candidates=vision_prompt.candidates(facts)),
            lang=lang,
            may_fall_back=facts.grade != "fail",
        )
    )
    return Vision(policy=decision, provider=provider, run=_run(finding, provider))


def _run(finding: Finding, provider: str) -> VisionRun:
    if isinstance(finding, Failure):
        code: VisionCode = "VISION_TIMEOUT" if finding.code == "timeout" else "VISION_UNKNOWN"
        return VisionRun(provider=provider, code=code)
    said: VisionAnswer = finding.value
    return VisionRun(
        provider=said.provider,
        report=said.report,
        code=said.code,
        status=said.status,
        retries=max(0, said.attempts - (2 if said.fallback_from is not None else 1)),
        latency_ms=said.latency_ms if said.attempts else None,
        fallback_from=said.fallback_from,
        primary_failure=said.primary_failure,
    )


def count(facts: Intake, vision: Vision, *, device_class: str) -> None:
    """Figures of a completed run; enumerated labels only. device_class: `mobile`, `desktop` or `unknown`."""
    decision, reasons = vision_run.outcome(vision, facts)
    run = vision.run
    provider = run.provider if run is not None else vision.provider
    telemetry.vision_calls.labels(provider, decision).inc()
    if run is not None and run.fallback_from is not None:
        telemetry.vision_fails.labels(run.fallback_from, run.primary_failure or "VISION_UNKNOWN").inc()
    if decision == "fallback":
        for reason in reasons:
            telemetry.vision_fallbacks.labels(provider, reason).inc()
            if reason != MEASURED_INSTEAD:
                telemetry.vision_fails.labels(provider, reason).inc()
    if run is not None and run.latency_ms is not None:
        telemetry.vision_latency_ms.labels(provider).observe(run.latency_ms)
    if facts.photo_expected:
        placed = [f.issue_type for f in facts.reading.seen if f.evidence]
        for issue in ("all", *placed):
            telemetry.analyze_requests.labels(issue, facts.grade, PIPELINE, device_class).inc()


def _forced(stage: Stage, facts: Intake) -> bool:
    settings = stage.settings
    return policy.forces_vision(
        facts, kill_switch=settings.llm_kill_switch, forced=settings.skin_force_vision_call
    )
