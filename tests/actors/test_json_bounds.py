"""Reading JSON that somebody else wrote."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.actors.json_bounds import JsonRefusedError, read_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((depth_of(each) for each in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth_of(each) for each in value), default=0)
    return 0


def has_nul(value: Any) -> bool:
    return "\x00" in json.dumps(value, ensure_ascii=False).replace("\\u0000", "\x00")


@given(values, st.integers(0, 6))
def test_depth_is_bounded_and_nul_never_gets_in(value: Any, limit: int) -> None:
    raw = json.dumps(value).encode()
    if depth_of(value) > limit:
        with pytest.raises(JsonRefusedError) as refused:
            read_json(raw, limit)
        assert refused.value.code == "too_deep"
        return
    read, kept = read_json(raw, limit)
    assert not has_nul(read)
    assert msgspec.json.decode(kept) == read
    if not has_nul(value):
        assert read == value
        assert kept == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"  ",
        b"<html>",
        b'{"a":',
        b"nul",
        b"{'a': 1}",
        b'{"a": "\\ud83d"}',
        b"\xff",
        b"1e999",
        b"[1] [2]",
    ],
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    with pytest.raises(JsonRefusedError) as refused:
        read_json(raw, 64)
    assert refused.value.code == "not_json"


@pytest.mark.parametrize("levels", [65, 2_000, 200_000])
def test_any_depth_is_refused_without_an_accident(levels: int) -> None:
    with pytest.raises(JsonRefusedError) as refused:
        read_json(b'{"a":' * levels + b"1" + b"}" * levels, 64)
    assert refused.value.code == "too_deep"
