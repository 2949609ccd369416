"""What every store promises, tested on PostgreSQL and in memory alike."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio

from aurora.contract.memory import Memory, Profile, SafetyAsked
from aurora.contract.turn import iso_ms
from aurora.settings import Settings
from aurora.store.facts import DiagnosisExpired, IngredientPlanBuilt, RecommendationsGiven
from aurora.store.open import open_store
from aurora.store.port import Store, StoreError
from tests.store.people import (
    NOW,
    analysed,
    days,
    logged,
    moved,
    new,
    now,
    opened,
    said,
    somebody,
)


@pytest.fixture(params=["db", "ephemeral"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which store."""
    return str(request.param)


@pytest.fixture
def opener(kind: str, request: pytest.FixtureRequest) -> Any:
    """Opens the store with the given settings; again over the same database, if there is one."""
    dsn = request.getfixturevalue("fresh_dsn") if kind == "db" else None

    def open_(clock: Any = now, **settings: Any) -> contextlib.AbstractAsyncContextManager[Store]:
        days_kept = {} if kind == "db" else {"retention_days": 0}
        return open_store(Settings(**{**days_kept, **settings}), dsn, clock=clock)

    return open_


@pytest.fixture
async def store(opener: Any) -> AsyncIterator[Store]:
    """The store, open."""
    async with opener() as opened_store:
        yield opened_store


async def test_names_its_storage(store: Store, kind: str) -> None:
    assert store.storage == kind
    await store.ping()


async def test_nobody_is_an_empty_memory(store: Store) -> None:
    assert await store.read(somebody(), "b1") == Memory()


async def test_versions_count_from_one_and_never_skip(store: Store) -> None:
    one = somebody()
    assert (await store.append(one, [new(one, opened()), new(one, opened())])).versions == [1, 2]
    assert (await store.append(one, [new(one, opened())])).versions == [3]
    assert (await store.read(one, None)).version == 3


async def test_an_append_sees_its_own_writes_and_so_does_the_next_read(store: Store) -> None:
    one = somebody()
    kept = await store.append(
        one, [new(one, said(skinType="oily", goals=["acne"])), new(one, logged("2026-03-09", acne=3))]
    )
    assert kept.memory.profile == Profile(skinType="oily", goals=["acne"])
    assert [(log.date, log.acne) for log in kept.memory.recent_logs] == [("2026-03-09", 3)]
    read = await store.read(one, None)
    assert (read.profile, read.recent_logs, read.version) == (kept.memory.profile, kept.memory.recent_logs, 2)


async def test_all_fifteen_facts_come_back(store: Store) -> None:
    one = somebody()
    patch: dict[str, Any] = {
        "skinType": "oily",
        "sensitivity": "high",
        "barrierStatus": "impaired",
        "goals": ["acne", "pores"],
        "region": "CN",
        "budgetTier": "¥500",
        "currentRoutine": {"am": [{"step": "cleanser", "product": "x"}], "pm": []},
        "itinerary": "Two weeks in Oslo",
        "contraindications": ["fragrance"],
        "lang_pref": "CN",
        "age_band": "25_34",
        "pregnancy_status": "trying",
        "lactation_status": "not_lactating",
        "high_risk_medications": ["isotretinoin"],
        "travel_plan": {"destination": "Oslo", "indoor_outdoor_ratio": 0.4},
    }
    await store.append(one, [new(one, said(**patch))])
    assert (await store.read(one, None)).profile == Profile(**patch)


async def test_a_patch_changes_only_what_it_names(store: Store) -> None:
    one = somebody()
    await store.append(one, [new(one, said(skinType="dry", goals=["redness"], region="EU"))])
    kept = await store.append(one, [new(one, said(goals=[], budgetTier="$50"))])
    assert kept.memory.profile == Profile(skinType="dry", goals=[], region="EU", budgetTier="$50")


async def test_an_empty_patch_makes_a_profile(store: Store) -> None:
    one = somebody()
    await store.append(one, [new(one, said())])
    assert (await store.read(one, None)).profile == Profile()


