"""Laws of clarification in a chat turn, whatever an upstream asks and a client claims to be waiting for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora.actors.decision import clean_reply
from aurora.actors.findings import Failure
from aurora.actors.questions import DecisionChat
from aurora.contract.memory import Conversation, Memory, Profile
from aurora.contract.validation import decode
from aurora.flows.chat import chat
from aurora.rules import pending
from aurora.rules.clarification import Question
from aurora.rules.reply_values import is_unsure
from aurora.rules.request import trigger_source
from aurora.settings import Settings
from aurora.store.facts import ConversationMoved
from tests.flows.chat_kit import CORE, artifact, known
from tests.rules.test_clarification import CLARIFICATIONS
from tests.rules.test_pending import OBJECTS
from tests.support.fakes import NEVER, FakeStore, Played, perform, turn_for

FLOW = Settings(clarification_flow_v2=True, chat_budget_ms=1000, reco_budget_ms=1000)
EVERYTHING = Settings(
    clarification_flow_v2=True,
    loop_breaker_v2=True,
    response_meta=True,
    resume_prefix_v2=True,
    chat_budget_ms=1000,
    reco_budget_ms=1000,
)
PROFILES = st.sampled_from([None, Profile(skinType="dry"), CORE])
NOW_MS = turn_for().now_ms


def no_nul(value: Any) -> Any:
    """A body with NUL in it never reaches a flow: the door refuses it."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "ignore").decode()
    if isinstance(value, list):
        return [no_nul(item) for item in value]
    if isinstance(value, dict):
        return {no_nul(key): no_nul(item) for key, item in value.items()}
    return value


def played(
    body: dict[str, Any], *, store: FakeStore, answer: Any = NEVER, lang: str = "EN", **how: Any
) -> Played:
    turn = turn_for(body=decode("chat", body), lang=lang, trigger_source=trigger_source(body))
    return perform(chat, turn, store=store, answers={DecisionChat: answer}, **how)


def asked_marks(answer: Played) -> int:
    return answer.text.count("?") + answer.text.count("？")


@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    sent=CLARIFICATIONS,
    said=st.sampled_from(["Niacinamide helps.", "Oily? Dry?", "好的。", "{}", ""]),
    profile=PROFILES,
    lang=st.sampled_from(["EN", "CN"]),
    on=st.booleans(),
)
def test_whatever_an_upstream_asks_one_question_leaves(
    sent: dict[str, Any] | None, said: str, profile: Profile | None, lang: str, on: bool
) -> None:
    reply = clean_reply({"answer": said, "clarification": sent})
    answer = played(
        {"message": "hello there"},
        store=FakeStore(known(profile)),
        answer=reply,
        lang=lang,
        settings=FLOW if on else Settings(),
    )
    clarifies = [
        chip for chip in answer.body["suggested_chips"] if chip["chip_id"].startswith("chip.clarify.")
    ]
    assert len(clarifies) <= 8
    if clarifies:
        assert asked_marks(answer) == 1
        assert any(is_unsure(chip["label"]) for chip in clarifies)
        assert len({chip["chip_id"] for chip in clarifies}) == len(clarifies)
        assert len({chip["data"]["clarification_id"] for chip in clarifies}) == 1
    waiting = answer.body["session_patch"].get("state", {}).get("pending_clarification")
    kept = [fact.conversation.pending for fact in answer.facts_of(ConversationMoved)]
    if waiting is None:
        assert kept == []
    else:
        assert on
        assert clarifies
        assert kept[0] | {"current": None} == waiting | {"current": None, "include_alternatives": False}


def chip(chip_id: str, **data: Any) -> dict[str, Any]:
    return {"action": {"action_id": chip_id, "kind": "chip", "data": data}}


