"""What a source says of one product, read within bounds (contract D 2.2, 2.3, 4).

Two shapes of an analysis come in: the structured one with an `analyze` object, and the flat one that the
question asks for (D 13.5); and the product that an upstream's context is about, with its marks and scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aurora.rules import evidence
from aurora.rules.product_analysis import MAX_REASONS, Analysis, Verdict, verdict_of
from aurora.rules.text import strings_in
from aurora.rules.treatment import numeric
from aurora.rules.upstream_answer import first_object, harmless, too_deep

MAX_CANDIDATES = 8
_TEXT_CAP = 200
_LIST_CAP = 12
_BURN_RATE = 0.25  # of its social reports, from where irritation is worth a note (D 2.3)
_CAUTION_BELOW = 55.0  # points of 100 (D 4)

_LOOKS_LIKE = frozenset({
    "assessment", "evidence", "analyze", "analysis", "product_analysis", "productAnalysis", "verdict",
    "reasons", "science_evidence", "scienceEvidence", "social_signals", "socialSignals", "expert_notes",
    "expertNotes", "confidence", "missing_info", "missingInfo",
})  # fmt: skip
_CODE_KEYS = ("missing_info", "user_facing_gaps", "internal_debug_codes", "missing_info_internal")


def read_analysis(
    structured: Mapping[str, Any] | None, answer: str | None, *, keep_kb: bool = False
) -> Analysis:
    """The analysis in an upstream's answer, whichever shape it has. keep_kb: as in `harmless`."""
    chosen = _chosen(structured, answer)
    if chosen is None:
        return _of(None, None, None)
    found: dict[str, Any] = harmless(dict(chosen), keep_kb=keep_kb)
    analyze = found.get("analyze")
    if isinstance(analyze, Mapping):
        return _structured(found, analyze)
    for key in ("product_analysis", "productAnalysis", "analysis"):
        inner = found.get(key)
        if isinstance(inner, Mapping) and not _LOOKS_LIKE.isdisjoint(inner):
            return _flat(inner)
    return _flat(found) if not _LOOKS_LIKE.isdisjoint(found) else _structured(found, {})


def read_anchor(context: Mapping[str, Any] | None, *, keep_kb: bool = False) -> Analysis | None:
    """The product that an upstream's context is about, judged by its own marks and scores; None if absent."""
    held = _first_object(context or {}, ("anchor", "anchor_product", "anchorProduct"))
    if held is None or too_deep(held):
        return None
    anchor: dict[str, Any] = harmless(dict(held), keep_kb=keep_kb)
    pack = _object(anchor.get("evidence_pack", anchor.get("evidencePack")))
    total, science = _score(anchor, "total"), _score(anchor, "science")
    flags = [flag.lower() for flag in _texts(anchor.get("risk_flags", anchor.get("riskFlags")))]
    vetoed = any(anchor.get(key) is True for key in ("vetoed", "veto", "is_vetoed"))
    risky = any("high_irritation" in flag for flag in flags) or (total is not None and total < _CAUTION_BELOW)
    actives = _texts(_either(pack, "keyActives", "key_actives")) or _texts(
        _either(anchor, "key_actives", "keyActives")
    )
    notes = _texts(_either(pack, "comparisonNotes", "comparison_notes"))
    cautions = _texts(_either(pack, "sensitivityFlags", "sensitivity_flags"))
    raw = {
        "science": {"key_ingredients": actives, "fit_notes": notes, "risk_notes": cautions},
        "social_signals": _object(anchor.get("social_stats")),
        "expert_notes": _texts(_either(pack, "pairingRules", "pairing_rules")),
        "confidence": None if science is None else _share(science),
    }
    return _of(
        product_of(anchor),
        "avoid" if vetoed else "caution" if risky else "suitable",
        raw,
        reasons=[*notes, *cautions],
        confidence=None if total is None else _share(total),
    )


def product_of(value: object) -> dict[str, Any] | None:
    """The known keys of a product, bounded; None if it has neither a name nor an id."""
    given = _object(value)
    kept: dict[str, Any] = {}
    for key, camel in _PRODUCT_KEYS:
        text = _text(given.get(key, given.get(camel)))
        if text:
            kept[key] = text
    if not any(key in kept for key in ("name", "display_name", "sku_id", "product_id")):
        return None
    if "display_name" not in kept and "name" in kept:
        kept["display_name"] = product_name(kept)
    actives = _texts(given.get("key_actives", given.get("keyActives")))
    return {**kept, "key_actives": actives} if actives else kept


