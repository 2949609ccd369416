"""How often something may be tried: counters in PostgreSQL, so that they hold across workers (decision 8).

Keys are keyed hashes that name their purpose: a counter tells nothing about whom or what it counts.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from aurora.store.accounts import Limited, Window
from aurora.store.port import StoreError
from aurora.store.postgres import Connection, Database

MOST_COUNTED: Final = 1_000_000
_KEPT_HERE: Final = 4096
_DEADLINE_S: Final = 1.0
_TAKE: Final = f"""
INSERT INTO aurora_auth_limits AS l (key, count, resets_at) VALUES ($1, 1, $3)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN l.resets_at <= $2 THEN 1 ELSE least(l.count + 1, {MOST_COUNTED}) END,
  resets_at = CASE WHEN l.resets_at <= $2 THEN excluded.resets_at ELSE l.resets_at END
RETURNING count, resets_at"""

Tries = Sequence[tuple[str, Window]]


async def take(connection: Connection, key: str, window: Window, now: datetime) -> Limited | None:
    """Count a try of `key`; None when it may be made. Part of a unit of work."""
    row = await connection.fetchrow(_TAKE, key, now, now + window.within)
    assert row is not None
    return _judged(row["count"], row["resets_at"], window, now)


class Limiter:
    """Counts tries of several keys at once. Where the database cannot, this process counts for itself."""

    def __init__(self, database: Database | None) -> None:
        self._database = database
        self._here: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    async def tried(self, tries: Tries, now: datetime) -> Limited | None:
        """Count one try of each key, in order, up to the first that is past its window. Never raises."""
        if self._database is not None:

            async def work(connection: Connection) -> Limited | None:
                async with connection.transaction():
                    for key, window in tries:
                        limited = await take(connection, key, window, now)
                        if limited is not None:
                            return limited
                return None

            try:
                return await self._database.run(work, deadline_s=_DEADLINE_S)
            except StoreError:
                pass  # a limit that cannot be shared is still a limit
        return next((limited for key, window in tries if (limited := self._count(key, window, now))), None)

    def _count(self, key: str, window: Window, now: datetime) -> Limited | None:
        count, resets_at = self._here.get(key, (0, now))
        if resets_at <= now:
            count, resets_at = 0, now + window.within
        count = min(count + 1, MOST_COUNTED)
        self._here[key] = (count, resets_at)
        self._here.move_to_end(key)
        if len(self._here) > _KEPT_HERE:
            self._here.popitem(last=False)
        return _judged(count, resets_at, window, now)


def _judged(count: int, resets_at: datetime, window: Window, now: datetime) -> Limited | None:
    if count <= window.most:
        return None
    return Limited(max(1, math.ceil((resets_at - now).total_seconds())))
