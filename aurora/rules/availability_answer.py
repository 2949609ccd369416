"""The two cards of an availability answer (contract B 14): the product meant, and what the shop lists.

No item carries an offer, so neither card sells (decision 18); the envelope declares each missing offer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules.availability import Asked
from aurora.rules.catalogue_rows import product_of
from aurora.rules.offers import offers_metadata
from aurora.rules.pdp_open import not_in_shop, opened_by_shop, pdp_open
from aurora.rules.stable_products import meant_by
from aurora.rules.text import fold
from aurora.rules.upstream_reason import REASONS

MOST_ITEMS = 8
_MARKET_CAP = 8
_MARKET_ELSEWHERE = "US"


def products_in(rows: Iterable[Mapping[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """Rows as products, those of the brand that was asked for first; a row without an id is none."""
    products = [product for row in rows if (product := product_of(row)) is not None]
    brand = asked.brand
    if brand is not None:
        names = ("brand", "name", "display_name")
        products.sort(
            key=lambda product: not brand.named_in(fold(" ".join(product.get(key, "") for key in names)))
        )
    return products[:MOST_ITEMS]


def stand_in(asked: Asked, lang: Lang) -> dict[str, Any]:
    """What stands for the product while the shop knows none: the brand, or the words of the question."""
    brand = asked.brand
    name = (brand.cn if lang == "CN" else brand.en) if brand is not None else asked.query
    product_id = f"brand:{asked.brand_id}"
    return {
        "product_id": product_id,
        "sku_id": product_id,
        "brand": name if brand is not None else "",
        "name": asked.query,
        "display_name": asked.query,
        "image_url": "",
        "category": "brand",
    }


def listed(products: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Items of products that the search brought: they open by what the rows say."""
    items = []
    for product in products:
        opened, metadata = pdp_open(product, product)
        items.append({"product": dict(product), "offer": None, "metadata": metadata, "pdp_open": opened})
    return items


def resolved(
    asked: Asked,
    *,
    shown: Mapping[str, Any] | None,
    product_id: str,
    merchant_id: str,
    group_id: str,
    took_ms: int,
    lang: Lang,
) -> dict[str, Any]:
    """The item of a product that was found by resolving its name."""
    sku = dict(shown) if shown is not None else stand_in(asked, lang)
    item = opened_by_shop(
        {"sku": sku},
        product_id=product_id,
        merchant_id=merchant_id,
        group_id=group_id,
        query=asked.query,
        took_ms=took_ms,
    )
    return {
        "product": item["sku"],
        "offer": None,
        "metadata": item["metadata"],
        "pdp_open": item["pdp_open"],
    }


def well_known(asked: Asked, lang: Lang) -> dict[str, Any] | None:
    """The item of a product whose place in the shop never changes, or None: the last resort."""
    product = meant_by(asked.query)
    if product is None:
        return None
    brand, name = (product.brand_cn, product.name_cn) if lang == "CN" else (product.brand_en, product.name_en)
    return listed(
        [
            {
                "product_id": product.product_id,
                "sku_id": product.product_id,
                "merchant_id": product.merchant_id,
                "brand": brand,
                "name": name,
                "display_name": f"{brand} {name}",
            }
        ]
    )[0]


def missing(asked: Asked, lang: Lang, *, reason: str, took_ms: int) -> dict[str, Any]:
    """The item that stands there when nothing was found: it opens a web search. reason: why."""
    product = stand_in(asked, lang)
    named = product if fold(asked.query) != fold(product["brand"]) else {**product, "name": ""}
    opened, metadata = pdp_open(product, named)
    told = reason if reason in REASONS else "no_candidates"
    item = not_in_shop({"pdp_open": opened, "metadata": metadata}, reason=told, took_ms=took_ms)
    return {"product": product, "offer": None, "metadata": item["metadata"], "pdp_open": item["pdp_open"]}


def parse_payload(asked: Asked, product: Mapping[str, Any]) -> dict[str, Any]:
    """Payload of `product_parse`: what was meant."""
    brand = asked.brand
    return {
        "product": dict(product),
        "confidence": 1,
        "missing_info": [],
        "intent": "availability",
        "brand_id": asked.brand_id,
        "brand_name": brand.en if brand is not None else "",
    }


def offers_payload(items: list[dict[str, Any]], profile: Profile | None) -> dict[str, Any]:
    """Payload of `offers_resolved`."""
    region = (profile.region if profile is not None else None) or _MARKET_ELSEWHERE
    return {
        "items": items,
        "market": region.strip()[:_MARKET_CAP].upper() or _MARKET_ELSEWHERE,
        "metadata": offers_metadata(items),
    }


def title_of(product: Mapping[str, Any]) -> str:
    """A product's name as people say it."""
    brand, name = product.get("brand", ""), product.get("display_name") or product.get("name", "")
    return name if not brand or fold(brand) in fold(name) else f"{brand} {name}".strip()
