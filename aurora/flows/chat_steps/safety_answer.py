"""A safety question is answered: the message that it had interrupted comes back (decisions 1, 20)."""

from __future__ import annotations

import msgspec

from aurora.contract.memory import SafetyAsked
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.profile_saved import acknowledged
from aurora.rules.request import ChatAsk, normalise
from aurora.rules.safety import wording
from aurora.rules.safety.answers import in_words
from aurora.rules.safety.wording import FACT_CHIPS


async def safety_answer(turn: ChatTurn) -> bool:
    """Take up the interrupted message. Answers only a tap that nothing waits for (any more): it is noted.

    A tap states the fact, which `recall` has begun to save. Words count in this turn only. Whoever writes
    about something else is answered for that, and the question goes on waiting.
    """
    tapped = turn.ask.action_id in FACT_CHIPS
    kept = turn.memory.conversation
    waiting = kept.safety if kept is not None else None
    interrupted = kept.interrupted if kept is not None else None
    if waiting is None or interrupted is None:
        return tapped and await turn.answer(acknowledged(turn, saved=await turn.saved()))
    message = interrupted if tapped else _with_words(turn, waiting, interrupted)
    if message is None:
        return False
    if not tapped:
        turn.answered_in_words = waiting.rule
    turn.keep(interrupted=None, safety=None)
    turn.take_up(_resumed(turn.ask, waiting, message))
    turn.envelope.ride(lead=wording.noted(turn.lang))
    if turn.patch:
        turn.envelope.patch(profile=turn.profile_summary())
        turn.count_echo()
    return False


def _with_words(turn: ChatTurn, waiting: SafetyAsked, interrupted: str) -> str | None:
    ask = turn.ask
    if ask.action_id is not None or turn.patch or ask.requested is not None:
        return None
    added = in_words(ask.message, rule=waiting.rule, field=waiting.field)
    return None if added is None else "\n".join(part for part in (interrupted, added) if part)


def _resumed(ask: ChatAsk, waiting: SafetyAsked, message: str) -> ChatAsk:
    """The interrupted request, as the one who answers it is now: same person, same place, same models."""
    body: dict[str, object] = {"message": message} if message else {}
    if waiting.action_id is not None:
        data = {"include_alternatives": True} if waiting.include_alternatives else {}
        kind = "chip" if waiting.trigger == "chip" else "action"
        body["action"] = {"action_id": waiting.action_id, "kind": kind, "data": data}
    again = normalise(body, trigger=waiting.trigger)
    return msgspec.structs.replace(
        again,
        client_state=ask.client_state,
        token=ask.token,
        bag=ask.bag,
        snapshot=ask.snapshot,
        messages=ask.messages,
        llm_provider=ask.llm_provider,
        llm_model=ask.llm_model,
        debug=ask.debug,
    )
