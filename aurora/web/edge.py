"""The outermost layer: what holds on every answer, whatever happened inside (contract A 1).

CORS and build headers, preflights, forgiving paths, HEAD, body limits, request ids and the http metrics. It
reads the body itself, bounded, so that no route ever waits for one or holds more than the limit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec
import structlog
import trio

from aurora import telemetry
from aurora.contract.errors import ContractError
from aurora.settings import Settings
from aurora.web import photo_upload
from aurora.web.answers import Reply, refusal
from aurora.web.body import BodyReader, ClientGoneError, Receive
from aurora.web.build import Build
from aurora.web.cors import Cors, RawHeaders
from aurora.web.photo_upload import PhotoReader
from aurora.web.request import SCOPE_KEY, Arrived, arrived

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_CLIENT_GONE = 499
_STATUS_CLASSES = {n: f"{n}xx" for n in range(1, 6)}


class Route(msgspec.Struct, frozen=True):
    """A registered path."""

    path: str
    methods: frozenset[str]


class Edge:
    """ASGI wrapper around the Quart app.

    routes: by lower-case path. arrival: trio instant at which the kernel received the connection's last byte.
    """

    def __init__(
        self,
        app: App,
        settings: Settings,
        build: Build,
        routes: Mapping[str, Route],
        arrival: Callable[[], float],
    ) -> None:
        self._app = app
        self._settings = settings
        self._build = build
        self._routes = routes
        self._arrival = arrival
        self._cors = Cors(settings)
        self._reader = BodyReader(settings.max_body_bytes)
        self._photos = PhotoReader(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection scope; everything but HTTP goes straight through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = self._find(scope)
        request = arrived(scope, route.path if route is not None else None, self._arrival())
        telemetry.bind_ids(request.request_id)
        preflight = request.method == "OPTIONS"
        answer = Outgoing(
            send,
            self._cors.headers(request.headers, preflight=preflight) + self._build.headers,
            head=request.method == "HEAD",
        )
        try:
            if preflight:
                await answer.send(Reply(204, b""))
            else:
                await self._serve(scope, receive, answer, route, request)
        finally:
            self._count(request, answer.status)
            log.debug("answered", method=request.method, route=request.route, status=answer.status)

    async def _serve(
        self, scope: Scope, receive: Receive, answer: Outgoing, route: Route | None, request: Arrived
    ) -> None:
        if route is not None:
            if request.method in _BODY_METHODS and request.method in route.methods:
                try:
                    if route.path == photo_upload.PATH:
                        request.uploaded = await self._photos.read(receive, request)
                    else:
                        request.body = await self._reader.read(receive, request.headers)
                    # A client on a slow line has its whole budget still: it counts from the last byte.
                    request.at = self._arrival()
                except ContractError as error:
                    await answer.send(refusal(error, request, self._settings))
                    return
                except ClientGoneError:
                    return
            # Quart sees neither body nor headers: reading them twice is a third of a small request's cost.
            scope["headers"] = [(b"host", request.headers.get(b"host", b"localhost"))]
        receive = only_disconnects(receive)
        scope[SCOPE_KEY] = request
        await self._app(scope, receive, answer)

    def _find(self, scope: Scope) -> Route | None:
        """The route of a path, in any case and with one trailing slash too many."""
        path: str = scope["path"]
        route = self._routes.get(path)
        if route is None:
            lowered = path.lower()
            route = self._routes.get(lowered) or self._routes.get(lowered.removesuffix("/"))
            if route is not None:
                scope["path"] = route.path
        return route

    def _count(self, request: Arrived, status: int) -> None:
        route = request.route or "unmatched"
        method = request.method if request.method in _METHODS else "other"
        telemetry.http_requests.labels(_STATUS_CLASSES.get(status // 100, "other"), method, route).inc()
        telemetry.http_latency_ms.labels(route).observe((trio.current_time() - request.at) * 1000)


class Outgoing:
    """ASGI `send` that adds the headers of every answer, and sends small answers in one piece."""

    def __init__(self, send: Send, headers: RawHeaders, *, head: bool) -> None:
        self._send = send
        self._headers = headers
        self._head = head
        self._length = -1
        self._done = False
        self.status = _CLIENT_GONE

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message["headers"])
            self._length = next(
                (int(value) for name, value in headers if name.lower() == b"content-length"), -1
            )
            message = {**message, "headers": headers + self._headers}
        elif message["type"] == "http.response.body":
            if self._done:
                return
            if self._head:
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            elif len(message.get("body", b"")) == self._length:
                # Quart ends every body with an empty part of its own: one more trip to the socket.
                message = {"type": "http.response.body", "body": message["body"], "more_body": False}
            self._done = not message.get("more_body", False)
        await self._send(message)

    async def send(self, reply: Reply) -> None:
        """Send an answer of the edge's own."""
        headers = reply.raw_headers() if reply.status != 204 else []
        await self({"type": "http.response.start", "status": reply.status, "headers": headers})
        await self({"type": "http.response.body", "body": reply.body, "more_body": False})


def only_disconnects(receive: Receive) -> Receive:
    """`receive` for an app whose body has been read: an empty body, then nothing until the client is gone.

    Parts of a body that nobody wants are dropped, not gathered.
    """
    begun = False

    async def receive_next() -> Message:
        nonlocal begun
        if not begun:
            begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await receive())["type"] == "http.request":
            await trio.lowlevel.checkpoint()
        return message

    return receive_next
