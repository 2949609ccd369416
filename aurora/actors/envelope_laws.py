"""From what was gathered to what may leave: the laws of the envelope, in their order.

`seal` is a pure function of a draft, the settings and the turn's base fields. Each law is a small function on
the draft; the laws about single payloads are in `rules.card_laws`, `rules.notices` and `rules.treatment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from aurora.actors.scrub import encode_anyway
from aurora.contract.envelope import AssistantMessage, Card, Chip, Envelope, FieldMissing, Lang
from aurora.contract.errors import ContractError
from aurora.contract.memory import Profile
from aurora.rules import card_laws
from aurora.rules.audit import quality_audit, soft_violations
from aurora.rules.errors_text import error_text
from aurora.rules.next_state import derive_next_state, is_ui_state
from aurora.rules.notices import lawful_notice, notice
from aurora.rules.treatment import conservative_context
from aurora.settings import Settings

MAX_CHIPS = 10
MAX_EVENTS = 64
MAX_EVENTS_BEFORE_GUARD = 32
MAX_RECO_GAPS = 8

Gap = tuple[str, str]


class DraftCard(msgspec.Struct):
    """A card on its way out. Its parts may still be anything; `lawful_cards` settles that."""

    card_id: Any
    type: Any
    payload: Any
    gaps: list[Gap] = []
    title: Any = None

    @classmethod
    def of(cls, card: Card) -> DraftCard:
        """A draft of a finished card."""
        title = None if card.title is UNSET else card.title
        return cls(
            card.card_id, card.type, card.payload, [(g.field, g.reason) for g in card.field_missing], title
        )

    @property
    def kind(self) -> str:
        """The type as the client compares it."""
        return str(self.type).lower()


class Draft(msgspec.Struct, kw_only=True):
    """What a turn has said so far. client_state: the client's own. interrupted: it did not end by itself."""

    request_id: str
    trace_id: str
    lang: Lang
    chat: bool
    client_state: str = ""
    message: Any = None
    message_format: str = "text"
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


class Sealed(msgspec.Struct, frozen=True):
    """A lawful envelope, its bytes, and what sealing did. reasons: of the notices in it."""

    envelope: Envelope
    body: bytes
    counts: dict[str, int]
    reasons: frozenset[str]
    error_code: str | None = None


def seal(draft: Draft, settings: Settings, events_base: Mapping[str, Any]) -> Sealed:
    """Apply every law and encode. Never raises: an envelope that fails its own shape is replaced (A 4.2)."""
    counts: dict[str, int] = {}
    cards = lawful_cards(draft, settings)
    cards = without_unearned_commerce(draft, cards, counts)
    cards = without_recommendations_beside_safety(cards)
    cards = without_empty_recommendations(cards)
    cards = gentle_when_unsure(draft, cards, counts)
    cards = never_nothing(draft, cards, counts)
    with_demanded_gaps(cards, counts)
    with_own_ids(cards)

    message = _message(draft)
    next_state = derive_next_state([(c.kind, c.payload) for c in cards], draft.asked_state)
    chips = lawful_chips(draft, next_state, counts)
    patch = _session_patch(draft, next_state, settings)
    events = [_event(name, data, events_base) for name, data in draft.events[:MAX_EVENTS]]
    if draft.chat:
        audit = _audit(draft, message, cards, len(chips), next_state, counts)
        ids = {key: events_base[key] for key in ("timestamp", "request_id", "trace_id")}
        events.append({"event_name": "quality_audit", **ids, "data": audit})
    envelope = Envelope(
        request_id=draft.request_id,
        trace_id=draft.trace_id,
        assistant_message=message,
        suggested_chips=chips,
        cards=[_card(c) for c in cards],
        session_patch=patch,
        events=events,
    )
    body = checked_body(envelope)
    if body is None:
        return minimal(draft, counts)
    reasons = frozenset(c.payload["reason"] for c in cards if c.kind == "confidence_notice")
    return Sealed(envelope, body, counts, reasons)


def refused_draft(draft: Draft, error: ContractError) -> Draft:
    """The draft of an error envelope (contract A 5)."""
    payload: dict[str, Any] = {**error.extra, "error": error.code}
    if error.driver_code is not None:
        payload["code"] = error.driver_code
    if error.details is not None:
        payload["details"] = error.details
    data: dict[str, Any] = {"code": error.driver_code or error.code}
    reason = error.details.get("reason") if error.details is not None else None
    if isinstance(reason, str):
        data["reason"] = reason
    return Draft(
        request_id=draft.request_id,
        trace_id=draft.trace_id,
        lang=draft.lang,
        chat=draft.chat,
        message=error_text(error.code, error.status, draft.lang),
        cards=[DraftCard(f"err_{draft.request_id}", "error", payload)],
        events=[("error", data)],
        refused=True,
    )


