"""Where picks come from, what is added to them, and what a budget does to it (contract D 5 and 6)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from aurora.actors.findings import Failure, Finding
from aurora.actors.links import Reply
from aurora.actors.opening import read_opening
from aurora.actors.questions import (
    CatalogueRows,
    CommerceSearch,
    DecisionChat,
    DecisionReply,
    MatchCatalogue,
    OpenProduct,
)
from aurora.contract.memory import Conversation, Shown
from aurora.flows.chat_steps import reco_extras
from aurora.flows.chat_steps.reco_extras import RESERVE_MS
from aurora.rules.matcher.shelf import narrowed, placed
from aurora.settings import Settings
from aurora.store.facts import ConversationMoved, RecommendationsGiven
from tests.flows.chat_kit import CLEANSER, CORE, MOISTURIZER, RECO, TREATMENT, artifact, known, picked, talk
from tests.rules.matcher.shelf import SEED, plan
from tests.support.fakes import NEVER, NOW, Played, after

NOW_MS = int(NOW.timestamp() * 1000)
PLAN = plan(("sunscreen_filters", 95), ("ceramide_np", 80), ("niacinamide", 60), ("salicylic_acid", 50))
SHELF = Settings(product_rec_allow_seed=True)
SHOP = {"backend_base_url": "http://shop.test", "decision_base_url": "http://decision.test"}
SHELVED = placed(SEED)
SERUM = {
    "step": "Serum",
    "sku": {"sku_id": "s1", "brand": "Dewfield", "name": "Even Serum", "category": "serum"},
    "reasons": ["Evens the tone."],
}


def rows(question: MatchCatalogue) -> CatalogueRows:
    """What the catalogue actor answers from the shipped shelf."""
    fits = narrowed(SHELVED, question.wanted, question.forbidden)
    found = [product.said_in(question.lang) for product in fits]
    return CatalogueRows(products=found, digest=SEED.digest, seed=True)


def asked(played: Played, kind: type) -> list[Any]:
    return [question for question in played.asked if isinstance(question, kind)]


def items(played: Played) -> list[dict[str, Any]]:
    (card,) = played.cards("recommendations")
    found: list[dict[str, Any]] = card["recommendations"]
    return found


def gaps(played: Played) -> set[tuple[str, str]]:
    return {(gap["field"], gap["reason"]) for card in played.body["cards"] for gap in card["field_missing"]}


def shop(product_id: str = "", *, group: str = "", reason: str = "no_candidates") -> Finding:
    """What the commerce actor makes of the shop's own words."""
    ref = {"product_id": product_id, "merchant_id": "mm"} if product_id else None
    found = {
        "status": "success",
        "mapping": {"canonical_product_group_id": group, "canonical_product_ref": ref},
    }
    body = found if product_id or group else {"status": "error", "reason_code": reason}
    return read_opening(Reply(status=200, body=body, raw=msgspec.json.encode(body)))


def others(*names: str) -> DecisionReply:
    listed = [
        {
            "product": {"sku_id": name, "brand": "Other", "name": f"Cream {name}"},
            "similarity_score": 80,
            "tradeoffs": {"added_benefits": ["panthenol"], "price_delta_usd": -4},
        }
        for name in names
    ]
    return DecisionReply(answer="", structured={"alternatives": listed})


# --- source 1


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_the_matcher_answers_before_anybody_is_asked(autojump_clock, lang):
    played = await talk(
        {"action": RECO},
        memory=known(CORE, artifact(0.66, plan=PLAN)),
        settings=SHELF,
        answers={MatchCatalogue: rows},
        lang=lang,
    )
    (card,) = played.cards("recommendations")
    assert card["source"] == "artifact_matcher_v1"
    assert played.events("recos_requested")[0]["source"] == "artifact_matcher_v1"
    assert card["recommendation_confidence_level"] == "medium"
    assert {item["slot"] for item in card["recommendations"]} == {"am", "pm"}
    assert 1 <= len(card["recommendations"]) <= 6
    assert len({item["product_id"].lower() for item in card["recommendations"]}) == len(
        card["recommendations"]
    )
    assert any(item["matched_ingredients"] for item in card["recommendations"])
    assert asked(played, DecisionChat) == []
    assert card["metadata"]["catalogue"] == {"digest": SEED.digest, "seed": True}
    assert ("示例产品" if lang == "CN" else "sample products") in played.text
    (fact,) = played.facts_of(RecommendationsGiven)
    assert (fact.source, fact.plan_id) == ("artifact_matcher_v1", "ip_1")


