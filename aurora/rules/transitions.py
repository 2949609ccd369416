"""The state machine behind the chips, and which moves a request may make (contract B 4)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from aurora.contract.envelope import UI_STATES
from aurora.rules import detectors
from aurora.rules.request import ChatAsk
from aurora.rules.text import fold

_HOME = ("IDLE_CHAT", "SOFT_INTENT_SUGGEST", "RETURN_WELCOME")


class ChipMove(msgspec.Struct, frozen=True):
    """From which states a chip may be tapped, and where it leads."""

    allowed_from: tuple[str, ...]
    to: str


CHIP_MOVES: dict[str, ChipMove] = {
    "chip_start_diagnosis": ChipMove(_HOME, "DIAG_PROFILE"),
    "chip_quick_profile": ChipMove(_HOME, "QUICK_PROFILE"),
    "chip_eval_routine": ChipMove((*_HOME, "DIAG_ANALYSIS_SUMMARY"), "ROUTINE_INTAKE"),
    "chip_eval_single_product": ChipMove(_HOME, "PRODUCT_LINK_EVAL"),
    "chip_get_recos": ChipMove(
        ("IDLE_CHAT", "DIAG_ANALYSIS_SUMMARY", "MINIMAL_PLAN", "PRODUCT_LINK_EVAL", "RETURN_WELCOME"),
        "RECO_GATE",
    ),
    "chip_keep_chatting": ChipMove(
        ("SOFT_INTENT_SUGGEST", "DIAG_ANALYSIS_SUMMARY", "MINIMAL_PLAN", "RETURN_WELCOME", "CHECKIN_PROMPT"),
        "IDLE_CHAT",
    ),
    "chip_sensitive_help": ChipMove((*_HOME, "MINIMAL_PLAN"), "SAFETY_TRIAGE"),
    "chip_from_scratch": ChipMove(("ROUTINE_INTAKE",), "MINIMAL_PLAN"),
    "chip_no_products": ChipMove(("ROUTINE_INTAKE",), "MINIMAL_PLAN"),
    "chip_save_profile": ChipMove(
        ("MINIMAL_PLAN", "DIAG_ANALYSIS_SUMMARY", "RECO_RESULTS"), "SAVE_PROFILE_PROMPT"
    ),
    "chip_checkin_now": ChipMove(("IDLE_CHAT", "RETURN_WELCOME", "CHECKIN_PROMPT"), "CHECKIN_FLOW"),
    "chip_update_products": ChipMove(("IDLE_CHAT", "RETURN_WELCOME"), "ROUTINE_INTAKE"),
}

ALIASES = {
    "chip.start.diagnosis": "chip_start_diagnosis",
    "chip.start.evaluate": "chip_eval_single_product",
    "chip.start.reco_products": "chip_get_recos",
    "chip.start.routine": "chip_get_recos",
    "chip.action.reco_routine": "chip_get_recos",
}

RECO_STATES = ("RECO_GATE", "RECO_CONSTRAINTS", "RECO_RESULTS")

RejectReason = Literal[
    "TRIGGER_SOURCE_NOT_ALLOWED",
    "UNKNOWN_CHIP",
    "CHIP_NEXT_STATE_MISMATCH",
    "CHIP_NOT_ALLOWED_FROM_STATE",
    "NEXT_STATE_NOT_REACHABLE",
    "TEXT_EXPLICIT_NOT_ALLOWED",
]


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request stands after its move.

    agent_state: the state in force. moved: a transition was accepted. client_moved: the client itself asked
    for it, so its own state machine stands there too (contract F 4). rejected: details of the 400, if the
    client asked for a move that its state does not allow.
    """

    agent_state: str
    moved: bool = False
    client_moved: bool = False
    rejected: dict[str, Any] | None = None


