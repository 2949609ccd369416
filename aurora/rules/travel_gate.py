"""Where to and when: asked once before a trip is planned (contract B 12.1), with answers to tap.

A tapped sample carries all that is known by then, so one tap is a whole answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from aurora.contract.envelope import Chip, Lang
from aurora.rules import trip
from aurora.rules.chips import chip
from aurora.rules.trip import Trip

EVENT = "travel_planning_gate"
MOST_FIELDS = 4
_SAMPLE_PLACE = {"EN": "Tokyo", "CN": "东京"}


def question(missing: Sequence[str], lang: Lang) -> str:
    """Asks for what is missing, and only that."""
    where, when = "destination" in missing, any(name.endswith("_date") for name in missing)
    if lang == "CN":
        asks = "去哪里、哪天出发、哪天回来" if where and when else "去哪里" if where else "哪天出发、哪天回来"
        return f"好，出门的护肤我帮你按当地天气来安排。你打算{asks}？日期没定也没关系，我可以先按当季气候来。"
    asks = (
        "your destination and travel dates"
        if where and when
        else "your destination"
        if where
        else "your travel dates"
    )
    return (
        f"Let's fit your routine to the trip. Could you tell me {asks}? "
        "If they aren't fixed yet, I can go by the usual climate."
    )


def answers(known: Trip, lang: Lang, today: date) -> list[Chip]:
    """Three answers to tap: a sample place, sample dates, or no dates at all."""
    first, last = trip.sample_days(today)
    start, end = known.start_date or first.isoformat(), known.end_date or last.isoformat()
    return [
        chip("chip.travel.destination", lang, reply_text=_going(_SAMPLE_PLACE[lang], start, end, lang)),
        chip(
            "chip.travel.dates",
            lang,
            reply_text=_going(known.destination, first.isoformat(), last.isoformat(), lang),
        ),
        chip("chip.travel.climate_mode", lang, reply_text=_climate(known.destination, lang)),
    ]


def _going(place: str, start: str, end: str, lang: Lang) -> str:
    if lang == "CN":
        return f"我要去{place}，{start} 到 {end}。" if place else f"我的出行日期是 {start} 到 {end}。"
    return (
        f"I'm travelling to {place}, {start} to {end}." if place else f"My travel dates are {start} to {end}."
    )


def _climate(place: str, lang: Lang) -> str:
    if lang == "CN":
        return f"我要去{place}，日期没定，先按当季气候来。" if place else "旅行日期没定，先按当季气候来。"
    where = f"I'm travelling to {place}. " if place else "About my trip: "
    return f"{where}No fixed dates yet, go by the usual climate."