async def test_a_medium_diagnosis_is_matched_gently_and_nothing_strong_is_in_the_bundle(autojump_clock):
    played = await talk(
        {"action": RECO},
        memory=known(CORE, artifact(0.66, plan=PLAN)),
        settings=SHELF,
        answers={MatchCatalogue: rows},
    )
    (question,) = asked(played, MatchCatalogue)
    assert question.wanted.gentle
    (card,) = played.cards("recommendations")
    assert card["products_by_slot"]["treatment"] == []
    assert played.events("reco_low_medium_treatment_filtered") == []


async def test_a_set_that_is_not_sure_is_matched_again_without_anything_strong(autojump_clock):
    played = await talk(
        {"action": RECO},
        memory=known(CORE, artifact(0.9, plan=PLAN)),
        settings=SHELF,
        answers={MatchCatalogue: rows},
    )
    assert [question.wanted.gentle for question in asked(played, MatchCatalogue)] == [False, True]
    assert "treatment" not in {item["routine_slot"] for item in items(played)}


@pytest.mark.parametrize(
    ("how", "stored"),
    [
        ({}, artifact(0.86)),  # no plan
        ({"product_rec_allow_seed": False}, artifact(0.86, plan=PLAN)),
        ({"product_matcher_enabled": False}, artifact(0.86, plan=PLAN)),
        ({"ingredient_plan_enabled": False}, artifact(0.86, plan=PLAN)),
        ({}, artifact(0.86, plan={**PLAN, "targets": []})),
    ],
)
async def test_without_plan_catalogue_or_flag_the_next_source_answers(autojump_clock, how, stored):
    settings = Settings(**{"product_rec_allow_seed": True, **how})
    played = await talk(
        {"action": RECO},
        decision=picked(CLEANSER),
        memory=known(CORE, stored),
        settings=settings,
        answers={MatchCatalogue: rows},
    )
    assert asked(played, MatchCatalogue) == []
    (card,) = played.cards("recommendations")
    assert card["source"] == "upstream_answer_json"


async def test_d13_14_a_matcher_that_found_nothing_does_not_claim_the_answer(autojump_clock):
    played = await talk(
        {"action": RECO},
        decision=picked(CLEANSER),
        memory=known(CORE, artifact(0.86, plan=PLAN)),
        settings=SHELF,
        answers={MatchCatalogue: CatalogueRows(products=[], digest="d")},
    )
    assert played.events("recos_requested")[0]["source"] == "upstream_answer_json"
    (fact,) = played.facts_of(RecommendationsGiven)
    assert fact.source == "upstream_answer_json"


async def test_what_is_forbidden_to_the_person_is_in_no_slot_of_the_bundle(autojump_clock):
    pregnant = msgspec.structs.replace(CORE, pregnancy_status="pregnant")
    wants = plan(("retinol", 90), ("panthenol", 60))
    played = await talk(
        {"action": RECO},
        memory=known(pregnant, artifact(0.9, plan=wants)),
        settings=SHELF,
        answers={MatchCatalogue: rows},
    )
    (card,) = played.cards("recommendations")
    shown = {key: value for key, value in card.items() if key != "profile"}
    assert "retinol" not in json.dumps(shown).lower()


# --- source 2


def shop_rows(question: CommerceSearch) -> list[dict[str, Any]]:
    return [
        {"id": "shared", "merchant_id": "m1", "brand_name": "Shop", "title": f"Best {question.query}"},
        {
            "product_id": f"p_{question.query.split()[-1]}",
            "merchant_id": "m1",
            "name": f"Shop {question.query}",
        },
    ]


GROUNDED = Settings(reco_catalog_grounded=True, **SHOP)


async def test_the_shop_brings_one_product_a_step_and_none_twice(autojump_clock):
    profile = msgspec.structs.replace(CORE, itinerary="Oslo in May")
    played = await talk(
        {"action": RECO},
        memory=known(profile, artifact(0.86)),
        settings=GROUNDED,
        answers={CommerceSearch: shop_rows},
    )
    assert [q.query for q in asked(played, CommerceSearch)] == ["acne cleanser", "moisturizer", "sunscreen"]
    (card,) = played.cards("recommendations")
    assert card["source"] == "catalog_grounded"
    found = card["recommendations"]
    assert [(item["slot"], item["step"]) for item in found] == [
        ("am", "Cleanser"), ("pm", "Moisturizer"), ("other", "Sunscreen"),
    ]  # fmt: skip
    assert [item["sku"]["product_id"] for item in found] == ["shared", "p_moisturizer", "p_sunscreen"]
    assert all(item["pdp_open"]["path"] == "ref" for item in found)
    reasons = " ".join(reason for item in found for reason in item["reasons"])
    assert all(word in reasons for word in ("Goal fit", "Barrier and tolerance", "Upcoming plan"))
    assert asked(played, DecisionChat) == asked(played, OpenProduct) == []


