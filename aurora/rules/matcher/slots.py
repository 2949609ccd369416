"""Which step of a routine a product serves, and whether it is strong (contract D 5.9)."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from aurora.rules.analysis.ingredients import STRONG, TABLE
from aurora.rules.matcher.catalogue import Product, Slot
from aurora.rules.text import fold
from aurora.rules.treatment import is_treatment_like

SLOTS: tuple[Slot, ...] = ("cleanser", "moisturizer", "sunscreen", "treatment", "toner", "optional")
"""Every slot, in the order of a bundle."""

# D 5.9, first hit. What a row states itself comes before what soothing ingredients suggest, but after what
# makes it a sunscreen or a treatment: a wrong `slot` must not turn an acid into a plain cream.
_SUNSCREEN = frozenset({"sunscreen_filters"}), frozenset({"sunscreen", "uv"})
_TREATMENT = (
    frozenset({"retinol", "salicylic_acid", "azelaic_acid", "benzoyl_peroxide", "ascorbic_acid"}),
    frozenset({"retinoid", "acid"}),
)
_CLEANSER = frozenset({"cleanser_surfactants"})
_MOISTURIZER = frozenset({"ceramide_np", "panthenol", "glycerin", "hyaluronic_acid"}), frozenset({"repair"})
_STRONG_TAGS = frozenset({"acid", "retinoid", "strong", "active"})
# A wash-off cleanser with a little of an acid is still a cleanser; it counts as strong nevertheless.
_KEEPS_ITS_SLOT = frozenset({"cleanser", "sunscreen"})


class Entry(msgspec.Struct, frozen=True):
    """A product as it is matched.

    contains: what it declares, and what its name gives away beside that. reads_strong: the law that keeps
    careful answers gentle would take it for something strong, by its words.
    """

    product: Product
    slot: Slot
    strong: bool
    contains: frozenset[str]
    reads_strong: bool


def entry_of(product: Product) -> Entry:
    """Read a row's step and strength."""
    return Entry(product, *_read(product))


@lru_cache(maxsize=4096)
def _read(product: Product) -> tuple[Slot, bool, frozenset[str], bool]:
    """The other fields of an `Entry`. Kept, as the same few rows are matched over and over: rows are frozen,
    and only their words are looked at, so an equal row of another catalogue reads the same.
    """
    contains = frozenset(product.ingredient_ids) | _named(product)
    tags = frozenset(product.risk_tags)
    return (
        _slot(product, frozenset(product.ingredient_ids), tags),
        bool(tags & _STRONG_TAGS) or not contains.isdisjoint(STRONG),
        contains,
        is_treatment_like(
            {
                "name": f"{product.name} {product.name_zh}",
                "ingredients": list(product.ingredient_ids),
                "notes": [product.usage_note_en, product.usage_note_zh],
            }
        ),
    )


def _slot(product: Product, contains: frozenset[str], tags: frozenset[str]) -> Slot:
    if contains & _SUNSCREEN[0] or tags & _SUNSCREEN[1]:
        return "sunscreen"
    if product.slot not in _KEEPS_ITS_SLOT and (contains & _TREATMENT[0] or tags & _TREATMENT[1]):
        return "treatment"
    if product.slot is not None:
        return product.slot
    if contains & _CLEANSER:
        return "cleanser"
    if contains & _MOISTURIZER[0] or tags & _MOISTURIZER[1]:
        return "moisturizer"
    return "optional"


def _named(product: Product) -> frozenset[str]:
    """Ingredients that the name speaks of: what a row forgets to declare must still be found when avoided."""
    told = fold(f"{product.name} {product.name_zh}")
    return frozenset(known.id for known in TABLE if any(name in told for name in known.names))
