"""A bundle's turns into the trace tables of a database. Facts and what is known of people stay untouched."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import msgspec

from aurora.replay.bundle import Bundle
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError
from aurora.replay.sources import Selection
from aurora.store.port import StoreError, TraceRecord
from aurora.store.postgres import Connection, Database
from aurora.store.traces import days_of, ensure_days, write_traces

_GROUP: Final = 100
_KNOWN: Final = "SELECT stream, request_id FROM aurora_traces WHERE request_id = ANY ($1::text[])"
_HEADS: Final = (
    "SELECT stream, epoch, erased_at IS NOT NULL FROM aurora_streams WHERE stream = ANY ($1::text[])"
)


class Imported(msgspec.Struct, kw_only=True):
    """What an import did. known: were there already. erased: of identities erased here, and so not taken.

    damaged: cannot be read by this version, and so not taken.
    """

    written: int = 0
    known: int = 0
    erased: int = 0
    damaged: int = 0


async def import_bundle(
    bundle: Bundle,
    db: Database,
    selection: Selection | None = None,
    *,
    on_turns: Callable[[int], None] | None = None,
) -> Imported:
    """Copy the turns of a bundle, in groups; doing it again changes nothing. Raises ReplayError.

    on_turns: told how many were dealt with. Turns older than the retention are dropped by the next clean-up.
    """
    seen = Imported()
    group: list[RecordedTurn] = []
    async with aclosing(bundle.turns(selection or Selection())) as turns:
        async for turn in turns:
            if isinstance(turn, DamagedTraceError):
                seen.damaged += 1
                continue
            group.append(turn)
            if len(group) == _GROUP:
                await _write(db, group, seen)
                if on_turns is not None:
                    on_turns(len(group))
                group = []
    if group:
        await _write(db, group, seen)
        if on_turns is not None:
            on_turns(len(group))
    return seen


async def _write(db: Database, group: list[RecordedTurn], seen: Imported) -> None:
    async def work(connection: Connection) -> tuple[int, int, int]:
        known = {(row[0], row[1]) for row in await connection.fetch(_KNOWN, [t.request_id for t in group])}
        heads = {
            row[0]: (row[1], row[2])
            for row in await connection.fetch(_HEADS, list({turn.stream for turn in group}))
        }
        fresh = [turn for turn in group if (turn.stream, turn.request_id) not in known]
        taken: list[tuple[TraceRecord, str]] = []
        for turn in fresh:
            epoch, was_erased = heads.get(turn.stream, (0, False))
            # Epochs count erasures here, so a bundle's say nothing of an identity that was never erased here.
            if not was_erased or epoch == turn.epoch:
                taken.append((_record(turn, epoch), turn.raw_events.decode()))
        await ensure_days(connection, days_of(taken))
        written = await write_traces(connection, taken) if taken else 0
        return written, len(group) - len(fresh), len(fresh) - len(taken)

    try:
        written, known, erased = await db.run(work, deadline_s=math.inf)
    except StoreError as error:
        if error.kind == "schema_not_ready":
            raise ReplayError("The database has no tables for traces yet: run `aurora migrate`.") from error
        raise ReplayError(f"The database cannot be written ({error}).") from error
    seen.written += written
    seen.known += known
    seen.erased += erased


def _record(turn: RecordedTurn, epoch: int) -> TraceRecord:
    row = {name: getattr(turn, name) for name in TraceRecord.__struct_fields__ if name != "events"}
    return TraceRecord(**{**row, "epoch": epoch}, events=[])