async def test_searches_run_side_by_side_within_their_limit(autojump_clock):
    settings = msgspec.structs.replace(
        GROUNDED, reco_catalog_queries=("a", "b", "c", "d"), reco_catalog_search_concurrency=2
    )
    played = await talk(
        {"action": RECO},
        memory=known(CORE, artifact(0.86)),
        settings=settings,
        answers={CommerceSearch: lambda question: after(500, shop_rows(question))},
    )
    assert played.elapsed_ms == 1000
    assert len(items(played)) == 4


@pytest.mark.parametrize(
    "answer", [[], Failure(actor="commerce", code="timeout"), Failure(actor="commerce", code="breaker_open")]
)
async def test_a_shop_without_an_answer_leads_to_the_decision_system(autojump_clock, answer):
    played = await talk(
        {"action": RECO},
        decision=picked(CLEANSER),
        memory=known(CORE, artifact(0.86)),
        settings=GROUNDED,
        answers={CommerceSearch: answer},
    )
    assert played.cards("recommendations")[0]["source"] == "upstream_answer_json"


async def test_a_shop_that_hangs_costs_its_own_limit_only(autojump_clock):
    played = await talk(
        {"action": RECO},
        decision=picked(CLEANSER),
        memory=known(CORE, artifact(0.86)),
        settings=GROUNDED,
        answers={CommerceSearch: NEVER},
    )
    assert played.elapsed_ms == GROUNDED.reco_catalog_search_timeout_ms
    assert played.cards("recommendations")


# --- sources 4 to 7

ROUTINE = {"routine": {"am": [CLEANSER], "pm": [MOISTURIZER], "meta": {}}, "meta": {"budget": "¥500"}}


@pytest.mark.parametrize(
    ("reply", "source"),
    [
        (picked(CLEANSER), "upstream_answer_json"),
        (DecisionReply(answer="hi", context=ROUTINE), "upstream_context_routine"),
        (DecisionReply(answer="hi", structured={"recommendations": [CLEANSER]}), "upstream_structured"),
        (DecisionReply(answer="hi", recommendations=[CLEANSER]), "upstream_recommendations"),
        (
            DecisionReply(
                answer="hi", cards=[{"type": "recommendations", "payload": {"recommendations": [CLEANSER]}}]
            ),
            "upstream_card",
        ),
    ],
)
async def test_d13_14_every_shape_is_named_as_what_it_is(autojump_clock, reply, source):
    played = await talk({"action": RECO}, decision=reply, memory=known(CORE, artifact(0.86)))
    (card,) = played.cards("recommendations")
    assert card["source"] == source == played.events("recos_requested")[0]["source"]
    assert set(card["evidence"]) == {
        "science", "social_signals", "expert_notes", "confidence", "missing_info",
    }  # fmt: skip
    for item in card["recommendations"]:
        assert {"slot", "step", "sku", "notes", "reasons", "pdp_open"} <= set(item)
        assert len(item["notes"]) <= 3
        assert any(word in " ".join(item["reasons"]).lower() for word in ("goal", "barrier", "tolerance"))


async def test_codes_of_an_upstream_are_sorted_into_warnings_and_gaps(autojump_clock):
    budgeted = msgspec.structs.replace(CORE, budgetTier="¥500")
    body = {
        "recommendations": [CLEANSER],
        "missing_info": ["budget_unknown", "price_unknown", "texture_unknown"],
        "warnings": ["itinerary_unknown"],
    }
    played = await talk(
        {"action": RECO},
        decision=DecisionReply(answer=json.dumps(body)),
        memory=known(budgeted, artifact(0.86)),
    )
    (card,) = played.cards("recommendations")
    assert card["missing_info"] == ["texture_unknown"]
    assert card["warnings"] == ["itinerary_unknown", "price_unknown", "evidence_missing"]
    assert {
        ("evidence", "upstream_missing_or_invalid"),
        ("confidence", "upstream_missing_or_invalid"),
    } <= gaps(played)


# --- opening

