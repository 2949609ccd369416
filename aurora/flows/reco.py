"""`POST /v1/reco/generate`: a routine of products for what is known of the person (contract D 3.5).

The same turn as a chat that asks for a routine: the same boundary on its words, the same gates, sources,
budget and laws. Only what is asked is read from a form instead of from a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from aurora.actors.stage import Stage
from aurora.flows.chat_steps import late
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.recall import recall
from aurora.flows.chat_steps.reco_sources import ROUTINE_SOURCES
from aurora.flows.chat_steps.recommendations import behind_the_gates
from aurora.flows.chat_steps.red_flags import red_flags
from aurora.flows.chat_steps.safety import safety_check
from aurora.rules.detectors import budget_tier
from aurora.rules.request import READ_CAP, ChatAsk
from aurora.rules.text import fold

ACTION = "chip.action.reco_routine"
TRIGGER = "action"
_MOST_STRINGS = 40
_MAX_DEPTH = 4


async def generate(stage: Stage) -> None:
    """Answer with am and pm picks, or with what stands in their way."""
    said: dict[str, Any] = msgspec.to_builtins(stage.turn.body)
    turn = ChatTurn(stage, ask_from(said))
    turn.budget("reco", turn.settings.reco_budget_ms)
    turn.if_cut(late.picks_late(turn, late.BUDGET_CODE))
    if not await _answered(turn, said.get("constraints", {})):
        await behind_the_gates(turn, ROUTINE_SOURCES)
    await turn.close()


async def _answered(turn: ChatTurn, constraints: Mapping[str, Any]) -> bool:
    """Whether the words or the person already settle it; on the way, memory is read."""
    if await red_flags(turn) or await recall(turn):
        return True
    tier = budget_tier(fold(_text(constraints.get("budget"))))
    if tier is not None and turn.profile is not None:
        # For this answer only: a form is no statement about the person.
        turn.profile = msgspec.structs.replace(turn.profile, budgetTier=tier)
    return await safety_check(turn)


def ask_from(said: Mapping[str, Any]) -> ChatAsk:
    """The form as a chat would ask it. Every text in it counts as said, for the safety boundary."""
    constraints = said.get("constraints", {})
    focus, goal = _text(said.get("focus")), _text(constraints.get("goal"))
    preference = _text(constraints.get("preference"))
    message = " ".join(part for part in (focus, goal if goal != focus else "", preference) if part)
    spoken = dict.fromkeys([message, *_strings(constraints)])
    return ChatAsk(
        message=message,
        worded=bool(message),
        text=fold(message[:READ_CAP]),
        spoken="\n".join(text for text in spoken if text),
        trigger=TRIGGER,
        action_id=ACTION,
        include_alternatives=said.get("include_alternatives") is True,
    )


def _strings(value: Any) -> list[str]:
    found: list[str] = []
    for text in _walk(value, 0):
        found.append(text)
        if len(found) == _MOST_STRINGS:
            break
    return found


def _walk(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _MAX_DEPTH and isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _walk(inner, depth + 1)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