# --- cards ------------------------------------------------------------------------------------------------


def wire_gaps(value: Any) -> list[Gap]:
    """The well-formed entries of a `field_missing` list from outside."""
    if not isinstance(value, list):
        return []
    return [
        (entry["field"], entry["reason"])
        for entry in value
        if isinstance(entry, Mapping) and _text(entry.get("field")) and _text(entry.get("reason"))
    ]


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def lawful_cards(draft: Draft, settings: Settings) -> list[DraftCard]:
    """Fresh cards whose every part has its type; each payload lawful for what the card says it is."""
    lawful: list[DraftCard] = []
    for card in draft.cards:
        kind = card.type.strip() if isinstance(card.type, str) else ""
        payload = card.payload if isinstance(card.payload, dict) else _as_object(card.payload)
        payload = card_laws.without_nulls(payload)
        match kind.lower():
            case "confidence_notice":
                payload = lawful_notice(payload, draft.lang)
            case "recommendations":
                payload = card_laws.with_object_items(payload)
            case "analysis_summary":
                payload = card_laws.lawful_summary(payload, draft.lang)
            case "product_analysis":
                payload = card_laws.public_product_analysis(
                    payload, always_prompt=settings.always_profile_prompt
                )
        lawful.append(
            DraftCard(
                card.card_id if _text(card.card_id) else f"card_{draft.request_id}",
                kind or "aurora_card",
                payload,
                [g for g in dict.fromkeys(card.gaps) if _text(g[0]) and _text(g[1])],
                card.title if isinstance(card.title, str) else None,
            )
        )
    return lawful


def _as_object(payload: Any) -> dict[str, Any]:
    if isinstance(payload, Mapping):
        return dict(payload)
    return {} if payload is None else {"value": payload}


def without_unearned_commerce(
    draft: Draft, cards: list[DraftCard], counts: dict[str, int]
) -> list[DraftCard]:
    """Cards that sell leave only if the flow declared that the gates passed (B 8.3, decision 18)."""
    kept = cards
    gaps = [g for g in draft.loose_gaps if _text(g[0]) and _text(g[1])]
    if not draft.commerce_allowed:
        kept = [c for c in cards if not card_laws.is_commerce(c.kind, c.payload)]
        if len(kept) < len(cards):
            counts["commerce_removed"] = len(cards) - len(kept)
            gaps.append(("cards", "recommendations_not_requested"))
    if gaps:
        gate = DraftCard(f"gate_{draft.request_id}", "gate_notice", {}, list(dict.fromkeys(gaps)))
        kept = [*kept, gate]
    return kept


def without_recommendations_beside_safety(cards: list[DraftCard]) -> list[DraftCard]:
    """A safety block and something to buy never stand in one envelope."""
    if not any(c.kind == "confidence_notice" and c.payload["reason"] == "safety_block" for c in cards):
        return cards
    return [
        c
        for c in cards
        if not card_laws.is_commerce(c.kind, c.payload) and not c.payload.get("recommendations")
    ]


def without_empty_recommendations(cards: list[DraftCard]) -> list[DraftCard]:
    """An empty list is a titled tile with nothing in it (F 16 T6): the card goes."""
    return [c for c in cards if c.kind != "recommendations" or c.payload["recommendations"]]


def gentle_when_unsure(draft: Draft, cards: list[DraftCard], counts: dict[str, int]) -> list[DraftCard]:
    """In low or medium confidence nothing treatment-like leaves (B 8.5 stage B)."""
    holders = [c for c in cards if isinstance(c.payload.get("recommendations"), list)]
    if not holders:
        return cards
    context = conservative_context([(c.kind, c.payload) for c in cards], draft.events)
    if context is None:
        return cards
    total = sum(len(c.payload["recommendations"]) for c in holders)
    removed = 0
    for card in holders:
        card.payload, gone = card_laws.without_treatments(card.payload)
        removed += gone
        if gone:
            card.gaps.append(("recommendations", "low_confidence_treatment_filtered"))
    kept = without_empty_recommendations(cards)
    if not removed:
        return kept
    counts["treatments_removed"] = removed
    fallback = not any(
        (c.kind == "recommendations")
        or (c.kind == "confidence_notice" and c.payload["reason"] == "low_confidence")
        for c in kept
    )
    if fallback:
        counts["low_medium_fallback"] = 1
        node = context or {"score": 0.55, "level": "medium", "rationale": ["low_medium_reco_policy"]}
        payload = notice(
            "low_confidence",
            draft.lang,
            confidence=node,
            actions=("upload_daylight_and_indoor_white", "update_current_routine", "retry_recommendations"),
            details=("low_medium_treatment_filtered_all",),
        )
        kept = [*kept, DraftCard(f"conf_{draft.request_id}_low_medium", "confidence_notice", payload)]
    filtered = {"filtered_count": removed, "total_count": total, "fallback_applied": fallback}
    draft.events = [*draft.events[: MAX_EVENTS - 1], ("reco_low_medium_treatment_filtered", filtered)]
    return kept


