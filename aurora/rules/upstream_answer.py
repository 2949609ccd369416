"""What an upstream said, made safe to pass on: JSON found in prose, cards of any shape, internal references.

Everything here is bounded: a 2 MB answer of braces is read in time proportional to its length.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aurora.contract.envelope import FieldMissing
from aurora.rules import upstream_text

MAX_DEPTH = 24
_TRIES = 6  # places where an object may begin; prose has braces too
_DECODER = json.JSONDecoder()
_FENCE = re.compile(r"```(?:json)?\s*(?=\{)", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
# Lists in which a bare id says nothing to a reader.
_CITED = frozenset({"citations", "citation", "sources", "references", "evidence_refs"})

# In compact JSON: a colon that follows no key, and a key of such a list.
_COLON = re.compile(rb'(?:[^"]|\\"):')
_MAY_CITE = re.compile(rb'"(?:citations?|sources|references|evidence_refs)":', re.IGNORECASE)

# Cards that speak for this service. From an upstream they would put words into its mouth: a session, a
# profile, a safety notice, an error.
_OURS = frozenset({
    "confidence_notice", "gate_notice", "budget_gate", "diagnosis_gate", "error", "profile",
    "analysis_summary", "ingredient_plan", "affiliate_outcome", "aurora_context_raw", "aurora_structured",
    "conflict_heatmap", "aurora_debug", "aurora_alt_debug",
})  # fmt: skip
_OUR_PREFIXES = ("session_", "auth_", "photo_", "tracker_", "profile_")
MAX_CARDS = 12
MAX_PAYLOAD_BYTES = 64_000
_NAME_CAP = 120


class UpstreamCard(msgspec.Struct, frozen=True):
    """A card of the decision system with the types that the envelope needs. card_id: if it named one."""

    type: str
    payload: dict[str, Any]
    title: str | None = None
    field_missing: list[FieldMissing] = []
    card_id: str | None = None


def first_object(text: str | None) -> dict[str, Any] | None:
    """The first JSON object in `text`, fenced or not; None if there is none, or it is nested too deeply."""
    if not text or "{" not in text:
        return None
    fenced = _FENCE.search(text)
    at = fenced.end() if fenced else text.find("{")
    for _ in range(_TRIES):
        if at < 0:
            return None
        try:
            _, end = _DECODER.raw_decode(text, at)
            # Read again by the strict reader: no NUL, no lone surrogate, no NaN gets any further.
            value = msgspec.json.decode(text[at:end].replace("\\u0000", ""))
        except (ValueError, RecursionError, msgspec.DecodeError):
            at = text.find("{", at + 1)
            continue
        return value if isinstance(value, dict) and not too_deep(value) else None
    return None


def too_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Is anything nested deeper than `limit`? Without recursion."""
    if not isinstance(value, dict | list) or _opens(value) <= limit:
        return False
    level: list[Any] = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _opens(value: Any) -> int:
    """At least as many as there are lists and objects in it, told from its JSON: mostly few enough."""
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return sys.maxsize
    return encoded.count(b"{") + encoded.count(b"[")


def read_cards(cards: Iterable[Mapping[str, Any]], *, keep_kb: bool = False) -> list[UpstreamCard]:
    """Cards of any shape: a payload that is no object is wrapped, a missing one is the card itself.

    Cards that only this service may send, and what is too deep, too large or too many, stay here.
    """
    found: list[UpstreamCard] = []
    for card in cards:
        if len(found) == MAX_CARDS:
            break
        kind = card.get("type")
        kind = kind.strip()[:80] if isinstance(kind, str) and kind.strip() else "aurora_card"
        if kind.lower() in _OURS or kind.lower().startswith(_OUR_PREFIXES):
            continue
        payload = card.get("payload")
        if payload is None:
            payload = {
                k: v for k, v in card.items() if k not in ("type", "title", "card_id", "field_missing")
            }
        elif not isinstance(payload, dict):
            payload = {"value": payload}
        if too_deep(payload) or len(msgspec.json.encode(payload)) > MAX_PAYLOAD_BYTES:
            continue
        found.append(
            UpstreamCard(
                type=kind,
                payload=harmless(payload, keep_kb=keep_kb),
                title=_named(card.get("title")),
                field_missing=_field_missing(card.get("field_missing")),
                card_id=_named(card.get("card_id")),
            )
        )
    return found


def harmless(value: Any, *, keep_kb: bool = False) -> Any:
    """`value` without markup and acting links in its texts, and without internal references unless kept.

    The same object if its JSON tells that there is nothing of the kind in it.
    """
    if isinstance(value, dict | list) and not _may_harm(value):
        return value
    return _cleaned(value, keep_kb=keep_kb)


def _may_harm(value: Any) -> bool:
    """Whether a tag, a colon in a text (an address, a reference) or a list of citations stands in it."""
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return True
    return b"<" in encoded or _COLON.search(encoded) is not None or _MAY_CITE.search(encoded) is not None


def _cleaned(value: Any, *, keep_kb: bool) -> Any:
    if isinstance(value, str):
        if "<" not in value and ":" not in value:  # neither a tag nor an address, nor an internal reference
            return value
        text = upstream_text.without_acting_links(upstream_text.without_markup(value))
        return text if keep_kb else upstream_text.without_kb(text)
    if isinstance(value, list):
        cleaned = [_cleaned(item, keep_kb=keep_kb) for item in value]
        return [new for new, old in zip(cleaned, value, strict=True) if new != "" or old == ""]
    if isinstance(value, dict):
        return {key: _member(key, item, keep_kb=keep_kb) for key, item in value.items()}
    return value


def _member(key: Any, value: Any, *, keep_kb: bool) -> Any:
    clean = _cleaned(value, keep_kb=keep_kb)
    if not keep_kb and isinstance(clean, list) and isinstance(key, str) and key.lower() in _CITED:
        return [item for item in clean if not (isinstance(item, str) and _UUID.fullmatch(item.strip()))]
    return clean


def without_kb(value: Any) -> Any:
    """`value` without references to the internal knowledge base, texts cleaned as by `harmless`."""
    return harmless(value)


def speakable(answer: str | None) -> str | None:
    """An upstream's answer if something in it reads as prose; None for nothing, JSON or code."""
    return upstream_text.prose(answer) or None


def _named(value: Any) -> str | None:
    return value[:_NAME_CAP] if isinstance(value, str) and value.strip() else None


def _field_missing(value: Any) -> list[FieldMissing]:
    if not isinstance(value, list):
        return []
    return [
        FieldMissing(item["field"][:_NAME_CAP], item["reason"][:_NAME_CAP])
        for item in value[:20]
        if isinstance(item, dict)
        and isinstance(item.get("field"), str)
        and isinstance(item.get("reason"), str)
        and item["field"]
        and item["reason"]
    ]
