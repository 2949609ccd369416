"""Budgets: one deadline from arrival, children never beyond it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.actors.budget import Budget


@pytest.mark.parametrize(
    ("now", "elapsed_ms", "remaining_ms"),
    [
        (5.0, 0, 9000),
        (5.3, 300, 8700),
        (5.0009, 0, 9000),
        (14.0, 9000, 0),
        (15.5, 10500, 0),
        (4.9, 0, 9000),  # a clock that seems to run backwards gives no extra time
    ],
)
def test_times_are_whole_milliseconds_from_arrival(now: float, elapsed_ms: int, remaining_ms: int) -> None:
    budget = Budget("reco", 9000, 5.0)
    assert budget.at_ms(now) == elapsed_ms
    assert budget.remaining_ms(now) == remaining_ms


@given(
    ms=st.integers(0, 60_000),
    arrival=st.floats(0, 1e6),
    waited=st.floats(0, 100),
    cap_ms=st.integers(-5, 100_000),
)
def test_a_child_never_outlives_its_turn(ms: int, arrival: float, waited: float, cap_ms: int) -> None:
    budget = Budget("chat", ms, arrival)
    now = arrival + waited
    child = budget.capped(now, cap_ms)
    assert child <= budget.deadline
    assert cap_ms <= 0 or child <= now + cap_ms / 1000
