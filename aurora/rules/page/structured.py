"""Products in the data that a page carries for machines: JSON-LD, and the state of its own scripts."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from aurora.rules.text import fold

MOST_DEPTH = 14
MOST_VALUES = 20_000
MOST_REVIEWS = 60
_PRODUCT_TYPES = frozenset({"product", "productgroup", "individualproduct", "productmodel"})
_LIST_KEY = re.compile(
    r"(?:full|all|product|original)?(?:ingredients?|inci)(?:list|text|full|statement|names?)?", re.ASCII
)
_NO_LETTER = re.compile(r"[^a-z]+", re.ASCII)
_NAME_KEYS = ("name", "title", "inci", "inciName", "label", "value")
_AMOUNT = re.compile(r"\d[\d.,\u00a0 ]{0,15}")
_DECIMALS = re.compile(r"[.,](\d{1,2})$")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_MOST_PRICE = 1_000_000


def parsed(text: str) -> Any:
    """The value of a JSON text; None for what is none. Pages put bare line breaks into strings."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in a value, the outer ones first, within bounds."""
    waiting: deque[tuple[Any, int]] = deque([(value, 0)])
    seen = 0
    while waiting and seen < MOST_VALUES:
        each, depth = waiting.popleft()
        seen += 1
        if isinstance(each, dict):
            yield each
            inner = list(each.values())
        elif isinstance(each, list):
            inner = each
        else:
            continue
        if depth < MOST_DEPTH:
            waiting.extend((below, depth + 1) for below in inner if isinstance(below, dict | list))


def product_of(values: list[Any]) -> Mapping[str, Any]:
    """The first object that says it is a product; {} if none does."""
    for each in objects(values):
        kinds = each.get("@type")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if isinstance(kind, str) and kind.rpartition("/")[2].lower() in _PRODUCT_TYPES:
                return each
    return {}


def brand_of(product: Mapping[str, Any]) -> str:
    """Of a product; "" if it says none."""
    brand = _first(product.get("brand")) or _first(product.get("manufacturer"))
    if isinstance(brand, Mapping):
        brand = brand.get("name")
    return brand if isinstance(brand, str) else ""


def price_of(product: Mapping[str, Any]) -> tuple[float | None, str]:
    """(amount, currency) of its first offer with both."""
    offers = product.get("offers")
    for each in objects(offers if isinstance(offers, list) else [offers]):
        amount = next(
            (found for key in ("price", "lowPrice") if (found := amount_of(each.get(key))) is not None), None
        )
        currency = currency_of(each.get("priceCurrency"))
        if amount is not None and currency:
            return amount, currency
    return None, ""


def reviews_of(product: Mapping[str, Any]) -> list[str]:
    """What people wrote about it."""
    reviews = product.get("review", product.get("reviews"))
    rows = reviews if isinstance(reviews, list) else [reviews]
    bodies = (
        row.get("reviewBody", row.get("description"))
        for row in rows[:MOST_REVIEWS]
        if isinstance(row, Mapping)
    )
    return [body for body in bodies if isinstance(body, str)]


def property_lists(product: Mapping[str, Any]) -> list[str]:
    """Texts that a product itself gives as its ingredients."""
    found = list_texts(product, deep=False)
    extra = product.get("additionalProperty")
    for row in extra if isinstance(extra, list) else [extra]:
        if isinstance(row, Mapping) and _names_list(row.get("name")):
            found.append(_as_text(row.get("value")))
    return [text for text in found if text]


def list_texts(value: Any, *, deep: bool = True) -> list[str]:
    """What stands under keys such as `ingredients`, `fullIngredients` or `inci_list`, the outermost first."""
    found: list[str] = []
    for each in objects(value):
        found += [_as_text(inner) for key, inner in each.items() if _names_list(key)]
        if not deep:
            break
    return [text for text in found if text]


def amount_of(value: object) -> float | None:
    """A price as a number, however its separators are set: `1,299.00`, `1.299,00`, `12,5`, `¥ 199`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return round(float(value), 2) if 0 < value < _MOST_PRICE else None
    found = _AMOUNT.search(value[:40]) if isinstance(value, str) else None
    if found is None:
        return None
    text = found[0].replace("\u00a0", "").replace(" ", "").rstrip(".,")
    cents = _DECIMALS.search(text)
    whole = text[: cents.start()] if cents else text
    digits = whole.replace(",", "").replace(".", "")
    amount = float(f"{digits or '0'}.{cents[1] if cents else '0'}")
    return round(amount, 2) if 0 < amount < _MOST_PRICE else None


def currency_of(value: object) -> str:
    """A code of three letters; "" for anything else."""
    text = value.strip().upper() if isinstance(value, str) else ""
    return text if _CURRENCY.fullmatch(text) else ""


def _names_list(key: object) -> bool:
    return isinstance(key, str) and bool(_LIST_KEY.fullmatch(_NO_LETTER.sub("", fold(key[:60]))))


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return ""
    names = []
    for row in value[:200]:
        said = (row.get(key) for key in _NAME_KEYS) if isinstance(row, Mapping) else iter([row])
        names.append(next((name for name in said if isinstance(name, str)), ""))
    return ", ".join(name for name in names if name)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
