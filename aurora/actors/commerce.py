"""The commerce actor: the shop's catalogue, how it opens a product, what an outside offer says (D 1.5)."""

from __future__ import annotations

from typing import Any

import trio

from aurora.actors import offer_reading, opening
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, FailureCode, Finding
from aurora.actors.links import Link, Reply
from aurora.actors.questions import CommerceSearch, OpenProduct, ResolveOffer

NAME = "commerce"
SEARCH_PATH = "/agent/v1/products/search"
SEARCH_CAP_MS = 1200
MOST_RESULTS = 12
_LIST_KEYS = ("products", "items", "results")


def auth_headers(key: str) -> dict[str, str]:
    """Both headers that the backend reads the agent key from; none without a key."""
    return {"x-api-key": key, "authorization": f"Bearer {key}"} if key else {}


def commerce_handler(link: Link, offers: Link | None = None) -> Handler:
    """Handler of CommerceSearch and OpenProduct over `link`: one attempt each, within the question's own cap.

    A search without one has at most 1200 ms. offers: for ResolveOffer, a link to the same backend that
    carries no key; without it nobody can be asked.
    """

    async def handle(call: Call) -> Finding:
        question = call.question
        if isinstance(question, OpenProduct):
            left_ms = max(0, int((call.deadline - trio.current_time()) * 1000))
            path, body = opening.request_of(question, left_ms)
            said = await link.call("POST", path, json=body, deadline=call.deadline, context=call.turn.context)
            return opening.read_opening(said)
        if isinstance(question, ResolveOffer):
            if offers is None:
                return Failure(actor=NAME, code="not_configured")
            told = await offers.call(
                "POST",
                offer_reading.PATH,
                json=offer_reading.request_of(question),
                deadline=call.deadline,
                context=call.turn.context,
                why=offer_reading.told_by,
            )
            return offer_reading.read_offer(told)
        if not isinstance(question, CommerceSearch):
            raise TypeError(f"commerce cannot answer {type(question).__name__}")
        deadline = call.deadline
        if question.cap_ms == 0:
            deadline = min(deadline, trio.current_time() + SEARCH_CAP_MS / 1000)
        outcome = await link.call(
            "GET", SEARCH_PATH, params=params_of(question), deadline=deadline, context=call.turn.context
        )
        return read_search(outcome)

    return handle


def params_of(question: CommerceSearch) -> dict[str, str]:
    """The query parameters of a search."""
    return {
        "query": question.query,
        "limit": str(min(max(question.limit, 1), MOST_RESULTS)),
        "offset": "0",
        "search_all_merchants": "true",
        "in_stock_only": "false",
        "source": "aurora-bff",
        "fast_mode": "true",
    }


def read_search(outcome: Reply | Failure) -> Finding:
    """Products as a list of objects, in the backend's order.

    The list may be the body, or stand under `products`, `items` or `results`, at the top or under `data`. A
    body without any is `bad_shape`. A 2xx that confesses a failed search (`metadata.proxy_search_fallback`)
    and brings nothing is that failure, not an empty catalogue.
    """
    if isinstance(outcome, Failure):
        return outcome
    products = _products(outcome.body)
    if products is None:
        return Failure(actor=NAME, code="bad_shape", status=outcome.status)
    if not products:
        soft = _soft_failure(outcome.body)
        if soft is not None:
            return Failure(actor=NAME, code=soft, status=outcome.status, detail="soft")
    return Answer(actor=NAME, value=products, raw=outcome.raw)


def _products(body: Any) -> list[dict[str, Any]] | None:
    for holder in (body, body.get("data") if isinstance(body, dict) else None):
        if isinstance(holder, list):
            return [item for item in holder if isinstance(item, dict)]
        if isinstance(holder, dict):
            for key in _LIST_KEYS:
                if isinstance(holder.get(key), list):
                    return [item for item in holder[key] if isinstance(item, dict)]
    return None


def _soft_failure(body: Any) -> FailureCode | None:
    """`timeout` or `http_5xx` when the metadata says so, else None."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    told = metadata.get("proxy_search_fallback") if isinstance(metadata, dict) else None
    if not isinstance(told, dict):
        return None
    words = " ".join(str(told.get(key, "")) for key in ("reason", "reason_code", "error_code")).lower()
    status = told.get("upstream_status")
    if "timeout" in words or "timed_out" in words:
        return "timeout"
    if "error" in words or "throttl" in words or (isinstance(status, int) and status >= 429):
        return "http_5xx"
    return None
