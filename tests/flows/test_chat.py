"""The chat flow through the real turn runtime, with scripted actors and a mock clock (B 7, 8, 16, 23)."""

from __future__ import annotations

import math

import pytest

from aurora.actors.findings import Failure
from aurora.actors.questions import DecisionReply, ReadMemory
from aurora.contract.memory import Profile
from aurora.settings import Settings
from aurora.store.facts import ConversationMoved, ProfilePatched, RecommendationsGiven
from aurora.store.port import StoreError
from tests.flows.chat_kit import (
    CLEANSER,
    CORE,
    MOISTURIZER,
    NO_MATCHER,
    RECO,
    SMALL_TALK,
    TREATMENT,
    artifact,
    asked_decision,
    known,
    picked,
    plan,
    sells,
    talk,
)
from tests.support.fakes import NEVER, FakeStore, after

# --- Phase 0


@pytest.mark.parametrize(
    ("body", "lang", "token"),
    [
        ({"message": "Recommend a moisturizer"}, "EN", "quick skin profile"),
        ({"message": "推荐一款面霜"}, "CN", "肤况确认"),
        ({"action": RECO, "session": {"state": "S7_PRODUCT_RECO"}}, "EN", "quick skin profile"),
        ({"action": {"action_id": "chip.start.routine", "kind": "chip"}}, "EN", "quick skin profile"),
        ({"action_id": "chip_get_recos"}, "CN", "避免瞎猜"),
        ({"message": "recommend another moisturizer", "client_state": "RECO_RESULTS"}, "EN", "profile"),
        ({"message": "recommend a moisturizer", "client_state": "DIAG_PROFILE"}, "EN", "profile"),
    ],
)
async def test_picks_without_a_profile_lead_to_the_gate(autojump_clock, body, lang, token):
    played = await talk(body, lang=lang)
    assert played.finished.status == 200
    (gate,) = played.cards("diagnosis_gate")
    assert gate["reason"] == "diagnosis_first"
    assert gate["wants"] == "recommendation"
    assert gate["missing_fields"] == ["skinType", "sensitivity", "barrierStatus", "goals"]
    assert sells(played) == []
    assert token in played.text
    assert played.text.count("?") + played.text.count("？") == 1
    assert played.chip_ids[0] == "profile.skinType.oily"
    assert played.chip_ids[-1] == "profile.skinType.unknown"
    assert played.events("recos_requested") == [
        {"explicit": True, "gated": True, "reason": "diagnosis_first"}
    ]
    assert played.body["session_patch"]["next_state"] == "RECO_GATE"
    assert played.body["session_patch"]["state"]["_internal_next_state"] == "S2_DIAGNOSIS"
    assert asked_decision(played) == []
    (moved,) = played.facts_of(ConversationMoved)
    assert (moved.brief_id, moved.conversation.token) == ("brief-1", "S2_DIAGNOSIS")


async def test_the_gate_asks_for_the_first_fact_that_is_missing(autojump_clock):
    played = await talk({"action": RECO}, memory=known(Profile(skinType="dry", barrierStatus="unknown")))
    assert played.cards("diagnosis_gate")[0]["missing_fields"] == ["sensitivity", "goals"]
    assert {chip.rsplit(".", 1)[0] for chip in played.chip_ids} == {"profile.sensitivity"}


async def test_start_of_a_diagnosis_keeps_the_patch_that_came_with_it(autojump_clock):
    patch = {"skinType": "oily", "sensitivity": "low", "barrierStatus": "healthy"}
    body = {
        "message": "开始皮肤诊断",
        "action": {"action_id": "chip.profile", "kind": "chip", "data": {"profile_patch": patch}},
    }
    played = await talk(body, lang="CN")
    (gate,) = played.cards("diagnosis_gate")
    assert (gate["reason"], gate["missing_fields"], gate["wants"]) == (
        "diagnosis_start",
        ["goals"],
        "diagnosis",
    )
    assert gate["profile"]["skinType"] == "oily"
    assert played.body["session_patch"]["next_state"] == "DIAG_PROFILE"
    assert played.body["session_patch"]["state"]["_internal_next_state"] == "S2_DIAGNOSIS"
    assert "profile.goals.acne" in played.chip_ids
    assert played.facts_of(ProfilePatched)[0].patch == patch


