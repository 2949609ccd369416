"""Turning a scripted step into something that goes wrong on the wire.

Everything a framework can say is a Response. What only a socket can do (reset, hang up, half a body) is done
to the socket itself, which `serve` leaves in a context variable; in mock mode there is none: 502 instead.
"""

from __future__ import annotations

import gzip
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from itertools import repeat
from typing import Any

import msgspec
import trio
from quart import Response

from aurora.sandbox.script import Call, Step

connection: ContextVar[trio.SocketStream | None] = ContextVar("connection", default=None)

MEGABYTE = 1024 * 1024
JSON = "application/json"
LINGER_NOTHING = struct.pack("ii", 1, 0)


async def misbehave(step: Step, healthy: dict[str, Any], call: Call) -> Response:
    """The response that `step` asks for; for some there never is one.

    healthy: the answer to spoil. call: told how it ended.
    """
    match step.name:
        case "stall":
            await trio.sleep_forever()
        case "reset" | "close":
            return await _hang_up(call, rst=step.name == "reset")
        case "close_mid_body" | "stall_body":
            return await _half_a_body(msgspec.json.encode(healthy), call, close=step.name == "close_mid_body")
        case "status":
            return _status(step.number)
        case "redirect":
            return Response(b"", 302, {"location": "http://203.0.113.1/elsewhere"}, content_type=JSON)
        case "html":
            page = "<!doctype html><title>Bad gateway</title><h1>The kettle is on</h1>" + "<p>tea</p>" * 20
            return Response(page, 200, content_type="text/html; charset=utf-8")
        case "drip":
            encoded = msgspec.json.encode(healthy)
            single = (encoded[place : place + 1] for place in range(len(encoded)))
            return Response(_pour(single, step.number / 1000, call), 200, content_type=JSON)
        case "huge":
            return Response(_pour(_huge(step.number), 0, call), 200, content_type=JSON)
        case "bomb":
            packed = gzip.compress(b'{"answer":"' + b"a" * (step.number * MEGABYTE) + b'"}', compresslevel=1)
            return Response(packed, 200, {"content-encoding": "gzip"}, content_type=JSON)
    return Response(spoilt(step, healthy), 200, content_type=JSON)


def spoilt(step: Step, healthy: dict[str, Any]) -> bytes:
    """The body of a 200 that lies (pure)."""
    encoded = msgspec.json.encode(healthy)
    match step.name:
        case "empty_body":
            return b""
        case "truncated":
            return encoded[: len(encoded) // 2]
        case "bad_utf8":
            return b'{"answer":"\xff\xfe\xc3("}'
        case "nul":
            row = b'{"sku":{"sku_id":"nul\\u0000id","name":"n\\u0000"}}'
            return (
                b'{"answer":"a\\u0000b","cards":[{"type":"recommendations","payload":{"recommendations":[%b]}}]}'
                % row
            )
        case "surrogate":
            return b'{"answer":"half a pair: \\ud83d","cards":[]}'
        case "nan":
            return b'{"answer":"numbers","confidence":NaN,"cards":[{"type":"x","payload":{"n":1e999}}]}'
        case "array_root":
            return b'[{"answer":"in a list"}]'
        case "scalar_root":
            return b'"only a string"'
        case "empty_object":
            return b"{}"
        case "empty_cards":
            answer = healthy.get("answer")
            text = '{"recommendations":[]}' if isinstance(answer, str) and answer.startswith("{") else answer
            return msgspec.json.encode(
                {**healthy, "answer": text, "cards": [], "products": [], "recommendations": []}
            )
        case "null_cards":
            return msgspec.json.encode(
                {**healthy, "cards": [None, 7, "card", [], True, None], "products": [None, 7]}
            )
        case "array_payload":
            cards = [{"type": "recommendations", "payload": [1, 2]}, {"type": "note", "payload": []}]
            return msgspec.json.encode({**healthy, "cards": cards})
        case "wrong_types":
            wrong = {
                "answer": 42,
                "intent": [],
                "cards": {"0": "x"},
                "structured": "s",
                "context": [1],
                "clarification": True,
                "next_actions": 3,
                "recommendations": {"a": 1},
                "products": {},
                "resolved": "yes",
                "results": "x",
                "daily": [1],
            }
            return msgspec.json.encode(wrong)
        case "unrenderable":
            rows: list[Any] = [{}, {"sku": None}, {"sku": {}}, {"step": "   "}, {"reasons": [None]}, None, 3]
            return msgspec.json.encode(
                {"answer": msgspec.json.encode({"recommendations": rows}).decode(), "cards": []}
            )
        case "deep":
            return b'{"answer":"deep","cards":' + b"[" * step.number + b"]" * step.number + b"}"
    raise AssertionError(step.name)


def _status(code: int) -> Response:
    body = msgspec.json.encode({"error": "SCRIPTED", "message": f"the sandbox was told to answer {code}"})
    headers = {"retry-after": "1"} if code in (429, 503) else {}
    return Response(body, code, headers, content_type=JSON)


async def _hang_up(call: Call, *, rst: bool) -> Response:
    stream = connection.get()
    if stream is None:
        return _status(502)
    call.ended = "misbehaved"
    if rst:
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOTHING)
    await trio.aclose_forcefully(stream)
    await trio.sleep_forever()
    raise AssertionError("unreachable")


async def _half_a_body(body: bytes, call: Call, *, close: bool) -> Response:
    stream = connection.get()
    if stream is None:
        return _status(502)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\ncontent-length: {len(body)}\r\n\r\n"
    await stream.send_all(head.encode() + body[: len(body) // 2])
    if close:
        call.ended = "misbehaved"
        await trio.aclose_forcefully(stream)
    await trio.sleep_forever()
    raise AssertionError("unreachable")


async def _pour(chunks: Iterable[bytes], pause_s: float, call: Call) -> AsyncIterator[bytes]:
    """Send chunk by chunk, and note whether the caller took all of it."""
    call.ended = "client_closed"
    for chunk in chunks:
        yield chunk
        await trio.sleep(pause_s)
    call.ended = "misbehaved"


def _huge(megabytes: int) -> Iterator[bytes]:
    yield b'{"answer":"'
    yield from repeat(b"a" * MEGABYTE, megabytes)
    yield b'"}'
