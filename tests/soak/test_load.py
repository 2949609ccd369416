"""The load generator against a small server of its own: what it counts, and from when it times."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from soak.load import Outcome, Plan, run, run_apart
from soak.servers import Running, bare, black_hole
from soak.wire import request_bytes


def text(method: str, path: str, body: object = None) -> str:
    return request_bytes(method, path, body=body).decode("latin-1")


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with bare() as running:
        yield running


def plan(server: Running, **settings: object) -> Plan:
    base = {"mode": "closed", "host": "127.0.0.1", "port": server.port, "requests": [text("GET", "/bare")]}
    return Plan(**{**base, **settings})  # type: ignore[arg-type]  # a table of keywords


def test_a_closed_loop_stops_after_its_count(server: Running) -> None:
    outcome = run(plan(server, connections=4, count=40, contains=["small answer", "absent"]))

    assert outcome.total == len(outcome.latencies_ms) == 40
    assert outcome.statuses == {200: 40}
    assert outcome.errors == {}
    assert outcome.found == {"small answer": 40, "absent": 0}
    assert outcome.per_second > 0


def test_a_closed_loop_counts_only_its_window(server: Running) -> None:
    outcome = run(plan(server, connections=2, seconds=0.2, warmup_s=0.2))

    assert 0 < len(outcome.latencies_ms) < outcome.total
    assert outcome.seconds == pytest.approx(0.2)


def test_requests_are_taken_in_turn(server: Running) -> None:
    outcome = run(plan(server, requests=[text("GET", "/bare"), text("GET", "/nowhere")], count=10))
    assert outcome.statuses == {200: 5, 404: 5}


def test_an_open_loop_times_from_the_intended_start(server: Running) -> None:
    waits = [text("POST", "/wait?ms=120", {"a": 1})]
    outcome = run(plan(server, mode="open", requests=waits, arrivals=[0.1, 0.0, 0.05]))

    assert outcome.statuses == {200: 3}
    assert all(latency >= 119 for latency in outcome.latencies_ms)


def test_an_open_loop_gives_up_after_its_timeout() -> None:
    with black_hole() as hole:
        outcome = run(plan(hole, mode="open", arrivals=[0.0, 0.0], timeout_s=0.2))

    assert outcome.errors == {"timeout": 2}
    assert outcome.latencies_ms == []


def test_a_server_that_is_not_there_is_an_error_of_each_arrival(server: Running) -> None:
    with black_hole() as hole:
        port = hole.port
    outcome = run(plan(server, mode="open", port=port, arrivals=[0.0, 0.0]))
    assert outcome.errors == {"ConnectionRefusedError": 2}


def test_a_plan_without_requests_is_refused(server: Running) -> None:
    with pytest.raises(ValueError, match="needs requests"):
        run(plan(server, requests=[]))


def test_a_run_apart_reports_the_same_way(server: Running) -> None:
    outcome = run_apart(plan(server, count=5))
    assert isinstance(outcome, Outcome)
    assert outcome.statuses == {200: 5}


def test_a_generator_that_fails_is_an_error_here(server: Running) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run_apart(plan(server, port=1, count=1))


def test_the_service_lists_its_cost_and_memory(server: Running) -> None:
    before = server.cost()
    run(plan(server, count=200))
    assert server.cost().python_s >= before.python_s
    assert server.worker_rss_mb() > 5


def test_the_bench_says_what_it_can_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "soak.bench", "--help"], capture_output=True, text=True, check=True
    )
    assert "--quick" in done.stdout
    assert "overshoot" in done.stdout
