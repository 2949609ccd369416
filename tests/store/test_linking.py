"""A device's memory taken into an account, on a real PostgreSQL: once, whole, and never after an erasure."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import trio

from aurora.contract.belongings import Belongings
from aurora.contract.memory import Memory
from aurora.contract.turn import Identity, iso_ms
from aurora.settings import Settings
from aurora.store import merging
from aurora.store.accounts_db import DatabaseAccounts
from aurora.store.durable import PostgresStore
from aurora.store.facts import DeviceLinked, GuestMerged, NewFact, RecommendationsGiven
from aurora.store.open import open_store, store_over
from aurora.store.port import StoreError
from aurora.store.postgres import Database
from aurora.store.projections import CLOSED_EPOCH
from aurora.store.rebuild import rebuild
from aurora.store.rows import LogRow
from tests.store.people import NOW, analysed, days, logged, new, now, said, somebody
from tests.store.test_rebuild import dump
from tests.store.test_traces import kept, turn

EARLIER = NOW - timedelta(hours=5)
RUN = RecommendationsGiven(run_id="rr_1", source="up", items=[{"n": "x"}], request={"q": "x"})


def account_of(device: Identity, user_id: str) -> Identity:
    """The account, as seen from a device."""
    return Identity(device.uid, user_id)


def making(account: Identity, at: datetime = NOW) -> Callable[[GuestMerged | DeviceLinked], NewFact]:
    """The facts of one sign-in."""
    names = {GuestMerged: str(uuid.uuid4()), DeviceLinked: str(uuid.uuid4())}
    return lambda fact: new(account, fact, event_id=names[type(fact)], at=at)


async def link(store: PostgresStore, device: Identity, account: Identity, at: datetime = NOW) -> Belongings:
    """Sign in, as far as memory goes."""
    accounts = DatabaseAccounts(store.database, store.journal)
    return await accounts.take_along(Identity(device.uid).stream, account.stream, making(account, at))


async def merges(db: Database, account: Identity) -> int:
    """How many merges the account's stream holds."""
    query = "SELECT count(*) FROM aurora_events WHERE stream = $1 AND type = 'GuestMerged'"
    return int(await db.run(lambda connection: connection.fetchval(query, account.stream)))


async def test_a_whole_life_comes_along_as_one_event_and_is_the_fold_of_the_log(db: Database) -> None:
    device = somebody()
    account = account_of(device, "usr_1")
    async with store_over(db, Settings(), clock=now) as store:
        for date in list(days(500)):
            await store.append(device, [new(device, logged(date, acne=1, notes=f"day {date}"), at=EARLIER)])
        life = (said(skinType="oily", goals=["acne"]), analysed("da_1", brief_id="b1", plan="ip_1"), RUN)
        await store.append(device, [new(device, fact, at=EARLIER) for fact in life])
        before = await store.read(device, "b1")

        came = await link(store, device, account)
        assert (len(came.profile), len(came.days), len(came.artifacts), len(came.plans), len(came.runs)) == (
            2, 500, 1, 1, 1,
        )  # fmt: skip
        memory = await store.read(account, "b1")
        assert (memory.profile, memory.artifact) == (before.profile, before.artifact)
        assert memory.version == 1
        logs = await store.recent_logs(account, 600)
        assert [log.date for log in logs] == list(days(500))
        assert {(log.user_id, log.aurora_uid) for log in logs} == {("usr_1", None)}

        assert (await link(store, device, account)).empty, "again takes nothing"
        assert await merges(db, account) == 1
        assert (await store.read(device, None)).profile == before.profile, "the device keeps its own"
    rows = await dump(db)
    assert (await rebuild(db, swap=False, clock=now)).differing == 0
    await db.run(lambda connection: connection.execute("DELETE FROM aurora_skin_logs"))
    await rebuild(db, swap=True, clock=now)
    assert await dump(db) == rows


