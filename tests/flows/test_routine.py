"""A whole routine and what it may cost, through the turn runtime (contract B 7 steps 2 and 14-17, B 15).

What the client echoes is what its chips carried; the state S6_BUDGET is kept by us, or sent (decision 1).
"""

from __future__ import annotations

import msgspec
import pytest

from aurora.actors.findings import Failure
from aurora.actors.questions import DecisionReply
from aurora.contract.memory import Profile
from aurora.rules import budget_question
from aurora.settings import Settings
from aurora.store.facts import ConversationMoved, ProfilePatched, RecommendationsGiven
from tests.flows.chat_kit import (
    CLEANSER,
    CORE,
    MOISTURIZER,
    NO_MATCHER,
    TREATMENT,
    artifact,
    asked_decision,
    known,
    plan,
    talk,
)
from tests.support.fakes import NEVER, after

ROUTINE = {"action_id": "chip.start.routine", "kind": "chip", "data": {}}
MOVE = {"trigger_source": "chip", "trigger_id": "chip.start.routine", "requested_next_state": "RECO_GATE"}
WITH_BUDGET = msgspec.structs.replace(CORE, budgetTier="¥500")


def routine(*am, pm=(MOISTURIZER,), **more):
    return DecisionReply(
        answer="Small routine.", context={"routine": {"am": list(am), "pm": list(pm)}}, **more
    )


def chip_of(tier, lang="EN"):
    (chip,) = [c for c in budget_question.chips(lang) if c.data["profile_patch"]["budgetTier"] == tier]
    return {"action_id": chip.chip_id, "kind": "chip", "data": chip.data}


def state(sent, token="S6_BUDGET"):
    """The same state, sent by the client or kept by us."""
    return ({"session": {"state": token}}, None) if sent else ({"session": {"state": "RECO_GATE"}}, token)


SENT_OR_KEPT = pytest.mark.parametrize("sent", [True, False], ids=["token sent", "as the client sends it"])
LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])


# --- the routine


@LANGS
@pytest.mark.parametrize(
    "body",
    [
        {"action": ROUTINE},
        {"action_id": "chip.action.reco_routine", "action_data": {"reply_text": "Make it gentler."}},
        {"action": {"action_id": "tpl.action.routine_generate", "kind": "chip"}},
        {"action": "routine_generate"},
        {"message": "build me a routine"},
        {"message": "推荐一套早晚护肤方案"},
        {"message": "a routine", "requested_transition": MOVE},
    ],
)
async def test_a_routine_is_made_for_a_sure_diagnosis(autojump_clock, body, lang):
    played = await talk(body, lang=lang, decision=routine(CLEANSER), memory=known(CORE, artifact(0.86)))
    (card,) = played.cards("recommendations")
    assert card["intent"] == "routine"
    assert card["source"] == "upstream_context_routine"
    assert card["recommendations_count"] == 2
    assert [(i["slot"], i["sku"]["sku_id"]) for i in card["recommendations"]] == [("am", "c1"), ("pm", "m1")]
    assert card["confidence"] is None
    assert card["profile"]["skinType"] == "oily"
    assert played.events("value_moment") == [{"kind": "routine_generated"}]
    (asked,) = played.events("recos_requested")
    assert (asked["explicit"], asked["low_confidence"], asked["confidence_level"]) == (True, False, "high")
    assert played.body["session_patch"]["next_state"] == "RECO_RESULTS"
    assert played.body["session_patch"]["state"]["_internal_next_state"] == "S7_PRODUCT_RECO"
    assert "profile" not in played.body["session_patch"]
    assert "chip.budget.optimize.entry" in played.chip_ids
    assert ("预算" if lang == "CN" else "budget") in played.text
    assert "routine" in played.text
    (question,) = asked_decision(played)
    assert "AM/PM skincare routine" in question.query
    assert '"skinType":"oily"' in question.query.splitlines()[0]
    assert question.allow_recommendations is True
    (given,) = played.facts_of(RecommendationsGiven)
    assert len(given.items) == 2


