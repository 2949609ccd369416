"""Contract C 32, rows 10 to 28, and C 30: an analysis over real pixels; row numbers kept.

The bridge, the storage and the models are the sandbox on a real socket; pixels are read in the test's own
process, except where a worker itself is the subject. Row 10 is as decision 24 has it, golden as decision 26.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from aurora import telemetry
from aurora.contract.turn import Identity
from aurora.sandbox.photos import STORAGE
from tests.support.photos import photo_house, picture, taken_in
from tests.support.sandbox import Served
from tests.support.web import WebAnswer, WebClient

PATH = "/v1/analysis/skin"
P = {"skinType": "oily", "sensitivity": "low", "barrierStatus": "healthy", "goals": ["acne", "hydration"]}
R = "AM gentle cleanser and SPF, PM moisturizer"
LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])
CJK = re.compile(r"[\u4e00-\u9fff]")
VISION = {"skin_vision_enabled": True, "gemini_api_key": "gemini-key"}
BOTH = {**VISION, "openai_api_key": "openai-key"}
MARKER = "VISION_CV_FALLBACK_USED"


async def analyse(
    client: WebClient,
    photo_id: str | None,
    lang: str = "EN",
    *,
    qc: str = "passed",
    routine: bool = True,
    profile: bool = True,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> WebAnswer:
    """{use_photo:true, R, ph(qc)} of P."""
    if profile:
        assert (await client.post("/v1/profile/update", P)).status == 200
    sent: dict[str, Any] = {"use_photo": True, **more}
    if routine:
        sent["currentRoutine"] = R
    if photo_id is not None:
        sent["photos"] = [{"slot_id": "daylight", "photo_id": photo_id, "qc_status": qc}]
    return await client.post(PATH, sent, headers={"X-Lang": lang, "X-Brief-ID": "b1", **(headers or {})})


async def analysed(sandbox: Served, name: str, lang: str = "EN", **how: Any) -> WebAnswer:
    """One analysis of one picture, uploaded before and fetched again."""
    asked = {key: how.pop(key) for key in ("qc", "routine", "profile") if key in how}
    async with photo_house(sandbox, **how) as client:
        photo_id = await taken_in(client, picture(name))
        return await analyse(client, photo_id, lang, **asked)


def summary(answer: WebAnswer) -> dict[str, Any]:
    assert answer.status == 200
    return answer.payload("analysis_summary")


def gaps(answer: WebAnswer) -> list[tuple[str, str]]:
    return [(g["field"], g["reason"]) for g in answer.card("analysis_summary")["field_missing"]]


def photo_gaps(answer: WebAnswer) -> list[tuple[str, str]]:
    return [(field, reason) for field, reason in gaps(answer) if field.startswith(("analysis", "profile"))]


def vision(answer: WebAnswer) -> tuple[str, list[str]]:
    node = summary(answer)["quality_report"]["llm"]["vision"]
    return node["decision"], node["reasons"]


def report(answer: WebAnswer) -> tuple[str, list[str]]:
    node = summary(answer)["quality_report"]["llm"]["report"]
    return node["decision"], node["reasons"]


def calls(sandbox: Served, upstream: str, path: str = "/") -> list[Any]:
    return [c for c in sandbox.state.calls if c.upstream == upstream and c.path.startswith(path)]


def fetches(sandbox: Served) -> list[Any]:
    return [c for c in calls(sandbox, "storage") if c.method == "GET"]


def spoken_in(lang: str, text: str) -> None:
    bare = text.replace("From photo:", "")
    assert bool(CJK.search(bare)) is (lang == "CN"), text


def drawable(answer: WebAnswer, lang: str) -> None:
    """What the client needs: three features, three numbered lines before any other list, its language."""
    told = summary(answer)["analysis"]
    assert len(told["features"]) >= 3
    lines = told["strategy"].split("\n")
    numbered = [line for line in lines if re.match(r"\d\. ", line)]
    assert len(numbered) >= 3
    assert all(len(line) <= 92 for line in numbered)
    assert not any(line.startswith("-") for line in lines[: lines.index(numbered[0])])
    spoken_in(lang, told["strategy"])
    spoken_in(lang, answer.text)
    for feature in told["features"]:
        spoken_in(lang, feature["observation"])


def metric(name: str, **labels: str) -> float:
    """A counter's value now."""
    families = text_string_to_metric_families(telemetry.render_metrics().decode())
    return sum(
        sample.value for family in families for sample in family.samples
        if sample.name == name and all(sample.labels.get(k) == v for k, v in labels.items())
    )  # fmt: skip


