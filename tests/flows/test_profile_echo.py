"""Whose copy of the profile counts: `session_patch.profile` is whole, or absent (B 21.5, F 16 T10)."""

from __future__ import annotations

import pytest

from aurora.actors.questions import DecisionReply
from tests.flows.chat_kit import CORE, MOISTURIZER, RECO, artifact, known, picked, talk

ROUTINE = DecisionReply(answer="x", context={"routine": {"am": [MOISTURIZER], "pm": []}})
SNAPSHOT = {"session": {"profile": {"region": "US"}}}


@pytest.mark.parametrize(
    ("body", "decision"),
    [
        ({"action": RECO}, picked(MOISTURIZER)),
        ({"action": "chip.start.routine"}, ROUTINE),
        ({"message": "明天要下雪，我应该注意什么？"}, None),
        ({"message": "My PM treatment is retinol. Can I add a glycolic acid toner?"}, None),
        ({"message": "fever and pus"}, None),
        ({"message": "hello", **SNAPSHOT}, DecisionReply(answer="Hello.")),
        ({"action": "chip.budget.optimize.entry"}, None),
    ],
)
async def test_a_turn_that_learned_nothing_leaves_the_clients_copy_alone(autojump_clock, body, decision):
    played = await talk(body, decision=decision, memory=known(CORE, artifact(0.86)))
    assert "profile" not in played.body["session_patch"]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "profile.skinType.dry"},
        {"action": "profile.skinType.dry", "session": {"state": "S2_DIAGNOSIS"}},
        {"message": "hello"},
        {"message": "hello", "action": "profile.skinType.dry", **SNAPSHOT},
    ],
)
async def test_what_is_given_back_is_whole(autojump_clock, body):
    played = await talk(body, decision=DecisionReply(answer="Hello."), memory=known(CORE, artifact(0.86)))
    shown = played.body["session_patch"]["profile"]
    assert len(shown) == 15
    assert shown["goals"] == CORE.goals
    assert shown["skinType"] == ("dry" if "action" in body else "oily")


async def test_the_first_question_of_the_gate_gives_nothing_back(autojump_clock):
    played = await talk({"action": RECO})
    assert played.cards("diagnosis_gate")
    assert "profile" not in played.body["session_patch"]
