"""The house of the embedded PostgreSQL: its directories, the account it runs as, and whose processes live
there.

See `aurora.store.embedded` for the layout of the state directory.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

import msgspec

from aurora.lifetime import Account, CannotStartError

_ACCOUNTS = ("postgres", "nobody")
_SOCKET_LIMIT = 107  # bytes of sockaddr_un.sun_path on Linux, less the final NUL
SOCKET_NAME = ".s.PGSQL.5432"


class EmbeddedPostgresError(CannotStartError):
    """The embedded server cannot run here. The text says why and what to do, for the person at the
    terminal.
    """


def default_state_dir() -> Path:
    """Where state lives unless AURORA_STATE_DIR says otherwise. Root's home is closed to the server's
    account.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/aurora")
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "aurora"


def mirror(source: Path, target: Path) -> None:
    """A copy of the tree; hard links where both are on one file system, which takes no time and no room."""

    def link(old: str, new: str) -> str:
        try:
            os.link(old, new, follow_symlinks=False)
        except OSError:
            shutil.copy2(old, new, follow_symlinks=False)
        return new

    shutil.copytree(source, target, symlinks=True, copy_function=link)


def server_account() -> Account:
    for name in _ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(name, found.pw_uid, found.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and this system has neither an account `postgres` nor `nobody`. "
        "Start the service as an ordinary user, or set DATABASE_URL."
    )


def socket_dir(state_dir: Path) -> Path:
    """Beside the data; under the system's temporary directory if that path is too long for a socket."""
    usual = state_dir / "postgres" / "run"
    if len(os.fsencode(usual / SOCKET_NAME)) <= _SOCKET_LIMIT:
        return usual
    digest = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"aurora-{os.geteuid()}-{digest}"


def private_dir(path: Path, account: Account | None) -> None:
    """Make sure that `path` is a real directory, mode 0700, of the server's account (or ours)."""
    path.mkdir(mode=0o700, exist_ok=True)
    seen = path.lstat()
    owner = account.uid if account else os.geteuid()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid not in (owner, os.geteuid()):
        raise EmbeddedPostgresError(
            f"{path} belongs to someone else. Set AURORA_STATE_DIR to another directory."
        )
    if account and seen.st_uid != account.uid:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    if stat.S_IMODE(seen.st_mode) != 0o700:
        path.chmod(0o700)


def check_reach(path: Path, account: Account) -> None:
    """Refuse a state directory that the account may not reach; never widen someone's permissions."""
    for folder in (path, *path.parents):
        seen = folder.stat()
        mode = seen.st_mode
        shift = 6 if seen.st_uid == account.uid else 3 if seen.st_gid == account.gid else 0
        if not (mode >> shift) & 0o1:
            raise EmbeddedPostgresError(
                f"PostgreSQL runs as `{account.name}`, which may not enter {folder}. Set AURORA_STATE_DIR "
                "to a directory outside it, for example /var/lib/aurora."
            )


def processes_on(data: Path) -> list[int]:
    """Pids of PostgreSQL processes whose working directory is `data`; empty where /proc does not exist."""
    found: list[int] = []
    try:
        wanted = data.resolve(strict=True)
        entries = os.listdir("/proc")
    except OSError:
        return found
    for entry in entries:
        if entry.isdigit():
            try:
                if Path(os.readlink(f"/proc/{entry}/cwd")) == wanted and _is_postgres(int(entry)):
                    found.append(int(entry))
            except OSError:
                continue  # gone, or someone else's
    return found


def _is_postgres(pid: int) -> bool:
    """Whether the process is a live (not zombie) PostgreSQL."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return "(postgres" in words[0] and words[2].split()[0] != "Z"


def busy_text(state_dir: Path, owner: bytes) -> str:
    try:
        known = msgspec.json.decode(owner, type=dict[str, int | str])
        who = f"pid {known['pid']}, since {known['started']}"
    except (msgspec.DecodeError, KeyError):
        who = "still starting"
    return (
        f"Another Aurora ({who}) runs on the state directory {state_dir}. "
        "Stop it first, or set AURORA_STATE_DIR to another directory (or DATABASE_URL to a PostgreSQL)."
    )
