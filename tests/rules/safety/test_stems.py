"""A text without the stem of a set is not read for it: every English term must then have one in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.rules.safety.terms import BY_NAME, PATTERNS, TABLE, named_in
from aurora.rules.text import fold

_STEMMED = [(terms.name, term) for terms in TABLE if terms.stems for term in terms.en]


@pytest.mark.parametrize(("name", "term"), _STEMMED, ids=[f"{name}-{term}" for name, term in _STEMMED])
def test_whatever_a_term_says_has_a_stem_in_it(name: str, term: str) -> None:
    @settings(deadline=None, max_examples=60, database=None)
    @given(st.from_regex(re.compile(term, re.ASCII), fullmatch=True))
    def holds(said: str) -> None:
        assert any(stem in said for stem in BY_NAME[name].stems)

    holds()


_PIECES = st.sampled_from(
    [stem for terms in TABLE for stem in terms.stems]
    + [
        " ",
        "s",
        " acid",
        "chemical ",
        " kit",
        "retinyl ",
        "palmitate",
        "all-trans ",
        "oates",
        "A醇",
        "异",
        "维A酸",
        "焕肤",
    ]
    + ["ah", "re", "tin", "ol", "pe", "el", "ＲＥＴＩＮＯＬ", "\u200b", "_", "x", "\n"]
)


@settings(deadline=None, max_examples=400)
@given(st.lists(_PIECES, max_size=8).map("".join))
def test_named_in_says_what_the_whole_pattern_says(text: str) -> None:
    folded = fold(text)
    for name, whole in PATTERNS.items():
        assert named_in(name, folded) == (whole.search(folded) is not None)


# Chinese terms whole and in halves, and what stands in them or between them.
_CN_PIECES = st.sampled_from(
    [piece for terms in TABLE for term in terms.cn for piece in (term, term[:1], term[1:], " ".join(term))]
    + [
        "每天",
        "早晚都",
        "乳酸",
        "乳酸菌",
        "透明质酸",
        "激素",
        "脸",
        "哺乳",
        "安全",
        "能用",
        "异",
        "维",
        "甲",
        "a",
        "c",
    ]
    + ["，", " ", "\t", "\n", "\u2003", "\u200b", "x"]
)


@settings(deadline=None, max_examples=800)
@given(st.lists(_CN_PIECES, max_size=6).map("".join))
def test_a_chinese_text_is_read_for_a_set_wherever_it_holds_something_of_it(text: str) -> None:
    folded = fold(text)
    for name, whole in PATTERNS.items():
        assert named_in(name, folded) == (whole.search(folded) is not None)
