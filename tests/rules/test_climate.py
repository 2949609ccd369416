"""Forecasts as figures, environmental pressure, and the words that rest on them (contract B 12.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.memory import Profile
from aurora.rules import climate, env_stress, exposure, forecast_texts, weather_advice, weather_texts
from aurora.rules.audit import MAX_MARKDOWN
from aurora.rules.climate import Outlook
from aurora.rules.weather import Weather

NOW = datetime(2026, 1, 15, 10, tzinfo=UTC)
DAYS = (date(2026, 1, 15), date(2026, 1, 20))
FRAGILE = Profile(barrierStatus="impaired")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=6), inner, max_size=5),
    max_leaves=30,
)
LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])


# --- the forecast


def test_a_forecast_in_figures() -> None:
    daily = {
        "time": ["2026-01-15", "2026-01-16"],
        "temperature_2m_max": [10.0, 13.05],
        "temperature_2m_min": [2.0, 3.0],
        "uv_index_max": [1.2, 3.46],
        "precipitation_sum": [0.0, 5.0],
        "wind_speed_10m_max": [12.0, 31.0],
        "relative_humidity_2m_mean": [60, 71],
    }
    assert climate.summary(daily) == Outlook(
        temp_max=11.5,
        temp_min=2.5,
        swing=9.0,
        uv_max=3.5,
        humidity=65.5,
        precipitation=2.5,
        wind_max=31.0,
        days_count=2,
    )


def test_what_nobody_measured_is_not_made_up() -> None:
    daily = {"uv_index_max": [None, "x", 4, True, float("nan"), 999], "temperature_2m_max": "warm"}
    assert climate.summary(daily) == Outlook(uv_max=4.0, days_count=1)


@pytest.mark.parametrize("daily", [None, [], "x", {}, {"uv_index_max": []}, {"uv_index_max": [None, 1e9]}])
def test_no_day_no_forecast(daily: Any) -> None:
    assert climate.summary(daily) is None


@pytest.mark.parametrize(
    ("month", "latitude", "high"),
    [
        (1, None, 8.0), (2, 40.0, 8.0), (3, None, 22.0), (5, None, 22.0), (6, None, 30.0), (9, None, 30.0),
        (10, None, 22.0), (11, None, 8.0), (12, 60.0, 8.0), (12, -34.0, 30.0), (7, -34.0, 8.0),
        (10, -10.0, 22.0),
    ],
)  # fmt: skip
def test_the_season_where_there_is_no_forecast(month: int, latitude: float | None, high: float) -> None:
    assert climate.usual(date(2026, month, 15), latitude).temp_max == high


# --- environmental pressure


PARTS = {
    ("humidity", "humidity"): (
        (80, 0.92), (79.9, 0.78), (70, 0.78), (60, 0.62), (45, 0.45), (44, 0.62), (35, 0.62), (34.9, 0.82),
        (None, 0.5),
    ),
    ("uv_max", "uv"): ((9, 1.0), (7, 0.86), (5, 0.66), (3, 0.44), (2.9, 0.24), (None, 0.4)),
    ("swing", "temp_swing"): ((14, 0.9), (10, 0.72), (7, 0.56), (4, 0.38), (0, 0.24), (None, 0.4)),
    ("wind_max", "wind"): ((35, 0.92), (25, 0.76), (18, 0.58), (12, 0.42), (0, 0.24), (None, 0.3)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "name", "value", "part"),
    [(figure, name, value, part) for (figure, name), steps in PARTS.items() for value, part in steps],
)
def test_each_part_goes_in_steps(figure: str, name: str, value: float | None, part: float) -> None:
    outlook = msgspec.structs.replace(Outlook(), **{figure: value})
    assert exposure.exposure(outlook, None, dirty_air=None).components[name] == part


@pytest.mark.parametrize(("dirty", "part"), [(True, 0.82), (False, 0.34), (None, 0.5)])
def test_pollution_is_what_the_message_says(dirty: bool | None, part: float) -> None:
    assert exposure.exposure(Outlook(), None, dirty_air=dirty).components["pollution"] == part


@pytest.mark.parametrize(
    ("profile", "weights"),
    [
        (None, {"uv": 0.28, "humidity": 0.20, "temp_swing": 0.20, "wind": 0.16, "pollution": 0.16}),
        (FRAGILE, {"uv": 0.18, "humidity": 0.14, "temp_swing": 0.26, "wind": 0.22, "pollution": 0.20}),
        (
            Profile(skinType="oily"),
            {"uv": 0.25, "humidity": 0.28, "temp_swing": 0.16, "wind": 0.13, "pollution": 0.18},
        ),
        (
            Profile(goals=["dark_spots"]),
            {"uv": 0.38, "humidity": 0.18, "temp_swing": 0.17, "wind": 0.13, "pollution": 0.14},
        ),
    ],
)
def test_weights_shift_with_the_person(profile: Profile | None, weights: dict[str, float]) -> None:
    assert exposure.weights_for(profile) == pytest.approx(weights)


@pytest.mark.parametrize(
    ("profile", "traits"),
    [
        (None, ()),
        (Profile(barrierStatus="Damaged"), ("fragile",)),
        (Profile(goals=["控油祛痘"]), ("oily",)),
        (Profile(goals=["fade 色沉"]), ("pigment",)),
        (
            Profile(skinType="oily", barrierStatus="impaired", goals=["acne", "brightening"]),
            ("fragile", "oily", "pigment"),
        ),
        (Profile(skinType="dry", goals=["hydration", "wrinkles"]), ()),
    ],
)
def test_what_shifts_the_weights(profile: Profile | None, traits: tuple[str, ...]) -> None:
    assert exposure.traits(profile) == traits


def test_a_summer_trip_by_hand() -> None:
    """uv 8, humidity 72, swing 7, wind 18, air not said: the contract's numbers, worked out on paper."""
    found = exposure.exposure(climate.usual(date(2026, 7, 1)), None, dirty_air=None)
    assert found.components == {
        "uv": 0.86, "humidity": 0.78, "temp_swing": 0.56, "wind": 0.58, "pollution": 0.5
    }  # fmt: skip
    assert found.epi == 68  # .28*.86 + .2*.78 + .2*.56 + .16*.58 + .16*.5 = .6816
    assert found.reco_weights == {
        "spf": 1.0, "barrier_repair": 0.79, "anti_inflammatory": 0.806, "exfoliation": 0.08
    }  # fmt: skip


