"""Links: what the process keeps open to each upstream.

A link outlives requests. It owns the connection pool, a limiter smaller than the pool (so that calls which
are cut while connecting can never strand the last slot), the breaker, the retry tokens and the counters.
Whatever an upstream does comes back as a Reply or as a Failure; only a bug of ours raises. Cancelling a call
closes its upstream socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import msgspec
import trio

from aurora import telemetry
from aurora.actors.breaker import Breaker, BreakerRules, Permit
from aurora.actors.findings import Failure, FailureCode
from aurora.actors.http_pool import ExchangeError, Headers, HttpPool
from aurora.actors.json_bounds import JsonRefusedError, read_json
from aurora.actors.retry import ONCE, RetryPolicy, RetryTokens, pause_before_retry_ms
from aurora.contract.turn import RequestContext
from aurora.settings import Settings

MOST_WAITING = 1024
WATCH_S = 5.0
# A call that the budget cut after less than this says nothing about the upstream.
FAIR_CHANCE_MS = 500
BREAKER_GAUGE = {"closed": 0, "half_open": 1, "open": 2}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A 2xx answer with a JSON body. raw: its bytes, NUL escapes taken out; body: decoded from them."""

    status: int
    body: Any
    raw: bytes


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """A request as every attempt sends it, but for the time that is left. why: see `Link.call`."""

    method: str
    target: str
    headers: Headers
    content: bytes | None
    why: Callable[[object], str | None] | None = None


