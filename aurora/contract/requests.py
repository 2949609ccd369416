"""What clients may send (contract A 6): strict structs, unknown keys and nulls refused.

An optional field is `X | UnsetType`: absent is UNSET, null is an error. Limits that the contract left open
are set here: profile strings 200, routine and itinerary 8 kB serialised, lists 30, ids 1000, texts 100,000.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from aurora.contract.memory import AgeBand, LactationStatus, PregnancyStatus

MAX_ROUTINE_BYTES = 8192

Text = Annotated[str, Meta(min_length=1, max_length=100_000)]
Id = Annotated[str, Meta(min_length=1, max_length=1000)]
Url = Annotated[str, Meta(min_length=1, max_length=4096)]
Fact = Annotated[str, Meta(min_length=1, max_length=200)]
Facts = Annotated[list[Fact], Meta(max_length=30)]
Anything = dict[str, Any]
Score = Annotated[int, Meta(ge=0, le=5)]
# NNNN-NN-NN; that it is a day of the calendar is checked in `contract.validation`.
DAY = r"^\d{4}-\d{2}-\d{2}$"
Day = Annotated[str, Meta(pattern=DAY, description="A day of the calendar, YYYY-MM-DD.")]
Routine = str | Anything | list[Any]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all bodies."""


class RequestedTransition(Request, frozen=True, kw_only=True):
    """A move of the client's own state machine that it asks us to confirm."""

    trigger_source: Literal["chip", "action", "text_explicit"]
    trigger_id: Id
    requested_next_state: Id


class ChatMessage(Request, frozen=True, kw_only=True):
    """One earlier message, forwarded upstream untouched."""

    role: Id
    content: Text


class ChatAction(Request, frozen=True, kw_only=True):
    """A tapped chip or card action; `data` is what we once put on the chip."""

    action_id: Id
    kind: Literal["chip", "action"] | UnsetType = UNSET
    data: Anything | UnsetType = UNSET


class ChatRequest(Request, frozen=True, kw_only=True):
    """POST /v1/chat (contract B 2.2). `{}` is valid."""

    message: Text | UnsetType = UNSET
    query: Text | UnsetType = UNSET
    client_state: Id | UnsetType = UNSET
    requested_transition: RequestedTransition | UnsetType = UNSET
    anchor_product_id: Id | UnsetType = UNSET
    anchor_product_url: Url | UnsetType = UNSET
    messages: Annotated[list[ChatMessage], Meta(max_length=50)] | UnsetType = UNSET
    action: Id | ChatAction | UnsetType = UNSET
    action_id: Id | UnsetType = UNSET
    action_label: Text | UnsetType = UNSET
    action_data: Anything | UnsetType = UNSET
    clarification_id: Id | UnsetType = UNSET
    selected_option_index: Annotated[int, Meta(ge=0, le=99)] | UnsetType = UNSET
    session: Anything | UnsetType = UNSET
    language: Literal["EN", "CN"] | UnsetType = UNSET
    llm_provider: Literal["gemini", "openai"] | UnsetType = UNSET
    llm_model: Annotated[str, Meta(min_length=1, max_length=120)] | UnsetType = UNSET
    debug: bool | UnsetType = UNSET


class PhotoRef(Request, frozen=True, kw_only=True):
    """An uploaded photo to look at."""

    slot_id: Id
    photo_id: Id | UnsetType = UNSET
    qc_status: Id | UnsetType = UNSET


class PhotoPresign(Request, frozen=True, kw_only=True):
    """POST /v1/photos/presign: where may a photo be put? That she agrees is implied by asking."""

    slot_id: Id
    content_type: Annotated[str, Meta(max_length=120)] | UnsetType = UNSET
    bytes: Annotated[int, Meta(gt=0)] | UnsetType = UNSET


class PhotoConfirm(Request, frozen=True, kw_only=True):
    """POST /v1/photos/confirm: the photo has been put there."""

    photo_id: Id
    slot_id: Id | UnsetType = UNSET


