"""Answers a second, as a share of what a bare JSON route of the same framework gives (decision 35).

64 connections, one worker, the generator on the other core, alternating runs, medians; 8 connections beside,
without a target. CPU microseconds per request come from the processes' own times: steadier than the ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click
import msgspec

from soak import people, servers
from soak.load import Outcome, Plan, run_apart
from soak.servers import Running
from soak.stats import Figure, median, percentile
from soak.wire import request_bytes

PEOPLE = 400


class Run(msgspec.Struct, frozen=True):
    """One run: answers/s, CPU of our Python and of Postgres in microseconds per answer, p99 in ms."""

    per_second: float
    python_us: float
    postgres_us: float
    p99_ms: float


class Case(msgspec.Struct, frozen=True):
    """What is measured, beside which bare route.

    holds: stands in every answer. before: sent once, so that the people are known. target: least ratio at 64
    connections. house: which service it needs: `quiet` (its upstream never answers), `picks` (it answers at
    once), `shelf` (picks from the catalogue, no upstream).
    """

    name: str
    requests: list[str]
    bare: list[str]
    status: int = 200
    holds: str = ""
    before: list[str] = []
    target: float = 0.5
    house: str = "quiet"


class WrongAnswerError(RuntimeError):
    """The service answered something else than the case expects."""


def cases() -> list[Case]:
    """Chat turns without an upstream, tracker/log, bootstrap; whole turns that recommend."""
    posted = [request_bytes("POST", "/bare", body={"message": "Recommend a moisturizer"}).decode("latin-1")]
    gotten = [request_bytes("GET", "/bare").decode("latin-1")]
    uids = [f"rate-{number}" for number in range(PEOPLE)]
    known = [make(uid) for uid in uids for make in (people.profile, people.analysis)]
    picks = [people.reco(uid) for uid in uids]
    return [
        Case("chat, phase 0", [people.phase0(uid) for uid in uids], posted, holds='"diagnosis_gate"'),
        Case(
            "chat, may these go together", [people.conflict(uid) for uid in uids], posted,
            holds='"routine_simulation"', target=0.4,
        ),
        Case(
            "tracker/log",
            [people.log(uid, number) for number, uid in enumerate(uids)],
            posted,
            holds='"tracker_log"',
        ),
        Case("session/bootstrap", [people.bootstrap(uid) for uid in uids], gotten, holds='"db_ready":true'),
        Case(
            "chat, picks of the decision system", picks, posted, holds='"upstream_answer_json"', before=known,
            target=0.25, house="picks",
        ),
        Case(
            "chat, picks of the catalogue", picks, posted, holds='"artifact_matcher_v1"', before=known,
            target=0.25, house="shelf",
        ),
    ]  # fmt: skip


def measure(runs: int, seconds: float, only: Callable[[Case], bool] = lambda _: True) -> list[Figure]:
    """All throughput figures; every case at 64 and 8 connections. Raises WrongAnswerError."""
    figures: list[Figure] = []
    wanted = list(filter(only, cases()))
    with servers.bare() as yardstick:
        yardstick.pin(servers.cores()[0])
        for house in dict.fromkeys(case.house for case in wanted):
            with _service(house) as service:
                service.pin(servers.cores()[0])
                for case in wanted:
                    if case.house == house:
                        figures += _measured(case, service, yardstick, runs, seconds)
    return figures


@contextmanager
def _service(house: str) -> Iterator[Running]:
    with ExitStack() as stack:
        if house == "shelf":
            allowed = {"AURORA_PRODUCT_REC_ALLOW_SEED_CATALOG": "true"}
            yield stack.enter_context(servers.service("", **allowed))
            return
        upstream = servers.instant() if house == "picks" else servers.black_hole()
        yield stack.enter_context(servers.service(stack.enter_context(upstream).url))


def _measured(case: Case, service: Running, yardstick: Running, runs: int, seconds: float) -> list[Figure]:
    if case.before:
        once = Plan(
            mode="closed",
            host="127.0.0.1",
            port=service.port,
            requests=case.before,
            count=len(case.before),
            seconds=60.0,
        )
        run_apart(once)
    figures: list[Figure] = []
    for connections in (64, 8):
        mine: list[Run] = []
        bare: list[Run] = []
        for number in range(runs):
            click.echo(f"  throughput {case.name}, {connections}: run {number + 1}/{runs}", err=True)
            bare.append(run_once(yardstick, case.bare, connections, seconds, 200, ""))
            mine.append(run_once(service, case.requests, connections, seconds, case.status, case.holds))
        figures += _judge(case, connections, mine, bare)
    return figures


def run_once(
    server: Running, requests: list[str], connections: int, seconds: float, status: int, holds: str
) -> Run:
    """One run of the load against one server. Raises WrongAnswerError."""
    _, others = servers.cores()
    before = server.cost()
    outcome = run_apart(
        Plan(
            mode="closed",
            host="127.0.0.1",
            port=server.port,
            requests=requests,
            connections=connections,
            seconds=seconds,
            warmup_s=0.5,
            pin=others,
            contains=[holds] if holds else [],
        )
    )
    after = server.cost()
    _check(outcome, status, holds)
    return Run(
        outcome.per_second,
        (after.python_s - before.python_s) / outcome.total * 1e6,
        (after.postgres_s - before.postgres_s) / outcome.total * 1e6,
        percentile(outcome.latencies_ms, 0.99),
    )


def _check(outcome: Outcome, status: int, holds: str) -> None:
    if (
        outcome.errors
        or set(outcome.statuses) != {status}
        or (holds and outcome.found[holds] != outcome.total)
    ):
        raise WrongAnswerError(f"{outcome.statuses} {outcome.errors} {outcome.found} of {outcome.total}")


def _judge(case: Case, connections: int, mine: list[Run], bare: list[Run]) -> list[Figure]:
    ratios = [one.per_second / other.per_second for one, other in zip(mine, bare, strict=True)]
    ratio = median(ratios)
    rate, theirs = median(run.per_second for run in mine), median(run.per_second for run in bare)
    aimed = connections == 64
    return [
        Figure(
            group=f"throughput {connections}",
            name=f"{case.name} / bare",
            value=ratio,
            unit="x",
            target=f">= {case.target:g}" if aimed else "",
            ok=ratio >= case.target if aimed else None,
            note=f"{rate:.0f}/s against {theirs:.0f}/s; " + " ".join(f"{one:.2f}" for one in ratios),
        ),
        Figure(
            group=f"throughput {connections}",
            name=f"{case.name}, CPU",
            value=median(run.python_us for run in mine),
            unit="us/request",
            note=f"bare {median(run.python_us for run in bare):.0f}; "
            f"Postgres {median(run.postgres_us for run in mine):.0f}; "
            f"p99 {median(run.p99_ms for run in mine):.0f} ms",
        ),
    ]
