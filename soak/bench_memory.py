"""Resident memory of a worker: a minute after 20,000 mixed requests, and with 500 stalled turns in flight."""

from __future__ import annotations

import time

import click

from soak import people, servers
from soak.load import Plan, finish_apart, run_apart, start_apart
from soak.servers import Running
from soak.stats import Figure

STALLED = 500


class WrongAnswerError(RuntimeError):
    """The mix met errors, so that its memory says nothing."""


def measure(requests: int, rest_s: float) -> list[Figure]:
    """Both figures. requests: size of the mix. rest_s: how long the worker rests before it is measured.

    Raises WrongAnswerError.
    """
    with (
        servers.sandbox() as upstream,
        servers.service(upstream.url, upstream.url, AURORA_BFF_CHAT_BUDGET_MS="14000") as service,
    ):
        young = service.worker_rss_mb()
        mix = _mix([f"mem-{number}" for number in range(500)])
        outcome = run_apart(
            Plan(
                mode="closed",
                host="127.0.0.1",
                port=service.port,
                requests=mix,
                connections=16,
                count=requests,
            )
        )
        if outcome.errors or set(outcome.statuses) - {200, 204}:
            raise WrongAnswerError(f"{outcome.statuses} {outcome.errors}")
        busy = service.worker_rss_mb()
        click.echo(f"  memory: {outcome.total} requests done, resting {rest_s:.0f} s", err=True)
        time.sleep(rest_s)
        rested = service.worker_rss_mb()
        added, stalled = _stall(service, rested)
    return [
        Figure(
            group="memory",
            name=f"worker at rest after {requests:,} requests",
            value=rested,
            unit="MB",
            target="<= 120",
            ok=rested <= 120,
            note=f"{young:.0f} at start, {busy:.0f} right after the mix",
        ),
        Figure(
            group="memory",
            name=f"added by {STALLED} stalled turns in flight",
            value=added,
            unit="MB",
            target="<= 60",
            ok=added <= 60,
            note=stalled,
        ),
    ]


def _mix(uids: list[str]) -> list[str]:
    """The mixed requests: per person a short story of a session, interleaved over the people."""
    stories = [
        [
            people.bootstrap(uid),
            people.phase0(uid),
            people.profile(uid),
            people.log(uid, number),
            people.recent(uid),
            people.question(uid),
            people.analysis(uid),
            people.reco(uid),
            people.bootstrap(uid),
            people.log(uid, number + 1),
        ]
        for number, uid in enumerate(uids)
    ]
    return [story[step] for step in range(len(stories[0])) for story in stories]


def _stall(service: Running, rested: float) -> tuple[float, str]:
    """Peak memory above `rested` while the turns hang, and what was seen."""
    plan = Plan(
        mode="open",
        host="127.0.0.1",
        port=service.port,
        requests=[
            people.question(f"mem-{n}", "[[sandbox:stall]] What does a ceramide do?") for n in range(STALLED)
        ],
        arrivals=[4.0 * number / STALLED for number in range(STALLED)],
        timeout_s=40,
    )
    generator = start_apart(plan)
    peak = rested
    while generator.poll() is None:
        peak = max(peak, service.worker_rss_mb())
        time.sleep(0.1)
    outcome = finish_apart(generator)
    return peak - rested, f"answers {outcome.statuses}, errors {outcome.errors}"