# --- what is fetched and measured


@LANGS
async def test_row_10_a_photo_without_a_routine_is_measured_all_the_same(sandbox: Served, lang: str) -> None:
    answer = await analysed(sandbox, "golden", lang, routine=False, decision=True, **VISION)
    shown = summary(answer)
    assert shown["used_photos"] is True
    assert shown["analysis_source"] == "diagnosis_v1_template"
    assert photo_gaps(answer) == [("profile.currentRoutine", "routine_or_recent_logs_required")]
    assert "photo_notice" not in shown
    sure = shown["diagnosis_artifact"]["overall_confidence"]
    assert sure["level"] == "medium"
    assert "routine_and_logs_unknown" in sure["rationale"]
    for told in (vision(answer), report(answer)):
        assert told == ("skip", ["missing_primary_input"])
    assert calls(sandbox, "vision") == calls(sandbox, "decision") == []
    drawable(answer, lang)


async def test_row_11_a_photo_that_is_sent_is_wanted(sandbox: Served) -> None:
    async with photo_house(sandbox) as client:
        photo_id = await taken_in(client, picture("golden"))
        photos = [{"slot_id": "daylight", "photo_id": photo_id, "qc_status": "passed"}]
        answer = await client.post(PATH, {"currentRoutine": R, "photos": photos})
    assert summary(answer)["used_photos"] is True
    assert "photo_not_requested" not in vision(answer)[1]


@LANGS
async def test_row_12_pixels_alone(sandbox: Served, lang: str) -> None:
    answer = await analysed(sandbox, "golden", lang)
    shown = summary(answer)
    assert shown["analysis_source"] == "diagnosis_v1_template"
    assert shown["used_photos"] is True
    told = shown["analysis"]
    assert [f["finding_id"] for f in told["photo_findings"]] == [f["finding_id"] for f in told["findings"]]
    assert sorted(f["finding_id"] for f in told["findings"]) == [
        "pf_acne", "pf_redness", "pf_shine", "pf_texture", "pf_tone",
    ]  # fmt: skip
    assert any(t["text"].startswith("From photo:") for t in told["takeaways"])
    assert shown["diagnosis_artifact"]["overall_confidence"]["level"] == "high"
    assert shown["diagnosis_artifact"]["analysis_context"]["used_photos"] is True
    assert shown["diagnosis_artifact"]["source_mix"][0] == "photo"
    assert (
        shown["ingredient_plan"]["confidence"]["score"]
        <= (shown["diagnosis_artifact"]["overall_confidence"]["score"])
    )
    assert shown["recommendation_ready"] is True
    assert shown["quality_report"]["detector_policy"]["uncertainty"] is True
    assert vision(answer) == ("fallback", ["VISION_DISABLED_BY_FLAG", MARKER])
    assert photo_gaps(answer) == []
    assert "photo_notice" not in shown
    assert not {"next_action_card", "ask_3_questions", "retake_guide"} & set(told)
    assert answer.event("value_moment")["data"] == {
        "kind": "skin_analysis", "used_photos": True, "analysis_source": "diagnosis_v1_template",
    }  # fmt: skip
    drawable(answer, lang)


