"""Recommendations of any source in the one shape that the client draws (decision 14, D 5.4, F 13.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile, SkinLog
from aurora.rules.pdp_open import pdp_open
from aurora.rules.reco_reasons import local_reasons
from aurora.rules.text import strings_in
from aurora.rules.treatment import numeric
from aurora.rules.upstream_answer import first_object, too_deep, without_kb

MAX_ITEMS = 8
MAX_NOTES = 3
_NAME_CAP = 200
_SKU_EXTRAS = (
    "price", "availability", "merchant_id", "canonical_product_ref", "product_ref", "product_group_id",
    "image_url",
)  # fmt: skip
# What an item may bring beside its own fields, and as what; anything else under these names is left out.
_ITEM_EXTRAS: dict[str, type] = {
    "evidence_pack": dict,
    "ingredients": list,
    "canonical_product_ref": dict,
    "subject": dict,
    "offer": dict,
    "offers": list,
    "price_band": str,
    "affiliate_url": str,
    "purchase_url": str,
    "url": str,
}
_URLS = ("affiliate_url", "purchase_url", "url")


ROUTINE = "upstream_context_routine"
NAMELESS = ("recommendations", "recommendations_missing_product_identity")


class Place(msgspec.Struct, frozen=True):
    """Where raw items stood. source: its name on the wire (D 13.14). holder: the object around them."""

    source: str
    items: list[dict[str, Any]]
    holder: dict[str, Any]


def found_in(
    *,
    answer: str | None,
    structured: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None,
    recommendations: Sequence[Mapping[str, Any]],
    cards: Sequence[Mapping[str, Any]],
) -> Place:
    """Raw items of a decision reply, by precedence (D 5.2, shape 7 included).

    JSON in the answer, `context.routine`, `structured`, a top-level list, a recommendations card.
    """
    spoken = first_object(answer)
    top_level = {"recommendations": list(recommendations)}
    for source, holder in (
        ("upstream_answer_json", spoken),
        (ROUTINE, _routine_as_holder(context)),
        ("upstream_structured", structured),
        ("upstream_recommendations", top_level),
    ):
        items = _items(holder)
        if items:
            return Place(source, items, dict(holder or {}))
    for card in cards:
        kind, payload = card.get("type"), card.get("payload")
        if isinstance(kind, str) and kind.lower() == "recommendations" and isinstance(payload, Mapping):
            items = _items(payload)
            if items:
                return Place("upstream_card", items, dict(payload))
    return Place("upstream_fallback", [], dict(spoken or structured or {}))


def normalise(
    raw: Iterable[Mapping[str, Any]],
    *,
    lang: Lang,
    profile: Profile | None,
    week: Sequence[SkinLog] = (),
    debug: bool = False,
    limit: int = MAX_ITEMS,
    per_slot: bool = False,
) -> list[dict[str, Any]]:
    """Items with `slot, step, sku{...}, notes, reasons, pdp_open` and their lawful extras, each product once.

    week: logs of the last 7 days, for reasons. per_slot: once in the morning and once at night, as the steps
    of a routine are. A product without a name is nothing that a person can look for, and is dropped; a step
    of a routine says by itself what it is for.
    """
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    for entry in raw:
        if too_deep(entry):
            continue
        read = dict(entry) if debug else without_kb(dict(entry))
        item = _one(read, lang, profile, week, named_by_step=per_slot)
        if item is None:
            continue
        sku = item["sku"]
        key = (sku["sku_id"] or sku["product_id"] or f"{sku['brand']} {sku['name']}").lower()
        key = f"{item['slot']}|{key}" if per_slot else key
        if key in seen:
            continue
        seen.add(key)
        found.append(item)
        if len(found) == limit:
            break
    return found


def _one(
    raw: dict[str, Any],
    lang: Lang,
    profile: Profile | None,
    week: Sequence[SkinLog],
    *,
    named_by_step: bool,
) -> dict[str, Any] | None:
    sku = _sku(_product(raw), raw)
    category = sku["category"]
    step = _text(raw.get("step")) or _text(raw.get("slot_step")) or _text(raw.get("category")) or category
    if not sku["name"]:
        # The client draws a product only by its name, and an id is none.
        if not (named_by_step and step):
            return None
        sku["name"] = step
    sku["display_name"] = sku["display_name"] or sku["name"]
    reasons = local_reasons(_reasons(raw), profile=profile, week=week, lang=lang)
    opened, metadata = pdp_open(raw, sku)
    if opened["path"] == "ref":
        sku |= opened["product_ref"]
    slot = raw.get("slot")
    return {
        **_extras(raw),
        "slot": slot if slot in ("am", "pm", "other") else "other",
        "step": step or ("推荐" if lang == "CN" else "Recommendation"),
        "sku": sku,
        "product_id": sku["product_id"] or sku["sku_id"],
        "brand": sku["brand"],
        "name": sku["name"],
        "notes": reasons[:MAX_NOTES],
        "reasons": reasons,
        "pdp_open": opened,
        "metadata": metadata,
    }


def any_nameless(raw: Iterable[Mapping[str, Any]]) -> bool:
    """Whether some product comes with an id at most: `normalise` drops it, and `NAMELESS` says so."""
    return any(not _sku(_product(item), item)["name"] for item in raw if not too_deep(item))


def _product(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    given = raw.get("sku") if isinstance(raw.get("sku"), dict) else raw.get("product")
    return given if isinstance(given, dict) else raw


def _sku(source: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    def read(*keys: str) -> str:
        return next(
            (text for holder in (source, item) for key in keys if (text := _text(holder.get(key)))), ""
        )

    product_id, sku_id = read("product_id", "productId"), read("sku_id", "skuId")
    extras = {key: source[key] for key in _SKU_EXTRAS if source.get(key) is not None}
    return {
        **extras,
        "product_id": product_id or sku_id,
        "sku_id": sku_id or product_id,
        "brand": read("brand", "brand_name"),
        "name": read("name", "display_name", "displayName", "product_name", "title"),
        "display_name": read("display_name", "displayName"),
        "category": read("category", "product_type"),
    }


def _reasons(raw: Mapping[str, Any]) -> list[str]:
    for key in ("reasons", "notes", "why", "reason"):
        value = raw.get(key)
        texts = strings_in(value if isinstance(value, list) else [value], 6)
        if texts:
            return texts
    return []


def _extras(raw: Mapping[str, Any]) -> dict[str, Any]:
    extras: dict[str, Any] = {
        key: raw[key] for key, kind in _ITEM_EXTRAS.items() if raw.get(key) and isinstance(raw[key], kind)
    }
    for key in _URLS:
        if not str(extras.get(key, "https://")).startswith(("https://", "http://")):
            del extras[key]
    score = numeric(raw.get("score"))
    if score is not None:
        extras["score"] = round(min(100.0, max(0.0, score)))
    alternatives = raw.get("alternatives")
    if alternatives is not None:
        kept = [a for a in alternatives if isinstance(a, dict)] if isinstance(alternatives, list) else []
        extras["alternatives"] = kept[:3]
    for key in ("warnings", "missing_info"):
        if raw.get(key) is not None:
            value = raw[key]
            extras[key] = strings_in(value, 12) if isinstance(value, list) else []
    return extras


def _items(holder: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    value = (holder or {}).get("recommendations")
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _routine_as_holder(context: Mapping[str, Any] | None) -> dict[str, Any]:
    """`context.routine.am[]` then `.pm[]`, each step with its slot (D 2.6)."""
    routine = (context or {}).get("routine")
    if not isinstance(routine, Mapping):
        return {}
    steps: list[dict[str, Any]] = []
    for slot in ("am", "pm"):
        listed = routine.get(slot)
        steps.extend(
            {"slot": slot, **step}
            for step in (listed if isinstance(listed, list) else [])
            if isinstance(step, dict)
        )
    return {"recommendations": steps}


def _text(value: object) -> str:
    return value.strip()[:_NAME_CAP] if isinstance(value, str) else ""
