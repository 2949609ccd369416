"""Every row of the safety table does what its own sentences say, and is fit to be read by a reviewer."""

from __future__ import annotations

import pytest

from aurora.contract.memory import Profile
from aurora.rules.safety import RULES, check
from aurora.rules.safety.person import FACTS
from aurora.rules.safety.table import LEVELS
from aurora.rules.safety.terms import BY_NAME

# The rows of contract B 9.2, with the level each must have; P10 and L5 are ours.
CONTRACT = {
    "P1": "BLOCK", "P2": "BLOCK", "P3": "BLOCK", "P4": "WARN", "P5": "BLOCK", "P6": "REQUIRE_INFO",
    "P7": "WARN",
    "P8": "BLOCK", "P9": "INFO", "L1": "BLOCK", "L2": "WARN", "L3": "WARN", "L4": "INFO", "I1": "WARN",
    "I2": "BLOCK",
    "I3": "REQUIRE_INFO", "I4": "WARN", "I5": "WARN", "M1": "BLOCK", "M2": "BLOCK", "M3": "WARN",
    "M4": "REQUIRE_INFO", "M5": "REQUIRE_INFO", "M6": "REQUIRE_INFO",
}  # fmt: skip

FIRES = [(rule.id, said) for rule in RULES for said in rule.fires]
SILENT = [(rule.id, said) for rule in RULES for said in rule.silent]


def fired(said) -> set[str]:
    return {rule.id for rule in check(said.text, Profile(**said.profile), "EN").matched_rules}


@pytest.mark.parametrize(("rule", "said"), FIRES)
def test_a_row_fires_on_its_sentence(rule, said):
    assert rule in fired(said)


@pytest.mark.parametrize(("rule", "said"), SILENT)
def test_a_row_keeps_silent_on_its_sentence(rule, said):
    assert rule not in fired(said)


def test_the_rows_are_those_of_the_contract_and_two_of_ours():
    levels = {rule.id: rule.level for rule in RULES}
    assert levels == CONTRACT | {"P10": "BLOCK", "L5": "WARN"}
    assert len(levels) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_row_is_complete_in_both_languages(rule):
    assert rule.level in LEVELS
    assert rule.rationale
    for pair in (rule.reason, rule.alternative, rule.question):
        if pair is not None:
            english, chinese = pair
            assert english.isascii()
            assert any("\u4e00" <= char <= "\u9fff" for char in chinese)
    assert (rule.level == "REQUIRE_INFO") == (rule.question is not None)
    assert any(said.text.isascii() for said in rule.fires)
    assert any(not said.text.isascii() for said in rule.fires)
    assert rule.silent


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_row_speaks_only_of_known_facts_and_terms(rule):
    assert {fact for group in rule.who for fact in group} <= set(FACTS)
    assert {name for group in rule.named for name in group} <= set(BY_NAME) | {"MULTI"}
    assert set(rule.outgoing) <= set(BY_NAME)


def test_every_row_that_blocks_also_looks_at_what_goes_out():
    assert all(rule.outgoing for rule in RULES if rule.level == "BLOCK")


def test_a_profile_key_answers_every_question_that_names_one():
    fields = {rule.field for rule in RULES if rule.field}
    assert fields == {"pregnancy_status", "age_band", "high_risk_medications"}
