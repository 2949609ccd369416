"""What signing in needs in a process: the pepper, the accounts, passwords, and the tray on which a code waits
for the mail that carries it.

Codes and tokens are drawn here. No question, no finding and no trace names a code: the accounts actor puts it
on the tray under its challenge's id, and the mail actor takes it from there.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Literal

from aurora.actors.passwords import Passwords
from aurora.contract.turn import stream_of
from aurora.rules.keyed import keyed
from aurora.settings import Settings
from aurora.store.accounts import Accounts, Session, Try, Window

CODE_DIGITS: Final = 6
CODE_ATTEMPTS: Final = 5
TEN_MINUTES: Final = timedelta(minutes=10)
STARTS_PER_ADDRESS: Final = Window(3, TEN_MINUTES)
STARTS_PER_CLIENT: Final = Window(10, TEN_MINUTES)
# Ours: wide enough for a household or an office, far from what guessing needs.
VERIFIES_PER_CLIENT: Final = Window(50, TEN_MINUTES)
LOGINS_PER_CLIENT: Final = Window(50, TEN_MINUTES)
_TRAY_HOLDS: Final = 512


class CodeTray:
    """Codes between two actors of one turn, by challenge id. Bounded: the oldest goes, unsent."""

    def __init__(self) -> None:
        self._codes: OrderedDict[str, str] = OrderedDict()

    def put(self, challenge_id: str, code: str) -> None:
        """Lay a code down."""
        self._codes[challenge_id] = code
        while len(self._codes) > _TRAY_HOLDS:
            self._codes.popitem(last=False)

    def take(self, challenge_id: str) -> str | None:
        """Take a code away; None if it is gone."""
        return self._codes.pop(challenge_id, None)

    def __len__(self) -> int:
        return len(self._codes)


class SignInDesk:
    """One per process. open: sign-in is enabled and has a pepper."""

    def __init__(self, accounts: Accounts, settings: Settings) -> None:
        self.accounts = accounts
        self.open = settings.auth_enabled and bool(settings.auth_pepper)
        self.tray = CodeTray()
        self.passwords = Passwords(settings.auth_pepper, power_of_two(settings.auth_scrypt_n))
        self.debug = settings.auth_debug
        self.code_ttl = timedelta(milliseconds=settings.auth_challenge_ttl_ms)
        self.session_ttl = timedelta(milliseconds=settings.auth_session_ttl_ms)
        self.password_attempts = settings.auth_password_max_attempts
        self.lockout = timedelta(milliseconds=settings.auth_password_lockout_ms)
        # Without one nobody can sign in, but clients are counted all the same, by this process alone.
        self._pepper = settings.auth_pepper or secrets.token_hex(32)

    def key(self, purpose: str, text: str) -> str:
        """A keyed hash."""
        return keyed(self._pepper, purpose, text)

    def token_hash(self, token: str) -> str:
        """What stands for a session's token in tables and turns."""
        return self.key("token", token)

    def client_key(self, client: str) -> str:
        """What stands for a client in tables and turns."""
        return self.key("client", client)

    def trying(
        self, what: Literal["start", "verify", "login"], email: str, client: str, now: datetime
    ) -> Try:
        """The counters of a try. A code has one key of its address, for asking and for bringing it back."""
        address = self.login_key(email) if what == "login" else self.key("code", email)
        return Try(now=now, client=self.key(f"{what}-client", client), address=address)

    def login_key(self, email: str) -> str:
        """Key under which wrong passwords of an address are counted."""
        return self.key("login", email)

    def address_keys(self, email: str) -> tuple[str, ...]:
        """Every key under which an address may be counted or have a code."""
        return self.key("code", email), self.login_key(email)

    def code_hash(self, challenge_id: str, code: str) -> str:
        """What is kept of a code."""
        return self.key("challenge", f"{challenge_id}:{code}")

    def session(self, uid: str, now: datetime) -> tuple[str, Session]:
        """A new token, and the session it opens."""
        token = secrets.token_hex(32)
        return token, Session(
            token_hash=self.token_hash(token),
            device=stream_of("g", uid),
            created_at=now,
            expires_at=now + self.session_ttl,
        )


def new_code() -> str:
    """Six digits, the first no zero."""
    return str(secrets.randbelow(9 * 10 ** (CODE_DIGITS - 1)) + 10 ** (CODE_DIGITS - 1))


def new_challenge_id() -> str:
    """32 hex digits."""
    return secrets.token_hex(16)


def new_user_id() -> str:
    """`usr_` and 16 random hex digits: nothing of the address can be told from it (decision 32)."""
    return f"usr_{secrets.token_hex(8)}"


def power_of_two(number: int) -> int:
    """The largest power of two that is not above `number`."""
    return 1 << (number.bit_length() - 1)
