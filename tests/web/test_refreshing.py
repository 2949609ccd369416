"""A stale row is served at once and renewed behind the answer, by a turn that is nobody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import trio

from aurora.actors.refresher import Refresh
from aurora.actors.stage import Stage
from aurora.contract.turn import iso_ms
from aurora.flows.table import TURN_KINDS, TurnKind
from aurora.lifetime import service_nursery
from aurora.settings import Settings
from aurora.store.knowledge import KnowledgeRow
from aurora.store.postgres import Database
from aurora.web.house import open_house
from aurora.web.refreshing import BUDGET_MS, NOBODY, player
from tests.support.fakes import FakeStore, house_for
from tests.support.sandbox import Served
from tests.support.web import web


def asked(**body: Any) -> Refresh:
    return Refresh(kind="product_refresh", key="k", lang="CN", body=body)


async def plain(stage: Stage) -> None:
    """A flow that only says something."""
    stage.envelope.card("n", "gate_notice", {"kind": "text_only"})


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the kind of turn that a refresh plays."""

    def play(flow: Any, body: str | None = None) -> None:
        monkeypatch.setitem(TURN_KINDS, "product_refresh", TurnKind(flow, body))

    return play


async def test_a_refresh_is_a_turn_with_a_trace_of_its_own_and_nobody_behind_it(
    kinds: Any, autojump_clock: Any
) -> None:
    seen: list[Any] = []

    async def flow(stage: Stage) -> None:
        seen.append(stage.turn)
        await plain(stage)

    kinds(flow, "product_parse")
    house, _, store = house_for(Settings())
    assert await player(house)(asked(text="Serum")) == "ok"
    assert await player(house)(asked(text="Serum")) == "ok"
    house.tracer.flush()
    assert len(store.traces) == 2
    first, second = seen
    assert first.seed != second.seed
    assert first.context.request_id != second.context.request_id
    for turn, trace in zip(seen, store.traces, strict=True):
        assert (turn.identity, turn.context.uid, turn.context.brief_id) == (NOBODY, None, None)
        assert (turn.context.lang, turn.body.text) == ("CN", "Serum")
        assert turn.now.microsecond % 1000 == 0
        assert (trace.stream, trace.kind) == (NOBODY.stream, "product_refresh")
    assert house.in_flight == 0


@pytest.mark.parametrize("uid", ["", " "])
async def test_nobodys_uid_is_no_persons(uid: str) -> None:
    async with web(Settings(retention_days=0)) as client:
        answer = await client.get("/v1/session/bootstrap", uid=uid)
    assert answer.error == "MISSING_AURORA_UID"


async def test_what_cannot_be_played_says_why(kinds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house, _, _ = house_for(Settings())
    kinds(plain, "product_parse")
    assert await player(house)(asked(unknown=1)) == "bad_body"
    full, _, _ = house_for(Settings(max_turns=0))
    assert await player(full)(asked(text="x")) == "overloaded"
    monkeypatch.delitem(TURN_KINDS, "product_refresh")
    assert await player(house)(asked(text="x")) == "unknown_kind"


async def test_a_refresh_has_a_budget_and_a_bug_is_its_own(kinds: Any, autojump_clock: Any) -> None:
    house, _, _ = house_for(Settings(), store=FakeStore())

    async def endless(stage: Stage) -> None:
        await trio.sleep_forever()

    kinds(endless)
    began = trio.current_time()
    assert await player(house)(asked()) == "degraded"
    assert trio.current_time() - began == pytest.approx(BUDGET_MS / 1000)

    async def broken(stage: Stage) -> None:
        raise ZeroDivisionError

    kinds(broken)
    with pytest.raises(ZeroDivisionError):
        await player(house)(asked())
    assert house.in_flight == 0


async def test_a_refresh_ends_with_the_house(kinds: Any) -> None:
    """However long it would take: it is cancelled while links and store are still open."""
    begun, ended = trio.Event(), trio.Event()

    async def endless(stage: Stage) -> None:
        begun.set()
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    kinds(endless)
    with trio.fail_after(20):
        async with open_house(Settings(retention_days=0)) as house:
            assert house.knowledge.refresher.offer(asked())
            await begun.wait()
            assert house.in_flight == 1
            house.knowledge.refresher.stop()
            assert not ended.is_set()
    assert ended.is_set()
    assert house.in_flight == 0


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_a_stale_row_is_served_and_renewed_behind_the_answer(
    sandbox: Served, fresh_dsn: str, db: Database, lang: str
) -> None:
    settings = Settings(decision_base_url=sandbox.url, backend_base_url=sandbox.url)
    body = {"original": {"sku_id": "p-old", "name": "DUPE_SUGGEST_TEST Serum"}}
    key = f"id:p-old|lang:{lang}"
    long_ago = iso_ms(datetime.now(UTC) - timedelta(days=20))  # stale, and not forgotten
    old = KnowledgeRow(
        key=key,
        facts={**body, "dupes": [{"kind": "dupe", "product": {"name": "Old Dupe"}}], "comparables": []},
        verified=True,
        verified_at=long_ago,
        source="llm_generate",
        written_at=long_ago,
    )

    async def written_at() -> str:
        query = "SELECT updated_at FROM aurora_dupe_kb WHERE kb_key = $1"
        return iso_ms(await db.run(lambda c: c.fetchval(query, key)))

    async with web(settings, fresh_dsn) as client, service_nursery() as nursery:
        house = client.house
        await nursery.start(house.knowledge.refresher.run, player(house))
        assert await house.knowledge.shelf.keep("dupes", old) == ""
        answer = await client.post("/v1/dupe/suggest", body, headers={"X-Lang": lang}, uid="uid-asker")
        assert answer.status == 200
        card = answer.payload("dupe_suggest")
        assert card["meta"]["served_from_kb"] is True
        assert "Old Dupe" in msgspec.json.encode(card).decode()
        with trio.fail_after(15):
            while await written_at() == long_ago:  # noqa: ASYNC110 - a table has no event
                await trio.sleep(0.05)
        again = await client.post("/v1/dupe/suggest", body, headers={"X-Lang": lang}, uid="uid-asker")
        card = again.payload("dupe_suggest")
        assert card["meta"]["served_from_kb"] is True
        assert "Old Dupe" not in msgspec.json.encode(card).decode()

    async def traces(column: str) -> list[str]:
        query = f"SELECT {column} FROM aurora_traces WHERE kind = 'dupes_refresh'"
        return [row[0] for row in await db.run(lambda c: c.fetch(query))]

    assert await traces("stream") == [NOBODY.stream]
    assert not any("uid-asker" in text for text in await traces("events::text"))


async def test_forced_refreshes_of_one_client_are_limited_whatever_it_calls_itself(
    sandbox: Served, fresh_dsn: str
) -> None:
    settings = Settings(
        decision_base_url=sandbox.url, backend_base_url=sandbox.url, kb_refreshes_per_client=1
    )
    body = {"original": {"sku_id": "p-forced", "name": "DUPE_SUGGEST_TEST Serum"}}
    async with web(settings, fresh_dsn) as client:
        await client.post("/v1/dupe/suggest", body, uid="uid-1")
        told = []
        for uid in ("uid-1", "uid-2"):
            answer = await client.post("/v1/dupe/suggest", body | {"force_refresh": True}, uid=uid)
            assert answer.status == 200
            told.append(answer.payload("dupe_suggest")["meta"])
    assert [meta["served_from_kb"] for meta in told] == [False, True]
    assert told[0].get("retry_after_ms") is None
    assert 0 < told[1]["retry_after_ms"] <= 600_000
