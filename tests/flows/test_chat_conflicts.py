"""Conflict questions in a chat turn: cards, words, events, and nobody else asked (contract B 13, D 8.4)."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.actors.questions import ReadMemory, Remember
from aurora.contract.memory import Memory, Profile
from aurora.settings import Settings
from tests.flows.chat_kit import CORE, RECO, artifact, known, talk

DRAWN = Settings(conflict_heatmap_v1=True)
# Pregnancy is known, so no safety question rides along.
CALM = Profile(
    skinType="oily", sensitivity="low", barrierStatus="healthy", goals=["acne"], age_band="25_34",
    pregnancy_status="not_pregnant",
)  # fmt: skip
SEED = "My PM treatment is retinol. Can I add a glycolic acid toner?"


@pytest.mark.parametrize(
    ("message", "lang", "rule", "severity"),
    [
        (SEED, "EN", "retinoid_x_acids", 2),
        (f"{SEED} Check conflicts.", "EN", "retinoid_x_acids", 2),
        ("Can I layer adapalene and benzoyl peroxide on the same night?", "EN", "retinoid_x_bpo", 3),
        ("Is vitamin C compatible with salicylic acid?", "EN", "vitc_x_acids", 2),
        ("Can AHA and BHA be used together?", "EN", "multiple_exfoliants", 2),
        ("我晚上用阿达帕林，还能叠加果酸吗？", "CN", "retinoid_x_acids", 2),
        ("维 A 和 果 酸 可以同晚用吗", "CN", "retinoid_x_acids", 2),
        ("VC和水杨酸冲突吗", "CN", "vitc_x_acids", 2),
    ],
)
async def test_a_conflict_is_told_drawn_and_counted(
    autojump_clock: Any, message: str, lang: str, rule: str, severity: int
) -> None:
    played = await talk({"message": message}, lang=lang, settings=DRAWN, memory=known(CALM))
    assert played.card_types == ["routine_simulation", "conflict_heatmap"]
    (simulation,) = played.cards("routine_simulation")
    assert simulation["safe"] is False
    assert [(c["rule_id"], c["step_indices"]) for c in simulation["conflicts"]] == [(rule, [0, 1])]
    (drawn,) = played.cards("conflict_heatmap")
    assert drawn["state"] == "has_conflicts"
    assert len(drawn["axes"]["rows"]["items"]) == 2
    assert [item["label_i18n"]["en"] for item in drawn["axes"]["rows"]["items"]] == [
        "PM Treatment",
        "TEST Add-on",
    ]
    assert [cell["severity"] for cell in drawn["cells"]["items"]] == [severity]
    assert played.events("simulate_conflict") == [{"safe": False, "conflicts": 1, "source": "local_chat"}]
    (seen,) = played.events("aurora_conflict_heatmap_impression")
    assert seen == {
        "schema_version": "aurora.ui.conflict_heatmap.v1",
        "state": "has_conflicts",
        "num_steps": 2,
        "num_cells_nonzero": 1,
        "num_unmapped_conflicts": 0,
        "max_severity": severity,
        "routine_simulation_safe": False,
        "routine_conflict_count": 1,
        "trigger_source": played.body["events"][0]["trigger_source"],
    }
    assert played.body["session_patch"]["next_state"] == "ROUTINE_REVIEW"
    assert played.body["assistant_message"]["format"] == "markdown"
    assert ("停用信号" if lang == "CN" else "Stop signals") in played.text
    assert {type(question) for question in played.asked} <= {ReadMemory, Remember}, "nobody else was asked"


async def test_with_the_flag_off_the_heatmap_is_a_placeholder_and_nothing_was_seen(
    autojump_clock: Any,
) -> None:
    played = await talk({"message": SEED}, memory=known(CALM))
    assert played.cards("conflict_heatmap") == [{"schema_version": "aurora.ui.conflict_heatmap.v1"}]
    assert len(played.events("simulate_conflict")) == 1
    assert played.events("aurora_conflict_heatmap_impression") == []


async def test_the_stored_routine_says_nothing_of_the_two_asked_about(autojump_clock: Any) -> None:
    profile = Profile(currentRoutine={"pm": [{"name": "Adapalene gel"}]}, pregnancy_status="not_pregnant")
    played = await talk(
        {"message": "Can I combine niacinamide and glycolic acid?"}, settings=DRAWN, memory=known(profile)
    )
    assert played.cards("routine_simulation")[0]["safe"] is True
    assert played.cards("conflict_heatmap")[0]["state"] == "no_conflicts"
    assert "No known conflict between AHA and niacinamide" in played.text


async def test_it_is_answered_in_a_diagnosis_and_without_memory(autojump_clock: Any) -> None:
    for body in ({"client_state": "DIAG_PROFILE"}, {"session": {"state": "S2_DIAGNOSIS"}}):
        played = await talk(
            {"message": "AHA with BHA together?", **body},
            memory=Memory(ready=False, error_code="DB_UNAVAILABLE"),
        )
        assert played.card_types[:2] == ["routine_simulation", "conflict_heatmap"]


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Recommend a serum with retinol and vitamin C"},
        {"action": {**RECO, "data": {"reply_text": "picks with retinol and vitamin c please"}}},
    ],
)
async def test_a_request_for_picks_that_mentions_two_actives_is_one(autojump_clock: Any, body: Any) -> None:
    played = await talk(body, memory=known(CORE, artifact(0.9)))
    assert "routine_simulation" not in played.card_types


@pytest.mark.parametrize("message", ["acne with vitamin C and niacinamide, what helps?"])
async def test_two_actives_that_are_only_mentioned_are_no_question_about_them(
    autojump_clock: Any, message: str
) -> None:
    played = await talk({"message": message}, memory=known(CALM))
    assert "routine_simulation" not in played.card_types


@pytest.mark.parametrize(
    ("message", "lang"),
    [("Can I use a serum with retinol and vitamin C?", "EN"), ("含A醇和烟酰胺的精华能用吗", "CN")],
)
async def test_whether_to_use_it_at_all_waits_for_the_safety_question(
    autojump_clock: Any, message: str, lang: str
) -> None:
    played = await talk({"message": message}, lang=lang, memory=known(CORE))
    assert played.card_types == ["confidence_notice"]
    assert "chip.profile.pregnancy.pregnant" in played.chip_ids


@pytest.mark.parametrize(
    ("message", "lang", "told"),
    [
        ("Is retinol ok with vitamin C?", "EN", "Vitamin C in the morning"),
        ("早C晚A怎么搭配", "CN", "早上维C加防晒，晚上维A类"),
    ],
)
async def test_vitamin_c_and_a_retinoid_have_their_own_time_of_day(
    autojump_clock: Any, message: str, lang: str, told: str
) -> None:
    played = await talk({"message": message}, lang=lang, memory=known(CALM))
    assert played.cards("routine_simulation")[0]["safe"] is True
    assert told in played.text


@pytest.mark.parametrize("message", ["Can I pair retinol with my moisturizer?", "A醇可以和面霜搭配吗"])
async def test_one_active_alone_is_for_the_open_chat(autojump_clock: Any, message: str) -> None:
    played = await talk({"message": message}, memory=known(CALM))
    assert "routine_simulation" not in played.card_types


async def test_skin_that_is_fragile_comes_first(autojump_clock: Any) -> None:
    fragile = Profile(barrierStatus="impaired", pregnancy_status="not_pregnant")
    played = await talk({"message": "Can I layer vitamin C and niacinamide?"}, memory=known(fragile))
    assert "barrier or sensitivity comes first" in played.text
