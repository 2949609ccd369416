"""Is this about the weather or a trip, and which weather? (contract B 5, 6, 7 step 9, 12)"""

from __future__ import annotations

import msgspec

from aurora.rules import detectors, intents
from aurora.rules.request import ChatAsk
from aurora.rules.routine import actives
from aurora.rules.text import hit, pattern
from aurora.rules.weather_words import dirty_air, extra, outside, scenario

CLIMATE_CHIP = "chip.travel.climate_mode"
READ_CAP = 2000  # a letter that mentions the weather further down is about something else
INTENTS = frozenset({"travel_planning", "weather_env"})

# An ingredient that is asked about beats the weather beside it (B 5 REC), known active or not.
_INGREDIENT = pattern(
    r"\b(?:ingredients?|hyaluron\w{0,6}|ceramides?|panthenol|peptides?|squalane|glycerin\w?|urea"
    r"|zinc oxide|titanium|hydroquinone|isotretinoin|arbutin|bakuchiol|centella|spf ?\d+ or)\b"
    r"|成分|玻尿酸|透明质酸|神经酰胺|泛醇|胜肽|多肽|角鲨烷|甘油|尿素|积雪草|氢醌|熊果苷|补骨脂酚"
)

# Weather that the contract's list does not name.
_ALSO = pattern(
    r"\b(?:rainy|snowy|sunny|stormy|humid|muggy|freezing|frosty|smoggy) "
    r"(?:days?|weeks?|mornings?|seasons?|out|outside)\b"
    r"|\b(?:typhoon|monsoon|heatwave|smog|pollen|hay fever)\b"
    r"|梅雨|回南天|桑拿天|寒潮|台风|零下|沙尘|柳絮|大太阳"
)


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of it. scenario, extra: keys of `weather_texts.ADVICE` and `EXTRA`."""

    scenario: str
    extra: str | None
    dirty_air: bool | None


def asks(ask: ChatAsk) -> bool:
    """Is the answer to this one about weather or a trip?

    What was tapped decides before any word: the chips under a weather answer name the weather, and mean a
    routine or products. A question about one product, or about an ingredient, stays one in any weather.
    """
    seen = msgspec.structs.replace(ask, text=outside(ask.text[:READ_CAP]))
    intent = intents.canonical(seen)
    if intent.source == "action_id":
        # A chip that answers somebody else's question may have "weather" in its id.
        return intent.name in INTENTS and not (ask.action_id or "").startswith("chip.clarify.")
    text = seen.text
    if not (intent.name in INTENTS or detectors.asks_weather(text) or hit(text, _ALSO)):
        return False
    if detectors.asks_suitability(text) and (ask.anchor_id or ask.anchor_url):
        return False
    return not (hit(text, _INGREDIENT) or actives.named(text))


def read(text: str) -> Weather:
    """Scenario and what else is named. text: folded."""
    return Weather(scenario=scenario(text), extra=extra(text), dirty_air=dirty_air(text))
