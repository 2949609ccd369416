"""What is traded, in whole sentences of the reader's language; never nothing (contract D 2.4, 3.4, 13.6)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.rules.dupe_texts import TRADEOFFS
from aurora.rules.dupe_tradeoffs import (
    MIN_FIRST,
    MOST_LINES,
    Made,
    fit_to_stand,
    in_language,
    made_of,
    of_alternative,
    of_ingredients,
)
from aurora.rules.evidence import shaped
from aurora.rules.product_analysis import Analysis

CJK = re.compile(r"[\u3400-\u9fff]")
LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])


def starts(lines: list[str], *keys: str) -> bool:
    """Whether the lines are made by these texts, in this order (EN)."""
    heads = [TRADEOFFS[key][0].split("{")[0] for key in keys]
    return len(lines) == len(keys) and all(
        line.startswith(head) for line, head in zip(lines, heads, strict=True)
    )


@pytest.mark.parametrize(
    ("detail", "keys"),
    [
        ({"missing_actives": ["petrolatum"], "added_benefits": ["glycerin"]}, ("lighter",)),
        ({"missing_actives": ["glycerin"], "added_benefits": ["petrolatum"]}, ("richer",)),
        ({"added_benefits": ["glycolic acid", "parfum"]}, ("irritates", "scented")),
        ({"added_benefits": ["alcohol denat"]}, ("drying",)),
        ({"missing_actives": ["niacinamide"], "added_benefits": ["peptides"]}, ("omits", "adds")),
        ({"missing_actives": ["Water", "aqua"]}, ()),
        ({"price_delta_usd": -12.5}, ("cheaper",)),
        ({"price_delta_usd": 3}, ("dearer",)),
        ({"price_delta_usd": 0.0}, ()),
        ({"availability_note": "Pharmacies."}, ("availability",)),
        ({"added_benefits": ["fragrance-free"]}, ("adds",)),
        ({"added_benefits": ["Ahava mud"]}, ("adds",)),
    ],
)
def test_what_a_source_says_becomes_lines(detail, keys):
    assert starts(of_alternative(detail, "EN", fragile=False), *keys)


def test_their_order_and_what_stands_last():
    detail = {
        "added_benefits": ["lactic acid"], "texture_finish_differences": ["Watery."], "price_delta_usd": -4,
        "availability_note": "Online only",
    }  # fmt: skip
    lines = of_alternative(detail, "EN", fragile=True)
    assert starts(
        [line for line in lines if line != "Watery."], "irritates_fragile", "cheaper", "availability"
    )
    assert lines[1] == "Watery."


@LANGS
def test_d13_6_every_line_is_in_the_readers_language(lang):
    detail = {
        "missing_actives": ["niacinamide"], "added_benefits": ["peptides"], "price_delta_usd": -4,
        "texture_finish_differences": ["Watery.", "水感。"], "availability_note": "药房 pharmacy",
    }  # fmt: skip
    lines = of_alternative(detail, lang, fragile=False)
    assert lines
    assert all((CJK.search(line) is not None) == (lang == "CN") for line in lines)


def test_lines_of_the_other_language_are_better_than_none():
    assert in_language(["水感。"], "EN") == ["水感。"]
    assert in_language(["Watery.", "水感。"], "CN") == ["水感。"]


@pytest.mark.parametrize(
    ("ours", "theirs", "keys"),
    [
        (["petrolatum"], ["glycerin"], ("lighter", "hero_shift")),
        (["glycerin"], ["petrolatum"], ("richer", "hero_shift")),
        (["petrolatum"], ["petrolatum"], ("both_seal",)),
        (["petrolatum", "urea"], ["Petrolatum", "UREA"], ("both_seal", "both_moisten")),
        (["x"], ["y", "AHA"], ("irritates",)),
        (["BHA"], ["AHA"], ("emphasis",)),
        (["x"], ["fragrance"], ("scented",)),
        (["fragrance"], ["parfum"], ("emphasis",)),
        (["x", "z"], ["x"], ("omits",)),
        (["x"], ["x", "z"], ("adds",)),
        (["x"], ["X"], ("same_heart",)),
        ([], ["x"], ()),
        (["x"], [], ()),
    ],
)
def test_what_is_in_either_becomes_lines(ours, theirs, keys):
    lines = of_ingredients(Made(ingredients=ours), Made(ingredients=theirs), "EN", fragile=False)
    assert starts(lines, *keys)


def test_new_risks_two_of_them_and_the_leading_ingredient():
    ours = Made(ingredients=["x", "fragrance"], risks=["May sting"], hero="x")
    theirs = Made(ingredients=["y", "AHA"], risks=["may sting", "A", "B", "C"], hero="y")
    lines = of_ingredients(ours, theirs, "EN", fragile=False)
    assert starts(lines, "irritates", "risk", "risk", "hero_shift")
    assert "from x to y" in lines[-1]


def test_what_a_product_is_made_of():
    science = {"key_ingredients": ["Water", "Retinol"], "risk_notes": ["high_irritation", "May flake"]}
    analysis = Analysis(evidence=shaped({"science": science}), confidence=0.4)
    made = made_of(analysis, {"key_actives": ["ignored"]})
    assert (made.ingredients, made.risks, made.confidence) == (["Retinol"], ["May flake"], 0.4)
    assert made_of(None, {"key_actives": ["urea", 7]}).ingredients == ["urea"]


@LANGS
@pytest.mark.parametrize(
    "lines", [[], ["", "  "], ["Lighter."], ["轻。"], ["Lighter.", "x" * 30], ["x\n\ny"]]
)
def test_the_first_line_is_always_a_whole_sentence(lines: list[Any], lang):
    found = fit_to_stand(lines, lang)
    assert len(found[0]) >= MIN_FIRST
    assert len(found) == len(set(found)) <= MOST_LINES
    assert all(line and "\n" not in line for line in found)


def test_a_longer_line_goes_first_and_none_is_lost():
    assert fit_to_stand(["Short.", "A line that is long enough."], "EN") == [
        "A line that is long enough.", "Short.",
    ]  # fmt: skip


@pytest.mark.parametrize("key", TRADEOFFS)
def test_every_text_is_whole_in_both_languages(key):
    en, cn = TRADEOFFS[key]
    assert set(re.findall(r"\{\w+\}", en)) == set(re.findall(r"\{\w+\}", cn))
    assert en[-1] == "."
    assert cn[-1] == "。"
    assert CJK.search(en) is None
    assert CJK.search(cn) is not None


NAMES = st.lists(st.text(max_size=20) | st.sampled_from(["AHA", "urea", "petrolatum", "parfum"]), max_size=6)


@settings(deadline=None)
@given(NAMES, NAMES, st.sampled_from(["EN", "CN"]), st.booleans())
def test_two_products_of_anything_never_break(ours, theirs, lang, fragile):
    lines = of_ingredients(Made(ingredients=ours), Made(ingredients=theirs), lang, fragile=fragile)
    assert len(lines) <= 6
    assert len(fit_to_stand(lines, lang)[0]) >= MIN_FIRST
