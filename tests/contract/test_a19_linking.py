"""One person, two names (contract A 8, F 11, F 17.5 and 6; decisions 28, 31, 32): a device that was signed in
on stands for the account until its session ends.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from aurora.store import merging
from aurora.store.port import StoreError
from aurora.web import request
from tests.support.sign_in import EMAIL, bearer, code_for, sign_in_settings, signed_in, verify
from tests.support.web import WebClient, web
from tests.web.test_sign_in import everything

BOOTSTRAP = "/v1/session/bootstrap"
UPDATE = "/v1/profile/update"


async def skin_of(client: WebClient, uid: str, **how: Any) -> str | None:
    """The skin type that a bootstrap shows."""
    answer = await client.get(BOOTSTRAP, uid=uid, **how)
    assert answer.status == 200
    profile = answer.payload("session_bootstrap")["profile"]
    return None if profile is None else profile["skinType"]


async def said(client: WebClient, uid: str, skin: str, **how: Any) -> None:
    """A profile is kept."""
    assert (await client.post(UPDATE, {"skinType": skin}, uid=uid, **how)).status == 200


async def test_f17_5_a_linked_uid_without_bearer_is_the_account(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        phone = await signed_in(client, uid="phone")
        await said(client, "phone", "oily", headers=phone)
        assert await skin_of(client, "laptop") is None
        laptop = await signed_in(client, uid="laptop")
        assert await skin_of(client, "laptop") == "oily"
        # Writes as well, of any kind of turn, and the other device sees them.
        await said(client, "laptop", "dry")
        log = await client.post("/v1/tracker/log", {"acne": 2}, uid="laptop")
        assert log.payload("tracker_log")["log"]["user_id"].startswith("usr_")
        assert await skin_of(client, "phone", headers=phone) == "dry"
        assert await skin_of(client, "somebody-elses") is None
        # A name alone is no proof of who somebody is.
        assert (await client.get("/v1/auth/me", uid="laptop")).status == 401
        refused = await client.post("/v1/auth/password/set", {"password": "long enough"}, uid="laptop")
        assert refused.status == 401
        assert (await client.get("/v1/auth/me", uid="laptop", headers=laptop)).status == 200


@pytest.mark.parametrize("header", ["Bearer " + "0" * 64, "Bearer short", "Basic abc", "Bearer", ""])
async def test_f17_6_a_bearer_that_is_none_is_a_guest_on_a_linked_uid_too(
    fresh_dsn: str, header: str
) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        await said(client, "phone", "dry")
        await signed_in(client, uid="phone")
        await said(client, "phone", "oily")
        nobody = {"Authorization": header}
        assert await skin_of(client, "phone", headers=nobody) == "dry", "what the guest has said"
        await client.post("/v1/profile/delete", {}, uid="phone", headers=nobody)
        assert await skin_of(client, "phone", headers=nobody) is None
        assert await skin_of(client, "phone") == "oily", "a guest speaks for no account"


async def test_what_guests_said_on_two_devices_is_one_memory(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        await client.post(UPDATE, {"skinType": "oily", "region": "EU"}, uid="phone")
        await client.post("/v1/tracker/log", {"date": "2026-03-01", "acne": 1}, uid="phone")
        await client.post(UPDATE, {"skinType": "dry"}, uid="laptop")
        await client.post("/v1/tracker/log", {"date": "2026-03-02", "acne": 2}, uid="laptop")
        code = await code_for(client, uid="phone")
        opened = await verify(client, code, uid="phone")
        took = opened.event("memory_linked")["data"]
        assert (took["fields"], took["days"]) == (2, 1)
        who = bearer(opened)
        await client.post("/v1/auth/password/set", {"password": "long enough"}, uid="phone", headers=who)
        login = {"email": EMAIL, "password": "long enough"}
        again = await client.post("/v1/auth/password/login", login, uid="laptop")
        assert again.event("memory_linked")["data"]["days"] == 1
        for uid in ("phone", "laptop"):
            shown = (await client.get(BOOTSTRAP, uid=uid)).payload("session_bootstrap")
            assert (shown["profile"]["skinType"], shown["profile"]["region"]) == ("dry", "EU")
            assert [log["date"] for log in shown["recent_logs"]] == ["2026-03-02", "2026-03-01"]
        third = await client.post("/v1/auth/password/login", login, uid="laptop")
        assert "memory_linked" not in str(third.json["events"]), "it is taken along once"


@pytest.mark.parametrize("content_type", ["application/json", None])
@pytest.mark.parametrize("with_token", [True, False])
async def test_f17_27_signing_out_ends_the_link(
    fresh_dsn: str, content_type: str | None, with_token: bool
) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        older = await signed_in(client, uid="phone")
        who = await signed_in(client, uid="phone")
        elsewhere = await signed_in(client, uid="laptop")
        await said(client, "phone", "oily")
        headers = who if with_token else None
        out = await client.send(
            "POST", "/v1/auth/logout", uid="phone", headers=headers, content_type=content_type
        )
        assert out.status == 200
        assert await skin_of(client, "phone") is None, "also of the session she had opened here before"
        assert [(await client.get("/v1/auth/me", headers=each)).status for each in (older, who)] == [401, 401]
        assert await skin_of(client, "phone", headers=who) is None
        assert await skin_of(client, "laptop") == "oily"
        assert (await client.get("/v1/auth/me", headers=elsewhere)).status == 200


async def test_a_session_that_ran_out_ends_the_link(fresh_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        await signed_in(client, uid="phone")
        await said(client, "phone", "oily")

        class Ahead(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + timedelta(days=30, minutes=1)

        monkeypatch.setattr(request, "datetime", Ahead)
        assert await skin_of(client, "phone") is None


async def test_a_device_stands_for_whoever_signed_in_last(fresh_dsn: str) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        first = await signed_in(client, "a@example.com", uid="shared")
        await said(client, "shared", "oily", headers=first)
        second = await signed_in(client, "b@example.com", uid="shared")
        assert await skin_of(client, "shared") is None
        assert (await client.get("/v1/auth/me", headers=first)).status == 401
        await client.send("POST", "/v1/auth/logout", uid="shared", headers=second)
        assert await skin_of(client, "shared") is None, "and never again for the one before"


@pytest.mark.parametrize("with_token", [True, False])
async def test_erasing_ends_account_and_every_linked_device(fresh_dsn: str, with_token: bool) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        for uid in ("phone", "laptop"):
            await client.post("/v1/tracker/log", {"notes": f"words of the {uid}"}, uid=uid)
            who = await signed_in(client, uid=uid)
        await client.post("/v1/tracker/log", {"notes": "words of the account"}, headers=who)
        client.house.tracer.flush()
        headers = who if with_token else None
        gone = await client.post("/v1/profile/delete", {}, uid="laptop", headers=headers)
        assert gone.status == 200
        for uid in ("phone", "laptop"):
            assert (await client.get(BOOTSTRAP, uid=uid)).payload("session_bootstrap")["recent_logs"] == []
        assert (await client.get("/v1/auth/me", headers=who)).status == 401
        back = await signed_in(client, uid="phone")
        shown = (await client.get(BOOTSTRAP, uid="phone", headers=back)).payload("session_bootstrap")
        assert (shown["profile"], shown["recent_logs"]) == (None, [])
    assert "words of" not in await everything(fresh_dsn)


async def test_a_guest_who_erases_while_she_signs_in_is_not_brought_back(
    fresh_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sign-in has read the device before it is erased, and writes what it read after it."""
    async with web(sign_in_settings(), fresh_dsn) as client:
        await client.post("/v1/tracker/log", {"notes": "words of the guest"}, uid="phone")
        code = await code_for(client, uid="phone")
        read = merging._read_guest
        deleting: list[str] = []

        async def erased_after_reading(connection: Any, stream: str) -> Any:
            found = await read(connection, stream)
            if not deleting:
                deleting.append(stream)
                await connection.execute("SELECT aurora_erase($1)", stream)
            return found

        monkeypatch.setattr(merging, "_read_guest", erased_after_reading)
        opened = await verify(client, code, uid="phone")
        assert opened.status == 200
        assert deleting

        async def not_yet(device: str, at: datetime) -> str | None:
            return None

        # The deletion was let in as a guest's; the last thing it asks is for whom the device stands now.
        monkeypatch.setattr(client.house.sign_in.accounts, "linked", not_yet)
        gone = await client.post("/v1/profile/delete", {}, uid="phone")
        assert gone.status == 200
    assert "words of" not in await everything(fresh_dsn)


async def test_a_sign_in_whose_memory_cannot_be_merged_is_one_all_the_same(
    fresh_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web(sign_in_settings(), fresh_dsn) as client:
        await said(client, "phone", "oily")
        code = await code_for(client, uid="phone")

        async def broken(*_: Any) -> Any:
            raise StoreError("unavailable", "57P01")

        with monkeypatch.context() as patched:
            patched.setattr(merging, "_read_account", broken)
            opened = await verify(client, code, uid="phone")
            assert opened.status == 200
            assert await skin_of(client, "phone") is None
        await signed_in(client, uid="phone")
        assert await skin_of(client, "phone") == "oily", "the next sign-in takes it along"
