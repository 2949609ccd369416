"""Ingredients in general: one question, and six ways to answer it (contract B 7 step 13)."""

from __future__ import annotations

from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply
from aurora.rules import ingredient_kickoff as rules


async def ingredient_kickoff(turn: ChatTurn) -> bool:
    """Ask which ingredient or which goal. A tap on an answer names one, so it goes upstream."""
    if not rules.starts(turn.ask):
        return False
    entered = {"next_state": turn.internal or "idle", "reason": "ingredient_science_clarify"}
    return await turn.answer(
        Reply(
            say=rules.question(turn.lang),
            chips=turn.chips(*rules.CHIPS),
            events=[("state_entered", entered)],
            profile=turn.profile_summary() if turn.patch else None,
        )
    )
