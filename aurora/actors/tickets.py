"""Tickets of late updates (contract D 9): a client that was answered early comes back for what came later.

Bounded in number, bytes and time, and of one process: with several workers a poll may miss its ticket and is
told so. A ticket remembers which candidate was shown where, which is what feedback and clicks are told by.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aurora import telemetry
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Finding
from aurora.actors.knowledge_questions import OpenTicket, PatchTicket, ReadTicket, Ticket
from aurora.rules.late_updates import BLOCKS, blocks_of, merged, rank_of
from aurora.settings import Settings

NAME: Final = "tickets"
MODE: Final = "async_backfill"  # what the metrics call it
MOST_TICKETS: Final = 512
MOST_BYTES: Final = 8 * 1024 * 1024
MOST_TICKET_BYTES: Final = 128 * 1024


class _Open(msgspec.Struct):
    """One ticket. blocks: JSON of the whole, as of `version`."""

    asked_in: tuple[str, ...]
    version: int
    expires_at_ms: int
    blocks: bytes


class TicketDesk:
    """One per process. open: dogfood mode is on."""

    def __init__(self, settings: Settings) -> None:
        self.open = settings.reco_dogfood
        self._ttl_ms = settings.reco_ticket_ttl_ms
        self._tickets: OrderedDict[str, _Open] = OrderedDict()
        self._of_request: dict[str, str] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._tickets)

    def issue(self, blocks: Mapping[str, Any], asked_in: tuple[str, ...], now_ms: int) -> Ticket:
        """A new ticket at version 1; blank where there are none.

        asked_in: request and trace id of the answer, by either of which a client may call it.
        """
        raw = msgspec.json.encode(blocks_of(blocks))
        if not self.open or len(raw) > MOST_TICKET_BYTES:
            return Ticket()
        self._expire(now_ms)
        ticket_id = str(uuid.uuid4())
        ticket = _Open(asked_in, 1, now_ms + self._ttl_ms, raw)
        self._tickets[ticket_id] = ticket
        self._of_request |= dict.fromkeys(asked_in, ticket_id)
        self.bytes += len(raw)
        while len(self._tickets) > MOST_TICKETS or self.bytes > MOST_BYTES:
            self._drop(next(iter(self._tickets)))
        return Ticket(ticket_id=ticket_id, version=1, expires_at_ms=ticket.expires_at_ms)

    def patch(self, ticket_id: str, blocks: Mapping[str, Any], now_ms: int) -> Ticket:
        """Lay later blocks over those of a ticket; its version rises by one for every block that changed."""
        ticket = self._live(ticket_id, now_ms)
        if ticket is None:
            _count_all(blocks, "ticket_missing")
            return Ticket()
        stands = msgspec.json.decode(ticket.blocks)
        changed = merged(stands, blocks_of(blocks))
        raw = msgspec.json.encode(stands | {block: found for block, (found, _) in changed.items()})
        if len(raw) > MOST_TICKET_BYTES:
            _count_all(changed, "too_large")
        else:
            for block, (_, moved) in changed.items():
                _updates("reco_async_update_total").labels(block, "applied", MODE).inc()
                _updates("reco_async_update_items_changed_count").labels(block, MODE).inc(moved)
            self.bytes += len(raw) - len(ticket.blocks)
            ticket.blocks = raw
            ticket.version += len(changed)
        return Ticket(ticket_id=ticket_id, version=ticket.version, expires_at_ms=ticket.expires_at_ms)

    def read(self, ticket_id: str, since_version: int, now_ms: int) -> Ticket:
        """A ticket, with its blocks if they are newer than `since_version`."""
        ticket = self._live(ticket_id, now_ms)
        if ticket is None:
            return Ticket()
        newer = since_version < ticket.version
        return Ticket(
            ticket_id=ticket_id,
            version=ticket.version,
            expires_at_ms=ticket.expires_at_ms,
            patch=msgspec.json.decode(ticket.blocks) if newer else {},
        )

    def shown_rank(self, request_id: str, block: str, product_id: str, name: str, now_ms: int) -> int:
        """Where a candidate of that answer stands, from 1; 0 if nobody knows."""
        ticket = self._live(self._of_request.get(request_id, ""), now_ms)
        if ticket is None:
            return 0
        return rank_of(msgspec.json.decode(ticket.blocks).get(block), product_id, name)

    def _live(self, ticket_id: str, now_ms: int) -> _Open | None:
        ticket = self._tickets.get(ticket_id)
        if ticket is not None and ticket.expires_at_ms <= now_ms:
            self._drop(ticket_id)
            return None
        return ticket

    def _expire(self, now_ms: int) -> None:
        while self._tickets:  # in the order in which they expire, but for a clock that was set back
            ticket_id, oldest = next(iter(self._tickets.items()))
            if oldest.expires_at_ms > now_ms:
                return
            self._drop(ticket_id)

    def _drop(self, ticket_id: str) -> None:
        ticket = self._tickets.pop(ticket_id)
        self.bytes -= len(ticket.blocks)
        for name in ticket.asked_in:
            if self._of_request.get(name) == ticket_id:
                del self._of_request[name]


def tickets_handler(desk: TicketDesk) -> Handler:
    """Handler of the three questions about tickets. It has no failures."""

    async def handle(call: Call) -> Finding:
        question, turn = call.question, call.turn
        match question:
            case OpenTicket():
                asked_in = (turn.context.request_id, turn.context.trace_id)
                ticket = desk.issue(question.blocks, asked_in, turn.now_ms)
            case PatchTicket():
                ticket = desk.patch(question.ticket_id, question.blocks, turn.now_ms)
            case ReadTicket():
                ticket = desk.read(question.ticket_id, question.since_version, turn.now_ms)
            case _:
                raise TypeError(f"tickets cannot answer {type(question).__name__}")
        return Answer(actor=NAME, value=ticket)

    return handle


def _updates(name: str) -> Any:
    return telemetry.family(name)


def _count_all(blocks: Mapping[str, Any], result: str) -> None:
    for block in BLOCKS:
        if block in blocks:
            _updates("reco_async_update_total").labels(block, result, MODE).inc()
