"""Passwords: scrypt in a worker thread, few at a time, the same work whether there is a password or not."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata

import trio

from aurora.rules.keyed import same
from aurora.store.accounts import Password

R, P = 8, 1
KEY_BYTES = 64
SALT_BYTES = 16
MAX_MEMORY = 64 * 1024 * 1024
AT_ONCE = 2  # 16 MiB and about a twentieth of a second each
MOST_WAITING = 64  # more would only wait for their budget to end


class TooManyWaitingError(Exception):
    """So many passwords are being checked that this one would come too late."""


class Passwords:
    """Makes and checks passwords for one process. n: cost for new ones, a power of two."""

    def __init__(self, pepper: str, n: int) -> None:
        self._pepper = pepper
        self._n = n
        self._limiter = trio.CapacityLimiter(AT_ONCE)
        # Stands in where there is no password, so that nobody can tell by the time it takes.
        self._nobody = Password(salt="00" * SALT_BYTES, key="00" * KEY_BYTES, n=n, r=R, p=P)

    async def made(self, password: str) -> Password:
        """What is kept of a password. Raises TooManyWaitingError."""
        fresh = Password(salt=secrets.token_hex(SALT_BYTES), key="", n=self._n, r=R, p=P)
        key = await self._key(password, fresh)
        return Password(salt=fresh.salt, key=key, n=fresh.n, r=R, p=P)

    async def fits(self, password: str, kept: Password | None) -> bool:
        """Whether this is the password. One scrypt, also for None. Raises TooManyWaitingError."""
        against = kept or self._nobody
        key = await self._key(password, against)
        return same(key, against.key) and kept is not None

    async def _key(self, password: str, how: Password) -> str:
        if self._limiter.statistics().tasks_waiting >= MOST_WAITING:
            raise TooManyWaitingError
        # A thread cannot be stopped, but it ends by itself, and holds its place until then.
        return await trio.to_thread.run_sync(
            scrypt_hex, self._pepper, password, how, limiter=self._limiter, abandon_on_cancel=True
        )


def scrypt_hex(pepper: str, password: str, how: Password) -> str:
    """The key of a password as hex. The same characters typed on another keyboard are the same password."""
    text = f"{pepper}:{unicodedata.normalize('NFC', password)}"
    return hashlib.scrypt(
        text.encode(),
        salt=bytes.fromhex(how.salt),
        n=how.n,
        r=how.r,
        p=how.p,
        maxmem=MAX_MEMORY,
        dklen=KEY_BYTES,
    ).hex()
