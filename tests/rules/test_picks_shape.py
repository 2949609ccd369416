"""Recommendations of any source in one shape, with true reasons (decision 14, D 5, A 9, F 13.3)."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.cards import RecommendationItem
from aurora.contract.memory import Profile, SkinLog
from aurora.rules import evidence, normalise_reco, query, reco_reasons
from aurora.rules.pdp_open import pdp_open
from aurora.rules.treatment import is_treatment_like, mentions_treatment

PROFILE = Profile(
    skinType="dry",
    sensitivity="high",
    barrierStatus="impaired",
    goals=["redness", "pores"],
    itinerary="Oslo in May",
)
LOG = SkinLog(id="1", date="2026-11-23", redness=2, hydration=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
ITEM_KEYS = (
    "slot step sku product reasons notes why score evidence_pack alternatives url offer name brand subject"
    " pdp_open"
)


def normal(*raw, lang="EN", profile=None, week=()):
    return normalise_reco.normalise(raw, lang=lang, profile=profile, week=week)


def test_a_complete_item_keeps_what_it_brought():
    (item,) = normal({
        "slot": "am", "step": "Cleanser", "score": "91.6", "reasons": ["a", "b", "c", "d"],
        "sku": {"product_id": "p1", "merchant_id": "m1", "brand": "B", "name": "N", "price": {"usd": 9}},
        "evidence_pack": {"keyActives": ["panthenol"]}, "alternatives": [{"kind": "dupe"}, None, 3],
        "url": "https://shop.example/p1", "purchase_url": "javascript:alert(1)", "warnings": "odd",
    })  # fmt: skip
    assert (item["slot"], item["step"], item["score"]) == ("am", "Cleanser", 92)
    assert item["sku"]["sku_id"] == "p1"
    assert item["sku"]["display_name"] == "N"
    assert item["sku"]["price"] == {"usd": 9}
    assert item["notes"] == ["a", "b", "c"]
    assert item["alternatives"] == [{"kind": "dupe"}]
    assert item["pdp_open"]["path"] == "ref"
    assert item["url"] == "https://shop.example/p1"
    assert "purchase_url" not in item
    assert item["warnings"] == []


@pytest.mark.parametrize(
    ("raw", "name", "step"),
    [
        ({"name": "Cream", "brand": "B"}, "Cream", "Recommendation"),
        ({"product": {"display_name": "Cream", "category": "moisturizer"}}, "Cream", "moisturizer"),
        ({"sku_id": "x1", "sku": {"display_name": "Veil"}}, "Veil", "Recommendation"),
        ({"product_id": "x1", "title": "Veil"}, "Veil", "Recommendation"),
    ],
)
def test_flat_and_half_items_are_named(raw, name, step):
    (item,) = normal(raw)
    assert (item["sku"]["name"], item["step"], item["slot"]) == (name, step, "other")


def test_what_names_nothing_is_dropped_and_doubles_count_once():
    items = normal(
        {},
        {"reasons": ["x"]},
        {"sku_id": "x"},
        {"sku_id": "A", "name": "a"},
        {"sku": {"sku_id": "a", "name": "other"}},
        {"brand": "B", "name": "n"},
        {"brand": "b", "name": "N"},
    )
    assert [item["sku"]["name"] for item in items] == ["a", "n"]
    assert len(normal(*({"sku_id": str(n), "name": f"n{n}"} for n in range(20)))) == 8


@given(st.lists(st.dictionaries(st.sampled_from(ITEM_KEYS.split()), JSON, max_size=6), max_size=5))
def test_whatever_an_upstream_sends_every_item_is_lawful(raw):
    for item in normal(*raw, profile=PROFILE, week=[LOG]):
        msgspec.convert(msgspec.json.decode(msgspec.json.encode(item)), RecommendationItem, strict=True)
        assert item["sku"]["name"]


def test_knowledge_base_ids_are_taken_out_unless_debugging():
    raw = {"name": "Cream", "evidence_pack": {"citations": ["kb:1", "A review"]}, "reasons": ["Good [kb:2]"]}
    (item,) = normal(raw)
    assert "kb:" not in json.dumps(item)
    assert item["evidence_pack"]["citations"] == ["A review"]
    (shown,) = normalise_reco.normalise([raw], lang="EN", profile=None, debug=True)
    assert "kb:1" in json.dumps(shown)


# --- where items are found

ITEM = {"name": "Cream"}


@pytest.mark.parametrize(
    "reply",
    [
        {"answer": json.dumps({"recommendations": [ITEM]})},
        {"answer": "Here {you} go:\n```json\n" + json.dumps({"recommendations": [ITEM]}) + "\n```"},
        {"context": {"routine": {"am": [ITEM, None], "pm": "x"}}},
        {"structured": {"recommendations": [ITEM, 3]}},
        {"recommendations": [ITEM]},
        {"cards": [{"type": "Recommendations", "payload": {"recommendations": [ITEM]}}]},
    ],
)
def test_items_are_found_in_every_place_a_reply_may_have_them(reply):
    where = {"answer": None, "structured": None, "context": None, "recommendations": [], "cards": [], **reply}
    place = normalise_reco.found_in(**where)
    assert [item["name"] for item in place.items] == ["Cream"]
    assert place.holder["recommendations"]


def test_nothing_is_found_in_nothing():
    place = normalise_reco.found_in(
        answer="hi", structured=None, context={"routine": 3}, recommendations=[], cards=[{}]
    )
    assert (place.items, place.holder) == ([], {})


# --- reasons


@pytest.mark.parametrize(
    ("lang", "markers"),
    [
        ("EN", ["Goal fit", "Barrier and tolerance", "Last 7d check-in", "Upcoming plan"]),
        ("CN", ["贴合目标", "屏障与耐受", "近7天打卡", "近期计划"]),
    ],
)
def test_each_kind_of_reason_that_is_missing_is_added(lang, markers):
    reasons = reco_reasons.local_reasons(["Light."], profile=PROFILE, week=[LOG], lang=lang)
    assert reasons[0] == "Light."
    for marker, reason in zip(markers, reasons[1:], strict=True):
        assert reason.startswith(marker)


def test_what_the_source_already_says_is_not_said_twice():
    given = ["Fits your goal", "kind to the barrier", "seen in your check-ins", "for your trip"]
    assert reco_reasons.local_reasons(given, profile=PROFILE, week=[LOG], lang="EN") == given


def test_hydration_is_repeated_as_a_number_only():
    (line,) = [r for r in reco_reasons.local_reasons([], profile=None, week=[LOG], lang="EN") if "7d" in r]
    assert line == "Last 7d check-in: redness 2/5, hydration 4/5."


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["EN", "CN"]))
def test_our_own_reasons_never_name_anything_strong(goal, plan, lang):
    profile = Profile(goals=[f"retinol {goal}"], itinerary=f"peel {plan}", sensitivity="low")
    own = reco_reasons.local_reasons([], profile=profile, week=[], lang=lang)
    assert not any(mentions_treatment(line) for line in own)
    assert not is_treatment_like({"name": "Cream", "reasons": own})


# --- opening a product


@pytest.mark.parametrize(
    ("item", "sku", "path"),
    [
        ({"subject": {"type": "product_group", "id": "pg:1"}}, {}, "group"),
        ({}, {"product_group_id": "pg:1"}, "group"),
        ({"pdp_open": {"subject": {"product_group_id": "pg:1"}}}, {}, "group"),
        ({"canonical_product_ref": {"product_id": "1", "merchant_id": "m"}}, {}, "ref"),
        ({}, {"product_id": "1", "merchant_id": "m"}, "ref"),
        ({}, {"product_id": "1"}, "external"),
        ({}, {"product_id": "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "merchant_id": "m"}, "external"),
    ],
)
def test_how_a_product_opens(item, sku, path):
    opened, metadata = pdp_open(item, sku)
    assert opened["path"] == path
    assert metadata["pdp_open_mode"] == path
    assert metadata["pdp_open_path"] == ("external" if path == "external" else "internal")


def test_a_web_search_is_for_brand_and_name():
    opened, _ = pdp_open({}, {"brand": "B&B", "name": "Crème 1"})
    assert opened["external"]["query"] == "B&B Crème 1"
    assert opened["external"]["url"] == "https://www.google.com/search?q=B%26B%20Cr%C3%A8me%201"
    assert pdp_open({}, {})[0]["external"] == {
        "provider": "google",
        "target": "_blank",
        "url": "https://www.google.com/",
        "query": None,
    }


# --- evidence


@given(JSON)
def test_evidence_is_always_whole(value):
    shaped = evidence.shaped(value)
    assert set(shaped) == {"science", "social_signals", "expert_notes", "confidence", "missing_info"}
    assert set(shaped["science"]) == {"key_ingredients", "mechanisms", "fit_notes", "risk_notes"}
    assert {"typical_positive", "typical_negative", "risk_for_groups"} <= set(shaped["social_signals"])


def test_evidence_reads_both_spellings_and_single_strings():
    shaped = evidence.shaped({
        "science": {"keyIngredients": "panthenol"}, "expertNotes": ["a"], "confidence": "0.5",
        "socialSignals": {"platformScores": {"x": "0.7", "y": "?"}},
    })  # fmt: skip
    assert shaped["science"]["key_ingredients"] == ["panthenol"]
    assert shaped["social_signals"]["platform_scores"] == {"x": 0.7}
    assert (shaped["expert_notes"], shaped["confidence"], shaped["missing_info"]) == (["a"], 0.5, [])


# --- what is asked


def test_a_chat_query_has_its_context_lines_and_then_the_message():
    asked = query.chat_query(
        "hello", profile=Profile(skinType="dry"), logs=[LOG], meta={"lang": "EN", "state": None}
    )
    head, message = asked.split("\n\n")
    assert message == "hello"
    assert head.split("\n") == [
        'profile={"skinType":"dry"}',
        'recent_logs=[{"date":"2026-11-23","redness":2,"acne":null,"hydration":4}]',
        'meta={"lang":"EN"}',
    ]
    assert query.chat_query("", profile=None, logs=[], meta={}) == "(no message)"
    assert len(query.chat_query("x" * 50_000, profile=None, logs=[], meta={})) == query.MESSAGE_CAP


def test_a_picks_query_carries_task_facts_and_request():
    asked = query.picks_query("something light", "CN", profile=PROFILE, logs=[LOG], meta={})
    for part in (
        query.PICKS_TASK,
        "Skin type: dry",
        "impaired",
        "redness and barrier repair",
        "something light",
        "Chinese",
        "last 7 days",
        "upcoming plan",
    ):
        assert part in asked
