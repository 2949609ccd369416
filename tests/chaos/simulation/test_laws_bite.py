"""A bug that is planted in the service is found, and its seed named: each law can fail."""

from __future__ import annotations

from itertools import count
from uuid import UUID

import pytest
import trio

from aurora.actors.turn import LiveStage
from aurora.contract.turn import Turn
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.rules import redflags
from aurora.store import ephemeral
from soak.simulate import main, simulate
from soak.simulation_cuts import Cuts
from soak.simulation_store import SimulatedStore

pytestmark = pytest.mark.not_replayable

ENOUGH = 60


def found(seeds: int = ENOUGH) -> set[str]:
    """Names of the laws that break in the first worlds."""
    report = simulate(iter(range(seeds)), Cuts())
    return {broken.partition(":")[0] for _, broken in report.broken}


def test_a_gate_that_stands_open(monkeypatch):
    monkeypatch.setattr(ChatTurn, "gates_passed", property(lambda turn: True))
    monkeypatch.setattr(ChatTurn, "missing_core", property(lambda turn: []))
    assert "no commerce without gates" in found()


def test_a_red_flag_that_nobody_sees(monkeypatch):
    monkeypatch.setattr(redflags, "check", lambda spoken: type("Open", (), {"blocked": False})())
    assert "a red flag is answered with safety alone" in found()


def test_an_answer_that_does_not_leave_when_the_budget_fires(monkeypatch):
    play = LiveStage.play

    async def dawdling(stage, flow):
        try:
            await play(stage, flow)
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(30)

    monkeypatch.setattr(LiveStage, "play", dawdling)
    assert "every answer is in time" in found(3)


def test_a_turn_that_draws_something(monkeypatch):
    numbers = count(1)
    monkeypatch.setattr(Turn, "uuid", lambda turn, name: str(UUID(int=next(numbers))))
    assert "every turn replays" in found(5)


@pytest.mark.unlawful_on_purpose
def test_an_envelope_without_a_state(monkeypatch):
    monkeypatch.setattr("soak.validator.UI_STATES", frozenset())
    assert "every envelope is lawful" in found(5)


def test_a_store_that_forgets_what_it_acknowledged(monkeypatch):
    projected = SimulatedStore.projected
    monkeypatch.setattr(
        SimulatedStore, "projected", lambda store, stream: dict(list(projected(store, stream).items())[1:])
    )
    assert "the log folded is what is projected" in found(5)


def test_a_turn_that_stays(monkeypatch):
    monkeypatch.setattr("aurora.actors.clerk.Due.leave", lambda due: None)
    assert "nothing is left" in found(3)


def test_an_append_that_ignores_an_erasure(monkeypatch):
    monkeypatch.setattr(ephemeral, "erased_since", lambda *_: False)
    assert "no fact is older than an erasure" in found(200)


def test_a_broken_law_ends_the_run_with_one_and_names_the_seed(monkeypatch, capsys):
    monkeypatch.setattr("aurora.actors.clerk.Due.leave", lambda due: None)
    with pytest.raises(SystemExit) as ended:
        main(["--seeds", "1"], standalone_mode=False)
    assert ended.value.code == 1
    assert "python -m soak.simulate --seed 0" in capsys.readouterr().out
