"""The kind word before an answer: when, which, and when not (contract B 17.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from aurora.rules import preamble

BANNED = re.compile(r"焦虑|别慌|恐慌|慌了|anxious|panic|low-stress", re.IGNORECASE)


def at(hour: int) -> datetime:
    return datetime(2026, 11, 24, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_every_bucket_has_three_short_lines_that_greet(lang):
    for lines in preamble.LINES[lang].values():
        assert len(set(lines)) >= 3
        for line in lines:
            assert len(line) <= (preamble.MAX_EN if lang == "EN" else preamble.MAX_CN)
            assert not BANNED.search(line)
            assert line.isascii() == (lang == "EN")
            assert preamble.greeted(line, "Twice.", lang) == line, "a line of ours counts as a greeting"


@pytest.mark.parametrize(
    ("hour", "region", "lang", "part"),
    [
        (21, None, "CN", "morning"),  # 5:30 in China
        (2, None, "CN", "morning"),
        (3, None, "CN", "day"),
        (8, None, "CN", "day"),
        (9, None, "CN", "evening"),
        (13, None, "CN", "evening"),
        (14, None, "CN", "night"),
        (20, None, "CN", "night"),
        (9, None, "EN", "any"),
        (9, "  ", "EN", "any"),
        (9, "sg", "EN", "evening"),
        (9, "Singapore", "EN", "evening"),
        (9, "日本", "CN", "evening"),
        (7, "UK", "EN", "morning"),
        (10, "GB", "EN", "any"),  # 10:30 in winter, 11:30 in summer
        (12, "EU", "EN", "day"),
        (9, "EU", "EN", "any"),
        (20, "US", "EN", "day"),  # 12:30 in the west, 16:30 in the east
        (0, "US", "EN", "any"),  # afternoon in the west, evening in the east
        (9, "Atlantis", "EN", "any"),
        (9, "Atlantis", "CN", "any"),
    ],
)
def test_the_part_of_the_day_is_that_of_the_region_if_it_has_one(hour, region, lang, part):
    assert preamble.part_of_day(at(hour), region, lang) == part


def test_a_seed_decides_and_all_lines_are_used():
    seen = {preamble.line_for("EN", at(7), region="UK", seed=str(n)) for n in range(60)}
    assert seen == set(preamble.LINES["EN"]["morning"])
    again = [preamble.line_for("CN", at(7), region=None, seed="s") for _ in range(3)]
    assert len(set(again)) == 1


@pytest.mark.parametrize(
    ("text", "lang", "said"),
    [
        ("Niacinamide helps.", "EN", "Line.\n\nNiacinamide helps."),
        ("Hello! Niacinamide helps.", "EN", "Hello! Niacinamide helps."),
        ("Happy to help you choose.", "EN", "Happy to help you choose."),
        ("Historically, acids...", "EN", "Line.\n\nHistorically, acids..."),
        ("晚上好，先说要点。", "CN", "晚上好，先说要点。"),
        ("结论：可以用。", "CN", "Line.\n\n结论：可以用。"),
        ("你好！\nNiacinamide helps.", "EN", "Line.\n\nNiacinamide helps."),
        ("Good morning!\n\n烟酰胺有帮助。", "CN", "Line.\n\n烟酰胺有帮助。"),
        ("Hello\n", "CN", "Hello\n"),
        ("Hi there, 烟酰胺有帮助。", "CN", "Hi there, 烟酰胺有帮助。"),
    ],
)
def test_a_line_goes_before_what_does_not_open_warmly(text, lang, said):
    assert preamble.greeted(text, "Line.", lang) == said


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ([], True),
        ([("gate_notice", {})], True),
        ([("confidence_notice", {"reason": "low_confidence"})], True),
        ([("diagnosis_gate", {"reason": "diagnosis_first"})], True),
        ([("recommendations", {}), ("confidence_notice", {"reason": "safety_block"})], False),
        ([("confidence_notice", {"reason": "timeout_degraded"})], False),
        ([("diagnosis_gate", {"reason": "diagnosis_progress"})], False),
    ],
)
def test_bad_news_and_questionnaires_are_not_greeted(cards, expected):
    assert preamble.fits(cards) is expected
