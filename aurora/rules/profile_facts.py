"""Facts of a person inside a chat turn: stored, seen by the client, or said just now (contract B 21).

The order of trust: what is stored, overlaid by the client's snapshot, overlaid by what this turn said. What
a fact may look like is said once, in `contract.requests.ProfileUpdate`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.errors import ContractError
from aurora.contract.memory import Profile
from aurora.contract.requests import ProfileUpdate, sent_keys
from aurora.contract.validation import decode_as
from aurora.rules.reply_values import value_for
from aurora.rules.request import ChatAsk
from aurora.rules.safety.wording import FACT_CHIPS
from aurora.rules.text import strings_in

_FACTS = frozenset(field.name for field in msgspec.structs.fields(Profile))
_ALIASES = {
    "skin_type": "skinType",
    "barrier_status": "barrierStatus",
    "budget_tier": "budgetTier",
    "ageBand": "age_band",
    "pregnancyStatus": "pregnancy_status",
    "lactationStatus": "lactation_status",
    "langPref": "lang_pref",
    "highRiskMedications": "high_risk_medications",
    "current_routine": "currentRoutine",
    "travelPlan": "travel_plan",
}
_SNAPSHOT_LISTS = {"goals": 12, "contraindications": 24, "high_risk_medications": 30}
# What a stored value defends against a client's older copy (decision 21).
_STORED_WINS = ("age_band", "pregnancy_status", "lactation_status", "high_risk_medications")

# Chips whose very subject is one fact, and the diagnosis card.
_OWN_CHIPS = ("profile.", "chip.profile.", "tpl.clarify.", "tpl.goal.", "chip.clarify.", "chip.budget.")
_PROFILE_CHIP = re.compile(r"profile\.(skintype|sensitivity|barrierstatus|goals)\.([\w-]{1,60})", re.ASCII)
_FIELD_OF = {
    "skintype": "skinType",
    "sensitivity": "sensitivity",
    "barrierstatus": "barrierStatus",
    "goals": "goals",
}


def patch_from(ask: ChatAsk) -> dict[str, Any]:
    """The facts that this request states: a chip's own patch, an answered question, or the chip's very id.

    Empty if there are none. A patch with an unknown key or a bad value is ignored whole (contract B 21.3).
    """
    given = ask.data.get("profile_patch", ask.data.get("profilePatch"))
    if isinstance(given, Mapping):
        return valid_patch(given) or {}
    if ask.clarification_id and ask.data:
        inferred = value_for(ask.clarification_id, ask.message)
        return (valid_patch(inferred) or {}) if inferred else {}
    if ask.action_id in FACT_CHIPS:
        return dict(FACT_CHIPS[ask.action_id][1])
    chip = _PROFILE_CHIP.fullmatch(ask.action_id or "")
    if chip is None:
        return {}
    field, value = _FIELD_OF[chip[1]], chip[2]
    return {field: [value] if field == "goals" else value}


def valid_patch(patch: Mapping[str, Any]) -> dict[str, Any] | None:
    """`patch` as plain data if it would be a lawful profile update, else None."""
    try:
        return sent_keys(decode_as(ProfileUpdate, dict(patch)))
    except ContractError:
        return None


def overlay(stored: Profile | None, snapshot: Mapping[str, Any] | None) -> Profile | None:
    """`stored` with the client's own copy over it; keys that are null, empty or odd are left out one by one.

    For pregnancy, lactation, medications and age, and wherever the copy says `unknown`, a stored known value
    stays (decision 21). The overlay is never written back.
    """
    if not snapshot:
        return stored
    base = stored or Profile()
    said: dict[str, Any] = {}
    for key, value in snapshot.items():
        name = _ALIASES.get(key, key)
        clean = _snapshot_value(name, value) if name in _FACTS else None
        if clean is None:
            continue
        known = getattr(base, name)
        if _is_known(known) and (name in _STORED_WINS or not _is_known(clean)):
            continue
        said[name] = clean
    if not said:
        return stored
    return msgspec.structs.replace(base, **said)


def settled(
    patch: Mapping[str, Any], known: Profile | None, action_id: str | None, *, read: bool = True
) -> dict[str, Any]:
    """`patch` without an `unknown` that would wipe what is known (decision 21).

    Only the fact's own chip may take a known value back (or an explicit update of the profile, elsewhere).
    read: memory was read; if not, anything may be known.
    """
    if (action_id or "").startswith(_OWN_CHIPS):
        return dict(patch)
    base = known or Profile()
    return {
        key: value
        for key, value in patch.items()
        if _is_known(value) or (read and not _is_known(getattr(base, key, None)))
    }


def patched(profile: Profile | None, patch: Mapping[str, Any]) -> Profile | None:
    """`profile` with what this turn said merged in, key by key."""
    if not patch:
        return profile
    return msgspec.structs.replace(profile or Profile(), **patch)


def _is_known(value: Any) -> bool:
    return bool(value) and value != "unknown" and value != ["unknown"]


def _snapshot_value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
    if name in _SNAPSHOT_LISTS and isinstance(value, list):
        value = strings_in(value, _SNAPSHOT_LISTS[name])
    if name == "travel_plan" and isinstance(value, Mapping):
        value = {key: inner for key, inner in value.items() if inner is not None and inner != ""}
    if not value:
        return None
    lawful = valid_patch({name: value})
    return lawful[name] if lawful else None
