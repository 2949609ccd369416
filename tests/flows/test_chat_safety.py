"""Safety inside a chat turn: refuse, ask once, warn, hold back, and take up what was interrupted."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.actors.questions import DecisionReply
from aurora.contract.memory import Conversation, Memory, Profile, SafetyAsked
from aurora.flows.chat_steps.safe_reply import MOST_KEPT
from aurora.rules.safety import GAP_REASON
from aurora.settings import Settings
from aurora.store.facts import ConversationMoved, ProfilePatched
from aurora.store.port import StoreError
from tests.flows.chat_kit import (
    CLEANSER,
    CORE,
    MOISTURIZER,
    NO_MATCHER,
    RECO,
    artifact,
    asked_decision,
    known,
    picked,
    plan,
    talk,
)
from tests.support.fakes import NEVER, FakeStore, Played, after

RETINOL = {
    "step": "Treatment",
    "sku": {"sku_id": "r1", "brand": "Strongco", "name": "Retinol 0.3 Night Serum", "category": "serum"},
    "reasons": ["Smooths lines."],
}
HIGH = artifact(0.86)
LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])
ASKS = {"EN": "Can I use retinol?", "CN": "A醇能用吗"}
BLOCKS = {"EN": "I'm pregnant, can I use retinol?", "CN": "孕期可以用A醇吗"}
PREGNANCY = [f"chip.profile.pregnancy.{status}" for status in ("not_pregnant", "pregnant", "trying")]


def core(**facts: Any) -> Profile:
    return msgspec.structs.replace(CORE, **facts)


def tap(chip_id: str, **patch: Any) -> dict[str, Any]:
    data = {"profile_patch": patch, "reply_text": "..."} if patch else {}
    return {"action": {"action_id": chip_id, "kind": "chip", "data": data}}


def conversation_of(played: Played) -> Conversation:
    return played.facts_of(ConversationMoved)[-1].conversation


def waiting(message: str, *, field: str | None = "pregnancy_status", rule: str = "M5", **more: Any) -> Memory:
    """A memory in which a safety question waits for its answer."""
    how = {"trigger": "text_explicit", "asked": {rule: 1}, **more}
    asked = SafetyAsked(rule=rule, field=field, **how)
    return Memory(profile=CORE, artifact=HIGH, conversation=Conversation(interrupted=message, safety=asked))


# --- refuse


@LANGS
@pytest.mark.parametrize("flags", [Settings(), NO_MATCHER])
async def test_what_is_forbidden_ends_the_turn_whatever_the_flags(autojump_clock, lang, flags):
    played = await talk({"message": BLOCKS[lang]}, lang=lang, memory=known(CORE, HIGH), settings=flags)
    (card,) = played.cards("confidence_notice")
    assert (card["reason"], card["severity"], card["actions"]) == (
        "safety_block",
        "block",
        ["safe_alternatives"],
    )
    assert card["details"]
    assert played.chip_ids == ["chip.start.ingredients.safe_alternatives"]
    assert played.events("safety_gate_block")[0]["block_level"] == "BLOCK"
    assert not asked_decision(played)
    assert not played.facts_of(ProfilePatched)  # nothing that was said of the writer is kept


@LANGS
async def test_a_refusal_of_picks_offers_other_ways(autojump_clock, lang):
    message = {"EN": "recommend a retinol serum", "CN": "推荐一款A醇精华"}[lang]
    played = await talk(
        {"message": message}, lang=lang, memory=known(core(pregnancy_status="pregnant"), HIGH)
    )
    (card,) = played.cards("confidence_notice")
    assert card["actions"] == ["safe_alternatives", "profile_update"]
    assert played.chip_ids == [
        "chip.start.ingredients.safe_alternatives", "chip.start.ingredients", "chip.start.routine",
    ]  # fmt: skip
    assert played.events("recos_requested") == [
        {"explicit": True, "blocked": True, "reason": "safety_boundary"}
    ]


@LANGS
async def test_the_chip_of_a_refusal_is_answered_here(autojump_clock, lang):
    body = tap("chip.start.ingredients.safe_alternatives")
    played = await talk(body, lang=lang, memory=known(core(pregnancy_status="pregnant"), HIGH))
    assert {"EN": "Azelaic", "CN": "壬二酸"}[lang] in played.text
    assert not asked_decision(played)


# --- ask


@LANGS
async def test_advice_waits_for_one_question(autojump_clock, lang):
    played = await talk({"message": ASKS[lang]}, lang=lang, memory=known(CORE, HIGH))
    (card,) = played.cards("confidence_notice")
    assert (card["reason"], card["severity"], card["actions"]) == (
        "low_confidence", "warn", ["answer_safety_question"],
    )  # fmt: skip
    assert played.chip_ids == PREGNANCY
    assert played.text.count("?") + played.text.count("？") == 1
    assert len(played.events("safety_gate_require_info")) == 1
    assert not asked_decision(played)
    kept = conversation_of(played)
    assert kept.interrupted == ASKS[lang]
    assert (kept.safety.rule, kept.safety.field, kept.safety.asked) == ("M5", "pregnancy_status", {"M5": 1})


async def test_the_age_question_has_its_chips(autojump_clock):
    profile = core(pregnancy_status="not_pregnant")
    played = await talk({"message": "recommend a high-strength serum"}, memory=known(profile, HIGH))
    assert played.chip_ids == [f"chip.profile.age.{band}" for band in ("18_24", "25_34", "35_44")]


@LANGS
async def test_a_fact_is_told_and_the_question_rides_along(autojump_clock, lang):
    message = {"EN": "Tell me about retinol", "CN": "讲讲A醇的原理"}[lang]
    played = await talk(
        {"message": message}, lang=lang, memory=known(CORE, HIGH), decision=DecisionReply(answer="It renews.")
    )
    assert "It renews." in played.text
    assert played.cards("confidence_notice")[0]["actions"] == ["answer_safety_question"]
    assert played.chip_ids[:3] == PREGNANCY
    assert conversation_of(played).interrupted == message


@pytest.mark.parametrize("decision", [NEVER, after(99_000, DecisionReply(answer="late"))])
async def test_the_question_rides_along_with_a_cut_and_is_kept(autojump_clock, decision):
    played = await talk({"message": "Tell me about retinol"}, memory=known(CORE, HIGH), decision=decision)
    assert played.finished.cut_reason == "budget"
    assert {card["reason"] for card in played.cards("confidence_notice")} == {
        "low_confidence",
        "timeout_degraded",
    }
    assert played.chip_ids == PREGNANCY
    assert conversation_of(played).interrupted == "Tell me about retinol"


# --- the answer comes


@LANGS
@pytest.mark.parametrize(
    ("status", "blocks"), [("not_pregnant", False), ("pregnant", True), ("trying", True)]
)
async def test_a_tap_saves_the_fact_and_runs_the_interrupted_message_again(
    autojump_clock, lang, status, blocks
):
    message = {"EN": "Can I use retinol? I'm 28", "CN": "我28岁，A醇能用吗"}[lang]
    played = await talk(
        tap(f"chip.profile.pregnancy.{status}", pregnancy_status=status),
        lang=lang,
        memory=waiting(message),
        decision=DecisionReply(answer="Start twice a week."),
    )
    assert played.facts_of(ProfilePatched)[0].patch == {"pregnancy_status": status}
    assert len(played.events("profile_saved")) == 1
    assert played.body["session_patch"]["profile"]["pregnancy_status"] == status
    assert [card["reason"] for card in played.cards("confidence_notice")] == (
        ["safety_block"] if blocks else []
    )
    if not blocks:
        assert "?" not in played.text.split("\n\n")[0]
        assert any(message in question.query for question in asked_decision(played))
    kept = conversation_of(played)
    assert (kept.interrupted, kept.safety) == (None, None)


async def test_interrupted_picks_come_back_as_picks(autojump_clock):
    memory = waiting("", trigger="chip", action_id="chip.start.reco_products")
    played = await talk(
        tap("chip.profile.pregnancy.not_pregnant", pregnancy_status="not_pregnant"),
        memory=memory,
        decision=picked(RETINOL, CLEANSER),
    )
    (card,) = played.cards("recommendations")
    assert [item["name"] for item in card["recommendations"]] == ["Retinol 0.3 Night Serum", "Soft Wash"]


async def test_a_tap_that_nothing_waits_for_is_noted(autojump_clock):
    body = tap("chip.profile.age.25_34", age_band="25_34")
    played = await talk(body, memory=known(CORE, HIGH))
    assert played.cards("profile")[0]["profile"]["age_band"] == "25_34"
    assert not asked_decision(played)


@pytest.mark.parametrize(
    ("words", "reason"),
    [("no", None), ("neither", None), ("I'm not pregnant", None), ("都没有", None), ("yes", "safety_block"),
     ("I'm trying to conceive", "safety_block"), ("怀孕了", "safety_block")],
)  # fmt: skip
async def test_words_answer_too_and_are_not_kept(autojump_clock, words, reason):
    played = await talk(
        {"message": words},
        memory=waiting("I'm 28, can I use retinol?"),
        decision=DecisionReply(answer="Slowly."),
    )
    assert [card["reason"] for card in played.cards("confidence_notice")] == ([reason] if reason else [])
    assert not played.facts_of(ProfilePatched)
    if reason is None:
        assert "can I use retinol?" in asked_decision(played)[0].query


@pytest.mark.parametrize("words", ["What is niacinamide?", "烟酰胺是什么", "hello there"])
async def test_something_else_is_answered_for_that_and_the_question_goes_on_waiting(autojump_clock, words):
    played = await talk(
        {"message": words}, memory=waiting("can I use retinol?"), decision=DecisionReply(answer="A vitamin.")
    )
    assert "A vitamin." in played.text
    assert words in asked_decision(played)[0].query
    assert "retinol" not in asked_decision(played)[0].query.split("\n")[-1]
    assert not played.facts_of(ConversationMoved)


@pytest.mark.parametrize(
    ("rule", "field", "message", "words"),
    [
        (
            "M4",
            "high_risk_medications",
            "steroid cream on my face, recommend a glycolic acid",
            "hydrocortisone",
        ),
        ("I3", None, "sensitive skin, recommend a serum, want to stack retinol and glycolic", "acne"),
    ],
)
async def test_what_only_words_answer_goes_on_carefully(autojump_clock, rule, field, message, words):
    memory = waiting(message, rule=rule, field=field)
    memory = msgspec.structs.replace(
        memory, profile=core(pregnancy_status="not_pregnant", age_band="25_34", sensitivity="high")
    )
    played = await talk({"message": words}, memory=memory, decision=picked(RETINOL, MOISTURIZER))
    (card,) = played.cards("recommendations")
    assert [item["name"] for item in card["recommendations"]] == ["Plain Cream"]
    assert words in asked_decision(played)[0].query
    assert not played.events("safety_gate_require_info")


async def test_a_long_message_is_kept_in_part(autojump_clock):
    played = await talk({"message": "Can I use retinol? " + "x" * 5000}, memory=known(CORE, HIGH))
    assert len(conversation_of(played).interrupted) == MOST_KEPT


# --- asked twice and left open


@LANGS
async def test_a_question_left_open_twice_leads_to_a_careful_answer_without_a_question(autojump_clock, lang):
    memory = waiting(ASKS[lang], asked={"M5": 2})
    played = await talk({"message": ASKS[lang]}, lang=lang, memory=memory)
    assert not set("?？") & set(played.text)
    assert played.chip_ids == PREGNANCY  # it can still be answered
    assert not asked_decision(played)


async def test_picks_go_on_without_strong_actives_when_a_question_stays_open(autojump_clock):
    acid = {**RETINOL, "sku": {"sku_id": "g", "brand": "S", "name": "Glycolic toner", "category": "toner"}}
    memory = waiting("x", asked={"M5": 2})
    played = await talk(
        {"message": "recommend a retinol serum"}, memory=memory, decision=picked(RETINOL, acid, MOISTURIZER)
    )
    (card,) = played.cards("recommendations")
    assert [item["name"] for item in card["recommendations"]] == ["Plain Cream"]
    assert played.chip_ids[:3] == PREGNANCY


async def test_other_questions_are_counted_for_themselves(autojump_clock):
    memory = waiting("x", asked={"M6": 2})
    played = await talk({"message": "Can I use retinol?"}, memory=memory)
    assert conversation_of(played).safety.asked == {"M6": 2, "M5": 1}


# --- warn


@LANGS
async def test_a_warning_stands_before_the_answer(autojump_clock, lang):
    message = {"EN": "pregnant: are essential oils fine?", "CN": "孕妇可以用精油吗"}[lang]
    played = await talk(
        {"message": message}, lang=lang, memory=known(CORE), decision=DecisionReply(answer="Some are.")
    )
    *before, answer = played.text.split("\n\n")
    assert {"EN": "Essential oils", "CN": "精油"}[lang] in before[-1]
    assert answer == "Some are."


async def test_a_warning_stands_before_a_cut_too(autojump_clock):
    played = await talk({"message": "pregnant: are essential oils fine?"}, memory=known(CORE), decision=NEVER)
    assert "Essential oils" in played.text


async def test_a_fragile_profile_is_told_to_go_slowly(autojump_clock):
    profile = core(barrierStatus="impaired", sensitivity="high")
    played = await talk({"action": RECO}, memory=known(profile, HIGH), decision=picked(MOISTURIZER))
    assert "test it on a" in played.text
    calm = await talk(
        {"action": RECO}, memory=known(core(sensitivity="high"), HIGH), decision=picked(MOISTURIZER)
    )
    assert "test it on a" not in calm.text


# --- hold back


@LANGS
async def test_picks_leave_without_what_is_forbidden(autojump_clock, lang):
    memory = known(core(pregnancy_status="pregnant"), HIGH)
    played = await talk({"action": RECO}, lang=lang, memory=memory, decision=picked(RETINOL, MOISTURIZER))
    (card,) = played.cards("recommendations")
    assert [item["name"] for item in card["recommendations"]] == ["Plain Cream"]
    assert "Retinol" not in played.text
    assert GAP_REASON in str(played.body["cards"])


async def test_an_emptied_list_becomes_a_refusal(autojump_clock):
    memory = known(core(pregnancy_status="trying"), HIGH)
    played = await talk({"action": RECO}, memory=memory, decision=picked(RETINOL))
    assert played.card_types == ["confidence_notice"]
    assert played.cards("confidence_notice")[0]["reason"] == "safety_block"
    assert played.events("recos_requested")[0]["blocked"] is True


async def test_an_emptied_list_that_only_waits_for_a_fact_becomes_the_question(autojump_clock):
    played = await talk({"action": RECO}, memory=known(CORE, HIGH), decision=picked(RETINOL))
    assert played.card_types == ["confidence_notice"]
    assert played.chip_ids == PREGNANCY
    kept = conversation_of(played)
    assert (kept.interrupted, kept.safety.action_id) == ("", "chip.start.reco_products")


async def test_what_is_kept_leaves_and_the_question_rides_along(autojump_clock):
    played = await talk({"action": RECO}, memory=known(CORE, HIGH), decision=picked(RETINOL, MOISTURIZER))
    (card,) = played.cards("recommendations")
    assert [item["name"] for item in card["recommendations"]] == ["Plain Cream"]
    assert not played.cards("confidence_notice")
    assert played.chip_ids[:3] == PREGNANCY
    assert "pregnant" in played.text


async def test_nothing_is_asked_about_picks_that_would_stay_here_anyway(autojump_clock):
    memory = known(CORE, artifact(0.66))
    played = await talk({"action": RECO}, memory=memory, decision=picked(RETINOL, MOISTURIZER))
    assert not set(played.chip_ids) & set(PREGNANCY)


async def test_plan_targets_are_held_back_too(autojump_clock):
    strong = {**plan(), "targets": [
        {"ingredient_id": "retinol", "role": "hero", "priority": 90},
        {"ingredient_id": "panthenol", "role": "support", "priority": 60},
    ]}  # fmt: skip
    memory = known(core(pregnancy_status="pregnant"), artifact(0.86, plan=strong))
    played = await talk({"action": RECO}, memory=memory, decision=picked(MOISTURIZER))
    (card,) = played.cards("ingredient_plan")
    assert [target["ingredient_id"] for target in card["targets"]] == ["panthenol"]
    assert "retinol" not in str(card)


UPSTREAM = {
    "recommendations": {"recommendations": [RETINOL, MOISTURIZER]},
    "reco_bundle": {"products": [RETINOL], "note": "x"},
    "offers_resolved": {"items": [{"product": {"name": "Retinol cream"}, "offer": {"price": 3}}]},
    "product_analysis": {"product": {"name": "Retinol 1%"}, "assessment": {"verdict": "Suitable"}},
    "dupe_suggest": {"dupes": [{"name": "Cheap retinol"}], "comparables": [{"name": "Plain Cream"}]},
    "aurora_note": {"value": {"deep": {"alternatives": ["tretinoin gel", "azelaic acid"]}}},
}


@pytest.mark.parametrize("kind", list(UPSTREAM))
async def test_cards_of_an_upstream_leave_without_what_is_forbidden(autojump_clock, kind):
    reply = DecisionReply(answer="Retinol is great.", cards=[{"type": kind, "payload": UPSTREAM[kind]}])
    played = await talk(
        {"message": "another one?", "client_state": "RECO_RESULTS"},
        memory=known(core(pregnancy_status="pregnant"), HIGH),
        decision=reply,
    )
    assert "retin" not in str(played.body["cards"]).lower().replace("retinoids are best avoided", "")
    assert "Retinol is great" not in played.text
    assert GAP_REASON in str(played.body["cards"]) or played.finished.outcome == "blocked"


async def test_prose_that_names_what_is_forbidden_gets_the_reason_before_it(autojump_clock):
    played = await talk(
        {"message": "tell me more"},
        memory=known(core(pregnancy_status="pregnant")),
        decision=DecisionReply(answer="Retinol is the gold standard."),
    )
    assert played.text.endswith("Retinoids are best avoided in pregnancy.\n\nRetinol is the gold standard.")


# --- the diagnosis on file, and who may say "unknown"


@pytest.mark.parametrize("flag", [{"id": "infection_signal", "severity": "block"}, {"id": "x"}])
async def test_red_flags_of_the_diagnosis_on_file_stop_picks(autojump_clock, flag):
    sick = artifact(0.86)
    sick.artifact["safety"] = {"red_flags": [flag]}
    played = await talk({"action": RECO}, memory=known(CORE, sick))
    assert played.cards("confidence_notice")[0]["reason"] == "safety_block"
    assert played.events("recos_requested")[0]["reason"] == "safety_boundary"
    assert not asked_decision(played)
    chatting = await talk(
        {"message": "hello"}, memory=known(CORE, sick), decision=DecisionReply(answer="Hi.")
    )
    assert chatting.text == "Hi."


async def test_flags_that_only_warn_stop_nothing(autojump_clock):
    fine = artifact(0.86)
    fine.artifact["safety"] = {"red_flags": [{"id": "x", "severity": "warn"}]}
    played = await talk({"action": RECO}, memory=known(CORE, fine), decision=picked(MOISTURIZER))
    assert played.cards("recommendations")


@pytest.mark.parametrize(
    ("action_id", "wiped"), [("chip.start.reco_products", False), ("chip.profile.pregnancy.unknown", True)]
)
async def test_unknown_replaces_a_known_value_only_by_its_own_chip(autojump_clock, action_id, wiped):
    body = tap(action_id, pregnancy_status="unknown", skinType="dry")
    memory = known(core(pregnancy_status="pregnant"), HIGH)
    played = await talk(body, memory=memory, decision=picked(RETINOL))
    expected = {"skinType": "dry", **({"pregnancy_status": "unknown"} if wiped else {})}
    assert played.facts_of(ProfilePatched)[0].patch == expected


@pytest.mark.parametrize(("patch", "asked"), [({}, True), ({"pregnancy_status": "not_pregnant"}, False)])
async def test_while_memory_is_away_a_claim_proves_nothing(autojump_clock, patch, asked):
    claim = {"pregnancy_status": "not_pregnant", "age_band": "25_34"}
    body = {"message": "can I use retinol?", "session": {"profile": claim}}
    if patch:
        body["action"] = {"action_id": "odd", "kind": "chip", "data": {"profile_patch": patch}}
    played = await talk(body, store=FakeStore(error=StoreError("unavailable")), decision=picked())
    assert bool(played.events("safety_gate_require_info")) is asked


async def test_what_the_client_claims_does_not_make_anybody_less_pregnant(autojump_clock):
    body = {"action": RECO, "session": {"profile": {"pregnancy_status": "not_pregnant"}}}
    memory = known(core(pregnancy_status="pregnant"), HIGH)
    played = await talk(body, memory=memory, decision=picked(RETINOL))
    assert played.cards("confidence_notice")[0]["reason"] == "safety_block"
