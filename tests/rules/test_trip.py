"""Trips in somebody's own words: destination and dates, and what is in force beside a stored plan."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules import travel_gate, trip
from aurora.rules.trip import Trip

TODAY = date(2026, 11, 24)

PLACES = [
    ("I'm flying to New York next week, what about my skin?", "New York"),
    ("trip to paris in may", "paris"),
    ("traveling to sao paulo for 5 days", "sao paulo"),
    ("weather in Oslo tomorrow", "Oslo"),
    ("My destination is Tokyo.", "Tokyo"),
    ("destination: reykjavik", "reykjavik"),
    ("I am going to Kuala Lumpur from 2026-12-01", "Kuala Lumpur"),
    ("Travelling to Rio de Janeiro and Buenos Aires", "Rio de Janeiro"),
    ("skiing in Niseko", "Niseko"),
    ("visiting Stratford-upon-Avon soon", "Stratford-upon-Avon"),
    ("a trip to St. Moritz", "St. Moritz"),
    ("I'm travelling to Rome. No fixed dates yet", "Rome"),
    ("what should I do to protect my skin in the snow", ""),
    ("How do I care for skin in January?", ""),
    ("what to pack for a trip to the mountains", ""),
    ("is it ok at night in winter", ""),
    ("I'm going to sleep", ""),
    ("moving to Berlin, how harsh is the winter", "Berlin"),
    ("我下周去东京出差，皮肤怎么护理？", "东京"),
    ("去三亚玩要怎么防晒", "三亚"),
    ("目的地是冰岛", "冰岛"),
    ("到哈尔滨滑雪要注意什么", "哈尔滨"),
    ("在北京现在天气干燥", "北京"),
    ("去 Paris 旅行", "Paris"),
    ("飞往纽约，2026-12-01至2026-12-05", "纽约"),
    ("下个月去新疆，紫外线强吗", "新疆"),
    ("我要去一趟成都", "成都"),
    ("去上海和杭州玩", "上海"),
    ("去西藏会晒伤吗", "西藏"),
    ("我到底该怎么护肤", ""),
    ("去户外要注意什么", ""),
    ("什么时候去海边好", ""),
    ("去年冬天皮肤很干", ""),
    ("在家怎么护肤", ""),
    ("要去旅行，帮我安排护肤", ""),
    ("我要去出差，皮肤怎么护", ""),
    ("去角质以后要怎么防晒", ""),
    ("感到很干怎么办", ""),
    ("我在用面霜，天气干怎么办", ""),
]


@pytest.mark.parametrize(("message", "place"), PLACES)
def test_destination(message: str, place: str) -> None:
    assert trip.read(message).destination == place


@pytest.mark.parametrize(
    ("message", "start", "end"),
    [
        ("2026-12-01", "2026-12-01", "2026-12-01"),
        ("from 2026-12-01 to 2026-12-05", "2026-12-01", "2026-12-05"),
        ("2026-12-01 - 2026-12-05", "2026-12-01", "2026-12-05"),
        ("2026-12-01~2026-12-05", "2026-12-01", "2026-12-05"),
        ("2026-12-01—2026-12-05", "2026-12-01", "2026-12-05"),
        ("2026-12-01到2026-12-05", "2026-12-01", "2026-12-05"),
        ("2026-12-05 to 2026-12-01", "2026-12-05", "2026-12-05"),
        ("2026-02-30 to 2026-12-01", "", ""),
        ("2026-02-30, rather 2026-03-01", "2026-03-01", "2026-03-01"),
        ("2026-12-01 to 2026-13-40", "2026-12-01", "2026-12-01"),
        ("order 12026-12-011", "", ""),
        ("next week", "", ""),
    ],
)
def test_dates(message: str, start: str, end: str) -> None:
    read = trip.read(message)
    assert (read.start_date, read.end_date) == (start, end)


def test_what_is_said_stands_over_what_is_stored() -> None:
    plan = {"destination": "Oslo", "start_date": "2026-12-01", "end_date": "2026-12-05"}
    assert trip.known(plan, Trip(), TODAY) == Trip(**plan)
    assert trip.known(plan, Trip(destination="Rome"), TODAY).destination == "Rome"
    moved = trip.known(plan, Trip(start_date="2027-01-02", end_date="2027-01-03"), TODAY)
    assert (moved.destination, moved.start_date, moved.end_date) == ("Oslo", "2027-01-02", "2027-01-03")


def test_a_trip_that_is_over_is_no_trip() -> None:
    over = {"destination": "Oslo", "start_date": "2026-11-01", "end_date": "2026-11-23"}
    assert trip.known(over, Trip(), TODAY).missing == ["destination", "start_date", "end_date"]
    last_day = {**over, "end_date": "2026-11-24"}
    assert trip.known(last_day, Trip(), TODAY).missing == []


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("", "", "2026-11-24", "2026-11-24"),
        ("2026-12-01", "", "2026-12-01", "2026-12-01"),
        ("2026-12-01", "2026-12-05", "2026-12-01", "2026-12-05"),
        ("2026-12-05", "2026-12-01", "2026-12-05", "2026-12-05"),
        ("2026-12-01", "2027-03-01", "2026-12-01", "2026-12-10"),
        ("2026-11-20", "2026-11-26", "2026-11-24", "2026-11-26"),
        ("soon", "later", "2026-11-24", "2026-11-24"),
    ],
)
def test_days_to_look_at(start: str, end: str, first: str, last: str) -> None:
    days = trip.days(Trip(start_date=start, end_date=end), TODAY)
    assert tuple(day.isoformat() for day in days) == (first, last)


def test_the_overlay_is_for_one_turn_and_keeps_the_rest_of_the_plan() -> None:
    stored = Profile(travel_plan={"destination": "Oslo", "indoor_outdoor_ratio": 0.5})
    seen = trip.overlay(stored, "trip to Rome, 2026-12-01 to 2026-12-03", TODAY)
    assert seen is not None
    assert seen.travel_plan == {
        "destination": "Rome",
        "start_date": "2026-12-01",
        "end_date": "2026-12-03",
        "indoor_outdoor_ratio": 0.5,
    }
    assert stored.travel_plan == {"destination": "Oslo", "indoor_outdoor_ratio": 0.5}
    assert trip.overlay(stored, "it snows", TODAY) is stored
    assert trip.overlay(None, "it snows", TODAY) is None


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    "known",
    [Trip(), Trip(destination="Rome"), Trip(start_date="2026-12-20", end_date="2026-12-22")],
)
def test_a_tapped_sample_is_a_whole_answer(lang: str, known: Trip) -> None:
    """The gate never asks again for what a tap has answered; sample dates follow the turn's own day."""
    place, dates, climate = travel_gate.answers(known, lang, TODAY)  # type: ignore[arg-type]  # a language
    read = trip.read(place.data["reply_text"])
    assert read.missing == []
    assert read.start_date == (known.start_date or "2026-12-01")
    when = trip.read(dates.data["reply_text"])
    assert (when.start_date, when.end_date) == ("2026-12-01", "2026-12-05")
    assert when.destination == known.destination
    assert trip.read(climate.data["reply_text"]).destination == known.destination


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_message_is_read_within_bounds(message: str) -> None:
    read = trip.read(message)
    assert len(read.destination) <= trip.DESTINATION_CAP
    first, last = trip.days(trip.known(None, read, TODAY), TODAY)
    assert TODAY <= first <= last
    assert (last - first).days < trip.MOST_DAYS


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(trip.FIELDS), st.none() | st.text(max_size=20) | st.integers(), max_size=3
    )
)
def test_any_stored_plan_gives_days(plan: dict[str, object]) -> None:
    first, last = trip.days(trip.known(plan, Trip(), TODAY), TODAY)
    assert TODAY <= first <= last
