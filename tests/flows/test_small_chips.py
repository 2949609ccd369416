"""Taps that are answered on the spot (contract B 18, B 22 row 18)."""

from __future__ import annotations

import pytest

from aurora.actors.questions import DecisionReply
from aurora.rules import small_chips
from aurora.rules.claims import makes_claim
from tests.flows.chat_kit import CORE, MOISTURIZER, RECO, artifact, asked_decision, known, picked, talk


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("action", sorted(small_chips.ANSWERS))
async def test_every_tap_of_the_table_is_answered_without_an_upstream(autojump_clock, action, lang):
    played = await talk({"action": {"action_id": action, "kind": "chip"}}, lang=lang)
    answer = small_chips.ANSWERS[action]
    assert answer.say[lang == "CN"] in played.text
    assert not makes_claim(played.text)
    assert asked_decision(played) == []
    if answer.next_state:
        assert played.body["session_patch"]["next_state"] == answer.next_state


@pytest.mark.parametrize(
    ("tapped", "state"), [("tpl.action.checkin", "CHECKIN_PROMPT"), ("tpl.action.photo", "IDLE_CHAT")]
)
async def test_template_chips_lead_somewhere(autojump_clock, tapped, state):
    played = await talk({"action": {"action_id": tapped, "kind": "chip"}})
    assert asked_decision(played) == []
    assert played.chip_ids
    assert played.body["session_patch"]["next_state"] == state


async def test_words_beside_a_tap_are_a_question_of_their_own(autojump_clock):
    body = {"action": {"action_id": "checkin_prompt", "kind": "chip"}, "message": "What does panthenol do?"}
    played = await talk(body, decision=DecisionReply(answer="It soothes."))
    assert "It soothes." in played.text


async def test_a_tap_inside_the_diagnosis_is_not_lost(autojump_clock):
    played = await talk({"action": {"action_id": "chip_sensitive_help", "kind": "chip"}}, memory=known(CORE))
    assert "doctor" in played.text


async def test_picks_offer_to_look_back_later(autojump_clock):
    played = await talk({"action": RECO}, decision=picked(MOISTURIZER), memory=known(CORE, artifact(0.86)))
    assert "tpl.action.checkin" in played.chip_ids
