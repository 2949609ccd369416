"""The decision actor: what is asked, and how an answer of any shape is read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from aurora import telemetry
from aurora.actors.call import Call
from aurora.actors.decision import body_of, clean_reply, decision_handler, read_outcome
from aurora.actors.findings import Answer, Failure
from aurora.actors.links import Link, Reply
from aurora.actors.questions import DecisionChat, DecisionReply, ReadMemory
from aurora.settings import Settings
from tests.support.fakes import turn_for
from tests.support.raw_upstream import http, raw_upstream, replies, says, stalls

PLAIN = Settings(breaker_enabled=False)


@pytest.mark.parametrize(
    ("question", "body"),
    [
        (DecisionChat(query="hi"), {"query": "hi"}),
        (DecisionChat(query="", cap_ms=5, attempt_ms=7), {"query": ""}),
        (
            DecisionChat(
                query="q", llm_provider="p", llm_model="m", anchor_product_id="a", anchor_product_url="u",
                messages=[{"role": "user"}], debug=False, allow_recommendations=True,
            ),
            {
                "query": "q", "llm_provider": "p", "llm_model": "m", "anchor_product_id": "a",
                "anchor_product_url": "u", "messages": [{"role": "user"}], "debug": False,
                "allow_recommendations": True,
            },
        ),
    ],
)  # fmt: skip
def test_only_what_is_set_is_sent(question: DecisionChat, body: dict[str, Any]) -> None:
    assert body_of(question) == body


def test_a_whole_answer_is_kept() -> None:
    body = {
        "answer": "hello", "intent": "chat", "cards": [{"type": "x"}], "structured": {"a": 1},
        "clarification": {"questions": []}, "context": {"c": 1}, "next_actions": [{"id": "n"}],
        "recommendations": [{"sku_id": "s"}], "llm_provider": "p", "llm_model": "m", "unknown": 1,
    }  # fmt: skip
    assert clean_reply(body) == DecisionReply(
        answer="hello", intent="chat", cards=[{"type": "x"}], structured={"a": 1},
        clarification={"questions": []}, context={"c": 1}, next_actions=[{"id": "n"}],
        recommendations=[{"sku_id": "s"}], llm_provider="p", llm_model="m",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ({}, DecisionReply()),
        ({"answer": 5, "intent": ["x"], "structured": "no", "context": []}, DecisionReply()),
        ({"cards": None}, DecisionReply()),
        ({"cards": {"type": "x"}}, DecisionReply()),
        ({"cards": [None, {"type": "x"}, [], "y", 3]}, DecisionReply(cards=[{"type": "x"}], dropped_cards=4)),
        (
            {"recommendations": [None, {"a": 1}], "next_actions": "no"},
            DecisionReply(recommendations=[{"a": 1}]),
        ),
    ],
)
def test_wrong_shapes_are_left_out(body: dict[str, Any], reply: DecisionReply) -> None:
    assert clean_reply(body) == reply


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
keys = st.sampled_from(
    ["answer", "intent", "cards", "structured", "clarification", "context", "next_actions", "recommendations"]
)


@given(st.dictionaries(keys, anything))
def test_any_object_becomes_a_well_typed_reply(body: dict[str, Any]) -> None:
    reply = clean_reply(body)
    assert msgspec.convert(msgspec.to_builtins(reply), DecisionReply) == reply


@pytest.mark.parametrize("body", [None, [], "text", 3, True])
def test_an_answer_that_is_no_object_is_a_failure(body: Any) -> None:
    outcome = read_outcome(Reply(status=200, body=body, raw=b""))
    assert isinstance(outcome, Failure)
    assert outcome.code == "bad_shape"


def call_of(question: Any, seconds: float = 5.0) -> Call:
    return Call(question, turn_for(), trio.current_time() + seconds)


async def test_over_the_wire_a_second_attempt_may_succeed() -> None:
    answers = replies(http(502, b""), http(200, b'{"answer": "hi", "cards": [null]}'))
    async with raw_upstream(answers) as upstream, Link("decision", upstream.url, PLAIN) as link:
        finding = await decision_handler(link)(call_of(DecisionChat(query="q")))
        assert isinstance(finding, Answer)
        assert finding.value == DecisionReply(answer="hi", dropped_cards=1)
        assert len(upstream.requests) == 2


async def test_over_the_wire_the_answer_keeps_its_own_bytes_for_the_trace() -> None:
    async with (
        raw_upstream(says({"answer": "hi", "later": 1})) as upstream,
        Link("decision", upstream.url, PLAIN) as link,
    ):
        finding = await decision_handler(link)(call_of(DecisionChat(query="q")))
        assert isinstance(finding, Answer)
        assert finding.raw is not None
        assert msgspec.json.decode(finding.raw) == {"answer": "hi", "later": 1}
        assert upstream.requests[0].startswith(b"POST /api/chat ")


async def test_without_an_address_it_is_not_configured() -> None:
    async with Link("decision", "", PLAIN) as link:
        finding = await decision_handler(link)(call_of(DecisionChat(query="q")))
        assert isinstance(finding, Failure)
        assert finding.code == "not_configured"


async def test_another_actors_question_is_a_bug() -> None:
    async with Link("decision", "", PLAIN) as link:
        with pytest.raises(TypeError, match="ReadMemory"):
            await decision_handler(link)(call_of(ReadMemory()))


def counted(status: str) -> float:
    return float(telemetry.upstream_call.labels("aurora_chat", status)._value.get())


@pytest.mark.parametrize(("reason", "errors"), [("budget", 1), ("client_gone", 0), (None, 0)])
async def test_a_call_that_the_budget_cut_counts_as_an_error_of_the_upstream(
    reason: str | None, errors: int
) -> None:
    before = counted("error")
    async with raw_upstream(stalls) as upstream, Link("decision", upstream.url, PLAIN) as link:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(decision_handler(link), call_of(DecisionChat(query="q")))
                with trio.fail_after(5):
                    while not upstream.requests:  # noqa: ASYNC110 - the other side of a socket
                        await trio.sleep(0.002)
                scope.cancel(reason)
    assert counted("error") - before == errors
