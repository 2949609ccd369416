"""One short warm line before an answer, fit for the time of day where the person is (contract B 17.1).

No time zone database: it differs from machine to machine, and a recorded turn must come out the same on each.
A region is the span of its clocks, summer and winter; a part of the day is named only if it is the same
everywhere in that span, else the line names none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from aurora.contract.envelope import Lang

PartOfDay = Literal["morning", "day", "evening", "night", "any"]

MAX_EN = 120
MAX_CN = 44

LINES: dict[Lang, dict[PartOfDay, tuple[str, ...]]] = {
    "EN": {
        "morning": (
            "Good morning, glad you're here.",
            "Good morning, let's make this an easy one.",
            "Good morning, let's start gently.",
        ),
        "day": (
            "Hello, I hope your day is going well.",
            "Hello, let's look at this together.",
            "Hi, good to see you today.",
        ),
        "evening": (
            "Good evening, glad you're here.",
            "Good evening, let's keep it simple.",
            "Good evening, I hope the day was kind to you.",
        ),
        "night": (
            "Hello, it's late, so let's keep this easy.",
            "Hi, late hours are fine too; let's take it easy.",
            "Hello there, a quiet hour is a good time for this.",
        ),
        "any": (
            "Hello, good to hear from you.",
            "Hello, let's look at this together.",
            "Hi, glad you're here.",
        ),
    },
    "CN": {
        "morning": ("早上好，很高兴见到你。", "早上好，今天也慢慢来。", "早上好，我们从简单的开始。"),
        "day": ("你好，希望你今天一切顺利。", "你好，我们一起看看。", "你好，今天也要好好照顾皮肤。"),
        "evening": ("你好，忙了一天，我们慢慢看。", "你好，辛苦一天了，我来看看。", "你好，我们简单一点。"),
        "night": ("你好，夜深了，我们简单聊聊。", "你好，夜里安静，慢慢看。", "你好，这么晚了，我陪你看看。"),
        "any": ("你好，很高兴见到你。", "你好，我们一起看看。", "你好，慢慢来，我陪你理一理。"),
    },
}  # fmt: skip

# Hours ahead of UTC, from the westmost winter to the eastmost summer clock. US: the mainland states.
_SPANS: dict[str, tuple[int, int]] = {
    "CN": (8, 8), "HK": (8, 8), "TW": (8, 8), "SG": (8, 8), "JP": (9, 9), "KR": (9, 9),
    "UK": (0, 1), "EU": (0, 3), "US": (-8, -4),
}  # fmt: skip
_NAMES: dict[str, str] = {
    "china": "CN", "mainland china": "CN", "中国": "CN", "中国大陆": "CN", "大陆": "CN",
    "hong kong": "HK", "香港": "HK", "中国香港": "HK", "taiwan": "TW", "台湾": "TW", "中国台湾": "TW",
    "singapore": "SG", "新加坡": "SG", "japan": "JP", "日本": "JP",
    "korea": "KR", "south korea": "KR", "韩国": "KR",
    "gb": "UK", "united kingdom": "UK", "england": "UK", "英国": "UK",
    "europe": "EU", "欧洲": "EU", "欧盟": "EU",
    "usa": "US", "united states": "US", "america": "US", "美国": "US",
}  # fmt: skip

# How a text opens that is warm by itself. Linear: anchored at the start, no gap.
_OPENERS = re.compile(
    r"\s*(?:(?:good (?:morning|afternoon|evening|day)|hello|hi|hey|welcome|thanks|thank you|happy to|glad"
    r"|sure|of course|got it)\b"
    r"|你好|您好|早上好|早安|上午好|中午好|下午好|晚上好|晚安|嗨|哈喽|欢迎|谢谢|好的|好，|收到|当然|可以的|没问题)",
    re.IGNORECASE | re.ASCII,
)
_GREETING_LINE: dict[Lang, re.Pattern[str]] = {
    "EN": re.compile(
        r"\s*(?:good (?:morning|afternoon|evening|day)|hello|hi|hey)(?: there| again)?[\s,.!。，！~]*\n\s*",
        re.IGNORECASE | re.ASCII,
    ),
    "CN": re.compile(
        r"\s*(?:你好|您好|早上好|早安|上午好|中午好|下午好|晚上好|嗨|哈喽)呀?[\s,.!。，！~]*\n\s*"
    ),
}
_OTHER: dict[Lang, Lang] = {"EN": "CN", "CN": "EN"}

# Nobody wants to be wished a good morning by bad news, or at each step of a questionnaire.
_NOT_BESIDE = frozenset({"safety_block", "timeout_degraded", "diagnosis_progress"})


def part_of_day(now: datetime, region: str | None, lang: Lang) -> PartOfDay:
    """The part of the day at `now` (UTC) in `region`; `any` where that is unknown or differs within it.

    Without a region, Chinese speakers are taken to live on China's clock, English speakers anywhere.
    """
    if region is None or not region.strip():
        span = _SPANS["CN"] if lang == "CN" else None
    else:
        named = region.strip()
        span = _SPANS.get(named.upper()) or _SPANS.get(_NAMES.get(named.lower(), ""))
    if span is None:
        return "any"
    parts = [_part((now.hour + ahead) % 24) for ahead in range(span[0], span[1] + 1)]
    return parts[0] if parts.count(parts[0]) == len(parts) else "any"


def _part(hour: int) -> PartOfDay:
    if 5 <= hour <= 10:
        return "morning"
    if 11 <= hour <= 16:
        return "day"
    return "evening" if 17 <= hour <= 21 else "night"


def line_for(lang: Lang, now: datetime, *, region: str | None, seed: str) -> str:
    """One of the lines for this moment; the same seed gives the same line."""
    part = part_of_day(now, region, lang)
    choices = LINES[lang][part]
    return choices[hashlib.sha256(f"{lang}|{part}|{seed}".encode()).digest()[0] % len(choices)]


def fits(cards: Sequence[tuple[str, Mapping[str, Any]]]) -> bool:
    """Is this an answer that may begin with a kind word? cards: (lower-cased type, payload)."""
    return not any(
        kind in ("confidence_notice", "diagnosis_gate", "error") and payload.get("reason") in _NOT_BESIDE
        for kind, payload in cards
    )


def greeted(text: str, line: str, lang: Lang) -> str:
    """`text` with `line` before it, unless it opens warmly by itself.

    A line that greets in the other language, as an upstream may write, is taken off first.
    """
    foreign = _GREETING_LINE[_OTHER[lang]].match(text)
    if foreign and text[foreign.end() :].strip():
        text = text[foreign.end() :]
    return text if _OPENERS.match(text) else f"{line}\n\n{text}"
