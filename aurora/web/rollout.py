"""The `x-aurora-*` headers of chat answers (contract A 2, 1.3): a stable bucket per person, and the variant.

No rollout is in force yet: everybody gets the same service, so the variant is what the flags amount to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from aurora.settings import Settings
from aurora.web.request import Arrived

VARIANT = "legacy"
BUCKET_HEADER = "x-aurora-bucket"

_SESSION_KEYS = ("session_id", "sessionId", "id")
_ANON_KEYS = ("anon_id", "anonId", "anonymous_id", "device_id", "deviceId")
_ANON_HEADERS = (b"x-aurora-anon-id", b"x-anon-id", b"x-device-id", b"x-aurora-uid")


def rollout_headers(request: Arrived, body: object, settings: Settings) -> dict[str, str]:
    """Bucket (0-99), variant and policy version, as text."""
    return {
        BUCKET_HEADER: str(bucket(_key(request, body if isinstance(body, dict) else {}))),
        "x-aurora-variant": VARIANT,
        "x-aurora-policy-version": settings.policy_version,
    }


def bucket(key: str) -> int:
    """First four bytes of SHA-256, big-endian, modulo 100."""
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:4], "big") % 100


def _key(request: Arrived, body: Mapping[str, Any]) -> str:
    session = body.get("session")
    session = session if isinstance(session, dict) else {}
    named = _first(session, _SESSION_KEYS) or _first(body, _SESSION_KEYS[:2])
    if named:
        return f"session:{named}"
    anonymous = _first(body, _ANON_KEYS) or _first(session, _ANON_KEYS)
    anonymous = anonymous or next((text for name in _ANON_HEADERS if (text := request.header(name))), "")
    if anonymous:
        return f"anon:{anonymous}"
    address, agent = request.header(b"x-forwarded-for"), request.header(b"user-agent")
    return f"request:{address}|{agent}" if address or agent else f"request:{request.request_id}"


def _first(source: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if isinstance(text := source.get(key), str) and text), "")
