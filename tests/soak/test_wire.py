"""Finding responses in a stream of bytes, however it is split."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soak.wire import BadResponseError, ResponseReader, request_bytes

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@given(st.data())
def test_any_split_finds_the_same_responses(data: st.DataObject) -> None:
    expected = [(200, b"hello"), (503, b"abcde"), (204, b""), (200, b"hello")]
    reader = ResponseReader()
    found: list[tuple[int, bytes]] = []
    for raw in (PLAIN, CHUNKED, EMPTY, PLAIN):
        cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=8)))
        for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
            if reader.feed(raw[start:end]):
                found.append((reader.status, reader.body))
    assert found == expected


def test_a_closing_response_says_so() -> None:
    reader = ResponseReader()
    assert reader.feed(EMPTY)
    assert reader.closing
    assert reader.feed(PLAIN)
    assert not reader.closing


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nno length",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 70000,
    ],
)
def test_what_is_no_response_is_refused(raw: bytes) -> None:
    with pytest.raises(BadResponseError):
        ResponseReader().feed(raw)


def test_a_request_carries_its_json_and_length() -> None:
    raw = request_bytes("POST", "/v1/chat", headers={"X-Aurora-UID": "u"}, body={"message": "你好"})
    head, body = raw.split(b"\r\n\r\n", 1)
    assert json.loads(body) == {"message": "你好"}
    assert f"content-length: {len(body)}".encode() in head
    assert b"X-Aurora-UID: u" in head
    assert head.startswith(b"POST /v1/chat HTTP/1.1\r\n")
    assert b"content-length" not in request_bytes("GET", "/x")