# --- what is said


@LANGS
@pytest.mark.parametrize("profile", [None, FRAGILE, Profile(sensitivity="high"), Profile(region="AU")])
def test_advice_fits_a_template_whatever_the_weather(lang: Any, profile: Profile | None) -> None:
    for scenario in weather_texts.ADVICE:
        for extra in (None, *weather_texts.EXTRA):
            said = Weather(scenario=scenario, extra=extra, dirty_air=None)
            text = weather_advice.advice(said, profile, lang, now=NOW)
            assert len(text) <= MAX_MARKDOWN - 50, (scenario, extra, len(text))
            assert text.count("\n- ") <= weather_advice.MAX_BULLETS
            assert text.endswith(weather_texts.OFFER[lang == "CN"])


@LANGS
@pytest.mark.parametrize("scenario", list(weather_texts.ADVICE))
def test_a_fragile_barrier_hears_rest_and_nothing_else_about_strong_products(
    lang: Any, scenario: str
) -> None:
    said = Weather(scenario=scenario, extra=None, dirty_air=None)
    text = weather_advice.advice(said, FRAGILE, lang, now=NOW)
    assert weather_texts.REST[lang == "CN"] in text
    for actives in ("acids", "retinoid", "酸类", "维A"):
        assert text.count(actives) == weather_texts.REST[lang == "CN"].count(actives)
    reactive = weather_advice.advice(said, Profile(sensitivity="high"), lang, now=NOW)
    assert weather_texts.REACTIVE[lang == "CN"] in reactive


def test_snow_in_chinese_holds_what_the_old_tests_look_for() -> None:
    text = weather_advice.advice(Weather(scenario="snow", extra=None, dirty_air=None), None, "CN", now=NOW)
    for fragment in ("对应产品清单", "防晒", "润唇"):
        assert fragment in text