async def test_words_beside_a_routine_name_the_steps_where_the_client_would_hide_the_card(autojump_clock):
    memory = known(CORE, artifact(0.86))
    hidden = await talk({"action": ROUTINE}, decision=routine(CLEANSER), memory=memory)
    shown = await talk(
        {"action": ROUTINE, "client_state": "RECO_GATE"}, decision=routine(CLEANSER), memory=memory
    )
    assert "Soft Wash" in hidden.text
    assert "Soft Wash" not in shown.text


async def test_a_known_budget_is_told_and_not_asked_again(autojump_clock):
    played = await talk(
        {"action": ROUTINE}, decision=routine(CLEANSER), memory=known(WITH_BUDGET, artifact(0.86))
    )
    assert "chip.budget.optimize.entry" not in played.chip_ids
    assert "¥500" in played.text
    assert "Budget: ¥500." in asked_decision(played)[0].query


@LANGS
async def test_the_gates_of_picks_hold_for_a_routine(autojump_clock, lang):
    no_profile = await talk({"action": ROUTINE}, lang=lang, decision=routine(CLEANSER))
    assert no_profile.cards("diagnosis_gate")[0]["reason"] == "diagnosis_first"
    no_artifact = await talk({"action": ROUTINE}, lang=lang, decision=routine(CLEANSER), memory=known())
    assert no_artifact.cards("confidence_notice")[0]["reason"] == "artifact_missing"
    for played in (no_profile, no_artifact):
        assert played.cards("recommendations") == []
        assert asked_decision(played) == []
        assert played.events("recos_requested")[0]["gated"] is True
        assert played.events("value_moment") == []
    open_gate = await talk(
        {"action": ROUTINE}, lang=lang, decision=routine(CLEANSER), memory=known(), settings=NO_MATCHER
    )
    assert open_gate.cards("recommendations")


@LANGS
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Failure(actor="decision", code="timeout"), "ETIMEDOUT"),
        (Failure(actor="decision", code="http_5xx"), None),
        (NEVER, "ETIMEDOUT"),
        (DecisionReply(answer=None), "UPSTREAM_EMPTY"),
        (DecisionReply(answer="no steps", context={"routine": {"am": [], "pm": []}}), "UPSTREAM_EMPTY"),
    ],
)  # fmt: skip
async def test_b22_row_10_a_routine_that_fails_says_so(autojump_clock, answer, code, lang):
    played = await talk(
        {"action": ROUTINE}, lang=lang, decision=answer, memory=known(CORE, artifact(0.86, plan=plan()))
    )
    assert played.card_types == ["confidence_notice", "ingredient_plan"]
    notice = played.cards("confidence_notice")[0]
    assert notice["reason"] == "timeout_degraded"
    assert len(notice["actions"]) == 3
    (asked,) = played.events("recos_requested")
    assert (asked["gated"], asked["reason"], asked["low_confidence"]) == (True, "timeout_degraded", False)
    if code:
        assert asked["upstream_failure_code"] == code
    assert played.events("value_moment") == []
    assert played.chip_ids == ["chip.start.routine"]
    assert "护肤方案" in played.text if lang == "CN" else "routine" in played.text


async def test_b22_row_10_a_routine_keeps_the_reco_budget(autojump_clock):
    played = await talk(
        {"action": ROUTINE},
        decision=after(8000, routine(CLEANSER)),
        memory=known(CORE, artifact(0.86)),
        settings=Settings(reco_budget_ms=1500),
    )
    assert played.elapsed_ms == 1500
    assert played.cards("confidence_notice")[0]["reason"] == "timeout_degraded"
    assert "routine" in played.text


async def test_what_the_decision_system_proposes_instead_becomes_chips(autojump_clock):
    actions = [{"id": "tell budget", "label": "Tell me your budget", "text": "My budget is 300"}]
    empty = DecisionReply(answer="Later.", context={"routine": {}}, next_actions=actions)
    played = await talk({"action": ROUTINE}, decision=empty, memory=known(CORE, artifact(0.86)))
    assert played.chip_ids == ["chip.aurora.next_action.tell_budget", "chip.start.routine"]
    (chip, _) = played.body["suggested_chips"]
    assert chip["data"] == {"reply_text": "My budget is 300", "aurora_action_id": "tell_budget"}
    full = await talk(
        {"action": ROUTINE},
        decision=routine(CLEANSER, next_actions=actions),
        memory=known(CORE, artifact(0.86)),
    )
    assert "chip.aurora.next_action.tell_budget" not in full.chip_ids


