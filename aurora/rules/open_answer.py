"""What in a decision answer may become a card, and for whom (contract B 8.3, 16.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.envelope import FieldMissing, Lang
from aurora.rules import commerce_gate, detectors
from aurora.rules.context_conflicts import Found
from aurora.rules.text import pattern
from aurora.rules.upstream_answer import MAX_PAYLOAD_BYTES, UpstreamCard, first_object, harmless, too_deep

_ENV_ACTION = pattern(r"env|weather|climate|travel")
_CONFLICT_ACTION = pattern(r"routine|compat|conflict|heatmap")


def structured_of(
    answer: str | None,
    structured: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None,
    *,
    keep_kb: bool,
) -> dict[str, Any] | None:
    """The structured part, cleaned: as it was sent, or the first JSON object in the answer.

    The context's sources go in if it has none of its own. None if there is nothing, or if it is too deep or
    too large to be passed on.
    """
    found = dict(structured) if structured is not None else first_object(answer)
    checked = (context or {}).get("external_verification")
    if isinstance(checked, dict) and checked and "external_verification" not in (found or {}):
        found = {**(found or {}), "external_verification": checked}
    if not found or not _fits(found):
        return None
    clean: dict[str, Any] = harmless(found, keep_kb=keep_kb)
    return clean


def in_language(structured: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """`structured` with `meta.lang`: the client may write a report of its own from it (F 13.7, T17)."""
    meta = structured.get("meta")
    return {**structured, "meta": {**(meta if isinstance(meta, dict) else {}), "lang": lang}}


def raw_context(
    intent: str | None,
    clarification: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None,
    *,
    may_sell: bool,
    keep_kb: bool,
) -> tuple[dict[str, Any] | None, list[FieldMissing]]:
    """Payload of `aurora_context_raw`. What sells is held back whole, as elsewhere."""
    raw = {"intent": intent, "clarification": clarification, "context": context}
    if not _fits(raw):
        return None, []
    if not may_sell and commerce_gate.sells(raw):
        return None, [FieldMissing("aurora_context_raw", commerce_gate.NOT_REQUESTED)]
    return harmless(raw, keep_kb=keep_kb), []


def wants_env(text: str, action_id: str | None, *, debug: bool) -> bool:
    """Was the weather asked about?"""
    return debug or detectors.asks_weather(text) or bool(_ENV_ACTION.search(action_id or ""))


def wants_conflicts(found: Found, text: str, action_id: str | None, *, debug: bool) -> bool:
    """Are conflicts worth a card: something is unsafe, or it was asked what goes together?"""
    simulation = found.simulation
    return (
        debug
        or simulation["safe"] is False
        or bool(simulation["conflicts"])
        or detectors.asks_compatibility(text)
        or bool(_CONFLICT_ACTION.search(action_id or ""))
    )


def is_env(card: UpstreamCard) -> bool:
    """An environment card, by its type or its schema."""
    schema = card.payload.get("schema_version")
    named = (card.type, schema if isinstance(schema, str) else "")
    return any(
        word in name.lower() for name in named for word in ("env_stress", "environment_stress", "envstress")
    )


def _fits(value: Mapping[str, Any]) -> bool:
    return not too_deep(value) and len(msgspec.json.encode(value)) <= MAX_PAYLOAD_BYTES
