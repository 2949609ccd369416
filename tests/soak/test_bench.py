"""What the bench makes of its measurements: medians, ratios, targets."""

from __future__ import annotations

import pytest

from soak import instant, people
from soak.bench_overshoot import Volley, _judge
from soak.bench_throughput import Case, Run, WrongAnswerError, _check, cases
from soak.bench_throughput import _judge as judge_throughput
from soak.load import Outcome
from soak.wire import request_bytes


def volleys(*p99: float, p50: float = -5.0) -> list[Volley]:
    return [Volley(value, p50, p50 - 10) for value in p99]


@pytest.mark.parametrize(
    ("shape", "turns", "mine", "bare", "ok"),
    [
        ("spread", 20, [10, 24, 90], [1, 1, 1], True),
        ("spread", 20, [26, 26, 26], [22, 22, 22], True),
        ("spread", 20, [26, 26, 26], [10, 10, 10], False),
        ("spread", 100, [35, 35, 90], [1, 1, 1], True),
        ("spread", 100, [36, 36, 36], [90, 90, 90], False),
        ("burst", 20, [500, 500, 500], [1, 1, 1], None),
        ("burst", 100, [99, 99, 500], [200, 200, 200], True),
        ("burst", 100, [99, 99, 99], [150, 150, 150], False),
        ("burst", 100, [101, 101, 101], [400, 400, 400], False),
    ],
)
def test_overshoot_targets_judge_the_median_volley(
    shape: str, turns: int, mine: list[float], bare: list[float], ok: bool | None
) -> None:
    figures = _judge(shape, turns, volleys(*mine), volleys(*bare))
    assert figures[0].ok is ok
    assert figures[1].value == sorted(bare)[1]


@pytest.mark.parametrize(("shape", "floor"), [("spread", -100.0), ("burst", -400.0)])
def test_answers_that_come_much_too_early_miss(shape: str, floor: float) -> None:
    late = _judge(shape, 20, volleys(1, p50=floor), volleys(1))[2]
    early = _judge(shape, 20, volleys(1, p50=floor - 1), volleys(1))[2]
    assert (late.ok, early.ok) == (True, False)


def test_throughput_is_the_median_of_paired_ratios_and_has_a_target_at_64_only() -> None:
    case = Case("x", [], [])
    mine = [Run(rate, 1000, 100, 5) for rate in (50.0, 40.0, 90.0)]
    bare = [Run(100.0, 500, 0, 1)] * 3
    at_64, at_8 = judge_throughput(case, 64, mine, bare)[0], judge_throughput(case, 8, mine, bare)[0]
    assert (at_64.value, at_64.ok) == (0.5, True)
    assert (at_8.value, at_8.ok) == (0.5, None)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(total=2, statuses={200: 2}, found={"card": 1}),
        Outcome(total=2, statuses={200: 1, 503: 1}, found={"card": 2}),
        Outcome(total=2, statuses={200: 2}, found={"card": 2}, errors={"timeout": 1}),
    ],
)
def test_a_run_of_wrong_answers_is_no_measurement(outcome: Outcome) -> None:
    with pytest.raises(WrongAnswerError):
        _check(outcome, 200, "card")


def test_every_case_asks_many_people_and_a_bare_route_of_its_method() -> None:
    for case in cases():
        assert len(set(case.requests)) > 100
        assert case.requests[0].split()[0] == case.bare[0].split()[0]


def test_people_identify_themselves() -> None:
    for make in (people.bootstrap, people.recent, people.log, people.profile, people.phase0, people.reco):
        assert "X-Aurora-UID: u7\r\n" in make("u7")
    assert people.phase0("u") == request_bytes(
        "POST", "/v1/chat", headers={"X-Aurora-UID": "u"}, body={"message": "Recommend a moisturizer"}
    ).decode("latin-1")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_turn_that_does_more_is_measured_against_a_lower_bar(case: Case) -> None:
    figure = judge_throughput(case, 64, [Run(30.0, 1, 1, 1)], [Run(100.0, 1, 1, 1)])[0]
    picks, together = case.house != "quiet", case.requests[0] == people.conflict("rate-0")
    assert (case.target, figure.ok, bool(case.before)) == (
        (0.25, True, True) if picks else (0.4 if together else 0.5, False, False)
    )


def test_the_instant_upstream_answers_picks_and_reads_whole_requests() -> None:
    head, _, body = instant.answer_bytes().partition(b"\r\n\r\n")
    assert b"content-length: %d" % len(body) in head
    assert b"recommendations" in body
    request = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
    assert instant.whole_request(request + b"GET") == len(request)
    assert instant.whole_request(request[:-1]) == instant.whole_request(b"GET / HTTP/1.1\r\n") == 0
