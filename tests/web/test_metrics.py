"""Metric families: declared, bounded, aggregated over workers; log lines without anybody's words."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from aurora import telemetry
from aurora.telemetry import exposition, registry

# Families that dashboards, alerts and the monitoring validator know by name (contract A 15, the runbook).
KNOWN = (
    "aurora_skin_flow_total", "aurora_skin_analysis_timeout_degraded_rate",
    "aurora_skin_reco_timeout_degraded_rate", "aurora_skin_reco_generated_rate",
    "aurora_skin_reco_low_confidence_rate", "aurora_skin_reco_safety_block_rate",
    "aurora_skin_reco_output_guard_fallback_rate", "aurora_skin_low_confidence_rate",
    "aurora_skin_safety_block_rate", "aurora_skin_artifact_created_rate",
    "aurora_skin_ingredient_plan_rate", "modules_interaction_total", "action_click_total",
    "action_copy_total", "retake_after_modules_total", "action_click_rate", "action_copy_rate",
    "retake_rate_after_modules", "chips_truncated_count", "field_missing_added_count",
    "anti_template_violation_count", "actionable_reply_total", "template_applied_total",
    "template_fallback_total", "template_applied_rate", "template_fallback_rate",
    "actionable_reply_rate", "profile_context_missing_total", "session_patch_profile_emitted_total",
    "upstream_call_total", "upstream_latency_ms", "pivota_http_requests_total",
    "pivota_http_timeouts_total", "analyze_requests_total", "geometry_sanitizer_drop_total",
    "geometry_sanitizer_clip_total", "geometry_sanitizer_drop_rate", "verify_calls_total",
    "verify_fail_total", "verify_budget_guard_total", "pdp_external_fallback_total",
    "catalog_availability_shortcircuit_total", "modules_issue_count_histogram", "agreement_histogram",
)  # fmt: skip

_SAMPLE = re.compile(r'^[a-z0-9_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? -?[0-9.e+-]+$')


def rendered() -> list[str]:
    return telemetry.render_metrics().decode().splitlines()


def value_of(lines: list[str], series: str) -> float:
    (found,) = [line for line in lines if line.startswith(series + " ")]
    return float(found.rpartition(" ")[2])


@pytest.mark.parametrize("name", KNOWN)
def test_every_known_family_has_help_and_type_from_the_start(name: str) -> None:
    lines = rendered()
    assert sum(line.startswith(f"# HELP {name} ") for line in lines) == 1
    assert sum(line.startswith(f"# TYPE {name} ") for line in lines) == 1


def test_every_line_is_the_text_format() -> None:
    telemetry.skin_flow.labels("weird {stage}\n", "hit").inc()
    for line in rendered():
        assert line.startswith(("# HELP ", "# TYPE ")) or _SAMPLE.match(line), line
        assert "_created" not in line.split("{")[0].replace("artifact_created", "")


def test_a_counter_without_labels_is_zero_before_it_counts() -> None:
    assert value_of(rendered(), "external_fallback_blocked_total") == 0
    assert value_of(rendered(), 'pdp_external_fallback_total{reason_code="none"}') == 0


def test_rates_divide_hits_and_are_zero_without_any() -> None:
    assert exposition._divide(exposition.RATIOS[0], {}) == {(): 0.0}
    before = rendered()
    for outcome in ("hit", "hit", "miss"):
        telemetry.skin_flow.labels("analysis_request", outcome).inc()
    telemetry.skin_flow.labels("analysis_timeout_degraded", "hit").inc()
    after = rendered()
    hits = value_of(after, 'aurora_skin_flow_total{stage="analysis_request",outcome="hit"}')
    cut = value_of(after, 'aurora_skin_flow_total{stage="analysis_timeout_degraded",outcome="hit"}')
    assert value_of(after, "aurora_skin_analysis_timeout_degraded_rate") == pytest.approx(cut / hits)
    assert len(after) >= len(before)


def test_a_rate_by_labels_has_one_series_each() -> None:
    labels = {
        "issue_type": "acne", "quality_grade": "pass", "pipeline_version": "b", "device_class": "ios",
    }  # fmt: skip
    telemetry.family("analyze_requests_total").labels(**labels).inc(4)
    drop = telemetry.family("geometry_sanitizer_drop_total")
    drop.labels(**labels, reason=None, region_type=None).inc()
    lines = rendered()
    series = 'issue_type="acne",quality_grade="pass",pipeline_version="b",device_class="ios"'
    assert value_of(lines, f"geometry_sanitizer_drop_total{{{series}}}") == 1
    assert value_of(lines, f"geometry_sanitizer_drop_rate{{{series}}}") == 0.25


def test_histograms_are_cumulative_and_end_at_infinity() -> None:
    telemetry.family("upstream_latency_ms").labels("aurora_chat").observe(300)
    lines = [line for line in rendered() if line.startswith('upstream_latency_ms_bucket{path="aurora_chat"')]
    bounds = [re.search(r'le="([^"]+)"', line) for line in lines]
    assert [b.group(1) for b in bounds if b] == [
        "100", "250", "500", "1000", "2000", "5000", "10000", "30000", "+Inf",
    ]  # fmt: skip
    counts = [float(line.rpartition(" ")[2]) for line in lines]
    assert counts == sorted(counts)


@given(st.text())
def test_label_values_are_clean_whatever_comes(value: str) -> None:
    assert re.fullmatch(r"[a-z0-9_.\-]{1,80}", registry.clean(value))


def test_label_sets_are_bounded() -> None:
    for number in range(3000):
        telemetry.family("clarification_schema_invalid_total").labels(f"reason-{number}").inc()
    lines = [line for line in rendered() if line.startswith("clarification_schema_invalid_total{")]
    assert len(lines) <= 257
    assert value_of(lines, 'clarification_schema_invalid_total{reason="other"}') >= 2700


def test_a_family_that_nobody_declared_is_an_error() -> None:
    with pytest.raises(KeyError):
        telemetry.family("made_up_total")
    with pytest.raises(ValueError, match="labels"):
        telemetry.skin_flow.labels("only one")


def test_the_figures_of_several_workers_are_one(tmp_path: Path) -> None:
    count = (
        "from aurora import telemetry as t\n"
        "t.skin_flow.labels('reco_request', 'hit').inc(2)\n"
        "t.skin_flow.labels('reco_generated', 'hit').inc()\n"
        "t.http_latency_ms.labels('/v1/chat').observe(20)\n"
        "t.turns_in_flight.set(3)\n"
        "t.loop_lag_ms.set({lag})\n"
        "t.process_resident_bytes.set({lag} * 1000)\n"
    )
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for lag in (5, 9):
        subprocess.run([sys.executable, "-c", count.format(lag=lag)], env=env, check=True)
    show = "import sys; from aurora import telemetry as t; sys.stdout.buffer.write(t.render_metrics())"
    shown = subprocess.run([sys.executable, "-c", show], env=env, check=True, capture_output=True)
    lines = shown.stdout.decode().splitlines()
    assert value_of(lines, 'aurora_skin_flow_total{stage="reco_request",outcome="hit"}') == 4
    assert value_of(lines, "aurora_skin_reco_generated_rate") == 0.5
    assert value_of(lines, 'aurora_http_latency_ms_count{route="/v1/chat"}') == 2
    assert value_of(lines, "aurora_turns_in_flight") == 6
    assert value_of(lines, "aurora_loop_lag_ms") == 9
    resident = [line for line in lines if line.startswith("aurora_process_resident_bytes{pid=")]
    assert sorted(float(line.rpartition(" ")[2]) for line in resident) == [5000, 9000], "each of its own"
    series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    assert len(series) == len(set(series)), "no series twice"
    assert any(line.startswith("# HELP verify_calls_total ") for line in lines)


# --- log lines --------------------------------------------------------------------------------------------


def logged(capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_a_line_is_json_with_the_requests_ids(capfd: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging("info")
    with structlog.contextvars.bound_contextvars():
        telemetry.bind_ids("r1", "t1")
        telemetry.get_logger().info("something", count=3, 中="文")
        telemetry.get_logger().debug("nothing")
    telemetry.clear_ids()
    (line,) = logged(capfd)
    assert (line["event"], line["request_id"], line["trace_id"], line["count"]) == (
        "something",
        "r1",
        "t1",
        3,
    )
    assert line["level"] == "info"
    assert str(line["at"]).endswith("Z")


def test_what_a_library_logs_is_one_line_of_ours_without_its_words(capfd: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging("info")
    telemetry.configure_logging("info")
    try:
        int("words of a person")
    except ValueError:
        logging.getLogger("asyncio").exception("cannot handle %s", "words of a person")
    (line,) = logged(capfd)
    assert (line["event"], line["logger"], line["level"]) == ("library", "asyncio", "error")
    assert line["error"]["type"] == "ValueError"
    assert "words of a person" not in json.dumps(line)


def test_secrets_and_bytes_never_reach_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging("info")
    telemetry.get_logger().info(
        "x",
        api_key="s3cret",
        Authorization="Bearer s3cret",
        user_token="s3cret",
        photo=b"s3cret",
        long="y" * 9999,
    )
    said = capfd.readouterr().err
    assert "s3cret" not in said
    assert len(said) < 1500


def break_twice() -> None:
    try:
        int("words of a person")
    except ValueError as error:
        raise ExceptionGroup("more words", [ValueError("words"), OSError(2, "No such file")]) from error


def test_an_exception_is_told_by_type_and_place_not_by_its_text(capfd: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging("info")
    try:
        break_twice()
    except ExceptionGroup:
        telemetry.get_logger().exception("broken")
    said = capfd.readouterr().err
    assert "words" not in said
    error = json.loads(said)["error"]
    assert error["type"] == "ExceptionGroup"
    assert error["cause"]["type"] == "ValueError"
    assert [inner["type"] for inner in error["errors"]] == ["ValueError", "FileNotFoundError"]
    assert error["errors"][1]["text"] == "No such file"
    assert any("test_metrics.py" in frame for frame in error["frames"])
