"""Accounts as the rest of the house sees them: users, open codes, sessions and limits of tries.

Every code, token, address and client arrives here as a keyed hash, every instant from the turn. What is
claimed is claimed before it is judged, so that many tries at once count like one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from aurora.contract.belongings import Belongings
from aurora.store.facts import DeviceLinked, GuestMerged, NewFact


class Window(msgspec.Struct, frozen=True):
    """At most `most` tries of one key within `within`, counted from the first."""

    most: int
    within: timedelta


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody tries something at `now`. client, address: keys of their counters (keyed hashes)."""

    now: datetime
    client: str
    address: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session about to be opened. device: stream key of the UID it is opened on."""

    token_hash: str
    device: str
    created_at: datetime
    expires_at: datetime


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """An open code. code_hash: depends on challenge_id, so equal codes have different hashes."""

    challenge_id: str
    code_hash: str
    expires_at: datetime


class Account(msgspec.Struct, frozen=True):
    """Who somebody is, once signed in."""

    user_id: str
    email: str


class Password(msgspec.Struct, frozen=True, kw_only=True):
    """A password as it is kept: salt and key as hex, and the scrypt parameters they were made with."""

    salt: str
    key: str
    n: int
    r: int
    p: int


class Limited(msgspec.Struct, frozen=True):
    """Too many tries; `retry_after_s` seconds until the next may be made."""

    retry_after_s: int


class Locked(msgspec.Struct, frozen=True):
    """Too many wrong passwords for this address."""

    until: datetime


Refusal = Literal["not_found_or_expired", "expired", "code_mismatch", "too_many_attempts"]


class Refused(msgspec.Struct, frozen=True):
    """The code is not accepted."""

    reason: Refusal


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """One try at a password was counted and may be made.

    account, password: None where there is none. locked_until: what holds from now on if this try is wrong.
    """

    account: Account | None
    password: Password | None
    locked_until: datetime | None


class Accounts(Protocol):
    """Users, codes, sessions, limits. Every method raises StoreError."""

    async def start(self, who: Try, challenge: Challenge, client: Window, address: Window) -> Limited | None:
        """Open a code for an address, replacing the one before; None when it stands."""
        ...

    async def verify(
        self, who: Try, email: str, user_id: str, session: Session, *,
        matches: Callable[[str, str], bool], attempts: int, client: Window,
    ) -> Account | Refused | Limited:  # fmt: skip
        """Redeem the open code of an address, once, and open a session.

        matches: (challenge_id, code_hash) -> whether the code that was said is this one; asked exactly once,
        also where no code is open. user_id: of the account, should it be new. attempts: wrong codes after
        which a challenge is gone.
        """
        ...

    async def claim_login(
        self, who: Try, email: str, *, attempts: int, lockout: timedelta, client: Window
    ) -> Claimed | Locked | Limited:
        """Count a try at a password before it is judged. Known and unknown addresses count alike."""
        ...

    async def open_session(self, account: Account, session: Session, address: str) -> None:
        """Open a session after the right password; what was counted against the address is forgotten."""
        ...

    async def set_password(
        self, user_id: str, password: Password, now: datetime, address_of: Callable[[str], str]
    ) -> bool:
        """Keep a password, and lift a lock. address_of: e-mail -> key. False: there is no such user."""
        ...

    async def account(self, user_id: str) -> Account | None:
        """Who a user is."""
        ...

    async def holder(self, token_hash: str, now: datetime) -> str | None:
        """User of a live session."""
        ...

    async def linked(self, device: str, now: datetime) -> str | None:
        """User for whom a device stands: of the newest live session that was opened on it."""
        ...

    async def close(self, token_hash: str | None, device: str) -> None:
        """End the session of a token, and all that were opened on the device: it stands for nobody then."""
        ...

    async def take_along(
        self, device: str, account: str, make: Callable[[GuestMerged | DeviceLinked], NewFact]
    ) -> Belongings:
        """Merge what the device's stream holds into the account's; see `store.merging.merge`."""
        ...

    async def erase(self, user_id: str, keys_of: Callable[[str], tuple[str, ...]]) -> None:
        """Erase the devices that stand for the user, then delete her with sessions, open code and counters,
        and close the account's stream for ever. keys_of: e-mail -> keys of its address.
        """
        ...
