"""What an answer says that rests on a forecast, or on the season in its place (contract B 12.3).

The index with its source, place and days; then morning, evening and one note.
"""

from __future__ import annotations

from datetime import date

from aurora.contract.envelope import Lang
from aurora.rules.climate import Outlook, Source
from aurora.rules.env_stress import Care
from aurora.rules.exposure import Exposure
from aurora.rules.weather_texts import Pair, pick

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# What weighs most, and from which part of it on it is worth a line.
_WORTH_A_NOTE = 0.6
_NOTES: dict[str, Pair] = {
    "uv": (
        "The sun is the main strain: hat, shade at noon, sunscreen again every two hours.",
        "主要压力是紫外线：戴帽子、中午躲荫，防晒每两小时补一次。",
    ),
    "temp_swing": (
        "Days and nights differ a lot: dress in layers, and carry a small cream.",
        "昼夜温差大：衣服穿脱方便些，随身带一小支面霜。",
    ),
    "wind": (
        "Wind is the main strain: cream before going out, scarf or mask on the way.",
        "主要压力是风：出门前涂好面霜，路上用围巾或口罩挡一挡。",
    ),
    "pollution": (
        "Dirty air: one thorough, gentle cleanse as soon as you are in.",
        "空气不太好：到住处先温和洗一次脸，洗干净就好。",
    ),
    "humid": (
        "Humid air: thin layers, and rinse sweat off with water.",
        "湿度高：涂薄一点，出汗用清水冲掉。",
    ),
    "dry": (
        "Dry air: moisturize on damp skin, and drink enough.",
        "空气干：脸微湿时就上保湿，多喝水。",
    ),
}
# Weights of the contract's formulas (0 to 1) from which on the evening changes.
_RICH_FROM = 0.75
_STRIP_BELOW = 0.25
_FRAGILE: Pair = (
    "no acids, retinoids or scrubs until nothing stings",
    "屏障偏脆弱，酸类、维A类、去角质都先停，不刺痛了再说",
)
_STRIP: Pair = ("leave acids and retinoids out", "酸类、维A类先停")
_EASE: Pair = ("go easier on acids and retinoids", "酸类、维A类减量")
_CALM: Pair = (
    "Nothing extreme ahead: keep to what your skin knows.",
    "整体比较平稳：照平时用惯的来就好。",
)
_NO_FORECAST: Pair = (
    "No forecast for it right now, so by the season",
    "暂时拿不到预报，先按当季的常年情况估算",
)
_FORECAST: Pair = ("Live forecast", "依据实时预报")


def headline(
    place: str, days: tuple[date, date], found: Exposure, outlook: Outlook, source: Source, lang: Lang
) -> str:
    """Index, source, place, days and the figures behind them, in one or two sentences. place: never empty."""
    lead = pick(_FORECAST if source == "weather_api" else _NO_FORECAST, lang)
    figures = _figures(outlook, lang)
    if lang == "CN":
        # The full stop stands outside: markdown closes no bold between 。 and a Chinese character.
        return f"**{place}，{_days_cn(*days)}：环境压力指数（EPI）{found.epi}/100**。{lead}：{figures}。"
    return f"**{place}, {_days_en(*days)}: environmental pressure (EPI) {found.epi}/100.** {lead}: {figures}."


def morning(outlook: Outlook, lang: Lang) -> str:
    """The AM step."""
    strong_sun = outlook.uv_max is not None and outlook.uv_max >= 5
    if lang == "CN":
        spf = "SPF50 防晒，在户外每两小时补" if strong_sun else "SPF30 以上的防晒"
        return f"早：温和洁面，{_layer(outlook, lang)}，{spf}。"
    spf = "SPF 50 every two hours outdoors" if strong_sun else "SPF 30 or more"
    return f"AM: gentle cleanse, {_layer(outlook, lang)}, {spf}."


def evening(found: Exposure, care: Care, lang: Lang) -> str:
    """The PM step; never an active, only how much of those in use to leave out. care: what the skin needs."""
    if found.reco_weights["barrier_repair"] >= _RICH_FROM:
        cream = pick(("a richer cream", "滋润的面霜，两颊薄补一层膏"), lang)
    else:
        cream = pick(("your usual moisturizer", "平时的保湿"), lang)
    strip = care == "reactive" or found.reco_weights["exfoliation"] < _STRIP_BELOW
    rest = pick(_FRAGILE if care == "fragile" else _STRIP if strip else _EASE, lang)
    return f"晚：温和洁面，{cream}；{rest}。" if lang == "CN" else f"PM: gentle cleanse, {cream}; {rest}."


def note(found: Exposure, outlook: Outlook, lang: Lang) -> str:
    """One line about what weighs most, or that nothing does."""
    name, part = max(found.components.items(), key=lambda each: each[1])
    if part < _WORTH_A_NOTE:
        return pick(_CALM, lang)
    if name == "humidity":
        name = "humid" if (outlook.humidity or 0) >= 60 else "dry"
    return pick(_NOTES[name], lang)


def spoken_place(words: str) -> str:
    """A place name as it may stand in markdown: one line, no marks that would format it."""
    kept = "".join(sign for sign in words if sign.isprintable() and sign not in "*_[]()<>`#|~\\")
    return " ".join(kept.split())[:60]


def _layer(outlook: Outlook, lang: Lang) -> str:
    humidity = outlook.humidity
    if humidity is not None and humidity >= 70:
        return pick(("a light lotion", "清爽的乳液"), lang)
    if humidity is not None and humidity < 45:
        return pick(("a rich cream", "滋润的面霜"), lang)
    return pick(("moisturizer", "保湿"), lang)


def _figures(outlook: Outlook, lang: Lang) -> str:
    low, high = outlook.temp_min, outlook.temp_max
    parts: list[str] = []
    if low is not None and high is not None:
        span = f"{round(low)}~{round(high)}°C" if lang == "CN" else f"{round(low)} to {round(high)} °C"
        parts.append(span)
    if outlook.uv_max is not None:
        parts.append(pick((f"UV up to {round(outlook.uv_max)}", f"紫外线最高 {round(outlook.uv_max)}"), lang))
    if outlook.humidity is not None:
        parts.append(
            pick((f"humidity {round(outlook.humidity)} %", f"湿度 {round(outlook.humidity)}%"), lang)
        )
    if outlook.wind_max is not None:
        wind = f"{round(outlook.wind_max)} km/h"
        parts.append(pick((f"wind up to {wind}", f"风速最高 {wind}"), lang))
    return ("，" if lang == "CN" else ", ").join(parts) or pick(("little is measured", "数据不多"), lang)


def _days_en(start: date, end: date) -> str:
    if start == end:
        return f"{start.day} {_MONTHS[start.month - 1]}"
    first = str(start.day) if start.month == end.month else f"{start.day} {_MONTHS[start.month - 1]}"
    return f"{first} to {end.day} {_MONTHS[end.month - 1]}"


def _days_cn(start: date, end: date) -> str:
    if start == end:
        return f"{start.month}月{start.day}日"
    last = f"{end.day}日" if start.month == end.month else f"{end.month}月{end.day}日"
    return f"{start.month}月{start.day}日至{last}"
