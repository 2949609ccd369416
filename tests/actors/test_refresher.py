"""Refreshes in the background: few at once, one a key, bounded, and over when the service is."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from aurora.actors.refresher import AT_ONCE, MOST_WAITING, REST_S, Refresh, Refresher
from tests.support.counted import counted


def refresh(key: str = "k", kind: Any = "product_refresh") -> Refresh:
    return Refresh(kind=kind, key=key, lang="EN", body={})


class Player:
    """Plays for `takes_s`, and remembers. fails: it has a bug."""

    def __init__(self, takes_s: float = 1, *, fails: bool = False) -> None:
        self.played: list[str] = []
        self.at_once = self.most_at_once = 0
        self.ended = 0
        self._takes_s = takes_s
        self._fails = fails

    async def __call__(self, refresh: Refresh) -> str:
        self.played.append(refresh.key)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await trio.sleep(self._takes_s)
            if self._fails:
                raise ZeroDivisionError
        finally:
            self.at_once -= 1
            self.ended += 1
        return "ok"


async def test_what_is_offered_is_played_in_order_two_at_once(autojump_clock: Any) -> None:
    refresher, player = Refresher(), Player()
    keys = [f"k{n}" for n in range(7)]
    assert all(refresher.offer(refresh(key)) for key in keys[:3]), "before it runs, too"
    async with trio.open_nursery() as nursery:
        await nursery.start(refresher.run, player)
        assert all(refresher.offer(refresh(key)) for key in keys[3:])
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert player.played == keys
    assert player.most_at_once == AT_ONCE == 2


async def test_a_key_waits_or_runs_once_and_rests_afterwards(autojump_clock: Any) -> None:
    refresher, player = Refresher(), Player()
    async with trio.open_nursery() as nursery:
        await nursery.start(refresher.run, player)
        assert [refresher.offer(refresh()) for _ in range(3)] == [True] * 3
        assert refresher.offer(refresh(kind="dupes_refresh")), "another kind is another refresh"
        await trio.sleep(0.5)
        assert refresher.offer(refresh()), "it runs"
        await trio.sleep(1)
        assert player.played == ["k", "k"]
        assert not refresher.offer(refresh()), "it rests"
        await trio.sleep(REST_S)
        assert refresher.offer(refresh())
        await trio.sleep(2)
        assert player.played == ["k", "k", "k"]
        nursery.cancel_scope.cancel()


async def test_the_newest_is_dropped_and_counted_when_the_queue_is_full(autojump_clock: Any) -> None:
    refresher, player = Refresher(), Player()
    series = 'aurora_knowledge_refreshes_total{kind="product_refresh",outcome="full"}'
    before = counted(series)
    told = [refresher.offer(refresh(f"k{n}")) for n in range(MOST_WAITING + 10)]
    assert told == [True] * MOST_WAITING + [False] * 10
    assert counted(series) == before + 10
    async with trio.open_nursery() as nursery:
        await nursery.start(refresher.run, player)
        await trio.sleep(1000)
        nursery.cancel_scope.cancel()
    assert player.played == [f"k{n}" for n in range(MOST_WAITING)]


async def test_a_bug_ends_one_refresh_and_nothing_else(autojump_clock: Any) -> None:
    refresher, player = Refresher(), Player(fails=True)
    series = 'aurora_knowledge_refreshes_total{kind="product_refresh",outcome="failed"}'
    before = counted(series)
    async with trio.open_nursery() as nursery:
        await nursery.start(refresher.run, player)
        for number in range(5):
            refresher.offer(refresh(f"k{number}"))
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert player.ended == 5
    assert counted(series) == before + 5


async def test_once_stopping_nothing_begins_and_what_runs_may_end(autojump_clock: Any) -> None:
    refresher, player = Refresher(), Player(takes_s=5)
    async with trio.open_nursery() as nursery:
        await nursery.start(refresher.run, player)
        for number in range(6):
            refresher.offer(refresh(f"k{number}"))
        await trio.sleep(1)
        refresher.stop()
        assert not refresher.offer(refresh("new"))
        await trio.sleep(60)
        assert player.played == ["k0", "k1"]
        assert (player.ended, player.at_once) == (2, 0)
        nursery.cancel_scope.cancel()


async def test_cancelling_ends_what_runs_at_once(autojump_clock: Any) -> None:
    refresher, player = Refresher(), Player(takes_s=3600)
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        await nursery.start(refresher.run, player)
        refresher.offer(refresh())
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert player.ended == 1
    assert trio.current_time() == began


@pytest.mark.parametrize("rounds", [1, 50])
async def test_a_queue_that_was_empty_wakes_again(rounds: int, autojump_clock: Any) -> None:
    refresher, player = Refresher(rest_s=0), Player(takes_s=0)
    async with trio.open_nursery() as nursery:
        await nursery.start(refresher.run, player)
        for number in range(rounds):
            refresher.offer(refresh(f"k{number}"))
            await trio.testing.wait_all_tasks_blocked()
        assert len(player.played) == rounds
        nursery.cancel_scope.cancel()
