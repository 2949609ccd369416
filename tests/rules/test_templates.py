"""Which template an answer has, and when its words are replaced (contract B 17.4)."""

from __future__ import annotations

import inspect
import re

import pytest

from aurora.rules import phase0, replies, templates
from aurora.rules.claims import makes_claim
from aurora.rules.notices import default_message
from aurora.rules.templates import choose, text_of, worded

GATE = ("diagnosis_gate", {"missing_fields": ["goals"], "profile": {"skinType": "unknown", "goals": []}})
UNSURE = (
    "diagnosis_gate",
    {"missing_fields": ["goals"], "profile": {"skinType": "unknown", "sensitivity": "unknown"}},
)
RECOS = ("recommendations", {"recommendations": [{}]})
LOW = ("confidence_notice", {"reason": "low_confidence", "message": "Careful here."})
ENV = ("env_stress", {"ess": 55, "tier": "Medium"})
PRODUCT = ("product_analysis", {"product": {"brand": "Dew", "name": "Cream"}})


@pytest.mark.parametrize(
    ("cards", "pending", "template"),
    [
        ([], False, "default.keep"),
        ([("gate_notice", {})], False, "default.keep"),
        ([], True, "diagnosis_clarification.standard"),
        ([GATE, RECOS], False, "diagnosis_clarification.standard"),
        ([UNSURE], False, "diagnosis_clarification.degraded"),
        ([RECOS], False, "recommendations_output.standard"),
        ([RECOS, LOW], False, "recommendations_output.degraded"),
        ([("analysis_summary", {"used_photos": False})], False, "no_photo_analysis_degrade.standard"),
        ([("analysis_summary", {"used_photos": True})], False, "default.keep"),
        ([ENV], False, "env_weather_qa.standard"),
        ([("env_stress", {})], False, "env_weather_qa.degraded"),
        ([PRODUCT], False, "product_evaluation.standard"),
        ([("product_parse", {"product": None})], False, "product_evaluation.degraded"),
    ],
)
def test_the_cards_name_the_template(cards, pending, template):
    assert choose(cards, pending=pending) == template


@pytest.mark.parametrize(
    ("text", "cards", "pending", "reason"),
    [
        ("Fine.", [], False, ""),
        ("", [], False, "missing"),
        ("  ", [ENV], False, "missing"),
        ("How is it? Or this?", [], False, ""),
        ("How is it?", [GATE], False, ""),
        ("How is it? Or this？", [GATE], False, "not_one_question"),
        ("Tell me.", [], True, "not_one_question"),
        ("This cures acne.", [], False, "claim"),
    ],
)
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_words_are_replaced_only_for_a_reason(text, cards, pending, reason, lang):
    said = worded(text, cards, lang, pending=pending)
    assert said.reason == reason
    assert (said.text == text) is (reason == "")
    assert said.text.strip()
    assert not makes_claim(said.text)
    if cards == [GATE] or pending:
        assert len(re.findall(r"[?？]", said.text)) == 1


def test_a_missing_text_is_what_the_notice_says():
    assert worded("", [RECOS, LOW], "EN", pending=False).text == "Careful here."


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("template_id", sorted(templates.TEXTS))
def test_templates_are_short_in_both_languages(template_id, lang):
    said = text_of(template_id, [GATE, ENV, PRODUCT], lang)
    assert "{" not in said
    assert len(said) <= (templates.MARKDOWN_CAP if "\n" in said else templates.TEXT_CAP)
    assert sum(line.startswith("- ") for line in said.splitlines()) <= 3
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said) is (lang == "CN")
    if template_id.startswith("diagnosis_clarification"):
        assert phase0.question("goals", lang) in said


def test_pinned_words_stand():
    assert all(
        "先确认 1 个问题" in cn for name, (_, cn) in templates.TEXTS.items() if "clarification" in name
    )
    assert "没有可用照片" in templates.TEXTS["no_photo_analysis_degrade.standard"][1]
    assert "下一步" in templates.TEXTS["recommendations_output.standard"][1]


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_nothing_of_ours_makes_a_claim(lang):
    said = [
        reply(lang)
        for _, reply in inspect.getmembers(replies, inspect.isfunction)
        if list(inspect.signature(reply).parameters) == ["lang"]
    ]
    said += [
        default_message(r, lang)
        for r in ("artifact_missing", "low_confidence", "safety_block", "timeout_degraded")
    ]
    assert len(said) > 10
    assert [text for text in said if isinstance(text, str) and makes_claim(text)] == []