@pytest.mark.parametrize("score", [0.42, 0.66])
async def test_no_strong_step_where_little_is_known(autojump_clock, score):
    played = await talk(
        {"action": ROUTINE},
        decision=routine(CLEANSER, pm=(TREATMENT, MOISTURIZER)),
        memory=known(CORE, artifact(score)),
    )
    (card,) = played.cards("recommendations")
    assert [i["sku"]["sku_id"] for i in card["recommendations"]] == ["c1", "m1"]
    assert "Night Serum" not in played.text
    (given,) = played.facts_of(RecommendationsGiven)
    assert len(given.items) == 2


async def test_no_step_that_a_safety_rule_forbids_leaves(autojump_clock):
    retinol = {"step": "Serum", "sku": {"sku_id": "r1", "brand": "X", "name": "Retinol Night Oil"}}
    expecting = msgspec.structs.replace(CORE, pregnancy_status="pregnant")
    played = await talk(
        {"action": ROUTINE},
        decision=routine(CLEANSER, pm=(retinol, MOISTURIZER)),
        memory=known(expecting, artifact(0.86)),
    )
    assert "etinol" not in str(played.cards("recommendations"))
    assert "Retinol Night Oil" not in played.text
    alone = await talk(
        {"action": ROUTINE}, decision=routine(retinol, pm=()), memory=known(expecting, artifact(0.86))
    )
    assert alone.cards("recommendations") == []
    assert alone.cards("confidence_notice")


# --- the question what it may cost


@LANGS
@pytest.mark.parametrize("entry", ["chip.budget.optimize.entry", "chip.action.budget_optimize"])
@pytest.mark.parametrize("here", ["RECO_GATE", "IDLE_CHAT"])
async def test_the_entry_chip_opens_the_question(autojump_clock, lang, entry, here):
    body = {"action": {"action_id": entry, "kind": "chip", "data": {}}, "client_state": here}
    played = await talk(body, lang=lang, memory=known(CORE, artifact(0.86)))
    assert played.card_types == ["budget_gate"]
    assert played.cards("budget_gate")[0]["reason"] == "budget_optimization_optional"
    assert played.cards("budget_gate")[0]["profile"]["skinType"] == "oily"
    assert [c.rsplit(".", 1)[1] for c in played.chip_ids] == ["_200", "_500", "_1000_", "_"]
    assert played.events("state_entered") == [
        {"next_state": "S6_BUDGET", "reason": "budget_optimization_optional"}
    ]
    assert played.body["session_patch"]["state"]["_internal_next_state"] == "S6_BUDGET"
    (moved,) = played.facts_of(ConversationMoved)
    assert moved.conversation.token == "S6_BUDGET"
    assert asked_decision(played) == []


@LANGS
@SENT_OR_KEPT
@pytest.mark.parametrize("tier", ["¥200", "¥500", "¥1000+", "不确定"])
async def test_an_answer_by_chip_builds_the_routine(autojump_clock, lang, sent, tier):
    more, kept = state(sent)
    played = await talk(
        {"action": chip_of(tier, lang), "client_state": "RECO_GATE", **more},
        lang=lang,
        decision=routine(CLEANSER),
        memory=known(CORE, artifact(0.66), token=kept),
    )
    assert played.cards("recommendations")[0]["intent"] == "routine"
    assert played.cards("recommendations")[0]["profile"]["budgetTier"] == tier
    assert played.events("value_moment") == [{"kind": "routine_generated"}]
    assert played.facts_of(ProfilePatched)[0].patch == {"budgetTier": tier}
    assert played.body["session_patch"]["next_state"] == "RECO_RESULTS"
    assert played.body["session_patch"]["state"]["_internal_next_state"] == "S7_PRODUCT_RECO"
    assert "chip.budget.optimize.entry" not in played.chip_ids
    assert "routine" in played.text


