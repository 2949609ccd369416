"""Bootstrap as a function of what is remembered."""

from __future__ import annotations

import math
from typing import Any

import pytest

from aurora.contract.memory import Memory, Profile, SkinLog
from aurora.flows.session import bootstrap
from aurora.settings import Settings
from tests.support.fakes import FakeStore, Played, play, turn_for

BUDGET = ("bootstrap", 1500)


async def played(memory: Memory, **how: Any) -> Played:
    return await play(bootstrap, turn_for("bootstrap"), memory=memory, budget=BUDGET, **how)


def log_on(date: str) -> SkinLog:
    return SkinLog(id=f"id-{date}", date=date, acne=1, aurora_uid="uid-1", created_at="c", updated_at="u")


@pytest.mark.parametrize(
    ("profile", "logs", "returning", "due"),
    [
        (None, [], False, True),
        (Profile(), [], True, True),
        (None, [log_on("2026-11-24")], True, False),
        (None, [log_on("2026-11-23")], True, True),
        (None, [log_on("2026-11-25"), log_on("2026-11-24")], True, True),
        (Profile(skinType="oily"), [log_on("2026-11-24"), log_on("2026-11-20")], True, False),
    ],
)
async def test_returning_and_due(
    profile: Profile | None, logs: list[SkinLog], returning: bool, due: bool, autojump_clock: Any
) -> None:
    result = await played(Memory(profile=profile, recent_logs=logs))
    (payload,) = result.cards("session_bootstrap")
    patch = result.body["session_patch"]
    assert (payload["is_returning"], payload["checkin_due"]) == (returning, due)
    assert payload["db_ready"] is True
    assert {key: payload[key] for key in ("is_returning", "checkin_due", "recent_logs")} == {
        key: patch[key] for key in ("is_returning", "checkin_due", "recent_logs")
    }
    assert [entry["date"] for entry in payload["recent_logs"]] == [entry.date for entry in logs]
    assert result.text == ""
    assert patch["next_state"] == "IDLE_CHAT"


async def test_a_log_shows_whose_it_is_once(autojump_clock: Any) -> None:
    logs = [log_on("2026-11-24"), SkinLog(id="2", date="2026-11-23", user_id="usr_1")]
    guest, account = (await played(Memory(recent_logs=logs))).cards("session_bootstrap")[0]["recent_logs"]
    assert set(guest) == {
        "id", "aurora_uid", "date", "redness", "acne", "hydration", "notes", "targetProduct", "sensation",
        "created_at", "updated_at",
    }  # fmt: skip
    assert "aurora_uid" not in account
    assert account["user_id"] == "usr_1"


async def test_the_profile_comes_whole(autojump_clock: Any) -> None:
    routine = {"am": [{"step": "cleanser", "product": "x" * 5000}]}
    memory = Memory(profile=Profile(skinType="oily", currentRoutine=routine, itinerary="Trip next week"))
    result = await played(memory)
    shown = result.body["session_patch"]["profile"]
    assert len(shown) == 15
    assert shown["currentRoutine"] == routine
    assert shown["itinerary"] == "Trip next week"
    assert shown["pregnancy_status"] == "unknown"


async def test_without_the_v2_flag_the_five_facts_stay_home(autojump_clock: Any) -> None:
    memory = Memory(profile=Profile(skinType="oily", age_band="25_34"))
    result = await played(memory, settings=Settings(profile_v2_enabled=False))
    assert "age_band" not in result.cards("session_bootstrap")[0]["profile"]


async def test_a_store_that_hangs_is_cut_at_the_budget(autojump_clock: Any) -> None:
    store = FakeStore(read_ms=math.inf)
    result = await play(bootstrap, turn_for("bootstrap"), store=store, budget=BUDGET)
    assert result.elapsed_ms == 1500
    assert result.cards("session_bootstrap")[0]["db_ready"] is False
    assert result.finished.status == 200
