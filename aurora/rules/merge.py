"""What of a device's memory goes along into an account (decision 31). Pure.

Field by field the newest value wins, days are a union in which the account's own day always wins, artifacts,
plans and runs are added by id. Doing it again takes nothing, and two devices give the same in either order.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.belongings import Belongings, Holdings, KeptAnalysis, KeptDay, Said

UNKNOWN = "unknown"

_canonical = msgspec.json.Encoder(order="sorted").encode


def taken(account: Holdings, guest: Belongings) -> Belongings:
    """The part of `guest` that the account does not have, or has older."""
    return Belongings(
        profile={
            name: said for name, said in guest.profile.items() if _is_newer(said, account.profile.get(name))
        },
        analysis=guest.analysis if _is_later(guest.analysis, account.analysis) else None,
        days=[day for day in guest.days if _goes_along(day, account)],
        artifacts=[each for each in guest.artifacts if each.artifact_id not in account.artifact_ids],
        plans=[each for each in guest.plans if each.plan_id not in account.plan_ids],
        runs=[each for each in guest.runs if each.run_id not in account.run_ids],
    )


def said_after(guest: Belongings, at: str) -> Belongings:
    """What a device has of the time after `at`: the rest went to another account."""
    return Belongings(
        profile={name: said for name, said in guest.profile.items() if said.at > at},
        analysis=guest.analysis if guest.analysis is not None and guest.analysis.at > at else None,
        days=[day for day in guest.days if day.updated_at > at],
        artifacts=[each for each in guest.artifacts if each.created_at > at],
        plans=[each for each in guest.plans if each.created_at > at],
        runs=[each for each in guest.runs if each.created_at > at],
    )


def is_blank(value: Any) -> bool:
    """Whether a value says nothing: a blank is never taken along, or a device could wipe what is known."""
    return value is None or value == UNKNOWN or (isinstance(value, str | list | dict) and not value)


def _is_newer(said: Said, kept: Said | None) -> bool:
    """Something known beats `unknown` whenever it was said (decision 21); what was taken back stays so."""
    if is_blank(said.value):
        return False
    if kept is None or kept.value == UNKNOWN:
        return True
    return (said.at, _canonical(said.value)) > (kept.at, _canonical(kept.value))


def _is_later(analysis: KeptAnalysis | None, kept: KeptAnalysis | None) -> bool:
    if analysis is None:
        return False
    return kept is None or (analysis.at, _canonical(analysis)) > (kept.at, _canonical(kept))


def _goes_along(day: KeptDay, account: Holdings) -> bool:
    if day.date in account.own_days:
        return False
    kept = account.days.get(day.date)
    return kept is None or (day.updated_at, _canonical(day)) > (kept.updated_at, _canonical(kept))
