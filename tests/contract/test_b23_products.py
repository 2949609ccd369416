"""Contract B 23, rows about one product and about what goes together (27 to 30, 34), over the whole house."""

from __future__ import annotations

import pytest

from tests.contract.test_b23 import (
    LANGS,
    chat,
    chips,
    has_profile,
    house,
    names,
    sells,
    tell,
    types,
)
from tests.support.sandbox import Served
from tests.support.web import WebAnswer

SAFE_TO_SAY = {"pregnancy_status": "not_pregnant", "age_band": "25_34"}
SEED = {
    "EN": "My PM treatment is retinol. Can I add a glycolic acid toner?",
    "CN": "我晚上用A醇，可以再加果酸爽肤水吗？",
}
AS_SENT_BY = pytest.mark.parametrize("token", [True, False], ids=["token sent", "as the client sends it"])
PRODUCT = {"EN": "Is this suitable for me: MockBrand Parsed Product", "CN": "这款适不适合我：莫克 净润精华"}


def has_sections(answer: WebAnswer, lang: str) -> bool:
    heads = {
        "EN": ("Verdict:", "Risk points:", "How to use (frequency/order/timeline):"),
        "CN": ("结论：", "风险点：", "停用信号："),
    }[lang]
    return all(head in answer.text for head in heads)


@LANGS
@pytest.mark.parametrize("fault", ["reset", "stall", "status=503"])
async def test_row_27_a_verdict_without_a_product_asks_for_one(
    sandbox: Served, lang: str, fault: str
) -> None:
    tell(sandbox, fault)
    async with house(sandbox) as client:
        message = {"EN": "Evaluate a specific product for me", "CN": "帮我评估一款产品"}[lang]
        answer = await chat(client, {"message": message}, lang)
        assert answer.status == 200
        assert types(answer) == ["gate_notice"]  # drawn as nothing (decision 2)
        assert answer.event("state_entered")["data"]["reason"] == "fit_check_anchor_required"
        assert chips(answer) == ["chip.fitcheck.send_product_name", "chip.fitcheck.send_link"]
        pinned = {"EN": ("product name", "link"), "CN": ("产品名", "链接")}[lang]
        assert all(word in answer.text for word in pinned)
        assert not sandbox.state.calls


