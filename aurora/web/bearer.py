"""Who a bearer token stands for: one indexed read a signed-in request, and no cache.

A cache would have to be told of every sign-out and erasure in every worker; the read costs a fraction of what
the turn's own memory read costs, and a token that was ended is dead everywhere at once. Whatever goes wrong
here makes a guest, never an error (contract A 2).
"""

from __future__ import annotations

import trio

from aurora import telemetry
from aurora.actors.sign_in_desk import SignInDesk
from aurora.rules.keyed import bearer_of, client_of
from aurora.settings import Settings
from aurora.store.port import StoreError
from aurora.web.request import Arrived

LONGEST_S = 0.7  # less than the smallest budget of any turn


class Bearer:
    """Who a request says is signed in. token_hash: of a token, live or not. user_id: of a live one."""

    __slots__ = ("token_hash", "user_id")

    def __init__(self, token_hash: str | None = None, user_id: str | None = None) -> None:
        self.token_hash = token_hash
        self.user_id = user_id


NOBODY = Bearer()


async def bearer_in(request: Arrived, desk: SignInDesk) -> Bearer:
    """Look the request's token up, within LONGEST_S."""
    header = request.headers.get(b"authorization")
    if header is None or not desk.open:
        return NOBODY
    token = bearer_of(request.header(b"authorization"))
    if token is None:
        return NOBODY
    token_hash = desk.token_hash(token)
    try:
        with trio.move_on_after(LONGEST_S):
            return Bearer(token_hash, await desk.accounts.holder(token_hash, request.now))
    except StoreError as error:
        telemetry.storage_failures.labels(error.kind).inc()
    return Bearer(token_hash)


def client_key(request: Arrived, desk: SignInDesk, settings: Settings) -> str:
    """The client as limits count it, as a keyed hash: turns and tables hold no address."""
    forwarded = request.header(b"x-forwarded-for")
    return desk.client_key(client_of(request.client, forwarded, settings.auth_trusted_proxies))
