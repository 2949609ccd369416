"""The photo card in the analysis flow: behind its flag, beside its summary, true to what was measured."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from trio.testing import MockClock

from aurora.actors.questions import DecisionChat, LookAtPhoto, PhotoSeen
from aurora.contract.envelope import Lang
from aurora.contract.memory import Memory
from aurora.contract.requests import PhotoRef
from aurora.flows.analysis import analysis
from aurora.settings import Settings
from tests.contract.photo_modules_schema import problems
from tests.flows.test_analysis import BUDGET_MS, GOOD, PERSON, body
from tests.support.fakes import NEVER, Played, play, turn_for
from tests.support.photos import measured_once, picture

ON = Settings(analysis_budget_ms=BUDGET_MS, decision_base_url="http://d.test", photo_modules_enabled=True)
PHOTO = PhotoRef(slot_id="daylight", photo_id="upl_7", qc_status="passed")


async def run(seen: Any, *, settings: Settings = ON, lang: Lang = "EN") -> Played:
    if isinstance(seen, str):
        seen = PhotoSeen(measured=measured_once(picture(seen)))
    return await play(
        analysis,
        turn_for("analysis", body(use_photo=True, photos=[PHOTO]), lang=lang),
        settings=settings,
        memory=Memory(profile=PERSON),
        answers={LookAtPhoto: seen, DecisionChat: GOOD},
        budget=("analysis", BUDGET_MS),
    )


def types(played: Played) -> list[str]:
    return [card["type"] for card in played.body["cards"]]


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_a_photo_with_findings_brings_the_card_after_the_summary(
    autojump_clock: MockClock, lang: Lang
) -> None:
    played = await run("red", lang=lang)
    assert types(played)[:2] == ["analysis_summary", "photo_modules_v1"]
    card = played.body["cards"][1]
    assert problems(card["payload"]) == []
    assert card["card_id"] == f"photo_modules_{played.body['request_id']}"
    seen = measured_once(picture("red"))
    measured = {(f.issue_type, e.region) for f in seen.findings for e in f.evidence}
    shown = {(i["issue_type"], m["module_id"]) for m in card["payload"]["modules"] for i in m["issues"]}
    assert shown
    assert shown <= measured
    assert ("redness", "left_cheek") in shown
    assert played.body["session_patch"]["next_state"] == "DIAG_ANALYSIS_SUMMARY"


async def test_the_same_turn_brings_the_same_card(autojump_clock: MockClock) -> None:
    assert (await run("red")).body["cards"][1] == (await run("red")).body["cards"][1]


async def test_without_the_flag_there_is_none(autojump_clock: MockClock) -> None:
    off = msgspec.structs.replace(ON, photo_modules_enabled=False)
    assert "photo_modules_v1" not in types(await run("red", settings=off))


@pytest.mark.parametrize("name", ["solid", "broken"])
async def test_without_a_face_or_a_picture_there_is_none(autojump_clock: MockClock, name: str) -> None:
    played = await run(name)
    assert types(played)[0] == "analysis_summary"
    assert "photo_modules_v1" not in types(played)


@pytest.mark.parametrize(
    "answer", [PhotoSeen(code="DOWNLOAD_URL_TIMEOUT"), NEVER], ids=["not_fetched", "hangs"]
)
async def test_a_photo_that_nobody_saw_brings_none(autojump_clock: MockClock, answer: Any) -> None:
    played = await run(answer)
    assert "photo_modules_v1" not in types(played)


async def test_actions_are_targets_of_the_plan_in_the_same_answer(autojump_clock: MockClock) -> None:
    played = await run("red")
    (modules,), (plan,) = played.cards("photo_modules_v1"), played.cards("ingredient_plan")
    actions = {a["ingredient_id"] for m in modules["modules"] for a in m["actions"]}
    assert actions
    assert actions <= {t["ingredient_id"] for t in plan["targets"]}
