"""The global feed: every event once, in an order that never lets a late commit slip behind a reader.

Numbers are drawn at insert, visibility comes at commit, so no number alone is a safe mark. The feed reads
only below the oldest transaction still running (the snapshot's xmin) and orders and remembers by the pair
(transaction, position). It promises a complete feed, not gap-free numbers; within a stream, order is version.
The only place where SQL depends on transaction ids.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec

from aurora import telemetry
from aurora.store.codec import decode_event
from aurora.store.postgres import Connection, Database
from aurora.store.projections import Event

PAGE_LIMIT: Final = 1000

PAGE_SQL: Final = """
SELECT e.stream, e.version, e.event_id::text, e.type, e.schema_version, e.data::text, e.meta::text,
  e.xid::text, e.position
FROM aurora_events e
WHERE (e.xid, e.position) > ($1::text::xid8, $2::bigint) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.xid, e.position LIMIT $3"""
_HELD: Final = """
SELECT count(*) FROM (SELECT 1 FROM aurora_events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
LIMIT 10000) held"""


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events in feed order, and the token to read on from. held: committed events that must wait for an older
    transaction to end (at most 10,000 are counted).
    """

    events: list[Event]
    token: str
    held: int


class BadTokenError(ValueError):
    """The token was not made by this feed."""


async def read_feed(db: Database, token: str | None, limit: int = PAGE_LIMIT) -> FeedPage:
    """The next events after `token` (None: from the start), at most `limit`.

    Raises BadTokenError, StoreError, UnreadableEventError.
    """
    xid, position = _opened(token)

    async def work(connection: Connection) -> FeedPage:
        # One snapshot for both: events below its xmin are complete, those above are counted as held.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await connection.fetch(PAGE_SQL, str(xid), position, max(1, min(limit, PAGE_LIMIT)))
            held = await held_events(connection)
        end = (int(rows[-1][7]), int(rows[-1][8])) if rows else (xid, position)
        return FeedPage(events=[decode_event(*row[:7]) for row in rows], token=_sealed(*end), held=held)

    page = await db.run(work)
    telemetry.feed_lag.set(page.held)
    return page


async def held_events(connection: Connection) -> int:
    """Events that the feed holds back until an older transaction ends; at most 10,000 are counted."""
    count: int = await connection.fetchval(_HELD)
    return count


def _sealed(xid: int, position: int) -> str:
    return base64.urlsafe_b64encode(f"1:{xid}:{position}".encode()).decode().rstrip("=")


def _opened(token: str | None) -> tuple[int, int]:
    if token is None:
        return 0, 0
    try:
        text = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)).decode("ascii")
        kind, xid, position = text.split(":")
        pair = int(xid), int(position)
    except (binascii.Error, ValueError) as error:
        raise BadTokenError("not a token of this feed") from error
    if kind != "1" or not (0 <= pair[0] < 2**64 and 0 <= pair[1] < 2**63):
        raise BadTokenError("not a token of this feed")
    return pair
