"""Contract B 20: the figures of clarifications and of what comes after them, read where dashboards do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.contract.test_b20_replies import figure, says
from tests.contract.test_b23 import LANGS, RECO, chat, has_artifact, has_profile, house
from tests.contract.test_b23_clarification import ECHO, TWO, Person
from tests.support.sandbox import Served
from tests.support.web import WebClient


@asynccontextmanager
async def grows(client: WebClient, family: str, **labels: str) -> AsyncIterator[None]:
    """What is done inside counts this once."""
    before = await figure(client, family, **labels)
    yield
    assert await figure(client, family, **labels) == before + 1, (family, labels)


@LANGS
async def test_a_flow_is_counted_from_its_start_to_its_end(sandbox: Served, lang: str) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client, lang)
        async with (
            grows(client, "clarification_flow_v2_started_total"),
            grows(client, "clarification_present_total", present="true"),
        ):
            first = await person.says(f"{ECHO} help")
        async with (
            grows(client, "pending_clarification_step_total", step_index="1"),
            grows(client, "aurora_chat_skipped_total", reason="pending_clarification_step"),
        ):
            second = await person.taps(first, 0)
        async with (
            grows(client, "resume_prefix_injected_total", enabled="true"),
            grows(client, "resume_prefix_history_items_total", count="2"),
            grows(client, "clarification_history_sent_total", count="2"),
            grows(client, "pending_clarification_completed_total"),
        ):
            await person.taps(second, 0)


async def test_an_answer_without_a_question_is_counted_too(sandbox: Served) -> None:
    async with house(sandbox) as client, grows(client, "clarification_present_total", present="false"):
        await chat(client, {"message": "hello"})


async def test_what_is_known_and_left_out_is_counted(sandbox: Served) -> None:
    async with house(sandbox) as client:
        await client.post("/v1/profile/update", {"skinType": "oily"})
        async with (
            grows(client, "clarification_question_filtered_total", field="skintype"),
            grows(client, "clarification_all_questions_filtered_total"),
        ):
            await chat(client, {"message": "CLARIFICATION_FILTER_SKINTYPE_ONLY_TEST"})


async def test_what_is_known_and_asked_all_the_same_is_counted(sandbox: Served) -> None:
    async with house(sandbox, clarification_filter_known=False) as client:
        await client.post("/v1/profile/update", {"skinType": "oily"})
        async with grows(client, "repeated_clarify_field_total", field="skintype"):
            await chat(client, {"message": "CLARIFICATION_FILTER_SKINTYPE_ONLY_TEST"})


async def test_an_id_that_comes_out_empty_is_counted(sandbox: Served) -> None:
    question = {"id": "???", "question": "Which one?", "options": ["A", "B"]}
    async with house(sandbox) as client:
        says(sandbox, "One thing.", clarification={"questions": [question]})
        async with grows(client, "clarification_id_normalized_empty_total"):
            await chat(client, {"message": "hello"})


async def test_what_is_cut_of_a_flow_is_counted(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        before = await figure(client, "pending_clarification_truncated_total")
        await Person(client).says("CLARIFICATION_FLOW_V2_TRUNCATION_TEST")
        assert await figure(client, "pending_clarification_truncated_total") > before


async def test_an_old_flow_is_upgraded_and_counted(sandbox: Served) -> None:
    async with house(sandbox, clarification_flow_v2=True) as client:
        person = Person(client, token=True)
        first = await person.says(f"{TWO} help")
        old = {key: value for key, value in person.state["pending_clarification"].items() if key != "v"}
        person.state["pending_clarification"] = old
        async with grows(client, "pending_clarification_upgraded_total"):
            await person.taps(first, 0)


@LANGS
@pytest.mark.parametrize(
    ("score", "message", "stages"),
    [
        (0.86, None, ["reco_request", "reco_generated"]),
        (0.42, None, ["reco_request", "reco_low_confidence"]),
        (0.86, {"EN": "severe pain and fever, recommend", "CN": "化脓了，推荐"}, ["reco_safety_block"]),
    ],
    ids=["sure", "unsure", "doctor"],
)
async def test_the_stages_of_picks_are_counted(
    sandbox: Served, lang: str, score: float, message: dict[str, str] | None, stages: list[str]
) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, score)
        body: dict[str, Any] = {"action": RECO}
        if message:
            body["message"] = message[lang]
        before = {s: await figure(client, "aurora_skin_flow_total", stage=s, outcome="hit") for s in stages}
        await chat(client, body, lang)
        for stage, was in before.items():
            assert await figure(client, "aurora_skin_flow_total", stage=stage, outcome="hit") == was + 1
