"""One person of a probe, and what the service answers her."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
import msgspec

from aurora.contract.envelope import Card, Envelope, Lang

# The client gives up after 15 s (contract F 7); a probe waits a little longer, to see a late answer as late.
TIMEOUT_S = 20.0
MAX_BYTES = 4 * 1024 * 1024
CONNECT_RETRIES = 3


class UnreachableError(Exception):
    """The service cannot be talked to, or what came back is no answer of it. The text is for a person."""


class Answer(msgspec.Struct, frozen=True):
    """A status and, if the body is one, the envelope. error: code of the error card or body, if any."""

    status: int
    envelope: Envelope | None = None
    error: str | None = None
    headers: dict[str, str] = {}

    def card(self, kind: str) -> Card | None:
        """The first card of a type."""
        cards = self.envelope.cards if self.envelope is not None else []
        return next((card for card in cards if card.type == kind), None)

    def payload(self, kind: str) -> dict[str, Any]:
        """Its payload; empty without such a card."""
        card = self.card(kind)
        return card.payload if card is not None else {}

    def reasons(self) -> list[str]:
        """Of the notices in it."""
        cards = self.envelope.cards if self.envelope is not None else []
        return [str(card.payload.get("reason")) for card in cards if card.type == "confidence_notice"]

    def event(self, name: str) -> dict[str, Any] | None:
        """Data of the first event of a name."""
        events = self.envelope.events if self.envelope is not None else []
        found = (event.get("data") for event in events if event.get("event_name") == name)
        return next((data for data in found if isinstance(data, dict)), None)

    @property
    def no_such_endpoint(self) -> bool:
        """This build does not have it (yet)."""
        return self.status == 404 and self.error == "NOT_FOUND"


class Person:
    """Somebody new, known to nobody before. Every call raises UnreachableError if nothing comes back."""

    def __init__(self, client: httpx2.AsyncClient, lang: Lang) -> None:
        self._client = client
        self.uid = f"probe-{uuid.uuid4()}"
        self._headers = {
            "X-Aurora-UID": self.uid,
            "X-Lang": lang,
            "X-Brief-ID": f"brief-{uuid.uuid4()}",
            "X-Trace-ID": f"trace-{uuid.uuid4()}",
        }

    async def get(self, path: str) -> Answer:
        """GET."""
        return await self._send("GET", path, None)

    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        """POST of a JSON object."""
        return await self._send("POST", path, body)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Answer:
        try:
            async with self._client.stream(method, path, json=body, headers=self._headers) as response:
                raw = bytearray()
                async with aclosing(response.aiter_bytes()) as pieces:
                    async for piece in pieces:
                        raw += piece
                        if len(raw) > MAX_BYTES:
                            raise UnreachableError(f"{method} {path}: more than {MAX_BYTES} bytes came back")
        except httpx2.TransportError as error:
            raise UnreachableError(f"{method} {path}: {type(error).__name__} {error}".rstrip()) from error
        return _read(response.status_code, bytes(raw), dict(response.headers))


def _read(status: int, raw: bytes, headers: dict[str, str]) -> Answer:
    try:
        envelope = msgspec.json.decode(raw, type=Envelope)
    except msgspec.MsgspecError:
        return Answer(status, None, _plain_error(raw), headers)
    card = next((card for card in envelope.cards if card.type == "error"), None)
    return Answer(status, envelope, str(card.payload.get("error")) if card is not None else None, headers)


def _plain_error(raw: bytes) -> str | None:
    try:
        body = msgspec.json.decode(raw)
    except msgspec.MsgspecError:
        return None
    return str(body["error"]) if isinstance(body, dict) and "error" in body else None


class Service:
    """A running service. people: everybody a probe made up, to be forgotten at the end."""

    def __init__(self, client: httpx2.AsyncClient, lang: Lang) -> None:
        self._client = client
        self._lang = lang
        self.people: list[Person] = []

    def somebody(self) -> Person:
        """A new person."""
        person = Person(self._client, self._lang)
        self.people.append(person)
        return person

    async def build(self) -> str:
        """The commit it was built from; empty if it does not say."""
        answer = await Person(self._client, self._lang).get("/healthz")
        return answer.headers.get("x-service-commit", "")

    async def forget(self) -> None:
        """Erase everybody again. Raises UnreachableError."""
        while self.people:
            await self.people.pop().post("/v1/profile/delete", {})


@asynccontextmanager
async def service_at(base: str, lang: Lang) -> AsyncIterator[Service]:
    """The service at a base URL. Only connecting is tried again: a turn that was sent may have been done."""
    transport = httpx2.AsyncHTTPTransport(retries=CONNECT_RETRIES)
    async with httpx2.AsyncClient(
        base_url=base.rstrip("/"), transport=transport, timeout=TIMEOUT_S, trust_env=False
    ) as client:
        yield Service(client, lang)
