"""Which store, and its lifetime."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aurora.lifetime import service_nursery
from aurora.settings import Settings
from aurora.store.accounts import Accounts
from aurora.store.accounts_db import DatabaseAccounts, NoDatabase
from aurora.store.durable import PostgresStore
from aurora.store.ephemeral import EphemeralStore, NotConfiguredStore
from aurora.store.port import Store
from aurora.store.postgres import Database, open_database


def utc_now() -> datetime:
    """The clock that ages things in the store."""
    return datetime.now(UTC)


def accounts_of(store: Store) -> Accounts:
    """The accounts beside a store: in its database, or the ones that are not there."""
    if isinstance(store, PostgresStore):
        return DatabaseAccounts(store.database, store.journal)
    return DatabaseAccounts(NoDatabase())


def database_of(store: Store) -> Database | None:
    """The database behind a store, if it lies in one."""
    return store.database if isinstance(store, PostgresStore) else None


@asynccontextmanager
async def open_store(
    settings: Settings, dsn: str | None, *, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Store]:
    """The store of this configuration, with its tasks running, for the body.

    Retention 0: in memory, whatever `dsn` says. No `dsn`: the store that answers NO_DATABASE. Otherwise
    PostgreSQL, reached when first needed; the schema must be migrated. On exit what was taken is written.
    """
    if settings.retention_days == 0:
        yield EphemeralStore(settings, clock)
    elif dsn is None:
        yield NotConfiguredStore()
    else:
        async with (
            open_database(dsn, settings) as database,
            store_over(database, settings, clock=clock) as store,
        ):
            yield store


@asynccontextmanager
async def store_over(
    database: Database, settings: Settings, *, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[PostgresStore]:
    """The PostgreSQL store over an open bridge (which the caller also uses for migrations)."""
    store = PostgresStore(database, settings, clock)
    async with service_nursery() as nursery:
        store.start(nursery)
        try:
            yield store
        finally:
            await store.drain()
