"""The rollout: buckets by SHA-256, shares in their order, and what no variant can take away."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules import rollout
from aurora.settings import Settings

PERCENT = st.integers(-20, 130)
SHARES = st.builds(
    lambda weather, safety, core: Settings(
        rollout_enabled=True,
        rollout_weather_pct=weather,
        rollout_safety_pct=safety,
        rollout_core_pct=core,
    ),
    PERCENT,
    PERCENT,
    PERCENT,
)
EVERYTHING = Settings(qa_planner_v1=True, loop_breaker_v2=True, rollout_enabled=True)


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        # Worked out beside the code: the first eight hex digits of `printf '<key>' | sha256sum`, mod 100.
        ("anon_id", "u1", 99),  # 64763873
        ("user_id", "usr_1", 49),  # 14a4e2a9
        ("session_id", "s1", 41),  # d698df9d
        ("request_id", "r1", 51),  # 9429a92b
        ("anon_id", "皮肤", 38),  # dd36e202
        ("anon_id", "", 56),  # 644dde34
    ],
)
def test_worked_examples_of_buckets(source: rollout.KeySource, name: str, expected: int) -> None:
    assert rollout.bucket(source, name) == expected


def test_a_bucket_is_the_first_four_bytes_big_endian() -> None:
    digest = hashlib.sha256(b"session:s1").hexdigest()
    assert rollout.bucket("session_id", "s1") == int(digest[:8], 16) % 100


@given(st.text())
def test_a_bucket_is_below_a_hundred_and_stable(name: str) -> None:
    assert 0 <= rollout.bucket("anon_id", name) < 100
    assert rollout.bucket("anon_id", name) == rollout.bucket("anon_id", name)


@pytest.mark.parametrize(
    ("shares", "edges"),
    [
        ((1, 1, 5), {0: "v2_weather", 1: "v2_safety", 2: "v2_core", 6: "v2_core", 7: "legacy", 99: "legacy"}),
        ((0, 0, 0), {0: "legacy", 99: "legacy"}),
        ((100, 1, 5), {0: "v2_weather", 99: "v2_weather"}),
        ((60, 60, 60), {59: "v2_weather", 60: "v2_safety", 99: "v2_safety"}),
        ((30, 30, 60), {29: "v2_weather", 30: "v2_safety", 60: "v2_core", 99: "v2_core"}),
        ((-5, 0, 1), {0: "v2_core", 1: "legacy"}),
        ((0, 100, 100), {0: "v2_safety", 99: "v2_safety"}),
    ],
)
def test_shares_stand_one_after_the_other(shares: tuple[int, int, int], edges: dict[int, str]) -> None:
    weather, safety, core = shares
    settings = Settings(rollout_weather_pct=weather, rollout_safety_pct=safety, rollout_core_pct=core)
    assert {place: rollout.variant_of(place, settings) for place in edges} == edges


@given(SHARES)
def test_variants_never_go_back_and_no_share_is_larger_than_asked(settings: Settings) -> None:
    order = list(rollout.VARIANTS)
    given_out = [rollout.variant_of(place, settings) for place in range(100)]
    assert given_out == sorted(given_out, key=order.index)
    asked = (settings.rollout_weather_pct, settings.rollout_safety_pct, settings.rollout_core_pct)
    for variant, percent in zip(order, asked, strict=False):
        assert given_out.count(variant) <= max(0, percent)


@pytest.mark.parametrize(
    ("variant", "planner", "breaker"),
    [
        ("v2_weather", True, True),
        ("v2_safety", True, True),
        ("v2_core", True, True),
        ("legacy", False, False),
    ],
)
def test_what_a_variant_can(variant: rollout.Variant, planner: bool, breaker: bool) -> None:
    placed = rollout.assign(EVERYTHING, source="anon_id", name="u", forced=variant)
    flags = rollout.effective(EVERYTHING, placed)
    assert (flags.qa_planner_v1, flags.loop_breaker_v2) == (planner, breaker)
    assert flags.chat_response_meta


def test_a_variant_switches_nothing_on_that_the_settings_leave_off() -> None:
    placed = rollout.assign(Settings(), source="anon_id", name="u", forced="v2_weather")
    flags = rollout.effective(Settings(), placed)
    assert not flags.qa_planner_v1
    assert not flags.loop_breaker_v2
    assert not flags.travel_weather_live_v1


@given(SHARES, st.text(max_size=20), st.sampled_from([None, *rollout.VARIANTS]))
def test_nothing_switches_safety_or_the_profile_off(
    settings: Settings, name: str, forced: rollout.Variant | None
) -> None:
    placed = rollout.assign(settings, source="anon_id", name=name, forced=forced)
    flags = rollout.effective(settings, placed)
    assert flags.safety_engine_v1
    assert flags.profile_v2


@pytest.mark.parametrize(
    ("settings", "variant"),
    [
        (Settings(), "legacy"),
        (Settings(qa_planner_v1=True), "legacy"),
        (Settings(qa_planner_v1=True, loop_breaker_v2=True), "v2_safety"),
    ],
)
def test_without_a_rollout_the_variant_is_what_the_settings_amount_to(
    settings: Settings, variant: str
) -> None:
    placed = rollout.assign(settings, source="anon_id", name="u")
    assert (placed.variant, placed.applied) == (variant, False)
    assert rollout.effective(settings, placed) == rollout.global_flags(settings)


@given(SHARES, st.text(max_size=20), st.sampled_from([None, *rollout.VARIANTS]))
def test_a_turn_finds_its_assignment_again(
    settings: Settings, name: str, forced: rollout.Variant | None
) -> None:
    placed = rollout.assign(settings, source="session_id", name=name, forced=forced)
    told = msgspec.json.decode(msgspec.json.encode(rollout.as_raw(placed)))
    assert rollout.from_raw({rollout.RAW_KEY: told}, settings) == placed


@pytest.mark.parametrize("told", [None, 3, {}, {"variant": "v9"}, {"bucket": "x"}])
def test_a_turn_without_an_assignment_follows_the_settings(told: object) -> None:
    found = rollout.from_raw({rollout.RAW_KEY: told} if told is not None else {}, EVERYTHING)
    assert not found.applied