@LANGS
async def test_row_12_what_is_found_is_placed_and_carries_the_plan(sandbox: Served, lang: str) -> None:
    answer = await analysed(sandbox, "red", lang)
    shown = summary(answer)
    told = shown["analysis"]
    first = told["findings"][0]
    assert (first["finding_id"], first["severity"] >= 2) == ("pf_redness", True)
    assert told["evidence_regions"]
    for region in told["evidence_regions"]:
        box = region["region"]["bbox_norm"]
        assert 0 <= box["x0"] < box["x1"] <= 1
        assert 0 <= box["y0"] < box["y1"] <= 1
        spoken_in(lang, region["evidence_text"])
    photo = [t for t in told["takeaways"] if t["source"] == "photo"]
    assert [t["issue_type"] for t in photo] == [f["issue_type"] for f in told["findings"] if f["severity"]]
    assert all(t["text"].startswith("From photo: ") for t in photo)
    (pause,) = told["plan"]["today"]["pause_now"]
    assert "pf_redness" in pause["why"]
    assert pause["linked_finding_ids"] == ["pf_redness"]
    assert pause["linked_takeaway_ids"] == [photo[0]["takeaway_id"]]
    concerns = [c["id"] for c in shown["diagnosis_artifact"]["concerns"]]
    assert concerns == ["redness", "acne", "hydration"]
    for part in json.loads(json.dumps(told["plan"]), object_hook=lambda o: o.get("what", o)).values():
        spoken_in(lang, json.dumps(part, ensure_ascii=False))
    assert shown["ingredient_plan"]["intensity"] == "gentle"
    drawable(answer, lang)


@LANGS
async def test_row_13_a_picture_without_a_face(sandbox: Served, lang: str) -> None:
    answer = await analysed(sandbox, "solid", lang)
    shown = summary(answer)
    assert shown["analysis_source"] == "retake"
    assert shown["used_photos"] is True
    quality = shown["quality_report"]["photo_quality"]
    assert quality["grade"] == "fail"
    assert {"pixel_blur", "pixel_no_face"} <= set(quality["reasons"])
    assert shown["analysis"]["findings"] == shown["analysis"]["takeaways"] == []
    assert len(shown["analysis"]["next_action_card"]["retake_guide"]) == 3
    assert shown["diagnosis_artifact"]["overall_confidence"]["level"] == "low"
    drawable(answer, lang)


@LANGS
async def test_row_14_bytes_that_are_no_picture(sandbox: Served, lang: str) -> None:
    answer = await analysed(sandbox, "broken", lang)
    shown = summary(answer)
    assert shown["analysis_source"] == "retake"
    assert shown["used_photos"] is False
    assert ("analysis.used_photos", "diagnosis_failed") in gaps(answer)
    assert "pixel_decode_failed" in shown["quality_report"]["photo_quality"]["reasons"]
    assert "photo_notice" not in shown
    drawable(answer, lang)


# --- what cannot be fetched

REFUSED = [
    ("15", "storage", "status=403", None, "DOWNLOAD_URL_FETCH_4XX", 1),
    ("16", "storage", "status=410", None, "DOWNLOAD_URL_EXPIRED", 1),
    ("17", "storage", "status=503", None, "DOWNLOAD_URL_FETCH_5XX", 3),
    ("19", "storage", "stall", None, "DOWNLOAD_URL_TIMEOUT", 3),
    ("20", "photos", "status=500", None, "DOWNLOAD_URL_GENERATE_FAILED", 0),
    ("20", "photos", "", {"download": {"url": ""}}, "DOWNLOAD_URL_GENERATE_FAILED", 0),
    (
        "16", "photos", "",
        {"download": {"url": "http://127.0.0.1:9/x", "expires_at": "2020-01-01T00:00:00Z"}},
        "DOWNLOAD_URL_EXPIRED", 0,
    ),
    ("18", "photos", "", {"download": {"url": "http://nowhere.invalid/x"}}, "DOWNLOAD_URL_DNS", 0),
]  # fmt: skip


