"""The commerce backend's understudy: search, resolve, stable ids, outside offers (contract D 1.5)."""

from __future__ import annotations

from typing import Any

from aurora.sandbox import neighbours, wares


def search(query: str, limit: int, lang: str) -> dict[str, Any]:
    """`GET /agent/v1/products/search`. An unknown product is an empty list with a reason, not an error."""
    rows = [wares.row(ware, lang) for ware in wares.found(query, limit)]
    answer: dict[str, Any] = {"products": rows, "total": len(rows), "metadata": {"source": "sandbox"}}
    if not rows:
        answer["reason_code"] = "no_candidates"
    return answer


def resolve(body: dict[str, Any]) -> dict[str, Any]:
    """`POST /agent/v1/products/resolve`."""
    lang = "CN" if str(body.get("lang", "en")).lower() in ("zh", "cn") else "EN"
    hints = body.get("hints")
    hints = hints if isinstance(hints, dict) else {}
    reference = hints.get("product_ref")
    words = [body.get("query"), hints.get("product_id"), hints.get("sku_id"), hints.get("title")]
    if isinstance(reference, dict):
        words.append(reference.get("product_id"))
    hits = _named(" ".join(str(word) for word in words if word), 3)
    if not hits:
        return {"resolved": False, "reason_code": "NO_CANDIDATES", "candidates": []}
    return {
        "resolved": True,
        "product_ref": {"product_id": hits[0].id, "merchant_id": wares.MERCHANT},
        "confidence": 0.9,
        "candidates": [wares.row(ware, lang) for ware in hits],
    }


def invoke(body: dict[str, Any]) -> dict[str, Any]:
    """`POST /agent/shop/v1/invoke`, operations `offers.resolve` and `find_products_multi`."""
    payload = body.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    if body.get("operation") == "find_products_multi":
        return _found(payload.get("search"))
    product = payload.get("product")
    product = product if isinstance(product, dict) else {}
    keys = ("product_id", "sku_id", "query", "name", "display_name", "brand")
    text = " ".join(str(source[key]) for source in (payload, product) for key in keys if source.get(key))
    hits = _named(text, 1)
    if body.get("operation") != "offers.resolve" or not hits:
        return {"status": "error", "reason_code": "no_candidates"}
    reference = {"product_id": hits[0].id, "merchant_id": wares.MERCHANT}
    return {
        "status": "success",
        "canonical_product_ref": reference,
        "mapping": {
            "canonical_product_group_id": f"pg:{wares.MERCHANT}:{hits[0].id}",
            "canonical_product_ref": reference,
        },
    }


def _named(text: str, limit: int) -> list[wares.Ware]:
    """What the text names; a neighbour by its whole name before what a search would find."""
    beside = neighbours.named_in(text)
    return [beside] if beside is not None else wares.named(text, limit)


def _found(asked: Any) -> dict[str, Any]:
    """A search of the shop, with what is in each product."""
    asked = asked if isinstance(asked, dict) else {}
    query, limit = str(asked.get("query", "")), asked.get("limit")
    hits = wares.found(query, limit if isinstance(limit, int) and 1 <= limit <= 12 else 12)
    rows = [
        {**wares.row(ware, lang_of(query)), "key_actives": list(ware.actives), "ingredients": _head(ware)}
        for ware in hits
    ]
    return {"status": "success", "products": rows, "total": len(rows)}


def _head(ware: wares.Ware) -> dict[str, list[str]]:
    return {"head": list(ware.actives), "highlights": list(ware.actives[:1])}


def offer(body: dict[str, Any]) -> dict[str, Any]:
    """`POST /api/offers/external/resolve`: a snapshot of the page behind a link.

    An address that holds the id of a ware shows that ware, in the language and currency of the market; any
    other one shows the same cream for 12.34 dollars.
    """
    url = body.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return {"ok": False, "error": "bad_url"}
    chinese = body.get("market") == "CN"
    ware = next((ware for ware in (*wares.SHELF, *neighbours.WARES) if ware.id in url), None)
    cream = wares.BY_ID["mock_moisturizer_1"]
    price = {"amount": 12.34, "currency": "USD"}
    image = "https://shop.example/images/placeholder.png"
    if ware is not None:
        price = (
            {"amount": ware.cny, "currency": "CNY"} if chinese else {"amount": ware.usd, "currency": "USD"}
        )
        image = wares.image_url(ware)
    return {
        "ok": True,
        "offer": {
            "title": (ware or cream).name("CN" if chinese else "EN"),
            "brand": (ware or cream).brand,
            "imageUrl": image,
            "price": price,
            "availability": "in_stock",
            "canonicalUrl": url,
        },
    }


def lang_of(text: str) -> str:
    """The language of a search, by its script."""
    return "CN" if any("\u3400" <= sign <= "\u9fff" for sign in text) else "EN"
