"""A product as sources judge it, in one shape (contract D 2.1-2.3, 2.8, 4; D 13.5, 7)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.memory import Profile
from aurora.rules import fit_texts, product_gaps
from aurora.rules.product_analysis import Analysis, in_words, verdict_of
from aurora.rules.product_reading import product_name, product_of, read_analysis, read_anchor, read_parse

STRUCTURED: dict[str, Any] = {
    "parse": {"anchor_product": {"sku_id": "s1", "brand": "Dewfield", "name": "Even Serum"}},
    "analyze": {
        "verdict": "Likely Suitable",
        "confidence": 0.62,
        "reasons": ["Light texture.", "high_irritation", "router.slow_code_x"],
        "how_to_use": {"timing": "PM", "frequency": "daily", "steps": ["two drops", 3], "secret": "x"},
        "science_evidence": [
            {
                "key": "niacinamide",
                "mechanism": "evens tone",
                "targets": ["spots", "pores"],
                "risks": ["fragrance"],
            },
            "rubbish",
        ],
        "social_signals": {"red_score": 0.8, "burn_rate": 0.3, "top_keywords": ["soothing"]},
        "expert_notes": {"chemist_notes": "pH is fine", "sensitivity_flags": ["citral"]},
    },
    "kb_requirements_check": {"missing_fields": ["price_unknown"], "notes": "kb:internal-1"},
    "alternatives": [
        {
            "product": {"sku_id": "d1", "brand": "Other", "name": "Dupe"},
            "similarity_score": 82,
            "reasons": ["Cheaper."],
            "tradeoffs": {"texture_finish_differences": ["lighter"]},
        },
        {"product": {}},
        None,
    ],
}
FLAT: dict[str, Any] = {
    "assessment": {"verdict": "Caution", "reasons": "Rich.", "how_to_use": "Nights only."},
    "evidence": {"science": {"key_ingredients": ["shea"]}, "social_signals": {}, "expert_notes": ["ok"]},
    "confidence": 0.55,
    "missing_info": ["concentration_unknown", "reco_dag_timeout", "profile.skinType", "Not A Code"],
}


def text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def test_the_structured_shape_is_read_and_mapped() -> None:
    found = read_analysis(STRUCTURED, None)
    assert found.verdict == "likely"
    assert found.confidence == 0.62
    assert found.product == {
        "sku_id": "s1",
        "brand": "Dewfield",
        "name": "Even Serum",
        "display_name": "Dewfield Even Serum",
    }
    assert found.how_to_use == {"timing": "PM", "frequency": "daily", "steps": ["two drops"]}
    assert found.evidence["science"] == {
        "key_ingredients": ["niacinamide"],
        "mechanisms": ["evens tone"],
        "fit_notes": ["spots, pores"],
        "risk_notes": ["fragrance", "irritation_reported"],
    }
    assert found.evidence["social_signals"]["platform_scores"] == {"RED": 0.8, "burn_rate": 0.3}
    assert found.evidence["social_signals"]["typical_positive"] == ["soothing"]
    assert found.evidence["expert_notes"][:2] == ["pH is fine", "citral"]
    assert found.candidates == [
        {
            "sku_id": "d1",
            "brand": "Other",
            "name": "Dupe",
            "display_name": "Other Dupe",
            "similarity_score": 0.82,
            "why_candidate": {"summary": "Cheaper.", "reasons_user_visible": ["Cheaper."]},
            "compare_highlights": ["lighter"],
        }
    ]
    assert "kb:" not in text(msgspec.to_builtins(found))
    assert "kb:internal-1" in text(msgspec.to_builtins(read_analysis(STRUCTURED, None, keep_kb=True)))


@pytest.mark.parametrize(
    "answer", [text(FLAT), f"Sure!\n```json\n{text(FLAT)}\n```", text({"analysis": FLAT})]
)
def test_d13_defect_5_the_flat_shape_is_understood(answer: str) -> None:
    found = read_analysis(None, answer)
    assert (found.verdict, found.reasons, found.how_to_use) == ("caution", ["Rich."], "Nights only.")
    assert found.evidence["science"]["key_ingredients"] == ["shea"]
    assert found.gaps == []


def test_the_structured_shape_is_preferred() -> None:
    assert read_analysis(STRUCTURED, text(FLAT)).verdict == "likely"
    assert read_analysis({"something": "else"}, text(FLAT)).verdict == "caution"


@pytest.mark.parametrize("structured", [None, {}, {"foo": 1}])
@pytest.mark.parametrize("answer", [None, "", "plain words", "[]", '{"foo": 1}'])
def test_nothing_usable_still_has_the_whole_shape(structured: Any, answer: Any) -> None:
    found = read_analysis(structured, answer)
    payload = found.payload("EN", None)
    assert payload["assessment"] is None
    assert payload["evidence"] == {
        "science": {"key_ingredients": [], "mechanisms": [], "fit_notes": [], "risk_notes": []},
        "social_signals": {"typical_positive": [], "typical_negative": [], "risk_for_groups": []},
        "expert_notes": [],
        "confidence": None,
        "missing_info": payload["evidence"]["missing_info"],
    }
    missing = {(gap.field, gap.reason) for gap in found.field_missing()}
    assert ("assessment", "upstream_missing_or_unstructured") in missing
    assert ("confidence", "upstream_missing_or_invalid") in missing
    assert payload["profile_prompt"]["needed"] is True


@pytest.mark.parametrize(
    ("evidence", "gaps"),
    [
        (None, [("evidence", "upstream_missing_or_invalid")]),
        ("words", [("evidence", "upstream_missing_or_invalid")]),
        (
            {"science": [], "expert_notes": []},
            [
                ("evidence.science", "upstream_missing_or_invalid"),
                ("evidence.social_signals", "upstream_missing_or_invalid"),
                ("evidence.expert_notes", "upstream_missing_or_empty"),
            ],
        ),
        ({"science": {}, "social_signals": {}, "expert_notes": "one"}, []),
    ],
)
def test_what_evidence_lacks_is_declared(evidence: Any, gaps: list[tuple[str, str]]) -> None:
    found = read_analysis(None, text({**FLAT, "evidence": evidence}))
    assert found.gaps == gaps


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("Suitable", "suitable"), ("suitable for you", "suitable"), ("适合", "suitable"),
        ("Likely Suitable", "likely"), ("较适配", "likely"), ("Caution", "caution"), ("谨慎", "caution"),
        ("Mixed bag of opinions", "caution"), ("Avoid", "avoid"), ("Not suitable", "avoid"),
        ("不适合", "avoid"), ("不建议", "avoid"), ("Mismatch", "avoid"),
        ("Unknown", "unknown"), ("未知", "unknown"), ("", None), (None, None), (3, None), ("???", "caution"),
    ],
)  # fmt: skip
def test_a_verdict_is_one_of_five(said: Any, verdict: str | None) -> None:
    assert verdict_of(said) == verdict


# --- the context's own product


@pytest.mark.parametrize(
    ("marks", "verdict"),
    [
        ({}, "suitable"),
        ({"score": {"total": 80}}, "suitable"),
        ({"score": {"total": 54}}, "caution"),
        ({"total_score": 54.9}, "caution"),
        ({"risk_flags": ["high_irritation"]}, "caution"),
        ({"risk_flags": ["high_irritation"], "vetoed": True}, "avoid"),
        ({"vetoed": "yes"}, "suitable"),
    ],
)
def test_a_product_in_the_context_is_judged_by_its_marks(marks: dict[str, Any], verdict: str) -> None:
    found = read_anchor({"anchor": {"sku_id": "s1", "name": "Serum", **marks}})
    assert found is not None
    assert found.verdict == verdict


def test_its_notes_are_the_reasons_and_its_scores_the_confidence() -> None:
    pack = {
        "keyActives": ["niacinamide"],
        "comparisonNotes": ["Light.", "Kind."],
        "sensitivityFlags": ["fragrance"],
    }
    found = read_anchor(
        {"anchor_product": {"name": "S", "score": {"total": 78, "science": 81}, "evidence_pack": pack}}
    )
    assert found is not None
    assert found.reasons == ["Light.", "Kind.", "fragrance"]
    assert (found.confidence, found.evidence["confidence"]) == (0.78, 0.81)
    worded = in_words(found, "EN")
    assert worded.reasons == ["Light.", "Kind.", "Contains fragrance"]
    assert worded.evidence["science"]["risk_notes"] == ["Contains fragrance"]


@pytest.mark.parametrize("context", [None, {}, {"anchor": None}, {"anchor": "x"}, {"anchor": []}])
def test_without_a_product_in_the_context_there_is_none(context: Any) -> None:
    assert read_anchor(context) is None


def test_a_chinese_reader_gets_chinese_lines_where_there_are_some() -> None:
    found = Analysis(reasons=["Light.", "质地轻薄。", "acid"])
    assert in_words(found, "CN").reasons == ["质地轻薄。", "含酸类成分"]
    assert in_words(Analysis(reasons=["Light."]), "CN").reasons == ["Light."]


# --- products


@pytest.mark.parametrize(
    ("structured", "answer", "anchor"),
    [
        ({"parse": {"anchor_product": {"sku_id": "s1", "name": "A"}}}, None, "s1"),
        (None, text({"product": {"product_id": "p1", "name": "A"}}), "p1"),
        (None, text({"product": {"name": "A"}}), None),
    ],
)
def test_a_parsed_product_and_its_anchor(structured: Any, answer: Any, anchor: str | None) -> None:
    product, found = read_parse(structured, answer)
    assert product is not None
    assert found == anchor


@pytest.mark.parametrize(
    "answer", [None, "", "{}", text({"product": None}), text({"product": {"brand": "B"}})]
)
def test_no_product_is_no_anchor(answer: Any) -> None:
    assert read_parse(None, answer) == (None, None)


def test_a_name_does_not_repeat_its_brand() -> None:
    assert product_name({"brand": "Dew", "name": "Dew Cream"}) == "Dew Cream"
    assert product_name({"brand": "Dew", "name": "Cream"}) == "Dew Cream"
    assert product_name(None) == ""
    assert product_of({"brand": "Dew"}) is None


# --- gaps


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (["concentration_unknown"], ["ingredient_concentration_unknown"]),
        (["social_signals_missing", "evidence_missing"], ["social_data_limited", "evidence_limited"]),
        (["price_unknown", "anchor_price_stale", "price_missing"], ["price_temporarily_unavailable"]),
        (["anchor_product_missing", "catalog_product_missing"], ["product_not_resolved"]),
        (["competitors_missing", "router.x", "reco_guardrail_y", "url_z", "upstream_q"], []),
        (["alternatives_unavailable", "internal_secret"], []),
        ([None, 3, {}, "Not a code"], []),
    ],
)
def test_only_gaps_that_people_understand_are_shown(raw: list[Any], shown: list[str]) -> None:
    assert product_gaps.visible(raw, None).codes == shown


def test_d13_defect_7_codes_of_sources_do_not_reach_the_reader() -> None:
    raw = ["social_signals_low_confidence", "anchor_resolve_db_error", "some_new_code"]
    assert product_gaps.visible(raw, None).codes == []


def test_facts_missing_from_the_profile_become_a_prompt() -> None:
    raw = [
        "profile.skinType",
        "skin_fit.profile.goals",
        "profile_barrierStatus_missing",
        "profile.sensitivity",
    ]
    known = Profile(skinType="oily", sensitivity="low", barrierStatus="healthy", goals=["acne"])
    gaps = product_gaps.visible(raw, known)
    assert (gaps.codes, gaps.profile_fields) == ([], ["skinType", "sensitivity", "barrierStatus", "goals"])
    assert product_gaps.visible([], known).profile_fields == []
    assert product_gaps.visible([], Profile(skinType="dry")).profile_fields == [
        "sensitivity",
        "barrierStatus",
        "goals",
    ]


# --- laws

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "analyze", "assessment", "evidence", "science_evidence", "social_signals", "expert_notes", "reasons",
        "verdict", "confidence", "missing_info", "alternatives", "parse", "anchor_product", "how_to_use",
        "hero_ingredient", "product", "science", "score", "risk_flags", "evidence_pack",
    ]
)  # fmt: skip
HOSTILE = st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=4), max_size=6)


@given(HOSTILE, st.sampled_from(["EN", "CN"]))
def test_whatever_a_source_says_the_card_is_lawful(said: dict[str, Any], lang: Any) -> None:
    for found in (read_analysis(said, None), read_anchor({"anchor": said})):
        if found is None:
            continue
        worded = in_words(found, lang)
        payload = worded.payload(lang, None)
        msgspec.convert(payload, CARD_PAYLOADS["product_analysis"], strict=True)
        assert set(payload["evidence"]) == {
            "science",
            "social_signals",
            "expert_notes",
            "confidence",
            "missing_info",
        }
        assert payload["confidence"] is None or 0 <= payload["confidence"] <= 1
        told = fit_texts.verdict(worded, None, lang)
        assert all(
            head in told
            for head in (("结论：", "停用信号：") if lang == "CN" else ("Verdict:", "Risk points:"))
        )


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("verdict", ["suitable", "likely", "caution", "avoid", "unknown"])
def test_a_verdict_in_words_has_its_sections(verdict: Any, lang: Any) -> None:
    profile = Profile(skinType="dry", sensitivity="high", barrierStatus="impaired", goals=["redness"])
    found = msgspec.structs.replace(in_words(read_analysis(STRUCTURED, None), lang), verdict=verdict)
    said = fit_texts.verdict(found, profile, lang)
    pinned = {
        "EN": ["Verdict:", "Risk points:", "How to use (frequency/order/timeline):", "Stop signals:"],
        "CN": ["结论：", "风险点：", "停用信号："],
    }
    assert [said.count(head) for head in pinned[lang]] == [1] * len(pinned[lang])
    assert fit_texts.has_sections(said)
    assert "Even Serum" in said
    alternatives = "更稳妥的选择：" if lang == "CN" else "Safer alternatives:"
    assert (alternatives in said) is (verdict in ("caution", "avoid", "unknown"))
