"""What is known of the person, and what this request adds to it (contract B 7 P3-P5)."""

from __future__ import annotations

from aurora import telemetry
from aurora.actors.questions import ReadMemory
from aurora.contract.memory import Memory
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.rules import budget_question, profile_facts, trip, weather

READ_CAP_MS = 1500
# Left for answering from the request alone. More would turn a slow read under load into a wrong gate: past
# the budget the planned answer is the truer one.
RESERVE_MS = 150


async def recall(turn: ChatTurn) -> bool:
    """Read memory, overlay what the client and this request say, and start saving the latter. Never answers.

    A store that is away is no reason to fail: the turn goes on with what the request itself carries.
    """
    cap_ms = min(READ_CAP_MS, max(1, turn.stage.remaining_ms() - RESERVE_MS))
    finding = await turn.stage.ask(ReadMemory(cap_ms=cap_ms))
    turn.memory = finding.value if finding.ok else Memory(ready=False, error_code=finding.code)
    turn.patch = profile_facts.settled(
        turn.patch, turn.memory.profile, turn.ask.action_id, read=turn.memory.ready
    )
    turn.patch = {**budget_question.answered(turn.ask, turn.internal), **turn.patch}
    turn.save_patch()
    seen = profile_facts.overlay(turn.memory.profile, turn.ask.snapshot)
    turn.profile = profile_facts.patched(seen, turn.patch)
    if turn.settings.profile_v2_enabled and weather.asks(turn.ask):
        turn.profile = trip.overlay(turn.profile, turn.ask.message, turn.stage.turn.now.date())
    turn.greet()
    if not turn.memory.ready:
        telemetry.profile_context_missing.labels("backend").inc()
    if turn.ask.snapshot is None:
        telemetry.profile_context_missing.labels("frontend").inc()
    return False
