"""One life with everything in it: migrate, live, roll back, rebuild, feed, retention, erasure.

Runs on the embedded server here, and on every supported server of the system in `test_other_majors`.
"""

from __future__ import annotations

from aurora.settings import Settings
from aurora.store.feed import read_feed
from aurora.store.migrate import migrate
from aurora.store.open import open_store, store_over
from aurora.store.postgres import Database, open_database
from aurora.store.rebuild import rebuild
from tests.store.people import analysed, days, logged, moved, new, now, opened, said, somebody
from tests.store.test_rebuild import dump, live
from tests.store.test_traces import kept, turn

# As the runbook prints it.
ROLLBACK = """
DROP TABLE IF EXISTS aurora_skin_logs;
DROP TABLE IF EXISTS aurora_user_profiles;
DELETE FROM schema_migrations WHERE id = '012_aurora_bff_memory.sql';
"""


async def lived(db: Database, dsn: str) -> None:
    """A life with everything in it, on a migrated database."""
    one = somebody()
    async with open_store(Settings(), dsn, clock=now) as store:
        await live(store, [somebody() for _ in range(6)], 3, 12)
        for date in days(9):
            await store.append(one, [new(one, logged(date, acne=1))])
        await store.append(
            one, [new(one, analysed("da_1", brief_id="b1", plan="ip_1")), new(one, moved("b1", token="S2"))]
        )
        await store.append(one, [new(one, logged(list(days(9))[8], acne=5))])
        store.trace(turn(one.stream))
        memory = await store.read(one, "b1")
        assert (len(memory.recent_logs), len(await store.recent_logs(one, 30))) == (7, 9)
        assert memory.artifact is not None
        assert memory.conversation is not None
    assert len(await kept(db, one.stream)) == 1


async def test_migrate_live_roll_back_rebuild_feed_and_erase(bare_dsn: str) -> None:
    one = somebody()
    async with open_database(bare_dsn, Settings()) as db:
        assert await migrate(db)
        await lived(db, bare_dsn)
        before = await dump(db)
        await db.run(lambda connection: connection.execute(ROLLBACK))
        assert await migrate(db) == ["012_aurora_bff_memory.sql"]
        assert await dump(db) == before
        assert (await rebuild(db, swap=False, clock=now)).differing == 0
        token, seen = None, 0
        while (page := await read_feed(db, token)).events:
            token, seen = page.token, seen + len(page.events)
        assert seen == await db.run(
            lambda connection: connection.fetchval("SELECT count(*) FROM aurora_events")
        )
        async with store_over(db, Settings(), clock=now) as store:
            await store.append(one, [new(one, said(region="EU")), new(one, opened())])
            await store.maintenance.once()
            await store.erase(one)
            assert (await store.read(one, None)).profile is None
