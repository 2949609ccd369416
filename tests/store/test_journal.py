"""The journal on a real PostgreSQL: groups, guilt, conflicts, lost answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import trio
import trio.testing

from aurora.contract.memory import Profile
from aurora.contract.turn import Identity
from aurora.settings import Settings
from aurora.store.facts import NewFact
from aurora.store.groups import Fold, GroupWriter, Ticket
from aurora.store.journal import FACTS_LIMIT, Journal
from aurora.store.open import open_store, store_over
from aurora.store.port import StoreError
from aurora.store.postgres import Connection, Database, open_database
from aurora.store.rebuild import rebuild
from aurora.store.states import StateCache, StreamState
from tests.store.people import logged, new, now, opened, said, somebody

Outcome = list[int] | StoreError


async def scalar(db: Database, query: str, *values: object) -> Any:
    return await db.run(lambda connection: connection.fetchval(query, *values))


async def together(journal: Journal, appends: Sequence[tuple[str, list[NewFact]]]) -> list[Outcome]:
    """Hand all of `appends` over before the journal's task runs, so that they form one group."""
    outcomes: list[Outcome] = [[] for _ in appends]

    async def one(place: int, stream: str, facts: list[NewFact]) -> None:
        try:
            outcomes[place] = (await journal.append(stream, facts, None)).versions
        except StoreError as error:
            outcomes[place] = error

    async with trio.open_nursery() as nursery:
        for place, (stream, facts) in enumerate(appends):
            nursery.start_soon(one, place, stream, facts)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(journal.run)
        await trio.testing.wait_all_tasks_blocked(0.05)
        await journal.drain()
    return outcomes


async def test_what_waits_together_is_one_transaction(db: Database) -> None:
    people = [somebody() for _ in range(64)]
    outcomes = await together(
        Journal(db, StateCache()), [(one.stream, [new(one, opened())]) for one in people]
    )
    assert outcomes == [[1]] * 64
    assert await scalar(db, "select count(distinct xid) from aurora_events") == 1
    assert await scalar(db, "select count(*) from aurora_events") == 64


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (lambda one: new(one, logged("2026-02-31")), "22008"),
        (lambda one: new(one, opened(), event_id="no uuid"), "22000"),
        (lambda one: new(one, logged("2026-02-01", acne=99999)), "22003"),
    ],
)
async def test_only_the_guilty_member_of_a_group_fails(db: Database, bad: Any, code: str) -> None:
    people = [somebody() for _ in range(33)]
    appends = [
        (one.stream, [new(one, said(skinType="oily")), new(one, logged("2026-02-01"))]) for one in people
    ]
    guilty = somebody()
    appends.insert(17, (guilty.stream, [new(guilty, opened()), bad(guilty)]))
    outcomes = await together(Journal(db, StateCache()), appends)
    error = outcomes.pop(17)
    assert isinstance(error, StoreError)
    assert (error.kind, error.code) == ("unavailable", code)
    assert outcomes == [[1, 2]] * 33
    assert await scalar(db, "select count(*) from aurora_events") == 66
    assert await scalar(db, "select count(*) from aurora_events where stream = $1", guilty.stream) == 0
    assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_a_missing_table_fails_only_who_needs_it(db: Database) -> None:
    await db.run(lambda connection: connection.execute("drop table aurora_user_profiles"))
    one, other = somebody(), somebody()
    journal = Journal(db, StateCache())
    outcomes = await together(journal, [(one.stream, [new(one, said(region="EU"))])])
    assert isinstance(outcomes[0], StoreError)
    assert (outcomes[0].kind, outcomes[0].code) == ("schema_not_ready", "42P01")
    assert await scalar(db, "select count(*) from aurora_events where stream = $1", other.stream) == 0


@pytest.mark.parametrize("text", ["a\0b", "\0", "\\\0"])
async def test_nul_is_refused_before_it_meets_a_group(db: Database, text: str) -> None:
    one = somebody()
    with pytest.raises(StoreError) as caught:
        await Journal(db, StateCache()).append(one.stream, [new(one, opened(text))], None)
    assert caught.value.code == "22P05"


