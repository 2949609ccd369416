"""Accounts in PostgreSQL. Each method is one unit of work, most of them one transaction.

Rows are taken in one order (client, address, challenge, user, session), so that two tries cannot deadlock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec

from aurora.contract.belongings import Belongings
from aurora.contract.turn import stream_of
from aurora.store.accounts import (
    Account,
    Challenge,
    Claimed,
    Limited,
    Locked,
    Password,
    Refused,
    Session,
    Try,
    Window,
)
from aurora.store.facts import DeviceLinked, GuestMerged, NewFact
from aurora.store.journal import Journal
from aurora.store.limits import MOST_COUNTED, take
from aurora.store.merging import merge
from aurora.store.port import StoreError
from aurora.store.postgres import Connection, Database, Work

SESSIONS_KEPT: Final = 20  # a user: the oldest end when more are opened
# A counter of wrong passwords outlives its locks (contract A 8), but not by more than a day without a try.
_FORGET_AFTER: Final = timedelta(days=1)

_OPEN_CODE: Final = """
INSERT INTO aurora_auth_challenges (address, challenge_id, code_hash, attempts, created_at, expires_at)
VALUES ($1, $2, $3, 0, $4, $5)
ON CONFLICT (address) DO UPDATE SET challenge_id = excluded.challenge_id, code_hash = excluded.code_hash,
  attempts = 0, created_at = excluded.created_at, expires_at = excluded.expires_at"""
_TRY_CODE: Final = """
UPDATE aurora_auth_challenges SET attempts = attempts + 1 WHERE address = $1
RETURNING challenge_id, code_hash, attempts, expires_at"""
_END_CODE: Final = "DELETE FROM aurora_auth_challenges WHERE address = $1"
_USER: Final = """
INSERT INTO aurora_users (user_id, email, created_at, updated_at) VALUES ($1, $2, $3, $3)
ON CONFLICT (email) DO UPDATE SET updated_at = excluded.updated_at RETURNING user_id, email"""
_SESSION: Final = """
INSERT INTO aurora_auth_sessions (token_hash, user_id, device, created_at, expires_at)
SELECT $1, user_id, $3, $4, $5 FROM aurora_users WHERE user_id = $2"""
_OLD_SESSIONS: Final = f"""
DELETE FROM aurora_auth_sessions WHERE token_hash IN (
  SELECT token_hash FROM aurora_auth_sessions WHERE user_id = $1
  ORDER BY created_at DESC, token_hash OFFSET {SESSIONS_KEPT})"""
# Makes sure that the counter is there, and holds it.
_HOLD: Final = """
INSERT INTO aurora_auth_limits AS l (key, count, resets_at) VALUES ($1, 0, $2)
ON CONFLICT (key) DO UPDATE SET key = l.key RETURNING count, resets_at, locked_until"""
_COUNT: Final = "UPDATE aurora_auth_limits SET count = $2, resets_at = $3, locked_until = $4 WHERE key = $1"
_BY_EMAIL: Final = """
SELECT user_id, email, password_salt, password_hash, password_params::text AS params FROM aurora_users
WHERE email = $1"""
_SET: Final = """
UPDATE aurora_users SET password_salt = $2, password_hash = $3, password_params = $4::text::json,
  password_updated_at = $5, updated_at = $5 WHERE user_id = $1 RETURNING email"""
_HOLDER: Final = """
SELECT s.user_id FROM aurora_auth_sessions s JOIN aurora_users u ON u.user_id = s.user_id
WHERE s.token_hash = $1 AND s.expires_at > $2"""
_EMAIL: Final = "SELECT email FROM aurora_users WHERE user_id = $1"
# The user is looked for last: one session decides, and it is nobody's once its user is gone.
_LINKED: Final = """
SELECT u.user_id FROM (
  SELECT user_id FROM aurora_auth_sessions WHERE device = $1 AND expires_at > $2
  ORDER BY created_at DESC, token_hash LIMIT 1) s JOIN aurora_users u ON u.user_id = s.user_id"""
_CHANGED_HANDS: Final = "DELETE FROM aurora_auth_sessions WHERE device = $1 AND user_id <> $2"
_DEVICES: Final = "SELECT DISTINCT device FROM aurora_auth_sessions WHERE user_id = $1 ORDER BY device"
_FORGET: Final = "DELETE FROM aurora_auth_limits WHERE key = ANY ($1::text[])"

# What has had its day, $2 rows at a time: for the maintenance task.
EXPIRED: Final = tuple(
    f"""DELETE FROM {table} t USING (
  SELECT {key} FROM {table} WHERE {until} < $1 ORDER BY {until} LIMIT $2 FOR UPDATE SKIP LOCKED) old