async def test_a_complete_profile_in_a_diagnosis_offers_photos_and_baseline(autojump_clock):
    patch = {"skinType": "oily", "sensitivity": "low", "barrierStatus": "healthy", "goals": ["acne"]}
    body = {
        "client_state": "DIAG_PROFILE",
        "action": {"action_id": "profile.patch", "kind": "action", "data": {"profile_patch": patch}},
    }
    played = await talk(body)
    assert played.card_types == ["gate_notice"]
    assert played.cards("gate_notice")[0]["kind"] == "text_only"
    assert played.chip_ids == ["chip.intake.upload_photos", "chip.intake.skip_analysis"]
    assert played.events("state_entered")[0]["reason"] == "diagnosis_profile_complete"
    assert played.events("profile_saved") == [{"fields": list(patch)}]
    assert {key: played.body["session_patch"]["profile"][key] for key in patch} == patch
    assert len(played.body["session_patch"]["profile"]) == 15


@pytest.mark.parametrize(
    ("sent", "kept", "client_state"),
    [
        ("S2_DIAGNOSIS", None, "IDLE_CHAT"),
        ("DIAG_PROFILE", "S2_DIAGNOSIS", "DIAG_PROFILE"),
        ("DIAG_PROFILE", "S2_DIAGNOSIS", "IDLE_CHAT"),
        ("RECO_GATE", "S2_DIAGNOSIS", "RECO_GATE"),
        ("idle", "S2_DIAGNOSIS", "IDLE_CHAT"),
        ({"_internal_next_state": "S2_DIAGNOSIS", "next_state": "DIAG_PROFILE"}, None, "IDLE_CHAT"),
    ],
)
async def test_an_answer_inside_a_diagnosis_asks_the_next_question(autojump_clock, sent, kept, client_state):
    body = {
        "action": {"action_id": "profile.skinType.oily", "kind": "chip"},
        "client_state": client_state,
        "session": {"state": sent},
    }
    played = await talk(body, memory=known(None, token=kept))
    (gate,) = played.cards("diagnosis_gate")
    assert gate["reason"] == "diagnosis_progress"
    assert gate["wants"] == "diagnosis"
    names = [event["event_name"] for event in played.body["events"]]
    assert names == ["profile_saved", "state_entered", "quality_audit"]
    assert played.body["session_patch"]["profile"]["skinType"] == "oily"
    assert played.chip_ids[0] == "profile.sensitivity.low"
    assert played.facts_of(ProfilePatched)[0].patch == {"skinType": "oily"}


@pytest.mark.parametrize("sent", ["idle", "IDLE_CHAT", "S4_ANALYSIS_LOADING"])
async def test_an_answer_outside_a_diagnosis_is_saved_and_shown(autojump_clock, sent):
    body = {"action": "profile.skinType.oily", "session": {"state": sent}}
    played = await talk(body)
    assert played.card_types == ["profile"]
    assert played.cards("profile")[0]["profile"]["skinType"] == "oily"
    assert played.events("profile_saved") == [{"fields": ["skinType"]}]
    assert played.body["session_patch"]["next_state"] == "IDLE_CHAT"
    assert "chip.action.reco_routine" in played.chip_ids
    assert played.facts_of(ConversationMoved) == []


async def test_the_last_answer_ends_the_diagnosis(autojump_clock):
    almost = Profile(skinType="oily", sensitivity="low", barrierStatus="healthy")
    body = {"action": {"action_id": "profile.goals.acne", "kind": "chip"}}
    played = await talk(body, memory=known(almost, token="S2_DIAGNOSIS"))
    assert played.card_types == ["profile"]
    assert played.cards("profile")[0]["profile"]["goals"] == ["acne"]
    (moved,) = played.facts_of(ConversationMoved)
    assert moved.conversation.token is None


