"""Phase 0, the artifact gate, the commerce gate and the conversation (contract B 8; decisions 1, 5, 18)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Conversation, Profile, StoredArtifact
from aurora.rules import artifact_gate, chips, commerce_gate, conversation, phase0, replies, small_chips
from aurora.rules.reply_values import value_for
from aurora.rules.request import ACTION_ALIASES
from aurora.rules.transitions import ALIASES, CHIP_MOVES
from aurora.rules.unlock import ONE_PRODUCT_CHIPS, RECO_CHIPS, ROUTINE_CHIPS
from aurora.rules.upstream_answer import UpstreamCard


@pytest.mark.parametrize(
    ("profile", "missing"),
    [
        (None, ["skinType", "sensitivity", "barrierStatus", "goals"]),
        (Profile(), ["skinType", "sensitivity", "barrierStatus", "goals"]),
        (Profile(skinType="unknown", sensitivity=" ", goals=[""]), ["sensitivity", "barrierStatus", "goals"]),
        (Profile(skinType="x", sensitivity="x", barrierStatus="x", goals=["x"]), []),
    ],
)
def test_which_facts_are_missing(profile, missing):
    assert phase0.missing(profile) == missing


@pytest.mark.parametrize("field", phase0.FIELDS)
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_every_question_asks_once_and_every_answer_is_its_own(field, lang):
    question = phase0.question(field, lang)
    assert question.count("?") + question.count("？") == 1
    answers = phase0.answers(field, lang)
    assert 3 <= len(answers) <= 10
    assert len({chip.label for chip in answers}) == len(answers)
    assert answers[-1].data["value"] == "unknown"
    for chip in answers:
        (patched,) = chip.data["profile_patch"].values()
        assert patched in (chip.data["value"], [chip.data["value"]])
        assert chip.chip_id == f"profile.{field}.{chip.data['value']}"


@pytest.mark.parametrize("field", phase0.FIELDS)
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_a_label_typed_as_an_answer_means_what_its_chip_means(field, lang):
    question_id = {
        "skinType": "skin_type",
        "sensitivity": "sensitivity",
        "barrierStatus": "barrier",
        "goals": "goal",
    }
    for chip in phase0.answers(field, lang):
        assert value_for(question_id[field], chip.label) == chip.data["profile_patch"]


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_every_chip_of_the_catalogue_is_answered_by_somebody(lang):
    by_client = {"chip.intake.upload_photos", "chip.intake.skip_analysis", "chip.start.diagnosis"}
    # Their words (given where they are offered, if not here) are answered by a step of their own.
    by_step = ("chip.travel.", "chip.fitcheck.", "chip.science.", "chip.profile.", "chip.start.ingredients.",
               "chip.budget.")  # fmt: skip
    by_us = (
        RECO_CHIPS
        | ROUTINE_CHIPS
        | ONE_PRODUCT_CHIPS
        | set(CHIP_MOVES)
        | set(ALIASES)
        | {"chip.start.ingredients"}
    )
    for chip_id in chips.CATALOGUE:
        chip = chips.chip(chip_id, lang)
        assert chip.label
        assert (
            chip_id in by_client
            or ACTION_ALIASES.get(chip_id, chip_id) in small_chips.ANSWERS
            or chip_id.startswith(by_step)
            or (chip_id in by_us and chip.data["reply_text"])
        )


def test_both_languages_differ_and_are_never_empty():
    for name in (
        "artifact_missing",
        "all_held_back",
        "nothing_found",
        "reco_late",
        "chat_late",
        "chat_not_configured",
    ):
        en, cn = (getattr(replies, name)(lang) for lang in ("EN", "CN"))
        assert en.isascii()
        assert not cn.isascii()
        assert len(en) <= 280
        assert len(cn) <= 280
    for lang in ("EN", "CN"):
        assert len(replies.safety_details(lang)) == 3
        assert len(replies.safety_block(lang)) <= 320
    assert "quick skin profile" in replies.gate("goals", "EN")
    assert "肤况确认" in replies.gate("goals", "CN")
    assert "避免瞎猜" in replies.gate("goals", "CN")


# --- artifact


def stored(**changes):
    value = {
        "skinType": {"value": "dry"},
        "sensitivity": {"value": "low"},
        "barrierStatus": {"value": "healthy"},
        "goals": {"values": ["acne"]},
        "overall_confidence": {"score": 0.8, "level": "high", "rationale": ["x"]},
        **changes,
    }
    return StoredArtifact(
        artifact_id="da_1", created_at="", artifact=value, confidence_score=0.5, confidence_level="low"
    )


@pytest.mark.parametrize(
    ("artifact", "usable"),
    [
        (None, False),
        (stored(), True),
        (stored(skinType=None), False),
        (stored(sensitivity={"value": " "}), False),
        (stored(barrierStatus="healthy"), False),
        (stored(goals={"values": []}), False),
        (stored(goals={"values": "acne"}), False),
    ],
)
def test_a_usable_diagnosis_has_all_four(artifact, usable):
    assert artifact_gate.usable(artifact) is usable


@pytest.mark.parametrize(
    ("overall", "level", "score", "low", "conservative"),
    [
        ({"score": 0.8, "level": "high"}, "high", 0.8, False, False),
        ({"score": 0.75, "level": "high"}, "high", 0.75, False, True),
        ({"score": 0.75}, "low", 0.75, True, True),
        ({"score": 0.3, "level": "medium"}, "medium", 0.3, False, True),
        ({"score": "x"}, "low", 0.5, True, True),
        (None, "low", 0.5, True, True),
        ({"score": 7, "level": "high"}, "high", 1.0, False, False),
    ],
)
def test_how_sure_a_diagnosis_is(overall, level, score, low, conservative):
    sure = artifact_gate.confidence(stored(overall_confidence=overall))
    assert (sure.level, sure.score, sure.low, sure.conservative) == (level, score, low, conservative)


def test_no_diagnosis_is_low():
    assert artifact_gate.confidence(None).low


@pytest.mark.parametrize(
    ("plan", "conservative"),
    [
        (None, None),
        ({}, None),
        ({"confidence": {"score": 0.9, "level": "high"}}, False),
        ({"confidence": {"score": 0.7, "level": "high"}}, True),
        ({"confidence": {"score": 0.9}}, False),
        ({"confidence": {"level": "medium", "score": 0.9}}, True),
    ],
)
def test_a_plan_makes_the_whole_answer_as_careful(plan, conservative):
    sure = artifact_gate.plan_confidence(plan)
    assert (sure.conservative if sure else None) is conservative


# --- commerce


def card(kind, **payload):
    return UpstreamCard(kind, payload, None, [])


@pytest.mark.parametrize(
    ("kind", "payload", "sells"),
    [
        ("Recommendations", {}, True),
        ("aurora_reco", {}, True),
        ("offers_resolved", {}, True),
        ("checkout", {}, True),
        ("note", {"recommendations": []}, True),
        ("product_analysis", {"offers": []}, False),
        ("note", {"text": "recommendations"}, False),
        ("note", {"a": [{"Affiliate_URL": "https://x"}]}, True),
        ("dupe_suggest", {"dupes": [{"product": {"offers": [{}]}}]}, False),
        ("product_analysis", {"recommendations": [{}]}, True),
    ],
)
def test_what_counts_as_commerce(kind, payload, sells):
    assert commerce_gate.is_commerce(card(kind, **payload)) is sells


def deep(levels, leaf):
    return leaf if levels == 0 else {"x": deep(levels - 1, leaf)}


def test_structured_data_that_sells_is_found_however_deep():
    assert commerce_gate.sells({"a": [{"Affiliate_URL": 1}]})
    assert commerce_gate.sells(deep(5, {"offer": 1}))
    assert commerce_gate.sells(deep(20, {"offer": 1}))
    assert not commerce_gate.sells({"reason": "offer"})


def test_a_card_about_one_product_leaves_without_ways_to_buy():
    payload = {"product": {"name": "Cream", "offers": [{"affiliate_url": "https://x"}], "price": 9}}
    given = card("product_parse", **payload)
    kept, _, held = commerce_gate.strip([given], None, allowed=False)
    assert [one.payload for one in kept] == [{"product": {"name": "Cream", "price": 9}}]
    assert held == []
    assert commerce_gate.strip([given], None, allowed=True)[0] == [given]


def test_stripping_says_what_was_held_back():
    cards = [card("note"), card("recommendations")]
    kept, structured, held = commerce_gate.strip(cards, {"offers": []}, allowed=False)
    assert [c.type for c in kept] == ["note"]
    assert structured is None
    assert [(gap.field, gap.reason) for gap in held] == [
        ("cards", "recommendations_not_requested"),
        ("aurora_structured", "recommendations_not_requested"),
    ]
    assert commerce_gate.strip(cards, {"offers": []}, allowed=True) == (cards, {"offers": []}, [])


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=3)), JSON)
def test_nothing_that_sells_survives_the_gate(payloads, structured):
    cards = [card(f"t{n}", **payload) for n, payload in enumerate(payloads) if "self" not in payload]
    kept, left, _ = commerce_gate.strip(
        cards, structured if isinstance(structured, dict) else None, allowed=False
    )
    assert not any(commerce_gate.is_commerce(c) for c in kept)
    assert left is None or not commerce_gate.sells(left)


# --- conversation

AT = Conversation(token="S2_DIAGNOSIS", latest_artifact_id="da_1", planner={"count": 1}, updated_at_ms=5)


@pytest.mark.parametrize(
    ("kept", "reached", "artifact", "expected"),
    [
        (None, None, None, None),
        (None, "idle", None, None),
        (AT, None, None, None),
        (AT, "S2_DIAGNOSIS", "da_1", None),
        (None, "S2_DIAGNOSIS", None, ("S2_DIAGNOSIS", None)),
        (AT, "idle", None, (None, "da_1")),
        (AT, "S7_PRODUCT_RECO", "da_2", ("S7_PRODUCT_RECO", "da_2")),
    ],
)
def test_a_conversation_moves_only_when_something_changed(kept, reached, artifact, expected):
    moved = conversation.after(kept, reached=reached, artifact_id=artifact, now_ms=9)
    if expected is None:
        assert moved is None
    else:
        assert (moved.token, moved.latest_artifact_id, moved.updated_at_ms) == (*expected, 9)
        assert moved.planner == (kept.planner if kept else None)


def test_a_sent_token_beats_the_kept_one():
    assert conversation.state_in_force("S6_BUDGET", AT) == "S6_BUDGET"
    assert conversation.state_in_force(None, AT) == "S2_DIAGNOSIS"
    assert conversation.state_in_force(None, None) is None