# A tap on a fact that is not asked for now touches nothing that waits.
ELSEWHERE = chip("profile.goals.acne", norm_id="goals")
TURNS = st.sampled_from(
    [
        chip("chip.clarify.skin.oily"),
        chip("chip.clarify.skin.oily", norm_id="skinType", reply_text="Oily"),
        chip("chip.clarify.other.x", clarification_id="other", clarification_step=2),
        chip("profile.skinType.oily", norm_id="skinType"),
        chip("chip.start.reco_products", reply_text="Show me picks"),
        {"message": "what about sunscreen"},
        ELSEWHERE,
    ]
)
ANSWERS = st.sampled_from(
    [
        clean_reply({"answer": "Fine."}),
        clean_reply({"answer": "And?", "clarification": {"questions": [{"id": "goal", "options": ["a"]}]}}),
        Failure(actor="decision", code="reset"),
        NEVER,
    ]
)


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    waits=OBJECTS.filter(lambda value: value is not None),
    said=TURNS,
    answer=ANSWERS,
    profile=PROFILES,
    lang=st.sampled_from(["EN", "CN"]),
    kept=st.booleans(),
)
def test_whatever_waits_is_used_or_given_up(
    waits: Any, said: dict[str, Any], answer: Any, profile: Profile | None, lang: str, kept: bool
) -> None:
    waits = recent(no_nul(waits))
    sent = not (kept and isinstance(waits, dict))
    body = {**said, "session": {"state": {"pending_clarification": waits}}} if sent else said
    conversation = None if sent else Conversation(pending=waits)
    store = FakeStore(Memory(profile=profile, artifact=artifact(0.86), conversation=conversation))
    result = played(body, store=store, answer=answer, lang=lang, settings=EVERYTHING)
    assert result.finished.status == 200
    assert result.text

    state = result.body["session_patch"].get("state", {})
    flow = pending.read(waits, "EN", now_ms=NOW_MS, new_flow_id="pc_x").pending
    reasons = [notice["reason"] for notice in result.cards("confidence_notice")]
    if "pending_clarification" in state:
        asked = state["pending_clarification"]
        if asked is not None:  # it goes on, another one has begun, or an old one waits for its upstream
            assert result.body["suggested_chips"] or "timeout_degraded" in reasons
            assert len(asked["history"]) <= 6
            assert len(asked["queue"]) <= 5
    elif flow is None:
        raise AssertionError("an object that makes no sense was left standing")
    else:  # an upstream that is away, a question of safety, or a fact about something else
        assert reasons or said == ELSEWHERE or said["action"]["action_id"].startswith("profile.")


def recent(value: Any) -> Any:
    """An object of a moment ago, if it has a time at all."""
    if (
        isinstance(value, dict)
        and isinstance(value.get("created_at_ms"), int)
        and value["created_at_ms"] > 10**12
    ):
        return value | {"created_at_ms": NOW_MS - 5}
    return value


def waiting_for(*norms: str, text: str = "What should I use?") -> Conversation:
    questions = [
        Question(id=norm, norm_id=norm, question=f"About {norm}?", options=("Oily", "Dry")) for norm in norms
    ]
    flow = pending.begun(flow_id="pc_1", now_ms=NOW_MS - 1000, resume_text=text, questions=questions, cut=[])
    return Conversation(pending=pending.as_kept(flow))


def tapped(norm: str, option: str = "Oily") -> dict[str, Any]:
    data = {"norm_id": norm, "clarification_id": norm, "clarification_step": 1, "reply_text": option}
    return {"action": {"action_id": f"chip.clarify.{norm}.{option}", "kind": "chip", "data": data}}


def test_a_cut_while_the_request_is_resumed_leaves_the_flow_as_it_was() -> None:
    store = FakeStore(Memory(conversation=waiting_for("skinType")))
    result = played(tapped("skinType"), store=store, answer=NEVER, settings=FLOW)
    assert result.finished.outcome == "degraded"
    assert "pending_clarification" not in result.body["session_patch"].get("state", {})
    assert result.facts_of(ConversationMoved) == []


