"""The OpenAPI document, generated from the structs and the table of routes.

`python -m aurora.contract.openapi > docs/aurora_bff_openapi.json`; a test keeps it in step.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from aurora.contract import plain
from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.envelope import UI_STATES, AssistantMessage, Chip, FieldMissing
from aurora.contract.requests import UiEvent
from aurora.contract.routes import COMMON_ERRORS, ONLY_WITH_A_BODY, ROUTES, Route

_REF = "#/components/schemas/{name}"
VERSION = "1.0.0"

_HEADERS: tuple[tuple[str, str, bool], ...] = (
    ("X-Aurora-UID", "Who asks: 1 to 128 characters.", True),
    ("X-Brief-ID", "The conversation.", False),
    ("X-Trace-ID", "Taken over into the answer; else a new one.", False),
    ("X-Request-ID", "1 to 128 printable characters; else a new one.", False),
    ("X-Lang", "`CN`, or anything that starts with `zh` or `cn`; else English.", False),
    ("Authorization", "`Bearer <token>`; a token that is not valid makes the request a guest's.", False),
)
_CHAT_ONLY_HEADERS = ("x-aurora-bucket", "x-aurora-variant", "x-aurora-policy-version")


def document() -> dict[str, Any]:
    """The whole OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Aurora",
            "version": VERSION,
            "description": (
                "Every answer under /v1, errors included, is one envelope. Telemetry (/v1/events) and the "
                "process's own pages answer plain JSON or text."
            ),
        },
        "paths": _paths(),
        "components": {"schemas": _schemas()},
    }


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{route.path.replace('/', '_')}",
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.body is not None:
        schema = {"$ref": _REF.format(name=route.body.__name__)}
        operation["requestBody"] = {"required": False, "content": {"application/json": {"schema": schema}}}
    if route.form is not None:
        content = {"multipart/form-data": {"schema": route.form}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": text}
        for name, schema, text in route.query
    ]
    if route.is_envelope:
        found += [
            {
                "name": name,
                "in": "header",
                "required": required,
                "schema": {"type": "string", "minLength": 1, "maxLength": 128}
                if required
                else {"type": "string"},
                "description": text,
            }
            for name, text, required in _HEADERS
        ]
    return found


def _responses(route: Route) -> dict[str, Any]:
    if route.path == "/metrics":
        content = {"text/plain": {"schema": {"type": "string"}}}
        return {"200": {"description": "All families, with HELP and TYPE.", "content": content}}
    if route.path == "/v1/events":
        found: dict[str, Any] = {"204": {"description": "Taken; written to the sink afterwards."}}
    elif route.answer is not None:
        found = {"200": {"description": "OK", "content": _json(_REF.format(name=route.answer.__name__))}}
        if route.answer is plain.Readiness:
            found["503"] = {"description": "Shutting down.", "content": _json(_REF.format(name="Readiness"))}
    else:
        found = {"200": _ok(route)}
    errors = _errors(route)
    for status in sorted(errors):
        found[str(status)] = _refusal(status, errors[status], route)
    return found


def _errors(route: Route) -> dict[int, tuple[str, ...]]:
    if not route.is_envelope:
        return route.errors
    has_body = route.body is not None or route.form is not None
    common = {s: c for s, c in COMMON_ERRORS.items() if has_body or s not in ONLY_WITH_A_BODY}
    return {s: (*common.get(s, ()), *route.errors.get(s, ())) for s in {**common, **route.errors}}


def _json(ref: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": ref}}}


def _ok(route: Route) -> dict[str, Any]:
    shapes = [{"$ref": _REF.format(name=card_name(kind))} for kind in route.cards]
    if route.upstream_cards:
        shapes.append({"$ref": _REF.format(name="UpstreamCard")})
    schema = {
        "allOf": [
            {"$ref": _REF.format(name="Envelope")},
            {"properties": {"cards": {"minItems": 1, "items": {"anyOf": shapes}}}},
        ]
    }
    answer: dict[str, Any] = {
        "description": "The envelope.",
        "content": {"application/json": {"schema": schema}},
    }
    if route.path == "/v1/chat":
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in _CHAT_ONLY_HEADERS}
    return answer


# Nowhere to put a photo: the endpoint's own card says so (contract C 4).
NOWHERE = 501


def _refusal(status: int, codes: tuple[str, ...], route: Route) -> dict[str, Any]:
    if status == NOWHERE:
        return {**_ok(route), "description": "Code of the error event: " + ", ".join(codes) + "."}
    name = "ErrorEnvelope" if route.is_envelope else "PlainError"
    answer: dict[str, Any] = {
        "description": "Code: " + ", ".join(codes) + ".",
        "content": _json(_REF.format(name=name)),
    }
    if status == 503:
        answer["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds; with OVERLOADED."}
        }
    return answer


