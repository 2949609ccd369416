"""What a flow may do: ask, and know its budget. The live stage is in `actors.turn`; replay has its own."""

from __future__ import annotations

from typing import Protocol

from aurora.actors.assembler import EnvelopeAssembler
from aurora.actors.findings import Finding
from aurora.actors.questions import Question
from aurora.contract.turn import Turn
from aurora.settings import Settings
from aurora.store.facts import Fact


class Pending(Protocol):
    """An ask under way. `wait()` returns its finding (once, or again the same one)."""

    async def wait(self, *, at_most_ms: int | None = None) -> Finding:
        """The finding; after `at_most_ms` a Failure(code='timeout') while the work itself goes on."""
        ...


class Stage(Protocol):
    """The only way from a flow to anything that takes time."""

    turn: Turn
    settings: Settings
    envelope: EnvelopeAssembler

    def budget(self, name: str, budget_ms: int) -> None:
        """State the turn's budget: one absolute deadline, `budget_ms` after the request's kernel arrival."""
        ...

    async def ask(self, question: Question) -> Finding:
        """Ask one actor and wait. Never raises for what an upstream did."""
        ...

    def start(self, question: Question) -> Pending:
        """Ask without waiting; at most 16 may be open. What is open when the flow returns is cancelled."""
        ...

    def remember(self, *facts: Fact, epoch: int | None = None) -> Pending:
        """Hand facts to the journal at once (ids and meta come from the turn); wait on it when needed.

        epoch: of the Memory the turn read; without it, that of the last ReadMemory answer, if any.
        """
        ...

    def remaining_ms(self) -> int:
        """What is left of the budget, as the trace records it."""
        ...
