"""What there is to see of a turn: bars, gates with reasons, facts, state before and after."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from aurora.actors.findings import Failure
from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.contract.memory import Memory, Profile
from aurora.contract.requests import ProfileUpdate, SkinAnalysisRequest
from aurora.contract.turn import Turn
from aurora.contract.validation import decode
from aurora.flows.table import TURN_KINDS
from aurora.replay.gates import Gate
from aurora.replay.model import RecordedTurn, recorded
from aurora.replay.view import TurnView, view_of
from aurora.rules.request import trigger_source
from aurora.settings import Settings
from aurora.store.port import StoreError
from tests.flows.chat_kit import CORE, MOISTURIZER, RECO, TREATMENT, artifact, known
from tests.replay.recording import record
from tests.support.fakes import NEVER, FakeStore, after, turn_for

UPSTREAM = Settings(decision_base_url="http://decision.test")
HELLO = DecisionReply(answer="Hello there.")


def said(body: dict[str, Any], lang: str = "EN") -> Turn:
    return turn_for("chat", decode("chat", body), lang=lang, trigger_source=trigger_source(body))


def seen(turn: Turn, memory: Memory | None = None, **how: Any) -> TurnView:
    how = {"settings": UPSTREAM, "store": FakeStore(memory), "budget": (turn.kind, 1500), **how}
    return view_of(record(TURN_KINDS[turn.kind].flow, turn, **how))


def gates(view: TurnView) -> dict[str, bool]:
    return {gate.name: gate.passed for gate in view.gates}


def gate(view: TurnView, name: str) -> Gate:
    return next(gate for gate in view.gates if gate.name == name)


def picks(*items: dict[str, Any]) -> DecisionReply:
    return DecisionReply(answer="Here.", structured={"recommendations": list(items)})


def test_an_answered_question_is_a_bar_on_the_time_axis() -> None:
    view = seen(said({"message": "what is niacinamide"}), answers={DecisionChat: after(90, HELLO)})
    memory, decision = view.lanes
    assert (memory.actor, decision.actor) == ("memory", "decision")
    (bar,) = decision.bars
    assert (bar.outcome, bar.asked_ms, bar.ended_ms, bar.seq, bar.reason) == ("answered", 0, 90, 2, None)
    assert bar.question_type == "DecisionChat"
    assert bar.question["query"].endswith("what is niacinamide")
    assert bar.value["answer"] == "Hello there."
    assert view.receptions == [1, 2]
    assert (view.lang, view.intent, view.said) == ("EN", "ingredient_science", "what is niacinamide")
    assert view.message == "Hello there."
    assert (view.budget_ms, view.elapsed_ms) == (12000, 90)
    assert view.axis_ms == 12000
    assert gates(view) == {"safety": True, "budget": True}
    assert gate(view, "budget").why == "answered after 90 of 12000 ms (chat)"


def test_a_cut_tells_its_instant_and_why_the_work_was_stopped() -> None:
    view = seen(said({"message": "what is niacinamide"}), answers={DecisionChat: NEVER})
    assert view.cut == (12000, "budget")
    (bar,) = view.lanes[1].bars
    assert (bar.outcome, bar.reason, bar.ended_ms) == ("dropped", "budget", 12000)
    assert gate(view, "budget") == Gate(
        name="budget", passed=False, why="the chat budget of 12000 ms was spent", at_ms=12000
    )
    assert view.notices == ["timeout_degraded"]


def test_a_client_that_hung_up_left_no_envelope() -> None:
    view = seen(said({"message": "hello"}), answers={DecisionChat: NEVER}, hang_up_ms=40)
    assert (view.outcome, view.status, view.cut) == ("abandoned", 499, (40, "client_gone"))
    assert view.lanes[1].bars[0].reason == "client_gone"
    assert (view.cards, view.message, view.state_after) == ([], None, None)
    assert gates(view) == {"budget": False}
    assert gate(view, "budget").why == "the client hung up"


@pytest.mark.parametrize(
    ("code", "reason"), [("breaker_open", "breaker_open"), ("admission", "admission"), ("http_5xx", None)]
)
def test_a_failure_tells_its_code_and_whether_we_refused_to_ask(code: Any, reason: str | None) -> None:
    failure = Failure(actor="decision", code=code, status=503, detail="d")
    view = seen(said({"message": "hello"}), answers={DecisionChat: after(7, failure)})
    (bar,) = view.lanes[1].bars
    assert (bar.outcome, bar.code, bar.status, bar.detail, bar.reason) == ("failed", code, 503, "d", reason)
    assert gates(view) == {"safety": True, "upstream": False}


GATED = [
    ("red flag", {"message": "no bleeding but fever, recommend"}, None, {"safety": False, "budget": True}),
    ("profile", {"action": RECO}, None, {"safety": True, "diagnosis_gate": False, "budget": True}),
    (
        "artifact",
        {"action": RECO},
        known(CORE),
        {"safety": True, "diagnosis_gate": True, "artifact_gate": False, "budget": True},
    ),
    (
        "picks",
        {"action": RECO},
        known(CORE, artifact(0.9)),
        {
            "safety": True,
            "diagnosis_gate": True,
            "artifact_gate": True,
            "commerce": True,
            "confidence": True,
            "budget": True,
        },
    ),
    (
        "unsure",
        {"action": RECO},
        known(CORE, artifact(0.6)),
        {
            "safety": True,
            "diagnosis_gate": True,
            "artifact_gate": True,
            "commerce": True,
            "confidence": False,
            "budget": True,
        },
    ),
]


@pytest.mark.parametrize(("body", "memory", "expected"), [g[1:] for g in GATED], ids=[g[0] for g in GATED])
def test_gates_are_told_in_their_order(
    body: dict[str, Any], memory: Memory | None, expected: dict[str, bool]
) -> None:
    answers = {DecisionChat: after(20, picks(MOISTURIZER, TREATMENT))}
    view = seen(said(body), memory, answers=answers)
    assert gates(view) == expected
    assert list(gates(view)) == list(expected)


EXPECTING = msgspec.structs.replace(CORE, pregnancy_status="pregnant")


@pytest.mark.parametrize(
    ("profile", "message", "told"),
    [
        (CORE, "Can I use retinol?", "rule M5 depends on what she was asked"),
        (EXPECTING, "Can I use retinol?", "rule P2 forbids it to this person"),
    ],
)
def test_a_safety_rule_that_holds_is_named(profile: Profile, message: str, told: str) -> None:
    view = seen(said({"message": message}), known(profile, artifact(0.9)), answers={})
    assert gates(view)["safety"] is True
    assert gates(view)["safety_rules"] is False
    assert gate(view, "safety_rules").why.startswith(told)


def test_gates_say_why() -> None:
    gated = seen(said({"action": RECO}), known(Profile(skinType="dry", sensitivity="low")))
    assert gate(gated, "diagnosis_gate").why == "still to be asked: barrierStatus, goals"
    assert gated.state_after == "RECO_GATE"
    assert gated.internal_after == "S2_DIAGNOSIS"
    assert gated.intent == "reco_products"
    assert gated.said == "chip.start.reco_products"
    blocked = seen(said({"message": "没有出血，但是化脓了"}, "CN"))
    assert gate(blocked, "safety").why.startswith("red flag: only medical advice may be given (intent ")
    assert gate(blocked, "safety").at_ms == 0


def test_commerce_that_nobody_asked_for_is_told_as_held_back() -> None:
    card = {"type": "recommendations", "payload": {"recommendations": [{"sku_id": "x"}]}}
    reply = DecisionReply(answer="Happy to help.", cards=[card])
    view = seen(said({"message": "hello"}), answers={DecisionChat: after(5, reply)})
    assert gates(view)["commerce"] is False


def test_nothing_to_show_is_told_as_the_guard() -> None:
    view = seen(
        said({"action": RECO}),
        known(CORE, None),
        settings=Settings(decision_base_url="http://decision.test", product_matcher_enabled=False),
        answers={DecisionChat: after(5, picks())},
    )
    assert gate(view, "output_guard").why.endswith("a notice stands for it (artifact_missing)")


def test_picks_that_were_too_strong_are_counted() -> None:
    answers = {DecisionChat: after(5, picks(TREATMENT))}
    view = seen(said({"action": RECO}), known(CORE, artifact(0.6)), answers=answers)
    assert gate(view, "confidence").why == "1 of 1 picks were too strong for it"


def test_a_store_that_is_away_is_told_at_both_ends() -> None:
    away = FakeStore(error=StoreError("unavailable", "ECONNREFUSED"))
    view = seen(
        said({"message": "I have oily skin", "session": {"profile": {"skinType": "oily"}}}), store=away
    )
    assert gates(view)["memory"] is False
    refused = seen(turn_for("profile_update", ProfileUpdate(skinType="oily")), store=away)
    assert gate(refused, "storage").why == "refused with 503 DB_UNAVAILABLE (ECONNREFUSED)"


def test_a_move_that_is_not_allowed_is_told_as_the_transition() -> None:
    body = {
        "message": "go",
        "requested_transition": {
            "trigger_source": "text_explicit", "trigger_id": "t", "requested_next_state": "RECO_RESULTS",
        },
    }  # fmt: skip
    view = seen(said(body))
    assert view.status == 400
    assert gate(view, "transition").why.startswith("refused with 400 STATE_TRANSITION_REJECTED")


def test_facts_carry_their_versions_and_memory_is_shown_before_and_after() -> None:
    body = {"action": {"action_id": "profile.skinType.oily", "kind": "chip"}, "client_state": "DIAG_PROFILE"}
    view = seen(said(body), known(Profile(region="EU")), store=FakeStore(known(Profile(region="EU"))))
    patched, moved = view.facts
    assert (patched.type, patched.version) == ("ProfilePatched", 1)
    assert patched.data["patch"] == {"skinType": "oily"}
    assert (moved.type, moved.version) == ("ConversationMoved", 2)
    assert view.memory_before is not None
    assert view.memory_before["profile"]["region"] == "EU"
    assert view.memory_after is not None
    assert view.state_before == "DIAG_PROFILE"


def test_a_wait_that_was_given_up_is_marked_on_its_bar() -> None:
    store = FakeStore(append_ms=math.inf)
    view = seen(turn_for("analysis", SkinAnalysisRequest(currentRoutine="AM: SPF")), store=store)
    saving = [bar for lane in view.lanes for bar in lane.bars if bar.question_type == "Remember"]
    assert any(bar.gave_up_ms for bar in saving)
    assert [tick.version for tick in view.facts] == [None] * len(view.facts)


def test_settings_and_parts_that_are_missing_are_told() -> None:
    then = record(TURN_KINDS["chat"].flow, said({"message": "hello"}), settings=UPSTREAM)
    events = msgspec.json.decode(then.raw_events)
    events[0]["turn"] = {"oversize_bytes": 9}
    events[-1]["envelope"] = {"oversize_bytes": 8}
    row = {
        name: getattr(then, name)
        for name in RecordedTurn.__struct_fields__
        if name not in ("raw_events", "events", "version")
    }
    view = view_of(recorded(row, msgspec.json.encode(events)))
    assert view.too_large == ["turn", "envelope"]
    assert view.settings == {"decision_base_url": "http://decision.test"}
    assert (view.lang, view.said, view.intent) == ("", "", None)


def test_a_view_is_plain_data() -> None:
    view = seen(said({"message": "hello"}), answers={DecisionChat: after(5, HELLO)})
    assert msgspec.json.decode(msgspec.json.encode(view))["request_id"] == "req-1"
