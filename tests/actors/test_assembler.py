"""The assembler, law by law (contract A 4, 5; B 3, 8; F 16; decisions 2, 5, 13, 18)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aurora.actors.assembler import CutPlan, EnvelopeAssembler, Finished
from aurora.contract.envelope import AssistantMessage, Card, Chip, FieldMissing
from aurora.contract.errors import ContractError
from aurora.contract.requests import ChatRequest
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.settings import Settings
from aurora.store.facts import AnalysisTimedOut

NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


def assembler(lang: Any = "EN", *, chat: bool = False, **settings: Any) -> EnvelopeAssembler:
    context = RequestContext("r1", "t1", lang, "u1", "b1", "chip", "idle")
    turn = Turn(kind="chat", context=context, identity=Identity("u1"), now=NOW, seed="ab" * 16)
    return EnvelopeAssembler(turn, Settings(**settings), chat=chat)


def plain(finished: Finished) -> dict[str, Any]:
    return json.loads(finished.body)


OFFERS: dict[str, Any] = {"items": [], "market": "US", "metadata": {}}


def types(finished: Finished) -> list[str]:
    return [card.type for card in finished.envelope.cards]


def pick(name: str, **more: Any) -> dict[str, Any]:
    sku = {
        "product_id": "p", "sku_id": "s", "brand": "B", "name": name, "display_name": name, "category": "c",
    }  # fmt: skip
    return {
        "slot": "am", "step": "Moisturizer", "sku": sku, "notes": [], "reasons": [], "pdp_open": {}, **more,
    }  # fmt: skip


def recommending(*items: Any, **payload: Any) -> EnvelopeAssembler:
    built = assembler(chat=True)
    built.attempted_recommendations(artifact_usable=True)
    built.allow_commerce()
    built.say("Here are two calm picks to start with.")
    shown = {"recommendations": list(items), "recommendations_count": len(items), **payload}
    built.card("reco", "recommendations", shown)
    built.event("recos_requested", {"explicit": True})
    return built


# --- shape ------------------------------------------------------------------------------------------------


def test_a_card_gets_its_id_from_prefix_request_and_suffix() -> None:
    built = assembler()
    built.card(
        "profile_delete", "profile_deleted", {"ok": True, "deleted": True, "storage": "db"}, suffix="_x"
    )
    assert plain(built.finish())["cards"] == [
        {
            "card_id": "profile_delete_r1_x",
            "type": "profile_deleted",
            "payload": {"ok": True, "deleted": True, "storage": "db"},
            "field_missing": [],
        }
    ]


def test_events_carry_the_base_fields_of_the_turn() -> None:
    built = assembler("CN")
    built.say("好")
    built.event("value_moment", {"kind": "chat_reply"})
    assert plain(built.finish())["events"] == [
        {
            "event_name": "value_moment",
            "timestamp": int(NOW.timestamp() * 1000),
            "request_id": "r1",
            "trace_id": "t1",
            "aurora_uid": "u1",
            "brief_id": "b1",
            "lang": "CN",
            "trigger_source": "chip",
            "state": "idle",
            "data": {"kind": "chat_reply"},
        }
    ]


def test_every_chat_answer_ends_with_a_short_quality_audit() -> None:
    built = assembler(chat=True)
    built.say("How does your skin feel by midday?")
    built.event("value_moment", {"kind": "chat_reply"})
    audit = plain(built.finish())["events"][-1]
    assert set(audit) == {"event_name", "timestamp", "request_id", "trace_id", "data"}
    assert audit["event_name"] == "quality_audit"
    assert audit["data"]["total_score"] == 100


def test_a_refused_chat_is_audited_too_and_another_endpoint_never_is() -> None:
    built = assembler(chat=True)
    built.refuse(ContractError(400, "MISSING_AURORA_UID"))
    assert [e["event_name"] for e in built.finish().envelope.events] == ["error", "quality_audit"]
    side = assembler()
    side.say("Done.")
    assert side.finish().envelope.events == []


def test_finishing_again_answers_the_same_whatever_came_in_between() -> None:
    built = assembler()
    built.say("First.")
    first = built.finish()
    built.say("Second.")
    built.cut("budget")
    built.refuse(ContractError(500, "CHAT_FAILED"))
    assert built.finish() is first


def test_a_title_that_is_no_text_is_left_out() -> None:
    built = assembler()
    built.upstream_card({"type": "note", "title": {"en": "x"}, "payload": {"a": 1}}, 0)
    built.upstream_card({"type": "note", "title": "Fine", "payload": {"a": 1}}, 1)
    first, second = plain(built.finish())["cards"]
    assert "title" not in first
    assert second["title"] == "Fine"


# --- upstream cards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ({"type": "note", "payload": [1, 2]}, ("aurora_r1_3", "note", {"value": [1, 2]})),
        ({"type": "note", "payload": None}, ("aurora_r1_3", "note", {})),
        ({"type": "note", "payload": "text"}, ("aurora_r1_3", "note", {"value": "text"})),
        ({"payload": {"a": 1}}, ("aurora_r1_3", "aurora_card", {"a": 1})),
        ({"type": "note", "text": "x"}, ("aurora_r1_3", "note", {"type": "note", "text": "x"})),
        ({"card_id": "own", "type": 7, "payload": {}}, ("own", "aurora_card", {})),
    ],
)
def test_an_upstream_card_is_made_to_fit(card: Any, expected: tuple[str, str, Any]) -> None:
    built = assembler()
    built.upstream_card(card, 3)
    (made,) = built.finish().envelope.cards
    assert (made.card_id, made.type, made.payload) == expected


@pytest.mark.parametrize("card", [None, 3, "card", [], True])
def test_an_upstream_card_that_is_no_object_is_dropped(card: Any) -> None:
    built = assembler()
    built.say("Text stays.")
    built.upstream_card(card, 0)
    assert types(built.finish()) == ["gate_notice"]


def test_nulls_inside_lists_of_objects_never_reach_the_client() -> None:
    built = assembler()
    built.upstream_card(
        {"type": "dupe_suggest", "payload": {"dupes": [None, {"product": {"n": [None]}}, None]}}, 0
    )
    assert built.finish().envelope.cards[0].payload == {"dupes": [{"product": {"n": []}}]}


def test_two_cards_never_share_an_id() -> None:
    built = assembler()
    built.notice("low_confidence")
    built.notice("timeout_degraded")
    built.upstream_card({"card_id": "conf_r1", "type": "note", "payload": {}}, 0)
    assert [c.card_id for c in built.finish().envelope.cards] == ["conf_r1", "conf_r1_2", "conf_r1_3"]


# --- nothing is no answer ---------------------------------------------------------------------------------


def test_an_answer_of_text_only_carries_a_card_that_draws_nothing() -> None:
    built = assembler(chat=True)
    built.say("Sunscreen comes last in the morning.")
    (card,) = built.finish().envelope.cards
    assert (card.type, card.payload) == ("gate_notice", {"kind": "text_only"})
    assert built.finish().outcome == "ok"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_turn_that_said_nothing_at_all_admits_it(text: str) -> None:
    built = assembler("CN")
    built.say(text)
    finished = built.finish()
    assert finished.envelope.assistant_message is None
    assert finished.envelope.cards[0].payload["reason"] == "timeout_degraded"
    assert finished.outcome == "degraded"
    assert finished.counts["nothing_said"] == 1


# --- notices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["artifact_missing", "low_confidence", "safety_block", "timeout_degraded"])
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_a_bare_notice_is_complete_in_both_languages(reason: Any, lang: str) -> None:
    built = assembler(lang)
    built.notice(reason)
    payload = built.finish().envelope.cards[0].payload
    assert payload["actions"]
    assert payload["severity"] == ("block" if reason == "safety_block" else "warn")
    assert any("\u4e00" <= c <= "\u9fff" for c in payload["message"]) is (lang == "CN")
    assert set(payload["confidence"]) == {"score", "level", "rationale"}


def test_a_notice_from_outside_is_repaired() -> None:
    built = assembler()
    odd = {
        "reason": "default",
        "actions": [None, {"x": 1}, " "],
        "confidence": "high",
        "details": "no",
        "message": 5,
    }
    built.upstream_card({"type": "Confidence_Notice", "payload": odd}, 0)
    payload = built.finish().envelope.cards[0].payload
    assert payload["reason"] == "low_confidence"
    assert payload["actions"] == ["upload_daylight_and_indoor_white", "update_current_routine"]
    assert payload["details"] == []


def test_a_blocking_notice_without_a_reason_is_read_as_a_safety_block() -> None:
    built = assembler()
    built.upstream_card({"type": "confidence_notice", "payload": {"severity": "block"}}, 0)
    finished = built.finish()
    assert finished.envelope.cards[0].payload["reason"] == "safety_block"
    assert finished.outcome == "blocked"


@pytest.mark.parametrize(
    ("given", "score", "level"),
    [(0.2, 0.2, "low"), (0.55, 0.55, "medium"), (0.75, 0.75, "medium"), (0.76, 0.76, "high"),
     (7, 1.0, "high"), (-3, 0.0, "low"), ("bad", 0.0, "low"), (None, 0.0, "low"), (True, 0.0, "low")],
)  # fmt: skip
def test_a_notice_clamps_its_score_and_derives_its_level(given: Any, score: float, level: str) -> None:
    built = assembler()
    built.notice("low_confidence", confidence={"score": given, "rationale": ["x", 3]})
    node = built.finish().envelope.cards[0].payload["confidence"]
    assert node == {"score": score, "level": level, "rationale": ["x"]}


def test_a_notice_shows_at_most_six_details() -> None:
    built = assembler()
    built.notice("low_confidence", details=[str(n) for n in range(9)])
    assert len(built.finish().envelope.cards[0].payload["details"]) == 6


# --- chips ------------------------------------------------------------------------------------------------


def test_ten_chips_leave_and_the_rest_is_counted() -> None:
    built = assembler()
    built.say("Choose one.")
    built.chip(*[Chip(f"c{n}", f"Label {n}") for n in range(17)])
    finished = built.finish()
    assert [c.chip_id for c in finished.envelope.suggested_chips] == [f"c{n}" for n in range(10)]
    assert finished.counts["chips_truncated"] == 7


def test_chips_that_give_the_same_answer_leave_once() -> None:
    built = assembler()
    built.say("Choose one.")
    answer = {"norm_id": "skinType", "value": "oily"}
    built.chip(
        Chip("profile.skinType.oily", "Oily", data=answer), Chip("tpl.clarify.1", "Oily skin", data=answer)
    )
    built.chip(Chip("a", "A"), Chip("a", "A"), Chip("a", "Another"))
    assert [c.label for c in built.finish().envelope.suggested_chips] == ["Oily", "A", "Another"]


def test_chips_that_would_kill_the_page_are_dropped() -> None:
    built = assembler()
    built.say("Choose one.")
    built.chip(None, Chip("a", {"en": "x"}), Chip("", "B"), Chip("c", ""), Chip("d", "D", data=None))  # type: ignore[arg-type] - that is the point
    assert plain(built.finish())["suggested_chips"] == [
        {"chip_id": "d", "label": "D", "kind": "quick_reply", "data": {}}
    ]


def test_keep_chatting_is_not_offered_where_the_client_refuses_it() -> None:
    keep = Chip("chip_keep_chatting", "Just chat")
    built = assembler()
    built.say("Done.")
    built.next_state("DIAG_PROFILE")
    built.chip(keep, Chip("x", "X"))
    assert [c.chip_id for c in built.finish().envelope.suggested_chips] == ["x"]
    free = assembler()
    free.say("Done.")
    free.chip(keep)
    assert [c.chip_id for c in free.finish().envelope.suggested_chips] == ["chip_keep_chatting"]


def test_keep_chatting_is_not_offered_while_the_client_itself_is_in_diagnosis() -> None:
    context = RequestContext("r1", "t1", "EN", "u1")
    body = ChatRequest(client_state="DIAG_PROFILE")
    turn = Turn(kind="chat", context=context, identity=Identity("u1"), now=NOW, seed="ab" * 16, body=body)
    built = EnvelopeAssembler(turn, Settings(), chat=True)
    built.say("Done. What next?")
    built.chip(Chip("chip_keep_chatting", "Just chat"), Chip("x", "X"))
    assert [c.chip_id for c in built.finish().envelope.suggested_chips] == ["x"]


def test_text_that_the_client_would_turn_into_a_card_is_defused() -> None:
    built = assembler()
    built.say("Shortlist for profile=oily, total 71/100")
    assert built.finish().envelope.assistant_message == AssistantMessage(
        "Shortlist for profile: oily, total 71/100"
    )


# --- next_state and session patch -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cards", "asked", "expected"),
    [
        ([("diagnosis_gate", {"wants": "recommendation"})], "S2_DIAGNOSIS", "RECO_GATE"),
        ([("diagnosis_gate", {"wants": "diagnosis"})], "S2_DIAGNOSIS", "DIAG_PROFILE"),
        ([("Photo_Modules_V1", {})], None, "DIAG_PHOTO_OPTIN"),
        ([("photo_confirm", {}), ("routine_simulation", {})], None, "DIAG_PHOTO_OPTIN"),
        ([("conflict_heatmap", {})], None, "ROUTINE_REVIEW"),
        ([("product_parse", {"product": {}})], "CHECKIN_FLOW", "PRODUCT_LINK_EVAL"),
        ([("note", {})], "CHECKIN_FLOW", "CHECKIN_FLOW"),
        ([("note", {})], "S6_BUDGET", "IDLE_CHAT"),
        ([("note", {})], None, "IDLE_CHAT"),
    ],
)  # fmt: skip
@pytest.mark.unlawful_on_purpose  # bare payloads, to show the derivation alone
def test_next_state_is_derived_from_the_cards_that_leave(
    cards: Any, asked: str | None, expected: str
) -> None:
    built = assembler()
    for number, (kind, payload) in enumerate(cards):
        built.card(f"c{number}", kind, payload)
    built.next_state(asked)
    patch = built.finish().envelope.session_patch
    assert patch["next_state"] == expected
    internal = asked if asked is not None and asked.startswith("S") else None
    assert patch.get("state", {}).get("_internal_next_state") == internal


def test_next_state_is_derived_after_the_guards() -> None:
    built = recommending(pick("Retinol night serum"), recommendation_confidence_level="low")
    built.next_state("S7_PRODUCT_RECO")
    patch = built.finish().envelope.session_patch
    assert patch["next_state"] == "IDLE_CHAT"


def test_a_profile_leaves_whole_because_the_client_replaces_its_copy() -> None:
    built = assembler()
    built.patch(profile={"skinType": "oily", "goals": ["acne"]})
    built.say("Saved.")
    profile = built.finish().envelope.session_patch["profile"]
    assert profile["skinType"] == "oily"
    assert profile["pregnancy_status"] == "unknown"
    assert len(profile) == 15
    gone = assembler()
    gone.say("Deleted.")
    gone.patch(profile=None)
    assert gone.finish().envelope.session_patch["profile"] is None


def test_state_keys_and_other_patch_keys_stand_beside_next_state() -> None:
    built = assembler()
    built.say("Noted.")
    built.patch_state(latest_artifact_id="da_1", pending_clarification=None)
    built.patch(recent_logs=[], checkin_due=True)
    assert built.finish().envelope.session_patch == {
        "recent_logs": [],
        "checkin_due": True,
        "state": {"latest_artifact_id": "da_1", "pending_clarification": None},
        "next_state": "IDLE_CHAT",
    }


# --- field_missing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("product_parse", {}, ("payload.product_ref", "parse_failed")),
        ("product_parse", {"candidates": [{}, {}]}, ("payload.product_ref", "needs_disambiguation")),
        ("product_parse", {"status": "AMBIGUOUS_MATCH"}, ("payload.product_ref", "needs_disambiguation")),
        (
            "product_parse",
            {"product": {"name": "A"}, "confidence": 0.4},
            ("payload.product_ref", "low_confidence"),
        ),
        ("product_parse", {"product": {"name": "A"}, "confidence": 0.5}, None),
        ("product_parse", {"anchor_product_id": "x"}, None),
        (
            "offers_resolved",
            {**OFFERS, "items": [{"product": {}, "offer": None}]},
            ("items[0].offer", "catalog_not_available"),
        ),
        ("offers_resolved", {**OFFERS, "items[2].offer": None}, ("items[2].offer", "catalog_not_available")),
    ],
)
def test_a_card_declares_what_it_lacks(kind: str, payload: Any, expected: tuple[str, str] | None) -> None:
    built = assembler()
    built.card("x", kind, payload)
    finished = built.finish()
    (card,) = finished.envelope.cards
    assert [(g.field, g.reason) for g in card.field_missing] == ([expected] if expected else [])
    assert finished.counts.get("field_missing_added", 0) == (1 if expected else 0)


def test_an_entry_that_is_already_there_is_not_repeated_nor_counted() -> None:
    built = assembler()
    built.card("x", "product_parse", {}, field_missing=[FieldMissing("payload.product_ref", "parse_failed")])
    finished = built.finish()
    assert len(finished.envelope.cards[0].field_missing) == 1
    assert "field_missing_added" not in finished.counts


@pytest.mark.parametrize(
    "route",
    [{"url": "https://a"}, {"purchase_url": "x"}, {"offer": {"affiliate_url": "x"}},
     {"offers": [{}, {"internal_checkout": {}}]}, {"offers": [{"purchase_route": "x"}]}],
)  # fmt: skip
def test_a_first_pick_with_a_way_to_buy_lacks_nothing(route: dict[str, Any]) -> None:
    assert recommending(pick("Cream", **route)).finish().envelope.cards[0].field_missing == []


def test_row_42_of_the_contract() -> None:
    built = assembler()
    built.allow_commerce()
    built.chip(*[Chip(f"c{n}", f"L{n}") for n in range(17)])
    built.card("reco", "recommendations", {"recommendations": [pick("Cream", url="https://a")]})
    built.next_state("S7_PRODUCT_RECO")
    body = plain(built.finish())
    assert len(body["suggested_chips"]) == 10
    assert body["cards"][0]["field_missing"] == [
        {"field": "payload.recommendations_count", "reason": "upstream_timeout"}
    ]
    assert body["session_patch"] == {
        "next_state": "RECO_RESULTS",
        "state": {"_internal_next_state": "S7_PRODUCT_RECO"},
    }


# --- commerce and safety ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["recommendations", "RECO_tiles", "offer_list", "Checkout", "offers_resolved"]
)
def test_cards_that_sell_stay_unless_the_gates_passed(kind: str) -> None:
    payload = {"recommendations": [pick("Cream")], "items": [{"offer": {"price": 1}}]}
    built = assembler(chat=True)
    built.say("Here you go.")
    built.upstream_card({"type": kind, "payload": payload}, 0)
    built.upstream_card({"type": "note", "payload": {}}, 1)
    finished = built.finish()
    assert types(finished) == ["note", "gate_notice"]
    gate = finished.envelope.cards[-1]
    assert gate.payload == {}
    assert [(g.field, g.reason) for g in gate.field_missing] == [("cards", "recommendations_not_requested")]
    assert finished.counts["commerce_removed"] == 1


def test_our_own_availability_answer_without_an_offer_is_no_commerce() -> None:
    built = assembler()
    built.card("parse", "product_parse", {"product": {"name": "A"}})
    built.card("offers", "offers_resolved", {**OFFERS, "items": [{"product": {"name": "A"}, "offer": None}]})
    assert types(built.finish()) == ["product_parse", "offers_resolved"]


def test_safety_never_stands_beside_anything_to_buy() -> None:
    built = recommending(pick("Cream"))
    built.notice("safety_block")
    finished = built.finish()
    assert types(finished) == ["confidence_notice"]
    assert finished.outcome == "blocked"


def test_loose_gaps_ride_on_one_gate_notice() -> None:
    built = assembler()
    built.say("Hello, ask me anything.")
    built.missing("aurora_structured", "recommendations_not_requested")
    built.missing("aurora_structured", "recommendations_not_requested")
    (card,) = built.finish().envelope.cards
    assert [(g.field, g.reason) for g in card.field_missing] == [
        ("aurora_structured", "recommendations_not_requested")
    ]


# --- confidence filter and output guard -------------------------------------------------------------------


@pytest.mark.parametrize(
    "strong",
    [{"step": "Treatment"}, {"title": "AHA toner"}, {"reasons": ["with glycolic acid"]}, {"stage": "Peel"},
     {"ingredients": {"Salicylic Acid": 2}}, {"notes": ["含视黄醇"]}, {"sku": {"display_name": "维A霜"}},
     {"product": {"name": "High-strength serum"}}, {"keyActives": ["retinoids"]}, {"why": "去角质"}],
)  # fmt: skip
def test_low_confidence_lets_nothing_strong_out(strong: dict[str, Any]) -> None:
    built = recommending(
        pick("Calm cream"), {**pick("Other"), **strong}, recommendation_confidence_level="medium"
    )
    finished = built.finish()
    (card,) = [c for c in finished.envelope.cards if c.type == "recommendations"]
    assert [i["sku"]["name"] for i in card.payload["recommendations"]] == ["Calm cream"]
    assert card.payload["recommendations_count"] == 1
    assert ("recommendations", "low_confidence_treatment_filtered") in [
        (g.field, g.reason) for g in card.field_missing
    ]
    event = next(
        e for e in finished.envelope.events if e["event_name"] == "reco_low_medium_treatment_filtered"
    )
    assert event["data"] == {"filtered_count": 1, "total_count": 2, "fallback_applied": False}


def test_strong_alternatives_of_a_gentle_pick_go_too() -> None:
    others = [{"product": {"name": "Retinol"}}, {"product": {"name": "Cream"}}, None]
    built = recommending(pick("Calm", alternatives=others), recommendation_confidence_score=0.75)
    (card,) = [c for c in built.finish().envelope.cards if c.type == "recommendations"]
    assert card.payload["recommendations"][0]["alternatives"] == [{"product": {"name": "Cream"}}]


def test_high_confidence_keeps_treatments() -> None:
    built = recommending(
        pick("Retinol"), recommendation_confidence_level="high", recommendation_confidence_score=0.8
    )
    finished = built.finish()
    assert types(finished) == ["recommendations"]
    assert "treatments_removed" not in finished.counts


@pytest.mark.parametrize(
    "unsure",
    [
        lambda a: a.event("recos_requested", {"low_confidence": True}),
        lambda a: a.event("recos_requested", {"confidence_level": "medium"}),
        lambda a: a.event("recos_requested", {"confidence_score": 0.75}),
        lambda a: a.notice("low_confidence"),
        lambda a: a.card("x", "note", {"confidence": {"level": "high", "score": None}}),
        lambda a: a.card("x", "note", {"confidence": {"score": "0.5"}}),
    ],
)
def test_any_sign_of_doubt_makes_the_whole_envelope_gentle(unsure: Any) -> None:
    built = recommending(pick("Retinol"), pick("Calm"))
    unsure(built)
    assert built.finish().counts["treatments_removed"] == 1


def test_when_the_filter_leaves_nothing_a_low_confidence_notice_says_so() -> None:
    built = recommending(pick("Retinol"), recommendation_confidence_level="low")
    finished = built.finish()
    (card,) = finished.envelope.cards
    assert card.card_id == "conf_r1_low_medium"
    assert card.payload["reason"] == "low_confidence"
    assert card.payload["confidence"] == {
        "score": 0.55, "level": "medium", "rationale": ["low_medium_reco_policy"],
    }  # fmt: skip
    assert card.payload["details"] == ["low_medium_treatment_filtered_all"]
    assert finished.counts["low_medium_fallback"] == 1


def test_an_empty_recommendations_card_becomes_a_notice() -> None:
    built = recommending()
    finished = built.finish()
    assert types(finished) == ["confidence_notice"]
    assert finished.envelope.cards[0].payload["reason"] == "timeout_degraded"
    assert "guard_fallback" not in finished.counts  # a usable artifact: decision 5


def test_the_guard_speaks_where_no_usable_artifact_exists() -> None:
    built = assembler(chat=True)
    built.attempted_recommendations()
    built.say("Let me see.")
    finished = built.finish()
    (card,) = finished.envelope.cards
    assert card.card_id == "conf_r1_guard"
    assert card.payload["reason"] == "artifact_missing"
    assert card.payload["actions"] == ["upload_daylight_and_indoor_white", "run_low_confidence_baseline"]
    event = next(e for e in finished.envelope.events if e["event_name"] == "reco_output_guard_fallback")
    assert event["data"] == {"reason": "artifact_missing", "applied": True, "previous_card_count": 0}
    assert finished.counts["guard_fallback"] == 1
    assert finished.envelope.assistant_message is not None


def test_the_guard_names_the_timeout_when_that_was_it() -> None:
    built = assembler(chat=True)
    built.attempted_recommendations()
    built.event("recos_requested", {"reason": "timeout_degraded", "source": "upstream_timeout"})
    assert built.finish().envelope.cards[0].payload["reason"] == "timeout_degraded"


def test_a_turn_that_did_not_try_to_recommend_is_never_guarded() -> None:
    built = assembler(chat=True)
    built.say("Sure, what would you like to know?")
    built.next_state("S7_PRODUCT_RECO")
    assert types(built.finish()) == ["gate_notice"]


# --- single cards -----------------------------------------------------------------------------------------


def summary_payload(features: Any, strategy: Any) -> dict[str, Any]:
    return {
        "analysis": {"features": features, "strategy": strategy}, "low_confidence": True,
        "photos_provided": False,
        "photo_qc": [], "used_photos": False, "analysis_source": "rule_based", "quality_report": {},
        "recommendation_ready": False, "photo_pipeline_enabled": False,
    }  # fmt: skip


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    ("features", "strategy"),
    [
        ([], ""),
        (None, None),
        (
            [{"observation": "Oily T-zone", "confidence": "pretty_sure"}, {"observation": " "}, "x"],
            "Be kind.",
        ),
        ([], "- one\n- two\n- three"),
        ([], "Why:\n- because\n1. a\n2. b\n3. c"),
        ([], "0.5% is fine.\n1) a\n2) b"),
    ],
)
def test_a_summary_always_has_three_features_and_three_numbered_lines(
    features: Any, strategy: Any, lang: str
) -> None:
    built = assembler(lang)
    built.card("analysis", "analysis_summary", summary_payload(features, strategy))
    analysis = built.finish().envelope.cards[0].payload["analysis"]
    assert len([f for f in analysis["features"] if f["observation"].strip()]) >= 3
    marks = [line.split(".")[0] for line in analysis["strategy"].splitlines() if line[0].isdigit()]
    assert marks[-1].isdigit()
    assert int(marks[-1]) >= 3
    assert not any(line.lstrip().startswith(("-", "•")) for line in analysis["strategy"].splitlines())


def test_a_summary_that_suffices_is_left_as_it_is() -> None:
    features = [{"observation": f"o{n}", "confidence": "not_sure"} for n in range(3)]
    strategy = "First this:\n1. a\n2. b\n3. c\n- and mind this"
    built = assembler()
    built.card("analysis", "analysis_summary", summary_payload(features, strategy))
    assert built.finish().envelope.cards[0].payload["analysis"] == {
        "features": features,
        "strategy": strategy,
    }


def test_product_analysis_loses_internal_keys_and_always_prompts() -> None:
    payload = {
        "assessment": {"verdict": "Suitable", "reasons": []},
        "llm_raw_response": "secret",
        "tracking": {},
        "competitors": {"candidates": [{"name": "A", "ref_id": "x"}, {"name": "B"}]},
        "dupes": [{"name": "C", "input_hash": "y"}],
        "profile_prompt": {"needed": False, "missing_fields": ["goals", "shoe_size"]},
    }
    built = assembler()
    built.card("analyze", "product_analysis", payload)
    assert built.finish().envelope.cards[0].payload == {
        "assessment": {"verdict": "Suitable", "reasons": []},
        "competitors": {"candidates": [{"name": "A"}, {"name": "B"}]},
        "dupes": {"candidates": [{"name": "C"}]},
        "profile_prompt": {"needed": True, "missing_fields": ["goals"]},
    }
    assert payload["llm_raw_response"] == "secret"  # the caller's object is untouched


def test_the_prompt_can_be_switched_off_for_a_fixed_client() -> None:
    built = assembler(always_profile_prompt=False)
    built.card("analyze", "product_analysis", {"assessment": {"verdict": "Suitable", "reasons": []}})
    assert built.finish().envelope.cards[0].payload == {"assessment": {"verdict": "Suitable", "reasons": []}}


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


# --- bounds -----------------------------------------------------------------------------------------------


def test_at_most_64_events_leave_and_the_audit_is_still_last() -> None:
    built = assembler(chat=True)
    built.say("How does it feel?")
    for number in range(100):
        built.event("value_moment", {"n": number})
    events = plain(built.finish())["events"]
    assert [e["data"].get("n") for e in events[:-1]] == list(range(63))
    assert events[-1]["event_name"] == "quality_audit"


def test_what_the_laws_did_is_told_even_among_many_events() -> None:
    built = recommending(pick("Retinol"), recommendation_confidence_level="low")
    for number in range(100):
        built.event("value_moment", {"n": number})
    names = [e["event_name"] for e in plain(built.finish())["events"]]
    assert len(names) == 64
    assert names[-2:] == ["reco_low_medium_treatment_filtered", "quality_audit"]


def test_a_recommendations_card_declares_at_most_eight_gaps_the_demanded_ones_among_them() -> None:
    built = assembler()
    built.allow_commerce()
    gaps = [(f"field{n}", "not_provided_by_user") for n in range(12)]
    built.card("reco", "recommendations", {"recommendations": [pick("Cream")]}, field_missing=gaps)
    (card,) = built.finish().envelope.cards
    assert len(card.field_missing) == 8
    assert [g.field for g in card.field_missing[-2:]] == [
        "payload.recommendations_count",
        "payload.recommendations[0].purchase_path",
    ]


# --- what an upstream's card promises, and where links may lead --------------------------------------------


@pytest.mark.parametrize("foreign", [True, False])
def test_a_foreign_card_that_breaks_its_promise_does_not_leave(foreign: bool) -> None:
    built = assembler()
    built.say("Text stays.")
    odd = {"product": {"name": "A"}, "assessment": 3}
    if foreign:
        built.upstream_card({"type": "Product_Analysis", "payload": odd}, 0)
        assert types(built.finish()) == ["gate_notice"]
    else:
        built.card("fit", "product_analysis", {**odd, "assessment": None})
        assert types(built.finish()) == ["product_analysis"]


def test_no_card_carries_an_address_that_acts() -> None:
    built = assembler()
    built.card("n", "note", {"url": "java\tscript:alert(1)", "rows": [{"href": "https://x.example"}]})
    assert built.finish().envelope.cards[0].payload == {"rows": [{"href": "https://x.example"}]}


def test_what_the_person_said_comes_back_as_she_said_it() -> None:
    log = {
        "id": "1", "date": "2026-05-04", "redness": 1, "acne": None, "hydration": None,
        "notes": "javascript: hurts", "targetProduct": None, "sensation": None, "created_at": "",
        "updated_at": "",
    }  # fmt: skip
    built = assembler()
    built.card("log", "tracker_log", {"log": log, "recent_logs": []})
    assert built.finish().envelope.cards[0].payload["log"]["notes"] == "javascript: hurts"


def test_answers_to_an_open_question_come_first_when_chips_have_to_go() -> None:
    built = assembler(chat=True)
    built.say("Which one?")
    built.chip(*(Chip(f"other{n}", f"Other {n}") for n in range(7)))
    built.chip(Chip("chip.start.routine", "Routine"), Chip("act", "Act", "action"))
    unsure = {"norm_id": "skinType", "value": "unknown"}
    built.chip(Chip("profile.skinType.unknown", "Not sure", data=unsure))
    built.chip(Chip("profile.skinType.oily", "Oily", data={"norm_id": "skinType", "value": "oily"}))
    finished = built.finish()
    assert [chip.chip_id for chip in finished.envelope.suggested_chips[:5]] == [
        "profile.skinType.oily",
        "profile.skinType.unknown",
        "chip.start.routine",
        "act",
        "other0",
    ]
    assert finished.counts["chips_truncated"] == 1


# --- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_a_chat_never_leaves_without_words_and_says_which_template_spoke(lang: Any) -> None:
    built = assembler(lang, chat=True)
    built.notice("low_confidence")
    finished = built.finish()
    said = finished.envelope.assistant_message
    assert said is not None
    assert said.content == finished.envelope.cards[0].payload["message"]
    assert finished.counts["template.applied|global.default|missing"] == 1


def test_a_kind_word_stands_before_good_news_only() -> None:
    for reason, greeted in (("low_confidence", True), ("safety_block", False), ("timeout_degraded", False)):
        built = assembler(chat=True)
        built.greet("Hello, good to hear from you.")
        built.say("Keep it gentle.")
        built.notice(reason)
        said = built.finish().envelope.assistant_message
        assert said is not None
        assert said.content.startswith("Hello") is greeted


def test_own_words_that_fit_are_kept_and_only_named() -> None:
    built = recommending(pick("Cream"))
    finished = built.finish()
    assert finished.counts["template.kept|recommendations_output.standard|own_words"] == 1
    audit = plain(finished)["events"][-1]["data"]
    assert audit["template_id"] == "recommendations_output.standard"