def never_nothing(draft: Draft, cards: list[DraftCard], counts: dict[str, int]) -> list[DraftCard]:
    """No envelope without a card the client or the validator can count (B 8.6, decisions 2 and 5)."""
    if draft.refused:
        return cards
    visible = any(c.kind not in card_laws.HIDDEN_TYPES for c in cards)
    if draft.attempted_recommendations and not visible:
        return _guarded(draft, cards, counts)
    if draft.interrupted and not any(c.kind == "confidence_notice" for c in cards):
        late = notice("timeout_degraded", draft.lang, actions=_ways_on(draft))
        return [*cards, DraftCard(f"conf_{draft.request_id}", "confidence_notice", late)]
    if cards:
        return cards
    if _message(draft) is not None:
        return [DraftCard(f"gate_{draft.request_id}", "gate_notice", {"kind": "text_only"})]
    counts["nothing_said"] = 1
    empty = notice("timeout_degraded", draft.lang, actions=_ways_on(draft))
    return [DraftCard(f"conf_{draft.request_id}", "confidence_notice", empty)]


def _ways_on(draft: Draft) -> tuple[str, ...]:
    return () if draft.attempted_recommendations else ("retry_recommendations", "update_current_routine")


def _guarded(draft: Draft, cards: list[DraftCard], counts: dict[str, int]) -> list[DraftCard]:
    """An attempt to recommend that ended with nothing to show: a notice stands for it."""
    late = (
        draft.artifact_usable
        or draft.interrupted
        or any(
            name == "analysis_timeout_degraded"
            or data.get("reason") == "timeout_degraded"
            or data.get("source") == "upstream_timeout"
            for name, data in draft.events
        )
    )
    if late:
        payload = notice(
            "timeout_degraded",
            draft.lang,
            confidence={
                "score": 0.35,
                "level": "low",
                "rationale": ["empty_cards_guard_timeout_degraded"],
            },
            details=("empty_cards_guard_applied",),
        )
    else:
        payload = notice(
            "artifact_missing",
            draft.lang,
            confidence={"score": 0.0, "level": "low", "rationale": ["empty_cards_guard_artifact_missing"]},
            details=("empty_cards_guard_applied",),
        )
    if not draft.artifact_usable:
        counts["guard_fallback"] = 1
        applied = {"reason": payload["reason"], "applied": True, "previous_card_count": len(cards)}
        draft.events = [*draft.events[:MAX_EVENTS_BEFORE_GUARD], ("reco_output_guard_fallback", applied)]
    return [DraftCard(f"conf_{draft.request_id}_guard", "confidence_notice", payload)]


def with_demanded_gaps(cards: list[DraftCard], counts: dict[str, int]) -> None:
    """Each card declares what it lacks (A 4.2, the enforcer); recommendations at most eight entries."""
    added = 0
    for card in cards:
        for gap in card_laws.demanded_field_missing(card.kind, card.payload):
            if gap not in card.gaps:
                card.gaps.append(gap)
                added += 1
        card.gaps = list(dict.fromkeys(card.gaps))
        if card.kind == "recommendations" and len(card.gaps) > MAX_RECO_GAPS:
            card.gaps = card.gaps[-MAX_RECO_GAPS:]
    if added:
        counts["field_missing_added"] = added


def with_own_ids(cards: list[DraftCard]) -> None:
    """Card ids are the client's list keys: a second use gets a number."""
    seen: set[str] = set()
    for card in cards:
        base, number = card.card_id, 2
        while card.card_id in seen:
            card.card_id, number = f"{base}_{number}", number + 1
        seen.add(card.card_id)


