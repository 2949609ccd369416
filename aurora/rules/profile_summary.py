"""The profile as answers and upstream prompts show it (contract A 7.2, B 21.1; decision 13)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.memory import Profile

_PROMPT_FREE_CAP = 5000


def summary(profile: Profile | None, *, v2: bool = True) -> dict[str, Any] | None:
    """Every fact, named as on the wire; None when nothing is known of the person.

    The client replaces its whole copy with this, so every field is always there, and routine objects come
    back whole. v2: also the five facts that the older contract did not return.
    """
    if profile is None:
        return None
    shown: dict[str, Any] = {
        "skinType": profile.skinType,
        "sensitivity": profile.sensitivity,
        "barrierStatus": profile.barrierStatus,
        "goals": profile.goals,
        "region": profile.region,
        "budgetTier": profile.budgetTier,
        "currentRoutine": profile.currentRoutine,
        "itinerary": profile.itinerary,
        "contraindications": profile.contraindications,
    }
    if v2:
        shown |= {
            "lang_pref": profile.lang_pref,
            "age_band": profile.age_band or "unknown",
            "pregnancy_status": profile.pregnancy_status or "unknown",
            "lactation_status": profile.lactation_status or "unknown",
            "high_risk_medications": profile.high_risk_medications,
            "travel_plan": profile.travel_plan,
        }
    return shown


def for_prompt(profile: Profile | None) -> dict[str, Any] | None:
    """What an upstream is told: only what is known, long free texts cut to 5000 characters."""
    shown = summary(profile)
    if shown is None:
        return None
    known = {
        key: value for key, value in shown.items() if value and value != "unknown" and key != "lang_pref"
    }
    for key in ("currentRoutine", "itinerary"):
        if key in known:
            value = known[key]
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            known[key] = text if len(text) <= _PROMPT_FREE_CAP else text[:_PROMPT_FREE_CAP] + "…"
    return known
