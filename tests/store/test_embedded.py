"""The embedded server's life: first start, next start, takeover, refusals. Kills are in tests/chaos."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from aurora.lifetime import Account
from aurora.settings import Settings
from aurora.store import embedded_home
from aurora.store.embedded import Cluster, Patience, embedded_postgres
from aurora.store.embedded_home import (
    EmbeddedPostgresError,
    check_reach,
    processes_on,
    server_account,
    socket_dir,
)
from aurora.store.postgres import open_database
from tests.support.server import ROOT, eventually

pytestmark = pytest.mark.slow


async def write_one(dsn: str) -> None:
    async with open_database(dsn, Settings()) as db:
        await db.run(lambda c: c.execute("create table if not exists kept (n int)"))
        await db.run(lambda c: c.execute("insert into kept values (1)"))


async def count(dsn: str) -> int:
    async with open_database(dsn, Settings()) as db:
        return int(await db.run(lambda c: c.fetchval("select count(*) from kept")))


async def test_first_start_creates_second_start_finds_the_data(state_dir: Path) -> None:
    for expected in (1, 2):
        async with embedded_postgres(str(state_dir)) as dsn:
            await write_one(dsn)
            assert await count(dsn) == expected


async def test_nothing_of_it_is_open_to_other_accounts(state_dir: Path) -> None:
    async with embedded_postgres(str(state_dir)):
        for private in ("postgres", "postgres/data", "postgres/run"):
            assert stat.S_IMODE((state_dir / private).stat().st_mode) == 0o700


async def test_the_server_never_runs_as_root(state_dir: Path) -> None:
    cluster = Cluster(str(state_dir), Patience())
    with cluster.owned():
        cluster.prepare()
        await cluster.start()
        try:
            assert cluster.child is not None
            status = await trio.Path(f"/proc/{cluster.child.pid}/status").read_text()
        finally:
            await cluster.stop()
    ids = {line.split(":")[0]: line.split(":")[1].split() for line in status.splitlines() if ":" in line}
    assert "0" not in ids["Uid"]
    if os.geteuid() == 0:
        assert "0" not in ids["Gid"]
        assert "0" not in ids["Groups"]


async def test_without_a_postgres_account_root_s_server_runs_as_nobody(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_home, "_ACCOUNTS", ("no-such-account", "nobody"))
    async with embedded_postgres(str(state_dir)) as dsn:
        await write_one(dsn)
        if os.geteuid() == 0:
            assert (state_dir / "postgres").owner() == "nobody"


def test_without_any_account_root_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_home, "_ACCOUNTS", ("no-such-account",))
    with pytest.raises(EmbeddedPostgresError, match="ordinary user"):
        server_account()


async def test_started_twice_the_second_is_told_who_runs_and_what_to_set(state_dir: Path) -> None:
    async with embedded_postgres(str(state_dir)) as dsn:
        with pytest.raises(EmbeddedPostgresError) as caught:
            async with embedded_postgres(str(state_dir)):
                pass
        assert f"pid {os.getpid()}" in str(caught.value)
        assert "AURORA_STATE_DIR" in str(caught.value)
        await write_one(dsn)  # the first is unharmed


async def test_a_lock_file_of_a_dead_process_is_taken_over(state_dir: Path) -> None:
    (state_dir / "lock").write_text(json.dumps({"pid": 4194000, "started": "2001-01-01T00:00:00"}))
    async with embedded_postgres(str(state_dir)) as dsn:
        await write_one(dsn)


async def test_a_pid_file_that_names_a_living_stranger_does_not_stop_the_start(state_dir: Path) -> None:
    async with embedded_postgres(str(state_dir)):
        pass
    sleeper = subprocess.Popen(["sleep", "60"])  # noqa: ASYNC220 - a process to point at
    try:
        stale = state_dir / "postgres" / "data" / "postmaster.pid"
        stale.write_text(f"{sleeper.pid}\n{stale.parent}\n1700000000\n5432\n\n\n\nready\n")
        with trio.fail_after(10):
            async with embedded_postgres(str(state_dir)) as dsn:
                await write_one(dsn)
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


async def test_data_of_another_major_version_is_refused_naming_both_and_left_alone(state_dir: Path) -> None:
    async with embedded_postgres(str(state_dir)):
        pass
    marker = state_dir / "postgres" / "data" / "PG_VERSION"
    marker.write_text("16\n")
    with pytest.raises(EmbeddedPostgresError, match=r"PostgreSQL 16.*PostgreSQL 18"):
        async with embedded_postgres(str(state_dir)):
            pass
    assert marker.read_text() == "16\n"


async def test_a_half_made_cluster_of_a_killed_first_start_is_made_anew(state_dir: Path) -> None:
    cluster = Cluster(str(state_dir), Patience())
    with cluster.owned():
        cluster.prepare()
    shutil.rmtree(cluster.data)
    half = cluster.data.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("1")
    async with embedded_postgres(str(state_dir)) as dsn:
        await write_one(dsn)


async def test_a_path_too_long_for_a_socket_is_no_obstacle(state_dir: Path) -> None:
    deep = state_dir / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    for path in (deep.parent, deep):
        path.chmod(0o711)
    async with embedded_postgres(str(deep)) as dsn:
        await write_one(dsn)
    assert not socket_dir(deep).exists()  # it lay outside, and nothing stays there


def test_a_directory_that_the_account_may_not_enter_is_refused_not_widened(state_dir: Path) -> None:
    closed = state_dir / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    stranger = Account("stranger", 54321, 54321)
    with pytest.raises(EmbeddedPostgresError, match="may not enter"):
        check_reach(inner, stranger)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_state_directory_that_cannot_be_made_says_what_to_set(state_dir: Path) -> None:
    (state_dir / "file").write_text("in the way")
    cluster = Cluster(str(state_dir / "file" / "below"), Patience())
    with pytest.raises(EmbeddedPostgresError, match="AURORA_STATE_DIR"), cluster.owned():
        pass


async def test_a_server_that_cannot_start_says_its_last_words(state_dir: Path) -> None:
    async with embedded_postgres(str(state_dir)):
        pass
    (state_dir / "postgres" / "data" / "postgresql.conf").write_text("no_such_setting = on\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        async with embedded_postgres(str(state_dir), patience=Patience(attempts=1)):
            pass


async def test_the_body_s_error_leaves_unwrapped_and_the_server_is_stopped(state_dir: Path) -> None:
    async def body() -> None:
        async with embedded_postgres(str(state_dir)):
            raise LookupError("mine")

    with pytest.raises(LookupError):
        await body()
    assert processes_on(state_dir / "postgres" / "data") == []


async def test_the_server_is_started_again_when_it_dies(state_dir: Path) -> None:
    async with embedded_postgres(str(state_dir)) as dsn, open_database(dsn, Settings()) as db:
        await db.ping()
        first = int((state_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(first, signal.SIGKILL)

        async def answers_from_another() -> bool:
            try:
                await db.ping()
                return (state_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0] != str(
                    first
                )
            except Exception:  # noqa: BLE001 - down for now, whatever the reason
                return False

        await eventually(answers_from_another)


ORDINARY = """
import os, sys, trio
from aurora.store.embedded import embedded_postgres
from aurora.store.postgres import open_database
from aurora.settings import Settings

