"""Fixtures of every test: a real PostgreSQL per session, a migrated database per test, a service as a
process.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
import trio
from hypothesis import HealthCheck, settings

from aurora.settings import Settings
from aurora.store.embedded import Cluster, Patience
from aurora.store.migrate import migrate
from aurora.store.postgres import Database, open_database

pytest_plugins = [
    "tests.support.lawful",
    "tests.support.server",
    "tests.support.sandbox",
    "tests.support.replayed",
]

# No example fails for having taken long: the machine may be busy. In CI everybody sees the same examples.
settings.register_profile(
    "aurora", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("aurora")

# No test asserts time: a busy machine is no reason to fail.
settings.register_profile("aurora", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aurora")

TEMPLATE = "aurora_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _loggers_of_the_moment() -> Iterator[None]:
    """A logger of a service keeps what it was set up with first; here many services share a process."""
    configure = structlog.configure

    def uncached(**how: Any) -> None:
        configure(**{**how, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", uncached)
        yield


@pytest.fixture(autouse=True)
def _logging_as_it_was(_loggers_of_the_moment: None) -> Iterator[None]:
    """Logging that a test sets up ends with the test, whichever test comes next."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


MEMORY_FS = Path("/dev/shm")
ROOM_BYTES = 2 << 30


def _scratch() -> Path:
    """A fresh directory that every account may enter, in memory where there is room and programs may run.

    Hundreds of databases are made and dropped, each some hundreds of small files: a disk makes that several
    times as slow, and a busy disk twenty times.
    """
    home = None
    if MEMORY_FS.is_dir() and os.access(MEMORY_FS, os.W_OK):
        room = os.statvfs(MEMORY_FS)
        if room.f_bavail * room.f_frsize >= ROOM_BYTES and not room.f_flag & os.ST_NOEXEC:
            home = MEMORY_FS
    path = Path(tempfile.mkdtemp(prefix="aurora-test-", dir=home))
    path.chmod(0o711)
    return path


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state directory that the server's account can reach (pytest's own are closed to it when root)."""
    path = _scratch()
    yield path
    shutil.rmtree(path, ignore_errors=True)


class SystemCluster(Cluster):
    """The same launcher on a PostgreSQL that the system brings."""

    def __init__(self, state_dir: str, bin_dir: Path) -> None:
        super().__init__(state_dir, Patience())
        self.bin_dir = bin_dir
        self.major = bin_dir.parent.name

    def _binaries(self) -> Path:
        return self.bin_dir


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """The session's embedded PostgreSQL, as a DSN. Do not kill it; start your own."""
    path = _scratch()
    # Set by tests/store/test_other_majors.py.
    system = os.environ.get("AURORA_TEST_POSTGRES_BIN")
    cluster = SystemCluster(str(path), Path(system)) if system else Cluster(str(path), Patience())
    with cluster.owned():
        cluster.prepare()
        # Nothing here survives the session: no test of this server needs a disk that is up to date.
        with (cluster.data / "postgresql.conf").open("a") as config:
            config.write("fsync = off\nfull_page_writes = off\n")
        trio.run(cluster.start)
        try:
            yield cluster.dsn
        finally:
            trio.run(cluster.stop)
            shutil.rmtree(path, ignore_errors=True)


def in_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    head, _, query = dsn.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


def execute(dsn: str, statement: str) -> None:
    """One statement outside any trio run."""

    async def work() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(work())


@pytest.fixture(scope="session")
def template(database_url: str) -> str:
    """Name of a database with every migration applied, for `create database ... template`."""
    execute(database_url, f"create database {TEMPLATE}")

    async def prepare() -> None:
        async with open_database(in_database(database_url, TEMPLATE), Settings()) as db:
            await migrate(db)

    trio.run(prepare)
    return TEMPLATE


@pytest.fixture
def fresh_dsn(database_url: str, template: str) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    execute(database_url, f"create database {name} template {template}")
    yield in_database(database_url, name)
    execute(database_url, f"drop database {name} with (force)")


@pytest.fixture
def bare_dsn(database_url: str) -> Iterator[str]:
    """An empty database without any table."""
    name = f"bare_{os.getpid()}_{next(_numbers)}"
    execute(database_url, f"create database {name}")
    yield in_database(database_url, name)
    execute(database_url, f"drop database {name} with (force)")


@pytest.fixture
async def db(fresh_dsn: str) -> AsyncIterator[Database]:
    """The bridge, open on `fresh_dsn`."""
    async with open_database(fresh_dsn, Settings()) as database:
        yield database
