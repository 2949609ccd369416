"""What an upstream said, made safe to pass on: JSON found in prose, cards of any shape, internal references.

Everything here is bounded: a 2 MB answer of braces is read in time proportional to its length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aurora.contract.envelope import FieldMissing

MAX_DEPTH = 24
_TRIES = 6  # places where an object may begin; prose has braces too
_DECODER = json.JSONDecoder()
_FENCE = re.compile(r"```(?:json)?\s*(?=\{)", re.IGNORECASE)
_KB = re.compile(r"\[?\bkb:[A-Za-z0-9][\w.:/-]*\]?", re.ASCII)
_EMPTY_CITATION = re.compile(
    r"^[ \t]*[-*•]?[ \t]*(?:citations?|sources?|references?|引用|来源|参考(?:文献)?|证据)"
    r"[ \t]*[:：]?[ \t,，;；]*$\n?",
    re.IGNORECASE | re.MULTILINE,
)
_SPOKEN_JSON = re.compile(r"\s*(?:```|\{|\[\s*[\{\"])")
_CARDS_BELOW = re.compile(r"cards? below|below cards?|见下方|如下卡片|下方卡片", re.IGNORECASE)


class UpstreamCard(msgspec.Struct, frozen=True):
    """A card of the decision system with the types that the envelope needs."""

    type: str
    payload: dict[str, Any]
    title: str | None
    field_missing: list[FieldMissing]


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


def read_cards(cards: Iterable[Mapping[str, Any]]) -> list[UpstreamCard]:
    """Cards of any shape: a payload that is no object is wrapped, a missing one is the card itself."""
    found: list[UpstreamCard] = []
    for card in cards:
        kind = card.get("type")
        payload = card.get("payload")
        if payload is None:
            payload = {
                k: v for k, v in card.items() if k not in ("type", "title", "card_id", "field_missing")
            }
        elif not isinstance(payload, dict):
            payload = {"value": payload}
        if too_deep(payload):
            continue
        title = card.get("title")
        found.append(
            UpstreamCard(
                type=kind.strip()[:80] if isinstance(kind, str) and kind.strip() else "aurora_card",
                payload=payload,
                title=title if isinstance(title, str) else None,
                field_missing=_field_missing(card.get("field_missing")),
            )
        )
    return found


def without_kb(value: Any) -> Any:
    """`value` without references to the internal knowledge base; a copy only where something changes."""
    if isinstance(value, str):
        return _without_kb_text(value) if "kb:" in value else value
    if isinstance(value, list):
        cleaned = [without_kb(item) for item in value]
        return [new for new, old in zip(cleaned, value, strict=True) if new != "" or old == ""]
    if isinstance(value, dict):
        return {key: without_kb(item) for key, item in value.items()}
    return value


def speakable(answer: str | None) -> str | None:
    """An upstream's answer if it reads as prose; None for nothing, JSON or code."""
    text = _without_kb_text(answer).strip() if answer else ""
    if not text or _SPOKEN_JSON.match(text):
        return None
    return text


def promises_cards(text: str) -> bool:
    """Does the text point at cards? It must not, if none is shown."""
    return _CARDS_BELOW.search(text) is not None


def _without_kb_text(text: str) -> str:
    if "kb:" not in text:
        return text
    return _EMPTY_CITATION.sub("", _KB.sub("", text)).strip()


def _field_missing(value: Any) -> list[FieldMissing]:
    if not isinstance(value, list):
        return []
    return [
        FieldMissing(item["field"], item["reason"])
        for item in value[:20]
        if isinstance(item, dict)
        and isinstance(item.get("field"), str)
        and isinstance(item.get("reason"), str)
        and item["field"]
        and item["reason"]
    ]
