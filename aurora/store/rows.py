"""Rows of the projected tables, field for column, as Python holds them.

Instants are ISO-8601 UTC text with milliseconds and `Z`, dates are `YYYY-MM-DD`: what the wire uses, and the
same before and after a trip through the database. JSON columns hold decoded values; they are always encoded
on the way in and never guessed at (a routine that looks like JSON stays the text that was said).
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from aurora.contract.memory import Conversation, Profile, SkinLog, StoredArtifact


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all rows. `table` and `key` (the primary key) name where it lives."""

    table: ClassVar[str] = ""
    key: ClassVar[tuple[str, ...]] = ()
    # How columns that are not plain text or numbers are read back.
    instants: ClassVar[frozenset[str]] = frozenset(
        {"created_at", "updated_at", "deleted_at", "last_analysis_at", "received_at"}
    )
    dates: ClassVar[frozenset[str]] = frozenset({"log_date"})

    stream: str
    version: int


class ProfileRow(Row, frozen=True, kw_only=True):
    """One per stream, once anything was said or analysed. All fifteen facts, and the last analysis.

    version: of the event that touched the row last. created_at, updated_at: of its first and last events.
    last_analysis: JSON text, `null` if there was none (it is large and only ever kept or handed on whole).
    """

    table: ClassVar[str] = "aurora_user_profiles"
    key: ClassVar[tuple[str, ...]] = ("stream",)

    created_at: str
    updated_at: str
    aurora_uid: str | None = None
    user_id: str | None = None
    skin_type: str | None = None
    sensitivity: str | None = None
    barrier_status: str | None = None
    goals: list[str] | None = None
    region: str | None = None
    budget_tier: str | None = None
    current_routine: Any = None
    itinerary: Any = None
    contraindications: list[str] | None = None
    lang_pref: str | None = None
    age_band: str | None = None
    pregnancy_status: str | None = None
    lactation_status: str | None = None
    high_risk_medications: list[str] | None = None
    travel_plan: dict[str, Any] | None = None
    last_analysis: msgspec.Raw = msgspec.Raw(b"null")
    last_analysis_at: str | None = None
    last_analysis_lang: str | None = None
    deleted_at: str | None = None

    def as_profile(self) -> Profile:
        """The fifteen facts as flows see them."""
        return Profile(
            skinType=self.skin_type,
            sensitivity=self.sensitivity,
            barrierStatus=self.barrier_status,
            goals=list(self.goals or ()),
            region=self.region,
            budgetTier=self.budget_tier,
            currentRoutine=self.current_routine,
            itinerary=self.itinerary,
            contraindications=list(self.contraindications or ()),
            lang_pref=self.lang_pref,
            age_band=self.age_band,
            pregnancy_status=self.pregnancy_status,
            lactation_status=self.lactation_status,
            high_risk_medications=list(self.high_risk_medications or ()),
            travel_plan=self.travel_plan,
        )


class LogRow(Row, frozen=True, kw_only=True):
    """A day's check-in. id: of the first event of that day; created_at: when that happened."""

    table: ClassVar[str] = "aurora_skin_logs"
    key: ClassVar[tuple[str, ...]] = ("stream", "log_date")

    log_date: str
    id: str
    created_at: str
    updated_at: str
    aurora_uid: str | None = None
    user_id: str | None = None
    redness: int | None = None
    acne: int | None = None
    hydration: int | None = None
    notes: str | None = None
    target_product: str | None = None
    sensation: str | None = None

    def as_log(self) -> SkinLog:
        """The check-in as flows see it."""
        return SkinLog(
            id=self.id,
            date=self.log_date,
            redness=self.redness,
            acne=self.acne,
            hydration=self.hydration,
            notes=self.notes,
            targetProduct=self.target_product,
            sensation=self.sensation,
            created_at=self.created_at,
            updated_at=self.updated_at,
            aurora_uid=self.aurora_uid if self.user_id is None else None,
            user_id=self.user_id,
        )


