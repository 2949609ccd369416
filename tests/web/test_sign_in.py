"""Signing in as attackers and as people live it: nobody learns who has an account, nothing secret is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trio

from aurora import telemetry
from aurora.actors import passwords
from aurora.settings import Settings
from aurora.store.accounts_db import EXPIRED
from aurora.store.port import StoreError
from aurora.store.postgres import open_database
from aurora.web import request
from tests.support.fakes import house_for
from tests.support.sign_in import EMAIL, bearer, code_for, other_than, sign_in_settings, signed_in, verify
from tests.support.web import WebAnswer, WebClient, client_of, web

PASSWORD = "correct horse battery"
LOGIN = "/v1/auth/password/login"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock of requests that far ahead."""

    def set_ahead(by: timedelta) -> None:
        class Ahead(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + by

        monkeypatch.setattr(request, "datetime", Ahead)

    return set_ahead


async def with_password(client: WebClient, email: str = EMAIL) -> dict[str, str]:
    who = await signed_in(client, email)
    answer = await client.post("/v1/auth/password/set", {"password": PASSWORD}, headers=who)
    assert answer.status == 200
    return who


def told(answer: WebAnswer) -> dict[str, Any]:
    """Everything an answer says but its ids."""
    body = answer.json
    return {
        "status": answer.status,
        "text": answer.text,
        "payload": body["cards"][0]["payload"],
        "n": len(body),
    }


# --- who has an account stays unknown


async def test_unknown_address_no_password_and_wrong_password_are_one_answer_and_one_work(
    fresh_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[str] = []
    scrypt = passwords.scrypt_hex

    def counted(*args: Any) -> str:
        work.append(f"scrypt {args[2].n}")
        return scrypt(*args)

    async with web(sign_in_settings(), fresh_dsn) as client:
        await with_password(client)
        await signed_in(client, "bare@example.com")
        statements: list[str] = []
        for name in ("fetchrow", "fetchval", "execute"):
            real = getattr(asyncpg.Connection, name)

            async def noted(self: Any, query: str, *args: Any, _real: Any = real, **how: Any) -> Any:
                if ("aurora_auth" in query or "aurora_users" in query) and query not in EXPIRED:
                    statements.append(query)
                return await _real(self, query, *args, **how)

            monkeypatch.setattr(asyncpg.Connection, name, noted)
        monkeypatch.setattr(passwords, "scrypt_hex", counted)
        seen = []
        for email in (EMAIL, "bare@example.com", "nobody@example.com"):
            work.clear()
            statements.clear()
            answer = await client.post(LOGIN, {"email": email, "password": "wrong"})
            seen.append((told(answer), list(work), list(statements)))
        assert seen[0] == seen[1] == seen[2]
        assert seen[0][0]["status"] == 401
        assert len(seen[0][1]) == 1
        assert len(seen[0][2]) == 4


async def test_asking_for_a_code_tells_nothing_of_accounts(fresh_dsn: str) -> None:
    async with web(sign_in_settings(auth_debug=False, auth_email_file="/dev/null"), fresh_dsn) as client:
        await user_in(fresh_dsn, EMAIL)
        answers = []
        for email in (EMAIL, "nobody@example.com"):
            answer = await client.post("/v1/auth/start", {"email": email})
            shown = answer.payload("auth_challenge")
            answers.append((answer.status, answer.text, sorted(shown), shown["delivery"]))
        assert answers[0] == answers[1]
        assert "debug_code" not in answers[0][2]


async def test_an_unknown_address_locks_like_a_known_one(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        await with_password(client)
        for email in (EMAIL, "nobody@example.com"):
            statuses = [
                (await client.post(LOGIN, {"email": email, "password": "wrong"})).status for _ in range(6)
            ]
            assert statuses == [401] * 5 + [429]


# --- limits


async def test_starts_are_limited_per_address_and_say_when(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        for _ in range(3):
            await code_for(client)
        answer = await client.post("/v1/auth/start", {"email": EMAIL})
        assert (answer.status, answer.error) == (429, "RATE_LIMITED")
        assert 0 < int(answer.headers["retry-after"]) <= 600
        assert (await client.post("/v1/auth/start", {"email": "other@example.com"})).status == 200


async def test_starts_are_limited_per_client_whatever_it_forwards(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        statuses = [
            (
                await client.post(
                    "/v1/auth/start",
                    {"email": f"p{number}@example.com"},
                    headers={"X-Forwarded-For": f"10.0.0.{number}"},
                    uid=f"uid-{number}",
                )
            ).status
            for number in range(12)
        ]
        assert statuses == [200] * 10 + [429] * 2


async def test_behind_a_trusted_proxy_clients_are_told_apart(fresh_dsn: str) -> None:
    async with web(sign_in_settings(auth_trusted_proxies=1), fresh_dsn) as client:
        for number in range(12):
            answer = await client.post(
                "/v1/auth/start",
                {"email": f"p{number}@example.com"},
                headers={"X-Forwarded-For": f"10.0.0.{number}"},
            )
            assert answer.status == 200


async def test_five_wrong_codes_end_the_right_one(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        code = await code_for(client)
        reasons = [(await verify(client, other_than(code))).payload("error")["reason"] for _ in range(6)]
        assert reasons == ["code_mismatch"] * 4 + ["too_many_attempts", "not_found_or_expired"]
        assert (await verify(client, code)).status == 401


# --- time


async def test_codes_sessions_and_locks_end(fresh_dsn: str, later: Any) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        who = await with_password(client)
        for _ in range(5):
            await client.post(LOGIN, {"email": EMAIL, "password": "wrong"})
        code = await code_for(client)

        later(timedelta(minutes=11))
        expired = await verify(client, code)
        assert (expired.status, expired.payload("error")["reason"]) == (401, "expired")
        assert (await client.post(LOGIN, {"email": EMAIL, "password": PASSWORD})).status == 429

        later(timedelta(minutes=16))
        assert (await client.post(LOGIN, {"email": EMAIL, "password": PASSWORD})).status == 200

        later(timedelta(days=29, hours=23))
        assert (await client.get("/v1/auth/me", headers=who)).status == 200
        later(timedelta(days=30, minutes=1))
        assert (await client.get("/v1/auth/me", headers=who)).status == 401
        guest = await client.get("/v1/session/bootstrap", headers=who)
        assert guest.status == 200


async def test_a_session_that_was_ended_elsewhere_is_dead_at_once(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as here, web(sign_in_settings(), fresh_dsn) as there:
        who = await signed_in(here)
        assert (await there.get("/v1/auth/me", headers=who)).status == 200
        await here.send("POST", "/v1/auth/logout", headers=who)
        assert (await there.get("/v1/auth/me", headers=who)).status == 401


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_a_token_that_cannot_be_looked_up_makes_a_guest_in_time(
    trouble: str, autojump_clock: Any
) -> None:
    async def holder(token_hash: str, now: datetime) -> str | None:
        if trouble == "fails":
            raise StoreError("unavailable", "ECONNREFUSED")
        await trio.sleep_forever()
        return None

    house, script, _ = house_for(sign_in_settings())
    house.sign_in.accounts.holder = holder  # type: ignore[method-assign]
    begun = trio.current_time()
    answer = await client_of(house).get(
        "/v1/session/bootstrap", headers={"Authorization": "Bearer " + "a" * 64}
    )
    assert answer.status == 200
    assert answer.payload("session_bootstrap")["db_ready"] is True
    assert trio.current_time() - begun == pytest.approx(0.7 if trouble == "hangs" else 0)
    assert house.in_flight == 0
    assert len(script.asked) == 1


# --- what is kept, and what is erased


async def test_no_secret_is_kept_or_logged(
    fresh_dsn: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    telemetry.configure_logging("debug")
    box = tmp_path / "mails"
    async with web(sign_in_settings(auth_email_file=str(box)), fresh_dsn) as client:
        code = await code_for(client)
        wrong = other_than(code)
        await verify(client, wrong)
        opened = await verify(client, code)
        who = bearer(opened)
        token = who["Authorization"].removeprefix("Bearer ")
        await client.post("/v1/auth/password/set", {"password": PASSWORD}, headers=who)
        await client.post(LOGIN, {"email": EMAIL, "password": "wrong horse"})
        again = await client.post(LOGIN, {"email": EMAIL, "password": PASSWORD})
        await client.post("/v1/profile/update", {"skinType": "oily"}, headers=who)
        for answer in (opened, again):
            assert EMAIL not in str(answer.json["events"])
        client.house.tracer.flush()
        await trio.sleep(0.2)
    assert code in box.read_text()
    kept = await everything(fresh_dsn)
    logged = capfd.readouterr()
    tokens = [token, bearer(again)["Authorization"].removeprefix("Bearer ")]
    for secret in (code, wrong, PASSWORD, "wrong horse", *tokens):
        assert secret not in kept, "in a table"
        assert secret not in logged.err + logged.out, "in a log line"
    assert EMAIL not in logged.err
    assert "auth_verify" in kept, "the turns themselves are traced"


async def test_erasing_as_a_signed_in_person_leaves_nothing_of_either_name(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        await client.post("/v1/tracker/log", {"notes": "words of the guest"})
        who = await with_password(client)
        await client.post("/v1/tracker/log", {"notes": "words of the account"}, headers=who)
        await code_for(client)
        await client.post(LOGIN, {"email": EMAIL, "password": "wrong"})
        client.house.tracer.flush()
        erased = await client.post("/v1/profile/delete", {}, headers=who)
        assert erased.status == 200
        assert (await client.get("/v1/auth/me", headers=who)).status == 401
        login = await client.post(LOGIN, {"email": EMAIL, "password": PASSWORD})
        assert login.status == 401
        client.house.tracer.flush()
        await trio.sleep(0.2)
    kept = await everything(fresh_dsn, but=("aurora_traces",))
    assert "words of" not in kept
    assert EMAIL not in kept
    assert "words of" not in await everything(fresh_dsn)


async def test_a_guests_deletion_leaves_the_account(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        who = await signed_in(client)
        await client.post("/v1/profile/update", {"skinType": "oily"}, headers=who)
        await client.post("/v1/profile/delete", {}, uid="somebody-elses-device")
        await client.post("/v1/profile/delete", {}, headers={"Authorization": "Bearer " + "0" * 64})
        mine = await client.get("/v1/session/bootstrap", headers=who)
        assert mine.payload("session_bootstrap")["profile"]["skinType"] == "oily"


async def user_in(dsn: str, email: str) -> None:
    """Somebody who has signed in before."""
    row = (
        "INSERT INTO aurora_users (user_id, email, created_at, updated_at) VALUES ('usr_1', $1, now(), now())"
    )
    async with open_database(dsn, Settings()) as db:
        await db.run(lambda connection: connection.execute(row, email))


async def everything(dsn: str, but: tuple[str, ...] = ()) -> str:
    """Every row of every table, as text."""
    async with open_database(dsn, Settings()) as db:

        async def work(connection: Any) -> str:
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'aurora%'"
            )
            rows = []
            for (table,) in tables:
                if not table.startswith(but or ("-",)):
                    rows += [row[0] for row in await connection.fetch(f"SELECT t::text FROM {table} t")]
            return "\n".join(rows)

        return await db.run(work)
