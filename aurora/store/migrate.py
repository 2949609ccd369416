"""Migrations: `NNN_name.sql`, in lexical order, forward only, checksummed (contract A 12).

`schema_migrations(id, checksum, applied_at)` keeps the file name as id, so the runbook's rollback (drop two
tables, delete the marker) works as printed. Those tables are projections of the event log: when they are
made anew over a log that is not empty, their rows are rebuilt from it, under the same lock and before
anybody is served.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import structlog
import trio

import aurora
from aurora.lifetime import CannotStartError, service_nursery
from aurora.store.port import StoreError
from aurora.store.postgres import Database
from aurora.store.rebuild import rebuild

if TYPE_CHECKING:
    from aurora.store.postgres import Connection

LOCK = 72403119
MEMORY = "012_aurora_bff_memory.sql"
_PENDING = (
    "rebuild-pending"  # a row of schema_migrations until the rebuild is through: a crash does not lose it
)
_MARK_PENDING = "insert into schema_migrations (id, checksum) values ($1, '') on conflict do nothing"
_NAME = re.compile(r"\d+_[a-z0-9_]+\.sql")
_LOCK_WAIT_S = 120

log = structlog.get_logger(__name__)


class MigrationError(CannotStartError):
    """The database must not be migrated, or a file failed. The text is for the person at the terminal."""


class Migration(msgspec.Struct, frozen=True):
    """One file. checksum: SHA-256 of its bytes, hex."""

    id: str
    sql: str
    checksum: str


def migrations_dir() -> Path:
    """`aurora/_migrations` of an installed wheel, else `migrations/` of the checkout."""
    package = Path(aurora.__file__).parent
    packed = package / "_migrations"
    return packed if packed.is_dir() else package.parent / "migrations"


def load(folder: Path) -> list[Migration]:
    """Every migration of the folder, in order. Raises MigrationError when there is none."""
    found = [
        Migration(path.name, path.read_text("utf-8"), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.glob("*.sql"))
        if _NAME.fullmatch(path.name)
    ]
    if not found:
        raise MigrationError(f"No migrations found in {folder}.")
    return found


async def migrate(db: Database, *, folder: Path | None = None) -> list[str]:
    """Apply what is missing; answers the ids newly applied, in order.

    Holds the advisory lock for the whole run, so that processes starting together migrate once. Each file
    is a transaction of its own with its marker. Raises MigrationError (changed file, a database of the old
    service, an error in a file, the lock not free within 120 s) and StoreError (database out of reach).
    """
    files = load(folder or migrations_dir())
    async with service_nursery() as nursery:
        release = asyncio.Event()
        await nursery.start(_hold_lock, db, release)
        try:
            applied = await _apply(db, files)
            if await _rebuild_wanted(db):
                report = await rebuild(db, swap=True)
                log.info("memory_rebuilt", report=str(report))
                await _rebuild_done(db)
        finally:
            release.set()
    return applied


async def _hold_lock(
    db: Database, release: asyncio.Event, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute(f"set statement_timeout = {_LOCK_WAIT_S * 1000}")
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        task_status.started()
        await release.wait()

    try:
        await db.run(work, lane="own", see=frozenset({"57014"}))
    except asyncpg.QueryCanceledError as error:
        raise MigrationError(
            f"Another process has been migrating for {_LOCK_WAIT_S} s; giving up."
        ) from error


async def _apply(db: Database, files: list[Migration]) -> list[str]:
    async def work(connection: Connection) -> list[str]:
        await connection.execute("set statement_timeout = 0")
        await _refuse_old_service(connection)
        await connection.execute(
            "create table if not exists schema_migrations ("
            "id text primary key, checksum text not null, applied_at timestamptz not null default now())"
        )
        known = {
            row["id"]: row["checksum"] for row in await connection.fetch("select * from schema_migrations")
        }
        for file in files:
            if known.get(file.id, file.checksum) != file.checksum:
                raise MigrationError(
                    f"{file.id} was changed after it was applied. Migrations are forward only: "
                    "undo the change and write a new file."
                )
        applied: list[str] = []
        for file in files:
            if file.id in known:
                continue
            try:
                async with connection.transaction():
                    await connection.execute(file.sql)
                    await connection.execute(
                        "insert into schema_migrations (id, checksum) values ($1, $2)", file.id, file.checksum
                    )
                    if file.id == MEMORY:
                        await connection.execute(_MARK_PENDING, _PENDING)
            except asyncpg.PostgresError as error:
                raise MigrationError(f"{file.id} failed ({error.sqlstate}): {error}") from error
            applied.append(file.id)
            log.info("migration_applied", id=file.id)
        return applied

    return await db.run(work, lane="own")


async def _refuse_old_service(connection: Connection) -> None:
    """The service before this one kept `schema_migrations` without checksums and keyed profiles by UID."""
    columns = await connection.fetch(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = any(current_schemas(false)) "
        "and table_name in ('schema_migrations', 'aurora_user_profiles')"
    )
    seen: dict[str, set[str]] = {}
    for row in columns:
        seen.setdefault(row["table_name"], set()).add(row["column_name"])
    markers = "schema_migrations" in seen and "checksum" not in seen["schema_migrations"]
    tables = "aurora_user_profiles" in seen and "stream" not in seen["aurora_user_profiles"]
    if markers or tables:
        raise MigrationError(
            "This database belongs to the service that Aurora replaces; its tables cannot be taken over yet. "
            "Nothing was changed. Point DATABASE_URL to a new, empty database."
        )


async def _rebuild_wanted(db: Database) -> bool:
    """Whether the memory tables were made anew over a log that is not empty. Forgets the mark otherwise."""

    async def work(connection: Connection) -> bool:
        if not await connection.fetchval(
            "select exists (select 1 from schema_migrations where id = $1)", _PENDING
        ):
            return False
        return bool(await connection.fetchval("select exists (select 1 from aurora_events)"))

    wanted = await db.run(work)
    if not wanted:
        await _rebuild_done(db)
    return wanted


async def _rebuild_done(db: Database) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("delete from schema_migrations where id = $1", _PENDING)

    await db.run(work)


async def pending(db: Database, *, folder: Path | None = None) -> list[str]:
    """Ids that `migrate` would apply. Raises StoreError."""

    async def work(connection: Connection) -> set[str]:
        return {row["id"] for row in await connection.fetch("select id from schema_migrations")}

    try:
        known = await db.run(work)
    except StoreError as error:
        if error.kind != "schema_not_ready":
            raise
        known = set()
    return [file.id for file in load(folder or migrations_dir()) if file.id not in known]
