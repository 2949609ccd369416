"""Whether a failed call may be tried again: the policy of one call, and the budget of one upstream.

The call's deadline covers the whole chain. The upstream's tokens keep retries near a fifth of its calls, so
that an outage is not answered with twice the load.
"""

from __future__ import annotations

import msgspec

from aurora.actors.findings import Failure, FailureCode

RATIO = 0.2
MOST_TOKENS = 20.0
FIRST_TOKENS = 10.0
LEAST_USEFUL_MS = 100

# Network errors, timeouts and statuses >= 500 (contract B 16.2). A 4xx, or an answer that cannot be read,
# would come out the same.
RETRIED: frozenset[FailureCode] = frozenset(
    {"timeout", "connect", "reset", "broken_pipe", "dns", "tls", "http_5xx"}
)


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """attempts: in all. backoff_ms: times the number of attempts made, before the next one."""

    attempts: int = 1
    backoff_ms: int = 250


ONCE = RetryPolicy()
TWICE = RetryPolicy(attempts=2)


class RetryTokens:
    """Tokens of one upstream: each first attempt pays in RATIO, each retry takes one."""

    def __init__(self) -> None:
        self.tokens = FIRST_TOKENS

    def deposit(self) -> None:
        """A first attempt goes out."""
        self.tokens = min(MOST_TOKENS, self.tokens + RATIO)

    def take(self) -> bool:
        """Pay for a retry; False when there is nothing to pay with."""
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True


def pause_before_retry_ms(
    policy: RetryPolicy, made: int, failure: Failure, *, remaining_ms: int, typical_ms: int
) -> int | None:
    """How long to wait before the next attempt; None: do not.

    made: attempts so far. typical_ms: what a good call takes; a retry that could not finish is not begun.
    """
    if made >= policy.attempts or failure.code not in RETRIED:
        return None
    pause_ms = policy.backoff_ms * made
    if remaining_ms < pause_ms + max(typical_ms, LEAST_USEFUL_MS):
        return None
    return pause_ms
