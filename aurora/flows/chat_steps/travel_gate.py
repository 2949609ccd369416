"""A trip is to be planned, but where to, or when? (contract B 12.1, with the planner only)"""

from __future__ import annotations

from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply
from aurora.flows.chat_steps.weather import trip_of
from aurora.rules import intents, travel_gate, weather


async def ask_for_trip(turn: ChatTurn) -> bool:
    """Ask for destination and dates. Who would rather go by the usual climate gets an answer without them."""
    flags = turn.flags
    if not (flags.qa_planner_v1 or flags.loop_breaker_v2) or turn.ask.action_id == weather.CLIMATE_CHIP:
        return False
    if not weather.asks(turn.ask) or intents.canonical(turn.ask).name not in weather.INTENTS:
        return False
    trip = trip_of(turn)
    if not trip.missing:
        return False
    fields = [f"travel_plan.{name}" for name in trip.missing[: travel_gate.MOST_FIELDS]]
    return await turn.answer(
        Reply(
            say=travel_gate.question(trip.missing, turn.lang),
            chips=travel_gate.answers(trip, turn.lang, turn.stage.turn.now.date()),
            events=[(travel_gate.EVENT, {"missing_fields": fields})],
        )
    )