def product_name(product: Mapping[str, Any] | None) -> str:
    """Brand and name, the brand not twice; "" if it has none."""
    given = product or {}
    brand, name = _text(given.get("brand")), _text(given.get("display_name")) or _text(given.get("name"))
    return name if not brand or name.lower().startswith(brand.lower()) else f"{brand} {name}".strip()


_PRODUCT_KEYS = (
    ("sku_id", "skuId"), ("product_id", "productId"), ("brand", "brand"), ("name", "name"),
    ("display_name", "displayName"), ("category", "category"), ("image_url", "imageUrl"),
)  # fmt: skip


def read_parse(
    structured: Mapping[str, Any] | None, answer: str | None
) -> tuple[dict[str, Any] | None, str | None]:
    """(product, anchor id) of a parse answer; None where it found none (contract D 2.2)."""
    for source in (structured, first_object(answer)):
        if not isinstance(source, Mapping):
            continue
        for holder in (_object(source.get("parse")), source):
            product = product_of(_first_object(holder, _PARSED_KEYS))
            if product is not None:
                return product, product.get("sku_id") or product.get("product_id")
    return None, None


_PARSED_KEYS = ("anchor_product", "product", "product_entity", "parsed_product")


# --- the two shapes


def _chosen(structured: Mapping[str, Any] | None, answer: str | None) -> Mapping[str, Any] | None:
    if structured is not None and not too_deep(structured) and isinstance(structured.get("analyze"), Mapping):
        return structured
    found = first_object(answer)
    if found is not None and not _LOOKS_LIKE.isdisjoint(found):
        return found
    return structured if structured is not None and not too_deep(structured) else found


def _structured(whole: Mapping[str, Any], analyze: Mapping[str, Any]) -> Analysis:
    parse, kb = _object(whole.get("parse")), _object(whole.get("kb_requirements_check"))
    product = product_of(_first_object(parse, _PARSED_KEYS))
    codes = _texts(kb.get("missing_fields"))
    if product is None:
        codes.append("anchor_product_missing")
    if not analyze:
        codes.append("analysis_missing")
    return _of(
        product,
        verdict_of(analyze.get("verdict")),
        _evidence_of(analyze, kb),
        reasons=_texts(analyze.get("reasons")),
        how_to_use=analyze.get("how_to_use", analyze.get("howToUse")),
        confidence=numeric(analyze.get("confidence")),
        alternatives=whole.get("alternatives"),
        codes=codes,
        hero=analyze.get("hero_ingredient"),
    )


def _flat(found: Mapping[str, Any]) -> Analysis:
    assessment = _object(found.get("assessment")) or found
    codes = [code for key in _CODE_KEYS for code in _texts(found.get(key))]
    return _of(
        product_of(assessment.get("anchor_product")) or product_of(found.get("product")),
        verdict_of(assessment.get("verdict")),
        found.get("evidence"),
        reasons=_texts(assessment.get("reasons")),
        how_to_use=assessment.get("how_to_use", assessment.get("howToUse")),
        confidence=numeric(found.get("confidence")),
        alternatives=found.get("alternatives") or _object(found.get("competitors")).get("candidates"),
        codes=codes,
        hero=assessment.get("hero_ingredient"),
    )


def _of(
    product: dict[str, Any] | None,
    verdict: Verdict | None,
    raw_evidence: object,
    *,
    reasons: Sequence[str] = (),
    how_to_use: object = None,
    confidence: float | None = None,
    alternatives: object = None,
    codes: Iterable[str] = (),
    hero: object = None,
) -> Analysis:
    sure = None if confidence is None else max(0.0, min(1.0, confidence))
    gaps = [*evidence.gaps(raw_evidence)]
    if verdict is None:
        gaps.insert(0, ("assessment", "upstream_missing_or_unstructured"))
    if sure is None:
        gaps.append(("confidence", "upstream_missing_or_invalid"))
    shaped = evidence.shaped(raw_evidence)
    return Analysis(
        product=product,
        verdict=verdict,
        reasons=[line[:_TEXT_CAP] for line in reasons][:MAX_REASONS],
        how_to_use=_usage(how_to_use),
        hero=_hero(hero),
        evidence=shaped,
        confidence=sure,
        candidates=_candidates(alternatives),
        codes=[*codes, *shaped["missing_info"], *(["analysis_missing"] if verdict is None else [])],
        gaps=gaps,
    )


