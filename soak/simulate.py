"""The seeded simulation: `python -m soak.simulate --seeds N`, `--minutes M`, or `--seed N` for one, in full.

Ends with 1 when a law is broken, and names the seeds. See docs/simulation.md.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import click
import msgspec

from aurora import telemetry
from soak.simulation import Lived, digest, lived
from soak.simulation_cuts import NEVER_WAITS, Cuts, Site, Sites, sites_of_a_turn
from soak.simulation_laws import KNOWN, Laws

MOST_SHOWN = 20


class Report(msgspec.Struct, kw_only=True):
    """What some seeds came to. broken: (seed, law and where). known: seeds by
    law of `KNOWN`. wall_s: real time it took.
    """

    seeds: int = 0
    turns: int = 0
    virtual_s: float = 0.0
    wall_s: float = 0.0
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    checks: Counter[str] = msgspec.field(default_factory=Counter)
    outcomes: Counter[str] = msgspec.field(default_factory=Counter)
    broken: list[tuple[int, str]] = []
    known: dict[str, list[int]] = {}

    @property
    def turns_a_minute(self) -> float:
        """Whole turns, verified, in a real minute."""
        return self.turns / self.wall_s * 60

    @property
    def virtual_hours_a_minute(self) -> float:
        """Simulated hours that pass in a real minute."""
        return self.virtual_s / 3600 / self.wall_s * 60


def simulate(seeds: Iterator[int], cuts: Cuts, *, seconds: float | None = None) -> Report:
    """Live the worlds of `seeds` and judge them, until there are none or the time is over."""
    report, laws = Report(), Laws()
    begun = time.monotonic()
    for seed in seeds:
        world = lived(seed)
        for broken in laws.judge(world):
            law = broken.partition(":")[0]
            if law in KNOWN:
                report.known.setdefault(law, []).append(seed)
            else:
                report.broken.append((seed, broken))
        cuts.add(world.cuts)
        report.seeds += 1
        report.turns += len(world.lives)
        report.virtual_s += world.virtual_s
        report.faults += world.dice.struck
        report.outcomes.update(f"{record.kind} {record.outcome}" for record in world.store.traces)
        report.wall_s = time.monotonic() - begun
        if seconds is not None and report.wall_s > seconds:
            break
    report.checks = laws.made
    return report


def uncovered(sites: Sites, cuts: Cuts) -> list[Site]:
    """Awaits that no seed cut at, those left out that never wait."""
    return [s for s in sites.function if not cuts.at[s] and sites.label(s) not in NEVER_WAITS]


def disproved(sites: Sites, cuts: Cuts) -> list[Site]:
    """Awaits that are said never to wait, and were cut at."""
    return [s for s in sites.function if cuts.at[s] and sites.label(s) in NEVER_WAITS]


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=1000, show_default=True, help="How many worlds.")
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="The first seed.")
@click.option("--minutes", type=float, help="Stop after so many real minutes.")
@click.option("--seed", type=click.IntRange(0), help="One world alone, told turn by turn.")
def main(seeds: int, first: int, minutes: float | None, seed: int | None) -> None:
    """Live seeded worlds, and look whether every law holds in them."""
    telemetry.configure_logging("error")
    if seed is not None:
        raise SystemExit(_tell(seed))
    cuts = Cuts()
    report = simulate(
        iter(range(first, first + seeds)), cuts, seconds=None if minutes is None else minutes * 60
    )
    sites = sites_of_a_turn()
    print(f"seeds                          {report.seeds} (from {first})")
    print(f"turns                          {report.turns}")
    print(f"turns a real minute            {report.turns_a_minute:,.0f}")
    print(f"virtual hours a real minute    {report.virtual_hours_a_minute:.1f}")
    print(f"distinct cut points            {len(cuts.points)} (chains of awaits, by what cut them)")
    missed, never = uncovered(sites, cuts), len(NEVER_WAITS)
    reached = sum(cuts.at[s] > 0 for s in sites.function)
    print(f"awaits of a turn               {len(sites.function)}: {reached} cut at, {never} never wait")
    _table("turns by outcome", report.outcomes)
    _table("faults by kind", report.faults)
    _table("checks made", report.checks)
    for site in missed:
        print(f"NOT CUT AT {site} {sites.text[site]}")
    for site in disproved(sites, cuts):
        print(f"WAITS AFTER ALL {site} {sites.text[site]}")
    for law, seeds_of_it in sorted(report.known.items()):
        print(f"KNOWN {law}: {len(seeds_of_it)} worlds, such as seed {seeds_of_it[0]}; {KNOWN[law]}")
    for number, broken in report.broken[:MOST_SHOWN]:
        print(f"BROKEN seed {number}: {broken}\n  again: python -m soak.simulate --seed {number}")
    if len(report.broken) > MOST_SHOWN:
        print(f"... and {len(report.broken) - MOST_SHOWN} more")
    raise SystemExit(1 if report.broken else 0)


def _table(name: str, counts: Counter[str]) -> None:
    print(f"{name} ({counts.total():,})")
    for key, count in counts.most_common():
        print(f"  {key:<56} {count:>9,}")


def _tell(seed: int) -> int:
    world = lived(seed)
    told = {record.request_id: record for record in world.store.traces}
    print(f"seed {seed}, {world.virtual_s:.3f} virtual seconds, digest {digest(world)}")
    for each in world.lives:
        record = told.get(each.planned.request_id)
        print(f"{each.begun:10.3f} s  {each.planned.request_id:<6} {each.planned.uid} {_line(each)}")
        for event in record.events if record is not None else ():
            what = {key: value for key, value in event.items() if key in _SHOWN}
            print(f"{event['at_ms']:>14} ms  {event['type']:<9} {what or ''}")
    broken = Laws().judge(world)
    for law in broken:
        print(f"BROKEN {law}")
    return 1 if broken else 0


_SHOWN = ("name", "ms", "call", "actor", "code", "detail", "after", "reason", "status", "outcome")


def _line(each: Lived) -> str:
    end = "refused" if each.refused else "left" if each.left else each.bug or "answered"
    said = msgspec.json.encode(each.planned.body).decode()
    return f"{each.planned.kind} {each.planned.lang} {end} {said}"


if __name__ == "__main__":
    main()
