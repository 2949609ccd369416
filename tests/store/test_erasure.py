"""Erasure on a real PostgreSQL: nothing readable is left, in any table."""

from __future__ import annotations

from aurora.settings import Settings
from aurora.store.facts import RecommendationsGiven
from aurora.store.feed import read_feed
from aurora.store.open import open_store
from aurora.store.postgres import Connection, Database
from aurora.store.rebuild import rebuild
from tests.store.people import analysed, clicked, judged, logged, moved, new, now, said, somebody
from tests.store.test_traces import turn


async def everything(db: Database) -> str:
    """Every row of every table, as text."""

    async def work(connection: Connection) -> str:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        parts: list[str] = []
        for (table,) in tables:
            parts += [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{table}" t')]
        return "\n".join(parts)

    return await db.run(work)


async def test_nothing_of_an_erased_person_is_left_but_a_counter(fresh_dsn: str, db: Database) -> None:
    one, other = somebody(user=True), somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        for each, word in ((one, "SECRET"), (other, "KEPT")):
            run = RecommendationsGiven(
                run_id=f"rr_{word}", source="up", items=[{"n": word}], request={"q": word}
            )
            facts = (
                said(region=word),
                logged("2026-03-01", notes=word),
                analysed(f"da_{word}", plan=f"ip_{word}"),
                run,
                moved("b1", interrupted=word),
                judged(word),
                clicked(word),
            )
            await store.append(each, [new(each, fact) for fact in facts])
            store.trace(turn(each.stream, events=[{"t": "opened", "text": word}]))
        await store.erase(somebody())  # the same lane: now the traces are written
        text = await everything(db)
        assert text.count("SECRET") >= 14
        await store.erase(one)
        store.trace(turn(one.stream, epoch=0, events=[{"t": "sent", "text": "SECRET"}]))
    text = await everything(db)
    assert "SECRET" not in text
    assert one.uid not in text
    assert one.user_id is not None
    assert one.user_id not in text
    assert text.count("KEPT") >= 14
    assert f"({one.stream},7,8,1," in text
    assert (await rebuild(db, swap=True, clock=now)).differing == 0
    assert "SECRET" not in await everything(db)
    page = await read_feed(db, None)
    assert {event.stream for event in page.events} == {other.stream}
