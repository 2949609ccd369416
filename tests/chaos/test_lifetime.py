"""The service as a process: terminated, killed, with and without its database, alone and with workers."""

from __future__ import annotations

import os
import re
import signal
import sys
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
import trio

from aurora.contract.turn import stream_of
from aurora.settings import Settings
from aurora.store.embedded import Cluster, Patience
from aurora.store.postgres import Database, open_database
from tests.support.sandbox import Served
from tests.support.server import Server, eventually, running_server

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

Start = Callable[..., AbstractAsyncContextManager[Server]]
AURORA = (sys.executable, "-m", "aurora")
CHAT = {"message": "Is niacinamide gentle?"}


def client_of(server: Server, **options: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=30, **options)


def someone() -> dict[str, str]:
    return {"X-Aurora-UID": str(uuid.uuid4())}


async def patch_profile(client: httpx2.AsyncClient, headers: dict[str, str]) -> httpx2.Response:
    return await client.post("/v1/profile/update", json={"region": "EU"}, headers=headers)


async def facts_of(db: Database, uid: str) -> int:
    stream = stream_of("g", uid)
    query = "select count(*) from aurora_events where stream = $1"
    return int(await db.run(lambda connection: connection.fetchval(query, stream)))


async def region_of(db: Database, uid: str) -> object:
    stream = stream_of("g", uid)
    query = "select region from aurora_user_profiles where stream = $1"
    return await db.run(lambda connection: connection.fetchval(query, stream))


def upstream_of(sandbox: Served, **more: str) -> dict[str, str]:
    return {"AURORA_DECISION_BASE_URL": sandbox.url, "PIVOTA_BACKEND_BASE_URL": sandbox.url, **more}


async def in_flight(sandbox: Served, number: int) -> None:
    async def waiting() -> bool:
        return sum(call.ended == "open" for call in sandbox.state.calls) >= number

    await eventually(waiting)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_terminated_with_turns_in_flight_they_finish_and_the_exit_is_clean(
    aurora_server: Start, sandbox: Served, workers: str
) -> None:
    sandbox.state.script("decision", "latency=1500", times=None)
    answers: list[httpx2.Response] = []
    async with (
        aurora_server("--workers", workers, env=upstream_of(sandbox)) as server,
        client_of(server) as client,
    ):

        async def ask() -> None:
            answers.append(await client.post("/v1/chat", json=CHAT, headers=someone()))

        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(ask)
            await in_flight(sandbox, 6)
            assert await server.terminate() == 0
        with pytest.raises(OSError, match=r"refused|all attempts"):
            await trio.open_tcp_stream("127.0.0.1", server.port)
    assert [answer.status_code for answer in answers] == [200] * 6
    assert all(answer.json()["cards"] for answer in answers)


async def test_a_draining_service_is_unready_and_serves_on(aurora_server: Start) -> None:
    async with aurora_server(env={"AURORA_DRAIN_MS": "3000"}) as server, client_of(server) as client:
        assert (await client.get("/readyz")).status_code == 200
        server.process.send_signal(signal.SIGTERM)

        async def unready() -> bool:
            return (await client.get("/readyz")).status_code == 503

        await eventually(unready, within_s=2)
        assert (await client.get("/v1/session/bootstrap", headers=someone())).status_code == 200
        assert await server.wait() == 0


async def test_a_second_signal_waits_for_nobody(aurora_server: Start, sandbox: Served) -> None:
    sandbox.state.script("decision", "stall", times=None)
    async with aurora_server(env=upstream_of(sandbox)) as server, client_of(server) as client:
        ended: list[object] = []

        async def ask() -> None:
            try:
                ended.append((await client.post("/v1/chat", json=CHAT, headers=someone())).status_code)
            except httpx2.TransportError as error:
                ended.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await in_flight(sandbox, 1)
            server.process.send_signal(signal.SIGINT)

            async def stopping() -> bool:
                return '"stopping"' in server.said()

            await eventually(stopping)
            assert await server.terminate(within_s=8) == 0  # the budget of the turn is 12 s
    assert len(ended) == 1


async def test_what_was_acknowledged_before_a_kill_is_there_once(aurora_server: Start, db: Database) -> None:
    acknowledged: list[str] = []
    async with aurora_server() as server, client_of(server) as client:

        async def write_until_the_end() -> None:
            while True:
                headers = someone()
                try:
                    answer = await patch_profile(client, headers)
                except httpx2.TransportError:
                    return
                if answer.status_code == 200:
                    acknowledged.append(headers["X-Aurora-UID"])

        async with trio.open_nursery() as nursery:
            for _ in range(16):
                nursery.start_soon(write_until_the_end)
            await eventually_more_than(acknowledged, 100)
            server.process.kill()
    assert len(acknowledged) > 100
    for uid in acknowledged:
        assert await facts_of(db, uid) == 1
        assert await region_of(db, uid) == "EU"


