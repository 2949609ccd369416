"""The process's pulse: how late the event loop is, and how much memory the process holds."""

from __future__ import annotations

import os
from collections import deque

import trio

from aurora import telemetry

BEAT_S = 0.1
_MINUTE_BEATS = int(60 / BEAT_S)
_MEMORY_EVERY_BEATS = 50


async def heartbeat() -> None:
    """Measure until cancelled. A beat that comes late says how long some slice of work held the loop."""
    lags: deque[float] = deque(maxlen=_MINUTE_BEATS)
    beats = 0
    while True:
        due = trio.current_time() + BEAT_S
        await trio.sleep_until(due)
        lag_ms = max(0.0, (trio.current_time() - due) * 1000)
        lags.append(lag_ms)
        telemetry.loop_lag_ms.set(lag_ms)
        if beats % _MEMORY_EVERY_BEATS == 0:
            telemetry.loop_lag_max_ms.set(max(lags))
            telemetry.process_resident_bytes.set(resident_bytes())
        beats += 1


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
