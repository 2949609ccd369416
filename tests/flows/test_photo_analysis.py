"""An analysis in the answer to an upload: what it says, and that nothing it does can cost that answer."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from trio.testing import MockClock

from aurora.actors.findings import Failure
from aurora.actors.questions import ConfirmPhoto, LookAtPhoto, PhotoChecked, PhotoSeen
from aurora.contract.memory import Memory, Profile
from aurora.contract.requests import PhotoConfirm
from aurora.flows import photo_analysis, photos
from aurora.settings import Settings
from tests.contract.photo_modules_schema import problems
from tests.flows.test_analysis import PERSON, ROUTINE
from tests.support.fakes import NEVER, FakeStore, Played, after, play, turn_for
from tests.support.photos import measured_once, picture

ON = Settings(photo_auto_analysis=True, photo_modules_enabled=True, analysis_budget_ms=1000)
PASSED = PhotoChecked(photo_id="upl_7", status="passed")
KNOWN = msgspec.structs.replace(PERSON, currentRoutine=ROUTINE)


async def run(
    seen: Any, *, checked: Any = PASSED, settings: Settings = ON, profile: Profile = PERSON, **how: Any
) -> Played:
    if isinstance(seen, str):
        seen = PhotoSeen(measured=measured_once(picture(seen)))
    return await play(
        photos.confirm,
        turn_for(
            "photo_confirm", PhotoConfirm(photo_id="upl_7", slot_id="daylight"), lang=how.pop("lang", "EN")
        ),
        settings=settings,
        answers={ConfirmPhoto: checked, LookAtPhoto: seen},
        budget=("photo", settings.photo_budget_ms),
        **({"store": how["store"]} if "store" in how else {"memory": Memory(profile=profile)}),
    )


def types(played: Played) -> list[str]:
    return [card["type"] for card in played.body["cards"]]


def told(played: Played) -> list[tuple[str, str]]:
    (card,) = [c for c in played.body["cards"] if c["type"] == "analysis_summary"]
    return [(gap["field"], gap["reason"]) for gap in card["field_missing"]]


def events(played: Played) -> list[tuple[str, dict[str, Any]]]:
    return [(event["event_name"], event["data"]) for event in played.body["events"]]


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_a_photo_that_passed_is_analysed_in_the_same_answer(
    autojump_clock: MockClock, lang: str
) -> None:
    played = await run("red", lang=lang)
    assert types(played) == ["photo_confirm", "analysis_summary", "photo_modules_v1"]
    (shown,), (modules,) = played.cards("analysis_summary"), played.cards("photo_modules_v1")
    assert (shown["used_photos"], shown["analysis_source"]) == (True, "diagnosis_v1_template")
    assert shown["photo_qc"] == ["daylight:passed"]
    assert {"diagnosis_artifact", "ingredient_plan", "photo_notice"}.isdisjoint(shown)
    assert shown["recommendation_ready"] is False
    report = shown["quality_report"]
    skipped = {
        "decision": "skip",
        "reasons": ["auto_analysis_diagnosis_v1_only"],
        "downgrade_confidence": False,
    }
    assert report["llm"] == {"vision": skipped, "report": skipped}
    assert "detector_policy" not in report
    assert report["photo_quality"]["grade"] == measured_once(picture("red")).quality.grade
    assert not any(reason.startswith("pixel_") for reason in report["photo_quality"]["reasons"])
    assert told(played) == []  # a routine is not asked for here
    assert problems(modules) == []
    assert all(part["actions"] == [] for part in modules["modules"])
    assert events(played) == [
        ("value_moment", {"kind": "photo_confirm", "qc_status": "passed"}),
        (
            "value_moment",
            {
                "kind": "skin_analysis",
                "used_photos": True,
                "analysis_source": "diagnosis_v1_template",
                "source": "photo_auto",
            },
        ),
    ]
    state = played.body["session_patch"]
    assert state["next_state"] == "DIAG_ANALYSIS_SUMMARY"
    assert state["state"]["_internal_next_state"] == "S5_ANALYSIS_SUMMARY"
    assert played.facts == []  # nothing is kept


async def test_a_photo_without_a_face_asks_for_another_and_not_for_a_routine(
    autojump_clock: MockClock,
) -> None:
    played = await run("solid")
    (shown,) = played.cards("analysis_summary")
    assert (shown["analysis_source"], shown["used_photos"]) == ("retake", True)
    assert told(played) == []
    assert "photo_modules_v1" not in types(played)


@pytest.mark.parametrize("profile", [PERSON, KNOWN], ids=["without_routine", "with_routine"])
@pytest.mark.parametrize(
    ("seen", "source", "gap", "noticed"),
    [
        (PhotoSeen(code="DOWNLOAD_URL_TIMEOUT"), "rule_based_with_photo_qc", "DOWNLOAD_URL_TIMEOUT", True),
        (Failure(actor="pixels", code="timeout"), "rule_based_with_photo_qc", "diagnosis_failed", False),
        (Failure(actor="pixels", code="crashed"), "retake", "diagnosis_failed", False),
    ],
    ids=["not_fetched", "worker_busy", "worker_died"],
)
async def test_a_photo_that_could_not_be_read_says_so(
    autojump_clock: MockClock, seen: Any, source: str, gap: str, noticed: bool, profile: Profile
) -> None:
    played = await run(seen, profile=profile)
    (shown,) = played.cards("analysis_summary")
    assert (shown["analysis_source"], shown["used_photos"]) == (source, False)
    assert ("photo_notice" in shown) is noticed
    asks = profile is PERSON and source != "retake"
    routine = [("analysis.used_photos", "routine_or_recent_logs_required")] if asks else []
    assert told(played) == [("analysis.used_photos", gap), *routine]
    assert shown["low_confidence"] is asks
    assert "photo_modules_v1" not in types(played)


@pytest.mark.parametrize("status", ["degraded", "failed", None])
async def test_only_a_photo_that_passed_is_analysed(autojump_clock: MockClock, status: Any) -> None:
    played = await run("red", checked=PhotoChecked(photo_id="upl_7", status=status))
    assert types(played) == ["photo_confirm"]
    assert not [q for q in played.asked if isinstance(q, LookAtPhoto)]


async def test_by_default_the_client_asks_for_it(autojump_clock: MockClock) -> None:
    played = await run("red", settings=Settings())
    assert types(played) == ["photo_confirm"]


async def test_a_bug_costs_the_analysis_and_nothing_else(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise LookupError("a label that is none")

    monkeypatch.setattr(photo_analysis, "count", broken)
    played = await run("red")
    assert types(played) == ["photo_confirm"]
    assert played.finished.status == 200
    assert played.text != ""
    assert ("error", {"code": "PHOTO_AUTO_ANALYSIS_FAILED"}) in events(played)
    assert played.facts == []


@pytest.mark.parametrize("checking_ms", [0, 6000])
async def test_its_budget_ends_it_and_the_answer_to_the_upload_leaves(
    autojump_clock: MockClock, checking_ms: int
) -> None:
    played = await run(NEVER, checked=after(checking_ms, PASSED), store=FakeStore(read_ms=math.inf))
    assert played.elapsed_ms == checking_ms + ON.analysis_budget_ms
    assert types(played) == ["photo_confirm"]
    assert played.finished.status == 200
    assert events(played) == [("value_moment", {"kind": "photo_confirm", "qc_status": "passed"})]
