"""The HTTP surface without a socket: an ASGI client over `create_app`, whose every envelope is checked.

async with web(Settings(retention_days=0)) as client:
    answer = await client.post("/v1/profile/update", {"skinType": "oily"}, uid="u1")
    assert answer.status == 200
"""

from __future__ import annotations

import json as json_module
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import trio

from aurora.actors.call import Call
from aurora.actors.findings import Failure, Finding
from aurora.actors.house import House, furnish, sign_in_handlers
from aurora.actors.mail import mailer_of
from aurora.actors.memory import memory_handler
from aurora.actors.sign_in_desk import SignInDesk
from aurora.lifetime import service_nursery
from aurora.settings import Settings
from aurora.store.open import accounts_of, open_store
from aurora.web.app import create_app
from aurora.web.events import UiEvents
from tests.support.lawful import check

UNSET: Any = object()


class WebAnswer:
    """An answer. headers: lower-case names, repeated ones joined; pairs: as sent."""

    def __init__(self, status: int, pairs: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.pairs = pairs
        self.body = body
        self.headers: dict[str, str] = {}
        for name, value in pairs:
            key = name.decode().lower()
            self.headers[key] = (
                f"{self.headers[key]}, {value.decode()}" if key in self.headers else value.decode()
            )

    @property
    def json(self) -> dict[str, Any]:
        """The body, decoded."""
        found: dict[str, Any] = json_module.loads(self.body)
        return found

    def payload(self, kind: str) -> dict[str, Any]:
        """Payload of the only card of a type."""
        (found,) = [card["payload"] for card in self.json["cards"] if card["type"] == kind]
        return dict(found)

    def card(self, kind: str) -> dict[str, Any]:
        """The only card of a type."""
        (found,) = [card for card in self.json["cards"] if card["type"] == kind]
        return dict(found)

    @property
    def error(self) -> str:
        """`payload.error` of the error card."""
        return str(self.payload("error")["error"])

    @property
    def patch(self) -> dict[str, Any]:
        """`session_patch`."""
        return dict(self.json["session_patch"])

    def event(self, name: str) -> dict[str, Any]:
        """The only event of a name."""
        (found,) = [event for event in self.json["events"] if event["event_name"] == name]
        return dict(found)

    @property
    def text(self) -> str:
        """What the assistant says; empty if nothing."""
        message = self.json["assistant_message"]
        return message["content"] if message else ""


class WebClient:
    """Sends requests to an app. uid: default X-Aurora-UID, None for none."""

    def __init__(self, app: Any, house: House, uid: str | None = "u1") -> None:
        self.app = app
        self.house = house
        self.uid = uid

    async def get(self, path: str, **how: Any) -> WebAnswer:
        """GET."""
        return await self.send("GET", path, **how)

    async def post(self, path: str, json: Any = UNSET, **how: Any) -> WebAnswer:
        """POST a JSON body."""
        if json is not UNSET:
            how.setdefault("body", json_module.dumps(json).encode())
        return await self.send("POST", path, **how)

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Sequence[bytes] = b"",
        headers: Mapping[str, str] | None = None,
        uid: Any = UNSET,
        content_type: str | None = "application/json",
        hang_up_after_s: float | None = None,
    ) -> WebAnswer:
        """One request. body: in parts if a sequence. hang_up_after_s: the client leaves after that time.

        Every envelope that comes back is checked against every law.
        """
        parts = [body] if isinstance(body, bytes) else list(body)
        all_headers = {"host": "test", **{k.lower(): v for k, v in (headers or {}).items()}}
        uid = self.uid if uid is UNSET else uid
        if uid is not None:
            all_headers.setdefault("x-aurora-uid", uid)
        if content_type is not None:
            all_headers.setdefault("content-type", content_type)
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.encode(), v.encode()) for k, v in all_headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
        }
        sent: list[dict[str, Any]] = []
        queue = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, 1)
        ]

        async def receive() -> dict[str, Any]:
            await trio.lowlevel.checkpoint()
            if queue:
                return queue.pop(0)
            if hang_up_after_s is not None:
                await trio.sleep(hang_up_after_s)
                return {"type": "http.disconnect"}
            await trio.sleep_forever()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        if not sent:
            return WebAnswer(0, [], b"")
        starts = [message for message in sent if message["type"] == "http.response.start"]
        bodies = [message for message in sent if message["type"] == "http.response.body"]
        assert len(starts) == 1, "one answer per request"
        assert [message.get("more_body", False) for message in bodies][-1:] == [False], "the body ends, once"
        assert sum(not message.get("more_body", False) for message in bodies) == 1
        answer = WebAnswer(
            starts[0]["status"], starts[0]["headers"], b"".join(m.get("body", b"") for m in bodies)
        )
        if answer.body and answer.headers.get("content-type", "").startswith("application/json"):
            decoded = json_module.loads(answer.body)
            if "request_id" in decoded:
                check(decoded)
        return answer


def client_of(house: House, ui_events: UiEvents | None = None) -> WebClient:
    """A client of a house made by hand (`fakes.house_for`)."""
    return WebClient(create_app(house, ui_events), house)


@asynccontextmanager
async def web(
    settings: Settings, dsn: str | None = None, *, ui_events: UiEvents | None = None
) -> AsyncIterator[WebClient]:
    """A client of a whole house: in memory, or over the PostgreSQL behind `dsn`.

    Without base URLs the upstreams are not configured, and no HTTP client is built for them (its TLS context
    is most of a small test's time).
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, dsn))
        if settings.decision_base_url or settings.backend_base_url:
            house = await stack.enter_async_context(furnish(settings, store))
        else:
            nursery = await stack.enter_async_context(service_nursery())
            actors = {
                "memory": memory_handler(store),
                "decision": _nobody,
                "commerce": _nobody,
                "weather": _nobody,
                "photos": _nobody,
                **sign_in_handlers(SignInDesk(accounts_of(store), settings), mailer_of(settings, None)),
                "pixels": _nobody,
                "vision": _nobody,
            }
            house = House(settings, store, {}, actors=actors)
            house.actors = {**actors, **house.knowledge.actors}
            await nursery.start(house.clerk.run)
            await nursery.start(house.tracer.run)
            await nursery.start(house.knowledge.shelf.run)
        yield client_of(house, ui_events)


async def _nobody(call: Call) -> Finding:
    return Failure(actor=call.question.actor, code="not_configured")
