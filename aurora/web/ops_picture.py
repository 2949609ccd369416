"""The picture of a turn: where every mark stands on the time axis, in percent, so that it fits any width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from aurora.replay.gates import Gate
from aurora.replay.view import Bar, TurnView

LABEL_PX: Final = 22
ROW_PX: Final = 34
GATE_PX: Final = 18
_TOP_PX: Final = 26
_CAPTION: Final = 36.0  # percent of the width that a caption may need
_LEAST: Final = 0.4
_STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000, 600_000)
_WORDS: Final = {
    "answered": "answered",
    "failed": "failed",
    "late": "came too late",
    "dropped": "cut while under way",
}
_SHAPES: Final = {"answered": "answered", "failed": "failed", "late": "cut", "dropped": "cut"}


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A bar, a tick or a diamond. x, width: percent of the axis; y: pixels from the lane's first row.

    shape: `answered`, `failed`, `cut`, `passed`, `closed`, `fact`. at_end: whether the caption ends where the
    mark ends (else begins where it begins). dx: pixels aside, for what would lie on top of another.
    """

    shape: str
    x: float
    width: float = 0.0
    y: int = 0
    caption: str = ""
    aside: str = ""
    told: str = ""
    at_end: bool = False
    dx: int = 0

    @property
    def end(self) -> float:
        """Percent at which it ends."""
        return round(self.x + self.width, 3)