@SENT_OR_KEPT
@pytest.mark.parametrize("words", ["¥500", "about 500 yuan", "预算500左右", "not sure"])
async def test_an_answer_in_words_is_kept_and_builds_the_routine(autojump_clock, sent, words):
    more, kept = state(sent)
    played = await talk(
        {"message": words, "client_state": "RECO_GATE", **more},
        decision=routine(CLEANSER),
        memory=known(CORE, artifact(0.86), token=kept),
    )
    assert played.cards("recommendations")
    tier = "不确定" if words == "not sure" else "¥500"
    assert played.facts_of(ProfilePatched)[0].patch == {"budgetTier": tier}


@SENT_OR_KEPT
async def test_no_answer_asks_again(autojump_clock, sent):
    more, kept = state(sent)
    played = await talk(
        {"message": "what would that cost?", "client_state": "RECO_GATE", **more},
        memory=known(CORE, artifact(0.86), token=kept),
    )
    assert played.card_types == ["budget_gate"]


@SENT_OR_KEPT
async def test_an_answer_passes_the_gates_too(autojump_clock, sent):
    more, kept = state(sent)
    body = {"action": chip_of("¥500"), "client_state": "RECO_GATE", **more}
    no_profile = await talk(body, decision=routine(CLEANSER), memory=known(None, token=kept))
    assert no_profile.cards("diagnosis_gate")[0]["reason"] == "diagnosis_first"
    no_artifact = await talk(body, decision=routine(CLEANSER), memory=known(CORE, token=kept))
    assert no_artifact.cards("confidence_notice")[0]["reason"] == "artifact_missing"
    assert asked_decision(no_profile) == asked_decision(no_artifact) == []


@LANGS
async def test_plain_words_outside_of_recommendations_are_noted_but_build_nothing(autojump_clock, lang):
    played = await talk({"message": "¥500"}, lang=lang, memory=known(CORE, artifact(0.86), token="S6_BUDGET"))
    assert played.card_types == ["gate_notice"]
    assert played.chip_ids == ["chip.start.reco_products", "chip.start.routine"]
    assert "¥500" in played.text
    assert played.facts_of(ProfilePatched)[0].patch == {"budgetTier": "¥500"}
    assert asked_decision(played) == []


@SENT_OR_KEPT
@pytest.mark.parametrize("message", ["Tell me about niacinamide", "hello", "成分的科学原理是什么"])
async def test_other_words_leave_the_question(autojump_clock, sent, message):
    more, kept = state(sent)
    played = await talk(
        {"message": message, **more},
        decision=DecisionReply(answer="It helps the barrier."),
        memory=known(CORE, artifact(0.86), token=kept),
    )
    assert "budget_gate" not in played.card_types


@SENT_OR_KEPT
async def test_a_wish_for_products_leaves_the_question_for_good(autojump_clock, sent):
    more, kept = state(sent)
    body = {"action": {"action_id": "chip.start.ingredients", "kind": "chip", "data": {}}, **more}
    played = await talk(body, memory=known(CORE, artifact(0.86), token=kept))
    assert "budget_gate" not in played.card_types
    if kept:
        (moved,) = played.facts_of(ConversationMoved)
        assert moved.conversation.token is None


@LANGS
@pytest.mark.parametrize("profile", [None, CORE])
async def test_an_answer_that_comes_too_late_is_only_noted(autojump_clock, lang, profile):
    body = {
        "action": {"action_id": "chip.clarify.budget.y500", "kind": "chip"},
        "message": "¥500",
        "client_state": "RECO_GATE",
        "session": {"state": "idle"},
    }
    played = await talk(body, lang=lang, decision=routine(CLEANSER), memory=known(profile, artifact(0.86)))
    assert played.card_types == ["profile"]
    assert len(played.cards("profile")[0]["profile"]) == 15
    assert played.events("state_entered")[0]["reason"] == "stale_budget_chip_ignored"
    assert "profile" not in played.body["session_patch"]
    assert len(played.chip_ids) == 3
    assert asked_decision(played) == []


async def test_a_late_answer_that_brings_its_fact_is_saved(autojump_clock):
    played = await talk({"action": chip_of("¥200")}, memory=known(Profile(region="US")))
    assert played.card_types == ["profile"]
    assert played.cards("profile")[0]["profile"]["budgetTier"] == "¥200"
    assert played.body["session_patch"]["profile"]["region"] == "US"
    assert "¥200" in played.text
