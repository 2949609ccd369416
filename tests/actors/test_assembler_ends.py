"""How a turn ends in the assembler: refused, cut, checked a last time (contract A 4, 5; decision 18)."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.actors.assembler import CutPlan, EnvelopeAssembler
from aurora.contract.envelope import Card, Chip, FieldMissing
from aurora.contract.errors import ContractError
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.settings import Settings
from aurora.store.facts import AnalysisTimedOut
from tests.actors.assembling import NOW, assembler, pick, plain, recommending, types

# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "payload", "data"),
    [
        (ContractError(400, "CHAT_ODD"), {"error": "CHAT_ODD"}, {"code": "CHAT_ODD"}),
        (
            ContractError(503, "DB_SCHEMA_NOT_READY", driver_code="42P01"),
            {"error": "DB_SCHEMA_NOT_READY", "code": "42P01"},
            {"code": "42P01"},
        ),
        (
            ContractError(400, "STATE_TRANSITION_REJECTED", details={"reason": "UNKNOWN_CHIP"}),
            {"error": "STATE_TRANSITION_REJECTED", "details": {"reason": "UNKNOWN_CHIP"}},
            {"code": "STATE_TRANSITION_REJECTED", "reason": "UNKNOWN_CHIP"},
        ),
        (ContractError(503, "OVERLOADED", retry_after_s=2), {"error": "OVERLOADED"}, {"code": "OVERLOADED"}),
        (
            ContractError(404, "NOT_FOUND", extra={"status": 404}),
            {"error": "NOT_FOUND", "status": 404},
            {"code": "NOT_FOUND"},
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_a_refusal_is_an_error_envelope(error: ContractError, payload: Any, data: Any, lang: str) -> None:
    built = assembler(lang)
    built.say("Half an answer")
    built.chip(Chip("a", "A"))
    built.patch(profile={"skinType": "oily"})
    built.event("value_moment", {})
    built.refuse(error)
    built.refuse(ContractError(500, "LATER"))
    finished = built.finish()
    assert finished.status == error.status
    assert finished.outcome == "failed"
    assert finished.error_code == error.code
    assert finished.headers == ({"Retry-After": "2"} if error.retry_after_s else {})
    body = plain(finished)
    assert body["cards"] == [{"card_id": "err_r1", "type": "error", "payload": payload, "field_missing": []}]
    assert body["suggested_chips"] == []
    assert body["session_patch"] == {"next_state": "IDLE_CHAT"}
    assert [(e["event_name"], e["data"]) for e in body["events"]] == [("error", data)]
    assert any("\u4e00" <= c <= "\u9fff" for c in body["assistant_message"]["content"]) is (lang == "CN")


# --- cuts -------------------------------------------------------------------------------------------------


def test_a_cut_replaces_what_was_said_and_keeps_the_events() -> None:
    built = assembler("CN")
    built.say("Half an answer")
    built.card("x", "note", {})
    built.chip(Chip("a", "A"))
    built.event("early", {"n": 1})
    built.patch_state(kept=1)
    built.if_cut(
        CutPlan(
            cards=[
                Card("own_r1", "note", {"late": True}, [FieldMissing("analysis", "analysis_budget_timeout")])
            ],
            message="来不及了，先这样。",
            chips=[Chip("b", "B")],
            events=[("analysis_timeout_degraded", {"budget_ms": 1000})],
            state={"added": 2},
            next_state="DIAG_ANALYSIS_SUMMARY",
            profile={"skinType": "dry"},
            facts=[AnalysisTimedOut(budget_ms=1000)],
        )
    )
    built.cut("budget")
    built.cut("shutdown")
    finished = built.finish()
    body = plain(finished)
    assert [c["type"] for c in body["cards"]] == ["note", "confidence_notice"]
    assert body["cards"][1]["payload"]["reason"] == "timeout_degraded"
    assert [c["chip_id"] for c in body["suggested_chips"]] == ["b"]
    assert [e["event_name"] for e in body["events"]] == ["early", "analysis_timeout_degraded"]
    assert body["session_patch"]["state"] == {"kept": 1, "added": 2}
    assert body["session_patch"]["next_state"] == "DIAG_ANALYSIS_SUMMARY"
    assert body["session_patch"]["profile"]["skinType"] == "dry"
    assert (finished.status, finished.outcome, finished.cut_reason) == (200, "degraded", "budget")
    assert finished.facts == [AnalysisTimedOut(budget_ms=1000)]


def test_a_cut_with_no_plan_keeps_what_stands_and_says_that_it_is_late() -> None:
    built = assembler()
    built.card("x", "note", {"a": 1})
    built.cut("budget")
    finished = built.finish()
    assert types(finished) == ["note", "confidence_notice"]
    assert finished.outcome == "degraded"


def test_a_cut_after_the_answer_stands_sends_it_whole() -> None:
    built = recommending(pick("Calm cream"))
    built.if_cut(CutPlan(message="late"))
    built.stands()
    built.cut("budget")
    finished = built.finish()
    assert types(finished) == ["recommendations"]
    assert finished.outcome == "ok"
    assert finished.cut_reason == "budget"


def test_a_cut_can_be_a_refusal() -> None:
    built = assembler()
    built.if_cut(ContractError(503, "DB_UNAVAILABLE", driver_code="ETIMEDOUT"))
    built.cut("budget")
    finished = built.finish()
    assert (finished.status, finished.error_code) == (503, "DB_UNAVAILABLE")


def test_a_plan_without_a_cut_changes_nothing() -> None:
    built = assembler()
    built.say("On time.")
    built.if_cut(ContractError(503, "DB_UNAVAILABLE"))
    assert built.finish().status == 200


def test_shutdown_is_a_cut_like_any_other() -> None:
    built = assembler()
    built.if_cut(CutPlan(message="See you."))
    built.cut("shutdown")
    assert built.finish().cut_reason == "shutdown"


# --- the last check ---------------------------------------------------------------------------------------


def test_what_json_cannot_hold_is_scrubbed_and_the_answer_still_leaves() -> None:
    deep: Any = "bottom"
    for _ in range(3000):
        deep = [deep]
    built = assembler()
    built.say("half \ud800 a pair")
    built.card("x", "note", {"odd": object(), "huge": 10**5000, "set": {1}, "deep": deep, 3: "int key"})
    body = plain(built.finish())
    assert body["assistant_message"]["content"] == "half ? a pair"
    assert body["cards"][0]["payload"]["odd"] is None
    assert body["cards"][0]["payload"]["huge"] is None
    assert body["cards"][0]["payload"]["3"] == "int key"


@pytest.mark.unlawful_on_purpose  # an empty trace id is a bug of the caller; no law can invent one
def test_an_envelope_that_fails_its_own_shape_is_replaced() -> None:
    context = RequestContext("r1", "", "CN", "u1")
    turn = Turn(kind="chat", context=context, identity=Identity("u1"), now=NOW, seed="ab" * 16)
    built = EnvelopeAssembler(turn, Settings(), chat=True)
    built.say("hello")
    finished = built.finish()
    (card,) = finished.envelope.cards
    assert (card.card_id, card.payload) == ("card_r1", {"error": "INTERNAL_SCHEMA_ERROR"})
    assert card.field_missing == [FieldMissing("cards", "response_validation_failed")]
    assert finished.envelope.events == []
    assert (finished.status, finished.outcome) == (200, "failed")
    assert finished.counts["schema_failed"] == 1


@pytest.mark.unlawful_on_purpose  # the bug is the subject
def test_a_bug_in_a_law_costs_the_answer_but_never_the_envelope(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("law")

    monkeypatch.setattr("aurora.actors.envelope_laws.derive_next_state", broken)
    built = assembler()
    built.say("hello")
    finished = built.finish()
    assert isinstance(finished.bug, KeyError)
    assert plain(finished)["cards"][0]["payload"] == {"error": "INTERNAL_SCHEMA_ERROR"}
