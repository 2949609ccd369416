"""The decision actor: one question of the decision system (contract B 16.1, 16.2), its answer read."""

from __future__ import annotations

from typing import Any

import trio

from aurora import telemetry
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.links import Link, Reply
from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.actors.retry import TWICE

NAME = "decision"
PATH = "/api/chat"
METRIC_PATH = "aurora_chat"
# Cancellations that are the upstream's error; after a hang-up nobody knows how the call would have ended.
CUT_BY_TIME = frozenset({"budget", "deadline"})
_BODY_KEYS = (
    "query", "llm_provider", "llm_model", "anchor_product_id", "anchor_product_url", "messages", "debug",
    "allow_recommendations",
)  # fmt: skip


def decision_handler(link: Link) -> Handler:
    """Handler of DecisionChat over `link`: at most two attempts, inside of the call's deadline."""

    async def handle(call: Call) -> Finding:
        question = call.question
        if not isinstance(question, DecisionChat):
            raise TypeError(f"decision cannot answer {type(question).__name__}")
        begun = trio.current_time()
        try:
            outcome = await link.call(
                "POST",
                PATH,
                json=body_of(question),
                deadline=call.deadline,
                context=call.turn.context,
                retry=TWICE,
                attempt_ms=question.attempt_ms,
            )
        except trio.Cancelled as cut:
            if (cut.reason or cut.source) in CUT_BY_TIME:
                _count("error", begun)
            raise
        finding = read_outcome(outcome)
        if not (isinstance(finding, Failure) and finding.code == "not_configured"):
            _count("ok" if finding.ok else "error", begun)
        return finding

    return handle


def _count(status: str, begun: float) -> None:
    telemetry.upstream_call.labels(METRIC_PATH, status).inc()
    telemetry.upstream_latency_ms.labels(METRIC_PATH).observe((trio.current_time() - begun) * 1000)


def read_outcome(outcome: Reply | Failure) -> Finding:
    """A finding from what the link brought: a DecisionReply, or a Failure (`bad_shape`: no object)."""
    if isinstance(outcome, Failure):
        return outcome
    if not isinstance(outcome.body, dict):
        return Failure(actor=NAME, code="bad_shape", status=outcome.status)
    return Answer(actor=NAME, value=clean_reply(outcome.body), raw=outcome.raw)


def body_of(question: DecisionChat) -> dict[str, Any]:
    """The request body: `query`, and each other key only if it is set."""
    values = {key: getattr(question, key) for key in _BODY_KEYS}
    return {key: value for key, value in values.items() if value is not None}


def clean_reply(body: dict[str, Any]) -> DecisionReply:
    """The reply without wrong shapes: no object in a list of objects is dropped, a wrong type is None."""
    cards, dropped = _objects(body.get("cards"))
    return DecisionReply(
        answer=_text(body.get("answer")),
        intent=_text(body.get("intent")),
        cards=cards,
        dropped_cards=dropped,
        structured=_object(body.get("structured")),
        clarification=_object(body.get("clarification")),
        context=_object(body.get("context")),
        next_actions=_objects(body.get("next_actions"))[0],
        recommendations=_objects(body.get("recommendations"))[0],
        llm_provider=_text(body.get("llm_provider")),
        llm_model=_text(body.get("llm_model")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _objects(value: Any) -> tuple[list[dict[str, Any]], int]:
    """The objects of a list, and how many other items it had; a value that is no list has neither."""
    if not isinstance(value, list):
        return [], 0
    objects = [item for item in value if isinstance(item, dict)]
    return objects, len(value) - len(objects)
