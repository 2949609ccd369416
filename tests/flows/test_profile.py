"""Profile facts said and taken back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.actors.questions import Erase, EraseAccount, ForgetPhotos
from aurora.contract.memory import Memory, Profile
from aurora.contract.requests import ProfileUpdate, TravelPlan
from aurora.flows.profile import delete, update
from aurora.store.facts import ProfilePatched
from tests.support.fakes import FakeStore, play, turn_for

BUDGET = ("write", 3000)


async def test_only_what_was_sent_becomes_the_fact(autojump_clock: Any) -> None:
    body = ProfileUpdate(skinType="oily", goals=[], travel_plan=TravelPlan(destination="Oslo"))
    memory = Memory(profile=Profile(skinType="oily", region="NO"))
    result = await play(update, turn_for("profile_update", body), memory=memory, budget=BUDGET)
    assert result.facts == [
        ProfilePatched(patch={"skinType": "oily", "goals": [], "travel_plan": {"destination": "Oslo"}})
    ]
    assert result.events("profile_saved") == [{"fields": ["skinType", "goals", "travel_plan"]}]
    assert result.cards("profile")[0]["profile"] == result.body["session_patch"]["profile"]
    assert result.body["session_patch"]["profile"]["region"] == "NO", "the whole profile, not the patch"


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_an_empty_update_touches_the_row_and_says_so(lang: str, autojump_clock: Any) -> None:
    turn = turn_for("profile_update", ProfileUpdate(), lang=lang)
    result = await play(update, turn, memory=Memory(), budget=BUDGET)
    assert result.facts == [ProfilePatched(patch={})]
    assert result.events("profile_saved") == [{"fields": []}]
    assert result.text.isascii() is (lang == "EN")


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_deleting_answers_with_an_empty_start(lang: str, autojump_clock: Any) -> None:
    store = FakeStore(Memory(profile=Profile(skinType="oily")))
    result = await play(delete, turn_for("profile_delete", lang=lang), store=store, budget=BUDGET)
    assert [type(question) for question in result.asked] == [Erase, EraseAccount, ForgetPhotos]
    assert result.cards("profile_deleted") == [{"ok": True, "deleted": True, "storage": "ephemeral"}]
    assert result.events("profile_deleted") == [{"storage": "ephemeral"}]
    patch = result.body["session_patch"]
    assert (patch["profile"], patch["recent_logs"]) == (None, [])
    assert (patch["checkin_due"], patch["is_returning"]) == (True, False)
    assert len(store.erased) == 1
    assert not store.appended, "an erasure leaves no fact behind"
    assert result.text.isascii() is (lang == "EN")


@pytest.mark.parametrize(("lang", "words"), [("EN", "sign in and ask again"), ("CN", "重新登录")])
async def test_with_a_token_that_is_none_any_more_nobody_is_told_that_her_account_is_gone(
    lang: str, words: str, autojump_clock: Any
) -> None:
    turn = turn_for("profile_delete", lang=lang)
    signed_out = msgspec.structs.replace(turn, raw={**turn.raw, "guest": True})
    result = await play(delete, signed_out, budget=BUDGET)
    assert words in result.text
    assert words not in (await play(delete, turn, budget=BUDGET)).text
