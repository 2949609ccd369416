"""What clients may send about products (contract D 3.1-3.4): strict structs, and what each must name.

A body that names no product is refused with the fields that could have named one (contract D 13.8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from aurora.contract.requests import Anything, Request, Text

LINK = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#\\][^\s]*$"
# http or https, a host, no white space. Which hosts may be read is decided where a page is read.
Link = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4096,
        pattern=LINK,
        description="An absolute http or https address.",
    ),
]
Most = Annotated[int, Meta(ge=1, le=6)]
NAMING_KEYS = (
    "name", "display_name", "displayName", "title", "sku_id", "skuId", "product_id", "productId", "url",
)  # fmt: skip

Problem = tuple[tuple[str, ...], str]


class ProductParseRequest(Request, frozen=True, kw_only=True):
    """POST /v1/product/parse: which product is that? One of the two is required; url wins."""

    text: Text | UnsetType = UNSET
    url: Link | UnsetType = UNSET


class ProductAnalyzeRequest(Request, frozen=True, kw_only=True):
    """POST /v1/product/analyze: does that product suit the person?

    One of product, url and name is required. session: accepted and ignored (contract D 13.9).
    """

    product: Anything | UnsetType = UNSET
    url: Link | UnsetType = UNSET
    name: Text | UnsetType = UNSET
    force_refresh: bool | UnsetType = UNSET
    session: Anything | UnsetType = UNSET


class DupeSuggest(Request, frozen=True, kw_only=True):
    """POST /v1/dupe/suggest: what is like it, cheaper or not? One of the three originals is required."""

    original: Anything | UnsetType = UNSET
    original_url: Link | UnsetType = UNSET
    original_text: Text | UnsetType = UNSET
    max_dupes: Most | UnsetType = UNSET
    max_comparables: Most | UnsetType = UNSET
    force_refresh: bool | UnsetType = UNSET
    force_validate: bool | UnsetType = UNSET


class DupeCompare(Request, frozen=True, kw_only=True):
    """POST /v1/dupe/compare: one product beside another; each side as an object or as an address."""

    original: Anything | UnsetType = UNSET
    dupe: Anything | UnsetType = UNSET
    original_url: Link | UnsetType = UNSET
    dupe_url: Link | UnsetType = UNSET


def unnamed(body: Any) -> Iterator[Problem]:
    """Which fields should have named a product, if a body of this module names none."""
    if isinstance(body, ProductParseRequest):
        if not _said(body.text) and not _said(body.url):
            yield from _each(("text", "url"), "text or url is required")
    elif isinstance(body, ProductAnalyzeRequest):
        if not (names_product(body.product) or _said(body.url) or _said(body.name)):
            yield from _each(("product", "url", "name"), "product, url or name is required")
    elif isinstance(body, DupeSuggest):
        if not (names_product(body.original) or _said(body.original_url) or _said(body.original_text)):
            yield from _each(("original", "original_url", "original_text"), "original is required")
    elif isinstance(body, DupeCompare):
        for side in ("original", "dupe"):
            if not (names_product(getattr(body, side)) or _said(getattr(body, f"{side}_url"))):
                yield (side,), "original and dupe are required"


def names_product(product: object) -> bool:
    """Whether an object has a name, an id or an address to go by; a brand alone names nothing."""
    return isinstance(product, Mapping) and any(_said(product.get(key)) for key in NAMING_KEYS)


def _said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _each(fields: tuple[str, ...], what: str) -> Iterator[Problem]:
    for field in fields:
        yield (field,), what
