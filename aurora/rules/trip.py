"""A trip in somebody's own words: where to, and from when to when (contract B 5 entities, P6).

Read for one turn only, over what the profile already says; nothing here is written back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from aurora.contract.memory import Profile
from aurora.rules.text import strings_in

READ_CAP = 2000
DESTINATION_CAP = 100
MOST_DAYS = 10
FIELDS = ("destination", "start_date", "end_date")


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a trip. Dates are YYYY-MM-DD; "" is not known."""

    destination: str = ""
    start_date: str = ""
    end_date: str = ""

    @property
    def missing(self) -> list[str]:
        """Names of the fields that are not known, in the order in which they are asked for."""
        return [name for name in FIELDS if not getattr(self, name)]


_DAY = r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)"
_DAYS = re.compile(rf"({_DAY})(?:\s{{0,3}}(?:to|until|till|through|[-~–—至到])\s{{0,3}}({_DAY}))?", re.ASCII)

# Chinese: a verb of going, then the place, up to the first word that cannot belong to it.
_TO_CN = re.compile(
    r"(?:目的地(?:是|为|：|:)?|前往|飞往|飞到|飞|抵达|去往|去(?!年|掉|除|角质|屑|黑头|痘|印|红|油|皱)|(?<![感看听碰遇])到|在)"
    r"(?:一?趟|\s)?\s{0,2}"
)
_SIGNS_CN = r"A-Za-z\u3400-\u9fff·.\- "
_AFTER_CN = (
    r"出差|旅|玩|度假|滑雪|看|开会|上学|工作|待|呆|住|过|要|需|该|怎|如何|应|带|用|会|皮肤|护肤|的|了|之|前|后|吗|呢|吧|和|跟|与"
    r"|天气|气候|紫外|现在|最近|下周|下个?月|明|周|这|那|几天|冷|热|很|特别|比较|干|湿|晒|是|有|注意|准备"
)
_NAME_CN = re.compile(rf"[{_SIGNS_CN}]{{2,30}}?(?=[^{_SIGNS_CN}]|$|{_AFTER_CN})")
_NO_PLACE_CN = re.compile(
    r"哪|什么|怎|时候|底|了|位|户|室|家|外|路上|飞机|海边|雪地|班|公司|学校|晚上|早上|白天|[春夏秋冬]天|年底|月|周|这|那|我|脸"
    r"|皮肤|机场|屏障|医院|下雪|下雨|高原|旅[行游]|度假|滑雪|出差|游泳|爬山|用|涂|擦|敷|吃|喝|做|想|考虑|使用|于|意"
)

# English: a name with a capital after to, in, at; or any word after a word of travelling.
_CAPITALISED = r"[A-Z][A-Za-z'’-]{1,30}"
_NAME_EN = rf"(?:(?:St|Mt|Ft)\. )?{_CAPITALISED}(?: (?:de|da|di|la|le|los|del|of|the|{_CAPITALISED})){{0,4}}"
_CAPITAL_EN = re.compile(
    rf"\b(?:to|in|at|for|visit(?:ing)?|[Dd]estination(?: is|:)?)\s{{1,3}}({_NAME_EN})", re.ASCII
)
_MOVING_EN = re.compile(
    r"\b(?:travel(?:l?ing)?|trip|fly(?:ing)?|flight|vacation|holiday|weather|moving|heading|headed|days|week)"
    r"\s{1,3}(?:to|in|at)\s{1,3}([a-z][a-z' -]{1,40})",
    re.ASCII | re.IGNORECASE,
)
_DESTINATION_EN = re.compile(r"\bdestination(?: is|:)?\s{1,3}([a-z][a-z' -]{1,40})", re.ASCII | re.IGNORECASE)
_ENDS_EN = frozenset({
    "next", "this", "for", "on", "from", "in", "at", "to", "during", "with", "and", "what", "how", "when",
    "should", "tomorrow", "today", "soon", "until", "till", "or", "but", "so", "because", "if", "my", "i",
    "we", "is", "are", "will", "would", "can", "do", "does", "please", "where", "which", "the", "a", "an",
    "around", "about", "by", "after", "before", "over", "between", "as", "it",
})  # fmt: skip
_NO_PLACE_EN = frozenset({
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december", "spring", "summer", "autumn", "fall", "winter", "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday", "sunday", "am", "pm", "general", "summary", "protect", "help", "avoid",
    "keep", "use", "get", "be", "have", "make", "see", "the", "my", "a", "an", "i", "spf", "uv", "cold",
    "hot", "snow", "rain", "case", "order", "advance", "english", "chinese", "bed", "work", "home", "school",
    "night", "morning", "evening",
})  # fmt: skip


