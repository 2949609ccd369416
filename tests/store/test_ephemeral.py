"""What only the stores without a database do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from aurora.settings import Settings
from aurora.store.ephemeral import EphemeralStore, NotConfiguredStore
from aurora.store.open import open_store
from aurora.store.port import StoreError
from tests.store.people import analysed, days, logged, moved, new, now, opened, said, somebody
from tests.store.test_traces import turn


def small(most: int = 200) -> EphemeralStore:
    return EphemeralStore(Settings(retention_days=0, ephemeral_max_identities=most), now)


async def test_the_identities_written_longest_ago_go_first() -> None:
    store = small(10)
    people = [somebody() for _ in range(11)]
    for one in people[:10]:
        await store.append(one, [new(one, said(region="EU"))])
    await store.read(people[1], None)  # reading does not keep anybody
    await store.append(people[0], [new(people[0], opened())])
    await store.append(people[10], [new(people[10], said(region="EU"))])
    known = [(await store.read(one, None)).profile is not None for one in people]
    assert known == [True, False, *[True] * 9]


async def test_what_one_identity_may_fill_is_bounded() -> None:
    store = small()
    one = somebody()
    for number in range(60):
        facts = (analysed(f"da_{number}", plan=f"ip_{number}"), moved(f"b{number}", token="S2"))
        await store.append(one, [new(one, fact) for fact in facts])
    for date in days(450):
        await store.append(one, [new(one, logged(date))])
    assert len(await store.recent_logs(one, 1000)) == 400
    assert (await store.read(one, "b0")).conversation is None
    assert (await store.read(one, "b59")).conversation is not None


async def test_a_failing_append_changes_nothing() -> None:
    store = small()
    one = somebody()
    await store.append(one, [new(one, said(region="EU"))])
    with pytest.raises(StoreError):
        await store.append(one, [new(one, said(region="US"))], epoch=7)
    memory = await store.read(one, None)
    assert memory.profile is not None
    assert (memory.profile.region, memory.version) == ("EU", 1)


async def test_retention_zero_opens_the_store_that_keeps_nothing_whatever_the_url() -> None:
    async with open_store(Settings(retention_days=0), "postgresql://nobody@127.0.0.1:1/none") as store:
        assert store.storage == "ephemeral"
        store.trace(turn("g:x"))
        await store.ping()


async def test_without_a_database_every_call_says_so() -> None:
    one = somebody()
    async with open_store(Settings(), None) as store:
        assert isinstance(store, NotConfiguredStore)
        store.trace(turn("g:x"))
        calls: tuple[Callable[[], Awaitable[object]], ...] = (
            lambda: store.read(one, None),
            lambda: store.recent_logs(one, 7),
            lambda: store.append(one, [new(one, opened())]),
            lambda: store.erase(one),
            store.ping,
        )
        for call in calls:
            with pytest.raises(StoreError) as caught:
                await call()
            assert (caught.value.kind, caught.value.code) == ("not_configured", "NO_DATABASE")


async def test_an_erasure_holds_even_when_its_tombstone_had_to_go() -> None:
    store = small(10)
    one = somebody()
    await store.append(one, [new(one, said(skinType="oily"))])
    before = await store.read(one, None)
    await store.erase(one)
    for _ in range(20):
        other = somebody()
        await store.append(other, [new(other, said(region="EU"), at=now() + timedelta(seconds=1))])
    for epoch in (before.epoch, None):
        with pytest.raises(StoreError) as caught:
            await store.append(one, [new(one, said(region="EU"))], epoch=epoch)
    assert caught.value.kind == "erased"
    now_read = await store.read(one, None)
    assert now_read.profile is None
    assert (await store.append(one, [new(one, said(region="EU"))], epoch=now_read.epoch)).versions == [1]
