"""Retention: what goes, what stays, and that doing it twice changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import trio

from aurora.settings import Settings
from aurora.store.durable import PostgresStore
from aurora.store.facts import RecommendationsGiven
from aurora.store.postgres import Database
from aurora.store.rebuild import rebuild
from tests.store.people import NOW, analysed, logged, moved, new, now, said, somebody
from tests.store.test_traces import kept, partitions, turn


@asynccontextmanager
async def without_its_hours(db: Database, settings: Settings) -> AsyncIterator[PostgresStore]:
    """The store, whose maintenance runs only when the test says so."""
    store = PostgresStore(db, settings, now)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.journal.run)
        nursery.start_soon(store.reader.run)
        yield store
        await store.drain()
        nursery.cancel_scope.cancel()


async def scalar(db: Database, query: str, *values: object) -> Any:
    return await db.run(lambda connection: connection.fetchval(query, *values))


async def test_old_artifacts_plans_and_runs_go_by_an_event(db: Database) -> None:
    one, young = somebody(), somebody()
    run = RecommendationsGiven(run_id="rr_1", source="up", items=[], request={})
    async with without_its_hours(db, Settings(artifact_retention_days=90)) as store:
        await store.append(
            one,
            [new(one, fact, at=NOW - timedelta(days=92)) for fact in (analysed("da_1", plan="ip_1"), run)],
        )
        await store.append(one, [new(one, analysed("da_2", plan="ip_2"), at=NOW - timedelta(days=80))])
        await store.append(young, [new(young, analysed("da_3"), at=NOW - timedelta(days=1))])
        await store.maintenance.once()
        await store.maintenance.once()
        memory = await store.read(one, None)
    assert (
        await scalar(
            db, "SELECT string_agg(artifact_id, ' ' ORDER BY 1) FROM aurora_skin_diagnosis_artifacts"
        )
        == "da_2 da_3"
    )
    assert await scalar(db, "SELECT string_agg(plan_id, ' ') FROM aurora_ingredient_plans") == "ip_2"
    assert await scalar(db, "SELECT count(*) FROM aurora_reco_runs") == 0
    assert await scalar(db, "SELECT count(*) FROM aurora_events WHERE type = 'DiagnosisExpired'") == 1
    assert memory.profile is not None
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_profile_and_check_ins_stay_however_old(db: Database) -> None:
    one = somebody()
    async with without_its_hours(db, Settings(retention_days=1, artifact_retention_days=1)) as store:
        await store.append(
            one,
            [
                new(one, fact, at=NOW - timedelta(days=900))
                for fact in (said(region="EU"), logged("2023-09-01"))
            ],
        )
        await store.maintenance.once()
        memory = await store.read(one, None)
    assert memory.profile is not None
    assert len(memory.recent_logs) == 1


async def test_yesterday_s_conversations_go_with_the_events_that_hold_their_words(db: Database) -> None:
    one = somebody()
    async with without_its_hours(db, Settings()) as store:
        await store.append(
            one, [new(one, moved("old", interrupted="a secret"), at=NOW - timedelta(hours=30))]
        )
        await store.append(one, [new(one, moved("new", token="S2"))])
        await db.run(
            lambda connection: connection.execute(
                "UPDATE aurora_events SET recorded_at = (meta->>'occurred_at')::timestamptz"
            )
        )
        await store.maintenance.once()
        assert (await store.append(one, [new(one, said())])).versions == [3]
    assert await scalar(db, "SELECT string_agg(brief_id, ' ') FROM aurora_conversations") == "new"
    assert await scalar(db, "SELECT count(*) FROM aurora_events WHERE data::text LIKE '%secret%'") == 0
    assert await scalar(db, "SELECT count(*) FROM aurora_events") == 2
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_trace_days_are_made_ahead_and_dropped_after_their_retention(db: Database) -> None:
    one = somebody()
    async with without_its_hours(db, Settings(retention_days=2)) as store:
        store.trace(turn(one.stream, at=NOW - timedelta(days=3)))
        store.trace(turn(one.stream, at=NOW - timedelta(days=2)))
        await store.append(one, [new(one, said())])
        await store.erase(somebody())  # the same lane: afterwards the traces are written
        assert len(await kept(db, one.stream)) == 2
        await store.maintenance.once()
    assert [row["opened_at"] for row in await kept(db, one.stream)] == [NOW - timedelta(days=2)]
    assert await partitions(db) == [f"aurora_traces_{NOW + timedelta(days=n):%Y%m%d}" for n in range(-2, 4)]
