"""Is there a diagnosis to recommend from, and how sure is it (contract B 8.4.2, 8.4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.memory import StoredArtifact
from aurora.rules.notices import level_of
from aurora.rules.treatment import CONSERVATIVE_MAX_SCORE, numeric

_CORE = ("skinType", "sensitivity", "barrierStatus")


class Confidence(msgspec.Struct, frozen=True):
    """How sure a diagnosis is. score: 0..1, or None if it carries no number."""

    level: str
    score: float | None = None
    rationale: tuple[str, ...] = ()

    @property
    def low(self) -> bool:
        """Strong products are held back already before the envelope's own filter (contract B 8.5 stage A)."""
        return self.level == "low"

    @property
    def conservative(self) -> bool:
        """The envelope will hold back strong products (contract B 8.5 stage B)."""
        return self.level != "high" or (self.score is not None and self.score <= CONSERVATIVE_MAX_SCORE)

    def node(self) -> dict[str, Any]:
        """The `confidence` object of a notice."""
        return {"score": self.score or 0.0, "level": self.level, "rationale": list(self.rationale)}


UNKNOWN = Confidence("low", 0.45, ("reco_budget_timeout",))


def usable(stored: StoredArtifact | None) -> bool:
    """All four core nodes carry a value."""
    if stored is None:
        return False
    artifact = stored.artifact
    goals = _node(artifact, "goals").get("values")
    return all(_said(_node(artifact, name).get("value")) for name in _CORE) and (
        isinstance(goals, list) and any(_said(goal) for goal in goals)
    )


def needs_doctor(stored: StoredArtifact | None) -> bool:
    """The diagnosis found something that is no matter of products (`safety.red_flags`, contract B 9.1).

    A flag whose severity is not said counts as grave.
    """
    flags = _node(stored.artifact, "safety").get("red_flags") if stored is not None else None
    return isinstance(flags, list) and any(
        flag.get("severity", "block") == "block" if isinstance(flag, Mapping) else bool(flag)
        for flag in flags
    )


def confidence(stored: StoredArtifact | None) -> Confidence:
    """The level that an artifact states, else the one its score means; no artifact is low."""
    if stored is None:
        return Confidence("low")
    overall = _node(stored.artifact, "overall_confidence")
    score = numeric(overall.get("score"))
    if score is None:
        score = stored.confidence_score
    stated = next(
        (w for w in (overall.get("level"), stored.confidence_level) if w in ("low", "medium", "high")), None
    )
    reasons = overall.get("rationale")
    return Confidence(
        level=stated or level_of(score),
        score=min(1.0, max(0.0, score)),
        rationale=tuple(r for r in reasons if isinstance(r, str))[:8] if isinstance(reasons, list) else (),
    )


def plan_confidence(plan: Mapping[str, Any] | None) -> Confidence | None:
    """The confidence of an ingredient plan, if it has one: its card makes the whole envelope as careful."""
    if plan is None:
        return None
    node = plan.get("confidence")
    if not isinstance(node, Mapping):
        return None
    score = numeric(node.get("score"))
    level = node.get("level")
    if level not in ("low", "medium", "high"):
        level = level_of(score or 0.0)
    return Confidence(str(level), score)


def _node(artifact: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = artifact.get(name)
    return value if isinstance(value, Mapping) else {}


def _said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
