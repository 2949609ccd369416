"""Events of the log folded and compared a second, by one process: `python -m soak.bench_rebuild`.

A log of everyday facts is appended through the real journal into an embedded Postgres, then rebuilt: compared
only, and compared with every profile spoilt, so that rows are really replaced. `aurora replay --rebuild` does
the same. The Postgres runs where it likes.
"""

from __future__ import annotations

import sys
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
import trio

from aurora import telemetry
from aurora.contract.memory import Conversation
from aurora.contract.turn import Identity, iso_ms
from aurora.settings import Settings
from aurora.store.embedded import embedded_postgres
from aurora.store.facts import (
    AnalysisCompleted,
    ConversationMoved,
    Fact,
    FactMeta,
    NewFact,
    OutboundOpened,
    ProfilePatched,
    RecommendationsGiven,
    SkinLogged,
)
from aurora.store.migrate import migrate
from aurora.store.open import store_over
from aurora.store.port import Store
from aurora.store.postgres import Connection, Database, open_database
from aurora.store.rebuild import RebuildReport, rebuild
from soak.stats import Figure, median, table

TARGET_PER_S = 20_000
_EACH = 50  # facts of one person
_WRITERS = 16


def _fact(number: int) -> Fact:
    """The `number`-th fact of a person: mostly check-ins and moves of the conversation, one analysis."""
    if number == 10:
        artifact = {
            "artifact_id": f"da_{number}",
            "overall_confidence": {"score": 0.75, "level": "medium", "rationale": ["core4"] * 4},
            "source_mix": ["profile", "rule"],
            "notes": ["gentle cleanser twice a day, one active at a time"] * 40,
        }
        plan = {"plan_id": f"ip_{number}", "intensity": "gentle", "steps": ["niacinamide"] * 30}
        return AnalysisCompleted(
            analysis={"features": ["calm"] * 20}, lang="EN", source="rule_based", artifact=artifact, plan=plan
        )
    match number % 5:
        case 0:
            return ProfilePatched(patch={"skinType": "oily", "goals": ["acne", "pores"]})
        case 1 | 2:
            return SkinLogged(date=f"2026-03-{number % 28 + 1:02d}", redness=number % 6, acne=1, notes="calm")
        case 3:
            return ConversationMoved(brief_id="brief", conversation=Conversation(token="S2_DIAGNOSIS"))  # noqa: S106 - a state
    if number % 2:
        return RecommendationsGiven(
            run_id=f"rr_{number}", source="upstream", items=[{"slot": "am", "title": "cream"}] * 3, request={}
        )
    return OutboundOpened(outcome="success", url="https://shop.example/p/4711")


async def fill(store: Store, events: int) -> None:
    """Append so many events, of as many people as it takes."""
    people = [Identity(f"bench-{number}") for number in range(max(1, events // _EACH))]
    at = datetime.now(UTC)

    async def write() -> None:
        while people:
            one = people.pop()
            facts = [_new(one, number, at + timedelta(milliseconds=number)) for number in range(_EACH)]
            await store.append(one, facts)

    async with trio.open_nursery() as nursery:
        for _ in range(_WRITERS):
            nursery.start_soon(write)


def _new(one: Identity, number: int, at: datetime) -> NewFact:
    meta = FactMeta(
        request_id=f"rq-{number}",
        trace_id=f"tr-{number}",
        occurred_at=iso_ms(at),
        uid=one.uid,
        brief_id="brief",
    )
    return NewFact(event_id=str(uuid.uuid4()), fact=_fact(number), meta=meta)


async def _spoil(connection: Connection) -> Any:
    return await connection.execute("UPDATE aurora_user_profiles SET region = 'nowhere'")


async def timed(db: Database, *, swap: bool) -> tuple[RebuildReport, float]:
    """One rebuild and its events a second."""
    start = trio.current_time()
    report = await rebuild(db, swap=swap)
    return report, report.events / (trio.current_time() - start)


async def figures(state: str, events: int, rounds: int) -> list[Figure]:
    """Both ways of a rebuild. Raises StoreError."""
    settings = Settings(state_dir=state)
    compared: list[float] = []
    swapped: list[float] = []
    right = True
    async with embedded_postgres(state) as dsn, open_database(dsn, settings) as db:
        await migrate(db)
        async with store_over(db, settings) as store:
            await fill(store, events)
        await db.run(lambda connection: connection.execute("ANALYZE"))
        for _ in range(rounds):
            report, rate = await timed(db, swap=False)
            right = right and report.differing == 0
            compared.append(rate)
        for _ in range(rounds):
            await db.run(_spoil)
            report, rate = await timed(db, swap=True)
            right = right and report.differing == report.streams
            swapped.append(rate)
        report, _ = await timed(db, swap=False)
        right = right and report.differing == 0
    told = f"{report.events} events of {report.streams} people, {sum(report.rows.values())} rows"
    return [
        Figure(
            group="rebuild", name=name, value=median(rates), unit="events/s", target=target,
            ok=right and median(rates) >= TARGET_PER_S if target else None,
            note=f"{told}; " + " ".join(f"{rate:.0f}" for rate in rates),
        )
        for name, rates, target in (
            ("log folded and compared with the tables", compared, f">= {TARGET_PER_S}"),
            ("log folded, every profile replaced", swapped, ""),
        )
    ]  # fmt: skip


@click.command()
@click.option("--events", default=150_000, show_default=True, help="Length of the log.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), help="Write the figures to a file as JSON.")
def main(events: int, rounds: int, out: str | None) -> None:
    """Measure. Ends with exit code 0 whatever is found."""
    telemetry.configure_logging("error")
    with tempfile.TemporaryDirectory(prefix="aurora-state-") as state:
        # Run by root, the server is another account's and must reach its directory.
        Path(state).chmod(0o755)
        found = trio.run(figures, state, events, rounds)
    if out is not None:
        Path(out).write_bytes(msgspec.json.encode(found))
    sys.stdout.write(table(found) + "\n")


if __name__ == "__main__":
    main()
