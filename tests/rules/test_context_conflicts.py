"""Conflicts from outside, fit for the client's matrix (contract B 16.4, F 16 T3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.context_conflicts import from_upstream
from aurora.rules.routine import heatmap
from aurora.rules.routine.conflict_rules import BY_ID


@pytest.mark.parametrize(
    "detector", [None, [], "x", {}, {"safe": "no"}, {"conflicts": [{"rule_id": "retinoid_x_acids"}]}]
)
def test_without_a_verdict_there_is_nothing(detector):
    assert from_upstream(detector, "EN") is None


def test_steps_that_were_named_are_kept():
    told = {
        "safe": False,
        "conflicts": [{"rule_id": "x", "severity": "block", "message": "M", "step_indices": [3, 1]}],
        "summary": "S",
    }
    found = from_upstream(told, "EN")
    assert found.simulation == {
        "safe": False,
        "conflicts": [{"severity": "block", "rule_id": "x", "message": "M", "step_indices": [1, 3]}],
        "summary": "S",
    }
    assert found.labels == (
        ("Step 1", "第1步"),
        ("Step 2", "第2步"),
        ("Step 3", "第3步"),
        ("Step 4", "第4步"),
    )
    assert found.placed


@pytest.mark.parametrize("rule_id", sorted(BY_ID))
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_a_known_rule_without_steps_gets_the_two_it_is_about(rule_id, lang):
    found = from_upstream({"safe": True, "conflicts": [{"rule_id": rule_id}]}, lang)
    (conflict,) = found.simulation["conflicts"]
    assert found.simulation["safe"] is False, "a conflict is never safe"
    assert conflict["step_indices"] == [0, 1]
    assert conflict["message"]
    assert found.placed
    drawn = heatmap.heatmap(found.simulation, found.labels)
    assert drawn["state"] == "has_conflicts"
    assert len(drawn["cells"]["items"]) == 1


def test_two_rules_share_their_common_side():
    rules = [{"rule_id": "retinoid_x_acids"}, {"rule_id": "retinoid_x_bpo"}]
    found = from_upstream({"safe": False, "conflicts": rules}, "EN")
    assert [one["step_indices"] for one in found.simulation["conflicts"]] == [[0, 1], [0, 2]]
    assert [en for en, _ in found.labels] == ["Retinoid", "Acids", "Benzoyl peroxide"]


def test_an_unknown_rule_without_steps_is_told_but_not_drawn():
    rules = [{"rule_id": "new_rule", "message": "Take care."}, {"rule_id": "vitc_x_acids"}]
    found = from_upstream({"safe": False, "conflicts": rules, "summary": "Alternate."}, "EN")
    assert not found.placed
    assert [one["rule_id"] for one in found.simulation["conflicts"]] == ["vitc_x_acids"]
    assert found.simulation["summary"] == "Take care. Alternate."


def test_unsafe_without_a_reason_has_no_matrix():
    assert not from_upstream({"safe": False}, "EN").placed
    assert from_upstream({"safe": True}, "EN").placed


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.integers(-2, 20), max_size=3)
)
CONFLICTS = st.lists(
    ODD
    | st.fixed_dictionaries(
        {},
        optional={
            "rule_id": st.sampled_from(["retinoid_x_acids", "x", "", " "]) | ODD,
            "severity": ODD | st.sampled_from(["warn", "block", "LOW"]),
            "message": ODD,
            "step_indices": ODD | st.tuples(st.integers(0, 3), st.integers(0, 3)).map(list),
        },
    ),
    max_size=12,
)


@given(
    st.fixed_dictionaries({"safe": st.booleans()}, optional={"conflicts": CONFLICTS | ODD, "summary": ODD})
)
def test_whatever_comes_every_conflict_has_a_rule_and_two_steps(detector):
    found = from_upstream(detector, "CN")
    for conflict in found.simulation["conflicts"]:
        assert conflict["rule_id"].strip()
        assert conflict["severity"] in ("warn", "block")
        assert len(conflict["step_indices"]) == 2
        assert all(0 <= step < len(found.labels) for step in conflict["step_indices"])
    if found.placed:
        heatmap.heatmap(found.simulation, found.labels)
