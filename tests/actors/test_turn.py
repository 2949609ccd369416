"""`conduct`: how a turn ends, what is left of it, and what its trace says. No socket, mock clock."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
import structlog
import trio
import trio.testing

from aurora.actors.assembler import CutPlan
from aurora.actors.call import Call
from aurora.actors.clerk import Clerk
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.house import House
from aurora.actors.questions import (
    CommerceSearch,
    DecisionChat,
    DecisionReply,
    ReadLogs,
    ReadMemory,
    Remember,
)
from aurora.actors.stage import Stage
from aurora.actors.trace import Tracer
from aurora.actors.turn import MOST_OPEN, conduct
from aurora.contract.errors import ContractError
from aurora.contract.memory import Memory, Profile
from aurora.settings import Settings
from aurora.store.facts import AnalysisTimedOut, OutboundOpened, ProfilePatched
from aurora.store.port import Appended, StoreError
from tests.support.fakes import NEVER, FakeStore, after, house_for, play, trace_events, turn_for

ASK = DecisionChat(query="what now?")


async def say_the_answer(stage: Stage) -> None:
    finding = await stage.ask(ASK)
    stage.envelope.say(finding.value.answer if finding.ok else f"failed: {finding.code}")


def value_of(finding: Finding) -> Any:
    assert isinstance(finding, Answer)
    return finding.value


def named(trace: Any) -> list[str]:
    return [event["type"] for event in trace.events]


# --- endings


async def test_an_answer_in_time_is_the_envelope(autojump_clock: object) -> None:
    played = await play(
        say_the_answer, turn_for(), answers={DecisionChat: after(300, DecisionReply(answer="water"))}
    )
    assert played.text == "water"
    assert played.elapsed_ms == 300
    assert played.finished.outcome == "ok"
    assert named(played.trace) == ["opened", "budget", "asked", "answered", "sent"]


async def test_the_budget_cuts_exactly_at_its_deadline(autojump_clock: object) -> None:
    played = await play(say_the_answer, turn_for(), answers={DecisionChat: NEVER}, budget=("reco", 9000))
    assert played.elapsed_ms == 9000
    assert played.finished.cut_reason == "budget"
    assert played.cards("confidence_notice")[0]["reason"] == "timeout_degraded"
    assert played.cancelled == [ASK]
    assert trace_events(played, "cut") == [{"type": "cut", "at_ms": 9000, "after": 0, "reason": "budget"}]


async def test_the_budget_counts_from_the_arrival_and_not_from_when_we_got_round_to_it(
    autojump_clock: object,
) -> None:
    house, _, _ = house_for(answers={DecisionChat: NEVER})
    arrival = trio.current_time()
    await trio.sleep(0.4)
    await conduct(house, turn_for(), say_the_answer, budget=("chat", 1000), arrival=arrival)
    assert trio.current_time() - arrival == pytest.approx(1.0)


@pytest.mark.parametrize("restated_ms", [500, 4000])
async def test_a_flow_may_restate_its_budget(autojump_clock: object, restated_ms: int) -> None:
    async def flow(stage: Stage) -> None:
        await stage.ask(ReadMemory())
        stage.budget("reco", restated_ms)
        await say_the_answer(stage)

    played = await play(
        flow, turn_for(), store=FakeStore(read_ms=100), answers={DecisionChat: NEVER}, budget=("chat", 2000)
    )
    assert played.elapsed_ms == restated_ms
    assert [(e["name"], e["ms"]) for e in trace_events(played, "budget")] == [
        ("chat", 2000),
        ("reco", restated_ms),
    ]


async def test_what_the_flow_registered_is_what_a_cut_sends(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        stage.envelope.say("never seen")
        stage.envelope.if_cut(CutPlan(message="too slow", facts=[AnalysisTimedOut(budget_ms=1000)]))
        await stage.ask(ASK)

    store = FakeStore(Memory(epoch=3), append_ms=math.inf)
    played = await play(flow, turn_for(), store=store, answers={DecisionChat: NEVER}, budget=("x", 1000))
    assert played.text == "too slow"
    assert played.facts == [AnalysisTimedOut(budget_ms=1000)], "handed over although nobody waits for it"
    assert played.elapsed_ms == 1000


async def test_a_refusal_registered_for_the_cut_is_an_error_envelope(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        stage.envelope.if_cut(ContractError(503, "DB_UNAVAILABLE"))
        await stage.remember(ProfilePatched(patch={"skinType": "oily"})).wait()

    store = FakeStore(append_ms=math.inf)
    played = await play(flow, turn_for("profile_update"), store=store, budget=("write", 3000))
    assert played.finished.status == 503
    assert played.facts == [ProfilePatched(patch={"skinType": "oily"})]


async def test_a_contract_error_of_the_flow_is_an_error_envelope(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        stage.start(ASK)
        await stage.ask(ReadMemory())
        raise ContractError(409, "CONFLICT")

    played = await play(flow, turn_for(), answers={DecisionChat: NEVER})
    assert played.finished.status == 409
    assert played.cancelled == [ASK]
    assert played.elapsed_ms == 0


async def test_what_the_flow_did_not_wait_for_is_stopped_when_it_returns(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        stage.start(ASK)
        slow = stage.start(CommerceSearch(query="cream"))
        await slow.wait()
        stage.envelope.say("done")

    played = await play(
        flow, turn_for(), answers={DecisionChat: NEVER, CommerceSearch: after(200, [{"id": "p1"}])}
    )
    assert played.elapsed_ms == 200
    assert played.cancelled == [ASK]
    assert played.finished.outcome == "ok"
    assert [event["call"] for event in trace_events(played, "dropped")] == [1]


class BugError(Exception):
    """What a programmer did wrong."""


@pytest.mark.parametrize("where", ["flow", "actor", "actor_while_others_work"])
async def test_a_bug_leaves_alone_and_not_in_a_group(autojump_clock: object, where: str) -> None:
    def broken(_question: Any) -> Any:
        raise BugError(where)

    async def flow(stage: Stage) -> None:
        stage.start(CommerceSearch(query="cream"))
        if where == "flow":
            await stage.ask(ReadMemory())
            raise BugError(where)
        await stage.ask(ASK)

    house, script, store = house_for(answers={DecisionChat: broken, CommerceSearch: NEVER})
    with pytest.raises(BugError, match=where):
        await conduct(house, turn_for(), flow, budget=("chat", 1000))
    assert [type(question) for question in script.cancelled] == [CommerceSearch]
    house.tracer.flush()
    assert (store.traces[0].outcome, store.traces[0].status) == ("failed", 500)
    assert len(house.clerk) == 0


@pytest.mark.parametrize("ends", ["settled", "cut", "cut, flow too"])
async def test_a_bug_that_comes_while_the_rest_is_stopped_does_not_cost_the_answer(
    autojump_clock: object, ends: str
) -> None:
    async def clumsy(call: Call) -> Finding:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            raise BugError("in clean-up") from None
        raise AssertionError

    async def flow(stage: Stage) -> None:
        pending = stage.start(ASK)
        stage.envelope.if_cut(CutPlan(message="too slow"))
        stage.envelope.say("done")
        try:
            if ends != "settled":
                await pending.wait()
            await trio.sleep(0.1)
        finally:
            if ends == "cut, flow too":
                raise BugError("in the flow's clean-up")

    store = FakeStore()
    house = House(Settings(), store, {}, actors={"decision": clumsy})
    for _ in range(10):  # whoever is woken first
        with structlog.testing.capture_logs() as lines:
            finished = await conduct(house, turn_for(), flow, budget=("chat", 1000))
        assert finished.envelope.assistant_message is not None
        assert finished.envelope.assistant_message.content == ("done" if ends == "settled" else "too slow")
        bugs = 2 if ends == "cut, flow too" else 1
        assert [line["event"] for line in lines] == ["bug_after_the_answer"] * bugs


@pytest.mark.parametrize("stopping", [False, True])
async def test_a_client_that_hangs_up_stops_its_actors_and_keeps_its_facts(
    autojump_clock: object, stopping: bool
) -> None:
    async def flow(stage: Stage) -> None:
        stage.remember(ProfilePatched(patch={"region": "EU"}))
        await stage.ask(ASK)

    house, script, store = house_for(store=FakeStore(append_ms=math.inf), answers={DecisionChat: NEVER})
    house.stopping = stopping
    with trio.move_on_after(0.2) as client:
        await conduct(house, turn_for(), flow, budget=("chat", 9000))
        raise AssertionError("conduct came back to a client that is gone")
    assert client.cancelled_caught
    assert {type(question) for question in script.cancelled} == {DecisionChat, Remember}
    assert [fact.fact for fact in store.appended] == [ProfilePatched(patch={"region": "EU"})]
    house.tracer.flush()
    trace = store.traces[0]
    assert trace.outcome == "abandoned"
    assert trace.elapsed_ms == 200
    cut = [event for event in trace.events if event["type"] == "cut"]
    assert [event["reason"] for event in cut] == ["shutdown" if stopping else "client_gone"]


async def test_a_hang_up_before_the_first_hand_has_started_still_hands_the_facts_over(
    autojump_clock: object,
) -> None:
    async def flow(stage: Stage) -> None:
        for name in "abc":
            stage.remember(OutboundOpened(outcome=name))
        client.cancel()
        await stage.ask(ASK)

    house, _, store = house_for(store=FakeStore(append_ms=10), answers={DecisionChat: NEVER})
    with trio.CancelScope() as client:
        await conduct(house, turn_for(), flow, budget=("chat", 9000))
    assert [each.fact for each in store.appended] == [OutboundOpened(outcome=name) for name in "abc"]


# --- the stage


async def test_facts_reach_the_journal_in_the_order_in_which_they_were_said(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        pendings = [stage.remember(OutboundOpened(outcome=str(number))) for number in range(12)]
        for pending in pendings:
            assert (await pending.wait()).ok

    for _ in range(10):  # trio shuffles its tasks; the order must not depend on that
        played = await play(flow, turn_for(), store=FakeStore(append_ms=5))
        assert [fact.outcome for fact in played.facts_of(OutboundOpened)] == [str(n) for n in range(12)]


async def test_facts_carry_ids_and_context_derived_from_the_turn(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        await stage.ask(ReadMemory())
        await stage.remember(OutboundOpened(outcome="a"), OutboundOpened(outcome="b")).wait()
        await stage.remember(OutboundOpened(outcome="c"), epoch=9).wait()

    turn = turn_for(user_id="usr_1")
    played = await play(flow, turn, store=FakeStore(Memory(epoch=4)))
    assert [each.event_id for each in played.store.appended] == [turn.uuid(f"fact:{n}") for n in (1, 2, 3)]
    meta = played.store.appended[0].meta
    assert (meta.request_id, meta.uid, meta.user_id, meta.brief_id) == ("req-1", "uid-1", "usr_1", "brief-1")
    assert meta.occurred_at == "2026-11-24T10:30:00.000Z"
    assert played.store.epochs == [4, 9], "the epoch that was read, unless the flow says another"
    assert played.trace.epoch == 4


async def test_waiting_no_longer_than_asked_leaves_the_work_going(autojump_clock: object) -> None:
    seen: list[Finding] = []

    async def flow(stage: Stage) -> None:
        pending = stage.start(ASK)
        seen.append(await pending.wait(at_most_ms=0))
        seen.append(await pending.wait(at_most_ms=250))
        seen.append(await pending.wait())
        seen.append(await pending.wait())

    played = await play(flow, turn_for(), answers={DecisionChat: after(700, DecisionReply(answer="late"))})
    assert [finding.ok for finding in seen] == [False, False, True, True]
    assert isinstance(seen[1], Failure)
    assert (seen[1].code, seen[1].elapsed_ms) == ("timeout", 250)
    assert seen[2] is seen[3]
    assert seen[2].elapsed_ms == 700
    assert [(e["call"], e["at_ms"], e["after"]) for e in trace_events(played, "gave_up")] == [
        (1, 0, 0),
        (1, 250, 0),
    ]


async def test_a_question_may_have_a_limit_of_its_own(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        finding = await stage.ask(DecisionChat(query="x", cap_ms=600))
        assert isinstance(finding, Failure)
        stage.envelope.say(finding.code)

    played = await play(flow, turn_for(), answers={DecisionChat: NEVER})
    assert played.text == "timeout"
    assert played.elapsed_ms == 600


async def test_the_deadline_of_a_call_is_the_smaller_of_budget_and_cap(autojump_clock: object) -> None:
    deadlines: list[float] = []

    async def handler(call: Call) -> Finding:
        deadlines.append(round(call.deadline - begun, 6))
        return Answer(actor="decision", value=DecisionReply())

    async def flow(stage: Stage) -> None:
        for cap_ms in (0, 400, 5000):
            await stage.ask(DecisionChat(query="x", cap_ms=cap_ms))

    store = FakeStore()
    house = House(Settings(), store, {}, tracer=Tracer(store), actors={"decision": handler})
    begun = trio.current_time()
    await conduct(house, turn_for(), flow, budget=("chat", 2000))
    assert deadlines == [2.0, 0.4, 2.0]


async def test_remaining_time_is_told_in_whole_milliseconds_and_traced(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        await stage.ask(ReadMemory())
        stage.envelope.say(str(stage.remaining_ms()))

    played = await play(flow, turn_for(), store=FakeStore(read_ms=300), budget=("chat", 1000))
    assert played.text == "700"
    assert [event["ms"] for event in trace_events(played, "remaining")] == [700]


async def test_more_open_asks_than_allowed_is_a_bug(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        for _ in range(MOST_OPEN + 1):
            stage.start(ASK)

    house, _, _ = house_for(answers={DecisionChat: NEVER})
    with pytest.raises(RuntimeError, match="asks under way"):
        await conduct(house, turn_for(), flow, budget=("chat", 1000))


async def test_asking_someone_who_is_not_there_is_a_bug(autojump_clock: object) -> None:
    store = FakeStore()
    house = House(Settings(), store, {}, actors={})
    with pytest.raises(LookupError, match="decision"):
        await conduct(house, turn_for(), say_the_answer, budget=("chat", 1000))


async def test_asks_of_one_actor_run_side_by_side(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        pendings = [stage.start(DecisionChat(query=str(number))) for number in range(4)]
        for pending in pendings:
            await pending.wait()

    played = await play(flow, turn_for(), answers={DecisionChat: after(500, DecisionReply())})
    assert played.elapsed_ms == 500


async def test_an_answer_that_comes_as_the_budget_fires_is_late_or_seen_but_never_both(
    autojump_clock: object,
) -> None:
    for _ in range(20):
        played = await play(
            say_the_answer,
            turn_for(),
            answers={DecisionChat: after(1000, DecisionReply(answer="just"))},
            budget=("chat", 1000),
        )
        answered = bool(trace_events(played, "answered"))
        assert answered == (played.text == "just")
        assert answered == (played.finished.cut_reason is None)


# --- memory through the real actor


async def test_memory_that_cannot_be_read_is_an_answer(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        memory = value_of(await stage.ask(ReadMemory()))
        logs = await stage.ask(ReadLogs())
        wrote = await stage.remember(OutboundOpened(outcome="x")).wait()
        assert isinstance(memory, Memory)
        assert isinstance(logs, Failure)
        assert isinstance(wrote, Failure)
        stage.envelope.say(f"{memory.ready} {memory.error_code} {logs.code} {wrote.detail}")

    store = FakeStore(Memory(profile=Profile()), error=StoreError("unavailable", "57P01"))
    played = await play(flow, turn_for(), store=store)
    assert played.text == "False unavailable:57P01 store unavailable:57P01"


async def test_an_append_answers_versions_and_memory(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        appended = value_of(await stage.remember(OutboundOpened(outcome="x")).wait())
        assert isinstance(appended, Appended)
        stage.envelope.say(str(appended.versions))

    assert (await play(flow, turn_for())).text == "[1]"


# --- traces


async def test_the_trace_holds_what_a_replay_needs(autojump_clock: object) -> None:
    async def flow(stage: Stage) -> None:
        await stage.ask(ReadMemory())
        await say_the_answer(stage)

    played = await play(
        flow,
        turn_for(raw={"client_state": "IDLE_CHAT"}),
        settings=Settings(reco_budget_ms=4000, backend_api_key="hush"),
        memory=Memory(version=7, epoch=1, profile=Profile(region="EU")),
        answers={DecisionChat: after(120, DecisionReply(answer="ok", cards=[{"type": "x"}]))},
    )
    opened = trace_events(played, "opened")[0]
    assert opened["settings"] == {"reco_budget_ms": 4000}
    assert opened["turn"]["raw"] == {"client_state": "IDLE_CHAT"}
    assert opened["turn"]["seed"] == turn_for().seed
    answered = trace_events(played, "answered")
    assert [(e["call"], e["seq"], e["at_ms"], e["elapsed_ms"]) for e in answered] == [
        (1, 1, 0, 0),
        (2, 2, 120, 120),
    ]
    assert msgspec.convert(answered[0]["value"], Memory) == Memory(
        version=7, epoch=1, profile=Profile(region="EU")
    )
    assert trace_events(played, "asked")[1]["question"]["query"] == ASK.query
    assert trace_events(played, "sent")[0]["envelope"] == played.body
    assert "hush" not in str(msgspec.json.encode(played.trace.events))


async def test_facts_only_leaves_no_trace(autojump_clock: object) -> None:
    played = await play(say_the_answer, turn_for(), settings=Settings(trace_level="facts"))
    assert played.trace.outcome == "untraced"


async def test_a_failure_is_traced_with_its_code_and_status(autojump_clock: object) -> None:
    failure = Failure(actor="decision", code="http_5xx", status=503)
    played = await play(say_the_answer, turn_for(), answers={DecisionChat: failure})
    failed = trace_events(played, "failed")[0]
    assert (failed["code"], failed["status"], failed["seq"]) == ("http_5xx", 503, 1)


# --- admission


async def test_turns_past_the_limit_are_refused_at_once_and_places_come_back() -> None:
    store = FakeStore()
    house = House(Settings(max_turns=2), store, {}, actors={})
    with house.admit(), house.admit():
        with pytest.raises(ContractError) as refused, house.admit():
            pass
        assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (
            503,
            "OVERLOADED",
            1,
        )
    with house.admit():
        assert house.in_flight == 1
    assert house.in_flight == 0


async def test_a_request_whose_wait_has_eaten_its_budget_is_refused(autojump_clock: object) -> None:
    house, _, _ = house_for()
    arrival = trio.current_time()
    await trio.sleep(0.5)
    with house.admit(arrival, 1000):
        pass
    await trio.sleep(0.6)
    with pytest.raises(ContractError), house.admit(arrival, 1000):
        pass


# --- with the clerk at work


async def test_a_burst_of_turns_is_answered_by_its_deadline_and_leaves_nothing(
    autojump_clock: object,
) -> None:
    store = FakeStore()
    house, _, _ = house_for(store=store, answers={DecisionChat: NEVER})
    house.clerk = Clerk()
    done_at: list[float] = []
    begun = trio.current_time()

    async def client() -> None:
        await conduct(house, turn_for(), say_the_answer, budget=("reco", 1000))
        done_at.append(trio.current_time() - begun)

    async with trio.open_nursery() as services:
        await services.start(house.clerk.run)
        await services.start(house.tracer.run)
        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(client)
        services.cancel_scope.cancel()
    assert max(done_at) <= 1.0
    assert sorted(done_at)[50] >= 0.6
    assert len(store.traces) == 100, "what was queued is handed over when the tracer stops"
    assert len(house.clerk) == 0