async def test_a_question_in_between_does_not_end_the_diagnosis(autojump_clock):
    played = await talk(
        {"message": "Tell me about niacinamide"},
        decision=SMALL_TALK,
        memory=known(None, token="S2_DIAGNOSIS"),
    )
    assert played.facts_of(ConversationMoved) == []


async def test_a_complete_profile_lets_questions_out_of_the_diagnosis_state(autojump_clock):
    played = await talk(
        {"message": "What does niacinamide do?", "client_state": "DIAG_PROFILE"},
        decision=DecisionReply(answer="It helps the barrier."),
        memory=known(),
    )
    assert played.text.endswith("\n\nIt helps the barrier.")


# --- gates in front of picks


async def test_no_diagnosis_means_artifact_missing(autojump_clock):
    played = await talk({"action": RECO, "session": {"state": "S2_DIAGNOSIS"}}, memory=known())
    (notice,) = played.cards("confidence_notice")
    assert notice["reason"] == "artifact_missing"
    assert notice["actions"] == ["upload_daylight_and_indoor_white", "run_low_confidence_baseline"]
    assert notice["confidence"] == {"score": 0.0, "level": "low", "rationale": ["artifact_not_found"]}
    assert sells(played) == []
    assert played.events("recos_requested")[0]["reason"] == "artifact_missing"
    assert played.chip_ids == ["chip.intake.upload_photos", "chip.intake.skip_analysis"]
    assert asked_decision(played) == []


async def test_a_diagnosis_with_an_empty_core_node_is_not_usable(autojump_clock):
    stored = artifact(0.86)
    stored.artifact["goals"] = {"values": []}
    played = await talk({"action": RECO}, memory=known(CORE, stored))
    assert played.cards("confidence_notice")[0]["reason"] == "artifact_missing"


async def test_a_sure_diagnosis_gives_picks(autojump_clock):
    memory = known(CORE, artifact(0.86))
    played = await talk({"action": RECO}, decision=picked(CLEANSER, TREATMENT, CLEANSER), memory=memory)
    (card,) = played.cards("recommendations")
    assert [item["sku"]["sku_id"] for item in card["recommendations"]] == ["c1", "t1"]
    assert card["recommendation_confidence_level"] == "high"
    assert card["recommendation_confidence_score"] == 0.86
    assert card["source"] == "upstream_answer_json"
    assert played.events("value_moment") == [{"kind": "product_reco"}]
    (event,) = played.events("recos_requested")
    assert event["source"] == "upstream_answer_json"
    assert (event["low_confidence"], event["confidence_level"]) == (False, "high")
    patch = played.body["session_patch"]
    assert patch["next_state"] == "RECO_RESULTS"
    assert patch["state"] == {"latest_artifact_id": "da_1", "_internal_next_state": "S7_PRODUCT_RECO"}
    assert "reasons" in card["recommendations"][0]
    assert any("Goal fit" in reason for reason in card["recommendations"][0]["reasons"])
    (given,) = played.facts_of(RecommendationsGiven)
    assert (given.artifact_id, given.source, len(given.items)) == ("da_1", "upstream_answer_json", 2)
    (moved,) = played.facts_of(ConversationMoved)
    assert (moved.conversation.token, moved.conversation.latest_artifact_id) == ("S7_PRODUCT_RECO", "da_1")


async def test_a_routine_request_passes_the_same_gates(autojump_clock):
    routine = {
        "am": [{"step": "Cleanser", "sku": CLEANSER["sku"]}],
        "pm": [{"step": "Cream", "sku": MOISTURIZER["sku"]}],
    }
    played = await talk(
        {"action": {"action_id": "chip.start.routine", "kind": "chip"}},
        decision=DecisionReply(answer="Small routine.", context={"routine": routine}),
        memory=known(CORE, artifact(0.7)),
    )
    (card,) = played.cards("recommendations")
    assert [item["slot"] for item in card["recommendations"]] == ["am", "pm"]
    assert card["intent"] == "routine"
    refused = await talk(
        {"message": "生成一套早晚护肤 routine", "action": "chip.start.routine"}, lang="CN", memory=known()
    )
    assert refused.cards("confidence_notice")[0]["reason"] == "artifact_missing"


