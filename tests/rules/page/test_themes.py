"""What reviews talk about: themes that at least two of them bring up."""

from __future__ import annotations

import pytest

from aurora.rules.page.themes import CODES, TABLE, themes


@pytest.mark.parametrize(
    ("reviews", "codes"),
    [
        ([], []),
        (["so hydrating"], []),
        (["so hydrating", "so hydrating"], []),  # one person, twice
        (["so hydrating", "Very moisturizing"], ["hydrating"]),
        (["很滋润", "保湿不错"], ["hydrating"]),
        (["not sticky", "isn't too sticky", "non-greasy", "不黏腻", "没有搓泥"], []),
        (["sticky!", "a bit greasy", "有点黏腻"], ["sticky"]),
        (["it stings", "burned my face", "gentle", "calming"], ["soothing", "irritation"]),
        (["broke me out", "breaks me out", "clogged pores"], ["breakouts"]),
        (["pilling", "it pills", "搓泥", "gentle", "soothing"], ["pilling", "soothing"]),
        (["味道太重", "smells awful"], ["strong_scent"]),
        (["", "\x00", "a" * 100_000], []),
    ],
)  # fmt: skip
def test_themes(reviews: list[str], codes: list[str]) -> None:
    assert themes(reviews) == codes


def test_at_most_six_and_every_theme_can_be_told() -> None:
    words = {
        "hydrating": "hydrating", "lightweight": "lightweight", "soothing": "soothing",
        "brightening": "glowy",
        "clears_skin": "less acne", "sticky": "sticky", "pilling": "pilling", "drying": "drying",
        "irritation": "rash", "breakouts": "broke me out", "strong_scent": "strong smell",
    }  # fmt: skip
    assert tuple(words) == CODES
    for code, word in words.items():
        assert themes([word, f"{word}!"]) == [code]
    everything = " and ".join(words.values())
    assert len(themes([everything, f"{everything}!"])) == 6
    assert {theme.kind for theme in TABLE} == {"liked", "disliked"}
