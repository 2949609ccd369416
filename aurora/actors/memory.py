"""The memory actor: what is known of the identity, read and written through the store."""

from __future__ import annotations

import math
from typing import Any

import trio

from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.questions import Erase, ReadLogs, ReadMemory, Remember
from aurora.contract.memory import Memory
from aurora.contract.turn import Identity
from aurora.store.port import Store, StoreError

NAME = "memory"


def memory_handler(store: Store) -> Handler:
    """Handler of ReadMemory, ReadLogs, Remember and Erase over `store`.

    Facts are handed to the store before the first wait, so that a turn which is cut has either not remembered
    or will have. A read that fails is an answer too: `Memory(ready=False)` with the store's code. A
    question's own cap ends the waiting with `unavailable:TIMEOUT`.
    """

    async def handle(call: Call) -> Finding:
        limit = call.deadline if call.question.cap_ms > 0 else math.inf
        try:
            with trio.move_on_at(limit):
                return Answer(actor=NAME, value=await _answer(store, call))
        except StoreError as error:
            return _failed(call, f"{error.kind}:{error.code or ''}")
        return _failed(call, "unavailable:TIMEOUT")

    return handle


async def _answer(store: Store, call: Call) -> Any:
    question, turn = call.question, call.turn
    match question:
        case ReadMemory():
            # A chat without a brief has a conversation too; the facts that move it name it "".
            return await store.read(turn.identity, turn.context.brief_id or "")
        case ReadLogs():
            return await store.recent_logs(turn.identity, question.limit)
        case Remember():
            return await store.append(turn.identity, question.facts, epoch=question.epoch)
        case Erase():
            if turn.identity.user_id is not None:
                # What the same person left on this device before she signed in (contract A 7.3).
                await store.erase(Identity(uid=turn.identity.uid))
            await store.erase(turn.identity)
            return store.storage
        case _:
            raise TypeError(f"memory cannot answer {type(question).__name__}")


def _failed(call: Call, code: str) -> Finding:
    if isinstance(call.question, ReadMemory):
        return Answer(actor=NAME, value=Memory(ready=False, error_code=code))
    return Failure(actor=NAME, code="store", detail=code)
