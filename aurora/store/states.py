"""What the journal remembers of a stream between appends, and a bounded cache of it.

A cached state is a guess: every append is guarded by the head row in the database, and a state that another
worker has overtaken is forgotten and read again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from aurora.contract.memory import Memory, SkinLog
from aurora.store.projections import Event, Touch
from aurora.store.rows import LogRow, ProfileRow, Row

LOGS_KEPT: Final = 7


class StreamState(msgspec.Struct, frozen=True):
    """A stream's head and the rows that most appends need.

    logs: the newest LOGS_KEPT check-ins, newest day first. complete: there are no others. log_views: the
    same as flows see them, made once per row (they hold nothing that could be changed). erased_at: ISO-8601
    UTC of the last erasure, "" if there was none.
    """

    version: int = 0
    epoch: int = 0
    profile: ProfileRow | None = None
    logs: tuple[LogRow, ...] = ()
    complete: bool = True
    log_views: tuple[SkinLog, ...] = ()
    erased_at: str = ""

    @classmethod
    def loaded(
        cls, version: int, epoch: int, erased_at: str, profile: ProfileRow | None, logs: list[LogRow]
    ) -> StreamState:
        """As read from the database: `logs` are the newest LOGS_KEPT, newest day first."""
        return cls(
            version,
            epoch,
            profile,
            tuple(logs),
            len(logs) < LOGS_KEPT,
            tuple(row.as_log() for row in logs),
            erased_at,
        )

    def knows_day(self, date: str) -> bool:
        """Whether `log_of(date)` answers for certain."""
        return self.complete or date >= self.logs[-1].log_date

    def log_of(self, date: str) -> LogRow | None:
        """That day's check-in, if it is among the newest."""
        return next((row for row in self.logs if row.log_date == date), None)

    def at(self, version: int) -> StreamState:
        """The same state, `version` events on."""
        return StreamState(
            version, self.epoch, self.profile, self.logs, self.complete, self.log_views, self.erased_at
        )

    def folded(self, event: Event, touch: Touch, other_day: LogRow | None) -> tuple[StreamState, Row]:
        """One touched row reduced: the state with it, and the row. `other_day`: that day's row, if it is not
        among the newest.
        """
        if touch.row is ProfileRow:
            profile = touch.reduce(self.profile, event)
            assert isinstance(profile, ProfileRow)
            return self._with_profile(profile), profile
        if touch.row is LogRow:
            row = touch.reduce(self.log_of(touch.key) or other_day, event)
            assert isinstance(row, LogRow)
            return self._with_log(row), row
        return self, touch.reduce(None, event)

    def _with_profile(self, row: ProfileRow) -> StreamState:
        return StreamState(
            self.version, self.epoch, row, self.logs, self.complete, self.log_views, self.erased_at
        )

    def _with_log(self, row: LogRow) -> StreamState:
        logs, views = list(self.logs), list(self.log_views)
        place = next((n for n, old in enumerate(logs) if old.log_date <= row.log_date), len(logs))
        if place < len(logs) and logs[place].log_date == row.log_date:
            logs[place], views[place] = row, row.as_log()
        else:
            logs.insert(place, row)
            views.insert(place, row.as_log())
        return StreamState(
            self.version,
            self.epoch,
            self.profile,
            tuple(logs[:LOGS_KEPT]),
            self.complete and len(logs) <= LOGS_KEPT,
            tuple(views[:LOGS_KEPT]),
            self.erased_at,
        )

    def as_memory(self) -> Memory:
        """Profile, logs and head as flows see them."""
        return Memory(
            profile=self.profile.as_profile() if self.profile is not None else None,
            recent_logs=list(self.log_views),
            version=self.version,
            epoch=self.epoch,
        )


class StateCache:
    """The states of the streams used last, at most `limit`."""

    def __init__(self, limit: int = 1024) -> None:
        self._limit = limit
        self._states: OrderedDict[str, StreamState] = OrderedDict()

    def get(self, stream: str) -> StreamState | None:
        """The state, if it is known."""
        state = self._states.get(stream)
        if state is not None:
            self._states.move_to_end(stream)
        return state

    def put(self, stream: str, state: StreamState) -> None:
        """Remember `state`, unless a later one is known (a read may arrive after an append overtook it)."""
        known = self._states.get(stream)
        if known is not None and known.version > state.version:
            return
        self._states[stream] = state
        self._states.move_to_end(stream)
        if len(self._states) > self._limit:
            self._states.popitem(last=False)

    def forget(self, *streams: str) -> None:
        """Read these again before the next append."""
        for stream in streams:
            self._states.pop(stream, None)

    def clear(self) -> None:
        """Forget everything: after a lost connection nothing is certain."""
        self._states.clear()