class Link:
    """One upstream, as an async context manager.

    name: label of its metrics. base_url: `http` or `https`; empty means not configured. headers: sent with
    every call. in_flight: calls that hold one of the limiter's places. Raises ValueError for a base that is
    no URL.
    """

    def __init__(
        self, name: str, base_url: str, settings: Settings, *, headers: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.in_flight = 0
        self.pool = HttpPool(base_url) if base_url else None
        self.tokens = RetryTokens()
        self.breaker = Breaker(
            BreakerRules(
                enabled=settings.breaker_enabled,
                rate_pct=settings.breaker_rate_pct,
                min_calls=settings.breaker_min_calls,
                window_ms=settings.breaker_window_ms,
                open_ms=settings.breaker_open_ms,
                slow_ms=settings.breaker_slow_ms,
            )
        )
        self._max_bytes = settings.upstream_max_bytes
        self._max_depth = settings.max_json_depth
        self._slow_ms = settings.breaker_slow_ms
        self._headers = [(b"accept", b"application/json"), (b"user-agent", b"aurora"), *_encoded(headers)]
        self._limiter = trio.CapacityLimiter(settings.upstream_limit)
        self._waiting = 0
        self._typical_ms = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pool is not None:
            await self.pool.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        context: RequestContext | None = None,
        retry: RetryPolicy = ONCE,
        attempt_ms: int = 0,
        why: Callable[[object], str | None] | None = None,
    ) -> Reply | Failure:
        """One call with its retries, all of it before `deadline` (trio instant), waiting for a place
        included.

        json: anything msgspec can encode. attempt_ms: limit of each attempt, 0 for none. Any status but 2xx,
        any body but JSON within the bounds, is a Failure; `Failure.elapsed_ms` is left to the receiver. why:
        makes `Failure.detail`, which must be fit to be shown, from the JSON that came with another status.
        """
        if self.pool is None:
            return Failure(actor=self.name, code="not_configured")
        content = None if json is None else msgspec.json.encode(json)
        sending = Sending(
            method=method,
            target=f"{path}?{urlencode(params)}" if params else path,
            headers=self._headers_for(context, headers, has_body=content is not None),
            content=content,
            why=why,
        )
        self.tokens.deposit()
        made = 0
        while True:
            made += 1
            limit = deadline
            if attempt_ms > 0:
                limit = min(limit, trio.current_time() + attempt_ms / 1000)
            outcome = await self._attempt(self.pool, sending, limit)
            if isinstance(outcome, Reply):
                return outcome
            pause_ms = pause_before_retry_ms(
                retry,
                made,
                outcome,
                remaining_ms=int((deadline - trio.current_time()) * 1000),
                typical_ms=int(self._typical_ms),
            )
            if pause_ms is None:
                return outcome
            if not self.tokens.take():
                telemetry.link_retries.labels(self.name, "no_tokens").inc()
                return outcome
            telemetry.link_retries.labels(self.name, "tried").inc()
            await trio.sleep(pause_ms / 1000)

    async def watch(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Watchdog task: looks after the pool, for ever, until cancelled."""
        task_status.started()
        while True:
            await trio.sleep(WATCH_S)
            if self.pool is not None and await self.pool.check():
                telemetry.link_watchdog_rebuilds.labels(self.name).inc()

    # --- one attempt

    async def _attempt(self, pool: HttpPool, sending: Sending, deadline: float) -> Reply | Failure:
        begun = trio.current_time()
        permit = self.breaker.permit(begun)
        if permit is None:
            return self._counted(Failure(actor=self.name, code="breaker_open"), begun)
        if self._waiting >= MOST_WAITING:
            self.breaker.forget(permit)
            return self._counted(Failure(actor=self.name, code="admission"), begun)
        sent_at: float | None = None
        outcome: Reply | Failure | None = None
        try:
            with trio.move_on_at(deadline):
                self._waiting += 1
                try:
                    await self._limiter.acquire()
                finally:
                    self._waiting -= 1
                self._flight(+1)
                try:
                    sent_at = trio.current_time()
                    outcome = await self._exchange(pool, sending, deadline - sent_at)
                finally:
                    self._flight(-1)
                    self._limiter.release()
        except trio.Cancelled as cut:
            self._judge_cut(permit, sent_at, reason=cut.reason or cut.source)
            telemetry.link_calls.labels(self.name, "cancelled").inc()
            raise
        if outcome is None:
            outcome = Failure(actor=self.name, code="admission" if sent_at is None else "timeout")
        self._judge(permit, outcome, sent_at)
        return self._counted(outcome, begun)

    async def _exchange(self, pool: HttpPool, sending: Sending, remaining_s: float) -> Reply | Failure:
        left = (b"x-aurora-deadline-ms", b"%d" % max(0, int(remaining_s * 1000)))
        try:
            received = await pool.exchange(
                sending.method,
                sending.target,
                [*sending.headers, left],
                sending.content,
                read=_is_success if sending.why is None else lambda _: True,
                max_bytes=self._max_bytes,
            )
        except ExchangeError as error:
            return Failure(actor=self.name, code=error.code, detail=error.detail)
        status, raw = received.status, received.body
        if not _is_success(status):
            code: FailureCode = "http_5xx" if status >= 500 else "http_4xx" if status >= 400 else "bad_shape"
            return Failure(actor=self.name, code=code, status=status, detail=self._why(sending, raw))
        if raw is None:
            return Failure(actor=self.name, code="too_large", status=status)
        try:
            body, raw = read_json(raw, self._max_depth)
        except JsonRefusedError as refused:
            return Failure(actor=self.name, code=refused.code, status=status)
        return Reply(status=status, body=body, raw=raw)

    def _why(self, sending: Sending, raw: bytes | None) -> str:
        """What is worth telling of the body of another status."""
        if sending.why is None or not raw:
            return ""
        try:
            return sending.why(read_json(raw, self._max_depth)[0]) or ""
        except JsonRefusedError:
            return ""

    def _headers_for(
        self, context: RequestContext | None, extra: Mapping[str, str] | None, *, has_body: bool
    ) -> Headers:
        sent = [*self._headers, *_encoded(extra)]
        if context is not None:
            sent.append((b"x-request-id", context.request_id.encode()))
            sent.append((b"x-trace-id", context.trace_id.encode()))
        if has_body:
            sent.append((b"content-type", b"application/json"))
        return sent

    # --- judging and counting

    def _judge(self, permit: Permit, outcome: Reply | Failure, sent_at: float | None) -> None:
        now = trio.current_time()
        if sent_at is None:
            self.breaker.forget(permit)
        else:
            elapsed_ms = (now - sent_at) * 1000
            slow = elapsed_ms > self._slow_ms
            if isinstance(outcome, Reply):
                weight = 1.0 if self._typical_ms == 0 else 0.1
                self._typical_ms += (elapsed_ms - self._typical_ms) * weight
                self.breaker.record(permit, now, good=not slow)
            else:
                blameless = outcome.code == "http_4xx" and outcome.status not in (408, 429)
                self.breaker.record(permit, now, good=blameless and not slow)
        self._show_breaker()

    def _judge_cut(self, permit: Permit, sent_at: float | None, reason: str) -> None:
        """A budget's cut is the upstream's failure if it had a fair chance; a hang-up is nobody's."""
        now = trio.current_time()
        elapsed_ms = 0.0 if sent_at is None else (now - sent_at) * 1000
        by_budget = reason in ("budget", "deadline") and elapsed_ms >= FAIR_CHANCE_MS
        if by_budget or elapsed_ms > self._slow_ms:
            self.breaker.record(permit, now, good=False)
        else:
            self.breaker.forget(permit)
        self._show_breaker()

    def _counted(self, outcome: Reply | Failure, begun: float) -> Reply | Failure:
        label = "ok" if isinstance(outcome, Reply) else outcome.code
        telemetry.link_calls.labels(self.name, label).inc()
        telemetry.link_latency_ms.labels(self.name).observe((trio.current_time() - begun) * 1000)
        return outcome

    def _show_breaker(self) -> None:
        telemetry.breaker_state.labels(self.name).set(BREAKER_GAUGE[self.breaker.state])

    def _flight(self, step: int) -> None:
        self.in_flight += step
        telemetry.link_in_flight.labels(self.name).inc(step)


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _encoded(headers: Mapping[str, str] | None) -> list[tuple[bytes, bytes]]:
    return [(key.lower().encode(), value.encode()) for key, value in (headers or {}).items()]
