"""Contract B 19 and 20: the events and figures of a reply, read where dashboards read them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.contract.test_b23 import RECO, chat, has_artifact, has_profile, house, names
from tests.support.sandbox import Served
from tests.support.web import WebClient

BASE = {
    "event_name", "timestamp", "request_id", "trace_id", "aurora_uid", "brief_id", "lang", "trigger_source",
    "state", "data",
}  # fmt: skip


async def figure(client: WebClient, family: str, **labels: str) -> float:
    """A figure of /metrics; 0 if the series is not there yet."""
    text = (await client.get("/metrics")).body.decode()
    total = 0.0
    for line in text.splitlines():
        found = re.fullmatch(rf"{family}(?:\{{(.*)\}})? (\S+)", line)
        if found and all(f'{name}="{value}"' in (found[1] or "") for name, value in labels.items()):
            total += float(found[2])
    return total


def says(sandbox: Served, answer: str, **more: Any) -> None:
    sandbox.state.reset()
    sandbox.state.script("decision", times=None, body=json.dumps({"answer": answer, **more}).encode())


@pytest.mark.parametrize(
    ("answer", "source", "template"),
    [
        ('{"a": 1}', "open_chat", "global.default"),
        ("This cures acne.", "claim", "global.default"),
    ],
)
async def test_a_template_that_speaks_is_counted_with_its_reason(
    sandbox: Served, answer: str, source: str, template: str
) -> None:
    async with house(sandbox) as client:
        labels = {"template_id": template, "module": "global", "variant": "default", "source": source}
        before = await figure(client, "template_applied_total", **labels)
        says(sandbox, answer)
        told = await chat(client, {"message": "hello"})
        assert told.event("quality_audit")["data"]["template_id"] == template
        assert await figure(client, "template_applied_total", **labels) == before + 1


async def test_a_claim_is_counted(sandbox: Served) -> None:
    async with house(sandbox) as client:
        before = await figure(client, "claims_violation_total", reason="medical_claim")
        says(sandbox, "You definitely have rosacea.")
        told = await chat(client, {"message": "hello"})
        assert "rosacea" not in told.text
        assert await figure(client, "claims_violation_total", reason="medical_claim") == before + 1


async def test_words_that_need_no_template_are_counted_where_one_would_fit(sandbox: Served) -> None:
    async with house(sandbox) as client:
        labels = {"reason": "own_words", "module": "diagnosis_clarification"}
        before = await figure(client, "template_fallback_total", **labels)
        await chat(client, {"action": RECO})
        assert await figure(client, "template_fallback_total", **labels) == before + 1


async def test_an_upstream_call_is_counted_once_and_a_local_answer_never(sandbox: Served) -> None:
    async with house(sandbox) as client:
        before = await figure(client, "upstream_call_total", path="aurora_chat")
        await chat(client, {"message": "hello"})
        assert await figure(client, "upstream_call_total", path="aurora_chat", status="ok") >= 1
        assert await figure(client, "upstream_call_total", path="aurora_chat") == before + 1
        await chat(client, {"action": {"action_id": "checkin_prompt", "kind": "chip"}})
        assert await figure(client, "upstream_call_total", path="aurora_chat") == before + 1


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_every_event_has_its_base_and_the_audit_comes_last(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.66)
        for body in ({"message": "hello"}, {"action": RECO}, {"foo": 1}, {"message": "fever and pus"}):
            answer = await chat(client, body, lang, **{"X-Brief-ID": "b1"})
            assert names(answer).index("quality_audit") == len(names(answer)) - 1
            assert len(names(answer)) <= 64
            for event in answer.json["events"][:-1]:
                assert set(event) == BASE
                assert (event["lang"], event["brief_id"]) == (lang, "b1")
            audit = answer.json["events"][-1]
            assert set(audit) == {"event_name", "timestamp", "request_id", "trace_id", "data"}
            ids = [one["id"] for one in audit["data"]["invariants"]]
            assert ids == [
                "recommendations_reco_state",
                "pending_clarification_step_constraints",
                "offers_null_inventory_assertion_guard",
                "critical_missing_fields_require_field_missing_reason",
            ]
            assert all(one["passed"] for one in audit["data"]["invariants"])
