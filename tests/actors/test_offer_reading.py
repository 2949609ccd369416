"""Outside offers over the wire: no key goes along, and another status may still say why."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio

from aurora.actors.call import Call
from aurora.actors.commerce import auth_headers, commerce_handler
from aurora.actors.findings import Answer, Failure
from aurora.actors.links import Link
from aurora.actors.questions import ResolveOffer
from aurora.settings import Settings
from tests.support.fakes import turn_for
from tests.support.raw_upstream import http, raw_upstream, replies

PLAIN = Settings(breaker_enabled=False)
ASKED = ResolveOffer(url="https://shop.example/p/1?a=b#c", market="CN")


def call_of(question: Any) -> Call:
    return Call(question, turn_for(), trio.current_time() + 5)


async def test_the_address_goes_as_data_without_a_key() -> None:
    answer = http(200, b'{"ok":true,"offer":{"title":"A"}}')
    async with (
        raw_upstream(replies(answer)) as upstream,
        Link("commerce", upstream.url, PLAIN, headers=auth_headers("agent-key")) as commerce,
        Link("offers", upstream.url, PLAIN) as offers,
    ):
        finding = await commerce_handler(commerce, offers)(call_of(ASKED))
        (request,) = upstream.requests
    assert isinstance(finding, Answer)
    assert finding.value.title == "A"
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/offers/external/resolve HTTP/1.1\r\n")
    assert json.loads(body) == {
        "market": "CN",
        "url": "https://shop.example/p/1?a=b#c",
        "forceRefresh": False,
    }
    assert b"agent-key" not in request
    assert b"authorization" not in head.lower()


@pytest.mark.parametrize(
    ("answer", "code", "status", "detail"),
    [
        (http(503, b'{"code":"db_error"}'), "http_5xx", 503, "db_error"),
        (http(500, b'{"message":"Postgres is away"}'), "http_5xx", 500, "db_error"),
        (http(404, b'{"error":"upstream_slow"}'), "http_4xx", 404, "upstream_timeout"),
        (http(404, b'{"error":"not_found"}'), "http_4xx", 404, ""),
        (http(500, b"<html>"), "http_5xx", 500, ""),
        (http(200, b"[]"), "bad_shape", 200, ""),
    ],
)
async def test_another_status_may_say_why(answer: bytes, code: str, status: int, detail: str) -> None:
    async with raw_upstream(replies(answer)) as upstream, Link("offers", upstream.url, PLAIN) as offers:
        finding = await commerce_handler(offers, offers)(call_of(ASKED))
    assert isinstance(finding, Failure)
    assert (finding.code, finding.status, finding.detail) == (code, status, detail)


async def test_without_a_link_nobody_can_be_asked() -> None:
    async with Link("commerce", "", PLAIN) as commerce:
        finding = await commerce_handler(commerce)(call_of(ASKED))
    assert isinstance(finding, Failure)
    assert finding.code == "not_configured"
