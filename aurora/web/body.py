"""Reading request bodies: never more than the limit in memory, never longer than a few seconds.

What stands here holds for every route: sizes, content types, content encodings, and what counts as JSON
(contract A 1.2). What the JSON must look like is `contract.validation`'s.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import trio

from aurora.contract.errors import ContractError
from aurora.contract.validation import plain_json

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

BODY_TIMEOUT_S = 10.0
DRAIN_S = 1.0
_INFLATE_IN_THREAD = 64 * 1024  # bytes; above it the loop would wait noticeably

# Bytes of bodies that all requests of this process may hold while they are being read.
MOST_HELD_BYTES = 96 * 1024 * 1024


class ClientGoneError(Exception):
    """The client hung up before its request was complete; nobody waits for an answer."""


class BodyReader:
    """Reads bodies of one process within one common allowance.

    limit: bytes of one body, before and after decompression. timeout_s: from the first byte we ask for.
    """

    def __init__(
        self, limit: int, *, timeout_s: float = BODY_TIMEOUT_S, allowance: int = MOST_HELD_BYTES
    ) -> None:
        self._limit = limit
        self._timeout_s = timeout_s
        self._allowance = allowance
        self._held = 0

    async def read(self, receive: Receive, headers: dict[bytes, bytes]) -> bytes:
        """The whole body, content encoding undone.

        Raises ContractError: 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE (an encoding unknown to us),
        400 INVALID_JSON (a broken one), 408 REQUEST_TIMEOUT, 503 OVERLOADED (too much is being read already).
        Raises ClientGoneError.
        """
        if _declared(headers) > self._limit:
            await self._drain(receive)
            raise ContractError(413, "PAYLOAD_TOO_LARGE")
        raw = b""
        with trio.move_on_after(self._timeout_s) as scope:
            raw = await self._read_parts(receive)
        if scope.cancelled_caught:
            raise ContractError(408, "REQUEST_TIMEOUT")
        encoding = headers.get(b"content-encoding")
        if not raw or encoding is None:
            return raw
        return await self._inflate(raw, encoding.strip().lower())

    async def _read_parts(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                part = message.get("body", b"")
                size += len(part)
                self._held += len(part)
                if size > self._limit:
                    parts.clear()
                    await self._drain(receive, more=message.get("more_body", False))
                    raise ContractError(413, "PAYLOAD_TOO_LARGE")
                if self._held > self._allowance:
                    raise ContractError(503, "OVERLOADED", retry_after_s=1)
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
        finally:
            self._held -= size

    async def _drain(self, receive: Receive, *, more: bool = True) -> None:
        """Let a client that is still sending finish, for a moment, so that it comes to read our refusal."""
        left = 2 * self._limit
        with trio.move_on_after(DRAIN_S):
            while left > 0 and more:
                message = await receive()
                more = message.get("more_body", False)
                left -= len(message.get("body", b""))

    async def _inflate(self, raw: bytes, encoding: bytes) -> bytes:
        if encoding in (b"identity", b""):
            return raw
        if encoding not in (b"gzip", b"x-gzip", b"deflate"):
            raise ContractError(415, "UNSUPPORTED_MEDIA_TYPE")
        try:
            if len(raw) < _INFLATE_IN_THREAD:
                return inflate(raw, encoding, self._limit)
            return await trio.to_thread.run_sync(inflate, raw, encoding, self._limit)
        except zlib.error:
            raise ContractError(400, "INVALID_JSON") from None


def _declared(headers: dict[bytes, bytes]) -> int:
    """The length that the client announced; 0 if it did not."""
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 19 else 0


def inflate(raw: bytes, encoding: bytes, limit: int) -> bytes:
    """Undo gzip or deflate (with or without its zlib header). Raises zlib.error, ContractError 413."""
    bits = 31 if encoding.endswith(b"gzip") else 15 if raw[0] & 0x0F == 8 else -15
    inflater = zlib.decompressobj(bits)
    data = inflater.decompress(raw, limit + 1)
    if len(data) > limit:
        raise ContractError(413, "PAYLOAD_TOO_LARGE")
    if not inflater.eof:
        raise zlib.error("cut short")
    return data


def json_value(body: bytes, content_type: bytes | None) -> Any:
    """What the JSON in `body` says, as dicts and lists; {} for an empty body, whatever its type.

    Raises ContractError: 415 UNSUPPORTED_MEDIA_TYPE for anything but JSON in UTF-8, 400 INVALID_JSON for
    broken JSON and for a bare string, number, boolean or null, 400 BAD_REQUEST for a lone surrogate, absurd
    nesting or too many values.
    """
    if not body:
        return {}
    if not is_json(content_type):
        raise ContractError(415, "UNSUPPORTED_MEDIA_TYPE")
    value = plain_json(body)
    if not isinstance(value, dict | list):
        raise ContractError(400, "INVALID_JSON")
    return value


def is_json(content_type: bytes | None) -> bool:
    """`application/json`, with no charset or with UTF-8 (of which ASCII is a part)."""
    if content_type == b"application/json":
        return True
    if content_type is None:
        return False
    kind, *parameters = content_type.lower().split(b";")
    if kind.strip() != b"application/json":
        return False
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset" and value.strip().strip(b'"') not in (b"utf-8", b"utf8", b"us-ascii"):
            return False
    return True
