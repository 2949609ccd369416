"""The assembler's gates: notices, what sells, doubt (contract B 3, 8; F 16; decisions 2, 5, 13)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actors.assembling import OFFERS, assembler, pick, recommending, types

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
