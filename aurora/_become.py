"""Run by path as the first breath of a child: drop the account, ask for a parent-death signal, exec.

    python -I -S _become.py PARENT_PID UID:GID|- DEATH_SIGNAL PROGRAM [ARGUMENT ...]

Order matters: a change of uid clears the parent-death signal, so it is asked for afterwards; and a parent
that died in between would never send it, so the parent's pid is looked at last.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the program, or exit 3 if the parent is already gone. Raises OSError if the kernel refuses."""
    parent, who, death_signal, *argv = sys.argv[1:]
    if who != "-":
        uid, gid = (int(part) for part in who.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != int(parent):
        sys.exit(3)
    os.execv(argv[0], argv)  # noqa: S606 - the caller's fixed program


if __name__ == "__main__":
    main()
