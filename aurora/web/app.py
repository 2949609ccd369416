"""The Quart application: its blueprints, the one boundary for errors, and the edge around both."""

from __future__ import annotations

import structlog
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from aurora.actors.house import House
from aurora.contract.errors import ContractError
from aurora.web import health, socket_arrival, turns
from aurora.web.answers import has_envelope, plain_reply, refusal
from aurora.web.build import Build
from aurora.web.edge import Edge, Route
from aurora.web.events import UiEvents, events_blueprint
from aurora.web.request import current_request

log = structlog.get_logger(__name__)

_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}


def create_app(house: House, ui_events: UiEvents | None = None) -> QuartTrio:
    """The whole HTTP surface over a furnished house.

    ui_events: where UI events are queued; somebody must run it. Without one, a queue of the app's own fills
    up and then drops, which suits tests that do not look at events.
    """
    app = QuartTrio("aurora", static_folder=None)
    app.config.update(
        PROPAGATE_EXCEPTIONS=False,
        RESPONSE_TIMEOUT=None,  # the turn's budget is the limit
        BODY_TIMEOUT=None,  # the edge has read the body
        MAX_CONTENT_LENGTH=house.settings.max_body_bytes,
    )
    build = Build(house.settings)
    app.register_blueprint(turns.blueprint(house))
    app.register_blueprint(events_blueprint(ui_events or UiEvents(house.settings)))
    app.register_blueprint(health.blueprint(house, build))

    @app.errorhandler(Exception)
    async def boundary(error: Exception) -> TrioResponse:
        """The one place where an exception becomes an answer."""
        request = current_request()
        if isinstance(error, ContractError):
            return refusal(error, request, house.settings).as_response()
        if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
            if isinstance(error, MethodNotAllowed) and error.valid_methods:
                request.extra_headers = {
                    **request.extra_headers,
                    "Allow": ", ".join(sorted({*error.valid_methods, "OPTIONS"})),
                }
            refused = ContractError(error.code, _CODES.get(error.code, "BAD_REQUEST"))
            return refusal(refused, request, house.settings).as_response()
        log.error("unhandled", route=request.route, method=request.method, exc_info=error)
        if has_envelope(request.path):
            failed = ContractError(500, turns.FAILED.get(request.route or "", "INTERNAL_ERROR"))
            return refusal(failed, request, house.settings).as_response()
        message = "Something went wrong on our side."
        shown = {"error": "INTERNAL_ERROR", "message": message, "service": build.service}
        return plain_reply(shown, 500, request.extra_headers).as_response()

    app.asgi_app = Edge(  # type: ignore[method-assign,assignment] # Quart's documented way; scopes are plain dicts
        app.asgi_app,  # type: ignore[arg-type] # the same
        house.settings,
        build,
        routes_of(app),
        socket_arrival.arrival,
    )
    return app


def routes_of(app: QuartTrio) -> dict[str, Route]:
    """Registered paths without parameters, by their lower-case form."""
    methods: dict[str, frozenset[str]] = {}
    for rule in app.url_map.iter_rules():
        if not rule.arguments:
            methods[rule.rule] = methods.get(rule.rule, frozenset()) | frozenset(rule.methods or ())
    return {path.lower(): Route(path, allowed) for path, allowed in methods.items()}
