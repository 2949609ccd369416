"""What a photo shows, in the answer to its upload (contract C 7): a service on top, which may fail quietly.

By the time it begins the answer to the upload stands. Whatever goes wrong after that, in time or in code,
leaves that answer as it is; nothing of this analysis is stored.
"""

from __future__ import annotations

from typing import Any

from aurora import telemetry
from aurora.actors.findings import Answer
from aurora.actors.questions import ReadMemory
from aurora.actors.stage import Stage
from aurora.contract.memory import Memory
from aurora.flows.analysis import INTERNAL_STATE
from aurora.flows.analysis_modules import modules_of, show_modules
from aurora.flows.analysis_photo import count, look
from aurora.rules import safety
from aurora.rules.analysis import intake
from aurora.rules.analysis.after_upload import WITHOUT_MODELS, conclude_at_once
from aurora.rules.analysis.conclusion import Conclusion
from aurora.rules.analysis.intake import Intake, Photo
from aurora.rules.analysis.vision_run import Vision

log = telemetry.get_logger()

FAILED = "PHOTO_AUTO_ANALYSIS_FAILED"


async def analyse_at_once(stage: Stage, photo_id: str, slot_id: str) -> None:
    """Add the analysis of a photo that passed its check. The photo's own card has been gathered."""
    if not stage.settings.photo_auto_analysis:
        return
    stage.envelope.stands()
    _limit(stage)
    memory = await _recall(stage)
    forbidden = safety.forbidden_for(memory.profile)
    stage.envelope.forbid(forbidden)
    try:
        facts = await look(stage, _facts(stage, memory, Photo(slot_id or "daylight", photo_id, "passed")))
        result = conclude_at_once(facts, stage.turn.context.lang)
        modules = modules_of(stage, facts, None, forbidden)
        device_class = stage.turn.raw.get("device_class", "unknown")
        count(facts, Vision(policy=WITHOUT_MODELS), device_class=device_class)
    except Exception:  # the answer to the upload was promised, and leaves whatever is wrong here
        log.exception("photo_auto_analysis_failed", photo_id=photo_id)
        stage.envelope.event("error", {"code": FAILED})
        return
    _tell(stage, facts, result, modules)


def _limit(stage: Stage) -> None:
    """No more time than an analysis has, and never more than the upload has left."""
    whole_ms, settings = stage.settings.photo_budget_ms, stage.settings
    spent_ms = whole_ms - stage.remaining_ms()
    stage.budget("analysis", min(whole_ms, spent_ms + settings.analysis_budget_ms))


async def _recall(stage: Stage) -> Memory:
    finding = await stage.ask(ReadMemory())
    return finding.value if isinstance(finding, Answer) else Memory(ready=False)


def _facts(stage: Stage, memory: Memory, photo: Photo) -> Intake:
    return intake.read(
        use_photo=True,
        routine=None,
        photos=[photo],
        profile=memory.profile,
        logs=memory.recent_logs,
        today=stage.turn.now.date(),
    )


def _tell(stage: Stage, facts: Intake, result: Conclusion, modules: dict[str, Any] | None) -> None:
    envelope = stage.envelope
    envelope.say(result.sentence)
    envelope.card("analysis", "analysis_summary", result.summary, field_missing=list(result.missing))
    show_modules(stage, modules)
    if result.safety is not None:
        envelope.notice("safety_block", details=result.safety)
    envelope.next_state(INTERNAL_STATE)
    told = {"kind": "skin_analysis", "used_photos": facts.photo_used, "analysis_source": result.source}
    envelope.event("value_moment", {**told, "source": "photo_auto"})