@LANGS
@pytest.mark.parametrize(("row", "upstream", "fault", "said", "code", "attempts"), REFUSED)
async def test_rows_15_to_20_a_photo_that_cannot_be_fetched(
    sandbox: Served, lang: str, row: str, upstream: Any, fault: str, said: Any, code: str, attempts: int
) -> None:
    fast: dict[str, Any] = {"photo_fetch_timeout_ms": 300, "photo_fetch_total_timeout_ms": 1500}
    async with photo_house(sandbox, photo_fetch_retries=2, **fast, **VISION) as client:
        photo_id = await taken_in(client, picture("golden"))
        literal = None if said is None else msgspec.json.encode(said)
        sandbox.state.script(upstream, fault, times=None, body=literal)
        answer = await analyse(client, photo_id, lang)
    shown = summary(answer)
    assert shown["analysis_source"] == "rule_based_with_photo_qc", row
    assert shown["used_photos"] is False
    assert shown["photo_notice"]["failure_code"] == code
    assert code in shown["photo_notice"]["message"]
    spoken_in(lang, shown["photo_notice"]["message"])
    if lang == "EN":
        assert "couldn't analyze your photo" in shown["photo_notice"]["message"]
    assert gaps(answer).count(("analysis.used_photos", code)) == 1
    assert len(fetches(sandbox)) == attempts
    assert shown["diagnosis_artifact"]["overall_confidence"]["level"] == "low"
    assert shown["ingredient_plan"]["confidence"]["level"] == "low"
    assert vision(answer) == ("fallback", ["VISION_IMAGE_FETCH_FAILED"])
    assert calls(sandbox, "vision") == []
    card = shown["analysis"]["next_action_card"]
    assert [len(card[k]) for k in ("retake_guide", "ask_3_questions")] == [3, 3]
    words = json.dumps(shown["analysis"]).lower()
    assert "acne" not in words
    assert "pigmentation" not in words
    drawable(answer, lang)


async def test_row_20_nobody_to_ask(sandbox: Served) -> None:
    async with photo_house(sandbox, backend_api_key="") as client:
        answer = await analyse(client, "upl_7")
    assert summary(answer)["photo_notice"]["failure_code"] == "DOWNLOAD_URL_GENERATE_FAILED"
    assert calls(sandbox, "photos") == []


async def test_row_21_a_shop_s_session_speaks_alone_and_the_storage_hears_nobody(sandbox: Served) -> None:
    async with photo_house(sandbox) as client:
        photo_id = await taken_in(client, picture("golden"))
        await analyse(client, photo_id, headers={"X-Checkout-Token": "shop-secret"})
    (asked,) = calls(sandbox, "photos", "/photos/download-url")
    assert asked.auth == ["X-Checkout-Token"]
    (fetched,) = fetches(sandbox)
    assert fetched.auth == []
    assert fetched.path.startswith(STORAGE)


async def test_a_photo_that_just_came_is_not_fetched_again(sandbox: Served) -> None:
    async with photo_house(sandbox, **VISION) as client:
        photo_id = await taken_in(client, picture("golden"), kept=True)
        answer = await analyse(client, photo_id)
    assert summary(answer)["analysis_source"] == "vision_gemini"
    assert fetches(sandbox) == []
    assert calls(sandbox, "photos", "/photos/download-url") == []


async def test_a_photo_is_fetched_once_for_pixels_and_model(sandbox: Served) -> None:
    answer = await analysed(sandbox, "golden", **VISION)
    assert vision(answer) == ("call", ["quality_pass"])
    assert len(fetches(sandbox)) == 1


# --- models


@LANGS
async def test_row_22_a_model_looks(sandbox: Served, lang: str) -> None:
    answer = await analysed(sandbox, "golden", lang, decision=True, **VISION)
    shown = summary(answer)
    assert shown["analysis_source"] == "vision_gemini"
    assert vision(answer) == ("call", ["quality_pass"])
    lines = [f["observation"] for f in shown["analysis"]["features"]]
    assert ("A slight shine along the nose" if lang == "EN" else "鼻部有一点油光") in lines
    assert calls(sandbox, "decision") == [], "the model that looked is enough"
    node = shown["quality_report"]["llm"]["vision"]
    assert node["retry"] == {"attempted": 0, "final": "success", "last_reason": None}
    assert node["latency_ms"] is not None
    assert shown["diagnosis_artifact"]["source_mix"][-1] == "llm"
    assert "photo_notice" not in shown["analysis"]
    drawable(answer, lang)


