"""Environmental pressure on skin, 0 to 100, from the figures of a forecast (contract B 12.3).

Every number stands in the contract. Results are rounded once, at the end, so that a replay says the same.
"""

from __future__ import annotations

import msgspec

from aurora.contract.memory import Profile
from aurora.rules.climate import Outlook
from aurora.rules.env_stress import care_of
from aurora.rules.text import anywhere, hit, pattern

Steps = tuple[tuple[float, float], ...]  # (at least, then)

_HUMIDITY: Steps = ((80, 0.92), (70, 0.78), (60, 0.62), (45, 0.45), (35, 0.62))
_HUMIDITY_ELSE = 0.82
_UV: Steps = ((9, 1.0), (7, 0.86), (5, 0.66), (3, 0.44))
_SWING: Steps = ((14, 0.9), (10, 0.72), (7, 0.56), (4, 0.38))
_WIND: Steps = ((35, 0.92), (25, 0.76), (18, 0.58), (12, 0.42))
_LEAST = 0.24
_NOT_MEASURED = {"humidity": 0.5, "uv": 0.4, "temp_swing": 0.4, "wind": 0.3}
_POLLUTION = {True: 0.82, False: 0.34, None: 0.5}  # the air is dirty, clean, not said

_WEIGHTS = {"uv": 0.28, "humidity": 0.20, "temp_swing": 0.20, "wind": 0.16, "pollution": 0.16}
_SHIFTS: dict[str, dict[str, float]] = {
    "fragile": {"temp_swing": 0.06, "wind": 0.06, "pollution": 0.04, "humidity": -0.06, "uv": -0.10},
    "oily": {"humidity": 0.08, "pollution": 0.02, "temp_swing": -0.04, "wind": -0.03, "uv": -0.03},
    "pigment": {"uv": 0.10, "temp_swing": -0.03, "wind": -0.03, "humidity": -0.02, "pollution": -0.02},
}
_FLOOR = 0.05

_ACNE_GOAL = (pattern(r"\bacne\b|breakout|oil|pores?\b"), anywhere("痘", "控油", "毛孔", "闭口"))
_PIGMENT_GOAL = (
    pattern(r"dark[ _-]?spots?|pigment|melasma|uneven|brighten|dull"),
    anywhere("斑", "色沉", "痘印", "暗沉", "提亮", "美白"),
)


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """The index, its parts and what follows from them for a routine; parts and weights are 0 to 1."""

    epi: int
    components: dict[str, float]
    reco_weights: dict[str, float]


def exposure(outlook: Outlook, profile: Profile | None, *, dirty_air: bool | None) -> Exposure:
    """Weigh the outlook for this person. dirty_air: what the message says of it, None if nothing."""
    parts = {
        "uv": _stepped(outlook.uv_max, _UV, "uv"),
        "humidity": _stepped(outlook.humidity, _HUMIDITY, "humidity", _HUMIDITY_ELSE),
        "temp_swing": _stepped(outlook.swing, _SWING, "temp_swing"),
        "wind": _stepped(outlook.wind_max, _WIND, "wind"),
        "pollution": _POLLUTION[dirty_air],
    }
    weights = weights_for(profile)
    epi = round(100 * sum(weights[name] * part for name, part in parts.items()))
    follows = {
        "spf": 0.6 + 0.5 * parts["uv"],
        "barrier_repair": 0.5 + 0.5 * max(parts["wind"], parts["temp_swing"]),
        "anti_inflammatory": 0.45 + 0.4 * parts["pollution"] + 0.2 * parts["humidity"],
        "exfoliation": 0.45 - 0.3 * parts["uv"] - 0.2 * parts["temp_swing"],
    }
    return Exposure(
        epi=min(100, max(0, epi)),
        components=parts,
        reco_weights={name: round(min(1.0, max(0.0, value)), 3) for name, value in follows.items()},
    )


def weights_for(profile: Profile | None) -> dict[str, float]:
    """What each part counts for this person; the sum is 1."""
    weights = dict(_WEIGHTS)
    for trait in traits(profile):
        for name, shift in _SHIFTS[trait].items():
            weights[name] += shift
    floored = {name: max(_FLOOR, weight) for name, weight in weights.items()}
    total = sum(floored.values())
    return {name: weight / total for name, weight in floored.items()}


def traits(profile: Profile | None) -> tuple[str, ...]:
    """fragile, oily, pigment: what of this person shifts the weights, in that order."""
    known = profile or Profile()
    goals = " ".join(known.goals)[:400].lower()
    found = (
        ("fragile", care_of(known) == "fragile"),
        ("oily", (known.skinType or "").lower() == "oily" or hit(goals, *_ACNE_GOAL)),
        ("pigment", hit(goals, *_PIGMENT_GOAL)),
    )
    return tuple(name for name, holds in found if holds)


def _stepped(value: float | None, steps: Steps, name: str, otherwise: float = _LEAST) -> float:
    if value is None:
        return _NOT_MEASURED[name]
    return next((then for least, then in steps if value >= least), otherwise)