@pytest.mark.parametrize(
    "routine", ["[AM] cleanser", "{not json", '"quoted"', "[1, 2]", "null", "12", ["a"], {"a": 1}]
)
async def test_a_routine_is_never_guessed_at(store: Store, routine: Any) -> None:
    one = somebody()
    await store.append(one, [new(one, said(currentRoutine=routine, itinerary=routine))])
    await store.append(one, [new(one, said(region="EU"))])
    profile = (await store.read(one, None)).profile
    assert profile is not None
    assert profile.currentRoutine == routine
    assert profile.itinerary == routine


async def test_a_second_check_in_replaces_the_day_but_keeps_its_id(store: Store) -> None:
    one = somebody()
    first = new(one, logged("2026-03-09", redness=2, notes="itchy"))
    await store.append(one, [first])
    later = NOW + timedelta(hours=3)
    kept = await store.append(one, [new(one, logged("2026-03-09", acne=1), at=later)])
    (log,) = kept.memory.recent_logs
    assert (log.id, log.redness, log.notes, log.acne) == (first.event_id, None, None, 1)
    assert (log.created_at, log.updated_at) == (iso_ms(NOW), iso_ms(later))
    assert (await store.read(one, None)).recent_logs == [log]


async def test_seven_newest_days_newest_first_and_more_on_request(store: Store) -> None:
    one = somebody()
    dates = list(days(12))
    for date in dates[::2] + dates[1::2]:
        kept = await store.append(one, [new(one, logged(date, acne=1))])
    assert [log.date for log in kept.memory.recent_logs] == dates[:7]
    assert [log.date for log in (await store.read(one, None)).recent_logs] == dates[:7]
    assert [log.date for log in await store.recent_logs(one, 30)] == dates
    assert [log.date for log in await store.recent_logs(one, 3)] == dates[:3]


async def test_a_day_outside_the_newest_seven_is_replaced_too(store: Store) -> None:
    one = somebody()
    dates = list(days(10))
    facts = [new(one, logged(date, acne=1)) for date in dates]
    await store.append(one, facts)
    await store.append(one, [new(one, logged(dates[-1], redness=5)), new(one, logged(dates[-1], redness=4))])
    oldest = (await store.recent_logs(one, 30))[-1]
    assert (oldest.date, oldest.id, oldest.redness, oldest.acne) == (dates[-1], facts[-1].event_id, 4, None)


async def test_a_log_names_the_device_or_the_account(store: Store) -> None:
    guest, account = somebody(), somebody(user=True)
    for one in (guest, account):
        await store.append(one, [new(one, logged("2026-03-01"))])
    (log,) = await store.recent_logs(guest, 7)
    assert (log.aurora_uid, log.user_id) == (guest.uid, None)
    (log,) = await store.recent_logs(account, 7)
    assert (log.aurora_uid, log.user_id) == (None, account.user_id)


async def test_streams_do_not_see_each_other(store: Store) -> None:
    one, other = somebody(), somebody()
    await store.append(one, [new(one, said(skinType="oily"))])
    assert await store.read(other, None) == Memory()


async def test_the_same_event_again_is_the_same_append(store: Store) -> None:
    one = somebody()
    fact = new(one, said(skinType="oily"))
    assert (await store.append(one, [fact])).versions == [1]
    await store.append(one, [new(one, said(skinType="dry"))])
    again = await store.append(one, [fact, new(one, opened())])
    assert again.versions == [1, 3]
    assert again.memory.profile == Profile(skinType="dry")


async def test_the_same_event_at_the_same_time_is_one_event(store: Store) -> None:
    one = somebody()
    fact = new(one, logged("2026-03-01", acne=2))
    answers: list[list[int]] = []

    async def append() -> None:
        answers.append((await store.append(one, [fact])).versions)

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(append)
    assert answers == [[1]] * 8
    assert (await store.read(one, None)).version == 1


async def test_the_same_event_twice_in_one_append_is_one_event(store: Store) -> None:
    one = somebody()
    fact = new(one, opened())
    assert (await store.append(one, [fact, fact, new(one, opened())])).versions == [1, 1, 2]


async def test_many_writers_of_one_stream_lose_nothing(store: Store) -> None:
    one = somebody()
    versions: list[int] = []

    async def append(number: int) -> None:
        versions.extend(
            (await store.append(one, [new(one, logged(f"2026-01-{number % 28 + 1:02d}"))])).versions
        )

    async with trio.open_nursery() as nursery:
        for number in range(100):
            nursery.start_soon(append, number)
    assert sorted(versions) == list(range(1, 101))
    assert len(await store.recent_logs(one, 100)) == 28