@LANGS
async def test_row_23_the_other_model_looks(sandbox: Served, lang: str) -> None:
    sandbox.state.script("vision", "status=400")
    answer = await analysed(sandbox, "golden", lang, **BOTH)
    shown = summary(answer)
    assert shown["analysis_source"] == "vision_openai_fallback"
    node = shown["quality_report"]["llm"]["vision"]
    assert (node["provider"], node["fallback_from"]) == ("openai", "gemini")
    assert node["primary_failure_reason"] == "VISION_UPSTREAM_4XX"
    assert any("OpenAI" in reason for reason in shown["quality_report"]["reasons"])
    drawable(answer, lang)


@LANGS
@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [
        ("status=400", "VISION_UPSTREAM_4XX", "re-upload"),
        ("status=503", "VISION_UPSTREAM_5XX", "slow right now"),
        ("status=429", "VISION_RATE_LIMITED", "busy"),
        ("html", "VISION_SCHEMA_INVALID", "temporarily unavailable"),
    ],
)
async def test_row_24_no_model_can_look(sandbox: Served, lang: str, fault: str, code: str, word: str) -> None:
    sandbox.state.script("vision", fault, times=None)
    answer = await analysed(sandbox, "golden", lang, skin_vision_retry_max=0, **BOTH)
    shown = summary(answer)
    assert shown["analysis_source"] == "diagnosis_v1_template"
    assert shown["used_photos"] is True
    assert vision(answer) == ("fallback", [code, MARKER])
    assert photo_gaps(answer) == [("analysis.vision", code)]
    assert word in shown["analysis"]["photo_notice"] or lang == "CN"
    spoken_in(lang, shown["analysis"]["photo_notice"])
    assert "photo_notice" not in shown
    drawable(answer, lang)


async def test_row_25_a_forbidden_word_is_rejected_once(sandbox: Served) -> None:
    sandbox.state.script("vision", "stub=forbidden", times=None)
    answer = await analysed(sandbox, "golden", skin_vision_retry_max=2, **VISION)
    assert vision(answer) == ("fallback", ["VISION_SCHEMA_INVALID", MARKER])
    assert len(calls(sandbox, "vision")) == 1
    assert "rosacea" not in json.dumps(answer.json)


@LANGS
async def test_row_26_a_degraded_photo_is_left_to_the_report(sandbox: Served, lang: str) -> None:
    answer = await analysed(sandbox, "blurred", lang, decision=True)
    shown = summary(answer)
    assert shown["quality_report"]["photo_quality"]["grade"] == "degraded"
    assert "pixel_blur" in shown["quality_report"]["photo_quality"]["reasons"]
    assert shown["analysis_source"] == "aurora_text"
    assert report(answer) == ("call", ["degraded_mode_report"])
    told = [f["confidence"] for f in shown["analysis"]["features"][1:]]
    assert "pretty_sure" not in told
    sure = shown["diagnosis_artifact"]["overall_confidence"]
    assert sure["level"] == "medium"
    assert "photo_qc_degraded" in sure["rationale"]
    drawable(answer, lang)


@pytest.mark.parametrize(
    ("mode", "asked", "spared"),
    [("report", "decision", "vision"), ("vision", "vision", "decision")],
)
async def test_a_degraded_photo_is_shown_to_one_model_only(
    sandbox: Served, mode: str, asked: str, spared: str
) -> None:
    answer = await analysed(sandbox, "blurred", decision=True, skin_degraded_mode=mode, **VISION)
    assert calls(sandbox, asked)
    assert calls(sandbox, spared) == []
    assert summary(answer)["quality_report"]["degraded_mode"] == mode


