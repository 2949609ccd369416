"""A chat request normalised (contract B 2.3, 2.4), whichever of its spellings is used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules import request
from aurora.rules.request import normalise, trigger_source

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "message",
        "query",
        "action",
        "action_id",
        "action_label",
        "action_data",
        "session",
        "requested_transition",
        "client_state",
        "clarification_id",
        "debug",
        "llm_model",
        "messages",
    ]
)


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ({}, "text"),
        ({"message": "hello"}, "text"),
        ({"message": "Recommend a serum"}, "text_explicit"),
        ({"message": "  ", "query": "推荐"}, "text_explicit"),
        ({"message": "recommend", "requested_transition": {"trigger_source": "action"}}, "action"),
        ({"message": "recommend", "requested_transition": {"trigger_source": "x"}}, "text_explicit"),
        ({"action": {"action_id": "x", "kind": "chip"}}, "chip"),
        ({"action": {"action_id": "chip.x"}}, "action"),
        ({"action": "chip_x"}, "chip"),
        ({"action": "chip:x"}, "chip"),
        ({"action": "chip-x"}, "chip"),
        ({"action": "chip.start.routine"}, "chip"),
        ({"action": "profile.skinType.oily"}, "chip"),
        ({"action": "tpl.goal.acne"}, "chip"),
        ({"action": "continue"}, "action"),
        ({"action_id": "chip.start.reco_products"}, "chip"),
        ({"action_id": "go_on", "message": "hi"}, "action"),
        ({"action_label": "Show me"}, "action"),
    ],
)
def test_the_trigger_comes_from_the_normalised_action(body, source):
    assert trigger_source(body) == source


@pytest.mark.parametrize(
    ("body", "message", "action_id"),
    [
        ({}, "", None),
        ({"message": " hi "}, "hi", None),
        ({"message": "  ", "query": "there"}, "there", None),
        (
            {"message": "typed", "action": {"action_id": "A.b", "data": {"reply_text": "said"}}},
            "typed",
            "a.b",
        ),
        ({"action": {"action_id": "a", "data": {"replyText": "said"}}}, "said", "a"),
        ({"action": {"action_id": "a", "data": {"reply_text": " ", "text": "other"}}}, "other", "a"),
        ({"action_id": "a", "action_data": {"reply_text": "said"}, "action_label": "Label"}, "said", "a"),
        ({"action_id": "a", "action_label": "Label"}, "Label", "a"),
        ({"action": "Show me picks"}, "Show me picks", "show me picks"),
        ({"action": "profile.skinType.oily"}, "", "profile.skintype.oily"),
        ({"action_label": "Show me picks"}, "Show me picks", "show me picks"),
        ({"action": "photo_confirm"}, "", "photo_confirm"),
        ({"action": "continue"}, "continue", "continue"),
        ({"action": {"action_id": "tpl.action.routine_generate"}}, "", "chip.start.routine"),
        ({"action": {"action_id": "tpl.action.env.am_pm"}}, "", "chip.start.routine"),
        ({"action_id": "routine_generate"}, "", "chip.start.routine"),
        ({"action": "TPL.action.checkin"}, "", "checkin_prompt"),
        ({"action": "tpl.action.photo"}, "", "photo_confirm"),
    ],
)
def test_which_words_count(body, message, action_id):
    ask = normalise(body, trigger="text")
    assert (ask.message, ask.action_id) == (message, action_id)


@pytest.mark.parametrize(
    ("source", "trigger_id", "action_id"),
    [
        ("chip", "chip_get_recos", "chip_get_recos"),
        ("chip", " Chip.Start.Routine ", "chip.start.routine"),
        ("chip", "recommend a serum", None),
        ("action", "chip_get_recos", None),
        ("text_explicit", "chip_get_recos", None),
    ],
)
def test_a_chip_that_stands_only_in_the_transition_was_tapped_all_the_same(source, trigger_id, action_id):
    wanted = {"trigger_source": source, "trigger_id": trigger_id, "requested_next_state": "RECO_GATE"}
    ask = normalise({"message": "a serum", "requested_transition": wanted}, trigger=source)
    assert ask.action_id == action_id
    other = normalise({"action": "chip.x", "requested_transition": wanted}, trigger=source)
    assert other.action_id == "chip.x"


def test_typed_words_are_told_from_the_words_of_a_chip():
    said = normalise({"action": {"action_id": "a", "data": {"reply_text": "said"}}}, trigger="chip")
    assert (said.worded, said.typed) == (True, False)
    typed = normalise({"message": "hi", "action": "a"}, trigger="chip")
    assert (typed.worded, typed.typed) == (True, True)


def test_every_text_of_the_request_is_spoken():
    body = {
        "message": "hi",
        "action": {"action_id": "a", "data": {"reply_text": "fever"}},
        "action_label": "Go",
    }
    assert normalise(body, trigger="chip").spoken == "hi\nfever\nGo"


@pytest.mark.parametrize(
    ("state", "token"),
    [
        ("S2_DIAGNOSIS", "S2_DIAGNOSIS"),
        ("S7_PRODUCT_RECO", "S7_PRODUCT_RECO"),
        ("S4_ANALYSIS_LOADING", "S4_ANALYSIS_LOADING"),
        ("idle", None),
        ("IDLE_CHAT", None),
        ("P1_PRODUCT_ANALYZING", None),
        (None, None),
        (7, None),
        ({"_internal_next_state": "S6_BUDGET", "next_state": "RECO_GATE"}, "S6_BUDGET"),
        ({"next_state": "S2_DIAGNOSIS"}, "S2_DIAGNOSIS"),
        ({"next_state": "RECO_GATE"}, None),
    ],
)
def test_only_an_internal_token_overrides_the_conversation(state, token):
    assert normalise({"session": {"state": state}}, trigger="text").token == token


def test_odds_and_ends_are_read_from_where_they_may_stand():
    ask = normalise(
        {
            "client_state": "NOWHERE",
            "clarification_id": "outer",
            "action": {"action_id": "a", "data": {"clarificationId": "inner", "include_alternatives": "Yes"}},
            "session": {"profilePatch": {"a": 1}, "profile": {"b": 2}},
            "debug": True,
        },
        trigger="chip",
        raw={"llm_provider": "gemini", "debug": False},
    )
    assert ask.client_state == "IDLE_CHAT"
    assert ask.clarification_id == "inner"
    assert ask.include_alternatives is True
    assert ask.snapshot == {"a": 1}
    assert ask.llm_provider == "gemini"
    assert ask.debug is False


def test_detectors_read_the_beginning_of_an_essay_and_the_boundary_all_of_it():
    ask = normalise({"message": "x" * 20_000 + " fever"}, trigger="text")
    assert len(ask.text) == request.READ_CAP
    assert ask.spoken.endswith("fever")


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_any_body_is_read_without_an_error(body):
    assert trigger_source(body) in ("chip", "action", "text_explicit", "text")
    ask = normalise(body, trigger="text")
    assert isinstance(ask.message, str)
