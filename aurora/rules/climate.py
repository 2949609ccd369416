"""The weather of some days as a handful of figures: from a forecast, or from the season (contract B 12.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import msgspec

from aurora.rules.treatment import numeric

Source = Literal["weather_api", "climate_fallback"]

# What a day may say; anything else is no measurement. Celsius, index, per cent, millimetres, km/h.
_RANGES: dict[str, tuple[float, float]] = {
    "temperature_2m_max": (-90, 60),
    "temperature_2m_min": (-90, 60),
    "uv_index_max": (0, 25),
    "relative_humidity_2m_mean": (0, 100),
    "precipitation_sum": (0, 2000),
    "wind_speed_10m_max": (0, 450),
}
DAILY = tuple(_RANGES)
MOST_DAYS = 16


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """Means over the days, but the strongest sun and wind. None: nobody measured it. One decimal, no more:
    what a sentence says, and the same in every replay.
    """

    temp_max: float | None = None
    temp_min: float | None = None
    swing: float | None = None
    uv_max: float | None = None
    humidity: float | None = None
    precipitation: float | None = None
    wind_max: float | None = None
    days_count: int = 0


# Contract B 12.3, in the order of the fields above; months of the northern half.
_HOT = Outlook(
    temp_max=30.0, temp_min=24.0, swing=7.0, uv_max=8.0, humidity=72.0, precipitation=2.6, wind_max=18.0
)
_COLD = Outlook(
    temp_max=8.0, temp_min=1.0, swing=11.0, uv_max=5.0, humidity=50.0, precipitation=1.2, wind_max=24.0
)
_MILD = Outlook(
    temp_max=22.0, temp_min=14.0, swing=8.0, uv_max=5.0, humidity=50.0, precipitation=1.2, wind_max=18.0
)


def summary(daily: Any) -> Outlook | None:
    """From the `daily` block of a forecast: columns of the same length. None if it holds no day at all.

    A value that is no number, or none that a day can have, counts as not measured.
    """
    if not isinstance(daily, Mapping):
        return None
    columns = {name: _column(daily.get(name), *_RANGES[name]) for name in DAILY}
    highs, lows = columns["temperature_2m_max"], columns["temperature_2m_min"]
    swings = [
        abs(high - low)
        for high, low in zip(highs, lows, strict=False)
        if high is not None and low is not None
    ]
    measured = [sum(value is not None for value in column) for column in columns.values()]
    if not any(measured):
        return None
    return Outlook(
        temp_max=_mean(highs),
        temp_min=_mean(lows),
        swing=_mean(swings),
        uv_max=_most(columns["uv_index_max"]),
        humidity=_mean(columns["relative_humidity_2m_mean"]),
        precipitation=_mean(columns["precipitation_sum"]),
        wind_max=_most(columns["wind_speed_10m_max"]),
        days_count=max(measured),
    )


def usual(day: date, latitude: float | None = None) -> Outlook:
    """What the season brings. latitude: south of the tropics the seasons are turned around; None: north."""
    month = day.month
    if latitude is not None and latitude < -23.5:
        month = (month + 5) % 12 + 1
    return _HOT if 6 <= month <= 9 else _COLD if month in (11, 12, 1, 2) else _MILD


def _column(value: Any, low: float, high: float) -> list[float | None]:
    listed = value if isinstance(value, list) else []
    return [_within(numeric(each), low, high) for each in listed[:MOST_DAYS]]


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low <= value <= high else None


def _mean(column: list[float | None] | list[float]) -> float | None:
    values = [value for value in column if value is not None]
    return round(sum(values) / len(values), 1) if values else None


def _most(column: list[float | None]) -> float | None:
    values = [value for value in column if value is not None]
    return round(max(values), 1) if values else None
