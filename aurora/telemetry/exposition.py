"""`/metrics`: the text format 0.0.4, every declared family with HELP and TYPE, rates computed on the way out.

Rates are never stored: a stored rate of one worker says nothing about the others (decision 12). They are
lifetime ratios for the dashboards that know them; alerts belong on rates of the counters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from prometheus_client.metrics_core import Metric

from aurora.telemetry import families as _declared  # noqa: F401 - importing it declares the families
from aurora.telemetry.registry import Family, collected, families, inner_name

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]


class Part(msgspec.Struct, frozen=True):
    """The sum of a counter's series whose labels match `where`."""

    family: str
    where: dict[str, str] = {}


class Ratio(msgspec.Struct, frozen=True):
    """Divides two sums; 0 when the denominator is 0. by: one series per value of these labels."""

    name: str
    help: str
    top: Part
    bottom: tuple[Part, ...]
    by: tuple[str, ...] = ()


def _flow(stage: str) -> Part:
    return Part("aurora_skin_flow_total", {"stage": stage, "outcome": "hit"})


_APPLIED, _FALLBACK = Part("template_applied_total"), Part("template_fallback_total")

RATIOS = (
    Ratio("aurora_skin_analysis_timeout_degraded_rate", "Analyses whose budget fired.",
          _flow("analysis_timeout_degraded"), (_flow("analysis_request"),)),
    Ratio("aurora_skin_reco_timeout_degraded_rate", "Recommendation requests degraded by time.",
          _flow("reco_timeout_degraded"), (_flow("reco_request"),)),
    Ratio("aurora_skin_reco_generated_rate", "Recommendation requests that gave recommendations.",
          _flow("reco_generated"), (_flow("reco_request"),)),
    Ratio("aurora_skin_reco_low_confidence_rate", "Recommendation requests of low confidence.",
          _flow("reco_low_confidence"), (_flow("reco_request"),)),
    Ratio("aurora_skin_low_confidence_rate", "The same under the monitoring validator's name.",
          _flow("reco_low_confidence"), (_flow("reco_request"),)),
    Ratio("aurora_skin_reco_safety_block_rate", "Recommendation requests blocked for safety.",
          _flow("reco_safety_block"), (_flow("reco_request"),)),
    Ratio("aurora_skin_safety_block_rate", "The same under the monitoring validator's name.",
          _flow("reco_safety_block"), (_flow("reco_request"),)),
    Ratio("aurora_skin_reco_output_guard_fallback_rate", "Recommendation requests that the guard caught.",
          _flow("reco_output_guard_fallback"), (_flow("reco_request"),)),
    Ratio("aurora_skin_artifact_created_rate", "Analyses that left an artifact.",
          _flow("artifact_created"), (_flow("analysis_request"),)),
    Ratio("aurora_skin_ingredient_plan_rate", "Analyses that left a plan.",
          _flow("ingredient_plan"), (_flow("analysis_request"),)),
    Ratio("action_click_rate", "Taps per interaction with photo modules.",
          Part("action_click_total"), (Part("modules_interaction_total"),)),
    Ratio("action_copy_rate", "Copies per tap.", Part("action_copy_total"), (Part("action_click_total"),)),
    Ratio("retake_rate_after_modules", "Retakes per interaction with photo modules.",
          Part("retake_after_modules_total"), (Part("modules_interaction_total"),)),
    Ratio("template_applied_rate", "Replies made from a template.", _APPLIED, (_APPLIED, _FALLBACK)),
    Ratio("template_fallback_rate", "Replies whose template was not used.", _FALLBACK, (_APPLIED, _FALLBACK)),
    Ratio("actionable_reply_rate", "Replies that offer a next step.",
          Part("actionable_reply_total", {"actionable": "true"}), (Part("actionable_reply_total"),)),
    Ratio("geometry_sanitizer_drop_rate", "Regions dropped per photo analysis.",
          Part("geometry_sanitizer_drop_total"), (Part("analyze_requests_total"),),
          by=("issue_type", "quality_grade", "pipeline_version", "device_class")),
)  # fmt: skip

# Label sets that dashboards expect before anything was counted.
_FIRST_SERIES: Mapping[str, Labels] = {"pdp_external_fallback_total": (("reason_code", "none"),)}


def render_metrics() -> bytes:
    """Everything counted so far, over all workers. Some 2 ms; nothing here waits."""
    counted = collected()
    lines: list[str] = []
    for item in families():
        lines += _head(item.name, item.help, item.kind)
        found = _lines(item, counted.get(inner_name(item)))
        lines += found if item.kind == "histogram" else sorted(found)
    for ratio in RATIOS:
        lines += _head(ratio.name, ratio.help, "gauge")
        lines += [
            _line(ratio.name, labels, value) for labels, value in sorted(_divide(ratio, counted).items())
        ]
    return ("\n".join(lines) + "\n").encode()


def _head(name: str, text: str, kind: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _lines(item: Family, metric: Metric | None) -> list[str]:
    lines = []
    for sample in metric.samples if metric is not None else ():
        if sample.name.endswith("_created"):
            continue
        pid = sample.labels.get("pid")
        if pid is not None and "pid" not in item.label_names and sample.value == 0:
            continue  # a process that never measured itself, such as the workers' parent
        name = sample.name
        if item.kind == "counter":
            name = item.name
        # In order of declaration: workers' files hold labels sorted by name.
        labels = tuple((key, text) for key in item.label_names if (text := sample.labels.get(key)))
        if pid is not None and "pid" not in item.label_names:
            labels += (("pid", pid),)
        if "le" in sample.labels:
            labels += (("le", _bound(sample.labels["le"])),)
        lines.append(_line(name, labels, sample.value))
    if not lines and item.kind != "histogram":
        if item.name in _FIRST_SERIES:
            lines.append(_line(item.name, _FIRST_SERIES[item.name], 0))
        elif not item.label_names:
            lines.append(_line(item.name, (), 0))
    return lines


def _divide(ratio: Ratio, counted: Mapping[str, Metric]) -> dict[Labels, float]:
    top = _sums((ratio.top,), counted, ratio.by)
    bottom = _sums(ratio.bottom, counted, ratio.by)
    if not ratio.by:
        return {(): top.get((), 0.0) / bottom[()] if bottom.get(()) else 0.0}
    return {labels: top.get(labels, 0.0) / value if value else 0.0 for labels, value in bottom.items()}


def _sums(parts: Iterable[Part], counted: Mapping[str, Metric], by: tuple[str, ...]) -> dict[Labels, float]:
    sums: dict[Labels, float] = {}
    for part in parts:
        metric = counted.get(part.family.removesuffix("_total"))
        for sample in metric.samples if metric is not None else ():
            if sample.name.endswith("_created"):
                continue
            if all(sample.labels.get(key) == value for key, value in part.where.items()):
                labels = tuple((key, sample.labels.get(key, "")) for key in by)
                sums[labels] = sums.get(labels, 0.0) + sample.value
    return sums


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
    return f"{name}{{{shown}}} {_number(value)}" if shown else f"{name} {_number(value)}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def _bound(text: str) -> str:
    return text.removesuffix(".0")
