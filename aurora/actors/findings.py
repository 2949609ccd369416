"""What actors answer with. An upstream's misbehaviour is a value here, never an exception in a flow."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

CancelReasonCode = Literal["budget", "client_gone", "shutdown", "sibling_failed", "breaker_open", "admission"]
CANCEL_REASONS: tuple[CancelReasonCode, ...] = (
    "budget", "client_gone", "shutdown", "sibling_failed", "breaker_open", "admission",
)  # fmt: skip

FailureCode = Literal[
    "not_configured", "breaker_open", "admission", "timeout", "connect", "reset", "broken_pipe", "dns", "tls",
    "http_4xx", "http_5xx", "not_json", "bad_shape", "too_large", "too_deep", "store",
    "crashed",
]  # fmt: skip

# Wire names of `upstream_failure_code` (contract B 8.7).
WIRE_CODES: dict[str, str] = {
    "timeout": "ETIMEDOUT",
    "reset": "ECONNRESET",
    "broken_pipe": "EPIPE",
    "dns": "ENOTFOUND",
    "connect": "ECONNREFUSED",
    "tls": "ETLS",
    "http_4xx": "UPSTREAM_4XX",
    "http_5xx": "UPSTREAM_5XX",
    "not_json": "UPSTREAM_NOT_JSON",
    "bad_shape": "UPSTREAM_BAD_SHAPE",
    "too_large": "UPSTREAM_TOO_LARGE",
    "too_deep": "UPSTREAM_TOO_DEEP",
    "breaker_open": "BREAKER_OPEN",
    "admission": "UPSTREAM_SATURATED",
    "not_configured": "NOT_CONFIGURED",
    "store": "STORE_UNAVAILABLE",
    "crashed": "WORKER_CRASHED",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An actor answered. value: the answer type its question names. elapsed_ms: whole milliseconds.

    raw: what the trace keeps instead of `value`, as JSON, where the answer was made from an upstream's own.
    """

    actor: str
    value: Any
    elapsed_ms: int = 0
    raw: bytes | None = None

    ok: Literal[True] = True


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An actor could not answer. status: upstream HTTP status, if any. detail: never raw upstream text."""

    actor: str
    code: FailureCode
    status: int | None = None
    elapsed_ms: int = 0
    detail: str = ""

    ok: Literal[False] = False

    @property
    def wire_code(self) -> str:
        """`upstream_failure_code` on the wire."""
        return WIRE_CODES[self.code]


Finding = Answer | Failure
