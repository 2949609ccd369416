"""The global feed, against writers whose commits come late."""

from __future__ import annotations

import random

import pytest
import trio

from aurora.settings import Settings
from aurora.store.feed import PAGE_SQL, BadTokenError, read_feed
from aurora.store.open import open_store
from aurora.store.postgres import Connection, Database, open_database
from tests.store.people import logged, new, now, opened, somebody

_INSERT = """
INSERT INTO aurora_events (stream, version, event_id, type, schema_version, data, meta)
VALUES ($1, $2, gen_random_uuid(), 'OutboundOpened', 1, '{"type":"OutboundOpened","outcome":"success"}',
  '{"request_id":"r","trace_id":"t","occurred_at":"2026-03-10T12:00:00.000Z"}')"""


async def all_pages(
    db: Database, token: str | None = None, limit: int = 7
) -> tuple[list[tuple[str, int]], str | None]:
    """Everything after `token`, page by page."""
    seen: list[tuple[str, int]] = []
    while True:
        page = await read_feed(db, token, limit)
        token = page.token
        seen += [(event.stream, event.version) for event in page.events]
        if not page.events:
            return seen, token


async def test_every_event_once_in_order_of_its_stream(fresh_dsn: str) -> None:
    people = [somebody() for _ in range(5)]
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        for turn in range(6):
            for one in people:
                await store.append(one, [new(one, opened()), new(one, logged(f"2026-03-0{turn + 1}"))])
    async with open_database(fresh_dsn, Settings()) as db:
        seen, token = await all_pages(db)
        assert sorted(seen) == sorted((one.stream, version) for one in people for version in range(1, 13))
        for one in people:
            assert [version for stream, version in seen if stream == one.stream] == list(range(1, 13))
        assert await all_pages(db, token) == ([], token)


async def test_a_page_carries_facts_and_meta(fresh_dsn: str) -> None:
    one = somebody()
    fact = new(one, logged("2026-03-01", acne=2, notes="ok"))
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await store.append(one, [fact])
    async with open_database(fresh_dsn, Settings()) as db:
        (event,) = (await read_feed(db, None)).events
    assert (event.event_id, event.fact, event.meta) == (fact.event_id, fact.fact, fact.meta)


async def test_late_commits_are_never_stepped_over(fresh_dsn: str) -> None:
    """Some writers hold their transaction open while a reader polls; it must see each event exactly once."""
    writers, turns = 10, 25
    chance = random.Random(4)
    seen: list[tuple[str, int]] = []
    done = trio.Event()
    async with open_database(fresh_dsn, Settings(db_pool_max=writers + 2)) as db:

        async def write(number: int) -> None:
            for version in range(1, turns + 1):
                pause = 0.008 * chance.random() if chance.random() < 0.3 else 0.0

                async def work(connection: Connection, version: int = version, pause: float = pause) -> None:
                    async with connection.transaction():
                        await connection.execute(_INSERT, f"g:{number:032x}", version)
                        await connection.execute("select pg_sleep($1)", pause)

                await db.run(work)

        async def read() -> None:
            token: str | None = None
            while True:
                finished = done.is_set()
                page = await read_feed(db, token, 20)
                token = page.token
                seen.extend((event.stream, event.version) for event in page.events)
                if finished and not page.events:
                    return

        async with trio.open_nursery() as readers:
            readers.start_soon(read)
            async with trio.open_nursery() as nursery:
                for number in range(writers):
                    nursery.start_soon(write, number)
            done.set()
    assert len(seen) == len(set(seen)) == writers * turns


async def test_events_above_an_open_transaction_are_held_and_counted(fresh_dsn: str) -> None:
    async with open_database(fresh_dsn, Settings()) as db:
        release, begun = trio.Event(), trio.Event()

        async def slow(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute(_INSERT, "g:slow", 1)
                begun.set()
                while not release.is_set():
                    await connection.execute("select pg_sleep(0.01)")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(db.run, slow)
            await begun.wait()
            await db.run(lambda connection: connection.execute(_INSERT, "g:fast", 1))
            page = await read_feed(db, None)
            assert (page.events, page.held) == ([], 1)
            release.set()
        page = await read_feed(db, None)
        assert [event.stream for event in page.events] == ["g:slow", "g:fast"]
        assert page.held == 0


async def test_the_page_query_walks_its_index_without_sorting(fresh_dsn: str) -> None:
    async with open_database(fresh_dsn, Settings()) as db:

        async def explain(connection: Connection) -> str:
            await connection.execute(
                "INSERT INTO aurora_events (stream, version, event_id, type, schema_version, data, meta) "
                "SELECT 'g:' || n % 50, n, gen_random_uuid(), 'OutboundOpened', 1, '{}', '{}' "
                "FROM generate_series(1, 20000) n"
            )
            await connection.execute("ANALYZE aurora_events")
            rows = await connection.fetch(f"EXPLAIN {PAGE_SQL}", "5", 5, 100)
            return "\n".join(row[0] for row in rows)

        plan = await db.run(explain)
    assert "aurora_events_feed" in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("token", ["", "x", "MTox", "1:2:3", "Mjoz", "MTotMTow", "ü", "OTk6MTox"])
async def test_a_foreign_token_is_refused(fresh_dsn: str, token: str) -> None:
    async with open_database(fresh_dsn, Settings()) as db:
        with pytest.raises(BadTokenError):
            await read_feed(db, token)
