"""Contract B 22, rows 1, 7, 12, 13 and 15, over the whole house: what the old service did, and what we do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.test_b23 import LANGS, chat, has_profile, house, types
from tests.support.sandbox import Served


@LANGS
@pytest.mark.parametrize("here", ["RECO_RESULTS", "DIAG_PROFILE", "ROUTINE_REVIEW", "PRODUCT_LINK_EVAL"])
async def test_b22_row_1_a_move_that_was_only_derived_is_never_refused(
    sandbox: Served, lang: str, here: str
) -> None:
    wish = {"EN": "recommend a moisturizer", "CN": "推荐一款面霜"}[lang]
    chip = {"action_id": "chip.start.diagnosis", "kind": "chip", "data": {"reply_text": wish}}
    async with house(sandbox) as client:
        for body in ({"message": wish}, {"action": chip}):
            answer = await chat(client, {**body, "client_state": here}, lang)
            assert answer.status == 200
            assert types(answer) == ["diagnosis_gate"]


async def test_b22_row_7_facts_of_a_turn_stand_beside_what_was_known(sandbox: Served) -> None:
    """The stored row replaced the profile in memory: v2 facts and the snapshot were lost in the same turn."""
    async with house(sandbox) as client:
        await has_profile(client)
        chip = {
            "action_id": "chip.profile.age.25_34",
            "kind": "chip",
            "data": {"profile_patch": {"age_band": "25_34"}},
        }
        snapshot: dict[str, Any] = {"region": "US", "budgetTier": None, "goals": [], "odd": 1}
        answer = await chat(client, {"action": chip, "session": {"profile": snapshot}})
        shown = answer.patch["profile"]
        assert len(shown) == 15
        assert (shown["age_band"], shown["region"], shown["skinType"]) == ("25_34", "US", "oily")
        assert shown["goals"] == ["acne", "dark_spots"]
        later = await chat(client, {"action": {"action_id": "profile.skinType.dry", "kind": "chip"}})
        assert later.patch["profile"]["age_band"] == "25_34"
        assert later.patch["profile"]["skinType"] == "dry"


@pytest.mark.parametrize(
    "body",
    [
        {"action_id": "chip.start.reco_products"},
        {"action_id": "chip.start.routine", "action_label": "Build my routine"},
        {"action_id": "chip_get_recos", "action_data": {"reply_text": "Show me picks"}},
    ],
)
async def test_b22_row_12_a_chip_at_the_top_level_is_a_chip(sandbox: Served, body: dict[str, Any]) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, body)
        assert types(answer) == ["diagnosis_gate"]
        assert answer.event("recos_requested")["data"]["reason"] == "diagnosis_first"
        assert answer.event("recos_requested")["trigger_source"] == "chip"


@pytest.mark.parametrize(
    ("question", "said", "field", "value"),
    [
        ("barrier", "不稳定", "barrierStatus", "impaired"),
        ("barrier", "unhealthy", "barrierStatus", "impaired"),
        ("barrier", "没有刺痛", "barrierStatus", "healthy"),
        ("sensitivity", "没有", "sensitivity", "low"),
        ("goals", "Hydration", "goals", ["dehydration"]),
        ("goals", "Pores", "goals", ["pores"]),
    ],
)
async def test_b22_row_13_a_denial_is_no_affirmation(
    sandbox: Served, question: str, said: str, field: str, value: Any
) -> None:
    async with house(sandbox) as client:
        data = {"clarification_id": question, "reply_text": said}
        action = {"action_id": f"chip.clarify.{question}.x", "kind": "chip", "data": data}
        await chat(client, {"action": action})
        answer = await chat(client, {"action": {"action_id": "profile.skinType.dry", "kind": "chip"}})
        assert answer.patch["profile"][field] == value


@pytest.mark.parametrize(
    "message",
    [
        "Should I start retinol next week?",
        "有什么风险吗",
        "is the louvre nice",
        "repair my barrier this weekend",
    ],
)
async def test_b22_row_15_loose_words_are_no_weather(sandbox: Served, message: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client, pregnancy_status="not_pregnant", lactation_status="not_lactating")
        answer = await chat(client, {"message": message})
        assert "env_stress" not in types(answer)
