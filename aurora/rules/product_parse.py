"""Which product that is, read from what the decision system and the catalogue say (contract D 2.2, 3.1).

A product may stand in many places of an answer; one that nobody found may still be guessed from its address,
and then says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aurora.contract.envelope import FieldMissing
from aurora.rules import product_url
from aurora.rules.product_naming import Named
from aurora.rules.product_reading import product_name, product_of
from aurora.rules.text import strings_in
from aurora.rules.treatment import numeric
from aurora.rules.upstream_answer import first_object, harmless, too_deep

FALLBACK_CONFIDENCE = 0.55
"""Of a product that only the catalogue knew, if nobody said how sure they are (contract D 3.1)."""

NO_ANSWER = "upstream_missing_or_unstructured"
INVALID = "upstream_missing_or_invalid"
GUESSED = "heuristic_url_parse"
FROM_CATALOGUE = "catalog_fallback_used"
MOST_GAPS = 8

_HOLDERS = ("anchor_product", "product", "product_entity", "parsed_product")
_LISTS = ("products", "product_candidates", "candidates")
_MOST_ROWS = 8
_CODE = re.compile(r"[a-z][a-z0-9_.]{1,63}", re.ASCII)
_MOST_CODES = 12
_CATALOGUE_KEYS = (
    "product_id", "sku_id", "brand", "name", "display_name", "image_url", "product_group_id", "merchant_id",
    "canonical_product_ref", "price",
)  # fmt: skip


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A product, or none. confidence: 0..1. codes: `missing_info`. gaps: `field_missing` of the card.

    known: somebody knew it; a guess from an address is not known.
    """

    product: dict[str, Any] | None = None
    confidence: float | None = None
    codes: list[str] = []
    gaps: list[tuple[str, str]] = []
    known: bool = False

    @property
    def anchor_id(self) -> str:
        """The id to ask about it with; "" if it has none."""
        product = self.product or {}
        return product.get("sku_id") or product.get("product_id") or ""

    @property
    def name(self) -> str:
        """Brand and name; "" if there is none."""
        return product_name(self.product)

    def payload(self) -> dict[str, Any]:
        """Payload of the `product_parse` card."""
        return {"product": self.product, "confidence": self.confidence, "missing_info": self.codes}

    def field_missing(self) -> list[FieldMissing]:
        """What the card declares."""
        return [FieldMissing(*gap) for gap in list(dict.fromkeys(self.gaps))[:MOST_GAPS]]


def nothing(named: Named) -> Parsed:
    """Nobody answered: no product, or the guess that its address allows."""
    return _guessed(
        Parsed(codes=[NO_ANSWER], gaps=[("product", NO_ANSWER), ("confidence", INVALID)]), named.url
    )


def read(structured: Mapping[str, Any] | None, answer: str | None, named: Named) -> Parsed:
    """The product in an answer of the decision system, with its price if it names one."""
    sources = [
        harmless(dict(source))
        for source in (structured, first_object(answer))
        if source is not None and not too_deep(source)
    ]
    if not sources:
        return nothing(named)
    product: dict[str, Any] | None = None
    confidence: float | None = None
    codes: dict[str, None] = {}
    for source in sources:
        parse = _object(source.get("parse"))
        product = product or _product(parse) or _product(source)
        if confidence is None:
            confidence = _confidence(parse, source)
        kb = _object(source.get("kb_requirements_check"))
        codes |= dict.fromkeys(
            _codes(
                kb.get("missing_fields"),
                parse.get("missing_info"),
                parse.get("missing_fields"),
                source.get("missing_info"),
            )
        )
    gaps = [] if product is not None else [("product", INVALID)]
    if confidence is None:
        gaps.append(("confidence", INVALID))
    found = Parsed(
        product=product,
        confidence=confidence,
        codes=list(codes)[:_MOST_CODES],
        gaps=gaps,
        known=product is not None,
    )
    url = named.url or next((link for source in sources if (link := _asked_link(source))), "")
    return found if product is not None else _guessed(found, url)


