"""A turn drawn for the terminal: what was asked of whom and when, and why she got this answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aurora.replay.timetravel import AsOf
from aurora.replay.verify import Summary, TurnReport
from aurora.replay.view import Bar, TurnView

AXIS_CELLS: Final = 44
_STYLES: Final = {
    "ok": "green",
    "degraded": "yellow",
    "blocked": "magenta",
    "failed": "red",
    "abandoned": "dim",
}
# Drawn differently, not only coloured: a terminal may have no colours.
_INKS: Final = {
    "answered": ("━", "green"),
    "failed": ("╳", "red"),
    "late": ("╌", "yellow"),
    "dropped": ("┄", "yellow"),
}
_MOST_TEXT: Final = 160


def turn_panel(view: TurnView) -> RenderableType:
    """One turn, whole."""
    opened = datetime.fromtimestamp(view.opened_at_ms / 1000, UTC)
    title = Text.assemble(
        (view.kind, "bold"), "  ", (view.outcome, _STYLES.get(view.outcome, "")), f"  {view.status}",
        f"  {view.elapsed_ms} ms",
    )  # fmt: skip
    parts: list[RenderableType] = [_facts_of(view), _axis(view)]
    parts += _gates(view)
    parts.append(_after(view))
    return Panel(
        Group(*parts),
        title=title,
        title_align="left",
        subtitle=Text(f"{opened:%Y-%m-%d %H:%M:%S}.{opened.microsecond // 1000:03d} UTC  {view.request_id}"),
        subtitle_align="right",
        border_style=_STYLES.get(view.outcome, ""),
    )


def _facts_of(view: TurnView) -> RenderableType:
    table = _pairs()
    about = [view.lang, view.trigger]
    if view.intent is not None:
        about.append(f"intent {view.intent}")
    table.add_row("who", Text(f"{view.stream}  brief {view.brief_id or '-'}  trace {view.trace_id}"))
    table.add_row("turn", Text("  ".join(part for part in about if part)))
    if view.said:
        table.add_row("said", Text(short(view.said)))
    if view.settings:
        told = "  ".join(f"{name}={value}" for name, value in view.settings.items())
        table.add_row("settings", Text(short(told)))
    if view.too_large:
        table.add_row("too large", Text(f"not recorded: {', '.join(view.too_large)}", style="yellow"))
    return table


def _axis(view: TurnView) -> RenderableType:
    """Questions as bars over the time of the turn, budget and cut as a line through them."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, max_width=26, overflow="ellipsis")
    table.add_column(no_wrap=True, width=AXIS_CELLS)
    table.add_column(overflow="fold")
    table.add_row("", Text(_scale(view.axis_ms), style="dim"), "")
    for lane in view.lanes:
        for bar in lane.bars:
            table.add_row(Text(f"{lane.actor} {bar.question_type}"), _drawn(bar, view), Text(_told(bar)))
    line = _marks(view)
    if line is not None:
        table.add_row(Text("budget", style="bold"), line, Text(_budget_told(view)))
    return table


def _scale(axis_ms: int) -> str:
    end = f"{axis_ms} ms"
    return "0" + end.rjust(AXIS_CELLS - 1)


