"""What an employee says of a recommendation, or opens of it, as facts (contract D 3.8).

Not turns: these routes answer plain JSON to staff, and no envelope. But the facts go the way of all facts,
into the stream of whoever said them, so that erasing a person takes them along.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET

from aurora.contract.reco_side import EmployeeFeedback, InterleaveClick
from aurora.contract.turn import Identity, Turn, iso_ms
from aurora.store.facts import FactMeta, NewFact, RecommendationClicked, RecommendationJudged

FEEDBACK_EVENT: Final = "reco_employee_feedback"
CLICK_EVENT: Final = "reco_interleave_click"
# One ranker makes our lists: a click counts for both sides of every comparison.
ATTRIBUTION: Final = "both"


def judged(
    body: EmployeeFeedback, *, session_id: str, request_id: str, rank: int, now: datetime
) -> RecommendationJudged:
    """The fact of a verdict. rank: where the candidate was shown as far as we know, 0 if we do not."""
    said = _said(body)
    said.setdefault("rank_position", rank or 1)
    return RecommendationJudged(
        **said | {"session_id": session_id, "request_id": request_id, "timestamp_ms": _moment(body, now)}
    )


def clicked(body: InterleaveClick, *, rank: int, now: datetime) -> RecommendationClicked:
    """The fact of a click. rank: as of `judged`."""
    return RecommendationClicked(
        **_said(body)
        | {"attribution": ATTRIBUTION, "rank_position": rank, "timestamp_ms": _moment(body, now)}
    )


def event_of(fact: RecommendationJudged, now: datetime) -> dict[str, Any]:
    """What the client is told was taken, and the JSONL sink keeps: nothing but what was said."""
    shown = {name: value for name, value in msgspec.structs.asdict(fact).items() if value is not None}
    shown["timestamp"] = shown.pop("timestamp_ms")
    return {"event_name": FEEDBACK_EVENT, **shown, "received_at": iso_ms(now)}


def owner(uid: str | None, user_id: str | None, session_id: str | None) -> Identity:
    """Whose stream a fact goes to. Without a UID the session's: the client sends its UID as that.

    With neither it is nobody's: no request can come with a blank UID.
    """
    return Identity(uid or session_id or "", user_id)


def as_new(turn: Turn, fact: RecommendationJudged | RecommendationClicked, *, dated: bool) -> NewFact:
    """The fact, ready to be appended. dated: the client said when; the same said twice is then one fact."""
    context = turn.context
    same = msgspec.json.encode([turn.identity.stream, fact]).decode()
    return NewFact(
        event_id=str(uuid.uuid5(uuid.NAMESPACE_OID, same)) if dated else turn.uuid("fact:1"),
        fact=fact,
        meta=FactMeta(
            request_id=context.request_id,
            trace_id=context.trace_id,
            occurred_at=iso_ms(turn.now),
            uid=turn.identity.uid or None,
            user_id=turn.identity.user_id,
            brief_id=context.brief_id,
            causation=turn.kind,
        ),
    )


def _said(body: EmployeeFeedback | InterleaveClick) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(body)
    plain.pop("timestamp", None)
    return plain


def _moment(body: EmployeeFeedback | InterleaveClick, now: datetime) -> int:
    return int(now.timestamp() * 1000) if body.timestamp is UNSET else body.timestamp
