"""Product turns: answers a second beside the bare route, and what they add to one slow question upstream.

Against an upstream that answers at once: recognising a product, judging one that has to be asked about,
judging one that is known, comparing two. Then people ask about products by their id, one every forty
milliseconds, while every question upstream takes two seconds, so that fifty are always under way: what the
median answer takes beyond the two seconds is ours.
"""

from __future__ import annotations

import urllib.request

import click
import msgspec

from soak import people, servers
from soak.bench_throughput import PEOPLE, Case, Run, WrongAnswerError, _judge, run_once
from soak.load import Plan, run_apart
from soak.servers import Running
from soak.stats import Figure, median, percentile
from soak.wire import request_bytes

GROUP = "products"
TARGET = 0.2
IN_FLIGHT = 50
UPSTREAM_MS = 2000
ADDED_TARGET_MS = 60.0

PARSE, ANALYZE, COMPARE = "/v1/product/parse", "/v1/product/analyze", "/v1/dupe/compare"
_KNOWN = {"product": {"sku_id": "bench", "brand": "Understudy", "name": "Even Tone Niacinamide Serum"}}
_PAIR = {"original": {"name": "Even Tone Niacinamide Serum"}, "dupe": {"name": "Clear Drops"}}


def asked_about(number: int) -> dict[str, object]:
    """A form whose id is too long for a key of knowledge: it is asked about every time."""
    return {"product": {"sku_id": f"bench-{number}-{'x' * 130}", "name": "Even Tone Niacinamide Serum"}}


def cases() -> list[Case]:
    """One for each kind of turn."""
    uids = [f"shop-{number}" for number in range(PEOPLE)]
    bare = [request_bytes("POST", "/bare", body={"name": "Even Tone Niacinamide Serum"}).decode("latin-1")]
    forms = {
        "product/parse": [people.post(PARSE, uid, {"text": "Even Tone Niacinamide Serum"}) for uid in uids],
        "product/analyze, asked": [people.post(ANALYZE, uid, asked_about(n)) for n, uid in enumerate(uids)],
        "product/analyze, known": [people.post(ANALYZE, uid, _KNOWN) for uid in uids],
        "dupe/compare": [people.post(COMPARE, uid, _PAIR) for uid in uids],
    }
    holds = {
        "product/parse": '"mock_serum_1"',
        "product/analyze, asked": '"verdict":"Suitable"',
        "product/analyze, known": '"product_intel_kb_hit"',
        "dupe/compare": '"dupe_compare"',
    }
    return [
        Case(name, requests, bare, holds=holds[name], target=TARGET, house="products",
             before=[people.post(ANALYZE, "shop-0", _KNOWN)])
        for name, requests in forms.items()
    ]  # fmt: skip


def measure(runs: int, seconds: float, turns: int) -> list[Figure]:
    """All figures. turns: of the slow upstream. Raises WrongAnswerError."""
    figures: list[Figure] = []
    ours, _ = servers.cores()
    with (
        servers.bare() as yardstick,
        servers.instant("product") as upstream,
        servers.service(upstream.url) as service,
    ):
        service.pin(ours)
        yardstick.pin(ours)
        for case in cases():
            figures += _measured(case, service, yardstick, runs, seconds)
    return [*figures, _added(turns)]


def _measured(case: Case, service: Running, yardstick: Running, runs: int, seconds: float) -> list[Figure]:
    run_apart(_plan(service, case.before, connections=1))
    mine: list[Run] = []
    bare: list[Run] = []
    for number in range(runs):
        click.echo(f"  {case.name}: run {number + 1}/{runs}", err=True)
        bare.append(run_once(yardstick, case.bare, 64, seconds, 200, ""))
        mine.append(run_once(service, case.requests, 64, seconds, case.status, case.holds))
    return [msgspec.structs.replace(figure, group=GROUP) for figure in _judge(case, 64, mine, bare)]


def _added(turns: int) -> Figure:
    """What a turn takes beyond its one question upstream, at the median."""
    with servers.sandbox() as upstream, servers.service(upstream.url) as service:
        service.pin(servers.cores()[0])
        requests = [people.post(ANALYZE, f"slow-{n}", asked_about(n)) for n in range(max(turns, IN_FLIGHT))]
        run_apart(_plan(service, requests[:IN_FLIGHT]))  # connections to the upstream are open from here on
        _slow(upstream)
        arrivals = [number * UPSTREAM_MS / IN_FLIGHT / 1000 for number in range(len(requests))]
        outcome = run_apart(
            msgspec.structs.replace(_plan(service, requests), mode="open", arrivals=arrivals, count=None)
        )
    if set(outcome.statuses) != {200} or outcome.found.get('"Suitable"') != outcome.total:
        raise WrongAnswerError(f"{outcome.statuses} {outcome.errors} {outcome.found} of {outcome.total}")
    added = [latency - UPSTREAM_MS for latency in outcome.latencies_ms]
    return Figure(
        group=GROUP,
        name=f"product/analyze by id, {IN_FLIGHT} in flight: added to one question of {UPSTREAM_MS} ms",
        value=median(added),
        unit="ms",
        target=f"<= {ADDED_TARGET_MS:g}",
        ok=median(added) <= ADDED_TARGET_MS,
        note=f"{len(added)} turns; p99 {percentile(added, 0.99):.0f}",
    )


def _plan(service: Running, requests: list[str], connections: int = IN_FLIGHT) -> Plan:
    return Plan(
        mode="closed",
        host="127.0.0.1",
        port=service.port,
        requests=requests,
        connections=connections,
        count=len(requests),
        seconds=120.0,
        pin=servers.cores()[1],
        contains=['"Suitable"'],
    )


def _slow(upstream: Running) -> None:
    """From now on every question takes two seconds."""
    rule = {"upstream": "decision", "behaviour": f"latency={UPSTREAM_MS}", "times": None}
    request = urllib.request.Request(  # noqa: S310  # loopback, always http
        f"{upstream.url}/_sandbox/script",
        data=msgspec.json.encode(rule),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5):  # noqa: S310
        return
