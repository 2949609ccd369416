"""The commerce actor: the search's wire, and every place where products may stand."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from aurora.actors.call import Call
from aurora.actors.commerce import auth_headers, commerce_handler, params_of, read_search
from aurora.actors.findings import Answer, Failure
from aurora.actors.links import Link, Reply
from aurora.actors.questions import CommerceSearch, ReadMemory
from aurora.settings import Settings
from tests.support.fakes import turn_for
from tests.support.raw_upstream import raw_upstream, says, stalls

PLAIN = Settings(breaker_enabled=False)
ONE = [{"product_id": "p1"}]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (ONE, ONE),
        ({"products": ONE}, ONE),
        ({"items": ONE}, ONE),
        ({"results": ONE}, ONE),
        ({"data": ONE}, ONE),
        ({"data": {"products": ONE}}, ONE),
        ({"products": [None, "x", {"product_id": "p1"}]}, ONE),
        ({"products": []}, []),
        ([], []),
        ({"products": [], "metadata": {"proxy_search_fallback": {"reason": "cache_hit"}}}, []),
        ({"products": ONE, "metadata": {"proxy_search_fallback": {"reason": "timeout"}}}, ONE),
    ],
)
def test_products_are_found_wherever_they_stand(body: Any, found: list[dict[str, Any]]) -> None:
    finding = read_search(Reply(status=200, body=body, raw=b""))
    assert isinstance(finding, Answer)
    assert finding.value == found


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad_shape"),
        ("text", "bad_shape"),
        (None, "bad_shape"),
        ({"products": {"a": 1}}, "bad_shape"),
        ({"products": [], "metadata": {"proxy_search_fallback": {"reason": "upstream_timeout"}}}, "timeout"),
        ({"products": [], "metadata": {"proxy_search_fallback": {"error_code": "SEARCH_ERROR"}}}, "http_5xx"),
        ({"products": [], "metadata": {"proxy_search_fallback": {"upstream_status": 503}}}, "http_5xx"),
    ],
)
def test_no_list_and_confessed_failures_are_failures(body: Any, code: str) -> None:
    finding = read_search(Reply(status=200, body=body, raw=b""))
    assert isinstance(finding, Failure)
    assert finding.code == code


@pytest.mark.parametrize(("limit", "sent"), [(8, "8"), (0, "1"), (500, "12")])
def test_the_limit_stays_within_what_the_backend_takes(limit: int, sent: str) -> None:
    assert params_of(CommerceSearch(query="x", limit=limit))["limit"] == sent


def call_of(question: Any, seconds: float = 5.0) -> Call:
    return Call(question, turn_for(), trio.current_time() + seconds)


async def test_a_search_over_the_wire_carries_parameters_and_both_keys() -> None:
    headers = auth_headers("agent-key")
    async with (
        raw_upstream(says({"products": ONE})) as upstream,
        Link("commerce", upstream.url, PLAIN, headers=headers) as link,
    ):
        finding = await commerce_handler(link)(call_of(CommerceSearch(query="面霜 50ml")))
        assert isinstance(finding, Answer)
        assert finding.value == ONE
        line, _, rest = upstream.requests[0].partition(b"\r\n")
        assert line.startswith(
            b"GET /agent/v1/products/search?query=%E9%9D%A2%E9%9C%9C+50ml&limit=8&offset=0&"
        )
        assert b"search_all_merchants=true&in_stock_only=false&source=aurora-bff&fast_mode=true" in line
        assert b"x-api-key: agent-key" in rest
        assert b"authorization: Bearer agent-key" in rest


def test_without_a_key_no_key_is_sent() -> None:
    assert auth_headers("") == {}


@pytest.mark.parametrize(("cap_ms", "expected_ms"), [(0, 1200), (150, 5000)])
async def test_a_search_has_1200_ms_unless_the_question_says_otherwise(cap_ms: int, expected_ms: int) -> None:
    seen: list[float] = []

    class Recorder:
        async def call(self, *args: Any, deadline: float, **how: Any) -> Failure:
            seen.append(deadline - trio.current_time())
            return Failure(actor="commerce", code="timeout")

    await commerce_handler(Recorder())(call_of(CommerceSearch(query="x", cap_ms=cap_ms)))  # type: ignore[arg-type] # only `call` is used
    assert seen[0] * 1000 == pytest.approx(expected_ms, abs=50)


async def test_a_stalled_search_ends_at_its_cap() -> None:
    async with raw_upstream(stalls) as upstream, Link("commerce", upstream.url, PLAIN) as link:
        finding = await commerce_handler(link)(call_of(CommerceSearch(query="x", cap_ms=100), 0.1))
        assert isinstance(finding, Failure)
        assert finding.code == "timeout"


async def test_another_actors_question_is_a_bug() -> None:
    async with Link("commerce", "", PLAIN) as link:
        with pytest.raises(TypeError, match="ReadMemory"):
            await commerce_handler(link)(call_of(ReadMemory()))
