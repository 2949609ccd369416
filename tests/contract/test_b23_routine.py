"""Contract B 23, rows 12 and 30 to 33, and 39 as far as they are about routines, over the whole house.

Rows 32 and 33 need a profile and a diagnosis like every pick, and have twins without them (decision 18).
Where a state counts it is sent by the client, or kept by us from the turn before (decision 1).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.test_b23 import (
    AS_SENT_BY,
    LANGS,
    chat,
    chips,
    gaps,
    has_artifact,
    has_profile,
    house,
    names,
    sells,
    tell,
    types,
)
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient

ROUTINE = {"action_id": "chip.start.routine", "kind": "chip", "data": {}}
WISH = {"EN": "Build me an AM/PM routine", "CN": "生成一套早晚护肤 routine"}


def tapped(answer: WebAnswer, chip_id: str) -> dict[str, Any]:
    """What the client sends when this chip of the answer is tapped (contract F 5)."""
    (chip,) = [chip for chip in answer.json["suggested_chips"] if chip["chip_id"] == chip_id]
    return {"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]}


async def has_all(client: WebClient, score: float = 0.66) -> None:
    await has_profile(client)
    await has_artifact(client, score)


async def asked_for_budget(client: WebClient, lang: str) -> WebAnswer:
    """The way to the question: a routine, then its budget chip. From here on S6_BUDGET is in force."""
    made = await chat(client, {"action": ROUTINE, "client_state": "RECO_GATE"}, lang)
    entry = {"action": tapped(made, "chip.budget.optimize.entry"), "client_state": "RECO_GATE"}
    asked = await chat(client, entry, lang)
    assert types(asked) == ["budget_gate"]
    return asked


@LANGS
async def test_row_12_structured_commerce_is_suppressed(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": "STRUCTURED_COMMERCE_TEST"}, lang)
        assert "aurora_structured" not in types(answer)
        assert "gate_notice" in types(answer)
        assert ("aurora_structured", "recommendations_not_requested") in gaps(answer)
        assert sells(answer) == []


@LANGS
@AS_SENT_BY
async def test_row_30_a_fit_question_takes_the_conversation_on(
    sandbox: Served, lang: str, token: bool
) -> None:
    async with house(sandbox) as client:
        await has_profile(client, pregnancy_status="not_pregnant", lactation_status="not_lactating")
        question = {
            "EN": "Is this suitable for me: Winona Soothing Repair Serum",
            "CN": "这款适不适合我：Winona Soothing Repair Serum",
        }
        body: dict[str, Any] = {"message": question[lang], "client_state": "RECO_GATE"}
        if token:
            body["session"] = {"state": "S6_BUDGET"}
        else:
            entry = {"action_id": "chip.budget.optimize.entry", "kind": "chip", "data": {}}
            asked = await chat(client, {"action": entry, "client_state": "RECO_GATE"}, lang)
            body["session"] = {"state": asked.patch["next_state"]}
        answer = await chat(client, body, lang)
        assert "product_analysis" in types(answer)
        assert "budget_gate" not in types(answer)
        assert answer.patch["next_state"] == "PRODUCT_LINK_EVAL"
        assert answer.patch["state"]["_internal_next_state"] == "S7_PRODUCT_RECO"


@LANGS
async def test_row_31_an_answer_to_a_question_of_long_ago(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_all(client, 0.86)
        body = {
            "action": {"action_id": "chip.clarify.budget.y500", "kind": "chip"},
            "message": "¥500",
            "session": {"state": "idle"},
            "client_state": "RECO_GATE",
        }
        answer = await chat(client, body, lang)
        assert types(answer) == ["profile"]
        assert answer.event("state_entered")["data"]["reason"] == "stale_budget_chip_ignored"
        assert len(chips(answer)) == 3
        assert not sandbox.state.calls


@LANGS
@AS_SENT_BY
async def test_row_32_a_budget_builds_the_routine(sandbox: Served, lang: str, token: bool) -> None:
    async with house(sandbox) as client:
        await has_all(client)
        asked = await asked_for_budget(client, lang)
        body = {
            "action": tapped(asked, "chip.budget._500"),
            "client_state": "RECO_GATE",
            "session": {"state": "S6_BUDGET" if token else asked.patch["next_state"]},
        }
        answer = await chat(client, body, lang)
        assert answer.payload("recommendations")["intent"] == "routine"
        assert answer.payload("recommendations")["profile"]["budgetTier"] == "¥500"
        assert answer.event("value_moment")["data"]["kind"] == "routine_generated"
        assert answer.patch["next_state"] == "RECO_RESULTS"
        assert answer.patch["state"]["_internal_next_state"] == "S7_PRODUCT_RECO"
        assert "chip.budget.optimize.entry" not in chips(answer)
        assert "routine" in answer.text


@LANGS
@pytest.mark.parametrize("known", ["nothing", "profile"])
async def test_row_32_twin_without_profile_or_diagnosis(sandbox: Served, lang: str, known: str) -> None:
    async with house(sandbox) as client:
        if known == "profile":
            await has_profile(client)
        data = {"profile_patch": {"budgetTier": "¥500"}, "include_alternatives": True, "reply_text": "¥500"}
        body = {
            "action": {"action_id": "chip.budget._500", "kind": "chip", "data": data},
            "session": {"state": "S6_BUDGET"},
            "client_state": "RECO_GATE",
        }
        answer = await chat(client, body, lang)
        gated(answer, known)
        assert "profile_saved" in names(answer)


@LANGS
async def test_row_33_a_routine_without_a_budget(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_all(client)
        answer = await chat(client, {"message": WISH[lang], "action": ROUTINE}, lang)
        items = answer.payload("recommendations")["recommendations"]
        assert [item["slot"] for item in items] == ["am", "pm"]
        assert answer.event("recos_requested")["data"]["explicit"] is True
        assert "chip.budget.optimize.entry" in chips(answer)
        assert ("预算" if lang == "CN" else "budget") in answer.text


@LANGS
@pytest.mark.parametrize("known", ["nothing", "profile"])
async def test_row_33_twin_without_profile_or_diagnosis(sandbox: Served, lang: str, known: str) -> None:
    async with house(sandbox) as client:
        if known == "profile":
            await has_profile(client)
        answer = await chat(client, {"message": WISH[lang], "action": ROUTINE}, lang)
        gated(answer, known)
        assert not sandbox.state.calls


@LANGS
async def test_row_39_another_pick_where_picks_stand(sandbox: Served, lang: str) -> None:
    wish = {"EN": "recommend another moisturizer", "CN": "再推荐一款面霜"}[lang]
    async with house(sandbox) as client:
        await has_all(client, 0.86)
        answer = await chat(client, {"message": wish, "client_state": "RECO_RESULTS"}, lang)
        assert answer.status == 200
        assert "recommendations" in types(answer)
        for source in ("chip", "action", "text_explicit"):
            move = {
                "trigger_source": source,
                "trigger_id": "chip_start_diagnosis",
                "requested_next_state": "CHECKIN_FLOW",
            }
            refused = await chat(client, {"requested_transition": move, "client_state": "RECO_RESULTS"}, lang)
            assert refused.status == 400
            assert refused.error == "STATE_TRANSITION_REJECTED"


@LANGS
@pytest.mark.parametrize("fault", ["reset", "status=503", "html"])
async def test_b22_row_10_a_routine_that_failed_claims_nothing(
    sandbox: Served, lang: str, fault: str
) -> None:
    """The old service said that a routine had been made, beside a guard card."""
    async with house(sandbox) as client:
        await has_all(client, 0.86)
        tell(sandbox, fault)
        answer = await chat(client, {"action": ROUTINE}, lang)
        assert answer.payload("confidence_notice")["reason"] == "timeout_degraded"
        assert sells(answer) == []
        assert "value_moment" not in names(answer)
        assert chips(answer)[-1] == "chip.start.routine"


async def test_b22_row_10_a_routine_that_stalls_keeps_the_reco_budget(sandbox: Served) -> None:
    async with house(sandbox, reco_budget_ms=1000) as client:
        await has_all(client, 0.86)
        tell(sandbox, "stall")
        answer = await chat(client, {"action": ROUTINE})
        assert answer.payload("confidence_notice")["reason"] == "timeout_degraded"
        assert answer.event("recos_requested")["data"]["reason"] == "timeout_degraded"


def gated(answer: WebAnswer, known: str) -> None:
    """Nothing to buy, and the way on."""
    assert sells(answer) == []
    asked = answer.event("recos_requested")["data"]
    assert asked["gated"] is True
    if known == "nothing":
        assert answer.payload("diagnosis_gate")["reason"] == "diagnosis_first"
        assert asked["reason"] == "diagnosis_first"
    else:
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"
        assert asked["reason"] == "artifact_missing"
