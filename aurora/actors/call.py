"""How an actor is addressed: a call carries a question, and its handler answers with a finding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from aurora.actors.findings import Finding
from aurora.actors.questions import Question
from aurora.contract.turn import Turn


class Call(msgspec.Struct, frozen=True):
    """One question on its way to an actor.

    deadline: trio instant, min(the turn's deadline, the question's own cap), as it stood when asked.
    `elapsed_ms` of the finding is filled in where it is received.
    """

    question: Question
    turn: Turn
    deadline: float


Handler: TypeAlias = Callable[[Call], Awaitable[Finding]]
"""Answers one call. Must stop soon when cancelled; raises only for a bug."""
