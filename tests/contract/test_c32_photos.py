"""Contract C 32, rows 30 to 40: photos on their way in, over the whole house; row numbers kept.

The bridge and its storage are the sandbox on a real socket. Rows 33 and 37 run with the default, in which the
client asks for the analysis itself (decision 27); row 36 is void (decision 15).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio

from aurora.actors.redaction import redact
from aurora.sandbox.photos import STORAGE
from aurora.settings import Settings
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient, web
from tests.web.test_photo_upload import B, body, photo

JPEG = b"\xff\xd8\xff\xe0" + b"j" * 5000
LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])


@asynccontextmanager
async def house(
    sandbox: Served, *, base: bool = True, key: bool = True, **more: Any
) -> AsyncIterator[WebClient]:
    """A client of a house whose photo bridge is the sandbox."""
    settings = Settings(
        retention_days=0,
        backend_base_url=sandbox.url if base else "",
        backend_api_key="agent-key" if key else "",
        breaker_enabled=False,
        **more,
    )
    async with web(settings) as client:
        yield client


async def upload(client: WebClient, sent: Any = None, **headers: str) -> WebAnswer:
    """An upload as the client sends it."""
    return await client.send(
        "POST",
        "/v1/photos/upload",
        body=body(photo(JPEG), slot_id="daylight", consent="true") if sent is None else sent,
        content_type=f"multipart/form-data; boundary={B}",
        headers=headers,
    )


def gaps(answer: WebAnswer, kind: str) -> list[tuple[str, str]]:
    return [(gap["field"], gap["reason"]) for gap in answer.card(kind)["field_missing"]]


def asked(sandbox: Served, path: str) -> list[Any]:
    return [call for call in sandbox.state.calls if call.path.startswith(path)]


@pytest.mark.parametrize(
    ("base", "reason"),
    [(False, "pivota_backend_not_configured"), (True, "pivota_backend_auth_not_configured")],
)
async def test_row_30_a_place_for_a_photo_without_a_bridge(sandbox: Served, base: bool, reason: str) -> None:
    async with house(sandbox, base=base, key=False) as client:
        answer = await client.post("/v1/photos/presign", {"slot_id": "daylight"})
    assert answer.status == 200
    slot = answer.payload("photo_presign")
    assert slot["upload"] == {"method": "PUT", "url": None, "headers": {}, "expires_in_seconds": 600}
    assert slot["photo_id"].startswith("photo_")
    assert gaps(answer, "photo_presign") == [("upload.url", reason)]
    assert sandbox.state.total == 0


async def test_row_31_a_place_for_a_photo(sandbox: Served) -> None:
    async with house(sandbox) as client:
        sent = {"slot_id": "daylight", "content_type": "image/png", "bytes": 100}
        answer = await client.post("/v1/photos/presign", sent)
    call = asked(sandbox, "/photos/presign")[0]
    assert call.body == {"content_type": "image/png", "byte_size": 100, "consent": True, "user_id": "u1"}
    slot = answer.payload("photo_presign")
    assert slot["photo_id"].startswith("upl_")
    assert slot["slot_id"] == "daylight"
    assert 890 <= slot["upload"]["expires_in_seconds"] <= 900
    assert slot["upload"]["url"].startswith(sandbox.url + STORAGE)
    assert slot["max_bytes"] > 0
    assert answer.patch["next_state"] == "IDLE_CHAT"
    assert answer.event("value_moment")["data"] == {"kind": "photo_presign"}


async def test_row_31_the_address_is_in_the_answer_and_nowhere_else(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await client.post("/v1/photos/presign", {"slot_id": "daylight"})
        url = answer.payload("photo_presign")["upload"]["url"]
    kept = redact(answer.body)
    assert url.encode() not in kept
    assert b"Signature" not in kept


async def test_row_31_an_address_that_is_not_of_the_web_is_none(sandbox: Served) -> None:
    said = {"upload_id": "upl_1", "upload": {"url": "ftp://storage.example/upl_1", "method": "PUT"}}
    async with house(sandbox) as client:
        sandbox.state.script("photos", "", body=msgspec.json.encode(said))
        answer = await client.post("/v1/photos/presign", {"slot_id": "daylight"})
    assert answer.payload("photo_presign")["upload"]["url"] is None
    assert gaps(answer, "photo_presign") == [("upload.url", "upstream_missing_upload_url")]


async def test_row_32_a_bridge_that_refuses_keeps_its_status(sandbox: Served) -> None:
    async with house(sandbox) as client:
        sandbox.state.script("photos", "status=403")
        answer = await client.post("/v1/photos/presign", {"slot_id": "daylight"})
    assert (answer.status, answer.error) == (403, "PHOTO_PRESIGN_UPSTREAM_FAILED")
    assert answer.payload("error")["status"] == 403
    assert answer.payload("error")["detail"]
    assert answer.event("error")["data"] == {"code": "PHOTO_PRESIGN_UPSTREAM_FAILED", "status": 403}


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [("reset", 502), ("html", 502), ("empty_object", 502), ("array_root", 502), ("status=500", 500)],
)
async def test_row_32_no_socket_code_leaves(sandbox: Served, behaviour: str, status: int) -> None:
    async with house(sandbox) as client:
        sandbox.state.script("photos", behaviour)
        answer = await client.post("/v1/photos/presign", {"slot_id": "daylight"})
    assert (answer.status, answer.error) == (status, "PHOTO_PRESIGN_UPSTREAM_FAILED")
    assert b"ECONN" not in answer.body


async def test_a_bridge_that_never_answers_meets_the_budget(sandbox: Served) -> None:
    async with house(sandbox, photo_budget_ms=300) as client:
        sandbox.state.script("photos", "stall")
        answer = await client.post("/v1/photos/presign", {"slot_id": "daylight"})
    assert (answer.status, answer.error) == (504, "PHOTO_PRESIGN_UPSTREAM_FAILED")


@LANGS
async def test_row_33_a_photo_is_taken_in_and_kept(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        answer = await upload(client, **{"X-Lang": lang})
        assert answer.status == 200
        confirmed = answer.payload("photo_confirm")
        assert confirmed["qc_status"] == "passed"
        assert confirmed["slot_id"] == "daylight"
        assert gaps(answer, "photo_confirm") == []
        assert answer.event("value_moment")["data"] == {"kind": "photo_upload", "qc_status": "passed"}
        assert answer.text
        assert [card["type"] for card in answer.json["cards"]] == ["photo_confirm"]
        assert client.house.photos.cache.get("u1", confirmed["photo_id"]) == JPEG
        assert len(client.house.photos.tray) == 0
    stored = asked(sandbox, STORAGE)
    assert [call.method for call in stored] == ["PUT"]
    assert stored[0].auth == []
    assert asked(sandbox, "/photos/confirm")[0].body == {
        "upload_id": confirmed["photo_id"],
        "byte_size": len(JPEG),
    }


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (body(photo(JPEG), slot_id="daylight", consent="false"), "USER_CONSENT_REQUIRED"),
        (body(photo(JPEG), slot_id="daylight"), "MISSING_FIELD"),
        (body(photo(b"x" * 11_000_000), slot_id="daylight", consent="true"), "UPLOAD_TOO_LARGE"),
        (body(photo(b"words", type_="text/plain"), slot_id="d", consent="true"), "UNSUPPORTED_CONTENT_TYPE"),
    ],
)
async def test_row_34_what_cannot_be_taken_in_says_why(sandbox: Served, sent: bytes, code: str) -> None:
    async with house(sandbox) as client:
        answer = await upload(client, sent)
    assert (answer.status, answer.error) == (400, code)
    assert answer.text
    assert sandbox.state.total == 0


async def test_row_34_json_is_no_photo(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await client.post("/v1/photos/upload", {})
    assert (answer.status, answer.error) == (400, "BAD_REQUEST")
    assert answer.payload("error")["detail"] == "multipart_required"


@pytest.mark.parametrize(
    ("base", "code", "reason"),
    [
        (False, "PHOTO_UPLOAD_NOT_CONFIGURED", "pivota_backend_not_configured"),
        (True, "PHOTO_UPLOAD_AUTH_NOT_CONFIGURED", "pivota_backend_auth_not_configured"),
    ],
)
async def test_row_35_nowhere_to_put_it(sandbox: Served, base: bool, code: str, reason: str) -> None:
    async with house(sandbox, base=base, key=False) as client:
        answer = await upload(client)
    assert answer.status == 501
    assert answer.payload("photo_confirm") == {"photo_id": None, "slot_id": None, "qc_status": None}
    assert gaps(answer, "photo_confirm") == [("photo_id", reason)]
    assert answer.event("error")["data"] == {"code": code}


@pytest.mark.parametrize(
    ("upstream", "behaviour", "status", "code"),
    [
        ("photos", "status=422", 422, "PHOTO_PRESIGN_UPSTREAM_FAILED"),
        ("photos", "empty_object", 502, "PHOTO_PRESIGN_UPSTREAM_FAILED"),
        ("storage", "status=403", 502, "PHOTO_UPLOAD_BYTES_FAILED"),
        ("storage", "reset", 502, "PHOTO_UPLOAD_BYTES_FAILED"),
    ],
)
async def test_row_34_each_step_of_the_bridge_has_its_code(
    sandbox: Served, upstream: Any, behaviour: str, status: int, code: str
) -> None:
    async with house(sandbox) as client:
        sandbox.state.script(upstream, behaviour)
        answer = await upload(client)
        assert len(client.house.photos.cache) == 0
    assert (answer.status, answer.error) == (status, code)
    assert sandbox.url.encode() not in answer.body


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("word", ["degraded", "failed", "too_dark", "has_filter", "blurry", "no_face"])
async def test_rows_37_39_a_check_that_ended_is_told_at_once(sandbox: Served, word: str, lang: str) -> None:
    async with house(sandbox) as client:
        sandbox.state.script("photos", f"stub={word}")
        sent = {"photo_id": "upl_7", "slot_id": "daylight"}
        answer = await client.post("/v1/photos/confirm", sent, headers={"X-Lang": lang})
    assert answer.status == 200
    confirmed = answer.payload("photo_confirm")
    assert confirmed["qc_status"] == word
    assert confirmed["qc"]["advice"]["summary"]
    assert answer.event("value_moment")["data"] == {"kind": "photo_confirm", "qc_status": word}
    assert answer.patch["next_state"] == "DIAG_PHOTO_OPTIN"
    assert asked(sandbox, "/photos/qc") == []


async def test_row_37_the_check_may_stand_under_qc(sandbox: Served) -> None:
    async with house(sandbox) as client:
        said = msgspec.json.encode({"qc": {"state": "done", "status": "passed"}})
        sandbox.state.script("photos", body=said)
        answer = await client.post("/v1/photos/confirm", {"photo_id": "upl_7", "slot_id": "daylight"})
    assert answer.payload("photo_confirm")["qc_status"] == "passed"


async def test_row_38_a_check_that_never_ends(sandbox: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurora.actors.photos.LOOK_S", 1.0)
    async with house(sandbox) as client:
        sandbox.state.script("photos", "stub=pending", times=None)
        began = trio.current_time()
        answer = await client.post("/v1/photos/confirm", {"photo_id": "upl_7"})
        assert trio.current_time() - began >= 0.9
    confirmed = answer.payload("photo_confirm")
    assert (confirmed["qc_status"], confirmed["qc_pending"]) == (None, True)
    assert gaps(answer, "photo_confirm") == [("qc_status", "qc_pending")]
    assert answer.patch["next_state"] == "DIAG_PHOTO_OPTIN"
    assert [card["type"] for card in answer.json["cards"]] == ["photo_confirm"]
    assert asked(sandbox, "/photos/qc")


async def test_row_38_a_bridge_that_stops_answering_ends_the_looking(sandbox: Served) -> None:
    async with house(sandbox) as client:
        sandbox.state.script("photos", "stub=pending")
        sandbox.state.script("photos", "reset")
        answer = await client.post("/v1/photos/confirm", {"photo_id": "upl_7"})
    assert answer.status == 200
    assert answer.payload("photo_confirm")["qc_status"] is None
    assert "qc_pending" not in answer.payload("photo_confirm")


async def test_row_40_a_photo_that_the_bridge_does_not_know(sandbox: Served) -> None:
    async with house(sandbox) as client:
        sandbox.state.script("photos", "status=404")
        answer = await client.post("/v1/photos/confirm", {"photo_id": "upl_7"})
    assert (answer.status, answer.error) == (404, "PHOTO_CONFIRM_UPSTREAM_FAILED")
    assert answer.payload("error")["detail"]


@pytest.mark.parametrize(
    ("base", "reason"),
    [(False, "pivota_backend_not_configured"), (True, "pivota_backend_auth_not_configured")],
)
async def test_a_confirmation_without_a_bridge(sandbox: Served, base: bool, reason: str) -> None:
    async with house(sandbox, base=base, key=False) as client:
        answer = await client.post("/v1/photos/confirm", {"photo_id": "upl_7", "slot_id": "daylight"})
    assert answer.status == 200
    assert answer.payload("photo_confirm") == {"photo_id": "upl_7", "slot_id": "daylight", "qc_status": None}
    assert gaps(answer, "photo_confirm") == [("qc_status", reason)]


async def test_row_21_a_shop_s_session_speaks_alone(sandbox: Served) -> None:
    async with house(sandbox) as client:
        await upload(client, **{"X-Checkout-Token": "shop-secret"})
        await upload(client)
    with_token, with_key = asked(sandbox, "/photos/presign")
    assert with_token.auth == ["X-Checkout-Token"]
    assert with_key.auth == ["X-API-Key", "Authorization"]


@pytest.mark.parametrize("path", ["/v1/photos/presign", "/v1/photos/confirm"])
@pytest.mark.parametrize(
    "sent", [{}, {"photo_id": ""}, {"slot_id": 1}, {"zzz": 1, "slot_id": "d", "photo_id": "p"}]
)
async def test_bodies_are_strict(sandbox: Served, path: str, sent: dict[str, Any]) -> None:
    async with house(sandbox) as client:
        answer = await client.post(path, sent)
    assert (answer.status, answer.error) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("path", ["/v1/photos/presign", "/v1/photos/confirm", "/v1/photos/upload"])
async def test_somebody_has_to_ask(sandbox: Served, path: str) -> None:
    async with house(sandbox) as client:
        answer = await client.post(path, {"slot_id": "d", "photo_id": "p"}, uid=None)
    assert (answer.status, answer.error) == (400, "MISSING_AURORA_UID")


async def test_whoever_is_erased_leaves_no_photo_behind(sandbox: Served) -> None:
    async with house(sandbox) as client:
        await upload(client)
        assert len(client.house.photos.cache) == 1
        assert (await client.post("/v1/profile/delete", {})).status == 200
        assert len(client.house.photos.cache) == 0
