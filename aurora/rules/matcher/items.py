"""What was matched, as it leaves: items in the shape of decision 14, and the bundle behind them (D 5.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora.contract.envelope import Lang
from aurora.rules.evidence import shaped
from aurora.rules.matcher import score as scoring
from aurora.rules.matcher import words
from aurora.rules.matcher.match import Candidate, Matched
from aurora.rules.matcher.score import Wanted
from aurora.rules.matcher.slots import SLOTS
from aurora.rules.pdp_open import pdp_open

SOURCE = "artifact_matcher_v1"
MAX_REASONS = 6
MAX_NOTES = 3


def items(matched: Matched, wanted: Wanted, lang: Lang) -> list[dict[str, Any]]:
    """The card's rows, morning first."""
    sure = matched.sure.node()
    return [
        {**_item(candidate, wanted, lang, slot=when), "confidence": sure} for when, candidate in matched.rows
    ]


def rest(
    matched: Matched,
    wanted: Wanted,
    lang: Lang,
    *,
    bundle_id: str,
    created_at: str,
    artifact_id: str | None,
    plan: Mapping[str, Any],
    catalogue: Mapping[str, Any],
) -> dict[str, Any]:
    """Payload keys beside the items: the bundle, and evidence that we do not have and so do not claim.

    catalogue: digest and seed of the file behind it.
    """
    return {
        "bundle_id": bundle_id,
        "created_at": created_at,
        "diagnosis_artifact_id": artifact_id,
        "ingredient_plan_id": plan.get("plan_id"),
        "products_by_slot": {
            slot: [_slot_row(c, wanted, lang) for c in matched.by_slot[slot]] for slot in SLOTS
        },
        "top_messages": [
            words.top_message(lang, careful=wanted.gentle or wanted.fragile or matched.sure.conservative)
        ],
        "confidence": matched.sure.node(),
        "evidence": {**shaped(None), "missing_info": []},
        "missing_info": [],
        "warnings": [],
        "metadata": {"catalogue": dict(catalogue)},
    }


def _item(candidate: Candidate, wanted: Wanted, lang: Lang, *, slot: str) -> dict[str, Any]:
    product = candidate.entry.product
    step = words.STEPS[candidate.entry.slot][1 if lang == "CN" else 0]
    brand, name = product.maker(lang), product.title(lang)
    sku: dict[str, Any] = {
        "product_id": product.product_id,
        "sku_id": product.product_id,
        "brand": brand,
        "name": name,
        "display_name": name if not brand or name.startswith(brand) else f"{brand} {name}",
        "category": candidate.entry.slot,
    }
    if product.price is not None:
        sku["price"] = {"usd": product.price.usd, "cny": product.price.cny, "unknown": False}
    if product.market_scope:
        sku["availability"] = list(product.market_scope)
    if product.image_url:
        sku["image_url"] = product.image_url
    ids = {"merchant_id": product.merchant_id, "product_group_id": product.product_group_id}
    sku |= {key: value for key, value in ids.items() if value}
    opened, metadata = pdp_open(sku, sku)
    row = _row(candidate, wanted, lang)
    return {
        **row,
        "slot": slot,
        "step": step,
        "sku": sku,
        "notes": row["reasons"][:MAX_NOTES],
        "evidence_pack": {
            "keyActives": [words.ingredient(i, lang) for i in product.ingredient_ids[:6]],
            "sensitivityFlags": list(product.cautions(lang)),
        },
        "pdp_open": opened,
        "metadata": metadata,
    }


def _row(candidate: Candidate, wanted: Wanted, lang: Lang) -> dict[str, Any]:
    entry = candidate.entry
    product = entry.product
    hits = scoring.hits(entry, wanted)
    total = sum(priority for _, priority in wanted.targets) or 1
    why = words.explanations(
        entry.slot,
        [name for name, _ in hits],
        lang,
        coverage=scoring.coverage(entry, wanted),
        barrier=scoring.barrier_fit(entry, wanted),
        barrier_known=wanted.fragile,
    )
    usage = product.usage(lang)
    return {
        "product_id": product.product_id,
        "brand": product.maker(lang),
        "name": product.title(lang),
        "routine_slot": entry.slot,
        "price_band": product.price_band,
        "language": lang,
        "score": candidate.score,
        "reasons": [*why, *([usage] if usage else [])][:MAX_REASONS],
        "ingredients": list(product.ingredient_ids),
        "matched_ingredients": [
            {
                "ingredient_id": name,
                "contribution": round(priority / total, 4),
                "reason": words.hit_reason(name, lang),
            }
            for name, priority in hits
        ],
    }


def _slot_row(candidate: Candidate, wanted: Wanted, lang: Lang) -> dict[str, Any]:
    row = _row(candidate, wanted, lang)
    return {
        "product_id": row["product_id"],
        "brand": row["brand"],
        "name": row["name"],
        "score": row["score"],
        "price_band": row["price_band"],
        "fit_explanations": row["reasons"],
        "matched_ingredients": [hit["ingredient_id"] for hit in row["matched_ingredients"]],
        "avoided_ingredient_hits": [name for name, _ in wanted.avoid if name in candidate.entry.contains],
    }
