"""The same store on every PostgreSQL at hand: the embedded 18, and a system's own where one is installed.

On a machine without one (or without the account to run it) the embedded server stands for it alone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from aurora.lifetime import Account, spawn
from aurora.settings import Settings
from aurora.store.feed import read_feed
from aurora.store.migrate import migrate
from aurora.store.open import open_store, store_over
from aurora.store.postgres import Database, open_database
from aurora.store.rebuild import rebuild
from tests.conftest import execute, in_database
from tests.store.people import analysed, days, logged, moved, new, now, opened, said, somebody
from tests.store.test_rebuild import dump, live
from tests.store.test_traces import kept, turn

# As the runbook prints it.
ROLLBACK = """
DROP TABLE IF EXISTS aurora_skin_logs;
DROP TABLE IF EXISTS aurora_user_profiles;
DELETE FROM schema_migrations WHERE id = '012_aurora_bff_memory.sql';
"""


def installed() -> list[str]:
    """Directories of system servers from 15 to 18, newest first; none if root has no account to run them."""
    if os.geteuid() == 0 and not _account():
        return []
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return [str(path) for path in sorted(found, reverse=True) if path.parent.name in {"15", "16", "17", "18"}]


def _account() -> Account | None:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    return None


@pytest.fixture(scope="module", params=["embedded", *installed()])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """DSN of an empty database on each server."""
    if request.param == "embedded":
        dsn: str = request.getfixturevalue("database_url")
        yield dsn
        return
    account = _account() if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="aurora-pg-"))
    try:
        if account is not None:
            os.chown(home, account.uid, account.gid)
        data, binaries = home / "data", Path(request.param)
        become = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
        command = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "aurora",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **become)  # type: ignore[call-overload]
        options = {"listen_addresses": "", "unix_socket_directories": str(home), "fsync": "off"}
        flags = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        child = spawn(
            [str(binaries / "postgres"), "-D", str(data), *flags],
            death_signal=signal.SIGINT,
            account=account,
            cwd="/",
            stderr=subprocess.DEVNULL,
        )
        try:
            _until_ready(data / "postmaster.pid")
            yield f"postgresql://aurora@/postgres?host={quote(str(home), safe='')}"
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _until_ready(pid_file: Path) -> None:
    for _ in range(1500):
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        time.sleep(0.02)
    raise TimeoutError(f"no server on {pid_file.parent}")


@pytest.fixture
def dsn(server: str) -> Iterator[str]:
    """A database of the test's own on the server."""
    execute(server, "create database servers_test")
    yield in_database(server, "servers_test")
    execute(server, "drop database servers_test with (force)")


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


async def test_migrate_live_roll_back_rebuild_feed_and_erase(dsn: str) -> None:
    one = somebody()
    async with open_database(dsn, Settings()) as db:
        assert await migrate(db)
        await lived(db, dsn)
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
