"""Projections follow from the log: compared, brought back, and never quietly wrong."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from aurora.contract.turn import Identity, iso_ms
from aurora.settings import Settings
from aurora.store.codec import UnreadableEventError
from aurora.store.facts import DiagnosisExpired, Fact, IngredientPlanBuilt, RecommendationsGiven
from aurora.store.migrate import migrate
from aurora.store.open import open_store
from aurora.store.port import Store
from aurora.store.postgres import Connection, Database
from aurora.store.rebuild import count_streams, rebuild
from aurora.store.rows import ROWS
from tests.store.people import NOW, analysed, clicked, judged, logged, moved, new, now, opened, said, somebody


def some_fact(chance: random.Random) -> Fact:
    """Any fact, in any order."""
    number = chance.randrange(6)
    facts: list[Fact] = [
        said(goals=chance.sample(["acne", "redness", "pores"], 2), region=chance.choice(["EU", "CN"])),
        said(
            currentRoutine=chance.choice(["[AM] x", {"b": 1.50, "a": [1e22, None]}, '"q"', ["x"]]),
            goals=[],
        ),
        logged(f"2026-0{number + 1}-{chance.randrange(1, 28):02d}", acne=number, notes="so \u2028 so ☀"),
        analysed(f"da_{number}", brief_id=f"b{number}", plan=f"ip_{number}", score=chance.random()),
        IngredientPlanBuilt(
            artifact_id=f"da_{number}", plan={"plan_id": f"ip_x{number}", "intensity": "active"}
        ),
        RecommendationsGiven(
            run_id=f"rr_{number}", source="up", items=[{"slot": "am"}], request={"n": number}
        ),
        moved(f"b{number}", token="S2_DIAGNOSIS", pending={"z": 1, "a": 2}),
        DiagnosisExpired(before=iso_ms(NOW - timedelta(hours=chance.randrange(1, 90)))),
        opened(),
        judged(models={"b": [1.5, None]}, reason_tags=["wrong price"], llm_confidence=0.1),
        clicked(models="m☀", rank_position=number),
    ]
    return chance.choice(facts)


async def live(store: Store, people: list[Identity], seed: int, turns: int) -> None:
    """Turns of everybody at once, in groups as they happen to form."""
    chance = random.Random(seed)

    async def one_person(one: Identity) -> None:
        for _ in range(turns):
            at = NOW - timedelta(minutes=chance.randrange(6000))
            await store.append(
                one, [new(one, some_fact(chance), at=at) for _ in range(chance.randrange(1, 4))]
            )

    async with trio.open_nursery() as nursery:
        for one in people:
            nursery.start_soon(one_person, one)


async def dump(db: Database) -> dict[str, list[str]]:
    """Every projected row as text."""

    async def work(connection: Connection) -> dict[str, list[str]]:
        return {
            kind.table: [
                row[0] for row in await connection.fetch(f"SELECT t::text FROM {kind.table} t ORDER BY 1")
            ]
            for kind in ROWS
        }

    return await db.run(work)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_rows_made_in_groups_are_the_fold_of_the_log(fresh_dsn: str, db: Database, seed: int) -> None:
    people = [somebody(user=number % 3 == 0) for number in range(9)]
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await live(store, people, seed, 15)
    told: list[int] = []
    report = await rebuild(db, swap=False, clock=now, on_streams=told.append)
    assert (report.differing, report.differences, report.swapped) == (0, [], False)
    assert report.streams == 9
    assert told == [await count_streams(db)]
    assert report.events >= 9 * 15
    assert all(report.rows[kind.table] for kind in ROWS if kind.table != "aurora_conversations")


async def test_the_runbook_s_rollback_loses_nothing(fresh_dsn: str, db: Database) -> None:
    """DROP both tables, delete the marker, start again: every row is back, byte for byte (decision 29)."""
    people = [somebody() for _ in range(5)]
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await live(store, people, 7, 20)
    before = await dump(db)
    assert before["aurora_user_profiles"]
    assert before["aurora_skin_logs"]

    async def roll_back(connection: Connection) -> None:
        await connection.execute("DROP TABLE IF EXISTS aurora_skin_logs")
        await connection.execute("DROP TABLE IF EXISTS aurora_user_profiles")
        await connection.execute("DELETE FROM schema_migrations WHERE id = '012_aurora_bff_memory.sql'")

    await db.run(roll_back)
    assert await migrate(db) == ["012_aurora_bff_memory.sql"]
    assert await dump(db) == before
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        kept = await store.append(people[0], [new(people[0], said(region="US"))])
        assert kept.memory.profile is not None
        assert kept.memory.profile.region == "US"


_TAMPERING = {
    "different": "UPDATE aurora_user_profiles SET region = 'XX' WHERE stream = $1",
    "missing": "DELETE FROM aurora_user_profiles WHERE stream = $1",
    "extra": "INSERT INTO aurora_skin_logs (stream, log_date, id, version) VALUES ($1, '2020-01-01', 'x', 9)",
}


@pytest.mark.parametrize("what", _TAMPERING)
async def test_a_row_that_does_not_follow_is_found_and_put_right(
    fresh_dsn: str, db: Database, what: str
) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await store.append(one, [new(one, said(region="EU")), new(one, analysed("da_1", plan="ip_1"))])
    before = await dump(db)
    await db.run(lambda connection: connection.execute(_TAMPERING[what], one.stream))
    report = await rebuild(db, swap=False, clock=now)
    assert [(found.what, found.stream) for found in report.differences] == [(what, one.stream)]
    assert await dump(db) != before
    assert (await rebuild(db, swap=True, clock=now)).differing == 1
    assert await dump(db) == before
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_a_row_without_a_stream_is_found_and_removed(db: Database) -> None:
    orphan = "INSERT INTO aurora_user_profiles (stream, version) VALUES ('g:nobody', 1)"
    await db.run(lambda connection: connection.execute(orphan))
    assert (await rebuild(db, swap=False)).differences[0].what == "extra"
    await rebuild(db, swap=True)
    assert (await rebuild(db, swap=False)).differing == 0


async def test_an_unreadable_event_ends_the_rebuild_and_changes_nothing(fresh_dsn: str, db: Database) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await store.append(one, [new(one, said(region="EU")), new(one, opened())])
    future = "UPDATE aurora_events SET schema_version = 99 WHERE type = 'OutboundOpened'"
    await db.run(lambda connection: connection.execute(future))
    before = await dump(db)
    with pytest.raises(UnreadableEventError, match="OutboundOpened v99"):
        await rebuild(db, swap=True, clock=now)
    assert await dump(db) == before


async def test_a_swap_beside_writers_at_work_loses_nothing(fresh_dsn: str, db: Database) -> None:
    people = [somebody() for _ in range(6)]
    async with open_store(Settings(), fresh_dsn, clock=now) as store, trio.open_nursery() as nursery:
        nursery.start_soon(live, store, people, 11, 25)
        for _ in range(5):
            assert (await rebuild(db, swap=True, clock=now)).differing == 0
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_old_conversations_are_neither_expected_nor_kept(fresh_dsn: str, db: Database) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await store.append(one, [new(one, moved("old", token="S2"), at=NOW - timedelta(hours=25))])
        await store.append(one, [new(one, moved("new", token="S2"))])
    report = await rebuild(db, swap=False, clock=now)
    assert (report.differing, report.rows["aurora_conversations"]) == (0, 1)


async def test_no_later_migration_touches_the_memory_tables() -> None:
    """012 stands in final shape: the runbook's rollback depends on it (decision 29)."""
    folder = Path(__file__).parents[2] / "migrations"
    for path in folder.glob("*.sql"):
        text = path.read_text().lower()
        if path.name != "012_aurora_bff_memory.sql":
            for table in ("aurora_user_profiles", "aurora_skin_logs"):
                assert f"alter table {table}" not in text, path.name
                assert f"references {table}" not in text, path.name