async def test_low_confidence_leaves_strong_items_out_everywhere(autojump_clock):
    played = await talk(
        {"action": RECO}, decision=picked(TREATMENT, MOISTURIZER), memory=known(CORE, artifact(0.42))
    )
    (card,) = played.cards("recommendations")
    assert [item["sku"]["sku_id"] for item in card["recommendations"]] == ["m1"]
    assert [n["reason"] for n in played.cards("confidence_notice")] == ["low_confidence"]
    assert played.events("recos_requested")[0]["low_confidence"] is True
    assert "Night Serum" not in played.text
    assert "gentle" in played.text
    assert [item["name"] for item in played.facts_of(RecommendationsGiven)[0].items] == ["Plain Cream"]


async def test_low_confidence_and_only_strong_items_is_a_notice(autojump_clock):
    played = await talk(
        {"action": RECO},
        decision=picked(TREATMENT),
        memory=known(CORE, artifact(0.42, plan=plan(0.42, "low"))),
    )
    assert played.card_types == ["ingredient_plan", "confidence_notice"]
    assert played.cards("confidence_notice")[0]["reason"] == "low_confidence"
    (event,) = played.events("recos_requested")
    assert (event["low_confidence"], event["reason"]) == (True, "artifact_low_confidence")
    assert played.events("value_moment") == []
    assert played.facts_of(RecommendationsGiven) == []


async def test_medium_confidence_filters_in_the_envelope_and_the_text_agrees(autojump_clock):
    played = await talk(
        {"action": RECO},
        decision=picked(TREATMENT, MOISTURIZER),
        memory=known(CORE, artifact(0.66)),
        settings=NO_MATCHER,
    )
    card = next(card for card in played.body["cards"] if card["type"] == "recommendations")
    assert [item["sku"]["sku_id"] for item in card["payload"]["recommendations"]] == ["m1"]
    assert {"field": "recommendations", "reason": "low_confidence_treatment_filtered"} in card[
        "field_missing"
    ]
    (event,) = played.events("reco_low_medium_treatment_filtered")
    assert (event["filtered_count"], event["total_count"]) == (1, 2)
    assert "Night Serum" not in played.text
    assert "Plain Cream" in played.text
    assert played.body["session_patch"]["next_state"] == "RECO_RESULTS"


async def test_medium_confidence_and_only_strong_items_is_a_notice(autojump_clock):
    played = await talk(
        {"action": RECO}, decision=picked(TREATMENT), memory=known(CORE, artifact(0.66)), settings=NO_MATCHER
    )
    assert sells(played) == []
    assert played.cards("confidence_notice")[0]["reason"] == "low_confidence"
    assert played.events("reco_low_medium_treatment_filtered")[0]["fallback_applied"] is True
    assert played.events("recos_requested")[0]["reason"] == "artifact_low_confidence"
    assert "Night Serum" not in played.text
    assert played.facts_of(RecommendationsGiven) == []


@pytest.mark.parametrize(
    ("client_state", "requested", "named"),
    [
        ("IDLE_CHAT", None, True),
        ("DIAG_PROFILE", None, True),
        ("RECO_RESULTS", None, False),
        ("IDLE_CHAT", "RECO_GATE", False),
    ],
)
async def test_the_text_names_the_picks_when_the_client_would_hide_the_card(
    autojump_clock, client_state, requested, named
):
    body = {"message": "recommend a moisturizer", "client_state": client_state}
    if requested:
        body["requested_transition"] = {
            "trigger_source": "text_explicit",
            "trigger_id": "recommend a moisturizer",
            "requested_next_state": requested,
        }
    played = await talk(body, decision=picked(MOISTURIZER), memory=known(CORE, artifact(0.86)))
    assert played.cards("recommendations")
    assert ("Dewfield Plain Cream" in played.text) is named


