"""Putting the house together: which database, which upstreams, and in which order all of it opens and
closes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TypeVar

import msgspec
import structlog
import trio

from aurora.actors.house import House, furnish
from aurora.lifetime import CannotStartError, service_nursery
from aurora.settings import Settings
from aurora.store.embedded import embedded_postgres
from aurora.store.migrate import migrate
from aurora.store.open import open_store
from aurora.store.port import StoreError
from aurora.store.postgres import open_database
from aurora.web.refreshing import player

T = TypeVar("T")

log = structlog.get_logger(__name__)


@asynccontextmanager
async def database_for(settings: Settings) -> AsyncIterator[Settings]:
    """The settings with `database_url` filled in: as configured, else the embedded server for the body.

    Empty when nothing is to be persisted (retention 0) or there is no database at all. Raises
    EmbeddedPostgresError.
    """
    if settings.retention_days == 0:
        yield msgspec.structs.replace(settings, database_url="", embedded_postgres=False)
    elif settings.database_url or not settings.embedded_postgres:
        yield settings
    else:
        began = trio.current_time()
        async with embedded_postgres(settings.state_dir) as dsn:
            log.info("embedded_postgres_ready", elapsed_ms=int((trio.current_time() - began) * 1000))
            yield msgspec.structs.replace(settings, database_url=dsn)


async def migrate_if_wanted(settings: Settings) -> list[str]:
    """Run migrations when there is a database and DB_AUTO_MIGRATE says so. Raises MigrationError,
    StoreError.
    """
    if not (settings.database_url and settings.db_auto_migrate):
        return []
    try:
        async with open_database(settings.database_url, settings) as db:
            return await migrate(db)
    except StoreError as error:
        raise CannotStartError(
            f"The database cannot be migrated: {error}. Check DATABASE_URL, or set DB_AUTO_MIGRATE=false to "
            "serve without it for now."
        ) from error


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Store, links and actors for one process; closed in the opposite order, each step logged."""
    async with service_nursery() as nursery:
        if settings.use_mock:
            from aurora.sandbox import (
                serve_sandbox,  # the one line of the product that knows the understudies
            )

            url = await nursery.start(partial(serve_sandbox, "127.0.0.1", 0))
            settings = msgspec.structs.replace(
                settings,
                decision_base_url=url,
                backend_base_url=url,
                backend_api_key=settings.backend_api_key or "sandbox",
                weather_geocoding_base_url=url,
                weather_forecast_base_url=url,
                gemini_base_url=url if settings.gemini_api_key else settings.gemini_base_url,
                openai_base_url=url if settings.openai_api_key else settings.openai_base_url,
                resend_base_url=url,
            )
        async with (
            step("store", open_store(settings, settings.database_url or None)) as store,
            step("links", furnish(settings, store, warm=True)) as house,
            service_nursery() as background,
        ):
            await background.start(house.knowledge.refresher.run, player(house))
            yield house


@asynccontextmanager
async def step(name: str, context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """`context`, with its closing timed in the log."""
    began = 0.0
    async with AsyncExitStack() as stack:
        yielded = await stack.enter_async_context(context)
        try:
            yield yielded
        finally:
            began = trio.current_time()
    log.info("shutdown_step", name=name, elapsed_ms=int((trio.current_time() - began) * 1000))
