"""The weather actor: its wire, what it reads, and every way in which the service may fail it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.actors.call import Call
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.house import weather_link
from aurora.actors.links import Reply
from aurora.actors.questions import FindPlace, Place, ReadForecast
from aurora.actors.weather import (
    MAX_BYTES,
    forecast_params,
    place_params,
    read_forecast,
    read_place,
    weather_handler,
)
from aurora.rules.climate import Outlook
from aurora.sandbox.weather import forecast, geocode
from aurora.settings import Settings
from tests.support.fakes import turn_for
from tests.support.raw_upstream import raw_upstream, says
from tests.support.sandbox import Served

PLAIN = Settings(breaker_enabled=False, travel_weather_live=True)
OSLO = FindPlace(name="Oslo")
DAYS = ReadForecast(latitude=59.91, longitude=10.75, start="2026-12-01", end="2026-12-05")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)


def reply(body: Any) -> Reply:
    return Reply(status=200, body=body, raw=b"")


async def asked(url: str, question: Any, *, seconds: float = 5.0, settings: Settings = PLAIN) -> Finding:
    async with (
        weather_link("geocoding", url, settings) as geocoding,
        weather_link("forecast", url, settings) as days,
    ):
        call = Call(question, turn_for(), trio.current_time() + seconds)
        return await weather_handler(geocoding, days)(call)


# --- reading


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (
            {"results": [{"name": "Oslo", "country": "Norway", "latitude": 59.91273, "longitude": 10.74609}]},
            Place(name="Oslo", country="Norway", latitude=59.91, longitude=10.75),
        ),
        (
            {"results": [{"latitude": "-33.9", "longitude": 151, "name": 5, "country": "A\x00B"}]},
            Place(name="", country="", latitude=-33.9, longitude=151.0),
        ),
        ({"results": []}, None),
        ({"generationtime_ms": 1}, None),
    ],
)
def test_a_place(body: Any, place: Place | None) -> None:
    finding = read_place(reply(body))
    assert isinstance(finding, Answer)
    assert finding.value == place


@pytest.mark.parametrize(
    "body",
    [
        [],
        "x",
        None,
        {"results": {}},
        {"results": [None]},
        {"results": [{}]},
        {"results": [{"latitude": 91, "longitude": 0}]},
        {"results": [{"latitude": 0, "longitude": 181}]},
        {"results": [{"latitude": True, "longitude": 0}]},
        {"results": [{"latitude": float("inf"), "longitude": 0}]},
    ],
)
def test_a_place_that_is_none_is_bad_shape(body: Any) -> None:
    finding = read_place(reply(body))
    assert isinstance(finding, Failure)
    assert finding.code == "bad_shape"


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        {},
        {"daily": None},
        {"daily": {}},
        {"daily": {"uv_index_max": []}},
        {"error": True, "reason": "x"},
    ],
)
def test_a_forecast_without_a_day_is_bad_shape(body: Any) -> None:
    finding = read_forecast(reply(body))
    assert isinstance(finding, Failure)
    assert finding.code == "bad_shape"


@settings(deadline=None)
@given(JSON)
def test_any_body_is_an_answer_or_a_failure_and_reads_the_same_twice(body: Any) -> None:
    raw = msgspec.json.encode(body)
    again = Reply(status=200, body=msgspec.json.decode(raw), raw=raw)
    for reader in (read_place, read_forecast):
        assert reader(again) == reader(Reply(status=200, body=body, raw=raw))


# --- the wire


async def test_the_service_hears_a_name_and_nothing_about_the_person() -> None:
    async with raw_upstream(says(geocode("Oslo"))) as upstream:
        finding = await asked(upstream.url, FindPlace(name="São Paulo"))
        assert isinstance(finding, Answer)
        line, _, head = upstream.requests[0].partition(b"\r\n")
        assert line == b"GET /v1/search?name=S%C3%A3o+Paulo&count=1&language=en&format=json HTTP/1.1"
        for told in (b"uid-1", b"req-1", b"trace-1", b"brief-1", b"x-request-id", b"x-trace-id"):
            assert told not in head.lower()


def test_a_forecast_is_asked_for_with_rounded_coordinates_and_the_contracts_columns() -> None:
    assert forecast_params(DAYS) == {
        "latitude": "59.91",
        "longitude": "10.75",
        "daily": "temperature_2m_max,temperature_2m_min,uv_index_max,relative_humidity_2m_mean,"
        "precipitation_sum,wind_speed_10m_max",
        "timezone": "auto",
        "start_date": "2026-12-01",
        "end_date": "2026-12-05",
    }
    assert place_params(OSLO)["count"] == "1"


async def test_the_understudy_answers_both_questions(sandbox: Served) -> None:
    found = await asked(sandbox.url, OSLO)
    assert isinstance(found, Answer)
    told = await asked(sandbox.url, DAYS)
    assert isinstance(told, Answer)
    assert isinstance(told.value, Outlook)
    assert told.value.days_count == 5
    nowhere = await asked(sandbox.url, FindPlace(name="Nowhere at all"))
    assert isinstance(nowhere, Answer)
    assert nowhere.value is None
    backwards = msgspec.structs.replace(DAYS, end="2026-11-01")
    refused = await asked(sandbox.url, backwards)
    assert isinstance(refused, Failure)
    assert (refused.code, refused.status) == ("http_4xx", 400)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("status=503", "http_5xx"), ("status=429", "http_4xx"), ("html", "not_json"),
        ("empty_body", "not_json"),
        ("truncated", "not_json"), ("array_root", "bad_shape"), ("scalar_root", "bad_shape"),
        ("wrong_types", "bad_shape"), ("redirect", "bad_shape"), ("reset", "reset"), ("close", "reset"),
        ("close_mid_body", "reset"), ("huge=1", "too_large"), ("deep=1000", "too_deep"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("question", [OSLO, DAYS], ids=["place", "forecast"])
async def test_every_misbehaviour_is_a_failure_of_the_actor(
    sandbox: Served, script: str, code: str, question: Any
) -> None:
    sandbox.state.script("weather", script, times=None)
    finding = await asked(sandbox.url, question)
    assert isinstance(finding, Failure)
    assert (finding.actor, finding.code) == ("weather", code)


@pytest.mark.parametrize("script", ["stall", "stall_body", "drip=1000"])
async def test_a_service_that_never_finishes_is_left_at_the_cap(sandbox: Served, script: str) -> None:
    sandbox.state.script("weather", script, times=None)
    finding = await asked(sandbox.url, OSLO, seconds=0.2)
    assert isinstance(finding, Failure)
    assert finding.code == "timeout"


async def test_no_more_is_read_than_a_forecast_can_be(sandbox: Served) -> None:
    padded = b'{"results":[],"x":"' + b"a" * MAX_BYTES + b'"}'
    sandbox.state.script("weather", "", times=None, body=padded)
    finding = await asked(sandbox.url, OSLO)
    assert isinstance(finding, Failure)
    assert finding.code == "too_large"


async def test_without_the_flag_nobody_is_asked(sandbox: Served) -> None:
    finding = await asked(sandbox.url, OSLO, settings=Settings())
    assert isinstance(finding, Failure)
    assert finding.code == "not_configured"
    assert sandbox.state.total == 0


# --- the understudy


def test_the_understudys_weather_has_seasons_and_never_changes() -> None:
    def high(latitude: float, day: str) -> float:
        params = forecast_params(ReadForecast(latitude=latitude, longitude=0, start=day, end=day))
        assert forecast(params) == forecast(params)
        return float(forecast(params)["daily"]["temperature_2m_max"][0])

    assert high(50, "2026-07-15") > high(50, "2026-01-15") + 15
    assert high(-50, "2026-01-15") > high(-50, "2026-07-15") + 15
    assert geocode("东京") == geocode("tokyo")
