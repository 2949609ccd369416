"""Weather and travel in the chat: advice without any upstream, a forecast where one is allowed (B 12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from aurora.actors.findings import Failure, Finding
from aurora.actors.links import Reply
from aurora.actors.questions import FindPlace, ReadForecast
from aurora.actors.weather import read_forecast, read_place
from aurora.contract.memory import Profile
from aurora.replay.bundle import TurnLine
from aurora.replay.model import of_record
from aurora.replay.player import Player
from aurora.replay.redact import Redactor
from aurora.replay.verify import verify
from aurora.rules import climate
from aurora.rules.weather_texts import REST
from aurora.settings import Settings
from aurora.store.port import StoreError, TraceRecord
from tests.flows.chat_kit import CORE, RECO, known, talk
from tests.rules.test_weather import CN, EN
from tests.support.fakes import NEVER, FakeStore, Played, after

LIVE = Settings(travel_weather_live=True)
PLANNER = Settings(qa_planner_v1=True)


def said(reader: Callable[[Reply], Finding], body: dict[str, Any]) -> Finding:
    """An answer as the actor makes it of what the service sent, which is what a trace keeps."""
    return reader(Reply(status=200, body=body, raw=msgspec.json.encode(body)))


def place(name: str, latitude: float, longitude: float) -> Finding:
    return said(read_place, {"results": [{"name": name, "latitude": latitude, "longitude": longitude}]})


TOKYO = place("Tokyo", 35.6895, 139.69171)
NOWHERE = said(read_place, {"generationtime_ms": 0.5})
SUNNY = said(
    read_forecast,
    {
        "daily": {
            "temperature_2m_max": [31.0, 31.3],
            "temperature_2m_min": [24.7, 25.0],
            "uv_index_max": [8.85, 9.4],
            "relative_humidity_2m_mean": [77, 79],
            "precipitation_sum": [0.1, 0.3],
            "wind_speed_10m_max": [11.2, 14.0],
        }
    },
)
TRIP = "I'm travelling to Tokyo, 2026-12-01 to 2026-12-05. How do I keep my skin calm?"
LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])
SNOW = {"EN": "It will snow tomorrow, what should I watch out for?", "CN": "明天要下雪，我应该注意什么？"}


def upstreams(played: Played) -> list[str]:
    return [type(question).__name__ for question in played.asked if question.actor != "memory"]


def payload(played: Played) -> dict[str, Any]:
    (card,) = played.cards("env_stress")
    return card


# --- without any upstream


@LANGS
@pytest.mark.parametrize("state", ["IDLE_CHAT", "DIAG_PROFILE", "RECO_RESULTS"])
async def test_weather_is_answered_by_ourselves_wherever_the_client_stands(
    autojump_clock: Any, lang: str, state: str
) -> None:
    played = await talk({"message": SNOW[lang], "client_state": state}, lang=lang)
    card = payload(played)
    assert card["schema_version"] == "aurora.ui.env_stress.v1"
    assert (card["ess"], card["tier"]) == (53, "Medium")
    assert played.events("value_moment") == [{"kind": "weather_advice", "scenario": "snow"}]
    assert played.chip_ids[:2] == ["chip.start.routine", "chip.start.reco_products"]
    assert all(
        ("下雪天" if lang == "CN" else "snowy") in chip["data"]["reply_text"]
        for chip in played.body["suggested_chips"][:2]
    )
    assert upstreams(played) == []
    assert "profile" not in played.body["session_patch"]


async def test_a_fragile_barrier_is_seen_in_card_and_words(autojump_clock: Any) -> None:
    memory = known(Profile(barrierStatus="impaired", sensitivity="high"))
    played = await talk({"message": SNOW["EN"]}, memory=memory)
    assert payload(played)["ess"] == 100
    assert payload(played)["tier"] == "High"
    assert REST[0] in played.text


async def test_weather_is_answered_while_the_store_is_away(autojump_clock: Any) -> None:
    played = await talk({"message": SNOW["CN"]}, lang="CN", store=FakeStore(error=StoreError("unavailable")))
    assert payload(played)["ess"] == 53
    assert any("recent_logs" in note for note in payload(played)["notes"])


async def test_a_tap_below_a_weather_answer_leads_on_to_picks_not_back_to_the_weather(
    autojump_clock: Any,
) -> None:
    first = await talk({"message": SNOW["EN"]})
    chip = first.body["suggested_chips"][1]
    tap = {"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]}
    played = await talk({"action": tap})
    assert played.card_types == ["diagnosis_gate"]


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "table"), [("EN", EN), ("CN", CN)])
async def test_no_step_before_it_takes_a_weather_question_away(
    autojump_clock: Any, lang: str, table: list[tuple[str, str | None]]
) -> None:
    """Every sentence of the rules' tables, through all the steps."""
    for text, scenario in table:
        played = await talk({"message": text}, lang=lang, memory=known(CORE))
        told = [event.get("scenario") for event in played.events("value_moment")]
        assert (scenario in told) if scenario else not played.cards("env_stress"), text


