"""A storm of cut upstream calls: afterwards everything works as if nothing had been."""

from __future__ import annotations

import gc
import random

import pytest
import trio

from aurora.actors.http_pool import MOST_CONNECTIONS
from aurora.actors.links import Link, Reply
from aurora.settings import Settings
from tests.support.raw_upstream import Conversation, http, raw_upstream

CUTS = 10_000
CALLERS = 2 * MOST_CONNECTIONS


@pytest.mark.slow
@pytest.mark.chaos
@pytest.mark.parametrize("limit", [128, 150])
async def test_ten_thousand_cut_calls_at_twice_the_pool_strand_nothing(limit: int) -> None:
    rng = random.Random(7)
    calm = False
    cut = answered = 0

    async def moody(conversation: Conversation) -> None:
        while await conversation.read_request() is not None:
            if not calm and rng.random() < 0.9:
                await conversation.see_the_close()
                return
            await conversation.send(http(200, b'{"answer": "hi"}'))
            conversation.requests.clear()

    settings = Settings(breaker_enabled=False, upstream_limit=limit)
    async with raw_upstream(moody) as upstream, Link("decision", upstream.url, settings) as link:

        async def caller() -> None:
            nonlocal cut, answered
            while cut < CUTS:
                # Cut anywhere: while waiting for a place, connecting, sending, waiting, reading.
                with trio.move_on_after(rng.choice([0, 0.0005, 0.002, 0.02, 0.1])) as scope:
                    outcome = await link.call(
                        "POST", "/api/chat", json={"query": "x"}, deadline=trio.current_time() + 60
                    )
                    assert isinstance(outcome, Reply)
                cut += scope.cancelled_caught
                answered += not scope.cancelled_caught

        async with trio.open_nursery() as nursery:
            for _ in range(CALLERS):
                nursery.start_soon(caller)

        calm = True
        assert cut >= CUTS
        assert link.in_flight == 0
        async with trio.open_nursery() as nursery:
            replies: list[object] = []

            async def check() -> None:
                with trio.fail_after(20):
                    replies.append(
                        await link.call(
                            "POST", "/api/chat", json={"query": "x"}, deadline=trio.current_time() + 60
                        )
                    )

            for _ in range(MOST_CONNECTIONS):
                nursery.start_soon(check)
        assert len(replies) == MOST_CONNECTIONS
        assert all(isinstance(reply, Reply) for reply in replies)
        assert link.pool is not None
        assert link.pool.rebuilds == 0, "healthy without help"
        assert link.pool._current.surplus() == 0
        upstream.conversations.clear()
    gc.collect()
