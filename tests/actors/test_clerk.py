"""The clerk: earliest deadline first, early in a burst, never early without need."""

from __future__ import annotations

import math

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from aurora.actors.clerk import LEAST_COST_MS, MOST_COST_MS, Clerk, latest_starts

FLOOR, COST, LEAD = 0.008, 0.0025, 0.4
instants = st.lists(st.floats(0, 100, allow_nan=False), max_size=60).map(sorted)


def starts_of(deadlines: list[float], lead: float = math.inf) -> list[float]:
    return latest_starts(deadlines, floor_s=FLOOR, cost_s=COST, max_lead_s=lead)


def test_a_lone_turn_starts_a_few_milliseconds_early() -> None:
    assert starts_of([10.0]) == pytest.approx([10.0 - FLOOR - COST])


def test_a_burst_is_spread_backwards_from_its_deadline() -> None:
    starts = starts_of([10.0] * 100)
    assert starts[-1] == pytest.approx(10.0 - FLOOR - COST)
    assert starts[0] == pytest.approx(10.0 - FLOOR - 100 * COST)
    assert starts[50] > 10.0 - 0.4, "the median turn of a burst of 100 is not cut more than 400 ms early"


def test_turns_that_are_far_apart_do_not_push_each_other() -> None:
    assert starts_of([1.0, 2.0, 3.0]) == pytest.approx([each - FLOOR - COST for each in (1.0, 2.0, 3.0)])


@given(instants)
def test_every_turn_has_time_to_finish_before_its_own_deadline_and_the_next_start(due: list[float]) -> None:
    starts = starts_of(due)
    for index, start in enumerate(starts):
        assert start <= due[index] - FLOOR - COST + 1e-9
        if index + 1 < len(starts):
            assert start + COST <= starts[index + 1] + 1e-9


@given(instants)
def test_no_turn_is_cut_earlier_than_the_lead_allows(due: list[float]) -> None:
    assert all(start >= each - LEAD - 1e-9 for start, each in zip(starts_of(due, LEAD), due, strict=True))


async def cut_times(
    clerk: Clerk, deadlines: list[float], *, moves: dict[int, float] | None = None
) -> list[float]:
    """When each turn was cut, on trio's clock from now, with turns entered in the given order."""
    begun = trio.current_time()
    cut_at = [math.nan] * len(deadlines)

    async def turn(index: int) -> None:
        scope = trio.CancelScope()
        due = clerk.enter(scope, begun + deadlines[index])
        with scope:
            if moves and index in moves:
                due.move(begun + moves[index])
            await trio.sleep_forever()
        cut_at[index] = trio.current_time() - begun
        due.leave()

    async with trio.open_nursery() as outer:
        await outer.start(clerk.run)
        async with trio.open_nursery() as nursery:
            for index in range(len(deadlines)):
                nursery.start_soon(turn, index)
                await trio.testing.wait_all_tasks_blocked()
        outer.cancel_scope.cancel()
    return cut_at


async def test_quiet_turns_are_cut_a_few_milliseconds_before_their_deadlines(autojump_clock: object) -> None:
    deadlines = [5.0, 1.0, 3.0]
    cut_at = await cut_times(Clerk(), deadlines)
    for deadline, cut in zip(deadlines, cut_at, strict=True):
        assert 0.009 <= deadline - cut <= 0.012


async def test_a_burst_ends_before_its_deadline(autojump_clock: object) -> None:
    cut_at = await cut_times(Clerk(), [2.0] * 100)
    assert max(cut_at) <= 2.0
    assert sorted(cut_at)[50] >= 2.0 - 0.4
    assert min(cut_at) >= 2.0 - 0.4


async def test_a_turn_entered_later_but_due_sooner_wakes_the_clerk(autojump_clock: object) -> None:
    cut_at = await cut_times(Clerk(), [60.0, 0.5])
    assert cut_at[1] == pytest.approx(0.4895, abs=0.002)
    assert cut_at[0] == pytest.approx(59.9895, abs=0.002)


@pytest.mark.parametrize("moved", [0.5, 9.0])
async def test_a_moved_turn_is_cut_at_its_new_deadline(autojump_clock: object, moved: float) -> None:
    cut_at = await cut_times(Clerk(), [3.0, 3.0], moves={1: moved})
    assert cut_at[1] == pytest.approx(moved - 0.0105, abs=0.003)
    assert cut_at[0] == pytest.approx(3.0 - 0.0105, abs=0.003)


async def test_without_a_running_task_the_scope_cuts_exactly_on_time(autojump_clock: object) -> None:
    clerk, begun = Clerk(), trio.current_time()
    scope = trio.CancelScope()
    due = clerk.enter(scope, begun + 7.0)
    with scope:
        await trio.sleep_forever()
    due.leave()
    due.leave()
    assert trio.current_time() - begun == pytest.approx(7.0)
    assert len(clerk) == 0


async def test_a_turn_that_is_over_leaves_the_book(autojump_clock: object) -> None:
    clerk = Clerk()
    async with trio.open_nursery() as nursery:
        await nursery.start(clerk.run)
        for number in range(50):
            clerk.enter(trio.CancelScope(), trio.current_time() + number % 7 + 1).leave()
        assert len(clerk) == 0
        await trio.sleep(20)
        assert clerk.cuts == 0
        nursery.cancel_scope.cancel()


async def test_the_reason_of_the_cut_is_the_budget(autojump_clock: object) -> None:
    clerk = Clerk()
    async with trio.open_nursery() as nursery:
        await nursery.start(clerk.run)
        scope = trio.CancelScope()
        clerk.enter(scope, trio.current_time() + 1)
        with scope:
            with pytest.raises(trio.Cancelled) as caught:
                await trio.sleep_forever()
            assert caught.value.reason == "budget"
        nursery.cancel_scope.cancel()


def test_the_calibrated_cost_is_bounded() -> None:
    clerk = Clerk(cost_ms=99)
    clerk.calibrate(rounds=3)
    assert LEAST_COST_MS / 1000 <= clerk.cost_s <= MOST_COST_MS / 1000


async def test_a_clerk_that_comes_late_catches_up_a_few_at_a_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    clerk = Clerk()
    begun = trio.current_time()
    scopes = [trio.CancelScope() for _ in range(40)]
    for scope in scopes:
        clerk.enter(scope, begun + 1.0)
    autojump_clock.jump(0.98)  # a loop that was busy all the time: every turn should have been cut by now
    async with trio.open_nursery() as nursery:
        await nursery.start(clerk.run)
        await trio.sleep(0.019)
        assert clerk.cuts == 40, "all of them before the deadline, four at a time every two milliseconds"
        nursery.cancel_scope.cancel()
