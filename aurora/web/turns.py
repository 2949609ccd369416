"""Every endpoint that answers with an envelope, one row each: decode, conduct, encode, nothing else.

A new endpoint is a new row: its kind (flow and body: `flows.table`), and its budget in one visible place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from quart import Blueprint
from quart_trio.wrappers import TrioResponse

from aurora import telemetry
from aurora.actors.house import House
from aurora.actors.turn import Flow, conduct
from aurora.contract.errors import ContractError
from aurora.contract.requests import PhotoUpload
from aurora.contract.turn import Turn
from aurora.contract.validation import decode
from aurora.flows import reco
from aurora.flows.table import TURN_KINDS
from aurora.rules import rollout
from aurora.settings import Settings
from aurora.web import photo_upload
from aurora.web.answers import CHAT_PATH, Reply, envelope_reply
from aurora.web.bearer import NOBODY, Bearer, bearer_in, client_key
from aurora.web.body import json_value
from aurora.web.context import chat_hints, context_of, device_hint, identity_of
from aurora.web.photo_upload import Uploaded
from aurora.web.request import Arrived, current_request, query_of
from aurora.web.rollout import placed, rollout_headers
from aurora.web.turn_connection import Handler

Budget = Callable[[Settings], tuple[str, int]]


class TurnRoute(msgspec.Struct, frozen=True):
    """One endpoint.

    kind: name of the turn in traces and metrics. budget: its name and milliseconds (the flow may restate it).
    failed: error code of a 500. body: `contract.validation` kind, None if the body is ignored. query:
    parameters that become `turn.raw`. counted: its tries are limited per client. signed_in: others are
    refused before their body is looked at. linked: without a token it reads and writes the memory of the
    account for which the device stands.
    """

    method: str
    path: str
    kind: str
    flow: Flow
    budget: Budget
    failed: str
    body: str | None = None
    query: tuple[str, ...] = ()
    counted: bool = False
    signed_in: bool = False
    linked: bool = True


def _write(settings: Settings) -> tuple[str, int]:
    return "write", settings.write_budget_ms


def _bootstrap(settings: Settings) -> tuple[str, int]:
    return "bootstrap", settings.bootstrap_budget_ms


def _chat(settings: Settings) -> tuple[str, int]:
    return "chat", settings.chat_budget_ms


def _reco(settings: Settings) -> tuple[str, int]:
    return "reco", settings.reco_budget_ms


def _offers(settings: Settings) -> tuple[str, int]:
    return "offers", settings.offers_budget_ms


def _analysis(settings: Settings) -> tuple[str, int]:
    return "analysis", settings.analysis_budget_ms


def _photo(settings: Settings) -> tuple[str, int]:
    return "photo", settings.photo_budget_ms


def _product_parse(settings: Settings) -> tuple[str, int]:
    return "product_parse", settings.product_parse_budget_ms


def _product_analyze(settings: Settings) -> tuple[str, int]:
    return "product_analysis", settings.product_analyze_budget_ms


def _dupe_suggest(settings: Settings) -> tuple[str, int]:
    return "dupe_suggest", settings.dupe_suggest_budget_ms


def _dupe_compare(settings: Settings) -> tuple[str, int]:
    return "dupe_compare", settings.dupe_compare_budget_ms


def _route(
    method: str, path: str, kind: str, budget: Budget, failed: str, query: tuple[str, ...] = (), **more: bool
) -> TurnRoute:
    served = TURN_KINDS[kind]
    # Who signs in, sets a password or asks who she is shows a token: a device's name alone opens no account.
    more = {"linked": not path.startswith("/v1/auth/"), **more}
    return TurnRoute(method, path, kind, served.flow, budget, failed, served.body, query, **more)


TURNS = (
    _route("POST", CHAT_PATH, "chat", _chat, "CHAT_FAILED"),
    _route("POST", "/v1/analysis/skin", "analysis", _analysis, "ANALYSIS_FAILED"),
    _route("POST", "/v1/photos/presign", "photo_presign", _photo, "PHOTO_PRESIGN_FAILED"),
    _route("POST", "/v1/photos/confirm", "photo_confirm", _photo, "PHOTO_CONFIRM_FAILED"),
    _route("POST", photo_upload.PATH, "photo_upload", _photo, "PHOTO_UPLOAD_FAILED"),
    _route("GET", "/v1/session/bootstrap", "bootstrap", _bootstrap, "BOOTSTRAP_FAILED"),
    _route("POST", "/v1/profile/update", "profile_update", _write, "PROFILE_SAVE_FAILED"),
    _route("POST", "/v1/profile/delete", "profile_delete", _write, "PROFILE_DELETE_FAILED"),
    _route("POST", "/v1/tracker/log", "tracker_log", _write, "TRACKER_LOG_FAILED"),
    _route("GET", "/v1/tracker/recent", "tracker_recent", _write, "TRACKER_LOAD_FAILED", ("days",)),
    _route("POST", "/v1/routine/simulate", "routine_simulate", _write, "SIMULATE_FAILED"),
    _route("POST", "/v1/reco/generate", "reco_generate", _reco, "RECO_GENERATE_FAILED"),
    _route("POST", "/v1/auth/start", "auth_start", _write, "AUTH_START_FAILED", counted=True),
    _route("POST", "/v1/auth/verify", "auth_verify", _write, "AUTH_VERIFY_FAILED", counted=True),
    _route(
        "POST", "/v1/auth/password/login", "auth_password_login", _write, "AUTH_LOGIN_FAILED", counted=True
    ),
    _route("POST", "/v1/auth/password/set", "auth_password_set", _write, "AUTH_SET_FAILED", signed_in=True),
    _route("POST", "/v1/auth/logout", "auth_logout", _write, "AUTH_LOGOUT_FAILED"),
    _route("GET", "/v1/auth/me", "auth_me", _write, "AUTH_ME_FAILED"),
    _route("POST", "/v1/offers/resolve", "offers_resolve", _offers, "OFFERS_RESOLVE_FAILED"),
    _route("POST", "/v1/product/parse", "product_parse", _product_parse, "PRODUCT_PARSE_FAILED"),
    _route(
        "POST",
        "/v1/product/analyze",
        "product_analyze",
        _product_analyze,
        "PRODUCT_ANALYZE_FAILED",
        counted=True,
    ),
    _route("POST", "/v1/dupe/suggest", "dupe_suggest", _dupe_suggest, "DUPE_SUGGEST_FAILED", counted=True),
    _route("POST", "/v1/dupe/compare", "dupe_compare", _dupe_compare, "DUPE_COMPARE_FAILED"),
    _route("POST", "/v1/affiliate/outcome", "affiliate_outcome", _write, "OUTCOME_FAILED"),
)

FAILED = {route.path: route.failed for route in TURNS}


def handlers(house: House) -> dict[tuple[str, str], Handler]:
    """What serves each row, by method and path."""
    return {(route.method, route.path): _handler(house, route) for route in TURNS}


def blueprint(served: Mapping[tuple[str, str], Handler]) -> Blueprint:
    """All rows as Quart routes: its map of paths, and the way for HEAD (the rest: `turn_connection`)."""
    pages = Blueprint("turns", __name__)
    for (method, path), handler in served.items():
        pages.add_url_rule(path, endpoint=path, view_func=_view(handler), methods=[method])
    return pages


def _view(handler: Handler) -> Callable[[], Awaitable[TrioResponse]]:
    async def view() -> TrioResponse:
        return (await handler(current_request())).as_response()

    return view


def _handler(house: House, route: TurnRoute) -> Handler:
    settings = house.settings
    budget = route.budget(settings)

    async def handle(request: Arrived) -> Reply:
        body: Any = None
        if route.method == "POST" and request.uploaded is None:
            body = json_value(request.body, request.headers.get(b"content-type"))
        bearer = NOBODY
        if house.sign_in.open:
            with house.admit(request.at, budget[1]):
                bearer = await bearer_in(request, house.sign_in, linked=route.linked)
        turn = _turn(request, route, body, settings, bearer)
        if route.counted:
            turn = msgspec.structs.replace(turn, raw={"client": client_key(request, house.sign_in, settings)})
        with house.admit(request.at, budget[1]), _photo_in_hand(house, turn, request):
            finished = await conduct(house, turn, route.flow, budget=budget, arrival=request.at)
        if finished.cut_reason == "budget":
            telemetry.http_timeouts.labels(route.method, route.path).inc()
        return envelope_reply(finished, request)

    return handle


def _turn(request: Arrived, route: TurnRoute, body: Any, settings: Settings, bearer: Bearer) -> Turn:
    """The request as a turn. Ids and language are settled before anything of it can be refused."""
    is_chat = route.kind == "chat"
    context = context_of(request, body, chat=is_chat)
    if route.kind == "reco_generate":  # a form, not a sentence (contract D 1.1)
        context = msgspec.structs.replace(context, trigger_source=reco.TRIGGER)
    if bearer.token_hash is not None:
        context = msgspec.structs.replace(context, bearer_token_hash=bearer.token_hash)
    request.context = context
    telemetry.bind_ids(context.request_id, context.trace_id)
    raw: dict[str, Any] = {}
    if is_chat:
        raw = chat_hints(request) | _placed(request, body, settings)
    elif route.kind in ("analysis", "photo_upload", "photo_confirm"):
        raw = device_hint(request)
    elif route.query:
        given = query_of(request)
        raw = {name: given[name] for name in route.query if name in given}
    if bearer.shown and bearer.user_id is None:
        raw["guest"] = True  # and nobody's device (decision 31)
    identity = identity_of(context, bearer.account)
    if route.signed_in and bearer.user_id is None:
        raise ContractError(401, "UNAUTHORIZED")
    if is_chat and identity.user_id is not None:
        raw |= _placed(request, body, settings, identity.user_id)
    decoded: Any = None
    if request.uploaded is not None:
        decoded = _as_body(request.uploaded, handle=request.seed)
    elif route.body is not None:
        decoded = decode(route.body, body, max_depth=settings.max_json_depth)
    return Turn(
        kind=route.kind,
        context=context,
        identity=identity,
        now=request.now,
        seed=request.seed,
        body=decoded,
        raw=raw,
    )


def _placed(request: Arrived, body: Any, settings: Settings, user_id: str | None = None) -> dict[str, Any]:
    """Set the rollout's headers; answers what the turn has to know of it, usually nothing."""
    assignment = placed(request, body, settings, user_id)
    request.extra_headers = rollout_headers(assignment, settings)
    return {rollout.RAW_KEY: rollout.as_raw(assignment)} if rollout.needed(assignment, settings) else {}


def _as_body(uploaded: Uploaded, *, handle: str) -> PhotoUpload:
    """What a turn may know of an upload: everything but the photo."""
    return PhotoUpload(
        slot_id=uploaded.slot_id,
        content_type=uploaded.content_type,
        size=len(uploaded.photo),
        handle=handle,
    )


@contextmanager
def _photo_in_hand(house: House, turn: Turn, request: Arrived) -> Iterator[None]:
    """The photo of an upload lies on the tray while its turn runs."""
    if request.uploaded is None:
        yield
        return
    with house.photos.tray.holding(turn.body.handle, request.uploaded.photo):
        request.uploaded = None
        yield
