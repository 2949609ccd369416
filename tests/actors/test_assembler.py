"""The assembler, law by law (contract A 4, 5; B 3, 8; F 16). Gates, cards and ends have their own modules."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.actors.assembler import EnvelopeAssembler
from aurora.contract.envelope import AssistantMessage, Chip
from aurora.contract.errors import ContractError
from aurora.contract.requests import ChatRequest
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.settings import Settings
from tests.actors.assembling import NOW, assembler, pick, plain, recommending

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
