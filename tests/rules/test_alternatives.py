"""Alternatives of a product in the client's shape, whatever an upstream sends (contract D 2.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules import alternatives
from aurora.rules.query import alternatives_query


def offer(name: str = "Other Cream", delta: Any = None, similarity: Any = 82, **more: Any) -> dict[str, Any]:
    tradeoffs = {"missing_actives": ["niacinamide"]} | ({} if delta is None else {"price_delta_usd": delta})
    product = {"sku_id": name.lower().replace(" ", "_"), "brand": "B", "name": name}
    return {"product": product, "similarity_score": similarity, "tradeoffs": tradeoffs, **more}


@pytest.mark.parametrize(
    ("delta", "kind"),
    [
        (-12, "dupe"),
        (-0.02, "dupe"),
        (-0.01, "similar"),
        (0, "similar"),
        (None, "similar"),
        ("9", "premium"),
    ],
)
def test_the_kind_follows_from_the_price(delta: Any, kind: str) -> None:
    (item,) = alternatives.normalise([offer(delta=delta, kind="premium")], "EN")
    assert item["kind"] == kind
    assert ("price_delta_unknown" in item["missing_info"]) is (delta is None)


@pytest.mark.parametrize(
    ("given_", "percent"), [(0.92, 92), (1, 100), (82, 82), ("88", 88), (140, 100), (-3, 0), (None, None)]
)
def test_similarity_is_a_percentage(given_: Any, percent: int | None) -> None:
    (item,) = alternatives.normalise([offer(similarity=given_)], "EN")
    assert item["similarity"] == percent
    assert item["confidence"] == (None if percent is None else percent / 100)


def test_the_best_of_each_kind_comes_first_and_no_product_twice() -> None:
    listed = [
        offer("D1", -12, 92), offer("D2", -7, 88), offer("S", 0, 90), offer("P", 9, 70), offer("D1", -12, 91),
    ]  # fmt: skip
    found = alternatives.normalise(listed, "EN")
    assert [(item["kind"], item["product"]["name"]) for item in found] == [
        ("dupe", "D1"), ("similar", "S"), ("premium", "P"),
    ]  # fmt: skip
    more = alternatives.normalise(listed, "EN", most=6)
    assert [item["product"]["name"] for item in more] == ["D1", "S", "P", "D2"]


@pytest.mark.parametrize(
    ("lang", "lines"),
    [
        ("EN", ["Leaves out niacinamide.", "About US$7 less."]),
        ("CN", ["不含烟酰胺。", "大约便宜 7 美元。"]),
    ],
)
def test_tradeoffs_are_said_in_the_reply_language(lang: Any, lines: list[str]) -> None:
    (item,) = alternatives.normalise([offer(delta=-7)], lang)
    assert item["tradeoffs"] == lines


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        (["Lighter texture", "Same idea", "Third"], ["Lighter texture", "Same idea"]),
        (["Lighter texture; price varies by region"], ["Lighter texture"]),
        (["unknown", "e.g. a claim"], ["Easier on the budget."]),
        ("One note", ["One note"]),
        (None, ["Easier on the budget."]),
    ],
)
def test_notes_lose_their_hedges_or_are_built(notes: Any, expected: list[str]) -> None:
    (item,) = alternatives.normalise([offer(delta=-7, reasons=notes)], "EN")
    assert item["reasons"] == expected


@pytest.mark.parametrize(
    "where",
    [
        {"answer": json.dumps({"alternatives": [offer()]})},
        {"structured": {"alternatives": [offer(), 3]}},
        {"cards": [{"type": "dupe_suggest", "payload": {"dupes": [], "comparables": [offer()]}}]},
        {"cards": [{"type": "product_analysis", "payload": {"competitors": {"candidates": [offer()]}}}]},
    ],
)
def test_every_place_is_read(where: dict[str, Any]) -> None:
    found = alternatives.found_in(**{"answer": None, "structured": None, "cards": [], **where})
    assert [item["product"]["name"] for item in found] == ["Other Cream"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from([
    "product", "similarity_score", "tradeoffs", "reasons", "evidence", "missing_info", "name", "sku_id",
])  # fmt: skip


@given(st.lists(st.dictionaries(KEYS, JSON, max_size=6), max_size=6))
def test_whatever_comes_leaves_lawful(raw: list[dict[str, Any]]) -> None:
    for item in alternatives.normalise(raw, "EN"):
        assert item["kind"] in alternatives.KINDS
        assert item["product"]["name"]
        assert len(item["reasons"]) <= 2
        assert all(isinstance(line, str) for line in item["tradeoffs"])
        assert item["evidence"]["science"]["key_ingredients"] is not None


def test_the_query_says_what_is_known_and_does_not_ask() -> None:
    item = {"sku": {"sku_id": "s1", "brand": "B", "name": "Cream", "price": {"usd": 3}}}
    known = Profile(
        skinType="oily", sensitivity="low", barrierStatus="healthy", goals=["acne", "pores", "tone"]
    )
    query = alternatives_query(item, "CN", profile=known, careful=False, meta={"lang": "CN"})
    assert query.startswith("Resume context")
    assert "skin type Oily; sensitivity Low; barrier Stable; goals Acne/Texture, Dark spots" in query
    assert "\nTask: Deep-scan" in query
    assert '"action_id":"chip.action.dupe_compare"' in query
    assert query.endswith("Product: B Cream")
    assert '"usd"' not in query
    careful = alternatives_query(item, "EN", profile=None, careful=True, meta={})
    assert "skin type Combo/Mixed; sensitivity Medium; barrier Impaired; goals Hydration." in careful