async def test_a_lone_surrogate_is_refused_before_it_meets_a_group(db: Database) -> None:
    one = somebody()
    with pytest.raises(StoreError) as caught:
        await Journal(db, StateCache()).append(one.stream, [new(one, opened("\ud800"))], None)
    assert caught.value.code == "22021"


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "a \\u0000 b"])
async def test_text_that_only_looks_like_nul_is_text(fresh_dsn: str, text: str) -> None:
    one = somebody()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        await store.append(one, [new(one, said(region=text))])
        assert (await store.read(one, None)).profile == Profile(region=text)


async def test_two_workers_on_the_same_streams_lose_and_double_nothing(fresh_dsn: str) -> None:
    people = [somebody() for _ in range(6)]
    heard: list[tuple[str, int]] = []
    async with (
        open_store(Settings(), fresh_dsn, clock=now) as first,
        open_store(Settings(), fresh_dsn, clock=now) as second,
        trio.open_nursery() as nursery,
    ):

        async def write(store: Any, number: int) -> None:
            for turn in range(12):
                one = people[(number + turn) % len(people)]
                fact = (
                    logged(f"2026-01-{(number + turn) % 9 + 1:02d}", acne=turn % 6)
                    if turn % 2
                    else said(region=str(turn))
                )
                versions = (await store.append(one, [new(one, fact)])).versions
                heard.extend((one.stream, version) for version in versions)

        for number in range(12):
            nursery.start_soon(write, first, number)
            nursery.start_soon(write, second, number)
    assert sorted(heard) == sorted((one.stream, version) for one in people for version in range(1, 49))
    async with open_database(fresh_dsn, Settings()) as db:
        assert (await rebuild(db, swap=False, clock=now)).differing == 0


async def test_a_stale_state_never_overwrites_what_another_worker_wrote(fresh_dsn: str) -> None:
    one = somebody()
    async with (
        open_store(Settings(), fresh_dsn, clock=now) as first,
        open_store(Settings(), fresh_dsn, clock=now) as second,
    ):
        await first.append(one, [new(one, said(skinType="oily"))])
        await second.append(one, [new(one, said(region="EU"))])
        kept = await first.append(one, [new(one, said(budgetTier="$50"))])
        assert kept.versions == [3]
        assert kept.memory.profile == Profile(skinType="oily", region="EU", budgetTier="$50")


async def test_a_stale_cache_never_brings_an_erased_person_back(fresh_dsn: str) -> None:
    one = somebody()
    async with (
        open_store(Settings(), fresh_dsn, clock=now) as first,
        open_store(Settings(), fresh_dsn, clock=now) as second,
    ):
        await first.append(
            one, [new(one, said(skinType="oily")), new(one, logged("2026-03-01", notes="secret"))]
        )
        before = await first.read(one, None)
        await second.erase(one)
        with pytest.raises(StoreError) as caught:
            await first.append(one, [new(one, said(region="EU"))], epoch=before.epoch)
        assert caught.value.kind == "erased"
        later = datetime.now(UTC) + timedelta(minutes=1)
        kept = await first.append(one, [new(one, said(region="US"), at=later)])
        assert (kept.memory.profile, kept.memory.recent_logs) == (Profile(region="US"), [])


class _Overtaken(GroupWriter):
    """Finds its remembered heads stale, so many times."""

    def __init__(self, cache: StateCache, times: int) -> None:
        super().__init__(cache)
        self.times = times
        self.locked: list[bool] = []

    async def _attempt(self, connection: Connection, tickets: Sequence[Ticket], known: Any) -> Fold:
        self.locked.append(connection.is_in_transaction())
        if self.times:
            self.times -= 1
            for ticket in tickets:
                self._cache.put(ticket.stream, StreamState(version=99))
        return await super()._attempt(connection, tickets, known)


@pytest.mark.parametrize(("times", "locked"), [(0, [False]), (1, [False, False]), (2, [False, False, True])])
async def test_a_stale_head_is_read_again_and_at_last_locked(
    db: Database, times: int, locked: list[bool]
) -> None:
    one = somebody()
    await together(Journal(db, StateCache()), [(one.stream, [new(one, opened())])])
    writer = _Overtaken(StateCache(), times)
    ticket = Ticket(one.stream, [new(one, said(region="EU"))], None)
    await db.run(lambda connection: writer.write(connection, [ticket]), lane="journal")
    assert not isinstance(ticket.outcome, BaseException | None)
    assert ticket.outcome.versions == [2]
    assert writer.locked == locked


