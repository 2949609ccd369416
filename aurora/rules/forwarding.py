"""Calls of the client that go on to the commerce backend: what is sent, what comes back (contract F 6, F 12).

The backend's answers are data of somebody else: they go on as they are, but for addresses that act, and for a
reason that the client would not understand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.forward_requests import ProductsResolve
from aurora.rules.safe_links import without_unsafe_links
from aurora.rules.upstream_reason import REASONS, reason_of, reason_of_failure

_WORD_CAP = 200
_TOLD = ("reason_code", "error", "code", "message", "reason")
# The backend knows who we are by our key: what it thinks of that is nothing of the client's.
_ABOUT_OUR_KEY = frozenset({401, 403, 407})
_PASSED_ON = range(400, 600)


class Refused(msgspec.Struct, frozen=True):
    """What the client is answered instead. body: `{error, reason_code, ...}`."""

    status: int
    body: dict[str, Any]
    retry_after_s: int | None = None


def resolve_body(asked: ProductsResolve, left_ms: int) -> dict[str, Any]:
    """The body of a resolve. left_ms: the backend is told not to take longer."""
    body: dict[str, Any] = msgspec.to_builtins(asked)
    if "lang" in body:  # the client says cn, the backend zh (contract D 1.5)
        body["lang"] = "zh" if body["lang"].strip().lower()[:2] in ("cn", "zh") else "en"
    options = body.get("options")
    options = dict(options) if isinstance(options, Mapping) else {}
    options["timeout_ms"] = min(options.get("timeout_ms", left_ms), left_ms)
    return {**body, "options": options}


def resolution(answer: dict[str, Any]) -> dict[str, Any]:
    """A resolve's answer whose `reason_code` the client understands: without one it opens nothing at all."""
    if answer.get("resolved") is not False:
        return answer
    stated = answer.get("reason_code")
    if isinstance(stated, str) and stated.lower() in REASONS and stated.isupper():
        return answer
    return {**answer, "reason_code": reason_of(answer).upper()}


def harmless(answer: Any) -> Any:
    """An answer without addresses that act when they are opened."""
    return without_unsafe_links(answer)


def told_by(body: object) -> str | None:
    """The known words in the body of another status, as JSON; None if there are none."""
    if not isinstance(body, Mapping):
        return None
    words = {key: told for key in _TOLD if (told := _word(body.get(key)))}
    return msgspec.json.encode(words).decode() if words else None


def refused(code: str, status: int | None, told: str) -> Refused:
    """What a call without a usable answer becomes.

    code, status: of the failure. told: what `told_by` made of its body. 503 where we are not let through, 504
    where it took too long, the backend's own 4xx and 5xx as they are, 502 for anything else.
    """
    said: dict[str, Any] = msgspec.json.decode(told) if told.startswith("{") else {}
    stated = str(said.get("reason_code", "")).lower()
    if code == "not_configured":
        return _refused(503, "PIVOTA_BACKEND_NOT_CONFIGURED")
    if code in ("admission", "breaker_open"):
        return _refused(503, "OVERLOADED", retry_after_s=1)
    if code == "timeout":
        return _refused(504, "UPSTREAM_TIMEOUT")
    if status in _ABOUT_OUR_KEY:
        return _refused(502, "UPSTREAM_REFUSED")
    if status is None or status not in _PASSED_ON:
        return _refused(502, "UPSTREAM_FAILED")
    reason = stated if stated in REASONS else reason_of_failure(code, status)
    answer = _refused(status, "UPSTREAM_ERROR", reason, retry_after_s=1 if status in (429, 503) else None)
    return msgspec.structs.replace(answer, body=answer.body | ({"upstream": said} if said else {}))


def _refused(
    status: int, error: str, reason: str = "upstream_timeout", *, retry_after_s: int | None = None
) -> Refused:
    return Refused(status, {"error": error, "resolved": False, "reason_code": reason.upper()}, retry_after_s)


def _word(value: Any) -> str:
    """A word of the backend, bounded and printable."""
    return value.strip()[:_WORD_CAP] if isinstance(value, str) and value.isprintable() else ""
