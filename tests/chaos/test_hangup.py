"""Clients that hang up, budgets that fire, a process that stops: real sockets, links, clerk and tracer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio

from aurora.actors.house import House, furnish
from aurora.actors.questions import DecisionChat, ReadMemory
from aurora.actors.stage import Stage
from aurora.actors.turn import conduct
from aurora.settings import Settings
from aurora.store.facts import OutboundOpened, ProfilePatched
from aurora.store.open import open_store
from tests.support.fakes import FakeStore, turn_for
from tests.support.raw_upstream import Behaviour, RawUpstream, raw_upstream, says, stalls


@asynccontextmanager
async def furnished(behaviour: Behaviour, store: FakeStore) -> AsyncIterator[tuple[House, RawUpstream]]:
    async with raw_upstream(behaviour) as upstream:
        settings = Settings(decision_base_url=upstream.url, backend_base_url=upstream.url)
        async with furnish(settings, store) as house:
            yield house, upstream


async def seen(condition: Callable[[], object]) -> None:
    with trio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - the other side of a socket has nothing to signal with
            await trio.sleep(0.002)


async def remember_and_ask(stage: Stage) -> None:
    stage.remember(ProfilePatched(patch={"region": "EU"}))
    await stage.ask(ReadMemory())
    finding = await stage.ask(DecisionChat(query="hello"))
    stage.envelope.say(finding.value.answer if finding.ok else finding.code)


@pytest.mark.chaos
async def test_a_hang_up_closes_the_upstream_and_the_write_in_progress_completes() -> None:
    store = FakeStore(append_ms=10_000)
    async with furnished(stalls, store) as (house, upstream):
        with trio.CancelScope() as client:
            async with trio.open_nursery() as nursery:

                async def turn() -> None:
                    await conduct(house, turn_for(), remember_and_ask, budget=("chat", 9000))

                nursery.start_soon(turn)
                await seen(lambda: upstream.requests)
                client.cancel()
        await seen(lambda: upstream.conversations[0].closed_at)
        assert [each.fact for each in store.appended] == [ProfilePatched(patch={"region": "EU"})]
        assert house.links["decision"].in_flight == 0
        assert len(house.clerk) == 0
    assert [(trace.outcome, trace.status) for trace in store.traces] == [("abandoned", 499)]


@pytest.mark.chaos
async def test_a_thousand_hang_ups_leave_no_task_no_socket_and_no_place_taken() -> None:
    store = FakeStore()
    async with furnished(stalls, store) as (house, upstream):
        before = trio.lowlevel.current_statistics().tasks_living

        async def client(number: int) -> None:
            with trio.move_on_after(0.001 * (number % 40)), house.admit():
                await conduct(house, turn_for(), remember_and_ask, budget=("chat", 9000))

        for start in range(0, 1000, 100):
            async with trio.open_nursery() as nursery:
                for number in range(start, start + 100):
                    nursery.start_soon(client, number)
        await seen(lambda: all(each.ended for each in upstream.conversations))
        await seen(lambda: trio.lowlevel.current_statistics().tasks_living <= before)
        assert house.in_flight == 0
        assert house.links["decision"].in_flight == 0
        assert len(house.clerk) == 0
    assert {trace.outcome for trace in store.traces} == {"abandoned"}
    assert len(store.traces) == 1000


@pytest.mark.chaos
async def test_the_budget_cuts_a_stalled_upstream_and_the_next_turn_is_answered() -> None:
    asked = 0

    async def stalls_once(conversation: object) -> None:
        nonlocal asked
        asked += 1
        await (stalls if asked == 1 else says({"answer": "water"}))(conversation)  # type: ignore[arg-type] # passed on

    store = FakeStore()
    async with furnished(stalls_once, store) as (house, upstream):
        cut = await conduct(house, turn_for(), remember_and_ask, budget=("chat", 300))
        assert cut.cut_reason == "budget"
        await seen(lambda: upstream.conversations[0].closed_at)
        answered = await conduct(house, turn_for(), remember_and_ask, budget=("chat", 9000))
        assert msgspec.json.decode(answered.body)["assistant_message"]["content"] == "water"
        assert b"x-aurora-deadline-ms: 2" in upstream.requests[0].lower()


@pytest.mark.chaos
async def test_shutdown_hands_over_every_trace_that_is_queued() -> None:
    async def flow(stage: Stage) -> None:
        await stage.remember(OutboundOpened(outcome="left")).wait()

    store = FakeStore()
    async with furnished(stalls, store) as (house, _):
        for _ in range(50):
            await conduct(house, turn_for(), flow, budget=("write", 3000))
    assert len(store.traces) == 50


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["postgres", "ephemeral"])
async def test_facts_that_were_said_before_the_hang_up_are_in_the_real_store(
    fresh_dsn: str, kind: str
) -> None:
    async def flow(stage: Stage) -> None:
        stage.remember(ProfilePatched(patch={"region": "EU"}))
        stage.remember(ProfilePatched(patch={"region": "US", "skinType": "oily"}))
        client.cancel()
        await stage.ask(ReadMemory())
        raise AssertionError("went on although the client is gone")

    settings = Settings(retention_days=0 if kind == "ephemeral" else 30)
    turn = turn_for()
    async with (
        open_store(settings, None if kind == "ephemeral" else fresh_dsn) as store,
        furnish(settings, store) as house,
    ):
        with trio.CancelScope() as client:
            await conduct(house, turn, flow, budget=("chat", 9000))
        assert client.cancelled_caught
        with trio.fail_after(10):
            while (await store.read(turn.identity, None)).version < 2:  # noqa: ASYNC110 - the journal writes
                await trio.sleep(0.01)
        profile = (await store.read(turn.identity, None)).profile
        assert profile is not None
        assert (profile.region, profile.skinType) == ("US", "oily"), (
            "both, in the order in which they were said"
        )