WHERE t.{key} = old.{key}"""
    for table, key, until in (
        ("aurora_auth_challenges", "address", "expires_at"),
        ("aurora_auth_sessions", "token_hash", "expires_at"),
        ("aurora_auth_limits", "key", "resets_at"),
    )
)


class NoDatabase:
    """Where nothing is kept (no database, or retention 0), nobody can sign in: every unit of work says so."""

    async def run(self, _: Work[Any]) -> Any:
        """Raises StoreError."""
        raise StoreError("not_configured", "NO_DATABASE")


class DatabaseAccounts:
    """`store.accounts.Accounts` over PostgreSQL."""

    def __init__(self, database: Database | NoDatabase, journal: Journal | None = None) -> None:
        """journal: of the store in the same database; without one there is no memory to merge or erase."""
        self._database = database
        self._journal = journal

    async def start(self, who: Try, challenge: Challenge, client: Window, address: Window) -> Limited | None:
        """See `Accounts.start`. A client past its limit costs the address none of its tries."""

        async def work(connection: Connection) -> Limited | None:
            async with connection.transaction():
                limited = await take(connection, who.client, client, who.now) or await take(
                    connection, who.address, address, who.now
                )
                if limited is None:
                    await connection.execute(
                        _OPEN_CODE, who.address, challenge.challenge_id, challenge.code_hash, who.now,
                        challenge.expires_at,
                    )  # fmt: skip
                return limited

        return await self._database.run(work)

    async def verify(
        self, who: Try, email: str, user_id: str, session: Session, *,
        matches: Callable[[str, str], bool], attempts: int, client: Window,
    ) -> Account | Refused | Limited:  # fmt: skip
        """See `Accounts.verify`. The row of the code is held to the end: it is redeemed once."""

        async def work(connection: Connection) -> Account | Refused | Limited:
            async with connection.transaction():
                limited = await take(connection, who.client, client, who.now)
                if limited is not None:
                    return limited
                row = await connection.fetchrow(_TRY_CODE, who.address)
                fits = matches(*(("", "") if row is None else (row["challenge_id"], row["code_hash"])))
                if row is None:
                    return Refused("not_found_or_expired")
                live = row["expires_at"] > who.now
                spent = row["attempts"] >= attempts
                if not live or fits or spent:
                    await connection.execute(_END_CODE, who.address)
                if not live:
                    return Refused("expired")
                if not fits:
                    return Refused("too_many_attempts" if spent else "code_mismatch")
                user = await connection.fetchrow(_USER, user_id, email, who.now)
                assert user is not None
                account = Account(user["user_id"], user["email"])
                await _open(connection, account, session)
                return account

        return await self._database.run(work)

    async def claim_login(
        self, who: Try, email: str, *, attempts: int, lockout: timedelta, client: Window
    ) -> Claimed | Locked | Limited:
        """See `Accounts.claim_login`."""

        async def work(connection: Connection) -> Claimed | Locked | Limited:
            async with connection.transaction():
                limited = await take(connection, who.client, client, who.now)
                if limited is not None:
                    return limited
                forget_at = who.now + _FORGET_AFTER
                seen = await connection.fetchrow(_HOLD, who.address, forget_at)
                assert seen is not None
                if seen["locked_until"] is not None and seen["locked_until"] > who.now:
                    return Locked(seen["locked_until"])
                count = (seen["count"] if seen["resets_at"] > who.now else 0) + 1
                until = who.now + lockout if count >= attempts else None
                await connection.execute(_COUNT, who.address, min(count, MOST_COUNTED), forget_at, until)
                row = await connection.fetchrow(_BY_EMAIL, email)
                if row is None:
                    return Claimed(account=None, password=None, locked_until=until)
                kept = None
                if row["password_hash"] is not None:
                    made = msgspec.json.decode(row["params"], type=dict[str, int])
                    kept = Password(
                        salt=row["password_salt"],
                        key=row["password_hash"],
                        n=made["N"],
                        r=made["r"],
                        p=made["p"],
                    )
                account = Account(row["user_id"], row["email"])
                return Claimed(account=account, password=kept, locked_until=until)

        return await self._database.run(work)

    async def open_session(self, account: Account, session: Session, address: str) -> None:
        """See `Accounts.open_session`."""

        async def work(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute(_FORGET, [address])
                await _open(connection, account, session)

        await self._database.run(work)

    async def set_password(
        self, user_id: str, password: Password, now: datetime, address_of: Callable[[str], str]
    ) -> bool:
        """See `Accounts.set_password`."""
        params = msgspec.json.encode({"N": password.n, "r": password.r, "p": password.p}).decode()

        async def work(connection: Connection) -> bool:
            async with connection.transaction():
                email = await connection.fetchval(_SET, user_id, password.salt, password.key, params, now)
                if email is None:
                    return False
                await connection.execute(_FORGET, [address_of(email)])
                return True

        return await self._database.run(work)

    async def account(self, user_id: str) -> Account | None:
        """See `Accounts.account`."""

        async def work(connection: Connection) -> Account | None:
            email = await connection.fetchval(_EMAIL, user_id)
            return None if email is None else Account(user_id, email)

        return await self._database.run(work)

    async def holder(self, token_hash: str, now: datetime) -> str | None:
        """See `Accounts.holder`."""

        async def work(connection: Connection) -> str | None:
            return cast("str | None", await connection.fetchval(_HOLDER, token_hash, now))

        return await self._database.run(work)

    async def linked(self, device: str, now: datetime) -> str | None:
        """See `Accounts.linked`."""

        async def work(connection: Connection) -> str | None:
            return cast("str | None", await connection.fetchval(_LINKED, device, now))

        return await self._database.run(work)

    async def close(self, token_hash: str | None, device: str) -> None:
        """See `Accounts.close`."""

        async def work(connection: Connection) -> None:
            await connection.execute(
                "DELETE FROM aurora_auth_sessions WHERE token_hash = $1 OR device = $2", token_hash, device
            )

        await self._database.run(work)

    async def take_along(
        self, device: str, account: str, make: Callable[[GuestMerged | DeviceLinked], NewFact]
    ) -> Belongings:
        """See `Accounts.take_along`."""
        if self._journal is None or isinstance(self._database, NoDatabase):
            raise StoreError("not_configured", "NO_DATABASE")
        return await merge(self._database, self._journal, device, account, make)

    async def erase(self, user_id: str, keys_of: Callable[[str], tuple[str, ...]]) -> None:
        """See `Accounts.erase`. The user goes together with the account's stream, in one transaction: whoever
        was let in before finds it closed. Devices that came meanwhile are erased after it.
        """

        async def devices(connection: Connection) -> list[str]:
            return [row[0] for row in await connection.fetch(_DEVICES, user_id)]

        async def work(connection: Connection) -> list[str]:
            async with connection.transaction():
                email = await connection.fetchval(_EMAIL, user_id)
                if email is not None:
                    keys = list(keys_of(email))
                    await connection.execute(_FORGET, keys)
                    await connection.execute(
                        "DELETE FROM aurora_auth_challenges WHERE address = ANY ($1::text[])", keys
                    )
                await connection.execute("DELETE FROM aurora_users WHERE user_id = $1", user_id)
                ended = await connection.fetch(
                    "DELETE FROM aurora_auth_sessions WHERE user_id = $1 RETURNING device", user_id
                )
                await connection.execute("SELECT aurora_close($1)", stream_of("u", user_id))
                return [row[0] for row in ended]

        known = await self._database.run(devices)
        await self._erase_streams(known)
        ended = await self._database.run(work)
        await self._erase_streams(sorted(set(ended) - set(known)))

    async def _erase_streams(self, streams: list[str]) -> None:
        if self._journal is not None:
            for stream in streams:
                await self._journal.erase(stream)


async def _open(connection: Connection, account: Account, session: Session) -> None:
    await connection.execute(
        _SESSION, session.token_hash, account.user_id, session.device, session.created_at, session.expires_at
    )
    await connection.execute(_OLD_SESSIONS, account.user_id)
    await connection.execute(_CHANGED_HANDS, session.device, account.user_id)
