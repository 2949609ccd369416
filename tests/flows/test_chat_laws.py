"""Laws of a chat turn, whatever is said, answered or late; each envelope is also checked by the plugin."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora.actors.decision import clean_reply
from aurora.actors.findings import Failure
from aurora.actors.questions import DecisionChat
from aurora.contract.memory import Profile
from aurora.contract.validation import decode
from aurora.flows.chat import chat
from aurora.rules import phase0
from aurora.rules.request import trigger_source
from aurora.rules.treatment import is_treatment_like
from aurora.settings import Settings
from tests.flows.chat_kit import CLEANSER, CORE, MOISTURIZER, TREATMENT, artifact, known, plan
from tests.support.fakes import NEVER, FakeStore, after, perform, turn_for


def json_of(text: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=12,
    )


JSON = json_of(st.text(max_size=10))
# A body with NUL in it never reaches a flow: the door refuses it (tests/contract/test_requests.py).
SENT = json_of(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10))
MESSAGES = st.sampled_from(
    [
        "hello",
        "Recommend a moisturizer",
        "推荐一款面霜",
        "fever and pus",
        "没有出血，但是化脓了",
        "no fever",
        "start diagnosis",
        "Can I use retinol?",
        "build me a routine",
        "same night retinol and glycolic",
        "   ",
        "明天下雪",
        "ingredient science",
    ]
)
CHIPS = st.sampled_from(
    [
        "chip.start.reco_products",
        "chip.start.routine",
        "profile.skinType.oily",
        "profile.goals.acne",
        "profile.patch",
        "chip.intake.upload_photos",
        "chip.action.analyze_product",
        "chip.start.diagnosis",
        "chip.clarify.skin.dry",
        "odd",
    ]
)
STATES = st.sampled_from(
    ["IDLE_CHAT", "DIAG_PROFILE", "RECO_GATE", "RECO_RESULTS", "ROUTINE_REVIEW", "NOWHERE"]
)
TOKENS = st.sampled_from(
    ["idle", "S2_DIAGNOSIS", "S7_PRODUCT_RECO", "RECO_RESULTS", {"next_state": "S2_DIAGNOSIS"}, 3]
)

BODIES = st.fixed_dictionaries(
    {},
    optional={
        "message": MESSAGES,
        "action": st.builds(
            lambda name, patch: {
                "action_id": name,
                "kind": "chip",
                "data": {"profile_patch": patch} if patch else {},
            },
            CHIPS,
            st.sampled_from(
                [None, {"skinType": "dry"}, {"odd": 1}, {"goals": ["acne"], "sensitivity": "low"}]
            ),
        ),
        "client_state": STATES,
        "session": st.fixed_dictionaries({}, optional={"state": TOKENS, "profile": SENT}),
        "debug": st.booleans(),
    },
)
ITEMS = st.lists(st.sampled_from([CLEANSER, MOISTURIZER, TREATMENT]) | JSON, max_size=4)
CARDS = st.lists(
    JSON | st.builds(lambda kind, items: {"type": kind, "payload": {"recommendations": items}},
                     st.sampled_from(["recommendations", "note", "offers_resolved"]), ITEMS),
    max_size=3,
)  # fmt: skip
REPLIES = st.fixed_dictionaries(
    {},
    optional={
        "answer": JSON
        | st.text(max_size=30)
        | st.builds(lambda items: msgspec.json.encode({"recommendations": items}).decode(), ITEMS),
        "cards": CARDS | JSON,
        "structured": JSON,
        "context": JSON | st.fixed_dictionaries({"routine": st.fixed_dictionaries({"am": ITEMS})}),
        "recommendations": ITEMS,
    },
).map(clean_reply)
ANSWERS = REPLIES | st.sampled_from([
    NEVER, Failure(actor="decision", code="reset"), Failure(actor="decision", code="http_5xx"),
    Failure(actor="decision", code="not_configured"),
])  # fmt: skip
PROFILES = st.sampled_from([None, Profile(skinType="dry"), CORE])
ARTIFACTS = st.sampled_from(
    [
        None,
        artifact(0.42, plan=plan(0.42, "low")),
        artifact(0.66),
        artifact(0.86),
        artifact(0.86, plan=plan(0.7, "medium")),
    ]
)
SETTINGS = Settings(chat_budget_ms=1000, reco_budget_ms=1000)

WORLD = {
    "body": BODIES,
    "answer": ANSWERS,
    "delay_ms": st.integers(0, 1500),
    "profile": PROFILES,
    "stored": ARTIFACTS,
    "append_ms": st.sampled_from([0, 100, float("inf")]),
    "lang": st.sampled_from(["EN", "CN"]),
}


def turn(body, lang):
    return turn_for(body=decode("chat", body), lang=lang, trigger_source=trigger_source(body))


@settings(max_examples=250, suppress_health_check=list(HealthCheck), deadline=None)
@given(**{name: WORLD[name] for name in WORLD})
def test_whatever_happens_the_gates_hold_and_the_answer_is_in_time(
    body, answer, delay_ms, profile, stored, append_ms, lang
):
    store = FakeStore(known(profile, stored), append_ms=append_ms)
    played = perform(
        chat,
        turn(body, lang),
        store=store,
        settings=SETTINGS,
        answers={DecisionChat: after(delay_ms, answer)},
    )
    assert played.finished.status == 200
    assert played.elapsed_ms <= 1000
    assert played.text
    assert played.body["events"][-1]["event_name"] == "quality_audit"

    sold = [card for card in played.body["cards"] if "reco" in card["type"] or "offer" in card["type"]]
    if sold:
        seen = body.get("session", {}).get("profile")
        if not isinstance(seen, dict) and "action" not in body:
            assert phase0.missing(profile) == []
        assert stored is not None
        assert "fever" not in body.get("message", "").replace("no fever", "")
    items = [item for card in sold for item in card["payload"].get("recommendations", [])]
    if (
        stored is None
        or stored.confidence_score <= 0.75
        or (stored.plan and "ingredient_plan" in played.card_types)
    ):
        assert not any(is_treatment_like(item) for item in items)
    if played.cards("recommendations"):
        assert played.body["session_patch"]["next_state"] == "RECO_RESULTS"
    if body.get("message") in ("fever and pus", "没有出血，但是化脓了"):
        assert [notice["reason"] for notice in played.cards("confidence_notice")] == ["safety_block"]
        assert played.asked == [] or all(question.actor == "memory" for question in played.asked)


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(**{name: WORLD[name] for name in WORLD})
def test_the_same_turn_gives_the_same_bytes(body, answer, delay_ms, profile, stored, append_ms, lang):
    def once():
        store = FakeStore(known(profile, stored), append_ms=append_ms)
        script = {DecisionChat: after(delay_ms, answer)}
        return perform(chat, turn(body, lang), store=store, settings=SETTINGS, answers=script)

    first, second = once(), once()
    assert first.finished.body == second.finished.body
    assert first.facts == second.facts


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    body=BODIES.filter(lambda body: body.get("message") != "   "),
    answer=REPLIES,
    profile=PROFILES,
    stored=ARTIFACTS,
)
def test_both_languages_decide_the_same(body, answer, profile, stored):
    def decided(lang):
        store = FakeStore(known(profile, stored))
        played = perform(
            chat, turn(body, lang), store=store, settings=SETTINGS, answers={DecisionChat: answer}
        )
        return (
            played.card_types,
            played.chip_ids,
            [event["event_name"] for event in played.body["events"]],
            [(notice["reason"], notice["actions"]) for notice in played.cards("confidence_notice")],
            played.body["session_patch"]["next_state"],
        )

    assert decided("EN") == decided("CN")
