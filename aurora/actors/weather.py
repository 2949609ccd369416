"""The weather actor: where a place is, and the forecast of some days there, in Open-Meteo's shape (B 12.3).

The service is a third party: it is told a place name and rounded coordinates, no id of the person or turn.
"""

from __future__ import annotations

from typing import Any

from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.links import Link, Reply
from aurora.actors.questions import FindPlace, Place, ReadForecast
from aurora.rules import climate
from aurora.rules.text import strings_in
from aurora.rules.treatment import numeric

NAME = "weather"
GEOCODING_PATH = "/v1/search"
FORECAST_PATH = "/v1/forecast"
MAX_BYTES = 256 * 1024  # ten days are less than 2 kB
_NAME_CAP = 80
# About a kilometre: finer than any forecast, and no address.
_DECIMALS = 2


def weather_handler(geocoding: Link, forecast: Link) -> Handler:
    """Handler of FindPlace over `geocoding` and of ReadForecast over `forecast`: one attempt each, within the
    question's own cap.
    """

    async def handle(call: Call) -> Finding:
        question = call.question
        if isinstance(question, FindPlace):
            params = place_params(question)
            return read_place(
                await geocoding.call("GET", GEOCODING_PATH, params=params, deadline=call.deadline)
            )
        if isinstance(question, ReadForecast):
            params = forecast_params(question)
            return read_forecast(
                await forecast.call("GET", FORECAST_PATH, params=params, deadline=call.deadline)
            )
        raise TypeError(f"weather cannot answer {type(question).__name__}")

    return handle


def place_params(question: FindPlace) -> dict[str, str]:
    """The query parameters of a look-up."""
    return {"name": question.name, "count": "1", "language": "en", "format": "json"}


def forecast_params(question: ReadForecast) -> dict[str, str]:
    """The query parameters of a forecast."""
    return {
        "latitude": f"{question.latitude:.{_DECIMALS}f}",
        "longitude": f"{question.longitude:.{_DECIMALS}f}",
        "daily": ",".join(climate.DAILY),
        "timezone": "auto",
        "start_date": question.start,
        "end_date": question.end,
    }


def read_place(outcome: Reply | Failure) -> Finding:
    """A Place, or None where nobody knows the name. A body without a usable first result is `bad_shape`."""
    if isinstance(outcome, Failure):
        return _ours(outcome)
    body = outcome.body
    results = body.get("results", []) if isinstance(body, dict) else None
    if not isinstance(results, list):
        return Failure(actor=NAME, code="bad_shape", status=outcome.status)
    if not results:
        return Answer(actor=NAME, value=None, raw=outcome.raw)
    place = _place(results[0])
    if place is None:
        return Failure(actor=NAME, code="bad_shape", status=outcome.status)
    return Answer(actor=NAME, value=place, raw=outcome.raw)


def read_forecast(outcome: Reply | Failure) -> Finding:
    """A `rules.climate.Outlook`. A body without a single measured day is `bad_shape`."""
    if isinstance(outcome, Failure):
        return _ours(outcome)
    body = outcome.body
    outlook = climate.summary(body.get("daily")) if isinstance(body, dict) else None
    if outlook is None:
        return Failure(actor=NAME, code="bad_shape", status=outcome.status)
    return Answer(actor=NAME, value=outlook, raw=outcome.raw)


def _place(result: Any) -> Place | None:
    if not isinstance(result, dict):
        return None
    latitude, longitude = numeric(result.get("latitude")), numeric(result.get("longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Place(
        name=_name(result.get("name")),
        country=_name(result.get("country")),
        latitude=round(latitude, _DECIMALS),
        longitude=round(longitude, _DECIMALS),
    )


def _name(value: Any) -> str:
    text = next(iter(strings_in([value], 1)), "")[:_NAME_CAP]
    return text if text.isprintable() else ""


def _ours(failure: Failure) -> Failure:
    """The link's failure under the name of the actor: two links, one actor."""
    return Failure(actor=NAME, code=failure.code, status=failure.status, detail=failure.detail)