async def test_chinese_picks_carry_the_pinned_heading(autojump_clock):
    played = await talk(
        {"action": RECO}, lang="CN", decision=picked(MOISTURIZER), memory=known(CORE, artifact(0.86))
    )
    assert "最小可行清单（早/晚）：" in played.text
    assert "Plain Cream" in played.text


# --- picks that do not come


LATE = [
    Failure(actor="decision", code="reset"),
    Failure(actor="decision", code="connect"),
    Failure(actor="decision", code="tls"),
    Failure(actor="decision", code="timeout"),
    Failure(actor="decision", code="breaker_open"),
]
DEAD = [
    Failure(actor="decision", code="http_5xx", status=503),
    Failure(actor="decision", code="not_json"),
    Failure(actor="decision", code="bad_shape"),
    Failure(actor="decision", code="not_configured"),
    DecisionReply(answer="{}"),
    DecisionReply(answer=None),
    DecisionReply(answer='{"recommendations": [null, 3, "x"]}'),
]


@pytest.mark.parametrize("failure", LATE, ids=lambda f: f.code)
async def test_a_passing_failure_without_a_diagnosis_is_timeout_degraded(autojump_clock, failure):
    played = await talk({"action": RECO}, decision=failure, memory=known(), settings=NO_MATCHER)
    assert played.card_types == ["confidence_notice"]
    (notice,) = played.cards("confidence_notice")
    assert notice["reason"] == "timeout_degraded"
    assert len(notice["actions"]) == 3
    (event,) = played.events("recos_requested")
    assert event["reason"] == "timeout_degraded"
    assert event["source"] == "upstream_timeout"
    assert event["upstream_failure_code"] == failure.wire_code
    assert event["low_confidence"] is True
    assert played.events("reco_output_guard_fallback") == []


@pytest.mark.parametrize("answer", DEAD, ids=str)
async def test_a_lasting_failure_without_a_diagnosis_ends_in_the_guard(autojump_clock, answer):
    played = await talk({"action": RECO}, decision=answer, memory=known(), settings=NO_MATCHER)
    assert played.card_types == ["confidence_notice"]
    assert played.cards("confidence_notice")[0]["reason"] == "artifact_missing"
    assert played.events("reco_output_guard_fallback")[0]["applied"] is True
    assert played.text


@pytest.mark.parametrize("answer", [*LATE, *DEAD], ids=str)
async def test_any_failure_with_a_diagnosis_is_timeout_degraded(autojump_clock, answer):
    memory = known(CORE, artifact(0.42, plan=plan(0.42, "low")))
    played = await talk({"action": RECO}, decision=answer, memory=memory)
    assert played.card_types == ["confidence_notice", "ingredient_plan"]
    assert played.cards("confidence_notice")[0]["reason"] == "timeout_degraded"
    assert played.cards("confidence_notice")[0]["confidence"]["score"] == 0.42
    (event,) = played.events("recos_requested")
    assert (event["low_confidence"], event["confidence_level"]) == (True, "low")
    assert event["upstream_failure_code"]
    assert played.events("reco_output_guard_fallback") == []
    assert played.body["session_patch"]["state"]["latest_artifact_id"] == "da_1"


async def test_the_reco_budget_cuts_exactly_and_says_so(autojump_clock):
    settings = Settings(product_matcher_enabled=False, reco_budget_ms=1000)
    played = await talk(
        {"action": RECO}, decision=after(1400, picked(MOISTURIZER)), memory=known(), settings=settings
    )
    assert played.elapsed_ms == 1000
    assert played.finished.cut_reason == "budget"
    assert played.card_types == ["confidence_notice"]
    (notice,) = played.cards("confidence_notice")
    assert (notice["reason"], len(notice["actions"])) == ("timeout_degraded", 3)
    (event,) = played.events("recos_requested")
    assert (event["gated"], event["reason"], event["source"]) == (
        True,
        "timeout_degraded",
        "upstream_timeout",
    )
    assert event["upstream_failure_code"] == "ETIMEDOUT"
    assert len(played.cancelled) == 1


