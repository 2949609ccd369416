"""Which weather a message is about, in the contract's order (B 12.2), and what else it names.

The lists are read with care (B 5 REC): whole words, and only where they mean the sky. 防晒 is a product
and no sunshine, a cold sore no frost, dry skin no dry air, 水温 no forecast; bare 风 (风险, 风格) is nothing.
Every function takes folded text (`rules.text.fold`).
"""

from __future__ import annotations

import re

from aurora.rules.text import hit, pattern

# What looks like weather and is not.
_LOOKALIKES = pattern(
    r"\bcold (?:sores?|cream|press(?:ed)?|compress(?:es)?|water|rinse|spoons?)\b"
    r"|\b(?:have|had|has|got|caught|catch|getting) a (?:bad |head |common )?cold\b"
    r"(?! (?:winter|weather|wind|day|week|morning|climate|place|city|country|snap|spell|front|trip))"
    r"|\bthe common cold\b|\bsnow (?:mushrooms?|fungus|alga(?:e)?)\b|\b(?:uv|sun) filters?\b"
    r"|\b(?:uv|led) lamps?\b|\bsun ?(?:screens?|creams?|blocks?)\b|\bwind(?:ing)? down\b"
    r"|\bsecond wind\b|\bdry clean\w{0,3}\b"
    r"|\btravel[- ]?siz(?:ed?|es)\b|\btravel (?:kits?|sets?|pouch(?:es)?|bottles?)\b"
    r"|\bheat (?:pads?|protectants?|styling|tools?|mask|rash)\b"
    r"|水温|水的?温度|体温|交叉污染|旅行装|冷敷|冷静|冷白皮|冷萃|雪肤|雪花膏|雪融霜"
)

TRAVEL_EN = (
    r"travel(?:s|l?ing|l?ed)?|itinerar(?:y|ies)|destinations?|flights?|flying|trips?|vacations?|holidays?"
)
TRAVEL_CN = r"旅行|旅游|旅途|行程|目的地|航班|度假|出差|飞行|飞机|高原|海边"
_DRY_AIR = (
    r"\b(?:dry|arid) (?:air|heat|weather|climate|season|winter|cold|place|country|region|city)\b|\bdesert\b"
    r"|\b(?:air|weather|climate|it|outside|here) (?:is|gets|feels|was) (?:so |very |really )?dry\b"
    r"|\bit's (?:so |very |really )?dry\b"
    r"|(?:空气|天气|气候|环境|室内|屋里|暖气房|空调房|北方|秋天|冬天|秋冬|换季)[^，。！？\n]{0,6}干"
    r"|干燥的?(?:空气|天气|气候|环境|季节|地区|地方|北方|秋|冬)|又冷又干|干冷|冷空气"
)

_SCENARIOS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("snow", pattern(r"\bsnow|\bski(?:s|ing)?\b|下雪|雪天|大雪|雪地|滑雪")),
    ("rain", pattern(r"\brain(?:s|y|ed|ing|fall)?\b|storms?\b|\btyphoons?\b|下雨|雨天|暴雨|台风|梅雨")),
    ("uv", pattern(r"\buv[ab]?\b|\bsun(?:ny|shine|light|burn|burnt)?\b|紫外线|日晒|阳光|太阳|(?<!防)晒")),
    ("humid", pattern(r"\bhumid|\bmuggy\b|湿度|潮湿|闷热|回南天|桑拿天")),
    ("dry", pattern(_DRY_AIR)),
    ("cold", pattern(r"\bcold(?:er|est)?\b|\bfreez|\bfrost|\bchilly\b|冷|低温|降温|寒潮|零下")),
    ("wind", pattern(r"\bwind(?:s|y)?\b|\bgales?\b|大风|风大|刮风|吹风|寒风|海风|风沙|风(?:很|好|特别)大")),
    ("travel", pattern(rf"\b(?:{TRAVEL_EN})\b|{TRAVEL_CN}")),
)
UNKNOWN = "unknown"

_EXTRAS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("haze", pattern(r"\bsmog|\bhaz[ey]\b|\bpollut|\bwildfire|雾霾|霾|沙尘|风沙|扬尘|污染")),
    ("pollen", pattern(r"\bpollen|\bhay fever\b|花粉|柳絮|杨絮")),
    ("altitude", pattern(r"\baltitude\b|\bmountains?\b|高原|高海拔|高反")),
    ("heat", pattern(r"\bheat(?:waves?)?\b|\bhot\b|高温|热浪|酷暑|炎热|太热|很热")),
)
_CLEAN_AIR = pattern(
    r"\b(?:clean|clear|fresh) air\b|\bno (?:pollution|smog)\b|空气(?:很|特别|非常)?(?:好|清新|干净)"
)


def outside(text: str) -> str:
    """The text without what only looks like weather."""
    return _LOOKALIKES.sub(" ", text)


def scenario(text: str) -> str:
    """snow, rain, uv, humid, dry, cold, wind, travel, or unknown: the first that the text names."""
    seen = outside(text)
    return next((name for name, found in _SCENARIOS if found.search(seen)), UNKNOWN)


def extra(text: str) -> str | None:
    """haze, pollen, altitude or heat, if the text names one of them too."""
    seen = outside(text)
    return next((name for name, found in _EXTRAS if found.search(seen)), None)


def dirty_air(text: str) -> bool | None:
    """Is the air dirty: yes, no, or not said."""
    if hit(text, _CLEAN_AIR):
        return False
    return True if hit(outside(text), _EXTRAS[0][1]) else None
