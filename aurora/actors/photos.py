"""The photos actor: the bridge to where photos are stored and checked (contract C 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import trio

from aurora.actors.call import Call, Handler
from aurora.actors.commerce import auth_headers
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.http_pool import ExchangeError
from aurora.actors.links import Link, Reply
from aurora.actors.photo_tray import PhotoCache, PhotoTray
from aurora.actors.questions import (
    ConfirmPhoto,
    ForgetPhotos,
    PhotoChecked,
    PhotoSlot,
    PresignPhoto,
    StorePhoto,
)
from aurora.actors.signed_urls import BadUrlError, SignedUrls
from aurora.contract.turn import RequestContext
from aurora.rules import photo_quality_check
from aurora.settings import Settings

NAME = "photos"
CALL_S = 12.0  # each call of the bridge (contract C 8)
LOOK_S = 6.0  # looking again at a check, from its confirmation on (contract C 6)
HIDDEN = "[redacted]"

PRESIGN_FAILED = "PHOTO_PRESIGN_UPSTREAM_FAILED"
NO_UPLOAD_URL = "UPSTREAM_MISSING_UPLOAD_URL"
BYTES_FAILED = "PHOTO_UPLOAD_BYTES_FAILED"
CONFIRM_FAILED = "PHOTO_CONFIRM_UPSTREAM_FAILED"


class PhotoDesk(msgspec.Struct, frozen=True):
    """What photos need in a process. tray: being taken in. cache: kept. urls: the storage's side."""

    link: Link
    urls: SignedUrls
    tray: PhotoTray
    cache: PhotoCache
    agent_key: str

    @classmethod
    def of(cls, link: Link, settings: Settings) -> PhotoDesk:
        """A desk with everything empty."""
        cache = PhotoCache(settings.photo_cache_max_items, settings.photo_cache_ttl_ms / 1000)
        return cls(link, SignedUrls(), PhotoTray(), cache, settings.backend_api_key)

    async def aclose(self) -> None:
        """Close what is open to the storage."""
        await self.urls.aclose()

    def auth(self, context: RequestContext) -> dict[str, str]:
        """Exactly one way to say who asks: the shop's session if the client sent one, else our key."""
        if context.checkout_token:
            return {"x-checkout-token": context.checkout_token}
        return auth_headers(self.agent_key)


def photos_handler(desk: PhotoDesk) -> Handler:
    """Handler of PresignPhoto, StorePhoto, ConfirmPhoto and ForgetPhotos.

    What the bridge refused is an answer with `refused`; a bridge that is not there is a Failure.
    """

    async def handle(call: Call) -> Finding:
        bridge = _Bridge(desk, call)
        match call.question:
            case PresignPhoto(content_type=content_type, byte_size=byte_size):
                return await bridge.presign(content_type, byte_size)
            case StorePhoto():
                return await bridge.store(call.question)
            case ConfirmPhoto(photo_id=photo_id):
                return await bridge.confirmed(photo_id)
            case ForgetPhotos():
                return Answer(actor=NAME, value=desk.cache.forget(call.turn.identity.uid))
            case _:
                raise TypeError(f"photos cannot answer {type(call.question).__name__}")

    return handle


