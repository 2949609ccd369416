"""The door's part of the rollout (contract A 2, 1.3; B 11.3): who a request is placed by, and its headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora.rules import rollout
from aurora.rules.rollout import Assignment, KeySource
from aurora.settings import Settings
from aurora.web.request import Arrived

BUCKET_HEADER = "x-aurora-bucket"

_SESSION_KEYS = ("session_id", "sessionId", "id")
_ANON_KEYS = ("anon_id", "anonId", "anonymous_id", "device_id", "deviceId")
_ANON_HEADERS = (b"x-aurora-anon-id", b"x-anon-id", b"x-device-id", b"x-aurora-uid")


def placed(request: Arrived, body: object, settings: Settings, user_id: str | None = None) -> Assignment:
    """Where a chat request belongs. user_id: of the account, once it is known."""
    source, name = _key(request, body if isinstance(body, dict) else {}, user_id)
    forced = rollout.forced_variant(request.header(b"x-aurora-force-variant"))
    if forced and not rollout.may_force(settings, request.header(b"x-aurora-debug-key")):
        forced = None
    return rollout.assign(settings, source=source, name=name, forced=forced)


def rollout_headers(assignment: Assignment, settings: Settings) -> dict[str, str]:
    """Bucket (0-99), variant and policy version, as text."""
    return {
        BUCKET_HEADER: str(assignment.bucket),
        "x-aurora-variant": assignment.variant,
        "x-aurora-policy-version": settings.policy_version,
    }


def _key(request: Arrived, body: Mapping[str, Any], user_id: str | None) -> tuple[KeySource, str]:
    if user_id:
        return "user_id", user_id
    session = body.get("session")
    session = session if isinstance(session, dict) else {}
    named = _first(session, _SESSION_KEYS) or _first(body, _SESSION_KEYS[:2])
    if named:
        return "session_id", named
    anonymous = _first(body, _ANON_KEYS) or _first(session, _ANON_KEYS)
    anonymous = anonymous or next((text for name in _ANON_HEADERS if (text := request.header(name))), "")
    if anonymous:
        return "anon_id", anonymous
    address, agent = request.header(b"x-forwarded-for"), request.header(b"user-agent")
    return "request_id", f"{address}|{agent}" if address or agent else request.request_id


def _first(source: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if isinstance(text := source.get(key), str) and text), "")
