"""When a failed call is tried again."""

from __future__ import annotations

import pytest

from aurora.actors.findings import Failure, FailureCode
from aurora.actors.retry import MOST_TOKENS, ONCE, TWICE, RetryPolicy, RetryTokens, pause_before_retry_ms


@pytest.mark.parametrize(
    ("code", "again"),
    [
        ("timeout", True), ("connect", True), ("reset", True), ("broken_pipe", True), ("dns", True),
        ("tls", True), ("http_5xx", True), ("http_4xx", False), ("not_json", False), ("bad_shape", False),
        ("too_large", False), ("too_deep", False), ("breaker_open", False), ("admission", False),
        ("not_configured", False), ("store", False),
    ],
)  # fmt: skip
def test_only_network_errors_timeouts_and_5xx_are_tried_again(code: FailureCode, again: bool) -> None:
    failure = Failure(actor="decision", code=code)
    pause = pause_before_retry_ms(TWICE, 1, failure, remaining_ms=9000, typical_ms=0)
    assert pause == (250 if again else None)


@pytest.mark.parametrize(
    ("policy", "made", "remaining_ms", "typical_ms", "pause_ms"),
    [
        (ONCE, 1, 9000, 0, None),
        (TWICE, 2, 9000, 0, None),
        (RetryPolicy(attempts=3), 2, 9000, 0, 500),
        (TWICE, 1, 350, 0, 250),
        (TWICE, 1, 349, 0, None),  # less than a useful attempt would be left
        (TWICE, 1, 1249, 1000, None),
        (TWICE, 1, 1250, 1000, 250),
    ],
)
def test_a_retry_waits_longer_each_time_and_must_be_able_to_finish(
    policy: RetryPolicy, made: int, remaining_ms: int, typical_ms: int, pause_ms: int | None
) -> None:
    failure = Failure(actor="decision", code="reset")
    assert (
        pause_before_retry_ms(policy, made, failure, remaining_ms=remaining_ms, typical_ms=typical_ms)
        == pause_ms
    )


def test_retries_are_paid_for_by_calls() -> None:
    tokens = RetryTokens()
    while tokens.take():
        pass
    for _ in range(5):
        tokens.deposit()
    assert tokens.take()
    assert not tokens.take()


def test_a_quiet_day_does_not_save_up_for_a_storm() -> None:
    tokens = RetryTokens()
    for _ in range(10_000):
        tokens.deposit()
    assert tokens.tokens == MOST_TOKENS
