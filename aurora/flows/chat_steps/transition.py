"""Where the state machine goes with this request (contract B 4.3)."""

from __future__ import annotations

from aurora.contract.errors import ContractError
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.rules import transitions


async def transition(turn: ChatTurn) -> bool:
    """Make the move. Never answers.

    Raises ContractError 400 STATE_TRANSITION_REJECTED for a move the client may not ask for; facts of the
    same request are saved all the same.
    """
    turn.moved = transitions.resolve(turn.ask)
    if turn.moved.rejected is not None:
        await turn.saved()
        raise ContractError(400, "STATE_TRANSITION_REJECTED", details=turn.moved.rejected)
    return False
