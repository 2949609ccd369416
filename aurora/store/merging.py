"""A device's memory taken into an account: read both, decide (`rules.merge`), append one event.

No transaction holds two streams. The device is read first, and its own stream is told whose this memory is
now: nobody who signs in on it later takes it along a second time. Then the account; what is taken is appended
only if the account still stands at the version at which it was decided (`Journal.append(at=)`), else all of
it happens again. Both epochs guard against an erasure in between, and whoever erases a device asks afterwards
which account it stands for (`flows.profile`), so a merge that read it before is erased as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from aurora.contract.belongings import (
    NOTHING,
    Belongings,
    Holdings,
    KeptAnalysis,
    KeptArtifact,
    KeptDay,
    KeptPlan,
    KeptRun,
    Said,
)
from aurora.rules.merge import said_after, taken
from aurora.store.codec import decode_event
from aurora.store.facts import DeviceLinked, GuestMerged, NewFact, ProfilePatched
from aurora.store.journal import Journal
from aurora.store.port import StoreError
from aurora.store.postgres import Connection, Database
from aurora.store.projections import PROFILE_COLUMNS
from aurora.store.rows import ArtifactRow, LogRow, PlanRow, ProfileRow, Row, RunRow, columns

TRIES: Final = 8  # an account that is written to all the time is merged with at the next sign-in
# What goes along at once, the newest first; the rest stays with the device and comes at the next sign-in.
# Artifacts, plans and runs as contract A 11 counts them; ten years of days.
MOST_DAYS: Final = 3660
MOST_ARTIFACTS: Final = 30
MOST_PLANS: Final = 300
MOST_RUNS: Final = 20
# Bytes of days, and of artifacts, plans and runs, of one event.
MOST_BYTES: Final = 2_097_152
# How far back is looked for when a fact of the profile was said; what is older counts as old as the profile.
MOST_PATCHES: Final = 2000

_encode = msgspec.json.Encoder().encode

_HEAD: Final = "SELECT version, epoch FROM aurora_streams WHERE stream = $1"
_PATCHES: Final = """
SELECT stream, version, event_id::text, type, schema_version, data::text, meta::text FROM (
  SELECT * FROM aurora_events WHERE stream = $1 ORDER BY version DESC LIMIT $2) newest
