"""What the client asks of the commerce backend through us (contract F 6 rows 19a and 19b, F 12).

The documented keys go on, with their types; others are dropped, not refused, so that a later client still
works. `operation` is the exception: it decides what is done under our key.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from aurora.contract.plain import Plain

OPERATIONS = ("find_products_multi",)
"""Operations of the shop that the client uses; no other one is forwarded."""

Word = Annotated[str, Meta(max_length=200)]
Query = Annotated[str, Meta(min_length=1, max_length=500)]


class Forwarded(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all bodies: what is UNSET is not sent."""


class ProductRef(Forwarded, frozen=True, kw_only=True):
    """A product as the shop knows it."""

    product_id: Word | UnsetType | None = UNSET
    merchant_id: Word | UnsetType | None = UNSET


class ResolveHints(Forwarded, frozen=True, kw_only=True):
    """What the client knows of the product beside its name."""

    product_id: Word | UnsetType | None = UNSET
    sku_id: Word | UnsetType | None = UNSET
    brand: Word | UnsetType | None = UNSET
    title: Word | UnsetType | None = UNSET
    product_ref: ProductRef | UnsetType | None = UNSET
    aliases: Annotated[list[Word], Meta(max_length=16)] | UnsetType = UNSET


class ResolveOptions(Forwarded, frozen=True, kw_only=True):
    """How to look. timeout_ms: at most what is left of our own limit goes on."""

    timeout_ms: Annotated[int, Meta(ge=0, le=60_000)] | UnsetType = UNSET
    search_all_merchants: bool | UnsetType = UNSET
    upstream_retries: Annotated[int, Meta(ge=0, le=3)] | UnsetType = UNSET
    candidates_limit: Annotated[int, Meta(ge=1, le=50)] | UnsetType = UNSET
    allow_external_seed: bool | UnsetType = UNSET


class ProductsResolve(Forwarded, frozen=True, kw_only=True):
    """POST /agent/v1/products/resolve: which product of the shop is this?"""

    query: Query
    lang: Annotated[str, Meta(max_length=16)] | UnsetType = UNSET
    caller: Word | UnsetType = UNSET
    session_id: Word | UnsetType | None = UNSET
    hints: ResolveHints | UnsetType | None = UNSET
    options: ResolveOptions | UnsetType | None = UNSET


class ShopSearch(Forwarded, frozen=True, kw_only=True):
    """What to look for."""

    query: Query
    in_stock_only: bool | UnsetType = UNSET
    search_all_merchants: bool | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=12)] | UnsetType = UNSET
    offset: Annotated[int, Meta(ge=0, le=1000)] | UnsetType = UNSET


class ShopPayload(Forwarded, frozen=True, kw_only=True):
    """Of `find_products_multi`."""

    search: ShopSearch


class ShopMetadata(Forwarded, frozen=True, kw_only=True):
    """Who asks, and which brand is liked best."""

    source: Word | UnsetType = UNSET
    prefer_brand: Word | UnsetType | None = UNSET


class ShopInvoke(Forwarded, frozen=True, kw_only=True):
    """POST /agent/shop/v1/invoke: an operation of the shop, one of `OPERATIONS`."""

    operation: Annotated[str, Meta(min_length=1, max_length=100)]
    payload: ShopPayload
    metadata: ShopMetadata | UnsetType | None = UNSET


class ShopAnswer(Plain, frozen=True, kw_only=True):
    """The backend's own answer, as it came.

    resolved, reason_code: of a resolve; where nothing was found the reason is NO_CANDIDATES, DB_ERROR or
    UPSTREAM_TIMEOUT.
    """

    resolved: bool | UnsetType = UNSET
    reason_code: Any = UNSET
