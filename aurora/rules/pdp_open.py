"""How the client opens a recommended product (contract A 9, D 5.8), from what the item itself says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_SEARCH_URL = "https://www.google.com/search?q="
_SEARCH_HOME = "https://www.google.com/"
_QUERY_CAP = 160


def pdp_open(item: Mapping[str, Any], sku: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """`(pdp_open, metadata)`: by product group, by merchant and product id, else a web search by name.

    Nothing is asked here, so `time_to_pdp_ms` is 0; a later resolve may know better.
    """
    group = _group_id(item) or _group_id(sku)
    if group:
        subject = {"type": "product_group", "id": group}
        opened = {
            "path": "group",
            "subject": {**subject, "product_group_id": group},
            "get_pdp_v2_payload": {"subject": subject},
        }
        return opened, _internal("group")
    ref = _ref(item) or _ref(sku)
    if ref:
        return {"path": "ref", "product_ref": ref, "get_pdp_v2_payload": {"product_ref": ref}}, _internal(
            "ref"
        )
    query = " ".join(part for part in (_text(sku.get("brand")), _text(sku.get("name"))) if part)[:_QUERY_CAP]
    opened = {
        "path": "external",
        "external": {
            "provider": "google",
            "target": "_blank",
            "url": f"{_SEARCH_URL}{quote(query)}" if query else _SEARCH_HOME,
            "query": query or None,
        },
        "resolve_reason_code": "no_candidates",
    }
    return opened, {
        "pdp_open_path": "external",
        "pdp_open_mode": "external",
        "pdp_open_fail_reason": "no_candidates",
        "resolve_reason_code": "no_candidates",
        "resolve_fail_reason": "no_candidates",
        "time_to_pdp_ms": 0,
    }


def _internal(mode: str) -> dict[str, Any]:
    return {"pdp_open_path": "internal", "pdp_open_mode": mode, "time_to_pdp_ms": 0}


def _group_id(holder: Mapping[str, Any]) -> str:
    for key in ("subject", "pdp_open"):
        inner = holder.get(key)
        if isinstance(inner, Mapping):
            if key == "pdp_open":
                found = _group_id({"subject": inner.get("subject")})
            else:
                typed = inner.get("type") in (None, "product_group")
                found = _text(inner.get("product_group_id")) or (_text(inner.get("id")) if typed else "")
            if found:
                return found
    return _text(holder.get("product_group_id")) or _text(holder.get("productGroupId"))


def _ref(holder: Mapping[str, Any]) -> dict[str, str] | None:
    candidates = [
        holder.get(key)
        for key in ("canonical_product_ref", "canonicalProductRef", "product_ref", "productRef")
    ]
    for ref in (*candidates, holder):
        if not isinstance(ref, Mapping):
            continue
        product = _text(ref.get("product_id")) or _text(ref.get("productId"))
        merchant = _text(ref.get("merchant_id")) or _text(ref.get("merchantId"))
        if product and merchant and not _UUID.fullmatch(product):
            return {"product_id": product, "merchant_id": merchant}
    return None


def _text(value: object) -> str:
    return value.strip()[:200] if isinstance(value, str) else ""
