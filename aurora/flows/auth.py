"""Signing in and out (contract A 8): by a code that comes by mail, or by a password.

No flow ever holds a code or a password: the accounts actor reads them from the turn. Every refusal is the
same for known and unknown addresses.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.findings import Failure
from aurora.actors.questions import (
    CheckPassword,
    CloseSession,
    OpenChallenge,
    ReadAccount,
    RedeemCode,
    SendCode,
    SetPassword,
    SignedIn,
    SignInRefused,
    TakeAlong,
    TakenAlong,
    TriesLimited,
)
from aurora.actors.stage import Stage
from aurora.contract.errors import ContractError
from aurora.flows.memory_view import storage_refusal, too_slow
from aurora.rules.auth_texts import SAID
from aurora.rules.email_address import address_of


async def start(stage: Stage) -> None:
    """Draw a code and mail it. Whether the address has an account makes no difference anywhere."""
    envelope = stage.envelope
    envelope.if_cut(too_slow())
    email = _address(stage)
    opened = await _asked(stage, OpenChallenge())
    minutes = opened.expires_in_s // 60
    sent = await stage.ask(SendCode(challenge_id=opened.challenge_id, minutes=minutes))
    card: dict[str, Any] = {
        "email": email,
        "challenge_id": opened.challenge_id,
        "expires_at": opened.expires_at,
        "expires_in_seconds": opened.expires_in_s,
    }
    if opened.debug_code is not None:
        card["debug_code"] = opened.debug_code
    if not isinstance(sent, Failure):
        card["delivery"] = sent.value.delivery
    elif opened.debug_code is not None:
        card |= {"delivery": "debug", "delivery_error": sent.code}
    else:
        raise ContractError(500, "AUTH_START_FAILED")
    _say(stage, "code_kept" if "delivery_error" in card else "code_sent")
    envelope.card("auth", "auth_challenge", card)
    envelope.event("auth_started", {"delivery": card["delivery"]})


async def verify(stage: Stage) -> None:
    """A code for a session. A code works once, and five wrong ones end it."""
    stage.envelope.if_cut(too_slow())
    _address(stage)
    outcome = await _asked(stage, RedeemCode())
    if isinstance(outcome, SignInRefused):
        raise ContractError(401, "INVALID_CODE", extra={"reason": outcome.reason})
    await _signed_in(stage, outcome, {})


async def password_login(stage: Stage) -> None:
    """A password for a session. Unknown address, no password and wrong password are one answer."""
    stage.envelope.if_cut(too_slow())
    _address(stage)
    outcome = await _asked(stage, CheckPassword())
    if isinstance(outcome, SignInRefused):
        extra = {"reason": outcome.reason}
        if outcome.locked_until is not None:
            extra["locked_until"] = outcome.locked_until
        if outcome.reason == "locked":
            raise ContractError(429, "PASSWORD_LOCKED", extra=extra)
        raise ContractError(401, "INVALID_CREDENTIALS", extra=extra)
    await _signed_in(stage, outcome, {"method": "password"})


async def password_set(stage: Stage) -> None:
    """Keep a password for whoever is signed in; a lock on the address is lifted."""
    envelope = stage.envelope
    envelope.if_cut(too_slow())
    user_id = _signed_in_user(stage)
    outcome = await _asked(stage, SetPassword())
    if outcome == "blank":
        raise ContractError(400, "INVALID_PASSWORD")
    if outcome == "gone":
        raise ContractError(404, "USER_NOT_FOUND")
    _say(stage, "password_set")
    envelope.card("auth", "auth_password_set", {"ok": True})
    envelope.event("auth_password_set", {"user_id": user_id})


async def me(stage: Stage) -> None:
    """Whose token this is."""
    envelope = stage.envelope
    envelope.if_cut(too_slow())
    user_id = _signed_in_user(stage)
    account = await _asked(stage, ReadAccount())
    if account is None:
        raise ContractError(401, "UNAUTHORIZED")
    envelope.card("auth", "auth_me", {"user": {"user_id": user_id, "email": account.email}})
    envelope.event("value_moment", {"kind": "auth_me"})


async def logout(stage: Stage) -> None:
    """End the session of the token, and whatever makes this device stand for an account; with nothing to end
    it is ended already.
    """
    envelope = stage.envelope
    envelope.if_cut(too_slow())
    ended = await stage.ask(CloseSession())
    if isinstance(ended, Failure) and not no_accounts(ended):
        raise refusal_of(ended)
    _say(stage, "signed_out")
    envelope.card("auth", "auth_logout", {"ok": True})
    envelope.event("auth_logout", {})


async def _asked(stage: Stage, question: Any) -> Any:
    """What the accounts actor answered. Raises ContractError for its failures and for too many tries."""
    finding = await stage.ask(question)
    if isinstance(finding, Failure):
        raise refusal_of(finding)
    if isinstance(finding.value, TriesLimited):
        wait_s = finding.value.retry_after_s
        raise ContractError(429, "RATE_LIMITED", extra={"retry_after_seconds": wait_s}, retry_after_s=wait_s)
    return finding.value


def refusal_of(failure: Failure) -> ContractError:
    """The refusal that a failure of the accounts actor makes."""
    if failure.code == "not_configured":
        return ContractError(503, "AUTH_NOT_CONFIGURED")
    if failure.code == "store":
        return storage_refusal(failure)
    return ContractError(503, "OVERLOADED", retry_after_s=1)


def no_accounts(failure: Failure) -> bool:
    """Whether nobody can be signed in here at all: sign-in is off, or nothing is kept."""
    return failure.code == "not_configured" or failure.detail.startswith("not_configured:")


async def _signed_in(stage: Stage, session: SignedIn, how: dict[str, str]) -> None:
    """The session is open and will be told, whatever becomes of what this device remembers."""
    user = {"user_id": session.user_id, "email": session.email}
    _say(stage, "signed_in")
    stage.envelope.card(
        "auth", "auth_session", {"token": session.token, "expires_at": session.expires_at, "user": user}
    )
    stage.envelope.event("auth_verified", {"user_id": session.user_id, **how})
    stage.envelope.stands()
    came = await stage.ask(TakeAlong(user_id=session.user_id))
    if not isinstance(came, Failure) and came.value != TakenAlong():
        stage.envelope.event("memory_linked", msgspec.to_builtins(came.value))


def _address(stage: Stage) -> str:
    email = address_of(stage.turn.body.email)
    if email is None:
        raise ContractError(400, "INVALID_EMAIL")
    return email


def _signed_in_user(stage: Stage) -> str:
    user_id = stage.turn.identity.user_id
    if user_id is None:
        raise ContractError(401, "UNAUTHORIZED")
    return user_id


def _say(stage: Stage, what: str) -> None:
    stage.envelope.say(SAID[what][stage.turn.context.lang])
