"""Check-ins: what is kept of a request, what is said about it, how many come back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Memory, SkinLog
from aurora.contract.requests import TrackerLog
from aurora.flows.tracker import effective_days, log, logged, recent, sentence
from aurora.store.facts import SkinLogged
from tests.support.fakes import FakeStore, play, turn_for

BUDGET = ("write", 3000)
TODAY = "2026-11-24"


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ({}, TODAY),
        ({"date": "2026-01-02"}, "2026-01-02"),
        ({"date": "2031-01-02"}, "2031-01-02"),
        ({"date": "yesterday"}, TODAY),
        ({"date": "2026-1-2"}, TODAY),
        ({"date": " 2026-01-02"}, TODAY),
        ({"date": "２０２６-01-02"}, TODAY),
        ({"date": "2026-01-02\n"}, TODAY),
    ],
)
def test_the_day_of_a_log(said: dict[str, Any], date: str) -> None:
    assert logged(said, turn_for("tracker_log")).date == date


def test_what_was_not_sent_is_null_and_blank_texts_are_nothing() -> None:
    fact = logged(
        {"acne": 0, "notes": "  ", "sensation": "tight", "targetProduct": ""}, turn_for("tracker_log")
    )
    assert fact == SkinLogged(date=TODAY, acne=0, sensation="tight")


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        (None, 7), ("", 7), ("abc", 7), ("0", 7), ("0.9", 7), ("nan", 7), ("inf", 7), ("-inf", 7),
        ("1e999", 7), ("1", 1), ("7", 7), ("2.7", 2), ("30", 30), ("31", 30),
        ("1e9", 30), ("-3", 1), (" 5 ", 5), ([], 7),
    ],
)  # fmt: skip
def test_days_are_rows_truncated_and_clamped(raw: object, count: int) -> None:
    assert effective_days(raw) == count


@given(st.text() | st.floats() | st.integers())
def test_days_are_always_between_one_and_thirty(raw: object) -> None:
    assert 1 <= effective_days(raw) <= 30


@pytest.mark.parametrize(
    ("lang", "said", "is_today", "parts", "never"),
    [
        ("EN", {"redness": 1, "acne": 2, "hydration": 3}, True,
         ["today", "redness 1/5", "breakouts 2/5", "hydration 3/5"], [TODAY]),
        ("EN", {"acne": 0}, False, [TODAY, "breakouts 0/5"], ["today", "redness", "hydration"]),
        ("EN", {}, True, ["today"], ["/5", ":"]),
        ("CN", {"redness": 1, "acne": 2, "hydration": 3}, True,
         ["今天", "泛红 1/5", "痘痘 2/5", "水润度 3/5"], []),
        ("CN", {"hydration": 5}, False, [TODAY, "水润度 5/5"], ["今天", "泛红"]),
        ("CN", {}, True, ["今天"], ["：", "/5"]),
    ],
)  # fmt: skip
def test_the_sentence_repeats_what_was_said_and_concludes_nothing(
    lang: Any, said: dict[str, int], is_today: bool, parts: list[str], never: list[str]
) -> None:
    text = sentence(SkinLogged(date=TODAY, **said), lang, is_today=is_today)  # type: ignore[arg-type] # a table
    assert all(part in text for part in parts)
    assert not any(part in text for part in never)
    assert not any(word in text.lower() for word in ("dry", "hydrated", "干", "缺水")), (
        "hydration is a number"
    )


async def test_the_saved_log_comes_back_with_the_newest(autojump_clock: Any) -> None:
    stored = SkinLog(id="7", date=TODAY, acne=2, aurora_uid="uid-1", created_at="c", updated_at="u")
    turn = turn_for("tracker_log", TrackerLog(acne=2))
    result = await play(log, turn, memory=Memory(recent_logs=[stored]), budget=BUDGET)
    (payload,) = result.cards("tracker_log")
    assert payload["log"]["id"] == "7"
    assert payload["recent_logs"] == [payload["log"]]
    assert result.body["session_patch"]["checkin_due"] is False
    assert result.events("tracker_logged") == [{"date": TODAY}]
    assert result.facts == [SkinLogged(date=TODAY, acne=2)]
    assert result.text


async def test_a_log_of_long_ago_comes_back_though_it_is_not_among_the_newest(autojump_clock: Any) -> None:
    newest = [SkinLog(id=str(n), date=f"2026-11-{n}", aurora_uid="uid-1") for n in range(20, 13, -1)]
    turn = turn_for("tracker_log", TrackerLog(date="2020-01-01", redness=5))
    result = await play(log, turn, memory=Memory(recent_logs=newest), budget=BUDGET)
    (payload,) = result.cards("tracker_log")
    assert (payload["log"]["date"], payload["log"]["redness"]) == ("2020-01-01", 5)
    assert payload["log"]["aurora_uid"] == "uid-1"
    assert len(payload["recent_logs"]) == 7
    assert result.body["session_patch"]["checkin_due"] is True


async def test_recent_asks_for_as_many_rows_as_it_says(autojump_clock: Any) -> None:
    store = FakeStore(logs=[SkinLog(id=str(n), date=f"2026-11-{n:02}") for n in range(24, 0, -1)])
    turn = turn_for("tracker_recent", raw={"days": "3.9"})
    result = await play(recent, turn, store=store, budget=BUDGET)
    (payload,) = result.cards("tracker_recent")
    assert payload["days"] == 3
    assert [entry["date"] for entry in payload["logs"]] == ["2026-11-24", "2026-11-23", "2026-11-22"]
    assert result.events("tracker_loaded") == [{"days": 3}]
    assert result.body["session_patch"]["recent_logs"] == payload["logs"]