async def test_an_answer_just_before_the_budget_still_gives_picks_though_the_store_hangs(autojump_clock):
    settings = Settings(reco_budget_ms=1000)
    store = FakeStore(known(CORE, artifact(0.86)), append_ms=math.inf)
    body = {"action": {**RECO, "data": {"profile_patch": {"region": "US"}}}}
    played = await talk(body, decision=after(700, picked(MOISTURIZER)), settings=settings, store=store)
    assert played.cards("recommendations")
    assert played.events("profile_saved") == []
    assert played.elapsed_ms <= 1000
    card = next(card for card in played.body["cards"] if card["type"] == "recommendations")
    assert {"field": "profile", "reason": "db_unavailable"} in card["field_missing"]


# --- the boundary


RED_FLAGS = [
    ("severe pain, oozing pus and fever, recommend", "EN"),
    ("剧痛 化脓 出血，推荐", "CN"),
    ("no bleeding but fever, recommend", "EN"),
    ("没有出血，但是化脓了", "CN"),
]


@pytest.mark.parametrize(("message", "lang"), RED_FLAGS)
@pytest.mark.parametrize("action", [RECO, None])
@pytest.mark.parametrize("profile", [CORE, None])
async def test_red_flags_stop_everything(autojump_clock, message, lang, action, profile):
    body = {"message": message, **({"action": action} if action else {})}
    played = await talk(body, lang=lang, decision=picked(MOISTURIZER), memory=known(profile, artifact(0.86)))
    assert played.finished.status == 200
    assert played.card_types == ["confidence_notice"]
    (notice,) = played.cards("confidence_notice")
    assert (notice["reason"], notice["severity"]) == ("safety_block", "block")
    assert notice["actions"] == ["seek_medical_care", "pause_strong_actives", "return_after_stabilization"]
    assert len(notice["details"]) == 3
    assert played.chip_ids == []
    assert set(played.body["session_patch"]) == {"next_state"}
    if action:
        assert played.events("recos_requested") == [
            {"explicit": True, "blocked": True, "reason": "safety_boundary"}
        ]
    assert asked_decision(played) == []
    assert played.finished.outcome == "blocked"


async def test_denied_red_flags_stop_nothing(autojump_clock):
    body = {"message": "No bleeding and no fever, mild dryness, recommend", "action": RECO}
    played = await talk(body, decision=picked(MOISTURIZER), memory=known(), settings=NO_MATCHER)
    assert played.cards("recommendations")


async def test_a_red_flag_outside_of_picks_is_a_safety_gate_event(autojump_clock):
    played = await talk({"message": "there is pus on my chin"})
    assert played.events("safety_gate_block")[0]["block_level"] == "BLOCK"
    assert played.events("recos_requested") == []


async def test_the_boundary_holds_while_the_store_hangs_and_saves_the_patch(autojump_clock):
    store = FakeStore(read_ms=math.inf, append_ms=math.inf)
    body = {"message": "fever and pus", "action": {**RECO, "data": {"profile_patch": {"skinType": "dry"}}}}
    played = await talk(body, store=store)
    assert played.cards("confidence_notice")[0]["reason"] == "safety_block"
    assert played.facts_of(ProfilePatched)[0].patch == {"skinType": "dry"}
    assert played.elapsed_ms == 500


async def test_a_red_flag_comes_before_a_refused_transition(autojump_clock):
    body = {
        "message": "fever",
        "requested_transition": {
            "trigger_source": "chip",
            "trigger_id": "chip_start_diagnosis",
            "requested_next_state": "RECO_GATE",
        },
    }
    played = await talk(body)
    assert played.finished.status == 200
    assert played.cards("confidence_notice")[0]["reason"] == "safety_block"


