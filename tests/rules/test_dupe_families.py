"""Ingredient families: at word starts, no false hits, and denials are none (contract D 2.4)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.rules.dupe_families import FAMILIES, called, holds, listed, named_in, without_water


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("occlusives", "Petrolatum"), ("occlusives", "beeswax"), ("occlusives", "Cera Alba (wax)"),
        ("occlusives", "Butyrospermum Parkii (shea butter)"), ("occlusives", "凡士林"),
        ("humectants", "Sodium Hyaluronate"), ("humectants", "urea"), ("humectants", "betaine"),
        ("humectants", "丁二醇"), ("humectants", "尿素"), ("humectants", "ＧＬＹＣＥＲＩＮ"),
        ("soothing", "ceramide NP"), ("soothing", "积雪草提取物"), ("soothing", "CICA complex"),
        ("exfoliants", "AHA"), ("exfoliants", "10% glycolic acid"), ("exfoliants", "水杨酸"),
        ("exfoliants", "AHAs"), ("brightening", "vitamin C"), ("brightening", "alpha-arbutin"),
        ("brightening", "烟酰胺"), ("peptides", "Palmitoyl Tripeptide-1"), ("peptides", "copper peptides"),
        ("peptides", "六胜肽"), ("fragrance", "Parfum (Fragrance)"), ("fragrance", "香精"),
        ("fragrance", "lavender essential oil"), ("alcohol", "Alcohol Denat."), ("alcohol", "变性乙醇"),
    ],
)  # fmt: skip
def test_a_name_belongs_to_its_family(family, name):
    assert named_in(family, ["x", name]) == [name]


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("exfoliants", "Ahava mud"), ("exfoliants", "phase change gel"), ("exfoliants", "alpha bisabolol"),
        ("exfoliants", "bhavana"), ("exfoliants", "polylactic acid"), ("exfoliants", "聚乳酸"),
        ("humectants", "cocamidopropyl betaine"), ("humectants", "椰油酰胺丙基甜菜碱"),
        ("humectants", "Diazolidinyl Urea"), ("humectants", "咪唑烷基尿素"), ("humectants", "ureaplasma"),
        ("brightening", "vitamin complex"), ("occlusives", "waxberry"), ("occlusives", "earwaxy"),
        ("fragrance", "fragrance-free"), ("fragrance", "no added fragrance"), ("fragrance", "不含香精"),
        ("fragrance", "无香精"), ("fragrance", "0香精"), ("alcohol", "without alcohol denat"),
        ("alcohol", "cetyl alcohol"), ("peptides", "repeptidely"),
    ],
)  # fmt: skip
def test_what_only_sounds_like_it_or_is_denied_is_no_hit(family, name):
    assert not holds(family, [name])


def test_water_says_nothing_and_a_name_counts_once():
    assert without_water(["Aqua", "Glycerin", "water", "glycerin", " ", "水"]) == ["Glycerin"]


@pytest.mark.parametrize(
    ("lang", "phrase"),
    [("EN", "niacinamide, peptides and Rare Moss"), ("CN", "烟酰胺、胜肽、Rare Moss")],
)
def test_ingredients_are_called_as_the_reader_calls_them(lang, phrase):
    assert listed(["niacinamide", "peptides", "Rare Moss"], lang) == phrase


def test_one_is_listed_alone_and_five_are_four():
    assert listed(["a"], "EN") == "a"
    assert listed("abcde", "EN") == "a, b, c and d"
    assert called("Rare Moss", "CN") == "Rare Moss"


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=20))
def test_every_hit_is_one_of_the_names(names):
    for family in FAMILIES:
        assert set(named_in(family, names)) <= {name.strip() for name in names}


def test_a_name_of_any_length_and_lists_of_any_length_are_bounded():
    assert named_in("exfoliants", ["x" * 100_000 + " aha"]) == []
    assert len(named_in("exfoliants", ["aha"] * 10_000)) == 60