@LANGS
async def test_row_28_the_kill_switch_keeps_every_model_away(sandbox: Served, lang: str) -> None:
    answer = await analysed(
        sandbox, "golden", lang, decision=True, llm_kill_switch=True, skin_force_vision_call=True, **BOTH
    )
    assert vision(answer) == ("skip", ["llm_kill_switch"])
    assert report(answer) == ("skip", ["llm_kill_switch"])
    assert summary(answer)["quality_report"]["reasons"]
    assert summary(answer)["analysis_source"] == "diagnosis_v1_template"
    assert calls(sandbox, "vision") == calls(sandbox, "decision") == []


# --- time (row 27 and C 30)

FORCED = {"skin_force_vision_call": True, **VISION}


def is_late(answer: WebAnswer) -> bool:
    found = [c["payload"]["reason"] for c in answer.json["cards"] if c["type"] == "confidence_notice"]
    return "timeout_degraded" in found


@LANGS
@pytest.mark.parametrize("fault", ["latency=1600", "latency=1300,reset", "latency=1400", "drip=400", "stall"])
async def test_row_27_and_p0_2_the_budget_fires_while_a_model_looks(
    sandbox: Served, lang: str, fault: str
) -> None:
    sandbox.state.script("vision", fault, times=None)
    async with photo_house(sandbox, analysis_budget_ms=1000, **FORCED) as client:
        photo_id = await taken_in(client, picture("golden"), kept=True)
        answer = await analyse(client, photo_id, lang)
        assert [c["type"] for c in answer.json["cards"]] == ["analysis_summary", "confidence_notice"]
        assert gaps(answer) == [("analysis", "analysis_budget_timeout")]
        assert is_late(answer)
        (notice,) = [c["payload"] for c in answer.json["cards"] if c["type"] == "confidence_notice"]
        assert notice["actions"][0] == "retry_analysis"
        spoken_in(lang, notice["message"])
        assert answer.event("analysis_timeout_degraded")["data"] == {"budget_ms": 1000}
        # Whatever the model says now comes to nobody: there is no artifact, now or later.
        await trio.sleep(0.8)
        memory = await client.house.store.read(Identity("u1", None), "b1")
        assert memory.artifact is None


@pytest.mark.parametrize(("budget_ms", "fault"), [(5000, "latency=150"), (12000, "latency=50")])
async def test_p1_1_a_budget_with_room(sandbox: Served, budget_ms: int, fault: str) -> None:
    sandbox.state.script("vision", fault, times=None)
    answer = await analysed(sandbox, "golden", analysis_budget_ms=budget_ms, **FORCED)
    assert not is_late(answer)
    assert summary(answer)["analysis_source"] == "vision_gemini"


async def test_p1_1_a_model_without_features_is_no_crash(sandbox: Served) -> None:
    said = {"strategy": "Keep it gentle. Does it sting?"}
    part = {"text": json.dumps(said)}
    body = json.dumps({"candidates": [{"content": {"parts": [part]}}]}).encode()
    sandbox.state.script("vision", times=None, body=body)
    answer = await analysed(sandbox, "golden", **FORCED)
    assert summary(answer)["analysis_source"] == "vision_gemini"
    drawable(answer, "EN")


async def test_a_slow_storage_leaves_time_for_an_answer(sandbox: Served) -> None:
    """Fetching gets 40 % of what is left; the answer rests on what is known."""
    async with photo_house(sandbox, analysis_budget_ms=1000) as client:
        photo_id = await taken_in(client, picture("golden"))
        sandbox.state.script("storage", "stall", times=None)
        answer = await analyse(client, photo_id)
    assert not is_late(answer)
    assert summary(answer)["photo_notice"]["failure_code"] == "DOWNLOAD_URL_TIMEOUT"


# --- keys, flags, forced (C 30)