OPENS = Settings(**SHOP)


async def test_the_shop_is_asked_for_three_items_and_by_name_where_the_id_says_nothing(autojump_clock):
    def opens(question: OpenProduct) -> Any:
        if question.by == "stable_id":
            return after(100, shop(group="pg:m:c1") if question.product_id == "c1" else shop())
        if question.product_id == "m1":
            return after(100, shop("shop_m1"))
        return after(100, Failure(actor="commerce", code="http_5xx", status=503))

    fourth = {"sku": {"sku_id": "x1", "brand": "B", "name": "Fourth"}}
    played = await talk(
        {"action": RECO},
        decision=picked(CLEANSER, MOISTURIZER, SERUM, fourth),
        memory=known(CORE, artifact(0.86)),
        settings=OPENS,
        answers={OpenProduct: opens},
    )
    found = items(played)
    assert [item["pdp_open"]["path"] for item in found] == ["group", "resolve", "external", "external"]
    assert found[1]["sku"]["product_id"] == found[1]["product_id"] == "shop_m1"
    assert found[2]["metadata"]["resolve_fail_reason"] == "upstream_timeout"
    assert found[2]["metadata"]["time_to_pdp_ms"] == 200
    assert "pdp_open_resolve_attempted" not in found[3]["metadata"]
    assert len(asked(played, OpenProduct)) == 5
    (card,) = played.cards("recommendations")
    assert card["metadata"]["pdp_open_path_stats"] == {"group": 1, "ref": 0, "resolve": 1, "external": 2}


async def test_two_items_that_the_shop_takes_for_one_stay_two(autojump_clock):
    played = await talk(
        {"action": RECO},
        decision=picked(CLEANSER, MOISTURIZER),
        memory=known(CORE, artifact(0.86)),
        settings=OPENS,
        answers={OpenProduct: shop("same")},
    )
    assert [item["sku"]["product_id"] for item in items(played)] == ["same", "m1"]
    assert [item["pdp_open"]["path"] for item in items(played)] == ["ref", "external"]


@pytest.mark.parametrize(
    "how", [{"reco_pdp_resolve_enabled": False}, {"reco_pdp_max_network_items": 0}, {"backend_base_url": ""}]
)
async def test_nobody_is_asked_where_it_is_off(autojump_clock, how):
    played = await talk(
        {"action": RECO},
        decision=picked(CLEANSER),
        memory=known(CORE, artifact(0.86)),
        settings=msgspec.structs.replace(OPENS, **how),
    )
    assert asked(played, OpenProduct) == []
    assert items(played)[0]["pdp_open"]["path"] == "external"


async def test_made_up_products_are_not_looked_for_in_a_shop(autojump_clock):
    played = await talk(
        {"action": RECO},
        memory=known(CORE, artifact(0.66, plan=PLAN)),
        settings=Settings(product_rec_allow_seed=True, **SHOP),
        answers={MatchCatalogue: rows},
    )
    assert asked(played, OpenProduct) == []


# --- alternatives

WITH_OTHERS = {"action": {**RECO, "data": {"include_alternatives": True}}}


def is_picks(question: DecisionChat) -> bool:
    return "Task: Generate" in question.query


async def test_items_get_alternatives_of_each_slot_first_and_two_at_once(autojump_clock):
    def decides(question: DecisionChat) -> Any:
        if is_picks(question):
            return picked(CLEANSER, MOISTURIZER, SERUM)
        return after(300, others("o1", "o2"))

    played = await talk(
        WITH_OTHERS, decision=decides, memory=known(CORE, artifact(0.86)), settings=Settings(**SHOP)
    )
    assert played.elapsed_ms == 600
    for item in items(played):
        assert [other["kind"] for other in item["alternatives"]] == ["dupe", "dupe"]
        assert all(
            isinstance(other["tradeoffs"], list) and other["tradeoffs"] for other in item["alternatives"]
        )
    assert not any(field == "recommendations[].alternatives" for field, _ in gaps(played))


async def test_an_upstream_that_asks_back_is_asked_once_more_and_then_it_is_partial(autojump_clock):
    answers = iter(
        [DecisionReply(intent="clarify"), others("o1"), DecisionReply(intent="clarify"), DecisionReply()]
    )

    def decides(question: DecisionChat) -> Any:
        return picked(CLEANSER, MOISTURIZER) if is_picks(question) else next(answers)

    settings = Settings(reco_alternatives_concurrency=1, **SHOP)
    played = await talk(WITH_OTHERS, decision=decides, memory=known(CORE, artifact(0.86)), settings=settings)
    assert [len(item["alternatives"]) for item in items(played)] == [1, 0]
    assert ("recommendations[].alternatives", "alternatives_partial") in gaps(played)
    careful = [q.query for q in asked(played, DecisionChat) if "barrier Impaired" in q.query]
    assert len(careful) == 2


