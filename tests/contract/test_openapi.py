"""The OpenAPI document is in step with the structs, complete for the app, and true of real answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.openapi import card_name, document, text
from aurora.contract.routes import ROUTES
from aurora.settings import Settings
from aurora.web.app import create_app
from tests.support.fakes import house_for
from tests.support.web import WebAnswer, web

DOCUMENT = Path(__file__).parents[2] / "docs" / "aurora_bff_openapi.json"


def test_the_document_in_docs_is_the_generated_one() -> None:
    assert DOCUMENT.read_text() == text(), (
        "run: python -m aurora.contract.openapi > docs/aurora_bff_openapi.json"
    )


def test_every_route_of_the_app_is_documented_and_no_other() -> None:
    house, _, _ = house_for(Settings())
    served = {
        (method, rule.rule)
        for rule in create_app(house).url_map.iter_rules()
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    assert served == {(route.method, route.path) for route in ROUTES}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    whole = document()
    schemas = whole["components"]["schemas"]
    for reference in references(whole):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_card_type_has_a_schema_and_a_route_that_sends_it() -> None:
    schemas = document()["components"]["schemas"]
    sent = {kind for route in ROUTES for kind in route.cards} | {"error"}
    assert sent == set(CARD_PAYLOADS)
    assert all(card_name(kind) in schemas for kind in CARD_PAYLOADS)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.is_envelope], ids=lambda r: r.path)
def test_an_envelope_endpoint_documents_its_refusals(route: Any) -> None:
    responses = document()["paths"][route.path][route.method.lower()]["responses"]
    expected = {"200", "400", "405", "500", "503"}
    if route.body or route.form:
        expected |= {"408", "413", "415"}
    expected |= {str(status) for status in route.errors}
    assert set(responses) == expected
    assert all("content" in answer for answer in responses.values())


def schema_of(method: str, path: str, status: int) -> dict[str, Any] | None:
    """JSON Schema of an answer, with the document's components at hand; None where no JSON is promised."""
    whole = document()
    content = whole["paths"][path][method.lower()]["responses"][str(status)].get("content", {})
    if "application/json" not in content:
        return None
    return {**content["application/json"]["schema"], "components": whole["components"]}


def assert_as_documented(method: str, path: str, answer: WebAnswer) -> None:
    schema = schema_of(method, path, answer.status)
    if schema is not None:
        jsonschema.Draft202012Validator(schema).validate(answer.json)


