"""A chat request, normalised: which of its several spellings counts (contract B 2.3, 2.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.envelope import UI_STATES
from aurora.rules import detectors
from aurora.rules.text import fold

READ_CAP = 8000
MESSAGE_CAP = 100_000  # as long as a typed message may be (contract.requests)

_CHIP_PREFIX = re.compile(r"(?:chip[._:-]|profile\.|tpl\.)", re.IGNORECASE | re.ASCII)
# What nobody would say: ids have joints and no blanks.
_AN_ID = re.compile(r"[a-z0-9]+(?:[._:-][a-z0-9]+)+", re.IGNORECASE | re.ASCII)
_INTERNAL_TOKEN = re.compile(r"S\d+_[A-Z0-9_]{1,60}", re.ASCII)
_SOURCES = ("chip", "action", "text_explicit")
_TRUE_WORDS = frozenset({"true", "1", "yes", "y", "on"})

# Chips of the templates, and the names inside them, are other chips by another name (contract B 18).
ACTION_ALIASES = {
    "routine_generate": "chip.start.routine",
    "tpl.action.routine_generate": "chip.start.routine",
    "tpl.action.env.am_pm": "chip.start.routine",
    "tpl.action.checkin": "checkin_prompt",
    "tpl.action.photo": "photo_confirm",
}


class ChatAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What a chat turn asks, one meaning per field.

    message: the words that count, "" if none. worded: they are more than a button's label. typed: the person
    wrote them; a chip's own words are not typed. text: their first 8000 characters, folded: what the
    detectors read. spoken: every text the request carries, one per line: what the safety boundary reads,
    whole. action_id: lower-cased, aliases resolved. client_state: a UI state. token: internal state that the
    client sent itself. bag: the opaque state object, if it sent one. snapshot: the client's own copy of the
    profile.
    """

    message: str
    worded: bool
    typed: bool = False
    text: str
    spoken: str
    trigger: str
    action_id: str | None = None
    data: dict[str, Any] = {}
    clarification_id: str | None = None
    client_state: str = "IDLE_CHAT"
    requested: dict[str, str] | None = None
    token: str | None = None
    bag: dict[str, Any] = {}
    snapshot: dict[str, Any] | None = None
    anchor_id: str | None = None
    anchor_url: str | None = None
    messages: list[dict[str, Any]] | None = None
    llm_provider: str | None = None
    llm_model: str | None = None
    debug: bool = False
    include_alternatives: bool = False

    @property
    def may_move_state(self) -> bool:
        """Plain text never writes a state (contract B 2.4); taps and explicit wishes do."""
        return self.trigger in _SOURCES


def trigger_source(body: Mapping[str, Any]) -> str:
    """`chip`, `action`, `text_explicit` or `text`, from a request body that may not even be valid."""
    requested = body.get("requested_transition")
    if isinstance(requested, Mapping) and requested.get("trigger_source") in _SOURCES:
        return str(requested["trigger_source"])
    action = body.get("action")
    if isinstance(action, Mapping) and _text(action.get("action_id")):
        return "chip" if action.get("kind") == "chip" else "action"
    for key in ("action", "action_id", "action_label"):
        name = _text(body.get(key))
        if name:
            return "chip" if _CHIP_PREFIX.match(name) else "action"
    message = _text(body.get("message")) or _text(body.get("query"))
    return "text_explicit" if message and detectors.is_explicit(fold(message[:READ_CAP])) else "text"