async def test_without_a_decision_system_alternatives_are_declared_missing(autojump_clock):
    played = await talk(
        WITH_OTHERS,
        memory=known(CORE, artifact(0.66, plan=PLAN)),
        settings=SHELF,
        answers={MatchCatalogue: rows},
    )
    assert items(played)
    assert ("recommendations[].alternatives", "aurora_not_configured") in gaps(played)


async def test_matched_items_get_alternatives_too(autojump_clock):
    played = await talk(
        WITH_OTHERS,
        decision=others("o1"),
        memory=known(CORE, artifact(0.66, plan=PLAN)),
        settings=Settings(product_rec_allow_seed=True, **SHOP),
        answers={MatchCatalogue: rows},
    )
    assert all(item["alternatives"] for item in items(played))


async def test_a_forbidden_alternative_does_not_leave(autojump_clock):
    pregnant = msgspec.structs.replace(CORE, pregnancy_status="pregnant")
    strong = DecisionReply(
        structured={
            "alternatives": [
                {"product": {"sku_id": "r", "name": "Retinol 1"}, "similarity_score": 90},
                {"product": {"sku_id": "p", "name": "Panthenol Cream"}, "similarity_score": 80},
            ]
        }
    )

    def decides(question: DecisionChat) -> Any:
        return picked(MOISTURIZER) if is_picks(question) else strong

    played = await talk(
        WITH_OTHERS, decision=decides, memory=known(pregnant, artifact(0.9)), settings=Settings(**SHOP)
    )
    (fact,) = played.facts_of(RecommendationsGiven)
    for told in (items(played), fact.items):
        assert [other["product"]["name"] for other in told[0]["alternatives"]] == ["Panthenol Cream"]


# --- budgets


async def test_the_budget_takes_the_extras_never_the_items(autojump_clock):
    """Half of the enrichment has come when the time for it is over."""

    def decides(question: DecisionChat) -> Any:
        if is_picks(question):
            return after(300, picked(CLEANSER, MOISTURIZER, SERUM))
        return after(200, others("o1")) if "Product: Dewfield Soft Wash" in question.query else NEVER

    settings = Settings(reco_budget_ms=2000, **SHOP)
    played = await talk(
        WITH_OTHERS,
        decision=decides,
        memory=known(CORE, artifact(0.86)),
        settings=settings,
        answers={OpenProduct: NEVER},
    )
    assert played.elapsed_ms == 2000 - RESERVE_MS
    assert played.finished.cut_reason is None
    assert played.finished.outcome == "ok"
    found = items(played)
    assert [len(item["alternatives"]) for item in found] == [1, 0, 0]
    assert {item["metadata"]["resolve_fail_reason"] for item in found} == {"upstream_timeout"}
    assert ("recommendations[].alternatives", "alternatives_partial") in gaps(played)
    assert played.cards("confidence_notice") == []
    assert len(played.facts_of(RecommendationsGiven)) == 1


async def test_a_cut_in_the_middle_of_the_extras_sends_the_items_as_they_were(autojump_clock, monkeypatch):
    monkeypatch.setattr(reco_extras, "RESERVE_MS", -60_000)  # as if answering itself took too long
    settings = Settings(reco_budget_ms=1000, **SHOP)
    played = await talk(
        WITH_OTHERS,
        decision=lambda q: after(300, picked(CLEANSER, MOISTURIZER)) if is_picks(q) else NEVER,
        memory=known(CORE, artifact(0.86)),
        settings=settings,
        answers={OpenProduct: NEVER},
    )
    assert played.elapsed_ms == 1000
    assert played.finished.cut_reason == "budget"
    assert [item["sku"]["sku_id"] for item in items(played)] == ["c1", "m1"]
    assert played.cards("confidence_notice") == []
    assert played.events("recos_requested")[0]["source"] == "upstream_answer_json"
    assert len(played.facts_of(RecommendationsGiven)) == 1
    (moved,) = played.facts_of(ConversationMoved)
    assert len(moved.conversation.shown) == 2
    assert played.cancelled