async def test_the_memory_tables_have_every_column_of_the_contract(db: Database) -> None:
    async def columns(connection: Connection) -> dict[str, set[str]]:
        rows = await connection.fetch("SELECT table_name, column_name FROM information_schema.columns")
        found: dict[str, set[str]] = {}
        for table, column in rows:
            found.setdefault(table, set()).add(column)
        return found

    found = await db.run(columns)
    for kind in ROWS:
        assert found[kind.table] == set(kind.__struct_fields__)
    assert found["aurora_user_profiles"] >= {
        "aurora_uid", "skin_type", "sensitivity", "barrier_status", "region", "budget_tier", "lang_pref",
        "goals", "current_routine", "contraindications", "created_at", "updated_at", "deleted_at",
        "last_analysis", "last_analysis_at", "last_analysis_lang", "itinerary", "age_band",
        "pregnancy_status", "lactation_status", "high_risk_medications", "travel_plan",
    }  # fmt: skip
    assert found["aurora_skin_logs"] >= {
        "id", "aurora_uid", "log_date", "redness", "acne", "hydration", "notes", "target_product",
        "sensation", "created_at", "updated_at",
    }  # fmt: skip


ACCOUNTS = {"aurora_users", "aurora_auth_challenges", "aurora_auth_sessions", "aurora_auth_limits"}
KNOWLEDGE = {"aurora_product_intel_kb", "aurora_dupe_kb"}


async def test_every_primary_key_starts_with_the_stream_and_nothing_refers_across(db: Database) -> None:
    async def keys(connection: Connection) -> tuple[dict[str, str], int]:
        rows = await connection.fetch(
            "SELECT c.relname, a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1] "
            "WHERE k.contype = 'p' AND (c.relname LIKE 'aurora\\_%' OR c.relname LIKE 'reco\\_%')"
        )
        foreign: Any = await connection.fetchval("SELECT count(*) FROM pg_constraint WHERE contype = 'f'")
        return {row[0]: row[1] for row in rows}, foreign

    first, foreign = await db.run(keys)
    # Who may sign in, and what is known of products, are no projections of a stream: keys of their own.
    of_streams = {table: key for table, key in first.items() if table not in ACCOUNTS | KNOWLEDGE}
    assert set(of_streams.values()) == {"stream"}
    assert {kind.table for kind in ROWS} | {
        "aurora_events",
        "aurora_streams",
        "aurora_traces",
    } <= first.keys()
    assert foreign == 0
