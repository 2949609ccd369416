"""Contract B 23, the rows that the foundation carries: POST /v1/chat over the whole house, row numbers kept.

The decision system is the sandbox on a real socket; the store is the in-memory one, which passes the same
tests as Postgres. Rows that the contract asks for in both languages run in both (parity of 13 to 22). Rows 7,
12, 25 to 37 and 40 belong to the steps that are still to come.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from aurora.contract.turn import Identity
from aurora.settings import Settings
from aurora.store.facts import AnalysisCompleted, FactMeta, NewFact
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient, web

CORE = {"skinType": "oily", "sensitivity": "low", "barrierStatus": "healthy", "goals": ["acne", "dark_spots"]}
RECO = {"action_id": "chip.start.reco_products", "kind": "chip", "data": {}}
THREE_WAYS_ON = {"retry_recommendations", "upload_daylight_and_indoor_white", "update_current_routine"}

LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])


@asynccontextmanager
async def house(sandbox: Served, **flags: Any) -> AsyncIterator[WebClient]:
    """A client of a whole house whose decision system is the sandbox. Breaker off (decision 6)."""
    settings = Settings(
        retention_days=0,
        decision_base_url=sandbox.url,
        backend_base_url=sandbox.url,
        breaker_enabled=False,
        **flags,
    )
    async with web(settings) as client:
        yield client


async def has_profile(client: WebClient, **facts: Any) -> None:
    """CP of the contract: all four core fields stored beforehand."""
    answer = await client.post("/v1/profile/update", {**CORE, **facts})
    assert answer.status == 200


async def has_artifact(client: WebClient, score: float) -> None:
    """ART x of the contract: a stored artifact with that overall score."""
    level = "low" if score < 0.55 else "medium" if score <= 0.75 else "high"
    node = {"score": score, "level": level, "rationale": ["core4_weighted_mean"]}
    artifact = {
        "artifact_id": "da_test",
        "created_at": "2099-01-01T00:00:00.000Z",
        "overall_confidence": node,
        "skinType": {"value": "oily"},
        "sensitivity": {"value": "low"},
        "barrierStatus": {"value": "healthy"},
        "goals": {"values": ["acne"]},
    }
    fact = AnalysisCompleted(analysis={}, lang="EN", source="rule_based", artifact=artifact)
    meta = FactMeta(request_id="seed", trace_id="seed", occurred_at="2099-01-01T00:00:00.000Z", uid="u1")
    await client.house.store.append(
        Identity("u1"), [NewFact(event_id="01890000-0000-7000-8000-000000000001", fact=fact, meta=meta)]
    )


async def chat(client: WebClient, body: dict[str, Any], lang: str = "EN", **headers: str) -> WebAnswer:
    return await client.post("/v1/chat", body, headers={"X-Lang": lang, **headers})


def types(answer: WebAnswer) -> list[str]:
    return [card["type"] for card in answer.json["cards"]]


def sells(answer: WebAnswer) -> list[str]:
    return [kind for kind in types(answer) if any(word in kind for word in ("reco", "offer", "checkout"))]


def chips(answer: WebAnswer) -> list[str]:
    return [chip["chip_id"] for chip in answer.json["suggested_chips"]]


def gaps(answer: WebAnswer) -> list[tuple[str, str]]:
    return [(gap["field"], gap["reason"]) for card in answer.json["cards"] for gap in card["field_missing"]]


def names(answer: WebAnswer) -> list[str]:
    return [event["event_name"] for event in answer.json["events"]]


def texts_of_items(answer: WebAnswer) -> str:
    return msgspec.json.encode(answer.payload("recommendations")["recommendations"]).decode().lower()


def tell(sandbox: Served, script: str) -> None:
    """From now on the decision system behaves like this."""
    sandbox.state.script("decision", script, times=None)


# --- the request


async def test_row_1_without_a_uid_nothing_happens(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await client.post("/v1/chat", {"message": "hi"}, uid=None)
        assert answer.status == 400
        assert answer.error == "MISSING_AURORA_UID"
        assert "error" in names(answer)


async def test_row_2_an_unknown_key_is_named(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"foo": 1})
        assert answer.status == 400
        assert answer.error == "BAD_REQUEST"
        assert "foo" in str(answer.payload("error")["details"]["_errors"])


async def test_row_3_an_empty_body_is_open_chat(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {})
        assert answer.status == 200
        assert types(answer) == ["gate_notice"]
        assert ("cards", "recommendations_not_requested") in gaps(answer)
        assert answer.event("value_moment")["data"]["kind"] == "chat_reply"
        assert names(answer)[-1] == "quality_audit"
        assert answer.patch["next_state"] == "IDLE_CHAT"


# --- Phase 0

AS_SENT_BY = pytest.mark.parametrize("token", [True, False], ids=["token sent", "as the client sends it"])


@LANGS
async def test_row_4_picks_without_a_profile_lead_to_the_gate(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        message = {"EN": "Recommend a moisturizer", "CN": "推荐一款面霜"}[lang]
        answer = await chat(client, {"message": message}, lang)
        gated(answer)
        assert not sandbox.state.calls


@AS_SENT_BY
async def test_row_5_a_claimed_state_changes_nothing(sandbox: Served, token: bool) -> None:
    async with house(sandbox) as client:
        state = "S7_PRODUCT_RECO" if token else "RECO_RESULTS"
        gated(await chat(client, {"action": RECO, "session": {"state": state}}))


def gated(answer: WebAnswer) -> None:
    assert answer.status == 200
    gate = answer.payload("diagnosis_gate")
    assert (gate["reason"], gate["wants"]) == ("diagnosis_first", "recommendation")
    assert sells(answer) == []
    asked = answer.event("recos_requested")["data"]
    assert asked == {"explicit": True, "gated": True, "reason": "diagnosis_first"}
    assert "state_entered" in names(answer)
    assert answer.patch["next_state"] == "RECO_GATE"
    assert answer.patch["state"]["_internal_next_state"] == "S2_DIAGNOSIS"
    assert all(chip.startswith("profile.skinType.") for chip in chips(answer))
    assert chips(answer)


async def test_row_6_a_diagnosis_starts_with_what_came_along(sandbox: Served) -> None:
    async with house(sandbox) as client:
        patch = {"skinType": "oily", "sensitivity": "low", "barrierStatus": "healthy"}
        action = {"action_id": "chip.start.diagnosis", "kind": "chip", "data": {"profile_patch": patch}}
        answer = await chat(client, {"message": "开始皮肤诊断", "action": action}, "CN")
        gate = answer.payload("diagnosis_gate")
        assert (gate["reason"], gate["missing_fields"]) == ("diagnosis_start", ["goals"])
        assert answer.event("state_entered")["data"]["reason"] == "diagnosis_start"
        assert answer.patch["next_state"] == "DIAG_PROFILE"
        assert answer.patch["state"]["_internal_next_state"] == "S2_DIAGNOSIS"
        assert all(chip.startswith("profile.goals.") for chip in chips(answer))


async def test_row_7_english_words_are_answered_in_the_language_of_the_client(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": "Start diagnosis"}, "CN")
        assert "diagnosis_gate" in types(answer)
        assert any("一" <= letter <= "鿿" for letter in answer.text)
        assert all(chip.startswith("profile.skinType.") for chip in chips(answer))


async def test_row_8_a_complete_profile_offers_photos_or_the_baseline(sandbox: Served) -> None:
    async with house(sandbox) as client:
        action = {"action_id": "profile.patch", "kind": "action", "data": {"profile_patch": CORE}}
        answer = await chat(client, {"action": action, "client_state": "DIAG_PROFILE"})
        assert "diagnosis_gate" not in types(answer)
        assert answer.event("state_entered")["data"]["reason"] == "diagnosis_profile_complete"
        assert {"chip.intake.upload_photos", "chip.intake.skip_analysis"} <= set(chips(answer))
        assert answer.patch["profile"]["goals"] == CORE["goals"]
        assert not {"analysis_summary", "profile", "diagnosis_gate"} & set(types(answer))  # F17.8


@AS_SENT_BY
async def test_row_9_an_answer_within_a_diagnosis_asks_the_next_question(
    sandbox: Served, token: bool
) -> None:
    async with house(sandbox) as client:
        started = await chat(client, {"message": "start a skin diagnosis"})
        state = "S2_DIAGNOSIS" if token else started.patch["next_state"]
        action = {"action_id": "profile.skinType.oily", "kind": "chip", "data": {}}
        answer = await chat(client, {"action": action, "session": {"state": state}})
        assert answer.payload("diagnosis_gate")["reason"] == "diagnosis_progress"
        assert names(answer)[:2] == ["profile_saved", "state_entered"]
        assert answer.patch["profile"]["skinType"] == "oily"
        assert all(chip.startswith("profile.sensitivity.") for chip in chips(answer))


async def test_row_10_an_answer_outside_of_a_diagnosis_is_only_saved(sandbox: Served) -> None:
    async with house(sandbox) as client:
        action = {"action_id": "profile.skinType.oily", "kind": "chip", "data": {}}
        answer = await chat(client, {"action": action, "session": {"state": "idle"}})
        assert "profile" in types(answer)
        assert "diagnosis_gate" not in types(answer)
        assert "profile_saved" in names(answer)
        assert answer.patch["next_state"] == "IDLE_CHAT"


# --- open chat


async def test_row_11_a_question_gets_an_answer_and_no_picks(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": "Tell me about niacinamide"})
        assert types(answer) == ["gate_notice"]
        assert "niacinamide" in answer.text.lower()


async def test_row_12_structured_commerce_is_suppressed(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": "STRUCTURED_COMMERCE_TEST"})
        assert "aurora_structured" not in types(answer)
        assert ("aurora_structured", "recommendations_not_requested") in gaps(answer)


# --- picks


@LANGS
@pytest.mark.parametrize("state", ["S2_DIAGNOSIS", "RECO_GATE"])
async def test_row_13_no_artifact(sandbox: Served, lang: str, state: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        answer = await chat(client, {"action": RECO, "session": {"state": state}}, lang)
        notice = answer.payload("confidence_notice")
        assert notice["reason"] == "artifact_missing"
        assert len(notice["actions"]) == 2
        assert "recommendations" not in types(answer)
        asked = answer.event("recos_requested")["data"]
        assert (asked["gated"], asked["reason"]) == (True, "artifact_missing")
        assert {"chip.intake.upload_photos", "chip.intake.skip_analysis"} <= set(chips(answer))


@LANGS
@pytest.mark.parametrize(
    "fault", ["", "stub=PICKS_WITH_TREATMENT_TEST", "reset", "status=503", "html", "stub=PICKS_EMPTY_TEST"]
)
async def test_row_14_low_confidence_whatever_the_upstream_does(
    sandbox: Served, lang: str, fault: str
) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.42)
        if fault:
            tell(sandbox, fault)
        answer = await chat(client, {"action": RECO}, lang)
        notice = answer.payload("confidence_notice")
        assert notice["reason"] in ("low_confidence", "timeout_degraded")
        assert answer.event("recos_requested")["data"]["low_confidence"] is True
        assert answer.patch["state"]["latest_artifact_id"] == "da_test"


@LANGS
async def test_row_15_medium_confidence_leaves_the_treatment_out(sandbox: Served, lang: str) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        await has_artifact(client, 0.66)
        tell(sandbox, "stub=PICKS_WITH_TREATMENT_TEST")
        answer = await chat(client, {"action": RECO}, lang)
        items = answer.payload("recommendations")["recommendations"]
        assert [item["sku"]["product_id"] for item in items] == ["mock_moisturizer_1"]
        assert any(reason == "low_confidence_treatment_filtered" for _, reason in gaps(answer))
        filtered = answer.event("reco_low_medium_treatment_filtered")["data"]
        assert (filtered["filtered_count"], filtered["total_count"]) == (1, 2)
        assert answer.patch["next_state"] == "RECO_RESULTS"


@LANGS
async def test_row_16_medium_confidence_and_only_treatments(sandbox: Served, lang: str) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        await has_artifact(client, 0.66)
        tell(sandbox, "stub=PICKS_TREATMENT_ONLY_TEST")
        answer = await chat(client, {"action": RECO}, lang)
        assert "recommendations" not in types(answer)
        assert answer.payload("confidence_notice")["reason"] == "low_confidence"
        assert answer.event("reco_low_medium_treatment_filtered")["data"]["fallback_applied"] is True


@LANGS
@pytest.mark.parametrize("matcher", [True, False])
async def test_row_17_high_confidence_gives_picks(sandbox: Served, lang: str, matcher: bool) -> None:
    async with house(sandbox, product_matcher_enabled=matcher) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        answer = await chat(client, {"action": RECO}, lang)
        payload = answer.payload("recommendations")
        assert payload["recommendation_confidence_level"] == "high"
        assert answer.event("value_moment")["data"]["kind"] == "product_reco"
        asked = answer.event("recos_requested")["data"]
        assert asked["source"] == "upstream_answer_json"
        assert asked["confidence_level"] == "high"
        assert answer.patch["next_state"] == "RECO_RESULTS"
        assert answer.patch["state"]["_internal_next_state"] == "S7_PRODUCT_RECO"
        assert answer.patch["state"]["latest_artifact_id"] == "da_test"


@LANGS
async def test_row_18_a_slow_upstream_meets_the_budget(sandbox: Served, lang: str) -> None:
    async with house(sandbox, product_matcher_enabled=False, reco_budget_ms=1000) as client:
        await has_profile(client)
        tell(sandbox, "latency=1400")
        degraded(await chat(client, {"action": RECO}, lang))


@LANGS
async def test_row_19_a_reset_upstream_is_named(sandbox: Served, lang: str) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        tell(sandbox, "reset")
        asked = degraded(await chat(client, {"action": RECO}, lang))
        assert asked["upstream_failure_code"] == "ECONNRESET"


def degraded(answer: WebAnswer) -> dict[str, Any]:
    assert answer.status == 200
    notice = answer.payload("confidence_notice")
    assert notice["reason"] == "timeout_degraded"
    assert set(notice["actions"]) == THREE_WAYS_ON
    assert "recommendations" not in types(answer)
    asked: dict[str, Any] = answer.event("recos_requested")["data"]
    assert (asked["gated"], asked["reason"], asked["source"]) == (
        True,
        "timeout_degraded",
        "upstream_timeout",
    )
    assert "low_confidence" in asked
    return asked


@LANGS
@pytest.mark.parametrize("fault", ["status=503", "html", "stub=PICKS_EMPTY_TEST"])
async def test_row_20_nothing_usable_and_no_artifact_ends_in_the_guard(
    sandbox: Served, lang: str, fault: str
) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        tell(sandbox, fault)
        answer = await chat(client, {"action": RECO}, lang)
        assert types(answer) == ["confidence_notice"]
        notice = answer.payload("confidence_notice")
        assert notice["reason"] == "artifact_missing"
        assert notice["actions"]
        assert "reco_output_guard_fallback" in names(answer)


async def test_row_21_a_tiny_budget_is_clamped_to_a_second(sandbox: Served) -> None:
    tight = Settings.from_env({"AURORA_BFF_CHAT_RECO_BUDGET_MS": "200"}).reco_budget_ms
    async with house(sandbox, product_matcher_enabled=False, reco_budget_ms=tight) as client:
        await has_profile(client)
        tell(sandbox, "latency=500")
        answer = await chat(client, {"action": RECO})
        assert "recommendations" in types(answer)
        assert "confidence_notice" not in types(answer)


@pytest.mark.parametrize(
    ("lang", "message"),
    [
        ("EN", "severe pain, oozing pus and fever, recommend"),
        ("CN", "脸上剧痛，已经化脓还出血，推荐点东西"),
        ("EN", "no bleeding but fever, recommend"),  # row 24
        ("CN", "没有出血，但是化脓了"),  # row 24
    ],
)
@pytest.mark.parametrize("profile", [True, False])
async def test_rows_22_24_red_flags_stop_the_picks(
    sandbox: Served, lang: str, message: str, profile: bool
) -> None:
    async with house(sandbox) as client:
        if profile:
            await has_profile(client)
            await has_artifact(client, 0.86)
        answer = await chat(client, {"message": message, "action": RECO}, lang)
        assert types(answer) == ["confidence_notice"]
        notice = answer.payload("confidence_notice")
        assert (notice["reason"], notice["severity"]) == ("safety_block", "block")
        assert len(notice["actions"]) == 3
        asked = answer.event("recos_requested")["data"]
        assert asked == {"explicit": True, "blocked": True, "reason": "safety_boundary"}
        assert answer.patch == {"next_state": "IDLE_CHAT"}
        assert chips(answer) == []
        assert not sandbox.state.calls


@pytest.mark.parametrize(
    ("lang", "message"),
    [
        ("EN", "No bleeding and no fever, mild dryness, recommend"),
        ("CN", "没有出血也没有发烧，只是有点干，推荐一下"),
    ],
)
async def test_row_23_denied_red_flags_stop_nothing(sandbox: Served, lang: str, message: str) -> None:
    async with house(sandbox, product_matcher_enabled=False) as client:
        await has_profile(client)
        answer = await chat(client, {"message": message, "action": RECO}, lang)
        assert "safety_block" not in str(answer.json)
        assert "recommendations" in types(answer)


@pytest.mark.parametrize(("lang", "message"), [("EN", "Can I use retinol?"), ("CN", "A醇能用吗？")])
@pytest.mark.parametrize("profile", [True, False])
async def test_row_25_advice_on_a_retinoid_waits_for_one_question(
    sandbox: Served, lang: str, message: str, profile: bool
) -> None:
    async with house(sandbox) as client:
        if profile:
            await has_profile(client)
        answer = await chat(client, {"message": message}, lang)
        assert types(answer) == ["confidence_notice"]
        notice = answer.payload("confidence_notice")
        assert (notice["reason"], notice["severity"]) == ("low_confidence", "warn")
        assert notice["actions"] == ["answer_safety_question"]
        assert answer.event("safety_gate_require_info")["data"]["question"] in answer.text
        assert {"EN": "pregnan", "CN": "怀孕"}[lang] in answer.text
        assert chips(answer) == [
            f"chip.profile.pregnancy.{status}" for status in ("not_pregnant", "pregnant", "trying")
        ]
        assert "reco_output_guard_fallback" not in names(answer)
        assert not sandbox.state.calls


@pytest.mark.parametrize(("lang", "message"), [("EN", "Can I use retinol?"), ("CN", "A醇能用吗？")])
@pytest.mark.parametrize("status", ["not_pregnant", "pregnant"])
async def test_row_25_the_tap_saves_the_fact_and_runs_the_message_again(
    sandbox: Served, lang: str, message: str, status: str
) -> None:
    """As the client does it: its own state comes back, the chip's data as it was sent, nothing else."""
    async with house(sandbox) as client:
        await has_profile(client, age_band="25_34")
        first = await chat(client, {"message": message}, lang, **{"X-Brief-ID": "b1"})
        (chip,) = [each for each in first.json["suggested_chips"] if each["chip_id"].endswith(f".{status}")]
        tap = {
            "action": {"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]},
            "client_state": "IDLE_CHAT",
            "session": {"state": first.patch["next_state"], "profile": first.patch.get("profile")},
        }
        answer = await chat(client, tap, lang, **{"X-Brief-ID": "b1"})
        assert "profile_saved" in names(answer)
        assert answer.patch["profile"]["pregnancy_status"] == status
        if status == "pregnant":
            assert answer.payload("confidence_notice")["severity"] == "block"
            assert not sandbox.state.calls
        else:
            assert "confidence_notice" not in types(answer)
            assert any(message in str(call) for call in sandbox.state.calls)
        again = await client.get("/v1/session/bootstrap")
        assert again.patch["profile"]["pregnancy_status"] == status


@pytest.mark.parametrize(
    ("lang", "message"), [("EN", "Can I use retinol while pregnant?"), ("CN", "孕期可以用A醇吗")]
)
async def test_row_26_a_retinoid_in_pregnancy_is_refused(sandbox: Served, lang: str, message: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client)
        answer = await chat(client, {"message": message}, lang)
        assert types(answer) == ["confidence_notice"]
        notice = answer.payload("confidence_notice")
        assert (notice["reason"], notice["severity"]) == ("safety_block", "block")
        assert notice["actions"] == ["safe_alternatives"]
        assert len(notice["details"]) >= 2
        assert answer.event("safety_gate_block")["data"]["block_level"] == "BLOCK"
        assert chips(answer) == ["chip.start.ingredients.safe_alternatives"]
        assert not sells(answer)
        assert not sandbox.state.calls


# --- route and state


async def test_row_38_the_model_that_was_asked_for_is_echoed(sandbox: Served) -> None:
    async with house(sandbox) as client:
        body = {"llm_provider": "openai", "llm_model": "x", "message": "Recommend a serum"}
        answer = await chat(client, body)
        assert "diagnosis_gate" in types(answer)
        assert answer.event("llm_route")["data"]["llm_model_effective"] is None
        assert answer.patch["llm"]["llm_provider_requested"] == "openai"
        assert not sandbox.state.calls


async def test_row_39_only_a_transition_of_the_client_s_own_can_be_refused(sandbox: Served) -> None:
    async with house(sandbox) as client:
        derived = await chat(
            client, {"message": "recommend another moisturizer", "client_state": "RECO_RESULTS"}
        )
        assert derived.status == 200
        assert "diagnosis_gate" in types(derived)
        asked = {
            "trigger_source": "chip",
            "trigger_id": "chip_start_diagnosis",
            "requested_next_state": "RECO_GATE",
        }
        refused = await chat(client, {"requested_transition": asked})
        assert refused.status == 400
        assert refused.error == "STATE_TRANSITION_REJECTED"
        assert refused.payload("error")["details"]["reason"] == "CHIP_NEXT_STATE_MISMATCH"


async def test_row_40_second_half_a_failed_upstream_is_said_with_ways_on(sandbox: Served) -> None:
    async with house(sandbox) as client:
        tell(sandbox, "reset")
        answer = await chat(client, {"message": "hello there"})
        notice = answer.payload("confidence_notice")
        assert notice["reason"] == "timeout_degraded"
        assert notice["actions"]


# --- parity


@pytest.mark.parametrize(
    ("score", "script"),
    [
        (None, ""),
        (0.42, ""),
        (0.42, "reset"),
        (0.66, "stub=PICKS_WITH_TREATMENT_TEST"),
        (0.66, "stub=PICKS_TREATMENT_ONLY_TEST"),
        (0.86, ""),
        (0.86, "status=503"),
        (0.86, "html"),
    ],
)
async def test_rows_13_to_22_agree_in_both_languages(
    sandbox: Served, score: float | None, script: str
) -> None:
    told = []
    for lang in ("EN", "CN"):
        async with house(sandbox) as client:
            await has_profile(client)
            if score is not None:
                await has_artifact(client, score)
            if script:
                tell(sandbox, script)
            answer = await chat(client, {"action": RECO}, lang)
            notices = [
                card["payload"] for card in answer.json["cards"] if card["type"] == "confidence_notice"
            ]
            told.append(
                (
                    [notice["reason"] for notice in notices],
                    [sorted(notice["actions"]) for notice in notices],
                    "recommendations" in types(answer),
                    [
                        event["data"]
                        for event in answer.json["events"]
                        if event["event_name"] == "recos_requested"
                    ],
                )
            )
            sandbox.state.reset()
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Can I use retinol?", "A醇能用吗"),
        ("Tell me about tretinoin", "讲讲维A酸"),
        ("Can I use retinol while pregnant?", "孕期可以用A醇吗"),
        ("I am trying to conceive, is adapalene ok?", "备孕期间能用阿达帕林吗"),
        ("recommend a retinol serum", "推荐一款A醇精华"),
    ],
)
async def test_rows_25_and_26_agree_in_both_languages(sandbox: Served, english: str, chinese: str) -> None:
    told = []
    for lang, message in (("EN", english), ("CN", chinese)):
        async with house(sandbox) as client:
            await has_profile(client)
            await has_artifact(client, 0.86)
            answer = await chat(client, {"message": message}, lang)
            notice = answer.payload("confidence_notice")
            told.append(
                (
                    notice["reason"],
                    notice["severity"],
                    notice["actions"],
                    notice["confidence"],
                    chips(answer),
                    "recommendations" in types(answer),
                    [name for name in names(answer) if name.startswith("safety_gate")],
                )
            )
    assert told[0] == told[1]
