"""Reducers: what each fact makes of the rows it touches. Pure, so the journal, the in-memory store and a
rebuild of the whole log produce the same rows.

A reducer takes the row as it stands (or None) and the event, and answers the row as it stands afterwards.
Instants come from the turn (`meta.occurred_at`), ids from the event or the fact; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from aurora.contract.memory import Conversation
from aurora.store.facts import (
    AnalysisCompleted,
    ConversationMoved,
    DiagnosisExpired,
    Fact,
    FactMeta,
    GuestMerged,
    IngredientPlanBuilt,
    NewFact,
    ProfilePatched,
    RecommendationClicked,
    RecommendationJudged,
    RecommendationsGiven,
    SkinLogged,
)
from aurora.store.merged_rows import merged_rows
from aurora.store.rows import (
    ArtifactRow,
    ClickRow,
    ConversationRow,
    FeedbackRow,
    LogRow,
    PlanRow,
    ProfileRow,
    Row,
    RunRow,
)

RowKey = tuple[type[Row], str]
Rows = MutableMapping[RowKey, Row]

# Epoch of a stream that was erased for ever: an account that was deleted (migrations/106_linking.sql).
CLOSED_EPOCH: Final = 2**52


class Event(msgspec.Struct, frozen=True):
    """A fact with its place in a stream. event_id: a UUID as text."""

    stream: str
    version: int
    event_id: str
    fact: Fact
    meta: FactMeta


class Touch(NamedTuple):
    """One row an event touches: type, key within the stream ('' if there is one per stream), reducer."""

    row: type[Row]
    key: str
    reduce: Callable[[Any, Event], Row]


# Wire name -> column. What is text stays text, lists stay lists; anything else that was said is kept as JSON.
_TEXTS = {
    "skinType": "skin_type",
    "sensitivity": "sensitivity",
    "barrierStatus": "barrier_status",
    "region": "region",
    "budgetTier": "budget_tier",
    "lang_pref": "lang_pref",
    "age_band": "age_band",
    "pregnancy_status": "pregnancy_status",
    "lactation_status": "lactation_status",
}
_LISTS = {
    "goals": "goals",
    "contraindications": "contraindications",
    "high_risk_medications": "high_risk_medications",
}
_FREE = {"currentRoutine": "current_routine", "itinerary": "itinerary"}
PROFILE_COLUMNS: dict[str, str] = {**_TEXTS, **_LISTS, **_FREE, "travel_plan": "travel_plan"}


def touches(event: Event) -> tuple[Touch, ...]:
    """The rows that `event` touches, in a fixed order. Sweeping events touch by age: `sweeps_before`."""
    fact = event.fact
    if isinstance(fact, SkinLogged):
        return (Touch(LogRow, fact.date, log_row),)
    if isinstance(fact, ProfilePatched):
        return (Touch(ProfileRow, "", profile_row),)
    if isinstance(fact, ConversationMoved):
        return (Touch(ConversationRow, fact.brief_id, conversation_row),)
    if isinstance(fact, AnalysisCompleted):
        found = [Touch(ProfileRow, "", profile_row)]
        if fact.artifact is not None:
            found.append(Touch(ArtifactRow, _artifact_id(event, fact.artifact), artifact_row))
            if fact.plan is not None:
                found.append(Touch(PlanRow, _plan_id(event, fact.plan), plan_row))
        return tuple(found)
    if isinstance(fact, IngredientPlanBuilt):
        return (Touch(PlanRow, _plan_id(event, fact.plan), plan_row),)
    if isinstance(fact, RecommendationsGiven):
        return (Touch(RunRow, fact.run_id, run_row),)
    if isinstance(fact, RecommendationJudged):
        return (Touch(FeedbackRow, event.event_id, feedback_row),)
    if isinstance(fact, RecommendationClicked):
        return (Touch(ClickRow, event.event_id, click_row),)
    if isinstance(fact, GuestMerged):
        return _came_along(event, fact)
    return ()


def _came_along(event: Event, fact: GuestMerged) -> tuple[Touch, ...]:
    """What was decided when it was merged is simply written; nothing is weighed again."""
    taken = fact.taken
    profile = (Touch(ProfileRow, "", profile_row),) if taken.profile or taken.analysis is not None else ()
    rows = merged_rows(taken, event.stream, event.version, event.meta)
    return (*profile, *(Touch(type(row), key, partial(_as_made, row)) for key, row in rows))


def _as_made(row: Row, _: Row | None, __: Event) -> Row:
    return row


def sweeps_before(event: Event) -> str | None:
    """If the event ages artifacts, plans and runs: rows created before this instant are dropped."""
    return event.fact.before if isinstance(event.fact, DiagnosisExpired) else None


def erased_since(facts: Sequence[NewFact], epoch: int | None, now_epoch: int, erased_at: str) -> bool:
    """Whether the person was erased after the turn that says `facts` began.

    epoch: of the memory that the turn read. None: it could not read any, so the instants decide. erased_at:
    ISO-8601 UTC of the last erasure, "" if there was none. A stream that was closed takes nothing any more.
    """
    if now_epoch >= CLOSED_EPOCH:
        return True
    if epoch is not None:
        return epoch != now_epoch
    return any(new.meta.occurred_at <= erased_at for new in facts)


def apply(rows: Rows, event: Event) -> None:
    """Fold one event of one stream into its rows, in place."""
    before = sweeps_before(event)
    if before is not None:
        for key in [key for key, row in rows.items() if _is_swept(row, before)]:
            del rows[key]
    for touch in touches(event):
        key = (touch.row, touch.key)
        rows[key] = touch.reduce(rows.get(key), event)


def _is_swept(row: Row, before: str) -> bool:
    return isinstance(row, ArtifactRow | PlanRow | RunRow) and row.created_at < before


def profile_row(row: ProfileRow | None, event: Event) -> ProfileRow:
    """Merge what was said, key by key, or keep the latest analysis; an empty patch only touches the row."""
    fact, at = event.fact, event.meta.occurred_at
    changed: dict[str, Any] = {"version": event.version, "updated_at": at, **_owner(event.meta)}
    if isinstance(fact, ProfilePatched):
        for name, value in fact.patch.items():
            column = PROFILE_COLUMNS.get(name)
            if column is not None:
                changed[column] = _said(name, value)
    elif isinstance(fact, AnalysisCompleted):
        changed |= {
            "last_analysis": _verbatim(fact.analysis),
            "last_analysis_at": at,
            "last_analysis_lang": fact.lang,
        }
    elif isinstance(fact, GuestMerged):
        for name, said in fact.taken.profile.items():
            column = PROFILE_COLUMNS.get(name)
            if column is not None:
                changed[column] = _said(name, said.value)
        analysis = fact.taken.analysis
        if analysis is not None:
            changed |= {
                "last_analysis": _verbatim(analysis.analysis),
                "last_analysis_at": analysis.at,
                "last_analysis_lang": analysis.lang,
            }
    if row is None:
        return ProfileRow(stream=event.stream, created_at=at, **changed)
    return msgspec.structs.replace(row, **changed)


def _verbatim(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _said(name: str, value: Any) -> Any:
    """A value fit for its column; what has the wrong type counts as not said."""
    if name in _TEXTS:
        return value if isinstance(value, str) else None
    if name in _LISTS:
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else None
    if name == "travel_plan":
        return value if isinstance(value, dict) else None
    return value


def log_row(row: LogRow | None, event: Event) -> LogRow:
    """A full replacement of the day's row; its id and its first instant stay (contract A 7.4)."""
    fact = event.fact
    assert isinstance(fact, SkinLogged)
    meta = event.meta
    account = meta.user_id
    return LogRow(
        stream=event.stream,
        version=event.version,
        log_date=fact.date,
        id=event.event_id if row is None else row.id,
        created_at=meta.occurred_at if row is None else row.created_at,
        updated_at=meta.occurred_at,
        aurora_uid=meta.uid if account is None else None,
        user_id=account,
        redness=fact.redness,
        acne=fact.acne,
        hydration=fact.hydration,
        notes=fact.notes,
        target_product=fact.target_product,
        sensation=fact.sensation,
    )


