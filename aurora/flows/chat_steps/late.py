"""When an upstream fails or the budget fires: what is said instead (contract B 8.7, 16.5; decision 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.envelope import FieldMissing
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import artifact_gate, reco_texts, replies
from aurora.rules.notices import notice

BUDGET_CODE = "ETIMEDOUT"


def picks_late(turn: ChatTurn, failure_code: str) -> Reply:
    """No picks in time: a notice, the ingredient plan if there is one, and the way to try again.

    failure_code: `upstream_failure_code` on the wire.
    """
    known = turn.artifact_usable
    sure = turn.confidence if known else artifact_gate.UNKNOWN
    cards = [
        ReplyCard(
            "conf",
            "confidence_notice",
            notice(
                "timeout_degraded",
                turn.lang,
                confidence=sure.node(),
                details=[replies.reco_late_detail(turn.lang)],
            ),
        )
    ]
    plan = plan_card(turn)
    if plan is not None:
        cards.append(plan)
    event = {
        "explicit": True,
        "gated": True,
        "reason": "timeout_degraded",
        "source": "upstream_timeout",
        "upstream_failure_code": failure_code,
        "low_confidence": sure.low,
        "confidence_level": sure.level,
    }
    return Reply(
        say=replies.reco_late(turn.lang),
        cards=cards,
        chips=turn.chips("chip.start.reco_products"),
        events=[("recos_requested", event)],
        state=turn.used_artifact(),
    )


def profile_unread(turn: ChatTurn) -> Reply:
    """Picks were asked for while what is known of the person cannot be read: later, rather than all again."""
    reply = picks_late(turn, "DB_UNAVAILABLE")
    say = reco_texts.profile_unread(turn.lang)
    (card, *rest) = reply.cards
    payload = {**card.payload, "message": say, "details": [], "actions": ["retry_recommendations"]}
    card = ReplyCard(card.prefix, card.type, payload, [FieldMissing("profile", "db_unavailable")])
    return msgspec.structs.replace(reply, say=say, cards=[card, *rest])


def chat_late(turn: ChatTurn, *, configured: bool = True) -> Reply:
    """The decision system did not answer, or not usefully."""
    payload = notice(
        "timeout_degraded",
        turn.lang,
        confidence={"score": 0.35, "level": "low", "rationale": ["upstream_unavailable"]},
        actions=("retry_recommendations", "update_current_routine"),
        details=[replies.chat_late_detail(turn.lang)],
    )
    say = replies.chat_late if configured else replies.chat_not_configured
    return Reply(
        say=say(turn.lang),
        cards=[ReplyCard("conf", "confidence_notice", payload)],
        profile=turn.profile_summary() if turn.patch else None,
    )


def plan_card(turn: ChatTurn) -> ReplyCard | None:
    """The ingredient plan of the diagnosis in use, if it has one and the setting shows it (B 8.4.4)."""
    plan = plan_of(turn)
    if plan is None:
        return None
    shown: dict[str, Any] = {
        key: plan[key] for key in ("intensity", "targets", "avoid", "conflicts", "confidence") if key in plan
    }
    return ReplyCard("ing_plan", "ingredient_plan", {**shown, "plan": plan})


def plan_of(turn: ChatTurn) -> dict[str, Any] | None:
    """The stored ingredient plan."""
    if turn.memory.artifact is None or not turn.settings.ingredient_plan_enabled:
        return None
    return turn.memory.artifact.plan
