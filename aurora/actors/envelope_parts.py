"""The parts of an envelope beside its cards and its words: chips, session patch, events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from aurora.actors.draft import Draft, DraftCard
from aurora.contract.envelope import AssistantMessage, Chip
from aurora.contract.memory import Profile
from aurora.rules.audit import quality_audit, soft_violations
from aurora.rules.next_state import is_ui_state
from aurora.rules.treatment import conservative_context
from aurora.settings import Settings

MAX_CHIPS = 10


def lawful_chips(draft: Draft, next_state: str, counts: dict[str, int]) -> list[Chip]:
    """No doubles (same answer, or same id, kind and label), none that the client refuses, at most ten.

    While a question is open, and where some have to go, answers to it come first (contract B 17.5).
    """
    if draft.refused or not draft.chips:
        return []
    in_diagnosis = next_state.startswith("DIAG_") or draft.client_state.startswith("DIAG_")
    seen: set[tuple[str, ...]] = set()
    kept: list[Chip] = []
    for given in draft.chips:
        chip = _as_chip(given)
        if chip is None or (in_diagnosis and chip.chip_id == "chip_keep_chatting"):
            continue
        key: tuple[str, ...] = (chip.chip_id, chip.kind, chip.label)
        norm_id, value = chip.data.get("norm_id"), chip.data.get("value")
        if isinstance(norm_id, str) and isinstance(value, str):
            key = (norm_id, value)
        if key not in seen:
            seen.add(key)
            kept.append(chip)
    if len(kept) > MAX_CHIPS:
        counts["chips_truncated"] = len(kept) - MAX_CHIPS
    if len(kept) > MAX_CHIPS or draft.state.get("pending_clarification"):
        kept.sort(key=_rank)
    return kept[:MAX_CHIPS]


_ANSWER_KEYS = ("norm_id", "profile_patch", "clarification_id")
_NEXT_STEPS = frozenset({"chip.start.routine", "chip.action.reco_routine", "chip_checkin_now"})


def _rank(chip: Chip) -> int:
    """Answers to the question, "not sure", AM/PM steps or a check-in, other actions, the rest."""
    if any(key in chip.data for key in _ANSWER_KEYS):
        return 1 if chip.data.get("value") == "unknown" else 0
    if chip.chip_id in _NEXT_STEPS:
        return 2
    return 3 if chip.kind == "action" else 4


def _as_chip(given: Any) -> Chip | None:
    """A chip whose every part has its type (structs are not checked when they are built), or None."""
    if not isinstance(given, Chip):
        return None
    named: tuple[Any, ...] = (given.chip_id, given.label)
    if not all(isinstance(text, str) and text for text in named):
        return None
    data: Any = given.data
    if isinstance(data, dict) and given.kind in ("quick_reply", "action"):
        return given
    kind: Literal["quick_reply", "action"] = "action" if given.kind == "action" else "quick_reply"
    return Chip(given.chip_id, given.label, kind, data if isinstance(data, dict) else {})


_NOT_SAID: dict[str, Any] = {
    **msgspec.to_builtins(Profile()),
    "age_band": "unknown",
    "pregnancy_status": "unknown",
    "lactation_status": "unknown",
}


def lawful_patch(draft: Draft, next_state: str, settings: Settings) -> dict[str, Any]:
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


def lawful_event(name: str, data: object, base: Mapping[str, Any]) -> dict[str, Any]:
    return {"event_name": name, **base, "data": data if isinstance(data, dict) else {}}


def audit_event_data(
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
    reasons = [reason for card in cards for _, reason in card.gaps]
    broken = soft_violations(text, plain, chip_count, next_state, reasons, quoted=draft.quoted)
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
