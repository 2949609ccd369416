"""A skin analysis: what is known, what a photo shows, what a model adds, one honest result.

The whole of it runs under the analysis budget. When that fires, the answer is the conservative baseline of
contract C 24, and of the abandoned run nothing is kept but that it timed out.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from aurora import telemetry
from aurora.actors.assembler import CutPlan
from aurora.actors.findings import Answer, Failure
from aurora.actors.questions import DecisionChat, DecisionReply, ReadMemory
from aurora.actors.stage import Stage
from aurora.contract.envelope import Card, FieldMissing
from aurora.contract.memory import Conversation, Memory
from aurora.contract.requests import SkinAnalysisRequest
from aurora.contract.turn import Turn, iso_ms
from aurora.flows.analysis_modules import modules_of, show_modules
from aurora.flows.analysis_photo import ask_vision, count, look
from aurora.rules import safety
from aurora.rules.analysis import actives, intake, policy, report_answer, report_prompt, summary, vision_run
from aurora.rules.analysis.conclusion import Conclusion, Making, Models, conclude
from aurora.rules.analysis.intake import Intake, Photo
from aurora.rules.notices import notice
from aurora.store.facts import AnalysisCompleted, AnalysisTimedOut, ConversationMoved, ProfilePatched

log = telemetry.get_logger()

INTERNAL_STATE = "S5_ANALYSIS_SUMMARY"
NOT_SAVED = ("diagnosis_artifact", "db_unavailable")

# Below this there is no time for a second round of the report model to say anything.
_LEAST_ROUND_MS = 300
# What a model asked after another one must leave for the rest of the turn (contract C 24).
_TO_CONCLUDE_MS = 500


async def analysis(stage: Stage) -> None:
    """Answer `POST /v1/analysis/skin`."""
    telemetry.skin_flow.labels("analysis_request", "hit").inc()
    stage.budget("analysis", stage.settings.analysis_budget_ms)
    stage.envelope.if_cut(_baseline(stage))
    memory = await _recall(stage)
    forbidden = safety.forbidden_for(memory.profile)
    stage.envelope.forbid(forbidden)
    facts = _facts(stage.turn, memory)
    _keep_routine(stage, memory)
    facts = await look(stage, facts)
    models = await _ask_models(stage, facts)
    result = conclude(facts, models, _making(stage), stage.turn.context.lang)
    _tell(stage, facts, result, forbidden)
    count(facts, models.vision, device_class=stage.turn.raw.get("device_class", "unknown"))
    log.info(
        "skin_analysis_profile",
        analysis_source=result.source,
        user_requested_photo=facts.photo_requested,
        photos_provided=facts.photos_provided,
        used_photos=facts.photo_used,
        photo_quality_grade=facts.grade,
        photo_failure=policy.photo_failure(facts) or facts.reading.unreadable,
        vision=vision_run.outcome(models.vision, facts)[0],
        vision_failure=models.vision.run.code if models.vision.run is not None else None,
        report=models.report.decision,
        report_failure=models.failure,
    )
    await _keep(stage, memory, result)


async def _recall(stage: Stage) -> Memory:
    """What is known of the person; a store that cannot be read counts as knowing nothing."""
    finding = await stage.ask(ReadMemory())
    return finding.value if isinstance(finding, Answer) else Memory(ready=False)


def _facts(turn: Turn, memory: Memory) -> Intake:
    body: SkinAnalysisRequest = turn.body
    return intake.read(
        use_photo=None if body.use_photo is UNSET else body.use_photo,
        routine=None if body.currentRoutine is UNSET else body.currentRoutine,
        photos=[
            Photo(p.slot_id.strip(), _or_blank(p.photo_id).strip(), _or_blank(p.qc_status).strip())
            for p in (body.photos or ())
        ],
        profile=memory.profile,
        logs=memory.recent_logs,
        today=turn.now.date(),
    )


def _or_blank(text: Any) -> str:
    return text if isinstance(text, str) else ""


def _keep_routine(stage: Stage, memory: Memory) -> None:
    """A routine that came with the request goes into the profile at once, beside everything else.

    Best effort: nothing waits for it. A routine without a word in it would only wipe what is known.
    """
    sent = stage.turn.body.currentRoutine
    known = memory.profile.currentRoutine if memory.profile else None
    if sent is UNSET or sent == known or not actives.text_of(sent):
        return
    stage.remember(ProfilePatched(patch={"currentRoutine": sent}, source="analysis"))


async def _ask_models(stage: Stage, facts: Intake) -> Models:
    """Decide who may be asked, and ask: the vision model, and the report model if that saw nothing."""
    settings = stage.settings
    mode = policy.degraded_mode(settings.skin_degraded_mode)
    forced = policy.forces_vision(
        facts, kill_switch=settings.llm_kill_switch, forced=settings.skin_force_vision_call
    )
    vision = await ask_vision(stage, facts, mode)
    report = policy.report_decision(
        facts, kill_switch=settings.llm_kill_switch, available=bool(settings.decision_base_url), mode=mode
    )
    answer = failure = None
    if report.call and vision.report is None:
        answer, failure = await _report(stage, facts, first=vision.run is None)
    return Models(vision=vision, report=report, answer=answer, failure=failure, mode=mode, forced=forced)


async def _report(
    stage: Stage, facts: Intake, *, first: bool
) -> tuple[report_answer.Report | None, str | None]:
    """Up to two rounds; the second only after an answer that did not hold, and only in what is left.

    first: no model was asked before. Without a photo that was read both rounds share a part of what is left;
    with one the first attempt of the turn may run to the deadline, every other leaves time to conclude
    (decision 25).
    """
    lang = stage.turn.context.lang
    began_ms = stage.remaining_ms()
    share_ms = began_ms * stage.settings.report_share_pct // 100
    for strict in (False, True):
        left_ms = share_ms - (began_ms - stage.remaining_ms())
        if policy.reads_photo(facts):
            to_itself = first and not strict
            left_ms = report_prompt.MAX_CALL_MS if to_itself else stage.remaining_ms() - _TO_CONCLUDE_MS
        if left_ms < _LEAST_ROUND_MS:
            return None, "report_output_invalid" if strict else "report_upstream_failed"
        question = DecisionChat(
            query=report_prompt.prompt(facts, lang, strict=strict),
            cap_ms=min(report_prompt.MAX_CALL_MS, left_ms),
        )
        finding = await stage.ask(question)
        if isinstance(finding, Failure):
            return None, "report_output_invalid" if strict else "report_upstream_failed"
        reply: DecisionReply = finding.value
        answer = report_answer.judge(reply.answer, lang)
        if answer is not None:
            return answer, None
    return None, "report_output_invalid"


def _making(stage: Stage) -> Making:
    turn = stage.turn
    return Making(
        artifact_id=f"da_{turn.uuid('artifact')}",
        plan_id=f"ip_{turn.uuid('plan')}",
        created_at=iso_ms(turn.now),
        identity={
            "aurora_uid": turn.identity.uid,
            "user_id": turn.identity.user_id,
            "session_id": turn.context.brief_id,
        },
        with_artifact=stage.settings.diag_artifact_enabled,
        with_plan=stage.settings.ingredient_plan_enabled,
    )


def _tell(stage: Stage, facts: Intake, result: Conclusion, forbidden: tuple[str, ...]) -> None:
    """The whole answer. That it was saved is not known yet: the gap is taken back when it is."""
    envelope = stage.envelope
    envelope.say(result.sentence)
    envelope.card("analysis", "analysis_summary", result.summary, field_missing=[*result.missing, NOT_SAVED])
    show_modules(stage, modules_of(stage, facts, result.plan, forbidden))
    if result.plan_card is not None:
        envelope.card("ing_plan", "ingredient_plan", result.plan_card)
    if result.safety is not None:
        envelope.notice("safety_block", details=result.safety)
    elif result.notice is not None:
        confidence, details = result.notice
        envelope.notice("low_confidence", confidence=confidence, details=details)
    envelope.next_state(INTERNAL_STATE)
    envelope.event("value_moment", _value_moment(result.source, used_photos=facts.photo_used))
    envelope.stands()
    for name, made in (("artifact_created", result.artifact), ("ingredient_plan", result.plan)):
        telemetry.skin_flow.labels(name, "hit" if made is not None else "miss").inc()


async def _keep(stage: Stage, memory: Memory, result: Conclusion) -> None:
    """Hand the result to the journal and wait a little for it (decision 7)."""
    turn, envelope = stage.turn, stage.envelope
    artifact_id = result.artifact["artifact_id"] if result.artifact is not None else None
    completed = AnalysisCompleted(
        analysis=result.summary["analysis"],
        lang=turn.context.lang,
        source=result.source,
        artifact=result.artifact,
        plan=result.plan,
        session_id=turn.context.brief_id,
    )
    before = memory.conversation or Conversation()
    moved = msgspec.structs.replace(
        before,
        token=INTERNAL_STATE,
        latest_artifact_id=artifact_id or before.latest_artifact_id,
        updated_at_ms=turn.now_ms,
    )
    saving = stage.remember(
        completed, ConversationMoved(brief_id=turn.context.brief_id or "", conversation=moved)
    )
    wait_ms = min(stage.remaining_ms(), stage.settings.append_wait_ms)
    finding = await saving.wait(at_most_ms=wait_ms)
    if isinstance(finding, Answer):
        envelope.settled(NOT_SAVED[0])
    # Late is not lost: the journal goes on with what it has taken, so the id is worth knowing.
    if artifact_id is not None and (isinstance(finding, Answer) or finding.code == "timeout"):
        envelope.patch_state(latest_artifact_id=artifact_id)


def _value_moment(source: str, *, used_photos: bool = False) -> dict[str, Any]:
    return {"kind": "skin_analysis", "used_photos": used_photos, "analysis_source": source}


def _baseline(stage: Stage) -> CutPlan:
    """What leaves when the budget fires (contract C 24)."""
    context, budget_ms = stage.turn.context, stage.settings.analysis_budget_ms
    body: SkinAnalysisRequest = stage.turn.body
    provided = any(p.slot_id.strip() and _or_blank(p.photo_id).strip() for p in (body.photos or ()))
    return CutPlan(
        cards=[
            Card(
                card_id=f"analysis_{context.request_id}",
                type="analysis_summary",
                payload=summary.timeout_payload(
                    photos_provided=provided,
                    lang=context.lang,
                    mode=policy.degraded_mode(stage.settings.skin_degraded_mode),
                ),
                field_missing=[FieldMissing(field="analysis", reason=summary.TIMED_OUT)],
            ),
            Card(
                card_id=f"conf_{context.request_id}",
                type="confidence_notice",
                payload=notice(
                    "timeout_degraded",
                    context.lang,
                    confidence=summary.timeout_confidence(),
                    message=summary.timeout_message(context.lang),
                    actions=summary.TIMEOUT_ACTIONS,
                    details=summary.timeout_details(context.lang),
                ),
            ),
        ],
        events=[
            ("value_moment", _value_moment("baseline_low_confidence")),
            ("analysis_timeout_degraded", {"budget_ms": budget_ms}),
        ],
        next_state=INTERNAL_STATE,
        facts=[AnalysisTimedOut(budget_ms=budget_ms)],
    )
