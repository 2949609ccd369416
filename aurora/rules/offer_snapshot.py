"""What a shop page says of an offer, as the commerce backend read it (contract A 9, D 1.5).

The page is a stranger's: every part is taken over only if it has its type and fits its bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from aurora.rules.treatment import numeric
from aurora.rules.upstream_reason import reason_of
from aurora.rules.upstream_text import without_acting_links, without_markup
from aurora.rules.web_address import MOST_CHARACTERS, web_address

MOST_PRICE = 1_000_000
_TITLE_CAP = 200
_BRAND_CAP = 100
_READ_CAP = 2000  # of a title, before it is cleaned
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_KEPT = "/%:=&?~+!$,;'()*[]@-._|#"


class OfferSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the page says; a blank part says nothing. reason: why there is no snapshot at all, else "".

    price: above 0, in units of `currency`, which is an ISO 4217 code or blank.
    """

    title: str = ""
    brand: str = ""
    image_url: str = ""
    canonical_url: str = ""
    price: float | None = None
    currency: str = ""
    reason: str = ""


def snapshot_in(body: Mapping[str, Any]) -> OfferSnapshot:
    """Read an answer of the backend."""
    offer = body.get("offer")
    if body.get("ok") is not True or not isinstance(offer, Mapping):
        return OfferSnapshot(reason=reason_of(body))
    price, currency = _price(offer.get("price"))
    image = outbound_url(offer.get("imageUrl"))
    return OfferSnapshot(
        title=_line(offer.get("title"), _TITLE_CAP),
        brand=_line(offer.get("brand"), _BRAND_CAP),
        image_url=image if image.startswith("https://") else "",
        canonical_url=outbound_url(offer.get("canonicalUrl")),
        price=price,
        currency=currency,
    )


def outbound_url(value: Any) -> str:
    """`value` trimmed, if it is an http(s) address that a person may be sent to; else "".

    One with a user in it is none: what stands before the `@` is there to be taken for the host.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MOST_CHARACTERS or not text.isprintable() or " " in text or "\\" in text:
        return ""
    return text if web_address(quote(text, safe=_KEPT)) is not None else ""


def _price(value: Any) -> tuple[float | None, str]:
    """(amount, currency). An amount in a currency that is no currency says nothing."""
    if not isinstance(value, Mapping):
        return None, ""
    stated, named = value.get("amount"), value.get("currency")
    amount = None if isinstance(stated, str) else numeric(stated)
    currency = named.strip().upper() if isinstance(named, str) else ""
    if currency and not _CURRENCY.fullmatch(currency):
        return None, ""
    if amount is None or not 0 < amount <= MOST_PRICE:
        return None, ""
    return amount, currency


def _line(value: Any, cap: int) -> str:
    """A text as one line of words: no markup, no acting links, no control characters."""
    if not isinstance(value, str):
        return ""
    clean = without_acting_links(without_markup(value[:_READ_CAP]))
    return "".join(c if c.isprintable() else " " for c in " ".join(clean.split()))[:cap].strip()
