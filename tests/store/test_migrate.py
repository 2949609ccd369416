"""The migrations runner on a real, empty database."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

import aurora
from aurora.settings import Settings
from aurora.store.facts import FactMeta
from aurora.store.migrate import LOCK, MEMORY, MigrationError, load, migrate, migrations_dir, pending
from aurora.store.port import StoreError
from aurora.store.postgres import Database, open_database

if TYPE_CHECKING:
    from aurora.store.postgres import Connection


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, sql in files.items():
        (folder / f"{name}.sql").write_text(sql)
    return folder


async def scalar(db: Database, query: str) -> object:
    return await db.run(lambda c: c.fetchval(query))


async def test_the_product_s_migrations_apply_once_in_order(bare_dsn: str) -> None:
    async with open_database(bare_dsn, Settings()) as db:
        assert await pending(db) == [file.id for file in load(migrations_dir())]
        applied = await migrate(db)
        assert applied == sorted(applied)
        assert MEMORY in applied
        assert await migrate(db) == []
        assert await pending(db) == []
        assert await scalar(db, "select count(*) from schema_migrations") == len(applied)


async def test_processes_that_start_together_migrate_once(bare_dsn: str, tmp_path: Path) -> None:
    slow = write(tmp_path, **{"001_slow": "select pg_sleep(0.3); create table once (n int);"})
    results: list[list[str]] = []

    async def one() -> None:
        async with open_database(bare_dsn, Settings()) as db:
            results.append(await migrate(db, folder=slow))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(one)
    assert sorted(results) == [[], [], [], ["001_slow.sql"]]


async def test_a_failing_file_is_rolled_back_whole_and_later_files_wait(
    bare_dsn: str, tmp_path: Path
) -> None:
    folder = write(
        tmp_path,
        **{
            "001_good": "create table good (n int)",
            "002_bad": "create table half (n int); select 1/0;",
            "003_later": "create table later (n int)",
        },
    )
    async with open_database(bare_dsn, Settings()) as db:
        with pytest.raises(MigrationError, match=r"002_bad\.sql failed \(22012\)"):
            await migrate(db, folder=folder)
        assert await scalar(db, "select to_regclass('good')") is not None
        assert await scalar(db, "select to_regclass('half')") is None
        assert await scalar(db, "select to_regclass('later')") is None
        write(folder, **{"002_bad": "create table half (n int)"})
        assert await migrate(db, folder=folder) == ["002_bad.sql", "003_later.sql"]


async def test_a_file_changed_after_it_was_applied_is_refused(bare_dsn: str, tmp_path: Path) -> None:
    folder = write(tmp_path, **{"001_a": "create table a (n int)"})
    async with open_database(bare_dsn, Settings()) as db:
        await migrate(db, folder=folder)
        write(folder, **{"001_a": "create table a (n bigint)", "002_b": "create table b (n int)"})
        with pytest.raises(MigrationError, match=r"001_a\.sql was changed"):
            await migrate(db, folder=folder)
        assert await scalar(db, "select to_regclass('b')") is None


async def test_only_numbered_sql_files_count(tmp_path: Path) -> None:
    folder = write(
        tmp_path, **{"001_a": "select 1", "notes": "select 1", "010_b": "select 1", "002_c": "select 1"}
    )
    (folder / "003_d.sql.bak").write_text("select 1")
    assert [file.id for file in load(folder)] == ["001_a.sql", "002_c.sql", "010_b.sql"]


def test_a_folder_without_migrations_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="No migrations"):
        load(tmp_path)


@pytest.mark.parametrize(
    "old",
    [
        "create table schema_migrations (id text primary key, applied_at timestamptz not null default now())",
        "create table aurora_user_profiles (aurora_uid text primary key, skin_type text)",
    ],
)
async def test_a_database_of_the_old_service_is_refused_untouched(bare_dsn: str, old: str) -> None:
    async with open_database(bare_dsn, Settings()) as db:
        await db.run(lambda c: c.execute(old))
        with pytest.raises(MigrationError, match="belongs to the service that Aurora replaces"):
            await migrate(db)
        assert await scalar(db, "select count(*) from pg_tables where schemaname = 'public'") == 1


async def test_the_lock_is_free_again_after_a_failure(bare_dsn: str, tmp_path: Path) -> None:
    folder = write(tmp_path, **{"001_bad": "selec"})
    async with open_database(bare_dsn, Settings()) as db:
        with pytest.raises(MigrationError):
            await migrate(db, folder=folder)

        async def lock(connection: Connection) -> None:
            await connection.execute("select pg_advisory_lock($1)", LOCK)

        with trio.fail_after(3):
            await db.run(lock, lane="own")


async def test_a_database_that_is_down_is_a_store_error(state_dir: Path) -> None:
    async with open_database(f"postgresql://aurora@/aurora?host={state_dir}", Settings()) as db:
        with pytest.raises(StoreError):
            await migrate(db)


META = FactMeta(request_id="r", trace_id="t", occurred_at="2026-01-02T03:04:05.000Z", uid="u")
ROLLBACK = """
DROP TABLE IF EXISTS aurora_skin_logs;
DROP TABLE IF EXISTS aurora_user_profiles;
DELETE FROM schema_migrations WHERE id = '012_aurora_bff_memory.sql';
"""


async def test_the_runbook_s_rollback_works_as_printed_and_migrating_brings_every_row_back(
    db: Database,
) -> None:
    stream, event = f"g:{'0' * 32}", uuid.uuid4()

    async def remember(connection: Connection) -> None:
        await connection.execute("insert into aurora_streams (stream, version) values ($1, 1)", stream)
        await connection.execute(
            "insert into aurora_events (stream, version, event_id, type, schema_version, data, meta) "
            "values ($1, 1, $2, 'ProfilePatched', 1, $3, $4)",
            stream,
            event,
            '{"type":"ProfilePatched","patch":{"skinType":"oily"},"source":"profile_update"}',
            msgspec.json.encode(META).decode(),
        )

    await db.run(remember)
    await db.run(lambda c: c.execute(ROLLBACK))
    assert await migrate(db) == [MEMORY]
    rows = await db.run(lambda c: c.fetch("select stream, skin_type, version from aurora_user_profiles"))
    assert [(row["stream"], row["skin_type"], row["version"]) for row in rows] == [(stream, "oily", 1)]
    assert await migrate(db) == []


def test_an_installed_wheel_brings_its_migrations_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "aurora"
    package.mkdir()
    monkeypatch.setattr(aurora, "__file__", str(package / "__init__.py"))
    assert migrations_dir() == tmp_path / "migrations"  # a checkout
    (package / "_migrations").mkdir()
    assert migrations_dir() == package / "_migrations"
