"""POST /v1/routine/simulate as a flow: both cards from any body, and nobody asked (contract A 7.5, D 8.1)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contract.errors import ContractError
from aurora.contract.validation import decode
from aurora.flows.routine import simulate
from aurora.settings import Settings
from tests.support.fakes import Played, perform, turn_for

ON = Settings(conflict_heatmap_v1=True)


def simulated(body: dict[str, Any], lang: str = "EN", house: Settings = ON) -> Played:
    turn = turn_for("routine_simulate", decode("routine_simulate", body), lang=lang)
    return perform(simulate, turn, settings=house)


WORDS = st.sampled_from(["retinol", "果酸", "BHA", "bpo", "维C", "squalane", "no retinol", "", "x" * 400])
STEP = st.dictionaries(
    st.sampled_from(["step", "name", "key_actives", "keyActives", "evidence_pack", "ingredients", "other"]),
    WORDS
    | st.lists(WORDS | st.none() | st.integers(), max_size=3)
    | st.dictionaries(st.sampled_from(["highlights", "head", "keyActives"]), WORDS),
    max_size=3,
)  # fmt: skip
STEPS = st.lists(STEP, max_size=12)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "routine": st.fixed_dictionaries({}, optional={"am": STEPS, "pm": STEPS}),
        "test_product": STEP,
    },
)


@settings(max_examples=60, deadline=None)
@given(BODY, st.sampled_from(["EN", "CN"]), st.booleans())
def test_any_body_gives_both_cards_and_asks_nobody(body: dict[str, Any], lang: str, flag: bool) -> None:
    """The laws of the envelope, the payloads' shapes and the replay of the turn are checked all along."""
    played = simulated(body, lang, ON if flag else Settings())
    assert played.card_types == ["routine_simulation", "conflict_heatmap"]
    assert played.asked == []
    (result,), (drawn,) = played.cards("routine_simulation"), played.cards("conflict_heatmap")
    (told,) = played.events("simulate_conflict")
    assert told == {"safe": result["safe"], "conflicts": len(result["conflicts"])}
    routine = body.get("routine", {})
    size = len(routine.get("am", [])) + len(routine.get("pm", [])) + ("test_product" in body)
    for conflict in result["conflicts"]:
        low, high = conflict["step_indices"]
        assert 0 <= low <= high < size
    assert (len(drawn) > 1) is flag
    assert len(played.events("aurora_conflict_heatmap_impression")) == flag
    assert played.body["session_patch"]["next_state"] == "ROUTINE_REVIEW"
    assert played.text == result["summary"]


@pytest.mark.parametrize(
    "body",
    [{"routine": {"am": [{}] * 41}}, {"routine": {"noon": []}}, {"routine": None}, {"test_product": []}],
)
def test_steps_are_bounded_and_bodies_strict(body: Any) -> None:
    with pytest.raises(ContractError):
        decode("routine_simulate", body)


def test_eighty_steps_are_read_and_sixteen_are_drawn() -> None:
    steps = [{"name": f"Step {n}", "key_actives": ["squalane"]} for n in range(40)]
    pm = [*steps[:38], {"name": "Retinol"}, {"name": "AHA"}]
    played = simulated({"routine": {"am": steps, "pm": pm}, "test_product": {"name": "BPO"}})
    conflicts = played.cards("routine_simulation")[0]["conflicts"]
    assert [(c["rule_id"], c["step_indices"]) for c in conflicts] == [
        ("retinoid_x_acids", [78, 79]),
        ("retinoid_x_bpo", [78, 80]),
    ]
    (drawn,) = played.cards("conflict_heatmap")
    assert (drawn["state"], len(drawn["axes"]["rows"]["items"])) == ("has_conflicts_partial", 16)
    assert [one["rule_id"] for one in drawn["unmapped_conflicts"]] == ["retinoid_x_bpo", "retinoid_x_acids"]