def read(message: str) -> Trip:
    """What the message says of a trip; words as they were written."""
    text = message[:READ_CAP]
    start, end = _dates(text)
    return Trip(destination=_destination(text), start_date=start, end_date=end)


def known(plan: Mapping[str, Any] | None, said: Trip, today: date) -> Trip:
    """The trip in force: what was said over what the profile holds. A plan that is over counts no more."""
    stored = {name: _text((plan or {}).get(name)) for name in FIELDS}
    ends = _date(stored["end_date"]) or _date(stored["start_date"])
    if ends is not None and ends < today:
        stored = dict.fromkeys(FIELDS, "")
    new_dates = bool(said.start_date)
    return Trip(
        destination=said.destination or stored["destination"],
        start_date=said.start_date if new_dates else stored["start_date"],
        end_date=said.end_date if new_dates else stored["end_date"],
    )


def overlay(profile: Profile | None, message: str, today: date) -> Profile | None:
    """The profile with the trip in force in place of its `travel_plan`, for one turn."""
    before = profile.travel_plan if profile is not None else None
    now = known(before, read(message), today)
    plan = {name: value for name in FIELDS if (value := getattr(now, name))}
    others = {key: value for key, value in (before or {}).items() if key not in FIELDS}
    if plan == {key: value for key, value in (before or {}).items() if key in FIELDS and value}:
        return profile
    return msgspec.structs.replace(profile or Profile(), travel_plan={**plan, **others} or None)


def days(trip: Trip, today: date) -> tuple[date, date]:
    """First and last day to look at (contract B 12.3): today where none is known, at most ten days."""
    start = max(_date(trip.start_date) or today, today)
    end = _date(trip.end_date) or start
    return start, min(max(end, start), start + timedelta(days=MOST_DAYS - 1))


def sample_days(today: date) -> tuple[date, date]:
    """The days that a sample answer names: a week from now, for five days."""
    return today + timedelta(days=7), today + timedelta(days=11)


def _dates(text: str) -> tuple[str, str]:
    for found in _DAYS.finditer(text):
        start = _date(found[1])
        if start is not None:
            end = _date(found[2] or "") or start
            return start.isoformat(), max(start, end).isoformat()
    return "", ""


def _destination(text: str) -> str:
    return (_destination_cn(text) or _destination_en(text))[:DESTINATION_CAP]


def _destination_cn(text: str) -> str:
    for verb in _TO_CN.finditer(text):
        found = _NAME_CN.match(text, verb.end())
        name = found[0].strip(" .-·") if found else ""
        if len(name) >= 2 and not _NO_PLACE_CN.match(name):
            return name
    return ""


def _destination_en(text: str) -> str:
    for pattern in (_DESTINATION_EN, _CAPITAL_EN, _MOVING_EN):
        for found in pattern.finditer(text):
            name = _place(found[1])
            if name:
                return name
    return ""


def _place(words: str) -> str:
    kept: list[str] = []
    for word in words.split():
        if word.lower() in _ENDS_EN:
            break
        kept.append(word)
    name = " ".join(kept).strip(" .'’-")
    return name if len(name) >= 2 and kept[0].lower() not in _NO_PLACE_EN else ""


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if len(value) == 10 else None
    except ValueError:
        return None


def _text(value: Any) -> str:
    return next(iter(strings_in([value], 1)), "")[:DESTINATION_CAP]
