"""Contract C 32, the rows of `/v1/analysis/skin` that need no photo bytes; row numbers kept.

Rows 1-9, 15 (as far as a photo cannot be fetched at all), 27-29. Rows 10-28 over real pixels are in
test_c32_analysis, rows 30-40 in test_c32_photos. Every row runs in both languages and must decide the same in
both.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from trio.testing import MockClock

from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.contract.memory import Memory, Profile
from aurora.settings import Settings
from aurora.store.facts import AnalysisCompleted, AnalysisTimedOut
from aurora.store.port import StoreError
from tests.support.fakes import FakeStore, after, house_for
from tests.support.web import WebAnswer, WebClient, client_of, web

PATH = "/v1/analysis/skin"
IN_MEMORY = Settings(retention_days=0)
P = {"skinType": "oily", "sensitivity": "low", "barrierStatus": "healthy", "goals": ["acne", "hydration"]}
R = "AM gentle cleanser and SPF, PM moisturizer"
LANGS = ("EN", "CN")
CJK = re.compile(r"[\u4e00-\u9fff]")


def ph(qc: str) -> dict[str, str]:
    return {"slot_id": "daylight", "photo_id": "upl_7", "qc_status": qc}


async def analyse(
    client: WebClient, body: Mapping[str, Any], lang: str = "EN", *, profile: bool = False, **how: Any
) -> WebAnswer:
    """One analysis; `profile` says P first."""
    if profile:
        saved = await client.post("/v1/profile/update", P)
        assert saved.status == 200
    return await client.post(PATH, dict(body), headers={"X-Lang": lang, "X-Brief-ID": "b1"}, **how)


def gaps(answer: WebAnswer) -> list[tuple[str, str]]:
    return [(g["field"], g["reason"]) for g in answer.card("analysis_summary")["field_missing"]]


def notices(answer: WebAnswer) -> list[dict[str, Any]]:
    return [c["payload"] for c in answer.json["cards"] if c["type"] == "confidence_notice"]


def decided(answer: WebAnswer) -> dict[str, Any]:
    """What must not depend on the language: everything but texts and ids."""
    shown = answer.payload("analysis_summary")
    plan = shown.get("ingredient_plan") or {}
    return {
        "status": answer.status,
        "cards": [c["type"] for c in answer.json["cards"]],
        "gaps": gaps(answer),
        "source": shown["analysis_source"],
        "flags": [
            shown[k] for k in ("low_confidence", "photos_provided", "used_photos", "recommendation_ready")
        ],
        "photo_qc": shown["photo_qc"],
        "features": [f["confidence"] for f in shown["analysis"]["features"]],
        "confidence": (shown.get("diagnosis_artifact") or {}).get("overall_confidence"),
        "targets": [(t["ingredient_id"], t["priority"]) for t in plan.get("targets", ())],
        "avoid": [(a["ingredient_id"], a["severity"]) for a in plan.get("avoid", ())],
        "llm": shown["quality_report"]["llm"],
        "reasons": len(shown["quality_report"]["reasons"]),
        "notices": [(n["reason"], n["actions"], n["severity"]) for n in notices(answer)],
        "state": answer.patch["next_state"],
        "events": [(e["event_name"], e["data"]) for e in answer.json["events"]],
    }


async def test_1_without_uid(autojump_clock: MockClock) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {}, uid=None)
    assert answer.status == 400
    assert answer.error == "MISSING_AURORA_UID"
    assert answer.event("error")
    assert answer.patch["next_state"] == "IDLE_CHAT"


async def test_2_bad_body_has_a_details_tree(autojump_clock: MockClock) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {"use_photo": "yes", "zzz": 1})
    assert answer.status == 400
    payload = answer.payload("error")
    assert payload["error"] == "BAD_REQUEST"
    assert payload["details"]["use_photo"]["_errors"]
    assert any("zzz" in line for line in payload["details"]["_errors"])
    assert answer.event("error")["data"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("lang", LANGS)
async def test_3_nothing_known(autojump_clock: MockClock, lang: str) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {}, lang)
    assert answer.status == 200
    shown = answer.payload("analysis_summary")
    assert shown["analysis_source"] == "baseline_low_confidence"
    assert gaps(answer) == []
    assert len(shown["analysis"]["features"]) >= 1
    assert shown["analysis"]["strategy"].strip()


@pytest.mark.parametrize("lang", LANGS)
async def test_4_profile_without_routine(autojump_clock: MockClock, lang: str) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {"use_photo": False}, lang, profile=True)
    shown = answer.payload("analysis_summary")
    assert shown["analysis_source"] == "baseline_low_confidence"
    sure = shown["diagnosis_artifact"]["overall_confidence"]
    assert (sure["score"], sure["level"]) == (0.54, "low")
    assert shown["recommendation_ready"] is False
    (notice,) = notices(answer)
    assert notice["reason"] == "low_confidence"
    assert notice["actions"] == ["upload_daylight_and_indoor_white", "update_current_routine"]
    assert notice["confidence"] == sure
    assert shown["ingredient_plan"]["intensity"] == "gentle"
    assert answer.card("ingredient_plan")["payload"]["confidence"]["level"] == "low"


@pytest.mark.parametrize("lang", LANGS)
async def test_5_profile_and_routine(autojump_clock: MockClock, lang: str) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {"use_photo": False, "currentRoutine": R}, lang, profile=True)
    shown = answer.payload("analysis_summary")
    assert shown["analysis_source"] == "rule_based"
    sure = shown["diagnosis_artifact"]["overall_confidence"]
    assert (sure["score"], sure["level"]) == (0.75, "medium")
    assert "photo_skipped" in sure["rationale"]
    assert shown["recommendation_ready"] is True
    assert shown["ingredient_plan"]["targets"]
    assert notices(answer) == []
    assert answer.patch["state"]["latest_artifact_id"] == shown["diagnosis_artifact"]["artifact_id"]
    assert answer.event("value_moment")["data"] == {
        "kind": "skin_analysis",
        "used_photos": False,
        "analysis_source": "rule_based",
    }
    assert shown["used_photos"] is False


async def test_5_the_routine_and_the_artifact_are_remembered(autojump_clock: MockClock) -> None:
    """The next analysis needs no routine in its body; the profile shows it."""
    async with web(IN_MEMORY) as client:
        await analyse(client, {"use_photo": False, "currentRoutine": R}, profile=True)
        again = await analyse(client, {"use_photo": False})
        profile = (await client.get("/v1/session/bootstrap")).patch["profile"]
    assert again.payload("analysis_summary")["analysis_source"] == "rule_based"
    assert profile["currentRoutine"] == R


@pytest.mark.parametrize("lang", LANGS)
async def test_6_empty_photos(autojump_clock: MockClock, lang: str) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {"use_photo": False, "photos": []}, lang)
    assert answer.payload("analysis_summary")["analysis_source"] == "baseline_low_confidence"
    assert "profile.currentRoutine" not in [field for field, _ in gaps(answer)]


async def test_7_a_photo_without_id(autojump_clock: MockClock) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {"photos": [{"slot_id": "daylight", "qc_status": "passed"}]})
    shown = answer.payload("analysis_summary")
    assert shown["photos_provided"] is False
    assert shown["photo_qc"] == ["daylight:passed"]


@pytest.mark.parametrize("lang", LANGS)
async def test_8_a_photo_that_failed_its_check(autojump_clock: MockClock, lang: str) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {"use_photo": True, "currentRoutine": R, "photos": [ph("fail")]}, lang)
    shown = answer.payload("analysis_summary")
    assert shown["analysis_source"] == "retake"
    assert shown["quality_report"]["photo_quality"] == {"grade": "fail", "reasons": ["qc_failed"]}
    assert {node["decision"] for node in shown["quality_report"]["llm"].values()} == {"skip"}
    assert gaps(answer) == []
    assert ("photo" if lang == "EN" else "照片") in shown["analysis"]["features"][0]["observation"]
    card = shown["analysis"]["next_action_card"]
    assert [len(card[k]) for k in ("retake_guide", "meanwhile_plan", "ask_3_questions")] == [3, 3, 3]


@pytest.mark.parametrize("lang", LANGS)
async def test_9_a_failed_photo_and_no_routine(autojump_clock: MockClock, lang: str) -> None:
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, {"use_photo": True, "photos": [ph("failed")]}, lang, profile=True)
    assert answer.payload("analysis_summary")["analysis_source"] == "retake"
    assert "routine_or_recent_logs_required" in [reason for _, reason in gaps(answer)]
    assert [n["reason"] for n in notices(answer)] == ["low_confidence"]


@pytest.mark.parametrize("lang", LANGS)
async def test_15_a_photo_that_cannot_be_fetched(autojump_clock: MockClock, lang: str) -> None:
    """Without a photo bridge the code is that of row 20."""
    sent = {"use_photo": True, "currentRoutine": R, "photos": [ph("passed")]}
    async with web(IN_MEMORY) as client:
        answer = await analyse(client, sent, lang, profile=True)
    shown = answer.payload("analysis_summary")
    assert shown["analysis_source"] == "rule_based_with_photo_qc"
    assert shown["photo_notice"]["failure_code"] == "DOWNLOAD_URL_GENERATE_FAILED"
    assert ("analysis.used_photos", "DOWNLOAD_URL_GENERATE_FAILED") in gaps(answer)
    assert shown["diagnosis_artifact"]["overall_confidence"]["level"] == "low"
    told = json.dumps(shown["analysis"]).lower()
    assert "acne" not in told
    assert "pigmentation" not in told


@pytest.mark.parametrize("lang", LANGS)
async def test_27_the_budget_fires(autojump_clock: MockClock, lang: str) -> None:
    """The section 24 envelope exactly; nothing of the run is kept. Here it is the store that stalls."""
    store = FakeStore(read_ms=math.inf)
    house, _, _ = house_for(Settings(analysis_budget_ms=1000), store=store)
    sent = {"use_photo": True, "currentRoutine": R, "photos": [ph("passed")]}
    answer = await analyse(client_of(house), sent, lang)
    assert answer.status == 200
    assert [c["type"] for c in answer.json["cards"]] == ["analysis_summary", "confidence_notice"]
    assert gaps(answer) == [("analysis", "analysis_budget_timeout")]
    shown = answer.payload("analysis_summary")
    assert shown["analysis_source"] == "baseline_low_confidence"
    assert shown["low_confidence"] is True
    assert shown["photos_provided"] is True
    assert shown["photo_qc"] == []
    assert shown["used_photos"] is False
    assert shown["recommendation_ready"] is False
    assert not {"diagnosis_artifact", "ingredient_plan", "photo_notice"} & set(shown)
    quality = shown["quality_report"]
    assert quality["photo_quality"] == {"grade": "unknown", "reasons": ["analysis_budget_timeout"]}
    skipped = {"decision": "skip", "reasons": ["analysis_budget_timeout"]}
    assert quality["llm"] == {"vision": skipped, "report": skipped}
    (notice,) = notices(answer)
    assert notice["reason"] == "timeout_degraded"
    assert notice["severity"] == "warn"
    assert notice["confidence"] == {"score": 0.35, "level": "low", "rationale": ["analysis_budget_timeout"]}
    assert notice["actions"] == [
        "retry_analysis",
        "upload_daylight_and_indoor_white",
        "update_current_routine",
    ]
    assert notice["details"] == quality["reasons"]
    for text in (shown["analysis"]["strategy"], notice["message"], *quality["reasons"]):
        assert bool(CJK.search(text)) is (lang == "CN")
    assert answer.patch == {
        "next_state": "DIAG_ANALYSIS_SUMMARY",
        "state": {"_internal_next_state": "S5_ANALYSIS_SUMMARY"},
    }
    assert [e["event_name"] for e in answer.json["events"]] == ["value_moment", "analysis_timeout_degraded"]
    assert answer.event("analysis_timeout_degraded")["data"] == {"budget_ms": 1000}
    assert [type(new.fact) for new in store.appended] == [AnalysisTimedOut]


@pytest.mark.parametrize("lang", LANGS)
async def test_28_the_kill_switch(autojump_clock: MockClock, lang: str) -> None:
    switched_off = msgspec.structs.replace(IN_MEMORY, llm_kill_switch=True)
    house, script, _ = house_for(
        msgspec.structs.replace(switched_off, decision_base_url="http://decision.test")
    )
    answer = await analyse(client_of(house), {"currentRoutine": R, "use_photo": False}, lang)
    quality = answer.payload("analysis_summary")["quality_report"]
    for node in quality["llm"].values():
        assert (node["decision"], node["reasons"]) == ("skip", ["llm_kill_switch"])
    assert quality["reasons"]
    assert not [q for q in script.asked if isinstance(q, DecisionChat)]


@pytest.mark.parametrize("lang", LANGS)
async def test_29_the_database_is_down(autojump_clock: MockClock, lang: str) -> None:
    house, _, _ = house_for(store=FakeStore(error=StoreError("unavailable", "57P01")))
    answer = await analyse(client_of(house), {"currentRoutine": R, "use_photo": False}, lang)
    assert answer.status == 200
    shown = answer.payload("analysis_summary")
    assert shown["diagnosis_artifact"]["artifact_id"].startswith("da_")
    assert ("diagnosis_artifact", "db_unavailable") in gaps(answer)


BODIES: dict[str, dict[str, Any]] = {
    "3": {},
    "4": {"use_photo": False},
    "5": {"use_photo": False, "currentRoutine": R},
    "5 with actives": {"use_photo": False, "currentRoutine": "retinol and AHA at night, it stings"},
    "6": {"use_photo": False, "photos": []},
    "7": {"photos": [{"slot_id": "daylight", "qc_status": "passed"}]},
    "8": {"use_photo": True, "currentRoutine": R, "photos": [ph("fail")]},
    "9": {"use_photo": True, "photos": [ph("failed")]},
    "15": {"use_photo": True, "currentRoutine": R, "photos": [ph("passed")]},
    "requested, none came": {"use_photo": True, "currentRoutine": R},
    "unreadable, no routine": {"photos": [ph("warn")]},
}


@pytest.mark.parametrize("row", BODIES)
@pytest.mark.parametrize("profile", [True, False])
async def test_both_languages_decide_the_same(autojump_clock: MockClock, row: str, profile: bool) -> None:
    """Reasons, actions, confidence, plan, gaps and state agree; the words are of the language asked for."""
    answers = {}
    for lang in LANGS:
        async with web(IN_MEMORY) as client:
            answers[lang] = await analyse(client, BODIES[row], lang, profile=profile)
    en, cn = (decided(answers[lang]) for lang in LANGS)
    assert en == cn
    for lang in LANGS:
        shown = answers[lang].payload("analysis_summary")["analysis"]
        for text in (answers[lang].text, shown["strategy"], *(f["observation"] for f in shown["features"])):
            assert bool(CJK.search(text)) is (lang == "CN"), text


@pytest.mark.parametrize("lang", LANGS)
async def test_a_report_keeps_its_features_in_both_languages(autojump_clock: MockClock, lang: str) -> None:
    """C 16 row 2 with decision 25."""
    lines = (
        ["Oil gathers on the nose.", "The barrier is steady."]
        if lang == "EN"
        else ["鼻翼偏油。", "屏障稳定。"]
    )
    report = {
        "features": [{"observation": line, "confidence": "somewhat_sure"} for line in lines],
        "strategy": "Any stinging?" if lang == "EN" else "最近刺痛吗？",
        "needs_risk_check": False,
    }
    reply = DecisionReply(answer=msgspec.json.encode(report).decode())
    house, _, store = house_for(
        Settings(decision_base_url="http://decision.test"),
        store=FakeStore(Memory(profile=Profile(**P))),
        answers={DecisionChat: after(50, reply)},
    )
    answer = await analyse(client_of(house), {"currentRoutine": R, "use_photo": False}, lang)
    shown = answer.payload("analysis_summary")
    assert shown["analysis_source"] == "aurora_text"
    assert lines == [f["observation"] for f in shown["analysis"]["features"]][1:3]
    assert [new.fact.source for new in store.appended if isinstance(new.fact, AnalysisCompleted)] == [
        "aurora_text"
    ]
