"""The plugin that checks every envelope: it is on, it cannot be dodged, and it knows what it must."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from aurora.actors.assembler import EnvelopeAssembler
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.settings import Settings
from tests.support.lawful import UnlawfulEnvelopeError, check, is_envelope_path

pytest_plugins = ["pytester"]


def unlawful() -> EnvelopeAssembler:
    """A profile card that no client can read: lawful as a card, not as a profile."""
    turn = Turn(
        kind="profile_update",
        context=RequestContext("r1", "t1", "EN", "u1"),
        identity=Identity("u1"),
        now=datetime(2026, 5, 4, tzinfo=UTC),
        seed="ef" * 16,
    )
    built = EnvelopeAssembler(turn, Settings())
    built.card("profile", "profile", {"profile": None})
    return built


CONFTEST = 'pytest_plugins = ["tests.support.lawful"]\n'
PROBE = """
    import pytest
    from tests.support.test_lawful import unlawful

    def test_plain():
        unlawful().finish()

    def test_swallowed():
        try:
            unlawful().finish()
        except AssertionError:
            pass

    @pytest.mark.unlawful_on_purpose
    def test_exempt():
        unlawful().finish()
"""


def run(pytester: pytest.Pytester, module: str) -> pytest.RunResult:
    """A pytest of its own, with the plugin and nothing else of ours."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-o", "trio_mode=true")


def test_an_unlawful_envelope_fails_its_test_even_if_swallowed(pytester: pytest.Pytester) -> None:
    result = run(pytester, PROBE)
    result.assert_outcomes(passed=2, failed=1, errors=2)  # a swallowed error comes back at teardown


def test_the_mark_is_the_only_way_out() -> None:
    with pytest.raises(UnlawfulEnvelopeError, match="payload of profile"):
        check(
            {
                "request_id": "r", "trace_id": "t", "assistant_message": None, "suggested_chips": [],
                "cards": [{"card_id": "a", "type": "profile", "payload": {"profile": None},
                "field_missing": []}],
                "session_patch": {"next_state": "IDLE_CHAT"}, "events": [],
            }
        )  # fmt: skip


def answering(body: Any) -> httpx2.MockTransport:
    return httpx2.MockTransport(lambda _: httpx2.Response(200, json=body))


@pytest.mark.unlawful_on_purpose
def test_exempt_tests_read_what_they_like() -> None:
    with httpx2.Client(transport=answering({"x": 1})) as client:
        assert client.get("http://test/v1/chat").json() == {"x": 1}


CLIENT_PROBE = """
    import httpx2

    def transport(status=200):
        return httpx2.MockTransport(lambda _: httpx2.Response(status, json={"x": 1}))

    def test_sync():
        with httpx2.Client(transport=transport()) as client:
            client.get("http://test/v1/chat")

    def test_plain_paths_are_free():
        with httpx2.Client(transport=transport()) as client:
            client.post("http://test/v1/events", json={})
            client.get("http://test/healthz")
            client.get("http://test/api/chat")

    async def test_async():
        async with httpx2.AsyncClient(transport=transport(404)) as client:
            await client.get("http://test/v1/nothing")
"""


def test_http_clients_of_tests_are_checked_too(pytester: pytest.Pytester) -> None:
    result = run(pytester, CLIENT_PROBE)
    result.assert_outcomes(passed=1, failed=2, errors=2)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/v1/chat", True), ("/V1/Chat", True), ("/v1/unknown", True), ("/v1/reco/generate", True),
     ("/v1/events", False), ("/v1/ops/pdp-prefetch/state", False), ("/v1/reco/interleave/click", False),
     ("/healthz", False), ("/agent/v1/products/search", False)],
)  # fmt: skip
def test_which_paths_answer_envelopes(path: str, expected: bool) -> None:
    assert is_envelope_path(path) is expected


def test_a_lawful_body_comes_back_decoded() -> None:
    built = unlawful()
    built.card("profile", "note", {})
    with pytest.raises(UnlawfulEnvelopeError):
        check(json.dumps({"cards": []}))
