"""64 writers while connections and servers die: what was acknowledged is there, once; rows are the fold."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from aurora.contract.turn import Identity
from aurora.settings import Settings
from aurora.store.embedded import embedded_postgres
from aurora.store.feed import read_feed
from aurora.store.migrate import migrate
from aurora.store.open import open_store
from aurora.store.port import Store, StoreError
from aurora.store.postgres import Connection, Database, open_database
from aurora.store.rebuild import rebuild
from tests.store.people import logged, new, now, opened, said, somebody

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

WRITERS = 64


class Ledger:
    """What the writers were told."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, tuple[str, int]] = {}
        self.failed: Counter[str] = Counter()
        self.stop = trio.Event()
        self._reached = trio.Event()
        self._awaited: int | None = None

    def acknowledge(self, event_id: str, stream: str, version: int) -> None:
        """An append was durable."""
        self.acknowledged[event_id] = (stream, version)
        if self._awaited is not None and len(self.acknowledged) >= self._awaited:
            self._reached.set()

    async def more(self, count: int) -> None:
        """Wait for `count` more acknowledgements."""
        self._awaited, self._reached = len(self.acknowledged) + count, trio.Event()
        await self._reached.wait()


async def write(store: Store, people: list[Identity], number: int, ledger: Ledger) -> None:
    """One writer: one append after the other, whatever comes back."""
    turn = 0
    while not ledger.stop.is_set():
        one = people[(number + turn) % len(people)]
        fact = (opened(), logged(f"2026-02-{turn % 28 + 1:02d}", acne=turn % 6), said(region=f"r{turn}"))[
            turn % 3
        ]
        event = new(one, fact)
        turn += 1
        try:
            kept = await store.append(one, [event])
        except StoreError as error:
            ledger.failed[f"{error.kind} {error.code}"] += 1
            await trio.sleep(0.005)
        else:
            ledger.acknowledge(event.event_id, one.stream, kept.versions[0])


async def check(db: Database, ledger: Ledger) -> None:
    """Every acknowledged event stands once, where it was said to; no gap, no double; rows are the fold."""

    async def recorded(connection: Connection) -> list[tuple[str, str, int]]:
        rows = await connection.fetch("SELECT event_id::text, stream, version FROM aurora_events")
        return [(row[0], row[1], row[2]) for row in rows]

    rows = await db.run(recorded)
    standing = {event: (stream, version) for event, stream, version in rows}
    assert len(standing) == len(rows)
    lost = {event: place for event, place in ledger.acknowledged.items() if standing.get(event) != place}
    assert lost == {}
    by_stream: dict[str, list[int]] = {}
    for stream, version in standing.values():
        by_stream.setdefault(stream, []).append(version)
    for versions in by_stream.values():
        assert sorted(versions) == list(range(1, len(versions) + 1))
    assert (await rebuild(db, swap=False, clock=now)).differing == 0
    token, seen = None, 0
    while True:
        page = await read_feed(db, token)
        if not page.events:
            break
        token, seen = page.token, seen + len(page.events)
    assert seen == len(rows)


async def kill_backends(db: Database, times: int) -> None:
    """Terminate every other connection to databases of tests, again and again."""
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname LIKE 'test\\_%'"
    )
    for _ in range(times):
        await trio.sleep(0.15)
        await db.run(lambda connection: connection.execute(query))


async def test_killed_connections_lose_and_double_nothing(fresh_dsn: str, db: Database) -> None:
    ledger, people = Ledger(), [somebody() for _ in range(40)]
    async with open_store(Settings(), fresh_dsn, clock=now) as store, trio.open_nursery() as nursery:
        for number in range(WRITERS):
            nursery.start_soon(write, store, people, number, ledger)
        await kill_backends(db, 12)
        await trio.sleep(0.1)
        ledger.stop.set()
    assert len(ledger.acknowledged) > 500
    await check(db, ledger)


async def test_killed_connections_of_two_workers_on_the_same_streams(fresh_dsn: str, db: Database) -> None:
    ledger, people = Ledger(), [somebody() for _ in range(20)]
    async with (
        open_store(Settings(), fresh_dsn, clock=now) as first,
        open_store(Settings(), fresh_dsn, clock=now) as second,
        trio.open_nursery() as nursery,
    ):
        for number in range(WRITERS):
            nursery.start_soon(write, (first, second)[number % 2], people, number, ledger)
        await kill_backends(db, 8)
        await trio.sleep(0.1)
        ledger.stop.set()
    assert len(ledger.acknowledged) > 200
    await check(db, ledger)


@asynccontextmanager
async def own_server(state_dir: Path) -> AsyncIterator[tuple[str, Path]]:
    """A server of the test's own, supervised, with its data directory's pid file."""
    async with embedded_postgres(str(state_dir)) as dsn:
        yield dsn, state_dir / "postgres" / "data" / "postmaster.pid"


async def test_a_killed_server_loses_and_doubles_nothing(state_dir: Path) -> None:
    """SIGKILL of the postmaster, twice, under load: it recovers, the journal settles what was open."""
    ledger, people = Ledger(), [somebody() for _ in range(40)]
    async with own_server(state_dir) as (dsn, pid_file):
        async with open_database(dsn, Settings()) as db:
            await migrate(db)
        async with open_store(Settings(), dsn, clock=now) as store, trio.open_nursery() as nursery:
            for number in range(WRITERS):
                nursery.start_soon(write, store, people, number, ledger)
            killed = set()
            for _ in range(2):
                await ledger.more(500)
                postmaster = int(pid_file.read_text().split()[0])
                os.kill(postmaster, signal.SIGKILL)
                killed.add(postmaster)
                with trio.fail_after(60):
                    await trio.sleep(0.5)
                    await ledger.more(200)
            ledger.stop.set()
        async with open_database(dsn, Settings()) as db:
            await check(db, ledger)
        # Recovery may be so quick that no writer ever heard of it; that there were three servers is certain.
        assert len(killed | {int(pid_file.read_text().split()[0])}) == 3


async def test_a_server_away_is_said_at_once_and_recovery_needs_no_restart(
    fresh_dsn: str, database_url: str
) -> None:
    """The database refuses connections for a while: writes and reads say so; then all is well again."""
    one = somebody()
    async with (
        open_store(Settings(), fresh_dsn, clock=now) as store,
        open_database(database_url, Settings()) as db,
    ):
        await store.append(one, [new(one, said(region="EU"))])
        name = fresh_dsn.rpartition("/")[2].partition("?")[0]

        async def closed(allow: bool) -> None:
            await db.run(
                lambda connection: connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {allow}")
            )

        await closed(False)
        await kill_backends(db, 1)
        with pytest.raises(StoreError):
            await store.read(one, None)
        with trio.fail_after(5), pytest.raises(StoreError) as caught:
            await store.append(one, [new(one, said(region="US"))])
        assert caught.value.kind == "unavailable"
        await closed(True)
        kept = await store.append(one, [new(one, said(budgetTier="$50"))])
        memory = await store.read(one, None)
        assert memory.profile == kept.memory.profile
        assert kept.memory.profile is not None
        assert kept.memory.profile.budgetTier == "$50"
