"""A bug that is planted in the service is found, and its seed named: each law can fail."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from uuid import UUID

import pytest
import trio

from aurora.actors.knowledge_shelf import KnowledgeShelf
from aurora.actors.turn import LiveStage
from aurora.contract.envelope import Chip
from aurora.contract.turn import Turn
from aurora.flows import product
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.rules import chips, offers, redflags
from aurora.store import ephemeral
from soak.simulate import main, simulate
from soak.simulation_cuts import Cuts, sites_of_a_turn
from soak.simulation_hunt import hunted
from soak.simulation_store import SimulatedStore

pytestmark = pytest.mark.not_replayable

ENOUGH = 200


def breaks(law: str, *, worlds: Iterable[int] = range(ENOUGH)) -> bool:
    """Whether the law breaks in one of these worlds; none is lived after that."""
    for seed in worlds:
        report = simulate(iter((seed,)), Cuts())
        if any(broken.startswith(f"{law}:") for _, broken in report.broken):
            return True
    return False


def hunting(file: str) -> list[int]:
    """Seeds of worlds that hunt in this file: people in them do what leads there."""
    awaits = hunted(sites_of_a_turn())
    numbers = [number for number in range(ENOUGH) if awaits[number % len(awaits)].file == file]
    return [3 * number + 2 for number in numbers]


def test_a_gate_that_stands_open(monkeypatch):
    monkeypatch.setattr(ChatTurn, "gates_passed", property(lambda turn: True))
    monkeypatch.setattr(ChatTurn, "missing_core", property(lambda turn: []))
    assert breaks("no commerce without gates")


def test_a_red_flag_that_nobody_sees(monkeypatch):
    monkeypatch.setattr(redflags, "check", lambda spoken: type("Open", (), {"blocked": False})())
    assert breaks("a red flag is answered with safety alone")


@pytest.mark.unlawful_on_purpose
def test_a_rule_of_the_table_that_nobody_reads(monkeypatch):
    monkeypatch.setattr("aurora.rules.safety.forbidden_for", lambda *_: ())
    assert breaks("nothing forbidden leaves")


def test_a_chip_that_leads_nowhere(monkeypatch):
    monkeypatch.setattr(chips, "chip", lambda name, lang, **data: Chip(chip_id="chip.nowhere", label="Go"))
    assert breaks("a chip that is offered is answered")


def test_an_address_that_is_told(monkeypatch):
    monkeypatch.setattr("aurora.actors.trace.redact", lambda raw: raw)
    assert breaks("no secret is traced", worlds=hunting("flows/photos.py"))


def test_an_answer_that_does_not_leave_when_the_budget_fires(monkeypatch):
    play = LiveStage.play

    async def dawdling(stage, flow):
        try:
            await play(stage, flow)
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(30)

    monkeypatch.setattr(LiveStage, "play", dawdling)
    assert breaks("every answer is in time")


def test_a_turn_that_draws_something(monkeypatch):
    numbers = count(1)
    monkeypatch.setattr(Turn, "uuid", lambda turn, name: str(UUID(int=next(numbers))))
    assert breaks("every turn replays")


@pytest.mark.unlawful_on_purpose
def test_an_envelope_without_a_state(monkeypatch):
    monkeypatch.setattr("soak.validator.UI_STATES", frozenset())
    assert breaks("every envelope is lawful")


def test_a_store_that_forgets_what_it_acknowledged(monkeypatch):
    projected = SimulatedStore.projected
    monkeypatch.setattr(
        SimulatedStore, "projected", lambda store, stream: dict(list(projected(store, stream).items())[1:])
    )
    assert breaks("the log folded is what is projected")


def test_a_turn_that_stays(monkeypatch):
    monkeypatch.setattr("aurora.actors.clerk.Due.leave", lambda due: None)
    assert breaks("nothing is left")


def test_an_append_that_ignores_an_erasure(monkeypatch):
    monkeypatch.setattr(ephemeral, "erased_since", lambda *_: False)
    assert breaks("no fact is older than an erasure")


def test_knowledge_that_says_who_asked(monkeypatch):
    kept = product.facts_of
    monkeypatch.setattr(product, "facts_of", lambda row: {**kept(row), "for": "uid-0"})
    monkeypatch.setattr("aurora.actors.knowledge.personal_in", lambda *_: "")
    assert breaks("knowledge holds nothing of a person", worlds=hunting("flows/product.py"))


def test_knowledge_that_is_kept_nowhere(monkeypatch):
    async def keep(shelf, kind, row):
        return ""

    monkeypatch.setattr(KnowledgeShelf, "keep", keep)
    assert breaks("what is said to be kept is kept", worlds=hunting("flows/product.py"))


def test_a_refresh_that_names_no_product(monkeypatch):
    monkeypatch.setattr(product._Analysing, "_ask_again", lambda asked: {})
    assert breaks("every refresh can be played", worlds=hunting("flows/product.py"))


def test_an_item_that_comes_back_as_another(monkeypatch):
    item_of = offers.item_of
    monkeypatch.setattr(
        offers, "item_of", lambda product, *more: item_of({**product, "name": "Another"}, *more)
    )
    assert breaks("every item comes back", worlds=hunting("flows/offers.py"))


def test_a_broken_law_ends_the_run_with_one_and_names_the_seed(monkeypatch, capsys):
    monkeypatch.setattr("aurora.actors.clerk.Due.leave", lambda due: None)
    with pytest.raises(SystemExit) as ended:
        main(["--seeds", "1"], standalone_mode=False)
    assert ended.value.code == 1
    assert "python -m soak.simulate --seed 0" in capsys.readouterr().out
