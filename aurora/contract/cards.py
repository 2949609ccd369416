"""Payloads of the cards we send, one struct per type (contract A 4.2, B, C, F 13).

They document the wire: the OpenAPI document is generated from them, and in tests every payload that leaves
must convert to its struct. Structs that carry what an upstream said allow further keys; ours do not.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from aurora.contract.auth_cards import AuthChallenge, AuthDone, AuthMe, AuthSession
from aurora.contract.card_base import Anything, Exact, Name, Open
from aurora.contract.photo_cards import PhotoModules
from aurora.contract.product_cards import DupeCompareCard, DupeSuggestCard, ProductAnalysis
from aurora.contract.routine_cards import ConflictHeatmap, RoutineSimulation

Score01 = Annotated[float, Meta(ge=0, le=1)]
Level = Literal["low", "medium", "high"]
LongValue = str | Anything | list[Any] | None


class Confidence(Open, frozen=True, kw_only=True):
    """How sure something is. low < 0.55 <= medium <= 0.75 < high."""

    score: Score01
    level: Level
    rationale: list[str]


# --- errors and notices -----------------------------------------------------------------------------------


class ErrorCard(Open, frozen=True, kw_only=True):
    """Why a request was refused or failed. code: SQLSTATE or NO_DATABASE. details: `_errors` tree."""

    error: Name
    code: str | UnsetType = UNSET
    details: Anything | UnsetType = UNSET


class ConfidenceNotice(Open, frozen=True, kw_only=True):
    """An answer that is less than hoped for, and the ways on. actions: codes, at least one."""

    reason: Literal["artifact_missing", "low_confidence", "safety_block", "timeout_degraded"]
    severity: Literal["warn", "block"]
    confidence: Confidence
    message: Name
    actions: Annotated[list[Name], Meta(min_length=1)]
    details: Annotated[list[str], Meta(max_length=6)]


class GateNotice(Exact, frozen=True, kw_only=True):
    """Drawn as nothing. Carries `field_missing` of what was held back, or marks a text-only answer."""

    kind: Literal["text_only"] | UnsetType = UNSET


# --- session, profile, tracker ----------------------------------------------------------------------------


class TravelPlanView(Open, frozen=True, kw_only=True):
    """Where and when the person travels."""

    destination: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    indoor_outdoor_ratio: float | None = None


class ProfileView(Open, frozen=True, kw_only=True):
    """What is known of the person. Null or [] means: not said. The last five only with profile v2 on."""

    skinType: str | None
    sensitivity: str | None
    barrierStatus: str | None
    goals: list[str]
    region: str | None
    budgetTier: str | None
    currentRoutine: LongValue
    itinerary: LongValue
    contraindications: list[str]
    lang_pref: str | UnsetType | None = UNSET
    age_band: str | UnsetType = UNSET
    pregnancy_status: str | UnsetType = UNSET
    lactation_status: str | UnsetType = UNSET
    high_risk_medications: list[str] | UnsetType = UNSET
    travel_plan: TravelPlanView | UnsetType | None = UNSET


class SkinLogView(Exact, frozen=True, kw_only=True):
    """One day's check-in; times are ISO-8601 UTC with milliseconds. Either aurora_uid or user_id is there."""

    id: Name
    date: str
    redness: int | None
    acne: int | None
    hydration: int | None
    notes: str | None
    targetProduct: str | None
    sensation: str | None
    created_at: str
    updated_at: str
    aurora_uid: str | UnsetType | None = UNSET
    user_id: str | UnsetType | None = UNSET


class SessionBootstrap(Exact, frozen=True, kw_only=True):
    """What the client needs to start. checkin_due: nothing was logged today (UTC)."""

    profile: ProfileView | None
    recent_logs: list[SkinLogView]
    checkin_due: bool
    is_returning: bool
    db_ready: bool


class ProfileCard(Exact, frozen=True, kw_only=True):
    """The profile after an update."""

    profile: ProfileView


class ProfileDeleted(Exact, frozen=True, kw_only=True):
    """Everything known of the person is gone, from the database or from memory (`ephemeral`)."""

    ok: Literal[True]
    deleted: Literal[True]
    storage: Literal["db", "ephemeral"]


class TrackerLogged(Exact, frozen=True, kw_only=True):
    """The day as stored, and the newest seven."""

    log: SkinLogView
    recent_logs: list[SkinLogView]


class TrackerRecent(Exact, frozen=True, kw_only=True):
    """The newest logs. days: how many rows were looked for, 1 to 30."""

    days: Annotated[int, Meta(ge=1, le=30)]
    logs: list[SkinLogView]