async def test_newest_field_own_day_and_later_check_ins_win(db: Database) -> None:
    device = somebody()
    account = account_of(device, "usr_1")
    async with store_over(db, Settings(), clock=now) as store:
        await store.append(account, [new(account, said(skinType="dry", region="EU"), at=EARLIER)])
        await store.append(account, [new(account, logged("2026-03-09", acne=1), at=EARLIER)])
        await store.append(device, [new(device, said(skinType="oily", region="US", goals=["acne"]))])
        await store.append(account, [new(account, said(region="CN"), at=NOW + timedelta(hours=1))])
        for date in ("2026-03-08", "2026-03-09"):
            await store.append(device, [new(device, logged(date, acne=5))])
        await link(store, device, account)
        profile = (await store.read(account, None)).profile
        assert profile is not None
        assert (profile.skinType, profile.region, profile.goals) == ("oily", "CN", ["acne"])
        logs = await store.recent_logs(account, 9)
        assert [(log.date, log.acne) for log in logs] == [("2026-03-09", 1), ("2026-03-08", 5)]
        await store.append(account, [new(account, logged("2026-03-08", acne=2))])
        await store.append(device, [new(device, logged("2026-03-08", acne=4), at=NOW + timedelta(hours=9))])
        await link(store, device, account)
        assert [log.acne for log in await store.recent_logs(account, 9)] == [1, 2]
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_two_devices_at_once_in_two_workers_while_the_account_is_written(
    fresh_dsn: str, db: Database
) -> None:
    devices = [somebody(), somebody()]
    account = Identity("x", "usr_1")
    async with (
        store_over(db, Settings(), clock=now) as one,
        open_store(Settings(), fresh_dsn, clock=now) as other,
    ):
        assert isinstance(other, PostgresStore)
        stores = (one, other)
        for number, device in enumerate(devices):
            at = EARLIER + timedelta(hours=number)
            await one.append(device, [new(device, said(skinType=f"s{number}", region="EU"), at=at)])
            for date in list(days(20))[number * 5 :]:
                await one.append(device, [new(device, logged(date, acne=number), at=at)])
        await one.read(account, None)  # both workers remember an account that is empty
        await other.read(account, None)

        async def sign_in(store: PostgresStore, device: Identity) -> None:
            await link(store, device, account_of(device, "usr_1"))

        async def write() -> None:
            for number in range(3):
                await other.append(account, [new(account, said(goals=[f"g{number}"]))])

        async with trio.open_nursery() as nursery:
            for store in stores:
                for device in devices:
                    nursery.start_soon(sign_in, store, device)
            nursery.start_soon(write)
        profile = (await other.read(account, None)).profile
        assert profile is not None
        assert (profile.skinType, profile.region, profile.goals) == ("s1", "EU", ["g2"])
        logs = await other.recent_logs(account, 99)
        assert [log.date for log in logs] == list(days(20))
        assert [log.acne for log in logs] == [0] * 5 + [1] * 15
        for store in stores:
            for device in devices:
                assert (await link(store, device, account)).empty
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_what_the_account_is_told_while_it_is_decided_is_looked_at_again(db: Database) -> None:
    device = somebody()
    account = account_of(device, "usr_1")
    async with store_over(db, Settings(), clock=now) as store:
        life = (said(skinType="oily"), logged("2026-03-01", acne=5), logged("2026-03-02", acne=5))
        await store.append(device, [new(device, fact, at=EARLIER) for fact in life])
        told: list[str] = []

        class Meanwhile:
            async def append(self, stream: str, *args: Any, **how: Any) -> Any:
                if stream == account.stream and not told:
                    told.append(stream)
                    own = [new(account, said(skinType="dry")), new(account, logged("2026-03-01", acne=1))]
                    await store.append(account, own)
                return await store.journal.append(stream, *args, **how)

        journal: Any = Meanwhile()
        came = await merging.merge(db, journal, device.stream, account.stream, making(account))
        assert told
        assert (dict(came.profile), [day.date for day in came.days]) == ({}, ["2026-03-02"])
        memory = await store.read(account, None)
        assert memory.profile is not None
        assert memory.profile.skinType == "dry"
        assert [(log.date, log.acne) for log in memory.recent_logs] == [("2026-03-02", 5), ("2026-03-01", 1)]


