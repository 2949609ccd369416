"""Every envelope that any test produces is checked, without the test asking for it.

Loaded as a pytest plugin. It wraps `EnvelopeAssembler.finish`, and offers `check(body)` to HTTP clients: the
JSON schema, the invariants of the soak's validator, and the payload struct of every card type of ours. Tests
of the checker itself carry `@pytest.mark.unlawful_on_purpose`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import msgspec
import pytest

from aurora.actors.assembler import EnvelopeAssembler, Finished
from aurora.contract.cards import CARD_PAYLOADS
from soak.validator import violations

SCHEMA = Path(__file__).parent.parent / "contracts" / "aurora_chat_envelope.schema.json"
MARK = "unlawful_on_purpose"


class UnlawfulEnvelopeError(AssertionError):
    """An envelope left that may not leave."""


@cache
def schema() -> jsonschema.Draft202012Validator:
    """The seven-key schema, compiled once."""
    document = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def problems(envelope: Any) -> list[str]:
    """Everything that is wrong with a decoded envelope."""
    found = [f"schema {error.json_path}: {error.message[:200]}" for error in schema().iter_errors(envelope)]
    found += [f"{v.code}: {v.message}" for v in violations(envelope)]
    if isinstance(envelope, Mapping):
        for card in envelope.get("cards") or ():
            shape = CARD_PAYLOADS.get(card["type"]) if isinstance(card, Mapping) else None
            if shape is None:
                continue
            try:
                msgspec.convert(card["payload"], shape, strict=True)
            except msgspec.ValidationError as error:
                found.append(f"payload of {card['type']}: {error}")
    return found


def check(body: bytes | str | Mapping[str, Any]) -> dict[str, Any]:
    """Decode and check the body of an HTTP answer; returns it. Raises UnlawfulEnvelopeError."""
    envelope = body if isinstance(body, Mapping) else json.loads(body)
    found = problems(envelope)
    if found:
        raise UnlawfulEnvelopeError("\n".join(found) + "\n" + json.dumps(envelope, ensure_ascii=False)[:4000])
    return dict(envelope)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line("markers", f"{MARK}: a test of the checker itself; envelopes are not checked")


@pytest.fixture(autouse=True)
def lawful_envelopes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check what every assembler of this test finishes, and every envelope that its HTTP clients receive.

    Also fails the test when it, or the code under test, swallowed the error.
    """
    if request.node.get_closest_marker(MARK):
        yield
        return
    broken: list[UnlawfulEnvelopeError] = []

    def checked(body: bytes, bug: Exception | None = None) -> None:
        try:
            if bug is not None:
                _raise(f"a law raised {bug!r}")
            check(body)
        except UnlawfulEnvelopeError as error:
            broken.append(error)
            raise

    finish = EnvelopeAssembler.finish
    send, send_async = httpx2.Client.send, httpx2.AsyncClient.send

    def finish_checked(assembler: EnvelopeAssembler) -> Finished:
        finished = finish(assembler)
        checked(finished.body, finished.bug)
        return finished

    def send_checked(client: httpx2.Client, request: httpx2.Request, **how: Any) -> httpx2.Response:
        answer = send(client, request, **how)
        if not how.get("stream") and is_envelope_path(request.url.path) and answer.content:
            checked(answer.content)
        return answer

    async def send_async_checked(
        client: httpx2.AsyncClient, request: httpx2.Request, **how: Any
    ) -> httpx2.Response:
        answer = await send_async(client, request, **how)
        if not how.get("stream") and is_envelope_path(request.url.path) and answer.content:
            checked(answer.content)
        return answer

    monkeypatch.setattr(EnvelopeAssembler, "finish", finish_checked)
    monkeypatch.setattr(httpx2.Client, "send", send_checked)
    monkeypatch.setattr(httpx2.AsyncClient, "send", send_async_checked)
    yield
    if broken:
        raise broken[0]


# Plain JSON under /v1 (decision 9).
_PLAIN = (
    "/v1/events",
    "/v1/ops/",
    "/v1/reco/employee-feedback",
    "/v1/reco/interleave",
    "/v1/reco/async-updates",
)


def is_envelope_path(path: str) -> bool:
    """Whether answers of this path are envelopes."""
    lowered = path.lower()
    return lowered.startswith("/v1/") and not lowered.startswith(_PLAIN)


def _raise(text: str) -> None:
    raise UnlawfulEnvelopeError(text)
