"""Whose memory a request reads and writes: the holder of its token, or the account for which its device
stands (decision 31). This is the one place where it is decided.

One indexed read a request while sign-in is on, and no cache: it would have to be told of every sign-in,
sign-out and erasure in every worker. The read costs a fraction of what the turn's own memory read costs, and
a session that was ended is dead everywhere at once. Whatever goes wrong here makes a guest, never an error
(contract A 2).
"""

from __future__ import annotations

from collections.abc import Awaitable

import trio

from aurora import telemetry
from aurora.actors.sign_in_desk import SignInDesk
from aurora.contract.turn import stream_of
from aurora.rules.keyed import bearer_of, client_of
from aurora.settings import Settings
from aurora.store.port import StoreError
from aurora.web.request import Arrived, is_id

LONGEST_S = 0.7  # less than the smallest budget of any turn


class Bearer:
    """Who a request says is signed in.

    shown: there was an `Authorization`, of whatever kind. token_hash: of a token, live or not. user_id: of a
    live one. account: whose memory it is, also where only the device stands for somebody.
    """

    __slots__ = ("account", "shown", "token_hash", "user_id")

    def __init__(
        self,
        token_hash: str | None = None,
        user_id: str | None = None,
        *,
        shown: bool = True,
        account: str | None = None,
    ) -> None:
        self.shown = shown
        self.token_hash = token_hash
        self.user_id = user_id
        self.account = user_id or account


NOBODY = Bearer(shown=False)


async def bearer_in(request: Arrived, desk: SignInDesk, *, linked: bool = True) -> Bearer:
    """Look up the request's token, or without one (if `linked`) its device; within LONGEST_S.

    What is shown as a token and is none makes a guest, also on a device that stands for somebody.
    """
    if not desk.open:
        return NOBODY
    if request.headers.get(b"authorization") is None:
        return await _stood_for(request, desk) if linked else NOBODY
    token = bearer_of(request.header(b"authorization"))
    if token is None:
        return Bearer()
    token_hash = desk.token_hash(token)
    user_id = await _within(desk.accounts.holder(token_hash, request.now))
    return Bearer(token_hash, user_id)


async def _stood_for(request: Arrived, desk: SignInDesk) -> Bearer:
    uid = request.header(b"x-aurora-uid")
    if not uid or not is_id(uid):
        return NOBODY  # refused in a moment, or nobody's
    account = await _within(desk.accounts.linked(stream_of("g", uid), request.now))
    return Bearer(shown=False, account=account)


async def _within(asked: Awaitable[str | None]) -> str | None:
    try:
        with trio.move_on_after(LONGEST_S):
            return await asked
    except StoreError as error:
        if error.kind != "not_configured":  # without a database nobody is anybody: no failure
            telemetry.storage_failures.labels(error.kind).inc()
    return None


def client_key(request: Arrived, desk: SignInDesk, settings: Settings) -> str:
    """The client as limits count it, as a keyed hash: turns and tables hold no address."""
    forwarded = request.header(b"x-forwarded-for")
    return desk.client_key(client_of(request.client, forwarded, settings.auth_trusted_proxies))
