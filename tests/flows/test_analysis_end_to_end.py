"""The analysis on real things: an upstream over sockets, facts in a real Postgres, known to the next turn."""

from __future__ import annotations

import pytest

from aurora.contract.turn import Identity
from aurora.settings import Settings
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, web

PROFILE = {
    "skinType": "oily",
    "sensitivity": "low",
    "barrierStatus": "healthy",
    "goals": ["acne", "hydration"],
}
SENT = {"use_photo": False, "currentRoutine": {"am": ["cleanser", "SPF"], "pm": ["moisturizer"]}}


def source(answer: WebAnswer) -> str:
    return str(answer.payload("analysis_summary")["analysis_source"])


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_report_artifact_and_routine_are_there_for_the_next_turn(
    fresh_dsn: str, sandbox: Served, lang: str
) -> None:
    settings = Settings(decision_base_url=sandbox.url)
    headers = {"X-Lang": lang, "X-Brief-ID": "brief-9"}
    async with web(settings, fresh_dsn) as client:
        await client.post("/v1/profile/update", PROFILE)
        answer = await client.post("/v1/analysis/skin", SENT, headers=headers)
        assert source(answer) == "aurora_text"
        assert answer.payload("analysis_summary")["recommendation_ready"] is True
        assert answer.card("analysis_summary")["field_missing"] == []
        artifact_id = answer.patch["state"]["latest_artifact_id"]
        memory = await client.house.store.read(Identity("u1"), "brief-9")
    assert memory.artifact is not None
    assert memory.artifact.artifact_id == artifact_id
    assert memory.artifact.session_id == "brief-9"
    assert memory.artifact.plan == answer.payload("analysis_summary")["ingredient_plan"]
    assert memory.conversation is not None
    assert memory.conversation.latest_artifact_id == artifact_id
    assert memory.profile is not None
    assert memory.profile.currentRoutine == SENT["currentRoutine"]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("REPORT_FORBIDDEN_TEST", "report_output_invalid"),
        ("REPORT_NO_QUESTION_TEST", "report_output_invalid"),
    ],
)
async def test_a_report_that_does_not_hold_is_not_shown(sandbox: Served, token: str, reason: str) -> None:
    async with web(Settings(retention_days=0, decision_base_url=sandbox.url)) as client:
        await client.post("/v1/profile/update", {**PROFILE, "goals": [token]})
        answer = await client.post("/v1/analysis/skin", SENT)
    shown = answer.payload("analysis_summary")
    assert source(answer) == "rule_based"
    assert any(reason in line for line in shown["quality_report"]["reasons"])
    assert "rosacea" not in str(shown).lower()
