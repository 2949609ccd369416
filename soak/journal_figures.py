"""The journal's figures on an embedded Postgres of their own: `python -m soak.journal_figures --out FILE`.

A process apart, so that the asyncio loop of the store and its memory leave the rest of the bench alone.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import msgspec
import trio

from aurora.settings import Settings
from aurora.store.embedded import embedded_postgres
from aurora.store.migrate import migrate
from aurora.store.postgres import open_database
from soak.bench_journal import measure
from soak.stats import Figure, median

TARGETS = {"OutboundOpened": 10_000, "SkinLogged": 4_000}
MEANING = {"OutboundOpened": "a plain event", "SkinLogged": "SkinLogged with its projection"}
WRITERS = 64


async def figures(state: str, seconds: float, rounds: int) -> list[Figure]:
    """Durable appends a second with 64 writers, medians. Raises EmbeddedPostgresError, StoreError."""
    settings = Settings(state_dir=state)
    async with embedded_postgres(state) as dsn:
        async with open_database(dsn, settings) as database:
            await migrate(database)
        measured = [
            await measure(dsn, writers=WRITERS, seconds=seconds, settings=settings) for _ in range(rounds)
        ]
    found: list[Figure] = []
    for kind, rows in {row[0].fact: row for row in zip(*measured, strict=True)}.items():
        rate = median(row.per_s for row in rows)
        target = TARGETS[kind]
        found.append(
            Figure(
                group=f"journal, {WRITERS} writers",
                name=MEANING[kind],
                value=rate,
                unit="appends/s",
                target=f">= {target:,}",
                ok=rate >= target,
                note=" ".join(f"{row.per_s:.0f}" for row in rows)
                + f"; {median(row.cpu_us for row in rows):.0f} us of CPU each, Postgres apart",
            )
        )
    return found


@click.command()
@click.option("--seconds", default=3.0, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False), required=True)
def main(seconds: float, rounds: int, out: str) -> None:
    """Write the figures to a file as JSON; the store's log lines go where they always go."""
    with tempfile.TemporaryDirectory(prefix="aurora-state-") as state:
        # Run by root, the server is another account's and must reach its directory.
        Path(state).chmod(0o755)
        Path(out).write_bytes(msgspec.json.encode(trio.run(figures, state, seconds, rounds)))


if __name__ == "__main__":
    main()
