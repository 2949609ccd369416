"""What recording a turn costs: the Phase 0 chat turn with traces, and with facts only, in alternating runs.

Two services of the same build side by side, AURORA_TRACE_LEVEL apart; one of them works at a time. Both still
append the turn's facts.
"""

from __future__ import annotations

import click

from soak import servers
from soak.bench_throughput import Run, cases, run_once
from soak.stats import Figure, median

LEAST = 0.9
CONNECTIONS = 64


def measure(runs: int, seconds: float) -> list[Figure]:
    """Throughput with traces as a share of that without. Raises WrongAnswerError."""
    case = cases()[0]
    traced: list[Run] = []
    plain: list[Run] = []
    with (
        servers.black_hole() as hole,
        servers.service(hole.url) as full,
        servers.service(hole.url, AURORA_TRACE_LEVEL="facts") as facts,
    ):
        ours, _ = servers.cores()
        full.pin(ours)
        facts.pin(ours)
        for number in range(runs):
            click.echo(f"  recording: run {number + 1}/{runs}", err=True)
            for server, found in ((facts, plain), (full, traced)):
                found.append(run_once(server, case.requests, CONNECTIONS, seconds, case.status, case.holds))
    return judged(traced, plain)


def judged(traced: list[Run], plain: list[Run]) -> list[Figure]:
    """The figures of alternating runs, medians of their ratios."""
    ratios = [one.per_second / other.per_second for one, other in zip(traced, plain, strict=True)]
    ratio = median(ratios)
    with_us, without_us = (median(run.python_us for run in each) for each in (traced, plain))
    return [
        Figure(
            group="recording",
            name="chat, phase 0: with traces / facts only",
            value=ratio,
            unit="x",
            target=f">= {LEAST}",
            ok=ratio >= LEAST,
            note=f"{median(run.per_second for run in traced):.0f}/s against "
            f"{median(run.per_second for run in plain):.0f}/s; " + " ".join(f"{one:.2f}" for one in ratios),
        ),
        Figure(
            group="recording",
            name="CPU of it",
            value=with_us - without_us,
            unit="us/turn",
            note=f"{with_us:.0f} against {without_us:.0f} us of ours; Postgres "
            f"{median(run.postgres_us for run in traced):.0f} against "
            f"{median(run.postgres_us for run in plain):.0f}",
        ),
    ]