def normalise(body: Mapping[str, Any], *, trigger: str, raw: Mapping[str, Any] | None = None) -> ChatAsk:
    """Read a validated request body (builtins, unset keys absent).

    raw: what the door read from headers, used where the body is silent: `llm_provider`, `llm_model`, `debug`
    (the header beats the body for `debug`).
    """
    raw = raw or {}
    action, data = _action(body)
    replies = (_text(data.get(key)) for key in ("reply_text", "replyText", "text"))
    reply = next((text for text in replies if text), "")[:MESSAGE_CAP]
    label = _text(body.get("action_label"))
    if not label and isinstance(body.get("action"), str) and not _AN_ID.fullmatch(action):
        label = action
    typed = _text(body.get("message")) or _text(body.get("query"))
    session = body.get("session")
    session = session if isinstance(session, dict) else {}
    state = session.get("state")
    bag = dict(state) if isinstance(state, dict) else {}
    client_state = body.get("client_state")
    clarification = _text(data.get("clarification_id")) or _text(data.get("clarificationId"))
    alternatives = data.get("include_alternatives", data.get("includeAlternatives"))
    debug = raw.get("debug")
    message = typed or reply or label
    requested = _requested(body.get("requested_transition"))
    return ChatAsk(
        message=message,
        worded=bool(typed or reply),
        typed=bool(typed),
        text=fold(message[:READ_CAP]),
        spoken="\n".join(dict.fromkeys(text for text in (typed, reply, label) if text)),
        trigger=trigger,
        action_id=_canonical_id(action or _tapped(requested)),
        data=data,
        clarification_id=clarification or _text(body.get("clarification_id")) or None,
        client_state=client_state if client_state in UI_STATES else "IDLE_CHAT",
        requested=requested,
        token=internal_token(state, bag),
        bag=bag,
        snapshot=_snapshot(session),
        anchor_id=_text(body.get("anchor_product_id")) or None,
        anchor_url=_text(body.get("anchor_product_url")) or None,
        messages=list(body["messages"]) if isinstance(body.get("messages"), list) else None,
        llm_provider=_text(body.get("llm_provider")) or _text(raw.get("llm_provider")) or None,
        llm_model=(_text(body.get("llm_model")) or _text(raw.get("llm_model")))[:120] or None,
        debug=debug if isinstance(debug, bool) else body.get("debug") is True,
        include_alternatives=loose_true(alternatives),
    )


def internal_token(state: object, bag: Mapping[str, Any]) -> str | None:
    """The internal state token that a client sent as `session.state`, if it did (decision 1).

    A UI state, `idle`, or any other string is no token: then the conversation that we keep counts.
    """
    candidates = (
        [bag.get("_internal_next_state"), bag.get("next_state"), bag.get("state")] if bag else [state]
    )
    for candidate in candidates:
        if isinstance(candidate, str) and _INTERNAL_TOKEN.fullmatch(candidate):
            return candidate
    return None


def loose_true(value: object) -> bool:
    """True for true, 1 and the words true, 1, yes, y, on."""
    if isinstance(value, str):
        return value.strip().lower() in _TRUE_WORDS
    return value is True or value == 1


def _action(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    action = body.get("action")
    if isinstance(action, dict):
        data = action.get("data")
        return _text(action.get("action_id")), dict(data) if isinstance(data, dict) else {}
    if isinstance(action, str) and action.strip():
        return action.strip(), {}
    name = _text(body.get("action_id"))
    if name:
        data = body.get("action_data")
        return name, dict(data) if isinstance(data, dict) else {}
    return _text(body.get("action_label")), {}


def _canonical_id(action: str) -> str | None:
    name = action.lower()
    return ACTION_ALIASES.get(name, name) or None


def _tapped(requested: Mapping[str, str] | None) -> str:
    """The chip that a request names only in its transition: a tap all the same, so it does what it says."""
    if requested is None or requested["trigger_source"] != "chip":
        return ""
    name = requested["trigger_id"].strip()
    return name if _CHIP_PREFIX.match(name) else ""


def _requested(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict):
        return None
    return {key: str(value.get(key, "")) for key in ("trigger_source", "trigger_id", "requested_next_state")}


def _snapshot(session: Mapping[str, Any]) -> dict[str, Any] | None:
    for key in ("profile_patch", "profilePatch", "profile"):
        value = session.get(key)
        if isinstance(value, dict):
            return dict(value)
    return None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