class DrawnLane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane: its name, its place and height in pixels, its marks."""

    name: str
    top: int
    height: int
    marks: list[Mark]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A vertical line through all lanes. at_end: its label stands on its left."""

    shape: str
    x: float
    label: str
    at_end: bool
    row: int = 0


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything to draw. height: pixels. ticks: (percent, label). reserve: (from, width) in percent."""

    height: int
    lanes: list[DrawnLane]
    lines: list[Line]
    ticks: list[tuple[float, str]]
    reserve: tuple[float, float] | None


def draw(view: TurnView) -> Picture:
    """The picture of a turn."""
    axis_ms = view.axis_ms * 1.04
    at = _scale(axis_ms)
    top, lanes = _TOP_PX * 2, list[DrawnLane]()
    for name, marks, height in _lanes(view, at):
        lanes.append(DrawnLane(name=name, top=top, height=height, marks=marks))
        top += height
    lines = [_line("sent", at(view.elapsed_ms), f"answer {ms(view.elapsed_ms)}", 1)]
    if view.budget_ms is not None:
        lines.insert(0, _line("budget", at(view.budget_ms), f"budget {ms(view.budget_ms)}", 0))
    reserve = None
    if view.cut is not None:
        lines.append(_line("cut", at(view.cut[0]), "", 0))
        if view.cut[1] == "budget" and view.budget_ms is not None and view.cut[0] < view.budget_ms:
            reserve = (at(view.cut[0]), round(at(view.budget_ms) - at(view.cut[0]), 3))
    return Picture(height=top + 24, lanes=lanes, lines=lines, ticks=_ticks(axis_ms, at), reserve=reserve)


def ms(span: int) -> str:
    """Milliseconds for a reader."""
    return f"{span:,} ms"


def bar_told(bar: Bar) -> str:
    """All that there is to say of a question, in a sentence."""
    told = f"{bar.actor}: {bar.question_type}, asked at {ms(bar.asked_ms)}, {_WORDS[bar.outcome]} at "
    told += f"{ms(bar.ended_ms)}, after {ms(bar.ended_ms - bar.asked_ms)}"
    parts = [bar.code, f"status {bar.status}" if bar.status is not None else None, bar.detail or None]
    parts.append(f"because of {bar.reason}" if bar.reason else None)
    parts += [f"the turn stopped waiting for it at {ms(at)}" for at in bar.gave_up_ms]
    return "; ".join([told, *(part for part in parts if part)]) + "."


def why_ended(bar: Bar) -> str:
    """In one or two words, why a question has no answer; empty if it has one."""
    if bar.outcome == "answered":
        return ""
    if bar.outcome == "failed":
        return f"failed: {bar.code or 'unknown'}"
    word = "late" if bar.outcome == "late" else "cut"
    return f"{word}: {bar.reason}" if bar.reason else word


def _scale(axis_ms: float) -> Any:
    return lambda instant: round(min(max(instant / axis_ms, 0.0), 1.0) * 100, 3)


def _lanes(view: TurnView, at: Any) -> list[tuple[str, list[Mark], int]]:
    gates, rows = _gates(view.gates, at)
    found: list[tuple[str, list[Mark], int]] = [("gates", gates, LABEL_PX + GATE_PX * rows + 8)]
    for lane in view.lanes:
        marks, rows = _bars(lane.bars, at)
        found.append((lane.actor, marks, LABEL_PX + ROW_PX * rows))
    if view.facts:
        ticks = [
            Mark(
                shape="fact", x=at(fact.at_ms), dx=7 * _before(number, view, at), caption=fact.type,
                told=f"Fact {fact.type} handed to the journal at {ms(fact.at_ms)}"
                + (f", version {fact.version}." if fact.version is not None else "; no receipt was seen."),
            )
            for number, fact in enumerate(view.facts)
        ]  # fmt: skip
        found.append(("facts appended", ticks, LABEL_PX + ROW_PX))
    return found


def _before(number: int, view: TurnView, at: Any) -> int:
    """How many facts stand at the same place before this one; to the left of it past the middle."""
    mine = view.facts[number].at_ms
    count = sum(fact.at_ms == mine for fact in view.facts[:number])
    return -count if at(mine) > 50 else count


def _bars(bars: Sequence[Bar], at: Any) -> tuple[list[Mark], int]:
    """Marks of one lane; what overlaps, captions included, goes into rows of its own."""
    ends: list[float] = []
    marks: list[Mark] = []
    for bar in bars:
        x, end = at(bar.asked_ms), at(bar.ended_ms)
        at_end = (x + end) / 2 > 55
        left = min(x, end - _CAPTION) if at_end else x
        right = end if at_end else max(end, x + _CAPTION)
        row = next((n for n, taken in enumerate(ends) if taken <= left), len(ends))
        ends[row : row + 1] = [right + 1]
        marks.append(
            Mark(
                shape=_SHAPES[bar.outcome], x=x, width=max(round(end - x, 3), _LEAST), y=row * ROW_PX,
                caption=" ".join([bar.question_type, *filter(None, [why_ended(bar)])]),
                aside=ms(bar.ended_ms - bar.asked_ms), told=bar_told(bar), at_end=at_end,
            )
        )  # fmt: skip
    return marks, max(1, len(ends))


def _gates(gates: Sequence[Gate], at: Any) -> tuple[list[Mark], int]:
    """Every gate on a row of its own, with its name and why beside it."""
    marks = []
    for number, gate in enumerate(gates):
        x = at(gate.at_ms)
        word = "passed" if gate.passed else "closed"
        caption = gate.name if gate.passed else f"{gate.name} closed"
        marks.append(
            Mark(
                shape=word, x=x, y=number * GATE_PX, caption=caption,
                aside=gate.why if len(gate.why) < 44 else "",
                told=f"Gate {gate.name} {word} at {ms(gate.at_ms)}: {gate.why}.", at_end=x > 50,
            )
        )  # fmt: skip
    return marks, max(1, len(marks))


def _line(shape: str, x: float, label: str, row: int) -> Line:
    return Line(shape=shape, x=x, label=label, at_end=x > 50, row=row)


def _ticks(axis_ms: float, at: Any) -> list[tuple[float, str]]:
    step = next((s for s in _STEPS if axis_ms / s <= 5), _STEPS[-1])
    count = min(math.floor(axis_ms / step), 20)
    return [(at(n * step), ms(n * step)) for n in range(count + 1)]
