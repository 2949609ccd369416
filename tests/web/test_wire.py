"""What holds on every answer: CORS, paths, bodies, limits, shapes of refusals (contract A 1, decision 9)."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aurora.settings import Settings
from tests.support.web import WebAnswer, WebClient, web

LOCAL = "http://localhost:5173"
UPDATE = "/v1/profile/update"


@pytest.fixture
async def client() -> AsyncIterator[WebClient]:
    settings = Settings(retention_days=0, max_body_bytes=4096, git_sha="0123456789abcdef", git_branch="main")
    async with web(settings) as opened:
        yield opened


def assert_cors(answer: WebAnswer, origin: str = LOCAL) -> None:
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "X-Aurora-Uid" in answer.headers["access-control-allow-headers"]
    assert "x-aurora-bucket" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("method", "path", "how", "status"),
    [
        ("GET", "/healthz", {}, 200),
        ("GET", "/v1/session/bootstrap", {}, 200),
        ("GET", "/v1/session/bootstrap", {"uid": None}, 400),
        ("POST", UPDATE, {"body": b"{bad"}, 400),
        ("POST", UPDATE, {"body": b'{"foo":1}'}, 400),
        ("POST", UPDATE, {"body": b"x" * 5000}, 413),
        ("POST", UPDATE, {"body": b"{}x", "content_type": "text/plain"}, 415),
        ("POST", "/v1/nothing", {}, 404),
        ("PUT", UPDATE, {}, 405),
        ("GET", "/nothing", {}, 404),
        ("POST", "/v1/events", {"body": b"{}"}, 400),
        ("OPTIONS", "/any/where", {}, 204),
        ("HEAD", "/v1/session/bootstrap", {}, 200),
    ],
)
async def test_cors_and_build_headers_are_on_every_answer(
    client: WebClient, method: str, path: str, how: dict[str, Any], status: int
) -> None:
    answer = await client.send(method, path, headers={"Origin": LOCAL}, **how)
    assert answer.status == status
    assert_cors(answer)
    assert answer.headers["x-aurora-build"] == "0123456789ab"
    assert answer.headers["x-service-commit"] == answer.headers["x-aurora-git-sha"] == "0123456789ab"
    assert answer.headers["x-service-branch"] == "main"
    assert answer.headers["x-service-name"] == "aurora-bff"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:5173/", "HTTP://LOCALHOST:5173"]
)
async def test_a_foreign_origin_is_answered_without_allow_origin(client: WebClient, origin: str) -> None:
    for method, path in (("OPTIONS", "/v1/chat"), ("GET", "/v1/session/bootstrap")):
        answer = await client.send(method, path, headers={"Origin": origin})
        assert answer.status in (200, 204)
        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["access-control-allow-methods"]


async def test_configured_origins_join_the_local_ones() -> None:
    async with web(Settings(retention_days=0, allowed_origins=("https://page.example",))) as client:
        for origin in ("https://page.example", LOCAL):
            assert_cors(await client.get("/healthz", headers={"Origin": origin}), origin)


async def test_a_preflight_echoes_what_the_page_asked_for(client: WebClient) -> None:
    answer = await client.send(
        "OPTIONS", "/v1/chat",
        headers={"Origin": LOCAL, "Access-Control-Request-Headers": "x-foo, X-FOO,x-aurora-uid, bad header"},
    )  # fmt: skip
    names = answer.headers["access-control-allow-headers"].split(", ")
    assert "X-Foo" in names
    assert len(names) == len(set(names)), "each name once"
    assert not any("Bad" in name for name in names), "only header names are echoed"
    assert answer.headers["access-control-max-age"] == "600"
    assert answer.body == b""


async def test_only_preflights_carry_a_max_age(client: WebClient) -> None:
    assert "access-control-max-age" not in (await client.get("/healthz")).headers


@pytest.mark.parametrize(
    ("path", "route_answers"),
    [
        ("/V1/Session/Bootstrap", True),
        ("/v1/session/bootstrap/", True),
        ("/HEALTHZ/", True),
        ("/v1/session/bootstrap//", False),
        ("/v1/session//bootstrap", False),
    ],
)
async def test_paths_ignore_case_and_one_trailing_slash(
    client: WebClient, path: str, route_answers: bool
) -> None:
    assert ((await client.get(path)).status == 200) is route_answers


async def test_head_answers_like_get_without_a_body(client: WebClient) -> None:
    head = await client.send("HEAD", "/version")
    get = await client.get("/version")
    assert head.status == 200
    assert head.body == b""
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_json_answers_say_their_charset(client: WebClient) -> None:
    for path in ("/healthz", "/v1/session/bootstrap", "/v1/nothing", "/nothing"):
        assert (await client.get(path)).headers["content-type"] == "application/json; charset=utf-8"


# --- bodies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{bad", 400, "INVALID_JSON"),
        (b'{"skinType":"oily"', 400, "INVALID_JSON"),
        (b'"text"', 400, "INVALID_JSON"),
        (b"17", 400, "INVALID_JSON"),
        (b"null", 400, "INVALID_JSON"),
        (b"true", 400, "INVALID_JSON"),
        (b"\xff\xfe", 400, "INVALID_JSON"),
        (b'{"skinType":"\xff"}', 400, "INVALID_JSON"),
        (b'{"skinType":1e999}', 400, "INVALID_JSON"),
        (b"[]", 400, "BAD_REQUEST"),
        (b'[{"skinType":"oily"}]', 400, "BAD_REQUEST"),
        (b"[" * 1000, 400, "BAD_REQUEST"),
        (b'{"a":' * 600 + b"1" + b"}" * 600, 400, "BAD_REQUEST"),
    ],
)
async def test_what_is_no_json_object_is_a_400(
    client: WebClient, body: bytes, status: int, code: str
) -> None:
    answer = await client.post(UPDATE, body=body)
    assert (answer.status, answer.error) == (status, code)


def field_errors(answer: WebAnswer, *path: str) -> list[str]:
    level = answer.payload("error")["details"]
    for step in path:
        assert isinstance(level["_errors"], list)
        level = level[step]
    found: list[str] = level["_errors"]
    return found


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (UPDATE, '{"skinType":"a\\u0000b"}', ("skinType",)),
        (UPDATE, '{"goals":["acne","\\u0000"]}', ("goals", "1")),
        (UPDATE, '{"skinType":"\\ud800"}', ("skinType",)),
        (UPDATE, '{"skinType":5}', ("skinType",)),
        (UPDATE, '{"skinType":null}', ("skinType",)),
        (UPDATE, '{"skinType":""}', ("skinType",)),
        (UPDATE, '{"skinType":"' + "x" * 201 + '"}', ("skinType",)),
        (UPDATE, '{"goals":[""]}', ("goals", "0")),
        (UPDATE, '{"travel_plan":{"start_date":"2026-02-31"}}', ("travel_plan", "start_date")),
        (UPDATE, '{"travel_plan":{"indoor_outdoor_ratio":"0.5"}}', ("travel_plan", "indoor_outdoor_ratio")),
        (UPDATE, '{"currentRoutine":' + "[" * 80 + "]" * 80 + "}", ("currentRoutine",)),
        ("/v1/tracker/log", '{"acne":"3"}', ("acne",)),
        ("/v1/tracker/log", '{"acne":6}', ("acne",)),
        ("/v1/tracker/log", '{"acne":1.5}', ("acne",)),
        ("/v1/tracker/log", '{"acne":true}', ("acne",)),
        ("/v1/tracker/log", '{"date":"2026-02-31"}', ("date",)),
        ("/v1/tracker/log", '{"notes":"' + "x" * 4001 + '"}', ("notes",)),
        ("/v1/affiliate/outcome", '{"url":"https://e.example"}', ("outcome",)),
        ("/v1/affiliate/outcome", '{"outcome":"maybe"}', ("outcome",)),
    ],
)
async def test_a_400_names_the_field_and_nothing_is_written(
    path: str, body: str, field: tuple[str, ...]
) -> None:
    async with web(Settings(retention_days=0)) as client:
        answer = await client.post(path, body=body.encode())
        assert (answer.status, answer.error) == (400, "BAD_REQUEST")
        assert field_errors(answer, *field)
        assert (await client.get("/v1/session/bootstrap")).payload("session_bootstrap")[
            "is_returning"
        ] is False


async def test_an_unknown_key_is_reported_at_the_level_that_holds_it(client: WebClient) -> None:
    assert "foo" in str(field_errors(await client.post(UPDATE, {"foo": 1})))


async def test_an_empty_json_body_is_an_empty_object(client: WebClient) -> None:
    assert (await client.post("/v1/tracker/log", body=b"")).status == 200


async def test_a_get_with_a_json_type_and_no_body_is_fine(client: WebClient) -> None:
    assert (await client.get("/v1/tracker/recent")).status == 200


async def test_a_get_with_a_body_ignores_it(client: WebClient) -> None:
    answer = await client.send("GET", "/v1/session/bootstrap", body=[b"x" * 3000] * 20)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('APPLICATION/JSON;Charset="UTF-8"', 200),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=latin1", 415),
        ("text/plain", 415),
        ("application/ld+json", 415),
        ("application/x-www-form-urlencoded", 415),
        (None, 415),
    ],
)
async def test_a_body_must_be_json_in_utf8(client: WebClient, content_type: str | None, status: int) -> None:
    answer = await client.post("/v1/tracker/log", {"acne": 1}, content_type=content_type)
    assert answer.status == status
    if status == 415:
        assert answer.error == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda raw: zlib.compress(raw, wbits=-15)),
        ("identity", bytes),
    ],
)
async def test_compressed_bodies_are_read(client: WebClient, encoding: str, encode: Any) -> None:
    body = encode(json.dumps({"acne": 2}).encode())
    answer = await client.post("/v1/tracker/log", body=body, headers={"Content-Encoding": encoding})
    assert answer.payload("tracker_log")["log"]["acne"] == 2


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("br", b"{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("gzip", b"no gzip", 400, "INVALID_JSON"),
        ("gzip", gzip.compress(b'{"acne":2}', mtime=0)[:-9], 400, "INVALID_JSON"),
        ("gzip", gzip.compress(b" " * 5_000_000, mtime=0), 413, "PAYLOAD_TOO_LARGE"),
        ("deflate", zlib.compress(b" " * 5_000_000), 413, "PAYLOAD_TOO_LARGE"),
    ],
)
async def test_bad_compression_and_bombs_are_refused(
    client: WebClient, encoding: str, body: bytes, status: int, code: str
) -> None:
    answer = await client.post("/v1/tracker/log", body=body, headers={"Content-Encoding": encoding})
    assert (answer.status, answer.error) == (status, code)


@pytest.mark.parametrize("parts", [[b"x" * 5000], [b"x" * 1000] * 5, [b"x" * 1000] * 500])
async def test_a_body_above_the_limit_is_a_413_however_it_comes(
    client: WebClient, parts: list[bytes]
) -> None:
    answer = await client.post("/v1/tracker/log", body=parts)
    assert (answer.status, answer.error) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_may_come_in_parts(client: WebClient) -> None:
    answer = await client.post("/v1/tracker/log", body=[b'{"ac', b"", b'ne":2', b"}"])
    assert answer.payload("tracker_log")["log"]["acne"] == 2


async def test_the_limit_is_ten_mebibytes_and_exact() -> None:
    async with web(Settings(retention_days=0)) as client:
        limit = 10 * 1024 * 1024
        fits = b'{"acne":2}' + b" " * (limit - 10)
        assert (await client.post("/v1/tracker/log", body=fits)).status == 200
        assert (await client.post("/v1/tracker/log", body=fits + b" ")).status == 413


# --- refusals ---------------------------------------------------------------------------------------------


async def test_errors_below_v1_are_envelopes_in_the_language_of_the_request(client: WebClient) -> None:
    english = await client.post("/v1/nothing")
    chinese = await client.post("/v1/nothing", headers={"X-Lang": "CN"})
    assert english.error == chinese.error == "NOT_FOUND"
    assert english.text.isascii()
    assert not chinese.text.isascii()
    assert english.event("error")["data"]["code"] == "NOT_FOUND"
    assert english.patch["next_state"] == "IDLE_CHAT"


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/nothing", 404, {"error": "NOT_FOUND"}),
        ("GET", "/", 404, {"error": "NOT_FOUND"}),
        ("POST", "/healthz", 405, {"error": "METHOD_NOT_ALLOWED"}),
        ("GET", "/v1/events", 405, {"error": "METHOD_NOT_ALLOWED"}),
        ("GET", "/v1/ops/nothing", 404, {"error": "NOT_FOUND"}),
        ("POST", "/v1/reco/interleave/click", 404, {"ok": False, "error": "NOT_FOUND"}),
    ],
)
async def test_errors_elsewhere_are_plain_json(
    client: WebClient, method: str, path: str, status: int, body: dict[str, str]
) -> None:
    answer = await client.send(method, path)
    assert (answer.status, answer.json) == (status, body)


async def test_a_405_says_what_is_allowed(client: WebClient) -> None:
    answer = await client.send("DELETE", "/v1/session/bootstrap")
    assert answer.error == "METHOD_NOT_ALLOWED"
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