@pytest.mark.parametrize(
    "message",
    ["Should I start retinol next week?", "there is a risk in the louvre", "我的皮肤很干燥", "有什么风险"],
)
async def test_what_only_looks_like_weather_goes_on(autojump_clock: Any, message: str) -> None:
    assert (await talk({"message": message})).cards("env_stress") == []


async def test_picks_asked_for_by_tap_are_picks_whatever_the_weather(autojump_clock: Any) -> None:
    played = await talk({"message": "for cold weather", "action": RECO})
    assert played.cards("env_stress") == []


# --- live


def live(**answers: Any) -> dict[Any, Any]:
    found = {FindPlace: after(100, TOKYO), ReadForecast: after(200, SUNNY)}
    names = {"place": FindPlace, "forecast": ReadForecast}
    return {**found, **{names[name]: what for name, what in answers.items()}}


@LANGS
async def test_a_forecast_of_the_destination(autojump_clock: Any, lang: str) -> None:
    message = TRIP if lang == "EN" else "我要去东京旅行，2026-12-01 到 2026-12-05，皮肤怎么护？"
    played = await talk({"message": message}, lang=lang, settings=LIVE, answers=live())
    card = payload(played)
    assert card["env_source"] == "weather_api"
    assert card["travel_context"] == {"start": "2026-12-01", "end": "2026-12-05"}
    assert card["components"] == {
        "uv": 1.0,
        "humidity": 0.78,
        "temp_swing": 0.38,
        "wind": 0.42,
        "pollution": 0.5,
    }
    assert card["epi"] == 66  # .28 + .2*.78 + .2*.38 + .16*.42 + .16*.5 = .6592
    assert card["reco_weights"]["spf"] == 1.0
    assert played.events("value_moment") == [
        {"kind": "weather_advice", "scenario": "travel", "env_source": "weather_api"}
    ]
    assert "66/100" in played.text
    assert ("东京" if lang == "CN" else "Tokyo") in played.text
    name, days = [question for question in played.asked if question.actor == "weather"]
    assert name == FindPlace(name="东京" if lang == "CN" else "Tokyo", cap_ms=1600)
    assert days == ReadForecast(
        latitude=35.69, longitude=139.69, start="2026-12-01", end="2026-12-05", cap_ms=1800
    )


async def test_a_stored_plan_is_enough(autojump_clock: Any) -> None:
    stored = Profile(
        travel_plan={"destination": "Tokyo", "start_date": "2026-11-20", "end_date": "2026-12-20"}
    )
    played = await talk(
        {"message": "packing for my trip"}, settings=LIVE, answers=live(), memory=known(stored)
    )
    assert payload(played)["env_source"] == "weather_api"
    assert payload(played)["travel_context"] == {"start": "2026-11-24", "end": "2026-12-03"}


