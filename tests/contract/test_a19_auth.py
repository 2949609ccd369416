"""Acceptance rows of contract A 19 about signing in (23, 32 to 35), and F 17.6 and 26 to 28."""

from __future__ import annotations

import re

import pytest

from aurora.settings import Settings
from tests.support.sign_in import EMAIL, bearer, code_for, other_than, sign_in_settings, signed_in, verify
from tests.support.web import web


async def test_a19_23_a_fresh_account_can_log_a_check_in(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        who = await signed_in(client)
        answer = await client.post("/v1/tracker/log", {"acne": 1}, headers=who)
        assert answer.status == 200
        assert re.fullmatch(r"usr_[0-9a-f]{16}", answer.payload("tracker_log")["log"]["user_id"])


@pytest.mark.parametrize("settings", [{}, {"auth_enabled": True}, {"auth_pepper": "p"}])
async def test_a19_32_and_f17_28_sign_in_that_is_off_says_so(settings: dict[str, object]) -> None:
    async with web(Settings(retention_days=0, **settings)) as client:  # type: ignore[arg-type]
        answer = await client.post("/v1/auth/start", {"email": "a@b.co"})
        assert (answer.status, answer.error) == (503, "AUTH_NOT_CONFIGURED")
        assert answer.text


async def test_a19_33_and_f17_26_a_code_opens_a_session(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        started = await client.post("/v1/auth/start", {"email": f"  {EMAIL.upper()} "})
        challenge = started.payload("auth_challenge")
        assert challenge["email"] == EMAIL
        assert challenge["expires_in_seconds"] == 600
        assert re.fullmatch(r"[1-9]\d{5}", challenge["debug_code"])
        assert started.event("auth_started")["data"] == {"delivery": "debug"}

        wrong = await verify(client, other_than(challenge["debug_code"]))
        assert (wrong.status, wrong.error) == (401, "INVALID_CODE")
        assert wrong.payload("error")["reason"] == "code_mismatch"
        assert wrong.text

        right = await verify(client, challenge["debug_code"])
        assert right.status == 200
        session = right.payload("auth_session")
        assert re.fullmatch(r"[0-9a-f]{64}", session["token"])
        assert re.fullmatch(r"usr_[0-9a-f]{16}", session["user"]["user_id"])
        assert session["user"]["email"] == EMAIL
        assert session["expires_at"].endswith("Z")
        assert right.event("auth_verified")["data"] == {"user_id": session["user"]["user_id"]}


async def test_a19_34_me_is_known_with_a_token_only(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        who = await signed_in(client)
        answer = await client.get("/v1/auth/me", headers=who)
        assert answer.status == 200
        assert answer.payload("auth_me")["user"]["email"] == EMAIL
        assert answer.json["assistant_message"] is None
        assert answer.event("value_moment")["data"] == {"kind": "auth_me"}
        nobody = await client.get("/v1/auth/me")
        assert (nobody.status, nobody.error) == (401, "UNAUTHORIZED")


async def test_a19_35_the_sixth_wrong_password_is_locked_out(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        who = await signed_in(client)
        done = await client.post("/v1/auth/password/set", {"password": "long enough"}, headers=who)
        assert done.payload("auth_password_set") == {"ok": True}
        for number in range(1, 6):
            wrong = await client.post("/v1/auth/password/login", {"email": EMAIL, "password": "wrong"})
            assert (wrong.status, wrong.error) == (401, "INVALID_CREDENTIALS")
            assert ("locked_until" in wrong.payload("error")) == (number == 5)
        locked = await client.post("/v1/auth/password/login", {"email": EMAIL, "password": "long enough"})
        assert (locked.status, locked.error) == (429, "PASSWORD_LOCKED")
        assert locked.payload("error")["locked_until"]


async def test_a_password_opens_a_session(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        who = await signed_in(client)
        await client.post("/v1/auth/password/set", {"password": "long enough"}, headers=who)
        answer = await client.post("/v1/auth/password/login", {"email": EMAIL, "password": "long enough"})
        assert answer.status == 200
        assert answer.event("auth_verified")["data"]["method"] == "password"
        assert (await client.get("/v1/auth/me", headers=bearer(answer))).status == 200


async def test_f17_6_an_unknown_bearer_is_a_guest(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        who = await signed_in(client)
        await client.post("/v1/profile/update", {"skinType": "oily"}, headers=who)
        for header in ("Bearer " + "0" * 64, "Bearer short", "Basic abc", "Bearer", "", "Bearer " + "é" * 64):
            answer = await client.get("/v1/session/bootstrap", headers={"Authorization": header})
            assert answer.status == 200
            assert answer.payload("session_bootstrap")["profile"] is None
        mine = await client.get(
            "/v1/session/bootstrap",
            headers={"authorization": who["Authorization"].replace("Bearer", "bEARER")},
        )
        assert mine.payload("session_bootstrap")["profile"]["skinType"] == "oily"


@pytest.mark.parametrize("content_type", ["application/json", None, "text/plain"])
async def test_f17_27_an_empty_logout_ends_the_session(fresh_dsn: str, content_type: str | None) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        who = await signed_in(client)
        answer = await client.send("POST", "/v1/auth/logout", headers=who, content_type=content_type)
        assert answer.status == 200
        assert answer.payload("auth_logout") == {"ok": True}
        assert (await client.get("/v1/auth/me", headers=who)).status == 401
        again = await client.send("POST", "/v1/auth/logout", headers=who, content_type=content_type)
        assert again.status == 200


async def test_a_missing_uid_is_named_everywhere(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        for method, path in (
            ("POST", "/v1/auth/start"), ("POST", "/v1/auth/verify"), ("POST", "/v1/auth/password/login"),
            ("POST", "/v1/auth/password/set"), ("POST", "/v1/auth/logout"), ("GET", "/v1/auth/me"),
        ):  # fmt: skip
            answer = await client.send(method, path, uid=None)
            assert (answer.status, answer.error) == (400, "MISSING_AURORA_UID")


async def test_setting_a_password_is_refused_before_its_body_is_read(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        answer = await client.post("/v1/auth/password/set", {"nonsense": 1})
        assert (answer.status, answer.error) == (401, "UNAUTHORIZED")
        who = await signed_in(client)
        short = await client.post("/v1/auth/password/set", {"password": "short"}, headers=who)
        assert (short.status, short.error) == (400, "BAD_REQUEST")
        blank = await client.post("/v1/auth/password/set", {"password": " " * 9}, headers=who)
        assert (blank.status, blank.error) == (400, "INVALID_PASSWORD")


async def test_without_a_database_nobody_signs_in() -> None:
    async with web(sign_in_settings(retention_days=0)) as client:
        answer = await client.post("/v1/auth/start", {"email": EMAIL})
        assert (answer.status, answer.error) == (503, "DB_NOT_CONFIGURED")
        out = await client.send("POST", "/v1/auth/logout")
        assert out.status == 200
        known = await client.get("/v1/session/bootstrap", headers={"Authorization": "Bearer " + "a" * 64})
        assert known.status == 200


async def test_an_address_that_is_none(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        for path, more in (
            ("start", {}),
            ("verify", {"code": "123456"}),
            ("password/login", {"password": "x"}),
        ):
            answer = await client.post(f"/v1/auth/{path}", {"email": "nobody", **more})
            assert (answer.status, answer.error) == (400, "INVALID_EMAIL")


async def test_chinese_texts(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        cn = {"X-Lang": "CN"}
        code = await code_for(client, headers=cn)
        assert "验证码" in (await verify(client, other_than(code), headers=cn)).text
        assert "登录成功" in (await verify(client, code, headers=cn)).text
