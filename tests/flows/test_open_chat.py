"""The cards and words of an open chat turn, in their order (contract B 16.4, 16.5, 17)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aurora.actors.findings import Failure
from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.contract.memory import Memory, Profile
from aurora.contract.validation import decode
from aurora.flows.chat import chat
from aurora.rules import preamble
from aurora.settings import Settings
from tests.flows.chat_kit import (
    COMMERCE_CARD,
    CORE,
    MOISTURIZER,
    RECO,
    SMALL_TALK,
    TREATMENT,
    artifact,
    asked_decision,
    known,
    sells,
    talk,
)
from tests.support.fakes import NEVER, play, turn_for

SOURCES = {"citations": [{"title": "A review", "url": "https://x.example/r"}]}
STRESS = {
    "schema_version": "aurora.env_stress.v1",
    "ess": 61,
    "contributors": [{"key": "uv", "weight": 1, "note": "Strong sun."}],
    "missing_inputs": [],
}
CLASH = {"safe": False, "conflicts": [{"rule_id": "retinoid_x_bpo"}]}
PICKS = {"type": "recommendations", "payload": {"recommendations": [MOISTURIZER, TREATMENT]}}
HEATMAP = Settings(conflict_heatmap_v1=True, include_raw_context=True)


def reply(**more):
    return DecisionReply(**{"answer": "Keep it gentle.", **more})


async def test_cards_stand_in_the_contract_s_order(autojump_clock):
    context = {"external_verification": SOURCES, "env_stress": STRESS, "conflict_detector": CLASH}
    cards = [{"type": "note", "payload": {"a": 1}}, PICKS]
    played = await talk(
        {"message": "hello", "debug": True}, decision=reply(context=context, cards=cards), settings=HEATMAP
    )
    assert played.card_types == [
        "aurora_structured",
        "env_stress",
        "routine_simulation",
        "conflict_heatmap",
        "note",
        "aurora_context_raw",
        "gate_notice",
    ]
    (impression,) = played.events("aurora_conflict_heatmap_impression")
    assert (impression["max_severity"], impression["routine_simulation_safe"]) == (3, False)


async def test_an_upstream_s_card_keeps_its_id_and_its_gaps(autojump_clock):
    gap = {"field": "payload.price", "reason": "catalog_not_available"}
    cards = [
        {
            "card_id": "theirs_1",
            "type": "note",
            "payload": {"a": 1},
            "field_missing": [gap, 3, {"field": ""}],
        },
        {"type": "tip", "payload": "text"},
    ]
    played = await talk({"message": "hello"}, decision=reply(cards=cards))
    first, second = played.body["cards"]
    assert (first["card_id"], first["field_missing"]) == ("theirs_1", [gap])
    assert (second["card_id"], second["payload"]) == ("aurora_req-1_1", {"value": "text"})


@pytest.mark.parametrize(
    ("flag", "drawn"), [(True, "has_conflicts"), (False, None)], ids=["heatmap on", "heatmap off"]
)
async def test_a_conflict_of_the_context_is_drawn(autojump_clock, flag, drawn):
    played = await talk(
        {"message": "hello"},
        decision=reply(context={"conflict_detector": CLASH}),
        settings=Settings(conflict_heatmap_v1=flag),
    )
    (heatmap,) = played.cards("conflict_heatmap")
    assert heatmap.get("state") == drawn
    assert played.body["session_patch"]["next_state"] == "ROUTINE_REVIEW"


async def test_a_conflict_that_cannot_be_placed_has_no_matrix(autojump_clock):
    """F 16 T3: beside a matrix the client would call the routine compatible."""
    told = {"safe": False, "conflicts": [{"rule_id": "new_rule", "message": "Take care."}]}
    played = await talk({"message": "hello"}, decision=reply(context={"conflict_detector": told}))
    assert played.card_types == ["routine_simulation"]
    assert played.cards("routine_simulation")[0]["summary"].startswith("Take care.")


@pytest.mark.parametrize(
    ("client_state", "named"), [("IDLE_CHAT", True), ("RECO_RESULTS", False)], ids=["hidden", "drawn"]
)
async def test_picks_that_the_client_would_hide_are_named_without_the_strong_ones(
    autojump_clock, client_state, named
):
    body = {"message": "is this anti-aging cream suitable for me", "client_state": client_state}
    played = await talk(body, decision=reply(cards=[PICKS]), memory=known(CORE, artifact(0.66)))
    if not played.cards("recommendations"):
        pytest.fail(f"no picks: {played.card_types}")
    assert ("Plain Cream" in played.text) is named
    assert "Night Serum" not in played.text


async def test_alternatives_come_with_the_first_picks_if_they_were_wanted(autojump_clock):
    def answer(question):
        if question.query.endswith("\n\nfind a dupe"):
            return reply(cards=[PICKS])
        product = {"brand": "Other", "name": "Twin Cream", "sku_id": "t9"}
        return reply(structured={"alternatives": [{"kind": "similar", "product": product, "similarity": 80}]})

    for wanted in (True, False):
        data = {"include_alternatives": wanted, "reply_text": "find a dupe"}
        action = {"action_id": "chip.action.dupe_compare", "kind": "chip", "data": data}
        played = await talk(
            {"action": action, "client_state": "RECO_RESULTS"},
            decision=answer,
            memory=known(CORE, artifact(0.86)),
            settings=Settings(decision_base_url="http://decision.test"),
        )
        (card,) = played.cards("recommendations")
        assert ("Twin Cream" in str(card)) is wanted
        assert (len(asked_decision(played)) > 1) is wanted


async def test_without_words_what_else_came_is_shown_beside_the_notice(autojump_clock):
    context = {"conflict_detector": CLASH}
    played = await talk(
        {"message": "hello"}, decision=DecisionReply(answer=None, context=context, cards=[PICKS])
    )
    assert played.card_types[:3] == ["confidence_notice", "routine_simulation", "conflict_heatmap"]
    assert played.cards("confidence_notice")[0]["reason"] == "timeout_degraded"
    assert played.events("value_moment") == []
    assert played.body["assistant_message"]["content"]


# --- what passes, what is held back, who does not answer


@pytest.mark.parametrize("body", [{}, {"message": "Tell me about niacinamide"}, {"message": "   "}])
async def test_open_chat_strips_commerce_and_says_so(autojump_clock, body):
    played = await talk(body, decision=SMALL_TALK)
    (card,) = played.body["cards"]
    assert card["type"] == "gate_notice"
    assert {"field": "cards", "reason": "recommendations_not_requested"} in card["field_missing"]
    assert played.events("value_moment") == [{"kind": "chat_reply"}]
    assert played.body["events"][-1]["event_name"] == "quality_audit"
    assert played.body["session_patch"]["next_state"] == "IDLE_CHAT"
    assert played.text == "Happy to help."
    if not body:
        assert asked_decision(played)[0].query.endswith("(no message)")


async def test_structured_commerce_is_held_back_whole(autojump_clock):
    structured = {"a": {"b": [{"Affiliate_URL": "https://shop.example"}]}}
    played = await talk({"message": "hi"}, decision=DecisionReply(answer='{"x": 1}', structured=structured))
    assert "aurora_structured" not in played.card_types
    (card,) = played.body["cards"]
    assert {"field": "aurora_structured", "reason": "recommendations_not_requested"} in card["field_missing"]
    assert "{" not in played.text


async def test_commerce_leaves_open_chat_only_through_the_gates(autojump_clock):
    card = {"type": "recommendations", "payload": {"recommendations": [MOISTURIZER, TREATMENT]}}
    reply = DecisionReply(answer="Here.", cards=[card])
    body = {"message": "a cheaper one?", "client_state": "RECO_RESULTS"}
    assert sells(await talk(body, decision=reply)) == []
    assert sells(await talk(body, decision=reply, memory=known())) == []
    low = await talk(body, decision=reply, memory=known(CORE, artifact(0.42)))
    (shown,) = low.cards("recommendations")
    assert [item["sku"]["sku_id"] for item in shown["recommendations"]] == ["m1"]


async def test_other_cards_pass_and_garbage_is_wrapped(autojump_clock):
    cards = [
        {"type": "note", "payload": [1, 2]},
        {"type": "tip", "text": "drink"},
        {"type": "env_stress", "payload": {}},
    ]
    played = await talk({"message": "hi"}, decision=DecisionReply(answer="Hello.", cards=cards))
    assert played.cards("note") == [{"value": [1, 2]}]
    assert played.cards("tip") == [{"text": "drink"}]
    assert "env_stress" not in played.card_types


async def test_a_plain_answer_is_text_only(autojump_clock):
    played = await talk({"message": "hi"}, decision=DecisionReply(answer="Hello."))
    assert played.cards("gate_notice") == [{"kind": "text_only"}]


@pytest.mark.parametrize(
    "answer",
    [
        Failure(actor="decision", code="reset"),
        Failure(actor="decision", code="not_configured"),
        Failure(actor="decision", code="http_5xx", status=500),
        DecisionReply(answer=None, cards=[COMMERCE_CARD]),
    ],
    ids=str,
)
@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_open_chat_that_fails_gives_a_notice_with_ways_on(autojump_clock, answer, lang):
    played = await talk({"message": "hi"}, decision=answer, lang=lang)
    assert played.finished.status == 200
    (notice,) = played.cards("confidence_notice")
    assert notice["reason"] == "timeout_degraded"
    assert notice["actions"] == ["retry_recommendations", "update_current_routine"]
    assert sells(played) == []
    assert played.events("value_moment") == []
    assert played.text


async def test_the_chat_budget_cuts_exactly(autojump_clock):
    played = await talk({"message": "hi"}, decision=NEVER, settings=Settings(chat_budget_ms=2000))
    assert played.elapsed_ms == 2000
    assert played.cards("confidence_notice")[0]["actions"] == [
        "retry_recommendations",
        "update_current_routine",
    ]


async def test_a_named_model_is_echoed(autojump_clock):
    body = {"message": "Recommend a serum", "llm_provider": "openai", "llm_model": "x"}
    played = await talk(body)
    expected = {
        "llm_provider_requested": "openai",
        "llm_model_requested": "x",
        "llm_provider_effective": None,
        "llm_model_effective": None,
    }
    assert played.events("llm_route") == [expected]
    assert played.body["session_patch"]["llm"] == expected


@pytest.mark.parametrize("answer", [NEVER, Failure(actor="decision", code="reset")], ids=str)
@pytest.mark.parametrize("body", [{"message": "hi"}, {"action": RECO}])
async def test_a_named_model_is_echoed_once_also_when_nobody_answers(autojump_clock, answer, body):
    played = await talk(
        {**body, "llm_provider": "gemini"}, decision=answer, memory=known(CORE, artifact(0.86))
    )
    assert len(played.events("llm_route")) == 1
    assert played.body["session_patch"]["llm"]["llm_provider_requested"] == "gemini"


async def test_knowledge_base_ids_never_leave(autojump_clock):
    reply = DecisionReply(
        answer="Niacinamide helps. [kb:abc-1]\nSources: kb:abc-2",
        cards=[{"type": "note", "payload": {"citations": ["kb:abc-3", "A review"], "text": "see kb:abc-4"}}],
    )
    played = await talk({"message": "hi"}, decision=reply)
    assert b"kb:" not in played.finished.body
    assert "Niacinamide helps." in played.text
    shown = await talk({"message": "hi", "debug": True}, decision=reply)
    assert b"kb:abc-3" in shown.finished.body


async def test_the_raw_context_is_shown_when_the_setting_says_so(autojump_clock):
    reply = DecisionReply(answer="Hi.", intent="chat", context={"a": 1})
    played = await talk({"message": "hi"}, decision=reply, settings=Settings(include_raw_context=True))
    assert played.cards("aurora_context_raw") == [
        {"intent": "chat", "clarification": None, "context": {"a": 1}}
    ]


async def test_the_profile_is_echoed_when_the_client_sent_none(autojump_clock):
    played = await talk({"message": "hi"}, decision=SMALL_TALK, memory=known())
    assert played.body["session_patch"]["profile"]["goals"] == ["acne", "dark_spots"]
    sent = await talk(
        {"message": "hi", "session": {"profile": {"region": "US"}}}, decision=SMALL_TALK, memory=known()
    )
    assert "profile" not in sent.body["session_patch"]
    assert (
        "profile"
        not in (await talk({"message": "hi"}, decision=SMALL_TALK, memory=Memory())).body["session_patch"]
    )


# --- the kind word


@pytest.mark.parametrize(
    ("hour", "region", "lang", "part"),
    [
        (23, None, "CN", "morning"),
        (4, "Singapore", "EN", "day"),
        (4, None, "EN", "any"),
        (19, "UK", "EN", "evening"),
    ],
)
async def test_a_kind_word_fits_the_hour_where_the_person_lives(autojump_clock, hour, region, lang, part):
    memory = known(Profile(region=region))
    said = set()
    for number in range(12):
        turn = turn_for(
            body=decode("chat", {"message": "hello"}),
            lang=lang,
            now=datetime(2026, 11, 24, hour, 5, tzinfo=UTC),
            seed=f"{number:032x}",
        )
        played = await play(chat, turn, memory=memory, answers={DecisionChat: reply()})
        first, _, rest = played.text.partition("\n\n")
        said.add(first)
        assert rest == "Keep it gentle."
    assert said <= set(preamble.LINES[lang][part])
    assert len(said) > 1
