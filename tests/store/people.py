"""Facts and identities for the tests of the store."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from aurora.contract.memory import Conversation
from aurora.contract.turn import Identity, iso_ms
from aurora.store.facts import (
    AnalysisCompleted,
    ConversationMoved,
    Fact,
    FactMeta,
    NewFact,
    OutboundOpened,
    ProfilePatched,
    RecommendationClicked,
    RecommendationJudged,
    SkinLogged,
)

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def now() -> datetime:
    """A clock that stands still."""
    return NOW


def somebody(user: bool = False) -> Identity:
    """An identity nobody else has."""
    name = uuid.uuid4().hex
    return Identity(f"uid-{name}", f"usr_{name}" if user else None)


def new(
    identity: Identity,
    fact: Fact,
    *,
    event_id: str | None = None,
    at: datetime = NOW,
    brief_id: str | None = None,
) -> NewFact:
    """`fact`, about to be appended for `identity`."""
    number = next(_numbers)
    return NewFact(
        event_id=event_id or str(uuid.uuid4()),
        fact=fact,
        meta=FactMeta(
            request_id=f"rq-{number}",
            trace_id=f"tr-{number}",
            occurred_at=iso_ms(at),
            uid=identity.uid,
            user_id=identity.user_id,
            brief_id=brief_id,
        ),
    )


def artifact(name: str, score: float = 0.75, level: str = "medium") -> dict[str, Any]:
    """A diagnosis artifact, as far as the store looks at it."""
    return {
        "artifact_id": name,
        "overall_confidence": {"score": score, "level": level, "rationale": []},
        "source_mix": ["Profile", "rule", "rule"],
        "skinType": {"value": "oily"},
    }


def analysed(
    name: str, *, brief_id: str | None = None, plan: str | None = None, score: float = 0.75
) -> AnalysisCompleted:
    """An analysis that left the artifact `name`, and a plan if named."""
    return AnalysisCompleted(
        analysis={"strategy": "1. Cleanse\n2. Moisturise", "features": []},
        lang="EN",
        source="rule_based",
        artifact=artifact(name, score),
        plan={"plan_id": plan, "intensity": "gentle", "targets": []} if plan else None,
        session_id=brief_id,
    )


def moved(brief_id: str, **state: Any) -> ConversationMoved:
    """A conversation that stands somewhere."""
    return ConversationMoved(brief_id=brief_id, conversation=Conversation(**state))


def said(**patch: Any) -> ProfilePatched:
    """Facts of the person."""
    return ProfilePatched(patch=patch)


def logged(date: str, **fields: Any) -> SkinLogged:
    """A day's check-in."""
    return SkinLogged(date=date, **fields)


def opened(url: str = "https://shop.example/p/1") -> OutboundOpened:
    """A plain fact that touches no row."""
    return OutboundOpened(outcome="success", url=url)


def judged(name: str = "Serum", **fields: Any) -> RecommendationJudged:
    """What an employee said of a candidate called `name`."""
    return RecommendationJudged(
        anchor_product_id="p1", block="dupes", feedback_type="relevant", timestamp_ms=1, candidate_name=name,
        **fields,
    )  # fmt: skip


def clicked(name: str = "Serum", **fields: Any) -> RecommendationClicked:
    """A click on a candidate called `name`."""
    return RecommendationClicked(
        anchor_product_id="p1", block="dupes", attribution="both", request_id="r", session_id="s",
        timestamp_ms=1, candidate_name=name, **fields,
    )  # fmt: skip


def days(count: int, last: datetime = NOW) -> Iterator[str]:
    """`count` dates, the newest first."""
    for back in range(count):
        yield f"{last - timedelta(days=back):%Y-%m-%d}"
