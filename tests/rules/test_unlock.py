"""What unlocks recommendations, and which turns are about picks (contract B 8.2, 7 step 18)."""

from __future__ import annotations

import pytest

from aurora.rules.request import normalise, trigger_source
from aurora.rules.unlock import unlocked, wants_picks, wants_routine


def ask_of(body):
    return normalise(body, trigger=trigger_source(body))


def chip(action_id, message=None, **data):
    body = {"action": {"action_id": action_id, "kind": "chip", "data": data}}
    return {**body, "message": message} if message else body


def moved(source, trigger_id, to="RECO_GATE", message="a serum please"):
    wanted = {"trigger_source": source, "trigger_id": trigger_id, "requested_next_state": to}
    return {"message": message, "requested_transition": wanted}


@pytest.mark.parametrize(
    ("body", "internal", "state", "expected"),
    [
        ({"message": "Recommend a serum"}, None, "IDLE_CHAT", True),
        ({"message": "Is this safe for me"}, None, "IDLE_CHAT", True),
        ({"message": "acne on my chin"}, None, "IDLE_CHAT", False),
        ({"message": "hello"}, "S7_PRODUCT_RECO", "RECO_RESULTS", False),
        (chip("chip.start.reco_products"), None, "IDLE_CHAT", True),
        (chip("chip.action.dupe_compare"), None, "IDLE_CHAT", True),
        (chip("CHIP_GET_RECOS"), None, "IDLE_CHAT", True),
        (chip("profile.skinType.oily"), "S7_PRODUCT_RECO", "RECO_GATE", False),
        (chip("chip.start.diagnosis"), None, "RECO_GATE", False),
        (chip("chip.clarify.skin_type.dry"), "S7_PRODUCT_RECO", "IDLE_CHAT", True),
        (chip("chip.clarify.skin_type.dry"), None, "RECO_GATE", True),
        (chip("chip.clarify.skin_type.dry"), None, "IDLE_CHAT", False),
        (chip("chip.clarify.skin_type.dry", "recommend something"), None, "IDLE_CHAT", True),
        (chip("chip.clarify.weather.dry"), "S7_PRODUCT_RECO", "RECO_GATE", False),
        (chip("chip.clarify.budget.y500", "¥500"), None, "RECO_GATE", False),
        (chip("chip.clarify.budget.y500", "¥500"), "S6_BUDGET", "IDLE_CHAT", True),
        (chip("chip.budget._500", "早晚护肤"), None, "IDLE_CHAT", True),
        (chip("chip.action.checkout_now"), None, "IDLE_CHAT", True),
        (chip("chip.action.wave"), None, "IDLE_CHAT", False),
        (chip("chip.start.recommendations"), None, "IDLE_CHAT", True),
        (chip("chip.start.ingredients"), None, "IDLE_CHAT", False),
        (chip("chip.start.routine"), None, "IDLE_CHAT", True),
        (chip("tpl.action.routine_generate"), None, "IDLE_CHAT", True),
        (chip("chip.clarify.goal.acne"), "S6_BUDGET", "IDLE_CHAT", True),
        (chip("chip.clarify.x.y", clarification_id="skin_type"), "S7_PRODUCT_RECO", "IDLE_CHAT", True),
        (chip("chip.clarify.skin.dry", "这个适合吗"), None, "IDLE_CHAT", True),
        (chip("chip.budget._500", "¥500"), None, "RECO_GATE", False),
        (chip("chip.budget._500", "an AM/PM routine"), None, "IDLE_CHAT", True),
        (chip("x", "500", clarification_id="budget"), "S6_BUDGET", "IDLE_CHAT", True),
        (chip("chip.action.budget_optimize"), None, "RECO_GATE", False),
        (chip("chip.action.check_offers"), None, "IDLE_CHAT", True),
        ({"message": "推荐一款面霜"}, None, "IDLE_CHAT", True),
        ({"message": "能用吗"}, None, "IDLE_CHAT", True),
        (moved("chip", "chip_get_recos"), None, "RECO_GATE", True),
        (moved("action", "product_picks_primary"), None, "RECO_GATE", True),
        (moved("text_explicit", "hello"), None, "RECO_GATE", False),
        (moved("action", "x", to="IDLE_CHAT"), None, "RECO_RESULTS", False),
    ],
)
def test_what_unlocks(body, internal, state, expected):
    assert unlocked(ask_of(body), internal=internal, agent_state=state) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (chip("chip.start.reco_products"), True),
        (chip("chip.start.routine"), True),
        (chip("routine_generate"), True),
        (chip("chip.action.analyze_product", "Evaluate a specific product for me."), False),
        (chip("chip.action.dupe_compare", "Find alternatives to a product I like."), False),
        (chip("chip.start.reco_products", "Can I use this one?"), False),
        ({"message": "Recommend a serum"}, True),
        ({"message": "build me a routine"}, True),
        ({"message": "the science behind ingredients"}, False),
        ({"message": "这些产品能不能一起用：A醇和果酸"}, False),
        ({"message": "recommend something to pair with retinol"}, True),
        ({"message": "hello"}, False),
        ({"message": "review my routine"}, False),
        ({"message": "评估我现在用的护肤品"}, False),
        (moved("chip", "chip_get_recos"), True),
        (moved("action", "product_picks_primary"), True),
        (moved("action", "x", message="Can I use this one?"), False),
        (moved("action", "x", to="IDLE_CHAT"), False),
    ],
)
def test_which_turns_are_about_picks(body, expected):
    assert wants_picks(ask_of(body)) is expected


def test_an_answered_question_that_gave_a_fact_is_about_picks():
    ask = ask_of(chip("chip.clarify.skin_type.dry", clarification_id="skin_type"))
    assert wants_picks(ask, patched=True)
    assert not wants_picks(ask, patched=False)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (chip("chip.start.routine"), True),
        (chip("chip.action.reco_routine", reply_text="Make it gentler."), True),
        (chip("chip.action.reco_routine", "which serum?"), False),
        (chip("chip.start.routine", "生成一套早晚护肤 routine"), True),
        (chip("routine_generate"), True),
        (chip("chip.start.reco_products", reply_text="给我推荐产品"), False),
        ({"message": "build me an am/pm routine"}, True),
        ({"message": "给我一套护肤方案"}, True),
        ({"message": "recommend a serum"}, False),
        ({"message": "review my routine"}, False),
    ],
)
def test_which_turns_are_about_a_whole_routine(body, expected):
    assert wants_routine(ask_of(body)) is expected
