"""SIGKILL of the service and of its embedded PostgreSQL: what was acknowledged stays, nothing is left
behind.
"""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path

import httpx2
import pytest
import trio

from aurora.contract.turn import stream_of
from aurora.settings import Settings
from aurora.store.embedded import embedded_postgres
from aurora.store.embedded_home import processes_on
from aurora.store.postgres import open_database
from aurora.store.rebuild import rebuild
from tests.support.server import Server, eventually, running_server

pytestmark = [pytest.mark.chaos, pytest.mark.slow]


async def write_until_it_dies(server: Server, acknowledged: list[str]) -> None:
    """One profile after another, each of a person of its own, until the connection breaks."""
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client:
        while True:
            uid = str(uuid.uuid4())
            try:
                answer = await client.post(
                    "/v1/profile/update", json={"region": "EU"}, headers={"X-Aurora-UID": uid}
                )
            except httpx2.TransportError:
                return
            if answer.status_code == 200:
                acknowledged.append(uid)


async def more_than(things: list[str], number: int) -> None:
    async def enough() -> bool:
        return len(things) > number

    await eventually(enough, within_s=60)


async def all_there_once_and_projected(dsn: str, acknowledged: list[str]) -> None:
    streams = [stream_of("g", uid) for uid in acknowledged]
    query = "select count(*) from aurora_events where stream = any($1)"
    profiles = "select count(*) from aurora_user_profiles where stream = any($1) and region = 'EU'"
    async with open_database(dsn, Settings()) as db:
        assert await db.run(lambda c: c.fetchval(query, streams)) == len(acknowledged)
        assert await db.run(lambda c: c.fetchval(profiles, streams)) == len(acknowledged)
        assert (await rebuild(db, swap=False)).differing == 0


def postmaster(state_dir: Path) -> int:
    return int((state_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


async def test_a_killed_service_takes_its_postgres_along_and_the_next_start_has_everything(
    state_dir: Path,
) -> None:
    env = {"AURORA_STATE_DIR": str(state_dir)}
    data = state_dir / "postgres" / "data"
    acknowledged: list[str] = []
    async with running_server(env=env) as server:
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(write_until_it_dies, server, acknowledged)
            await more_than(acknowledged, 50)
            server.process.kill()

        async def gone() -> bool:
            return not processes_on(data)

        await eventually(gone)
    async with running_server(env=env):  # serves again, on the same data
        pass
    async with embedded_postgres(str(state_dir)) as dsn:
        await all_there_once_and_projected(dsn, acknowledged)


async def test_started_again_in_the_very_moment_of_the_kill(state_dir: Path) -> None:
    env = {"AURORA_STATE_DIR": str(state_dir)}
    async with running_server(env=env) as first:
        first.process.kill()
        async with running_server(env=env) as second, httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{second.url}/healthz/db")).json()["db_ready"] is True


async def test_a_killed_postgres_comes_back_under_the_running_service_with_everything(
    state_dir: Path,
) -> None:
    env = {"AURORA_STATE_DIR": str(state_dir)}
    acknowledged: list[str] = []
    async with running_server(env=env) as server:
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(write_until_it_dies, server, acknowledged)
            for _ in range(2):
                await more_than(acknowledged, len(acknowledged) + 50)
                os.kill(postmaster(state_dir), signal.SIGKILL)
            await more_than(acknowledged, len(acknowledged) + 50)
            assert await server.terminate() == 0
        assert server.said().count('"embedded_postgres_restarted"') == 2
    async with embedded_postgres(str(state_dir)) as dsn:
        await all_there_once_and_projected(dsn, acknowledged)


async def test_started_twice_the_second_is_refused_in_one_line_and_the_first_serves_on(
    state_dir: Path,
) -> None:
    env = {"AURORA_STATE_DIR": str(state_dir)}
    async with running_server(env=env) as first, running_server(env=env, wait=False) as second:
        assert await second.wait() == 1
        assert f"pid {first.process.pid}" in second.said()
        assert "AURORA_STATE_DIR" in second.said()
        assert "Traceback" not in second.said()
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{first.url}/healthz/db")).json()["db_ready"] is True
