"""An analysis as one person reads it, as everybody reads it, and its blocks (contract D 2.9, 2.10, 13.21)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.memory import Profile
from aurora.rules import evidence, product_texts
from aurora.rules.knowledge_facts import personal_in
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_blocks import blocks
from aurora.rules.product_enrichment import identified, personal, without_answer
from aurora.rules.product_heroes import TABLE, cares, hero_of, known_in
from aurora.rules.product_knowledge import Row, claim, facts_of, may_read, row_in
from aurora.rules.product_reading import read_analysis
from tests.support.linear import assert_linear

OILY = Profile(skinType="oily", sensitivity="low", barrierStatus="impaired", goals=["acne"])
TEXTS = st.text(max_size=40)
PROFILES = st.builds(
    Profile,
    skinType=st.sampled_from([None, "oily", "dry", "unknown", "odd"]),
    sensitivity=st.sampled_from([None, "low", "medium", "high"]),
    barrierStatus=st.sampled_from([None, "healthy", "impaired"]),
    goals=st.lists(st.sampled_from(["acne", "dark_spots", "odd", "wrinkles"]), max_size=3),
)


def judged(
    *keys: str, verdict: Any = "suitable", reasons: list[str] | None = None, **science: list[str]
) -> Analysis:
    raw = {"science": {"key_ingredients": list(keys), **science}, "social_signals": {}, "expert_notes": []}
    return Analysis(
        verdict=verdict, reasons=["Light."] if reasons is None else reasons, evidence=evidence.shaped(raw)
    )


ANALYSES = st.builds(
    lambda keys, verdict, reasons, risks: judged(*keys, verdict=verdict, reasons=reasons, risk_notes=risks),
    st.lists(st.sampled_from(["retinol", "niacinamide", "parfum", "水杨酸", "odd"]) | TEXTS, max_size=4),
    st.sampled_from(["suitable", "likely", "caution", "avoid", "unknown", None]),
    st.lists(TEXTS | st.sampled_from(["high_irritation", "Works for most skin.", "总体不错"]), max_size=5),
    st.lists(TEXTS | st.sampled_from(["fragrance", "strong_acid"]), max_size=3),
)


# --- the main ingredient


@pytest.mark.parametrize(
    ("keys", "hero"),
    [
        (["glycerin", "retinol"], "retinoid"),
        (["Niacinamide", "Salicylic Acid"], "salicylic_acid"),
        (["烟酰胺", "甘油"], "niacinamide"),
        (["retinol-free", "panthenol"], "panthenol"),
        (["不含视黄醇", "泛醇"], "panthenol"),
        (["Sodium Polylactate", "Parfum"], None),
        (["hyaluronic acid"], "hyaluronic_acid"),
        ([], None),
    ],
)
def test_the_strongest_is_the_hero(keys: list[str], hero: str | None) -> None:
    found = hero_of(known_in(keys))
    assert (found.id if found else None) == hero


def test_cautions_go_with_what_asks_for_them() -> None:
    assert cares(known_in(["retinol", "Parfum", "glycerin"])) == ["retinoid", "fragrance"]


@pytest.mark.parametrize("text", ["looks reasonable ", "整体", "retinol-free ", "seems "])
def test_reading_reasons_is_linear(text: str) -> None:
    def of(size: int) -> Any:
        analysis = judged(text * (size // len(text)), reasons=[text * (size // len(text))])
        return lambda: personal(analysis, OILY, "CN")

    assert_linear(of)


@pytest.mark.parametrize("known", TABLE, ids=[known.id for known in TABLE])
def test_everything_is_said_in_both_languages(known: Any) -> None:
    for english, chinese in (known.name, known.role, known.why):
        assert english.isascii()
        assert not chinese.isascii()


# --- reasons


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_her_lines_come_first_then_the_hero(lang: Any) -> None:
    told = personal(judged("niacinamide"), OILY, lang)
    assert ("oily" if lang == "EN" else "油性") in told.reasons[0]
    assert ("烟酰胺" if lang == "CN" else "Niacinamide") in told.reasons[3]
    assert told.hero is not None
    assert told.hero["source"] == "heuristic"
    assert len(told.reasons) <= 5


@pytest.mark.parametrize(
    "line", ["Overall fit is fine.", "Works for most skin types.", "总体不错", "Seems suitable to me"]
)
def test_reasons_that_fit_any_product_go(line: str) -> None:
    told = personal(judged("niacinamide", reasons=[line, "Low pH."]), None, "EN")
    assert line not in told.reasons
    assert "Low pH." in told.reasons


def test_latin_reasons_go_beside_chinese_lines_of_her() -> None:
    told = personal(judged("niacinamide", reasons=["Light on skin."]), OILY, "CN")
    assert not any(line.isascii() for line in told.reasons)


@pytest.mark.parametrize(
    ("verdict", "first"), [("caution", "Worth knowing: burns."), ("suitable", "Fits dry skin.")]
)
def test_too_few_reasons_are_filled_from_the_evidence(verdict: Any, first: str) -> None:
    analysis = judged(
        "odd extract", verdict=verdict, reasons=[], risk_notes=["burns"], fit_notes=["Fits dry skin."]
    )
    assert personal(analysis, None, "EN").reasons[0] == first


def test_a_verdict_without_anything_says_that_it_is_one() -> None:
    (line,) = personal(judged(reasons=[]), None, "EN").reasons
    assert "only a verdict" in line


@pytest.mark.parametrize(
    ("keys", "profile", "verdict"),
    [
        (["retinol"], {"sensitivity": "high"}, "caution"),
        (["retinol"], {"barrierStatus": "impaired"}, "caution"),
        (["Parfum"], {"sensitivity": "high"}, "caution"),
        (["glycolic acid"], {"sensitivity": "medium"}, "caution"),
        (["Parfum"], {"sensitivity": "medium"}, "suitable"),
        (["retinol"], {"sensitivity": "low", "barrierStatus": "healthy"}, "suitable"),
        (["niacinamide"], {"sensitivity": "high", "barrierStatus": "impaired"}, "suitable"),
    ],
)
def test_no_verdict_is_kinder_than_her_skin_allows(
    keys: list[str], profile: dict[str, Any], verdict: str
) -> None:
    assert personal(judged(*keys), Profile(**profile), "EN").verdict == verdict


def test_no_answer_and_no_listing_are_told_apart() -> None:
    empty = read_analysis(None, None)
    assert without_answer(empty, "EN").reasons != without_answer(empty, "EN", why="not_indexed").reasons
    told = judged(verdict="unknown", reasons=["No data on this batch."])
    assert without_answer(told, "EN").reasons == ["No data on this batch."]


@given(ANALYSES, PROFILES | st.none(), st.sampled_from(["EN", "CN"]))
def test_whatever_comes_in_a_lawful_card_goes_out(
    analysis: Analysis, profile: Profile | None, lang: Any
) -> None:
    told = personal(without_answer(analysis, lang), profile, lang)
    around = blocks(told, profile, lang, generated_at="2026-01-01T00:00:00.000Z", source="kb", fresh=False)
    payload = {**told.payload(lang, profile), **around}
    msgspec.convert(payload, CARD_PAYLOADS["product_analysis"], strict=True)
    assert 1 <= len(told.reasons) <= 5
    assert all(0 <= node["score"] <= 1 for node in payload["confidence_by_block"].values())


# --- knowledge


@given(ANALYSES)
def test_what_was_kept_is_what_is_read(analysis: Analysis) -> None:
    row = Row(analysis=analysis, about=claim("x"), ask={"name": "x"})
    again = row_in(facts_of(row))
    if analysis.verdict in (None, "unknown"):
        assert again is None
    else:
        assert again == row


def test_codes_about_a_profile_stay_behind() -> None:
    analysis = msgspec.structs.replace(
        judged("niacinamide"), codes=["profile.skinType", "price_unknown", "skin_fit.profile.goals"],
        gaps=[("evidence.expert_notes", "upstream_missing_or_empty")],
    )  # fmt: skip
    facts = facts_of(Row(analysis=analysis))
    assert facts["analysis"]["codes"] == ["price_unknown"]
    assert personal_in(facts) == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Dewfield Even Serum", "even  SERUM dewfield", True),
        ("Even Serum", "Even Serum 2", False),
        ("匀净精华", "匀净 精华", True),
        ("", "", True),
    ],
)
def test_a_claim_is_the_name_in_any_spelling(one: str, other: str, same: bool) -> None:
    assert (claim(one) == claim(other)) is same


def test_who_may_read_a_row() -> None:
    claimed = Row(analysis=judged(), about=claim("A"))
    found = Row(analysis=judged(), about=claim("A"), looked_up=True)
    assert may_read(claimed, claim("A"))
    assert not may_read(claimed, claim("B"))
    assert not may_read(claimed, "")
    assert may_read(found, "")
    assert not may_read(found, claim("B"))
    assert claim("A", "https://a.example/p") != claim("A")


# --- blocks and identity


def test_one_house_is_related_and_no_competitor() -> None:
    rows = [{"name": "Other", "brand": "dewfield"}, {"name": "Rival", "brand": "Rivals"}]
    analysis = msgspec.structs.replace(judged(), product={"brand": "Dewfield", "name": "S"}, candidates=rows)
    made = blocks(analysis, None, "EN", generated_at="", source="kb")
    assert [row["name"] for row in made["competitors"]["candidates"]] == ["Rival"]
    assert [row["name"] for row in made["related_products"]["candidates"]] == ["Other"]


def test_a_source_that_names_the_product_gets_the_id_that_was_asked_with() -> None:
    analysis = msgspec.structs.replace(judged(), product={"name": "S"}, codes=["anchor_product_missing"])
    told = identified(analysis, {"sku_id": "s1", "name": "Other name"})
    assert told.product == {"name": "S", "sku_id": "s1"}
    assert told.codes == []


# --- what is said over it

FRAGILE = Profile(skinType="dry", sensitivity="high", barrierStatus="impaired", goals=["redness"])


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    ("keys", "often"),
    [
        (["ceramides"], True),
        (["zinc oxide"], True),
        ([], True),
        (["retinol"], False),
        (["glycolic acid"], False),
    ],
)
def test_only_what_irritates_starts_with_two_nights(keys: list[str], often: bool, lang: Any) -> None:
    told = "\n".join(personal(judged(*keys), FRAGILE, lang).reasons)
    assert ("two nights" in told or "两晚" in told) is not often
    assert "stings" in told or "刺痛" in told


def test_the_message_is_about_the_product_and_leaves_her_skin_to_the_card() -> None:
    read = personal(judged("ceramides"), FRAGILE, "EN")
    said = product_texts.judged("Cream", "suitable", read.reasons, "EN", FRAGILE)
    assert read.reasons[0].startswith("Checked against your skin")
    assert "Checked against" not in said
    assert "Ceramides" in said


def test_without_a_verdict_the_message_says_why_and_what_would_help() -> None:
    read = personal(without_answer(Analysis(), "EN", why="not_indexed"), FRAGILE, "EN")
    lead, *lines = product_texts.judged("Cream", "unknown", read.reasons, "EN", FRAGILE).splitlines()
    assert lead == "Cream: I can't give a verdict yet."
    assert ["catalogue" in lines[0], "INCI list" in lines[1], len(lines)] == [True, True, 2]


def test_a_message_is_never_a_bare_verdict() -> None:
    hers = personal(judged(), FRAGILE, "EN").reasons[:1]
    assert product_texts.judged("Cream", "suitable", hers, "EN", FRAGILE).splitlines()[1:] == [f"- {hers[0]}"]
