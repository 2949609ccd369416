"""What a page's list of ingredients tells of a product, and whom it asks for care (contract D 3.2, 1b)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules.page.product_page import ProductPage
from aurora.rules.page.themes import CODES
from aurora.rules.product_enrichment import personal
from aurora.rules.product_from_page import judged

PLAIN = ["Aqua", "Glycerin", "Butylene Glycol", "Panthenol", "Phenoxyethanol"]
FILLERS = [f"Hydrolyzed Something {number}" for number in range(120)]


def page(*extra: str, **said: object) -> ProductPage:
    return msgspec.structs.replace(ProductPage(brand="Lumen", name="Serum", inci=[*PLAIN, *extra]), **said)


CAUTIONS = [
    ("Glycolic Acid", "acids"), ("Salicylic Acid", "acids"), ("Gluconolactone", "acids"), ("乳酸", "acids"),
    ("Retinol", "others"), ("Hydroxypinacolone Retinoate", "others"), ("视黄醇", "others"),
    ("Parfum (Fragrance)", "others"), ("Linalool", "others"), ("Rose Essential Oil", "others"),
    ("香精", "others"), ("精油", "others"),
    ("Hyaluronic Acid", ""), ("Stearic Acid", ""), ("Lactobacillus Ferment", ""), ("乳酸杆菌发酵产物", ""),
    ("Fragrance-Free Base", ""), ("Niacinamide", ""), ("Ethylhexyl Salicylate", ""), ("无香精", ""),
]  # fmt: skip


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(("entry", "kind"), CAUTIONS)
def test_who_should_be_careful(entry: str, kind: str, lang: Lang) -> None:
    """High sensitivity or an impaired barrier: acids, retinoids, scent; medium: acids alone."""
    analysis = judged(page(entry), lang)
    assert analysis.verdict == "likely"
    for profile, careful in (
        (Profile(sensitivity="high"), kind != ""),
        (Profile(barrierStatus="impaired"), kind != ""),
        (Profile(sensitivity="medium"), kind == "acids"),
        (Profile(sensitivity="low", barrierStatus="healthy"), False),
        (None, False),
    ):
        told = personal(analysis, profile, lang)
        assert (told.verdict == "caution") is careful, profile


@pytest.mark.parametrize("entry", ["Retinol", "Parfum", "Glycolic Acid"])
def test_the_end_of_the_longest_list_is_read_too(entry: str) -> None:
    analysis = judged(page(*FILLERS, entry), "EN")
    assert personal(analysis, Profile(sensitivity="high"), "EN").verdict == "caution"


@pytest.mark.parametrize(
    "entry", ["Hydroquinone", "Retinol", "Tretinoin", "Benzoyl Peroxide", "Salicylic Acid"]
)
def test_what_safety_rules_look_for_is_a_key_ingredient(entry: str) -> None:
    busy = [
        "Niacinamide",
        "Ceramide NP",
        "Squalane",
        "Ascorbic Acid",
        "Azelaic Acid",
        "Centella Asiatica Extract",
    ]
    assert entry in judged(page(*busy, *FILLERS, entry), "EN").judged()["key_ingredients"]


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_what_the_page_lacks_is_declared(lang: Lang) -> None:
    bare = judged(ProductPage(inci=PLAIN), lang)
    assert bare.product is None
    assert bare.codes == ["concentration_unknown", "social_signals_missing", "price_unknown"]
    whole = judged(page(price_amount=12.5, price_currency="USD", themes=["hydrating", "sticky"]), lang)
    assert whole.codes == ["concentration_unknown"]
    assert whole.product is not None
    assert whole.product["price"] == {"amount": 12.5, "currency": "USD"}
    social = whole.evidence["social_signals"]
    assert (len(social["typical_positive"]), len(social["typical_negative"])) == (1, 1)
    for analysis in (bare, whole):
        assert set(analysis.evidence["science"]) == {
            "key_ingredients",
            "mechanisms",
            "fit_notes",
            "risk_notes",
        }


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*PLAIN, *FILLERS, "Retinol", "Niacinamide", "Parfum", "水", "烟酰胺"]),
        min_size=5,
        max_size=150,
    ),
    st.lists(st.sampled_from(CODES), max_size=6, unique=True),
    st.sampled_from(["EN", "CN"]),
)
def test_nothing_is_surer_than_a_list_allows(inci: list[str], themes: list[str], lang: Lang) -> None:
    analysis = judged(ProductPage(name="Serum", inci=inci, themes=themes), lang)
    assert analysis.confidence is not None
    assert 0.35 <= analysis.confidence <= 0.84
    assert len(analysis.key_ingredients) <= 9
    social = analysis.evidence["social_signals"]
    assert len(social["typical_positive"]) + len(social["typical_negative"]) == len(themes)
    assert judged(ProductPage(name="Serum", inci=inci, themes=themes), lang) == analysis
