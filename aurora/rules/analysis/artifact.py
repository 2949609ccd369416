"""The diagnosis artifact: what later turns may build on (contract C 20)."""

from __future__ import annotations

from typing import Any

from aurora.rules.analysis.confidence import GOAL_CONCERN_SCORE, NODES, Confidence, node
from aurora.rules.analysis.intake import MAX_GOALS, Intake
from aurora.rules.text import fold

MAX_CONCERNS = 8
_WEIGHT = {"profile": 0.75, "photo": 0.78, "rule": 0.68, "llm": 0.52}
_MODELS = frozenset({"aurora_text", "vision_gemini", "vision_openai", "vision_openai_fallback"})


def known_facts(facts: Intake) -> tuple[str, ...]:
    """Which of the core four are known, in a fixed order."""
    return tuple(name for name, value in _core(facts) if value)


def concerns_of(facts: Intake) -> tuple[tuple[str, float], ...]:
    """(id, score) of every concern: what a photo shows, from severity 1 on, then the goals."""
    seen = [(f.issue_type, f.confidence) for f in facts.reading.seen]
    known = {name for name, _ in seen}
    goals = [(goal, GOAL_CONCERN_SCORE) for goal in facts.goals if fold(goal).strip() not in known]
    return (*seen, *goals)[:MAX_CONCERNS]


def build(
    facts: Intake,
    confidence: Confidence,
    *,
    artifact_id: str,
    created_at: str,
    raw: str,
    rendered: str,
    identity: dict[str, Any],
) -> dict[str, Any]:
    """The artifact as it is stored. `public` is what the client sees of it.

    raw, rendered: the analysis source as chosen and as shown. identity: aurora_uid, user_id, session_id.
    """
    return {
        "artifact_id": artifact_id,
        "created_at": created_at,
        "use_photo": facts.photo_requested,
        "overall_confidence": confidence.as_node(),
        "skinType": _fact("skinType", facts.skin_type),
        "barrierStatus": _fact("barrierStatus", facts.barrier),
        "sensitivity": _fact("sensitivity", facts.sensitivity),
        "goals": _goals(facts),
        "concerns": [
            _concern(name, score, seen=any(f.issue_type == name for f in facts.reading.seen))
            for name, score in concerns_of(facts)
        ],
        "photos": [{"slot": p.slot, "photo_id": p.photo_id, "qc_status": p.qc or None} for p in facts.photos][
            :4
        ],
        "safety": {
            "non_medical_disclaimer_version": "v1",
            "red_flags": [{"id": flag, "severity": "block"} for flag in facts.red_flags],
        },
        "analysis_context": {
            "analysis_source": rendered,
            "used_photos": facts.photo_used,
            "quality_grade": facts.grade,
        },
        "source_mix": _sources(facts, raw),
        "session_patch": {"latest_artifact_id": None},
        "identity": identity,
    }


def public(artifact: dict[str, Any]) -> dict[str, Any]:
    """The artifact without who it is about."""
    return {key: value for key, value in artifact.items() if key != "identity"}


def ready(artifact: dict[str, Any] | None) -> bool:
    """`recommendation_ready`: all four core facts, not low, nothing for a doctor; decided before saving."""
    if artifact is None or artifact["safety"]["red_flags"]:
        return False
    core = all(artifact[name] for name in ("skinType", "barrierStatus", "sensitivity", "goals"))
    return core and artifact["overall_confidence"]["level"] != "low"


def _core(facts: Intake) -> tuple[tuple[str, Any], ...]:
    return (
        ("skinType", facts.skin_type),
        ("barrierStatus", facts.barrier),
        ("sensitivity", facts.sensitivity),
        ("goals", facts.goals),
    )


def _fact(name: str, value: str | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {
        "value": value,
        "confidence": node(NODES[name], "stated_in_profile").as_node(),
        "evidence": [_evidence("profile", name, name)],
    }


def _goals(facts: Intake) -> dict[str, Any] | None:
    if not facts.goals:
        return None
    return {
        "values": list(facts.goals)[:MAX_GOALS],
        "confidence": node(NODES["goals"], "stated_in_profile").as_node(),
        "evidence": [_evidence("profile", "goals", "goals")],
    }


def _concern(name: str, score: float, *, seen: bool) -> dict[str, Any]:
    return {
        "id": name,
        "confidence": node(score, "seen_in_photo" if seen else "stated_goal").as_node(),
        "evidence": [
            {
                "source": "photo",
                "supports": [name],
                "ref": {"type": "photo_finding", "id": f"pf_{name}"},
                "reliabilityWeight": _WEIGHT["photo"],
            }
            if seen
            else _evidence("profile", name, "goals")
        ],
    }


def _evidence(source: str, supports: str, field: str) -> dict[str, Any]:
    return {
        "source": source,
        "supports": [supports],
        "ref": {"type": "profile_field", "id": field},
        "reliabilityWeight": _WEIGHT[source],
    }


def _sources(facts: Intake, raw: str) -> list[str]:
    told = (
        ("photo" if facts.photo_used else "rule", True),
        ("log", bool(facts.logs)),
        ("profile", facts.has_profile),
        ("llm", raw in _MODELS),
    )
    return [name for name, is_so in told if is_so]
