"""Taps that are answered on the spot, with every upstream down (contract B 18, 22 row 18)."""

from __future__ import annotations

from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply
from aurora.rules.notices import pick
from aurora.rules.small_chips import ANSWERS


async def small_chips(turn: ChatTurn) -> bool:
    """Answer a tap that the table knows, unless words came with it that ask for more.

    A fact that came with it has been acknowledged by `profile_saved`.
    """
    ask = turn.ask
    if ask.action_id is None or ask.worded:
        return False
    answer = ANSWERS.get(ask.action_id)
    if answer is None:
        return False
    return await turn.answer(
        Reply(
            say=pick(turn.lang, answer.say),
            chips=turn.chips(*answer.chips),
            reach=answer.next_state,
        )
    )
