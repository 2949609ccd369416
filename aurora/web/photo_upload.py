"""Reading an uploaded photo: multipart, part by part as it comes, never more in memory than the limit (C 4).

Nothing is written to disk. Every refusal lets the client finish for a moment, so that it comes to read it.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec
import trio
from multipart import (  # type: ignore[import-untyped]  # it ships no types
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from aurora.contract.errors import ContractError
from aurora.flows.photos import not_configured
from aurora.settings import Settings
from aurora.web.body import ClientGoneError, Receive
from aurora.web.context import context_of, identity_of
from aurora.web.request import Arrived

PATH = "/v1/photos/upload"
ACCEPTED = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
PHOTO_FIELDS = ("photo", "file", "image")  # looked for in this order; else any file counts
MOST_PARTS = 12
MOST_FIELD_BYTES = 8 * 1024  # of all fields together
MOST_OVERHEAD = 64 * 1024  # boundaries and part headers beside the photo
MOST_AT_ONCE = 8  # uploads of this process; each holds up to the limit
DRAIN_S = 1.0
_YES = frozenset({"true", "1", "yes"})
_BOUNDARY_BYTES = 70  # RFC 2046


class Uploaded(msgspec.Struct, frozen=True):
    """A photo as it came. Its bytes are never written down anywhere."""

    slot_id: str
    content_type: str
    photo: bytes


class _Parts(msgspec.Struct):
    """What has come in so far. photos: (content type, bytes) by field name, the first of each."""

    fields: dict[str, str] = {}
    photos: dict[str, tuple[str, bytes]] = {}


class PhotoReader:
    """Reads the photos of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._most = settings.photo_upload_max_bytes
        self._places = MOST_AT_ONCE

    async def read(self, receive: Receive, request: Arrived) -> Uploaded:
        """The photo, its slot, and her consent.

        Raises ContractError: 400 MISSING_AURORA_UID, 501 without anywhere to put it, 400 BAD_REQUEST,
        UNSUPPORTED_CONTENT_TYPE, UPLOAD_TOO_LARGE, MISSING_FIELD, INVALID_MULTIPART, USER_CONSENT_REQUIRED,
        408 MULTIPART_PARSE_TIMEOUT, 503 OVERLOADED. Raises ClientGoneError.
        """
        body = _Incoming(receive)
        try:
            return await self._read(body, request)
        except ContractError:
            with trio.move_on_after(DRAIN_S), suppress(ClientGoneError):
                while body.more and body.size <= 2 * self._most:
                    await body.next()
            raise

    async def _read(self, body: _Incoming, request: Arrived) -> Uploaded:
        self._somewhere_to_go(request)
        boundary = _boundary(request.header(b"content-type"))
        declared = request.header(b"content-length")
        if declared.isdigit() and int(declared[:18]) > self._most + MOST_OVERHEAD:
            raise ContractError(400, "UPLOAD_TOO_LARGE")
        if self._places == 0:
            raise ContractError(503, "OVERLOADED", retry_after_s=1)
        self._places -= 1
        try:
            with trio.move_on_after(self._settings.photo_upload_parse_timeout_ms / 1000):
                return _judged(await self._parts(body, boundary))
            raise ContractError(408, "MULTIPART_PARSE_TIMEOUT")
        finally:
            self._places += 1

    def _somewhere_to_go(self, request: Arrived) -> None:
        """Refusals that need no byte of the body. Raises ContractError."""
        identity_of(context_of(request))
        if not self._settings.backend_base_url:
            raise not_configured(request.request_id, auth=False)
        if not (self._settings.backend_api_key or request.header(b"x-checkout-token")):
            raise not_configured(request.request_id, auth=True)

    async def _parts(self, body: _Incoming, boundary: bytes) -> _Parts:
        parts, gathering = _Parts(), _Gathering(self._most)
        closing, tail, over = b"\r\n--" + boundary + b"--", b"", False
        try:
            with PushMultipartParser(boundary, max_segment_count=MOST_PARTS, strict=True) as parser:
                while body.more and not parser.closed:
                    piece = await body.next()
                    if body.size > self._most + MOST_OVERHEAD:
                        raise ContractError(400, "UPLOAD_TOO_LARGE")
                    if over:
                        # A line end in a packet of its own is no error, though the parser takes it for one.
                        continue
                    for event in parser.parse(piece) if piece else ():
                        gathering.take(event, parts)
                    tail += piece
                    over = closing in tail
                    tail = tail[1 - len(closing) :]
        except MultipartError:
            raise ContractError(400, "INVALID_MULTIPART") from None
        return parts


class _Incoming:
    """A body as it arrives. size: bytes so far. more: there may be more of them."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.size = 0
        self.more = True

    async def next(self) -> bytes:
        """The next piece. Raises ClientGoneError."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        piece: bytes = message.get("body", b"")
        self.size += len(piece)
        self.more = message.get("more_body", False)
        return piece


class _Gathering:
    """The part that is just coming in, and how many bytes of files and of fields have come in all."""

    def __init__(self, most: int) -> None:
        self._left = {True: most, False: MOST_FIELD_BYTES}
        self._bytes = bytearray()
        self._part: MultipartSegment | None = None

    def take(self, event: MultipartSegment | bytearray | bytes | None, parts: _Parts) -> None:
        """A part's head, a piece of it, or its end (None). Raises ContractError."""
        if isinstance(event, MultipartSegment):
            if _is_file(event) and _type_of(event) not in ACCEPTED:
                raise ContractError(400, "UNSUPPORTED_CONTENT_TYPE")
            self._part, self._bytes = event, bytearray()
        elif event is not None:
            is_file = self._part is not None and _is_file(self._part)
            self._left[is_file] -= len(event)
            if self._left[is_file] < 0:
                raise ContractError(400, "UPLOAD_TOO_LARGE" if is_file else "INVALID_MULTIPART")
            self._bytes += event
        elif self._part is not None:
            name = self._part.name
            if _is_file(self._part):
                parts.photos.setdefault(name, (_type_of(self._part), bytes(self._bytes)))
            else:
                parts.fields.setdefault(name, self._bytes.decode("utf-8", "replace"))
            self._part = None


def _is_file(part: MultipartSegment) -> bool:
    return part.filename is not None


def _type_of(part: MultipartSegment) -> str:
    """What the part says it is; nothing said is nothing accepted."""
    return str(parse_options_header(part.header("Content-Type", "") or "")[0]).lower()


def _judged(parts: _Parts) -> Uploaded:
    for name in ("slot_id", "consent"):
        if not parts.fields.get(name):
            raise ContractError(400, "MISSING_FIELD", extra={"field": name})
    slot_id = parts.fields["slot_id"].strip()
    if not slot_id:
        raise _bad("slot_id_required")
    if len(slot_id) > 1000 or not slot_id.isprintable():
        raise _bad("slot_id_invalid")
    if parts.fields["consent"].strip().lower() not in _YES:
        raise ContractError(400, "USER_CONSENT_REQUIRED")
    found = next((parts.photos[name] for name in PHOTO_FIELDS if name in parts.photos), None)
    if found is None:
        found = next(iter(parts.photos.values()), None)
    if found is None or not found[1]:
        raise _bad("photo_file_required")
    return Uploaded(slot_id, *found)


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary: str = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise _bad("multipart_required")
    if len(boundary) > _BOUNDARY_BYTES or not boundary.isascii() or not boundary.isprintable():
        raise ContractError(400, "INVALID_MULTIPART")
    return boundary.encode()


def _bad(detail: str) -> ContractError:
    return ContractError(400, "BAD_REQUEST", extra={"detail": detail})
