"""Traces are read into types, or refused with a sentence that says what is wrong with them."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from aurora.actors.questions import CommerceSearch, DecisionChat, DecisionReply
from aurora.contract.requests import ChatRequest
from aurora.flows.chat import chat
from aurora.replay import model
from aurora.replay.model import (
    Answered,
    Asked,
    DamagedTraceError,
    Failed,
    RecordedTurn,
    ReplayError,
    oversize,
    recorded,
)
from aurora.replay.player import Player
from aurora.replay.verify import verify
from aurora.replay.view import view_of
from aurora.settings import Settings
from tests.replay.recording import record
from tests.support.fakes import after, turn_for

ROW = {
    "stream": "g:1", "epoch": 0, "request_id": "req-9", "trace_id": "tr-9", "brief_id": None, "kind": "chat",
    "opened_at_ms": 1_795_516_200_000, "elapsed_ms": 7, "outcome": "ok", "status": 200,
}  # fmt: skip
OPENED = {"type": "opened", "at_ms": 0, "version": 1, "turn": {"kind": "chat"}, "settings": {}}
SENT = {"type": "sent", "at_ms": 7, "status": 200, "outcome": "ok", "envelope": {"cards": []}}


def asked(call: int) -> dict[str, Any]:
    return {"type": "asked", "at_ms": 1, "call": call, "actor": "memory", "question": {"type": "ReadMemory"}}


def answered(call: int, seq: int) -> dict[str, Any]:
    return {
        "type": "answered", "at_ms": 2, "call": call, "seq": seq, "actor": "memory", "elapsed_ms": 1,
        "value": {},
    }  # fmt: skip


def read(*events: dict[str, Any], row: dict[str, Any] | None = None) -> RecordedTurn:
    return recorded(row or ROW, msgspec.json.encode(list(events)))


def a_chat() -> RecordedTurn:
    answers = {DecisionChat: after(30, DecisionReply(answer="hi")), CommerceSearch: after(10, [])}
    body = ChatRequest(message="what does niacinamide do")
    return record(chat, turn_for(body=body), answers=answers, budget=("chat", 12000))


def test_a_recorded_turn_is_read_back_whole() -> None:
    turn = a_chat()
    assert (turn.request_id, turn.kind, turn.outcome, turn.status, turn.version) == (
        "req-1", "chat", "ok", 200, 1,
    )  # fmt: skip
    assert turn.turn["body"]["message"] == "what does niacinamide do"
    assert turn.envelope is not None
    assert turn.envelope["assistant_message"]["content"] == "hi"
    assert [event.call for event in turn.of(Asked)] == [1, 2]
    assert [event.seq for event in turn.of(Answered)] == [1, 2]
    assert turn.cut is None
    assert turn.opened_at.isoformat() == "2026-11-24T10:30:00+00:00"


def test_parts_keep_their_very_bytes() -> None:
    odd = (
        b'[{"type":"opened","at_ms":0,"turn":{"b":1.50,"a":"\\u00e9"}},{"type":"sent","at_ms":1,"status":200,'
    )
    turn = recorded(ROW, odd + b'"outcome":"ok","envelope":{"z":1e2,"a":[ ]}}]')
    assert bytes(turn.sent.envelope) == b'{"z":1e2,"a":[ ]}'
    assert bytes(turn.opened.turn) == b'{"b":1.50,"a":"\\u00e9"}'
    assert turn.raw_events.startswith(odd)


def test_a_trace_without_a_version_is_of_the_first_shape() -> None:
    opened = {key: value for key, value in OPENED.items() if key != "version"}
    assert read(opened, SENT).version == 1


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "unknown shape"),
        (b"[", "unknown shape"),
        (b'{"type":"opened"}', "unknown shape"),
        (b'"\xff"', "unknown shape"),
        (b"[" * 5000 + b"]" * 5000, "unknown shape"),
        (b"[]", "does not begin with `opened`"),
    ],
)
def test_what_is_no_list_of_events_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(DamagedTraceError, match=why) as caught:
        recorded(ROW, raw)
    assert "req-9" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([SENT], "begin with `opened`"),
        ([OPENED], "end with `sent`"),
        ([OPENED, asked(2), SENT], "misses a question before call 2"),
        ([OPENED, asked(1), answered(1, 2), SENT], "misses a finding before reception 2"),
        ([OPENED, answered(1, 1), SENT], "answers call 1, which is not open"),
        ([OPENED, asked(1), answered(1, 1), answered(1, 2), SENT], "answers call 1, which is not open"),
        ([OPENED, asked(1), {"type": "dropped", "at_ms": 3, "call": 4, "actor": "x"}, SENT], "ends call 4"),
        ([OPENED, {"type": "gave_up", "at_ms": 3, "call": 1, "after": 0}, SENT], "before it was asked"),
        ([OPENED, SENT, SENT], "opens or ends in the middle"),
        ([OPENED, OPENED, SENT], "opens or ends in the middle"),
        ([OPENED, {"type": "dreamt", "at_ms": 3}, SENT], "unknown shape"),
        ([OPENED, {"type": "cut", "at_ms": "soon", "after": 0, "reason": "budget"}, SENT], "unknown shape"),
    ],
)
def test_a_trace_that_was_cut_off_or_edited_is_refused_with_what_is_wrong(
    events: list[dict[str, Any]], why: str
) -> None:
    with pytest.raises(DamagedTraceError, match=why):
        read(*events)


def test_a_row_with_a_wrong_type_is_refused() -> None:
    with pytest.raises(DamagedTraceError, match="elapsed_ms"):
        read(OPENED, SENT, row={**ROW, "elapsed_ms": "long"})


@pytest.mark.parametrize("shape", [{"type": "sent"}, SENT, {"type": "sung", "at_ms": 1}])
def test_a_trace_of_a_newer_version_says_so_whatever_else_it_holds(shape: dict[str, Any]) -> None:
    with pytest.raises(DamagedTraceError, match=r"newer version \(shape 2; this one reads up to 1\)"):
        read({**OPENED, "version": 2}, shape)


def test_a_trace_of_an_older_shape_is_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    def renamed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**e, "envelope": e["answer"]} if "answer" in e else e for e in events]

    monkeypatch.setattr(model, "SCHEMA", 3)
    monkeypatch.setattr(model, "UPCASTERS", {1: renamed, 2: lambda events: events})
    old = {key: value for key, value in SENT.items() if key != "envelope"} | {"answer": {"cards": [1]}}
    turn = read(OPENED, old)
    assert turn.version == 1
    assert turn.envelope == {"cards": [1]}
    assert b'"answer"' in turn.raw_events


def test_a_trace_that_nothing_lifts_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "SCHEMA", 2)
    with pytest.raises(DamagedTraceError, match="of shape 1, which nothing lifts to 2"):
        read(OPENED, SENT)


def test_what_was_too_large_to_record_is_known_by_its_size() -> None:
    turn = read(OPENED, {**SENT, "envelope": {"oversize_bytes": 300_000}})
    assert oversize(turn.sent.envelope) == 300_000
    assert turn.envelope is None
    assert not turn.sent_nothing
    assert oversize(msgspec.Raw(b'{"oversize_bytes": "x"}')) is None
    assert oversize(turn.opened.turn) is None


def mutations(turn: RecordedTurn, chance: random.Random) -> bytes:
    """The events with one part replaced, taken out or doubled, somewhere."""
    events = msgspec.json.decode(turn.raw_events)
    spots: list[tuple[Any, Any]] = []
    level: list[Any] = [events]
    while level:
        holder = level.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            spots.append((holder, key))
            if isinstance(holder[key], dict | list):
                level.append(holder[key])
    holder, key = chance.choice(spots)
    how = chance.randrange(3)
    if how == 0:
        holder[key] = chance.choice([None, 0, -1, 2**63, 1.5, "", "x", [], {}, [None], {"a": {}}, True])
    elif how == 1:
        del holder[key]
    elif isinstance(holder, list):
        holder.insert(chance.randrange(len(holder) + 1), holder[key])
    else:
        holder[f"{key}_"] = holder.pop(key)
    return msgspec.json.encode(events)


@pytest.mark.parametrize("seed", range(4))
def test_no_edited_trace_breaks_the_tool(seed: int) -> None:
    """It is shown and verified, or refused with a sentence: nothing else ever leaves."""
    chance = random.Random(seed)
    turn, player = a_chat(), Player()
    row = {name: getattr(turn, name) for name in ROW}
    verdicts = set()
    for _ in range(400):
        raw = mutations(turn, chance)
        try:
            read_back = recorded(row, raw)
            view_of(read_back)
        except ReplayError:
            verdicts.add("refused")
            continue
        verdicts.add(verify(read_back, player).verdict)
    assert verdicts >= {"refused", "same", "different", "damaged"}


def test_failures_carry_what_they_were() -> None:
    turn = record(chat, turn_for(body=ChatRequest(message="hello")), settings=Settings())
    failed = next(turn.of(Failed))
    assert (failed.actor, failed.code) == ("decision", "not_configured")
