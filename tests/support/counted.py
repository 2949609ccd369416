"""What a metric counts now, read from the page that Prometheus reads."""

from __future__ import annotations

from aurora.telemetry import render_metrics


def counted(series: str) -> float:
    """Value of a series as it is printed, `name{label="value",...}`; 0 where there is none."""
    lines = render_metrics().decode().splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == series), 0.0)