@pytest.mark.parametrize(
    ("lang", "profile", "month", "season"),
    [
        ("CN", None, 1, "winter"),
        ("CN", None, 4, "spring"),
        ("CN", Profile(region="AU"), 1, "summer"),
        ("EN", Profile(region="us"), 7, "summer"),
        ("EN", Profile(region="NZ"), 7, "winter"),
        ("EN", Profile(region="US"), 10, "autumn"),
        ("EN", None, 1, None),
        ("EN", Profile(region="SG"), 1, None),
    ],
)
def test_the_season_is_named_only_where_it_is_known(
    lang: Any, profile: Profile | None, month: int, season: str | None
) -> None:
    now = datetime(2026, month, 15, tzinfo=UTC)
    assert weather_advice.season_of(now, profile, lang) == season
    said = Weather(scenario="unknown", extra=None, dirty_air=None)
    text = weather_advice.advice(said, profile, lang, now=now)
    named = [name for name, line in weather_texts.SEASON.items() if line[lang == "CN"] in text]
    assert named == ([season] if season else [])


@LANGS
@pytest.mark.parametrize("source", ["weather_api", "climate_fallback"])
@pytest.mark.parametrize("profile", [None, FRAGILE, Profile(sensitivity="high", skinType="oily")])
def test_an_answer_with_a_forecast_says_place_days_index_source_morning_and_evening(
    lang: Any, source: Any, profile: Profile | None
) -> None:
    outlook = climate.usual(DAYS[0])
    found = exposure.exposure(outlook, profile, dirty_air=None)
    text = weather_advice.forecast_advice(
        Weather(scenario="travel", extra="altitude", dirty_air=None),
        profile,
        lang,
        place="Salvador da Bahia",
        days=DAYS,
        found=found,
        outlook=outlook,
        source=source,
    )
    assert len(text) <= MAX_MARKDOWN - 50
    assert f"{found.epi}/100" in text
    assert "Salvador da Bahia" in text
    assert ("1月15日至20日" if lang == "CN" else "15 to 20 Jan") in text
    assert any(word in text for word in (("实时预报",) if lang == "CN" else ("Live forecast",))) == (
        source == "weather_api"
    )
    assert f"{found.epi}/100**。" in text if lang == "CN" else f"{found.epi}/100.** " in text
    assert ("早：" in text and "晚：" in text) if lang == "CN" else ("AM: " in text and "PM: " in text)
    if profile is FRAGILE:
        assert ("不刺痛了再说" if lang == "CN" else "until nothing stings") in text


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("New  York\n", "New York"),
        ("**Oslo** [x](http://a)", "Oslo xhttp://a"),
        ("\x00\x1b[1mRome", "1mRome"),
        ("a" * 200, "a" * 60),
        ("<script>", "script"),
        ("  ", ""),
    ],
)
def test_a_place_name_cannot_format_the_answer(written: str, spoken: str) -> None:
    assert forecast_texts.spoken_place(written) == spoken


@settings(deadline=None)
@given(
    daily=st.dictionaries(st.sampled_from(climate.DAILY), st.lists(st.floats() | JSON, max_size=20) | JSON)
    | JSON,
    lang=st.sampled_from(["EN", "CN"]),
    barrier=st.sampled_from([None, "impaired", "healthy"]),
    dirty=st.sampled_from([True, False, None]),
)
def test_any_forecast_gives_a_lawful_card_and_a_text(daily: Any, lang: Any, barrier: Any, dirty: Any) -> None:
    outlook = climate.summary(daily)
    if outlook is None:
        return
    profile = Profile(barrierStatus=barrier)
    found = exposure.exposure(outlook, profile, dirty_air=dirty)
    payload = {
        **env_stress.local("travel", profile, logged=False, lang=lang),
        "epi": found.epi,
        "components": found.components,
        "reco_weights": found.reco_weights,
        "env_source": "weather_api",
        "travel_context": {"start": DAYS[0].isoformat(), "end": DAYS[1].isoformat()},
    }
    msgspec.convert(payload, CARD_PAYLOADS["env_stress"], strict=True)
    assert msgspec.json.decode(msgspec.json.encode(payload)) == payload
    text = weather_advice.forecast_advice(
        Weather(scenario="travel", extra=None, dirty_air=dirty),
        profile,
        lang,
        place="X",
        days=DAYS,
        found=found,
        outlook=outlook,
        source="weather_api",
    )
    assert 0 < len(text) <= MAX_MARKDOWN
    assert "nan" not in text
    assert "inf" not in text
