"""Bodies of any shape over a real socket: the sandbox sends them, the house answers (contract B 16.5)."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings

from tests.contract.test_b23 import chat, has_artifact, has_profile, house, sells, tell
from tests.flows.test_hostile import JSON, REPLIES
from tests.support.sandbox import Served

BODIES = REPLIES | JSON


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES)
async def test_any_body_is_answered_and_sells_nothing_unasked(sandbox: Served, body: object) -> None:
    sandbox.state.reset()
    sandbox.state.script("decision", times=None, body=json.dumps(body).encode())
    async with house(sandbox, include_raw_context=True) as client:
        for known in (False, True):
            if known:
                await has_profile(client)
                await has_artifact(client, 0.86)
            answer = await chat(client, {"message": "hello", "debug": True})
            assert answer.status == 200
            assert answer.text
            assert sells(answer) == [], "nobody asked for products"


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    "fault",
    ["null_cards", "array_payload", "wrong_types", "unrenderable", "nul", "surrogate", "nan", "deep=3000",
     "empty_cards", "truncated", "bad_utf8", "array_root", "scalar_root", "empty_object", "empty_body",
     "huge=3"],
)  # fmt: skip
async def test_every_way_in_which_an_upstream_lies_ends_in_a_lawful_answer(
    sandbox: Served, lang: str, fault: str
) -> None:
    tell(sandbox, fault)
    async with house(sandbox) as client:
        answer = await chat(client, {"message": {"EN": "hello", "CN": "你好"}[lang]}, lang)
        assert answer.status == 200
        assert sells(answer) == []
        assert answer.text
