"""`aurora serve | migrate | analyze | replay | probe | doctor`: the service's commands. Errors that a person
can act on are one line, exit 1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import click
import msgspec
import trio

from aurora import telemetry
from aurora.analyze import analyze
from aurora.doctor import examine
from aurora.lifetime import CannotStartError
from aurora.probe.cli import probe
from aurora.replay.cli import replay
from aurora.settings import Settings
from aurora.store.migrate import migrate
from aurora.store.port import StoreError
from aurora.store.postgres import open_database
from aurora.store.rebuild import rebuild
from aurora.web.house import database_for
from aurora.web.serve import serve as serve_alone
from aurora.web.workers import serve_as_worker, serve_with_workers

T = TypeVar("T")

_EXAMPLES = """
Try it:

  curl -s {url}/v1/session/bootstrap -H 'X-Aurora-UID: demo'

  curl -s -X POST {url}/v1/chat -H 'Content-Type: application/json' -H 'X-Aurora-UID: demo' \\
    -d '{{"message":"Recommend a moisturizer"}}'

  curl -s -X POST {url}/v1/analysis/skin -H 'Content-Type: application/json' -H 'X-Aurora-UID: demo' \\
    -d '{{"use_photo":false,"currentRoutine":"AM: gentle cleanser, SPF. PM: cleanser, moisturizer."}}'
"""


@click.group()
@click.version_option(package_name="aurora")
def main() -> None:
    """Aurora: the backend-for-frontend of a skincare chat. Configuration comes from the environment."""


@main.command()
@click.option("--host", help="Address to listen on (AURORA_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (PORT); 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes on one socket (AURORA_WORKERS).")
@click.option("--examples", is_flag=True, help="Print requests to try.")
def serve(host: str | None, port: int | None, workers: int | None, examples: bool) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    given = {"host": host, "port": port, "workers": workers}
    settings = msgspec.structs.replace(_settings(), **{k: v for k, v in given.items() if v is not None})

    def announce(url: str) -> None:
        click.echo(f"Aurora listens on {url}")
        if examples:
            click.echo(_EXAMPLES.format(url=url))

    if settings.workers > 1:
        _run(partial(serve_with_workers, settings, announce, env=dict(os.environ)))
    else:
        _run(partial(serve_alone, settings, announce))


@main.command(hidden=True)
@click.argument("socket_fd", type=int)
@click.argument("ready_fd", type=int)
def worker(socket_fd: int, ready_fd: int) -> None:
    """One worker of `serve --workers N`, started by it."""
    _run(partial(serve_as_worker, _settings(), socket_fd, ready_fd))


@main.command(name="migrate")
@click.option("--rebuild", "anew", is_flag=True, help="Then make every projection anew from the event log.")
def migrate_command(anew: bool) -> None:
    """Apply missing migrations to the database (DATABASE_URL, else the embedded one)."""
    settings = _settings()

    async def work() -> None:
        async with database_for(settings) as ready:
            if not ready.database_url:
                raise CannotStartError("There is no database to migrate in this configuration.")
            try:
                async with open_database(ready.database_url, ready) as db:
                    for name in await migrate(db):
                        click.echo(f"applied {name}")
                    click.echo("the schema is up to date")
                    if anew:
                        click.echo(f"rebuilt: {await rebuild(db, swap=True)}")
            except StoreError as error:
                raise CannotStartError(f"the database cannot be reached ({error})") from error

    _run(work)


main.add_command(analyze)
main.add_command(replay)
main.add_command(probe)


@main.command()
def doctor() -> None:
    """Check configuration, database and upstreams. Exit 1 if something is wrong. Prints no secret."""
    findings = _run(partial(examine, _settings()))
    for finding in findings:
        click.echo(f"{finding.mark:4} {finding.subject:10} {finding.text}")
    sys.exit(any(finding.mark == "BAD" for finding in findings))


def _settings() -> Settings:
    settings = Settings.from_env(os.environ)
    telemetry.configure_logging(settings.log_level)
    return settings


def _run(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` under trio; what a person can act on becomes one line and exit code 1. Bugs keep their
    trace.
    """
    try:
        return trio.run(work)
    except CannotStartError as error:
        told = [str(error)]
    except BaseExceptionGroup as group:
        expected, bugs = group.split(CannotStartError)
        if expected is None or bugs is not None:
            raise
        told = _texts(expected)
    for text in told:
        click.echo(f"aurora: {text}", err=True)
    sys.exit(1)


def _texts(group: BaseExceptionGroup[CannotStartError]) -> list[str]:
    found: list[str] = []
    for error in group.exceptions:
        found += _texts(error) if isinstance(error, BaseExceptionGroup) else [str(error)]
    return found
