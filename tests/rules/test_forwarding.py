"""Calls handed on: the bodies sent, and what failures become."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.contract.forward_requests import ProductsResolve
from aurora.contract.validation import decode_as
from aurora.rules import forwarding


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ({"query": "q"}, {"query": "q", "options": {"timeout_ms": 2900}}),
        ({"query": "q", "lang": "cn"}, {"query": "q", "lang": "zh", "options": {"timeout_ms": 2900}}),
        ({"query": "q", "lang": "EN"}, {"query": "q", "lang": "en", "options": {"timeout_ms": 2900}}),
        ({"query": "q", "lang": "zh-CN"}, {"query": "q", "lang": "zh", "options": {"timeout_ms": 2900}}),
        (
            {"query": "q", "options": {"timeout_ms": 3500, "candidates_limit": 12}},
            {"query": "q", "options": {"timeout_ms": 2900, "candidates_limit": 12}},
        ),
        ({"query": "q", "options": {"timeout_ms": 500}}, {"query": "q", "options": {"timeout_ms": 500}}),
        (
            {"query": "q", "options": None, "hints": None},
            {"query": "q", "hints": None, "options": {"timeout_ms": 2900}},
        ),
        (
            {"query": "q", "api_key": "mine", "hints": {"brand": "b", "url": "http://inside"}},
            {"query": "q", "hints": {"brand": "b"}, "options": {"timeout_ms": 2900}},
        ),
    ],
)
def test_documented_keys_go_on_and_the_backend_is_told_its_time(
    said: dict[str, Any], sent: dict[str, Any]
) -> None:
    assert forwarding.resolve_body(decode_as(ProductsResolve, said), 2900) == sent


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"resolved": False}, "NO_CANDIDATES"),
        ({"resolved": False, "reason_code": "no_candidates"}, "NO_CANDIDATES"),
        ({"resolved": False, "reason_code": "DB_ERROR"}, "DB_ERROR"),
        ({"resolved": False, "reason": "upstream_timeout"}, "UPSTREAM_TIMEOUT"),
        ({"resolved": False, "reason_code": "LOW_CONFIDENCE"}, "NO_CANDIDATES"),
        ({"resolved": False, "reason_code": 7}, "NO_CANDIDATES"),
        ({"resolved": False, "metadata": {"sources": [{"reason": "postgres down"}]}}, "DB_ERROR"),
    ],
)
def test_a_product_that_was_not_found_has_a_reason_that_the_client_knows(
    answer: dict[str, Any], reason: str
) -> None:
    assert forwarding.resolution(answer) == {**answer, "reason_code": reason}


@pytest.mark.parametrize("answer", [{"resolved": True, "product_ref": {}}, {}, {"resolved": "no"}])
def test_any_other_answer_goes_on_as_it_is(answer: dict[str, Any]) -> None:
    assert forwarding.resolution(answer) is answer


@pytest.mark.parametrize(
    ("code", "status", "told", "out", "error", "reason"),
    [
        ("not_configured", None, "", 503, "PIVOTA_BACKEND_NOT_CONFIGURED", "UPSTREAM_TIMEOUT"),
        ("admission", None, "pool", 503, "OVERLOADED", "UPSTREAM_TIMEOUT"),
        ("breaker_open", None, "", 503, "OVERLOADED", "UPSTREAM_TIMEOUT"),
        ("timeout", None, "", 504, "UPSTREAM_TIMEOUT", "UPSTREAM_TIMEOUT"),
        ("connect", None, "", 502, "UPSTREAM_FAILED", "UPSTREAM_TIMEOUT"),
        ("not_json", 200, "", 502, "UPSTREAM_FAILED", "UPSTREAM_TIMEOUT"),
        ("too_large", 200, "", 502, "UPSTREAM_FAILED", "UPSTREAM_TIMEOUT"),
        ("bad_shape", 302, "", 502, "UPSTREAM_FAILED", "UPSTREAM_TIMEOUT"),
        ("http_4xx", 401, '{"error":"bad key"}', 502, "UPSTREAM_REFUSED", "UPSTREAM_TIMEOUT"),
        ("http_4xx", 403, "", 502, "UPSTREAM_REFUSED", "UPSTREAM_TIMEOUT"),
        ("http_4xx", 404, "", 404, "UPSTREAM_ERROR", "NO_CANDIDATES"),
        ("http_4xx", 429, "", 429, "UPSTREAM_ERROR", "UPSTREAM_TIMEOUT"),
        ("http_5xx", 500, '{"reason_code":"DB_ERROR"}', 500, "UPSTREAM_ERROR", "DB_ERROR"),
        ("http_5xx", 503, "", 503, "UPSTREAM_ERROR", "UPSTREAM_TIMEOUT"),
    ],
)
def test_failures_have_a_status_an_error_and_a_reason(
    code: str, status: int | None, told: str, out: int, error: str, reason: str
) -> None:
    refused = forwarding.refused(code, status, told)
    assert refused.status == out
    assert refused.body["error"] == error
    assert refused.body["reason_code"] == reason
    assert refused.body["resolved"] is False
    assert (refused.retry_after_s is not None) is (error == "OVERLOADED" or out == 429 or status == 503)
    assert ("upstream" in refused.body) is (error == "UPSTREAM_ERROR" and bool(told))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": "gone", "secret": "x", "stack": "y"}, {"error": "gone"}),
        ({"message": "m" * 5000}, {"message": "m" * 200}),
        ({"error": "a\nb"}, None),
        ({"error": {"deep": 1}, "code": 7}, None),
        ([], None),
        ("text", None),
        (None, None),
    ],
)
def test_of_a_refusals_body_the_known_words_are_told(body: Any, told: Any) -> None:
    said = forwarding.told_by(body)
    assert (msgspec.json.decode(said) if said is not None else None) == told


def test_addresses_that_act_do_not_go_on() -> None:
    answer = {"items": [{"url": "javascript:alert(1)", "name": "A"}, {"url": "https://shop.example"}]}
    assert forwarding.harmless(answer) == {"items": [{"name": "A"}, {"url": "https://shop.example"}]}
