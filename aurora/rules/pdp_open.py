"""How the client opens a recommended product (contract A 9, D 5.8), from what the item itself says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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


def needs_shop(item: Mapping[str, Any]) -> bool:
    """Whether only the shop could say how the item opens: by itself it would end in a web search."""
    opened = item.get("pdp_open")
    return isinstance(opened, Mapping) and opened.get("path") == "external"


def is_uuid(text: str) -> bool:
    """Such ids mean nothing to the shop."""
    return _UUID.fullmatch(text) is not None


def opened_by_shop(
    item: Mapping[str, Any], *, product_id: str, merchant_id: str, group_id: str, query: str, took_ms: int
) -> dict[str, Any]:
    """`item` as the shop says it opens: by group, else by reference; its sku then carries the shop's ids.

    query: the text by which it was found, "" if by id.
    """
    sku = dict(item["sku"])
    metadata = {**item.get("metadata", {}), "time_to_pdp_ms": took_ms}
    for key in ("pdp_open_fail_reason", "resolve_reason_code", "resolve_fail_reason"):
        metadata.pop(key, None)
    if product_id:
        ref = {"product_id": product_id, "merchant_id": merchant_id}
        sku |= {**ref, "sku_id": product_id, "canonical_product_ref": ref}
    if group_id:
        subject = {"type": "product_group", "id": group_id}
        sku["product_group_id"] = group_id
        opened: dict[str, Any] = {
            "path": "group",
            "subject": {**subject, "product_group_id": group_id},
            "get_pdp_v2_payload": {"subject": subject},
        }
        metadata |= {"pdp_open_path": "internal", "pdp_open_mode": "group"}
    else:
        opened = {
            "path": "resolve" if query else "ref",
            "product_ref": ref,
            "get_pdp_v2_payload": {"product_ref": ref},
            **({"resolved_via_query": query} if query else {}),
        }
        metadata |= {"pdp_open_path": "internal", "pdp_open_mode": "resolve" if query else "ref"}
    shown = {**item, "sku": sku, "pdp_open": opened, "metadata": metadata}
    return shown | ({"product_id": product_id} if product_id else {})


def not_in_shop(item: Mapping[str, Any], *, reason: str, took_ms: int) -> dict[str, Any]:
    """`item` that the shop could not open: the web search stays, and says why. reason: as in D 1.5."""
    opened = {**item["pdp_open"], "resolve_reason_code": reason}
    reasons = dict.fromkeys(("pdp_open_fail_reason", "resolve_reason_code", "resolve_fail_reason"), reason)
    told = {
        **item.get("metadata", {}),
        **reasons,
        "pdp_open_resolve_attempted": True,
        "time_to_pdp_ms": took_ms,
    }
    return {**item, "pdp_open": opened, "metadata": told}


def opening_stats(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Payload `metadata` about opening (D 5.8): paths, reasons of failure, times."""
    paths = {"group": 0, "ref": 0, "resolve": 0, "external": 0}
    reasons = {"db_error": 0, "upstream_timeout": 0, "no_candidates": 0}
    times: list[int] = []
    for item in items:
        opened, metadata = item.get("pdp_open"), item.get("metadata")
        if not isinstance(opened, Mapping) or not isinstance(metadata, Mapping):
            continue
        if opened.get("path") in paths:
            paths[opened["path"]] += 1
        if metadata.get("resolve_fail_reason") in reasons:
            reasons[metadata["resolve_fail_reason"]] += 1
        took = metadata.get("time_to_pdp_ms")
        times.append(took if isinstance(took, int) else 0)
    times.sort()
    return {
        "pdp_open_path_stats": paths,
        "resolve_fail_reason_counts": reasons,
        "time_to_pdp_ms_stats": {
            "count": len(times),
            "mean": round(sum(times) / len(times)) if times else 0,
            "p50": _at(times, 50),
            "p90": _at(times, 90),
            "max": times[-1] if times else 0,
        },
    }


def _at(times: Sequence[int], percent: int) -> int:
    return times[min(len(times) - 1, (len(times) * percent + 99) // 100 - 1)] if times else 0


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
