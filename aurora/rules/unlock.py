"""What unlocks recommendations: an explicit wish, by tap or in words (contract B 8.2)."""

from __future__ import annotations

from aurora.rules import detectors
from aurora.rules.request import ChatAsk
from aurora.rules.text import hit, pattern
from aurora.rules.transitions import RECO_STATES

RECO_CHIPS = frozenset({"chip.start.reco_products", "chip_get_recos"})
ROUTINE_CHIPS = frozenset({"chip.start.routine", "chip.action.reco_routine"})
ONE_PRODUCT_CHIPS = frozenset({"chip.start.dupes", "chip.action.analyze_product", "chip.action.dupe_compare"})
UNLOCKING_CHIPS = RECO_CHIPS | ROUTINE_CHIPS | ONE_PRODUCT_CHIPS

_CLARIFIES_PROFILE = pattern(r"skin|barrier|sensit|goal|concern|target|focus")
_ACTION_WORDS = pattern(r"reco|offer|checkout|dupe|analy")
_START_WORDS = pattern(r"reco|routine")
_BUDGET_TALK = pattern(r"routine|am\s*/\s*pm|早晚护肤|护肤方案")


def unlocked(ask: ChatAsk, *, internal: str | None, agent_state: str) -> bool:
    """May this turn recommend? internal: the state token in force (sent, or kept by us)."""
    if ask.trigger == "text":
        return False
    if asks_by_move(ask):
        return True
    text = ask.text
    wished = detectors.asks_recommendation(text) or detectors.asks_suitability(text)
    if ask.action_id is None or ask.trigger == "text_explicit":
        return ask.trigger == "text_explicit" and wished
    action = ask.action_id
    if action in UNLOCKING_CHIPS:
        return True
    if is_budget_chip(ask):
        return internal == "S6_BUDGET" or wished or hit(text, _BUDGET_TALK)
    if action.startswith("chip.clarify."):
        if not _CLARIFIES_PROFILE.search(f"{ask.clarification_id or ''}|{action}".lower()):
            return False
        in_flow = internal in ("S6_BUDGET", "S7_PRODUCT_RECO") or agent_state in RECO_STATES
        return in_flow or wished
    if action.startswith("chip.action."):
        return bool(_ACTION_WORDS.search(action))
    return action.startswith("chip.start.") and bool(_START_WORDS.search(action))


def is_budget_chip(ask: ChatAsk) -> bool:
    """A chip of the budget question."""
    action = ask.action_id or ""
    return action.startswith(("chip.clarify.budget", "chip.budget.")) or ask.clarification_id == "budget"


def asks_by_move(ask: ChatAsk) -> bool:
    """No chip and no action stand in the request, but its transition asks for recommendations outright."""
    return (
        ask.action_id is None
        and ask.trigger in ("chip", "action")
        and ask.requested is not None
        and ask.requested["requested_next_state"] in RECO_STATES
    )


def is_picks_chip(ask: ChatAsk) -> bool:
    """A tap that asks for products or a routine, whatever else is said."""
    return ask.action_id in RECO_CHIPS or ask.action_id in ROUTINE_CHIPS


def wants_picks(ask: ChatAsk, *, patched: bool = False) -> bool:
    """Is this turn about which products to use (contract B 7 step 18)?

    Routine requests count too: they pass the same gates. patched: the turn answered a profile question.
    Questions about science, about one product, or about what goes together are something else.
    """
    text, action = ask.text, ask.action_id or ""
    if detectors.is_science(text, action) or detectors.asks_suitability(text) or action in ONE_PRODUCT_CHIPS:
        return False
    if is_picks_chip(ask) or asks_by_move(ask):
        return True
    if detectors.reviews_routine(text):
        return False
    if detectors.asks_compatibility(text) and not detectors.requests_recommendation(text):
        return False
    return (
        (patched and ask.clarification_id is not None)
        or detectors.asks_recommendation(text)
        or detectors.asks_routine(text, ask.action_id)
    )


def wants_routine(ask: ChatAsk) -> bool:
    """Is this turn about a whole AM/PM routine, rather than single products (contract B 7 step 16)?

    A tap on a routine chip counts whatever words the chip itself brings ("make it gentler"); words that the
    person typed beside an old chip count more than the chip. Looking at the present routine is no such wish.
    """
    if ask.action_id in ROUTINE_CHIPS and not ask.typed:
        return True
    return detectors.asks_routine(ask.text, ask.action_id) and not detectors.reviews_routine(ask.text)
