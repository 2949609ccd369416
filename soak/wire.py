"""Just enough HTTP/1.1 for a load generator: request bytes out, response boundaries in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAX_HEAD_BYTES = 65536


def request_bytes(
    method: str,
    path: str,
    *,
    host: str = "aurora",
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> bytes:
    """A whole request; `body` is sent as JSON when given."""
    payload = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(payload)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + payload


class BadResponseError(ValueError):
    """Bytes that are no HTTP/1.1 response with a length."""


class ResponseReader:
    """Finds the end of each response in a stream of bytes. `feed` may be called with any split.

    status, body: those of the response that `feed` just completed.
    """

    __slots__ = ("_buffer", "_chunked", "_need", "body", "closing", "status")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._need: int | None = None
        self._chunked = False
        self.status = 0
        self.body = b""
        self.closing = False

    def feed(self, data: bytes) -> bool:
        """Take bytes in; True when a response is complete. One response at a time: no pipelining."""
        self._buffer += data
        if self._need is None and not self._chunked and not self._head():
            return False
        if self._chunked:
            return self._chunks()
        assert self._need is not None
        if len(self._buffer) < self._need:
            return False
        self.body = bytes(self._buffer[: self._need])
        del self._buffer[: self._need]
        self._need = None
        return True

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise BadResponseError("endless head")
            return False
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        first = lines[0].split(b" ", 2)
        if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit():
            raise BadResponseError("no status line")
        self.status = int(first[1])
        fields = {
            name.strip().lower(): value.strip().lower()
            for name, _, value in (x.partition(b":") for x in lines[1:])
        }
        self.closing = fields.get(b"connection") == b"close"
        self._chunked = fields.get(b"transfer-encoding") == b"chunked"
        if not self._chunked:
            length = fields.get(b"content-length", b"0" if self.status in (204, 304) else b"")
            if not length.isdigit():
                raise BadResponseError("no length")
            self._need = int(length)
        return True

    def _chunks(self) -> bool:
        place = 0
        parts: list[bytes] = []
        while True:
            line_end = self._buffer.find(b"\r\n", place)
            if line_end < 0:
                return False
            try:
                size = int(bytes(self._buffer[place:line_end]).split(b";")[0], 16)
            except ValueError:
                raise BadResponseError("bad chunk size") from None
            start = line_end + 2
            if len(self._buffer) < start + size + 2:
                return False
            if size == 0:
                self.body = b"".join(parts)
                del self._buffer[: start + 2]
                self._chunked = False
                return True
            parts.append(bytes(self._buffer[start : start + size]))
            place = start + size + 2
