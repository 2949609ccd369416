"""The weather service's understudy: places and forecasts in Open-Meteo's shape (contract B 12.3).

Made up, but steady: the same place and day always have the same weather, north and south their own seasons.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

MOST_DAYS = 16

# name (English, Chinese), country, latitude, longitude
_PLACES: tuple[tuple[str, str, str, float, float], ...] = (
    ("Tokyo", "东京", "Japan", 35.6895, 139.69171),
    ("Harbin", "哈尔滨", "China", 45.75, 126.65),
    ("Sanya", "三亚", "China", 18.24306, 109.505),
    ("Lhasa", "拉萨", "China", 29.65, 91.1),
    ("Lisbon", "里斯本", "Portugal", 38.71667, -9.13333),
    ("Reykjavik", "雷克雅未克", "Iceland", 64.13548, -21.89541),
    ("Sydney", "悉尼", "Australia", -33.86785, 151.20732),
)
NOWHERE = ("nowhere", "乌有乡")


def geocode(name: str) -> dict[str, Any]:
    """`GET /v1/search`. A name that begins like `NOWHERE` has no results; any other is somewhere."""
    low = name.strip().lower()
    answer: dict[str, Any] = {"generationtime_ms": 0.5}
    if not low or low.startswith(NOWHERE):
        return answer
    for english, chinese, country, latitude, longitude in _PLACES:
        if low in (english.lower(), chinese):
            return {**answer, "results": [_result(english, country, latitude, longitude)]}
    place = hashlib.sha256(low.encode()).digest()
    return {
        **answer,
        "results": [_result(name.strip(), "Understudia", place[0] / 2.0 - 60.0, place[1] * 1.4 - 180.0)],
    }


def refused(asked: Mapping[str, str]) -> dict[str, Any] | None:
    """What the service says to a forecast question with its 400; None to one that it can answer."""
    try:
        latitude, _ = float(asked.get("latitude", "")), float(asked.get("longitude", ""))
        start = date.fromisoformat(asked.get("start_date", ""))
        end = date.fromisoformat(asked.get("end_date", ""))
    except ValueError:
        return {"error": True, "reason": "latitude, longitude, start_date and end_date are required"}
    if abs(latitude) <= 90 and start <= end < start + timedelta(days=MOST_DAYS):
        return None
    return {"error": True, "reason": "out of allowed range"}


def forecast(asked: Mapping[str, str]) -> dict[str, Any]:
    """`GET /v1/forecast`, for a question that is not `refused`: the columns that `daily` names."""
    latitude, longitude = float(asked["latitude"]), float(asked["longitude"])
    start, end = date.fromisoformat(asked["start_date"]), date.fromisoformat(asked["end_date"])
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    weather = [_day(day, latitude) for day in days]
    wanted = [name for name in asked.get("daily", "").split(",") if name in weather[0]]
    return {
        "latitude": latitude,
        "longitude": longitude,
        "timezone": "GMT",
        "daily": {
            "time": [day.isoformat() for day in days],
            **{name: [each[name] for each in weather] for name in wanted},
        },
    }


def _result(name: str, country: str, latitude: float, longitude: float) -> dict[str, Any]:
    return {
        "id": 1,
        "name": name,
        "country": country,
        "latitude": latitude,
        "longitude": longitude,
        "timezone": "GMT",
    }


def _day(day: date, latitude: float) -> dict[str, float]:
    """Warm towards the equator and in its summer, with a little of its own for each day."""
    angle = 2 * math.pi * (day.timetuple().tm_yday - 196) / 365  # midsummer of the north: 15 July
    summer = math.cos(angle) * (1 if latitude >= 0 else -1)
    mean = 28 - abs(latitude) * 0.45 + summer * abs(latitude) * 0.3
    own = hashlib.sha256(f"{day.isoformat()}|{latitude:.1f}".encode()).digest()
    swing = 5 + own[0] / 32
    return {
        "temperature_2m_max": round(mean + swing / 2, 1),
        "temperature_2m_min": round(mean - swing / 2, 1),
        "uv_index_max": round(max(0.5, 11 - abs(latitude) * 0.12 + summer * 3), 2),
        "precipitation_sum": round(own[1] / 60, 1),
        "wind_speed_10m_max": round(8 + own[2] / 10, 1),
        "relative_humidity_2m_mean": round(45 + own[3] / 6),
    }
