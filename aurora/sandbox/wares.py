"""The invented shelf of the sandbox: products in both languages, none of them real."""

from __future__ import annotations

from typing import Any

import msgspec

MERCHANT = "merch_understudy"


class Ware(msgspec.Struct, frozen=True, kw_only=True):
    """One product. usd, cny: shelf prices. words: what a search for it may say, lower case."""

    id: str
    category: str
    name_en: str
    name_cn: str
    step_en: str
    step_cn: str
    usd: float
    cny: int
    actives: tuple[str, ...]
    words: tuple[str, ...]
    brand: str = "Understudy"

    def name(self, lang: str) -> str:
        """Its name in EN or CN."""
        return self.name_cn if lang == "CN" else self.name_en

    def step(self, lang: str) -> str:
        """The routine step it serves, in EN or CN."""
        return self.step_cn if lang == "CN" else self.step_en


SHELF: tuple[Ware, ...] = (
    Ware(
        id="mock_cleanser_1",
        category="cleanser",
        name_en="Soft Start Gel Cleanser",
        name_cn="初心温和洁面啫喱",
        step_en="Cleanser",
        step_cn="洁面",
        usd=14.0,
        cny=98,
        actives=("amino acid surfactants", "glycerin"),
        words=("cleanser", "face wash", "洁面", "洗面奶"),
    ),
    Ware(
        id="mock_moisturizer_1",
        category="moisturizer",
        name_en="Quiet Barrier Cream",
        name_cn="静护屏障面霜",
        step_en="Moisturizer",
        step_cn="保湿",
        usd=22.0,
        cny=158,
        actives=("ceramides", "panthenol"),
        words=("moisturizer", "moisturiser", "cream", "ceramide", "面霜", "保湿", "神经酰胺"),
    ),
    Ware(
        id="mock_sunscreen_1",
        category="sunscreen",
        name_en="Daylight Veil SPF 50",
        name_cn="日光轻纱防晒 SPF50",
        step_en="Sunscreen",
        step_cn="防晒",
        usd=19.0,
        cny=138,
        actives=("zinc oxide",),
        words=("sunscreen", "spf", "防晒"),
    ),
    Ware(
        id="mock_serum_1",
        category="serum",
        name_en="Even Tone Niacinamide Serum",
        name_cn="匀净烟酰胺精华",
        step_en="Serum",
        step_cn="精华",
        usd=18.0,
        cny=128,
        actives=("niacinamide",),
        words=("serum", "niacinamide", "精华", "烟酰胺"),
    ),
    Ware(
        id="mock_treatment_1",
        category="treatment",
        name_en="Night Shift Retinol 0.2",
        name_cn="夜班视黄醇 0.2",
        step_en="Treatment",
        step_cn="功效护理",
        usd=26.0,
        cny=188,
        actives=("retinol",),
        words=("retinol", "treatment", "视黄醇", "a醇"),
    ),
)

BY_ID: dict[str, Ware] = {ware.id: ware for ware in SHELF}


def sku(ware: Ware, lang: str) -> dict[str, Any]:
    """The `sku` object of a recommendation (contract D 5.4)."""
    return {
        "sku_id": ware.id,
        "product_id": ware.id,
        "brand": ware.brand,
        "name": ware.name(lang),
        "display_name": f"{ware.brand} {ware.name(lang)}",
        "category": ware.category,
        "availability": ["US", "CN"],
        "price": {"usd": ware.usd, "cny": ware.cny, "unknown": False},
    }


def row(ware: Ware, lang: str) -> dict[str, Any]:
    """A catalogue row as the commerce backend lists it (contract D 1.5)."""
    return {
        "product_id": ware.id,
        "merchant_id": MERCHANT,
        "sku_id": ware.id,
        "brand": ware.brand,
        "title": ware.name(lang),
        "display_name": f"{ware.brand} {ware.name(lang)}",
        "category": ware.category,
        "image_url": image_url(ware),
        "price": {"amount": ware.usd, "currency": "USD"},
        "in_stock": True,
        "ingredient_tokens": list(ware.actives),
    }


def image_url(ware: Ware) -> str:
    """Where its picture would be."""
    return f"https://shop.example/images/{ware.id}.png"


def named(query: str, limit: int) -> list[Ware]:
    """Wares that the query names by id or by name; if it names none, those that a search would find."""
    low = query.lower()
    hits = [ware for ware in SHELF if ware.id in low or ware.name_en.lower() in low or ware.name_cn in query]
    return hits[:limit] or found(query, limit)


def found(query: str, limit: int) -> list[Ware]:
    """Wares whose brand, name or words occur in the query, in shelf order."""
    low = query.lower()
    hits = [
        ware
        for ware in SHELF
        if ware.brand.lower() in low
        or ware.id in low
        or ware.name_en.lower() in low
        or ware.name_cn in query
        or any(word in low for word in ware.words)
    ]
    return hits[:limit]