def test_a_cut_after_free_text_has_given_the_flow_up() -> None:
    store = FakeStore(Memory(conversation=waiting_for("skinType")))
    result = played({"message": "what about sunscreen"}, store=store, answer=NEVER, settings=FLOW)
    assert result.body["session_patch"]["state"]["pending_clarification"] is None
    (moved,) = result.facts_of(ConversationMoved)
    assert moved.conversation.pending is None


@pytest.mark.parametrize("on", [True, False])
def test_the_flow_is_a_setting(on: bool) -> None:
    store = FakeStore(Memory(conversation=waiting_for("sleep", "goals")))
    result = played(
        tapped("sleep"),
        store=store,
        answer=clean_reply({"answer": "Sleep well."}),
        settings=FLOW if on else Settings(),
    )
    assert ("About goals?" in result.text) is on
    assert any(isinstance(question, DecisionChat) for question in result.asked) is not on


def test_an_odd_object_of_our_own_is_dropped() -> None:
    store = FakeStore(Memory(conversation=Conversation(pending={"v": 1})))
    result = played(tapped("sleep"), store=store, answer=clean_reply({"answer": "ok"}), settings=FLOW)
    assert result.body["session_patch"]["state"]["pending_clarification"] is None


def test_a_safety_question_comes_first() -> None:
    asks = {"questions": [{"id": "texture", "question": "Which texture?", "options": ["Gel", "Cream"]}]}
    reply = clean_reply({"answer": "Retinol speeds up cell turnover.", "clarification": asks})
    store = FakeStore(known(CORE))
    result = played({"message": "What does retinol do?"}, store=store, answer=reply)
    assert not any(chip.startswith("chip.clarify.") for chip in result.chip_ids)
    assert any(chip.startswith("chip.profile.pregnancy.") for chip in result.chip_ids)


def test_what_was_answered_on_the_way_is_not_asked_again() -> None:
    again = {"questions": [{"id": "sleep", "options": ["5h"]}, {"id": "water", "options": ["1l"]}]}
    store = FakeStore(Memory(conversation=waiting_for("sleep")))
    reply = clean_reply({"answer": "Nearly there.", "clarification": again})
    result = played(tapped("sleep"), store=store, answer=reply, settings=FLOW)
    assert all(name.startswith("chip.clarify.water.") for name in result.chip_ids)
    assert result.chip_ids
    assert result.body["session_patch"]["state"]["pending_clarification"] is None


def test_an_answer_that_comes_too_late_goes_upstream_even_if_it_states_a_fact() -> None:
    late = waiting_for("skinType", "goals")
    assert late.pending is not None
    late.pending["created_at_ms"] -= pending.TTL_MS
    store = FakeStore(Memory(conversation=late))
    reply = clean_reply({"answer": "Oily skin likes gels."})
    result = played(tapped("skinType"), store=store, answer=reply, settings=FLOW)
    assert "Oily skin likes gels." in result.text
    assert result.body["session_patch"]["profile"]["skinType"] == "oily"


@pytest.mark.parametrize("message", ["What does retinol do?", "维A醇是什么？"])
def test_facts_about_an_active_are_told_however_often_they_are_asked_for(message: str) -> None:
    """The safety question has an end of its own; the loop breaker keeps no answer back."""
    lang = "EN" if message.isascii() else "CN"
    settings_ = Settings(loop_breaker_v2=True)
    conversation = None
    for _ in range(5):
        store = FakeStore(Memory(profile=CORE, conversation=conversation))
        reply = clean_reply({"answer": "It speeds up cell turnover."})
        result = played({"message": message}, store=store, answer=reply, lang=lang, settings=settings_)
        assert "cell turnover" in result.text
        conversation = result.facts_of(ConversationMoved)[-1].conversation
        assert conversation.planner["count"] >= 1
    assert result.body["session_patch"]["state"]["qa_planner_v2"]["count"] == 5


