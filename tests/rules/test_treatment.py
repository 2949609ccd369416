"""What counts as strong, and when an answer must be gentle (contract B 8.5, E 3.5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.treatment import conservative_context, is_treatment_like, mentions_treatment, numeric


@pytest.mark.parametrize(
    "text",
    [
        "Treatment", "night treatments", "Retinol 0.3%", "RETINOIDS", "retinal cream", "adapalene gel",
        "tretinoin",
        "AHA", "BHAs", "PHA toner", "salicylic_acid", "Glycolic Acid", "lactic acid", "mandelic",
        "exfoliants",
        "chemical peel", "peel pads", "resurfacing", "high-strength serum", "High Strength", "含AHA的精华",
        "视黄醇精华", "阿达帕林凝胶", "维A酸", "a醇", "果酸", "水杨酸棉片", "杏仁酸", "乳酸", "焕肤",
        "去角质", "刷酸",
    ],
)  # fmt: skip
def test_strong_words(text: str) -> None:
    assert mentions_treatment(text)
    assert is_treatment_like({"name": text})


@pytest.mark.parametrize(
    "text",
    [
        "Moisturizer", "alpha arbutin", "aloe", "galactic glow", "treat yourself", "apha", "appeal", "ahab",
        "hyaluronic acid", "ceramide", "氨基酸洁面", "玻尿酸", "神经酰胺面霜", "防晒", "", "strength",
    ],
)  # fmt: skip
def test_gentle_words(text: str) -> None:
    assert not mentions_treatment(text)
    assert not is_treatment_like({"name": text})


@pytest.mark.parametrize("holder", [None, "sku", "product"])
@pytest.mark.parametrize(
    "field",
    [
        "step", "slot", "slot_step", "slotStep", "stage", "category", "type", "product_type", "productType",
        "title",
        "name", "display_name", "displayName", "product_name", "productName", "notes", "reasons", "why",
        "key_actives", "keyActives", "active_ingredients", "activeIngredients", "ingredient", "ingredients",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "shape", [lambda t: t, lambda t: ["water", t], lambda t: {"list": [{"inci": t}]}, lambda t: {t: 1}]
)
def test_every_field_is_looked_at_in_every_shape(field: str, holder: str | None, shape: Any) -> None:
    part = {field: shape("retinol")}
    assert is_treatment_like(part if holder is None else {holder: part})


def test_other_fields_are_not_looked_at() -> None:
    assert not is_treatment_like({"pdp_open": {"query": "retinol"}, "sku": {"product_id": "retinol-1"}})


def test_a_hostile_item_does_not_hang_or_raise() -> None:
    deep: Any = "retinol"
    for _ in range(500):
        deep = [deep]
    assert not is_treatment_like({"notes": deep, "sku": 3, "product": [], "name": None, "why": 5})


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.5, 0.5), (1, 1.0), ("0.4", 0.4), (True, None), (None, None), ("x", None), ("nan", None),
    (float("inf"), None),
     (10**400, None), ([], None)],
)  # fmt: skip
def test_numbers_from_anything(value: Any, expected: float | None) -> None:
    assert numeric(value) == expected


UNSURE: list[Any] = [
    [("confidence_notice", {"reason": "low_confidence"})],
    [("note", {"confidence": {"level": "low"}})],
    [("note", {"confidence": {"level": " Medium "}})],
    [("note", {"confidence": {"level": "high", "score": 0.75}})],
    [("note", {"confidence": {"score": None}})],
    [("note", {"confidence": {"score": "0.3"}})],
    [("recommendations", {"recommendation_confidence_level": "medium"})],
    [("recommendations", {"recommendation_confidence_score": 0.6})],
]
SURE: list[Any] = [
    [],
    [("confidence_notice", {"reason": "timeout_degraded"})],
    [("note", {"confidence": {"level": "high", "score": 0.76}})],
    [("note", {"confidence": 0.2})],
    [("note", {"confidence": {"level": "unknown"}})],
    [
        (
            "recommendations",
            {"recommendation_confidence_level": "high", "recommendation_confidence_score": None},
        )
    ],
]


@pytest.mark.parametrize("cards", UNSURE)
def test_an_unsure_card_makes_the_envelope_conservative(cards: Any) -> None:
    assert conservative_context(cards, []) is not None


@pytest.mark.parametrize("cards", SURE)
def test_a_sure_envelope_is_not_conservative(cards: Any) -> None:
    assert conservative_context(cards, [("value_moment", {"low_confidence": True})]) is None


@pytest.mark.parametrize(
    ("data", "unsure"),
    [({"low_confidence": True}, True), ({"confidence_level": "low"}, True), ({"confidence_score": 0.75},
    True),
     ({"confidence_score": None}, True), ({"confidence_score": 0.8, "confidence_level": "high"}, False),
     ({}, False),
     ({"low_confidence": "yes"}, False)],
)  # fmt: skip
def test_events_tell_it_too(data: dict[str, Any], unsure: bool) -> None:
    assert (conservative_context([], [("recos_requested", data)]) is not None) is unsure


def test_the_first_unsure_node_is_handed_on() -> None:
    node = {"score": 0.5, "level": "low", "rationale": ["x"]}
    cards = [("recommendations", {"recommendation_confidence_level": "low"}), ("note", {"confidence": node})]
    assert conservative_context(cards, []) == node


@given(st.text())
def test_boundaries_are_ascii_and_case_does_not_matter(text: str) -> None:
    assert mentions_treatment(f"{text} RetiNol {text}")
