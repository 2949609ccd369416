"""Rows of knowledge in a worker's memory: least recently used, bounded in number and in bytes.

Rows are held as JSON, so that what a flow does with its copy changes nobody else's.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec
import trio

from aurora.store.knowledge import KnowledgeRow

# After so long a row is read from the table again: another worker may have written it since.
TRUSTED_S: Final = 30.0
_OVERHEAD_BYTES = 200  # of the entry itself


class _Held(msgspec.Struct, frozen=True):
    raw: bytes
    until: float
    verified: bool
    bytes: int


_decoder = msgspec.json.Decoder(KnowledgeRow)


class KnowledgeCache:
    """trusted_s: how long a row counts as current; infinite where there is no table behind it."""

    def __init__(self, most_rows: int, most_bytes: int, *, trusted_s: float = TRUSTED_S) -> None:
        self._rows: OrderedDict[str, _Held] = OrderedDict()
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._trusted_s = trusted_s
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str, *, old_too: bool = False) -> KnowledgeRow | None:
        """The row, if it is current. old_too: or if it was once, for when the table cannot be asked."""
        held = self._rows.get(key)
        if held is None or (held.until <= trio.current_time() and not old_too):
            return None
        self._rows.move_to_end(key)
        return _decoder.decode(held.raw)

    def is_verified(self, key: str) -> bool:
        """Whether a verified row is held, current or not."""
        held = self._rows.get(key)
        return held is not None and held.verified

    def put(self, row: KnowledgeRow) -> None:
        """Hold a row in the place of the one before; the rows used longest ago go."""
        self.drop(row.key)
        raw = msgspec.json.encode(row)
        size = len(raw) + len(row.key) + _OVERHEAD_BYTES
        if size > self._most_bytes:
            return
        self._rows[row.key] = _Held(raw, trio.current_time() + self._trusted_s, row.verified, size)
        self.bytes += size
        while len(self._rows) > self._most_rows or self.bytes > self._most_bytes:
            _, gone = self._rows.popitem(last=False)
            self.bytes -= gone.bytes

    def drop(self, key: str) -> None:
        """Forget a row."""
        held = self._rows.pop(key, None)
        if held is not None:
            self.bytes -= held.bytes