WHERE type = ANY ($3::text[]) ORDER BY version DESC"""
_LINKS: Final = """
SELECT stream, version, event_id::text, type, schema_version, data::text, meta::text FROM aurora_events
WHERE stream = $1 AND type = $2 ORDER BY version DESC LIMIT $3"""
_MOST_LINKS: Final = 100
_KINDS: Final = [ProfilePatched.__name__, GuestMerged.__name__]
_PAGE: Final = 500


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stream stands."""

    version: int
    epoch: int


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What a device remembers. links: (account, when it took what there was), the newest first."""

    epoch: int
    belongings: Belongings
    links: list[tuple[str, str]]

    def for_account(self, account: str) -> Belongings:
        """What no other account has taken."""
        others = [at for taker, at in self.links if taker != account]
        return said_after(self.belongings, max(others)) if others else self.belongings


Make = Callable[[GuestMerged | DeviceLinked], NewFact]


async def merge(database: Database, journal: Journal, device: str, account: str, make: Make) -> Belongings:
    """Take along what the device's stream has and the account's does not; answers what was taken.

    make: a fact with its id and meta. Raises StoreError: `erased` when either was erased meanwhile, `moved`
    when the account would not stand still.
    """
    for _ in range(TRIES):
        known = await database.run(lambda connection: _read_guest(connection, device))
        guest = known.for_account(account)
        if guest.empty:
            return NOTHING
        if not known.links or known.links[0][0] != account:
            await journal.append(device, [make(DeviceLinked(account=account))], known.epoch)
        found, holdings = await database.run(lambda connection: _read_account(connection, account))
        along = bounded(taken(holdings, guest))
        if along.empty:
            return NOTHING
        fact = make(GuestMerged(device=device, taken=along))
        try:
            await journal.append(account, [fact], found.epoch, at=found.version)
        except StoreError as error:
            if error.kind != "moved":
                raise
        else:
            return along
    raise StoreError("moved")


def bounded(along: Belongings) -> Belongings:
    """What fits into one event: the newest days, and the newest of the rest."""
    return msgspec.structs.replace(
        along,
        days=_within(along.days[:MOST_DAYS], MOST_BYTES),
        artifacts=_within(along.artifacts[:MOST_ARTIFACTS], MOST_BYTES),
        plans=_within(along.plans[:MOST_PLANS], MOST_BYTES),
        runs=_within(along.runs[:MOST_RUNS], MOST_BYTES),
    )


def _within(items: list[Any], most: int) -> list[Any]:
    size = 0
    for number, item in enumerate(items):
        size += len(_encode(item))
        if size > most:
            return items[:number]
    return items


async def _read_guest(connection: Connection, stream: str) -> Device:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(_HEAD, stream)
        links = [
            decode_event(*row)
            for row in await connection.fetch(_LINKS, stream, DeviceLinked.__name__, _MOST_LINKS)
        ]
        profile = await _profile(connection, stream)
        days = await _rows(connection, LogRow, stream, "log_date DESC", 2 * MOST_DAYS)
        artifacts = await _rows(connection, ArtifactRow, stream, "created_at DESC", MOST_ARTIFACTS)
        plans = await _rows(connection, PlanRow, stream, "created_at DESC", MOST_PLANS)
        runs = await _rows(connection, RunRow, stream, "created_at DESC", MOST_RUNS)
        said = {} if profile is None else await _said(connection, stream, profile)
    belongings = Belongings(
        profile=said,
        analysis=_analysis(profile),
        days=[_day(row) for row in days],
        artifacts=[
            KeptArtifact(
                artifact_id=row.artifact_id,
                created_at=row.created_at,
                artifact=row.artifact_json,
                confidence_score=row.confidence_score,
                confidence_level=row.confidence_level,
                session_id=row.session_id,
                source_mix=row.source_mix,
            )
            for row in artifacts
        ],
        plans=[
            KeptPlan(
                plan_id=row.plan_id,
                artifact_id=row.artifact_id,
                created_at=row.created_at,
                plan=row.plan_json,
                intensity=row.intensity,
            )
            for row in plans
        ],
        runs=[
            KeptRun(
                run_id=row.reco_run_id,
                created_at=row.created_at,
                request=row.request_context_json,
                reco=row.reco_json,
                artifact_id=row.artifact_id,
                plan_id=row.plan_id,
                confidence=row.overall_confidence,
            )
            for row in runs
        ],
    )
    return Device(
        epoch=head["epoch"] if head else 0,
        belongings=belongings,
        links=[
            (event.fact.account, event.meta.occurred_at)
            for event in links
            if isinstance(event.fact, DeviceLinked)
        ],
    )


async def _read_account(connection: Connection, stream: str) -> tuple[Found, Holdings]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(_HEAD, stream)
        profile = await _profile(connection, stream)
        days = await _rows(connection, LogRow, stream, "log_date DESC", 10 * MOST_DAYS)
        said = {} if profile is None else await _said(connection, stream, profile)
        holdings = Holdings(
            profile=said,
            analysis=_analysis(profile),
            days={row.log_date: _day(row) for row in days},
            own_days=frozenset(row.log_date for row in days if row.aurora_uid is None),
            artifact_ids=await _ids(connection, ArtifactRow, stream),
            plan_ids=await _ids(connection, PlanRow, stream),
            run_ids=await _ids(connection, RunRow, stream),
        )
    found = Found(version=head["version"], epoch=head["epoch"]) if head else Found(version=0, epoch=0)
    return found, holdings


async def _profile(connection: Connection, stream: str) -> ProfileRow | None:
    rows = await _rows(connection, ProfileRow, stream, "stream", 1)
    return rows[0] if rows else None


async def _rows(connection: Connection, kind: type[Row], stream: str, order: str, most: int) -> list[Any]:
    text = await connection.fetchval(
        f"SELECT json_agg(x)::text FROM (SELECT {columns(kind)} FROM {kind.table} t "
        f"WHERE t.stream = $1 ORDER BY t.{order} LIMIT $2) x",
        stream,
        most,
    )
    return [] if text is None else msgspec.json.decode(text, type=list[kind])  # type: ignore[valid-type]


async def _ids(connection: Connection, kind: type[Row], stream: str) -> frozenset[str]:
    rows = await connection.fetch(f"SELECT {kind.key[1]} FROM {kind.table} WHERE stream = $1", stream)
    return frozenset(row[0] for row in rows)


async def _said(connection: Connection, stream: str, profile: ProfileRow) -> dict[str, Said]:
    """Every fact of the profile that was ever said, with its instant: the log knows it, the row does not."""
    at: dict[str, str] = {}
    cursor = connection.cursor(_PATCHES, stream, MOST_PATCHES, _KINDS, prefetch=_PAGE)
    async for record in cursor:
        event = decode_event(*record)
        if isinstance(event.fact, ProfilePatched):
            for name in event.fact.patch:
                at.setdefault(name, event.meta.occurred_at)
        elif isinstance(event.fact, GuestMerged):
            for name, said in event.fact.taken.profile.items():
                at.setdefault(name, said.at)
        if len(at) >= len(PROFILE_COLUMNS):
            break
    found: dict[str, Said] = {}
    for name, column in PROFILE_COLUMNS.items():
        value = getattr(profile, column)
        if name in at or value is not None:
            found[name] = Said(value, at.get(name, profile.created_at))
    return found


def _analysis(profile: ProfileRow | None) -> KeptAnalysis | None:
    if profile is None or profile.last_analysis_at is None:
        return None
    analysis = msgspec.json.decode(profile.last_analysis)
    return KeptAnalysis(analysis=analysis, at=profile.last_analysis_at, lang=profile.last_analysis_lang)


def _day(row: LogRow) -> KeptDay:
    return KeptDay(
        date=row.log_date,
        id=row.id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        redness=row.redness,
        acne=row.acne,
        hydration=row.hydration,
        notes=row.notes,
        target_product=row.target_product,
        sensation=row.sensation,
    )
