"""A turn, frozen at the door: everything random or temporal is drawn here, once.

Nothing below `web` needs a clock or a random source, which is what makes replay exact.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from aurora.contract.envelope import Lang


def stream_of(kind: str, name: str) -> str:
    """Stream key of an identity: `g:` (guest) or `u:` (account) and 128 bits of SHA-256.

    Hashed so that the tombstone of an erased person holds nothing personal, and so that a UID can
    never be crafted to collide with an account's stream.
    """
    return f"{kind}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"


class Identity(msgspec.Struct, frozen=True):
    """Who asks. `uid` is the X-Aurora-UID header (1-128 characters); `user_id` an account, once signed in."""

    uid: str
    user_id: str | None = None

    @property
    def stream(self) -> str:
        """The event stream this identity reads and writes."""
        return stream_of("u", self.user_id) if self.user_id else stream_of("g", self.uid)


class RequestContext(msgspec.Struct, frozen=True):
    """Ids and language of one request (contract A 2).

    checkout_token: of a shop's own session; the photo bridge alone is told. bearer_token_hash: keyed hash of
    the session's token that was presented, live or not. Traces hide both.
    """

    request_id: str
    trace_id: str
    lang: Lang
    uid: str | None = None
    brief_id: str | None = None
    trigger_source: str = "text"
    state: str | None = None
    checkout_token: str | None = None
    bearer_token_hash: str | None = None


class Turn(msgspec.Struct, frozen=True):
    """One request, decoded and validated.

    kind: which flow (`chat`, `analysis`, `bootstrap` ...). body: the request struct, or None.
    now: UTC, millisecond precision. seed: 16 random bytes as hex, from which every id is derived.
    raw: extra facts that the flow depends on (client state bag, effective deadline ...), JSON-able.
    """

    kind: str
    context: RequestContext
    identity: Identity
    now: datetime
    seed: str
    body: Any = None
    raw: dict[str, Any] = {}

    @property
    def now_ms(self) -> int:
        """Epoch milliseconds of `now`."""
        return int(self.now.timestamp() * 1000)

    def uuid(self, name: str) -> str:
        """A UUIDv7-shaped id for `name`, the same every time it is asked for within this turn."""
        digest = hashlib.sha256(f"{self.seed}:{name}".encode()).digest()
        stamp = self.now_ms.to_bytes(6, "big")
        raw = bytearray(stamp + digest[:10])
        raw[6] = (raw[6] & 0x0F) | 0x70
        raw[8] = (raw[8] & 0x3F) | 0x80
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def iso_ms(moment: datetime) -> str:
    """ISO-8601 UTC with milliseconds and `Z`, the wire's only time format."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
