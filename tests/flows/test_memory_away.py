"""Picks are asked for while what is known of the person cannot be read (decisions 5, 7)."""

from __future__ import annotations

import pytest

from aurora.settings import Settings
from aurora.store.port import StoreError
from tests.flows.chat_kit import MOISTURIZER, NO_MATCHER, RECO, picked, talk
from tests.support.fakes import FakeStore

ROUTINE = {"action_id": "chip.start.routine", "kind": "chip", "data": {}}
SNAPSHOT = {"skinType": "dry", "sensitivity": "low", "barrierStatus": "healthy", "goals": ["acne"]}
AWAY = StoreError("unavailable", "08006")
NEVER_THERE = StoreError("not_configured", "NO_DATABASE")


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("action", [RECO, ROUTINE], ids=["picks", "routine"])
async def test_nobody_is_asked_again_for_what_cannot_be_read(autojump_clock, action, lang):
    played = await talk(
        {"action": action}, lang=lang, store=FakeStore(error=AWAY), decision=picked(MOISTURIZER)
    )
    (card,) = played.body["cards"]
    assert card["payload"]["reason"] == "timeout_degraded"
    assert card["payload"]["actions"] == ["retry_recommendations"]
    assert {"field": "profile", "reason": "db_unavailable"} in card["field_missing"]
    assert card["payload"]["message"] in played.text
    assert {chip["chip_id"] for chip in played.body["suggested_chips"]} == {"chip.start.reco_products"}
    (event,) = played.events("recos_requested")
    assert event["reason"] == "timeout_degraded"
    assert played.events("reco_output_guard_fallback") == []


async def test_what_the_client_brings_is_enough(autojump_clock):
    body = {"action": RECO, "session": {"profile": SNAPSHOT}}
    played = await talk(body, store=FakeStore(error=AWAY), settings=NO_MATCHER, decision=picked(MOISTURIZER))
    assert played.cards("recommendations")


async def test_where_nothing_is_ever_kept_the_questions_are_asked(autojump_clock):
    """Retrying would help nobody there."""
    played = await talk({"action": RECO}, store=FakeStore(error=NEVER_THERE), settings=Settings())
    assert played.card_types == ["diagnosis_gate"]
