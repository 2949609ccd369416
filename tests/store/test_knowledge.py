"""Knowledge on a real PostgreSQL: what is verified stands, and old rows go."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.turn import iso_ms
from aurora.settings import Settings
from aurora.store.accounts import Limited, Window
from aurora.store.knowledge import KINDS, KnowledgeKind, KnowledgeRow, as_kept
from aurora.store.knowledge_db import DatabaseKnowledge, columns_of, read_facts
from aurora.store.limits import Limiter
from aurora.store.open import open_store
from aurora.store.port import StoreError
from aurora.store.postgres import Database
from aurora.store.rebuild import rebuild
from tests.store.people import NOW, new, now, said, somebody
from tests.store.test_maintenance import scalar, without_its_hours

TABLES: dict[KnowledgeKind, str] = {"product": "aurora_product_intel_kb", "dupes": "aurora_dupe_kb"}


def row(
    key: str = "k", name: str = "one", *, verified: bool = True, at: datetime = NOW, **facts: Any
) -> KnowledgeRow:
    """A row whose facts fit both kinds."""
    return KnowledgeRow(
        key=key,
        facts=as_kept("dupes", {"dupes": [{"name": name}], **facts}),
        verified=verified,
        verified_at=iso_ms(at) if verified else "",
        source="llm",
        written_at=iso_ms(at),
    )


FACTS: list[dict[str, Any]] = [
    {"dupes": [{"name": "a", "price": 12.5, "none": None}], "comparables": []},
    {"original": None, "dupes": [1], "comparables": [{"z": 1, "a": 2}]},
    {"original": {"name": "水 ☀ \u2028"}, "dupes": [1e22, -0.0, 1.5], "max_dupes": 3, "lang": "CN"},
    {"dupes": [{"deep": [[[{"x": '\\u0000 " \\'}]]]}], "generated_at": "2026-03-10"},
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("facts", FACTS)
async def test_facts_come_back_as_they_were_kept(
    db: Database, kind: KnowledgeKind, facts: dict[str, Any]
) -> None:
    knowledge = DatabaseKnowledge(db)
    kept = KnowledgeRow(
        key="url:https://a.example/水?a=1|lang:CN",
        facts=as_kept(kind, facts),
        verified=True,
        verified_at=iso_ms(NOW),
        source="llm_generate",
        written_at=iso_ms(NOW),
    )
    assert await knowledge.keep(kind, kept)
    found = await knowledge.recall(kind, (kept.key,))
    assert found == kept
    assert found is not None
    assert list(found.facts) == list(kept.facts), "in the same order"
    other: KnowledgeKind = "dupes" if kind == "product" else "product"
    assert await knowledge.recall(other, (kept.key,)) is None


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(["original", "dupes", "comparables", "source_meta", "analysis", "lang"]) | st.text()


@pytest.mark.parametrize("kind", KINDS)
@given(facts=st.dictionaries(_NAMES, _JSON, max_size=6))
def test_columns_hold_any_facts(kind: KnowledgeKind, facts: dict[str, Any]) -> None:
    kept = as_kept(kind, facts)
    assert as_kept(kind, kept) == kept
    assert list(read_facts(kind, columns_of(kind, kept))) == list(kept)
    assert read_facts(kind, columns_of(kind, kept)) == kept
    if kind == "dupes":
        assert all(isinstance(kept[name], list) for name in ("dupes", "comparables"))
        assert kept == facts | {name: kept[name] for name in ("dupes", "comparables")}


@pytest.mark.parametrize("kind", KINDS)
async def test_the_first_key_with_a_row_wins(db: Database, kind: KnowledgeKind) -> None:
    knowledge = DatabaseKnowledge(db)
    for key in ("c", "b"):
        await knowledge.keep(kind, row(key))
    found = await knowledge.recall(kind, ("a", "b", "c"))
    assert found is not None
    assert found.key == "b"
    assert await knowledge.recall(kind, ("x",)) is None


LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (row(name="old"), row(name="new", at=LATER), "new"),
        (row(name="old"), row(name="new", at=LATER, verified=False), "old"),
        (row(name="old", verified=False), row(name="new", at=LATER, verified=False), "new"),
        (row(name="old", verified=False), row(name="new", at=LATER), "new"),
        (row(name="new", at=LATER), row(name="old"), "new"),
        (row(name="unsure", at=LATER, verified=False), row(name="sure"), "sure"),
        (row(name="new", at=LATER, verified=False), row(name="old", verified=False), "new"),
    ],
)
async def test_who_takes_whose_place(
    db: Database, kind: KnowledgeKind, first: KnowledgeRow, second: KnowledgeRow, stands: str
) -> None:
    knowledge = DatabaseKnowledge(db)
    assert await knowledge.keep(kind, first)
    written = await knowledge.keep(kind, second)
    found = await knowledge.recall(kind, ("k",))
    assert found is not None
    assert found.facts["dupes"] == [{"name": stands}]
    assert written == (found == second)
    assert found.verified == (first.verified or second.verified)


@pytest.mark.parametrize("kind", KINDS)
async def test_many_writers_of_one_key_never_lose_a_verified_row(db: Database, kind: KnowledgeKind) -> None:
    knowledge = DatabaseKnowledge(db)
    rows = [row(name=str(n), verified=n % 3 == 0, at=NOW + timedelta(seconds=n * 7 % 20)) for n in range(20)]
    async with trio.open_nursery() as nursery:
        for each in rows:
            nursery.start_soon(knowledge.keep, kind, each)
    newest = max((each for each in rows if each.verified), key=lambda each: each.written_at)
    assert await knowledge.recall(kind, ("k",)) == newest


async def test_text_that_postgres_cannot_hold_is_refused(db: Database) -> None:
    for name in ("\ud800", "\x00"):
        with pytest.raises(StoreError):
            await DatabaseKnowledge(db).keep("product", row(name + "key"))
    with pytest.raises(StoreError):
        await DatabaseKnowledge(db).keep("product", row(name="\ud800"))


async def test_a_row_that_somebody_broke_is_unreadable_and_no_crash(db: Database) -> None:
    await scalar(
        db,
        "INSERT INTO aurora_product_intel_kb (kb_key, analysis, source, created_at, updated_at) "
        "VALUES ('k', '[1]', 's', now(), now()) RETURNING 1",
    )
    with pytest.raises(StoreError, match="XX001"):
        await DatabaseKnowledge(db).recall("product", ("k",))


@pytest.mark.parametrize("kind", KINDS)
async def test_erasing_a_person_and_rebuilding_the_log_leave_knowledge_alone(
    fresh_dsn: str, db: Database, kind: KnowledgeKind
) -> None:
    knowledge, one = DatabaseKnowledge(db), somebody()
    assert await knowledge.keep(kind, row())
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await store.append(one, [new(one, said(region="EU"))])
        await store.erase(one)
    await rebuild(db, swap=True, clock=now)
    assert await knowledge.recall(kind, ("k",)) == row()


async def keys(db: Database, kind: KnowledgeKind) -> str:
    found = await scalar(db, f"SELECT string_agg(kb_key, ' ' ORDER BY kb_key) FROM {TABLES[kind]}")
    return str(found or "")


async def test_of_too_many_rows_the_oldest_unverified_go_first_and_forgotten_ones_always(
    db: Database,
) -> None:
    knowledge = DatabaseKnowledge(db)
    settings = Settings(kb_max_rows=3, kb_retention_days=100)
    for kind in KINDS:
        for n, (key, verified) in enumerate(
            {"v1": True, "u1": False, "u2": False, "v2": True, "v3": True, "u3": False}.items()
        ):
            await knowledge.keep(kind, row(key, verified=verified, at=NOW - timedelta(days=90 - n)))
        await knowledge.keep(kind, row("gone", at=NOW - timedelta(days=101)))
    left = []
    async with without_its_hours(db, settings) as store:
        for _ in range(2):
            await store.maintenance.once()
            left += [await keys(db, kind) for kind in KINDS]
    assert left == ["v1 v2 v3"] * 4
    async with without_its_hours(db, Settings(kb_max_rows=1)) as store:
        await store.maintenance.once()
    assert [await keys(db, kind) for kind in KINDS] == ["v3"] * 2


TWO = Window(2, timedelta(minutes=10))


async def test_tries_are_counted_across_workers_and_the_first_key_past_its_window_stops(
    db: Database,
) -> None:
    workers = itertools.cycle([Limiter(db), Limiter(db)])
    tries = (("client", TWO), ("product", Window(9, timedelta(minutes=10))))
    told = [await next(workers).tried(tries, NOW) for _ in range(4)]
    assert told == [None, None, Limited(600), Limited(600)]
    assert await scalar(db, "SELECT count FROM aurora_auth_limits WHERE key = 'product'") == 2
    assert await next(workers).tried(tries, NOW + timedelta(minutes=11)) is None


async def test_many_tries_at_once_count_like_one_after_the_other(db: Database) -> None:
    limiter = Limiter(db)
    told: list[Limited | None] = []

    async def once() -> None:
        told.append(await limiter.tried((("k", TWO),), NOW))

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(once)
    assert told.count(None) == 2


async def test_without_a_database_the_process_counts_for_itself() -> None:
    limiter = Limiter(None)
    told = [await limiter.tried((("k", TWO),), NOW) for _ in range(3)]
    assert told == [None, None, Limited(600)]
    assert await limiter.tried((("k", TWO),), NOW + timedelta(minutes=11)) is None


async def test_an_outage_lifts_no_limit(db: Database) -> None:
    limiter = Limiter(db)
    await db.run(lambda connection: connection.execute("DROP TABLE aurora_auth_limits"))
    told = [await limiter.tried((("k", TWO),), NOW) for _ in range(3)]
    assert told == [None, None, Limited(600)]
