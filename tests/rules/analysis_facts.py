"""Intakes for the tests of `rules.analysis`: one person, changed where a test needs it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from aurora.contract.memory import Profile, SkinLog
from aurora.rules.analysis import intake
from aurora.rules.analysis.intake import Intake, Photo
from aurora.rules.analysis.photo_reading import Reading

TODAY = date(2026, 11, 24)
ROUTINE = "AM gentle cleanser and SPF, PM moisturizer"
CORE: dict[str, Any] = {
    "skinType": "oily",
    "sensitivity": "low",
    "barrierStatus": "healthy",
    "goals": ["acne", "hydration"],
}


def facts(
    routine: Any = None,
    *,
    use_photo: bool | None = None,
    photos: Sequence[Photo] = (),
    logs: Sequence[SkinLog] = (),
    core: bool = True,
    reading: Reading | None = None,
    **profile: Any,
) -> Intake:
    """Facts of somebody with the core four (unless `core` is off), and what else is named.

    reading: what became of the photo; without it, one that can be fetched at all has no link.
    """
    found = intake.read(
        use_photo=use_photo,
        routine=routine,
        photos=photos,
        profile=Profile(**{**(CORE if core else {}), **profile}),
        logs=logs,
        today=TODAY,
    )
    if reading is None and intake.chosen_photo(found) is not None:
        reading = Reading(code="DOWNLOAD_URL_GENERATE_FAILED")
    return found if reading is None else intake.with_reading(found, reading)


def photo(qc: str = "passed", photo_id: str = "upl_1", slot: str = "daylight") -> Photo:
    """One photo."""
    return Photo(slot, photo_id, qc)


def log(day: str = "2026-11-23", **scores: Any) -> SkinLog:
    """One check-in."""
    return SkinLog(id="l1", date=day, **scores)
