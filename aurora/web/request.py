"""A request as it arrived: what the edge knows before any route does. One per request, on the ASGI scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any, cast
from urllib.parse import parse_qsl

import msgspec
from quart import request as _current

from aurora.contract.errors import ContractError
from aurora.contract.turn import RequestContext

SCOPE_KEY = "aurora.request"
MOST_ID = 128
MOST_PARAMETERS = 50


class Arrived(msgspec.Struct):
    """One request.

    route: the path as registered, None for an unknown one. headers: lower-case names, first value wins.
    at: trio instant of the kernel's arrival of its bytes. now: UTC wall clock, whole milliseconds. seed: 16
    random bytes as hex, from which every id of the turn derives. spare_id: a fresh UUID, for a trace nobody
    named. body: as sent, content encoding undone. context: set once known, for error answers.
    extra_headers: go on every answer of this request, errors included. uploaded: the photo of an upload
    (`photo_upload.Uploaded`). client: address of the socket's peer, "" where there is none.
    """

    method: str
    path: str
    route: str | None
    headers: dict[bytes, bytes]
    query: bytes
    at: float
    now: datetime
    seed: str
    request_id: str
    spare_id: str
    body: bytes = b""
    context: RequestContext | None = None
    extra_headers: dict[str, str] = {}
    uploaded: Any = None
    client: str = ""

    def header(self, name: bytes) -> str:
        """A header's text, trimmed; "" when it is absent."""
        value = self.headers.get(name)
        return _text(value) if value else ""


def arrived(scope: Mapping[str, Any], route: str | None, at: float) -> Arrived:
    """Read an ASGI scope. Time and randomness of the turn are drawn here, and nowhere below."""
    headers = first_values(scope["headers"])
    given = _text(headers.get(b"x-request-id", b""))
    moment = datetime.now(UTC)
    drawn = token_bytes(48)  # one system call for all of it
    return Arrived(
        method=scope["method"],
        path=scope["path"],
        route=route,
        headers=headers,
        query=scope["query_string"],
        at=at,
        now=moment.replace(microsecond=moment.microsecond // 1000 * 1000),
        seed=drawn[:16].hex(),
        request_id=given if is_id(given) else uuid4_of(drawn[16:32]),
        spare_id=uuid4_of(drawn[32:]),
        client=(scope.get("client") or ("",))[0],
    )


def current_request() -> Arrived:
    """The request that the running view serves."""
    found: Arrived = cast("dict[str, Any]", _current.scope)[SCOPE_KEY]
    return found


def query_of(request: Arrived) -> dict[str, str]:
    """The parameters of the query; of a repeated one the last value counts.

    Raises ContractError 400 BAD_REQUEST for more than anybody has.
    """
    try:
        return dict(parse_qsl(request.query.decode("latin-1"), max_num_fields=MOST_PARAMETERS))
    except ValueError:
        details = {"_errors": [f"more than {MOST_PARAMETERS} parameters"]}
        raise ContractError(400, "BAD_REQUEST", details=details) from None


def first_values(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Header pairs as a dict; of a repeated header the first value counts."""
    headers: dict[bytes, bytes] = {}
    for name, value in pairs:
        headers.setdefault(name, value)
    return headers


def uuid4_of(drawn: bytes) -> str:
    """16 random bytes as a version 4 UUID."""
    raw = bytearray(drawn)
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """An id that we take over from a client: 1 to 128 printable characters."""
    return 0 < len(text) <= MOST_ID and text.isprintable()


def _text(value: bytes) -> str:
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()
