"""The breaker: a table of histories, and what must hold for any history."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.actors.breaker import TRIALS, Breaker, BreakerRules

RULES = BreakerRules(rate_pct=50, min_calls=4, window_ms=1000, open_ms=500)


def fed(history: str, *, rules: BreakerRules = RULES, gap_s: float = 0.01) -> tuple[Breaker, float]:
    """A breaker after calls that went well (`.`), badly (`x`) or were forgotten (`?`), `gap_s` apart."""
    breaker, now = Breaker(rules), 100.0
    for each in history:
        permit = breaker.permit(now)
        if permit is not None:
            if each == "?":
                breaker.forget(permit)
            else:
                breaker.record(permit, now, good=each == ".")
        now += gap_s
    return breaker, now


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ("", "closed"),
        ("xxx", "closed"),  # too few calls to judge
        ("xxxx", "open"),
        ("..xx", "open"),  # half of them
        ("...x", "closed"),
        (".....xxx", "closed"),
        ("x" * 3 + "?" * 50, "closed"),  # cut calls say nothing
        ("xxxx....", "open"),  # refused calls change nothing
    ],
)
def test_it_opens_on_the_rate_of_bad_calls(history: str, state: str) -> None:
    assert fed(history)[0].state == state


def test_old_calls_leave_the_window() -> None:
    assert fed("x" * 8, gap_s=0.3)[0].state == "open"
    assert fed("x" * 8, gap_s=0.4)[0].state == "closed", "never four calls within a second"


def test_switched_off_it_never_opens() -> None:
    assert fed("x" * 100, rules=BreakerRules(enabled=False, min_calls=1))[0].state == "closed"


def test_it_refuses_while_open_and_then_lets_a_few_calls_try() -> None:
    breaker, now = fed("xxxx")
    assert breaker.permit(now) is None
    later = now + 0.5
    trials = [breaker.permit(later) for _ in range(TRIALS + 2)]
    assert [trial is not None for trial in trials] == [True] * TRIALS + [False, False]
    assert breaker.state == "half_open"


def test_good_trials_close_it_and_one_bad_trial_opens_it_again() -> None:
    breaker, now = fed("xxxx")
    now += 0.5
    for _ in range(TRIALS):
        permit = breaker.permit(now)
        assert permit is not None
        breaker.record(permit, now, good=True)
    assert breaker.state == "closed"

    breaker, now = fed("xxxx")
    now += 0.5
    first, second = breaker.permit(now), breaker.permit(now)
    assert first is not None
    assert second is not None
    breaker.record(first, now, good=False)
    assert breaker.state == "open"
    breaker.record(second, now, good=True)
    assert breaker.permit(now + 0.4) is None, "open for its whole time, counted from the last failure"
    assert breaker.permit(now + 0.5) is not None


def test_a_trial_that_was_cut_gives_its_place_back() -> None:
    breaker, now = fed("xxxx")
    now += 0.5
    for _ in range(10):
        permit = breaker.permit(now)
        assert permit is not None
        breaker.forget(permit)


def test_calls_from_before_it_opened_do_not_judge_what_came_after() -> None:
    breaker, now = fed("")
    old = [breaker.permit(now) for _ in range(8)]
    for permit in old[:4]:
        assert permit is not None
        breaker.record(permit, now, good=False)
    assert breaker.permit(now) is None
    now += 0.5
    trial = breaker.permit(now)
    assert trial is not None
    for permit in old[4:]:
        assert permit is not None
        breaker.record(permit, now, good=False)
    assert breaker.state == "half_open"


one_call = st.tuples(st.sampled_from([".", "x", "?"]), st.floats(0, 0.7), st.integers(0, 3))


@given(st.lists(one_call, max_size=80))
def test_it_never_stays_shut_to_an_upstream_that_is_well_again(history: list[tuple[str, float, int]]) -> None:
    breaker, now, out = Breaker(RULES), 0.0, []
    for kind, gap_s, held in history:
        now += gap_s
        permit = breaker.permit(now)
        if permit is not None:
            out.append((permit, kind))
        while len(out) > held:
            held_permit, how = out.pop(0)
            if how == "?":
                breaker.forget(held_permit)
            else:
                breaker.record(held_permit, now, good=how == ".")
    for held_permit, _ in out:
        breaker.forget(held_permit)
    passed = 0
    for _ in range(TRIALS + 2):
        now += RULES.open_ms / 1000
        permit = breaker.permit(now)
        if permit is not None:
            breaker.record(permit, now, good=True)
            passed += 1
    assert passed >= TRIALS
    assert breaker.state == "closed" or breaker.permit(now) is not None
