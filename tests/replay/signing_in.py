"""Turns of signing in, with what their actors answered: (name, turn, answers, outcome)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.accounts import HIDDEN
from aurora.actors.findings import Answer, Failure
from aurora.actors.questions import (
    ChallengeOpened,
    CheckPassword,
    CloseSession,
    MailSent,
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
from aurora.contract.auth_requests import AuthStart, AuthVerify, PasswordLogin, PasswordSet
from aurora.contract.turn import Turn
from aurora.store.accounts import Account
from tests.support.fakes import turn_for

EMAIL = "mei@example.com"
CODE = "918273"
PASSWORD = "correct horse battery"
TOKEN = "5ec4e7" * 10 + "abcd"
USER = "usr_00112233445566aa"
SECRETS = (CODE, PASSWORD, TOKEN)

START = AuthStart(email=EMAIL)
VERIFY = AuthVerify(email=EMAIL, code=CODE)
LOGIN = PasswordLogin(email=EMAIL, password=PASSWORD)
THEN = "2026-06-01T10:10:00.000Z"


def _hiding(value: Any, **hidden: str) -> Answer:
    """An answer as the accounts actor makes it: the trace keeps it without its secrets."""
    kept = msgspec.json.encode(msgspec.structs.replace(value, **hidden))
    return Answer(actor="accounts", value=value, raw=kept)


OPENED = ChallengeOpened(challenge_id="ab" * 16, expires_at=THEN, expires_in_s=600)
DEBUG = _hiding(
    ChallengeOpened(challenge_id="ab" * 16, expires_at=THEN, expires_in_s=600, debug_code=CODE),
    debug_code=HIDDEN,
)
SIGNED_IN = _hiding(SignedIn(user_id=USER, email=EMAIL, token=TOKEN, expires_at=THEN), token=HIDDEN)
LIMITED = TriesLimited(retry_after_s=90)
NO_MAIL = Failure(actor="mail", code="http_5xx")
NO_STORE = Failure(actor="accounts", code="store", detail="unavailable:ECONNREFUSED")
OFF = Failure(actor="accounts", code="not_configured")
BUSY = Failure(actor="accounts", code="admission")
CAME_ALONG = TakenAlong(fields=3, days=500, artifacts=1, plans=1, runs=2, analysis=True)
SENT = MailSent(delivery="smtp")


def _start(**answers: Any) -> dict[type, Any]:
    return {OpenChallenge: answers.get("opened", OPENED), SendCode: answers.get("sent", SENT)}


def _linked(came: Any) -> dict[type, Any]:
    return {RedeemCode: SIGNED_IN, TakeAlong: came}


def _kept(outcome: str) -> dict[type, Any]:
    return {SetPassword: outcome}


SIGNING_IN: list[tuple[str, Turn, dict[type, Any], str]] = [
    ("code asked for", turn_for("auth_start", START), _start(), "ok"),
    ("code shown", turn_for("auth_start", START), _start(opened=DEBUG), "ok"),
    (
        "code shown, no mail",
        turn_for("auth_start", START, lang="CN"),
        _start(opened=DEBUG, sent=NO_MAIL),
        "ok",
    ),
    ("code not sent", turn_for("auth_start", START), _start(sent=NO_MAIL), "failed"),
    ("too many codes", turn_for("auth_start", START), _start(opened=LIMITED), "failed"),
    ("sign-in off", turn_for("auth_start", START), _start(opened=OFF), "failed"),
    ("no address", turn_for("auth_start", AuthStart(email="nobody")), {}, "failed"),
    ("code right", turn_for("auth_verify", VERIFY), {RedeemCode: SIGNED_IN}, "ok"),
    ("code right, memory comes along", turn_for("auth_verify", VERIFY), _linked(CAME_ALONG), "ok"),
    ("code right, nothing comes along", turn_for("auth_verify", VERIFY), _linked(TakenAlong()), "ok"),
    ("code right, memory has to wait", turn_for("auth_verify", VERIFY), _linked(NO_STORE), "ok"),
    (
        "code wrong",
        turn_for("auth_verify", VERIFY),
        {RedeemCode: SignInRefused(reason="code_mismatch")},
        "failed",
    ),
    ("code, no store", turn_for("auth_verify", VERIFY), {RedeemCode: NO_STORE}, "failed"),
    ("password right", turn_for("auth_password_login", LOGIN), {CheckPassword: SIGNED_IN}, "ok"),
    (
        "password wrong",
        turn_for("auth_password_login", LOGIN),
        {CheckPassword: SignInRefused(reason="mismatch", locked_until=THEN)},
        "failed",
    ),
    (
        "password locked",
        turn_for("auth_password_login", LOGIN),
        {CheckPassword: SignInRefused(reason="locked", locked_until=THEN)},
        "failed",
    ),
    ("password, too busy", turn_for("auth_password_login", LOGIN), {CheckPassword: BUSY}, "failed"),
    *(
        (
            f"password {outcome}",
            turn_for("auth_password_set", PasswordSet(password=PASSWORD), user_id=USER),
            _kept(outcome),
            "ok" if outcome == "kept" else "failed",
        )
        for outcome in ("kept", "blank", "gone")
    ),
    ("who am i", turn_for("auth_me", user_id=USER), {ReadAccount: Account(USER, EMAIL)}, "ok"),
    (
        "who was i",
        turn_for("auth_me", user_id=USER),
        {ReadAccount: Answer(actor="accounts", value=None)},
        "failed",
    ),
    ("nobody", turn_for("auth_me"), {}, "failed"),
    ("signed out", turn_for("auth_logout"), {CloseSession: True}, "ok"),
    ("signed out, nobody can be in", turn_for("auth_logout"), {CloseSession: OFF}, "ok"),
    ("not signed out, no store", turn_for("auth_logout"), {CloseSession: NO_STORE}, "failed"),
]
