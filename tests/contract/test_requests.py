"""Bodies that are refused name the field; bodies that are fine arrive as they were sent (contract A 5, 6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from aurora.contract.errors import ContractError
from aurora.contract.requests import ChatRequest, ProfileUpdate, sent_keys
from aurora.contract.validation import KINDS, decode, unfit_text


def refused(kind: str, body: Any) -> ContractError:
    with pytest.raises(ContractError) as caught:
        decode(kind, body)
    assert caught.value.status == 400
    return caught.value


def errors_at(tree: dict[str, Any] | None, *path: str) -> list[str]:
    """The `_errors` of one level; every level on the way must have its own list."""
    assert tree is not None
    level = tree
    for step in path:
        assert isinstance(level["_errors"], list)
        level = level[step]
    return level["_errors"]


REFUSED: list[tuple[str, Any, tuple[str, ...]]] = [
    ("chat", {"foo": 1}, ()),
    ("chat", {"message": ""}, ("message",)),
    ("chat", {"message": None}, ("message",)),
    ("chat", {"message": 5}, ("message",)),
    ("chat", {"language": "zh"}, ("language",)),
    ("chat", {"language": "cn"}, ("language",)),
    ("chat", {"llm_provider": "other"}, ("llm_provider",)),
    ("chat", {"llm_model": "m" * 121}, ("llm_model",)),
    ("chat", {"debug": 1}, ("debug",)),
    ("chat", {"debug": "true"}, ("debug",)),
    ("chat", {"selected_option_index": 100}, ("selected_option_index",)),
    ("chat", {"selected_option_index": "1"}, ("selected_option_index",)),
    ("chat", {"selected_option_index": True}, ("selected_option_index",)),
    ("chat", {"messages": [{"role": "user", "content": "a"}] * 51}, ("messages",)),
    ("chat", {"messages": [{"role": "u", "content": "a"}, {"role": "u"}]}, ("messages", "1", "content")),
    ("chat", {"messages": [{"role": "user", "content": "a", "x": 1}]}, ("messages", "0")),
    ("chat", {"action": 5}, ("action",)),
    ("chat", {"action": ""}, ("action",)),
    ("chat", {"action": {"kind": "chip"}}, ("action", "action_id")),
    ("chat", {"action": {"action_id": "a", "kind": "tap"}}, ("action", "kind")),
    ("chat", {"action": {"action_id": "a", "data": []}}, ("action", "data")),
    ("chat", {"session": "idle"}, ("session",)),
    ("chat",
     {"requested_transition": {"trigger_source": "text", "trigger_id": "a", "requested_next_state": "b"}},
     ("requested_transition", "trigger_source")),
    ("chat", {"message": "a\x00b"}, ("message",)),
    ("chat", {"session": {"profile": {"region": "a\x00"}}}, ("session", "profile", "region")),
    ("chat", {"session": {"a\x00": 1}}, ("session",)),
    ("chat", {"message": "x" * 100_001}, ("message",)),
    ("analysis", {"use_photo": "true"}, ("use_photo",)),
    ("analysis", {"photos": [{"slot_id": "a"}] * 5}, ("photos",)),
    ("analysis", {"photos": [{"photo_id": "a"}]}, ("photos", "0", "slot_id")),
    ("analysis", {"currentRoutine": 5}, ("currentRoutine",)),
    ("analysis", {"currentRoutine": {"am": "x" * 8200}}, ("currentRoutine",)),
    ("profile_update", {"nickname": "x"}, ()),
    ("profile_update", {"skinType": ""}, ("skinType",)),
    ("profile_update", {"skinType": "x" * 201}, ("skinType",)),
    ("profile_update", {"goals": [""]}, ("goals", "0")),
    ("profile_update", {"goals": ["a"] * 31}, ("goals",)),
    ("profile_update", {"goals": "acne"}, ("goals",)),
    ("profile_update", {"age_band": "18-24"}, ("age_band",)),
    ("profile_update", {"pregnancy_status": None}, ("pregnancy_status",)),
    ("profile_update", {"itinerary": "x" * 8191}, ("itinerary",)),
    ("profile_update", {"travel_plan": {"start_date": "2026-02-31"}}, ("travel_plan", "start_date")),
    ("profile_update", {"travel_plan": {"end_date": "2026-2-3"}}, ("travel_plan", "end_date")),
    ("profile_update",
     {"travel_plan": {"indoor_outdoor_ratio": 1.1}}, ("travel_plan", "indoor_outdoor_ratio")),
    ("profile_update", {"travel_plan": {"city": "x"}}, ("travel_plan",)),
    ("tracker_log", {"acne": 6}, ("acne",)),
    ("tracker_log", {"acne": 1.5}, ("acne",)),
    ("tracker_log", {"acne": "3"}, ("acne",)),
    ("tracker_log", {"redness": True}, ("redness",)),
    ("tracker_log", {"hydration": -1}, ("hydration",)),
    ("tracker_log", {"notes": "x" * 4001}, ("notes",)),
    ("tracker_log", {"sensation": "x" * 501}, ("sensation",)),
    ("tracker_log", {"date": ""}, ("date",)),
    ("tracker_log", {"date": "2026-02-31"}, ("date",)),
    ("tracker_log", {"date": "2025-02-29"}, ("date",)),
    ("tracker_log", {"date": "0000-01-01"}, ("date",)),
    ("auth_start", {}, ("email",)),
    ("auth_start", {"email": "a" * 321}, ("email",)),
    ("auth_verify", {"email": "a@b.co", "code": "123"}, ("code",)),
    ("auth_verify", {"email": "a@b.co", "code": 123456}, ("code",)),
    ("auth_password_login", {"email": "a@b.co", "password": "p" * 129}, ("password",)),
    ("auth_password_set", {"password": "seven77"}, ("password",)),
    ("affiliate_outcome", {}, ("outcome",)),
    ("affiliate_outcome", {"outcome": "maybe"}, ("outcome",)),
    ("affiliate_outcome", {"outcome": "save", "url": ""}, ("url",)),
    ("events", {"source": "", "events": [1]}, ("source",)),
    ("events", {"source": "s"}, ("events",)),
    ("events", {"source": "s", "events": []}, ("events",)),
    ("events", {"source": "s", "events": [1] * 51}, ("events",)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "path"), REFUSED)
@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "decoded"])
def test_a_bad_body_is_refused_at_the_field(
    kind: str, body: Any, path: tuple[str, ...], as_bytes: bool
) -> None:
    error = refused(kind, json.dumps(body).encode() if as_bytes else body)
    assert error.code == "BAD_REQUEST"
    assert errors_at(error.details, *path)


ACCEPTED: list[tuple[str, Any]] = [
    ("chat", {}),
    ("chat", {"message": "  "}),
    ("chat", {"action": "chip.start.routine"}),
    ("chat", {"action": {"action_id": "a", "kind": "chip", "data": {"any": [1, None]}}}),
    ("chat", {"session": {"state": {"a": 1}, "profile": None}}),
    ("chat", {"messages": [{"role": "user", "content": "a"}] * 50}),
    ("analysis", {}),
    ("analysis", {"use_photo": False, "currentRoutine": [{"am": "wash"}]}),
    ("analysis", {"photos": [{"slot_id": "daylight", "photo_id": "p", "qc_status": "passed"}]}),
    ("profile_update", {}),
    ("profile_update", {"goals": [], "currentRoutine": "[AM] wash", "itinerary": {"days": 3}}),
    ("profile_update", {"travel_plan": {"start_date": "2028-02-29", "indoor_outdoor_ratio": 1}}),
    ("profile_update", {"region": "上海 🌞"}),
    ("tracker_log", {}),
    ("tracker_log", {"date": "yesterday", "redness": 0, "acne": 5, "notes": ""}),
    ("tracker_log", {"date": "2028-02-29"}),
    ("affiliate_outcome", {"outcome": "success", "url": "https://example.com/p"}),
    ("events", {"source": "s", "events": [{"odd": None}, 3], "extra": 1}),
]


@pytest.mark.parametrize(("kind", "body"), ACCEPTED)
def test_a_good_body_arrives_as_it_was_sent(kind: str, body: Any) -> None:
    read = decode(kind, json.dumps(body).encode())
    assert isinstance(read, KINDS[kind])
    if kind != "events":
        assert sent_keys(read) == body


def test_absent_is_not_null() -> None:
    assert decode("chat", {}).message is UNSET
    assert sent_keys(ProfileUpdate(goals=[])) == {"goals": []}


def test_all_bad_fields_are_named_at_once() -> None:
    error = refused("profile_update", {"skinType": "", "goals": ["ok", ""], "shoe": 1, "region": "x"})
    assert error.details == {
        "_errors": ["unknown key `shoe`"],
        "skinType": {"_errors": ["expected `str` of length >= 1"]},
        "goals": {"_errors": [], "1": {"_errors": ["expected `str` of length >= 1"]}},
    }


def test_a_refusal_repeats_no_value() -> None:
    error = refused("chat", {"language": "my secret", "message": "x" * 100_001})
    assert "secret" not in json.dumps(error.details)
    assert len(json.dumps(error.details)) < 500


@pytest.mark.parametrize("raw", [b"{bad", b"", b"\xff\xfe", b'{"a":1} x', b'{"a":NaN}'])
def test_bytes_that_are_no_json(raw: bytes) -> None:
    assert refused("chat", raw).code == "INVALID_JSON"


@pytest.mark.parametrize("raw", [b"3", b'"x"', b"null", b"[]", b"true"])
def test_a_body_that_is_no_object(raw: bytes) -> None:
    error = refused("chat", raw)
    assert error.code == "BAD_REQUEST"
    assert errors_at(error.details)


def test_a_lone_surrogate_is_named() -> None:
    error = refused("chat", b'{"session":{"profile":{"region":"\\ud83d"}}}')
    assert errors_at(error.details, "session", "profile", "region")
    assert decode("chat", b'{"message":"\\ud83c\\udf1e"}').message == "🌞"


@pytest.mark.parametrize("levels", [64, 70, 5_000, 200_000])
@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused(levels: int, brackets: tuple[bytes, bytes]) -> None:
    inner = brackets[0] * levels + b"1" + brackets[1] * levels
    error = refused("chat", b'{"session":{"a":' + inner + b"}}")
    assert error.code in {"BAD_REQUEST", "INVALID_JSON"}


def test_the_depth_limit_is_exact_and_named() -> None:
    def nested(levels: int) -> Any:
        value: Any = "x"
        for _ in range(levels):
            value = {"a": value}
        return value

    assert isinstance(decode("chat", {"session": nested(63)}), ChatRequest)
    assert errors_at(refused("chat", {"session": nested(64)}).details, "session")


def test_a_body_of_a_million_little_things_is_refused_before_it_is_read() -> None:
    raw = b'{"session":{"a":[' + b"[]," * 1_000_000 + b"[]]}}"
    assert errors_at(refused("chat", raw).details)
    commas = decode("chat", b'{"message":"' + b"a," * 49_000 + b'"}')
    assert len(commas.message) == 98_000


def test_a_literal_backslash_u0000_in_a_text_is_fine() -> None:
    assert decode("chat", b'{"message":"\\\\u0000"}').message == "\\u0000"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from([name for shape in KINDS.values() for name in shape.__struct_fields__])


@given(st.sampled_from(sorted(KINDS)), st.one_of(JSON, st.dictionaries(st.one_of(FIELDS, st.text()), JSON)))
def test_any_body_gives_a_struct_or_a_400(kind: str, body: Any) -> None:
    try:
        outcome: Any = decode(kind, body)
    except ContractError as error:
        outcome = error
    if isinstance(outcome, ContractError):
        assert outcome.status == 400
        assert isinstance((outcome.details or {})["_errors"], list)
    else:
        assert isinstance(outcome, KINDS[kind])


@given(JSON)
def test_unfit_text_is_found_wherever_it_hides(value: Any) -> None:
    def fit(inner: Any) -> bool:
        if isinstance(inner, str):
            return "\x00" not in inner
        if isinstance(inner, dict):
            return all(fit(k) and fit(v) for k, v in inner.items())
        return all(map(fit, inner)) if isinstance(inner, list) else True

    assert (unfit_text(value) is None) is fit(value)
