"""What clients may send about offers (contract A 9, D 3.6)."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from aurora.contract.requests import Anything, Request


class OfferToResolve(Request, frozen=True, kw_only=True):
    """A product and the offer that the client has for it, as an earlier card showed them."""

    product: Anything
    offer: Anything


class OffersResolve(Request, frozen=True, kw_only=True):
    """POST /v1/offers/resolve: what do these shop pages say now? market: blank or absent means US."""

    items: Annotated[list[OfferToResolve], Meta(min_length=1, max_length=20)]
    market: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
