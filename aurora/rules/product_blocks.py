"""The blocks of the product intelligence contract, version 2, around an analysis (contract D 2.10, 9).

Only what the evidence holds goes in: a block without anything to say is empty and says how little it knows.
Times are the turn's; nothing here is drawn or looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules.notices import pick
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_heroes import Known, cares, known_in

CONTRACT: Final = "aurora.product_intel.contract.v2"
BLOCK: Final = "aurora.product_intel.block.v1"
PIPELINE: Final = "aurora_product_intel_main_path"

_TTL_HOURS: Final = {
    "ingredient_intel": 336, "skin_fit": 336, "social_signals": 48,
    "competitors": 168, "related_products": 168, "dupes": 168,
}  # fmt: skip
_MOST_CANDIDATES: Final = 10
_LOW, _HIGH = 0.4, 0.75  # levels of a block's score (contract D 2.10)
_UPSTREAM_QUALITY, _KEPT_QUALITY = 0.7, 0.6
_FRESH, _STALE = 1.0, 0.4
_CONSISTENT: Final = 0.8

_NOT_FOR: Final[dict[str, tuple[str, str]]] = {
    "retinoid": ("pregnancy, or a damaged barrier", "孕期，或屏障受损时"),
    "strong_acid": ("a damaged barrier", "屏障受损时"),
    "benzoyl_peroxide": ("very dry or sensitive skin", "非常干燥或敏感的皮肤"),
    "fragrance": ("skin that reacts to fragrance", "对香精敏感的皮肤"),
    "drying_alcohol": ("very dry skin", "非常干燥的皮肤"),
}
_TIP: Final = (
    "Patch-test behind the ear for three days before the first use.",
    "第一次使用前，先在耳后试用三天。",
)


def blocks(
    analysis: Analysis,
    profile: Profile | None,
    lang: Lang,
    *,
    generated_at: str,
    source: str,
    fresh: bool = True,
    mode: str = "",
    dogfood: bool = False,
) -> dict[str, Any]:
    """Keys to stand beside those of `Analysis.payload`.

    generated_at: ISO-8601. source: who judged it (`decision`, `kb`, `product_page`). fresh: not from an old
    row. dogfood: staff may give feedback on candidates.
    """
    known = known_in(analysis.key_ingredients)
    competitors, related = _by_brand(analysis)
    made: dict[str, dict[str, Any]] = {
        "ingredient_intel": _ingredients(analysis, known, lang),
        "skin_fit": _fit(analysis, known, profile, lang),
        "social_signals": _social(analysis),
        "competitors": {"candidates": competitors},
        "related_products": {"candidates": related},
        "dupes": {"candidates": []},
    }
    quality = _KEPT_QUALITY if source == "kb" else _UPSTREAM_QUALITY
    scores = {name: _score(_coverage(name, block), quality, fresh) for name, block in made.items()}
    for name, block in made.items():
        block["_meta"] = _meta(name, block, scores[name], generated_at)
    return {
        "product_intel_contract_version": CONTRACT,
        **made,
        "confidence_by_block": {name: _level(score) for name, score in scores.items()},
        "provenance": provenance(
            generated_at=generated_at,
            source=source,
            mode=mode,
            dogfood=dogfood,
            channels=_channels(analysis),
            guarded=bool(related),
        ),
    }


def provenance(
    *,
    generated_at: str,
    source: str,
    mode: str = "",
    dogfood: bool = False,
    channels: Sequence[str] = (),
    guarded: bool = False,
) -> dict[str, Any]:
    """Where an answer is from, and what the client may do with it. guarded: some candidates were moved."""
    return {
        "generated_at": generated_at,
        "contract_version": CONTRACT,
        "pipeline": PIPELINE,
        "source": source,
        "validation_mode": "soft_fail",
        "mode": mode or "main_path",
        "dogfood_mode": dogfood,
        "dogfood_features_effective": {
            "interleave": False,
            "exploration": False,
            "async_rerank": False,
            "show_employee_feedback_controls": dogfood,
        },
        "interleave": {"enabled": False, "rankerA": "", "rankerB": ""},
        "lock_top_n_on_first_paint": 3,
        "social_channels_used": list(channels),
        "guardrail_applied": guarded,
        "guardrail_violations": [],
        "guardrail_circuit_open": False,
    }


def _ingredients(analysis: Analysis, known: Sequence[Known], lang: Lang) -> dict[str, Any]:
    listed = [name for name in analysis.evidence.get("inci", []) if isinstance(name, str)]
    told: dict[str, Any] = {"inci_raw": ", ".join(listed)[:4000]} if listed else {}
    shown = listed or analysis.evidence.get("science", {}).get("key_ingredients", [])
    return {
        **told,
        "inci_normalized": [_normalised(name, lang) for name in shown[:40]],
        "actives": [
            {"name": pick(lang, one.name), "rationale": pick(lang, one.why)} for one in known if one.hero
        ][:8],
        "red_flags": analysis.evidence.get("science", {}).get("risk_notes", [])[:8],
    }


def _normalised(name: str, lang: Lang) -> dict[str, Any]:
    known = known_in([name])
    return {
        "inci": name,
        "functions": [pick(lang, one.role) for one in known][:4],
        "risks": cares(known)[:5],
        "suitability_tags": [],
    }


def _fit(analysis: Analysis, known: Sequence[Known], profile: Profile | None, lang: Lang) -> dict[str, Any]:
    risks = [care for care in cares(known) if care in _NOT_FOR]
    return {
        "suitable_for": analysis.evidence.get("science", {}).get("fit_notes", [])[:8],
        "not_recommended_for": [pick(lang, _NOT_FOR[care]) for care in risks][:8],
        "contraindications": [
            {"condition": pick(lang, _NOT_FOR[one.care]), "why": pick(lang, one.name)}
            for one in known
            if one.care in ("retinoid", "strong_acid")
        ][:6],
        "routine_tips": [pick(lang, _TIP)],
        "personalised": profile is not None,
    }


def _social(analysis: Analysis) -> dict[str, Any]:
    signals = analysis.evidence.get("social_signals", {})
    platforms: list[dict[str, Any]] = [
        {
            "name": name,
            "mention_count": None,
            "sample_size": None,
            "time_window": None,
            "sentiment": {"pos": None, "neu": None, "neg": None},
            "top_topics": [],
            "risk_terms": [],
        }
        for name in _channels(analysis)
    ]
    return {
        "platforms": platforms,
        "channels_used": _channels(analysis),
        "overall_summary": {
            "top_pos_themes": signals.get("typical_positive", [])[:6],
            "top_neg_themes": signals.get("typical_negative", [])[:6],
            "watchouts": signals.get("risk_for_groups", [])[:6],
        },
    }


def _channels(analysis: Analysis) -> list[str]:
    scores = analysis.evidence.get("social_signals", {}).get("platform_scores", {})
    return [str(name) for name in scores if name != "burn_rate"][:6]


def _by_brand(analysis: Analysis) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Competitors, and what is of the same house and so only related (contract D 9, router)."""
    brand = str((analysis.product or {}).get("brand", "")).strip().lower()
    competitors: list[dict[str, Any]] = []
    related: list[dict[str, Any]] = []
    for row in analysis.candidates[:_MOST_CANDIDATES]:
        theirs = str(row.get("brand", "")).strip().lower()
        (related if brand and theirs == brand else competitors).append(_candidate(row))
    return competitors, related