# --- transitions


async def test_a_transition_that_the_client_may_not_ask_for_is_refused_and_the_patch_is_kept(autojump_clock):
    body = {
        "action": {
            "action_id": "profile.patch",
            "kind": "action",
            "data": {"profile_patch": {"skinType": "dry"}},
        },
        "requested_transition": {
            "trigger_source": "chip",
            "trigger_id": "chip_start_diagnosis",
            "requested_next_state": "RECO_GATE",
        },
    }
    played = await talk(body)
    assert played.finished.status == 400
    (error,) = played.cards("error")
    assert error["error"] == "STATE_TRANSITION_REJECTED"
    assert error["details"]["reason"] == "CHIP_NEXT_STATE_MISMATCH"
    assert played.facts_of(ProfilePatched)[0].patch == {"skinType": "dry"}


# --- memory


async def test_a_turn_without_a_store_uses_what_the_client_knows(autojump_clock):
    body = {
        "action": RECO,
        "session": {
            "profile": {
                "skinType": "dry",
                "sensitivity": "low",
                "barrierStatus": "healthy",
                "goals": ["acne"],
                "region": None,
                "odd": 1,
            }
        },
    }
    store = FakeStore(error=StoreError("unavailable", "08006"))
    played = await talk(body, store=store, settings=NO_MATCHER, decision=picked(MOISTURIZER))
    assert played.cards("recommendations")


async def test_a_fact_that_could_not_be_saved_is_said_to_be(autojump_clock):
    store = FakeStore(append_error=StoreError("unavailable", "08006"))
    played = await talk({"action": "profile.skinType.oily"}, store=store)
    (card,) = played.body["cards"]
    assert card["type"] == "profile"
    assert {"field": "profile", "reason": "db_unavailable"} in card["field_missing"]
    assert played.events("profile_saved") == []
    assert played.body["session_patch"]["profile"]["skinType"] == "oily"
    assert "couldn't save" in played.text


async def test_a_slow_append_is_waited_for_half_a_second_only(autojump_clock):
    played = await talk({"action": "profile.skinType.oily"}, store=FakeStore(append_ms=math.inf))
    assert played.elapsed_ms == 500
    assert played.events("profile_saved") == []


async def test_a_slow_read_does_not_stop_the_turn(autojump_clock):
    played = await talk({"message": "Recommend a serum"}, answers={ReadMemory: NEVER})
    assert played.elapsed_ms == 1500
    (said,) = played.cards("confidence_notice")
    assert said["reason"] == "timeout_degraded"


async def test_stored_pregnancy_beats_an_older_snapshot(autojump_clock):
    memory = known(Profile(pregnancy_status="pregnant", skinType="dry"))
    body = {
        "message": "hello",
        "session": {"profile": {"pregnancy_status": "unknown", "skinType": "oily"}},
    }
    played = await talk(body, decision=SMALL_TALK, memory=memory)
    query = asked_decision(played)[0].query
    assert '"pregnancy_status":"pregnant"' in query
    assert '"skinType":"oily"' in query
    assert played.facts_of(ProfilePatched) == []


# --- a question left open


@pytest.mark.parametrize(("lang", "words", "said"), [("EN", "later", "No rush"), ("CN", "不想说", "不着急")])
async def test_a_question_that_was_not_answered_waits_without_pushing(autojump_clock, lang, words, said):
    body = {"message": words, "client_state": "DIAG_PROFILE"}
    first = await talk(body, lang=lang)
    assert said not in first.text
    again = await talk(body, lang=lang, memory=known(None, token="S2_DIAGNOSIS"))
    assert said in again.text
    assert again.text.count("?") + again.text.count("？") == 1
    assert again.cards("diagnosis_gate")
    start = {"EN": "start a skin diagnosis", "CN": "开始皮肤诊断"}[lang]
    anew = await talk({**body, "message": start}, lang=lang, memory=known(None, token="S2_DIAGNOSIS"))
    assert said not in anew.text
