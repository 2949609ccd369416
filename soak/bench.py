"""`python -m soak.bench`: the figures of the service beside their targets, on this machine, in one run.

A bench is no test: it always ends with exit code 0, and a part that could not be measured says why.
"""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from soak import (
    bench_linking,
    bench_memory,
    bench_overshoot,
    bench_photos,
    bench_products,
    bench_throughput,
    bench_trace,
)
from soak.stats import Figure, table


class Report(msgspec.Struct, kw_only=True):
    """The written form of a run."""

    at: str
    machine: str
    quick: bool
    figures: list[Figure]


def apart(module: str, *extent: str) -> list[Figure]:
    """The figures of a bench of ours that wants a process of its own."""
    with tempfile.TemporaryDirectory(prefix="aurora-bench-") as directory:
        out = Path(directory) / "figures.json"
        subprocess.run(  # noqa: S603  # our own module
            [sys.executable, "-m", module, *extent, "--out", str(out)], stdout=sys.stderr, check=True
        )
        return msgspec.json.decode(out.read_bytes(), type=list[Figure])


def journal(quick: bool) -> list[Figure]:
    """Appends a second on the embedded Postgres."""
    extent = ("--seconds", "1", "--rounds", "1") if quick else ("--seconds", "3", "--rounds", "5")
    return apart("soak.journal_figures", *extent)


def replay(quick: bool) -> list[Figure]:
    """Recorded turns verified a second."""
    extent = ("--turns", "2200", "--rounds", "1") if quick else ("--turns", "22000", "--rounds", "3")
    return apart("soak.bench_replay", *extent)


def rebuild(quick: bool) -> list[Figure]:
    """Events of the log folded and compared a second."""
    extent = ("--events", "20000", "--rounds", "1") if quick else ("--events", "150000", "--rounds", "3")
    return apart("soak.bench_rebuild", *extent)


def skin(quick: bool) -> list[Figure]:
    """CPU and memory of measuring photos, in processes that have loaded nothing else."""
    return apart("soak.bench_skin", "--rounds", "3" if quick else "15")


PARTS: dict[str, Callable[[bool], list[Figure]]] = {
    "journal": journal,
    "throughput": lambda quick: bench_throughput.measure(*((1, 1.5) if quick else (5, 4.0))),
    "overshoot": lambda quick: bench_overshoot.measure(2 if quick else 8),
    "photos": lambda quick: bench_photos.measure(*((3, 2) if quick else (15, 8))),
    "products": lambda quick: bench_products.measure(*((1, 1.5, 100) if quick else (5, 4.0, 200))),
    "linking": lambda quick: bench_linking.measure(1 if quick else 3),
    "skin": skin,
    "replay": replay,
    "rebuild": rebuild,
    "recording": lambda quick: bench_trace.measure(*((1, 1.5) if quick else (7, 4.0))),
    "memory": lambda quick: bench_memory.measure(*((2_000, 5.0) if quick else (20_000, 60.0))),
}


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter runs: a look, not a measurement.")
@click.option("--only", type=click.Choice(sorted(PARTS)), multiple=True, help="Measure only this part.")
@click.option("--json", "path", type=click.Path(dir_okay=False), default="bench.json", show_default=True)
def main(quick: bool, only: tuple[str, ...], path: str) -> None:
    """Measure, print a table, write it as JSON."""
    figures: list[Figure] = []
    for name, part in PARTS.items():
        if only and name not in only:
            continue
        click.echo(f"{name} ...", err=True)
        try:
            found = part(quick)
        except Exception as error:  # noqa: BLE001  # one part that fails must not hide the others
            click.echo(f"  {name} could not be measured: {error}", err=True)
            found = [Figure(group=name, name="not measured", value=0, unit="", ok=False, note=_short(error))]
        figures += found
        click.echo(table(found), err=True)
    report = Report(
        at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        quick=quick,
        figures=figures,
    )
    Path(path).write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    click.echo(table(figures))
    judged = [figure.ok for figure in figures if figure.ok is not None]
    click.echo(f"\n{report.machine}; {judged.count(False)} of {len(judged)} targets missed; {path}")


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200].replace("|", "/")


if __name__ == "__main__":
    main()
