"""Accounts in a real PostgreSQL: codes and sessions end, limits hold whoever tries, nothing piles up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio

from aurora.rules.keyed import keyed
from aurora.settings import Settings
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
from aurora.store.accounts_db import SESSIONS_KEPT, DatabaseAccounts, NoDatabase
from aurora.store.durable import PostgresStore
from aurora.store.port import StoreError
from aurora.store.postgres import Database

NOW = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)
LOCKOUT = timedelta(minutes=15)
WIDE = Window(1_000_000, TEN)
EMAIL = "mei@example.com"
KEPT = Password(salt="00", key="11", n=1024, r=8, p=1)


@pytest.fixture
async def accounts(db: Database) -> DatabaseAccounts:
    return DatabaseAccounts(db)


def who(address: str = "a", client: str = "c", at: timedelta = timedelta(0)) -> Try:
    return Try(now=NOW + at, client=f"client-{client}", address=address)


def session(token: str, at: timedelta = timedelta(0)) -> Session:
    return Session(
        token_hash=token, device="g:1", created_at=NOW + at, expires_at=NOW + at + timedelta(days=30)
    )


async def start(
    accounts: DatabaseAccounts,
    code: str = "right",
    *,
    client: Window = WIDE,
    address: Window = WIDE,
    **how: Any,
) -> Limited | None:
    tried = who(**how)
    challenge = Challenge(challenge_id=f"id-{code}", code_hash=code, expires_at=tried.now + TEN)
    return await accounts.start(tried, challenge, client, address)


async def redeem(
    accounts: DatabaseAccounts, code: str = "right", token: str = "t", *, client: Window = WIDE, **how: Any
) -> Any:
    return await accounts.verify(
        who(**how), EMAIL, f"usr_{token}", session(token),
        matches=lambda challenge_id, code_hash: (challenge_id, code_hash) == (f"id-{code}", code),
        attempts=5, client=client,
    )  # fmt: skip


async def claim(accounts: DatabaseAccounts, email: str = EMAIL, *, client: Window = WIDE, **how: Any) -> Any:
    return await accounts.claim_login(who(**how), email, attempts=5, lockout=LOCKOUT, client=client)


async def count(db: Database, table: str) -> int:
    return int(await db.run(lambda connection: connection.fetchval(f"SELECT count(*) FROM {table}")))


# --- codes


async def test_a_code_is_redeemed_once(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    assert await redeem(accounts) == Account("usr_t", EMAIL)
    assert await redeem(accounts) == Refused("not_found_or_expired")
    assert await accounts.holder("t", NOW) == "usr_t"


async def test_a_code_ends(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    assert await redeem(accounts, at=TEN) == Refused("expired")
    assert await redeem(accounts) == Refused("not_found_or_expired")


async def test_a_code_ends_with_the_fifth_wrong_one(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    told = [(await redeem(accounts, "wrong")).reason for _ in range(5)]
    assert told == ["code_mismatch"] * 4 + ["too_many_attempts"]
    assert await redeem(accounts) == Refused("not_found_or_expired")


async def test_a_new_code_replaces_the_one_before(accounts: DatabaseAccounts) -> None:
    await start(accounts, "old")
    await start(accounts, "right")
    assert await redeem(accounts, "old") == Refused("code_mismatch")
    assert isinstance(await redeem(accounts), Account)


async def test_many_at_once_redeem_a_code_once(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    outcomes: list[Any] = []

    async def one(number: int) -> None:
        outcomes.append(await redeem(accounts, token=f"t{number}"))

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(one, number)
    assert sum(isinstance(outcome, Account) for outcome in outcomes) == 1


async def test_many_at_once_guess_five_times(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    outcomes: list[str] = []

    async def one() -> None:
        outcomes.append((await redeem(accounts, "wrong")).reason)

    async with trio.open_nursery() as nursery:
        for _ in range(30):
            nursery.start_soon(one)
    assert sum(outcome in ("code_mismatch", "too_many_attempts") for outcome in outcomes) == 5


async def test_the_same_address_is_the_same_user(accounts: DatabaseAccounts) -> None:
    for token in ("t1", "t2"):
        await start(accounts)
        assert await redeem(accounts, token=token) == Account("usr_t1", EMAIL)


# --- limits


async def test_starts_are_limited_per_address_until_their_window_ends(accounts: DatabaseAccounts) -> None:
    three = Window(3, TEN)
    for _ in range(3):
        assert await start(accounts, address=three) is None
    minute = timedelta(minutes=1)
    assert await start(accounts, "late", address=three, at=minute) == Limited(540)
    assert await redeem(accounts, "late") == Refused("code_mismatch"), "a refused start opens no code"
    assert await start(accounts, address=three, at=TEN) is None


async def test_a_client_past_its_limit_uses_up_nobodys_tries(accounts: DatabaseAccounts) -> None:
    one, three = Window(1, TEN), Window(3, TEN)
    assert await start(accounts, client=one, address=three) is None
    for _ in range(10):
        assert isinstance(await start(accounts, client=one, address=three), Limited)
    for _ in range(2):
        assert await accounts.start(
            who(client="other"), Challenge(challenge_id="i", code_hash="h", expires_at=NOW + TEN), WIDE, three
        ) is None  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
async def test_wrong_passwords_lock_known_and_unknown_addresses_alike(
    accounts: DatabaseAccounts, known: bool
) -> None:
    if known:
        await start(accounts)
        await redeem(accounts)
        assert await accounts.set_password("usr_t", KEPT, NOW, lambda _: "a")
    locks = [(await claim(accounts)).locked_until for _ in range(5)]
    assert locks == [None] * 4 + [NOW + LOCKOUT]
    assert await claim(accounts, at=timedelta(minutes=14)) == Locked(NOW + LOCKOUT)
    again = await claim(accounts, at=LOCKOUT)
    assert again.locked_until == NOW + 2 * LOCKOUT, "one more failure locks again"
    assert (again.password is not None) == known


async def test_many_at_once_are_judged_five_times(accounts: DatabaseAccounts) -> None:
    outcomes: list[Any] = []

    async def one() -> None:
        outcomes.append(await claim(accounts))

    async with trio.open_nursery() as nursery:
        for _ in range(40):
            nursery.start_soon(one)
    assert sum(isinstance(outcome, Claimed) for outcome in outcomes) == 5


async def test_the_right_password_forgets_the_wrong_ones(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    account = await redeem(accounts)
    for _ in range(4):
        await claim(accounts)
    await accounts.open_session(account, session("t2"), "a")
    assert (await claim(accounts)).locked_until is None


async def test_a_new_password_lifts_the_lock(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    await redeem(accounts)
    for _ in range(5):
        await claim(accounts)
    assert await accounts.set_password("usr_t", KEPT, NOW, lambda email: "a" if email == EMAIL else "")
    claimed = await claim(accounts)
    assert claimed == Claimed(account=Account("usr_t", EMAIL), password=KEPT, locked_until=None)


async def test_ten_thousand_tries_of_one_client_and_of_many(accounts: DatabaseAccounts, db: Database) -> None:
    """Limits hold, and what is left of it all is gone when its time is over."""
    ten, three = Window(10, TEN), Window(3, TEN)
    opened = {"one": 0, "many": 0}
    limiter = trio.CapacityLimiter(16)

    async def one(kind: str, number: int) -> None:
        async with limiter:
            how = {"client": "x"} if kind == "one" else {"client": str(number % 2500)}
            tried = Try(
                now=NOW, client=f"{kind}-{how['client']}",
                address=f"victim-{number}" if kind == "one" else "victim",
            )  # fmt: skip
            challenge = Challenge(challenge_id="i", code_hash="h", expires_at=NOW + TEN)
            if await accounts.start(tried, challenge, ten, three) is None:
                opened[kind] += 1

    async with trio.open_nursery() as nursery:
        for number in range(5000):
            nursery.start_soon(one, "one", number)
            nursery.start_soon(one, "many", number)
    assert opened == {"one": 10, "many": 3}
    assert await count(db, "aurora_auth_challenges") == 11
    assert await count(db, "aurora_auth_limits") == 1 + 10 + 2500 + 1

    store = PostgresStore(db, Settings(), lambda: NOW + TEN + timedelta(seconds=1))
    await store.maintenance.once()
    assert await count(db, "aurora_auth_challenges") == 0
    assert await count(db, "aurora_auth_limits") == 0


# --- sessions


async def test_a_session_lives_thirty_days_and_no_longer(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    await redeem(accounts)
    end = NOW + timedelta(days=30)
    assert await accounts.holder("t", end - timedelta(milliseconds=1)) == "usr_t"
    assert await accounts.holder("t", end) is None


async def test_a_closed_session_is_nobodys_and_the_others_go_on(accounts: DatabaseAccounts) -> None:
    await start(accounts)
    account = await redeem(accounts)
    await accounts.open_session(account, session("t2"), "a")
    await accounts.close("t", "g:another")
    await accounts.close("t", "g:another")
    assert [await accounts.holder(token, NOW) for token in ("t", "t2", "nobodys")] == [None, "usr_t", None]


async def test_a_user_has_so_many_sessions_at_most(accounts: DatabaseAccounts, db: Database) -> None:
    await start(accounts)
    account = await redeem(accounts)
    for number in range(SESSIONS_KEPT + 5):
        await accounts.open_session(account, session(f"s{number}", timedelta(seconds=number + 1)), "a")
    assert await count(db, "aurora_auth_sessions") == SESSIONS_KEPT
    assert await accounts.holder("t", NOW) is None
    assert await accounts.holder(f"s{SESSIONS_KEPT + 4}", NOW) == "usr_t"


# --- the end


async def test_an_erased_user_leaves_nothing(accounts: DatabaseAccounts, db: Database) -> None:
    await start(accounts)
    account = await redeem(accounts)
    await start(accounts)
    await claim(accounts)
    await accounts.erase("usr_t", lambda email: ("a",) if email == EMAIL else ())
    assert await accounts.holder("t", NOW) is None
    assert await accounts.account("usr_t") is None
    assert not await accounts.set_password("usr_t", KEPT, NOW, lambda _: "a")
    await accounts.open_session(account, session("late"), "a")
    assert await accounts.holder("late", NOW) is None, "a sign-in that was under way brings nobody back"
    for table in ("aurora_users", "aurora_auth_sessions", "aurora_auth_challenges"):
        assert await count(db, table) == 0
    await accounts.erase("usr_t", lambda _: ())


async def test_without_a_database_every_call_says_so() -> None:
    accounts = DatabaseAccounts(NoDatabase())
    with pytest.raises(StoreError) as refused:
        await start(accounts)
    assert (refused.value.kind, refused.value.code) == ("not_configured", "NO_DATABASE")


def test_hashes_differ_by_purpose_and_pepper() -> None:
    assert len({keyed(pepper, purpose, "123456") for pepper in "pq" for purpose in ("code", "token")}) == 4
