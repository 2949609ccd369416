"""Facts: past-tense events of the domain, a msgspec tagged union. Old versions are upcast on read.

Add a fact here, its reducer in `store.projections`, and an upcaster when a shape changes. `type` on the
wire of the log is the class name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.belongings import Belongings
from aurora.contract.memory import Conversation


class ProfilePatched(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Facts of the person were said. `patch` holds only the keys that were sent, named as on the wire."""

    patch: dict[str, Any]
    source: str = "profile_update"


class SkinLogged(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A day's check-in; replaces that day's row in full (contract A 7.4). `date` is a real YYYY-MM-DD."""

    date: str
    redness: int | None = None
    acne: int | None = None
    hydration: int | None = None
    notes: str | None = None
    target_product: str | None = None
    sensation: str | None = None


class AnalysisCompleted(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """An analysis ended in time. Artifact and plan as in contract C 20, 21; None where not made."""

    analysis: dict[str, Any]
    lang: str
    source: str
    artifact: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    session_id: str | None = None


class AnalysisTimedOut(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The analysis budget fired; nothing of the abandoned run was kept."""

    budget_ms: int


class IngredientPlanBuilt(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A plan was built later for an artifact that had none."""

    artifact_id: str
    plan: dict[str, Any]


class RecommendationsGiven(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Recommendations left the house. `items` as sent; `request` is the context they were asked in."""

    run_id: str
    source: str
    items: list[dict[str, Any]]
    request: dict[str, Any]
    artifact_id: str | None = None
    plan_id: str | None = None
    confidence_score: float | None = None


class ConversationMoved(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The conversation of one brief stands here now (decision 1)."""

    brief_id: str
    conversation: Conversation


class DiagnosisExpired(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Artifacts, plans and recommendation runs made before `before` (ISO-8601 UTC) are no longer kept."""

    before: str


class OutboundOpened(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The person left for a shop, or tried to."""

    outcome: str
    url: str | None = None
    offer_id: str | None = None


class RecommendationJudged(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """An employee judged a candidate (contract D 3.8). timestamp_ms: the client's clock, else ours."""

    anchor_product_id: str
    block: str
    feedback_type: str
    timestamp_ms: int
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


class RecommendationClicked(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A candidate of an interleaved list was opened (contract D 3.8). rank_position: 0 if not known."""

    anchor_product_id: str
    block: str
    attribution: str
    request_id: str
    session_id: str
    timestamp_ms: int
    candidate_product_id: str | None = None
    candidate_name: str | None = None
    was_exploration_slot: bool = False
    rank_position: int = 0
    category_bucket: str | None = None
    price_band: str | None = None
    pipeline_version: str | None = None
    models: Any = None


class GuestMerged(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What a device remembered came along into the account, in whose stream this stands (decision 31).

    device: stream key of the device. taken: what the account did not have, or had older, when it was decided.
    """

    device: str
    taken: Belongings


class DeviceLinked(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What the device remembers so far is this account's (its stream key), and no other's any more."""

    account: str


Fact = (
    ProfilePatched
    | SkinLogged
    | AnalysisCompleted
    | AnalysisTimedOut
    | IngredientPlanBuilt
    | RecommendationsGiven
    | ConversationMoved
    | DiagnosisExpired
    | OutboundOpened
    | RecommendationJudged
    | RecommendationClicked
    | GuestMerged
    | DeviceLinked
)


class FactMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What every event carries beside its data. `occurred_at`: the turn's `now`, ISO-8601 UTC."""

    request_id: str
    trace_id: str
    occurred_at: str
    uid: str | None = None
    user_id: str | None = None
    brief_id: str | None = None
    causation: str = ""


class NewFact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about to be appended. `event_id`: from `Turn.uuid`, so a repeated append is the same append."""

    event_id: str
    fact: Fact
    meta: FactMeta