async def main():
    async with embedded_postgres(sys.argv[1]) as dsn, open_database(dsn, Settings()) as db:
        print(await db.run(lambda c: c.fetchval("select 'answers as ' || current_user")), os.geteuid())

trio.run(main)
"""


def _interpreter_for(account: Account) -> str:
    """An interpreter of this version that the account can run: ours, or the system's."""
    ours = Path(sys.executable).resolve()
    for candidate in (ours, Path(f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}")):
        if candidate.exists() and all(os.stat(folder).st_mode & 0o001 for folder in candidate.parents):
            return str(candidate)
    raise AssertionError(f"no interpreter that `{account.name}` can run; run the tests as an ordinary user")


def test_it_runs_for_an_ordinary_user_from_the_wheel_itself(state_dir: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", ORDINARY, str(state_dir)]
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = server_account()
        command[0] = _interpreter_for(account)
        os.chown(state_dir, account.uid, account.gid)
        identity = {"user": account.uid, "group": account.gid, "extra_groups": []}
    packages = str(Path(pytest.__file__).parents[1])
    done = subprocess.run(
        command,
        env={"PYTHONPATH": f"{ROOT}:{packages}", "PATH": os.environ["PATH"], "HOME": str(state_dir)},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **identity,
    )
    assert "answers as aurora" in done.stdout, done.stderr
    assert not list(state_dir.glob("server-*"))  # nothing copied: the wheel is within reach
