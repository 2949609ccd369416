"""The last look at an envelope, and what leaves instead of one that fails it (contract A 4.2)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from aurora.actors.draft import Draft
from aurora.actors.envelope_parts import MAX_CHIPS
from aurora.actors.scrub import encode_anyway
from aurora.contract.envelope import AssistantMessage, Card, Envelope, FieldMissing
from aurora.rules.errors_text import error_text


class Sealed(msgspec.Struct, frozen=True):
    """A lawful envelope, its bytes, and what sealing did. reasons: of the notices in it."""

    envelope: Envelope
    body: bytes
    counts: dict[str, int]
    reasons: frozenset[str]
    error_code: str | None = None


_Name = Annotated[str, msgspec.Meta(min_length=1)]


class _StrictMessage(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["assistant"]
    content: str
    format: Literal["text", "markdown"]


class _StrictChip(msgspec.Struct, forbid_unknown_fields=True):
    chip_id: _Name
    label: _Name
    kind: Literal["quick_reply", "action"]
    data: msgspec.Raw


class _StrictGap(msgspec.Struct, forbid_unknown_fields=True):
    field: _Name
    reason: _Name


class _StrictCard(msgspec.Struct, forbid_unknown_fields=True):
    card_id: _Name
    type: _Name
    payload: msgspec.Raw
    field_missing: list[_StrictGap]
    title: str | UnsetType = UNSET


class _StrictPatch(msgspec.Struct):
    next_state: _Name


class _StrictEvent(msgspec.Struct):
    event_name: _Name
    data: msgspec.Raw


class _StrictEnvelope(msgspec.Struct, forbid_unknown_fields=True):
    request_id: _Name
    trace_id: _Name
    assistant_message: _StrictMessage | None
    suggested_chips: Annotated[list[_StrictChip], msgspec.Meta(max_length=MAX_CHIPS)]
    cards: Annotated[list[_StrictCard], msgspec.Meta(min_length=1)]
    session_patch: _StrictPatch
    events: list[_StrictEvent]


_strict = msgspec.json.Decoder(_StrictEnvelope)


def checked_body(envelope: Envelope) -> bytes | None:
    """The envelope as JSON, or None if what would leave is not an envelope.

    Payloads are not decoded again: that they are objects is seen by their first byte.
    """
    body = encode_anyway(envelope)
    try:
        read = _strict.decode(body)
    except msgspec.MsgspecError:
        return None
    return body if all(bytes(card.payload).startswith(b"{") for card in read.cards) else None


def minimal(draft: Draft, counts: dict[str, int]) -> Sealed:
    """What leaves instead of an envelope that failed its own shape."""
    code = "INTERNAL_SCHEMA_ERROR"
    counts["schema_failed"] = 1
    envelope = Envelope(
        request_id=draft.request_id or "unknown",
        trace_id=draft.trace_id or "unknown",
        assistant_message=AssistantMessage(error_text(code, 500, draft.lang)),
        suggested_chips=[],
        cards=[
            Card(
                f"card_{draft.request_id}",
                "error",
                {"error": code},
                [FieldMissing("cards", "response_validation_failed")],
            )
        ],
        session_patch={"next_state": "IDLE_CHAT"},
        events=[],
    )
    return Sealed(envelope, encode_anyway(envelope), counts, frozenset(), code)
