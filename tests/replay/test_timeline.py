"""The timeline on the terminal: one glance says what happened, and no text of a stranger commands it."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from rich.console import Console

from aurora.flows.table import TURN_KINDS
from aurora.replay.bundle import open_bundle
from aurora.replay.sources import Selection, first
from aurora.replay.timeline import AXIS_CELLS, cell, short, turn_panel
from aurora.replay.view import TurnView, view_of
from tests.replay.recording import record
from tests.replay.sample import SAMPLE
from tests.support.fakes import turn_for


def drawn(view: TurnView) -> str:
    out = io.StringIO()
    Console(file=out, width=140, color_system=None, markup=False, highlight=False).print(turn_panel(view))
    return out.getvalue()


async def sampled(number: int) -> TurnView:
    return view_of(await first(open_bundle(SAMPLE), Selection(request_id=f"sample-{number:02d}")))


async def test_a_budget_cut_is_drawn_through_the_question_it_cut() -> None:
    told = drawn(await sampled(8))
    assert "chat  degraded  200  9000 ms" in told
    assert "chat 12000 ms then reco 9000 ms; cut at 9000 ms: budget" in told
    line = next(line for line in told.splitlines() if "decision DecisionChat" in line)
    assert "┄" * 40 in line
    assert "┿" in line
    assert "dropped after 8998 ms (budget)" in line
    assert "held   budget" in told
    assert "passed diagnosis_gate" in told


async def test_a_failure_is_told_with_its_code_and_status() -> None:
    told = drawn(await sampled(17))
    assert "failed after 850 ms: http_5xx 503" in told
    assert "╳" in told


async def test_facts_cards_chips_and_state_are_told() -> None:
    told = drawn(await sampled(6))
    assert "AnalysisCompleted at" in told
    assert "version" in told
    assert "cards" in told
    blocked = drawn(await sampled(14))
    assert "held   safety" in blocked
    assert "safety_block" in blocked
    assert "化脓了还发烧" in blocked


async def test_a_client_that_left_has_no_cards_and_says_why() -> None:
    told = drawn(await sampled(25))
    assert "the client hung up" in told
    assert "cards none" in told


def test_what_a_stranger_wrote_stays_text() -> None:
    said = "[bold red]hi[/] \x1b[2Jgone\r\nnext\u202e"
    view = view_of(record(TURN_KINDS["bootstrap"].flow, turn_for("bootstrap"), budget=("bootstrap", 1500)))
    told = drawn(msgspec.structs.replace(view, said=said))
    assert "[bold red]hi[/] [2Jgone  next" in told
    assert "\x1b" not in told
    assert "\u202e" not in told


@pytest.mark.parametrize(
    ("at_ms", "axis_ms", "expected"),
    [
        (0, 1000, 0),
        (1000, 1000, AXIS_CELLS - 1),
        (500, 1000, AXIS_CELLS // 2),
        (5000, 1000, AXIS_CELLS - 1),
        (3, 0, 43),
    ],
)
def test_instants_stay_on_the_axis(at_ms: int, axis_ms: int, expected: int) -> None:
    assert cell(at_ms, axis_ms) == expected


@pytest.mark.parametrize(
    ("text", "most", "expected"), [("a\tb", 10, "a b"), ("x" * 20, 5, "xxxx…"), ("", 5, "")]
)
def test_long_text_is_cut_to_one_line(text: Any, most: int, expected: str) -> None:
    assert short(text, most) == expected
