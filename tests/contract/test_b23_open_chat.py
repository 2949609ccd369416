"""Contract B 23, rows of open chat in both languages: 3, 11, 40, and what its stub tokens demand (B 16.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.test_b23 import LANGS, chat, gaps, house, names, sells, tell, types
from tests.support.sandbox import Served

RAW = {"include_raw_context": True, "conflict_heatmap_v1": True}


def position(kinds: list[str], *wanted: str) -> list[int]:
    return [kinds.index(kind) for kind in wanted]


@LANGS
@pytest.mark.parametrize("body", [{}, {"message": "   "}, {"session": {}}])
async def test_row_3_nothing_said_is_still_answered(sandbox: Served, lang: str, body: dict[str, Any]) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, body, lang)
        assert answer.status == 200
        assert types(answer) == ["gate_notice"]
        assert ("cards", "recommendations_not_requested") in gaps(answer)
        assert answer.event("value_moment")["data"] == {"kind": "chat_reply"}
        assert names(answer)[-1] == "quality_audit"
        assert answer.patch["next_state"] == "IDLE_CHAT"
        assert answer.text


@LANGS
async def test_row_11_a_question_is_answered_in_its_language(sandbox: Served, lang: str) -> None:
    message = {"EN": "Tell me about niacinamide", "CN": "讲讲烟酰胺"}[lang]
    async with house(sandbox) as client:
        answer = await chat(client, {"message": message}, lang)
        assert types(answer) == ["gate_notice"]
        assert sells(answer) == []
        assert ("niacinamide" if lang == "EN" else "烟酰胺") in answer.text.lower()


@LANGS
async def test_row_40_first_half_every_card_of_the_context_in_its_order(sandbox: Served, lang: str) -> None:
    async with house(sandbox, **RAW) as client:
        body = {"message": "CONTEXT_CARDS_TEST", "anchor_product_id": "sku_9", "debug": True}
        answer = await chat(client, body, lang)
        assert answer.status == 200
        order = position(
            types(answer),
            "aurora_structured",
            "env_stress",
            "routine_simulation",
            "conflict_heatmap",
            "aurora_context_raw",
        )
        assert order == sorted(order)
        assert len(answer.payload("aurora_structured")["external_verification"]["citations"]) == 2
        stress = answer.payload("env_stress")
        assert (stress["schema_version"], stress["ess"]) == ("aurora.ui.env_stress.v1", 88)
        (conflict,) = answer.payload("routine_simulation")["conflicts"]
        assert (conflict["rule_id"], conflict["step_indices"]) == ("retinoid_x_acids", [0, 1])
        heatmap = answer.payload("conflict_heatmap")
        assert heatmap["state"] == "has_conflicts"
        assert len(heatmap["cells"]["items"]) == 1
        assert answer.payload("aurora_context_raw")["intent"] == "chat"
        assert "value_moment" in names(answer)
        assert "aurora_conflict_heatmap_impression" in names(answer)


async def test_row_40_without_debug_only_what_was_asked_for(sandbox: Served) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": "CONTEXT_CARDS_TEST"})
        assert "aurora_structured" in types(answer)
        assert not {"env_stress", "routine_simulation", "aurora_context_raw"} & set(types(answer))
        anchored = await chat(client, {"message": "CONTEXT_CARDS_TEST", "anchor_product_id": "sku_9"})
        assert "routine_simulation" in types(anchored), "an unsafe combination is told unasked"


@LANGS
@pytest.mark.parametrize("fault", ["reset", "status=503", "html", "array_root"])
async def test_row_40_second_half_whatever_breaks_is_said_with_ways_on(
    sandbox: Served, lang: str, fault: str
) -> None:
    async with house(sandbox, **RAW) as client:
        tell(sandbox, fault)
        answer = await chat(client, {"message": {"EN": "hello there", "CN": "你好呀"}[lang]}, lang)
        notice = answer.payload("confidence_notice")
        assert notice["reason"] == "timeout_degraded"
        assert notice["actions"] == ["retry_recommendations", "update_current_routine"]
        assert "value_moment" not in names(answer)
        assert answer.text


# --- stub tokens of B 16.6


@LANGS
@pytest.mark.parametrize(
    "token",
    [
        "STRUCTURED_STUB_ONLY_TEST",
        "SHORT_CARDS_BELOW_STUB_TEST",
        "SHORT_CARDS_BELOW_STRIPPED_RECO_TEST",
        "OVERLONG_TEMPLATE_CONTEXT_TEST",
        "INJECTION_TEST",
    ],
)
async def test_no_text_points_at_a_card_that_is_not_there(sandbox: Served, lang: str, token: str) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": token}, lang)
        assert sells(answer) == []
        for forbidden in ("cards below", "见下方", "kb:", "{", "javascript:", "<script", "affiliate"):
            assert forbidden not in answer.text
        assert "kb:" not in answer.body.decode()
        assert len(answer.text) > 20


@LANGS
async def test_good_words_beside_data_are_kept(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": "NON_GENERIC_STUB_TEST"}, lang)
        assert {"EN": "Panthenol calms", "CN": "泛醇能舒缓"}[lang] in answer.text


@LANGS
async def test_an_essay_gives_way_to_its_card(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        body = {"message": "OVERLONG_TEMPLATE_CONTEXT_TEST", "debug": True}
        answer = await chat(client, body, lang)
        assert answer.payload("env_stress")["ess"] == 88
        assert len(answer.text) <= 520
        assert "88" in answer.text
        assert answer.event("quality_audit")["data"]["template_id"] == "env_weather_qa.standard"


@LANGS
async def test_what_was_tapped_reaches_the_upstream(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        action = {
            "action_id": "chip.unknown.newer",
            "kind": "chip",
            "data": {"reply_text": "ACTION_REPLY_TEXT_TEST"},
        }
        answer = await chat(client, {"action": action}, lang)
        assert "ACTION_REPLY_TEXT_TEST" in answer.text