async def test_a_worker_that_remembers_an_older_account_merges_all_the_same(
    fresh_dsn: str, db: Database
) -> None:
    device = somebody()
    account = account_of(device, "usr_1")
    async with (
        store_over(db, Settings(), clock=now) as one,
        open_store(Settings(), fresh_dsn, clock=now) as other,
    ):
        await one.append(account, [new(account, said(region="EU"))])
        await other.erase(account)
        await other.append(account, [new(account, said(region="CN"), at=NOW + timedelta(days=9000))])
        await one.append(device, [new(device, said(skinType="oily"))])
        assert not (await link(one, device, account)).empty
        profile = (await other.read(account, None)).profile
        assert profile is not None
        assert (profile.region, profile.skinType) == ("CN", "oily")


@pytest.mark.parametrize("how", ["memory", "account"])
async def test_a_merge_brings_nothing_back_that_was_erased_meanwhile(
    db: Database, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    device = somebody()
    account = account_of(device, "usr_1")
    async with store_over(db, Settings(), clock=now) as store:
        await store.append(device, [new(device, said(region="SECRET"))])
        read = merging._read_account

        async def erased_after_reading(connection: object, stream: str) -> object:
            found = await read(connection, stream)  # type: ignore[arg-type]
            statement = "SELECT aurora_erase($1)" if how == "memory" else "SELECT aurora_close($1)"
            await connection.execute(statement, stream)  # type: ignore[attr-defined]
            return found

        monkeypatch.setattr(merging, "_read_account", erased_after_reading)
        with pytest.raises(StoreError) as refused:
            await link(store, device, account)
        assert refused.value.kind == "erased"
        assert (await store.read(account, None)).profile is None


async def test_a_deleted_account_takes_nothing_any_more_whatever_a_turn_has_read(db: Database) -> None:
    account = somebody(user=True)
    assert account.user_id is not None
    later = NOW + timedelta(days=9000)
    async with store_over(db, Settings(), clock=now) as store:
        device = Identity(account.uid)
        await store.append(account, [new(account, said(region="EU"))])
        await store.append(device, [new(device, said(region="US"))])
        accounts = DatabaseAccounts(db, store.journal)
        for _ in range(2):
            await accounts.erase(account.user_id, lambda _: ())
            epoch = (await store.read(account, None)).epoch
            assert epoch >= CLOSED_EPOCH
            for told in (None, 0, 1, epoch):
                with pytest.raises(StoreError) as refused:
                    await store.append(account, [new(account, said(region="EU"), at=later)], epoch=told)
                assert refused.value.kind == "erased"
            with pytest.raises(StoreError):
                await link(store, device, account)
            store.trace(turn(account.stream, epoch=epoch))
        await store.erase(somebody())  # the same lane: now traces would have been written
    assert await kept(db, account.stream) == []
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_what_went_to_one_account_goes_to_no_other(db: Database) -> None:
    device = somebody()
    first, second = account_of(device, "usr_1"), account_of(device, "usr_2")
    async with store_over(db, Settings(), clock=now) as store:
        life = (said(skinType="oily"), logged("2026-03-01", acne=1), analysed("da_1", plan="ip_1"), RUN)
        await store.append(device, [new(device, fact, at=EARLIER) for fact in life])
        assert not (await link(store, device, first)).empty
        assert (await link(store, device, second)).empty
        assert await store.read(second, None) == Memory()
        later = NOW + timedelta(minutes=1)
        await store.append(device, [new(device, said(region="EU"), at=later)])
        came = await link(store, device, second, later)
        assert set(came.profile) == {"region"}
        assert not came.days
        assert not came.artifacts
        assert (await link(store, device, first)).empty
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


def test_what_is_too_much_for_one_event_stays_with_the_device_the_oldest_first() -> None:
    day = merging._day
    at = iso_ms(NOW)
    row = LogRow(
        stream="g:1", version=1, log_date="2026-03-01", id="i", created_at=at, updated_at=at, notes="x" * 4000
    )
    along = merging.bounded(Belongings(days=[day(row)] * 2000))
    assert 400 < len(along.days) < 600
    assert len(merging.bounded(Belongings(days=[day(row)] * 100)).days) == 100
