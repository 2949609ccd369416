"""The knowledge actor and its shelf: memory, tables, seed, refreshes and limits."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from aurora.actors import knowledge_shelf
from aurora.actors.call import Call
from aurora.actors.findings import Answer
from aurora.actors.knowledge import knowledge_handler
from aurora.actors.knowledge_cache import TRUSTED_S, KnowledgeCache
from aurora.actors.knowledge_questions import (
    KeepKnowledge,
    Kept,
    Knowledge,
    Leave,
    MayRefresh,
    Queued,
    RecallKnowledge,
    RefreshLater,
)
from aurora.actors.knowledge_shelf import MOST_WAITING, KnowledgeShelf
from aurora.actors.question import Question
from aurora.actors.questions import ReadMemory
from aurora.actors.refresher import Refresher
from aurora.contract.turn import Turn, iso_ms
from aurora.settings import Settings
from aurora.store.knowledge import KnowledgeKind, KnowledgeRow, NoKnowledge
from aurora.store.knowledge_db import DatabaseKnowledge
from aurora.store.limits import Limiter
from aurora.store.port import StoreError
from aurora.store.postgres import Database
from tests.store.test_erasure import everything
from tests.support.fakes import NOW, turn_for

KEY = "product:p1|lang:EN"
FACTS: dict[str, Any] = {"assessment": {"verdict": "Suitable"}, "confidence": 0.7}
PLAIN = Settings(kb_row_bytes=4096)


class Table:
    """A table whose every answer is scripted. error: raised by every call; slow_s: how long they take."""

    lasting = True

    def __init__(self) -> None:
        self.rows: dict[str, KnowledgeRow] = {}
        self.asked: list[tuple[str, ...]] = []
        self.error: StoreError | None = None
        self.slow_s = 0.0

    async def recall(self, kind: KnowledgeKind, keys: tuple[str, ...]) -> KnowledgeRow | None:
        self.asked.append(keys)
        await self._answer()
        return next((self.rows[f"{kind} {key}"] for key in keys if f"{kind} {key}" in self.rows), None)

    async def keep(self, kind: KnowledgeKind, row: KnowledgeRow) -> bool:
        await self._answer()
        stands = self.rows.get(f"{kind} {row.key}")
        if stands is not None and stands.verified and not row.verified:
            return False
        self.rows[f"{kind} {row.key}"] = row
        return True

    async def _answer(self) -> None:
        await trio.sleep(self.slow_s)
        if self.error is not None:
            raise self.error


class Desk:
    """Everything behind the handler."""

    def __init__(
        self, store: Any = None, settings: Settings = PLAIN, database: Database | None = None
    ) -> None:
        self.shelf = KnowledgeShelf(store or NoKnowledge(), settings)
        self.refresher = Refresher()
        self.handle = knowledge_handler(self.shelf, self.refresher, Limiter(database), settings)

    async def ask(self, question: Question, turn: Turn | None = None) -> Any:
        finding = await self.handle(Call(question, turn or turn_for(), trio.current_time() + 5))
        assert isinstance(finding, Answer)
        assert finding.actor == question.actor
        return finding.value

    async def keep(self, facts: dict[str, Any] = FACTS, *, verified: bool = True, **how: Any) -> Kept:
        kind, key = how.pop("kind", "product"), how.pop("key", KEY)
        question = KeepKnowledge(kind=kind, key=key, facts=facts, verified=verified, source="llm")
        found = await self.ask(question, how.pop("turn", None))
        assert isinstance(found, Kept)
        return found

    async def recall(
        self, *keys: str, kind: KnowledgeKind = "product", turn: Turn | None = None
    ) -> Knowledge:
        found = await self.ask(RecallKnowledge(kind=kind, keys=keys or (KEY,)), turn)
        assert isinstance(found, Knowledge)
        return found


async def test_what_was_kept_is_known_and_the_copy_is_the_askers_own(autojump_clock: Any) -> None:
    desk = Desk(Table())
    assert await desk.recall() == Knowledge(found=False)
    assert await desk.keep() == Kept(kept=True)
    found = await desk.recall("product:other|lang:EN", KEY)
    assert found == Knowledge(
        found=True, key=KEY, facts=FACTS, verified=True, verified_at=iso_ms(NOW), source="llm", fresh=True
    )
    found.facts["assessment"]["verdict"] = "mine"
    assert (await desk.recall()).facts == FACTS
    assert not (await desk.recall(kind="dupes")).found


@pytest.mark.parametrize("lasting", [True, False])
async def test_verified_rows_stand_against_empty_failed_and_unverified_ones(
    lasting: bool, autojump_clock: Any
) -> None:
    desk = Desk(Table() if lasting else NoKnowledge())
    await desk.keep()
    for facts, why in (({"other": 1}, "verified_stands"), ({"assessment": None, "reasons": []}, "empty")):
        assert await desk.keep(facts, verified=False) == Kept(kept=False, reason=why)
    assert await desk.keep({}, verified=True) == Kept(kept=False, reason="empty")
    assert (await desk.recall()).facts == FACTS
    assert await desk.keep({"newer": 1}) == Kept(kept=True)
    assert (await desk.recall()).facts == {"newer": 1}


async def test_another_workers_verified_row_stands_too(autojump_clock: Any) -> None:
    table = Table()
    mine, other = Desk(table), Desk(table)
    await other.keep({"theirs": 1})
    assert await mine.keep({"mine": 1}, verified=False) == Kept(kept=False, reason="verified_stands")
    assert (await mine.recall()).facts == {"theirs": 1}


async def test_what_stands_is_read_at_once_by_whoever_was_refused(autojump_clock: Any) -> None:
    table = Table()
    mine, other = Desk(table), Desk(table)
    await mine.keep({"mine": 1}, verified=False)
    await other.keep({"theirs": 1})
    assert (await mine.recall()).facts == {"mine": 1}, "for as long as memory is trusted"
    assert await mine.keep({"mine": 2}, verified=False) == Kept(kept=False, reason="verified_stands")
    assert (await mine.recall()).facts == {"theirs": 1}


async def test_an_unverified_row_is_kept_where_there_is_none(autojump_clock: Any) -> None:
    desk = Desk(Table())
    assert await desk.keep(verified=False) == Kept(kept=True)
    found = await desk.recall()
    assert (found.verified, found.verified_at, found.fresh) == (False, "", True)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"facts": {"skinType": "oily", "a": 1}}, "personal"),
        ({"facts": {"note": "for uid-person-1"}}, "personal"),
        ({"facts": {"note": "trace-1"}}, "personal"),
        ({"facts": {"note": "x" * 5000}}, "too_large"),
        ({"key": ""}, "bad_key"),
        ({"key": "x" * 513}, "bad_key"),
        ({"kind": "dupes", "key": "x" * 257, "facts": {"dupes": [{"name": "n"}]}}, "bad_key"),
        ({"key": "text:ann@example.org|lang:EN"}, "personal"),
        ({"kind": "dupes", "facts": {"original": {"name": "n"}, "dupes": [], "comparables": []}}, "empty"),
    ],
)
async def test_what_is_not_kept_and_why(how: dict[str, Any], reason: str, autojump_clock: Any) -> None:
    desk = Desk(Table())
    assert await desk.keep(turn=turn_for(uid="uid-person-1"), **how) == Kept(kept=False, reason=reason)
    assert not (await desk.recall(how.get("key", KEY), kind=how.get("kind", "product"))).found


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
UID = "uid-7c1e0b52"


@given(
    facts=st.dictionaries(st.text(max_size=10), _JSON, max_size=3),
    personal=st.sampled_from(
        [
            {"skinType": "oily"},
            {"barrier_status": 1},
            {"GOALS": []},
            {"x": f"me {UID}"},
            {UID: 1},
            {"profile": {}},
        ]
    ),
    beneath=st.lists(st.text(max_size=5), max_size=4),
)
def test_nothing_of_a_person_gets_onto_the_shelf(
    facts: dict[str, Any], personal: dict[str, Any], beneath: list[str]
) -> None:
    """Whatever is handed over with it, and however deep it stands: no row, and no trace of it in any row."""
    hidden: Any = personal
    for name in beneath:
        hidden = {name: [hidden]}

    async def main() -> None:
        table = Table()
        desk = Desk(table, Settings())
        kept = await desk.keep(facts | {"hidden": hidden, "verdict": "x"}, turn=turn_for(uid=UID))
        assert not kept.kept
        assert table.rows == {}
        assert not (await desk.recall()).found

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def test_nothing_of_a_person_is_in_the_tables(db: Database) -> None:
    """The turn of somebody, kept on the real thing: her ids are nowhere in it."""
    desk = Desk(DatabaseKnowledge(db), database=db)
    turn = turn_for(uid="uid-somebody", user_id="usr_somebody", brief_id="brief-somebody")
    assert (await desk.keep(turn=turn)).kept
    assert (await desk.keep({"dupes": [{"name": "D"}]}, kind="dupes", key="id:p1|lang:EN", turn=turn)).kept
    assert (await desk.ask(MayRefresh(key=KEY), turn)).allowed
    text = await everything(db)
    assert "Suitable" in text
    assert "somebody" not in text
    assert turn.identity.stream not in text


# --- memory in front


async def test_a_row_in_memory_is_read_without_the_table_until_it_is_old(autojump_clock: Any) -> None:
    table = Table()
    desk = Desk(table)
    await desk.keep()
    for _ in range(3):
        await desk.recall()
    assert table.asked == []
    table.rows["product " + KEY] = msgspec.structs.replace(table.rows["product " + KEY], facts={"theirs": 1})
    await trio.sleep(TRUSTED_S)
    assert (await desk.recall()).facts == {"theirs": 1}
    assert table.asked == [(KEY,)]


async def test_a_steadier_key_wins_over_one_that_is_remembered(autojump_clock: Any) -> None:
    table = Table()
    desk = Desk(table)
    await desk.keep(key="url:https://a.example|lang:EN")
    await Desk(table).keep({"steadier": 1}, key=KEY)
    found = await desk.recall(KEY, "url:https://a.example|lang:EN")
    assert found.facts == {"steadier": 1}


async def test_a_read_that_was_slower_than_a_write_brings_nothing_old_back(autojump_clock: Any) -> None:
    table = Table()
    await Desk(table).keep({"old": 1})
    desk = Desk(table)
    table.slow_s = 0.1
    later = turn_for(now=NOW + timedelta(seconds=1))
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.shelf.run)
        read: list[Knowledge] = []

        async def recall() -> None:
            read.append(await desk.recall())

        nursery.start_soon(recall)
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0.01):
            await desk.keep({"new": 1}, turn=later)
        await trio.sleep(1)
        assert [found.facts for found in read] == [{"new": 1}]
        assert (await desk.recall()).facts == {"new": 1}
        nursery.cancel_scope.cancel()


async def test_without_a_table_memory_is_all_there_is(autojump_clock: Any) -> None:
    desk = Desk(NoKnowledge())
    await desk.keep()
    await trio.sleep(TRUSTED_S * 1000)
    assert (await desk.recall()).facts == FACTS


@pytest.mark.parametrize("error", [StoreError("unavailable", "ECONNREFUSED"), StoreError("schema_not_ready")])
async def test_a_store_that_fails_is_a_row_not_found_or_an_old_one(
    error: StoreError, autojump_clock: Any
) -> None:
    table = Table()
    desk = Desk(table)
    await desk.keep()
    table.error = error
    await trio.sleep(TRUSTED_S)
    assert (await desk.recall()).facts == FACTS
    assert not (await desk.recall("product:p2|lang:EN")).found
    assert await desk.keep({"newer": 1}) == Kept(kept=False, reason="store")
    assert (await desk.recall()).facts == {"newer": 1}, "it is true, whether or not it lasts"
    assert await desk.keep(key="product:p3|lang:EN", verified=False) == Kept(kept=False, reason="store")
    assert not (await desk.recall("product:p3|lang:EN")).found


async def test_a_row_that_everybody_wants_is_read_again_once(autojump_clock: Any) -> None:
    table = Table()
    desk = Desk(table)
    await desk.keep()
    table.slow_s = 0.1
    await trio.sleep(TRUSTED_S)
    took: list[float] = []

    async def recall() -> None:
        began = trio.current_time()
        assert (await desk.recall()).facts == FACTS
        took.append(round(trio.current_time() - began, 3))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(recall)
    assert table.asked == [(KEY,)]
    assert sorted(took) == [0.0] * 19 + [0.1]
    assert (await desk.recall()).facts == FACTS
    assert len(table.asked) == 1, "it is current again"


async def test_whoever_is_cut_while_asking_keeps_nobody_from_asking(autojump_clock: Any) -> None:
    table = Table()
    desk = Desk(table)
    await desk.keep()
    table.slow_s = 0.1
    await trio.sleep(TRUSTED_S)
    with trio.move_on_after(0.05):
        await desk.recall()
    await desk.recall()
    assert len(table.asked) == 2


async def test_a_store_that_hangs_keeps_no_turn_waiting(autojump_clock: Any) -> None:
    table = Table()
    table.slow_s = 3600
    began = trio.current_time()
    assert not (await Desk(table).recall()).found
    assert trio.current_time() - began == pytest.approx(knowledge_shelf.RECALL_S)


@given(
    sizes=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 600)), max_size=60),
    most=st.integers(1, 6),
)
def test_memory_is_bounded_in_number_and_in_bytes(sizes: list[tuple[int, int]], most: int) -> None:
    async def main() -> None:
        cache = KnowledgeCache(most, 2500)
        for number, size in sizes:
            cache.put(a_row(f"k{number}", {"x": "y" * size}))
            assert len(cache) <= most
            assert cache.bytes <= 2500
        for number in range(13):
            cache.drop(f"k{number}")
        assert (len(cache), cache.bytes) == (0, 0)

    trio.run(main)


async def test_the_row_used_longest_ago_goes_first() -> None:
    cache = KnowledgeCache(2, 10_000)
    cache.put(a_row("a"))
    cache.put(a_row("b"))
    assert cache.get("a") is not None
    cache.put(a_row("c"))
    assert cache.get("b") is None
    assert cache.get("a") is not None


def a_row(key: str, facts: dict[str, Any] = FACTS, *, at: datetime = NOW) -> KnowledgeRow:
    return KnowledgeRow(
        key=key, facts=facts, verified=True, verified_at=iso_ms(at), source="s", written_at=iso_ms(at)
    )


# --- age


@pytest.mark.parametrize(("kind", "hours"), [("product", 336), ("dupes", 168)])
async def test_age_by_kind(kind: KnowledgeKind, hours: int, autojump_clock: Any) -> None:
    desk = Desk(Table())
    await desk.keep({"dupes": [{"name": "n"}]}, kind=kind)
    for later, fresh in ((timedelta(hours=hours, seconds=-1), True), (timedelta(hours=hours), False)):
        found = await desk.recall(kind=kind, turn=turn_for(now=NOW + later))
        assert (found.found, found.fresh) == (True, fresh)


# --- writing


async def test_a_caller_who_is_cut_has_handed_its_row_over(autojump_clock: Any) -> None:
    table = Table()
    table.slow_s = 1
    desk = Desk(table)
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.shelf.run)
        with trio.move_on_after(0.1) as cut:
            await desk.keep()
        assert cut.cancelled_caught
        assert table.rows == {}
        assert (await desk.recall()).facts == FACTS, (
            "a verified row is known from the moment it is handed over"
        )
        await trio.sleep(1)
        assert set(table.rows) == {"product " + KEY}
        nursery.cancel_scope.cancel()


async def test_a_turn_that_is_being_cut_still_hands_its_row_over(autojump_clock: Any) -> None:
    table = Table()
    desk = Desk(table)
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.shelf.run)
        with trio.CancelScope() as scope:
            scope.cancel()
            await desk.keep()
        await trio.sleep(1)
        assert set(table.rows) == {"product " + KEY}
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(("slow_s", "written"), [(0.01, 20), (60, 0)])
async def test_a_stop_writes_what_waits_but_waits_for_no_table(
    slow_s: float, written: int, autojump_clock: Any
) -> None:
    table = Table()
    table.slow_s = slow_s
    desk = Desk(table)
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.shelf.run)
        for number in range(20):
            nursery.start_soon(partial(desk.keep, key=f"k{number}"))
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        nursery.cancel_scope.cancel()
    assert len(table.rows) == written
    assert trio.current_time() - began <= knowledge_shelf.FLUSH_S + 0.01


async def test_more_rows_than_may_wait_are_refused_at_once(autojump_clock: Any) -> None:
    table = Table()
    table.slow_s = 3600
    desk = Desk(table)
    told: list[Kept] = []

    async def keep(number: int) -> None:
        told.append(await desk.keep(key=f"k{number}"))

    async with trio.open_nursery() as nursery:
        await nursery.start(desk.shelf.run)
        for number in range(MOST_WAITING + 5):
            nursery.start_soon(keep, number)
        await trio.testing.wait_all_tasks_blocked()
        # One of them is on its way already.
        assert 4 <= len(told) <= 5
        assert set(told) == {Kept(kept=False, reason="store")}
        nursery.cancel_scope.cancel()


# --- refreshes and limits


async def test_a_refresh_is_queued_once_a_key(autojump_clock: Any) -> None:
    desk = Desk()
    later = RefreshLater(kind="product_refresh", key=KEY, body={"name": "Serum"})
    for _ in range(3):
        assert await desk.ask(later) == Queued(queued=True)
    personal = RefreshLater(kind="product_refresh", key="k", body={"product": {"skinType": "oily"}})
    assert await desk.ask(personal) == Queued(queued=False)


async def test_forced_refreshes_are_limited_by_client_and_by_key(autojump_clock: Any) -> None:
    settings = Settings(kb_refreshes_per_client=3, kb_refreshes_per_key=2)
    desk = Desk(settings=settings)

    async def may(key: str, client: str) -> bool:
        told = await desk.ask(MayRefresh(key=key), turn_for(uid="u", raw={"client": client}))
        assert isinstance(told, Leave)
        assert told.allowed == (told.retry_after_ms == 0)
        return told.allowed

    assert [await may("a", "c1") for _ in range(3)] == [True, True, False]
    assert [await may(key, "c1") for key in ("b", "c")] == [False, False]
    assert [await may("b", "c2"), await may("b", "c3"), await may("b", "c4")] == [True, True, False]
    later = turn_for(now=NOW + timedelta(minutes=11), raw={"client": "c1"})
    assert (await desk.ask(MayRefresh(key="a"), later)).allowed


async def test_without_an_address_the_identity_is_counted(autojump_clock: Any) -> None:
    desk = Desk(settings=Settings(kb_refreshes_per_client=1))
    told = [
        (await desk.ask(MayRefresh(key=f"k{n}"), turn_for(uid=uid))).allowed
        for n, uid in enumerate(("u1", "u1", "u2"))
    ]
    assert told == [True, False, True]


async def test_another_actors_question_is_a_bug() -> None:
    with pytest.raises(TypeError, match="ReadMemory"):
        await Desk().handle(Call(ReadMemory(), turn_for(), 0.0))