def card_name(kind: str) -> str:
    """Component name of a card of this type."""
    return "".join(part.capitalize() for part in kind.split("_")) + "Shown"


def _schemas() -> dict[str, Any]:
    bodies = [route.body for route in ROUTES if route.body is not None]
    answers = [route.answer for route in ROUTES if route.answer is not None]
    structs = dict.fromkeys(
        [
            *bodies,
            UiEvent,
            AssistantMessage,
            Chip,
            FieldMissing,
            *CARD_PAYLOADS.values(),
            *answers,
            plain.PlainError,
        ]
    )
    _, components = msgspec.json.schema_components(structs, ref_template=_REF)
    schemas = dict(components)
    for kind, payload in CARD_PAYLOADS.items():
        schemas[card_name(kind)] = _card({"const": kind}, {"$ref": _REF.format(name=payload.__name__)})
    schemas["UpstreamCard"] = {
        **_card(
            {"type": "string", "minLength": 1, "not": {"enum": sorted(CARD_PAYLOADS)}}, {"type": "object"}
        ),
        "description": "A card of another type, as the decision system sent it.",
    }
    schemas["Event"] = {
        "type": "object",
        "description": "What happened in this turn. `quality_audit` carries no identity, language or state.",
        "required": ["event_name", "timestamp", "request_id", "trace_id", "data"],
        "properties": {
            "event_name": {"type": "string", "minLength": 1},
            "timestamp": {"type": "integer", "description": "Epoch milliseconds of the request."},
            "request_id": {"type": "string"},
            "trace_id": {"type": "string"},
            "aurora_uid": {"type": ["string", "null"]},
            "brief_id": {"type": ["string", "null"]},
            "lang": {"enum": ["EN", "CN"]},
            "trigger_source": {"enum": ["chip", "action", "text_explicit", "text"]},
            "state": {"type": ["string", "null"]},
            "data": {"type": "object"},
        },
    }
    schemas["SessionPatch"] = {
        "type": "object",
        "description": "What the client should remember. A profile replaces its copy whole.",
        "required": ["next_state"],
        "properties": {
            "next_state": {"enum": list(UI_STATES)},
            "state": {"type": "object", "description": "Internal token and ids; the client ignores it."},
            "profile": {"anyOf": [{"$ref": _REF.format(name="ProfileView")}, {"type": "null"}]},
            "recent_logs": {"type": "array", "items": {"$ref": _REF.format(name="SkinLogView")}},
            "checkin_due": {"type": "boolean"},
            "is_returning": {"type": "boolean"},
            "llm": {"type": "object"},
            "meta": {"type": "object"},
        },
    }
    schemas["Envelope"] = _envelope({"type": "object"}, max_chips=10)
    error_card = {"$ref": _REF.format(name=card_name("error"))}
    schemas["ErrorEnvelope"] = {
        **_envelope(error_card, max_chips=0),
        "description": "A refusal or a failure: one error card and a message in the request's language.",
    }
    return dict(sorted(schemas.items()))


def _card(kind: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["card_id", "type", "payload", "field_missing"],
        "additionalProperties": False,
        "properties": {
            "card_id": {"type": "string", "minLength": 1},
            "type": kind,
            "title": {"type": "string"},
            "payload": payload,
            "field_missing": {"type": "array", "items": {"$ref": _REF.format(name="FieldMissing")}},
        },
    }


def _envelope(card: dict[str, Any], *, max_chips: int) -> dict[str, Any]:
    message = {"$ref": _REF.format(name="AssistantMessage")}
    return {
        "type": "object",
        "description": "Exactly these seven keys.",
        "additionalProperties": False,
        "required": [
            "request_id", "trace_id", "assistant_message", "suggested_chips", "cards", "session_patch",
            "events",
        ],
        "properties": {
            "request_id": {"type": "string", "minLength": 1},
            "trace_id": {"type": "string", "minLength": 1},
            "assistant_message": {"anyOf": [message, {"type": "null"}]},
            "suggested_chips": {
                "type": "array", "maxItems": max_chips, "items": {"$ref": _REF.format(name="Chip")},
            },
            "cards": {"type": "array", "minItems": 1, "items": card},
            "session_patch": {"$ref": _REF.format(name="SessionPatch")},
            "events": {"type": "array", "items": {"$ref": _REF.format(name="Event")}},
        },
    }  # fmt: skip


def text() -> str:
    """The document as it stands in `docs/`."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
