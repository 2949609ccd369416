"""Metric families: declared once, bounded labels, one shape whether one process counts or several.

A family wraps a prometheus-client metric, because three things must hold that the library leaves to its
users: label values are cleaned and bounded, every family is declared even before it counts (decision 12),
and a family keeps its old wire name where the library would add `_total`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import prometheus_client
from prometheus_client import multiprocess
from prometheus_client.metrics_core import Metric

REGISTRY = prometheus_client.CollectorRegistry()
LATENCY_BUCKETS_MS = (100, 250, 500, 1000, 2000, 5000, 10000, 30000)

_MAX_SERIES = 256  # label sets per family; past it everything counts as `other`
_MAX_LABEL = 80  # characters of a label value
_UNSAFE = re.compile(r"[^a-z0-9_.-]+")

Kind = Literal["counter", "gauge", "histogram"]
GaugeMode = Literal["livesum", "livemax", "liveall"]


def clean(value: object) -> str:
    """A label value as contract A 15 wants it: lower case, `[a-z0-9_.-]`, `unknown` when nothing is left.

    None means that the series has no such label.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    return _UNSAFE.sub("_", text.lower())[:_MAX_LABEL].strip("_") or "unknown"


class Family:
    """One metric family.

    name: as exposed. labels: names, in order. verbatim: label values are ours (routes, methods) and stay.
    """

    kind: Kind

    def __init__(
        self, name: str, help_text: str, labels: tuple[str, ...], metric: Any, *, verbatim: bool
    ) -> None:
        self.name = name
        self.help = help_text
        self.label_names = labels
        self._metric = metric
        self._verbatim = verbatim
        self._series: dict[tuple[object, ...], Any] = {}
        self._known: set[tuple[str, ...]] = set()
        _declare(self)

    def _child(self, values: tuple[object, ...], named: dict[str, object]) -> Any:
        if named:
            values = tuple(named[label] for label in self.label_names)
        child = self._series.get(values)
        return child if child is not None else self._new_child(values)

    def _new_child(self, values: tuple[object, ...]) -> Any:
        if len(values) != len(self.label_names):
            raise ValueError(f"{self.name} has the labels {self.label_names}")
        key = tuple(str(v) if self._verbatim else clean(v) for v in values)
        if key not in self._known:
            if len(self._known) >= _MAX_SERIES:
                key = ("other",) * len(key)
            self._known.add(key)
        child = self._metric.labels(*key)
        if len(self._series) < 4 * _MAX_SERIES:
            self._series[values] = child
        return child


class Counter(Family):
    """Only ever grows."""

    kind: Kind = "counter"

    def __init__(self, name: str, help_text: str, *labels: str, verbatim: bool = False) -> None:
        metric = prometheus_client.Counter(_inner(name), help_text, labels, registry=REGISTRY)
        super().__init__(name, help_text, labels, metric, verbatim=verbatim)

    def labels(self, *values: object, **named: object) -> prometheus_client.Counter:
        """The series of these label values."""
        child: prometheus_client.Counter = self._child(values, named)
        return child

    def inc(self, amount: float = 1) -> None:
        """Count, on a family without labels."""
        self._metric.inc(amount)


class Gauge(Family):
    """Goes up and down. mode: how workers become one figure; dead ones leave (mark_process_dead)."""

    kind: Kind = "gauge"

    def __init__(
        self, name: str, help_text: str, *labels: str, mode: GaugeMode = "livesum", verbatim: bool = False
    ) -> None:
        metric = prometheus_client.Gauge(
            _inner(name), help_text, labels, registry=REGISTRY, multiprocess_mode=mode
        )
        super().__init__(name, help_text, labels, metric, verbatim=verbatim)

    def labels(self, *values: object, **named: object) -> prometheus_client.Gauge:
        """The series of these label values."""
        child: prometheus_client.Gauge = self._child(values, named)
        return child

    def set(self, value: float) -> None:
        """Set, on a family without labels."""
        self._metric.set(value)

    def inc(self, amount: float = 1) -> None:
        """Raise, on a family without labels."""
        self._metric.inc(amount)

    def dec(self, amount: float = 1) -> None:
        """Lower, on a family without labels."""
        self._metric.dec(amount)


class Histogram(Family):
    """Distribution; milliseconds unless the name says otherwise."""

    kind: Kind = "histogram"

    def __init__(
        self,
        name: str,
        help_text: str,
        *labels: str,
        buckets: tuple[float, ...] = LATENCY_BUCKETS_MS,
        verbatim: bool = False,
    ) -> None:
        metric = prometheus_client.Histogram(
            _inner(name), help_text, labels, registry=REGISTRY, buckets=buckets
        )
        super().__init__(name, help_text, labels, metric, verbatim=verbatim)

    def labels(self, *values: object, **named: object) -> prometheus_client.Histogram:
        """The series of these label values."""
        child: prometheus_client.Histogram = self._child(values, named)
        return child

    def observe(self, amount: float) -> None:
        """Record one, on a family without labels."""
        self._metric.observe(amount)


_FAMILIES: dict[str, Family] = {}


def _declare(item: Family) -> None:
    if item.name in _FAMILIES:
        raise ValueError(f"metric family {item.name} declared twice")
    _FAMILIES[item.name] = item


def family(name: str) -> Any:
    """A declared family by its wire name. KeyError if there is none: none is made up on the way."""
    return _FAMILIES[name]


def families() -> list[Family]:
    """All declared families, in order of declaration."""
    return list(_FAMILIES.values())


def collected() -> dict[str, Metric]:
    """What was counted, by inner metric name, over all workers in multiprocess mode."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    source: Iterable[Metric] = REGISTRY.collect()
    if directory:
        files = sorted(str(path) for path in Path(directory).glob("*.db"))
        source = multiprocess.MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call] # untyped library
    return {metric.name: metric for metric in source}


def inner_name(item: Family) -> str:
    """The library's name of a family (it drops `_total` and adds it back on samples)."""
    return _inner(item.name)


def _inner(name: str) -> str:
    return name.removesuffix("_total")
