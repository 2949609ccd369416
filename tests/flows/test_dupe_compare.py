"""One product beside another: which source wins, what happens as time runs out, and for whom (D 3.4)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.actors.findings import Failure
from aurora.actors.knowledge_questions import Knowledge, RecallKnowledge
from aurora.actors.questions import DecisionChat, DecisionReply, ReadMemory
from aurora.contract.memory import Memory
from aurora.contract.validation import decode
from aurora.flows.asking import RESERVE_MS
from aurora.flows.dupe_compare import GRACE_MS, compare
from aurora.rules.evidence import shaped
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_knowledge import Row, claim, facts_of
from aurora.settings import Settings
from tests.flows.chat_kit import CORE
from tests.support.fakes import NEVER, Played, after, perform, play, turn_for

BUDGET = Settings().dupe_compare_budget_ms
HALF = BUDGET // 2
DOWN = Failure(actor="decision", code="http_5xx", status=503)
PAIR = {
    "original": {"sku_id": "o1", "brand": "Dewfield", "name": "Rich Cream"},
    "dupe": {"sku_id": "d1", "brand": "Sideline", "name": "Light Lotion"},
}
SAID = "It leaves out the ceramides of the original."
STATED = {"tradeoffs": [SAID], "confidence": 0.6, "similarity": 0.83, "evidence": {"expert_notes": ["n"]}}


def stated(**more: Any) -> DecisionReply:
    return DecisionReply(answer=json.dumps({**STATED, **more}), intent="dupe_compare")


def product(name: str, *ingredients: str, **more: Any) -> DecisionReply:
    """A parse or a scan that knows what is in a product."""
    analyze = {"verdict": "Suitable", "science_evidence": [{"key": one} for one in ingredients], **more}
    return DecisionReply(structured={"parse": {"anchor_product": {"name": name}}, "analyze": analyze})


def listed(name: str, **tradeoffs: Any) -> dict[str, Any]:
    return {"product": {"name": name, "brand": "Sideline"}, "similarity_score": 77, "tradeoffs": tradeoffs}


def by_task(*, compared: Any = DOWN, parsed: Any = DOWN, scanned: Any = DOWN) -> Any:
    """What the decision system does. parsed, scanned: one answer, or (of the original, of the dupe)."""

    def answer(question: DecisionChat) -> Any:
        if "Task: Compare" in question.query:
            return compared
        told = parsed if "Task: Parse" in question.query else scanned
        return told["Light Lotion" in question.query] if isinstance(told, tuple) else told

    return answer


async def ask(body: dict[str, Any] = PAIR, *, lang: str = "EN", **how: Any) -> Played:
    decision = how.pop("decision", DOWN)
    answers = {DecisionChat: decision, **how.pop("answers", {})}
    turn = turn_for("dupe_compare", decode("dupe_compare", body), lang=lang)
    return await play(compare, turn, answers=answers, budget=("dupe_compare", BUDGET), **how)


def card(played: Played) -> dict[str, Any]:
    (found,) = played.cards("dupe_compare")
    return found


def tasks(played: Played) -> list[str]:
    """The tasks in the order of asking."""
    asked = [q.query for q in played.asked if isinstance(q, DecisionChat)]
    return [query.partition("Task: ")[2].split()[0] for query in asked]


# --- which source wins


async def test_all_is_asked_at_once_and_the_statement_stands(autojump_clock):
    played = await ask(decision=by_task(compared=after(900, stated()), parsed=after(800, product("x"))))
    assert card(played)["tradeoffs"] == [SAID]
    assert card(played)["similarity"] == 83
    assert card(played)["confidence"] == 0.6
    assert sorted(tasks(played)) == ["Compare", "Parse", "Parse"]
    assert played.elapsed_ms == 900


async def test_the_originals_own_alternative_comes_first(autojump_clock):
    known = DecisionReply(
        structured={
            "parse": {"anchor_product": {"sku_id": "o1", "name": "Rich Cream"}},
            "alternatives": [listed("Something"), listed("Light Lotion", missing_actives=["panthenol"])],
        }
    )
    played = await ask(decision=by_task(compared=stated(), parsed=known))
    assert card(played)["tradeoffs"][0].startswith("The alternative may leave out panthenol")
    assert card(played)["similarity"] == 77
    assert card(played)["evidence"]["science"]["key_ingredients"] == ["panthenol"]


async def test_an_alternative_that_says_nothing_gives_way_to_the_statement(autojump_clock):
    known = DecisionReply(structured={"alternatives": [listed("Light Lotion")]})
    played = await ask(decision=by_task(compared=stated(), parsed=known))
    assert card(played)["tradeoffs"] == [SAID]


async def test_a_dupe_known_by_its_address_is_found_in_the_list_once_it_has_a_name(autojump_clock):
    """The comparison came first and told nothing: it is read again when the product is known by name."""
    compared = DecisionReply(
        answer=json.dumps({"tradeoffs": []}),
        structured={"alternatives": [listed("Light Lotion", missing_actives=["ceramide np"])]},
    )
    body = {
        "original": PAIR["original"],
        "dupe_url": "https://shop.example/p/77?Light Lotion".replace(" ", "%20"),
    }
    light = DecisionReply(
        structured={"parse": {"anchor_product": {"name": "Light Lotion", "brand": "Sideline"}}}
    )
    played = await ask(body, decision=by_task(compared=compared, parsed=after(300, light)))
    assert "ceramide np" in card(played)["tradeoffs"][0].lower()


async def test_without_a_statement_what_is_in_them_is_compared(autojump_clock):
    parsed = (product("Rich Cream", "petrolatum"), product("Light Lotion", "glycerin", "fragrance"))
    played = await ask(decision=by_task(compared=stated(tradeoffs=[]), parsed=parsed))
    lines = card(played)["tradeoffs"]
    assert lines[0].startswith("Texture")
    assert any("fragrance" in line for line in lines)
    assert card(played)["missing_info"] == ["dupe_not_found_in_alternatives"]
    assert card(played)["evidence"]["science"]["key_ingredients"] == ["petrolatum", "glycerin", "fragrance"]
    assert card(played)["similarity"] == 83  # the statement had that much
    assert "Deep-scan" not in tasks(played)


@pytest.mark.parametrize("mine", [True, False])
async def test_what_is_known_of_these_products_needs_no_closer_look(autojump_clock, mine):
    def recall(question: RecallKnowledge) -> Any:
        key, name = ("petrolatum", "Rich Cream") if "o1" in question.keys[0] else ("glycerin", "Light Lotion")
        brand = "Dewfield" if name == "Rich Cream" else "Sideline"
        known = Analysis(verdict="suitable", evidence=shaped({"science": {"key_ingredients": [key]}}))
        facts = facts_of(Row(analysis=known, about=claim(f"{brand} {name if mine else 'Toner'}")))
        return Knowledge(found=True, facts=facts, verified=True, key=question.keys[0])

    played = await ask(answers={RecallKnowledge: recall})
    assert ("Deep-scan" in tasks(played)) is not mine
    assert card(played)["tradeoffs"][0].startswith("Texture") is mine


async def test_the_last_resort_is_a_closer_look_at_both(autojump_clock):
    scanned = (
        product("Rich Cream", "niacinamide", hero_ingredient={"name": "niacinamide"}, confidence=0.6),
        product("Light Lotion", "glycolic acid", hero_ingredient={"name": "glycolic acid"}, confidence=0.4),
    )
    played = await ask(decision=by_task(scanned=scanned))
    assert tasks(played).count("Deep-scan") == 2
    shown = card(played)
    assert "glycolic acid" in shown["tradeoffs"][0]
    assert any("from niacinamide to glycolic acid" in line for line in shown["tradeoffs"])
    assert shown["confidence"] == 0.5
    assert shown["missing_info"] == [
        "tradeoffs_from_product_analyze_diff", "compare_tradeoffs_missing_used_deepscan_diff",
    ]  # fmt: skip


async def test_what_the_client_sends_of_the_ingredients_counts_when_all_else_fails(autojump_clock):
    body = {
        "original": {**PAIR["original"], "key_actives": ["ceramides"]},
        "dupe": {**PAIR["dupe"], "key_actives": ["glycolic acid"]},
    }
    played = await ask(body)
    assert "glycolic acid" in card(played)["tradeoffs"][0]
    assert "Deep-scan" not in tasks(played)


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_a_side_that_nobody_knows_leaves_one_honest_line(autojump_clock, lang):
    scanned = (product("Rich Cream", "niacinamide"), DOWN)
    played = await ask(decision=by_task(scanned=scanned), lang=lang)
    (line,) = card(played)["tradeoffs"]
    assert ("limited" if lang == "EN" else "对比有限") in line
    assert {"tradeoffs", "evidence", "confidence"} <= {
        gap["field"] for gap in played.body["cards"][0]["field_missing"]
    }


@pytest.mark.parametrize(("given_", "shown"), [(0.82, 82), (1, 100), ("91", 91), (300, 100), (-4, 0)])
async def test_similarity_is_a_whole_percentage(autojump_clock, given_, shown):
    played = await ask(decision=by_task(compared=stated(similarity=given_)))
    assert card(played)["similarity"] == shown
    assert type(card(played)["similarity"]) is int


async def test_an_answer_about_something_else_fills_nothing_in(autojump_clock):
    mock = {
        "original": {"name": "Mock A", "image_url": "https://x.example/a.png"},
        "dupe": {"name": "Mock B"},
    }
    played = await ask(decision=by_task(compared=stated(**mock)))
    assert card(played)["original"]["name"] == "Rich Cream"
    assert "image_url" not in card(played)["original"]
    assert card(played)["dupe"]["name"] == "Light Lotion"


# --- time


async def test_at_half_time_both_are_looked_at(autojump_clock):
    scanned = after(2000, product("x", "niacinamide")), after(1500, product("y", "glycerin"))
    played = await ask(decision=by_task(compared=NEVER, scanned=scanned))
    assert played.elapsed_ms == HALF + 2000
    assert "niacinamide" in card(played)["tradeoffs"][0]


async def test_a_statement_that_comes_after_half_time_still_wins(autojump_clock):
    scanned = after(2000, product("x", "niacinamide"))
    played = await ask(decision=by_task(compared=after(HALF + 1000, stated()), scanned=scanned))
    assert card(played)["tradeoffs"] == [SAID]


async def test_a_statement_waits_a_little_for_the_products(autojump_clock):
    played = await ask(decision=by_task(compared=after(500, stated()), parsed=NEVER))
    assert played.elapsed_ms == 500 + 2 * GRACE_MS
    assert card(played)["tradeoffs"] == [SAID]


@pytest.mark.parametrize("memory", [Memory(), NEVER])
async def test_when_nobody_answers_the_card_leaves_in_time(autojump_clock, memory):
    played = await ask(
        decision=NEVER, answers={ReadMemory: memory, RecallKnowledge: NEVER} if memory is NEVER else {}
    )
    assert BUDGET - RESERVE_MS <= played.elapsed_ms <= BUDGET
    assert len(card(played)["tradeoffs"]) == 1
    assert played.finished.status == 200


async def test_a_small_budget_is_kept(autojump_clock):
    turn = turn_for("dupe_compare", decode("dupe_compare", PAIR))
    played = await play(
        compare, turn, settings=Settings(dupe_compare_budget_ms=1000), answers={DecisionChat: NEVER},
        budget=("dupe_compare", 1000),
    )  # fmt: skip
    assert played.elapsed_ms <= 1000
    assert card(played)["tradeoffs"]


# --- for whom

ACID = (product("Rich Cream", "ceramides"), product("Light Lotion", "glycolic acid"))


async def test_a_fragile_barrier_changes_the_words_and_nothing_else(autojump_clock):
    told = []
    for barrier in ("healthy", "impaired"):
        memory = Memory(profile=msgspec.structs.replace(CORE, barrierStatus=barrier))
        played = await ask(decision=by_task(parsed=ACID), memory=memory)
        told.append(card(played)["tradeoffs"][0])
        assert not [q for q in played.asked if isinstance(q, DecisionChat) and barrier in q.query]
    assert played.card_types == ["dupe_compare", "confidence_notice"]  # wait, and why
    assert "hold off" in told[1]
    assert "hold off" not in told[0]


async def test_an_alternative_that_is_ruled_out_is_not_compared(autojump_clock):
    memory = Memory(profile=msgspec.structs.replace(CORE, pregnancy_status="pregnant"))
    parsed = (product("Rich Cream", "ceramides"), product("Light Lotion", "retinol"))
    played = await ask(decision=by_task(compared=stated(), parsed=parsed), memory=memory)
    assert played.card_types == ["confidence_notice"]
    assert played.cards("confidence_notice")[0]["reason"] == "safety_block"
    assert played.chip_ids


async def test_what_only_the_tradeoffs_name_counts_too(autojump_clock):
    memory = Memory(profile=msgspec.structs.replace(CORE, pregnancy_status="pregnant"))
    detail = stated(tradeoffs=[], tradeoffs_detail={"added_benefits": ["retinol"]})
    played = await ask(decision=by_task(compared=detail), memory=memory)
    assert played.card_types == ["confidence_notice"]


async def test_an_original_that_is_ruled_out_is_compared_with_a_warning(autojump_clock):
    memory = Memory(profile=msgspec.structs.replace(CORE, pregnancy_status="pregnant"))
    parsed = (product("Rich Cream", "retinol"), product("Light Lotion", "glycerin"))
    played = await ask(decision=by_task(compared=stated(), parsed=parsed), memory=memory)
    assert sorted(played.card_types) == ["confidence_notice", "dupe_compare"]


async def test_while_a_fact_is_open_the_question_rides_along(autojump_clock):
    parsed = (product("Rich Cream", "retinol"), product("Light Lotion", "glycerin"))
    played = await ask(decision=by_task(compared=stated(), parsed=parsed), memory=Memory(profile=CORE))
    assert card(played)["tradeoffs"] == [SAID]
    assert "chip.profile.pregnancy.not_pregnant" in played.chip_ids


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "tradeoffs",
                    "tradeoffs_detail",
                    "original",
                    "dupe",
                    "name",
                    "similarity",
                    "evidence",
                    "science",
                    "confidence",
                    "missing_info",
                    "alternatives",
                    "product",
                    "missing_actives",
                    "added_benefits",
                    "price_delta_usd",
                    "analyze",
                    "science_evidence",
                    "key",
                    "hero_ingredient",
                    "risks",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(compared=JSON, other=JSON, lang=st.sampled_from(["EN", "CN"]))
def test_whatever_comes_in_the_card_keeps_its_promise(compared, other, lang):
    def reply(value: Any) -> DecisionReply:
        return DecisionReply(answer=json.dumps(value), structured=value if isinstance(value, dict) else None)

    played = perform(
        compare,
        turn_for("dupe_compare", decode("dupe_compare", PAIR), lang=lang),
        answers={DecisionChat: by_task(compared=reply(compared), parsed=reply(other), scanned=reply(other))},
        budget=("dupe_compare", BUDGET),
    )
    assert played.finished.status == 200
    assert played.finished.bug is None
    shown = card(played)
    assert len(shown["tradeoffs"][0]) >= 20
    assert len(shown["tradeoffs"]) <= 10
    assert type(shown.get("similarity", 0)) is int
    assert shown["confidence"] is None or 0 <= shown["confidence"] <= 1
    assert {"science", "social_signals", "expert_notes"} <= set(shown["evidence"])
