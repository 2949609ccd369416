"""What is like a product: what is known first, asking side by side, never later than the budget (D 3.3)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.actors.findings import Failure
from aurora.actors.knowledge_questions import (
    KeepKnowledge,
    Kept,
    Knowledge,
    Leave,
    MayRefresh,
    Queued,
    RecallKnowledge,
    RefreshLater,
)
from aurora.actors.questions import DecisionChat, DecisionReply, ReadMemory
from aurora.contract.memory import Memory, Profile
from aurora.contract.validation import decode
from aurora.flows.asking import RESERVE_MS
from aurora.flows.dupe_suggest import refresh, suggest
from aurora.settings import Settings
from tests.flows.chat_kit import CORE
from tests.support.fakes import NEVER, Played, after, perform, play, turn_for

BUDGET = Settings().dupe_suggest_budget_ms
DOWN = Failure(actor="decision", code="http_5xx", status=503)
CREAM = {"sku_id": "c1", "brand": "Dewfield", "name": "Plain Cream"}


def other(name: str, delta: float | None = -5, **more: Any) -> dict[str, Any]:
    tradeoffs = {"missing_actives": ["niacinamide"], "price_delta_usd": delta}
    product = {"sku_id": name.lower(), "brand": "Other", "name": name}
    return {"product": product, "similarity_score": 0.82, "tradeoffs": tradeoffs, **more}


def listing(*others: dict[str, Any]) -> DecisionReply:
    return DecisionReply(answer=json.dumps({"alternatives": list(others)}), intent="alternatives")


def parsed(sku_id: str = "c1", name: str = "Plain Cream") -> DecisionReply:
    product = {"sku_id": sku_id, "brand": "Dewfield", "name": name}
    return DecisionReply(answer=json.dumps({"product": product, "confidence": 0.8}))


def by_task(*, parse: Any = DOWN, alternatives: Any = DOWN) -> Any:
    """What the decision system does, by what it is asked."""

    def answer(question: DecisionChat) -> Any:
        return parse if "Task: Parse" in question.query else alternatives

    return answer


def row(*others: dict[str, Any], fresh: bool = True, key: str = "id:c1|lang:EN", **facts: Any) -> Knowledge:
    kept = [
        {"kind": "dupe", "product": one["product"], "similarity": 80, "reasons": ["r"], "tradeoffs": ["t"]}
        for one in others
    ]
    return Knowledge(
        found=True,
        key=key,
        facts={"dupes": kept, "comparables": [], **facts},
        verified=True,
        verified_at="2026-11-01T00:00:00.000Z",
        source="llm_generate",
        fresh=fresh,
    )


NOTHING_KNOWN = Knowledge(found=False)


async def ask(body: dict[str, Any], *, lang: str = "EN", **how: Any) -> Played:
    answers = {
        RecallKnowledge: NOTHING_KNOWN, MayRefresh: Leave(allowed=True), KeepKnowledge: Kept(kept=True),
        RefreshLater: Queued(queued=True), **how.pop("answers", {}),
    }  # fmt: skip
    turn = turn_for("dupe_suggest", decode("dupe_suggest", body), lang=lang)
    return await play(suggest, turn, answers=answers, budget=("dupe_suggest", BUDGET), **how)


def asked(played: Played, kind: type) -> list[Any]:
    return [question for question in played.asked if isinstance(question, kind)]


def card(played: Played) -> dict[str, Any]:
    (found,) = played.cards("dupe_suggest")
    return found


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["product"]["name"] for item in items]


# --- what is known


async def test_a_known_row_is_served_and_nobody_upstream_is_asked(autojump_clock):
    played = await ask({"original": CREAM}, answers={RecallKnowledge: row(other("Known"))})
    assert names(card(played)["dupes"]) == ["Known"]
    assert card(played)["meta"] == {"served_from_kb": True, "validated_now": False}
    assert asked(played, DecisionChat) == asked(played, RefreshLater) == asked(played, KeepKnowledge) == []
    assert played.elapsed_ms == 0


async def test_a_stale_row_is_served_and_renewed_in_the_background(autojump_clock):
    stale = row(other("Known"), fresh=False)
    played = await ask({"original": {**CREAM, "owner": "me"}}, answers={RecallKnowledge: stale})
    assert names(card(played)["dupes"]) == ["Known"]
    (later,) = asked(played, RefreshLater)
    assert (later.kind, later.key) == ("dupes_refresh", "id:c1|lang:EN")
    body = msgspec.to_builtins(decode("dupe_suggest", later.body))
    assert (body["original"]["sku_id"], body["original"]["name"]) == ("c1", "Plain Cream")
    assert "owner" not in body["original"]


async def test_words_that_somebody_typed_are_in_no_refresh(autojump_clock):
    def recall(question: RecallKnowledge) -> Any:
        known = row(other("Known"), fresh=False, original=CREAM)
        return known if question.keys[0].startswith("id:") else NOTHING_KNOWN

    played = await ask(
        {"original_text": "Plain Cream, I am pregnant"},
        answers={RecallKnowledge: recall, DecisionChat: by_task(parse=parsed(), alternatives=NEVER)},
    )
    assert names(card(played)["dupes"]) == ["Known"]
    (later,) = asked(played, RefreshLater)
    assert later.body["original"] == {**CREAM, "display_name": "Dewfield Plain Cream", "product_id": "c1"}
    assert "pregnant" not in json.dumps(later.body)


async def test_an_address_is_renewed_without_what_tells_of_the_visitor(autojump_clock):
    stale = row(other("Known"), fresh=False, key="url:https://shop.example/p?id=2|lang:EN")
    played = await ask(
        {"original_url": "https://Shop.example/p?utm_source=x&sid=1&id=2#top"},
        answers={RecallKnowledge: stale},
    )
    (later,) = asked(played, RefreshLater)
    assert later.body == {"original_url": "https://shop.example/p?id=2"}


@pytest.mark.parametrize(
    "known", [{"verified": False}, {"facts": {"dupes": [{"product": "x"}]}}, {"facts": {}}]
)
async def test_a_row_that_says_nothing_reliable_is_not_served(autojump_clock, known):
    worse = msgspec.structs.replace(row(other("Known")), **known)
    played = await ask(
        {"original": CREAM},
        answers={RecallKnowledge: worse, DecisionChat: by_task(alternatives=listing(other("Fresh")))},
    )
    assert names(card(played)["dupes"]) == ["Fresh"]


@pytest.mark.parametrize(
    ("name", "facts", "served"),
    [
        ("Plain Cream", {"asked_as": "dewfieldplaincream"}, True),
        ("Rain Toner", {"asked_as": "dewfieldplaincream"}, False),
        ("Rain Toner", {"original": {"name": "Plain Cream", "brand": "Dewfield"}}, False),
        ("plain  CREAM", {"original": {"name": "Plain Cream", "brand": "Dewfield"}}, True),
        ("", {"asked_as": "dewfieldplaincream"}, True),
    ],
)
async def test_a_row_is_served_for_its_own_product_alone(autojump_clock, name, facts, served):
    body = {"original": {"sku_id": "c1", "name": name}}
    played = await ask(body, answers={RecallKnowledge: row(other("Known"), **facts)})
    assert card(played)["meta"]["served_from_kb"] is served


async def test_memory_and_knowledge_that_hang_cost_their_own_limits_only(autojump_clock):
    played = await ask(
        {"original": CREAM},
        answers={
            ReadMemory: NEVER, RecallKnowledge: NEVER, MayRefresh: NEVER, KeepKnowledge: NEVER,
            DecisionChat: by_task(alternatives=listing(other("Fresh"))),
        },
    )  # fmt: skip
    assert names(card(played)["dupes"]) == ["Fresh"]
    assert played.elapsed_ms <= 1500 + 1000 + 2 * 300


async def test_a_forced_look_that_nobody_can_count_is_refused(autojump_clock):
    played = await ask(
        {"original": CREAM, "force_refresh": True},
        answers={RecallKnowledge: row(other("Known")), MayRefresh: Leave(allowed=False, retry_after_ms=9000)},
    )
    assert card(played)["meta"]["retry_after_ms"] == 9000
    assert asked(played, DecisionChat) == []
    assert "a short while ago" in played.text


@pytest.mark.parametrize(
    ("reply", "gap"),
    [
        (DOWN, "upstream_error"),
        (NEVER, "upstream_error"),
        (listing(), "upstream_missing_or_empty"),
        (DecisionReply(answer="I would rather chat."), "upstream_missing_or_unstructured"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
async def test_d13_11_a_failed_look_never_takes_the_place_of_what_was_known(
    autojump_clock, reply, gap, known
):
    played = await ask(
        {"original": CREAM, "force_refresh": True},
        answers={
            RecallKnowledge: row(other("Known")) if known else NOTHING_KNOWN, DecisionChat: reply,
        },
    )  # fmt: skip
    shown = card(played)
    assert names(shown["dupes"]) == (["Known"] if known else [])
    assert shown["field_missing"] == [{"field": "alternatives", "reason": gap}]
    assert (shown["meta"]["served_from_kb"], shown["verified"]) == (known, known)
    assert known is False or shown["meta"]["validated_now"] is False
    assert asked(played, KeepKnowledge) == []
    assert played.text


# --- asking


async def test_the_product_and_its_likes_are_asked_for_at_once(autojump_clock):
    played = await ask(
        {"original_text": "Dewfield Plain Cream"},
        answers={
            DecisionChat: by_task(parse=after(900, parsed()), alternatives=after(1000, listing(other("A"))))
        },
    )
    assert played.elapsed_ms == 1000
    assert card(played)["kb_key"] == "id:c1|lang:EN"
    assert card(played)["original"]["sku_id"] == "c1"


async def test_a_parse_that_hangs_holds_the_answer_up_a_little_only(autojump_clock):
    played = await ask(
        {"original_text": "Plain Cream"},
        answers={DecisionChat: by_task(parse=NEVER, alternatives=after(1000, listing(other("A"))))},
    )
    assert names(card(played)["dupes"]) == ["A"]
    assert played.elapsed_ms == 2500 + 300


async def test_a_product_that_was_recognised_may_be_known_already(autojump_clock):
    def recall(question: RecallKnowledge) -> Any:
        return row(other("Known")) if question.keys[0].startswith("id:") else NOTHING_KNOWN

    played = await ask(
        {"original_text": "that Plain Cream"},
        answers={
            RecallKnowledge: recall,
            DecisionChat: by_task(parse=after(500, parsed()), alternatives=after(8000, listing(other("A")))),
        },
    )
    assert names(card(played)["dupes"]) == ["Known"]
    assert played.elapsed_ms == 500
    assert [q.query for q in played.cancelled if isinstance(q, DecisionChat)]


async def test_nothing_by_name_is_asked_again_by_id(autojump_clock):
    def answer(question: DecisionChat) -> Any:
        if "Task: Parse" in question.query:
            return parsed()
        return listing(other("By id")) if question.anchor_product_id == "c1" else listing()

    played = await ask({"original_text": "Plain Cream"}, answers={DecisionChat: answer})
    assert names(card(played)["dupes"]) == ["By id"]


@pytest.mark.parametrize("reply", [NEVER, after(BUDGET - RESERVE_MS + 1, listing(other("Late")))])
async def test_when_time_is_up_the_answer_leaves(autojump_clock, reply):
    played = await ask({"original_text": "Plain Cream"}, answers={DecisionChat: reply})
    assert BUDGET - RESERVE_MS <= played.elapsed_ms <= BUDGET
    assert played.finished.status == 200
    assert card(played)["dupes"] == []
    assert "try again" in played.text


async def test_an_answer_just_in_time_counts(autojump_clock):
    late = after(BUDGET - RESERVE_MS - 1, listing(other("Just")))
    played = await ask({"original": CREAM}, answers={DecisionChat: late})
    assert names(card(played)["dupes"]) == ["Just"]


async def test_the_budget_itself_still_gives_the_card(autojump_clock):
    turn = turn_for("dupe_suggest", decode("dupe_suggest", {"original": CREAM}))
    small = Settings(dupe_suggest_budget_ms=1000)
    played = await play(
        suggest, turn, settings=small,
        answers={DecisionChat: NEVER, RecallKnowledge: NEVER, ReadMemory: NEVER},
        budget=("dupe_suggest", 1000),
    )  # fmt: skip
    assert played.elapsed_ms <= 1000
    assert card(played)["field_missing"]


# --- keeping


async def test_what_is_kept_is_nobodys(autojump_clock):
    memory = Memory(profile=msgspec.structs.replace(CORE, barrierStatus="impaired", itinerary="Oslo"))
    said = {**CREAM, "name": "Plain Cream", "notes": "for my rosacea"}
    played = await ask(
        {"original": said}, memory=memory, answers={DecisionChat: by_task(alternatives=listing(other("A")))}
    )
    (kept,) = asked(played, KeepKnowledge)
    assert (kept.kind, kept.key, kept.verified) == ("dupes", "id:c1|lang:EN", True)
    written = json.dumps(kept.facts)
    assert not [word for word in ("rosacea", "impaired", "Oslo", "oily", "uid-1") if word in written]
    assert names(kept.facts["dupes"]) == ["A"]
    assert "original" not in kept.facts  # nobody but a client has said what it is
    assert not [question.query for question in asked(played, DecisionChat) if "rosacea" in question.query]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Dewfield Plain Cream", ["id:c1|lang:EN", "text:dewfield plain cream|lang:EN"]),
        ("Plain Cream, I am pregnant", ["id:c1|lang:EN"]),
    ],
)
async def test_words_are_a_key_only_if_they_are_the_products_name(autojump_clock, text, keys):
    played = await ask(
        {"original_text": text},
        answers={DecisionChat: by_task(parse=parsed(), alternatives=listing(other("A")))},
    )
    assert [question.key for question in asked(played, KeepKnowledge)] == keys
    assert "pregnant" not in json.dumps([question.facts for question in asked(played, KeepKnowledge)])


async def test_a_refresh_is_nobodys_turn_and_keeps_what_it_found(autojump_clock):
    turn = turn_for("dupes_refresh", decode("dupe_suggest", {"original": CREAM}), uid="")
    played = await play(
        refresh,
        turn,
        answers={
            DecisionChat: by_task(alternatives=listing(other("New"))),
            RecallKnowledge: row(other("Old"), original=CREAM),
            KeepKnowledge: Kept(kept=True),
        },
        budget=("refresh", BUDGET),
    )  # fmt: skip
    assert asked(played, ReadMemory) == []
    (kept,) = asked(played, KeepKnowledge)
    assert names(kept.facts["dupes"]) == ["New"]
    assert kept.facts["original"] == CREAM  # what is known of it is not lost


async def test_a_refresh_that_finds_nothing_keeps_nothing(autojump_clock):
    turn = turn_for("dupes_refresh", decode("dupe_suggest", {"original": CREAM}), uid="")
    played = await play(refresh, turn, answers={DecisionChat: DOWN}, budget=("refresh", BUDGET))
    assert asked(played, KeepKnowledge) == []
    assert played.finished.status == 200


# --- what is shown


@pytest.mark.parametrize(("most", "shown"), [({}, (3, 2)), ({"max_dupes": 1, "max_comparables": 6}, (1, 3))])
async def test_no_more_than_was_asked_for(autojump_clock, most, shown):
    others = [*(other(f"D{n}", -n) for n in range(1, 5)), *(other(f"S{n}", n) for n in range(3))]
    played = await ask(
        {"original": CREAM, **most}, answers={DecisionChat: by_task(alternatives=listing(*others))}
    )
    assert (len(card(played)["dupes"]), len(card(played)["comparables"])) == shown
    (kept,) = asked(played, KeepKnowledge)
    assert (len(kept.facts["dupes"]), len(kept.facts["comparables"])) == (4, 3)


async def test_the_product_itself_is_no_dupe_of_itself(autojump_clock):
    itself = {"product": CREAM, "similarity_score": 1, "tradeoffs": {"price_delta_usd": -1}}
    played = await ask(
        {"original": CREAM}, answers={DecisionChat: by_task(alternatives=listing(itself, other("A")))}
    )
    assert names(card(played)["dupes"]) == ["A"]


RETINOID = other("Night", added_note="x") | {
    "tradeoffs": {"added_benefits": ["retinol"], "price_delta_usd": -3}
}


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (msgspec.structs.replace(CORE, pregnancy_status="pregnant"), "safety_block"),
        (msgspec.structs.replace(CORE, pregnancy_status="not_pregnant"), None),
    ],
)
async def test_what_is_held_back_leaves_a_reason_and_a_way_on(autojump_clock, profile: Profile, reason):
    played = await ask(
        {"original": CREAM},
        memory=Memory(profile=profile),
        answers={DecisionChat: by_task(alternatives=listing(RETINOID))},
    )
    notices = played.cards("confidence_notice")
    assert [notice["reason"] for notice in notices] == ([reason] if reason else [])
    assert bool(card(played)["dupes"]) is (reason is None)
    (kept,) = asked(played, KeepKnowledge)  # for others it is as good as any
    assert names(kept.facts["dupes"]) == ["Night"]


async def test_words_that_were_taken_for_another_product_make_no_third_one_with_it(autojump_clock):
    played = await ask(
        {"original_text": "Plain Oat Lotion"},
        answers={DecisionChat: by_task(parse=parsed("e1", "Even Serum"), alternatives=listing(other("A")))},
    )
    assert card(played)["original"]["name"] == "Even Serum"
    assert "Oat" not in played.text


@pytest.mark.parametrize(
    ("status", "lang", "reasons", "asks"),
    [
        ("pregnant", "EN", ["safety_block"], False),
        ("pregnant", "CN", ["safety_block"], False),
        (None, "EN", ["low_confidence"], True),
        ("not_pregnant", "EN", [], False),
    ],
)
async def test_what_the_product_itself_may_do_to_her_is_said_beside_its_likes(
    autojump_clock, status: str | None, lang: str, reasons: list[str], asks: bool
):
    person = msgspec.structs.replace(
        CORE, age_band="25_34", **({"pregnancy_status": status} if status else {})
    )
    played = await ask(
        {"original_text": "Retinol night cream" if lang == "EN" else "视黄醇晚霜"},
        lang=lang,
        memory=Memory(profile=person),
        answers={DecisionChat: by_task(alternatives=listing(other("Calm", -2)))},
    )
    assert names(card(played)["dupes"]) == ["Calm"]
    assert [notice["reason"] for notice in played.cards("confidence_notice")] == reasons
    assert ("chip.profile.pregnancy.not_pregnant" in played.chip_ids) is asks
    assert bool(reasons) is ("pregnan" in played.text or "孕" in played.text)


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_while_nobody_knows_the_question_rides_along(autojump_clock, lang):
    played = await ask(
        {"original": CREAM},
        lang=lang,
        memory=Memory(profile=CORE),
        answers={DecisionChat: by_task(alternatives=listing(RETINOID, other("Calm", -2)))},
    )
    assert names(card(played)["dupes"]) == ["Calm"]
    assert "chip.profile.pregnancy.not_pregnant" in played.chip_ids
    assert "Night" not in played.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "product",
                    "name",
                    "sku_id",
                    "brand",
                    "tradeoffs",
                    "similarity",
                    "price_delta_usd",
                    "reasons",
                    "evidence",
                    "alternatives",
                    "price",
                    "missing_actives",
                    "kind",
                    "dupes",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(
    structured=st.dictionaries(st.just("alternatives"), JSON), known=JSON, lang=st.sampled_from(["EN", "CN"])
)
def test_whatever_comes_in_the_card_keeps_its_promise(structured, known, lang):
    facts = {"dupes": known, "comparables": known, "original": known}
    for forced in (True, False):
        body = decode("dupe_suggest", {"original": CREAM, "force_refresh": forced})
        played = perform(
            suggest,
            turn_for("dupe_suggest", body, lang=lang),
            answers={
                DecisionChat: DecisionReply(structured=structured),
                RecallKnowledge: Knowledge(found=True, facts=facts, verified=True, key="k"),
                MayRefresh: Leave(allowed=True),
                KeepKnowledge: Kept(kept=True),
                RefreshLater: Queued(queued=True),
            },
            budget=("dupe_suggest", BUDGET),
        )
        assert played.finished.status == 200
        assert played.finished.bug is None
        for item in [*card(played)["dupes"], *card(played)["comparables"]]:
            assert item["product"]["name"]
            assert item["similarity"] is None or 0 <= item["similarity"] <= 100
