"""Errors that are part of the contract: a status, a code, and what the card shows."""

from __future__ import annotations

from typing import Any

from aurora.contract.envelope import Card


class ContractError(Exception):
    """Refuse a request (contract A 5).

    status: HTTP status. code: `payload.error` of the error card. details: tree of `_errors` lists, if any.
    driver_code: `payload.code` (SQLSTATE, NO_DATABASE). extra: further payload keys. retry_after_s: sets the
    Retry-After header. instead: stands where the error card would. event: further data of the error event.
    """

    def __init__(
        self,
        status: int,
        code: str,
        *,
        details: dict[str, Any] | None = None,
        driver_code: str | None = None,
        extra: dict[str, Any] | None = None,
        retry_after_s: int | None = None,
        instead: Card | None = None,
        event: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.details = details
        self.driver_code = driver_code
        self.extra = extra or {}
        self.retry_after_s = retry_after_s
        self.instead = instead
        self.event = event or {}
