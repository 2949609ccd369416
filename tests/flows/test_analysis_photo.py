"""A photo in the analysis flow: who gets how much time, what a worker's end means, what is kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock

from aurora.actors.findings import Failure
from aurora.actors.pixels import pixel_pool
from aurora.actors.questions import (
    AskVision,
    DecisionChat,
    LookAtPhoto,
    PhotoSeen,
    ReadVision,
    VisionAnswer,
    VisionReady,
)
from aurora.contract.memory import Memory
from aurora.contract.requests import PhotoRef
from aurora.contract.turn import Identity
from aurora.flows.analysis import analysis
from aurora.rules.analysis.content import Feature
from aurora.rules.analysis.report_answer import Report
from aurora.settings import Settings
from aurora.store.facts import AnalysisCompleted, AnalysisTimedOut
from tests.actors.test_pixels import misbehave
from tests.contract.test_c32_analysis import PATH, R, summary
from tests.flows.test_analysis import BUDGET_MS, GOOD, PERSON, body
from tests.rules.test_analysis_photo import SURE, read
from tests.support.fakes import NEVER, Played, after, play, turn_for
from tests.support.photos import photo_house, picture
from tests.support.sandbox import Served

SETTINGS = Settings(
    analysis_budget_ms=BUDGET_MS, decision_base_url="http://decision.test", skin_vision_enabled=True
)
PHOTO = PhotoRef(slot_id="daylight", photo_id="upl_7", qc_status="passed")
OPEN = PhotoSeen(measured=read("pass").measured)  # leaves things open: models are asked
READY = VisionReady(provider="gemini")
SAW = VisionAnswer(
    provider="gemini",
    attempts=1,
    latency_ms=5,
    report=Report((Feature("A calm face.", "pretty_sure"),) * 3, "Keep on. Does it sting?", False),
)
BLIND = VisionAnswer(provider="gemini", code="VISION_UPSTREAM_5XX", attempts=1)


async def run(answers: dict[Any, Any], **settings: Any) -> Played:
    request = body(use_photo=True, photos=[PHOTO])
    return await play(
        analysis,
        turn_for("analysis", request),
        settings=msgspec.structs.replace(SETTINGS, **settings),
        memory=Memory(profile=PERSON),
        answers={ReadVision: READY, **answers},
        budget=("analysis", BUDGET_MS),
    )


def shown(played: Played) -> dict[str, Any]:
    (found,) = played.cards("analysis_summary")
    return found


def asked(played: Played, kind: type) -> list[Any]:
    return [q for q in played.asked if isinstance(q, kind)]


async def test_the_photo_gets_its_share_of_what_is_left(autojump_clock: MockClock) -> None:
    played = await run({LookAtPhoto: NEVER, AskVision: SAW, DecisionChat: GOOD})
    (question,) = asked(played, LookAtPhoto)
    assert (question.fetch_ms, question.cap_ms) == (BUDGET_MS * 4 // 10, BUDGET_MS * 7 // 10)
    assert shown(played)["analysis_source"] == "rule_based_with_photo_qc"
    assert played.elapsed_ms == BUDGET_MS * 7 // 10
    assert asked(played, AskVision) == []


async def test_the_first_model_may_run_to_the_deadline(autojump_clock: MockClock) -> None:
    played = await run({LookAtPhoto: after(90, OPEN), AskVision: after(880, SAW)})
    assert shown(played)["analysis_source"] == "vision_gemini"
    assert asked(played, AskVision)[0].cap_ms == 0
    assert played.facts_of(AnalysisCompleted)


@pytest.mark.parametrize("model", [AskVision, DecisionChat])
async def test_a_first_model_that_is_cut_leaves_the_baseline_and_nothing_else(
    autojump_clock: MockClock, model: type
) -> None:
    enabled = model is AskVision
    played = await run({LookAtPhoto: OPEN, model: NEVER}, skin_vision_enabled=enabled)
    assert shown(played)["analysis_source"] == "baseline_low_confidence"
    assert played.elapsed_ms == BUDGET_MS
    assert [type(fact) for fact in played.facts if not _routine(fact)] == [AnalysisTimedOut]


async def test_a_second_model_leaves_time_to_conclude(autojump_clock: MockClock) -> None:
    played = await run({LookAtPhoto: OPEN, AskVision: after(100, BLIND), DecisionChat: NEVER})
    assert shown(played)["analysis_source"] == "diagnosis_v1_template"
    assert played.elapsed_ms == BUDGET_MS - 500
    assert shown(played)["quality_report"]["llm"]["vision"]["reasons"] == [
        "VISION_UPSTREAM_5XX",
        "VISION_CV_FALLBACK_USED",
    ]


async def test_pixels_that_settle_it_need_no_model(autojump_clock: MockClock) -> None:
    played = await run({LookAtPhoto: PhotoSeen(measured=SURE.measured)})
    assert asked(played, AskVision) == asked(played, DecisionChat) == []
    quality = shown(played)["quality_report"]["llm"]
    assert quality["vision"]["reasons"] == quality["report"]["reasons"] == ["detector_confident_template"]


@pytest.mark.parametrize(
    ("failure", "source", "reason"),
    [
        ("crashed", "retake", "pixel_crashed"),
        ("timeout", "rule_based_with_photo_qc", "qc_passed"),
        ("admission", "rule_based_with_photo_qc", "qc_passed"),
    ],
)
async def test_a_worker_s_end_is_no_end_of_the_turn(
    autojump_clock: MockClock, failure: Any, source: str, reason: str
) -> None:
    """A picture that kills its reader is the picture's fault; waiting too long is ours."""
    played = await run({LookAtPhoto: Failure(actor="pixels", code=failure), DecisionChat: NEVER})
    assert shown(played)["analysis_source"] == source
    assert reason in shown(played)["quality_report"]["photo_quality"]["reasons"]
    assert shown(played)["used_photos"] is False
    assert "photo_notice" not in shown(played)
    missing = [(g["field"], g["reason"]) for g in played.body["cards"][0]["field_missing"]]
    assert ("analysis.used_photos", "diagnosis_failed") in missing


# --- real workers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "source"), [(b"hang", "rule_based_with_photo_qc"), (b"crash", "retake"), (b"exit", "retake")]
)
async def test_a_decoder_that_hangs_or_crashes_costs_its_worker_alone(
    sandbox: Served, data: bytes, source: str
) -> None:
    """The next photo is measured as if nothing had been."""
    async with (
        pixel_pool(workers=1, job=misbehave) as pool,
        photo_house(sandbox, pixels=pool, analysis_budget_ms=3000) as client,
    ):
        await pool.measure(picture("golden"), trio.current_time() + 60)
        client.house.photos.cache.put("u1", "upl_bad", data)
        client.house.photos.cache.put("u1", "upl_good", picture("golden"))
        answer = await client.post(PATH, _sent("upl_bad"))
        assert summary(answer)["analysis_source"] == source
        await pool.measure(picture("golden"), trio.current_time() + 60)
        answer = await client.post(PATH, _sent("upl_good"))
        assert summary(answer)["analysis_source"] == "diagnosis_v1_template"
        assert (await client.house.store.read(Identity("u1", None), None)).artifact is not None


def _sent(photo_id: str) -> dict[str, Any]:
    photos = [{"slot_id": "daylight", "photo_id": photo_id, "qc_status": "passed"}]
    return {"use_photo": True, "currentRoutine": R, "photos": photos}


def _routine(fact: object) -> bool:
    return type(fact).__name__ == "ProfilePatched"
