"""Where the client stands after this answer: derived from what is really in the envelope (contract A 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aurora.contract.envelope import UI_STATES

_UI = frozenset(UI_STATES)

_BY_TYPE = (
    (frozenset({"recommendations"}), "RECO_RESULTS"),
    (frozenset({"diagnosis_gate"}), "DIAG_PROFILE"),
    (frozenset({"analysis_summary"}), "DIAG_ANALYSIS_SUMMARY"),
    (frozenset({"photo_confirm", "photo_modules_v1"}), "DIAG_PHOTO_OPTIN"),
    (frozenset({"routine_simulation", "conflict_heatmap"}), "ROUTINE_REVIEW"),
    (frozenset({"product_parse", "product_analysis", "offers_resolved"}), "PRODUCT_LINK_EVAL"),
)


def is_ui_state(token: object) -> bool:
    """Whether the client knows this state by name."""
    return isinstance(token, str) and token in _UI


def derive_next_state(cards: Iterable[tuple[str, Mapping[str, Any]]], asked: str | None) -> str:
    """The UI state. cards: (lower-cased type, payload). asked: what the flow wanted, a UI state or not."""
    kinds: set[str] = set()
    wants_recommendation = False
    for kind, payload in cards:
        kinds.add(kind)
        wants_recommendation |= kind == "diagnosis_gate" and payload.get("wants") == "recommendation"
    for group, state in _BY_TYPE:
        if not kinds.isdisjoint(group):
            return "RECO_GATE" if state == "DIAG_PROFILE" and wants_recommendation else state
    return asked if asked is not None and asked in _UI else "IDLE_CHAT"
