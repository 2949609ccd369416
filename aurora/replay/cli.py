"""`aurora replay`: the terminal's way into recorded turns. Reads; only --import and --rebuild --swap write.

Exit code 0: shown, or everything verifies. 1: something differs. 2: what was asked for cannot be done, and
nothing was changed.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import trio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aurora import telemetry
from aurora.lifetime import CannotStartError
from aurora.replay.bundle import Bundle, export, open_bundle
from aurora.replay.importing import import_bundle
from aurora.replay.model import DamagedTraceError, RecordedTurn, ReplayError
from aurora.replay.redact import Redactor
from aurora.replay.sources import DatabaseSource, Selection, TurnSource, select
from aurora.replay.timeline import as_of_panel, report_lines, summary_lines, turn_panel
from aurora.replay.timetravel import as_of, compare, point_of, stream_for
from aurora.replay.verify import Summary, TurnReport, verifications
from aurora.replay.view import view_of
from aurora.settings import Settings
from aurora.store.codec import UnreadableEventError
from aurora.store.embedded import Cluster, Patience, embedded_postgres
from aurora.store.embedded_home import processes_on
from aurora.store.port import StoreError
from aurora.store.postgres import Database, open_database
from aurora.store.rebuild import count_streams, rebuild

SHOWN: Final = 20
MOST_SHOWN: Final = 10_000
_AGO: Final = re.compile(r"\A(\d{1,6})([smhd])\Z")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, read. database: a DSN, blank for the configured one."""

    selection: Selection
    database: str
    bundle: Path | None
    as_json: bool


Verb = Callable[[Asked], Awaitable[int]]


@click.command(name="replay")
@click.option("--uid", help="Turns of this X-Aurora-UID.")
@click.option("--user", help="Turns of this account.")
@click.option("--brief", help="Turns of this session (X-Brief-ID).")
@click.option("--trace", help="Turns of this trace id.")
@click.option("--request", "request_id", help="The turn of this request id.")
@click.option(
    "--since", help="From this instant on: ISO 8601 (UTC unless it says otherwise), or 30m, 2h, 7d ago."
)
@click.option("--until", help="Before this instant.")
@click.option("--kind", multiple=True, help="Of this kind (chat, analysis, ...); may be repeated.")
@click.option("--outcome", multiple=True, help="ok, degraded, blocked, failed or abandoned; may be repeated.")
@click.option(
    "--limit", type=click.IntRange(1, MOST_SHOWN), help=f"Timeline: the newest N ({SHOWN}). Else: the first."
)
@click.option("--database", default="", help="DSN to read from instead of the configured database.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Read this bundle instead of a database.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line.")
@click.option("--at", help="What was known at a version, time, request id, or now.")
@click.option("--diff", nargs=2, help="What changed in between two such points.")
@click.option(
    "--verify", is_flag=True, help="Play the turns with today's code and compare. Exit 1 if any differs."
)
@click.option("--rebuild", "anew", is_flag=True, help="Fold the whole log and compare with the tables.")
@click.option("--swap", is_flag=True, help="With --rebuild: replace the rows that differ.")
@click.option(
    "--export", "export_to", type=click.Path(path_type=Path), help="Write the turns to a new bundle."
)
@click.option(
    "--redact", is_flag=True, help="With --export: without words and names, still verifiable in shape."
)
@click.option(
    "--import",
    "import_from",
    type=click.Path(path_type=Path),
    help="Copy a bundle's turns into the database.",
)
def replay(
    uid: str | None, user: str | None, brief: str | None, trace: str | None, request_id: str | None,
    since: str | None, until: str | None, kind: tuple[str, ...], outcome: tuple[str, ...], limit: int | None,
    database: str, bundle: Path | None, as_json: bool, at: str | None, diff: tuple[str, str] | None,
    verify: bool, anew: bool, swap: bool, export_to: Path | None, redact: bool, import_from: Path | None,
) -> None:  # fmt: skip
    """See recorded turns again, and prove a change before it ships. Without a verb: a timeline.

    Exit code 0: shown, or everything verifies; 1: something differs; 2: it cannot be done, nothing changed.
    """
    telemetry.configure_logging("error")
    verbs: dict[str, Verb] = {}
    if at is not None:
        verbs["--at"] = partial(_at, point=at)
    if diff is not None:
        verbs["--diff"] = partial(_diff, points=diff)
    if verify:
        verbs["--verify"] = _verify
    if anew:
        verbs["--rebuild"] = partial(_rebuild, swap=swap)
    if export_to is not None:
        verbs["--export"] = partial(_export, path=export_to, redact=redact)
    if import_from is not None:
        verbs["--import"] = partial(_import, path=import_from)

    async def work() -> int:
        if len(verbs) > 1:
            raise ReplayError(f"One verb at a time, not {' and '.join(verbs)}.")
        if swap and not anew:
            raise ReplayError("--swap goes with --rebuild.")
        if redact and export_to is None:
            raise ReplayError("--redact goes with --export.")
        if bundle is not None and (database or anew or import_from is not None):
            raise ReplayError("--bundle is read instead of a database; leave out what needs one.")
        since_ms, until_ms = _instant("--since", since), _instant("--until", until)
        if since_ms is not None and until_ms is not None and since_ms >= until_ms:
            raise ReplayError("The range is empty: --since is not before --until.")
        selection = Selection(
            uid=uid, user_id=user, brief_id=brief, trace_id=trace, request_id=request_id,
            since_ms=since_ms, until_ms=until_ms, kinds=kind, outcomes=outcome, limit=limit,
        )  # fmt: skip
        if anew and selection != Selection():
            raise ReplayError("--rebuild is about the whole log: leave out the selection.")
        asked = Asked(selection=selection, database=database, bundle=bundle, as_json=as_json)
        verb = next(iter(verbs.values()), _timeline)
        return await verb(asked)

    sys.exit(_run(work))


