"""A chat turn (contract B 7). Read `STEPS` from top to bottom: the first step that answers ends the turn.

A new behaviour is a new module in `chat_steps` and one line here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aurora.actors.stage import Stage
from aurora.flows.chat_steps import late
from aurora.flows.chat_steps.availability import to_be_had
from aurora.flows.chat_steps.budget_question import budget, leave_budget, stale_budget_chip
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.conflicts import conflicts
from aurora.flows.chat_steps.diagnosis import diagnosis
from aurora.flows.chat_steps.fit_check import fit_check
from aurora.flows.chat_steps.ingredient_kickoff import ingredient_kickoff
from aurora.flows.chat_steps.open_chat import open_chat
from aurora.flows.chat_steps.pending_flow import next_clarification, resume_clarification
from aurora.flows.chat_steps.planning import loop_breaker
from aurora.flows.chat_steps.profile_saved import profile_saved
from aurora.flows.chat_steps.recall import recall
from aurora.flows.chat_steps.recommendations import recommendations
from aurora.flows.chat_steps.red_flags import red_flags
from aurora.flows.chat_steps.routine import routine
from aurora.flows.chat_steps.safety import safety_check
from aurora.flows.chat_steps.safety_answer import safety_answer
from aurora.flows.chat_steps.small_chips import small_chips
from aurora.flows.chat_steps.transition import transition
from aurora.flows.chat_steps.travel_gate import ask_for_trip
from aurora.flows.chat_steps.weather import weather_answer

Step = Callable[[ChatTurn], Awaitable[bool]]

STEPS: tuple[Step, ...] = (
    red_flags,  # words that need a doctor, before everything else
    recall,  # what is known, and what this request adds to it
    transition,  # where the state machine goes; 400 for a move that is not allowed
    safety_answer,  # what a safety question interrupted comes back
    resume_clarification,  # an answer to a question of a flow; with the last one, the request that waited
    safety_check,  # what the message and the person rule out; a question, a warning
    next_clarification,  # the next question of a flow, or the request that waited, upstream
    leave_budget,  # a question about money that the person has left behind
    fit_check,  # is one product to be judged, and which
    loop_breaker,  # the same question for the third time: careful defaults instead
    to_be_had,  # is a product to be had: the shop's catalogue answers
    ask_for_trip,  # where to and when, before a trip is planned
    weather_answer,  # what the weather or a trip asks of skin
    conflicts,  # may these two go together
    diagnosis,  # a diagnosis under way
    ingredient_kickoff,  # ingredients in general: which one, or what for
    budget,  # how much may a routine cost: the question and its answer
    routine,  # a whole AM/PM routine, behind the same gates
    stale_budget_chip,  # an answer to a question about money that is not open any more
    recommendations,  # picks, behind profile gate and artifact gate
    profile_saved,  # a turn that only states a fact
    small_chips,  # taps that need no upstream: a check-in, photos, irritation
    open_chat,  # everything else
)


async def chat(stage: Stage) -> None:
    """Answer one chat turn.

    Raises ContractError 400 for a transition that the client may not ask for.
    """
    turn = ChatTurn.of(stage)
    state_budget(turn)
    turn.if_cut(late.chat_late(turn))
    for step in STEPS:
        if await step(turn):
            break
    await turn.close()


def state_budget(turn: ChatTurn) -> None:
    """One budget per turn: that of recommendations if they are asked for, else that of chat (decision 3)."""
    settings = turn.settings
    if turn.wants_picks:
        turn.budget("reco", settings.reco_budget_ms)
    else:
        turn.budget("chat", settings.chat_budget_ms)