async def eventually_more_than(things: list[str], number: int) -> None:
    async def enough() -> bool:
        return len(things) > number

    await eventually(enough, within_s=60)


async def test_a_database_that_goes_and_comes_back_is_told_and_needs_no_restart(state_dir: Path) -> None:
    cluster = Cluster(str(state_dir), Patience())
    with cluster.owned():
        cluster.prepare()
        await cluster.start()
        env = {"DATABASE_URL": cluster.dsn}
        try:
            async with running_server(env=env) as server, client_of(server) as client:
                person = someone()
                assert (await patch_profile(client, person)).status_code == 200
                await cluster.stop()

                refused = await patch_profile(client, person)
                assert refused.status_code == 503
                assert refused.json()["cards"][0]["payload"]["error"] == "DB_UNAVAILABLE"
                log = await client.post(
                    "/v1/tracker/log", json={"date": "2026-01-02", "redness": 2}, headers=person
                )
                assert log.status_code == 503
                assert (await client.get("/healthz/db")).json()["db_ready"] is False
                bootstrap = await client.get("/v1/session/bootstrap", headers=person)
                assert bootstrap.status_code == 200
                assert bootstrap.json()["cards"][0]["payload"]["db_ready"] is False
                chat = await client.post(
                    "/v1/chat", json={"message": "Recommend a moisturizer"}, headers=person
                )
                assert chat.status_code == 200
                assert chat.json()["cards"]

                await cluster.start()

                async def writes_again() -> bool:
                    return (await patch_profile(client, person)).status_code == 200

                await eventually(writes_again)
                after = (await client.get("/v1/session/bootstrap", headers=person)).json()
                assert after["cards"][0]["payload"]["db_ready"] is True
                assert after["session_patch"]["profile"]["region"] == "EU"
                assert await server.terminate() == 0
        finally:
            await cluster.stop()


async def test_without_a_database_at_the_start_migrations_say_so_and_serving_without_them_works(
    state_dir: Path,
) -> None:
    env = {"DATABASE_URL": f"postgresql://aurora@/aurora?host={state_dir}"}
    async with running_server(env=env, wait=False) as server:
        assert await server.wait() == 1
        assert "cannot be migrated" in server.said()
        assert "Traceback" not in server.said()
    async with running_server(env={**env, "DB_AUTO_MIGRATE": "false"}) as server, client_of(server) as client:
        assert (await client.get("/healthz/db")).json()["db_ready"] is False


@pytest.mark.parametrize(
    ("arguments", "env", "told"),
    [
        (("--workers", "2"), {"AURORA_BFF_RETENTION_DAYS": "0"}, "one process"),
        ((), {"DATABASE_URL": "mysql://nobody/nothing"}, "DATABASE_URL"),
        (("--host", "203.0.113.1"), {"AURORA_BFF_RETENTION_DAYS": "0"}, "Cannot listen on 203.0.113.1"),
    ],
)
async def test_what_a_person_can_act_on_is_one_line_and_exit_one(
    arguments: tuple[str, ...], env: dict[str, str], told: str
) -> None:
    async with running_server(*arguments, env=env, wait=False) as server:
        assert await server.wait() == 1
        said = server.said()
    assert told in said
    assert "Traceback" not in said


async def test_a_client_that_hangs_up_mid_turn_frees_the_upstream_at_once(
    aurora_server: Start, sandbox: Served
) -> None:
    sandbox.state.script("decision", "stall", times=None)
    async with aurora_server(env=upstream_of(sandbox)) as server:
        body = b'{"message":"Is niacinamide gentle?"}'
        head = "POST /v1/chat HTTP/1.1\r\nHost: a\r\nX-Aurora-UID: u\r\nContent-Type: application/json\r\n"
        async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
            await stream.send_all(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await in_flight(sandbox, 1)

        async def let_go() -> bool:
            return all(call.ended == "client_closed" for call in sandbox.state.calls)

        await eventually(let_go, within_s=3)  # the budget is 12 s
        async with client_of(server) as client:
            metrics = (await client.get("/metrics")).text
        assert re.search(r"^aurora_turns_in_flight(\{\})? 0", metrics, re.MULTILINE), metrics


def workers_of(server: Server) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(server.process.pid).children()
        if "worker" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE
    ]


