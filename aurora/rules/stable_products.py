"""Products that keep their place in the shop, by name (contract D 5.8): the runbook's own hot set, no more.

The last resort when the shop cannot be asked. Ids are the runbook's; a third product of the contract has no
id in any document, so it is left out.
"""

from __future__ import annotations

import re

import msgspec

from aurora.rules.text import fold

_MERCHANT = "merch_efbc46b4619cfbdf"
_READ_CAP = 200


class StableProduct(msgspec.Struct, frozen=True):
    """One product: its ids, its names in both languages, and what a text must say to mean it."""

    product_id: str
    brand_en: str
    brand_cn: str
    name_en: str
    name_cn: str
    brand: re.Pattern[str]
    name: re.Pattern[str]
    merchant_id: str = _MERCHANT


PRODUCTS: tuple[StableProduct, ...] = (
    StableProduct(
        "9886500749640",
        "Winona",
        "薇诺娜",
        "Soothing Repair Serum",
        "舒缓修护精华",
        re.compile(r"\bwinona\b|薇诺娜", re.ASCII),
        re.compile(
            r"\bsoothing (?:and )?repair(?:ing)? (?:serum|essence)\b|舒[缓敏].{0,4}修[护复].{0,4}精华",
            re.ASCII,
        ),
    ),
    StableProduct(
        "9886500127048",
        "IPSA",
        "茵芙莎",
        "Time Reset Aqua",
        "流金水",
        re.compile(r"\bipsa\b|茵芙莎", re.ASCII),
        re.compile(r"\btime r(?:eset)? aqua\b|流金(?:岁月)?水|流金岁月", re.ASCII),
    ),
)


def meant_by(text: str) -> StableProduct | None:
    """The product that a text names by brand and name, or None; half a name is none."""
    folded = fold(text[:_READ_CAP])
    return next((each for each in PRODUCTS if each.brand.search(folded) and each.name.search(folded)), None)
