"""The accounts actor: codes, passwords and sessions, over `store.accounts`.

Secrets are read from the turn's body and handed back in `SignedIn.token` alone; what a trace keeps of an
answer is made here, without them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aurora import telemetry
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.passwords import TooManyWaitingError
from aurora.actors.questions import (
    ChallengeOpened,
    CheckPassword,
    CloseSession,
    EraseAccount,
    OpenChallenge,
    ReadAccount,
    RedeemCode,
    SetPassword,
    SignedIn,
    SignInRefused,
    TakeAlong,
    TakenAlong,
    TriesLimited,
)
from aurora.actors.sign_in_desk import (
    CODE_ATTEMPTS,
    LOGINS_PER_CLIENT,
    STARTS_PER_ADDRESS,
    STARTS_PER_CLIENT,
    VERIFIES_PER_CLIENT,
    SignInDesk,
    new_challenge_id,
    new_code,
    new_user_id,
)
from aurora.contract.turn import Identity, Turn, iso_ms, stream_of
from aurora.rules.email_address import address_of
from aurora.rules.keyed import same
from aurora.store.accounts import Account, Challenge, Claimed, Limited, Locked, Refused, Session
from aurora.store.facts import DeviceLinked, FactMeta, GuestMerged, NewFact
from aurora.store.port import StoreError

NAME = "accounts"
HIDDEN = "[redacted]"


def accounts_handler(desk: SignInDesk, *, can_send: bool) -> Handler:
    """Handler of every question about accounts. can_send: there is a way to bring codes to people.

    Failures: `not_configured`, `store` (detail as `actors.memory` has it), `admission`.
    """

    async def handle(call: Call) -> Finding:
        if not desk.open:
            return Failure(actor=NAME, code="not_configured")
        if isinstance(call.question, OpenChallenge) and not (can_send or desk.debug):
            return Failure(actor=NAME, code="not_configured")
        try:
            return await _answer(desk, call)
        except StoreError as error:
            return Failure(actor=NAME, code="store", detail=f"{error.kind}:{error.code or ''}")
        except TooManyWaitingError:
            return Failure(actor=NAME, code="admission")

    return handle


async def _answer(desk: SignInDesk, call: Call) -> Finding:
    turn = call.turn
    match call.question:
        case OpenChallenge():
            return await _challenge(desk, turn)
        case RedeemCode():
            return await _redeem(desk, turn)
        case CheckPassword():
            return await _check(desk, turn)
        case SetPassword():
            return _said(await _set(desk, turn))
        case ReadAccount():
            return _said(await desk.accounts.account(_user(turn)))
        case TakeAlong():
            return _said(await _take_along(desk, turn, call.question.user_id))
        case CloseSession():
            await desk.accounts.close(turn.context.bearer_token_hash, stream_of("g", turn.identity.uid))
            return _said(True)
        case EraseAccount():
            return _said(await _erase(desk, turn))
        case _:
            raise TypeError(f"accounts cannot answer {type(call.question).__name__}")


async def _challenge(desk: SignInDesk, turn: Turn) -> Finding:
    """Draw a code. The same work for every address: nobody looks whether there is an account."""
    challenge_id, code = new_challenge_id(), new_code()
    expires_at = turn.now + desk.code_ttl
    challenge = Challenge(
        challenge_id=challenge_id, code_hash=desk.code_hash(challenge_id, code), expires_at=expires_at
    )
    limited = await desk.accounts.start(
        desk.trying("start", _email(turn), _client(turn), turn.now),
        challenge,
        STARTS_PER_CLIENT,
        STARTS_PER_ADDRESS,
    )
    _count("start", limited)
    if limited is not None:
        return _limited(limited)
    desk.tray.put(challenge_id, code)
    opened = ChallengeOpened(
        challenge_id=challenge_id,
        expires_at=iso_ms(expires_at),
        expires_in_s=int(desk.code_ttl.total_seconds()),
        debug_code=code if desk.debug else None,
    )
    hidden = msgspec.structs.replace(opened, debug_code=HIDDEN if desk.debug else None)
    return Answer(actor=NAME, value=opened, raw=msgspec.json.encode(hidden))


async def _redeem(desk: SignInDesk, turn: Turn) -> Finding:
    email, said = _email(turn), turn.body.code.strip()
    token, session = desk.session(turn.identity.uid, turn.now)

    def matches(challenge_id: str, code_hash: str) -> bool:
        return same(desk.code_hash(challenge_id, said), code_hash)

    outcome = await desk.accounts.verify(
        desk.trying("verify", email, _client(turn), turn.now), email, new_user_id(), session,
        matches=matches, attempts=CODE_ATTEMPTS, client=VERIFIES_PER_CLIENT,
    )  # fmt: skip
    _count("verify", outcome)
    if isinstance(outcome, Limited):
        return _limited(outcome)
    if isinstance(outcome, Refused):
        return _said(SignInRefused(reason=outcome.reason))
    return _signed_in(outcome, token, session)


async def _check(desk: SignInDesk, turn: Turn) -> Finding:
    """One scrypt whether there is an account, a password, or neither (decision 32)."""
    email, said = _email(turn), turn.body.password
    who = desk.trying("login", email, _client(turn), turn.now)
    claim = await desk.accounts.claim_login(
        who, email, attempts=desk.password_attempts, lockout=desk.lockout, client=LOGINS_PER_CLIENT
    )
    if isinstance(claim, Limited):
        _count("login", claim)
        return _limited(claim)
    if isinstance(claim, Locked):
        _count("login", claim)
        return _said(SignInRefused(reason="locked", locked_until=iso_ms(claim.until)))
    if not await desk.passwords.fits(said, claim.password) or claim.account is None:
        _count("login", claim)
        return _said(SignInRefused(reason="mismatch", locked_until=_iso(claim.locked_until)))
    token, session = desk.session(turn.identity.uid, turn.now)
    await desk.accounts.open_session(claim.account, session, who.address)
    _count("login", claim.account)
    return _signed_in(claim.account, token, session)


async def _set(desk: SignInDesk, turn: Turn) -> str:
    if not turn.body.password.strip():
        return "blank"
    made = await desk.passwords.made(turn.body.password)
    kept = await desk.accounts.set_password(_user(turn), made, turn.now, desk.login_key)
    return "kept" if kept else "gone"


async def _take_along(desk: SignInDesk, turn: Turn, user_id: str) -> TakenAlong:
    meta = FactMeta(
        request_id=turn.context.request_id,
        trace_id=turn.context.trace_id,
        occurred_at=iso_ms(turn.now),
        uid=turn.identity.uid,
        user_id=user_id,
        brief_id=turn.context.brief_id,
        causation=turn.kind,
    )

    def made(fact: GuestMerged | DeviceLinked) -> NewFact:
        own = meta if isinstance(fact, GuestMerged) else msgspec.structs.replace(meta, user_id=None)
        return NewFact(event_id=turn.uuid(type(fact).__name__), fact=fact, meta=own)

    account = Identity(uid=turn.identity.uid, user_id=user_id)
    came = await desk.accounts.take_along(stream_of("g", turn.identity.uid), account.stream, made)
    return TakenAlong(
        fields=len(came.profile),
        days=len(came.days),
        artifacts=len(came.artifacts),
        plans=len(came.plans),
        runs=len(came.runs),
        analysis=came.analysis is not None,
    )


async def _erase(desk: SignInDesk, turn: Turn) -> bool:
    """A token that nobody knows makes a guest, who speaks for no account (decision 31)."""
    user_id = turn.identity.user_id
    if user_id is None and not turn.raw.get("guest"):
        user_id = await desk.accounts.linked(stream_of("g", turn.identity.uid), turn.now)
    if user_id is None:
        return False
    await desk.accounts.erase(user_id, desk.address_keys)
    return True


def _signed_in(account: Account, token: str, session: Session) -> Finding:
    opened = SignedIn(
        user_id=account.user_id, email=account.email, token=token, expires_at=iso_ms(session.expires_at)
    )
    hidden = msgspec.structs.replace(opened, token=HIDDEN)
    return Answer(actor=NAME, value=opened, raw=msgspec.json.encode(hidden))


def _limited(limited: Limited) -> Finding:
    return _said(TriesLimited(retry_after_s=limited.retry_after_s))


def _said(value: Any) -> Finding:
    return Answer(actor=NAME, value=value)


def _email(turn: Turn) -> str:
    """The address of the body in its one form; flows have refused what is none."""
    return address_of(turn.body.email) or ""


def _client(turn: Turn) -> str:
    return str(turn.raw.get("client", ""))


def _user(turn: Turn) -> str:
    assert turn.identity.user_id is not None, "flows ask this of signed-in people alone"
    return turn.identity.user_id


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso_ms(moment)


def _count(action: str, outcome: Any) -> None:
    match outcome:
        case Limited():
            told = "limited"
        case Locked():
            told = "locked"
        case Refused() | Claimed():
            told = "refused"
        case _:
            told = "ok"
    telemetry.family("aurora_sign_ins_total").labels(action, told).inc()
