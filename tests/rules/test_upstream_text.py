"""An upstream's words, made fit to be said (contract B 17.3, F 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules import upstream_text
from tests.support.linear import assert_linear

ESSAY = "Part 1: " + "gentle care for tired skin. " * 30


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, ""),
        ("   ", ""),
        ("Plain words.", "Plain words."),
        ("Take <b>two</b> <a href='x'>drops</a>.<script>alert(1)</script> Done.", "Take two drops. Done."),
        ("A<style>p{}</STYLE >B<!-- note -->C", "ABC"),
        ("<script>never closed", ""),
        ("<scr<script></script>ipt>alert(1)", "script>alert(1)"),
        ("<scr<script></script>ipt", "script"),
        ("Under <5% and a<b and <3.", "Under <5% and a<b and <3."),
        ("Sure:\n```json\n{\"recommendations\": []}\n```\nKeep it gentle.", "Sure:\n\nKeep it gentle."),
        ("Keep it gentle.\n```json\n{\"a\"", "Keep it gentle."),
        ('Use {smile} and {"recommendations": [{"sku": 1}]} daily.', "Use {smile} and daily."),
        ('Broken off {"recommendations": [{"sku"', "Broken off"),
        ('[{"a": 1}] tail', "tail"),
        ("See [the study](https://x.example/a) and [this](javascript:alert(1)).",
         "See the study: https://x.example/a and this."),
        ("Open javascript:alert(1) now", "Open now"),
        ("Helps. [kb:abc-1]\nSources: kb:abc-2\nMore", "Helps. \nMore"),
        ("one\n\n\n \ntwo", "one\n\ntwo"),
        ("推荐{\"recommendations\":[]}先保湿。", "推荐先保湿。"),
    ],
)  # fmt: skip
def test_only_plain_words_are_left(answer, said):
    assert upstream_text.prose(answer) == said


def test_debug_keeps_references():
    assert upstream_text.prose("See kb:abc-1.", keep_kb=True) == "See kb:abc-1."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Use 0.5% daily, it helps. See the cards below.", "Use 0.5% daily, it helps."),
        ("See the cards below.", ""),
        ("详情见下方卡片。先把保湿做好，再慢慢加别的。", "先把保湿做好，再慢慢加别的。"),
        ("请查看卡片。", ""),
        ("A card trick is fun to watch.", "A card trick is fun to watch."),
    ],
)
def test_sentences_that_point_at_cards_go(text, left):
    assert upstream_text.without_pointers(text) == left


def test_a_report_is_long_and_in_parts():
    assert upstream_text.is_report(ESSAY)
    assert upstream_text.is_report("早上：" + "温和清洁，做好保湿。" * 80)
    assert not upstream_text.is_report(ESSAY[:300])
    assert not upstream_text.is_report("gentle care for tired skin. " * 30)


def test_a_long_answer_ends_with_a_sentence():
    text = "One sentence here. " * 400
    cut = upstream_text.cut_to(text)
    assert len(cut) <= upstream_text.SAY_CAP
    assert cut.endswith("here.…")
    assert upstream_text.cut_to("short") == "short"
    assert len(upstream_text.cut_to("x" * 9000)) == upstream_text.SAY_CAP


@given(st.text(st.sampled_from("<>/scriptb {}[]\"':,`kb:\n()!a.。见下方"), max_size=120))
def test_nothing_that_acts_or_is_internal_is_ever_left(text):
    said = upstream_text.prose(text)
    assert "<script" not in said.lower()
    assert "kb:a" not in said
    assert '{"' not in said
    upstream_text.without_pointers(said)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "<script>",
        "<b",
        '{"a":',
        "[x](",
        "```",
        "kb:a ",
        "Sources: ,",
        "a. ",
        "见下方。",
        "<!--",
        " \n",
        "![",
        "data:",
    ],
)
def test_reading_takes_time_in_proportion(unit):
    def work_on(size):
        text = (unit * size)[:size]
        return lambda: upstream_text.without_pointers(upstream_text.prose(text))

    assert_linear(work_on)
