"""Recorded turns for the tests of replay: run for real under a mock clock, then read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import trio
import trio.testing

from aurora.actors.questions import Question
from aurora.actors.turn import Flow, conduct
from aurora.contract.requests import ChatRequest
from aurora.contract.turn import Turn
from aurora.flows.table import TurnKind
from aurora.replay.model import DamagedTraceError, RecordedTurn, of_record
from aurora.replay.player import Player
from aurora.replay.sources import Facts, Selection, Turns
from aurora.replay.verify import TurnReport, verify
from aurora.settings import Settings
from aurora.store.trace_reading import Head, StoredEvent
from tests.support.fakes import FakeStore, house_for, turn_for


def record(
    flow: Flow,
    turn: Turn | None = None,
    *,
    settings: Settings | None = None,
    store: FakeStore | None = None,
    answers: Mapping[type[Question], Any] | None = None,
    budget: tuple[str, int] = ("chat", 1000),
    hang_up_ms: int | None = None,
) -> RecordedTurn:
    """A turn as its trace tells it, a BugError included. hang_up_ms: the client is gone after so long."""
    house, _, store = house_for(settings, store=store or FakeStore(), answers=answers)

    async def main() -> None:
        with trio.move_on_after(10_000 if hang_up_ms is None else hang_up_ms / 1000):
            with suppress(BugError):
                await conduct(house, turn or turn_for(), flow, budget=budget)
        house.tracer.flush()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return of_record(store.traces[-1])


class BugError(Exception):
    """A bug, made on purpose."""


def chat_turn(message: str, lang: str = "EN", trigger: str = "text", **body: Any) -> Turn:
    """Somebody says something, or body says what else she does."""
    return turn_for("chat", ChatRequest(message=message, **body), lang=lang, trigger_source=trigger)


def row_of(turn: RecordedTurn) -> dict[str, Any]:
    """The columns of its trace, as `recorded` takes them."""
    return {
        name: getattr(turn, name)
        for name in RecordedTurn.__struct_fields__
        if name not in ("raw_events", "events", "version")
    }


def player_of(flow: Flow, body: str | None = None) -> Player:
    """A player for which this is today's chat flow."""
    return Player({"chat": TurnKind(flow, body)})


def verified(turn: RecordedTurn, flow: Flow, *, shape_only: bool = False) -> TurnReport:
    """A recorded turn under another flow."""
    return verify(turn, player_of(flow), shape_only=shape_only)


def told(report: TurnReport) -> list[tuple[str, str]]:
    """What differs, and where."""
    return [(difference.what, difference.path) for difference in report.differences]


def edited(turn: RecordedTurn, **fields: Any) -> RecordedTurn:
    """The same turn with fields of its row replaced."""
    return msgspec.structs.replace(turn, **fields)


class ListSource:
    """`TurnSource` over lists."""

    def __init__(
        self,
        turns: Sequence[RecordedTurn | DamagedTraceError] = (),
        *,
        heads: Mapping[str, Head] | None = None,
        facts: Mapping[str, list[StoredEvent]] | None = None,
    ) -> None:
        self._turns = list(turns)
        self._heads = dict(heads or {})
        self._facts = dict(facts or {})

    async def turns(self, selection: Selection) -> Turns:
        found = [t for t in self._turns if isinstance(t, DamagedTraceError) or selection.admits(t)]
        for turn in found[: selection.limit]:
            await trio.lowlevel.checkpoint()
            yield turn

    async def count(self, selection: Selection) -> int | None:
        return len([turn async for turn in self.turns(selection)])

    async def head(self, stream: str) -> Head | None:
        return self._heads.get(stream)

    async def facts(self, stream: str) -> Facts:
        for stored in self._facts.get(stream, ()):
            await trio.lowlevel.checkpoint()
            yield stored
