"""What a turn has gathered so far, before any law was applied."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from aurora.contract.envelope import Card, Lang
from aurora.contract.errors import ContractError
from aurora.rules.errors_text import error_text

Gap = tuple[str, str]  # (field, reason) of a field_missing entry


class DraftCard(msgspec.Struct):
    """A card on its way out. Its parts may still be anything; `lawful_cards` settles that.

    foreign: an upstream made it; it leaves only if it is what its type promises.
    """

    card_id: Any
    type: Any
    payload: Any
    gaps: list[Gap] = []
    title: Any = None
    kind: str = ""  # the type as the client compares it; known once the card is lawful
    foreign: bool = False

    @classmethod
    def of(cls, card: Card) -> DraftCard:
        """A draft of a finished card."""
        title = None if card.title is UNSET else card.title
        return cls(
            card.card_id, card.type, card.payload, [(g.field, g.reason) for g in card.field_missing], title
        )


class Riders(msgspec.Struct, kw_only=True):
    """What leaves with the answer, whatever that turns out to be: sentences before it, cards and chips."""

    lead: list[str] = []
    cards: list[DraftCard] = []
    chips: list[Any] = []


class Draft(msgspec.Struct, kw_only=True):
    """What a turn has said so far.

    client_state: the client's own. greeting: the kind word before the message, where one fits. interrupted:
    it did not end by itself. forbidden: ids of the safety rules that forbid this person something.
    """

    request_id: str
    trace_id: str
    lang: Lang
    chat: bool
    client_state: str = ""
    greeting: str | None = None
    message: Any = None
    message_format: str = "text"
    quoted: bool = False
    chips: list[Any] = []
    cards: list[DraftCard] = []
    events: list[tuple[str, dict[str, Any]]] = []
    loose_gaps: list[Gap] = []
    asked_state: str | None = None
    state: dict[str, Any] = {}
    patch: dict[str, Any] = {}
    template_id: str | None = None
    attempted_recommendations: bool = False
    artifact_usable: bool = False
    commerce_allowed: bool = False
    interrupted: bool = False
    refused: bool = False
    forbidden: tuple[str, ...] = ()
    riders: Riders | None = None


def with_riders(draft: Draft) -> Draft:
    """The answer and what rides along: its sentences first, its chips before all others (ten leave)."""
    riders = draft.riders
    if riders is None or draft.refused:
        return draft
    said = draft.message if isinstance(draft.message, str) else ""
    return msgspec.structs.replace(
        draft,
        message="\n\n".join(part for part in (*riders.lead, said) if part.strip()) or None,
        cards=[*draft.cards, *riders.cards],
        chips=[*riders.chips, *draft.chips],
        riders=None,
    )


def refused_draft(draft: Draft, error: ContractError) -> Draft:
    """The draft of an error envelope (contract A 5)."""
    payload: dict[str, Any] = {**error.extra, "error": error.code}
    if error.driver_code is not None:
        payload["code"] = error.driver_code
    if error.details is not None:
        payload["details"] = error.details
    data: dict[str, Any] = {"code": error.driver_code or error.code, **error.event}
    reason = error.details.get("reason") if error.details is not None else None
    if isinstance(reason, str):
        data["reason"] = reason
    return Draft(
        request_id=draft.request_id,
        trace_id=draft.trace_id,
        lang=draft.lang,
        chat=draft.chat,
        message=error_text(error.code, error.status, draft.lang),
        cards=[
            DraftCard.of(error.instead)
            if error.instead is not None
            else DraftCard(f"err_{draft.request_id}", "error", payload)
        ],
        events=[("error", data)],
        refused=True,
    )
