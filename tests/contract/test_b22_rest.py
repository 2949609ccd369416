"""Contract B 22, rows 16, 17 and 20; D 13 as far as it is about the chat; D 14 row 34; over the house."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aurora.rules import normalise_reco
from aurora.rules.treatment import is_treatment_like
from aurora.rules.upstream_answer import first_object
from tests.contract.test_b23 import (
    LANGS,
    RECO,
    chat,
    chips,
    gaps,
    has_artifact,
    has_profile,
    house,
    names,
    sells,
    tell,
    types,
)
from tests.support.sandbox import Served

ROUTINE = {"action_id": "chip.start.routine", "kind": "chip", "data": {}}
CREAM = {"step": "Moisturizer", "sku": {"sku_id": "m1", "name": "Plain Cream"}, "reasons": ["Calms."]}


def says(sandbox: Served, **reply: Any) -> None:
    """The decision system's answer from now on."""
    sandbox.state.script("decision", times=None, body=json.dumps(reply).encode())


@LANGS
@pytest.mark.parametrize(("score", "low"), [(0.42, True), (0.66, False), (0.86, False)])
async def test_b22_row_16_a_timeout_tells_how_sure_the_diagnosis_is(
    sandbox: Served, lang: str, score: float, low: bool
) -> None:
    async with house(sandbox, product_matcher_enabled=False, reco_budget_ms=1000) as client:
        await has_profile(client)
        await has_artifact(client, score)
        tell(sandbox, "stall")
        answer = await chat(client, {"action": RECO}, lang)
        asked = answer.event("recos_requested")["data"]
        assert asked["reason"] == "timeout_degraded"
        assert asked["low_confidence"] is low
        assert asked["confidence_level"] in ("low", "medium", "high")


@LANGS
@pytest.mark.parametrize("flag", ["loop_breaker_v2", "qa_planner_v1"])
async def test_b22_row_17_the_planner_counts_without_any_meta(sandbox: Served, lang: str, flag: str) -> None:
    async with house(sandbox, **{flag: True}) as client:
        for count in (1, 2):
            answer = await chat(client, {"action": RECO}, lang)
            assert answer.patch["state"]["qa_planner_v2"]["count"] == count
            assert "meta" not in answer.patch


@LANGS
@pytest.mark.parametrize("matcher", [True, False])
async def test_b22_row_20_alternatives_open_no_gate(sandbox: Served, lang: str, matcher: bool) -> None:
    """With the gate on, nobody gets picks without a diagnosis, alternatives or not."""
    async with house(sandbox, product_matcher_enabled=matcher) as client:
        await has_profile(client)
        says(sandbox, answer=json.dumps({"recommendations": [CREAM]}))
        action = {**RECO, "data": {"include_alternatives": True}}
        answer = await chat(client, {"action": action}, lang)
        assert bool(sells(answer)) is not matcher
        if matcher:
            assert answer.payload("confidence_notice")["reason"] == "artifact_missing"


@LANGS
async def test_d13_2_the_number_of_picks_is_told(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        says(sandbox, answer=json.dumps({"recommendations": [CREAM]}))
        answer = await chat(client, {"action": RECO}, lang)
        told = answer.payload("recommendations")
        assert told["recommendations_count"] == len(told["recommendations"]) > 0
        assert "payload.recommendations_count" not in [field for field, _ in gaps(answer)]


@pytest.mark.parametrize(
    "name", ['He said \\"so\\"', 'an odd \\" quote', "a } brace", "{ open", '\\\\" }'], ids=range(5)
)
def test_d13_3_json_in_words_is_read_with_its_escapes(name: str) -> None:
    said = json.dumps({"recommendations": [{"name": name}]})
    assert first_object(f"Here: {said} and so on }} {{") == json.loads(said)


SOURCES: dict[str, dict[str, Any]] = {
    "upstream_answer_json": {"answer": json.dumps({"recommendations": [CREAM]})},
    "upstream_structured": {"answer": "Here.", "structured": {"recommendations": [CREAM]}},
    normalise_reco.ROUTINE: {"answer": "Here.", "context": {"routine": {"am": [CREAM]}}},
}


@LANGS
@pytest.mark.parametrize("source", list(SOURCES))
async def test_d13_14_the_source_is_the_one_that_answered(sandbox: Served, lang: str, source: str) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        says(sandbox, **SOURCES[source])
        answer = await chat(client, {"action": RECO}, lang)
        assert answer.payload("recommendations")["source"] == source
        assert answer.event("recos_requested")["data"]["source"] == source


@pytest.mark.parametrize("field", ["name", "title", "category", "product_type", "type", "slot", "step"])
@pytest.mark.parametrize("word", ["Retinol serum", "peel", "high-strength", "水杨酸精华", "去角质"])
def test_d13_17_one_predicate_reads_every_field(field: str, word: str) -> None:
    assert is_treatment_like({field: word})
    assert is_treatment_like({"sku": {field: word}})


@LANGS
async def test_d13_ids_of_proposed_actions_hold_no_blank(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        says(sandbox, answer="Not yet.", next_actions=[{"id": "tell me more", "label": "Tell me"}])
        answer = await chat(client, {"action": ROUTINE}, lang)
        proposed = [name for name in chips(answer) if name.startswith("chip.aurora.next_action.")]
        assert proposed
        assert not any(" " in name for name in proposed)


@LANGS
@pytest.mark.parametrize("debug", [False, True])
async def test_d14_row_34_references_are_for_those_who_debug(sandbox: Served, lang: str, debug: bool) -> None:
    """Row 34 needs a diagnosis like every routine (decision 18)."""
    step = {**CREAM, "evidence_pack": {"citations": ["kb:note-1"]}}
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        says(sandbox, answer="Here.", context={"routine": {"am": [step], "pm": [step]}})
        answer = await chat(client, {"action": ROUTINE, "debug": debug}, lang)
        assert types(answer)[0] == "recommendations"
        assert (b"kb:" in answer.body) is debug


@LANGS
async def test_d14_row_34_twin_without_a_diagnosis(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        answer = await chat(client, {"action": ROUTINE, "debug": True}, lang)
        assert sells(answer) == []
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"
        assert "value_moment" not in names(answer)


@LANGS
async def test_every_conflict_of_the_chat_has_its_rule_and_two_places(sandbox: Served, lang: str) -> None:
    asks = {
        "EN": "Can I combine {} and {} on the same night?",
        "CN": "{}和{}能一起用吗",
    }
    pairs = {
        "EN": [
            ("retinol", "glycolic acid"),
            ("adapalene", "benzoyl peroxide"),
            ("vitamin C", "salicylic acid"),
        ],
        "CN": [("A醇", "果酸"), ("阿达帕林", "过氧化苯甲酰"), ("维C", "水杨酸")],
    }
    rules = ["retinoid_x_acids", "retinoid_x_bpo", "vitc_x_acids"]
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        for pair, rule in zip(pairs[lang], rules, strict=True):
            answer = await chat(client, {"message": asks[lang].format(*pair)}, lang)
            (conflict,) = answer.payload("routine_simulation")["conflicts"]
            assert conflict["rule_id"] == rule
            first, second = conflict["step_indices"]
            assert first < second
            (cell,) = answer.payload("conflict_heatmap")["cells"]["items"]
            assert cell["rule_ids"] == [rule]
