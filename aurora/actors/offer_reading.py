"""What an outside offer says now: one question of the commerce backend (contract A 9, D 1.5).

The address goes to the backend as data; nothing is fetched from here. The call carries no key of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.links import Reply
from aurora.actors.questions import ResolveOffer
from aurora.rules.offer_snapshot import snapshot_in
from aurora.rules.upstream_reason import reason_of

NAME = "commerce"
PATH = "/api/offers/external/resolve"


def request_of(question: ResolveOffer) -> dict[str, Any]:
    """The body."""
    return {"market": question.market, "url": question.url, "forceRefresh": False}


def read_offer(outcome: Reply | Failure) -> Finding:
    """An OfferSnapshot; a body that is no object is `bad_shape`."""
    if isinstance(outcome, Failure):
        return outcome
    if not isinstance(outcome.body, Mapping):
        return Failure(actor=NAME, code="bad_shape", status=outcome.status)
    return Answer(actor=NAME, value=snapshot_in(outcome.body), raw=outcome.raw)


def told_by(body: object) -> str | None:
    """The reason in the body of another status, if it gives one; it becomes the failure's detail."""
    reason = reason_of(body)
    return None if reason == "no_candidates" else reason
