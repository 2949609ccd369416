"""Questions about what is known of products and dupes, and about tickets of late updates.

Knowledge belongs to nobody: its facts hold nothing of a person. A ticket lets a client come back for blocks
that were not ready when its answer left.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from aurora.actors.question import Question

KnowledgeKind = Literal["product", "dupes"]
RefreshKind = Literal["product_refresh", "dupes_refresh"]


class RecallKnowledge(Question, frozen=True, kw_only=True, tag=True):
    """Knowledge: what is known under these keys? Answer: Knowledge; never a failure of the store.

    keys: the first that has a row wins; each at most 512 characters (longer ones have no row).
    """

    actor: ClassVar[str] = "knowledge"
    kind: KnowledgeKind
    keys: tuple[str, ...]


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says. found=False: everything else is blank.

    verified_at: ISO-8601, when a verified answer was last written. fresh: younger than the age limit of its
    kind; a stale row is served all the same, and refreshed in the background.
    """

    found: bool
    key: str = ""
    facts: dict[str, Any] = {}
    verified: bool = False
    verified_at: str = ""
    source: str = ""
    fresh: bool = False


class KeepKnowledge(Question, frozen=True, kw_only=True, tag=True):
    """Knowledge: keep these facts. Answer: Kept.

    facts: nothing of a person; the actor refuses what looks like it. An empty or unverified row never takes
    the place of a verified one.
    """

    actor: ClassVar[str] = "knowledge"
    kind: KnowledgeKind
    key: str
    facts: dict[str, Any]
    verified: bool
    source: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the row was written, and if not, why.

    reason: "", `personal`, `too_large`, `bad_key`, `empty`, `verified_stands` or `store`.
    """

    kept: bool
    reason: str = ""


class MayRefresh(Question, frozen=True, kw_only=True, tag=True):
    """Knowledge: may this client demand a fresh answer for this key (`force_refresh`)? Answer: Leave.

    Asking counts as a try, of the client and of the key.
    """

    actor: ClassVar[str] = "knowledge"
    key: str


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a refresh may be forced now; if not, when to try again."""

    allowed: bool
    retry_after_ms: int = 0


class RefreshLater(Question, frozen=True, kw_only=True, tag=True):
    """Knowledge: play a turn of this kind in the background, without a person. Answer: Queued.

    body: of that turn. A key that waits or runs already is not queued again.
    """

    actor: ClassVar[str] = "knowledge"
    kind: RefreshKind
    key: str
    body: dict[str, Any]


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a refresh of the key waits or runs now.

    False: the queue is full, the key was refreshed a moment ago, something of a person is in the body, or the
    service stops.
    """

    queued: bool


class OpenTicket(Question, frozen=True, kw_only=True, tag=True):
    """Tickets: let the client come back for later blocks (contract D 9). Answer: Ticket.

    blocks: what stands now, version 1; keys `competitors`, `related_products`, `dupes`, `provenance`, others
    are dropped. The order of their first three candidates stays through later patches.
    """

    actor: ClassVar[str] = "tickets"
    blocks: dict[str, Any]


class PatchTicket(Question, frozen=True, kw_only=True, tag=True):
    """Tickets: these blocks are there now. Answer: Ticket, blank where the ticket is gone."""

    actor: ClassVar[str] = "tickets"
    ticket_id: str
    blocks: dict[str, Any]


class ReadTicket(Question, frozen=True, kw_only=True, tag=True):
    """Tickets: is there something newer than `since_version`? Answer: Ticket, blank where it is gone."""

    actor: ClassVar[str] = "tickets"
    ticket_id: str
    since_version: int = 0


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket. ticket_id blank: unknown, expired, or the service does not give any (dogfood mode is off).

    expires_at_ms: Unix. patch: the whole blocks, where ReadTicket asked for an older version, else empty.
    """

    ticket_id: str = ""
    version: int = 0
    expires_at_ms: int = 0
    patch: dict[str, Any] = {}
