"""The numbers a bench prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soak.stats import Figure, median, percentile, spread, table


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 0.99, 7.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 21)], 0.99, 20.0),
        ([1.0, 2.0], 0.0, 1.0),
        ([1.0, 2.0], 1.0, 2.0),
    ],
)
def test_percentiles_are_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_at_least_that_share_lies_at_or_below_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_spread_and_a_median() -> None:
    assert (spread([3.0, 1.0, 2.0]).p50, spread([3.0, 1.0, 2.0]).high) == (2.0, 3.0)
    assert median([1.0, 4.0]) == 2.5


def test_a_table_tells_pass_from_miss_and_from_no_target() -> None:
    lines = table(
        [
            Figure(group="g", name="a", value=1234.5, unit="x", target=">= 1", ok=True),
            Figure(group="g", name="b", value=0.5, unit="x", target=">= 1", ok=False, note="why"),
            Figure(group="g", name="c", value=2, unit="x"),
        ]
    ).splitlines()[2:]
    assert lines == [
        "| g: a | 1,234 x | >= 1 | pass |  |",
        "| g: b | 0.50 x | >= 1 | MISS | why |",
        "| g: c | 2.00 x |  |  |  |",
    ]
