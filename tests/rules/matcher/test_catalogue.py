"""The catalogue file: rows that hold, rows that are named and left out, files that are refused."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.matcher.catalogue import MAX_BYTES, MAX_ROWS, NoCatalogueError, plain, read
from aurora.rules.matcher.slots import SLOTS, entry_of
from aurora.rules.text import fold
from aurora.rules.treatment import is_treatment_like
from tests.rules.matcher.shelf import SEED

GOOD = {"product_id": "p1", "name": "Plain Cream"}


def file(*rows: object, **more: object) -> bytes:
    return json.dumps({"schema": "aurora.catalogue.v1", "products": list(rows), **more}, indent=1).encode()


def test_a_bare_list_and_a_file_with_a_head_are_read_alike() -> None:
    assert read(json.dumps([GOOD]).encode()).products == read(file(GOOD)).products
    assert not read(file(GOOD)).seed
    assert read(file(GOOD, seed=True)).seed
    assert read(b"\xef\xbb\xbf" + file(GOOD)).products


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"name": "No id"}, "product_id"),
        ({"product_id": "x"}, "name"),
        ({"product_id": "x", "name": "   "}, "name"),
        ({"product_id": "two words", "name": "N"}, "product_id"),
        ({**GOOD, "product_id": "x", "risk_tag": ["acid"]}, "risk_tag"),
        ({**GOOD, "product_id": "x", "ingredient_ids": ["Salicylic Acid"]}, "ingredient_ids"),
        ({**GOOD, "product_id": "x", "ingredient_ids": "retinol"}, "ingredient_ids"),
        ({**GOOD, "product_id": "x", "price_band": "¥500"}, "price_band"),
        ({**GOOD, "product_id": "x", "slot": "serum"}, "slot"),
        ({**GOOD, "product_id": "x", "market_scope": ["us"]}, "market_scope"),
        ({**GOOD, "product_id": "x", "image_url": "javascript:alert(1)"}, "image_url"),
        ({**GOOD, "product_id": "P1"}, "row 1"),
        ("not an object", "object"),
    ],
)
def test_a_row_that_is_wrong_is_left_out_and_named(row: object, told: str) -> None:
    found = read(file(GOOD, row))
    assert [product.product_id for product in found.products] == ["p1"]
    (problem,) = found.problems
    assert problem.row == 2
    assert told in problem.what
    assert str(problem).startswith("row 2, line ")


def test_the_line_of_a_problem_is_where_the_row_begins() -> None:
    raw = b'[\n {"product_id": "a", "name": "A"},\n\n {"name": "no id"},\n {"name": "no id"}\n]'
    assert [(p.row, p.line) for p in read(raw).problems] == [(2, 4), (3, 5)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'"text"',
        b"[]",
        b'[{"name": "no id"}]',
        b'{"products": []}',
        b'{"schema": "aurora.catalogue.v2", "products": [{"product_id": "a", "name": "A"}]}',
        b'{"schema": "aurora.catalogue.v1", "products": [], "produts": []}',
        b"[" * 5000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_catalogue_is_refused_with_a_reason(raw: bytes) -> None:
    with pytest.raises(NoCatalogueError, match=r"\w"):
        read(raw)


def test_a_catalogue_is_bounded() -> None:
    with pytest.raises(NoCatalogueError, match="bytes"):
        read(b" " * (MAX_BYTES + 1))
    rows = [{"product_id": f"p{n}", "name": "N"} for n in range(MAX_ROWS + 1)]
    with pytest.raises(NoCatalogueError, match="rows"):
        read(json.dumps(rows).encode())
    assert len(read(json.dumps(rows[:-1]).encode()).products) == MAX_ROWS


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_stands_in_a_file_it_is_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(NoCatalogueError):
        assert read(raw).products


# --- the seed


def test_the_seed_says_that_it_is_made_up_and_holds_in_every_row() -> None:
    assert SEED.seed
    assert SEED.problems == ()
    assert 24 <= len(SEED.products) <= 30
    assert all(product.product_id.startswith("seed_") for product in SEED.products)


def test_the_seed_serves_every_slot_in_both_languages() -> None:
    entries = [entry_of(product) for product in SEED.products]
    for slot in SLOTS:
        assert sum(entry.slot == slot for entry in entries) >= 2, slot
    for product in SEED.products:
        assert product.title("CN") != product.title("EN")
        assert product.usage("EN")
        assert product.usage("CN")
        assert len(product.cautions("EN")) == len(product.cautions("CN"))
        assert all(
            any("一" <= sign <= "鿿" for sign in text) for text in (product.name_zh, product.usage("CN"))
        )


def test_what_is_strong_on_the_seed_is_known_to_be() -> None:
    for entry in map(entry_of, SEED.products):
        words = fold(json.dumps(plain(entry.product), ensure_ascii=False))
        names_it = any(word in words for word in ("retinol", "salicylic", "benzoyl", "ascorbic"))
        assert entry.strong or not names_it, entry.product.product_id
        if is_treatment_like({"name": entry.product.name, "ingredients": list(entry.product.ingredient_ids)}):
            assert entry.strong
