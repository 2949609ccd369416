"""How stored memory shows on the wire, and how a failing store is refused (contract A 5, 7). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from aurora.actors.findings import Failure
from aurora.contract.errors import ContractError
from aurora.contract.memory import SkinLog
from aurora.contract.turn import Turn

DB_MISSING = ("profile", "db_not_configured_or_unavailable")


def log_view(log: SkinLog) -> dict[str, Any]:
    """A skin log as the wire has it: whose it is under one of two keys, everything else always there."""
    shown: dict[str, Any] = msgspec.to_builtins(log)
    for owner in ("aurora_uid", "user_id"):
        if shown[owner] is None:
            del shown[owner]
    return shown


def log_views(logs: Sequence[SkinLog]) -> list[dict[str, Any]]:
    """Skin logs, newest first as they were read."""
    return [log_view(log) for log in logs]


def today(turn: Turn) -> str:
    """The UTC date of the turn."""
    return turn.now.date().isoformat()


def checkin_due(logs: Sequence[SkinLog], turn: Turn) -> bool:
    """Whether today's check-in is still to come; a log dated in the future does not count as today's."""
    return not logs or logs[0].date != today(turn)


def storage_refusal(failure: Failure) -> ContractError:
    """503 by what the store said (`detail` is `<kind>:<code>`, see actors.memory)."""
    kind, _, code = failure.detail.partition(":")
    if kind == "not_configured":
        return ContractError(503, "DB_NOT_CONFIGURED", driver_code=code or "NO_DATABASE")
    if kind == "schema_not_ready":
        return ContractError(503, "DB_SCHEMA_NOT_READY", driver_code=code or None)
    return ContractError(503, "DB_UNAVAILABLE", driver_code=code or None)


def too_slow() -> ContractError:
    """What a write answers when its budget fires: nobody knows yet whether it was saved (decision 3)."""
    return ContractError(503, "DB_UNAVAILABLE", driver_code="TIMEOUT", retry_after_s=1)
