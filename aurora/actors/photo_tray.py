"""Photo bytes inside this process: those that are just being taken in, and those kept for a while.

Bytes live here and nowhere else: in no question, answer, trace, log, event or file (contract C 28).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import trio

MOST_BYTES = 256 * 1024 * 1024  # of all photos that are kept


class PhotoTray:
    """Photos of requests under way, by a handle that the request drew."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    @contextmanager
    def holding(self, handle: str, photo: bytes) -> Iterator[None]:
        """Hold a photo as long as its request lasts."""
        self._held[handle] = photo
        try:
            yield
        finally:
            del self._held[handle]

    def get(self, handle: str) -> bytes | None:
        """The photo of a request; None once the request is over."""
        return self._held.get(handle)

    def __len__(self) -> int:
        return len(self._held)


class _Kept(msgspec.Struct, frozen=True):
    photo: bytes
    until: float


class PhotoCache:
    """Photos by (uid, photo id): least recently used go first, all of them after their time.

    most_items: 0 keeps none. ttl_s: from when a photo came in; a look does not make it younger.
    """

    def __init__(self, most_items: int, ttl_s: float, *, most_bytes: int = MOST_BYTES) -> None:
        self._most_items = most_items
        self._most_bytes = most_bytes
        self._ttl_s = ttl_s
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self.bytes = 0

    def put(self, uid: str, photo_id: str, photo: bytes) -> None:
        """Keep a photo, if both names are there and it fits at all."""
        if not uid or not photo_id or self._most_items == 0 or len(photo) > self._most_bytes:
            return
        self._drop((uid, photo_id))
        self._kept[uid, photo_id] = _Kept(photo, trio.current_time() + self._ttl_s)
        self.bytes += len(photo)
        self._forget_old()
        while len(self._kept) > self._most_items or self.bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def get(self, uid: str, photo_id: str) -> bytes | None:
        """A photo that is still kept."""
        self._forget_old()
        kept = self._kept.get((uid, photo_id))
        if kept is None:
            return None
        self._kept.move_to_end((uid, photo_id))
        return kept.photo

    def forget(self, uid: str) -> int:
        """Drop everything of one person; how much that was."""
        gone = [key for key in self._kept if key[0] == uid]
        for key in gone:
            self._drop(key)
        return len(gone)

    def __len__(self) -> int:
        return len(self._kept)

    def _forget_old(self) -> None:
        now = trio.current_time()
        for key in [key for key, kept in self._kept.items() if kept.until <= now]:
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.bytes -= len(kept.photo)