@pytest.mark.parametrize("settings", [Settings(), LIVE])
async def test_without_flag_or_destination_nobody_is_asked(autojump_clock: Any, settings: Settings) -> None:
    message = TRIP if not settings.travel_weather_live else "I'm going on a trip, what about my skin?"
    played = await talk({"message": message}, settings=settings, answers=live())
    assert upstreams(played) == []
    assert "epi" not in payload(played)


def failed(code: Any, status: int | None = None) -> Failure:
    return Failure(actor="weather", code=code, status=status)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"place": failed("http_5xx", 503)}, "geocode_http_503"),
        ({"place": failed("http_4xx", 429)}, "geocode_http_429"),
        ({"place": failed("timeout")}, "geocode_timeout"),
        ({"place": failed("dns")}, "geocode_network_error"),
        ({"place": failed("breaker_open")}, "geocode_network_error"),
        ({"place": failed("too_large", 200)}, "geocode_network_error"),
        ({"place": after(10, NOWHERE)}, "geocode_no_results"),
        ({"forecast": failed("http_4xx", 400)}, "forecast_http_400"),
        ({"forecast": failed("timeout")}, "forecast_timeout"),
        ({"forecast": failed("reset")}, "forecast_network_error"),
        ({"forecast": failed("bad_shape", 200)}, "forecast_network_error"),
        ({"place": NEVER}, "geocode_timeout"),
        ({"forecast": NEVER}, "forecast_timeout"),
    ],
)
async def test_without_a_forecast_the_season_has_to_do_and_the_reason_is_told(
    autojump_clock: Any, answers: dict[str, Any], reason: str
) -> None:
    played = await talk({"message": TRIP}, settings=LIVE, answers=live(**answers))
    card = payload(played)
    assert card["env_source"] == "climate_fallback"
    assert card["epi"] == 59  # December: .28*.66 + .2*.45 + .2*.72 + .16*.58 + .16*.5 = .5916
    (event,) = played.events("value_moment")
    assert (event["env_source"], event["env_reason"]) == ("climate_fallback", reason)
    assert "by the season" in played.text


async def test_each_call_ends_at_its_own_cap(autojump_clock: Any) -> None:
    slow = await talk({"message": TRIP}, settings=LIVE, answers=live(place=NEVER))
    assert slow.elapsed_ms == pytest.approx(1600, abs=5)
    slower = await talk(
        {"message": TRIP}, settings=LIVE, answers=live(place=after(1599, TOKYO), forecast=NEVER)
    )
    assert slower.elapsed_ms == pytest.approx(1599 + 1800, abs=5)


async def test_the_turns_budget_is_shorter_than_both_caps(autojump_clock: Any) -> None:
    """Cut in the middle of the look-up, the answer by the season leaves at once."""
    tight = Settings(travel_weather_live=True, chat_budget_ms=1000)
    played = await talk({"message": TRIP}, settings=tight, answers=live(place=NEVER))
    assert played.elapsed_ms == 1000
    assert payload(played)["env_source"] == "climate_fallback"
    assert "Tokyo" in played.text
    assert played.body["suggested_chips"][0]["chip_id"] == "chip.start.routine"


async def test_south_of_the_tropics_the_seasons_are_turned_around(autojump_clock: Any) -> None:
    sydney = place("Sydney", -33.87, 151.21)
    played = await talk(
        {"message": "I'm travelling to Sydney, 2027-01-02 to 2027-01-05"},
        settings=LIVE,
        answers=live(place=after(5, sydney), forecast=failed("timeout")),
    )
    assert "24 to 30 °C" in played.text


@LANGS
async def test_a_forecast_of_odd_numbers_is_played_again_to_the_byte(autojump_clock: Any, lang: str) -> None:
    """Long fractions go through the trace's JSON and the sums; what leaves is rounded once."""
    odd = [0.1 + 0.2, 2 / 3, 1e-17, 13.999999999999998, None, 35.00000000000001]
    body = {"daily": dict.fromkeys(climate.DAILY, odd)}
    played = await talk(
        {"message": TRIP}, lang=lang, settings=LIVE, answers=live(forecast=said(read_forecast, body))
    )
    assert payload(played)["env_source"] == "weather_api"
    raw = msgspec.json.decode(msgspec.json.encode(played.trace))
    again = verify(of_record(msgspec.convert(raw, TraceRecord)), Player())
    assert (again.verdict, again.differences) == ("same", [])


