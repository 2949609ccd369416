"""The cost of recording is judged by the median of alternating runs."""

from __future__ import annotations

import pytest

from soak.bench_throughput import Run
from soak.bench_trace import judged


@pytest.mark.parametrize(
    ("with_traces", "ratio", "ok"),
    [([95, 92, 40], 0.92, True), ([89, 80, 150], 0.89, False), ([90, 90, 90], 0.9, True)],
)
def test_recording_is_judged_by_its_median_ratio(with_traces: list[float], ratio: float, ok: bool) -> None:
    plain = [Run(100, 1000, 20, 5)] * 3
    rate, cpu = judged([Run(per_second, 1100, 60, 5) for per_second in with_traces], plain)
    assert (rate.value, rate.ok) == (ratio, ok)
    assert cpu.value == 100
    assert "Postgres 60 against 20" in cpu.note
