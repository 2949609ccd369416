"""A storm of cut upstream calls: afterwards everything works as if nothing had been."""

from __future__ import annotations

import random
import re

import pytest
import trio

from aurora.actors.findings import Failure
from aurora.actors.http_pool import MOST_CONNECTIONS
from aurora.actors.links import Link, Reply
from aurora.settings import Settings
from tests.support.raw_upstream import Conversation, http, raw_upstream

CUTS = 10_000
CALLERS = 2 * MOST_CONNECTIONS


@pytest.mark.slow
@pytest.mark.chaos
async def test_ten_thousand_cut_calls_at_twice_the_pool_strand_nothing() -> None:
    rng = random.Random(7)
    arrived: dict[int, trio.Event] = {}
    cut_on_the_wire = cut_on_the_way = 0

    async def moody(conversation: Conversation) -> None:
        while (request := await conversation.read_request()) is not None:
            conversation.requests.clear()
            number = int(re.findall(rb'"query":(\d+)', request)[0])
            event = arrived.pop(number, None)
            if event is not None:
                event.set()
                await conversation.see_the_close()
                return
            await conversation.send(http(200, b'{"answer": "hi"}'))

    settings = Settings(breaker_enabled=False)
    async with raw_upstream(moody) as upstream, Link("decision", upstream.url, settings) as link:

        async def call(number: int) -> Reply | Failure:
            soon = trio.current_time() + 120
            return await link.call("POST", "/api/chat", json={"query": number}, deadline=soon)

        async def cut_call(number: int) -> None:
            nonlocal cut_on_the_wire, cut_on_the_way
            event = arrived[number] = trio.Event()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(call, number)
                # Anywhere: waiting for a place, connecting, sending; mostly when the upstream has it.
                with trio.move_on_after(rng.uniform(0, 0.3) if rng.random() < 0.3 else 120):
                    await event.wait()
                nursery.cancel_scope.cancel()
            cut_on_the_wire += event.is_set()
            cut_on_the_way += not event.is_set()

        numbers = iter(range(10**9))

        async def caller() -> None:
            while cut_on_the_wire + cut_on_the_way < CUTS:
                await cut_call(next(numbers))

        async with trio.open_nursery() as nursery:
            for _ in range(CALLERS):
                nursery.start_soon(caller)
        arrived.clear()
        assert link.in_flight == 0
        assert cut_on_the_wire > CUTS / 2
        assert cut_on_the_way > CUTS / 20

        replies: list[Reply | Failure] = []

        async def check() -> None:
            with trio.fail_after(60):
                replies.append(await call(next(numbers)))

        async with trio.open_nursery() as nursery:
            for _ in range(MOST_CONNECTIONS):
                nursery.start_soon(check)
        assert len(replies) == MOST_CONNECTIONS
        assert all(isinstance(reply, Reply) for reply in replies)
        assert link.pool is not None
        assert link.pool.rebuilds == 0, "healthy without help"
        assert link.pool._current.surplus() == 0, "no connection that nobody owns"