def _run(work: Callable[[], Awaitable[int]]) -> int:
    """What a person can act on becomes one line and code 2. Bugs keep their trace."""
    expected = (ReplayError, CannotStartError)
    try:
        return trio.run(work)
    except expected as error:
        told = str(error)
    except BaseExceptionGroup as group:
        ours, bugs = group.split(expected)
        if ours is None or bugs is not None:
            raise
        told = str(_leaf(ours))
    except KeyboardInterrupt:
        told = "interrupted"
    click.echo(f"aurora replay: {told}", err=True)
    return 2


def _leaf(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _leaf(first) if isinstance(first, BaseExceptionGroup) else first


# --- verbs


async def _timeline(asked: Asked) -> int:
    limit = asked.selection.limit or SHOWN
    selection = msgspec.structs.replace(asked.selection, limit=limit, newest_first=True)
    async with _source(asked) as source:
        async with aclosing(select(source, selection)) as turns:
            newest = [turn async for turn in turns]
        more = await source.count(msgspec.structs.replace(asked.selection, limit=None))
    out, shown = _console(), 0
    for turn in reversed(newest):
        shown += _show(turn, out, asked.as_json)
    if not asked.as_json and more is not None and more > len(newest):
        click.echo(f"The newest {len(newest)} of {more} turns; --limit shows more.", err=True)
    if shown == 0:
        raise ReplayError("None of the selected turns can be read.")
    return 0


def _show(turn: RecordedTurn | DamagedTraceError, out: Console, as_json: bool) -> int:
    """Show one turn; 1 if that was possible."""
    try:
        if isinstance(turn, DamagedTraceError):
            raise turn
        view = view_of(turn)
    except DamagedTraceError as error:
        click.echo(f"aurora replay: {error}", err=True)
        return 0
    if as_json:
        _json(view)
    else:
        out.print(turn_panel(view))
    return 1


async def _at(asked: Asked, *, point: str) -> int:
    wanted = point_of(point)
    async with _source(asked) as source:
        known = await as_of(source, await _stream(source, asked.selection, point), wanted)
    if asked.as_json:
        _json(known)
    else:
        _console().print(as_of_panel(known))
    return 0


async def _diff(asked: Asked, *, points: tuple[str, str]) -> int:
    before, after = (point_of(point) for point in points)
    async with _source(asked) as source:
        stream = await _stream(source, asked.selection, *points)
        differences = await compare(source, stream, before, after)
    if asked.as_json:
        for difference in differences:
            _json(difference)
    else:
        for difference in differences:
            click.echo(f"{difference.path}\n  {points[0]}: {difference.was or 'not there'}")
            click.echo(f"  {points[1]}: {difference.now or 'not there'}")
        click.echo(f"{len(differences)} differences" if differences else "Nothing changed in between.")
    return 0


async def _stream(source: TurnSource, selection: Selection, *points: str) -> str:
    """Whose memory: as selected, else whoever made one of the requests that are named as points."""
    named = next((p.request_id for p in map(point_of, points) if p.kind == "request"), None)
    if selection == Selection() and named is not None:
        selection = Selection(request_id=named)
    return await stream_for(source, selection)


async def _verify(asked: Asked) -> int:
    summary, out = Summary(), _console()
    async with _source(asked) as source:
        shape_only = isinstance(source, Bundle) and source.redacted
        total = await source.count(asked.selection)
        reports = verifications(source, asked.selection, shape_only=shape_only)
        with _progress(asked) as progress:
            task = progress.add_task("verified", total=total)
            async with aclosing(reports):
                async for report in reports:
                    summary.add(report)
                    progress.advance(task)
                    if report.verdict != "same":
                        _tell(report, progress if progress.live.is_started else None, out, asked.as_json)
    if asked.as_json:
        _json(
            {
                "turns": summary.turns, "same": summary.same, "different": summary.different,
                "unverifiable": summary.unverifiable, "damaged": summary.damaged, "shape_only": shape_only,
                "by_path": dict(summary.by_path.most_common()),
            }
        )  # fmt: skip
    else:
        for line in summary_lines(summary, shape_only=shape_only):
            out.print(line)
    return 0 if summary.ok else 1


def _tell(report: TurnReport, progress: Progress | None, out: Console, as_json: bool) -> None:
    if as_json:
        _json(report)
        return
    console = progress.console if progress is not None and out.is_terminal else out
    for line in report_lines(report):
        console.print(line)


async def _rebuild(asked: Asked, *, swap: bool) -> int:
    async with _database(asked) as db:
        try:
            total = await count_streams(db)
            with _progress(asked) as progress:
                task = progress.add_task("identities", total=total)
                report = await rebuild(
                    db, swap=swap, on_streams=lambda done: progress.update(task, completed=done)
                )
        except StoreError as error:
            raise ReplayError(f"The database cannot be read ({error}).") from error
        except UnreadableEventError as error:
            raise ReplayError(f"The event log cannot be read by this version: {error}.") from error
    if asked.as_json:
        _json(report)
    else:
        for difference in report.differences:
            click.echo(
                f"{difference.what:9}  {difference.table}  {difference.stream}  {difference.key}".rstrip()
            )
        if report.differing > len(report.differences):
            click.echo(f"... and {report.differing - len(report.differences)} more")
        rows = sum(report.rows.values())
        click.echo(
            f"{report.events} events of {report.streams} identities make {rows} rows: {_differing(report)}"
        )
    return 1 if report.differing and not report.swapped else 0


def _differing(report: Any) -> str:
    if not report.differing:
        return "the tables hold exactly these"
    return f"{report.differing} differed" + (", now replaced" if report.swapped else "; --swap replaces them")


async def _export(asked: Asked, *, path: Path, redact: bool) -> int:
    redaction = Redactor(secrets.token_bytes(32)) if redact else None
    async with _source(asked) as source:
        total = await source.count(asked.selection)
        redacted = isinstance(source, Bundle) and source.redacted
        with _progress(asked) as progress:
            task = progress.add_task("exported", total=total)
            seen = await export(
                source, asked.selection, path,
                redaction=redaction, redacted=redacted, on_turn=lambda: progress.advance(task),
            )  # fmt: skip
    if asked.as_json:
        _json(seen)
    else:
        left = f"; {seen.damaged} could not be read and were left out" if seen.damaged else ""
        click.echo(
            f"{path}: {seen.turns} turns and {seen.facts} facts of {seen.streams} identities, "
            f"{seen.bytes} bytes{', redacted' if redact or redacted else ''}{left}"
        )
    return 0


async def _import(asked: Asked, *, path: Path) -> int:
    bundle = open_bundle(path)
    async with _database(asked) as db:
        with _progress(asked) as progress:
            task = progress.add_task("imported", total=await bundle.count(asked.selection))
            seen = await import_bundle(
                bundle, db, asked.selection, on_turns=lambda count: progress.advance(task, count)
            )
    if asked.as_json:
        _json(seen)
    else:
        click.echo(
            f"{seen.written} turns written, {seen.known} were there already, {seen.erased} of identities "
            f"erased here left out, {seen.damaged} unreadable"
        )
    return 0


# --- where from, where to


@asynccontextmanager
async def _source(asked: Asked) -> AsyncIterator[TurnSource]:
    if asked.bundle is not None:
        yield open_bundle(asked.bundle)
        return
    async with _database(asked) as db:
        yield DatabaseSource(db)


@asynccontextmanager
async def _database(asked: Asked) -> AsyncIterator[Database]:
    """The database that was named, else the configured one. An embedded server is joined if it runs."""
    settings = Settings.from_env(os.environ)
    dsn = asked.database or ("" if settings.retention_days == 0 else settings.database_url)
    if dsn:
        async with open_database(dsn, settings) as db:
            yield db
        return
    if settings.retention_days == 0 or not settings.embedded_postgres:
        raise ReplayError("This configuration keeps no database: name one with --database, or a --bundle.")
    cluster = Cluster(settings.state_dir, Patience())
    if not cluster.data.exists():
        raise ReplayError(f"Nothing is recorded yet: there is no database in {cluster.state_dir}.")
    if processes_on(cluster.data):
        async with open_database(cluster.dsn, settings) as db:
            yield db
        return
    async with embedded_postgres(settings.state_dir) as own, open_database(own, settings) as db:
        yield db


def _instant(option: str, text: str | None) -> int | None:
    """ISO 8601, or so long ago, as epoch milliseconds. Raises ReplayError."""
    if text is None:
        return None
    ago = _AGO.match(text.strip())
    if ago is not None:
        moment = datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    else:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise ReplayError(
                f"{option} {text!r} is no instant: 2026-11-24, 2026-11-24T10:30:00Z, or 2h (ago)."
            ) from error
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


def _progress(asked: Asked) -> Progress:
    """A bar on stderr, for a person only."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=asked.as_json or not console.is_terminal,
    )  # fmt: skip


def _console() -> Console:
    """Where people read. Not a terminal: wide enough for a timeline."""
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
    return Console(width=wide, highlight=False, markup=False, emoji=False)


def _json(value: Any) -> None:
    click.echo(msgspec.json.encode(value))