def _card(draft: DraftCard) -> Card:
    return Card(
        card_id=draft.card_id,
        type=draft.type,
        payload=draft.payload,
        field_missing=[FieldMissing(field, reason) for field, reason in draft.gaps],
        title=UNSET if draft.title is None else draft.title,
    )


# --- chips ------------------------------------------------------------------------------------------------


def lawful_chips(draft: Draft, next_state: str, counts: dict[str, int]) -> list[Chip]:
    """No doubles (same answer, or same id, kind and label), none that the client refuses, at most ten."""
    if draft.refused:
        return []
    in_diagnosis = next_state.startswith("DIAG_") or draft.client_state.startswith("DIAG_")
    seen: set[tuple[Any, ...]] = set()
    kept: list[Chip] = []
    for chip in draft.chips:
        if not isinstance(chip, Chip) or not _text(chip.chip_id) or not _text(chip.label):
            continue
        if in_diagnosis and chip.chip_id == "chip_keep_chatting":
            continue
        given: Any = chip.data  # structs are not checked when they are built
        data = given if isinstance(given, dict) else {}
        key: tuple[Any, ...] = (chip.chip_id, chip.kind, chip.label)
        answer = (data.get("norm_id"), data.get("value"))
        if isinstance(answer[0], str) and isinstance(answer[1], str):
            key = answer
        if key in seen:
            continue
        seen.add(key)
        if data is given and chip.kind in ("quick_reply", "action"):
            kept.append(chip)
        else:
            kept.append(
                Chip(chip.chip_id, chip.label, "action" if chip.kind == "action" else "quick_reply", data)
            )
    if len(kept) > MAX_CHIPS:
        counts["chips_truncated"] = len(kept) - MAX_CHIPS
    return kept[:MAX_CHIPS]


# --- message, patch, events -------------------------------------------------------------------------------


def _message(draft: Draft) -> AssistantMessage | None:
    said = draft.message
    if not isinstance(said, str) or not said.strip():
        return None
    # The client turns a text with all three of these into a card of its own (contract F 3).
    if "profile=" in said and "shortlist" in said.lower() and "/100" in said:
        said = said.replace("profile=", "profile: ")
    return AssistantMessage(said, format="markdown" if draft.message_format == "markdown" else "text")


_NOT_SAID: dict[str, Any] = {
    **msgspec.to_builtins(Profile()),
    "age_band": "unknown",
    "pregnancy_status": "unknown",
    "lactation_status": "unknown",
}


def _session_patch(draft: Draft, next_state: str, settings: Settings) -> dict[str, Any]:
    if draft.refused:
        return {"next_state": next_state}
    patch = dict(draft.patch)
    profile = patch.get("profile")
    if isinstance(profile, Profile):
        profile = msgspec.to_builtins(profile)
    if isinstance(profile, dict) and settings.profile_v2_enabled:
        patch["profile"] = {**_NOT_SAID, **{k: v for k, v in profile.items() if v is not None}}
    state = dict(draft.state)
    if draft.asked_state is not None and not is_ui_state(draft.asked_state):
        state["_internal_next_state"] = draft.asked_state
    if state:
        patch["state"] = state
    patch["next_state"] = next_state
    return patch


def _event(name: str, data: object, base: Mapping[str, Any]) -> dict[str, Any]:
    return {"event_name": name, **base, "data": data if isinstance(data, dict) else {}}


def _audit(
    draft: Draft,
    message: AssistantMessage | None,
    cards: list[DraftCard],
    chip_count: int,
    next_state: str,
    counts: dict[str, int],
) -> dict[str, Any]:
    """The `quality_audit` event, and the soft rules as counts."""
    text = message.content if message is not None else ""
    plain = [(c.kind, c.payload) for c in cards]
    broken = soft_violations(text, plain, chip_count, next_state, [r for c in cards for _, r in c.gaps])
    for rule in broken:
        counts[f"soft.{rule}"] = 1
    counts["actionable"] = int("missing_action" not in broken)
    internal = draft.asked_state if not is_ui_state(draft.asked_state) else None
    return quality_audit(
        text,
        message is not None and message.format == "markdown",
        plain,
        chip_count,
        next_state,
        internal,
        template_id=draft.template_id,
        pending=bool(draft.state.get("pending_clarification")),
        low_confidence=conservative_context(plain, draft.events) is not None,
        critical_gaps=0,
    )


# --- the last check ---------------------------------------------------------------------------------------

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
    objects = all(bytes(c.payload).startswith(b"{") for c in read.cards) and all(
        bytes(c.data).startswith(b"{") for c in read.suggested_chips
    )
    return body if objects else None


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
