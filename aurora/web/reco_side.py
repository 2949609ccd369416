"""The three side routes of recommendations (contract D 3.8, decision 33): plain JSON, for staff.

Not there unless AURORA_BFF_RECO_DOGFOOD_MODE is on. Bodies are small and strict, tries are limited per
client, and a store that is away costs the fact, never the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog
import trio
from quart import Blueprint
from quart_trio.wrappers import TrioResponse

from aurora import telemetry
from aurora.actors.house import House
from aurora.contract.errors import ContractError
from aurora.contract.reco_side import ClickTaken, FeedbackTaken, LateUpdate
from aurora.contract.turn import Turn
from aurora.contract.validation import decode
from aurora.flows.reco_feedback import ATTRIBUTION, as_new, clicked, event_of, judged, owner
from aurora.rules.keyed import keyed
from aurora.store.accounts import Window
from aurora.store.facts import NewFact
from aurora.store.port import StoreError
from aurora.web.answers import plain_reply
from aurora.web.bearer import bearer_in, client_key
from aurora.web.body import json_value
from aurora.web.context import context_of, identity_of
from aurora.web.feedback_log import FeedbackLog
from aurora.web.request import MOST_ID, Arrived, current_request, is_id, query_of

FEEDBACK: Final = "/v1/reco/employee-feedback"
CLICK: Final = "/v1/reco/interleave/click"
UPDATES: Final = "/v1/reco/async-updates"
FAILED: Final = {
    FEEDBACK: "RECO_EMPLOYEE_FEEDBACK_FAILED",
    CLICK: "RECO_INTERLEAVE_CLICK_FAILED",
    UPDATES: "RECO_ASYNC_UPDATES_FAILED",
}
MOST_BODY_BYTES: Final = 16 * 1024
SAYING: Final = Window(60, timedelta(minutes=1))
POLLING: Final = Window(240, timedelta(minutes=1))
MODE: Final = "main_path"  # what the metrics call it
_MOST_VERSION: Final = 2**31

log = structlog.get_logger(__name__)


def blueprint(house: House, lines: FeedbackLog) -> Blueprint:
    """The routes. lines: the JSONL sink; somebody must run it."""
    pages = Blueprint("reco_side", __name__)
    tickets = house.knowledge.tickets

    @pages.post(FEEDBACK)
    async def feedback() -> TrioResponse:
        request = current_request()
        with house.admit(request.at, house.settings.write_budget_ms):
            body = await _body(house, request, "employee_feedback")
            named = _session(request) if body.session_id is msgspec.UNSET else body.session_id
            turn = await _turn(house, request, "reco_feedback", named)
            context = turn.context
            asked_in = context.request_id if body.request_id is msgspec.UNSET else body.request_id
            fact = judged(
                body,
                session_id=named or turn.identity.uid or context.trace_id,
                request_id=asked_in,
                rank=tickets.shown_rank(asked_in, body.block, *_candidate(body), turn.now_ms),
                now=turn.now,
            )
            dated = body.timestamp is not msgspec.UNSET
            await _remember(house, turn, [as_new(turn, fact, dated=dated)])
            event = event_of(fact, turn.now)
            lines.offer(event, turn.now)
            telemetry.family("reco_employee_feedback_total").labels(
                body.block, body.feedback_type, MODE
            ).inc()
            return plain_reply(FeedbackTaken(event=event)).as_response()

    @pages.post(CLICK)
    async def click() -> TrioResponse:
        request = current_request()
        with house.admit(request.at, house.settings.write_budget_ms):
            body = await _body(house, request, "interleave_click")
            turn = await _turn(house, request, "reco_click", body.session_id)
            rank = tickets.shown_rank(body.request_id, body.block, *_candidate(body), turn.now_ms)
            fact = clicked(body, rank=rank, now=turn.now)
            dated = body.timestamp is not msgspec.UNSET
            await _remember(house, turn, [as_new(turn, fact, dated=dated)])
            telemetry.family("reco_interleave_click_total").labels(body.block, ATTRIBUTION, MODE).inc()
            taken = ClickTaken(
                attribution=ATTRIBUTION,
                was_exploration_slot=fact.was_exploration_slot,
                rank_position=fact.rank_position,
            )
            return plain_reply(taken).as_response()

    @pages.get(UPDATES)
    async def updates() -> TrioResponse:
        request = current_request()
        with house.admit(request.at, house.settings.write_budget_ms):
            await _let_in(house, request, "poll", POLLING)
            given = query_of(request)
            ticket_id = given.get("ticket_id", "").strip()
            if not is_id(ticket_id):
                raise ContractError(400, "BAD_REQUEST", details=_named("ticket_id", "required"))
            since = _version(given.get("since_version", ""))
            ticket = tickets.read(ticket_id, since, int(request.now.timestamp() * 1000))
            if not ticket.ticket_id:
                raise ContractError(404, "ticket_missing", extra={"version": 0})
            newer = since < ticket.version
            shown = LateUpdate(
                ok=True,
                version=ticket.version,
                has_update=newer,
                expires_at_ms=ticket.expires_at_ms,
                payload_patch=ticket.patch if newer else msgspec.UNSET,
            )
            return plain_reply(shown).as_response()

    return pages


async def _let_in(house: House, request: Arrived, purpose: str, window: Window) -> None:
    """Raises ContractError: 404 while dogfood mode is off, 429 for a client that comes too often."""
    if not house.settings.reco_dogfood:
        raise ContractError(404, "NOT_FOUND")
    client = client_key(request, house.sign_in, house.settings)
    limited = await house.knowledge.limiter.tried(
        ((keyed("", f"reco-side-{purpose}", client), window),), request.now
    )
    if limited is not None:
        raise ContractError(429, "RATE_LIMITED", retry_after_s=limited.retry_after_s)


async def _body(house: House, request: Arrived, kind: str) -> Any:
    """The body as its struct. Raises ContractError: as `_let_in`, 413, 400 with the details tree."""
    await _let_in(house, request, "say", SAYING)
    if len(request.body) > MOST_BODY_BYTES:
        raise ContractError(413, "PAYLOAD_TOO_LARGE")
    try:
        said = json_value(request.body, request.headers.get(b"content-type"))
    except ContractError as error:
        if error.code == "BAD_REQUEST":
            raise
        raise ContractError(400, "BAD_REQUEST", details={"_errors": ["expected a JSON object"]}) from None
    return decode(kind, said, max_depth=house.settings.max_json_depth)


async def _turn(house: House, request: Arrived, kind: str, session_id: str | None) -> Turn:
    """Who says it and when, in the form that facts are made from; nothing is conducted."""
    context = context_of(request)
    bearer = await bearer_in(request, house.sign_in)
    uid = identity_of(context).uid if context.uid is not None else None
    identity = owner(uid, bearer.user_id if uid else None, session_id)
    return Turn(kind=kind, context=context, identity=identity, now=request.now, seed=request.seed)


async def _remember(house: House, turn: Turn, facts: Sequence[NewFact]) -> None:
    """Hand the facts over and wait a moment; what the journal has taken it writes in any case."""
    with trio.move_on_after(house.settings.append_wait_ms / 1000):
        try:
            await house.store.append(turn.identity, facts)
        except StoreError as error:
            telemetry.storage_failures.labels(error.kind).inc()
            log.warning("feedback_not_stored", kind=turn.kind, error=str(error))


def _session(request: Arrived) -> str | None:
    header = request.header(b"x-session-id")[:MOST_ID]
    return header if is_id(header) else None


def _candidate(body: Any) -> tuple[str, str]:
    """Product id and name, blank where not sent."""
    return body.candidate_product_id or "", body.candidate_name or ""


def _version(text: str) -> int:
    """A version; what is no number means 0."""
    text = text.strip()
    return min(int(text), _MOST_VERSION) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _named(name: str, message: str) -> dict[str, Any]:
    return {"_errors": [], name: {"_errors": [message]}}
