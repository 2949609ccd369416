"""Recorded turns under other code: different in a way that can be read, or said to be unverifiable."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import structlog
import trio.lowlevel

from aurora import telemetry
from aurora.actors.assembler import CutPlan
from aurora.actors.questions import CommerceSearch, DecisionChat, DecisionReply, ReadMemory
from aurora.actors.turn import Flow
from aurora.contract.errors import ContractError
from aurora.contract.memory import Memory, Profile
from aurora.contract.requests import SkinAnalysisRequest
from aurora.flows.chat import chat
from aurora.flows.table import TURN_KINDS
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError, recorded
from aurora.replay.player import Player
from aurora.replay.sources import Selection
from aurora.replay.verify import Summary, TurnReport, verify, verify_all
from aurora.store.facts import AnalysisTimedOut
from tests.replay.recording import (
    BugError,
    ListSource,
    chat_turn,
    edited,
    player_of,
    record,
    row_of,
    told,
    verified,
)
from tests.support.fakes import NEVER, FakeStore, after, turn_for

HELLO = DecisionReply(answer="Hello there.")


# --- what a change looks like


def saying(text: str, *questions: Any, waits: bool = True, budget_ms: int | None = None) -> Flow:
    """Asks, then says a text."""

    async def flow(stage: Any) -> None:
        if budget_ms is not None:
            stage.budget("chat", budget_ms)
        pendings = [stage.start(question) for question in questions]
        for pending in pendings if waits else ():
            await pending.wait()
        stage.envelope.say(text)
        stage.envelope.card("note", "aurora_note", {"kind": "text_only", "n": [1, 2]})

    return flow


def refusing(*questions: Any) -> Flow:
    async def flow(stage: Any) -> None:
        await saying("no", *questions)(stage)
        raise ContractError(400, "BAD_REQUEST")

    return flow


def broken(*questions: Any) -> Flow:
    async def flow(stage: Any) -> None:
        await saying("no", *questions)(stage)
        raise BugError("the words of a person")

    return flow


ASK = DecisionChat(query="one")
OTHER = DecisionChat(query="two")
SEARCH = CommerceSearch(query="one")
ANSWERS = {DecisionChat: after(10, HELLO), CommerceSearch: after(5, [])}


def differences(then: RecordedTurn, today: Flow) -> list[tuple[str, str, str, str]]:
    report = verified(then, today)
    assert report.verdict == ("different" if report.differences else "same")
    return [(d.what, d.path, d.was, d.now) for d in report.differences]


def test_a_changed_sentence_is_told_by_its_path() -> None:
    then = record(saying("before", ASK), answers=ANSWERS)
    found = differences(then, saying("after", ASK))
    assert ("envelope", "$.assistant_message.content", '"before"', '"after"') in found
    assert str(verified(then, saying("after", ASK)).differences[0]) == (
        'envelope $.assistant_message.content: was "before", is "after"'
    )


def test_a_changed_card_is_told_by_its_place_in_the_list() -> None:
    async def today(stage: Any) -> None:
        stage.envelope.say("same")
        stage.envelope.card("note", "aurora_note", {"kind": "text_only", "n": [1], "m x": "new"})

    found = differences(record(saying("same")), today)
    assert ("envelope", "$.cards[0].payload.n[1]", "2", "") in found
    assert ("envelope", '$.cards[0].payload["m x"]', "", '"new"') in found


def test_a_question_asked_differently_is_a_difference_although_the_answer_is_the_same() -> None:
    then = record(saying("same", ASK), answers=ANSWERS)
    assert differences(then, saying("same", OTHER)) == [("question", "$questions[1].query", '"one"', '"two"')]


def test_questions_in_another_order_are_answered_each_with_its_own() -> None:
    then = record(saying("same", ASK, OTHER), answers=ANSWERS)
    assert differences(then, saying("same", OTHER, ASK)) == [
        ("order", "DecisionChat", "call 1", "after call 2")
    ]


def test_a_question_that_is_not_asked_any_more() -> None:
    then = record(saying("same", ASK, SEARCH), answers=ANSWERS)
    ((what, path, was, now),) = differences(then, saying("same", ASK))
    assert (what, path, now) == ("question", "commerce", "")
    assert '"query":"one"' in was


def test_a_new_question_that_is_waited_for_ends_the_comparison() -> None:
    found = differences(record(saying("same", ASK), answers=ANSWERS), saying("other", ASK, SEARCH))
    assert [row[:2] for row in found] == [("question", "CommerceSearch"), ("waits", "CommerceSearch")]


def test_a_new_question_that_nobody_waits_for_lets_the_rest_be_compared() -> None:
    then = record(saying("same"), answers=ANSWERS)
    assert [row[:2] for row in differences(then, saying("same", SEARCH, waits=False))] == [
        ("question", "CommerceSearch")
    ]


def test_waiting_now_for_what_was_dropped_then() -> None:
    then = record(saying("same", ASK, waits=False), answers=ANSWERS)
    assert [row[:2] for row in differences(then, saying("same", ASK))] == [("waits", "DecisionChat")]


@pytest.mark.parametrize("budget_ms", [500, None])
def test_another_budget(budget_ms: int | None) -> None:
    then = record(saying("same", budget_ms=900))
    now = "none" if budget_ms is None else "chat 500 ms"
    assert differences(then, saying("same", budget_ms=budget_ms)) == [("budget", "$", "chat 900 ms", now)]


def test_a_refusal_of_today() -> None:
    found = differences(record(saying("no", ASK), answers=ANSWERS), refusing(ASK))
    assert found[0] == ("ending", "$", "200 ok", "400 failed")


def test_a_bug_of_today_says_where_and_not_what_was_said() -> None:
    report = verified(record(saying("no", ASK), answers=ANSWERS), broken(ASK))
    assert told(report) == [("ending", "$")]
    assert report.differences[0].now.startswith("bug: BugError")
    assert "person" not in report.differences[0].now


def test_a_bug_of_then_is_still_there_or_is_not() -> None:
    then = record(broken(ASK), answers=ANSWERS)
    assert (then.status, then.outcome, then.sent_nothing) == (500, "failed", True)
    assert differences(then, broken(ASK)) == []
    assert differences(then, saying("no", ASK)) == [("ending", "$", "bug", "finished")]


def test_a_bug_of_an_actor_ends_the_turn_where_it_did() -> None:
    def explode(_: Any) -> Any:
        raise BugError

    then = record(saying("no", ASK), answers={DecisionChat: explode})
    assert then.sent_nothing
    assert differences(then, saying("whatever", ASK)) == []


def test_a_cut_that_today_is_not_reached() -> None:
    then = record(saying("same", ASK), answers={DecisionChat: NEVER})
    found = differences(then, saying("same"))
    assert ("ending", "$", "cut by its budget", "finished before the cut") in found


def test_facts_of_a_cut_are_compared() -> None:
    def flow(budget_ms: int) -> Flow:
        async def run(stage: Any) -> None:
            stage.envelope.if_cut(CutPlan(facts=[AnalysisTimedOut(budget_ms=budget_ms)]))
            await stage.ask(ASK)

        return run

    then = record(flow(1), answers={DecisionChat: NEVER})
    assert differences(then, flow(1)) == []
    assert [row[:2] for row in differences(then, flow(2))] == [
        ("question", "$questions[2].facts[0].fact.budget_ms")
    ]


def test_what_the_client_left_behind_is_held_against_its_questions() -> None:
    then = record(saying("same", ASK), answers={DecisionChat: NEVER}, hang_up_ms=20)
    assert (then.outcome, then.sent_nothing) == ("abandoned", True)
    assert differences(then, saying("anything", ASK)) == []
    assert [row[:2] for row in differences(then, saying("anything", OTHER))] == [
        ("question", "$questions[1].query")
    ]


def test_the_same_values_in_other_bytes_are_a_difference() -> None:
    then = record(saying("same"))
    events = msgspec.json.decode(then.raw_events)
    events[-1]["envelope"] = dict(reversed(events[-1]["envelope"].items()))
    report = verify(recorded(row_of(then), msgspec.json.encode(events)), player_of(saying("same")))
    assert told(report) == [("envelope", "$")]
    assert "order of keys" in report.differences[0].was


def test_long_differences_are_shortened_and_counted() -> None:
    async def today(stage: Any) -> None:
        stage.envelope.say("x" * 5000)
        stage.envelope.card("note", "aurora_note", {"n": list(range(500))})

    report = verified(record(saying("same")), today)
    assert len(report.differences) == 50
    assert report.differences[0].now.endswith("... (5002 characters)")


# --- what cannot be verified


def oversized(then: RecordedTurn, kind: str, part: str) -> RecordedTurn:
    events = msgspec.json.decode(then.raw_events)
    for event in events:
        if event["type"] == kind:
            event[part] = {"oversize_bytes": 300_000}
    return recorded(row_of(then), msgspec.json.encode(events))


@pytest.mark.parametrize(
    ("kind", "part", "why"),
    [
        ("opened", "turn", "a request of 300000 bytes"),
        ("answered", "value", "an answer to DecisionChat of 300000 bytes"),
        ("sent", "envelope", "an envelope of 300000 bytes"),
    ],
)
def test_what_was_too_large_to_record_is_said_and_is_no_difference(kind: str, part: str, why: str) -> None:
    then = oversized(record(saying("same", ASK), answers=ANSWERS), kind, part)
    report = verified(then, saying("same", ASK))
    assert report.verdict == "unverifiable"
    assert why in report.why


def test_a_large_answer_that_nobody_waits_for_does_not_matter() -> None:
    async def flow(stage: Any) -> None:
        stage.start(SEARCH)
        await stage.ask(ASK)
        stage.envelope.say("same")

    then = oversized(
        record(flow, answers={DecisionChat: after(90, HELLO), CommerceSearch: []}), "failed", "value"
    )
    events = msgspec.json.decode(then.raw_events)
    for event in events:
        if event["type"] == "answered" and event["actor"] == "commerce":
            event["value"] = {"oversize_bytes": 300_000}
    assert verified(recorded(row_of(then), msgspec.json.encode(events)), flow).verdict == "same"


def test_a_question_that_was_too_large_is_not_compared_and_says_so() -> None:
    then = oversized(record(saying("same", ASK), answers=ANSWERS), "asked", "question")
    assert verified(then, saying("same", ASK)).verdict == "unverifiable"


def test_a_turn_of_a_kind_that_is_gone_says_so() -> None:
    report = verify(edited(record(saying("same")), kind="horoscope"), Player())
    assert report.verdict == "damaged"
    assert "'horoscope', which is not known here" in report.why


def test_a_request_that_todays_code_cannot_read_says_so() -> None:
    then = record(chat, chat_turn("hello"))
    events = msgspec.json.decode(then.raw_events)
    events[0]["turn"]["body"]["mood"] = "fine"
    report = verify(recorded(row_of(then), msgspec.json.encode(events)), Player())
    assert report.verdict == "damaged"
    assert "cannot read" in report.why


def test_a_flow_that_waits_for_something_else_is_found() -> None:
    async def flow(stage: Any) -> None:
        await trio.lowlevel.checkpoint()
        stage.envelope.say("same")

    then = record(flow)
    assert told(verified(then, flow)) == [("ending", "$")]


def test_nothing_is_logged_as_if_it_happened_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = structlog.get_config()
    telemetry.configure_logging("info")
    # A logger keeps what it was set up with first; an earlier test may have used this one.
    monkeypatch.setattr("aurora.flows.analysis.log", structlog.get_logger())
    try:
        turn = turn_for("analysis", SkinAnalysisRequest(currentRoutine="AM: SPF"))
        then = record(TURN_KINDS["analysis"].flow, turn, budget=("analysis", 20000))
        assert "skin_analysis_profile" in capsys.readouterr().err
        assert verify(then, Player()).verdict == "same"
        assert capsys.readouterr().err == ""
    finally:
        structlog.configure(**before)


# --- redacted recordings


def test_a_redacted_recording_is_held_against_its_shape() -> None:
    then = record(saying("before", ASK), answers=ANSWERS)
    assert verified(then, saying("after", OTHER), shape_only=True).verdict == "same"

    async def more(stage: Any) -> None:
        await saying("after", OTHER)(stage)
        stage.envelope.notice("low_confidence")

    assert ("envelope", "$.cards[1]") in told(verified(then, more, shape_only=True))
    assert told(verified(then, saying("x", SEARCH), shape_only=True))[0] == ("question", "CommerceSearch")


# --- many turns


@pytest.fixture
def same() -> RecordedTurn:
    """Recorded outside of the test's own trio run."""
    return record(saying("same"))