class ArtifactRow(Row, frozen=True, kw_only=True):
    """A diagnosis artifact (contract C 20). session_id: the brief it was made in."""

    table: ClassVar[str] = "aurora_skin_diagnosis_artifacts"
    key: ClassVar[tuple[str, ...]] = ("stream", "artifact_id")

    artifact_id: str
    created_at: str
    artifact_json: dict[str, Any]
    confidence_score: float | None = None
    confidence_level: str | None = None
    session_id: str | None = None
    source_mix: list[Any] | None = None
    aurora_uid: str | None = None
    user_id: str | None = None

    def as_artifact(self, plan: dict[str, Any] | None) -> StoredArtifact:
        """The artifact as flows see it, with the newest plan made from it."""
        return StoredArtifact(
            artifact_id=self.artifact_id,
            created_at=self.created_at,
            artifact=self.artifact_json,
            confidence_score=self.confidence_score or 0.0,
            confidence_level=self.confidence_level or "low",
            session_id=self.session_id,
            plan=plan,
        )


class PlanRow(Row, frozen=True, kw_only=True):
    """An ingredient plan (contract C 21), made from an artifact."""

    table: ClassVar[str] = "aurora_ingredient_plans"
    key: ClassVar[tuple[str, ...]] = ("stream", "plan_id")

    plan_id: str
    artifact_id: str
    created_at: str
    plan_json: dict[str, Any]
    intensity: str | None = None
    aurora_uid: str | None = None
    user_id: str | None = None


class RunRow(Row, frozen=True, kw_only=True):
    """Recommendations that were given, with the context they were asked in."""

    table: ClassVar[str] = "aurora_reco_runs"
    key: ClassVar[tuple[str, ...]] = ("stream", "reco_run_id")

    reco_run_id: str
    created_at: str
    request_context_json: dict[str, Any]
    reco_json: dict[str, Any]
    artifact_id: str | None = None
    plan_id: str | None = None
    overall_confidence: float | None = None
    aurora_uid: str | None = None
    user_id: str | None = None


class ConversationRow(Row, frozen=True, kw_only=True):
    """Where the conversation of one brief stands (decision 1)."""

    table: ClassVar[str] = "aurora_conversations"
    key: ClassVar[tuple[str, ...]] = ("stream", "brief_id")

    brief_id: str
    state: Conversation
    updated_at: str


class FeedbackRow(Row, frozen=True, kw_only=True):
    """What an employee said of a candidate. id: of its event."""

    table: ClassVar[str] = "reco_employee_feedback_events"
    key: ClassVar[tuple[str, ...]] = ("stream", "id")

    id: str
    anchor_product_id: str
    block: str
    feedback_type: str
    timestamp_ms: int
    received_at: str
    created_at: str
    candidate_product_id: str | None = None
    candidate_name: str | None = None
    wrong_block_target: str | None = None
    reason_tags: list[str] = []
    was_exploration_slot: bool = False
    rank_position: int = 1
    pipeline_version: str | None = None
    models: Any = None
    request_id: str | None = None
    session_id: str | None = None
    suggestion_id: str | None = None
    llm_suggested_label: str | None = None
    llm_confidence: float | None = None


class ClickRow(Row, frozen=True, kw_only=True):
    """A candidate that was opened. id: of its event."""

    table: ClassVar[str] = "reco_interleave_click_events"
    key: ClassVar[tuple[str, ...]] = ("stream", "id")

    id: str
    anchor_product_id: str
    block: str
    attribution: str
    request_id: str
    session_id: str
    timestamp_ms: int
    created_at: str
    candidate_product_id: str | None = None
    candidate_name: str | None = None
    was_exploration_slot: bool = False
    rank_position: int = 0
    category_bucket: str | None = None
    price_band: str | None = None
    pipeline_version: str | None = None
    models: Any = None


# Rows that any group may hold, in the order of aurora_append's parameters; then those of few groups.
USUAL_ROWS: tuple[type[Row], ...] = (ProfileRow, LogRow, ArtifactRow, PlanRow, RunRow, ConversationRow)
RARE_ROWS: tuple[type[Row], ...] = (FeedbackRow, ClickRow)
ROWS: tuple[type[Row], ...] = (*USUAL_ROWS, *RARE_ROWS)


def columns(row: type[Row], alias: str = "t") -> str:
    """Select list that reads `row` back as Python holds it (times as text, numerics as floats)."""
    parts: list[str] = []
    for field in row.__struct_fields__:
        name = f"{alias}.{field}"
        if field in row.instants:
            parts.append(
                f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS {field}"
            )
        elif field in row.dates:
            parts.append(f"to_char({name}, 'YYYY-MM-DD') AS {field}")
        elif field in {"confidence_score", "overall_confidence"}:
            parts.append(f"{name}::float8 AS {field}")
        else:
            parts.append(f"{name} AS {field}")
    return ", ".join(parts)