class PhotoUpload(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn knows of POST /v1/photos/upload (multipart): everything but the photo itself.

    handle: of its bytes on the tray. size: in bytes.
    """

    slot_id: str
    content_type: str
    size: int
    handle: str


class SkinAnalysisRequest(Request, frozen=True, kw_only=True):
    """POST /v1/analysis/skin. `{}` is valid: an analysis from what is known."""

    use_photo: bool | UnsetType = UNSET
    currentRoutine: Routine | UnsetType = UNSET
    photos: Annotated[list[PhotoRef], Meta(max_length=4)] | UnsetType = UNSET


class TravelPlan(Request, frozen=True, kw_only=True):
    """Where and when the person travels. indoor_outdoor_ratio: 0 all outdoors, 1 all indoors."""

    destination: Fact | UnsetType = UNSET
    start_date: Day | UnsetType = UNSET
    end_date: Day | UnsetType = UNSET
    indoor_outdoor_ratio: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET


class ProfileUpdate(Request, frozen=True, kw_only=True):
    """POST /v1/profile/update, and every profile patch: only the keys that are sent change."""

    skinType: Fact | UnsetType = UNSET
    sensitivity: Fact | UnsetType = UNSET
    barrierStatus: Fact | UnsetType = UNSET
    goals: Facts | UnsetType = UNSET
    region: Fact | UnsetType = UNSET
    budgetTier: Fact | UnsetType = UNSET
    currentRoutine: Routine | UnsetType = UNSET
    itinerary: Routine | UnsetType = UNSET
    contraindications: Facts | UnsetType = UNSET
    lang_pref: Literal["EN", "CN"] | UnsetType = UNSET
    age_band: AgeBand | UnsetType = UNSET
    pregnancy_status: PregnancyStatus | UnsetType = UNSET
    lactation_status: LactationStatus | UnsetType = UNSET
    high_risk_medications: Facts | UnsetType = UNSET
    travel_plan: TravelPlan | UnsetType = UNSET


class TrackerLog(Request, frozen=True, kw_only=True):
    """POST /v1/tracker/log: the whole day, replacing what that day held.

    date: YYYY-MM-DD; anything that does not look like a date means today (UTC).
    """

    date: Annotated[str, Meta(min_length=1, max_length=100)] | UnsetType = UNSET
    redness: Score | UnsetType = UNSET
    acne: Score | UnsetType = UNSET
    hydration: Score | UnsetType = UNSET
    notes: Annotated[str, Meta(max_length=4000)] | UnsetType = UNSET
    targetProduct: Annotated[str, Meta(max_length=500)] | UnsetType = UNSET
    sensation: Annotated[str, Meta(max_length=500)] | UnsetType = UNSET


class SimulatedRoutine(Request, frozen=True, kw_only=True):
    """Steps of a morning and an evening, as any objects; at most 40 each."""

    am: Annotated[list[Anything], Meta(max_length=40)] | UnsetType = UNSET
    pm: Annotated[list[Anything], Meta(max_length=40)] | UnsetType = UNSET


class RoutineSimulate(Request, frozen=True, kw_only=True):
    """POST /v1/routine/simulate: do these steps go together? `{}` is valid, and safe."""

    routine: SimulatedRoutine | UnsetType = UNSET
    test_product: Anything | UnsetType = UNSET


class RecoGenerate(Request, frozen=True, kw_only=True):
    """POST /v1/reco/generate. constraints: `budget`, `goal` and `preference` are read, as texts."""

    focus: Text | UnsetType = UNSET
    constraints: Anything | UnsetType = UNSET
    include_alternatives: bool | UnsetType = UNSET


class AffiliateOutcome(Request, frozen=True, kw_only=True):
    """POST /v1/affiliate/outcome: the person left for a shop, or tried to."""

    outcome: Literal["success", "failed", "save"]
    url: Url | UnsetType = UNSET
    offer_id: Id | UnsetType = UNSET


class EventBatch(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/events. Lenient (decision 10): odd events are dropped one by one later, extra keys ignored."""

    source: Annotated[str, Meta(min_length=1, max_length=120)]
    events: Annotated[list[Any], Meta(min_length=1, max_length=50)]


class UiEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One UI event as documented; what a client sends beside it is ignored."""

    event_name: Annotated[str, Meta(min_length=1, max_length=120)]
    brief_id: Annotated[str, Meta(min_length=1, max_length=128)]
    trace_id: Annotated[str, Meta(min_length=1, max_length=128)]
    timestamp: Annotated[float, Meta(ge=0, description="Epoch milliseconds; fractions allowed.")]
    data: Anything | UnsetType = UNSET


def sent_keys(body: Request) -> dict[str, Any]:
    """The keys that were sent, as plain data, in the order of the struct."""
    plain: dict[str, Any] = msgspec.to_builtins(body)
    return plain
