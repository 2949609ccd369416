"""Single cards in the assembler: what they lack and hold, where they may lead (contract A 4, 5; F 16)."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.contract.envelope import Chip, FieldMissing
from tests.actors.assembling import OFFERS, assembler, pick, plain, recommending, types

# --- upstream cards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ({"type": "note", "payload": [1, 2]}, ("aurora_r1_3", "note", {"value": [1, 2]})),
        ({"type": "note", "payload": None}, ("aurora_r1_3", "note", {})),
        ({"type": "note", "payload": "text"}, ("aurora_r1_3", "note", {"value": "text"})),
        ({"payload": {"a": 1}}, ("aurora_r1_3", "aurora_card", {"a": 1})),
        ({"type": "note", "text": "x"}, ("aurora_r1_3", "note", {"type": "note", "text": "x"})),
        ({"card_id": "own", "type": 7, "payload": {}}, ("own", "aurora_card", {})),
    ],
)
def test_an_upstream_card_is_made_to_fit(card: Any, expected: tuple[str, str, Any]) -> None:
    built = assembler()
    built.upstream_card(card, 3)
    (made,) = built.finish().envelope.cards
    assert (made.card_id, made.type, made.payload) == expected


@pytest.mark.parametrize("card", [None, 3, "card", [], True])
def test_an_upstream_card_that_is_no_object_is_dropped(card: Any) -> None:
    built = assembler()
    built.say("Text stays.")
    built.upstream_card(card, 0)
    assert types(built.finish()) == ["gate_notice"]


def test_nulls_inside_lists_of_objects_never_reach_the_client() -> None:
    built = assembler()
    built.upstream_card(
        {"type": "dupe_suggest", "payload": {"dupes": [None, {"product": {"n": [None]}}, None]}}, 0
    )
    assert built.finish().envelope.cards[0].payload == {"dupes": [{"product": {"n": []}}]}


def test_two_cards_never_share_an_id() -> None:
    built = assembler()
    built.notice("low_confidence")
    built.notice("timeout_degraded")
    built.upstream_card({"card_id": "conf_r1", "type": "note", "payload": {}}, 0)
    assert [c.card_id for c in built.finish().envelope.cards] == ["conf_r1", "conf_r1_2", "conf_r1_3"]


# --- field_missing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("product_parse", {}, ("payload.product_ref", "parse_failed")),
        ("product_parse", {"candidates": [{}, {}]}, ("payload.product_ref", "needs_disambiguation")),
        ("product_parse", {"status": "AMBIGUOUS_MATCH"}, ("payload.product_ref", "needs_disambiguation")),
        (
            "product_parse",
            {"product": {"name": "A"}, "confidence": 0.4},
            ("payload.product_ref", "low_confidence"),
        ),
        ("product_parse", {"product": {"name": "A"}, "confidence": 0.5}, None),
        ("product_parse", {"anchor_product_id": "x"}, None),
        (
            "offers_resolved",
            {**OFFERS, "items": [{"product": {}, "offer": None}]},
            ("items[0].offer", "catalog_not_available"),
        ),
        ("offers_resolved", {**OFFERS, "items[2].offer": None}, ("items[2].offer", "catalog_not_available")),
    ],
)
def test_a_card_declares_what_it_lacks(kind: str, payload: Any, expected: tuple[str, str] | None) -> None:
    built = assembler()
    built.card("x", kind, payload)
    finished = built.finish()
    (card,) = finished.envelope.cards
    assert [(g.field, g.reason) for g in card.field_missing] == ([expected] if expected else [])
    assert finished.counts.get("field_missing_added", 0) == (1 if expected else 0)


def test_an_entry_that_is_already_there_is_not_repeated_nor_counted() -> None:
    built = assembler()
    built.card("x", "product_parse", {}, field_missing=[FieldMissing("payload.product_ref", "parse_failed")])
    finished = built.finish()
    assert len(finished.envelope.cards[0].field_missing) == 1
    assert "field_missing_added" not in finished.counts


@pytest.mark.parametrize(
    "route",
    [{"url": "https://a"}, {"purchase_url": "x"}, {"offer": {"affiliate_url": "x"}},
     {"offers": [{}, {"internal_checkout": {}}]}, {"offers": [{"purchase_route": "x"}]}],
)  # fmt: skip
def test_a_first_pick_with_a_way_to_buy_lacks_nothing(route: dict[str, Any]) -> None:
    assert recommending(pick("Cream", **route)).finish().envelope.cards[0].field_missing == []


def test_row_42_of_the_contract() -> None:
    built = assembler()
    built.allow_commerce()
    built.chip(*[Chip(f"c{n}", f"L{n}") for n in range(17)])
    built.card("reco", "recommendations", {"recommendations": [pick("Cream", url="https://a")]})
    built.next_state("S7_PRODUCT_RECO")
    body = plain(built.finish())
    assert len(body["suggested_chips"]) == 10
    assert body["cards"][0]["field_missing"] == [
        {"field": "payload.recommendations_count", "reason": "upstream_timeout"}
    ]
    assert body["session_patch"] == {
        "next_state": "RECO_RESULTS",
        "state": {"_internal_next_state": "S7_PRODUCT_RECO"},
    }


# --- single cards -----------------------------------------------------------------------------------------


def summary_payload(features: Any, strategy: Any) -> dict[str, Any]:
    return {
        "analysis": {"features": features, "strategy": strategy}, "low_confidence": True,
        "photos_provided": False,
        "photo_qc": [], "used_photos": False, "analysis_source": "rule_based", "quality_report": {},
        "recommendation_ready": False, "photo_pipeline_enabled": False,
    }  # fmt: skip


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    ("features", "strategy"),
    [
        ([], ""),
        (None, None),
        (
            [{"observation": "Oily T-zone", "confidence": "pretty_sure"}, {"observation": " "}, "x"],
            "Be kind.",
        ),
        ([], "- one\n- two\n- three"),
        ([], "Why:\n- because\n1. a\n2. b\n3. c"),
        ([], "0.5% is fine.\n1) a\n2) b"),
    ],
)
def test_a_summary_always_has_three_features_and_three_numbered_lines(
    features: Any, strategy: Any, lang: str
) -> None:
    built = assembler(lang)
    built.card("analysis", "analysis_summary", summary_payload(features, strategy))
    analysis = built.finish().envelope.cards[0].payload["analysis"]
    assert len([f for f in analysis["features"] if f["observation"].strip()]) >= 3
    marks = [line.split(".")[0] for line in analysis["strategy"].splitlines() if line[0].isdigit()]
    assert marks[-1].isdigit()
    assert int(marks[-1]) >= 3
    assert not any(line.lstrip().startswith(("-", "•")) for line in analysis["strategy"].splitlines())


def test_a_summary_that_suffices_is_left_as_it_is() -> None:
    features = [{"observation": f"o{n}", "confidence": "not_sure"} for n in range(3)]
    strategy = "First this:\n1. a\n2. b\n3. c\n- and mind this"
    built = assembler()
    built.card("analysis", "analysis_summary", summary_payload(features, strategy))
    assert built.finish().envelope.cards[0].payload["analysis"] == {
        "features": features,
        "strategy": strategy,
    }


def test_product_analysis_loses_internal_keys_and_always_prompts() -> None:
    payload = {
        "assessment": {"verdict": "Suitable", "reasons": []},
        "llm_raw_response": "secret",
        "tracking": {},
        "competitors": {"candidates": [{"name": "A", "ref_id": "x"}, {"name": "B"}]},
        "dupes": [{"name": "C", "input_hash": "y"}],
        "profile_prompt": {"needed": False, "missing_fields": ["goals", "shoe_size"]},
    }
    built = assembler()
    built.card("analyze", "product_analysis", payload)
    assert built.finish().envelope.cards[0].payload == {
        "assessment": {"verdict": "Suitable", "reasons": []},
        "competitors": {"candidates": [{"name": "A"}, {"name": "B"}]},
        "dupes": {"candidates": [{"name": "C"}]},
        "profile_prompt": {"needed": True, "missing_fields": ["goals"]},
    }
    assert payload["llm_raw_response"] == "secret"  # the caller's object is untouched


def test_the_prompt_can_be_switched_off_for_a_fixed_client() -> None:
    built = assembler(always_profile_prompt=False)
    built.card("analyze", "product_analysis", {"assessment": {"verdict": "Suitable", "reasons": []}})
    assert built.finish().envelope.cards[0].payload == {"assessment": {"verdict": "Suitable", "reasons": []}}


# --- what an upstream's card promises, and where links may lead --------------------------------------------


@pytest.mark.parametrize("foreign", [True, False])
def test_a_foreign_card_that_breaks_its_promise_does_not_leave(foreign: bool) -> None:
    built = assembler()
    built.say("Text stays.")
    odd = {"product": {"name": "A"}, "assessment": 3}
    if foreign:
        built.upstream_card({"type": "Product_Analysis", "payload": odd}, 0)
        assert types(built.finish()) == ["gate_notice"]
    else:
        built.card("fit", "product_analysis", {**odd, "assessment": None})
        assert types(built.finish()) == ["product_analysis"]


def test_no_card_carries_an_address_that_acts() -> None:
    built = assembler()
    built.card("n", "note", {"url": "java\tscript:alert(1)", "rows": [{"href": "https://x.example"}]})
    assert built.finish().envelope.cards[0].payload == {"rows": [{"href": "https://x.example"}]}


def test_what_the_person_said_comes_back_as_she_said_it() -> None:
    log = {
        "id": "1", "date": "2026-05-04", "redness": 1, "acne": None, "hydration": None,
        "notes": "javascript: hurts", "targetProduct": None, "sensation": None, "created_at": "",
        "updated_at": "",
    }  # fmt: skip
    built = assembler()
    built.card("log", "tracker_log", {"log": log, "recent_logs": []})
    assert built.finish().envelope.cards[0].payload["log"]["notes"] == "javascript: hurts"


def test_answers_to_an_open_question_come_first_when_chips_have_to_go() -> None:
    built = assembler(chat=True)
    built.say("Which one?")
    built.chip(*(Chip(f"other{n}", f"Other {n}") for n in range(7)))
    built.chip(Chip("chip.start.routine", "Routine"), Chip("act", "Act", "action"))
    unsure = {"norm_id": "skinType", "value": "unknown"}
    built.chip(Chip("profile.skinType.unknown", "Not sure", data=unsure))
    built.chip(Chip("profile.skinType.oily", "Oily", data={"norm_id": "skinType", "value": "oily"}))
    finished = built.finish()
    assert [chip.chip_id for chip in finished.envelope.suggested_chips[:5]] == [
        "profile.skinType.oily",
        "profile.skinType.unknown",
        "chip.start.routine",
        "act",
        "other0",
    ]
    assert finished.counts["chips_truncated"] == 1
