"""Recorded turns verified a second on one core, out of a real database: `python -m soak.bench_replay`.

A day of everyday turns is recorded by the real flows and actors' readers under a mock clock, written to an
embedded Postgres, and verified as `aurora replay --verify` does. A process of its own, pinned to one core;
the Postgres runs where it likes.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
import psutil
import trio
import trio.testing

from aurora import telemetry
from aurora.actors.call import Call, Handler
from aurora.actors.clerk import Clerk
from aurora.actors.decision import read_outcome
from aurora.actors.findings import Failure, Finding
from aurora.actors.house import House
from aurora.actors.links import Reply
from aurora.actors.memory import memory_handler
from aurora.actors.questions import DecisionChat
from aurora.actors.trace import Tracer
from aurora.actors.turn import conduct
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.contract.validation import decode
from aurora.flows.table import TURN_KINDS
from aurora.replay.sources import DatabaseSource, Selection
from aurora.replay.verify import Summary, TurnReport, verify_all
from aurora.rules.request import trigger_source
from aurora.sandbox import decision as sandbox
from aurora.settings import Settings
from aurora.store.embedded import embedded_postgres
from aurora.store.ephemeral import EphemeralStore
from aurora.store.migrate import migrate
from aurora.store.port import TraceRecord
from aurora.store.postgres import Connection, Database, open_database
from aurora.store.traces import TraceBuffer, days_of, ensure_days, write_traces
from soak.stats import Figure, median

TARGET_PER_S = 500
DAY = datetime(2026, 3, 10, tzinfo=UTC)
_RECO = {"action": {"action_id": "chip.start.reco_products", "kind": "chip"}}
_PROFILE = {"skinType": "oily", "sensitivity": "low", "barrierStatus": "healthy", "goals": ["acne"]}

# What one person does in a session: kind, body, language.
SESSION: tuple[tuple[str, Any, Any], ...] = (
    ("bootstrap", None, "EN"),
    ("chat", {"message": "What does niacinamide do for oily skin?"}, "EN"),
    ("chat", {"message": "烟酰胺和视黄醇可以一起用吗？"}, "CN"),
    ("chat", _RECO, "EN"),
    ("profile_update", _PROFILE, "EN"),
    ("tracker_log", {"redness": 2, "acne": 1, "hydration": 3, "notes": "calm today"}, "CN"),
    (
        "analysis",
        {"currentRoutine": "AM: gentle cleanser, SPF 50. PM: cleanser, retinol, moisturizer."},
        "EN",
    ),
    ("chat", _RECO, "CN"),
    ("chat", {"message": "severe pain, oozing pus and fever, recommend"}, "EN"),
    ("chat", {"message": "does sunscreen need to be reapplied? slow"}, "EN"),
    ("tracker_recent", None, "EN"),
)


class Recorder(EphemeralStore):
    """The store that keeps nothing, but for traces."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, lambda: DAY)
        self.traces: list[TraceRecord] = []

    def trace(self, record: TraceRecord) -> None:
        """Keep it."""
        self.traces.append(record)


async def _decision(call: Call) -> Finding:
    """The sandbox's answers after 300 ms; one question in a session is never answered."""
    question = call.question
    if not isinstance(question, DecisionChat):
        raise TypeError(type(question).__name__)
    await trio.sleep(60 if "slow" in question.query else 0.3)
    body = sandbox.reply(question.query)
    return read_outcome(Reply(status=200, body=body, raw=msgspec.json.encode(body)))


async def _nobody(call: Call) -> Finding:
    return Failure(actor=call.question.actor, code="not_configured")


def record(sessions: int) -> list[TraceRecord]:
    """The traces of so many sessions, each of another person."""
    settings = Settings(decision_base_url="http://decision.bench", chat_budget_ms=4000)
    store = Recorder(settings)
    actors: Mapping[str, Handler] = {
        "memory": memory_handler(store),
        "decision": _decision,
        "commerce": _nobody,
    }
    clerk = Clerk(cost_ms=0, floor_ms=0, pace_ms=0)
    house = House(settings, store, {}, clerk=clerk, tracer=Tracer(store), actors=actors)

    async def main() -> None:
        for person in range(sessions):
            for step, (kind, body, lang) in enumerate(SESSION):
                turn = _turn(f"bench-{person}", person * len(SESSION) + step, kind, body, lang)
                await conduct(house, turn, TURN_KINDS[kind].flow, budget=(kind, 4000))
            house.tracer.flush()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return store.traces