def from_catalogue(parsed: Parsed, row: Mapping[str, Any], how: str) -> Parsed:
    """`parsed` with what the shop knows.

    row: as `catalogue_rows.product_of` reads it. how: `resolve` or `search`.
    """
    named = parsed.product if parsed.product is not None and "name" not in row else {}
    product: dict[str, Any] = {key: named[key] for key in ("brand", "name", "display_name") if key in named}
    product |= {key: row[key] for key in _CATALOGUE_KEYS if key in row}
    if "display_name" not in product and "name" in product:
        product["display_name"] = product_name(product)
    sure = parsed.confidence
    return Parsed(
        product={**product, "category": row.get("category", "product")},
        confidence=sure if sure is not None and sure > 0 and parsed.known else FALLBACK_CONFIDENCE,
        codes=[*(c for c in parsed.codes if c not in (GUESSED, FROM_CATALOGUE)), FROM_CATALOGUE],
        gaps=[
            *(gap for gap in parsed.gaps if gap[0] not in ("product", "confidence")),
            ("parse.fallback", f"catalog_{how}"),
        ],
        known=True,
    )


def _guessed(parsed: Parsed, url: str) -> Parsed:
    product = product_url.guess(url) if url else None
    if product is None:
        return parsed
    sure = parsed.confidence
    return Parsed(
        product=product,
        confidence=sure if sure is not None and sure > 0 else product_url.CONFIDENCE,
        codes=list(dict.fromkeys([*parsed.codes, GUESSED])),
        gaps=[gap for gap in parsed.gaps if gap[0] not in ("product", "confidence")],
    )


def _product(holder: Mapping[str, Any]) -> dict[str, Any] | None:
    for key in _HOLDERS:
        product = _priced(holder.get(key))
        if product is not None:
            return product
    for key in _LISTS:
        rows = holder.get(key)
        for row in rows[:_MOST_ROWS] if isinstance(rows, list) else ():
            given = _object(row)
            inner = (_priced(given.get(k)) for k in ("product", "anchor_product", "product_entity"))
            found = next((product for product in inner if product is not None), None) or _priced(given)
            if found is not None:
                return found
    return None


def _priced(value: object) -> dict[str, Any] | None:
    """The known keys of a product, its price among them as the client reads one (contract F 13.4)."""
    product = product_of(value)
    given = _object(value)
    price = given.get("price")
    if product is None:
        return None
    if isinstance(price, Mapping):
        kept: dict[str, Any] = {
            key: amount
            for key in ("usd", "cny", "amount")
            if (amount := numeric(price.get(key))) is not None and amount >= 0
        }
        currency = price.get("currency")
        if kept and isinstance(currency, str) and currency.isalpha():
            kept["currency"] = currency[:3].upper()
        return {**product, "price": kept} if kept else product
    amount = numeric(price)
    if amount is None or amount < 0:
        return product
    currency = given.get("currency")
    named = currency[:3].upper() if isinstance(currency, str) and currency.isalpha() else "USD"
    return {**product, "price": {"amount": amount, "currency": named}}


def _confidence(*holders: Mapping[str, Any]) -> float | None:
    for holder in holders:
        for key in ("parse_confidence", "confidence"):
            value = numeric(holder.get(key))
            if value is not None:
                return round(max(0.0, min(1.0, value)), 4)
    return None


def _codes(*lists: object) -> Iterable[str]:
    for listed in lists:
        for text in strings_in(listed if isinstance(listed, list) else [listed], _MOST_CODES):
            if _CODE.fullmatch(text):
                yield text


def _asked_link(source: Mapping[str, Any]) -> str:
    """The address in what the upstream says it was asked; an echo of the prompt ends with "Input: ..."."""
    for holder in (_object(source.get("parse")), source):
        for key in ("normalized_query", "input", "query", "url"):
            text = holder.get(key)
            if not isinstance(text, str):
                continue
            told = text[:4000].rpartition("Input:")[2]
            at = told.find("http")
            if at >= 0:
                return told[at:].split(maxsplit=1)[0]
    return ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
