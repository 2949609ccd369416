"""What simulated people ask about products: which it is, does it suit, what is like it, what it costs."""

from __future__ import annotations

from typing import Any

from soak.simulation_dice import Dice

TYPED = "Mallory"
"""Stands in what people type, and nowhere else: nothing of it may be kept or told for everybody."""
PAGE = "https://shop.example/p/mock_serum_1"
FORMS = ("product_parse", "product_analyze", "dupe_suggest", "dupe_compare", "offers_resolve")
REFRESHES = ("product_refresh", "dupes_refresh")
COUNTED = ("product_analyze", "dupe_suggest")  # tries are limited per client

_SERUM = {"sku_id": "mock_serum_1", "brand": "Understudy", "name": "Even Tone Niacinamide Serum"}
_RETINOL = {"product_id": "mock_treatment_1", "brand": "Mock", "name": "Mock Retinol Serum"}
PRODUCTS: tuple[dict[str, Any], ...] = (
    _SERUM, _SERUM, _RETINOL, {"name": "Even Tone Niacinamide Serum"}, {"name": "莫克 净润精华"},
    {"sku_id": "nobody-1", "name": "Nobody's Night Serum"}, {"name": "Odd One PRODUCT_UNKNOWN_TEST"},
    {"name": "Clear Drops", "ingredients": ["Aqua", "Niacinamide", "Glycerin"]},
)  # fmt: skip
LINKS = (PAGE, f"{PAGE}?utm_source=a&email={TYPED}", "https://elsewhere.example/p/2", "http://[::1]/p")
WORDS = (
    "Even Tone Niacinamide Serum", "Dewfield Even Serum", f"{TYPED}'s favourite serum", "净润精华",
    f"what {TYPED} uses PRODUCT_UNKNOWN_TEST",
)  # fmt: skip
_NIGHT = "https://shop.example/p/mock_treatment_1"
OFFERS: tuple[dict[str, Any], ...] = (
    {"product": _SERUM, "offer": {"affiliate_url": PAGE, "price": {"amount": 10, "currency": "USD"}}},
    {"product": _RETINOL, "offer": {"url": _NIGHT}},
    {"product": {"name": "Clear Drops"}, "offer": {"url": "https://elsewhere.example/p/3"}},
    {"product": {"name": "Clear Drops"}, "offer": {"url": "ftp://elsewhere.example/p/3"}},
    {"product": {"name": "Clear Drops"}, "offer": {}},
)


def form(dice: Dice, kind: str) -> dict[str, Any]:
    """The body of one form."""
    match kind:
        case "product_parse":
            return {"url": dice.pick(LINKS)} if dice.chance(0.4) else {"text": dice.pick(WORDS)}
        case "product_analyze":
            return {**_named(dice, "product", "url", "name"), **_forced(dice, "force_refresh")}
        case "dupe_suggest":
            named = _named(dice, "original", "original_url", "original_text")
            most = {"max_dupes": dice.whole(1, 6)} if dice.chance(0.3) else {}
            return {**named, **most, **_forced(dice, "force_refresh", "force_validate")}
        case "dupe_compare":
            return {**_side(dice, "original"), **_side(dice, "dupe")}
    items = [dice.pick(OFFERS) for _ in range(dice.pick((1, 2, 6, 20)))]
    return {"items": items, **({"market": dice.pick(("CN", "US"))} if dice.chance(0.5) else {})}


def _named(dice: Dice, by_object: str, by_url: str, by_words: str) -> dict[str, Any]:
    match dice.whole(0, 5):
        case 0:
            return {by_url: dice.pick(LINKS)}
        case 1:
            return {by_words: dice.pick(WORDS)}
        case 2:
            return {by_object: dice.pick(PRODUCTS), by_url: dice.pick(LINKS)}
    return {by_object: dice.pick(PRODUCTS)}


def _side(dice: Dice, side: str) -> dict[str, Any]:
    if dice.chance(0.3):
        return {f"{side}_url": dice.pick(LINKS)}
    return {side: dice.pick(PRODUCTS)}


def _forced(dice: Dice, *names: str) -> dict[str, Any]:
    return {dice.pick(names): True} if dice.chance(0.35) else {}