U = {"uid": "u1"}
CALLS: list[tuple[str, str, Any, dict[str, Any], int]] = [
    ("GET", "/v1/session/bootstrap", None, U, 200),
    ("POST", "/v1/profile/update", {"skinType": "oily", "currentRoutine": {"am": ["wash"]}}, U, 200),
    ("POST", "/v1/profile/update", {"travel_plan": {"destination": "Oslo"}}, U, 200),
    ("POST", "/v1/tracker/log", {"redness": 1, "notes": "n"}, U, 200),
    ("GET", "/v1/tracker/recent", None, U, 200),
    ("POST", "/v1/reco/generate", {"focus": "a calm routine", "include_alternatives": True}, U, 200),
    ("POST", "/v1/offers/resolve", {"items": [{"product": {"name": "A"}, "offer": {}}]}, U, 200),
    ("POST", "/agent/v1/products/resolve", {"query": "a cream"}, {}, 503),
    ("POST", "/agent/v1/products/resolve", {}, {}, 400),
    ("POST", "/agent/shop/v1/invoke", {"operation": "checkout.create", "payload": {}}, {}, 400),
    ("POST", "/v1/product/parse", {"text": "Plain Cream"}, U, 200),
    ("POST", "/v1/product/parse", {}, U, 400),
    ("POST", "/v1/product/analyze", {"product": {"product_id": "p1", "name": "Plain Cream"}}, U, 200),
    ("POST", "/v1/product/analyze", {"product": {}}, U, 400),
    ("POST", "/v1/dupe/suggest", {"original_text": "Plain Cream"}, U, 200),
    ("POST", "/v1/dupe/compare", {"original": {"name": "Plain Cream"}, "dupe": {"name": "Other"}}, U, 200),
    ("POST", "/v1/dupe/compare", {"original": {"name": "Plain Cream"}}, U, 400),
    ("POST", "/v1/affiliate/outcome", {"outcome": "success", "url": "https://example.com/p"}, U, 200),
    ("POST", "/v1/chat", {"message": "Please recommend a moisturizer"}, U, 200),
    ("POST", "/v1/chat", {"message": "请推荐一款面霜"}, U, 200),
    ("POST", "/v1/chat", {"message": "hello"}, U, 200),
    ("POST", "/v1/chat", {"message": "my cheek is bleeding and I have a fever"}, U, 200),
    ("POST", "/v1/analysis/skin", {"currentRoutine": "[AM] wash"}, U, 200),
    ("POST", "/v1/analysis/skin", {}, {"uid": "u2"}, 200),
    ("POST", "/v1/routine/simulate", {"routine": {"pm": [{"name": "retinol"}]}}, U, 200),
    ("POST", "/v1/photos/presign", {"slot_id": "daylight"}, U, 200),
    ("POST", "/v1/photos/confirm", {"photo_id": "upl_1"}, U, 200),
    ("POST", "/v1/photos/upload", {}, U, 501),
    ("GET", "/v1/session/bootstrap", None, U, 200),
    ("POST", "/v1/profile/delete", {}, U, 200),
    ("POST", "/v1/auth/start", {"email": "a@b.co"}, U, 503),
    ("POST", "/v1/auth/verify", {"email": "a@b.co", "code": "123456"}, U, 503),
    ("POST", "/v1/auth/password/login", {"email": "a@b.co", "password": "p"}, U, 503),
    ("POST", "/v1/auth/password/set", {"password": "long enough"}, U, 401),
    ("POST", "/v1/auth/logout", {}, U, 200),
    ("GET", "/v1/auth/me", None, U, 401),
    ("POST", "/v1/chat", {"foo": 1}, U, 400),
    ("POST", "/v1/chat", {"message": "hi"}, {"uid": None}, 400),
    ("POST", "/v1/tracker/log", {"acne": 6}, U, 400),
    ("POST", "/v1/events", {"source": "s", "events": [{"event_name": "x"}]}, {}, 204),
    ("POST", "/v1/events", {"source": "s"}, {}, 400),
    ("POST", "/v1/reco/employee-feedback", {}, {}, 404),
    ("POST", "/v1/reco/interleave/click", {}, {}, 404),
    ("GET", "/v1/reco/async-updates", None, {}, 404),
    ("GET", "/healthz", None, {}, 200),
    ("GET", "/health", None, {}, 200),
    ("GET", "/healthz/db", None, {}, 200),
    ("GET", "/readyz", None, {}, 200),
    ("GET", "/version", None, {}, 200),
    ("GET", "/metrics", None, {}, 200),
]  # fmt: skip


async def test_real_answers_are_as_documented() -> None:
    seen = set()
    async with web(Settings(retention_days=0)) as client:
        for method, path, body, how, status in CALLS:
            answer = await (client.get(path, **how) if method == "GET" else client.post(path, body, **how))
            assert answer.status == status, (path, body, answer.body[:500])
            assert_as_documented(method, path, answer)
            seen.add((method, path))
    assert seen == {(route.method, route.path) for route in ROUTES}


async def test_storage_refusals_are_as_documented() -> None:
    async with web(Settings(embedded_postgres=False)) as client:
        for path, body in [
            ("/v1/profile/update", {"skinType": "oily"}), ("/v1/profile/delete", {}), ("/v1/tracker/log", {}),
        ]:  # fmt: skip
            answer = await client.post(path, body, uid="u1")
            assert answer.status == 503
            assert_as_documented("POST", path, answer)


@pytest.mark.parametrize("kind", ["GateNotice", "SessionBootstrap", "TrackerLogged"])
def test_our_own_payloads_are_documented_to_the_last_key(kind: str) -> None:
    assert document()["components"]["schemas"][kind]["additionalProperties"] is False


def test_the_document_is_stable_text() -> None:
    assert json.loads(text()) == document()