def artifact_row(_: ArtifactRow | None, event: Event) -> ArtifactRow:
    """The artifact of an analysis. A missing level follows from the score as contract A 11 says."""
    fact = event.fact
    assert isinstance(fact, AnalysisCompleted)
    artifact = fact.artifact or {}
    stated = artifact.get("overall_confidence")
    confidence = stated if isinstance(stated, dict) else {}
    score = _score(confidence.get("score"))
    level = confidence.get("level")
    mix = artifact.get("source_mix")
    return ArtifactRow(
        stream=event.stream,
        version=event.version,
        artifact_id=_artifact_id(event, artifact),
        created_at=event.meta.occurred_at,
        artifact_json=artifact,
        confidence_score=score,
        confidence_level=level if isinstance(level, str) else _level(score),
        session_id=fact.session_id,
        source_mix=list(dict.fromkeys(str(part).lower() for part in mix))[:12]
        if isinstance(mix, list)
        else None,
        **_owner(event.meta),
    )


def plan_row(_: PlanRow | None, event: Event) -> PlanRow:
    """A plan made together with its artifact, or later for one that had none."""
    fact = event.fact
    if isinstance(fact, IngredientPlanBuilt):
        artifact_id, plan = fact.artifact_id, fact.plan
    else:
        assert isinstance(fact, AnalysisCompleted)
        artifact_id, plan = _artifact_id(event, fact.artifact or {}), fact.plan or {}
    intensity = plan.get("intensity")
    return PlanRow(
        stream=event.stream,
        version=event.version,
        plan_id=_plan_id(event, plan),
        artifact_id=artifact_id,
        created_at=event.meta.occurred_at,
        plan_json=plan,
        intensity=intensity if isinstance(intensity, str) else None,
        **_owner(event.meta),
    )


