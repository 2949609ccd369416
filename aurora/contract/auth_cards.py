"""Cards of signing in (contract A 8)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from aurora.contract.card_base import Exact, Name


class AuthChallenge(Exact, frozen=True, kw_only=True):
    """A code is on its way. email: as it was understood. The last two with AURORA_BFF_AUTH_DEBUG only."""

    email: Name
    challenge_id: Name
    expires_at: Name
    expires_in_seconds: int
    delivery: Literal["resend", "smtp", "file", "debug"]
    debug_code: str | UnsetType = UNSET
    delivery_error: Name | UnsetType = UNSET


class AuthUser(Exact, frozen=True, kw_only=True):
    """Who is signed in."""

    user_id: Name
    email: Name | None


class AuthSession(Exact, frozen=True, kw_only=True):
    """A session is open: `token` goes into `Authorization: Bearer` until `expires_at`."""

    token: Name
    expires_at: Name
    user: AuthUser


class AuthDone(Exact, frozen=True, kw_only=True):
    """It is done."""

    ok: Literal[True]


class AuthMe(Exact, frozen=True, kw_only=True):
    """Whose token this is."""

    user: AuthUser