@LANGS
async def test_a_redacted_recording_of_a_trip_still_plays_in_shape(autojump_clock: Any, lang: str) -> None:
    """The place is a pseudonym then, and is still read as a place."""
    message = {
        "EN": "I'm flying to Zanzibar, 2026-12-01 to 2026-12-05",
        "CN": "我要去桑给巴尔旅行，2026-12-01 到 2026-12-05",
    }[lang]
    played = await talk({"message": message}, lang=lang, settings=LIVE, answers=live())
    record = played.trace
    plain = msgspec.json.encode(record.events)
    line = TurnLine(
        **{name: getattr(record, name) for name in TurnLine.__struct_fields__ if name != "events"},
        events=msgspec.Raw(plain),
    )
    hidden = Redactor(b"k" * 32).turn(line)
    assert ("Zanzibar" if lang == "EN" else "桑给巴尔").encode() in plain
    assert ("Zanzibar" if lang == "EN" else "桑给巴尔").encode() not in bytes(hidden.events)
    again = msgspec.structs.replace(record, events=msgspec.json.decode(bytes(hidden.events)))
    report = verify(of_record(again), Player(), shape_only=True)
    assert (report.verdict, report.differences) == ("same", [])


# --- the travel gate


@LANGS
async def test_the_gate_asks_where_and_when(autojump_clock: Any, lang: str) -> None:
    message = "Help me plan skincare for a trip" if lang == "EN" else "要去旅行，帮我安排护肤"
    played = await talk({"message": message}, lang=lang, settings=PLANNER)
    assert played.events("travel_planning_gate") == [
        {"missing_fields": ["travel_plan.destination", "travel_plan.start_date", "travel_plan.end_date"]}
    ]
    assert played.chip_ids == ["chip.travel.destination", "chip.travel.dates", "chip.travel.climate_mode"]
    assert played.cards("env_stress") == []
    if lang == "EN":
        assert "destination" in played.text
        assert "travel dates" in played.text
    assert "2026-12-01" in played.body["suggested_chips"][0]["data"]["reply_text"]
    assert upstreams(played) == []


async def test_only_what_is_missing_is_asked_for(autojump_clock: Any) -> None:
    played = await talk({"message": "I'm on a trip to Tokyo"}, settings=PLANNER)
    assert played.events("travel_planning_gate") == [
        {"missing_fields": ["travel_plan.start_date", "travel_plan.end_date"]}
    ]
    assert "destination" not in played.text
    again = played.body["suggested_chips"][1]["data"]["reply_text"]
    done = await talk({"message": again}, settings=PLANNER)
    assert done.events("travel_planning_gate") == []
    assert payload(done)["ess"] == 47


@pytest.mark.parametrize("number", [0, 2])
async def test_one_tap_answers_the_gate(autojump_clock: Any, number: int) -> None:
    asked = await talk({"message": "Help me plan skincare for a trip"}, settings=PLANNER)
    chip = asked.body["suggested_chips"][number]
    tap = {"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]}
    played = await talk({"action": tap}, settings=PLANNER)
    assert played.events("travel_planning_gate") == []
    assert payload(played)["tier"] == "Medium"


async def test_a_complete_plan_passes_the_gate(autojump_clock: Any) -> None:
    assert (await talk({"message": TRIP}, settings=PLANNER)).events("travel_planning_gate") == []


async def test_the_overlay_of_a_trip_is_not_stored(autojump_clock: Any) -> None:
    played = await talk({"message": TRIP}, memory=known(CORE))
    assert played.facts == []


async def test_without_a_planner_nobody_is_asked(autojump_clock: Any) -> None:
    played = await talk({"message": "Help me plan skincare for a trip"})
    assert payload(played)["ess"] == 47