async def test_an_erased_identity_is_gone_and_its_counter_goes_on(store: Store) -> None:
    one = somebody()
    facts = (
        said(skinType="oily"),
        logged("2026-03-01"),
        analysed("da_1", plan="ip_1"),
        moved("b1", token="S2"),
    )
    await store.append(one, [new(one, fact) for fact in facts])
    await store.erase(one)
    memory = await store.read(one, "b1")
    assert memory == Memory(version=5, epoch=1)
    assert await store.recent_logs(one, 30) == []
    kept = await store.append(one, [new(one, said(region="EU"))], epoch=1)
    assert kept.versions == [6]
    assert kept.memory.profile == Profile(region="EU")


async def test_a_turn_that_began_before_the_erasure_brings_nothing_back(store: Store) -> None:
    one = somebody()
    await store.append(one, [new(one, said(skinType="oily"))])
    before = await store.read(one, None)
    await store.erase(one)
    with pytest.raises(StoreError) as caught:
        await store.append(one, [new(one, said(region="EU"))], epoch=before.epoch)
    assert caught.value.kind == "erased"
    assert (await store.read(one, None)).profile is None


async def test_a_turn_that_could_not_read_its_memory_is_judged_by_when_it_began(store: Store) -> None:
    one = somebody()
    await store.append(one, [new(one, said(skinType="oily"))])
    await store.erase(one)
    with pytest.raises(StoreError) as caught:
        await store.append(one, [new(one, said(region="EU"))])
    assert caught.value.kind == "erased"
    later = datetime.now(UTC) + timedelta(days=1)
    assert (await store.append(one, [new(one, said(region="US"), at=later)])).memory.profile == Profile(
        region="US"
    )


async def test_erasing_nobody_is_no_error_and_still_refuses_older_turns(store: Store) -> None:
    one = somebody()
    before = await store.read(one, None)
    await store.erase(one)
    with pytest.raises(StoreError):
        await store.append(one, [new(one, opened())], epoch=before.epoch)


async def test_the_artifact_of_this_brief_comes_before_newer_ones(store: Store) -> None:
    one = somebody()
    at = [NOW - timedelta(days=3 - n) for n in range(4)]
    await store.append(one, [new(one, analysed("da_mine", brief_id="b1", plan="ip_1"), at=at[0])])
    assert _artifact(await store.read(one, "b2")) == "da_mine"
    await store.append(one, [new(one, analysed("da_other", brief_id="b3"), at=at[2])])
    await store.append(one, [new(one, analysed("da_none"), at=at[1])])
    assert _artifact(await store.read(one, "b1")) == "da_mine"
    assert _artifact(await store.read(one, "b2")) == "da_none"
    assert _artifact(await store.read(one, None)) == "da_none"
    assert _artifact(await store.read(one, "b3")) == "da_other"
    await store.append(one, [new(one, moved("b3", latest_artifact_id="da_mine"))])
    assert _artifact(await store.read(one, "b3")) == "da_mine"


def _artifact(memory: Memory) -> str | None:
    return memory.artifact.artifact_id if memory.artifact is not None else None


async def test_an_artifact_comes_with_its_confidence_and_newest_plan(store: Store) -> None:
    one = somebody()
    await store.append(one, [new(one, analysed("da_1", brief_id="b1", plan="ip_1", score=0.512345))])
    later = new(
        one,
        IngredientPlanBuilt(artifact_id="da_1", plan={"plan_id": "ip_2", "intensity": "active"}),
        at=NOW + timedelta(seconds=1),
    )
    await store.append(one, [later])
    found = (await store.read(one, "b1")).artifact
    assert found is not None
    assert (found.confidence_score, found.confidence_level, found.session_id) == (0.5123, "medium", "b1")
    assert found.created_at == iso_ms(NOW)
    assert found.artifact["skinType"] == {"value": "oily"}
    assert found.plan == {"plan_id": "ip_2", "intensity": "active"}
    assert (await store.read(one, "b1")).profile == Profile()


