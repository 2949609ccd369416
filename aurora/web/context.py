"""Who asks, in which language, under which ids (contract A 2). Outside chat only headers count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aurora.contract.envelope import Lang
from aurora.contract.errors import ContractError
from aurora.contract.turn import Identity, RequestContext
from aurora.rules.request import trigger_source
from aurora.web.request import MOST_ID, Arrived, is_id

UID_HEADER = "X-Aurora-UID"

_CJK = re.compile("[\u4e00-\u9fff]")
_LANGUAGE_SCAN = 4000  # characters of a message that decide its language
_TRUE_WORDS = frozenset({"true", "1", "yes", "y", "on"})
_FALSE_WORDS = frozenset({"false", "0", "no", "n", "off"})
_PROVIDERS = ("gemini", "openai")
_DEVICE_CLASSES = ("mobile", "desktop")
_MOST_MODEL = 120
_MOST_STATE = 200
_MOST_TOKEN = 4096


def context_of(request: Arrived, body: object = None, *, chat: bool = False) -> RequestContext:
    """Ids and language of a request; never raises.

    body: what the body decoded to, consulted in chat only, and even if it breaks its schema.
    """
    said: Mapping[str, Any] = body if chat and isinstance(body, dict) else {}
    session = said.get("session")
    session = session if isinstance(session, dict) else {}
    state = session.get("state")
    return RequestContext(
        request_id=request.request_id,
        trace_id=_id(request.header(b"x-trace-id"), session.get("trace_id")) or request.spare_id,
        lang=_language(request, said) if chat else _named(request.header(b"x-lang")) or "EN",
        uid=request.header(b"x-aurora-uid") or None,
        brief_id=_id(request.header(b"x-brief-id"), session.get("brief_id")) or None,
        trigger_source=trigger_source(said) if chat else "text",
        state=state[:_MOST_STATE] if isinstance(state, str) and state and state.isprintable() else None,
        checkout_token=_token(request.header(b"x-checkout-token")),
    )


def identity_of(context: RequestContext, user_id: str | None = None) -> Identity:
    """The guest behind the UID header, or the user whose live token came with it; a bearer that nobody knows
    changes nothing (contract A 2).

    Raises ContractError 400: MISSING_AURORA_UID, or BAD_REQUEST naming the header when it is too long or
    unprintable. It is never cut: two people must not become one.
    """
    uid = context.uid
    if uid is None:
        raise ContractError(400, "MISSING_AURORA_UID")
    if len(uid) > MOST_ID or not uid.isprintable():
        raise ContractError(
            400, "BAD_REQUEST", details=_named_error(UID_HEADER, "1 to 128 printable characters")
        )
    return Identity(uid=uid, user_id=user_id)


def chat_hints(request: Arrived) -> dict[str, Any]:
    """What a chat turn reads from headers beside its context; only what was sent (contract A 2)."""
    hints: dict[str, Any] = {}
    provider = (request.header(b"x-llm-provider") or request.header(b"x-aurora-llm-provider")).lower()
    if provider in _PROVIDERS:
        hints["llm_provider"] = provider
    model = request.header(b"x-llm-model") or request.header(b"x-aurora-llm-model")
    if model and model.isprintable():
        hints["llm_model"] = model[:_MOST_MODEL]
    debug = (request.header(b"x-debug") or request.header(b"x-aurora-debug")).lower()
    if debug in _TRUE_WORDS or debug in _FALSE_WORDS:
        hints["debug"] = debug in _TRUE_WORDS
    accepted = request.header(b"accept-language")
    if accepted and accepted.isprintable():
        hints["accept_language"] = accepted[:MOST_ID]
    return hints


def device_hint(request: Arrived) -> dict[str, Any]:
    """The kind of device, for the figures of analyses; anything but the two words counts as not said."""
    said = request.header(b"x-device-class").lower()
    return {"device_class": said} if said in _DEVICE_CLASSES else {}


def _language(request: Arrived, said: Mapping[str, Any]) -> Lang:
    explicit = _named(request.header(b"x-lang")) or _named(said.get("language"))
    if explicit is not None:
        return explicit
    text = said.get("message") or said.get("query")
    return "CN" if isinstance(text, str) and _CJK.search(text, 0, _LANGUAGE_SCAN) else "EN"


def _named(value: object) -> Lang | None:
    """The language a value names: anything that begins with zh or cn is Chinese, anything else English."""
    if not isinstance(value, str) or not value.strip():
        return None
    return "CN" if value.strip()[:2].lower() in ("zh", "cn") else "EN"


def _token(value: str) -> str | None:
    """A token as it goes on in a header, or None: one that is no ASCII is nobody's."""
    return value if 0 < len(value) <= _MOST_TOKEN and value.isascii() and value.isprintable() else None


def _id(*candidates: object) -> str:
    """The first usable id, cut to 128 characters; unprintable ones count as absent."""
    for candidate in candidates:
        if isinstance(candidate, str):
            text = candidate.strip()[:MOST_ID]
            if is_id(text):
                return text
    return ""


def _named_error(name: str, message: str) -> dict[str, Any]:
    return {"_errors": [], name: {"_errors": [message]}}
