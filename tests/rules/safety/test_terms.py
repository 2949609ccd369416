"""Both ways of looking for a set of terms say the same (rules.safety.terms)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.safety.terms import PATTERNS, TABLE, Terms, named_in
from aurora.rules.text import fold
from tests.rules.safety import corpus

WORDS = sorted({
    word.strip("\\b?()") for terms in TABLE for word in (*terms.en, *terms.cn)
} | {"and", " ", "维", "a", "酸", "异", "不", ",", "daily", "用"})  # fmt: skip
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=12).map(" ".join) | st.lists(
    st.sampled_from(WORDS), max_size=6
).map("".join)


@given(TEXTS)
def test_sooner_and_whole_agree(text: str) -> None:
    folded = fold(text)
    for name, pattern in PATTERNS.items():
        assert named_in(name, folded) == (pattern.search(folded) is not None), name


def test_they_agree_on_every_sentence_of_the_corpus() -> None:
    for sentence in (one.text for lang in ("EN", "CN") for one in corpus.load(lang)):
        folded = fold(sentence)
        for name, pattern in PATTERNS.items():
            assert named_in(name, folded) == (pattern.search(folded) is not None), (name, sentence)


@pytest.mark.parametrize("terms", [terms for terms in TABLE if terms.cn], ids=lambda terms: terms.name)
def test_no_chinese_term_is_all_ascii(terms: Terms) -> None:
    assert all(not term.isascii() for term in terms.cn)
