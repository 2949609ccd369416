"""Photos on their way in: a place for one, the upload through us, and the end of its check (contract C 3-6).

Analysing a photo is another turn: the client asks for it itself (contract F 10). Only where
AURORA_PHOTO_AUTO_ANALYZE_AFTER_CONFIRM is on does the answer bring what a photo that passed shows.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from aurora.actors.findings import Failure, Finding
from aurora.actors.photos import CONFIRM_FAILED, PRESIGN_FAILED
from aurora.actors.questions import ConfirmPhoto, PhotoChecked, PhotoSlot, PresignPhoto, StorePhoto
from aurora.actors.stage import Stage
from aurora.contract.envelope import Card, FieldMissing
from aurora.contract.errors import ContractError
from aurora.contract.requests import PhotoConfirm, PhotoPresign, PhotoUpload
from aurora.flows.photo_analysis import analyse_at_once
from aurora.rules import photo_quality_check, photo_texts

DEFAULT_TYPE = "image/jpeg"
NOWHERE_EXPIRY_S = 600  # of a place that does not exist (contract C 3)
NO_BRIDGE = "pivota_backend_not_configured"
NO_AUTH = "pivota_backend_auth_not_configured"
PENDING = ("qc_status", "qc_pending")
PASSED = "passed"


async def presign(stage: Stage) -> None:
    """Answer `POST /v1/photos/presign`. Without a bridge the answer says so, and names no address."""
    body: PhotoPresign = stage.turn.body
    stage.envelope.if_cut(_too_late(PRESIGN_FAILED))
    content_type = "" if body.content_type is UNSET else body.content_type.strip()
    question = PresignPhoto(
        content_type=content_type or DEFAULT_TYPE, byte_size=None if body.bytes is UNSET else body.bytes
    )
    finding = await stage.ask(question)
    gaps: list[tuple[str, str]] = []
    if isinstance(finding, Failure):
        if finding.code != "not_configured":
            raise _unavailable(PRESIGN_FAILED, finding)
        photo_id = f"photo_{stage.turn.context.request_id}_{stage.turn.now_ms}"
        slot, left_s = PhotoSlot(photo_id=photo_id, url=""), NOWHERE_EXPIRY_S
        gaps.append(("upload.url", _why(finding)))
    else:
        slot = finding.value
        left = photo_quality_check.expires_in_s(slot.expires_at, stage.turn.now)
        left_s = photo_quality_check.DEFAULT_EXPIRY_S if left is None else left
        if not slot.url:
            gaps.append(("upload.url", "upstream_missing_upload_url"))
    payload: dict[str, Any] = {
        "photo_id": slot.photo_id,
        "slot_id": body.slot_id,
        "upload": {
            "method": slot.method,
            "url": slot.url or None,
            "headers": slot.headers,
            "expires_in_seconds": left_s,
        },
    }
    if slot.max_bytes is not None:
        payload["max_bytes"] = slot.max_bytes
    if slot.tips:
        payload["tips"] = slot.tips
    stage.envelope.card("presign", "photo_presign", payload, field_missing=gaps)
    stage.envelope.event("value_moment", {"kind": "photo_presign"})


async def upload(stage: Stage) -> None:
    """Answer `POST /v1/photos/upload`: the bytes lie on the tray, and go to the storage of the bridge."""
    body: PhotoUpload = stage.turn.body
    stage.envelope.if_cut(_too_late("PHOTO_UPLOAD_FAILED"))
    finding = await stage.ask(StorePhoto(handle=body.handle, content_type=body.content_type))
    if isinstance(finding, Failure) and finding.code == "not_configured":
        raise not_configured(stage.turn.context.request_id, auth=finding.detail == "auth")
    checked = _accepted(finding, "PHOTO_UPLOAD_FAILED")
    _tell(stage, checked, {"photo_id": checked.photo_id, "slot_id": body.slot_id}, kind="photo_upload")
    if checked.status == PASSED and checked.photo_id:
        await analyse_at_once(stage, checked.photo_id, body.slot_id)


async def confirm(stage: Stage) -> None:
    """Answer `POST /v1/photos/confirm`: what the check of a photo says, after at most 6 s."""
    body: PhotoConfirm = stage.turn.body
    stage.envelope.if_cut(_too_late(CONFIRM_FAILED))
    named: dict[str, Any] = {"photo_id": body.photo_id}
    if body.slot_id is not UNSET:
        named["slot_id"] = body.slot_id
    finding = await stage.ask(ConfirmPhoto(photo_id=body.photo_id))
    if isinstance(finding, Failure) and finding.code == "not_configured":
        payload = {**named, "qc_status": None}
        stage.envelope.card("confirm", "photo_confirm", payload, field_missing=[("qc_status", _why(finding))])
        stage.envelope.event("value_moment", {"kind": "photo_confirm", "qc_status": None})
        return
    checked = _accepted(finding, CONFIRM_FAILED)
    _tell(stage, checked, named, kind="photo_confirm")
    if checked.status == PASSED:
        await analyse_at_once(stage, body.photo_id, named.get("slot_id", ""))


def not_configured(request_id: str, *, auth: bool) -> ContractError:
    """Nowhere to put a photo: 501, with a card that says which half is missing (contract C 4)."""
    why, code = (
        (NO_AUTH, "PHOTO_UPLOAD_AUTH_NOT_CONFIGURED") if auth else (NO_BRIDGE, "PHOTO_UPLOAD_NOT_CONFIGURED")
    )
    payload = {"photo_id": None, "slot_id": None, "qc_status": None}
    card = Card(f"confirm_{request_id}", "photo_confirm", payload, [FieldMissing("photo_id", why)])
    return ContractError(501, code, instead=card)


def _tell(stage: Stage, checked: PhotoChecked, named: dict[str, Any], *, kind: str) -> None:
    payload: dict[str, Any] = {**named, "qc_status": checked.status}
    if checked.qc is not None:
        payload["qc"] = checked.qc
    if checked.next_poll_ms is not None and checked.status is None:
        payload["next_poll_ms"] = checked.next_poll_ms
    if checked.status is None and checked.looked_again:
        payload["qc_pending"] = True
    gaps = [PENDING] if checked.status is None else []
    stage.envelope.say(photo_texts.about(checked.status, stage.turn.context.lang))
    stage.envelope.card("confirm", "photo_confirm", payload, field_missing=gaps)
    stage.envelope.event("value_moment", {"kind": kind, "qc_status": checked.status})


def _accepted(finding: Finding, code: str) -> PhotoChecked:
    """What the bridge said of a photo it took. Raises ContractError with the code of the step it refused."""
    if isinstance(finding, Failure):
        raise _unavailable(code, finding)
    checked: PhotoChecked = finding.value
    if checked.refused is None:
        return checked
    upstream = checked.http_status if checked.refused in (PRESIGN_FAILED, CONFIRM_FAILED) else None
    status = upstream if upstream is not None and upstream >= 400 else 502
    told = {"status": checked.http_status, "detail": checked.detail}
    raise ContractError(status, checked.refused, extra=told, event={"status": checked.http_status})


def _unavailable(code: str, failure: Failure) -> ContractError:
    """The bridge's own refusal as it came; 502 where there was no answer, 504 where none came in time."""
    status = failure.status
    outward = status if status is not None and status >= 400 else 504 if failure.code == "timeout" else 502
    told = {"status": status, "detail": failure.detail or None}
    return ContractError(outward, code, extra=told, event={"status": status})


def _too_late(code: str) -> ContractError:
    return ContractError(504, code, extra={"status": None, "detail": None}, event={"status": None})


def _why(failure: Failure) -> str:
    return NO_AUTH if failure.detail == "auth" else NO_BRIDGE
