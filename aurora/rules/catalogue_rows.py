"""Rows of the commerce backend's catalogue as products, whatever they call their fields (contract D 1.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aurora.rules.text import strings_in
from aurora.rules.treatment import numeric

_TEXT_CAP = 200
_URL_CAP = 2000
_MOST_TOKENS = 36
_MOST_TAGS = 8
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def product_of(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A product with `product_id, sku_id, merchant_id, brand, name ...`, only what the row says; None without
    an id.

    `canonical_product_ref` stands there when the shop can be asked for it: both ids, and no UUID.
    """
    merchant = row.get("merchant")
    merchant = merchant if isinstance(merchant, Mapping) else {}
    product: dict[str, Any] = {
        "product_id": _first(row, "product_id", "productId", "id"),
        "sku_id": _first(row, "sku_id", "skuId"),
        "merchant_id": _first(row, "merchant_id", "merchantId") or _first(merchant, "merchant_id", "id"),
        "product_group_id": _first(row, "product_group_id", "productGroupId"),
        "brand": _first(row, "brand", "brand_name"),
        "name": _first(row, "name", "title"),
        "display_name": _first(row, "display_name", "displayName"),
        "image_url": _link(row),
        "category": _first(row, "category", "product_type"),
    }
    product = {key: value for key, value in product.items() if value}
    if "product_id" not in product:
        return None
    price = _price(row.get("price"), row.get("currency"))
    if price is not None:
        product["price"] = price
    for key, most in (("ingredient_tokens", _MOST_TOKENS), ("skin_type_tags", _MOST_TAGS)):
        listed = row.get(key)
        texts = strings_in(listed, most) if isinstance(listed, list) else []
        if texts:
            product[key] = [text[:_TEXT_CAP] for text in texts]
    if "merchant_id" in product and not _UUID.fullmatch(product["product_id"]):
        product["canonical_product_ref"] = {key: product[key] for key in ("product_id", "merchant_id")}
    return product


def _first(row: Mapping[str, Any], *keys: str) -> str:
    for key in keys:
        value = row.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return value.strip()[:_TEXT_CAP]
    return ""


def _link(row: Mapping[str, Any]) -> str:
    for key in ("image_url", "thumbnail_url"):
        value = row.get(key)
        if isinstance(value, str) and value.startswith("https://") and len(value) <= _URL_CAP:
            return value
    return ""


def _price(value: Any, currency: Any) -> dict[str, Any] | None:
    holder = value if isinstance(value, Mapping) else {"amount": value, "currency": currency}
    amount = numeric(holder.get("amount"))
    if amount is None or amount < 0:
        return None
    named = holder.get("currency")
    return {"amount": amount, "currency": named[:8] if isinstance(named, str) else "USD", "unknown": False}
