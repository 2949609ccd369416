"""What the decision system wants to know, asked here; and what it is told when a request is resumed.

Contract B 10.1 to 10.3, 16.3. `ask_back` stands in open chat after the answer was gathered; `wait_at_gate` is
the diagnosis-first gate's. The steps of a clarification under way are in `pending_flow`.
"""

from __future__ import annotations

from typing import Any

from aurora import telemetry
from aurora.actors.questions import DecisionReply
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.rules import clarification, pending, resume
from aurora.rules.clarification import Question
from aurora.rules.pending import Pending
from aurora.rules.reply_values import field_of
from aurora.rules.request import ChatAsk
from aurora.rules.unlock import ROUTINE_CHIPS

# What a tap without words had asked for.
GATE_REQUEST, GATE_ROUTINE = "recommendation", "AM/PM routine"


def ask_back(turn: ChatTurn, reply: DecisionReply) -> None:
    """Ask the first question of a reply that is worth asking: once in the text, with a chip per answer.

    A safety question that rides along comes first: then nothing else is asked.
    """
    found = clarification.read(reply.clarification, turn.lang)
    _count_reading(found)
    if turn.resumed is not None:
        _probe(turn, reply, turn.resumed, found.questions)
        drop(turn)
        count("pending_clarification_completed_total")
    questions = _worth_asking(turn, list(found.questions))
    if not questions or turn.safety.asks:
        return
    waits = turn.settings.clarification_flow_v2 and len(questions) > 1 and bool(turn.ask.message)
    if waits:
        cut = list(found.cut)
        flow = pending.begun(
            flow_id=new_flow_id(turn),
            now_ms=turn.stage.turn.now_ms,
            resume_text=turn.ask.message,
            questions=questions,
            cut=cut,
            include_alternatives=turn.ask.include_alternatives,
        )
        count_cut(cut)
        _begin(turn, flow)
    envelope = turn.envelope
    envelope.chip(*clarification.chips(questions[0], turn.lang, step=1 if waits else 0))
    envelope.say(
        clarification.with_one_question(envelope.message or "", questions[0].question, turn.lang),
        format="markdown",
    )


def take_up(turn: ChatTurn, flow: Pending, ask: ChatAsk) -> None:
    """Answer the request that waited, and tell the decision system what was answered on the way."""
    settings = turn.settings
    turn.resumed = flow
    turn.take_up(ask)
    version: resume.Version = 2 if settings.resume_prefix_v2 else 1 if settings.resume_prefix_v1 else 0
    turn.query_lead = resume.block(flow, turn.profile, version)
    count("resume_prefix_injected_total", "true" if version else "false")
    if version:
        count("resume_prefix_history_items_total", str(min(len(flow.history), resume.MAX_ITEMS)))
    if settings.clarification_history_context:
        turn.clarification_history = resume.history_meta(flow.history)
        count("clarification_history_sent_total", str(len(turn.clarification_history)))


def wait_at_gate(turn: ChatTurn, missing: list[str]) -> dict[str, Any]:
    """The gate asks for core facts, and the request waits. Answers keys of `session_patch.state`."""
    if not turn.settings.clarification_flow_v2 or not missing:
        return {}
    now_ms = turn.stage.turn.now_ms
    cut: list[str] = []
    flow = pending.begun(
        flow_id=pending.gate_flow_id(now_ms),
        now_ms=now_ms,
        resume_text=turn.ask.message
        or (GATE_ROUTINE if turn.ask.action_id in ROUTINE_CHIPS else GATE_REQUEST),
        questions=pending.gate_questions(missing, turn.lang),
        cut=cut,
        include_alternatives=turn.ask.include_alternatives,
    )
    count_cut(cut)
    return _begin(turn, flow)


def new_flow_id(turn: ChatTurn) -> str:
    """An id for a flow that begins with this turn."""
    return f"pc_{turn.stage.turn.uuid('clarification').replace('-', '')}"


def keep(turn: ChatTurn, flow: Pending) -> dict[str, Any]:
    """Keep a flow for the turns to come. Answers keys of `session_patch.state`."""
    turn.keep(pending=pending.as_kept(flow))
    return {"pending_clarification": pending.as_wire(flow)}


def drop(turn: ChatTurn) -> None:
    """No clarification is under way any more."""
    turn.keep(pending=None)
    turn.envelope.patch_state(pending_clarification=None)


def count(family: str, *labels: str, by: int = 1) -> None:
    """Count in a family of contract B 20."""
    found = telemetry.family(family)
    (found.labels(*labels) if labels else found).inc(by)


def count_cut(cut: list[str]) -> None:
    """Parts that were too long or too many."""
    for field in dict.fromkeys(cut):
        count("pending_clarification_truncated_total", field)


def count_filtered(fields: list[str]) -> None:
    """Questions that were left out because their answers are known."""
    for field in fields:
        count("clarification_question_filtered_total", field.lower())


def _begin(turn: ChatTurn, flow: Pending) -> dict[str, Any]:
    count("clarification_flow_v2_started_total")
    state = keep(turn, flow)
    turn.envelope.patch_state(**state)
    return state


def _worth_asking(turn: ChatTurn, questions: list[Question]) -> list[Question]:
    """Without what is known (a setting), and without what was answered on the way to this very answer."""
    if not questions:
        return []
    left = questions
    if turn.settings.clarification_filter_known:
        known = [q for q in questions if clarification.is_known(q.norm_id, turn.profile)]
        count_filtered([q.norm_id for q in known])
        left = [q for q in questions if q not in known]
    answered = {entry.norm_id for entry in turn.resumed.history} if turn.resumed is not None else set()
    for question in left:
        if question.norm_id in answered or clarification.is_known(question.norm_id, turn.profile):
            field = field_of(question.norm_id) or "other"
            count("repeated_clarify_field_total", field.lower())
    left = [q for q in left if q.norm_id not in answered]
    if not left:
        count("clarification_all_questions_filtered_total")
    return left


def _count_reading(found: clarification.Reading) -> None:
    present = "true" if found.questions else "false"
    count("clarification_present_total", present)
    for reason in found.invalid:
        count("clarification_schema_invalid_total", reason)
    if found.nameless:
        count("clarification_id_normalized_empty_total", by=found.nameless)


def _probe(turn: ChatTurn, reply: DecisionReply, flow: Pending, questions: tuple[Question, ...]) -> None:
    if not turn.settings.resume_probe_metrics:
        return
    seen = resume.probe(reply.answer, questions, flow, turn.profile)
    count("resume_response_mode_total", seen.mode)
    for field in dict.fromkeys(field_of(name) or "other" for name in seen.asked_again):
        count("resume_plaintext_reask_detected_total", field.lower())