class AffiliateOutcomeCard(Exact, frozen=True, kw_only=True):
    """The outcome as it was reported."""

    outcome: Literal["success", "failed", "save"]
    url: str | UnsetType = UNSET
    offer_id: str | UnsetType = UNSET


# --- gates, recommendations -------------------------------------------------------------------------------


class DiagnosisGate(Exact, frozen=True, kw_only=True):
    """A few facts are missing before advice makes sense; the client asks its own questions."""

    reason: Literal["diagnosis_first", "diagnosis_start", "diagnosis_progress"]
    missing_fields: list[Literal["skinType", "sensitivity", "barrierStatus", "goals"]]
    wants: Literal["recommendation", "diagnosis"]
    profile: Anything | None
    recent_logs: list[Anything]


class Sku(Open, frozen=True, kw_only=True):
    """The product of a recommended step. Ids are null when the source had none."""

    product_id: str | None
    sku_id: str | None
    brand: str | None
    name: str | None
    display_name: str | None
    category: str | None


class RecommendationItem(Open, frozen=True, kw_only=True):
    """One pick (decision 14). notes: at most three, from the reasons. pdp_open: how the client opens it."""

    slot: Literal["am", "pm", "other"]
    step: str
    sku: Sku
    notes: Annotated[list[str], Meta(max_length=3)]
    reasons: list[str]
    pdp_open: Anything


class Recommendations(Open, frozen=True, kw_only=True):
    """Product picks; never empty."""

    recommendations: Annotated[list[RecommendationItem], Meta(min_length=1)]
    recommendations_count: int | UnsetType | None = UNSET
    recommendation_confidence_level: Level | UnsetType | None = UNSET
    recommendation_confidence_score: float | UnsetType | None = UNSET
    source: str | UnsetType | None = UNSET
    intent: str | UnsetType | None = UNSET


class PlanTarget(Open, frozen=True, kw_only=True):
    """An ingredient to use. priority: 5 to 100."""

    ingredient_id: Name
    role: Literal["hero", "support"]
    priority: Annotated[int, Meta(ge=5, le=100)]


class PlanAvoid(Open, frozen=True, kw_only=True):
    """An ingredient to leave out or to be careful with."""

    ingredient_id: Name
    severity: Literal["avoid", "caution"]


class IngredientPlan(Open, frozen=True, kw_only=True):
    """What to use and what to leave, and how sure that is; the whole plan stands beside its parts."""

    plan: Anything
    intensity: Literal["gentle", "balanced", "active"]
    targets: Annotated[list[PlanTarget], Meta(max_length=10)]
    avoid: Annotated[list[PlanAvoid], Meta(max_length=10)]
    conflicts: Annotated[list[Anything], Meta(max_length=8)]
    confidence: Confidence


# --- analysis ---------------------------------------------------------------------------------------------


class Feature(Open, frozen=True, kw_only=True):
    """One observation, in a sentence."""

    observation: Name
    confidence: Literal["pretty_sure", "somewhat_sure", "not_sure"]


class Analysis(Open, frozen=True, kw_only=True):
    """The reading. strategy holds at least three lines that start with a number."""

    features: Annotated[list[Feature], Meta(min_length=3)]
    strategy: Name
    needs_risk_check: bool | UnsetType = UNSET


class AnalysisSummary(Open, frozen=True, kw_only=True):
    """A skin analysis (contract C 22). used_photos: pixels were really looked at. photo_qc: `slot:status`."""

    analysis: Analysis
    low_confidence: bool
    photos_provided: bool
    photo_qc: list[str]
    used_photos: bool
    analysis_source: Literal[
        "retake",
        "rule_based",
        "rule_based_with_photo_qc",
        "diagnosis_v1_template",
        "vision_gemini",
        "vision_openai",
        "vision_openai_fallback",
        "aurora_text",
        "baseline_low_confidence",
    ]
    quality_report: Anything
    recommendation_ready: bool
    photo_pipeline_enabled: bool
    photo_notice: Anything | UnsetType = UNSET
    diagnosis_artifact: Anything | UnsetType = UNSET
    ingredient_plan: Anything | UnsetType = UNSET


# --- photos -----------------------------------------------------------------------------------------------


class UploadAddress(Exact, frozen=True, kw_only=True):
    """Where a photo may be put, and until when. url: null where there is no storage."""

    method: Name
    url: str | None
    headers: dict[str, str]
    expires_in_seconds: Annotated[int, Meta(ge=0)]


class PhotoPresigned(Exact, frozen=True, kw_only=True):
    """A place for one photo (contract C 3)."""

    photo_id: Name
    slot_id: Name
    upload: UploadAddress
    max_bytes: int | UnsetType = UNSET
    tips: Any = UNSET


