"""Who asks, in which language, under which ids (contract A 2)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aurora.contract.errors import ContractError
from aurora.web.context import chat_hints, context_of, identity_of
from aurora.web.request import Arrived, arrived


def request_with(**headers: str) -> Arrived:
    return Arrived(
        method="POST",
        path="/v1/chat",
        route="/v1/chat",
        headers={name.replace("_", "-").encode(): value.encode() for name, value in headers.items()},
        query=b"",
        at=0.0,
        now=datetime(2026, 11, 24, tzinfo=UTC),
        seed="00" * 16,
        request_id="r1",
        spare_id="spare",
    )


def scope_with(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"method": "GET", "path": "/", "query_string": b"", "headers": list(headers)}


# --- request id -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given_id", ["r1", "x" * 128, "a b", "请求"])
def test_a_printable_request_id_is_taken_over(given_id: str) -> None:
    assert arrived(scope_with((b"x-request-id", given_id.encode())), None, 0.0).request_id == given_id


@pytest.mark.parametrize("given_id", ["", "   ", "x" * 129, "a\x01b", "a\tb"])
def test_any_other_request_id_is_replaced(given_id: str) -> None:
    made = arrived(scope_with((b"x-request-id", given_id.encode())), None, 0.0).request_id
    assert made != given_id
    assert uuid.UUID(made).version == 4


def test_of_a_repeated_header_the_first_counts() -> None:
    scope = scope_with((b"x-aurora-uid", b"u1"), (b"x-aurora-uid", b"u2"))
    assert context_of(arrived(scope, None, 0.0)).uid == "u1"


def test_two_requests_share_neither_seed_nor_ids() -> None:
    first, second = (arrived(scope_with(), None, 0.0) for _ in range(2))
    assert first.seed != second.seed
    assert first.request_id != second.request_id
    assert first.spare_id != second.spare_id
    assert first.now.microsecond % 1000 == 0


# --- identity ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uid", ["u1", "  u1  ", "测试用户", "x" * 128, "not a uuid at all"])
def test_any_readable_uid_will_do(uid: str) -> None:
    assert identity_of(context_of(request_with(x_aurora_uid=uid))).uid == uid.strip()


@pytest.mark.parametrize("headers", [{}, {"x_aurora_uid": ""}, {"x_aurora_uid": "  \t "}])
def test_without_a_uid_nobody_asks(headers: dict[str, str]) -> None:
    with pytest.raises(ContractError) as refused:
        identity_of(context_of(request_with(**headers)))
    assert (refused.value.status, refused.value.code) == (400, "MISSING_AURORA_UID")


@pytest.mark.parametrize("uid", ["x" * 129, "a\x07b"])
def test_a_bad_uid_is_refused_by_name_and_never_cut(uid: str) -> None:
    with pytest.raises(ContractError) as refused:
        identity_of(context_of(request_with(x_aurora_uid=uid)))
    assert refused.value.status == 400
    assert refused.value.details is not None
    assert refused.value.details["X-Aurora-UID"]["_errors"]


def test_a_bearer_that_nobody_knows_makes_a_guest() -> None:
    identity = identity_of(context_of(request_with(x_aurora_uid="u1", authorization="Bearer nobody")))
    assert identity.user_id is None


# --- ids --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "session", "chat", "trace", "brief"),
    [
        ({}, {}, True, "spare", None),
        ({"x_trace_id": "t9", "x_brief_id": "b9"}, {"trace_id": "t1", "brief_id": "b1"}, True, "t9", "b9"),
        ({}, {"trace_id": " t1 ", "brief_id": " b1 "}, True, "t1", "b1"),
        ({}, {"trace_id": "t1", "brief_id": "b1"}, False, "spare", None),
        ({"x_trace_id": "  "}, {"trace_id": 7, "brief_id": None}, True, "spare", None),
        ({"x_trace_id": "x" * 300}, {"brief_id": "y" * 300}, True, "x" * 128, "y" * 128),
        ({}, {"trace_id": "a\x00b"}, True, "spare", None),
    ],
)
def test_trace_and_brief_come_from_headers_then_from_the_chat_session(
    headers: dict[str, str], session: dict[str, Any], chat: bool, trace: str, brief: str | None
) -> None:
    context = context_of(request_with(**headers), {"session": session}, chat=chat)
    assert (context.trace_id, context.brief_id) == (trace, brief)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("S2_DIAGNOSIS", "S2_DIAGNOSIS"),
        ("idle", "idle"),
        ("", None),
        (None, None),
        ({"latest_artifact_id": "da_1"}, None),
        (7, None),
    ],
)
def test_only_a_string_is_a_state(state: Any, expected: str | None) -> None:
    assert context_of(request_with(), {"session": {"state": state}}, chat=True).state == expected


# --- language ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "body", "lang"),
    [
        ("CN", {}, "CN"),
        ("zh", {}, "CN"),
        ("zh-Hans", {}, "CN"),
        ("zh_CN", {}, "CN"),
        ("zh-TW", {}, "CN"),
        ("cn", {}, "CN"),
        ("EN", {"message": "推荐面霜"}, "EN"),
        ("fr", {"message": "推荐面霜"}, "EN"),
        ("", {"language": "CN", "message": "hi"}, "CN"),
        ("", {"language": "EN", "message": "推荐面霜"}, "EN"),
        ("", {"message": "推荐面霜"}, "CN"),
        ("", {"message": "please recommend 面霜"}, "CN"),
        ("", {"message": "", "query": "推荐面霜"}, "CN"),
        ("", {"message": "hi", "query": "推荐面霜"}, "EN"),
        ("", {"message": "かな only"}, "EN"),
        ("", {"message": 7}, "EN"),
        ("", {}, "EN"),
        ("", [], "EN"),
        ("", None, "EN"),
    ],
)
def test_the_language_of_a_chat_turn(header: str, body: Any, lang: str) -> None:
    assert context_of(request_with(x_lang=header), body, chat=True).lang == lang


def test_outside_chat_the_body_does_not_decide_the_language() -> None:
    assert context_of(request_with(), {"language": "CN", "message": "推荐"}).lang == "EN"


def test_accept_language_decides_nothing_but_is_handed_on() -> None:
    request = request_with(accept_language="zh-CN,zh;q=0.9")
    assert context_of(request, {}, chat=True).lang == "EN"
    assert chat_hints(request)["accept_language"] == "zh-CN,zh;q=0.9"


# --- hints ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "hints"),
    [
        ({}, {}),
        (
            {"x_llm_provider": "Gemini", "x_llm_model": "m" * 200},
            {"llm_provider": "gemini", "llm_model": "m" * 120},
        ),
        ({"x_aurora_llm_provider": "openai"}, {"llm_provider": "openai"}),
        ({"x_llm_provider": "other"}, {}),
        ({"x_debug": "1"}, {"debug": True}),
        ({"x_aurora_debug": "off"}, {"debug": False}),
        ({"x_debug": "maybe"}, {}),
    ],
)
def test_chat_hints(headers: dict[str, str], hints: dict[str, Any]) -> None:
    assert chat_hints(request_with(**headers)) == hints


@hypothesis_settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.dictionaries(
        st.sampled_from(["x_lang", "x_trace_id", "x_brief_id", "x_aurora_uid"]), st.text(max_size=300)
    ),
)
def test_a_context_can_always_be_made(body: Any, headers: dict[str, str]) -> None:
    clean = {name: value.encode("utf-8", "replace").decode() for name, value in headers.items()}
    context = context_of(request_with(**clean), body, chat=True)
    assert context.lang in ("EN", "CN")
    assert context.trace_id
