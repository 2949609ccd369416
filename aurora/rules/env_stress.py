"""Environmental stress as the client draws it: `aurora.ui.env_stress.v1` (contract B 12.2, 16.4, F 13).

Two sources: our own small model of scenario, barrier and sensitivity, and what the decision system says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules import weather_texts
from aurora.rules.text import strings_in
from aurora.rules.treatment import numeric

UPSTREAM_SCHEMA = "aurora.env_stress.v1"
UI_SCHEMA = "aurora.ui.env_stress.v1"
MOST_AXES = 8
MOST_NOTES = 4
MOST_CONTRIBUTORS = 64  # read of an upstream's list; what it sends beyond that has no weight
NOTE_CAP = 160
AXIS_CAP = 24
TIERS = ("Low", "Medium", "High")

# Contract B 12.2: what a scenario adds to the score, and where it stands on the weather axis.
_BASE = 35
_BASE_BY_BARRIER = {"impaired": 75, "damaged": 75, "healthy": 20, "stable": 20}
_BUMP_SENSITIVE = 10
_BUMP = {"snow": 18, "cold": 15, "dry": 15, "uv": 15, "wind": 12, "travel": 12, "rain": 8, "humid": 8}
_BUMP_UNKNOWN = 6
_BARRIER_AXIS = {"impaired": 80, "damaged": 80, "healthy": 20, "stable": 20}
_BARRIER_UNKNOWN = 40
_WEATHER_AXIS = {"snow": 70, "cold": 70, "dry": 70, "wind": 70, "rain": 45, "humid": 45, "travel": 55}
_WEATHER_QUIET = 35
_SUNNY = frozenset({"uv", "snow"})
_UV_AXIS, _UV_QUIET = 65, 30

Care = Literal["fragile", "reactive", "none"]
_FRAGILE = frozenset({"impaired", "damaged"})
_SENSITIVE = frozenset({"high", "sensitive"})

_ACRONYMS = {"uv": "UV", "aqi": "AQI", "pm2.5": "PM2.5", "pm25": "PM2.5", "spf": "SPF"}


def tier(ess: float) -> str:
    """Low <= 30 < Medium <= 60 < High."""
    return "Low" if ess <= 30 else "Medium" if ess <= 60 else "High"


def care_of(profile: Profile | None) -> Care:
    """What this skin needs beside the weather: rest for a fragile barrier, patience for one that reacts."""
    known = profile or Profile()
    if (known.barrierStatus or "").lower() in _FRAGILE:
        return "fragile"
    return "reactive" if (known.sensitivity or "").lower() in _SENSITIVE else "none"


def local(scenario: str, profile: Profile | None, *, logged: bool, lang: Lang) -> dict[str, Any]:
    """The card's payload from what is known here. logged: there are recent check-ins."""
    known = profile or Profile()
    barrier = (known.barrierStatus or "").lower()
    ess = _BASE_BY_BARRIER.get(barrier, _BASE) + _BUMP.get(scenario, _BUMP_UNKNOWN)
    if (known.sensitivity or "").lower() in _SENSITIVE:
        ess += _BUMP_SENSITIVE
    axes = (
        ("barrier", _BARRIER_AXIS.get(barrier, _BARRIER_UNKNOWN)),
        ("weather", _WEATHER_AXIS.get(scenario, _WEATHER_QUIET)),
        ("uv", _UV_AXIS if scenario in _SUNNY else _UV_QUIET),
    )
    missing = [
        *(["profile.sensitivity"] if (known.sensitivity or "unknown") == "unknown" else []),
        *([] if logged else ["recent_logs"]),
    ]
    notes = [weather_texts.missing_note(name, lang) for name in missing]
    notes.append(weather_texts.barrier_note(barrier, lang))
    notes.append(weather_texts.scenario_note(scenario, lang))
    return _payload(
        ess,
        radar=[{"axis": axis_label(name, lang), "value": value} for name, value in axes],
        notes=notes,
    )


def from_upstream(context: Mapping[str, Any] | None, lang: Lang = "EN") -> dict[str, Any] | None:
    """The card's payload from a decision answer's `context`, or None if it holds none that can be drawn.

    Of `aurora.env_stress.v1` a contributor's share of the weight is its share of the score. A context that
    already speaks `aurora.ui.env_stress.v1` keeps its figures. Either way only known keys pass, bounded.
    """
    told = (context or {}).get("env_stress", (context or {}).get("envStress"))
    if not isinstance(told, Mapping):
        return None
    ess = numeric(told.get("ess"))
    schema = told.get("schema_version")
    if ess is None or schema not in (UPSTREAM_SCHEMA, UI_SCHEMA):
        return None
    score = _whole(ess)
    named = told.get("tier")
    if schema == UI_SCHEMA:
        radar = _drawn(told.get("radar"), lang)
        notes = _strings(told.get("notes"))
    else:
        contributors = _contributors(told.get("contributors"))
        radar = _shares(contributors, score, lang)
        missing = [weather_texts.missing_note(name, lang) for name in _strings(told.get("missing_inputs"))]
        notes = [*missing, *_strings([each.get("note") for each in contributors])]
    return _payload(score, radar=radar, notes=notes, named=named if named in TIERS else None)


def axis_label(key: str, lang: Lang) -> str:
    """A radar axis in words: known keys in the language of the turn, others in title case."""
    name = " ".join(key.replace("_", " ").replace("-", " ").split())[:AXIS_CAP].strip()
    known = weather_texts.AXES_CN.get(name.lower()) if lang == "CN" else None
    return known or " ".join(_ACRONYMS.get(word.lower(), word.capitalize()) for word in name.split())


def _payload(
    ess: int, *, radar: list[dict[str, Any]], notes: list[str], named: str | None = None
) -> dict[str, Any]:
    score = min(100, max(0, ess))
    return {
        "schema_version": UI_SCHEMA,
        "ess": score,
        "tier": named or tier(score),
        "radar": radar[:MOST_AXES],
        "notes": notes[:MOST_NOTES],
    }


def _contributors(value: Any) -> list[Mapping[str, Any]]:
    """Those with a name, in the upstream's order."""
    listed = value if isinstance(value, list) else []
    return [
        each
        for each in listed[:MOST_CONTRIBUTORS]
        if isinstance(each, Mapping) and isinstance(each.get("key"), str) and each["key"].strip()
    ]


def _shares(contributors: Iterable[Mapping[str, Any]], score: int, lang: Lang) -> list[dict[str, Any]]:
    weights = [
        (each["key"], weight)
        for each in contributors
        if (weight := numeric(each.get("weight"))) is not None and weight > 0
    ]
    total = sum(weight for _, weight in weights)
    if not math.isfinite(total) or total <= 0:
        return []
    return [
        {"axis": axis_label(key, lang), "value": _whole(score * (weight / total))} for key, weight in weights
    ]


def _drawn(value: Any, lang: Lang) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else []
    found = []
    for each in listed[:MOST_AXES]:
        axis = each.get("axis") if isinstance(each, Mapping) else None
        figure = numeric(each.get("value")) if isinstance(each, Mapping) else None
        if isinstance(axis, str) and axis.strip() and figure is not None:
            found.append({"axis": axis_label(axis, lang), "value": _whole(figure)})
    return found


def _whole(value: float) -> int:
    """Onto 0..100, as a whole number: what the client draws, and the same in every replay."""
    return round(min(100.0, max(0.0, value)))


def _strings(value: Any) -> list[str]:
    return [text[:NOTE_CAP] for text in strings_in(value, MOST_NOTES)] if isinstance(value, list) else []
