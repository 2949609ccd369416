"""What a device remembers of a person, as it moves into her account when she signs in.

Instants are ISO-8601 UTC with milliseconds and `Z`, days are YYYY-MM-DD, so that texts compare as times do.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Said(msgspec.Struct, frozen=True):
    """A fact of the profile and when it was said. value None: taken back."""

    value: Any
    at: str


class KeptAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """The last analysis. analysis: as it was kept, whole."""

    analysis: Any
    at: str
    lang: str | None = None


class KeptDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day's check-in. Scores 0-5. id: of the day's first event."""

    date: str
    id: str
    created_at: str
    updated_at: str
    redness: int | None = None
    acne: int | None = None
    hydration: int | None = None
    notes: str | None = None
    target_product: str | None = None
    sensation: str | None = None


class KeptArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """A diagnosis artifact (contract C 20)."""

    artifact_id: str
    created_at: str
    artifact: dict[str, Any]
    confidence_score: float | None = None
    confidence_level: str | None = None
    session_id: str | None = None
    source_mix: list[Any] | None = None


class KeptPlan(msgspec.Struct, frozen=True, kw_only=True):
    """An ingredient plan (contract C 21)."""

    plan_id: str
    artifact_id: str
    created_at: str
    plan: dict[str, Any]
    intensity: str | None = None


class KeptRun(msgspec.Struct, frozen=True, kw_only=True):
    """Recommendations that were given, with the context they were asked in."""

    run_id: str
    created_at: str
    request: dict[str, Any]
    reco: dict[str, Any]
    artifact_id: str | None = None
    plan_id: str | None = None
    confidence: float | None = None


class Belongings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that may go along. profile: by the fact's name on the wire. Lists: newest first."""

    profile: dict[str, Said] = {}
    analysis: KeptAnalysis | None = None
    days: list[KeptDay] = []
    artifacts: list[KeptArtifact] = []
    plans: list[KeptPlan] = []
    runs: list[KeptRun] = []

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return self == NOTHING


NOTHING = Belongings()


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has already, as far as a merge looks at it.

    own_days: dates of check-ins made in the account itself; the other days came along from devices.
    """

    profile: dict[str, Said] = {}
    analysis: KeptAnalysis | None = None
    days: dict[str, KeptDay] = {}
    own_days: frozenset[str] = frozenset()
    artifact_ids: frozenset[str] = frozenset()
    plan_ids: frozenset[str] = frozenset()
    run_ids: frozenset[str] = frozenset()
