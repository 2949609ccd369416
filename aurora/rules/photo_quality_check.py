"""What the photo bridge says of an uploaded photo: its quality check, read (contract C 6, C 8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

# Words of the bridge for the three ends of a check.
_WORDS: dict[str, str] = {
    **dict.fromkeys(("passed", "pass", "ok", "success", "succeeded"), "passed"),
    **dict.fromkeys(("degraded", "warn", "warning", "low"), "degraded"),
    **dict.fromkeys(("fail", "failed", "reject", "rejected", "bad"), "failed"),
}
# These end a check too, and say themselves what is wrong (contract C 6 [R]).
TELLING = ("too_dark", "too_bright", "has_filter", "blurry", "no_face")

_KEYS = ("qc_status", "status", "result", "state")
LEAST_WAIT_MS = 400
MOST_WAIT_MS = 1200
_DEFAULT_WAIT_MS = 1000
DEFAULT_EXPIRY_S = 900  # of an upload URL that does not say (contract C 3)
MOST_SUGGESTIONS = 4
_MOST_TEXT = 300
_MOST_DETAIL = 200


def status_of(body: Mapping[str, Any]) -> str | None:
    """`passed`, `degraded`, `failed`, or one of TELLING; None while the check is under way.

    What stands under `qc` counts first. `status` and `state` at the top may be the call's own ("success"),
    and count only where there is no `qc` at all.
    """
    found = body.get("qc")
    qc: Mapping[str, Any] = found if isinstance(found, dict) else {}
    top = ("qc_status", "result") if qc else _KEYS
    for holder, keys in ((qc, _KEYS), (body, top)):
        for key in keys:
            word = holder.get(key)
            token = word.strip().lower() if isinstance(word, str) else ""
            if token in TELLING:
                return token
            if token in _WORDS:
                return _WORDS[token]
    return None


def shown(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The check as the client draws it: its state and its advice, bounded; nothing else of what came."""
    qc = body.get("qc")
    if not isinstance(qc, dict):
        return None
    kept: dict[str, Any] = {key: text for key in _KEYS if (text := _text(qc.get(key)))}
    advice = qc.get("advice")
    if isinstance(advice, dict):
        listed = advice.get("suggestions")
        told = {
            "summary": _text(advice.get("summary")),
            "suggestions": [text for each in listed if (text := _text(each))][:MOST_SUGGESTIONS]
            if isinstance(listed, list)
            else [],
        }
        if any(told.values()):
            kept["advice"] = told
    return kept or None


def wait_ms(body: Mapping[str, Any]) -> int:
    """How long to wait before looking again, 400 to 1200 ms."""
    told = body.get("next_poll_ms")
    asked = int(told) if isinstance(told, int | float) and 0 <= told < 1e9 else _DEFAULT_WAIT_MS
    return max(LEAST_WAIT_MS, min(asked, MOST_WAIT_MS))


def expires_in_s(expires_at: object, now: datetime) -> int | None:
    """Whole seconds until an ISO instant, 0 if it is past; None if it is none. Without a zone it is UTC."""
    if not isinstance(expires_at, str):
        return None
    try:
        moment = datetime.fromisoformat(expires_at.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=now.tzinfo)
    return max(0, int((moment - now).total_seconds()))


def detail_of(body: object) -> str | None:
    """Why the bridge refused, if it says so in a word or a sentence that holds no address and no secret."""
    text = body
    if isinstance(body, dict):
        text = next((body[key] for key in ("detail", "error", "message") if body.get(key)), None)
    if not isinstance(text, str) or len(text) > _MOST_DETAIL or not text.strip().isprintable():
        return None
    return None if "://" in text or "=" in text else text.strip() or None


def _text(value: object) -> str | None:
    if not isinstance(value, str) or "://" in value:
        return None
    return value.strip()[:_MOST_TEXT] or None
