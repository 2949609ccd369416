"""What decided an answer, for who looks at the service rather than at their skin (contract B 11.4).

It rides in `session_patch.meta` and in one event; the envelope itself has no room for other keys.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.rules.intents import Intent
from aurora.rules.planner import Plan
from aurora.rules.rollout import Assignment, Flags

EVENT = "aurora_policy_meta"
LIVE_WEATHER = "weather_api"
MAX_ID = 80


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """plan: None if no planner ran. env_source: where the weather of the answer came from, if it had any."""

    intent: Intent
    plan: Plan | None
    assignment: Assignment
    flags: Flags
    env_source: str | None
    policy_version: str


def meta(told: Policy) -> dict[str, Any]:
    """`session_patch.meta`."""
    plan, placed = told.plan, told.assignment
    return {
        "intent_canonical": told.intent.name,
        "intent_source": told.intent.source,
        "gate_type": plan.gate_type if plan is not None else "none",
        "loop_count": plan.count if plan is not None else 0,
        "break_applied": plan.break_applied if plan is not None else "none",
        "env_source": told.env_source,
        "policy_version": told.policy_version,
        "rollout_variant": placed.variant,
        "rollout_bucket": placed.bucket,
        "rollout_bucket_key_source": placed.source,
        "rollout_forced_variant": placed.forced,
        "rollout_applied": placed.applied,
        "build_sha": placed.build or None,
        "flags_effective": msgspec.to_builtins(told.flags),
        "degraded": told.env_source not in (None, LIVE_WEATHER),
    }


def event(told: Policy, clarification_id: str | None) -> dict[str, Any]:
    """Data of the event `aurora_policy_meta`."""
    plan = told.plan
    return {
        "intent_source": told.intent.source,
        "intent_resolved": told.intent.name,
        "loop_breaker_triggered": plan is not None and plan.break_applied != "none",
        "gate_applied": plan.gate_type if plan is not None else "none",
        "clarification_id": clarification_id[:MAX_ID] if clarification_id else None,
    }