class PhotoConfirmed(Exact, frozen=True, kw_only=True):
    """A photo and its check (contract C 4, 5). qc_pending: it has not ended yet; ask again later."""

    photo_id: str | None
    slot_id: str | UnsetType | None = UNSET
    qc_status: (
        Literal["passed", "degraded", "failed", "too_dark", "too_bright", "has_filter", "blurry", "no_face"]
        | None
    )
    qc: Anything | UnsetType = UNSET
    next_poll_ms: int | UnsetType = UNSET
    qc_pending: Literal[True] | UnsetType = UNSET


# --- passed through ---------------------------------------------------------------------------------------


class ProductParse(Open, frozen=True, kw_only=True):
    """A product that was recognised, or null."""

    product: Anything | UnsetType | None = UNSET
    confidence: float | UnsetType | None = UNSET


# --- environment and catalogue ----------------------------------------------------------------------------


class RadarAxis(Exact, frozen=True, kw_only=True):
    """One axis of the radar."""

    axis: Name
    value: Annotated[int, Meta(ge=0, le=100)]


class TravelContext(Exact, frozen=True, kw_only=True):
    """The days that a forecast was asked for, YYYY-MM-DD."""

    start: str
    end: str


class EnvStress(Exact, frozen=True, kw_only=True):
    """How hard the surroundings are on skin. notes: one that names `recent_logs` brings a check-in button.

    The last five only where live weather is on and a destination is known: the environmental pressure index
    0 to 100, its parts and what follows from them for a routine (each 0 to 1), and where the weather is from.
    """

    schema_version: Literal["aurora.ui.env_stress.v1"]
    ess: Annotated[int, Meta(ge=0, le=100)]
    tier: Literal["Low", "Medium", "High"]
    radar: Annotated[list[RadarAxis], Meta(max_length=8)]
    notes: Annotated[list[Name], Meta(max_length=4)]
    epi: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    components: dict[str, Score01] | UnsetType = UNSET
    reco_weights: dict[str, Score01] | UnsetType = UNSET
    env_source: Literal["weather_api", "climate_fallback"] | UnsetType = UNSET
    travel_context: TravelContext | UnsetType = UNSET


class OfferItem(Open, frozen=True, kw_only=True):
    """A product with its offer; null where nobody looked for one. pdp_open: how the client opens it."""

    product: Anything
    offer: Anything | None
    pdp_open: Anything | UnsetType = UNSET
    metadata: Anything | UnsetType = UNSET


class OffersResolved(Open, frozen=True, kw_only=True):
    """Products and their offers. The client draws eight and skips an item without a product."""

    items: list[OfferItem]
    market: Name
    metadata: Anything


class AuroraStructured(Open, frozen=True, kw_only=True):
    """Structured part of an upstream answer; the client draws its citations, if there are any."""


class AuroraContextRaw(Open, frozen=True, kw_only=True):
    """What the decision system knew, for debugging; only with AURORA_BFF_INCLUDE_RAW_CONTEXT."""

    intent: str | UnsetType | None = UNSET
    clarification: Anything | UnsetType | None = UNSET
    context: Anything | UnsetType | None = UNSET


CARD_PAYLOADS: dict[str, type[msgspec.Struct]] = {
    "error": ErrorCard,
    "confidence_notice": ConfidenceNotice,
    "gate_notice": GateNotice,
    "session_bootstrap": SessionBootstrap,
    "profile": ProfileCard,
    "profile_deleted": ProfileDeleted,
    "auth_challenge": AuthChallenge,
    "auth_session": AuthSession,
    "auth_password_set": AuthDone,
    "auth_me": AuthMe,
    "auth_logout": AuthDone,
    "tracker_log": TrackerLogged,
    "tracker_recent": TrackerRecent,
    "affiliate_outcome": AffiliateOutcomeCard,
    "diagnosis_gate": DiagnosisGate,
    "recommendations": Recommendations,
    "ingredient_plan": IngredientPlan,
    "analysis_summary": AnalysisSummary,
    "photo_presign": PhotoPresigned,
    "photo_confirm": PhotoConfirmed,
    "photo_modules_v1": PhotoModules,
    "routine_simulation": RoutineSimulation,
    "conflict_heatmap": ConflictHeatmap,
    "product_parse": ProductParse,
    "env_stress": EnvStress,
    "offers_resolved": OffersResolved,
    "product_analysis": ProductAnalysis,
    "dupe_suggest": DupeSuggestCard,
    "dupe_compare": DupeCompareCard,
    "aurora_structured": AuroraStructured,
    "aurora_context_raw": AuroraContextRaw,
}
