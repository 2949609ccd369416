"""Which product is meant: forms, answers of every shape, addresses (contract D 1.7, 2.2; D 13.4, 12)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.product_requests import names_product
from aurora.rules.product_naming import (
    Named,
    address,
    by_form,
    by_object,
    by_text,
    identifier,
    one_line,
    resembles,
)
from aurora.rules.product_parse import from_catalogue, nothing, read
from aurora.rules.product_url import guess, queries
from tests.support.linear import assert_linear

SERUM = {"sku_id": "s1", "brand": "Dewfield", "name": "Even Serum"}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(
    ["product", "parse", "products", "anchor_product", "confidence", "missing_info", "name", "brand", "price"]
)
PARSES = st.dictionaries(KEYS, JSON, max_size=6)


# --- forms


@pytest.mark.parametrize(
    ("body", "text", "anchor_id", "url", "words"),
    [
        ({"name": "Plain  Cream\n"}, "Plain Cream", "", "", "Plain Cream"),
        ({"product": SERUM}, "Dewfield Even Serum", "s1", "", "Dewfield Even Serum"),
        ({"product": {"productId": "p1"}}, "p1", "p1", "", "p1"),
        ({"product": {"skuId": "k", "product_id": "p"}}, "k", "k", "", "k"),
        ({"product": {"product_id": 42, "title": "T"}}, "T", "42", "", "T"),
        ({"product": {"product": SERUM}}, "Dewfield Even Serum", "s1", "", "Dewfield Even Serum"),
        ({"url": "https://a.example/x"}, "https://a.example/x", "", "https://a.example/x", ""),
        (
            {"url": "https://a.example/x", "name": "Cream"},
            "https://a.example/x", "", "https://a.example/x", "Cream",
        ),
        ({"product": {"url": "https://a.example/x"}}, "https://a.example/x", "", "https://a.example/x", ""),
        ({"product": {"brand": "Dewfield", "name": "Dewfield Oil"}}, "Dewfield Oil", "", "", "Dewfield Oil"),
    ],
)  # fmt: skip
def test_a_form_names_a_product(
    body: dict[str, Any], text: str, anchor_id: str, url: str, words: str
) -> None:
    named = by_form(body)
    assert (named.text, named.anchor_id, named.url, named.words) == (text, anchor_id, url, words)


def test_words_become_one_line_of_bounded_length() -> None:
    assert one_line("a\u0000b\r\n\u2028c \u202ed") == "a b c d"
    assert len(one_line("面霜 " * 5000)) <= 600
    assert by_text({"text": "x", "url": "https://a.example/p"}).text == "https://a.example/p"


NO_ADDRESSES = [
    "ftp://a.example", "javascript:alert(1)", "https://a b", "https://a\u202e.example/x", "http", "", None, 7,
    "https://a.example/" + "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", NO_ADDRESSES, ids=range(len(NO_ADDRESSES)))
def test_what_is_no_address(text: Any) -> None:
    assert address(text) == ""


@pytest.mark.parametrize("value", [True, None, "a b", "x" * 201, "a\nb", {}, 1.5])
def test_what_is_no_identifier(value: Any) -> None:
    assert identifier(value) == ""


@given(JSON)
def test_any_object_is_read_and_what_names_a_product_has_words(value: Any) -> None:
    named = by_object(value)
    assert "\n" not in named.text
    if names_product(value) and not named.text:
        # Only what is not a word at all: invisible signs, an address we do not visit, an endless id.
        assert all(not one_line(value.get(key)) for key in ("name", "display_name", "title"))


# --- answers


@pytest.mark.parametrize(
    "body",
    [
        {"product": SERUM},
        {"parse": {"anchor_product": SERUM}},
        {"parse": {"product_entity": SERUM}},
        {"anchor_product": SERUM},
        {"parse": {"products": ["rubbish", {"product": SERUM}]}},
        {"candidates": [{}, SERUM]},
    ],
)
def test_a_product_is_found_wherever_it_stands(body: dict[str, Any]) -> None:
    for found in (
        read(body, None, Named(text="x")),
        read(None, f"Sure! {msgspec.json.encode(body).decode()}", Named(text="x")),
    ):
        assert found.product is not None
        assert found.product["display_name"] == "Dewfield Even Serum"
        assert found.anchor_id == "s1"
        assert found.known


def test_defect_4_missing_info_at_the_top_is_kept() -> None:
    body = {"product": SERUM, "missing_info": ["size_unknown", "Not A Code", "kb:x"]}
    assert read(body, None, Named(text="x")).codes == ["size_unknown"]


def test_an_object_without_a_product_says_so() -> None:
    found = read({"parse": {"confidence": 7}}, None, Named(text="x"))
    assert (found.product, found.confidence) == (None, 1.0)
    assert found.gaps == [("product", "upstream_missing_or_invalid")]


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        ({"usd": 12.5, "cny": "x"}, {"usd": 12.5}),
        ({"amount": 9, "currency": "eur"}, {"amount": 9, "currency": "EUR"}),
        (19.9, {"amount": 19.9, "currency": "USD"}),
        (-1, None),
        ("free", None),
        ({"usd": -3}, None),
    ],
)
def test_a_price_comes_along_if_it_is_one(price: Any, shown: Any) -> None:
    found = read({"product": {**SERUM, "price": price}}, None, Named(text="x"))
    assert (found.product or {}).get("price") == shown


def test_the_address_in_an_echoed_prompt_is_guessed_from() -> None:
    body = {"parse": {"normalized_query": "Task: Parse. Input: https://cerave.example/en/foam-cleanser"}}
    found = read(body, None, Named(text="x"))
    assert found.product == {
        "brand": "CeraVe", "name": "Foam Cleanser", "display_name": "CeraVe Foam Cleanser",
    }  # fmt: skip
    assert (found.confidence, found.known) == (0.25, False)


def test_the_catalogue_fills_what_the_answer_lacks() -> None:
    unknown = nothing(Named(text="x"))
    found = from_catalogue(unknown, {"product_id": "p", "brand": "B", "name": "N", "url": "no"}, "resolve")
    assert found.product == {
        "product_id": "p", "brand": "B", "name": "N", "display_name": "B N", "category": "product",
    }  # fmt: skip
    assert found.confidence == 0.55
    sure = read({"product": {"name": "Even Serum"}, "confidence": 0.9}, None, Named(text="x"))
    merged = from_catalogue(sure, {"product_id": "p"}, "resolve")
    assert merged.product is not None
    assert (merged.product["name"], merged.confidence) == ("Even Serum", 0.9)


@given(PARSES, st.text(max_size=60))
def test_any_answer_makes_a_lawful_card(body: dict[str, Any], text: str) -> None:
    found = read(body, text, Named(text="x", url="https://a.example/b-c"))
    msgspec.convert(found.payload(), CARD_PAYLOADS["product_parse"], strict=True)
    assert found.confidence is None or 0 <= found.confidence <= 1
    assert (found.product is not None) or ("product" in {gap for gap, _ in found.gaps})


@pytest.mark.parametrize("text", ['{"product":', "Input: http", "kb:a ", "<b>", "https://"])
def test_reading_an_answer_is_linear(text: str) -> None:
    def of(size: int) -> Any:
        told = text * (size // len(text))
        body = {"parse": {"normalized_query": told}, "product": {"name": told, "brand": told}}
        return lambda: (
            read(body, told, Named(text="x")),
            one_line(told),
            by_form({"product": {"name": told}}),
        )

    assert_linear(of)


# --- addresses


@pytest.mark.parametrize(
    ("url", "brand", "name"),
    [
        (
            "https://www.theordinary.com/en-al/multi-peptide-copper-peptides-1-serum-100625.html",
            "The Ordinary", "Multi Peptide Copper Peptides 1 Serum",
        ),
        ("https://www.boots.co.uk/cerave-foaming-cleanser-10217", "", "Cerave Foaming Cleanser"),
        ("https://shop.plain.co.uk/products/aha-bha-peel/", "Plain", "AHA BHA Peel"),
        ("https://kiehls.example/us", "", ""),
        ("https://item.tmall.com/%E9%9D%A2%E9%9C%9C", "", "面霜"),
        ("https://1.2.3.4/a-b", "", "A B"),
        ("http://[::1", "", ""),
        ("notaurl", "", ""),
    ],
)  # fmt: skip
def test_what_an_address_says(url: str, brand: str, name: str) -> None:
    found = guess(url)
    assert ((found or {}).get("brand", ""), (found or {}).get("name", "")) == (brand, name)


def test_words_to_search_for_come_best_first() -> None:
    url = "https://theordinary.example/en/niacinamide-10?q=serum"
    found = queries("", url, 6)
    assert found == ["The Ordinary Niacinamide 10", "Niacinamide 10", "serum", url]
    assert queries("Even Serum", "", 3) == ["Even Serum"]
    assert len(queries("Even Serum", url, 2)) == 2


@given(st.text(max_size=300))
def test_any_address_is_guessed_from_or_not(tail: str) -> None:
    found = guess(f"https://a.example/{tail}")
    assert found is None or (found["name"].isprintable() and len(found["name"]) <= 120)


# --- is that the one?


@pytest.mark.parametrize(
    ("typed", "found", "expected"),
    [
        ("quiet barrier cream", "Understudy Quiet Barrier Cream", True),
        ("CERAVE", "Cera Ve Moisturising Cream", True),
        ("Cera Ve", "CeraVe Lotion", True),
        ("静护面霜", "Understudy 静护屏障面霜", True),
        ("理肤泉 B5", "La Roche-Posay Cicaplast", True),
        ("", "Understudy Quiet Barrier Cream", True),
        ("SK-II", "Facial Treatment Essence", True),
        ("Retinol night serum", "MockBrand Parsed Product", False),
        ("视黄醇晚霜", "静护屏障乳", False),
        ("Niacinamide 10%", "Plain Balm", False),
    ],
)
def test_what_was_found_resembles_what_was_typed(typed: str, found: str, expected: bool) -> None:
    assert resembles(typed, found) is expected


@pytest.mark.parametrize("seed", ["abc ", "霜", "a 霜 ", "cera ve "])
def test_comparing_names_is_linear(seed: str) -> None:
    def of(size: int) -> Any:
        typed = (seed * size)[:600]
        return lambda: resembles(typed, (seed * size)[:size])

    assert_linear(of)
