"""The rollout at the door: whom a request is placed by, who may force a variant, what the headers say."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.rules import rollout
from aurora.settings import Settings
from aurora.web.rollout import placed, rollout_headers
from tests.support.web import web
from tests.web.test_context import request_with


@pytest.mark.parametrize(
    ("headers", "body", "user_id", "source", "name"),
    [
        ({"x_aurora_uid": "u1"}, {}, None, "anon_id", "u1"),
        ({"x_aurora_uid": "u1", "x_device_id": "d1"}, {}, None, "anon_id", "d1"),
        ({"x_aurora_uid": "u1", "x_aurora_anon_id": "a1"}, {}, None, "anon_id", "a1"),
        ({"x_aurora_uid": "u1"}, {"session": {"device_id": "d2"}}, None, "anon_id", "d2"),
        ({"x_aurora_uid": "u1"}, {"session": {"id": "s1"}}, None, "session_id", "s1"),
        ({"x_aurora_uid": "u1"}, {"session": {"sessionId": "s2", "id": "s1"}}, None, "session_id", "s2"),
        ({"x_aurora_uid": "u1"}, {"session": {"id": "s1"}}, "usr_1", "user_id", "usr_1"),
        ({"x_forwarded_for": "1.2.3.4", "user_agent": "cli"}, {}, None, "request_id", "1.2.3.4|cli"),
        ({"x_request_id": "r1"}, {}, None, "request_id", "r1"),
        ({"x_aurora_uid": "u1"}, {"session": ["odd"]}, None, "anon_id", "u1"),
        ({"x_aurora_uid": "u1"}, "odd", None, "anon_id", "u1"),
        ({"x_aurora_uid": "u1"}, {"session": {"id": 7}}, None, "anon_id", "u1"),
    ],
)
def test_whom_a_request_is_placed_by(
    headers: dict[str, str], body: Any, user_id: str | None, source: Any, name: str
) -> None:
    found = placed(request_with(**headers), body, Settings(), user_id)
    assert (found.source, found.bucket) == (source, rollout.bucket(source, name))


LIVE = {"deployment": "production"}


@pytest.mark.parametrize(
    ("settings", "key", "forced"),
    [
        ({}, "", "v2_core"),
        ({"deployment": "staging"}, "", "v2_core"),
        (LIVE, "", None),
        (LIVE, "k", None),
        (LIVE | {"force_variant_enabled": True}, "", "v2_core"),
        (LIVE | {"force_variant_enabled": True, "force_variant_debug_key": "k"}, "", None),
        (LIVE | {"force_variant_enabled": True, "force_variant_debug_key": "k"}, "K", None),
        (LIVE | {"force_variant_enabled": True, "force_variant_debug_key": "k"}, "k", "v2_core"),
        (LIVE | {"force_variant_debug_key": "k"}, "k", None),
        ({"deployment": " Production "}, "", None),
    ],
)
def test_who_may_force_a_variant(settings: dict[str, Any], key: str, forced: str | None) -> None:
    headers = {"x_aurora_uid": "u1", "x_aurora_force_variant": "V2_Core", "x_aurora_debug_key": key}
    found = placed(request_with(**headers), {}, Settings(**settings))
    assert found.forced == forced
    assert found.applied is (forced is not None)
    assert found.variant == (forced or "legacy")


def test_an_unknown_variant_is_no_variant() -> None:
    headers = {"x_aurora_uid": "u1", "x_aurora_force_variant": "v3"}
    assert placed(request_with(**headers), {}, Settings()).forced is None


def test_the_headers() -> None:
    settings = Settings(policy_version="p7")
    found = placed(request_with(x_aurora_uid="u1"), {}, settings)
    assert rollout_headers(found, settings) == {
        "x-aurora-bucket": str(rollout.bucket("anon_id", "u1")),
        "x-aurora-variant": "legacy",
        "x-aurora-policy-version": "p7",
    }


@pytest.mark.parametrize("body", [{"message": "hello"}, {"message": ""}, {"odd": 1}])
async def test_every_chat_answer_says_where_it_belongs(body: dict[str, Any]) -> None:
    async with web(Settings(retention_days=0)) as client:
        answer = await client.post("/v1/chat", body, headers={"X-Aurora-Force-Variant": "v2_safety"})
        assert answer.headers["x-aurora-variant"] == "v2_safety"
        assert answer.headers["x-aurora-bucket"] == str(rollout.bucket("anon_id", "u1"))
        assert answer.headers["x-aurora-policy-version"] == "aurora_chat_v2_p0"
        other = await client.get("/v1/session/bootstrap")
        assert "x-aurora-variant" not in other.headers