def _candidate(row: Mapping[str, Any]) -> dict[str, Any]:
    why = row.get("why_candidate")
    similarity = row.get("similarity_score")
    return {
        **row,
        "why_candidate": why if why is not None else {"summary": "", "reasons_user_visible": []},
        "score_breakdown": {} if similarity is None else {"score_total": similarity},
        "source": {"type": "decision_system"},
        "evidence_refs": [],
        "price_band": "unknown",
    }


# --- how much each block knows


def _coverage(name: str, block: Mapping[str, Any]) -> float:
    match name:
        case "ingredient_intel":
            return min(1.0, len(block["inci_normalized"]) / 5)
        case "skin_fit":
            return min(1.0, (len(block["suitable_for"]) + len(block["not_recommended_for"])) / 3)
        case "social_signals":
            summary = block["overall_summary"]
            return min(1.0, sum(len(summary[key]) for key in summary) / 4)
        case _:
            return min(1.0, len(block["candidates"]) / 3)


def _score(coverage: float, quality: float, fresh: bool) -> float:
    if coverage == 0:
        return 0.0
    total = 0.45 * coverage + 0.2 * quality + 0.2 * (_FRESH if fresh else _STALE) + 0.15 * _CONSISTENT
    return round(min(1.0, total), 3)


def _level(score: float) -> dict[str, Any]:
    level = "low" if score < _LOW else "med" if score < _HIGH else "high"
    return {"score": score, "level": level, "reasons": [] if score else ["no_data"]}


def _meta(name: str, block: Mapping[str, Any], score: float, generated_at: str) -> dict[str, Any]:
    missing = [key for key, value in block.items() if value in ([], {}, "")]
    return {
        "generated_at": generated_at,
        "freshness_ttl_hours": _TTL_HOURS[name],
        "version": BLOCK,
        "confidence": score,
        "evidence": [],
        **({"missing_fields": missing} if missing else {}),
    }
