"""Is this answer lawful? The envelope validator of soaks, probes and every test (contract A 4.6, E 3.5).

It reads plain JSON and knows nothing of how the service made it. The treatment terms are shared with the
service on purpose: a list that differs lets something pass one and fail the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aurora.contract.envelope import NOTICE_REASONS, UI_STATES
from aurora.rules.treatment import conservative_context, is_treatment_like

TOP_KEYS = frozenset({
    "request_id", "trace_id", "assistant_message", "suggested_chips", "cards", "session_patch", "events",
})  # fmt: skip
MAX_CHIPS = 10


class Violation(NamedTuple):
    """A broken law: its code, and where or what."""

    code: str
    message: str


def invariants(envelope: Any) -> list[str]:
    """Codes of every violation in `envelope`, in order; [] when it is lawful."""
    return [violation.code for violation in violations(envelope)]


def violations(envelope: Any) -> list[Violation]:
    """Schema and invariants, with messages that say where."""
    if not isinstance(envelope, Mapping):
        return [
            Violation("schema_violation", "the answer is no object"),
            Violation("empty_cards_without_notice", "there are no cards"),
        ]
    found = [Violation("schema_violation", text) for text in _schema(envelope)]
    cards = envelope.get("cards")
    plain = [
        (str(c.get("type", "")).lower(), c["payload"])
        for c in (cards if isinstance(cards, list) else ())
        if isinstance(c, Mapping) and isinstance(c.get("payload"), Mapping)
    ]
    if not isinstance(cards, list) or not cards:
        found.append(Violation("empty_cards_without_notice", "there are no cards"))
    notices = [payload for kind, payload in plain if kind == "confidence_notice"]
    if not notices and not any(_renderable(kind, payload) for kind, payload in plain):
        found.append(Violation("no_renderable_cards_without_notice", "nothing to draw and no notice"))
    for payload in notices:
        actions = payload.get("actions")
        if not isinstance(actions, list) or not any(isinstance(a, str) and a.strip() for a in actions):
            found.append(Violation("notice_without_actions", f"reason {payload.get('reason')!r}"))
    recommended = [item for kind, payload in plain if kind == "recommendations" for item in _items(payload)]
    if recommended and any(payload.get("reason") == "safety_block" for payload in notices):
        found.append(Violation("safety_block_with_recommendations", f"{len(recommended)} items"))
    if conservative_context(plain, _events(envelope)) is not None:
        leaks = [i for i in recommended if is_treatment_like(i)]
        if leaks:
            found.append(Violation("low_medium_treatment_leak", f"{len(leaks)} items"))
    return found


def _events(envelope: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    events = envelope.get("events")
    return [
        (str(e.get("event_name")), e["data"])
        for e in (events if isinstance(events, list) else ())
        if isinstance(e, Mapping) and isinstance(e.get("data"), Mapping)
    ]


def _items(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = payload.get("recommendations")
    return [i for i in items if isinstance(i, Mapping)] if isinstance(items, list) else []


def _renderable(kind: str, payload: Mapping[str, Any]) -> bool:
    return bool(_items(payload)) if kind == "recommendations" else bool(kind) and kind != "confidence_notice"


# --- the seven-key schema, written out so that a soak needs no schema library in its hot path -------------


def _schema(envelope: Mapping[str, Any]) -> Iterator[str]:
    keys = set(envelope)
    yield from (f"{key}: missing" for key in sorted(TOP_KEYS - keys))
    yield from (f"{key}: not a key of the envelope" for key in sorted(map(str, keys - TOP_KEYS)))
    yield from (f"{k}: no name" for k in ("request_id", "trace_id") if not _name(envelope.get(k)))
    yield from _message(envelope.get("assistant_message"))
    yield from _chips(envelope.get("suggested_chips"))
    yield from _cards(envelope.get("cards"))
    patch = envelope.get("session_patch")
    if not isinstance(patch, Mapping):
        yield "session_patch: no object"
    elif patch.get("next_state") not in UI_STATES:
        yield "session_patch.next_state: not a UI state"
    events = envelope.get("events")
    if not isinstance(events, list):
        yield "events: no list"
    else:
        yield from (
            f"events[{n}]: no event"
            for n, e in enumerate(events)
            if not isinstance(e, Mapping) or not _name(e.get("event_name"))
        )


def _name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _message(message: Any) -> Iterator[str]:
    if message is None:
        return
    if not isinstance(message, Mapping):
        yield "assistant_message: no object"
    elif (
        not set(message) <= {"role", "content", "format"}
        or message.get("role") != "assistant"
        or not isinstance(message.get("content"), str)
        or message.get("format", "text") not in ("text", "markdown")
    ):
        yield "assistant_message: not {role, content, format}"


def _chips(chips: Any) -> Iterator[str]:
    if not isinstance(chips, list):
        yield "suggested_chips: no list"
        return
    if len(chips) > MAX_CHIPS:
        yield f"suggested_chips: {len(chips)} of at most {MAX_CHIPS}"
    for n, chip in enumerate(chips):
        if (
            not isinstance(chip, Mapping)
            or not set(chip) <= {"chip_id", "label", "kind", "data"}
            or not _name(chip.get("chip_id"))
            or not _name(chip.get("label"))
            or chip.get("kind", "quick_reply") not in ("quick_reply", "action")
            or not isinstance(chip.get("data", {}), Mapping)
        ):
            yield f"suggested_chips[{n}]: no chip"


def _cards(cards: Any) -> Iterator[str]:
    if not isinstance(cards, list):
        yield "cards: no list"
        return
    for n, card in enumerate(cards):
        if not isinstance(card, Mapping):
            yield f"cards[{n}]: no object"
            continue
        for key in ("card_id", "type"):
            if not _name(card.get(key)):
                yield f"cards[{n}].{key}: no name"
        if "title" in card and not isinstance(card["title"], str):
            yield f"cards[{n}].title: no text"
        payload = card.get("payload")
        if not isinstance(payload, Mapping):
            yield f"cards[{n}].payload: no object"
            continue
        if "field_missing" in card and not _gaps(card["field_missing"]):
            yield f"cards[{n}].field_missing: no list of {{field, reason}}"
        yield from (f"cards[{n}].payload{text}" for text in _payload(card.get("type"), payload))


def _payload(kind: Any, payload: Mapping[str, Any]) -> Iterator[str]:
    if kind == "confidence_notice":
        if payload.get("reason") not in NOTICE_REASONS:
            yield ".reason: none of the four"
        actions = payload.get("actions")
        if not isinstance(actions, list) or not all(isinstance(a, str) for a in actions):
            yield ".actions: no list of texts"
    elif kind == "recommendations":
        items = payload.get("recommendations")
        if not isinstance(items, list) or not all(isinstance(i, Mapping) for i in items):
            yield ".recommendations: no list of objects"


def _gaps(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(g, Mapping) and set(g) == {"field", "reason"} and _name(g["field"]) and _name(g["reason"])
        for g in value
    )
