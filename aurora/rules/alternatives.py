"""Other products like one product, as the decision system knows them, in the client's shape (contract D 2.5).

Used where recommendations are enriched (D 5.7) and where dupes are suggested. What an upstream claims is kept
as its claim; what is said in words is built from its numbers and lists, in the reply's language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aurora.contract.envelope import Lang
from aurora.rules.evidence import shaped
from aurora.rules.notices import pick
from aurora.rules.product_heroes import local_name
from aurora.rules.text import strings_in
from aurora.rules.treatment import numeric
from aurora.rules.upstream_answer import first_object, too_deep

KINDS = ("dupe", "similar", "premium")
MAX_TOTAL = 3
MOST_READ = 24
_EPSILON_USD = 0.01
_MOST_LINES = 8
_LINE_CAP = 300
_NAME_CAP = 200
_NOTE_CAP = 90
_SPLIT = re.compile(r"[|·•;,；，]")
_VAGUE = re.compile(
    r"varies|verify|percent|claim|snapshot|estimate|approx|e\.g\.|example|i\.e\.|by region|unknown|n/a",
    re.IGNORECASE,
)
_PRODUCT_TEXTS = (
    "product_id",
    "sku_id",
    "brand",
    "name",
    "display_name",
    "category",
    "merchant_id",
    "image_url",
)
_PRICE_KEYS = ("usd", "cny", "amount", "value", "price", "currency", "unknown")
_PRICE_CAP = 20
_CARDS = {"dupe_suggest": ("dupes", "comparables"), "product_analysis": ("dupes", "competitors")}


def found_in(
    *, answer: str | None, structured: Mapping[str, Any] | None, cards: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Raw alternatives of a decision reply: its answer's JSON, `structured`, or a card that lists some."""
    for holder in (first_object(answer), structured):
        listed = _objects((holder or {}).get("alternatives"))
        if listed:
            return listed
    for card in cards:
        kind, payload = card.get("type"), card.get("payload")
        if not isinstance(kind, str) or not isinstance(payload, Mapping):
            continue
        for key in _CARDS.get(kind.lower(), ()):
            block = payload.get(key)
            listed = _objects(block.get("candidates") if isinstance(block, Mapping) else block)
            if listed:
                return listed
    return []


def normalise(raw: Iterable[Mapping[str, Any]], lang: Lang, *, most: int = MAX_TOTAL) -> list[dict[str, Any]]:
    """At most `most` items `{kind, product, similarity, reasons, tradeoffs, tradeoffs_detail, ...}`.

    Best first; the best of each kind comes before a second of the same; no product twice. An item without a
    product to name is dropped.
    """
    items = [item for entry in list(raw)[:MOST_READ] if not too_deep(entry) and (item := _one(entry, lang))]
    items.sort(key=lambda item: -(item["similarity"] or 0))
    best = [next((i for i in items if i["kind"] == kind), None) for kind in KINDS]
    first = [item for item in best if item is not None]
    chosen: list[dict[str, Any]] = []
    seen: set[str] = set()
    for item in [*first, *(i for i in items if not any(i is f for f in first))]:
        key = _key(item["product"])
        if key not in seen and len(chosen) < most:
            seen.add(key)
            chosen.append(item)
    return chosen


def _one(entry: Mapping[str, Any], lang: Lang) -> dict[str, Any] | None:
    given = entry.get("product")
    product = _product(given if isinstance(given, Mapping) else entry)
    if product is None:
        return None
    detail, said = read_tradeoffs(entry.get("tradeoffs"))
    if not detail:
        detail, _ = read_tradeoffs(entry.get("tradeoffs_detail"))
    delta = detail.get("price_delta_usd")
    similarity = percent(entry.get("similarity_score", entry.get("similarity")))
    missing = strings_in(entry["missing_info"], 8) if isinstance(entry.get("missing_info"), list) else []
    if delta is None:
        missing.append("price_delta_unknown")
    if not detail:
        missing.append("tradeoffs_detail_missing")
    return {
        "kind": "similar"
        if delta is None or abs(delta) <= _EPSILON_USD
        else "dupe"
        if delta < 0
        else "premium",
        "product": product,
        "similarity": similarity,
        "reasons": _reasons(entry, detail, lang),
        "tradeoffs": [*_lines(detail, lang), *said][:_MOST_LINES],
        "tradeoffs_detail": detail,
        "evidence": shaped(entry.get("evidence")),
        "confidence": None if similarity is None else similarity / 100,
        "missing_info": list(dict.fromkeys(missing)),
    }


def _product(given: Mapping[str, Any]) -> dict[str, Any] | None:
    product: dict[str, Any] = {
        key: value.strip()[:_NAME_CAP]
        for key in _PRODUCT_TEXTS
        if isinstance(value := given.get(key), str) and value.strip()
    }
    named = next(
        (product[key] for key in ("name", "display_name", "product_id", "sku_id") if key in product), ""
    )
    if not named:
        return None
    product["name"] = named
    return {**product, **_offered(given)}


