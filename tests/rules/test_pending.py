"""A clarification under way as a value: begun, read from anything, advanced by a tap, expired."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules import pending
from aurora.rules.clarification import Question, chips
from aurora.rules.pending import Pending, advanced, as_kept, as_wire, begun, read
from aurora.rules.request import ChatAsk, normalise

NOW = 1_764_000_000_000
Q = {
    name: Question(id=name, norm_id=norm, question=f"{name}?", options=("a", "b"))
    for name, norm in (("skin", "skinType"), ("goal", "goals"), ("sleep", "sleep"), ("sport", "sport"))
}


def flow(*names: str, **more: Any) -> Pending:
    made = begun(flow_id="pc_1", now_ms=NOW, resume_text="help me", questions=[Q[n] for n in names], cut=[])
    return msgspec.structs.replace(made, **more)


def tap(question: Question, option: str = "a") -> ChatAsk:
    (chip,) = [chip for chip in chips(question, "EN", step=1) if chip.label == option]
    body = {"action": {"action_id": chip.chip_id, "kind": "chip", "data": chip.data}}
    return normalise(body, trigger="chip")


def step(started: Pending, ask: ChatAsk, profile: Profile | None = None, *, known: bool = True) -> Any:
    return advanced(started, ask, now_ms=NOW + 1, profile=profile, filter_known=known)


def test_answers_come_one_by_one() -> None:
    first = step(flow("skin", "goal", "sleep"), tap(Q["skin"], "b"))[0]
    assert first.current == Q["goal"]
    assert [(entry.norm_id, entry.option) for entry in first.history] == [("skinType", "b")]
    second = step(first, tap(Q["goal"]))[0]
    assert second.current == Q["sleep"]
    assert second.next_step == 3
    third = step(second, tap(Q["sleep"], "Not sure"))[0]
    assert third.current is None
    assert [entry.option for entry in third.history] == ["b", "a", "Not sure"]


def test_a_tap_without_names_answers_the_question_that_stands() -> None:
    ask = normalise({"action": {"action_id": "chip.clarify.x.very_dry", "kind": "chip"}}, trigger="chip")
    moved, _ = step(flow("skin", "goal"), ask)
    assert moved.history[0].norm_id == "skinType"
    assert moved.history[0].option == "very dry"


def test_an_earlier_answer_can_be_changed_and_the_question_stands_again() -> None:
    moved = step(flow("skin", "goal"), tap(Q["skin"], "a"))[0]
    again = step(moved, tap(Q["skin"], "b"))[0]
    assert again.current == Q["goal"]
    assert [(entry.norm_id, entry.option) for entry in again.history] == [("skinType", "b")]


def test_a_later_question_can_be_answered_first() -> None:
    moved = step(flow("skin", "goal", "sleep"), tap(Q["sleep"]))[0]
    assert moved.current == Q["skin"]
    assert moved.queue == (Q["goal"],)


def test_a_question_of_another_flow_is_no_answer() -> None:
    assert step(flow("skin", "goal"), tap(Q["sport"])) is None


def test_what_became_known_is_not_asked() -> None:
    moved, known = step(flow("skin", "goal", "sleep"), tap(Q["skin"]), Profile(goals=["acne"]))
    assert moved.current == Q["sleep"]
    assert known == ["goals"]
    moved, known = step(flow("skin", "goal"), tap(Q["skin"]), Profile(goals=["acne"]), known=False)
    assert moved.current == Q["goal"]
    assert known == []


def test_the_wire_is_the_contracts_object() -> None:
    moved = step(flow("skin", "goal", "sleep"), tap(Q["skin"]))[0]
    assert as_wire(moved) == {
        "v": 1,
        "flow_id": "pc_1",
        "created_at_ms": NOW,
        "resume_user_text": "help me",
        "resume_user_hash": "375d8089619efffd0e8d7026",
        "step_index": 1,
        "current": {"id": "goal", "norm_id": "goals"},
        "queue": [{"id": "sleep", "norm_id": "sleep", "question": "sleep?", "options": ["a", "b"]}],
        "history": [{"question_id": "skin", "norm_id": "skinType", "option": "a", "ts_ms": NOW + 1}],
    }


def test_alternatives_are_ours_to_remember() -> None:
    wants = flow("skin", include_alternatives=True)
    assert "include_alternatives" not in as_wire(wants)
    for value, kept in ((as_kept(wants), True), (as_wire(wants), False)):
        found = read(value, "EN", now_ms=NOW, new_flow_id="pc_new").pending
        assert found is not None
        assert found.include_alternatives is kept


@pytest.mark.parametrize("shape", [as_kept, as_wire])
def test_it_comes_back_through_json(shape: Any) -> None:
    moved = step(flow("skin", "goal", "sleep"), tap(Q["skin"]))[0]
    sent = msgspec.json.decode(msgspec.json.encode(shape(moved)))
    found = read(sent, "EN", now_ms=NOW + 5, new_flow_id="pc_new")
    assert found.pending is not None
    assert (found.upgraded, found.cut) == (False, ())
    if shape is as_kept:
        assert found.pending == moved
    else:  # the wire shows the question that stands without its words
        assert as_wire(found.pending) == as_wire(moved)


@pytest.mark.parametrize(
    "broken",
    [
        {"created_at_ms": None},
        {"created_at_ms": "soon"},
        {"created_at_ms": True},
        {"created_at_ms": -1},
        {"created_at_ms": 1e300},
        {"created_at_ms": NOW + 3_600_000},
        {"resume_user_text": ""},
        {"resume_user_text": "  "},
        {"resume_user_text": "\x00"},
        {"resume_user_text": 3},
        {"queue": None},
        {"queue": {"0": 1}},
        {"current": None},
        {"current": {}},
    ],
)
def test_an_object_that_makes_no_sense_is_none(broken: dict[str, object]) -> None:
    sent = as_wire(flow("skin", "goal")) | broken
    assert read(sent, "EN", now_ms=NOW, new_flow_id="pc_new").pending is None


@pytest.mark.parametrize("value", ["", 3, [], [as_wire(flow("skin"))], None, "pc_1"])
def test_what_is_no_object_is_none(value: object) -> None:
    assert read(value, "EN", now_ms=NOW, new_flow_id="pc_new").pending is None


def test_an_old_object_is_upgraded() -> None:
    sent = as_wire(flow("skin", "goal"))
    del sent["v"], sent["flow_id"]
    found = read(sent, "EN", now_ms=NOW, new_flow_id="pc_new")
    assert found.upgraded
    assert found.pending is not None
    assert as_wire(found.pending)["v"] == 1
    assert found.pending.flow_id == "pc_new"


@pytest.mark.parametrize(
    ("flow_id", "kept"),
    [("pc_abc9", True), ("pc_gate_m1x", True), ("pc_", False), ("x", False), ("pc_ä", False)],
)
def test_a_malformed_flow_id_is_made_anew(flow_id: str, kept: bool) -> None:
    sent = as_wire(flow("skin")) | {"flow_id": flow_id}
    found = read(sent, "EN", now_ms=NOW, new_flow_id="pc_new").pending
    assert found is not None
    assert found.flow_id == (flow_id if kept else "pc_new")


def test_everything_is_cut_to_size() -> None:
    entry = {"id": "x" * 300, "question": "y" * 900, "options": ["z" * 300 + str(n) for n in range(30)]}
    sent = as_wire(flow("skin")) | {
        "resume_user_text": "t" * 5000,
        "queue": [entry | {"id": f"{n}" * 90} for n in range(9)],
        "history": [{"question_id": f"q{n}", "option": "o" * 200} for n in range(9)],
    }
    found = read(sent, "EN", now_ms=NOW, new_flow_id="pc_new")
    assert found.pending is not None
    wire = as_wire(found.pending)
    assert len(wire["resume_user_text"]) == 800
    assert len(wire["queue"]) == 5
    assert all(len(question["question"]) <= 200 for question in wire["queue"])
    assert [entry["question_id"] for entry in wire["history"]] == ["q3", "q4", "q5", "q6", "q7", "q8"]
    assert all(len(entry["option"]) == 80 for entry in wire["history"])
    assert set(found.cut) == {"resume_user_text", "queue", "history", "question", "option"}


@pytest.mark.parametrize(("age_ms", "over"), [(0, False), (600_000, False), (600_001, True)])
def test_ten_minutes(age_ms: int, over: bool) -> None:
    assert pending.expired(flow("skin"), NOW + age_ms) is over


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"action": {"action_id": "chip.clarify.skin.a", "kind": "chip"}}, True),
        ({"action": {"action_id": "chip.clarify.a.b.c", "kind": "chip"}}, True),
        ({"clarification_id": "skin"}, True),
        (
            {
                "action": {
                    "action_id": "profile.skinType.oily",
                    "kind": "chip",
                    "data": {"norm_id": "skinType"},
                }
            },
            True,
        ),
        (
            {"action": {"action_id": "profile.goals.acne", "kind": "chip", "data": {"norm_id": "goals"}}},
            False,
        ),
        ({"action": {"action_id": "profile.skinType.oily", "kind": "chip"}}, False),
        ({"message": "oily"}, False),
        ({"action": {"action_id": "chip.start.reco_products", "kind": "chip"}}, False),
    ],
)
def test_what_counts_as_an_answer(body: dict[str, Any], answer: bool) -> None:
    ask = normalise(body, trigger="chip" if "action" in body else "text")
    assert pending.answers(ask, flow("skin", "goal")) is answer


def test_gate_flows_know_themselves() -> None:
    questions = pending.gate_questions(["sensitivity", "goals"], "CN")
    made = begun(
        flow_id=pending.gate_flow_id(NOW), now_ms=NOW, resume_text="推荐", questions=questions, cut=[]
    )
    assert made.from_gate
    assert made.current is not None
    assert made.current.norm_id == "sensitivity"
    assert "不确定" in made.current.options
    assert not flow("skin").from_gate
    assert pending.gate_flow_id(0) == "pc_gate_0"
    assert pending.gate_flow_id(36**3 + 35) == "pc_gate_100z"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)
ENTRY = JSON | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("id", "norm_id", "question", "options", "question_id", "option", "ts_ms"), JSON),
)
OBJECTS = JSON | st.fixed_dictionaries(
    {},
    optional={
        "v": JSON,
        "flow_id": JSON,
        "created_at_ms": st.integers(NOW - 10, NOW) | JSON,
        "resume_user_text": st.text() | JSON,
        "step_index": JSON,
        "current": st.just({"id": "skin"}) | ENTRY,
        "queue": st.lists(ENTRY, max_size=8) | JSON,
        "history": st.lists(ENTRY, max_size=8) | JSON,
    },
)


@given(OBJECTS, st.sampled_from(["EN", "CN"]))
def test_whatever_is_sent_what_is_read_is_lawful_and_reads_the_same_again(sent: object, lang: str) -> None:
    found = read(sent, lang, now_ms=NOW, new_flow_id="pc_new").pending
    if found is None:
        return
    wire = as_wire(found)
    assert 1 <= len(wire["resume_user_text"]) <= 800
    assert len(wire["queue"]) <= 5
    assert len(wire["history"]) <= 6
    assert wire["step_index"] == len(wire["history"])
    assert all(1 <= len(question["options"]) <= 8 for question in wire["queue"])
    kept = msgspec.json.decode(msgspec.json.encode(as_kept(found)))
    assert "\\u0000" not in msgspec.json.encode(as_kept(found)).decode()
    assert read(kept, lang, now_ms=NOW, new_flow_id="pc_other").pending == found


@given(OBJECTS, st.data())
def test_whatever_is_sent_taps_bring_it_to_an_end(sent: object, data: st.DataObject) -> None:
    found = read(sent, "EN", now_ms=NOW, new_flow_id="pc_new").pending
    steps = 0
    while found is not None and found.current is not None:
        asked = found.current
        option = data.draw(st.sampled_from([*asked.options, "Not sure"]))
        named = {"norm_id": asked.norm_id, "clarification_id": asked.id, "reply_text": option}
        action = {"action_id": f"chip.clarify.{asked.id}.x", "kind": "chip", "data": named}
        ask = normalise({"action": action}, trigger="chip")
        moved = step(found, ask)
        assert moved is not None
        found = moved[0]
        steps += 1
        assert steps <= 6
