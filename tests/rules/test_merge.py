"""Merging two memories of one person: laws, and the cases that decide them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.belongings import (
    NOTHING,
    Belongings,
    Holdings,
    KeptAnalysis,
    KeptArtifact,
    KeptDay,
    KeptPlan,
    KeptRun,
    Said,
)
from aurora.rules.merge import is_blank, said_after, taken

EARLY, NOON, LATE = (f"2026-03-10T{hour}:00:00.000Z" for hour in ("08", "12", "20"))
instants = st.sampled_from([EARLY, NOON, LATE])
values = st.sampled_from(["oily", "dry", "unknown", "", None]) | st.lists(st.sampled_from(["acne", "pores"]))
dates = st.sampled_from(["2026-03-08", "2026-03-09", "2026-03-10"])
saids = st.builds(Said, values, instants)
days = st.builds(
    lambda date, at, acne: KeptDay(date=date, id="id", created_at=EARLY, updated_at=at, acne=acne),
    dates, instants, st.integers(0, 5),
)  # fmt: skip
analyses = st.none() | st.builds(
    lambda at, words: KeptAnalysis(analysis={"strategy": words}, at=at, lang="EN"),
    instants,
    st.sampled_from(["a", "b"]),
)


def _one_a_date(found: list[KeptDay]) -> list[KeptDay]:
    return list({day.date: day for day in found}.values())


def _ids(prefix: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([f"{prefix}_{n}" for n in range(4)]), unique=True)


guests = st.builds(
    lambda profile, analysis, days, artifacts, plans, runs: Belongings(
        profile=profile,
        analysis=analysis,
        days=_one_a_date(days),
        artifacts=[KeptArtifact(artifact_id=name, created_at=EARLY, artifact={}) for name in artifacts],
        plans=[KeptPlan(plan_id=n, artifact_id="da", created_at=EARLY, plan={}) for n in plans],
        runs=[KeptRun(run_id=n, created_at=EARLY, request={}, reco={}) for n in runs],
    ),
    st.dictionaries(st.sampled_from(["skinType", "goals", "pregnancy_status"]), saids),
    analyses, st.lists(days), _ids("da"), _ids("ip"), _ids("rr"),
)  # fmt: skip
accounts = st.builds(
    lambda profile, analysis, days: Holdings(
        profile=profile,
        analysis=analysis,
        days={day.date: day for day in days},
        own_days=frozenset(day.date for day in days),
    ),
    st.dictionaries(st.sampled_from(["skinType", "goals", "pregnancy_status"]), saids),
    analyses,
    st.lists(days),
)


def after(account: Holdings, along: Belongings) -> Holdings:
    """The account once `along` was written into it."""
    return Holdings(
        profile={**account.profile, **along.profile},
        analysis=along.analysis or account.analysis,
        days={**account.days, **{day.date: day for day in along.days}},
        own_days=account.own_days,
        artifact_ids=account.artifact_ids | {each.artifact_id for each in along.artifacts},
        plan_ids=account.plan_ids | {each.plan_id for each in along.plans},
        run_ids=account.run_ids | {each.run_id for each in along.runs},
    )


def merged(account: Holdings, *devices: Belongings) -> Holdings:
    """The account after each of the devices, in that order."""
    for device in devices:
        account = after(account, taken(account, device))
    return account


@given(accounts, guests)
def test_again_takes_nothing(account: Holdings, guest: Belongings) -> None:
    assert taken(merged(account, guest), guest) == NOTHING


@given(accounts, guests, guests)
def test_the_order_of_two_devices_does_not_matter(
    account: Holdings, one: Belongings, other: Belongings
) -> None:
    assert merged(account, one, other) == merged(account, other, one)


@given(accounts, guests)
def test_days_are_a_union_in_which_the_accounts_own_win(account: Holdings, guest: Belongings) -> None:
    whole = merged(account, guest)
    assert whole.days.keys() == account.days.keys() | {day.date for day in guest.days}
    assert {date: whole.days[date] for date in account.own_days} == account.days


@given(accounts, guests)
def test_nothing_known_is_wiped(account: Holdings, guest: Belongings) -> None:
    whole = merged(account, guest)
    for name, said in account.profile.items():
        assert is_blank(said.value) or not is_blank(whole.profile[name].value)
    assert whole.analysis is not None or (account.analysis is None and guest.analysis is None)


@given(accounts, guests)
def test_the_newest_known_value_stands(account: Holdings, guest: Belongings) -> None:
    whole = merged(account, guest)
    for name, kept in whole.profile.items():
        for said in (account.profile.get(name), guest.profile.get(name)):
            if said is not None and not is_blank(said.value):
                assert said.at <= kept.at
                assert kept.value != "unknown"


@given(guests, instants)
def test_what_another_account_took_is_left_out_and_the_rest_is_all_there(guest: Belongings, at: str) -> None:
    rest = said_after(guest, at)
    for one, all_of_it in ((rest.days, guest.days), (rest.artifacts, guest.artifacts)):
        assert [each for each in all_of_it if each in one] == one
    assert [day for day in guest.days if day not in rest.days] == [
        day for day in guest.days if day.updated_at <= at
    ]
    assert {name for name, said in guest.profile.items() if said.at > at} == set(rest.profile)
    assert said_after(guest, LATE) == NOTHING
    assert said_after(guest, "") == guest


@pytest.mark.parametrize(
    ("account", "guest", "goes"),
    [
        (None, Said("oily", EARLY), True),
        (Said("dry", EARLY), Said("oily", NOON), True),
        (Said("dry", NOON), Said("oily", EARLY), False),
        (Said("dry", NOON), Said("dry", NOON), False),
        (Said("dry", EARLY), Said(None, NOON), False),
        (Said("dry", EARLY), Said("", NOON), False),
        (Said("pregnant", EARLY), Said("unknown", NOON), False),
        (Said("unknown", NOON), Said("pregnant", EARLY), True),
        (Said(None, NOON), Said("oily", EARLY), False),
        (Said(None, EARLY), Said("oily", NOON), True),
        (Said(["acne"], EARLY), Said([], NOON), False),
        (Said([], EARLY), Said(["acne"], NOON), True),
    ],
)
def test_field_by_field(account: Said | None, guest: Said, goes: bool) -> None:
    held = Holdings(profile={} if account is None else {"x": account})
    assert ("x" in taken(held, Belongings(profile={"x": guest})).profile) is goes


@pytest.mark.parametrize(
    ("own", "kept_at", "guest_at", "goes"),
    [
        (True, EARLY, LATE, False),
        (False, EARLY, LATE, True),
        (False, LATE, EARLY, False),
        (None, EARLY, EARLY, True),
    ],
)
def test_day_by_day(own: bool | None, kept_at: str, guest_at: str, goes: bool) -> None:
    day: Any = KeptDay(date="2026-03-09", id="a", created_at=EARLY, updated_at=kept_at, acne=1)
    held = Holdings(
        days={} if own is None else {day.date: day}, own_days=frozenset({day.date} if own else ())
    )
    theirs = msgspec.structs.replace(day, updated_at=guest_at, acne=5)
    assert (taken(held, Belongings(days=[theirs])).days == [theirs]) is goes