async def test_items_that_come_at_the_very_end_leave_without_extras(autojump_clock):
    settings = Settings(reco_budget_ms=1000, **SHOP)
    played = await talk(
        WITH_OTHERS,
        decision=lambda q: after(950, picked(CLEANSER)) if is_picks(q) else NEVER,
        memory=known(CORE, artifact(0.86)),
        settings=settings,
        answers={OpenProduct: NEVER},
    )
    assert played.elapsed_ms == 950
    assert len(items(played)) == 1
    assert asked(played, OpenProduct) == []


async def test_a_budget_that_fires_before_the_items_gives_the_notice_and_the_plan(autojump_clock):
    settings = Settings(reco_budget_ms=1000, reco_catalog_grounded=True, **SHOP)
    played = await talk(
        WITH_OTHERS,
        decision=NEVER,
        memory=known(CORE, artifact(0.86, plan=PLAN)),
        settings=settings,
        answers={CommerceSearch: after(400, [])},
    )
    assert played.elapsed_ms == 1000
    assert played.card_types == ["confidence_notice", "ingredient_plan"]
    assert played.facts_of(RecommendationsGiven) == []
    assert all(moved.conversation.shown == [] for moved in played.facts_of(ConversationMoved))
    assert played.events("recos_requested")[0]["reason"] == "timeout_degraded"


# --- variety


def seen(*keys: str) -> Conversation:
    return Conversation(shown=[Shown(key=key, at_ms=NOW_MS - 60_000) for key in keys])


async def test_who_asks_again_sees_new_ones_first(autojump_clock):
    memory = msgspec.structs.replace(known(CORE, artifact(0.86)), conversation=seen("c1", "m1"))
    played = await talk({"action": RECO}, decision=picked(CLEANSER, MOISTURIZER, SERUM), memory=memory)
    assert [item["sku"]["sku_id"] for item in items(played)] == ["s1", "c1", "m1"]
    (moved,) = played.facts_of(ConversationMoved)
    assert [one.key for one in moved.conversation.shown] == ["s1", "c1", "m1"]
    assert all(one.at_ms == NOW_MS for one in moved.conversation.shown)


async def test_variety_can_be_switched_off(autojump_clock):
    memory = msgspec.structs.replace(known(CORE, artifact(0.86)), conversation=seen("c1"))
    played = await talk(
        {"action": RECO},
        decision=picked(CLEANSER, MOISTURIZER),
        memory=memory,
        settings=Settings(reco_diversity_enabled=False),
    )
    assert [item["sku"]["sku_id"] for item in items(played)] == ["c1", "m1"]


# --- safety, whatever the source


@pytest.mark.parametrize("grounded", [True, False])
async def test_a_source_whose_items_are_all_forbidden_gives_way_to_the_next(autojump_clock, grounded):
    pregnant = msgspec.structs.replace(CORE, pregnancy_status="pregnant")
    retinol = {"sku": {"sku_id": "r1", "brand": "B", "name": "Retinol 0.3 Serum"}}
    settings = Settings(reco_catalog_grounded=grounded, **SHOP)
    played = await talk(
        {"action": RECO},
        decision=picked(MOISTURIZER) if grounded else picked(retinol),
        memory=known(pregnant, artifact(0.9)),
        settings=settings,
        answers={
            CommerceSearch: lambda q: [{"id": f"r_{q.query}", "merchant_id": "m", "name": "Retinol Oil"}]
        },
    )
    if grounded:
        assert [item["sku"]["sku_id"] for item in items(played)] == ["m1"]
    else:
        assert played.cards("recommendations") == []
        (notice,) = played.cards("confidence_notice")
        assert notice["reason"] == "safety_block"


async def test_strong_items_of_a_low_diagnosis_leave_from_no_source(autojump_clock):
    played = await talk(
        {"action": RECO},
        decision=picked(TREATMENT),
        memory=known(CORE, artifact(0.4, plan=PLAN)),
        settings=Settings(product_rec_allow_seed=True, reco_catalog_grounded=True, **SHOP),
        answers={
            MatchCatalogue: CatalogueRows(products=[], digest="d"),
            CommerceSearch: lambda q: [{"id": q.query, "name": "Glycolic Peel", "merchant_id": "m"}],
        },
    )
    assert played.cards("recommendations") == []
    assert [notice["reason"] for notice in played.cards("confidence_notice")] == ["low_confidence"]
    assert played.events("recos_requested")[0]["reason"] == "artifact_low_confidence"
    assert played.facts_of(RecommendationsGiven) == []