async def test_a_killed_worker_is_replaced_and_the_others_serve_on(aurora_server: Start) -> None:
    async with aurora_server("--workers", "2") as server:
        first = workers_of(server)
        assert len(first) == 2
        first[0].send_signal(signal.SIGKILL)
        # New connections go to whoever accepts: the survivor, then also the replacement.
        for _ in range(20):
            async with client_of(server) as client:
                assert (await client.get("/healthz")).status_code == 200

        async def replaced() -> bool:
            now = {worker.pid for worker in workers_of(server)}
            return len(now) == 2 and first[0].pid not in now

        await eventually(replaced, within_s=30)
        assert '"worker_ended"' in server.said()
        assert await server.terminate() == 0


async def test_workers_share_one_truth_of_metrics(aurora_server: Start) -> None:
    async with aurora_server("--workers", "2") as server:
        seen = set()
        for _ in range(40):
            async with client_of(server) as client:  # a connection each, so that both workers get some
                answer = await client.get("/version")
                seen.add(answer.json()["started_at"])

        async def counted() -> float:
            async with client_of(server) as client:
                text = (await client.get("/metrics")).text
            found = re.findall(
                r'^pivota_http_requests_total\{[^}]*route="/version"[^}]*\} ([\d.]+)', text, re.MULTILINE
            )
            return sum(map(float, found))

        assert await counted() == 40
        assert await counted() == 40
        assert len(seen) == 2


async def test_workers_end_when_their_parent_is_killed(aurora_server: Start) -> None:
    async with aurora_server("--workers", "2") as server:
        workers = workers_of(server)
        server.process.kill()

        async def gone() -> bool:
            return not any(
                worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers
            )

        await eventually(gone, within_s=30)


async def test_the_metrics_directory_is_gone_after_the_end(aurora_server: Start) -> None:
    async with aurora_server("--workers", "2") as server:
        environ = psutil.Process(workers_of(server)[0].pid).environ()
        directory = trio.Path(environ["PROMETHEUS_MULTIPROC_DIR"])
        assert await directory.is_dir()
        assert await server.terminate() == 0
    assert not await directory.exists()


async def test_retention_zero_serves_from_memory_and_starts_no_database(state_dir: Path) -> None:
    env = {"AURORA_BFF_RETENTION_DAYS": "0", "AURORA_STATE_DIR": str(state_dir)}
    async with running_server(env=env) as server, client_of(server) as client:
        person = someone()
        assert (await patch_profile(client, person)).status_code == 200
        bootstrap = (await client.get("/v1/session/bootstrap", headers=person)).json()
        assert bootstrap["session_patch"]["profile"]["region"] == "EU"
    assert os.listdir(state_dir) == []


async def test_a_signal_during_the_start_ends_it_cleanly(state_dir: Path) -> None:
    env = {"AURORA_STATE_DIR": str(state_dir)}
    async with running_server(env=env, wait=False) as server:

        async def begun() -> bool:
            return await trio.Path(state_dir / "lock").exists()

        await eventually(begun, within_s=30)
        assert await server.terminate() in (0, -signal.SIGTERM)
    async with running_server(env=env) as server:
        assert server.url


async def test_the_schema_is_migrated_by_the_command(bare_dsn: str) -> None:
    done = await trio.run_process(
        [*AURORA, "migrate"],
        env={**os.environ, "DATABASE_URL": bare_dsn},
        capture_stdout=True,
        capture_stderr=True,
    )
    assert b"applied 012_aurora_bff_memory.sql" in done.stdout
    async with open_database(bare_dsn, Settings()) as db:
        assert await db.run(lambda c: c.fetchval("select count(*) from aurora_events")) == 0
    again = await trio.run_process(
        [*AURORA, "migrate", "--rebuild"], env={**os.environ, "DATABASE_URL": bare_dsn}, capture_stdout=True
    )
    assert b"applied" not in again.stdout
    assert b"rebuilt" in again.stdout


async def test_the_doctor_names_what_is_wrong_and_no_secret(bare_dsn: str) -> None:
    env = {
        **os.environ,
        "DATABASE_URL": bare_dsn,
        "PIVOTA_API_KEY": "s3cret-key",
        "POSTHOG_API_KEY": "s3cret-too",
    }
    env["AURORA_DECISION_BASE_URL"] = "http://127.0.0.1:1"
    done = await trio.run_process([*AURORA, "doctor"], env=env, capture_stdout=True, check=False)
    text = done.stdout.decode()
    assert done.returncode == 1
    assert re.search(r"^BAD +decision +127\.0\.0\.1", text, re.MULTILINE)
    assert re.search(r"^ok +database +PostgreSQL 18", text, re.MULTILINE)
    assert "012_aurora_bff_memory.sql" in text
    assert "s3cret" not in text
