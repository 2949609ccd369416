"""The bridge on a real server: cancellation, loss, errors, leaks."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import trio

from aurora.lifetime import CannotStartError
from aurora.settings import Settings
from aurora.store.port import StoreError
from aurora.store.postgres import Database, Lane, Target, as_store_error, open_database

if TYPE_CHECKING:
    from aurora.store.postgres import Connection

LANES: tuple[Lane, ...] = ("journal", "read", "pool", "own")


async def one(connection: Connection) -> int:
    return int(await connection.fetchval("select 1"))


async def sleepy(connection: Connection) -> None:
    await connection.execute("select pg_sleep(3)")


async def pid(connection: Connection) -> int:
    return int(await connection.fetchval("select pg_backend_pid()"))


@pytest.mark.parametrize("lane", LANES)
async def test_every_lane_answers(db: Database, lane: Lane) -> None:
    assert await db.run(one, lane=lane) == 1


async def test_dedicated_lanes_keep_their_connection_and_own_does_not(db: Database) -> None:
    for lane in ("journal", "read"):
        assert await db.run(pid, lane=lane) == await db.run(pid, lane=lane)
    assert await db.run(pid, lane="own") != await db.run(pid, lane="own")


@pytest.mark.slow
async def test_ten_thousand_pooled_reads_leave_no_objects_behind(db: Database) -> None:
    for _ in range(500):
        await db.run(one)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(10_000):
        await db.run(one)
    gc.collect()
    assert len(gc.get_objects()) - before < 500


async def test_four_hundred_cut_requests_on_a_small_pool_leave_it_whole(fresh_dsn: str) -> None:
    async with open_database(fresh_dsn, Settings(db_pool_max=4)) as db:

        async def cut_off() -> None:
            with trio.move_on_after(0.005):
                await db.run(sleepy)

        for _ in range(10):
            async with trio.open_nursery() as nursery:
                for _ in range(40):
                    nursery.start_soon(cut_off)
        with trio.fail_after(3):
            async with trio.open_nursery() as nursery:
                for _ in range(4):
                    nursery.start_soon(db.run, one)


async def test_a_unit_cut_inside_its_transaction_leaves_none_to_the_next(fresh_dsn: str) -> None:
    """Cut anywhere, also inside BEGIN and COMMIT: what is acknowledged afterwards stands."""

    async def insert(connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute("INSERT INTO aurora_streams (stream) VALUES (gen_random_uuid())")

    async def count(connection: Connection) -> int:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return int(await connection.fetchval("SELECT count(*) FROM aurora_streams WHERE prev = 0"))

    async with open_database(fresh_dsn, Settings(db_pool_max=1)) as db:
        stood = 0
        for number in range(120):
            with trio.move_on_after(number % 40 / 10_000):
                await db.run(insert)
            await db.run(insert)
            now_standing = await db.run(count)
            assert now_standing > stood
            stood = now_standing


async def test_a_cut_caller_leaves_at_once_while_a_read_settles_behind_it(db: Database) -> None:
    await db.ping()
    with trio.fail_after(1), trio.move_on_after(0.01) as scope:
        await db.run(sleepy)
    assert scope.cancelled_caught


async def test_a_cut_journal_unit_is_carried_to_its_end(db: Database) -> None:
    await db.run(lambda c: c.execute("create table kept (n int)"), lane="own")

    async def slow_write(connection: Connection) -> None:
        await connection.execute("select pg_sleep(0.2)")
        await connection.execute("insert into kept values (1)")

    with trio.move_on_after(0.05) as scope:
        await db.run(slow_write, lane="journal")
    assert scope.cancel_called
    assert await db.run(lambda c: c.fetchval("select count(*) from kept")) == 1


async def test_closing_waits_for_a_journal_unit_under_way(fresh_dsn: str) -> None:
    async with open_database(fresh_dsn, Settings()) as db:
        await db.run(lambda c: c.execute("create table kept (n int)"), lane="own")

    async def slow_write(connection: Connection) -> None:
        await connection.execute("select pg_sleep(0.2)")
        await connection.execute("insert into kept values (1)")

    with trio.move_on_after(0.1):
        async with open_database(fresh_dsn, Settings()) as db, trio.open_nursery() as nursery:
            nursery.start_soon(lambda: db.run(slow_write, lane="journal"))
    async with open_database(fresh_dsn, Settings()) as db:
        assert await db.run(lambda c: c.fetchval("select count(*) from kept")) == 1


@pytest.mark.parametrize("lane", LANES)
async def test_a_unit_that_overruns_ends_as_timed_out_and_the_lane_works_again(
    db: Database, lane: Lane
) -> None:
    async def stuck(_: Connection) -> None:
        await asyncio.Event().wait()

    with pytest.raises(StoreError) as caught:
        await db.run(stuck, lane=lane, deadline_s=0.05)
    assert (caught.value.kind, caught.value.code) == ("unavailable", "ETIMEDOUT")
    assert await db.run(one, lane=lane) == 1


@pytest.mark.parametrize("lane", ["journal", "read", "pool"])
async def test_a_lane_reopens_after_the_server_dropped_its_connection(db: Database, lane: Lane) -> None:
    victim = await db.run(pid, lane=lane)
    await db.run(lambda c: c.fetchval("select pg_terminate_backend($1, 1000)", victim), lane="own")

    async def recovered() -> int:
        while True:
            try:
                return await db.run(pid, lane=lane)
            except StoreError:
                continue

    with trio.fail_after(3):
        assert await recovered() != victim


async def test_a_unit_that_leaves_a_transaction_open_loses_its_connection(fresh_dsn: str) -> None:
    async with open_database(fresh_dsn, Settings(db_pool_max=1)) as db:

        async def forgetful(connection: Connection) -> int:
            await connection.execute("begin")
            return await pid(connection)

        assert await db.run(forgetful) != await db.run(pid)


async def test_an_error_in_a_unit_rolls_back_and_keeps_the_connection(fresh_dsn: str) -> None:
    async with open_database(fresh_dsn, Settings(db_pool_max=1)) as db:
        before = await db.run(pid)

        async def failing(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute("create table gone (n int)")
                raise LookupError("a bug of the caller")

        with pytest.raises(LookupError):
            await db.run(failing)
        assert await db.run(pid) == before
        assert await db.run(lambda c: c.fetchval("select to_regclass('gone')")) is None


@pytest.mark.parametrize(
    ("statement", "kind", "code"),
    [
        ("select * from nowhere", "schema_not_ready", "42P01"),
        ("select nothing from pg_class", "schema_not_ready", "42703"),
        ("select no_such_function()", "schema_not_ready", "42883"),
        ("select 1/0", "unavailable", "22012"),
        ("selec 1", "unavailable", "42601"),
    ],
)
async def test_sqlstates_become_the_contract_s_kinds(
    db: Database, statement: str, kind: str, code: str
) -> None:
    with pytest.raises(StoreError) as caught:
        await db.run(lambda c: c.execute(statement))
    assert (caught.value.kind, caught.value.code) == (kind, code)


@pytest.mark.parametrize("see", [frozenset({"22012"}), frozenset({"22"})])
async def test_sqlstates_the_caller_handles_itself_are_raised_as_they_are(
    db: Database, see: frozenset[str]
) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await db.run(lambda c: c.execute("select 1/0"), see=see)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(111, "refused"), ("unavailable", "ECONNREFUSED")),
        (ConnectionResetError(104, "reset"), ("unavailable", "ECONNRESET")),
        (BrokenPipeError(32, "pipe"), ("unavailable", "EPIPE")),
        (FileNotFoundError(2, "no socket"), ("unavailable", "ECONNREFUSED")),
        (TimeoutError(), ("unavailable", "ETIMEDOUT")),
        (socket.gaierror(socket.EAI_NONAME, "name"), ("unavailable", "ENOTFOUND")),
        (socket.gaierror(socket.EAI_AGAIN, "again"), ("unavailable", "EAI_AGAIN")),
        (asyncpg.InterfaceError("connection is closed"), ("unavailable", "ECONNRESET")),
        (ValueError("ours"), None),
        (KeyError("ours"), None),
    ],
)
def test_network_errors_become_the_contract_s_codes(
    error: Exception, expected: tuple[str, str] | None
) -> None:
    found = as_store_error(error)
    assert (None if found is None else (found.kind, found.code)) == expected


async def test_a_database_that_is_down_fails_the_unit_not_the_opening(state_dir: Any) -> None:
    dsn = f"postgresql://aurora@/aurora?host={state_dir}"
    async with open_database(dsn, Settings()) as db:
        with pytest.raises(StoreError) as caught:
            await db.ping()
    assert (caught.value.kind, caught.value.code) == ("unavailable", "ECONNREFUSED")


async def test_a_server_that_accepts_and_never_speaks_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = Settings(db_conn_timeout_ms=100)
        async with open_database(f"postgresql://aurora@127.0.0.1:{port}/aurora", settings) as db:
            with trio.fail_after(3), pytest.raises(StoreError) as caught:
                await db.ping()
    assert caught.value.code == "ETIMEDOUT"


async def test_the_body_s_own_error_leaves_the_bridge_unwrapped(fresh_dsn: str) -> None:
    async def body() -> None:
        async with open_database(fresh_dsn, Settings()) as db:
            await db.ping()
            raise LookupError("mine")

    with pytest.raises(LookupError):
        await body()


async def test_statements_are_limited_by_the_server(db: Database) -> None:
    async def shown(connection: Connection) -> tuple[str, str]:
        return (
            await connection.fetchval("show statement_timeout"),
            await connection.fetchval("show idle_in_transaction_session_timeout"),
        )

    assert await db.run(shown) == ("5s", "10s")


TLS_ON: list[tuple[str, dict[str, Any], ssl.VerifyMode]] = [
    ("postgresql://h/d", {"db_ssl": True}, ssl.CERT_REQUIRED),
    ("postgresql://h/d?sslmode=require", {}, ssl.CERT_REQUIRED),
    ("postgresql://h/d?sslmode=verify-ca", {}, ssl.CERT_REQUIRED),
    ("postgresql://h/d?sslmode=verify-full", {}, ssl.CERT_REQUIRED),
    ("postgresql://h/d?ssl=true", {}, ssl.CERT_REQUIRED),
    ("postgresql://h/d?ssl=true", {"db_ssl_reject_unauthorized": False}, ssl.CERT_NONE),
    ("postgresql://h/d", {"db_ssl": True, "db_ssl_reject_unauthorized": False}, ssl.CERT_NONE),
]


@pytest.mark.parametrize(("dsn", "settings", "verify"), TLS_ON)
def test_tls_when_demanded_verified_unless_told_otherwise(
    dsn: str, settings: dict[str, Any], verify: ssl.VerifyMode
) -> None:
    target = Target(dsn, Settings(**settings))
    assert isinstance(target.tls, ssl.SSLContext)
    assert target.tls.verify_mode is verify
    assert target.tls.check_hostname is (verify is ssl.CERT_REQUIRED)
    assert "ssl" not in target.dsn


@pytest.mark.parametrize(
    "dsn", ["postgres://h/d", "postgresql://h/d?sslmode=prefer", "postgresql://h/d?ssl=false"]
)
def test_no_tls_unless_demanded(dsn: str) -> None:
    assert Target(dsn, Settings()).tls is False


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://u:hunter2@h/d",
        "hunter2",
        "postgres://u:hunter2@[bad/d",
        "postgres://u:hunter2@h:99999/d",
        "postgres://u:hunter2@h:port/d",
        "postgres://u:hunter2@h/d?sslmode=require&sslrootcert=/no/such/file",
    ],
)
def test_a_url_that_is_no_postgres_url_is_refused_without_quoting_it(dsn: str) -> None:
    with pytest.raises(CannotStartError, match="DATABASE_URL") as refused:
        Target(dsn, Settings())
    assert "hunter2" not in str(refused.value)


def test_several_hosts_are_left_to_the_driver() -> None:
    assert Target("postgres://h1:1,h2:2/d", Settings()).dsn.startswith("postgres://h1:1,h2:2/d")
