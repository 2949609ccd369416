"""`aurora doctor` reaches for every upstream that is in use."""

from __future__ import annotations

import pytest

from aurora.doctor import examine
from aurora.settings import Settings

NOBODY = "http://127.0.0.1:1"


@pytest.mark.parametrize("live", [True, False])
async def test_the_weather_service_is_looked_for_only_where_it_is_asked(live: bool) -> None:
    settings = Settings(
        retention_days=0,
        travel_weather_live=live,
        weather_geocoding_base_url=NOBODY,
        weather_forecast_base_url=NOBODY,
    )
    found = {line.subject: line.mark for line in await examine(settings)}
    assert {"geocoding", "forecast"} & found.keys() == ({"geocoding", "forecast"} if live else set())
    assert found.get("geocoding") == ("BAD" if live else None)