def resolve(ask: ChatAsk) -> Transition:
    """The request's own transition, else one derived from its chip, else from its words.

    Only the client's own request can be refused; a derived move that does not fit is not made
    (contract B 4.3 REC, F 16 T7).
    """
    here = ask.client_state
    if ask.requested is not None:
        return _requested(ask, ask.requested, here)
    derived = derive_from_chip(ask.action_id, here) or (derive_from_text(ask.text))
    if derived is None or not _derived_fits(here, derived):
        return Transition(agent_state=here)
    return Transition(agent_state=derived, moved=True)


def derive_from_chip(action_id: str | None, here: str) -> str | None:
    """Where a chip leads from `here`; None for an unknown chip or one that does not lead from here."""
    name = ALIASES.get(action_id or "", action_id or "")
    move = CHIP_MOVES.get(name)
    if move is None:
        return None
    return move.to if here in move.allowed_from or _derived_fits(here, move.to) else None


def client_accepts(chip_id: str, here: str) -> bool:
    """Will the client, standing in `here`, let this chip through? It judges by the same table (F 4)."""
    move = CHIP_MOVES.get(ALIASES.get(chip_id, chip_id))
    return move is None or here == move.to or here in move.allowed_from


def derive_from_text(text: str) -> str | None:
    """Where folded words lead: a diagnosis, a look at the present routine, recommendations, or nowhere.

    "Can you check if this suits my skin" names a check of the skin, but asks about a product.
    """
    targets = targets_of(text)
    if targets[:1] == ["DIAG_PROFILE"] and (
        len(targets) > 1 or detectors.asks_suitability(text) or detectors.is_science(text)
    ):
        targets = targets[1:]
    return targets[0] if targets else None


def targets_of(text: str) -> list[str]:
    """Every state that folded words could mean; a client that typed them may ask for any of these."""
    found = (
        ("DIAG_PROFILE", detectors.starts_diagnosis(text)),
        ("ROUTINE_INTAKE", detectors.reviews_routine(text)),
        ("RECO_GATE", detectors.requests_recommendation(text)),
    )
    return [state for state, meant in found if meant]


def _derived_fits(here: str, to: str) -> bool:
    if here == to or to == "DIAG_PROFILE":
        return True
    if to == "RECO_GATE" and here in RECO_STATES:
        return True
    return _reachable(here, to)


def _reachable(here: str, to: str) -> bool:
    return any(move.to == to and here in move.allowed_from for move in CHIP_MOVES.values())


def _requested(ask: ChatAsk, wanted: dict[str, str], here: str) -> Transition:
    source, trigger_id, target = (
        wanted["trigger_source"],
        wanted["trigger_id"],
        wanted["requested_next_state"],
    )
    to = target if target in UI_STATES else "IDLE_CHAT"
    if source == "text_explicit" and to not in targets_of(ask.text or fold(trigger_id)):
        return Transition(
            agent_state=here, rejected={"reason": "TEXT_EXPLICIT_NOT_ALLOWED", "requested_next_state": target}
        )
    reason = _refusal(source, trigger_id, here, to)
    if reason is None:
        return Transition(agent_state=to, moved=True, client_moved=True)
    return Transition(
        agent_state=here,
        rejected={
            "reason": reason,
            "from_state": here,
            "requested_next_state": target,
            "trigger_source": source,
            "trigger_id": trigger_id,
        },
    )


def _refusal(source: str, trigger_id: str, here: str, to: str) -> RejectReason | None:
    if to == here:
        return None
    if source == "chip":
        name = trigger_id.lower()
        move = CHIP_MOVES.get(ALIASES.get(name, name))
        if move is None:
            return "UNKNOWN_CHIP"
        if move.to != to:
            return "CHIP_NEXT_STATE_MISMATCH"
        return None if here in move.allowed_from else "CHIP_NOT_ALLOWED_FROM_STATE"
    if source in ("action", "text_explicit"):
        return None if _reachable(here, to) else "NEXT_STATE_NOT_REACHABLE"
    return "TRIGGER_SOURCE_NOT_ALLOWED"