def cell(at_ms: int, axis_ms: int) -> int:
    """Where an instant stands on the axis, in cells."""
    return min(AXIS_CELLS - 1, max(0, at_ms * AXIS_CELLS // max(1, axis_ms)))


def _drawn(bar: Bar, view: TurnView) -> Text:
    ink, style = _INKS[bar.outcome]
    start, end = cell(bar.asked_ms, view.axis_ms), cell(bar.ended_ms, view.axis_ms)
    cells = [" "] * AXIS_CELLS
    cells[start : end + 1] = ink * (end + 1 - start)
    for gave_up in bar.gave_up_ms:
        cells[cell(gave_up, view.axis_ms)] = "◇"
    if view.cut is not None:
        at = cell(view.cut[0], view.axis_ms)
        cells[at] = "│" if cells[at] == " " else "┿"
    return Text("".join(cells), style=style)


def _marks(view: TurnView) -> Text | None:
    if view.budget_ms is None:
        return None
    cells = ["·"] * AXIS_CELLS
    cells[cell(view.budget_ms, view.axis_ms)] = "▲"
    if view.cut is not None:
        cells[cell(view.cut[0], view.axis_ms)] = "✂"
    return Text("".join(cells), style="red" if view.cut is not None else "dim")


def _budget_told(view: TurnView) -> str:
    stated = " then ".join(f"{budget.name} {budget.ms} ms" for budget in view.budgets)
    if view.cut is None:
        return stated
    return f"{stated}; cut at {view.cut[0]} ms: {view.cut[1]}"


def _told(bar: Bar) -> str:
    """How a question ended, in words."""
    took = f"{bar.ended_ms - bar.asked_ms} ms"
    if bar.outcome == "answered":
        told = f"answered in {took}"
    elif bar.outcome == "failed":
        status = f" {bar.status}" if bar.status is not None else ""
        told = f"failed after {took}: {bar.code}{status} {bar.detail}".rstrip()
    else:
        told = f"{bar.outcome} after {took}"
    told += f" ({bar.reason})" if bar.reason is not None and bar.reason != bar.code else ""
    if bar.gave_up_ms:
        told += f", not waited for past {bar.gave_up_ms[-1]} ms"
    return told


def _gates(view: TurnView) -> Iterator[RenderableType]:
    if not view.gates:
        return
    table = Table.grid(padding=(0, 1))
    for gate in view.gates:
        mark = Text("passed", style="green") if gate.passed else Text("held  ", style="bold yellow")
        table.add_row(mark, Text(gate.name), Text(gate.why))
    yield table


def _after(view: TurnView) -> RenderableType:
    table = _pairs()
    for fact in view.facts:
        version = "no receipt" if fact.version is None else f"version {fact.version}"
        table.add_row("appended", Text(f"{fact.type} at {fact.at_ms} ms, {version}"))
    cards = [str(card.get("type")) for card in view.cards]
    table.add_row("cards", Text(", ".join(cards) or "none"))
    if view.notices:
        table.add_row("notices", Text(", ".join(view.notices)))
    chips = [str(chip.get("chip_id")) for chip in view.chips]
    if chips:
        table.add_row("chips", Text(", ".join(chips)))
    if view.message:
        table.add_row("message", Text(short(view.message)))
    moved = f"{view.state_before or '-'} -> {view.state_after or 'unchanged'}"
    inner = f"  (inside: {view.internal_after})" if view.internal_after else ""
    table.add_row("state", Text(moved + inner))
    return table


def as_of_panel(known: AsOf) -> RenderableType:
    """What was known of an identity at a point."""
    table = _pairs()
    table.add_row("after", Text(f"{known.last_event or 'nothing'} {known.last_at or ''}".strip()))
    for name, value in (known.profile or {}).items():
        table.add_row(name, Text(short(_one_line(value))))
    if known.profile is None:
        table.add_row("profile", Text("none yet"))
    for date, entry in known.skin_logs.items():
        table.add_row(date, Text(short(_one_line(entry))))
    if known.artifact is not None:
        table.add_row("artifact", Text(short(_one_line(known.artifact))))
    for brief, state in known.conversations.items():
        table.add_row(f"brief {brief}", Text(short(_one_line(state))))
    if known.recommendation_runs:
        table.add_row("picks", Text(", ".join(known.recommendation_runs)))
    title = f"{known.stream} at {known.point}: version {known.version}"
    return Panel(table, title=Text(title), title_align="left")


def report_lines(report: TurnReport) -> Iterator[Text]:
    """What a verification found of one turn."""
    style = {"different": "red", "damaged": "red", "unverifiable": "yellow"}.get(report.verdict, "")
    yield Text(f"{report.verdict}  {report.kind} {report.request_id}  {report.why}".rstrip(), style=style)
    for difference in report.differences:
        yield Text(f"    {difference.what} {difference.path}")
        yield Text(f"      was {difference.was or 'not there'}")
        yield Text(f"      is  {difference.now or 'not there'}")
    for note in report.notes:
        yield Text(f"    note: {note}")


def summary_lines(summary: Summary, *, shape_only: bool) -> Iterator[Text]:
    """All of a verification in a few lines."""
    how = "in shape" if shape_only else "byte for byte"
    yield Text(
        f"{summary.turns} turns: {summary.same} the same ({how}), {summary.different} different, "
        f"{summary.unverifiable} not verifiable, {summary.damaged} damaged",
        style="green" if summary.ok else "bold red",
    )
    for path, count in summary.by_path.most_common(10):
        yield Text(f"  {count:6}  {path}")


def short(text: str, most: int = _MOST_TEXT) -> str:
    """One line of at most `most` characters, without control characters that a terminal would obey."""
    plain = "".join(" " if character.isspace() else character for character in text)
    plain = "".join(character for character in plain if character.isprintable())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _one_line(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(
            f"{key}={_one_line(each)}" for key, each in value.items() if each not in (None, [], {})
        )
    if isinstance(value, list):
        return ", ".join(_one_line(each) for each in value)
    return str(value)


def _pairs() -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table
