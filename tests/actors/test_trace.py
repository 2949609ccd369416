"""Traces: nothing secret, nothing unbounded, nothing lost at the end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import structlog
import trio
from hypothesis import given
from hypothesis import strategies as st

from aurora.actors.findings import Answer
from aurora.actors.questions import DecisionChat
from aurora.actors.redaction import redact
from aurora.actors.trace import (
    MOST_LINES_A_SECOND,
    MOST_VALUE_BYTES,
    QUEUE,
    Parcel,
    Tracer,
    TurnTrace,
)
from tests.support.fakes import FakeStore, turn_for


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ('{"access_token": "abc"}', '{"access_token": "[redacted]"}'),
        ('{"X-API-Key":"k\\"k"}', '{"X-API-Key":"[redacted]"}'),
        ('{"password" : "p", "a": "b"}', '{"password" : "[redacted]", "a": "b"}'),
        ('{"one_time_code": "123456"}', '{"one_time_code": "[redacted]"}'),
        (
            '{"url": "https://x/y.png?X-Amz-Signature=abc&w=3"}',
            '{"url": "https://x/y.png?X-Amz-Signature=[redacted]&w=3"}',
        ),
        ('{"url": "https://x/y?a=1&token=abc"}', '{"url": "https://x/y?a=1&token=[redacted]"}'),
        ('{"url": "https://x/y?access_token=abc#t"}', '{"url": "https://x/y?access_token=[redacted]#t"}'),
        ('{"url": "https://x/y?key=k&sig=s"}', '{"url": "https://x/y?key=[redacted]&sig=[redacted]"}'),
        ('{"url": "https://x/y?sid=s&side=left"}', '{"url": "https://x/y?sid=[redacted]&side=left"}'),
        ('{"url": "https://x/y?a=1&SessionId=s"}', '{"url": "https://x/y?a=1&SessionId=[redacted]"}'),
        (
            '{"tokenSecret": "abc", "secret_otp": "d"}',
            '{"tokenSecret": "[redacted]", "secret_otp": "[redacted]"}',
        ),
        ('{"token": "a token=b"}', '{"token": "[redacted]"}'),
        ('{"answer": "my token is dear to me"}', '{"answer": "my token is dear to me"}'),
        (
            '{"ingredient_tokens": ["a", "b"], "tokens": 12}',
            '{"ingredient_tokens": ["a", "b"], "tokens": 12}',
        ),
        ('{"a": "token", "b": "x"}', '{"a": "token", "b": "x"}'),
    ],
)
def test_secrets_are_replaced_and_nothing_else(raw: str, kept: str) -> None:
    assert redact(raw.encode()).decode() == kept


json_values = st.recursive(
    st.none() | st.integers(-1000, 1000) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["token", "api_key", "a", '"', "\\", "signature x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_what_was_redacted_is_still_json_of_the_same_shape(value: Any) -> None:
    def hidden(each: Any, *, secret: bool = False) -> Any:
        if isinstance(each, dict):
            return {k: hidden(v, secret=k in ("token", "api_key", "signature x")) for k, v in each.items()}
        if isinstance(each, list):
            return [hidden(item) for item in each]
        return "[redacted]" if secret and isinstance(each, str) else each

    assert msgspec.json.decode(redact(msgspec.json.encode(value))) == hidden(value)


def test_redaction_of_a_large_hostile_text_is_quick() -> None:
    """Backtracking would make this take minutes; the test's own time limit is the assertion."""
    hostile = b'{"' + b"token" * 60_000 + b'": "x", "' + b'token"' * 30_000 + b"}"
    assert len(redact(hostile)) > 0


def test_an_answer_beyond_the_bound_is_named_and_not_kept() -> None:
    trace = TurnTrace()
    trace.received(1, 0, Answer(actor="decision", value="x" * (MOST_VALUE_BYTES + 1)))
    assert trace.events[0]["value"] == {"oversize_bytes": MOST_VALUE_BYTES + 3}


def test_a_turn_of_many_large_answers_is_bounded() -> None:
    trace = TurnTrace()
    for call in range(20):
        trace.received(call, 0, Answer(actor="decision", value="x" * 200_000))
    assert len(msgspec.json.encode(trace.events)) < 1_200_000


def test_a_trace_holds_what_was_answered_then_and_not_what_became_of_it() -> None:
    value = {"cards": [1]}
    trace = TurnTrace()
    trace.received(1, 0, Answer(actor="decision", value=value))
    value["cards"].append(2)
    assert msgspec.json.decode(msgspec.json.encode(trace.events))[0]["value"] == {"cards": [1]}


def test_a_question_is_recorded_with_its_type() -> None:
    trace = TurnTrace()
    trace.asked(1, 5, DecisionChat(query="hello"))
    event = msgspec.json.decode(msgspec.json.encode(trace.events))[0]
    assert (event["question"]["type"], event["question"]["query"]) == ("DecisionChat", "hello")


def parcel(number: int) -> Parcel:
    return Parcel(trace=TurnTrace(), turn=turn_for(), epoch=0, elapsed_ms=number, outcome="ok", status=200)


async def test_posting_never_waits_and_a_full_queue_drops_the_newest() -> None:
    store = FakeStore()
    tracer = Tracer(store)
    for number in range(QUEUE + 10):
        tracer.post(parcel(number))
    assert tracer.dropped == 10
    tracer.flush()
    assert [record.elapsed_ms for record in store.traces] == list(range(QUEUE))


async def test_what_was_posted_before_the_end_is_handed_over(autojump_clock: object) -> None:
    store = FakeStore()
    tracer = Tracer(store)
    async with trio.open_nursery() as nursery:
        await nursery.start(tracer.run)
        tracer.post(parcel(1))
        await trio.sleep(1)
        assert len(store.traces) == 1
        tracer.post(parcel(2))
        nursery.cancel_scope.cancel()
    assert len(store.traces) == 2


async def test_a_burst_of_cuts_writes_a_few_lines_and_counts_the_rest(autojump_clock: object) -> None:
    tracer = Tracer(FakeStore())
    with structlog.testing.capture_logs() as lines:
        for _ in range(100):
            tracer.post(msgspec.structs.replace(parcel(9000), reason="budget"))
        tracer.flush()
        await trio.sleep(2)
        tracer.post(msgspec.structs.replace(parcel(9000), reason="client_gone"))
        tracer.flush()
    assert [line["event"] for line in lines] == ["turn_cut"] * (MOST_LINES_A_SECOND + 1)
    assert (lines[-1]["reason"], lines[-1]["unlogged_before"]) == ("client_gone", 100 - MOST_LINES_A_SECOND)


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("reco_products|goals|skintype|reco_products:skintype|en", False),
        ("unknown|unknown:|cn", False),
        ("unknown|X9f/+a==|en", True),
        ("3045022100f3|en|x", True),
        ("abcdef", True),
    ],
)
def test_a_planner_s_signature_is_no_secret(value: str, hidden: bool) -> None:
    raw = msgspec.json.encode({"state": {"signature": value, "x_signature": value}})
    told = msgspec.json.decode(redact(raw))["state"]
    assert told["signature"] == ("[redacted]" if hidden else value)
    assert told["x_signature"] == "[redacted]"