class _Bridge:
    """The bridge, as one call uses it."""

    def __init__(self, desk: PhotoDesk, call: Call) -> None:
        self._desk = desk
        self._call = call
        self._uid = call.turn.identity.uid
        self._auth = desk.auth(call.turn.context)

    async def presign(self, content_type: str, byte_size: int | None) -> Finding:
        slot = await self._presign(content_type, byte_size)
        if isinstance(slot, Failure):
            return slot
        hidden = msgspec.structs.replace(
            slot, url=HIDDEN if slot.url else "", headers=dict.fromkeys(slot.headers, HIDDEN)
        )
        return Answer(actor=NAME, value=slot, raw=msgspec.json.encode(hidden))

    async def store(self, question: StorePhoto) -> Finding:
        photo = self._desk.tray.get(question.handle)
        if photo is None:
            raise RuntimeError("the photo of a running request must be on the tray")
        slot = await self._presign(question.content_type, len(photo))
        if isinstance(slot, Failure):
            return slot if slot.code == "not_configured" else _checked(_refused(PRESIGN_FAILED, slot))
        if not slot.url:
            return _checked(PhotoChecked(photo_id=slot.photo_id, refused=NO_UPLOAD_URL))
        status = await self._send(slot, question.content_type, photo)
        if status is None or not 200 <= status < 300:
            return _checked(PhotoChecked(photo_id=slot.photo_id, refused=BYTES_FAILED, http_status=status))
        checked = await self.confirm(slot.photo_id, len(photo))
        if checked.refused is None:
            self._desk.cache.put(self._uid, slot.photo_id, photo)
        return _checked(checked)

    async def confirmed(self, photo_id: str) -> Finding:
        if self._nowhere():
            return self._not_configured()
        return _checked(await self.confirm(photo_id, None))

    async def confirm(self, photo_id: str, byte_size: int | None) -> PhotoChecked:
        body: dict[str, Any] = {"upload_id": photo_id}
        if byte_size is not None:
            body["byte_size"] = byte_size
        look_until = trio.current_time() + LOOK_S
        said = await self._ask("POST", "/photos/confirm", json=body)
        if isinstance(said, Failure) or said.status != 200 or not isinstance(said.body, dict):
            return _refused(CONFIRM_FAILED, said, photo_id=photo_id)
        return await self._look_again(photo_id, said.body, look_until)

    async def _look_again(self, photo_id: str, body: dict[str, Any], until: float) -> PhotoChecked:
        """Until the check has ended, the time is up, or the bridge has nothing to say."""
        seen, again = dict(body), False
        with trio.move_on_at(until):
            while photo_quality_check.status_of(seen) is None:
                await trio.sleep(photo_quality_check.wait_ms(seen) / 1000)
                said = await self._ask("GET", "/photos/qc", params={"upload_id": photo_id})
                if isinstance(said, Failure) or not isinstance(said.body, dict) or not said.body:
                    break
                again = True
                # A later look that leaves something out does not take it back.
                seen = {**seen, **said.body}
        told = seen.get("next_poll_ms")
        return PhotoChecked(
            photo_id=photo_id,
            status=photo_quality_check.status_of(seen),
            qc=photo_quality_check.shown(seen),
            next_poll_ms=int(told) if isinstance(told, int | float) and 0 <= told < 1e9 else None,
            looked_again=again,
        )

    async def _presign(self, content_type: str, byte_size: int | None) -> PhotoSlot | Failure:
        body: dict[str, Any] = {"content_type": content_type, "consent": True, "user_id": self._uid}
        if byte_size is not None:
            body["byte_size"] = byte_size
        said = await self._ask("POST", "/photos/presign", json=body)
        if isinstance(said, Failure):
            return said
        slot = _slot(said.body) if said.status == 200 else None
        return slot or Failure(actor=NAME, code="bad_shape", status=said.status)

    async def _send(self, slot: PhotoSlot, content_type: str, photo: bytes) -> int | None:
        """The storage's status; None if it did not answer."""
        headers = dict(slot.headers)
        named = {name.lower() for name in headers}
        if "content-type" not in named:
            headers["content-type"] = content_type
        # The client counts the bytes itself; a second length would make the request ambiguous.
        headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        try:
            with trio.move_on_at(self._call.deadline):
                return await self._desk.urls.send(slot.method, slot.url, headers, photo)
        except (BadUrlError, ExchangeError):
            return None
        return None

    def _nowhere(self) -> bool:
        return self._desk.link.pool is None or not self._auth

    def _not_configured(self) -> Failure:
        """Which half is missing: `auth`, or the base."""
        return Failure(
            actor=NAME, code="not_configured", detail="" if self._desk.link.pool is None else "auth"
        )

    async def _ask(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Any = None
    ) -> Reply | Failure:
        if self._nowhere():
            return self._not_configured()
        return await self._desk.link.call(
            method,
            path,
            params=params,
            json=json,
            headers=self._auth,
            deadline=min(self._call.deadline, trio.current_time() + CALL_S),
            context=self._call.turn.context,
            why=photo_quality_check.detail_of,
        )


def _slot(body: object) -> PhotoSlot | None:
    """Where to put the photo; None without an id or a place."""
    if not isinstance(body, dict):
        return None
    photo_id, upload = body.get("upload_id"), body.get("upload")
    if not isinstance(upload, dict) or not isinstance(photo_id, str | int) or not str(photo_id).strip():
        return None
    url, method = upload.get("url"), upload.get("method")
    headers, most = upload.get("headers"), body.get("max_bytes")
    expires_at = body.get("expires_at")
    return PhotoSlot(
        photo_id=str(photo_id)[:200],
        # The envelope would drop any other address, and its trace could not tell that there was one.
        url=url if isinstance(url, str) and url.lower().startswith(("http://", "https://")) else "",
        method=method.upper() if isinstance(method, str) and method.isalpha() else "PUT",
        headers={
            name: value
            for name, value in (headers.items() if isinstance(headers, dict) else ())
            if isinstance(value, str) and name.isascii() and value.isascii() and value.isprintable()
        },
        expires_at=expires_at if isinstance(expires_at, str) else None,
        max_bytes=most if isinstance(most, int) and not isinstance(most, bool) else None,
        tips=body.get("tips"),
    )


def _refused(code: str, said: Reply | Failure, *, photo_id: str = "") -> PhotoChecked:
    detail = said.detail if isinstance(said, Failure) and said.status is not None else None
    timed_out = isinstance(said, Failure) and said.code == "timeout"
    return PhotoChecked(
        photo_id=photo_id,
        refused=code,
        http_status=said.status or (504 if timed_out else None),
        detail=detail or None,
    )


def _checked(checked: PhotoChecked) -> Finding:
    return Answer(actor=NAME, value=checked)