def _turn(uid: str, number: int, kind: str, body: Any, lang: Any) -> Turn:
    named = TURN_KINDS[kind].body
    context = RequestContext(
        request_id=f"rq-{number}",
        trace_id=f"tr-{number}",
        lang=lang,
        uid=uid,
        brief_id=f"brief-{uid}",
        trigger_source=trigger_source(body) if kind == "chat" else "text",
    )
    return Turn(
        kind=kind,
        context=context,
        identity=Identity(uid),
        now=DAY + timedelta(milliseconds=number * 400),
        seed=f"{number:032x}",
        body=decode(named, body) if named is not None else None,
    )


async def write(database: Database, records: list[TraceRecord]) -> None:
    """All traces, as the service writes them."""

    async def work(connection: Connection) -> None:
        for start in range(0, len(records), 200):
            buffer = TraceBuffer()
            for each in records[start : start + 200]:
                buffer.add(each)
            taken = buffer.take(200)
            await ensure_days(connection, days_of(taken))
            await write_traces(connection, taken)
        await connection.execute("ANALYZE aurora_traces")

    await database.run(work, deadline_s=600)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One verification of the whole day. grown_mb: resident memory from a tenth of the way to the end."""

    summary: Summary
    wall_s: float
    cpu_s: float
    grown_mb: float


async def verify(database: Database, turns: int) -> Run:
    """Verify everything, watching memory."""
    process = psutil.Process()
    seen = 0
    rested = 0.0

    def look(_: TurnReport) -> None:
        nonlocal seen, rested
        seen += 1
        if seen == max(1, turns // 10):
            rested = process.memory_info().rss / 1e6

    start, cpu = trio.current_time(), _cpu_s()
    summary = await verify_all(DatabaseSource(database), Selection(), on_turn=look)
    return Run(
        summary=summary,
        wall_s=trio.current_time() - start,
        cpu_s=_cpu_s() - cpu,
        grown_mb=process.memory_info().rss / 1e6 - rested,
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def figures(state: str, records: list[TraceRecord], rounds: int) -> list[Figure]:
    """Verified turns a second, and how much memory that takes. Empties `records`.

    Raises StoreError, ReplayError.
    """
    settings = Settings(state_dir=state)
    async with embedded_postgres(state) as dsn, open_database(dsn, settings) as database:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        await migrate(database)
        await write(database, records)
        turns = len(records)
        records.clear()
        runs = [await verify(database, turns) for _ in range(rounds)]
    last = runs[-1].summary
    rate = median(run.summary.turns / run.wall_s for run in runs)
    return [
        Figure(
            group="replay",
            name="turns verified out of the database, one core",
            value=rate,
            unit="turns/s",
            target=f">= {TARGET_PER_S}",
            ok=rate >= TARGET_PER_S and last.same == turns,
            note=f"{last.turns} turns, {last.same} the same; "
            + " ".join(f"{run.summary.turns / run.wall_s:.0f}" for run in runs)
            + f"; {median(run.cpu_s for run in runs) / last.turns * 1e6:.0f} us of CPU each",
        ),
        Figure(
            group="replay",
            name="memory grown over the last nine tenths of it",
            value=max(run.grown_mb for run in runs[1:] or runs),
            unit="MB",
            target="flat",
            note=" ".join(f"{run.grown_mb:.1f}" for run in runs),
        ),
    ]


@click.command()
@click.option("--turns", default=22_000, show_default=True, help="About so many turns in the day.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), help="Write the figures to a file as JSON.")
def main(turns: int, rounds: int, out: str | None) -> None:
    """Measure. Ends with exit code 0 whatever is found."""
    telemetry.configure_logging("error")
    records = record(max(1, turns // len(SESSION)))
    with tempfile.TemporaryDirectory(prefix="aurora-state-") as state:
        # Run by root, the server is another account's and must reach its directory.
        Path(state).chmod(0o755)
        found = trio.run(figures, state, records, rounds)
    if out is not None:
        Path(out).write_bytes(msgspec.json.encode(found))
    for figure in found:
        sys.stderr.write(
            f"{figure.group}: {figure.name}: {figure.value:,.1f} {figure.unit} ({figure.note})\n"
        )


if __name__ == "__main__":
    main()
