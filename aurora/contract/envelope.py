"""The envelope (contract A 4): the one shape of every answer under /v1."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

UI_STATES = (
    "IDLE_CHAT", "SOFT_INTENT_SUGGEST", "QUICK_PROFILE", "DIAG_PROFILE", "DIAG_PHOTO_OPTIN",
    "DIAG_ANALYSIS_SUMMARY", "ROUTINE_INTAKE", "ROUTINE_REVIEW", "MINIMAL_PLAN", "PRODUCT_LINK_EVAL",
    "RECO_GATE", "RECO_CONSTRAINTS", "RECO_RESULTS", "SAVE_PROFILE_PROMPT", "RETURN_WELCOME",
    "CHECKIN_PROMPT", "CHECKIN_FLOW", "SAFETY_TRIAGE",
)  # fmt: skip

NOTICE_REASONS = ("artifact_missing", "low_confidence", "safety_block", "timeout_degraded")

Lang = Literal["EN", "CN"]


class AssistantMessage(msgspec.Struct, frozen=True):
    """What the assistant says. `format` is a hint; the client renders both the same way."""

    content: str
    role: Literal["assistant"] = "assistant"
    format: Literal["text", "markdown"] = "text"


class Chip(msgspec.Struct, frozen=True):
    """A button under the answer. `data` comes back as `action.data` when it is tapped."""

    chip_id: str
    label: str
    kind: Literal["quick_reply", "action"] = "quick_reply"
    data: dict[str, Any] = {}


class FieldMissing(msgspec.Struct, frozen=True):
    """What an answer could not carry, and why."""

    field: str
    reason: str


class Card(msgspec.Struct, frozen=True):
    """One thing the client draws. `payload` follows the struct of its `type` in `contract.cards`."""

    card_id: str
    type: str
    payload: dict[str, Any]
    field_missing: list[FieldMissing] = []
    title: str | UnsetType = UNSET


class Envelope(msgspec.Struct, frozen=True):
    """Exactly these seven keys. `session_patch.next_state` is always there."""

    request_id: str
    trace_id: str
    assistant_message: AssistantMessage | None
    suggested_chips: list[Chip]
    cards: list[Card]
    session_patch: dict[str, Any]
    events: list[dict[str, Any]]
