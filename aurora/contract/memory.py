"""What is known of a person, as flows and rules see it. Stored rows and wire summaries derive from these."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

AgeBand = Literal["unknown", "under_13", "13_17", "18_24", "25_34", "35_44", "45_54", "55_plus"]
PregnancyStatus = Literal["unknown", "not_pregnant", "pregnant", "trying"]
LactationStatus = Literal["unknown", "not_lactating", "lactating"]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """All fifteen facts of contract A 7.2, named as on the wire. None and [] mean: not said."""

    skinType: str | None = None
    sensitivity: str | None = None
    barrierStatus: str | None = None
    goals: list[str] = []
    region: str | None = None
    budgetTier: str | None = None
    currentRoutine: Any = None
    itinerary: Any = None
    contraindications: list[str] = []
    lang_pref: str | None = None
    age_band: str | None = None
    pregnancy_status: str | None = None
    lactation_status: str | None = None
    high_risk_medications: list[str] = []
    travel_plan: dict[str, Any] | None = None


class SkinLog(msgspec.Struct, frozen=True, kw_only=True):
    """One day's check-in. Scores 0-5; `date` is YYYY-MM-DD; times are ISO-8601 UTC."""

    id: str
    date: str
    redness: int | None = None
    acne: int | None = None
    hydration: int | None = None
    notes: str | None = None
    targetProduct: str | None = None
    sensation: str | None = None
    created_at: str = ""
    updated_at: str = ""
    aurora_uid: str | None = None
    user_id: str | None = None


class StoredArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """A diagnosis artifact (contract C 20) with what its row adds. `artifact` is the flattened object."""

    artifact_id: str
    created_at: str
    artifact: dict[str, Any]
    confidence_score: float
    confidence_level: str
    session_id: str | None = None
    plan: dict[str, Any] | None = None
    from_memory: bool = False


class SafetyAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A safety question that waits for its answer, and what brought the interrupted message.

    rule: whose question it is. field: the profile fact that answers it; None if only words do. asked: how
    often each rule asked so far without an answer. trigger, action_id, include_alternatives: of the
    interrupted request.
    """

    rule: str
    field: str | None = None
    asked: dict[str, int] = {}
    trigger: str = "text"
    action_id: str | None = None
    include_alternatives: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A product that was recommended a moment ago. key: its id, lower-cased."""

    key: str
    at_ms: int


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """What the client does not send back (decision 1), kept 24 h per identity and brief.

    token: internal state (`S2_DIAGNOSIS` ...). pending: pending clarification. planner: signature and
    count. interrupted: the message that a safety question interrupted ("" if a tap without words). safety:
    that question. shown: products recommended in the last 45 minutes, newest last.
    awaits_product: a product's name or link was asked for in the last turn.
    """

    token: str | None = None
    latest_artifact_id: str | None = None
    pending: dict[str, Any] | None = None
    planner: dict[str, Any] | None = None
    interrupted: str | None = None
    safety: SafetyAsked | None = None
    shown: list[Shown] = []
    awaits_product: bool = False
    updated_at_ms: int = 0


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """One read of everything a turn may need.

    version: of the stream, 0 if new. epoch: how often it was erased; an append carries it, so that a turn
    which began before an erasure cannot bring anything back. ready: False when the store could not be read
    (then everything else is empty and `error_code` says why).
    """

    profile: Profile | None = None
    recent_logs: list[SkinLog] = []
    artifact: StoredArtifact | None = None
    conversation: Conversation | None = None
    version: int = 0
    epoch: int = 0
    ready: bool = True
    error_code: str | None = None
