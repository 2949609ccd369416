"""The sandbox on a real socket, in the test's own loop: script it by calling it, read what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
import trio

from aurora.sandbox import Sandbox, serve_sandbox


class Served:
    """A running sandbox. url: its base. state: rules and calls. client: an HTTP client of the test's own."""

    def __init__(self, url: str, state: Sandbox, client: httpx2.AsyncClient) -> None:
        self.url = url
        self.state = state
        self.client = client

    async def ask(self, query: str = "hello", **headers: str) -> httpx2.Response:
        """Ask the decision system directly."""
        return await self.client.post("/api/chat", json={"query": query}, headers=headers)


@pytest.fixture
async def sandbox() -> AsyncIterator[Served]:
    """A fresh sandbox for one test."""
    state = Sandbox()

    async def serve(*, task_status: trio.TaskStatus[str]) -> None:
        await serve_sandbox("127.0.0.1", 0, sandbox=state, control=True, task_status=task_status)

    async with trio.open_nursery() as nursery:
        url: str = await nursery.start(serve)
        async with httpx2.AsyncClient(base_url=url, timeout=10) as client:
            yield Served(url, state, client)
        nursery.cancel_scope.cancel()
