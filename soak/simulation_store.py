"""The store of a simulated world: the in-memory one behind a journal that can be slow, fail and be erased.

As in the real one, facts and erasures are taken in order before the caller's first wait, and are written
whether or not the caller is still there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import trio
import trio.lowlevel

from aurora.contract.memory import Memory, SkinLog
from aurora.contract.turn import Identity
from aurora.settings import Settings
from aurora.store.ephemeral import EphemeralStore
from aurora.store.facts import NewFact
from aurora.store.port import Appended, StoreError, TraceRecord
from aurora.store.projections import Event, RowKey, apply
from aurora.store.rows import Row
from soak.simulation_dice import APPEND, ERASE, READ, Dice

ERRORS = (
    ("unavailable", "57P03"),
    ("unavailable", "TIMEOUT"),
    ("schema_not_ready", "42P01"),
    ("not_configured", "NO_DATABASE"),
)
SLOW_MS = (1, 499, 500, 501, 1499, 1500, 2999, 3000, 6000)
BUSY_MS = (0, 0, 1, 5)
LATE_MS = 450  # before every write of a late store: longer than most turns take, within what they wait


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that was written. epoch: of the identity at that moment; said: what the writer believed.

    handed_at: trio instant at which the journal took it.
    """

    event: Event
    epoch: int
    said: int | None
    handed_at: float


class _Letter(msgspec.Struct, kw_only=True, eq=False):
    """What the journal was handed. facts None: an erasure."""

    identity: Identity
    facts: list[NewFact] | None
    epoch: int | None
    fault: str
    done: trio.Event
    handed_at: float
    error: StoreError | None = None
    appended: Appended | None = None


class SimulatedStore:
    """`store.port.Store`; run `journal` beside the turns.

    committed: since each identity's last erasure are what its rows are made of. acknowledged: (stream, event
    id) that a caller was told about. erasures: (stream, how many facts of anybody were committed before,
    when). unwritten: handed over and neither written nor failed. Some worlds have a store in which every
    write is slow: there nearly every answer waits for its facts. late: so is this one, in every write.
    """

    storage = "ephemeral"

    def __init__(
        self, settings: Settings, dice: Dice, clock: Callable[[], datetime], *, late: bool = False
    ) -> None:
        self._kept = EphemeralStore(settings, clock)
        self._dice = dice
        self._tardy = bool(dice.heat) and dice.chance(0.3)
        self._late = late
        self._letters: deque[_Letter] = deque()
        self._wake = trio.Event()
        self._epochs: dict[str, int] = {}
        self.committed: list[Committed] = []
        self.acknowledged: list[tuple[str, str]] = []
        self.erasures: list[tuple[str, int, float]] = []
        self.traces: list[TraceRecord] = []
        self.unwritten = 0

    async def journal(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Write what was handed over, in order, for ever, until cancelled."""
        task_status.started()
        while True:
            while self._letters:
                letter = self._letters.popleft()
                await self._write(letter)
                self.unwritten -= 1
                letter.done.set()
            self._wake = trio.Event()
            await self._wake.wait()

    async def read(self, identity: Identity, brief_id: str | None) -> Memory:
        """See `Store.read`."""
        fault = await self._reading()
        memory = await self._kept.read(identity, brief_id)
        if fault == "store.erased_meanwhile":
            self._hand_over(identity, None, None, "")
        return memory

    async def recent_logs(self, identity: Identity, limit: int) -> list[SkinLog]:
        """See `Store.recent_logs`."""
        await self._reading()
        return await self._kept.recent_logs(identity, limit)

    async def append(
        self, identity: Identity, facts: Sequence[NewFact], *, epoch: int | None = None
    ) -> Appended:
        """See `Store.append`."""
        letter = self._hand_over(identity, list(facts), epoch, self._dice.fault(APPEND))
        await letter.done.wait()
        if letter.fault == "store.told_late":
            await trio.sleep(self._dice.pick(SLOW_MS) / 1000)
        if letter.error is not None:
            raise letter.error
        assert letter.appended is not None
        self.acknowledged += [(identity.stream, new.event_id) for new in facts]
        return letter.appended

    async def erase(self, identity: Identity) -> None:
        """See `Store.erase`."""
        letter = self._hand_over(identity, None, None, self._dice.fault(ERASE))
        await letter.done.wait()
        if letter.error is not None:
            raise letter.error

    def trace(self, record: TraceRecord) -> None:
        """See `Store.trace`."""
        self.traces.append(record)

    async def ping(self) -> None:
        """See `Store.ping`."""
        await trio.lowlevel.checkpoint()

    async def settled(self) -> None:
        """Everything that was handed over is written, or has failed."""
        while self.unwritten:  # noqa: ASYNC110 - once a world, and a second costs nothing there
            await trio.sleep(1)

    def folded(self, stream: str) -> dict[RowKey, Row]:
        """The rows that the committed facts of an identity make, from its last erasure on."""
        first = max((place for erased, place, _ in self.erasures if erased == stream), default=0)
        rows: dict[RowKey, Row] = {}
        for each in self.committed[first:]:
            if each.event.stream == stream:
                apply(rows, each.event)
        return rows

    def projected(self, stream: str) -> dict[RowKey, Row]:
        """The rows that the store under test holds of an identity."""
        person = self._kept._people.get(stream)
        return person.rows if person is not None else {}

    # --- inside

    async def _reading(self) -> str:
        fault = self._dice.fault(READ)
        slow = fault == "store.read_slow"
        await trio.sleep(self._dice.pick(SLOW_MS if slow else BUSY_MS) / 1000)
        if fault == "store.read_failed":
            raise StoreError(*self._dice.pick(ERRORS))
        return fault

    def _hand_over(
        self, identity: Identity, facts: list[NewFact] | None, epoch: int | None, fault: str
    ) -> _Letter:
        letter = _Letter(
            identity=identity,
            facts=facts,
            epoch=epoch,
            fault=fault,
            done=trio.Event(),
            handed_at=trio.current_time(),
        )
        self._letters.append(letter)
        self.unwritten += 1
        self._wake.set()
        return letter

    async def _write(self, letter: _Letter) -> None:
        slow = self._tardy or letter.fault in ("store.append_slow", "store.erase_slow")
        if self._late:
            await trio.sleep(LATE_MS / 1000)
        await trio.sleep(self._dice.pick(SLOW_MS if slow else BUSY_MS) / 1000)
        if letter.fault in ("store.append_failed", "store.erase_failed"):
            letter.error = StoreError(*self._dice.pick(ERRORS))
            return
        stream = letter.identity.stream
        if letter.facts is None:
            await self._kept.erase(letter.identity)
            self._epochs[stream] = self._epochs.get(stream, 0) + 1
            self.erasures.append((stream, len(self.committed), trio.current_time()))
            return
        try:
            letter.appended = await self._kept.append(letter.identity, letter.facts, epoch=letter.epoch)
        except StoreError as error:
            letter.error = error
            return
        epoch = self._epochs.get(stream, 0)
        known = {each.event.event_id for each in self.committed}
        for new, version in zip(letter.facts, letter.appended.versions, strict=True):
            if new.event_id not in known:
                event = Event(stream, version, new.event_id, new.fact, new.meta)
                self.committed.append(
                    Committed(event=event, epoch=epoch, said=letter.epoch, handed_at=letter.handed_at)
                )
