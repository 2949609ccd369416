"""The few numbers that a benchmark prints."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

import msgspec


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile: the smallest value that at least `share` (0..1) of all values do not exceed.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class Spread(msgspec.Struct, frozen=True):
    """p50, p99, lowest and highest of a set, in its own unit."""

    p50: float
    p99: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Summary of `values`. Raises ValueError without values."""
    return Spread(percentile(values, 0.5), percentile(values, 0.99), min(values), max(values))


def median(values: Iterable[float]) -> float:
    """The middle value, or the mean of the two middle ones."""
    return statistics.median(values)


class Figure(msgspec.Struct, kw_only=True):
    """One line of the bench. target: as printed; ok: None when there is nothing to reach."""

    group: str
    name: str
    value: float
    unit: str
    target: str = ""
    ok: bool | None = None
    note: str = ""


def table(figures: Sequence[Figure]) -> str:
    """Figures as a markdown table."""
    lines = ["| figure | value | target | | note |", "|---|---:|---|---|---|"]
    for figure in figures:
        value = f"{figure.value:,.2f}" if abs(figure.value) < 10 else f"{figure.value:,.0f}"
        verdict = "" if figure.ok is None else "pass" if figure.ok else "MISS"
        cells = (
            f"{figure.group}: {figure.name}",
            f"{value} {figure.unit}",
            figure.target,
            verdict,
            figure.note,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