async def test_a_conflict_that_will_not_settle_is_an_error_after_three(db: Database) -> None:
    one = somebody()
    await together(Journal(db, StateCache()), [(one.stream, [new(one, opened())])])
    writer = _Overtaken(StateCache(), 3)
    ticket = Ticket(one.stream, [new(one, opened())], None)
    await db.run(lambda connection: writer.write(connection, [ticket]), lane="journal")
    assert isinstance(ticket.outcome, StoreError)
    assert (ticket.outcome.kind, ticket.outcome.code) == ("unavailable", "AU001")
    assert await scalar(db, "select count(*) from aurora_events") == 1


class _Dying:
    """A connection that is lost in the moment of the append."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, query: str, *values: object) -> str:
        if "aurora_append" in query:
            query, values = "select pg_terminate_backend(pg_backend_pid())", ()
        return await self._connection.execute(query, *values)


class _LosesAnswers:
    """A database whose connection is lost: before the work is done, or after, with only the answer."""

    def __init__(self, database: Database, plan: list[str]) -> None:
        self._database = database
        self._plan = plan

    async def run(self, work: Any, **lane: Any) -> Any:
        step = self._plan.pop(0) if self._plan else "works"
        if step == "refused":
            raise StoreError("unavailable", "ECONNREFUSED")
        if step == "before":
            return await self._database.run(lambda connection: work(_Dying(connection)), **lane)
        answer = await self._database.run(work, **lane)
        if step == "after":
            raise StoreError("unavailable", "ECONNRESET")
        return answer


@pytest.mark.parametrize(
    "plan", [["before"], ["after"], ["before", "before", "after"], ["before", "refused", "refused"]]
)
async def test_an_unknown_outcome_is_looked_up_and_settled(db: Database, plan: list[str]) -> None:
    people = [somebody() for _ in range(5)]
    journal = Journal(cast(Database, _LosesAnswers(db, list(plan))), StateCache())
    facts = [(one.stream, [new(one, logged("2026-03-01", acne=2)), new(one, opened())]) for one in people]
    assert await together(journal, facts) == [[1, 2]] * 5
    assert await scalar(db, "select count(*) from aurora_events") == 10


async def test_what_was_never_sent_fails_at_once(db: Database) -> None:
    one = somebody()
    journal = Journal(cast(Database, _LosesAnswers(db, ["refused"])), StateCache())
    (error,) = await together(journal, [(one.stream, [new(one, opened())])])
    assert isinstance(error, StoreError)
    assert (error.kind, error.code) == ("unavailable", "ECONNREFUSED")
    assert await scalar(db, "select count(*) from aurora_events") == 0


async def test_a_full_queue_refuses_at_once(db: Database) -> None:
    one = somebody()
    journal = Journal(db, StateCache(), queue_limit=2)
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(journal.append, one.stream, [new(one, opened())], None)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(StoreError) as caught:
            await journal.append(one.stream, [new(one, opened())], None)
        assert caught.value.kind == "unavailable"
        nursery.cancel_scope.cancel()


async def test_too_many_facts_at_once_are_refused(db: Database) -> None:
    one = somebody()
    with pytest.raises(StoreError):
        await Journal(db, StateCache()).append(one.stream, [new(one, opened())] * (FACTS_LIMIT + 1), None)


async def test_closing_writes_what_was_taken_and_refuses_the_rest(fresh_dsn: str) -> None:
    people = [somebody() for _ in range(40)]
    versions: list[int] = []

    async def append(store: Any, one: Any) -> None:
        versions.extend((await store.append(one, [new(one, opened())])).versions)

    async with trio.open_nursery() as nursery, open_store(Settings(), fresh_dsn, clock=now) as store:
        for one in people:
            nursery.start_soon(append, store, one)
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
    assert versions == [1] * 40
    with pytest.raises(StoreError):
        await store.append(people[0], [new(people[0], opened())])


async def test_cancelling_everything_still_writes_what_was_taken(fresh_dsn: str) -> None:
    people = [somebody() for _ in range(10)]
    with trio.CancelScope() as scope:
        async with open_store(Settings(), fresh_dsn, clock=now) as store, trio.open_nursery() as nursery:
            for one in people:
                nursery.start_soon(store.append, one, [new(one, opened())])
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            scope.cancel()
    async with open_store(Settings(), fresh_dsn, clock=now) as store:
        assert [(await store.read(one, None)).version for one in people] == [1] * 10


async def test_appends_and_reads_of_a_fresh_and_an_old_cache_agree(db: Database) -> None:
    """A state that a read brought in serves the next append, which an older read never undoes."""
    one = somebody()
    async with store_over(db, Settings(), clock=now) as store:
        await store.read(one, None)
        await store.append(one, [new(one, logged("2026-03-01", acne=1))])
    async with store_over(db, Settings(), clock=now) as store:
        await store.read(one, None)
        kept = await store.append(one, [new(one, logged("2026-03-02", acne=2))])
        assert [log.date for log in kept.memory.recent_logs] == ["2026-03-02", "2026-03-01"]
        assert kept.versions == [2]


async def test_a_read_brings_in_what_another_worker_wrote(fresh_dsn: str) -> None:
    """A remembered state saves reading the rows again only while its head stands."""
    one = somebody()
    async with (
        open_store(Settings(), fresh_dsn, clock=now) as first,
        open_store(Settings(), fresh_dsn, clock=now) as second,
    ):
        for turn in range(3):
            await first.append(
                one, [new(one, said(region=f"r{turn}")), new(one, logged(f"2026-03-0{turn + 1}"))]
            )
            for store in (first, second, first):
                memory = await store.read(one, None)
                assert memory.profile == Profile(region=f"r{turn}")
                assert len(memory.recent_logs) == turn + 1
        await first.erase(one)
        for store in (first, second):
            memory = await store.read(one, None)
            assert (memory.profile, memory.recent_logs, memory.epoch) == (None, [], 1)


async def test_an_unreadable_row_is_the_trouble_of_its_own_person(db: Database) -> None:
    people = [somebody() for _ in range(5)]
    async with store_over(db, Settings(), clock=now) as store:
        for one in people:
            await store.append(one, [new(one, said(goals=["acne"]))])
    broken = people[2]
    spoil = "UPDATE aurora_user_profiles SET goals = '7' WHERE stream = $1"
    await db.run(lambda connection: connection.execute(spoil, broken.stream))
    outcomes: list[list[int]] = []
    async with store_over(db, Settings(), clock=now) as store:

        async def live(one: Identity) -> None:
            try:
                await store.read(one, None)
            except StoreError:
                with pytest.raises(StoreError) as caught:
                    await store.append(one, [new(one, said(region="EU"))])
                assert caught.value.code == "XX001"
                outcomes.append([0])
            else:
                outcomes.append((await store.append(one, [new(one, said(region="EU"))])).versions)

        async with trio.open_nursery() as nursery:
            for one in people:
                nursery.start_soon(live, one)
    assert sorted(outcomes) == [[0], [2], [2], [2], [2]]


async def test_a_journal_that_cannot_drain_answers_everybody(autojump_clock: object) -> None:
    """Its database never answers: after DRAIN_S the waiting callers are told, nobody hangs."""

    class Mute:
        async def run(self, work: Any, **lane: Any) -> Any:
            await trio.sleep_forever()

    one = somebody()
    journal = Journal(cast(Database, Mute()), StateCache())
    outcomes: list[StoreError] = []

    async def attempt(call: Any) -> None:
        with pytest.raises(StoreError) as caught:
            await call
        outcomes.append(caught.value)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(attempt, journal.append(one.stream, [new(one, opened())], None))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(attempt, journal.erase(one.stream))
        nursery.start_soon(attempt, journal.append(one.stream, [new(one, opened())], None))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(journal.run)
        await trio.testing.wait_all_tasks_blocked()
        await journal.drain()
    assert [(error.kind, error.code) for error in outcomes] == [("unavailable", "57P01")] * 3