def test_safety_hears_the_answers_with_the_request() -> None:
    question = Question(id="active", norm_id="active", question="Which active?", options=("Retinol", "None"))
    flow = pending.begun(
        flow_id="pc_1",
        now_ms=NOW_MS - 1000,
        resume_text="What can I use at night?",
        questions=[question],
        cut=[],
    )
    store = FakeStore(Memory(conversation=Conversation(pending=pending.as_kept(flow))))
    reply = clean_reply({"answer": "Use it at night."})
    result = played(tapped("active", "Retinol"), store=store, answer=reply, settings=FLOW)
    assert any(chip.startswith("chip.profile.pregnancy.") for chip in result.chip_ids)


def test_a_gate_whose_questions_were_answered_elsewhere_waits_no_more() -> None:
    questions = pending.gate_questions(["barrierStatus", "goals"], "EN")
    flow = pending.begun(
        flow_id=pending.gate_flow_id(NOW_MS - 1000),
        now_ms=NOW_MS - 1000,
        resume_text="Recommend a serum",
        questions=questions,
        cut=[],
    )
    kept = Conversation(pending=pending.as_kept(flow))
    patch = {"barrierStatus": "unknown", "goals": ["acne"]}
    body = {"action": {"action_id": "profile.patch", "kind": "action", "data": {"profile_patch": patch}}}
    half = Profile(skinType="dry", sensitivity="low")
    result = played(body, store=FakeStore(Memory(profile=half, conversation=kept)), settings=FLOW)
    assert result.body["session_patch"]["state"]["pending_clarification"] is None
    assert result.facts_of(ConversationMoved)[-1].conversation.pending is None
    only = {
        "action": {
            "action_id": "profile.patch",
            "kind": "action",
            "data": {"profile_patch": {"goals": ["acne"]}},
        }
    }
    result = played(only, store=FakeStore(Memory(profile=half, conversation=kept)), settings=FLOW)
    assert "pending_clarification" not in result.body["session_patch"].get("state", {})


def test_one_question_at_a_time_also_when_an_answer_raises_one_of_safety() -> None:
    questions = [
        Question(id="active", norm_id="active", question="Which active?", options=("Retinol", "None")),
        Question(id="when", norm_id="when", question="When?", options=("AM", "PM")),
    ]
    flow = pending.begun(
        flow_id="pc_1", now_ms=NOW_MS - 1000, resume_text="What can I use?", questions=questions, cut=[]
    )
    store = FakeStore(Memory(conversation=Conversation(pending=pending.as_kept(flow))))
    result = played(tapped("active", "Retinol"), store=store, settings=FLOW)
    assert asked_marks(result) == 1
    assert all(chip.startswith("chip.clarify.when.") for chip in result.chip_ids)


def test_red_flags_are_heard_in_every_answer() -> None:
    store = FakeStore(Memory(conversation=waiting_for("skinType", "goals")))
    result = played(tapped("skinType", "It oozes pus and I have a fever"), store=store, settings=FLOW)
    assert [notice["reason"] for notice in result.cards("confidence_notice")] == ["safety_block"]
    assert result.chip_ids == []


def test_a_cut_answer_tells_its_policy_too() -> None:
    result = played({"message": "hello there"}, store=FakeStore(), settings=EVERYTHING)
    assert result.finished.outcome == "degraded"
    assert result.body["session_patch"]["meta"]["policy_version"] == "aurora_chat_v2_p0"
    assert len(result.events("aurora_policy_meta")) == 1
    refused = played(
        {
            "requested_transition": {
                "trigger_source": "chip",
                "trigger_id": "x",
                "requested_next_state": "RECO_GATE",
            }
        },
        store=FakeStore(),
        settings=EVERYTHING,
    )
    assert refused.finished.status == 400
    assert "meta" not in refused.body["session_patch"]
