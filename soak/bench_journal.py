"""Durable appends per second with concurrent writers, through the real journal.

`measure(dsn)` wants a migrated database; every writer has its own stream and appends one fact after the other
(closed loop), each waiting until it is durable.
"""

from __future__ import annotations

import resource
import uuid
from collections.abc import Callable

import msgspec
import trio

from aurora.contract.turn import Identity
from aurora.settings import Settings
from aurora.store.facts import Fact, FactMeta, NewFact, OutboundOpened, SkinLogged
from aurora.store.open import open_store
from aurora.store.port import Store


class JournalFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. per_s: durable appends a second. cpu_us: our own CPU per append."""

    fact: str
    writers: int
    appends: int
    per_s: float
    cpu_us: float


def _outbound(_: int) -> Fact:
    return OutboundOpened(outcome="success", url="https://shop.example/p/4711", offer_id="of_4711")


def _check_in(n: int) -> Fact:
    return SkinLogged(
        date=f"2026-03-{n % 28 + 1:02d}", redness=n % 6, acne=1, hydration=4, notes="calm today"
    )


FACTS: dict[str, Callable[[int], Fact]] = {"OutboundOpened": _outbound, "SkinLogged": _check_in}


async def measure(
    dsn: str, *, writers: int = 64, seconds: float = 3.0, settings: Settings | None = None
) -> list[JournalFigure]:
    """Figures for each kind of fact, one after the other. Raises StoreError if the database is away."""
    async with open_store(settings or Settings(), dsn) as store:
        return [await _measure(store, name, writers, seconds) for name in FACTS]


async def _measure(store: Store, name: str, writers: int, seconds: float) -> JournalFigure:
    counts = [0] * writers
    make = FACTS[name]

    async def write(number: int) -> None:
        identity = Identity(f"bench-{name}-{number}-{uuid.uuid4().hex}")
        meta = FactMeta(
            request_id=f"rq-{number}",
            trace_id=f"tr-{number}",
            occurred_at="2026-03-01T12:00:00.000Z",
            uid=identity.uid,
        )
        while True:
            fact = NewFact(event_id=str(uuid.uuid4()), fact=make(counts[number]), meta=meta)
            await store.append(identity, [fact])
            counts[number] += 1

    async with trio.open_nursery() as nursery:
        for number in range(writers):
            nursery.start_soon(write, number)
        await trio.sleep(0.5)  # caches, prepared statements
        before, cpu, start = sum(counts), _cpu_s(), trio.current_time()
        await trio.sleep(seconds)
        elapsed, spent, done = trio.current_time() - start, _cpu_s() - cpu, sum(counts) - before
        nursery.cancel_scope.cancel()
    return JournalFigure(
        fact=name,
        writers=writers,
        appends=done,
        per_s=round(done / elapsed, 1),
        cpu_us=round(spent / max(1, done) * 1e6, 1),
    )


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
