"""docs/safety-rules.md is what the tables say, and the sentences it shows are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora.rules import redflags
from aurora.rules.safety import RULES
from aurora.rules.safety.docs import as_markdown
from aurora.rules.safety.red_flag_notes import NOTES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "safety-rules.md"


def test_the_page_is_in_step_with_the_tables():
    assert PAGE.read_text() == as_markdown(), "python -m aurora.rules.safety.docs > docs/safety-rules.md"


def test_every_flag_and_every_rule_has_its_place():
    assert [note.flag for note in NOTES] == [rule for rule, _ in redflags.RULES_EN]
    assert [rule for rule, _ in redflags.RULES_CN] == [rule for rule, _ in redflags.RULES_EN]
    page = as_markdown()
    assert all(f"\n### {rule.id}\n" in page for rule in RULES)


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.flag)
def test_the_sentences_beside_a_flag_are_true(note):
    assert all(note.flag in redflags.check(text).flags for text in note.raises)
    assert not any(note.flag in redflags.check(text).flags for text in note.silent)
