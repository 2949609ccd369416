"""When a request reached this machine, by the kernel's own clock.

Under load a request waits in the socket before we read it, and that wait belongs to its budget. Linux tells
how long ago the last byte of a connection arrived (TCP_INFO), in steps of a scheduler tick (4 ms at 250
Hz).
"""

from __future__ import annotations

import socket
import struct
import sys
from contextvars import ContextVar

import trio

_LAST_DATA_RECV = struct.Struct("@I")
_OFFSET = 52  # of tcpi_last_data_recv in struct tcp_info
# Longer than any budget: then the kernel's figure is not about this request.
_IMPLAUSIBLE_S = 60.0

connection_socket: ContextVar[trio.socket.SocketType | None] = ContextVar("connection_socket", default=None)


def arrival() -> float:
    """Trio instant at which the last byte of the current connection arrived; now, where that is unknown."""
    now = trio.current_time()
    sock = connection_socket.get()
    if sock is None or not sys.platform.startswith("linux"):
        return now
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _OFFSET + 4)
    except OSError:  # closed meanwhile, or no TCP
        return now
    if len(info) < _OFFSET + 4:
        return now
    waited_s = _LAST_DATA_RECV.unpack_from(info, _OFFSET)[0] / 1000
    return now - waited_s if waited_s < _IMPLAUSIBLE_S else now
