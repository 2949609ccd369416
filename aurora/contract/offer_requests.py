"""What clients may send about offers (contract A 9, D 3.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from aurora.contract.requests import Anything, Request

MAX_ITEM_BYTES = 16 * 1024
"""Of a product or an offer, serialised: those of our own cards have a few kilobytes."""

Problem = tuple[tuple[str, ...], str]


class OfferToResolve(Request, frozen=True, kw_only=True):
    """A product and the offer that the client has for it, as an earlier card showed them: 16 KiB each."""

    product: Anything
    offer: Anything


class OffersResolve(Request, frozen=True, kw_only=True):
    """POST /v1/offers/resolve: what do these shop pages say now? market: blank or absent means US."""

    items: Annotated[list[OfferToResolve], Meta(min_length=1, max_length=20)]
    market: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET


def oversized(body: OffersResolve) -> Iterator[Problem]:
    """Products and offers that are larger than any of ours."""
    for number, item in enumerate(body.items):
        for name, value in (("product", item.product), ("offer", item.offer)):
            if len(msgspec.json.encode(value)) > MAX_ITEM_BYTES:
                yield ("items", str(number), name), f"larger than {MAX_ITEM_BYTES} bytes"
