"""Refreshes of knowledge as turns: each drawn here, with a trace of its own and nobody behind it.

A refresh is played like any turn, by the flow of its kind and under the budget of its row in the table; its
envelope is for nobody. It takes one of the places that turns are admitted to, and is skipped when there is
none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_bytes
from typing import Final

import structlog

from aurora.actors.house import House
from aurora.actors.refresher import Play, Refresh
from aurora.actors.turn import conduct
from aurora.contract.errors import ContractError
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.contract.validation import decode
from aurora.flows.table import TURN_KINDS
from aurora.web.request import uuid4_of

log = structlog.get_logger(__name__)

# No request can come with a blank UID, so this stream is nobody's.
NOBODY: Final = Identity(uid="")
BUDGET_MS: Final = 12_000


def player(house: House) -> Play:
    """What the refresher plays with: answers the turn's outcome, or why there was none."""

    async def play(refresh: Refresh) -> str:
        kind = TURN_KINDS.get(refresh.kind)
        if kind is None:
            return "unknown_kind"
        drawn = token_bytes(48)
        moment = datetime.now(UTC)
        body = None
        try:
            if kind.body is not None:
                body = decode(kind.body, refresh.body, max_depth=house.settings.max_json_depth)
        except ContractError:
            log.warning("refresh_body_refused", kind=refresh.kind)
            return "bad_body"
        turn = Turn(
            kind=refresh.kind,
            context=RequestContext(
                request_id=uuid4_of(drawn[16:32]),
                trace_id=uuid4_of(drawn[32:]),
                lang=refresh.lang,
                trigger_source="background",
            ),
            identity=NOBODY,
            now=moment.replace(microsecond=moment.microsecond // 1000 * 1000),
            seed=drawn[:16].hex(),
            body=body,
        )
        try:
            with house.admit():
                finished = await conduct(house, turn, kind.flow, budget=("refresh", BUDGET_MS))
        except ContractError:
            return "overloaded"
        return finished.outcome

    return play
