"""`/agent/*`: two calls of the client that the commerce backend answers (contract F 6 rows 19a, 19b, F 12).

They are no turns: nobody is remembered, nothing is decided. The door is the same, though: bounded bodies, a
place among the turns, one deadline below the client's patience, a hang-up that ends the call. To the backend
goes a body of our own making with our own key, never a header of the client's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog
import trio

from aurora import telemetry
from aurora.actors.findings import Failure
from aurora.actors.house import House
from aurora.actors.links import Reply as Answered
from aurora.contract.errors import ContractError
from aurora.contract.forward_requests import OPERATIONS, ProductsResolve, ShopInvoke
from aurora.contract.turn import RequestContext
from aurora.contract.validation import decode_as
from aurora.rules import forwarding
from aurora.rules.keyed import keyed
from aurora.store.accounts import Window
from aurora.web.answers import Reply
from aurora.web.bearer import client_key
from aurora.web.body import json_value
from aurora.web.context import context_of
from aurora.web.request import Arrived
from aurora.web.turn_connection import Handler

RESOLVE_PATH = "/agent/v1/products/resolve"
INVOKE_PATH = "/agent/shop/v1/invoke"
LINK = "shop"
OFTEN: Final = Window(600, timedelta(minutes=1))
"""Calls of one client: ten a second, for behind one address may be many people."""
_KEPT_MS = 100  # of the deadline, for answering
_HIDDEN = b"[redacted]"
_LEAST_SECRET = 8  # characters; a shorter key is a word of a development setup

log = structlog.get_logger(__name__)

BodyOf = Callable[[Any, int], Any]
"""What goes to the backend, from what the client said and the milliseconds left. Raises ContractError."""


def handlers(house: House) -> dict[tuple[str, str], Handler]:
    """What serves the two paths, by method and path."""
    return {
        ("POST", RESOLVE_PATH): _handler(house, RESOLVE_PATH, _resolve_body),
        ("POST", INVOKE_PATH): _handler(house, INVOKE_PATH, _invoke_body),
    }


def _handler(house: House, path: str, body_of: BodyOf) -> Handler:
    settings = house.settings
    budget_ms = settings.forward_budget_ms

    async def handle(request: Arrived) -> Reply:
        said = json_value(request.body, request.headers.get(b"content-type"))
        request.context = context_of(request)
        telemetry.bind_ids(request.context.request_id, request.context.trace_id)
        deadline = request.at + (budget_ms - _KEPT_MS) / 1000
        with house.admit(request.at, budget_ms):
            await _let_in(house, request)
            body = body_of(said, max(1, int((deadline - trio.current_time()) * 1000)))
            outcome = await _asked(house, path, body, deadline, request.context)
        # The client takes a list of products as it is; a resolution that is no object would open nothing.
        shapes = (dict,) if path == RESOLVE_PATH else (dict, list)
        if isinstance(outcome, Answered) and not isinstance(outcome.body, shapes):
            outcome = Failure(actor=LINK, code="bad_shape")
        reply = _reply(outcome, settings.backend_api_key, resolving=path == RESOLVE_PATH)
        if isinstance(outcome, Failure):
            if outcome.code == "timeout":
                telemetry.http_timeouts.labels(request.method, path).inc()
            log.warning("forward_failed", route=path, code=outcome.code, upstream_status=outcome.status)
        return msgspec.structs.replace(reply, headers={**request.extra_headers, **reply.headers})

    return handle


async def _let_in(house: House, request: Arrived) -> None:
    """Raises ContractError 429 for a client that comes too often: it all happens under our key."""
    client = client_key(request, house.sign_in, house.settings)
    limited = await house.knowledge.limiter.tried(((keyed("", "forwards", client), OFTEN),), request.now)
    if limited is not None:
        raise ContractError(429, "RATE_LIMITED", retry_after_s=limited.retry_after_s)


async def _asked(
    house: House, path: str, body: Any, deadline: float, context: RequestContext
) -> Answered | Failure:
    link = house.links.get(LINK)
    if link is None:
        return Failure(actor=LINK, code="not_configured")
    return await link.call(
        "POST", path, json=body, deadline=deadline, context=context, why=forwarding.told_by
    )


def _resolve_body(said: Any, left_ms: int) -> Any:
    return forwarding.resolve_body(decode_as(ProductsResolve, said), left_ms)


def _invoke_body(said: Any, _: int) -> Any:
    operation = said.get("operation") if isinstance(said, dict) else None
    if isinstance(operation, str) and operation and operation not in OPERATIONS:
        raise ContractError(400, "UNSUPPORTED_OPERATION", details={"_errors": [], "operation": _NOT_OURS})
    return decode_as(ShopInvoke, said)


_NOT_OURS = {"_errors": [f"one of {', '.join(OPERATIONS)}"]}


def _reply(outcome: Answered | Failure, key: str, *, resolving: bool) -> Reply:
    """The backend's answer as the client gets it; our key never stands in it, whatever the backend echoes."""
    if isinstance(outcome, Failure):
        refused = forwarding.refused(outcome.code, outcome.status, outcome.detail)
        wait = {"Retry-After": str(refused.retry_after_s)} if refused.retry_after_s is not None else {}
        return Reply(refused.status, _without(key, msgspec.json.encode(refused.body)), wait)
    answer = forwarding.harmless(outcome.body)
    if resolving:
        answer = forwarding.resolution(answer)
    body = outcome.raw if answer is outcome.body else msgspec.json.encode(answer)
    return Reply(200, _without(key, body))


def _without(key: str, body: bytes) -> bytes:
    found = msgspec.json.encode(key)[1:-1]
    return body.replace(found, _HIDDEN) if len(found) >= _LEAST_SECRET else body
