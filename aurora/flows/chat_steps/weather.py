"""What the weather, or a trip, asks of skin (contract B 7 step 9, 12). Needs no upstream to answer."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from aurora.actors.findings import Failure
from aurora.actors.questions import FindPlace, Place, ReadForecast
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import (
    chips,
    climate,
    env_stress,
    exposure,
    forecast_texts,
    trip,
    weather,
    weather_advice,
    weather_texts,
)
from aurora.rules.climate import Outlook, Source
from aurora.rules.trip import Trip
from aurora.rules.weather import Weather

# Contract B 12.3; each is min(own, what remains of the turn).
FIND_PLACE_CAP_MS = 1600
FORECAST_CAP_MS = 1800


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The weather that an answer rests on, and if it is not a forecast, why not."""

    outlook: Outlook
    source: Source
    reason: str | None = None


async def weather_answer(turn: ChatTurn) -> bool:
    """Advice for the weather that is named; with live weather on and a destination known, for that place."""
    if not weather.asks(turn.ask):
        return False
    said = weather.read(turn.ask.text)
    planned = trip_of(turn)
    place = forecast_texts.spoken_place(planned.destination)
    if not (turn.flags.travel_weather_live_v1 and place):
        return await turn.answer(_reply(turn, said))
    days = trip.days(planned, turn.stage.turn.now.date())
    turn.if_cut(_reply_for(turn, said, place, days, _usual(days, "forecast_timeout")))
    known = await _look_up(turn, place, days)
    return await turn.answer(_reply_for(turn, said, place, days, known))


def trip_of(turn: ChatTurn) -> Trip:
    """The trip in force for this turn: what the message says over what the profile holds."""
    plan = turn.profile.travel_plan if turn.profile is not None else None
    return trip.known(plan, trip.read(turn.ask.message), turn.stage.turn.now.date())


async def _look_up(turn: ChatTurn, name: str, days: tuple[date, date]) -> Known:
    """The forecast; where that fails, what the season brings, and why."""
    found = await turn.stage.ask(FindPlace(name=name, cap_ms=FIND_PLACE_CAP_MS))
    if not found.ok:
        return _usual(days, f"geocode_{_why(found)}")
    place: Place | None = found.value
    if place is None:
        return _usual(days, "geocode_no_results")
    start, end = days
    told = await turn.stage.ask(
        ReadForecast(
            latitude=place.latitude,
            longitude=place.longitude,
            start=start.isoformat(),
            end=end.isoformat(),
            cap_ms=FORECAST_CAP_MS,
        )
    )
    if not told.ok:
        return _usual(days, f"forecast_{_why(told)}", place.latitude)
    return Known(outlook=told.value, source="weather_api")


def _usual(days: tuple[date, date], reason: str, latitude: float | None = None) -> Known:
    return Known(outlook=climate.usual(days[0], latitude), source="climate_fallback", reason=reason)


def _why(failure: Failure) -> str:
    """http_N, timeout or network_error (contract B 12.3)."""
    if failure.code in ("http_4xx", "http_5xx") and failure.status is not None:
        return f"http_{failure.status}"
    return "timeout" if failure.code == "timeout" else "network_error"


def _reply(turn: ChatTurn, said: Weather) -> Reply:
    return _answered(
        turn,
        said,
        text=weather_advice.advice(said, turn.profile, turn.lang, now=turn.stage.turn.now),
        more={},
        told={},
    )


def _reply_for(turn: ChatTurn, said: Weather, place: str, days: tuple[date, date], known: Known) -> Reply:
    turn.env_source = known.source
    found = exposure.exposure(known.outlook, turn.profile, dirty_air=said.dirty_air)
    text = weather_advice.forecast_advice(
        said,
        turn.profile,
        turn.lang,
        place=place,
        days=days,
        found=found,
        outlook=known.outlook,
        source=known.source,
    )
    start, end = days
    more = {
        "epi": found.epi,
        "components": found.components,
        "reco_weights": found.reco_weights,
        "env_source": known.source,
        "travel_context": {"start": start.isoformat(), "end": end.isoformat()},
    }
    told = {"env_source": known.source, **({"env_reason": known.reason} if known.reason else {})}
    return _answered(turn, said, text=text, more=more, told=told)


def _answered(
    turn: ChatTurn, said: Weather, *, text: str, more: dict[str, Any], told: dict[str, Any]
) -> Reply:
    payload = env_stress.local(
        said.scenario, turn.profile, logged=bool(turn.memory.recent_logs), lang=turn.lang
    )
    name = weather_texts.pick(weather_texts.SCENARIO_NAME[said.scenario], turn.lang)
    return Reply(
        say=text,
        format="markdown",
        cards=[ReplyCard("env", "env_stress", {**payload, **more})],
        chips=[
            chips.chip(
                "chip.start.routine", turn.lang, reply_text=weather_texts.routine_for(name, turn.lang)
            ),
            chips.chip(
                "chip.start.reco_products", turn.lang, reply_text=weather_texts.picks_for(name, turn.lang)
            ),
        ],
        events=[("value_moment", {"kind": "weather_advice", "scenario": said.scenario, **told})],
    )
