"""Products with their offers, brought up to date and made openable (contract A 9, D 3.6).

An item that was asked about comes back whatever happened: patched with what the shop page says, or as it was.
Affiliate links are the way out; a checkout of the shop's own is never passed on, for nothing in this request
asks for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora.rules.offer_snapshot import OfferSnapshot, outbound_url
from aurora.rules.pdp_open import opening_stats, pdp_open
from aurora.rules.upstream_reason import REASONS, Reason, reason_of_failure

MARKET_ELSEWHERE = "US"
AFFILIATE = "affiliate_outbound"
MOST_GAPS = 8
"""`field_missing` entries of the card (contract A 9)."""

_LINKS = ("affiliate_url", "affiliateUrl", "url")
_CHECKOUT = frozenset({"internal_checkout", "internalcheckout"})
_ROUTES = ("purchase_route", "purchaseRoute")
_NAMES = ("name", "display_name", "displayName", "title")
_REASON_KEYS = ("pdp_open_fail_reason", "resolve_reason_code", "resolve_fail_reason")

Gap = tuple[str, str]


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item.

    snapshot: what the page says, None if nothing came. reason: why not, in the client's three words; "" where
    nobody was asked. gap: `field_missing` entry. asked: the backend was. took_ms: how long it took.
    """

    snapshot: OfferSnapshot | None = None
    reason: Reason | str = ""
    gap: Gap | None = None
    asked: bool = False
    took_ms: int = 0


NOT_CONFIGURED = Resolved(gap=("offer.snapshot", "pivota_backend_not_configured"))


def market_of(said: Any) -> str:
    """The market that was named, else the United States."""
    text = said.strip() if isinstance(said, str) else ""
    return text if text.isprintable() and text else MARKET_ELSEWHERE


def link_of(offer: Mapping[str, Any]) -> str:
    """The address of an offer, the affiliate one first; "" if it has none."""
    for key in _LINKS:
        value = offer.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def unaskable(offer: Mapping[str, Any]) -> Resolved | None:
    """What becomes of an item whose offer leads nowhere that we would send anybody; None if it leads."""
    link = link_of(offer)
    if not link:
        return Resolved(gap=("offer.affiliate_url", "missing_affiliate_url"))
    if not outbound_url(link):
        return Resolved(gap=("offer.affiliate_url", "invalid_affiliate_url"))
    return None


def answered(snapshot: OfferSnapshot, took_ms: int) -> Resolved:
    """The backend answered: with a snapshot, or with why it has none."""
    if not snapshot.reason:
        return Resolved(snapshot=snapshot, asked=True, took_ms=took_ms)
    return _without(snapshot.reason, "external_offer_resolve_failed", took_ms)


def failed(code: str, status: int | None, told: str, took_ms: int) -> Resolved:
    """The backend did not answer, or with another status. code: of the failure. told: reason in its body."""
    if code == "not_configured":
        return NOT_CONFIGURED
    reason = told if told in REASONS else reason_of_failure(code, status)
    gap = "timeout_or_network" if status is None else "failed"
    return _without(reason, f"external_offer_resolve_{gap}", took_ms)


def late(took_ms: int) -> Resolved:
    """Time was up before the backend answered, or before it was asked."""
    return _without("upstream_timeout", "external_offer_resolve_timeout_or_network", took_ms)


def _without(reason: str, gap: str, took_ms: int) -> Resolved:
    if reason == "db_error":
        gap = "external_offer_resolve_db_error"
    return Resolved(reason=reason, gap=("offer.snapshot", gap), asked=True, took_ms=took_ms)


def item_of(product: Mapping[str, Any], offer: Mapping[str, Any], became: Resolved) -> dict[str, Any]:
    """One item of the card: `{product, offer, metadata, pdp_open}`."""
    shown, sold = without_checkout(product), without_checkout(offer)
    if became.snapshot is not None:
        shown, sold = patched(shown, sold, became.snapshot)
    sold = affiliate_first(sold)
    link = link_of(sold)
    opened, metadata = pdp_open(shown, _searched_as(shown, link))
    if opened["path"] == "group":
        shown["product_group_id"] = opened["subject"]["id"]
    elif opened["path"] == "ref":
        shown["canonical_product_ref"] = opened["product_ref"]
    if became.reason:
        metadata |= dict.fromkeys(_REASON_KEYS, became.reason)
        if opened["path"] == "external":
            opened["resolve_reason_code"] = became.reason
    if became.asked:
        metadata["offer_resolve_attempted"] = True
    metadata["time_to_pdp_ms"] = became.took_ms
    return {"product": shown, "offer": sold, "metadata": metadata, "pdp_open": opened}


def patched(
    product: dict[str, Any], offer: dict[str, Any], said: OfferSnapshot
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Product and offer with what the page says; its title and brand only where there is none."""
    product, offer = dict(product), dict(offer)
    if said.image_url:
        product["image_url"] = said.image_url
    if said.title and not _named(product):
        product["name"] = said.title
    if said.brand and not _text(product.get("brand")):
        product["brand"] = said.brand
    if said.price is not None:
        offer["price"] = said.price
    if said.currency:
        offer["currency"] = said.currency
    link = said.canonical_url or ("" if _text(offer.get("affiliate_url")) else link_of(offer))
    if link:
        offer["affiliate_url"] = link
    return product, offer


def affiliate_first(offer: dict[str, Any]) -> dict[str, Any]:
    """The offer with a way out that the client knows: by its affiliate link, or none at all."""
    routes = [key for key in _ROUTES if key in offer]
    to_affiliate = bool(outbound_url(offer.get("affiliate_url"))) or (
        any(offer[key] == AFFILIATE for key in routes) and bool(outbound_url(link_of(offer)))
    )
    if not routes and not to_affiliate:
        return offer
    kept = {key: value for key, value in offer.items() if key not in routes}
    return {**kept, "purchase_route": AFFILIATE} if to_affiliate else kept


def without_checkout(value: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `value` without checkouts of the shop's own, at any depth."""
    if b"checkout" not in msgspec.json.encode(value).lower():  # nearly always, and much sooner known so
        return dict(value)
    stripped: dict[str, Any] = _stripped(value)
    return stripped


def _stripped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _stripped(inner)
            for key, inner in value.items()
            if not (isinstance(key, str) and key.lower() in _CHECKOUT)
        }
    return [_stripped(inner) for inner in value] if isinstance(value, list) else value


def gaps_of(became: Sequence[Resolved]) -> list[Gap]:
    """What is missing, each kind once, the first eight."""
    return list(dict.fromkeys(each.gap for each in became if each.gap is not None))[:MOST_GAPS]


def offers_metadata(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Payload `metadata` of an `offers_resolved` card: paths, reasons, times."""
    stats = opening_stats(items)
    paths = stats["pdp_open_path_stats"]
    return {
        "pdp_open_path_stats": {
            "internal": paths["group"] + paths["ref"] + paths["resolve"],
            "external": paths["external"],
        },
        "fail_reason_counts": stats["resolve_fail_reason_counts"],
        "time_to_pdp_ms_stats": stats["time_to_pdp_ms_stats"],
    }


def _searched_as(product: Mapping[str, Any], link: str) -> dict[str, Any]:
    """What a web search for the product would say: brand and name, else its address (contract A 9 SANE)."""
    brand, name = _text(product.get("brand")), _named(product)
    if name and name.lower().startswith(brand.lower()):
        brand = ""
    return {**product, "brand": brand, "name": name or ("" if brand else link)}


def _named(product: Mapping[str, Any]) -> str:
    return next((text for key in _NAMES if (text := _text(product.get(key)))), "")


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
