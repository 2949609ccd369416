"""A service at work, as a process: upstreams of every bad habit, budgets that fire, clients that leave.

Then what it wrote into its database is verified, all of it, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import pytest
import trio

from aurora.replay.model import RecordedTurn
from aurora.replay.sources import DatabaseSource, Selection
from aurora.replay.verify import verify_all
from aurora.replay.view import view_of
from aurora.sandbox.script import BEHAVIOURS
from aurora.store.postgres import Database
from tests.support.sandbox import Served
from tests.support.server import Server, eventually

Start = Callable[..., AbstractAsyncContextManager[Server]]

RECO = {"action": {"action_id": "chip.start.reco_products", "kind": "chip"}}
FACTS = {
    "skinType": "oily",
    "sensitivity": "low",
    "barrierStatus": "healthy",
    "goals": ["acne", "dark_spots"],
}
BUDGETS = {
    "AURORA_BFF_CHAT_BUDGET_MS": "1500",
    "AURORA_BFF_CHAT_RECO_BUDGET_MS": "1500",
    "AURORA_BFF_ANALYSIS_BUDGET_MS": "1500",
    "AURORA_BREAKER_ENABLED": "false",
    "AURORA_MAX_TURNS": "200",
    "LOG_LEVEL": "error",
}


class Person:
    """One client. Every request is its own turn; those that it gives up are not waited for."""

    def __init__(self, client: httpx2.AsyncClient, uid: str, lang: str) -> None:
        self._client = client
        self._headers = {"X-Aurora-UID": uid, "X-Lang": lang, "X-Brief-ID": f"brief-{uid}"}
        self.turns = 0

    async def ask(self, method: str, path: str, body: Any = None, *, gone_after_s: float = 30) -> None:
        self.turns += 1
        with trio.move_on_after(gone_after_s):
            await self._client.request(method, path, json=body, headers=self._headers)

    async def chat(self, **body: Any) -> None:
        await self.ask("POST", "/v1/chat", body)


async def a_session(person: Person, habits: list[str]) -> None:
    """Everything there is to do, with the upstream in a different mood each time."""
    await person.ask("GET", "/v1/session/bootstrap")
    await person.chat(**RECO)
    await person.ask("POST", "/v1/profile/update", FACTS)
    await person.ask(
        "POST", "/v1/analysis/skin", {"currentRoutine": "AM: cleanser, SPF. PM: retinol, cream."}
    )
    await person.chat(**RECO)
    await person.chat(message="化脓 剧痛，推荐", session={"profile": {"region": "CN"}})
    await person.ask(
        "POST", "/v1/tracker/log", {"redness": 2, "notes": "tight ☁ https://x.test/?token=s3cret"}
    )
    await person.ask("GET", "/v1/tracker/recent?days=3")
    await person.ask("POST", "/v1/affiliate/outcome", {"outcome": "success", "url": "https://shop.test/a"})
    await person.chat(message="go", requested_transition={
        "trigger_source": "text_explicit", "trigger_id": "t", "requested_next_state": "RECO_RESULTS",
    })  # fmt: skip
    for habit in habits:
        await person.chat(message=f"what about sunscreen [[sandbox:{habit}]]")
    await person.ask("POST", "/v1/chat", {"message": "hello [[sandbox:stall]]"}, gone_after_s=0.2)
    await person.ask("POST", "/v1/chat", {"unknown": 1})
    await person.ask("POST", "/v1/analysis/skin", {"currentRoutine": "[[sandbox:stall]]"})


@pytest.mark.chaos
async def test_everything_a_service_recorded_verifies(
    aurora_server: Start, sandbox: Served, db: Database
) -> None:
    env = {"AURORA_DECISION_BASE_URL": sandbox.url, "PIVOTA_BACKEND_BASE_URL": sandbox.url, **BUDGETS}
    habits = [name for name in BEHAVIOURS if name not in ("huge", "latency", "stub")]
    source = DatabaseSource(db)
    async with (
        aurora_server(env=env) as server,
        httpx2.AsyncClient(base_url=server.url, timeout=60) as client,
    ):
        people = [Person(client, f"person-{n}", "EN" if n % 2 else "CN") for n in range(4)]
        async with trio.open_nursery() as nursery:
            for number, person in enumerate(people):
                nursery.start_soon(a_session, person, [*habits[number::4], "latency=400", "drip=200"])
        refused = len(people)  # bodies that the door refuses are no turns
        expected = sum(person.turns for person in people) - refused

        async def written() -> bool:
            return await source.count(Selection()) == expected

        await eventually(written)
    turns = [turn async for turn in source.turns(Selection())]
    outcomes = Counter(turn.outcome for turn in turns if isinstance(turn, RecordedTurn))
    assert set(outcomes) == {"ok", "degraded", "blocked", "failed", "abandoned"}
    kinds = {turn.kind for turn in turns if isinstance(turn, RecordedTurn)}
    assert len(kinds) == 7
    assert {view_of(turn).lang for turn in turns if isinstance(turn, RecordedTurn)} == {"EN", "CN"}
    for turn in turns:
        assert isinstance(turn, RecordedTurn)
        assert view_of(turn).too_large == []
        assert b"s3cret" not in bytes(turn.opened.turn) + bytes(turn.sent.envelope)
    summary = await verify_all(source, Selection())
    assert [(report.kind, [str(d) for d in report.differences]) for report in summary.worth_reading] == []
    assert summary.same == expected