@LANGS
async def test_row_28_an_announced_link_is_waited_for(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        answer = await chat(client, {"message": {"EN": "Send a link", "CN": "发送链接"}[lang]}, lang)
        assert types(answer) == ["gate_notice"]
        assert "anchor_collection_waiting_input" in names(answer)
        assert ("paste the product link" if lang == "EN" else "产品链接") in answer.text
        assert not sandbox.state.calls


@LANGS
async def test_row_28_and_when_it_comes_the_product_is_judged(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client, **SAFE_TO_SAY)
        await chat(client, {"message": {"EN": "Send a link", "CN": "发送链接"}[lang]}, lang)
        answer = await chat(
            client, {"message": {"EN": "MockBrand Parsed Product", "CN": "莫克净润精华"}[lang]}, lang
        )
        assert "product_analysis" in types(answer)
        assert has_sections(answer, lang)


@LANGS
@pytest.mark.parametrize(
    ("stub", "calls", "verdict"),
    [
        ("", 3, {"EN": "Suitable", "CN": "适合"}),
        ("ANCHOR_CONTEXT_ONLY_TEST", 1, {"EN": "Suitable", "CN": "适合"}),
        ("PRODUCT_FLAT_TEST", 3, {"EN": "Caution", "CN": "谨慎"}),
        ("PRODUCT_UNKNOWN_TEST", 2, {"EN": "Unknown", "CN": "未知"}),
    ],
)
async def test_row_29_a_named_product_is_judged(
    sandbox: Served, lang: str, stub: str, calls: int, verdict: dict[str, str]
) -> None:
    async with house(sandbox) as client:
        await has_profile(client, **SAFE_TO_SAY)
        if stub:
            tell(sandbox, f"stub={stub}")
        answer = await chat(client, {"message": PRODUCT[lang]}, lang)
        card = answer.payload("product_analysis")
        assert card["assessment"]["verdict"] == verdict[lang]
        assert card["assessment"]["reasons"]
        assert set(card["evidence"]) >= {"science", "social_signals", "expert_notes", "confidence"}
        assert card["profile_prompt"] == {"needed": True, "missing_fields": []}
        assert not {"internal_debug_codes", "missing_info_internal"} & set(card)
        assert "kb:" not in answer.body.decode()
        assert answer.patch["next_state"] == "PRODUCT_LINK_EVAL"
        assert has_sections(answer, lang)
        assert len(sandbox.state.calls) == calls


@LANGS
@AS_SENT_BY
async def test_row_30_a_fit_question_leaves_the_budget_question(
    sandbox: Served, lang: str, token: bool
) -> None:
    async with house(sandbox) as client:
        await has_profile(client, **SAFE_TO_SAY)
        session = {"state": "S6_BUDGET"}
        if not token:
            action = {"action_id": "chip.budget.optimize.entry", "kind": "chip", "data": {}}
            entry = await chat(client, {"action": action, "client_state": "RECO_GATE"}, lang)
            assert entry.patch["state"]["_internal_next_state"] == "S6_BUDGET"
            session = {"state": entry.patch["next_state"]}
        body = {"message": PRODUCT[lang], "session": session, "client_state": "RECO_GATE"}
        answer = await chat(client, body, lang)
        assert "product_analysis" in types(answer)
        assert "budget_gate" not in types(answer)
        assert answer.patch["next_state"] == "PRODUCT_LINK_EVAL"
        assert answer.patch["state"]["_internal_next_state"] == "S7_PRODUCT_RECO"


@LANGS
@pytest.mark.parametrize("fault", ["reset", "stall"])
async def test_row_34_two_actives_in_conflict(sandbox: Served, lang: str, fault: str) -> None:
    tell(sandbox, fault)
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        await has_profile(client, **SAFE_TO_SAY)
        answer = await chat(client, {"message": SEED[lang]}, lang)
        assert types(answer) == ["routine_simulation", "conflict_heatmap"]
        simulation, drawn = answer.payload("routine_simulation"), answer.payload("conflict_heatmap")
        assert simulation["safe"] is False
        assert [c["rule_id"] for c in simulation["conflicts"]] == ["retinoid_x_acids"]
        assert drawn["state"] == "has_conflicts"
        (cell,) = drawn["cells"]["items"]
        assert cell["headline_i18n"]["en"]
        assert cell["why_i18n"]["en"]
        assert cell["recommendations"]
        assert answer.event("simulate_conflict")["data"] == {
            "safe": False,
            "conflicts": 1,
            "source": "local_chat",
        }
        assert answer.event("aurora_conflict_heatmap_impression")["data"]["state"] == "has_conflicts"
        assert answer.patch["next_state"] == "ROUTINE_REVIEW"
        assert not sandbox.state.calls


@LANGS
async def test_row_34_with_pregnancy_unknown_the_question_rides_along(sandbox: Served, lang: str) -> None:
    """Decision 20: a conflict check gets its answer, the notice and the chips together."""
    tell(sandbox, "reset")
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        answer = await chat(client, {"message": SEED[lang]}, lang)
        assert types(answer) == ["routine_simulation", "conflict_heatmap", "confidence_notice"]
        notice = answer.payload("confidence_notice")
        assert (notice["reason"], notice["severity"]) == ("low_confidence", "warn")
        assert ("pregnan" if lang == "EN" else "怀孕") in notice["message"]
        assert chips(answer)[:3] == [
            f"chip.profile.pregnancy.{status}" for status in ("not_pregnant", "pregnant", "trying")
        ]
        assert ("Stop signals" if lang == "EN" else "停用信号") in answer.text
        assert answer.patch["next_state"] == "ROUTINE_REVIEW"
        assert not sandbox.state.calls


@LANGS
async def test_row_34_in_pregnancy_a_retinoid_is_refused_not_scheduled(sandbox: Served, lang: str) -> None:
    async with house(sandbox, conflict_heatmap_v1=True) as client:
        await has_profile(client, pregnancy_status="pregnant")
        answer = await chat(client, {"message": SEED[lang]}, lang)
        assert answer.payload("confidence_notice")["reason"] == "safety_block"
        assert "routine_simulation" not in types(answer)


@LANGS
async def test_a_retinoid_by_an_unknown_name_is_not_suitable_in_pregnancy(sandbox: Served, lang: str) -> None:
    async with house(sandbox) as client:
        await has_profile(client, pregnancy_status="pregnant")
        message = {
            "EN": "Is this suitable for me: Understudy Night Shift",
            "CN": "这款适不适合我：夜班 修护精华",
        }[lang]
        answer = await chat(client, {"message": message}, lang)
        assert answer.payload("confidence_notice")["reason"] == "safety_block"
        assert "product_analysis" not in types(answer)
        assert sells(answer) == []
