"""Contract D 14, recommendations (rows 19 to 33, 45) and named defects of D 13, over the whole house.

Rows that stood on a missing diagnosis have it now, and each a twin without it (decision 18).
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.contract.turn import Identity
from aurora.rules.treatment import is_treatment_like
from aurora.store.facts import AnalysisCompleted, FactMeta, NewFact
from tests.contract.test_b23 import (
    CORE,
    LANGS,
    RECO,
    THREE_WAYS_ON,
    chat,
    gaps,
    has_artifact,
    has_profile,
    house,
    names,
    sells,
    tell,
    types,
)
from tests.rules.matcher.shelf import plan
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient

GENERATE = "/v1/reco/generate"
MARKERS = (
    "last 7d", "check-in", "check in", "checkin", "upcoming plan", "itinerary", "barrier", "tolerance",
    "goal", "sensitivity",
)  # fmt: skip
PLAN = plan(
    ("sunscreen_filters", 95), ("ceramide_np", 80), ("niacinamide", 60), ("salicylic_acid", 50), score=0.7
)
WITH_OTHERS = {**RECO, "data": {"include_alternatives": True}}


async def has_plan(client: WebClient, score: float) -> None:
    """A stored artifact of that score together with its ingredient plan."""
    level = "low" if score < 0.55 else "medium" if score <= 0.75 else "high"
    artifact = {
        "artifact_id": "da_test",
        "overall_confidence": {"score": score, "level": level, "rationale": []},
        "skinType": {"value": "oily"},
        "sensitivity": {"value": "low"},
        "barrierStatus": {"value": "healthy"},
        "goals": {"values": ["acne"]},
    }
    fact = AnalysisCompleted(analysis={}, lang="EN", source="rule_based", artifact=artifact, plan=PLAN)
    meta = FactMeta(request_id="seed", trace_id="seed", occurred_at="2099-01-01T00:00:00.000Z", uid="u1")
    new = NewFact(event_id="01890000-0000-7000-8000-000000000001", fact=fact, meta=meta)
    await client.house.store.append(Identity("u1"), [new])


async def generate(client: WebClient, body: dict[str, Any], lang: str = "EN") -> WebAnswer:
    return await client.post(GENERATE, body, headers={"X-Lang": lang})


def items(answer: WebAnswer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.payload("recommendations")["recommendations"]
    return found


def ids(answer: WebAnswer) -> list[str]:
    return [str(item["sku"]["product_id"] or item["sku"]["sku_id"]).lower() for item in items(answer)]


def asked(answer: WebAnswer) -> dict[str, Any]:
    return dict(answer.event("recos_requested")["data"])


# --- POST /v1/reco/generate


@LANGS
async def test_row_19_without_a_profile_the_gate(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        answer = await generate(client, {}, lang)
        gate = answer.payload("diagnosis_gate")
        assert (gate["reason"], gate["wants"]) == ("diagnosis_first", "recommendation")
        assert answer.patch["next_state"] == "RECO_GATE"
        assert sells(answer) == []
        entered = answer.event("state_entered")
        assert entered["trigger_source"] == "action"
        assert not sandbox.state.calls


@LANGS
async def test_row_20_morning_and_evening_with_alternatives(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.66)
        answer = await generate(
            client, {"include_alternatives": True, "constraints": {"budget": "¥500"}}, lang
        )
        assert answer.status == 200
        assert {item["slot"] for item in items(answer)} == {"am", "pm"}
        assert all(item["alternatives"] for item in items(answer))
        assert answer.patch["next_state"] == "RECO_RESULTS"
        assert answer.patch["state"]["_internal_next_state"] == "S7_PRODUCT_RECO"
        assert asked(answer)["explicit"] is True
        assert answer.event("recos_requested")["trigger_source"] == "action"
        assert answer.payload("recommendations")["source"] == "upstream_context_routine"


async def test_row_20_twin_without_a_diagnosis(sandbox: Served) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        answer = await generate(client, {"include_alternatives": True})
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"
        assert sells(answer) == []
        assert not sandbox.state.calls


@LANGS
async def test_row_21_a_dead_decision_system(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.66)
        tell(sandbox, "reset")
        answer = await generate(client, {}, lang)
        assert answer.status == 200
        assert answer.payload("confidence_notice")["reason"] == "timeout_degraded"
        assert sells(answer) == []
        assert asked(answer)["reason"] == "timeout_degraded"


async def test_d13_12_the_endpoint_has_the_same_boundary_gates_filter_and_opening(sandbox: Served) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.66)
        flagged = await generate(client, {"constraints": {"preference": "severe pain, oozing pus and fever"}})
        assert flagged.payload("confidence_notice")["reason"] == "safety_block"
        assert asked(flagged)["reason"] == "safety_boundary"
        tell(sandbox, "stub=PICKS_WITH_TREATMENT_TEST")
        answer = await generate(client, {"focus": "hydration"})
        assert not any(is_treatment_like(item) for item in items(answer))
        assert all(
            item["pdp_open"]["path"] in ("group", "ref", "resolve", "external") for item in items(answer)
        )
        assert b"kb:" not in answer.body


async def test_what_is_sent_beside_the_form_is_refused(sandbox: Served) -> None:
    async with house(sandbox) as client:
        for body in ({"foo": 1}, {"focus": ""}, {"constraints": "x"}, {"include_alternatives": "yes"}):
            assert (await generate(client, body)).error == "BAD_REQUEST"
        refused = await client.post(GENERATE, {}, uid=None)
        assert (refused.status, refused.error) == (400, "MISSING_AURORA_UID")


async def test_a_forms_budget_counts_for_this_answer_only(sandbox: Served) -> None:
    async with house(sandbox, product_rec_allow_seed=True) as client:
        await has_profile(client)
        await has_plan(client, 0.66)
        cheap = items(await generate(client, {"constraints": {"budget": "¥200"}}))
        dear = items(await generate(client, {"constraints": {"budget": "¥1000+"}}))
        assert [item["product_id"] for item in cheap] != [item["product_id"] for item in dear]
        profile = (await client.get("/v1/session/bootstrap")).payload("session_bootstrap")["profile"]
        assert profile["budgetTier"] is None


# --- chat


@LANGS
async def test_row_22_no_diagnosis(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        answer = await chat(client, {"action": RECO}, lang)
        notice = answer.payload("confidence_notice")
        assert (notice["reason"], bool(notice["actions"])) == ("artifact_missing", True)
        assert sells(answer) == []
        assert asked(answer)["reason"] == "artifact_missing"


@LANGS
@pytest.mark.parametrize("seed", [True, False])
async def test_row_23_low_confidence_stays_gentle(sandbox: Served, lang: str, seed: bool) -> None:
    async with house(sandbox, product_rec_allow_seed=seed) as client:
        await has_profile(client)
        await has_plan(client, 0.42)
        answer = await chat(client, {"action": RECO}, lang)
        assert not any(is_treatment_like(item) for item in items(answer))
        assert answer.payload("confidence_notice")["reason"] == "low_confidence"
        assert asked(answer)["low_confidence"] is True


@LANGS
async def test_row_24_medium_confidence_without_a_catalogue(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.66)
        answer = await chat(client, {"action": RECO}, lang)
        assert items(answer)
        assert not any(is_treatment_like(item) for item in items(answer))
        assert len(set(ids(answer))) == len(ids(answer))
        reasons = " ".join(reason for item in items(answer) for reason in item["reasons"]).lower()
        assert any(marker in reasons for marker in MARKERS) or lang == "CN"
        assert all(word in reasons for word in ("目标", "屏障")) or lang == "EN"
        assert asked(answer)["source"] == "upstream_answer_json"


@LANGS
async def test_row_25_a_catalogue_file(sandbox: Served, lang: str, tmp_path: Any) -> None:
    rows = [
        {
            "product_id": f"{slot}_{number}", "name": f"{slot.title()} {number}", "slot": slot,
            "ingredient_ids": [ingredient], "price_band": "mid",
        }
        for slot, ingredient in (
            ("cleanser", "cleanser_surfactants"), ("moisturizer", "ceramide_np"),
            ("sunscreen", "sunscreen_filters"), ("treatment", "salicylic_acid"),
        )
        for number in (1, 2)
    ]  # fmt: skip
    file = tmp_path / "catalogue.json"
    file.write_bytes(msgspec.json.encode(rows))
    async with house(sandbox, product_rec_catalog_path=str(file)) as client:
        await has_profile(client)
        await has_plan(client, 0.66)
        answer = await chat(client, {"action": RECO}, lang)
        card = answer.payload("recommendations")
        assert card["source"] == asked(answer)["source"] == "artifact_matcher_v1"
        assert card["recommendation_confidence_level"] == "medium"
        found = items(answer)
        assert 1 <= len(found) <= 6
        assert {item["slot"] for item in found} == {"am", "pm"}
        assert any(item["matched_ingredients"] for item in found)
        assert len(set(ids(answer))) == len(found)
        assert not any(call.upstream == "decision" for call in sandbox.state.calls)


async def test_row_26_the_treatment_is_left_out(sandbox: Served) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        tell(sandbox, "stub=PICKS_WITH_TREATMENT_TEST")
        answer = await chat(client, {"action": RECO})
        assert ids(answer) == ["mock_moisturizer_1"]
        assert ("recommendations", "low_confidence_treatment_filtered") in gaps(answer)


async def test_row_27_only_a_treatment_and_no_diagnosis(sandbox: Served) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        tell(sandbox, "stub=PICKS_TREATMENT_ONLY_TEST")
        answer = await chat(client, {"action": RECO})
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"
        assert sells(answer) == []
        assert "reco_output_guard_fallback" in names(answer)


async def test_row_28_the_budget_fires(sandbox: Served) -> None:
    async with house(sandbox, product_matcher_enabled=False, reco_budget_ms=1000) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        tell(sandbox, "latency=1400")
        answer = await chat(client, {"action": RECO})
        notice = answer.payload("confidence_notice")
        assert (notice["reason"], set(notice["actions"])) == ("timeout_degraded", THREE_WAYS_ON)
        assert sells(answer) == []
        assert (asked(answer)["reason"], asked(answer)["source"]) == ("timeout_degraded", "upstream_timeout")


async def test_row_29_a_top_level_list_in_time(sandbox: Served) -> None:
    async with house(sandbox, product_matcher_enabled=False, reco_budget_ms=5000) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        tell(sandbox, "latency=150,stub=PICKS_TOP_LEVEL_TEST")
        answer = await chat(client, {"action": RECO})
        assert items(answer)
        assert "confidence_notice" not in types(answer)


async def test_row_30_a_connection_reset(sandbox: Served) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        tell(sandbox, "reset")
        answer = await chat(client, {"action": RECO})
        assert answer.payload("confidence_notice")["reason"] == "timeout_degraded"
        assert asked(answer)["upstream_failure_code"] == "ECONNRESET"


@pytest.mark.parametrize("fault", ["status=503", "html", "empty_object"])
async def test_row_31_nothing_usable_and_no_diagnosis(sandbox: Served, fault: str) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        tell(sandbox, fault)
        answer = await chat(client, {"action": RECO})
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"
        assert "reco_output_guard_fallback" in names(answer)


@pytest.mark.parametrize(
    ("message", "lang"), [("severe pain, oozing pus and fever", "EN"), ("剧痛、化脓、出血", "CN")]
)
async def test_row_32_red_flags(sandbox: Served, message: str, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        answer = await chat(client, {"action": RECO, "message": message}, lang)
        assert answer.payload("confidence_notice")["reason"] == "safety_block"
        assert sells(answer) == []
        assert (asked(answer)["blocked"], asked(answer)["reason"]) == (True, "safety_boundary")


@LANGS
async def test_row_33_alternatives_in_chat(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_artifact(client, 0.66)
        action = {**RECO, "data": {"include_alternatives": True, "profile_patch": CORE}}
        answer = await chat(client, {"action": action}, lang)
        first = items(answer)[0]
        assert first["alternatives"]
        for other in first["alternatives"]:
            assert other["kind"] in ("dupe", "similar", "premium")
            assert other["product"]["name"]
            assert isinstance(other["tradeoffs"], list)


async def test_row_33_twin_without_a_diagnosis(sandbox: Served) -> None:
    async with house(sandbox) as client:
        action = {**RECO, "data": {"include_alternatives": True, "profile_patch": CORE}}
        answer = await chat(client, {"action": action})
        assert answer.payload("confidence_notice")["reason"] == "artifact_missing"
        assert not sandbox.state.calls


@pytest.mark.parametrize(
    "fault",
    [
        "",
        "reset",
        "status=503",
        "html",
        "deep",
        "wrong_types",
        "unrenderable",
        "null_cards",
        "nul",
        "empty_object",
    ],
)
@pytest.mark.parametrize("score", [0.42, 0.66, 0.86])
async def test_row_45_whatever_happens_it_stays_lawful(sandbox: Served, fault: str, score: float) -> None:
    """The envelope laws themselves are checked on every answer of the test client."""
    async with house(sandbox, reco_catalog_grounded=True) as client:
        await has_profile(client)
        await has_plan(client, score)
        if fault:
            tell(sandbox, fault)
            sandbox.state.script("commerce", fault, times=None)
        for answer in (
            await chat(client, {"action": WITH_OTHERS}),
            await generate(client, {"include_alternatives": True}),
        ):
            assert answer.status == 200
            assert answer.json["cards"]
            if "recommendations" in types(answer):
                assert items(answer)
                evidence = answer.payload("recommendations")["evidence"]
                assert set(evidence["science"]) == {
                    "key_ingredients", "mechanisms", "fit_notes", "risk_notes",
                }  # fmt: skip
                assert score > 0.75 or not any(is_treatment_like(item) for item in items(answer))
            else:
                assert all(
                    card["payload"]["actions"]
                    for card in answer.json["cards"]
                    if card["type"] == "confidence_notice"
                )


# --- named defects


async def test_d13_13_every_notice_of_a_reco_turn_has_reason_confidence_and_actions(sandbox: Served) -> None:
    async with house(sandbox) as client:
        await has_profile(client, pregnancy_status="pregnant")
        await has_artifact(client, 0.86)
        tell(sandbox, "stub=PICKS_TREATMENT_ONLY_TEST")
        answer = await chat(client, {"action": RECO})
        notice = answer.payload("confidence_notice")
        assert notice["reason"] == "safety_block"
        assert notice["actions"]
        assert {"score", "level", "rationale"} <= set(notice["confidence"])
        assert sells(answer) == []


async def test_d13_18_a_removed_product_is_not_named(sandbox: Served) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.66)
        tell(sandbox, "stub=PICKS_WITH_TREATMENT_TEST")
        answer = await chat(client, {"action": RECO})
        assert "Retinol" not in answer.text
        assert "Quiet Barrier Cream" in answer.text  # the client draws no card in its own IDLE_CHAT
