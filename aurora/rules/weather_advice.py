"""The text of an answer about weather or a trip, put together for one person (contract B 12.2, 12.3, 17.5).

Conclusion, three things to do, one about strong products; skin that is fragile or reactive hears another one
there. Never longer than a template may be.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules import forecast_texts, weather_texts
from aurora.rules.climate import Outlook, Source
from aurora.rules.env_stress import Care, care_of
from aurora.rules.exposure import Exposure
from aurora.rules.weather import Weather
from aurora.rules.weather_texts import ADVICE, pick
from aurora.rules.weather_words import UNKNOWN

MAX_TEXT = 465  # of the 520 that a template may have: a kind word may come before it
MAX_BULLETS = 6

_ABOUT_ACTIVES: dict[Care, weather_texts.Pair] = {
    "fragile": weather_texts.REST,
    "reactive": weather_texts.REACTIVE,
}

# Where four seasons are a safe thing to say, and on which side of the year.
_NORTH = frozenset({"CN", "JP", "KR", "UK", "GB", "EU", "US", "CA", "中国", "日本", "韩国", "英国", "美国"})
_SOUTH = frozenset({"AU", "NZ", "ZA", "AR", "CL", "UY"})
_SEASONS = ("winter", "spring", "summer", "autumn")


def advice(weather: Weather, profile: Profile | None, lang: Lang, *, now: datetime) -> str:
    """What to do in this weather."""
    said = ADVICE[weather.scenario]
    own = [pick(line, lang) for line in said.lines]
    more = [pick(_ABOUT_ACTIVES.get(care_of(profile), said.actives), lang)]
    if weather.extra is not None:
        more.append(pick(weather_texts.EXTRA[weather.extra], lang))
    elif weather.scenario == UNKNOWN and (season := season_of(now, profile, lang)) is not None:
        more.append(pick(weather_texts.SEASON[season], lang))
    kit = [pick(said.kit, lang)] if said.kit else []
    return _text(f"**{pick(said.lead, lang)}**", own, more, kit, lang)


def forecast_advice(
    weather: Weather,
    profile: Profile | None,
    lang: Lang,
    *,
    place: str,
    days: tuple[date, date],
    found: Exposure,
    outlook: Outlook,
    source: Source,
) -> str:
    """What to do where a destination is known: the index, morning, evening, what weighs most."""
    lead = forecast_texts.headline(place, days, found, outlook, source, lang)
    evening = forecast_texts.evening(found, care_of(profile), lang)
    own = [forecast_texts.morning(outlook, lang), evening]
    more = [forecast_texts.note(found, outlook, lang)]
    if weather.extra == "altitude":
        more.append(pick(weather_texts.EXTRA["altitude"], lang))
    return _text(lead, own, more, [], lang)


def season_of(now: datetime, profile: Profile | None, lang: Lang) -> str | None:
    """winter, spring, summer or autumn where the person lives; None where nobody can tell.

    Without a region, Chinese speakers are taken to live in China, English speakers anywhere.
    """
    region = (profile.region if profile is not None else None) or ("CN" if lang == "CN" else "")
    quarter = now.month % 12 // 3
    if region.strip().upper() in _NORTH:
        return _SEASONS[quarter]
    return _SEASONS[(quarter + 2) % 4] if region.strip().upper() in _SOUTH else None


def _text(lead: str, own: list[str], more: Iterable[str], kit: list[str], lang: Lang) -> str:
    """Lead, bullets, kit, offer. Lines of `more` that would be too much are left out, the last ones first."""
    extra = list(more)
    offer = pick(weather_texts.OFFER, lang)
    while True:
        bullets = [f"- {line}" for line in (*own, *extra)]
        text = "\n\n".join([lead, "\n".join(bullets), *kit, offer])
        if not extra or (len(text) <= MAX_TEXT and len(bullets) <= MAX_BULLETS):
            return text
        extra.pop()
