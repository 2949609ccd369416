"""Circuit breaker of one upstream: opens on failure rate or slow-call rate, tries again after a while.

A pure state machine: every method takes `now` (trio instant, seconds) and nothing here waits. Whoever gets a
Permit must hand it back once, by `record` or `forget`.

    closed     calls pass; counted in a sliding window of TEN buckets
    open       calls are refused until `open_ms` has passed
    half_open  TRIALS calls pass; all good closes it, one bad opens it again
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import msgspec

State = Literal["closed", "open", "half_open"]

BUCKETS = 10
TRIALS = 3


class BreakerRules(msgspec.Struct, frozen=True, kw_only=True):
    """enabled False: every call passes. rate_pct: of failed or slow calls in the window."""

    enabled: bool = True
    rate_pct: int = 50
    min_calls: int = 20
    window_ms: int = 10_000
    open_ms: int = 5_000
    slow_ms: int = 8_000


class Permit(msgspec.Struct, frozen=True):
    """A call may go out. era: the state it was given in, so that an old call cannot judge a new era."""

    era: int


class _Bucket:
    __slots__ = ("bad", "calls", "slot")

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.calls = 0
        self.bad = 0


class Breaker:
    """One upstream's breaker. `state` is as of the last call of a method."""

    def __init__(self, rules: BreakerRules) -> None:
        self.rules = rules
        self.state: State = "closed"
        self._era = 0
        self._reopen_at = 0.0
        self._window: deque[_Bucket] = deque(maxlen=BUCKETS)
        self._trials_out = 0
        self._trials_good = 0

    def permit(self, now: float) -> Permit | None:
        """A permit, or None: refuse the call."""
        if self.state == "open" and now >= self._reopen_at:
            self._enter("half_open")
        if self.state == "open":
            return None
        if self.state == "half_open":
            if self._trials_out + self._trials_good >= TRIALS:
                return None
            self._trials_out += 1
        return Permit(self._era)

    def record(self, permit: Permit, now: float, *, good: bool) -> None:
        """How the call went. The caller counts one slower than `slow_ms` as not good."""
        if permit.era != self._era or not self.rules.enabled:
            return
        if self.state == "half_open":
            self._trials_out -= 1
            if not good:
                self._open(now)
                return
            self._trials_good += 1
            if self._trials_good >= TRIALS:
                self._enter("closed")
            return
        bucket = self._bucket(now)
        bucket.calls += 1
        bucket.bad += not good
        calls = sum(each.calls for each in self._window)
        bad = sum(each.bad for each in self._window)
        if calls >= self.rules.min_calls and bad * 100 >= self.rules.rate_pct * calls:
            self._open(now)

    def forget(self, permit: Permit) -> None:
        """The call ended for a reason that says nothing about the upstream."""
        if permit.era == self._era and self.state == "half_open":
            self._trials_out -= 1

    def _bucket(self, now: float) -> _Bucket:
        slot = int(now * 1000 * BUCKETS / self.rules.window_ms)
        while self._window and self._window[0].slot <= slot - BUCKETS:
            self._window.popleft()
        if not self._window or self._window[-1].slot != slot:
            self._window.append(_Bucket(slot))
        return self._window[-1]

    def _open(self, now: float) -> None:
        self._reopen_at = now + self.rules.open_ms / 1000
        self._enter("open")

    def _enter(self, state: State) -> None:
        self.state = state
        self._era += 1
        self._window.clear()
        self._trials_out = 0
        self._trials_good = 0
