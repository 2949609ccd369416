"""Contract B 22: defects of the old service about safety, and what happens instead, over the whole house."""

from __future__ import annotations

import pytest

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
    tell,
    types,
)
from tests.support.sandbox import Served

NAMED_IN_CHINESE = ["A醇", "a 醇", "维A酸", "阿达帕林", "异维A酸", "氢醌", "维甲酸"]


@pytest.mark.parametrize("term", NAMED_IN_CHINESE)
async def test_b22_row_3_chinese_terms_are_alive(sandbox: Served, term: str) -> None:
    async with house(sandbox) as client:
        refused = await chat(client, {"message": f"孕期可以用{term}吗"}, "CN")
        assert refused.payload("confidence_notice")["severity"] == "block"
        asked = await chat(client, {"message": f"{term}能用吗"}, "CN")
        assert asked.payload("confidence_notice")["actions"] == ["answer_safety_question"]
        assert not sandbox.state.calls


@pytest.mark.parametrize("message", ["Can I use retinoids?", "Are retinols safe for me?"])
async def test_b22_row_3_plurals_too(sandbox: Served, message: str) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": message})
        assert chips(answer)[0] == "chip.profile.pregnancy.not_pregnant"


@LANGS
@pytest.mark.parametrize("state", ["S7_PRODUCT_RECO", "S6_BUDGET", "idle"])
async def test_b22_row_4_notices_are_whole_and_nothing_overwrites_them(
    sandbox: Served, lang: str, state: str
) -> None:
    """The old guard took a notice without a reason for nothing at all, in the states of recommendations."""
    asks = {"EN": "recommend a retinol serum", "CN": "推荐一款A醇精华"}[lang]
    refuses = {"EN": "I'm pregnant, recommend a retinol serum", "CN": "我怀孕了，推荐一款A醇精华"}[lang]
    async with house(sandbox) as client:
        await has_profile(client)
        await has_artifact(client, 0.86)
        for message, reason in ((asks, "low_confidence"), (refuses, "safety_block")):
            body = {"message": message, "client_state": "RECO_GATE", "session": {"state": state}}
            answer = await chat(client, body, lang)
            assert types(answer) == ["confidence_notice"]
            notice = answer.payload("confidence_notice")
            assert notice["reason"] == reason
            assert notice["confidence"]["rationale"]
            assert notice["actions"]
            assert "reco_output_guard_fallback" not in names(answer)


@pytest.mark.parametrize(
    ("lang", "body"),
    [
        ("EN", {"message": "no bleeding but fever, build me a routine"}),
        (
            "CN",
            {
                "message": "没有出血，但是化脓了",
                "action": {"action_id": "chip.start.routine", "kind": "chip"},
            },
        ),
        ("EN", {"message": "is this cream ok? my cheek is oozing"}),
        ("EN", {"message": "hello, I have a fever and a rash", "client_state": "DIAG_PROFILE"}),
        ("CN", {"message": "明天下雪，脸上流脓怎么办"}),
    ],
)
@pytest.mark.parametrize("profile", [True, False])
async def test_b22_row_5_the_boundary_stands_before_every_path(
    sandbox: Served, lang: str, body: dict[str, object], profile: bool
) -> None:
    async with house(sandbox) as client:
        if profile:
            await has_profile(client)
        answer = await chat(client, body, lang)
        assert types(answer) == ["confidence_notice"]
        assert answer.payload("confidence_notice")["reason"] == "safety_block"
        assert not sandbox.state.calls


@pytest.mark.parametrize("chip", ["pregnancy.not_pregnant", "age.25_34"])
async def test_b22_row_7_facts_of_safety_outlive_the_turn_that_states_them(
    sandbox: Served, chip: str
) -> None:
    field = {"pregnancy": "pregnancy_status", "age": "age_band"}[chip.split(".")[0]]
    value = chip.split(".")[1]
    tap = {"action_id": f"chip.profile.{chip}", "kind": "chip", "data": {"profile_patch": {field: value}}}
    seen = {"sensitivity": "low", field: "unknown"}
    async with house(sandbox) as client:
        first = await chat(client, {"action": tap, "session": {"profile": seen}})
        assert first.patch["profile"][field] == value
        assert first.patch["profile"]["sensitivity"] == "low"  # the client's own copy is not lost either
        later = await chat(client, {"message": "hello", "session": {"profile": seen}})
        assert later.status == 200
        again = await client.get("/v1/session/bootstrap")
        assert again.patch["profile"][field] == value


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Aurora-Force-Variant": "legacy", "X-Aurora-Debug-Key": "k"},
        {"X-Aurora-Force-Variant": "control"},
        {"X-Debug": "true"},
    ],
)
async def test_decision_19_no_header_switches_safety_off(sandbox: Served, headers: dict[str, str]) -> None:
    flags = {"rollout_enabled": True, "force_variant_enabled": True, "rollout_safety_pct": 0}
    async with house(sandbox, force_variant_debug_key="k", **flags) as client:
        answer = await chat(client, {"message": "I'm pregnant, can I use retinol?"}, **headers)
        assert answer.payload("confidence_notice")["reason"] == "safety_block"


@LANGS
@pytest.mark.parametrize("facts", [{"pregnancy_status": "pregnant"}, {"pregnancy_status": "trying"}, {}])
async def test_decision_19_a_tap_for_picks_brings_no_retinoid_home(
    sandbox: Served, lang: str, facts: dict[str, str]
) -> None:
    async with house(sandbox, reco_catalog_grounded=False) as client:
        await has_profile(client, **facts)
        await has_artifact(client, 0.9)
        tell(sandbox, "stub=PICKS_WITH_TREATMENT_TEST")
        answer = await chat(client, {"action": RECO}, lang)
        items = answer.payload("recommendations")["recommendations"]
        assert [item["sku"]["product_id"] for item in items] == ["mock_moisturizer_1"]
        assert ("recommendations", "safety_held_back") in gaps(answer)
        assert ("chip.profile.pregnancy.pregnant" in chips(answer)) is not bool(facts)
        for word in ("retinol", "视黄醇"):
            assert word not in str(answer.json).lower()


@LANGS
async def test_decision_19_an_emptied_list_is_a_notice(sandbox: Served, lang: str) -> None:
    async with house(sandbox, reco_catalog_grounded=False) as client:
        await has_profile(client, pregnancy_status="pregnant")
        await has_artifact(client, 0.9)
        tell(sandbox, "stub=PICKS_TREATMENT_ONLY_TEST")
        answer = await chat(client, {"action": RECO}, lang)
        assert types(answer) == ["confidence_notice"]
        assert answer.payload("confidence_notice")["reason"] == "safety_block"
        assert gaps(answer) == [("recommendations", "safety_held_back")]
        assert answer.event("recos_requested")["data"]["blocked"] is True