@pytest.fixture
def other() -> RecordedTurn:
    return record(saying("other"))


async def test_a_day_is_verified_turn_by_turn_and_summed_up(same: RecordedTurn, other: RecordedTurn) -> None:
    bad = DamagedTraceError("cut off")
    seen: list[str] = []
    source = ListSource([same, other, bad, same])
    summary = await verify_all(
        source,
        Selection(),
        player=player_of(saying("same")),
        on_turn=lambda report: seen.append(report.verdict),
    )
    assert seen == ["same", "different", "damaged", "same"]
    assert (summary.turns, summary.same, summary.different, summary.damaged, summary.ok) == (
        4,
        2,
        1,
        1,
        False,
    )
    assert [report.verdict for report in summary.worth_reading] == ["different", "damaged"]
    assert summary.by_path["envelope $.assistant_message.content"] == 1


async def test_nothing_to_verify_is_said() -> None:
    with pytest.raises(ReplayError, match="No turn is recorded for request rq-404"):
        await verify_all(ListSource(), Selection(request_id="rq-404"))


def test_a_summary_stays_small_however_much_differs() -> None:
    summary = Summary()
    report = verified(record(saying("a")), saying("b"))
    for number in range(500):
        summary.add(
            TurnReport(
                verdict="different",
                differences=[
                    msgspec.structs.replace(report.differences[0], path=f"$.p{number}[3].x[{number}]")
                ],
            )
        )
    assert summary.different == 500
    assert len(summary.worth_reading) == 100
    assert len(summary.by_path) == 100
    assert summary.by_path["envelope $.p7[].x[]"] == 1


def test_a_summary_with_nothing_different_is_ok() -> None:
    summary = Summary()
    summary.add(TurnReport(verdict="same"))
    summary.add(TurnReport(verdict="unverifiable"))
    assert summary.ok


def test_reading_memory_again_gives_the_flow_the_very_memory() -> None:
    memory = Memory(profile=Profile(skinType="dry", travel_plan={"a": 1.0}, currentRoutine=["x", None]))
    seen: list[Any] = []

    async def flow(stage: Any) -> None:
        seen.append((await stage.ask(ReadMemory())).value)
        stage.envelope.say("same")

    then = record(flow, store=FakeStore(memory))
    assert verified(then, flow).verdict == "same"
    assert seen == [memory, memory]
