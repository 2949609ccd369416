"""The Quart application: its blueprints, the one boundary for errors, and the edge around both."""

from __future__ import annotations

from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse

from aurora.actors.house import House
from aurora.web import forwards, health, ops_replay, reco_side, socket_arrival, turns
from aurora.web.boundary import Boundary
from aurora.web.build import Build
from aurora.web.edge import Edge, Route
from aurora.web.events import UiEvents, events_blueprint
from aurora.web.feedback_log import FeedbackLog
from aurora.web.request import current_request
from aurora.web.turn_connection import connection_class


def create_app(
    house: House, ui_events: UiEvents | None = None, feedback: FeedbackLog | None = None
) -> QuartTrio:
    """The whole HTTP surface over a furnished house.

    ui_events, feedback: where UI events and employees' feedback are queued; somebody must run them. Without,
    queues of the app's own fill up and then drop, which suits tests that do not look at them.
    """
    app = QuartTrio("aurora", static_folder=None)
    app.config.update(
        PROPAGATE_EXCEPTIONS=False,
        RESPONSE_TIMEOUT=None,  # the turn's budget is the limit
        BODY_TIMEOUT=None,  # the edge has read the body
        MAX_CONTENT_LENGTH=house.settings.max_body_bytes,
    )
    build = Build(house.settings)
    boundary = Boundary(house.settings, build, turns.FAILED | reco_side.FAILED)
    handlers = {**turns.handlers(house), **forwards.handlers(house)}
    app.register_blueprint(turns.blueprint(handlers))
    app.register_blueprint(events_blueprint(ui_events or UiEvents(house.settings)))
    app.register_blueprint(reco_side.blueprint(house, feedback or FeedbackLog(house.settings)))
    app.register_blueprint(health.blueprint(house, build))
    if house.settings.ops_admin_key:  # without a key there is nothing at /ops
        slow_ms = house.settings.chat_budget_ms // 2
        app.register_blueprint(ops_replay.blueprint(house.store, house.settings.ops_admin_key, slow_ms))
    app.asgi_http_class = connection_class(handlers, boundary)

    @app.errorhandler(Exception)
    async def refuse(error: Exception) -> TrioResponse:
        return boundary(error, current_request()).as_response()

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
