"""What was shown a moment ago steps back (contract D 5.5)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Shown
from aurora.rules import diversity

NOW = 10_000_000


def item(name: str) -> dict[str, Any]:
    return {"sku": {"sku_id": name.upper(), "product_id": "", "brand": "B", "name": name}}


def shown(*names: str, ago_ms: int = 1000) -> list[Shown]:
    return [Shown(key=name, at_ms=NOW - ago_ms + place) for place, name in enumerate(names)]


def order(names: str, before: list[Shown]) -> str:
    kept = diversity.varied([item(name) for name in names], before, NOW)
    return "".join(diversity.key_of(one) for one in kept)


@pytest.mark.parametrize(
    ("names", "before", "expected"),
    [
        ("abcde", [], "abcde"),
        ("abcde", shown("a", "b"), "cdea"),  # three new ones and one repeat
        ("abcd", shown("a", "b"), "cda"),
        ("abc", shown("a", "b"), "cab"),  # too few new ones: they come first, nothing is dropped
        ("ab", shown("a", "b"), "ab"),
        ("abc", shown("c", "b", "a"), "cba"),  # longest ago first
        ("abcde", shown("a", "b", ago_ms=diversity.KEPT_MS), "acdeb"),  # b was shown a millisecond later
        ("abcde", shown("a", ago_ms=diversity.KEPT_MS + 5), "abcde"),
    ],
)
def test_order(names: str, before: list[Shown], expected: str) -> None:
    assert order(names, before) == expected


def test_what_is_remembered_is_bounded_by_number_and_time() -> None:
    old = shown("x", ago_ms=diversity.KEPT_MS + 1)
    many = shown(*(f"n{number}" for number in range(40)))
    kept = diversity.remembered([*old, *many], [item("n3"), item("new")], NOW)
    assert len(kept) == diversity.MOST_KEPT
    assert [one.key for one in kept[-2:]] == ["n3", "new"]
    assert all(one.at_ms == NOW for one in kept[-2:])
    assert "x" not in {one.key for one in kept}


NAMES = st.lists(st.sampled_from("abcdefghij"), max_size=8, unique=True)


@given(NAMES, NAMES)
def test_nothing_new_is_lost_and_a_list_of_three_stays_one(names: list[str], before: list[str]) -> None:
    found = order("".join(names), shown(*before))
    assert len(found) == len(set(found))
    assert set(names) - set(before) <= set(found) <= set(names)
    assert len(found) >= min(len(names), diversity.MIN_TOTAL)
