"""How the shop opens a product: two questions of the commerce backend, their answers read (D 1.5, 5.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.links import Reply
from aurora.actors.questions import OpenProduct, ProductOpening
from aurora.rules.catalogue_rows import product_of
from aurora.rules.upstream_reason import reason_of

NAME = "commerce"
STABLE_ID_PATH = "/agent/shop/v1/invoke"
RESOLVE_PATH = "/agent/v1/products/resolve"
_CALLER = "aurora_chatbox"
_ID_CAP = 200
_MOST_ALIASES = 8
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def request_of(question: OpenProduct, timeout_ms: int) -> tuple[str, dict[str, Any]]:
    """Path and body. timeout_ms: what the backend may take itself."""
    said: dict[str, str] = {
        "product_id": question.product_id,
        "sku_id": question.sku_id,
        "merchant_id": question.merchant_id,
        "brand": question.brand,
        "name": question.name,
    }
    product = {key: value for key, value in said.items() if value}
    if question.by == "stable_id":
        ids = {key: value for key, value in product.items() if key in ("product_id", "sku_id")}
        payload = {"product": {**product, "query": question.query}, **ids, "query": question.query}
        return STABLE_ID_PATH, {"operation": "offers.resolve", "payload": payload}
    hints: dict[str, Any] = {"brand": question.brand} if question.brand else {}
    if question.aliases:
        hints["aliases"] = question.aliases[:_MOST_ALIASES]
    if question.product_id and question.merchant_id:
        ref = {"product_id": question.product_id, "merchant_id": question.merchant_id}
        hints["product_ref"] = ref
    return RESOLVE_PATH, {
        "query": question.query,
        "lang": "zh" if question.lang == "CN" else "en",
        **({"hints": hints} if hints else {}),
        "options": {
            "search_all_merchants": True,
            "timeout_ms": timeout_ms,
            "upstream_retries": 0,
            "stable_alias_short_circuit": True,
            "allow_stable_alias_for_uuid": True,
        },
        "caller": _CALLER,
    }


def read_opening(outcome: Reply | Failure) -> Finding:
    """A ProductOpening from either answer; a body that is no object is `bad_shape`."""
    if isinstance(outcome, Failure):
        return outcome
    body = outcome.body
    if not isinstance(body, Mapping):
        return Failure(actor=NAME, code="bad_shape", status=outcome.status)
    return Answer(actor=NAME, value=_opening(body), raw=outcome.raw)


def _opening(body: Mapping[str, Any]) -> ProductOpening:
    if body.get("resolved") is not True and body.get("status") != "success":
        return ProductOpening(reason=reason_of(body))
    mapping = _object(body.get("mapping"))
    target = _object(_object(body.get("pdp_target")).get("v1"))
    refs = [
        holder.get(key)
        for holder in (body, mapping, target)
        for key in ("product_ref", "canonical_product_ref")
    ]
    group = next((g for holder in (mapping, target, body) if (g := _group(holder))), "")
    for ref in refs:
        product, merchant = _id(_object(ref).get("product_id")), _id(_object(ref).get("merchant_id"))
        if product and merchant and not _UUID.fullmatch(product):
            return ProductOpening(
                product_id=product, merchant_id=merchant, group_id=group, shown=_shown(body)
            )
    if group:
        return ProductOpening(group_id=group, shown=_shown(body))
    return ProductOpening(reason=reason_of(body))


def _shown(body: Mapping[str, Any]) -> dict[str, Any] | None:
    candidates = body.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    return product_of(first) if isinstance(first, Mapping) else None


def _group(holder: Mapping[str, Any]) -> str:
    return next(
        (
            found
            for key in ("canonical_product_group_id", "product_group_id", "group_id")
            if (found := _id(holder.get(key)))
        ),
        "",
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _id(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= _ID_CAP and text.isprintable() else ""
