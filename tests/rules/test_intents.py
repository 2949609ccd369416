"""One canonical intent per message (contract B 5 and its REC)."""

from __future__ import annotations

import pytest

from aurora.rules.intents import Intent, canonical
from aurora.rules.request import normalise


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"action": "chip.start.reco_products"}, ("reco_products", "action_id")),
        ({"action": "CHIP_GET_RECOS"}, ("reco_products", "action_id")),
        ({"action": "chip.action.dupe_compare"}, ("dupe_compare", "action_id")),
        ({"action": "chip.aurora.next_action.my_routine"}, ("routine", "action_id")),
        ({"action": "chip.fitcheck.send_link"}, ("evaluate_product", "action_id")),
        ({"message": "send a link"}, ("evaluate_product", "known_option_text")),
        ({"message": "发链接"}, ("evaluate_product", "known_option_text")),
        ({"message": "packing for a trip"}, ("travel_planning", "known_option_text")),
        ({"message": "下个月出差"}, ("travel_planning", "known_option_text")),
        ({"message": "Should I start retinol next week?"}, ("ingredient_science", "heuristic_regex")),
        ({"message": "can I take retinol on a flight"}, ("ingredient_science", "heuristic_regex")),
        ({"message": "有什么风险"}, ("unknown", "none")),
        ({"message": "the louvre"}, ("unknown", "none")),
        ({"message": "repair my skin"}, ("unknown", "none")),
        ({"message": "what about the humidity"}, ("weather_env", "known_option_text")),
        ({"message": "产品推荐"}, ("reco_products", "known_option_text")),
        ({"message": "build me an am/pm routine"}, ("routine", "known_option_text")),
        ({"message": "平替有吗"}, ("dupe_compare", "known_option_text")),
        ({"message": "成分机理"}, ("ingredient_science", "known_option_text")),
        ({"message": "do these conflict"}, ("conflict_check", "known_option_text")),
        ({"message": "怀孕了"}, ("ingredient_science", "heuristic_regex")),
        ({"message": "please suggest something"}, ("reco_products", "heuristic_regex")),
        ({"message": "is this cream right for me"}, ("evaluate_product", "heuristic_regex")),
        ({"message": "will this serum suit me"}, ("evaluate_product", "heuristic_regex")),
        ({"message": "下周末干什么"}, ("unknown", "none")),
        ({"action": "chip.record.now"}, ("unknown", "none")),
        ({"action": "tpl.action.routine_generate"}, ("routine", "action_id")),
        ({}, ("unknown", "none")),
    ],
)
def test_the_intent_and_how_it_was_found(body, expected):
    found = canonical(normalise(body, trigger="text"))
    assert (found.name, found.source) == expected


def test_the_surer_way_of_finding_is_more_confident():
    by_id = canonical(normalise({"action": "chip.start.routine"}, trigger="chip"))
    by_words = canonical(normalise({"message": "please suggest something"}, trigger="text"))
    assert by_id == Intent("routine", "action_id", 0.98)
    assert by_id.confidence > by_words.confidence > 0
