"""Structured lifetime: background services that live exactly as long as a block of code, and child processes.

Trio's strict nurseries wrap whatever leaves them in a group. For services that surround a body (a database,
the embedded Postgres, a whole house) the body's own error is what the caller wants to see, unwrapped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import trio

_BECOME = Path(__file__).with_name("_become.py")


class CannotStartError(Exception):
    """Something that the person at the terminal can act on; its text says what is wrong and what to do."""


@asynccontextmanager
async def service_nursery() -> AsyncIterator[trio.Nursery]:
    """A nursery for background services of the body.

    When the body ends, in whatever way, the services are cancelled; an exception of the body leaves
    unwrapped. A service that crashes cancels the body and its error leaves as the nursery's group.
    """
    failure: BaseException | None = None
    async with trio.open_nursery() as nursery:
        try:
            yield nursery
        except BaseException as error:  # noqa: BLE001 - re-raised unchanged below, Cancelled included
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


class Account(msgspec.Struct, frozen=True):
    """An unprivileged account of the system: what a child of root becomes."""

    name: str
    uid: int
    gid: int


def spawn(
    argv: Sequence[str],
    *,
    death_signal: int,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    pass_fds: Sequence[int] = (),
    new_session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a child that gets `death_signal` when this process dies (on Linux).

    Must be called on the main thread: the kernel ties the parent-death signal to the thread that forked,
    and trio's own `open_process` forks on a worker thread that ends when idle. The pid of the child is that
    of `argv` itself (a small wrapper changes the account, asks for the signal and execs). Raises
    RuntimeError off the main thread, OSError when the interpreter cannot be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "children are started on the main thread (the parent-death signal belongs to a thread)"
        )
    who = f"{account.uid}:{account.gid}" if account else "-"
    command = [sys.executable, "-I", "-S", str(_BECOME), str(os.getpid()), who, str(int(death_signal)), *argv]
    return subprocess.Popen(  # noqa: S603 - fixed programs of ours, no shell
        command,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=tuple(pass_fds),
        start_new_session=new_session,
    )


async def wait_child(child: subprocess.Popen[bytes]) -> int:
    """Wait until the child has ended, reap it, answer its return code. Cancelling leaves the child alone."""
    handle = _pidfd(child.pid) if child.poll() is None else None
    if handle is not None:
        try:
            await trio.lowlevel.wait_readable(handle)
        finally:
            os.close(handle)
        return child.wait()
    while True:  # ended already, or no pidfd on this system
        code = child.poll()
        if code is not None:
            return code
        await trio.sleep(0.05)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, an old kernel, a sandbox
        return None


async def stop_child(child: subprocess.Popen[bytes], *steps: tuple[int, float]) -> int:
    """Send each signal in turn, waiting its seconds for the child to end; after the last, SIGKILL. Shielded.

    Answers the return code. Bounded by the sum of the steps (and the kernel's own SIGKILL).
    """
    with trio.CancelScope(shield=True):
        for signal_number, patience_s in steps:
            if child.poll() is not None:
                break
            child.send_signal(signal_number)
            with trio.move_on_after(patience_s):
                await wait_child(child)
        if child.poll() is None:
            child.kill()
            await wait_child(child)
    return child.wait()