@LANGS
@pytest.mark.parametrize("name", ["golden", "solid"])
async def test_missing_key(sandbox: Served, lang: str, name: str) -> None:
    counted = [
        ("vision_calls_total", {"provider": "gemini", "decision": "fallback"}),
        ("vision_fallback_total", {"provider": "gemini", "reason": "VISION_MISSING_KEY"}),
        ("vision_fallback_total", {"provider": "gemini", "reason": MARKER}),
    ]
    before = [metric(what, **labels) for what, labels in counted]
    answer = await analysed(sandbox, name, lang, skin_vision_enabled=True)
    assert vision(answer) == ("fallback", ["VISION_MISSING_KEY", MARKER])
    told = summary(answer)["analysis"]
    if lang == "EN":
        assert "temporarily unavailable" in told["photo_notice"]
    if name == "solid":
        assert not [t for t in told["takeaways"] if t["text"].startswith("From photo:")]
        assert told["next_action_card"]
    assert [metric(what, **labels) - then for (what, labels), then in zip(counted, before, strict=True)] == [
        1, 1, 1,
    ]  # fmt: skip


async def test_gemini_is_asked_for_and_only_openai_has_a_key(sandbox: Served) -> None:
    answer = await analysed(sandbox, "golden", skin_vision_enabled=True, openai_api_key="openai-key")
    assert vision(answer) == ("fallback", ["VISION_MISSING_KEY", MARKER])
    assert summary(answer)["quality_report"]["llm"]["vision"]["provider"] == "gemini"
    assert calls(sandbox, "vision") == []


async def test_a_failed_check_with_a_key_and_no_bridge(sandbox: Served) -> None:
    async with photo_house(sandbox, backend_base_url="", decision=True, **VISION) as client:
        answer = await analyse(client, "upl_7", qc="failed")
    assert vision(answer) == ("skip", ["photo_quality_fail_retake"])
    told = json.dumps(answer.json)
    assert "VISION_UNKNOWN" not in told
    assert "temporarily unavailable" not in told
    quality = summary(answer)["quality_report"]["photo_quality"]
    assert (quality["grade"], quality["reasons"]) == ("fail", ["qc_failed"])
    assert calls(sandbox, "decision") == []


async def test_forced_with_a_failed_check_and_no_bridge(sandbox: Served) -> None:
    forced: dict[str, Any] = {"skin_vision_enabled": True, "skin_force_vision_call": True}
    async with photo_house(sandbox, backend_base_url="", decision=True, **forced) as client:
        answer = await analyse(client, "upl_7", qc="failed")
    assert vision(answer) == ("fallback", ["VISION_IMAGE_FETCH_FAILED"])
    shown = summary(answer)
    assert shown["quality_report"]["llm"]["vision"]["upstream_status_code"] is None
    assert shown["analysis_source"] == "rule_based_with_photo_qc"


async def test_row_14b_forced_on_a_photo_that_failed(sandbox: Served) -> None:
    answer = await analysed(sandbox, "golden", qc="failed", **FORCED)
    shown = summary(answer)
    assert (shown["analysis_source"], shown["used_photos"]) == ("vision_gemini", True)
    assert shown["analysis"]["findings"] == []
    assert shown["analysis"]["next_action_card"]


async def test_a_photo_is_asked_for_and_none_came(sandbox: Served) -> None:
    async with photo_house(sandbox, **VISION) as client:
        answer = await analyse(client, None)
    assert vision(answer) == ("skip", ["no_photo_uploaded"])
    assert summary(answer)["analysis_source"] == "rule_based"


async def test_the_better_photo_in_daylight_is_looked_at(sandbox: Served) -> None:
    async with photo_house(sandbox) as client:
        red = await taken_in(client, picture("red"))
        solid = await taken_in(client, picture("solid"))
        sent = {
            "use_photo": True, "currentRoutine": R,
            "photos": [
                {"slot_id": "indoor_white", "photo_id": solid, "qc_status": "passed"},
                {"slot_id": "daylight", "photo_id": solid, "qc_status": "degraded"},
                {"slot_id": "daylight", "qc_status": "passed"},
                {"slot_id": "Daylight", "photo_id": red, "qc_status": "ok"},
            ],
        }  # fmt: skip
        answer = await client.post(PATH, sent)
    assert summary(answer)["analysis"]["findings"][0]["issue_type"] == "redness"
    assert len(fetches(sandbox)) == 1
