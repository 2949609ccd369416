"""The photo bridge and its storage (contract C 8): real bytes, kept in memory, at addresses that expire.

A `stub` word in the script of a `photos` call says how the check ends: `passed` without one, or degraded,
failed, too_dark, blurry ...; `pending` never ends.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

MOST_PHOTOS = 40
MOST_BYTES = 15 * 1024 * 1024
EXPIRES_S = 900
STORAGE = "/_storage"


class Stored(msgspec.Struct):
    """A photo on its way in: where it may be put, and what was."""

    photo_id: str
    secret: str
    content_type: str
    photo: bytes | None = None


class PhotoStore:
    """Photos of one sandbox; the oldest go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Stored] = OrderedDict()

    def presign(self, base: str, body: dict[str, Any]) -> dict[str, Any]:
        """A place for a photo."""
        stored = Stored(
            photo_id=f"upl_{secrets.token_hex(8)}",
            secret=secrets.token_urlsafe(24),
            content_type=str(body.get("content_type", "image/jpeg")),
        )
        self._kept[stored.photo_id] = stored
        while len(self._kept) > MOST_PHOTOS:
            self._kept.popitem(last=False)
        return {
            "upload_id": stored.photo_id,
            "upload": {
                "url": self._address(base, stored),
                "method": "PUT",
                "headers": {"Content-Type": stored.content_type},
            },
            "expires_at": _in(EXPIRES_S),
            "max_bytes": MOST_BYTES,
        }

    def put(self, photo_id: str, secret: str, photo: bytes) -> int:
        """Take the bytes; the status to answer with."""
        stored = self._kept.get(photo_id)
        if stored is None or not secrets.compare_digest(stored.secret, secret):
            return 403
        if len(photo) > MOST_BYTES:
            return 413
        stored.photo = photo
        return 200

    def get(self, photo_id: str, secret: str) -> Stored | None:
        """A photo that is there, for whoever has its address."""
        stored = self._kept.get(photo_id)
        known = stored is not None and secrets.compare_digest(stored.secret, secret)
        return stored if known and stored is not None and stored.photo is not None else None

    def download_url(self, base: str, photo_id: str) -> dict[str, Any] | None:
        """Where a photo can be fetched; None for one that nobody put."""
        stored = self._kept.get(photo_id)
        if stored is None or stored.photo is None:
            return None
        address = {"url": self._address(base, stored), "expires_at": _in(EXPIRES_S)}
        return {"download": address, "content_type": stored.content_type}

    def _address(self, base: str, stored: Stored) -> str:
        return f"{base}{STORAGE}/{stored.photo_id}?X-Amz-Expires={EXPIRES_S}&X-Amz-Signature={stored.secret}"


def check(stub: str) -> dict[str, Any]:
    """What the check says."""
    word = stub or "passed"
    if word == "pending":
        return {"qc": {"state": "pending"}, "next_poll_ms": 400}
    qc: dict[str, Any] = {"state": "done", "qc_status": word}
    if word != "passed":
        qc["advice"] = {
            "summary": "Even light helps.",
            "suggestions": ["Face a window", "No filter", "Hold the phone still"],
        }
    return {"qc_status": word, "qc": qc}


def _in(seconds: int) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