def _evidence_of(analyze: Mapping[str, Any], kb: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence from the structured shape: each finding gives an ingredient, a mechanism, a fit or a risk."""
    keys: list[str] = []
    mechanisms: list[str] = []
    fits: list[str] = []
    risks: list[str] = []
    listed = _either(analyze, "science_evidence", "scienceEvidence")
    for finding in listed[:_LIST_CAP] if isinstance(listed, list) else ():
        told = _object(finding)
        keys += _texts(told.get("key"))
        mechanisms += _texts(told.get("mechanism"))
        fits += [", ".join(targets) for targets in (_texts(told.get("targets")),) if targets]
        risks += _texts(told.get("risks"))
    social = _object(_either(analyze, "social_signals", "socialSignals"))
    scores = {
        name: social.get(key)
        for key, name in (("red_score", "RED"), ("reddit_score", "Reddit"), ("burn_rate", "burn_rate"))
        if numeric(social.get(key)) is not None
    }
    burn = numeric(social.get("burn_rate"))
    if burn is not None and burn >= _BURN_RATE:
        risks.append("irritation_reported")
    liked = [
        *_texts(_either(social, "typical_positive", "typicalPositive")),
        *_texts(social.get("top_keywords")),
    ]
    signals = {**social, "typical_positive": list(dict.fromkeys(liked)), "platform_scores": scores}
    return {
        "science": {
            "key_ingredients": keys,
            "mechanisms": mechanisms,
            "fit_notes": fits,
            "risk_notes": risks,
        },
        "social_signals": signals,
        "expert_notes": [
            *_experts(analyze.get("expert_notes")),
            *(f"KB note: {n}" for n in _texts(kb.get("notes"))),
        ],
        "confidence": analyze.get("confidence"),
    }


def _experts(value: object) -> list[str]:
    told = _object(value)
    if not told:
        return _texts(value)
    return [
        text
        for key in ("chemist_notes", "sensitivity_flags", "key_actives")
        for text in _texts(told.get(key))
    ]


def _candidates(value: object) -> list[dict[str, Any]]:
    """Alternatives as the client lists competitors."""
    rows: list[dict[str, Any]] = []
    for given in value[:MAX_CANDIDATES] if isinstance(value, list) else ():
        product = product_of(_object(given).get("product")) or product_of(given)
        if product is None or "name" not in product:
            continue
        row: dict[str, Any] = {
            key: product[key]
            for key in ("product_id", "sku_id", "brand", "name", "display_name")
            if key in product
        }
        similarity = numeric(_either(_object(given), "similarity_score", "similarity"))
        if similarity is not None:
            row["similarity_score"] = _share(similarity)
        why = _texts(_object(given).get("reasons"))[:4] or _why(_object(given).get("why_candidate"))
        if why:
            row["why_candidate"] = {"summary": why[0], "reasons_user_visible": why[:3]}
        tradeoffs = _object(_object(given).get("tradeoffs"))
        highlights = _texts(tradeoffs.get("texture_finish_differences"))[:4]
        if highlights:
            row["compare_highlights"] = highlights
        rows.append(row)
    return rows


def _why(value: object) -> list[str]:
    told = _object(value)
    return _texts(told.get("reasons_user_visible")) or _texts(told.get("summary")) if told else _texts(value)


# --- small readers


def _usage(value: object) -> str | dict[str, Any] | None:
    text = _text(value)
    if text:
        return text[:600]
    told = _object(value)
    usage: dict[str, Any] = {key: line for key in ("timing", "frequency") if (line := _text(told.get(key)))}
    usage |= {key: lines for key in ("steps", "notes") if (lines := _texts(told.get(key))[:6])}
    return usage or None


def _hero(value: object) -> dict[str, Any] | None:
    told = _object(value)
    named = {key: line for key in ("name", "role", "why") if (line := _text(told.get(key)))}
    return named if "name" in named else None


def _score(anchor: Mapping[str, Any], name: str) -> float | None:
    for key in ("score", "scores"):
        held = anchor.get(key)
        found = numeric(held.get(name)) if isinstance(held, Mapping) else None
        if found is not None:
            return found
    return numeric(anchor.get(f"{name}_score"))


def _share(points: float) -> float:
    """0..1, also from points of 100."""
    return round(max(0.0, min(1.0, points / 100 if points > 1 else points)), 4)


def _first_object(holder: Mapping[str, Any], keys: tuple[str, ...]) -> Mapping[str, Any] | None:
    return next((value for key in keys if isinstance(value := holder.get(key), Mapping)), None)


def _either(holder: Mapping[str, Any], *keys: str) -> Any:
    return next((holder[key] for key in keys if key in holder), None)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return " ".join(value[: 4 * _TEXT_CAP].split())[:_TEXT_CAP] if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [" ".join(text.split())[:_TEXT_CAP] for text in strings_in(listed, _LIST_CAP)]