def run_row(_: RunRow | None, event: Event) -> RunRow:
    """Recommendations as they left the house."""
    fact = event.fact
    assert isinstance(fact, RecommendationsGiven)
    return RunRow(
        stream=event.stream,
        version=event.version,
        reco_run_id=fact.run_id,
        created_at=event.meta.occurred_at,
        artifact_id=fact.artifact_id,
        plan_id=fact.plan_id,
        request_context_json=fact.request,
        reco_json={"source": fact.source, "items": fact.items},
        overall_confidence=_score(fact.confidence_score),
        **_owner(event.meta),
    )


def conversation_row(_: ConversationRow | None, event: Event) -> ConversationRow:
    """The conversation as it stands; the row is replaced whole."""
    fact = event.fact
    assert isinstance(fact, ConversationMoved)
    state: Conversation = fact.conversation
    return ConversationRow(
        stream=event.stream,
        version=event.version,
        brief_id=fact.brief_id,
        state=state,
        updated_at=event.meta.occurred_at,
    )


def feedback_row(_: FeedbackRow | None, event: Event) -> FeedbackRow:
    """What an employee said, as it was said."""
    fact, at = event.fact, event.meta.occurred_at
    assert isinstance(fact, RecommendationJudged)
    return FeedbackRow(
        stream=event.stream,
        version=event.version,
        id=event.event_id,
        received_at=at,
        created_at=at,
        **msgspec.structs.asdict(fact),
    )


def click_row(_: ClickRow | None, event: Event) -> ClickRow:
    """A click, with whose pick it counts for."""
    fact = event.fact
    assert isinstance(fact, RecommendationClicked)
    return ClickRow(
        stream=event.stream,
        version=event.version,
        id=event.event_id,
        created_at=event.meta.occurred_at,
        **msgspec.structs.asdict(fact),
    )


def _owner(meta: FactMeta) -> dict[str, Any]:
    """Whose row: the account once signed in, else the device (contract A 11)."""
    return {"aurora_uid": meta.uid if meta.user_id is None else None, "user_id": meta.user_id}


def _artifact_id(event: Event, artifact: dict[str, Any]) -> str:
    stated = artifact.get("artifact_id")
    return stated if isinstance(stated, str) and stated else f"da_{event.event_id}"


def _plan_id(event: Event, plan: dict[str, Any]) -> str:
    stated = plan.get("plan_id")
    return stated if isinstance(stated, str) and stated else f"ip_{event.event_id}"


def _score(value: Any) -> float | None:
    """A confidence as its column holds it: 0 to 1, four digits (contract A 12)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(min(1.0, max(0.0, float(value))), 4)


def _level(score: float | None) -> str:
    if score is None or score < 0.55:
        return "low"
    return "medium" if score <= 0.75 else "high"
