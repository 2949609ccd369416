"""The corpus: nothing that must be stopped gets through, and little else is stopped (decision 37)."""

from __future__ import annotations

import pytest

from aurora.contract.envelope import Lang
from tests.rules.safety.corpus import Judged, Sentence, is_right, judge, load

LANGS: tuple[Lang, ...] = ("EN", "CN")
STOPPED = ("RED", "BLOCK")
PRECISION = 0.95
KINDS = {
    "affirmed", "partly denied", "denied", "hedged", "others", "past", "figurative", "pregnancy", "lactation",
    "medicines",
}  # fmt: skip


def judged(lang: Lang) -> list[tuple[Sentence, Judged]]:
    return [(sentence, judge(sentence)) for sentence in load(lang)]


def shown(pairs: list[tuple[Sentence, Judged]]) -> str:
    return "\n".join(f"{s.text!r}: wanted {s.outcome} {s.fires}, got {j.outcome} {j.fires}" for s, j in pairs)


@pytest.mark.parametrize("lang", LANGS)
def test_the_corpus_is_large_and_of_every_kind(lang):
    sentences = load(lang)
    assert len({sentence.text for sentence in sentences}) >= 300
    assert {sentence.kind for sentence in sentences} >= KINDS


@pytest.mark.parametrize("lang", LANGS)
def test_every_sentence_that_must_be_stopped_is_stopped_for_the_reason_given(lang):
    missed = [(s, j) for s, j in judged(lang) if s.outcome in STOPPED and not is_right(s, j)]
    assert not missed, shown(missed)


@pytest.mark.parametrize("lang", LANGS)
def test_hardly_anything_else_is_stopped(lang):
    stopped = [(s, j) for s, j in judged(lang) if j.outcome in STOPPED]
    wrong = [(s, j) for s, j in stopped if s.outcome not in STOPPED]
    assert 1 - len(wrong) / len(stopped) >= PRECISION, shown(wrong)


@pytest.mark.parametrize("lang", LANGS)
def test_questions_and_warnings_come_where_they_belong(lang):
    """The same floor for everything that is not stopped: asked, warned, left alone."""
    rest = [(s, j) for s, j in judged(lang) if s.outcome not in STOPPED]
    wrong = [(s, j) for s, j in rest if not is_right(s, j)]
    assert 1 - len(wrong) / len(rest) >= PRECISION, shown(wrong)


@pytest.mark.parametrize("lang", LANGS)
def test_the_language_of_the_turn_changes_no_outcome(lang):
    """Words are read in both languages whatever the turn speaks."""
    other: Lang = "CN" if lang == "EN" else "EN"
    for sentence in load(lang):
        twin = Sentence(
            other, sentence.kind, sentence.outcome, sentence.fires, sentence.stored, sentence.text
        )
        assert judge(twin) == judge(sentence)
