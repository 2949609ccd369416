"""How sure we are: the one calculation behind artifact, plan, notice and readiness (contract C 20, 21).

The old service computed the plan's confidence on its own and so recommended strong actives beside a
"confidence is low" notice. Here the plan can never be surer than the artifact it stands on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from aurora.rules.notices import level_of

Level = Literal["low", "medium", "high"]

# What a stated fact is worth in the overall score, and as a node of its own.
_WEIGHTS = (("skinType", 0.74), ("barrierStatus", 0.72), ("sensitivity", 0.70), ("goals", 0.76))
NODES = {"skinType": 0.74, "barrierStatus": 0.72, "sensitivity": 0.70, "goals": 0.74}

GOAL_CONCERN_SCORE = 0.56
LOW_CAP = 0.54
MEDIUM_CAP = 0.75
DEGRADED_PENALTY = 0.1
MAX_RATIONALE = 8


class Confidence(msgspec.Struct, frozen=True):
    """score 0..1, its level (low < 0.55 <= medium <= 0.75 < high), and the steps that led there."""

    score: float
    level: Level
    rationale: tuple[str, ...] = ()

    def as_node(self) -> dict[str, Any]:
        """The wire's `{score, level, rationale[]}`."""
        return {"score": self.score, "level": self.level, "rationale": list(self.rationale)}


def node(score: float, *why: str) -> Confidence:
    """A confidence of `score`, rounded to the four decimals that the database keeps."""
    kept = round(min(1.0, max(0.0, score)), 4)
    return Confidence(kept, level_of(kept), why[:MAX_RATIONALE])  # type: ignore[arg-type]  # level_of answers the three levels


def overall(
    *,
    facts: Sequence[str],
    concern_scores: Sequence[float],
    source: str,
    photo_requested: bool,
    photo_used: bool,
    grade: str,
    has_primary_input: bool,
) -> Confidence:
    """The artifact's confidence.

    facts: which of skinType, barrierStatus, sensitivity, goals are known. source: the raw analysis source.
    grade: quality of the photos after all measuring; only looked at when a photo was sent.
    """
    score = sum(worth for name, worth in _WEIGHTS if name in facts) / len(_WEIGHTS) + _boost(concern_scores)
    why = ["core4_weighted_mean"]

    def cap(limit: float, reason: str) -> None:
        nonlocal score
        score = min(score, limit)
        why.append(reason)

    if grade == "degraded":
        score -= DEGRADED_PENALTY
        why.append("photo_qc_degraded")
    if grade == "fail":
        cap(LOW_CAP, "photo_qc_failed")
    if not photo_requested:
        cap(MEDIUM_CAP, "photo_skipped")
    elif not photo_used:
        cap(LOW_CAP, "photo_requested_but_not_used")
    elif not has_primary_input:
        cap(MEDIUM_CAP, "routine_and_logs_unknown")
    if source in {"baseline_low_confidence", "retake"}:
        cap(LOW_CAP, "low_confidence_fallback")
    return node(score, *why)


def plan_confidence(
    facts: Sequence[str], concern_scores: Sequence[float], artifact: Confidence
) -> Confidence:
    """The plan's confidence: its own mean over the nodes, never above the artifact's (contract C 21 [R])."""
    own = sum(NODES[name] for name in facts if name in NODES) / len(NODES) + _boost(concern_scores)
    why = ("plan_nodes_mean", *artifact.rationale[1:]) if own <= artifact.score else artifact.rationale
    return node(min(own, artifact.score), *why)


def _boost(concern_scores: Sequence[float]) -> float:
    if not concern_scores:
        return 0.0
    return min(0.1, 0.12 * sum(concern_scores) / len(concern_scores))
