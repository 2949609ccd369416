"""The `confidence_notice`: the only card that says an answer is less than the person hoped for.

Four reasons, each with a sentence in both languages and at least one way on (contract B 8.4.4, F 13).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from aurora.contract.envelope import NOTICE_REASONS, Lang
from aurora.rules.treatment import numeric

Reason = Literal["artifact_missing", "low_confidence", "safety_block", "timeout_degraded"]

MAX_DETAILS = 6

ACTIONS: dict[str, tuple[str, ...]] = {
    "artifact_missing": ("upload_daylight_and_indoor_white", "run_low_confidence_baseline"),
    "low_confidence": ("upload_daylight_and_indoor_white", "update_current_routine"),
    "safety_block": ("seek_medical_care", "pause_strong_actives", "return_after_stabilization"),
    "timeout_degraded": (
        "retry_recommendations", "upload_daylight_and_indoor_white", "update_current_routine",
    ),
}  # fmt: skip

_MESSAGES: dict[str, tuple[str, str]] = {
    "artifact_missing": (
        (
            "I don't have a usable skin analysis for you yet. Add a daylight and an indoor photo, or start "
            "with a low-confidence baseline."
        ),
        "我这里还没有可用的皮肤分析。可以补一张自然光和一张室内白光照片，或者先做一次低置信度的基础评估。",
    ),
    "low_confidence": (
        (
            "My confidence is low here, so I'm keeping to a gentle baseline. A daylight and an indoor photo "
            "would let me be more precise."
        ),
        "目前的置信度偏低，所以我先给出温和的基础方案。重新拍一张自然光和一张室内白光照片，我就能说得更准。",
    ),
    "safety_block": (
        (
            "What you describe may need a doctor. I've stopped product picks; please pause anything "
            "irritating and have it looked at."
        ),
        "你描述的情况可能需要就医。我已停止产品推荐，请先停用有刺激性的产品，并尽快让医生看一看。",
    ),
    "timeout_degraded": (
        (
            "This took too long, so here is a cautious answer instead. Please try again in a moment, or add "
            "photos or your current routine."
        ),
        "这一步超时了，我先给出保守的回答。请稍后再试，或补充照片、当前的护肤步骤。",
    ),
}

_DEFAULT_CONFIDENCE: dict[str, tuple[float, str]] = {
    "artifact_missing": (0.0, "artifact_not_found"),
    "low_confidence": (0.54, "low_confidence_fallback"),
    "safety_block": (0.0, "medical_boundary"),
    "timeout_degraded": (0.35, "time_budget_spent"),
}


def pick(lang: Lang, pair: tuple[str, str]) -> str:
    """The sentence of a (EN, CN) pair."""
    return pair[1] if lang == "CN" else pair[0]


def default_message(reason: str, lang: Lang) -> str:
    """What the notice says if nobody has a better sentence."""
    return pick(lang, _MESSAGES[reason])


def level_of(score: float) -> str:
    """low < 0.55 <= medium <= 0.75 < high (contract B 8.4.3)."""
    return "low" if score < 0.55 else "medium" if score <= 0.75 else "high"


def confidence_node(value: Any, reason: str) -> dict[str, Any]:
    """`{score 0..1, level, rationale[]}` from whatever was given; a bad score counts as 0."""
    if not isinstance(value, Mapping) or not value:
        score, why = _DEFAULT_CONFIDENCE[reason]
        return {"score": score, "level": level_of(score), "rationale": [why]}
    score = min(1.0, max(0.0, numeric(value.get("score")) or 0.0))
    level = value.get("level")
    rationale = value.get("rationale")
    return {
        "score": score,
        "level": level if level in ("low", "medium", "high") else level_of(score),
        "rationale": [r for r in rationale if isinstance(r, str)] if isinstance(rationale, list) else [],
    }


def _texts(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str) and v.strip()] if isinstance(value, list | tuple) else []


def lawful_notice(payload: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """`payload` with every key of a notice in its right type; what is missing or odd gets the reason's own.

    An unknown reason becomes `safety_block` when the notice blocks, else `low_confidence`.
    """
    reason = payload.get("reason")
    blocks = payload.get("severity") == "block"
    if reason not in NOTICE_REASONS:
        reason = "safety_block" if blocks else "low_confidence"
    message = payload.get("message")
    actions = _texts(payload.get("actions"))
    return {
        **payload,
        "reason": reason,
        "severity": "block" if blocks or reason == "safety_block" else "warn",
        "confidence": confidence_node(payload.get("confidence"), reason),
        "message": message if isinstance(message, str) and message.strip() else default_message(reason, lang),
        "actions": actions or list(ACTIONS[reason]),
        "details": _texts(payload.get("details"))[:MAX_DETAILS],
    }


def notice(
    reason: Reason,
    lang: Lang,
    *,
    confidence: Mapping[str, Any] | None = None,
    message: str | None = None,
    actions: tuple[str, ...] | list[str] = (),
    details: tuple[str, ...] | list[str] = (),
) -> dict[str, Any]:
    """A complete notice payload; everything not given is the reason's own default."""
    return lawful_notice(
        {
            "reason": reason,
            "confidence": confidence,
            "message": message,
            "actions": list(actions),
            "details": list(details),
        },
        lang,
    )
