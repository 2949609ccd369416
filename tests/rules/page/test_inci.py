"""Which texts are lists of ingredients, and what is on them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.rules.page.inci import (
    ENTRY_CAP,
    LEAST_ENTRIES,
    MOST_ENTRIES,
    after_label,
    ingredients,
    is_labelled,
)

LISTS = [
    (
        "Aqua (Water), Glycerin, Niacinamide, 1,2-Hexanediol, Phenoxyethanol.",
        ["Aqua (Water)", "Glycerin", "Niacinamide", "1,2-Hexanediol", "Phenoxyethanol"],
    ),
    (
        "INGREDIENTS: WATER, GLYCERIN, CETEARYL ALCOHOL, CERAMIDE NP, CARBOMER. Please note: lists change.",
        ["WATER", "GLYCERIN", "CETEARYL ALCOHOL", "CERAMIDE NP", "CARBOMER"],
    ),
    (
        "Active ingredients: Avobenzone 3%, Homosalate (9%). Inactive ingredients: Water, Silica, Mica",
        ["Avobenzone", "Homosalate", "Water", "Silica", "Mica"],
    ),
    (
        "Water\nGlycerin\nSqualane\nPanthenol\nXanthan Gum",
        ["Water", "Glycerin", "Squalane", "Panthenol", "Xanthan Gum"],
    ),
    (
        "Water • Glycerin • Vitis Vinifera (Grape, Organic) Seed Oil* • Tocopherol • Parfum†",
        ["Water", "Glycerin", "Vitis Vinifera (Grape, Organic) Seed Oil", "Tocopherol", "Parfum"],
    ),
    (
        "Aqua; Glycerin; Zinc Oxide 12,5 %; Sodium Chloride; Limonene [+/- CI 77491, CI 77492]",
        ["Aqua", "Glycerin", "Zinc Oxide", "Sodium Chloride", "Limonene"],
    ),
    (
        "Water, Glycerin, glycerin, WATER, Silica, Mica, Talc, Kaolin",
        ["Water", "Glycerin", "Silica", "Mica", "Talc", "Kaolin"],
    ),
    (
        "全成分：水、甘油、烟酰胺、丁二醇、苯氧乙醇。请以实物为准",
        ["水", "甘油", "烟酰胺", "丁二醇", "苯氧乙醇"],
    ),
    (
        "成分：水，甘油，1,2-己二醇，透明质酸钠，香精",
        ["水", "甘油", "1,2-己二醇", "透明质酸钠", "香精"],
    ),
    (
        "Ingrédients : Aqua, Glycerin, Sodium Hyaluronate, Citric Acid, Parfum",
        ["Aqua", "Glycerin", "Sodium Hyaluronate", "Citric Acid", "Parfum"],
    ),
    (
        "Water (Aqua, Glycerin, Panthenol, Carbomer, Sodium Hydroxide",  # a bracket that never closes
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "entries"), LISTS)
def test_lists(text: str, entries: list[str]) -> None:
    assert ingredients(text) == entries


@pytest.mark.parametrize(
    "text",
    [
        "", ",,,,,,,", "Aqua", "Aqua, Glycerin, Niacinamide, Panthenol",
        "Home, Shop, Skincare, Bestsellers, About, Contact",
        "Free shipping, easy returns, samples, gifts, and more, on all orders",
        "It helps skin look calm, even, smooth, bright, soft and fresh, day and night",
        "Made with water, with glycerin, with niacinamide, with zinc and with your skin in mind, for you",
        "Paris, London, New York, Tokyo, Seoul, Shanghai",
        "适合干性, 中性, 油性, 混合性, 敏感性肌肤",
        "首页、护肤、彩妆、香氛、会员、门店",
        "{a}, {b}, {c}, {d}, {e}, {f}", "<b>, <i>, <u>, <s>, <p>",
        "1, 2, 3, 4, 5, 6, 7", "http://a, http://b, http://c, http://d, http://e",
        "Aqua, Glycerin, Panthenol, Silica, Mica, for your skin, add to cart, with love",
        "Aqua, Aqua, Aqua, Aqua, Aqua, Aqua",
    ],
)  # fmt: skip
def test_other_texts(text: str) -> None:
    assert ingredients(text) == []


def test_a_long_list_is_cut() -> None:
    entries = ingredients(", ".join(f"Sodium Compound {number}" for number in range(400)))
    assert len(entries) == MOST_ENTRIES


@pytest.mark.parametrize(
    ("text", "rest", "labelled"),
    [
        ("Ingredients: Aqua", " Aqua", True),
        ("  Full ingredients list: Aqua", " Aqua", True),
        ("INCI - Aqua", " Aqua", True),
        ("主要成分：水", "水", True),
        ("Apply daily. Ingredients: Aqua", " Aqua", False),
        ("Key things", "", False),
    ],
)
def test_labels(text: str, rest: str, labelled: bool) -> None:
    assert (after_label(text), is_labelled(text)) == (rest, labelled)


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=30),
    st.sampled_from([", ", "、", "\n", "("]),
)
def test_entries_are_bounded_and_once_each(parts: list[str], between: str) -> None:
    found = ingredients(between.join([*parts, *["Aqua", "Glycerin", "Panthenol", "Silica", "Mica"]]))
    assert not found or LEAST_ENTRIES <= len(found) <= MOST_ENTRIES
    assert all(0 < len(entry) <= ENTRY_CAP and entry == entry.strip() for entry in found)
    assert len({entry.lower() for entry in found}) >= len(found) - 1  # full-width twins fold alike
    assert not any(mark in entry for entry in found for mark in "<>{}")
