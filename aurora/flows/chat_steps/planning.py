"""The plan of a turn, told to the next one; and asking that has come to its end (contract B 11.1, 11.2)."""

from __future__ import annotations

from typing import Any

from aurora.contract.envelope import Chip
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply
from aurora.flows.chat_steps.weather import trip_of
from aurora.rules import clarification_texts as texts
from aurora.rules import travel_gate, weather

WAYS_ON = ("chip.action.analyze_product", "chip.start.ingredients", "chip.start.reco_products")
FILL_IN = "chip.start.diagnosis"


async def loop_breaker(turn: ChatTurn) -> bool:
    """Stop asking for the same things the third time: careful defaults, and other things to do.

    Only where a question would really be asked now. Questions of the safety rules have an end of their own
    (`safety_check`), and one open detail keeps nothing from being answered.
    """
    plan = turn.plan
    if not turn.flags.loop_breaker_v2 or not plan.broke or turn.safety.asks:
        return False
    asks_core = plan.intent in ("reco_products", "routine")
    if (asks_core and not turn.wants_picks) or (plan.gate_type == "soft" and len(plan.required_fields) == 1):
        return False
    told: dict[str, Any] = {
        "loop_count": plan.count,
        "break_applied": plan.break_applied,
        "required_fields": list(plan.required_fields),
        "intent": plan.intent,
    }
    return await turn.answer(
        Reply(
            say=texts.loop_broken(plan.required_fields, turn.lang),
            chips=[*_defaults(turn), *turn.chips(*WAYS_ON, *((FILL_IN,) if asks_core else ()))],
            events=[("loop_breaker_triggered", told)],
            profile=turn.profile_summary() if turn.patch else None,
        )
    )


def _defaults(turn: ChatTurn) -> list[Chip]:
    """A trip can be answered for without its dates: by the usual climate."""
    if turn.plan.intent not in weather.INTENTS:
        return []
    samples = travel_gate.answers(trip_of(turn), turn.lang, turn.stage.turn.now.date())
    return [chip for chip in samples if chip.chip_id == weather.CLIMATE_CHIP]
