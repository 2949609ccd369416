"""Why the bytes of a photo could not be had: the six codes of the runbook (contract C 9)."""

from __future__ import annotations

from typing import Literal

FetchCode = Literal[
    "DOWNLOAD_URL_GENERATE_FAILED",
    "DOWNLOAD_URL_FETCH_4XX",
    "DOWNLOAD_URL_FETCH_5XX",
    "DOWNLOAD_URL_TIMEOUT",
    "DOWNLOAD_URL_EXPIRED",
    "DOWNLOAD_URL_DNS",
]

# Trying again may help; a refusal or an expired address comes out the same.
RETRIED: frozenset[FetchCode] = frozenset({
    "DOWNLOAD_URL_FETCH_5XX", "DOWNLOAD_URL_TIMEOUT", "DOWNLOAD_URL_DNS",
})  # fmt: skip

READ_OF_REFUSAL = 4096  # bytes of an error page that are looked at
_EXPIRED_WORDS = ("expired", "x-amz-expires", "expiration")


def code_of_status(status: int, body: bytes) -> FetchCode:
    """The code of an answer that is no photo. body: what came with it, of whatever type."""
    said = body[:READ_OF_REFUSAL].decode("utf-8", "ignore").lower()
    if status == 410 or any(word in said for word in _EXPIRED_WORDS):
        return "DOWNLOAD_URL_EXPIRED"
    if status == 408:
        return "DOWNLOAD_URL_TIMEOUT"
    return "DOWNLOAD_URL_FETCH_4XX" if 400 <= status < 500 else "DOWNLOAD_URL_FETCH_5XX"


def code_of_failure(failure: str) -> FetchCode:
    """The code of a call that brought no answer. failure: as the connection pool names it."""
    if failure == "dns":
        return "DOWNLOAD_URL_DNS"
    return "DOWNLOAD_URL_TIMEOUT" if failure == "timeout" else "DOWNLOAD_URL_FETCH_5XX"


def pause_ms(base_ms: int, made: int, left_ms: int) -> int:
    """Before the next attempt, after `made`: doubled each time, never longer than what is left."""
    return min(base_ms << (made - 1), max(0, left_ms))