async def test_an_artifact_past_its_age_unlocks_nothing(opener: Any) -> None:
    one = somebody()
    async with opener(artifact_max_age_days=30) as store:
        await store.append(one, [new(one, analysed("da_old"), at=NOW - timedelta(days=31))])
        assert _artifact(await store.read(one, None)) is None
        await store.append(one, [new(one, analysed("da_new"), at=NOW - timedelta(days=29))])
        assert _artifact(await store.read(one, None)) == "da_new"


async def test_expired_diagnoses_are_dropped_by_their_event(store: Store) -> None:
    one = somebody()
    old = NOW - timedelta(days=20)
    run = RecommendationsGiven(
        run_id="rr_1", source="upstream", items=[{"slot": "am"}], request={"focus": "acne"}
    )
    await store.append(one, [new(one, analysed("da_old", plan="ip_old"), at=old), new(one, run, at=old)])
    await store.append(one, [new(one, analysed("da_new"))])
    await store.append(one, [new(one, DiagnosisExpired(before=iso_ms(NOW - timedelta(days=10))))])
    await store.append(one, [new(one, moved("b1", latest_artifact_id="da_old"))])
    assert _artifact(await store.read(one, "b1")) == "da_new"


async def test_diagnosis_retention_zero_keeps_no_artifact_but_the_rest(opener: Any) -> None:
    one = somebody()
    async with opener(artifact_retention_days=0) as store:
        kept = await store.append(one, [new(one, analysed("da_1", plan="ip_1")), new(one, said(region="EU"))])
        assert kept.versions == [1, 2]
        memory = await store.read(one, None)
    assert memory.artifact is None
    assert memory.profile == Profile(region="EU")


async def test_a_conversation_belongs_to_its_brief_and_is_replaced_whole(store: Store) -> None:
    one = somebody()
    await store.append(one, [new(one, moved("b1", token="S2_DIAGNOSIS", interrupted="can I use retinol"))])
    asked = SafetyAsked(rule="M5", field="pregnancy_status", asked={"M5": 1}, action_id="chip.x")
    await store.append(one, [new(one, moved("b2", pending={"id": "budget"}, safety=asked))])
    await store.append(one, [new(one, moved("b1", token="S7_PRODUCT_RECO", planner={"n": 1}))])
    first = (await store.read(one, "b1")).conversation
    assert first is not None
    assert (first.token, first.interrupted, first.planner) == ("S7_PRODUCT_RECO", None, {"n": 1})
    second = (await store.read(one, "b2")).conversation
    assert second is not None
    assert (second.pending, second.safety) == ({"id": "budget"}, asked)
    assert (await store.read(one, None)).conversation is None
    assert (await store.read(somebody(), "b1")).conversation is None


async def test_a_conversation_is_forgotten_after_a_day(store: Store) -> None:
    one = somebody()
    await store.append(
        one, [new(one, moved("old", token="S2_DIAGNOSIS"), at=NOW - timedelta(hours=24, seconds=1))]
    )
    await store.append(one, [new(one, moved("new", token="S2_DIAGNOSIS"), at=NOW - timedelta(hours=23))])
    assert (await store.read(one, "old")).conversation is None
    assert (await store.read(one, "new")).conversation is not None


async def test_a_cancelled_caller_does_not_cancel_the_write(store: Store) -> None:
    one = somebody()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.append, one, [new(one, said(skinType="oily"))])
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    # An erasure goes through the same lane, so after it the write has happened.
    other = somebody()
    await store.erase(other)
    assert (await store.read(one, None)).profile == Profile(skinType="oily")


@pytest.mark.parametrize("brief", ["nul\0", "lone \ud800", "x" * 300])
async def test_an_odd_brief_is_simply_unknown(store: Store, brief: str) -> None:
    one = somebody()
    await store.append(one, [new(one, said(skinType="oily"))])
    memory = await store.read(one, brief)
    assert memory.conversation is None
    assert memory.profile == Profile(skinType="oily")


async def test_answers_share_nothing_with_the_store(store: Store) -> None:
    """A flow that changes a list it was given must not change the memory."""
    one = somebody()
    kept = await store.append(one, [new(one, said(goals=["acne"])), new(one, logged("2026-03-01"))])
    assert kept.memory.profile is not None
    kept.memory.profile.goals.append("redness")
    kept.memory.recent_logs.clear()
    memory = await store.read(one, None)
    assert memory.profile == Profile(goals=["acne"])
    assert len(memory.recent_logs) == 1
