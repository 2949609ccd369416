"""One product in a chat turn: the question for it, the look-ups, the verdict and what safety says of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurora.actors.findings import Failure
from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.contract.memory import Conversation, Memory, Profile, SafetyAsked
from aurora.settings import Settings
from aurora.store.facts import ConversationMoved
from tests.flows.chat_kit import asked_decision, known, talk
from tests.support.fakes import NEVER, Played, after

# Everything that a safety rule could ask is known.
CALM = Profile(
    skinType="oily", sensitivity="low", barrierStatus="healthy", goals=["acne"], age_band="25_34",
    pregnancy_status="not_pregnant", lactation_status="not_lactating", high_risk_medications=["none"],
)  # fmt: skip
SERUM = {"sku_id": "s1", "brand": "Dewfield", "name": "Even Serum"}
MESSAGE = {"EN": "Is this good for me: Dewfield Even Serum", "CN": "这款适不适合我：露霖 匀净精华"}
LANGS = pytest.mark.parametrize("lang", ["EN", "CN"])


def analysis(verdict: str = "Suitable", key: str = "niacinamide", **more: Any) -> dict[str, Any]:
    return {
        "analyze": {
            "verdict": verdict,
            "confidence": 0.62,
            "reasons": ["Light texture."],
            "science_evidence": [{"key": key}],
            "social_signals": {"typical_positive": ["soothing"]},
            "expert_notes": ["Patch-test first. kb:internal-7"],
        },
        **more,
    }


def upstream(*, parse: Any = SERUM, scan: Any = None, chat: Any = None, minimal: Any = None) -> Any:
    """An upstream by task. Each part: what is answered, a Failure, NEVER, `after(...)`."""

    def answer(question: DecisionChat) -> Any:
        if "Task: Parse" in question.query:
            if parse is None or isinstance(parse, dict):
                return DecisionReply(structured={"parse": {"anchor_product": parse}})
            return parse
        if "Task: Deep-scan" in question.query:
            told = minimal if minimal is not None and "fallback" in question.query else scan
            told = analysis() if told is None else told
            return DecisionReply(structured=told) if isinstance(told, dict) else told
        return chat if chat is not None else DecisionReply(answer="I had a look.")

    return answer


async def judged(
    lang: str = "EN", *, profile: Profile | None = CALM, message: str = "", **how: Any
) -> Played:
    settings = how.pop("settings", None)
    decision = upstream(**how)
    body = {"message": message or MESSAGE[lang]}
    return await talk(body, lang=lang, memory=known(profile), decision=decision, settings=settings)


def awaiting() -> Memory:
    return Memory(profile=CALM, conversation=Conversation(awaits_product=True))


# --- no anchor


@pytest.mark.parametrize(
    ("message", "lang"),
    [("Evaluate a specific product for me", "EN"), ("Is this safe for me?", "EN"), ("这款适合我吗", "CN")],
)
async def test_without_a_product_the_answer_is_the_question_for_one(
    autojump_clock: Any, message: str, lang: str
) -> None:
    played = await talk({"message": message}, lang=lang, memory=known(CALM))
    assert played.card_types == ["gate_notice"]
    assert played.cards("gate_notice")[0]["kind"] == "text_only"
    assert played.chip_ids == ["chip.fitcheck.send_product_name", "chip.fitcheck.send_link"]
    assert played.events("state_entered") == [{"next_state": "idle", "reason": "fit_check_anchor_required"}]
    assert ("产品名" if lang == "CN" else "product name") in played.text
    assert ("链接" if lang == "CN" else "link") in played.text
    assert asked_decision(played) == []
    (moved,) = played.facts_of(ConversationMoved)
    assert moved.conversation.awaits_product is True


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Send a link"},
        {
            "action": {
                "action_id": "chip.fitcheck.send_link",
                "kind": "chip",
                "data": {"reply_text": "Send a link"},
            }
        },
        {"action": {"action_id": "chip.fitcheck.send_product_name", "kind": "chip"}},
    ],
)
@LANGS
async def test_an_announced_product_is_waited_for(autojump_clock: Any, body: Any, lang: str) -> None:
    played = await talk(body, lang=lang, memory=known(CALM))
    assert played.card_types == ["gate_notice"]
    assert played.chip_ids == []
    assert played.events("anchor_collection_waiting_input") == [{"intent": "evaluate_product"}]
    assert ("paste the product link" if lang == "EN" else "产品链接") in played.text
    assert asked_decision(played) == []


@pytest.mark.parametrize(
    "message", ["Dewfield Even Serum", "Olay anti-wrinkle night cream", "https://shop.example/p/1"]
)
async def test_the_product_that_was_asked_for_is_judged_when_it_comes(
    autojump_clock: Any, message: str
) -> None:
    played = await talk({"message": message}, memory=awaiting(), decision=upstream())
    assert "product_analysis" in played.card_types
    (moved,) = played.facts_of(ConversationMoved)
    assert moved.conversation.awaits_product is False


async def test_something_else_instead_of_the_product_is_just_that(autojump_clock: Any) -> None:
    played = await talk({"message": "how do I wash my face properly"}, memory=awaiting(), decision=upstream())
    assert "product_analysis" not in played.card_types
    assert len(asked_decision(played)) == 1


# --- the verdict


@LANGS
async def test_a_named_product_is_found_and_judged(autojump_clock: Any, lang: str) -> None:
    played = await judged(lang)
    (card,) = played.cards("product_analysis")
    assert card["assessment"]["verdict"] == {"EN": "Suitable", "CN": "适合"}[lang]
    assert card["assessment"]["anchor_product"]["sku_id"] == "s1"
    assert card["evidence"]["science"]["key_ingredients"] == ["niacinamide"]
    assert card["profile_prompt"]["needed"] is True
    assert "kb:" not in msgspec.json.encode(card).decode()
    assert played.body["session_patch"]["next_state"] == "PRODUCT_LINK_EVAL"
    heads = {
        "EN": ["Verdict:", "Risk points:", "How to use (frequency/order/timeline):"],
        "CN": ["结论：", "风险点：", "停用信号："],
    }
    assert all(head in played.text for head in heads[lang])
    chat, parse, scan = asked_decision(played)
    assert "Task:" not in chat.query
    name = {"EN": "Dewfield Even Serum", "CN": "露霖 匀净精华"}[lang]
    assert parse.query.endswith(f"Input: {name}")
    assert "profile=" not in parse.query
    assert scan.anchor_product_id == "s1"
    assert "profile=" in scan.query
    assert [question.cap_ms for question in (parse, scan)] == [12_000, 16_000]


async def test_the_product_of_the_context_needs_no_look_up(autojump_clock: Any) -> None:
    context = {"anchor": {**SERUM, "score": {"total": 78}, "evidence_pack": {"keyActives": ["niacinamide"]}}}
    played = await judged(chat=DecisionReply(answer="Here.", context=context))
    (card,) = played.cards("product_analysis")
    assert (card["assessment"]["verdict"], card["confidence"]) == ("Suitable", 0.78)
    assert len(asked_decision(played)) == 1


@pytest.mark.parametrize("message", ["", "hello"])
async def test_a_card_that_the_upstream_brings_itself_is_made_whole_not_doubled(
    autojump_clock: Any, message: str
) -> None:
    own = {
        "type": "product_analysis",
        "payload": {"assessment": {"verdict": "Good"}, "llm_raw_response": "x"},
    }
    played = await judged(chat=DecisionReply(answer="Here.", cards=[own]), message=message)
    assert played.card_types == ["product_analysis"]
    (card,) = played.cards("product_analysis")
    assert (card["assessment"]["verdict"], card["evidence"]["science"]["risk_notes"]) == ("Suitable", [])
    assert ("Verdict:" in played.text) is (message == "")
    assert len(asked_decision(played)) == 1


async def test_a_card_that_the_upstream_brings_without_a_verdict_is_still_whole(autojump_clock: Any) -> None:
    own = {"type": "product_analysis", "payload": {"product": SERUM, "evidence": "none"}}
    played = await judged(chat=DecisionReply(answer="Here.", cards=[own]), message="hello")
    (card,) = played.cards("product_analysis")
    assert card["assessment"] is None
    assert set(card["evidence"]["science"]) == {"key_ingredients", "mechanisms", "fit_notes", "risk_notes"}
    assert "Here." in played.text


async def test_a_card_that_the_upstream_brings_itself_is_no_kinder_than_safety_allows(
    autojump_clock: Any,
) -> None:
    payload = {"assessment": {"verdict": "Good"}, "evidence": {"science": {"key_ingredients": ["retinol"]}}}
    own = {"type": "Product_Analysis", "payload": payload}
    fragile = msgspec.structs.replace(CALM, barrierStatus="impaired")
    played = await judged(
        profile=fragile, chat=DecisionReply(answer="Wonderful!", cards=[own]), message="hello"
    )
    (card,) = played.cards("product_analysis")
    assert card["assessment"]["verdict"] == "Caution"
    assert "Wonderful" not in played.text


@pytest.mark.parametrize(("profile", "calls"), [(CALM, 4), (None, 3)])
async def test_an_empty_verdict_is_asked_for_once_more_without_the_profile(
    autojump_clock: Any, profile: Profile | None, calls: int
) -> None:
    played = await judged(profile=profile, scan={"foo": 1}, minimal=analysis("Caution"))
    questions = asked_decision(played)
    assert len(questions) == calls
    (card,) = played.cards("product_analysis")
    if calls == 4:
        assert (questions[3].cap_ms, "profile=" in questions[3].query) == (14_000, False)
        assert card["assessment"]["verdict"] == "Caution"
    else:
        assert card["assessment"]["verdict"] == "Unknown"


@LANGS
@pytest.mark.parametrize(
    "how",
    [
        {"parse": None},
        {"parse": Failure(actor="decision", code="http_5xx", status=503)},
        {"scan": Failure(actor="decision", code="reset")},
        {"scan": DecisionReply(answer="no idea")},
    ],
    ids=str,
)
async def test_what_cannot_be_judged_is_said_to_be_unknown(autojump_clock: Any, how: Any, lang: str) -> None:
    played = await judged(lang, **how)
    card = next(card for card in played.body["cards"] if card["type"] == "product_analysis")
    assert card["payload"]["assessment"]["verdict"] == {"EN": "Unknown", "CN": "未知"}[lang]
    assert len(card["payload"]["assessment"]["reasons"]) == 3
    assert "assessment" in [gap["field"] for gap in card["field_missing"]]
    assert {"EN": "full ingredient list", "CN": "完整成分表"}[lang] in played.text
    assert played.facts_of(ConversationMoved)[0].conversation.awaits_product is True
    assert played.finished.outcome == "ok"


@LANGS
async def test_the_list_of_ingredients_that_was_asked_for_is_judged(autojump_clock: Any, lang: str) -> None:
    listed = {
        "EN": "Aqua, Glycerin, Niacinamide, Panthenol, Carbomer, Sodium Hydroxide, Phenoxyethanol, Parfum",
        "CN": "水、甘油、丁二醇、烟酰胺、泛醇、卡波姆、苯氧乙醇、香精",
    }[lang]
    played = await talk({"message": listed}, lang=lang, memory=awaiting(), decision=upstream())
    (card,) = played.cards("product_analysis")
    assert card["assessment"]["verdict"] == {"EN": "Suitable", "CN": "适合"}[lang]
    _, scan = asked_decision(played)
    assert scan.query.endswith(f"Product: ingredients: {listed}")


async def test_a_name_that_is_none_leaves_the_answer_as_it_was(autojump_clock: Any) -> None:
    played = await judged(message="Is Zarb Foam Cleansing good for my skin", parse=None)
    assert "product_analysis" not in played.card_types
    assert "I had a look." in played.text


@pytest.mark.parametrize("how", [{"parse": NEVER}, {"scan": NEVER}, {"scan": after(60_000, DecisionReply())}])
async def test_the_turn_has_one_budget_and_says_what_is_missing(autojump_clock: Any, how: Any) -> None:
    played = await judged(settings=Settings(chat_budget_ms=4000), **how)
    assert played.elapsed_ms == 4000
    assert played.card_types == ["confidence_notice"]
    assert played.cards("confidence_notice")[0]["reason"] == "timeout_degraded"
    assert "full product check" in played.text


async def test_an_upstream_text_with_sections_of_its_own_stays(autojump_clock: Any) -> None:
    own = "Verdict: fine.\nRisk points: none.\nHow to use (frequency/order/timeline): daily."
    played = await judged(chat=DecisionReply(answer=own))
    assert "Verdict: fine." in played.text
    assert "product_analysis" in played.card_types


async def test_a_verdict_is_given_inside_a_diagnosis_too(autojump_clock: Any) -> None:
    body = {"message": MESSAGE["EN"], "client_state": "DIAG_PROFILE"}
    played = await talk(body, memory=known(Profile(pregnancy_status="not_pregnant")), decision=upstream())
    assert "product_analysis" in played.card_types
    assert "diagnosis_gate" not in played.card_types


async def test_what_goes_together_is_a_question_of_its_own(autojump_clock: Any) -> None:
    played = await talk(
        {"message": "Is it ok to layer retinol with glycolic acid? Is this safe?"}, memory=known(CALM)
    )
    assert "routine_simulation" in played.card_types


# --- safety


def retinol(**more: Any) -> dict[str, Any]:
    return analysis("Suitable", "retinol", **more)


@LANGS
@pytest.mark.parametrize("status", ["pregnant", "trying"])
async def test_a_retinoid_is_never_suitable_in_pregnancy(autojump_clock: Any, lang: str, status: str) -> None:
    profile = msgspec.structs.replace(CALM, pregnancy_status=status)
    played = await judged(lang, profile=profile, scan=retinol())
    assert "product_analysis" not in played.card_types
    assert played.cards("confidence_notice")[0]["reason"] == "safety_block"
    assert "Suitable" not in played.text
    assert "结论：" not in played.text
    assert len(played.events("safety_gate_block")) == 1


@LANGS
async def test_while_pregnancy_is_not_known_a_retinoid_is_a_caution_and_the_question_rides_along(
    autojump_clock: Any, lang: str
) -> None:
    played = await judged(lang, profile=msgspec.structs.replace(CALM, pregnancy_status=None), scan=retinol())
    (card,) = played.cards("product_analysis")
    assert card["assessment"]["verdict"] == {"EN": "Caution", "CN": "谨慎"}[lang]
    assert {"chip.profile.pregnancy.pregnant", "chip.profile.pregnancy.not_pregnant"} <= set(played.chip_ids)
    assert len(played.events("safety_gate_require_info")) == 1
    (moved,) = played.facts_of(ConversationMoved)
    assert moved.conversation.interrupted == MESSAGE[lang]


async def test_a_question_that_stays_open_is_not_asked_for_ever_and_the_verdict_stays_careful(
    autojump_clock: Any,
) -> None:
    unknown = msgspec.structs.replace(CALM, pregnancy_status=None)
    asked = SafetyAsked(rule="M5", field="pregnancy_status", asked={"M5": 2})
    memory = Memory(profile=unknown, conversation=Conversation(safety=asked))
    played = await talk({"message": MESSAGE["EN"]}, memory=memory, decision=upstream(scan=retinol()))
    (card,) = played.cards("product_analysis")
    assert card["assessment"]["verdict"] == "Caution"
    assert "confidence_notice" not in played.card_types
    assert "chip.profile.pregnancy.pregnant" in played.chip_ids


async def test_an_impaired_barrier_makes_a_retinoid_a_caution(autojump_clock: Any) -> None:
    played = await judged(profile=msgspec.structs.replace(CALM, barrierStatus="impaired"), scan=retinol())
    (card,) = played.cards("product_analysis")
    assert card["assessment"]["verdict"] == "Caution"
    assert "Caution" in played.text
    assert played.events("safety_gate_block") == []


async def test_alternatives_that_are_forbidden_stay_here(autojump_clock: Any) -> None:
    alternatives = [
        {"product": {"sku_id": "d1", "name": "Night Retinol Cream"}, "similarity_score": 90},
        {"product": {"sku_id": "d2", "name": "Calm Panthenol Cream"}, "similarity_score": 80},
    ]
    played = await judged(
        profile=msgspec.structs.replace(CALM, pregnancy_status="pregnant"),
        scan=analysis("Caution", alternatives=alternatives),
    )
    (card,) = played.cards("product_analysis")
    assert [row["sku_id"] for row in card["competitors"]["candidates"]] == ["d2"]
    assert "Retinol" not in played.text
    assert "Calm Panthenol Cream" in played.text


# --- ingredients in general


@LANGS
async def test_ingredients_in_general_get_one_question_and_six_answers(
    autojump_clock: Any, lang: str
) -> None:
    action = {"action_id": "chip.start.ingredients", "kind": "chip", "data": {}}
    played = await talk({"action": action}, lang=lang, memory=known(CALM))
    assert played.card_types == ["gate_notice"]
    assert played.chip_ids == [
        "chip.science.target.niacinamide", "chip.science.target.retinoid", "chip.science.target.vitc",
        "chip.science.goal.brightening", "chip.science.goal.acne", "chip.science.goal.redness",
    ]  # fmt: skip
    assert played.events("state_entered")[0]["reason"] == "ingredient_science_clarify"
    assert played.text.count("?") + played.text.count("？") == 1
    assert asked_decision(played) == []
    for chip in played.body["suggested_chips"]:
        tap = {"action_id": chip["chip_id"], "kind": "chip", "data": chip["data"]}
        again = await talk(
            {"action": tap}, lang=lang, memory=known(CALM), decision=DecisionReply(answer="Well.")
        )
        assert [
            question.query.endswith(chip["data"]["reply_text"]) for question in asked_decision(again)
        ] == [True]
        assert "Well." in again.text


@pytest.mark.parametrize(
    "message",
    ["the science of niacinamide as an ingredient", "烟酰胺的成分机理", "ingredient evidence for acne"],
)
async def test_a_target_that_is_named_is_not_asked_for(autojump_clock: Any, message: str) -> None:
    played = await talk({"message": message}, memory=known(CALM), decision=DecisionReply(answer="Well."))
    assert len(asked_decision(played)) == 1