def _offered(given: Mapping[str, Any]) -> dict[str, Any]:
    """Price, currency and availability of a product, within bounds."""
    found: dict[str, Any] = {}
    price = given.get("price")
    if isinstance(price, Mapping):
        known = {key: price[key] for key in _PRICE_KEYS if isinstance(price.get(key), str | int | float)}
        found["price"] = {key: v[:_PRICE_CAP] if isinstance(v, str) else v for key, v in known.items()}
    elif isinstance(price, str | int | float) and not isinstance(price, bool):
        found["price"] = price[:_PRICE_CAP] if isinstance(price, str) else price
    if isinstance(currency := given.get("currency"), str):
        found["currency"] = currency[:_PRICE_CAP]
    where = given.get("availability")
    texts = strings_in(where if isinstance(where, list) else [where], _MOST_LINES)
    if texts:
        found["availability"] = [text[:_NAME_CAP] for text in texts]
    return found


def read_tradeoffs(value: Any) -> tuple[dict[str, Any], list[str]]:
    """(known parts in their types, lines as the upstream wrote them)."""
    if isinstance(value, list):
        return {}, [line[:_LINE_CAP] for line in strings_in(value, _MOST_LINES)]
    if not isinstance(value, Mapping):
        return {}, []
    detail: dict[str, Any] = {}
    for key in ("missing_actives", "added_benefits", "texture_finish_differences"):
        listed = value.get(key)
        texts = strings_in(listed if isinstance(listed, list) else [listed], _MOST_LINES)
        if texts:
            detail[key] = [text[:_LINE_CAP] for text in texts]
    delta = numeric(value.get("price_delta_usd"))
    if delta is not None:
        detail["price_delta_usd"] = round(delta, 2)
    note = value.get("availability_note")
    if isinstance(note, str) and note.strip():
        detail["availability_note"] = note.strip()[:_LINE_CAP]
    return detail, []


def _lines(detail: Mapping[str, Any], lang: Lang) -> list[str]:
    lines: list[str] = []
    if missing := detail.get("missing_actives"):
        named = _named(missing, lang)
        lines.append(pick(lang, (f"Leaves out {named}.", f"不含{named}。")))
    if added := detail.get("added_benefits"):
        named = _named(added, lang)
        lines.append(pick(lang, (f"Adds {named}.", f"多了{named}。")))
    lines += detail.get("texture_finish_differences", [])
    delta = detail.get("price_delta_usd")
    if delta is not None and abs(delta) > _EPSILON_USD:
        by = f"{abs(delta):g}"
        lines.append(
            pick(lang, (f"About US${by} less.", f"大约便宜 {by} 美元。"))
            if delta < 0
            else pick(lang, (f"About US${by} more.", f"大约贵 {by} 美元。"))
        )
    if note := detail.get("availability_note"):
        lines.append(pick(lang, (f"Availability: {note}", f"购买渠道：{note}")))
    return lines


def _named(ingredients: Sequence[str], lang: Lang) -> str:
    if lang == "EN":
        return ", ".join(ingredients[:4])
    return "、".join(local_name(name, lang) for name in ingredients[:4])


def _reasons(entry: Mapping[str, Any], detail: Mapping[str, Any], lang: Lang) -> list[str]:
    """Two at most: the upstream's own notes without their hedges, else what the numbers say."""
    given = next((entry[key] for key in ("reasons", "notes") if entry.get(key)), None)
    texts = strings_in(given if isinstance(given, list) else [given], _MOST_LINES)
    clean = [note for text in texts if (note := _clean(text))]
    if clean:
        return clean[:2]
    built: list[str] = []
    if added := detail.get("added_benefits"):
        named = _named(added[:1], lang)
        built.append(pick(lang, (f"Adds {named}.", f"多了{named}。")))
    delta = detail.get("price_delta_usd")
    if delta is not None and delta < -_EPSILON_USD:
        built.append(pick(lang, ("Easier on the budget.", "更省预算。")))
    if detail.get("availability_note"):
        built.append(pick(lang, ("Easier to find.", "更容易买到。")))
    if textures := detail.get("texture_finish_differences"):
        built.append(textures[0])
    return built[:2]


def _clean(text: str) -> str:
    """A note without its vague parts; a sentence that has none stays whole."""
    if len(text) <= _NOTE_CAP and not _VAGUE.search(text):
        return text
    parts = [part.strip() for part in _SPLIT.split(text[: 20 * _NOTE_CAP])]
    return "; ".join([p for p in parts if p and len(p) <= _NOTE_CAP and not _VAGUE.search(p)][:2])


def percent(value: Any) -> int | None:
    """A similarity as the client shows it, 0..100, from a share (up to 1) or a percentage."""
    number = numeric(value)
    if number is None:
        return None
    return round(min(100.0, max(0.0, number * 100 if number <= 1 else number)))


def _key(product: Mapping[str, Any]) -> str:
    named = f"{product.get('brand', '')} {product['name']}"
    return str(product.get("sku_id") or product.get("product_id") or named).lower()


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, Sequence) else []
