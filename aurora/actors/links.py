"""Links: what the process keeps open to each upstream. The only module that knows the HTTP client.

A link outlives requests. It owns the connection pool, a limiter smaller than the pool (so that calls which
are cut while connecting can never strand the last slot), the breaker, the retry tokens and the counters.
Whatever an upstream does comes back as a Reply or as a Failure; only a bug of ours raises. Cancelling a call
closes its upstream socket.

We talk to the client's transport and not to a client object: no cookie jar that would mix people, no
redirects, no proxies or certificates from the environment, no retries but ours.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx2
import msgspec
import trio

from aurora import telemetry
from aurora.actors.breaker import Breaker, BreakerRules, Permit
from aurora.actors.findings import Failure, FailureCode
from aurora.actors.json_bounds import JsonRefusedError, read_json
from aurora.actors.retry import ONCE, RetryPolicy, RetryTokens, pause_before_retry_ms
from aurora.contract.turn import RequestContext
from aurora.settings import Settings

POOL = 160
MOST_IDLE = 32
IDLE_S = 30.0
POOL_WAIT_S = 1.0
CLOSE_WAIT_S = 0.25
WATCH_S = 5.0
MOST_WAITING = 1024
# A call that the budget cut after less than this says nothing about the upstream.
FAIR_CHANCE_MS = 500
BREAKER_GAUGE = {"closed": 0, "half_open": 1, "open": 2}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A 2xx answer with a JSON body. raw: its bytes, NUL escapes taken out; body: decoded from them."""

    status: int
    body: Any
    raw: bytes


class Link:
    """One upstream, as an async context manager.

    name: label of its metrics. base_url: without trailing slash; empty means not configured. headers: sent
    with every call. transport: for tests.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        settings: Settings,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self.in_flight = 0
        self.rebuilds = 0
        self._max_bytes = settings.upstream_max_bytes
        self._max_depth = settings.max_json_depth
        self._slow_ms = settings.breaker_slow_ms
        self._headers = [(b"accept", b"application/json"), (b"user-agent", b"aurora")]
        self._headers += [(key.encode(), value.encode()) for key, value in (headers or {}).items()]
        self._urls: dict[str, httpx2.URL] = {}
        self._limiter = trio.CapacityLimiter(settings.upstream_limit)
        self._waiting = 0
        self._typical_ms = 0.0
        self._stuck_checks = 0
        self._given = transport
        self._ssl: ssl.SSLContext | None = None
        self._transport = transport or self._new_transport()
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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await _close(self._transport)

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
    ) -> Reply | Failure:
        """One call with its retries, all of it before `deadline` (trio instant; waiting for a place
        included).

        json: anything msgspec can encode. attempt_ms: limit of each attempt, 0 for none. Any status but 2xx,
        any body but JSON within the bounds, is a Failure; `Failure.elapsed_ms` is left to the receiver.
        """
        if not self.base_url:
            return Failure(actor=self.name, code="not_configured")
        content = None if json is None else msgspec.json.encode(json)
        self.tokens.deposit()
        made = 0
        while True:
            made += 1
            limit = deadline
            if attempt_ms > 0:
                limit = min(limit, trio.current_time() + attempt_ms / 1000)
            outcome = await self._attempt(method, path, limit, params, content, headers, context)
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

    # --- one attempt

    async def _attempt(
        self,
        method: str,
        path: str,
        deadline: float,
        params: Mapping[str, str] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        context: RequestContext | None,
    ) -> Reply | Failure:
        begun = trio.current_time()
        permit = self.breaker.permit(begun)
        self._show_breaker()
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
                    request = self._request(
                        method, path, deadline - sent_at, params, content, headers, context
                    )
                    outcome = await self._exchange(request)
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

    async def _exchange(self, request: httpx2.Request) -> Reply | Failure:
        try:
            response = await self._transport.handle_async_request(request)
            try:
                return await self._read(response)
            finally:
                # Closes the socket unless the body was read to its end.
                with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WAIT_S):
                    await response.aclose()
        except httpx2.PoolTimeout:
            return Failure(actor=self.name, code="admission", detail="pool")
        except httpx2.TransportError as error:
            return Failure(actor=self.name, code=failure_code(error))

    async def _read(self, response: httpx2.Response) -> Reply | Failure:
        status = response.status_code
        if not 200 <= status < 300:
            code: FailureCode = "http_5xx" if status >= 500 else "http_4xx" if status >= 400 else "bad_shape"
            return Failure(actor=self.name, code=code, status=status)
        if _declared_length(response) > self._max_bytes:
            return Failure(actor=self.name, code="too_large", status=status)
        chunks: list[bytes] = []
        size = 0
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        async for chunk in response.stream:
            size += len(chunk)
            if size > self._max_bytes:
                return Failure(actor=self.name, code="too_large", status=status)
            chunks.append(chunk)
        try:
            body, raw = read_json(b"".join(chunks), self._max_depth)
        except JsonRefusedError as refused:
            return Failure(actor=self.name, code=refused.code, status=status)
        return Reply(status=status, body=body, raw=raw)

    def _request(
        self,
        method: str,
        path: str,
        remaining_s: float,
        params: Mapping[str, str] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        context: RequestContext | None,
    ) -> httpx2.Request:
        url = self._urls.get(path)
        if url is None:
            url = self._urls.setdefault(path, httpx2.URL(self.base_url + path))
        if params:
            url = url.copy_with(query=urlencode(params).encode())
        sent = [*self._headers, (b"x-aurora-deadline-ms", str(max(0, int(remaining_s * 1000))).encode())]
        if context is not None:
            sent.append((b"x-request-id", context.request_id.encode()))
            sent.append((b"x-trace-id", context.trace_id.encode()))
        if headers:
            sent += [(key.encode(), value.encode()) for key, value in headers.items()]
        if content is not None:
            sent.append((b"content-type", b"application/json"))
        # Our cancel scopes bound everything but the wait for a pool slot, which must never happen at all.
        extensions = {"timeout": {"connect": None, "read": None, "write": None, "pool": POOL_WAIT_S}}
        return httpx2.Request(method, url, headers=sent, content=content, extensions=extensions)

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

    # --- the pool

    async def watch(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Watchdog task: looks after the pool, for ever, until cancelled."""
        task_status.started()
        while True:
            await trio.sleep(WATCH_S)
            self.check_pool()

    def check_pool(self) -> None:
        """Connections that are busy though no call owns them are stuck: then start over with a new pool.

        A slot may be in transition, so only a surplus that two checks in a row see counts.
        """
        surplus = self._busy_connections() - self.in_flight
        self._stuck_checks = self._stuck_checks + 1 if surplus > 0 else 0
        if self._stuck_checks >= 2 and self._given is None:
            # Calls in flight hold their own reference to the old pool and end with it.
            self._transport = self._new_transport()
            self._stuck_checks = 0
            self.rebuilds += 1
            telemetry.link_watchdog_rebuilds.labels(self.name).inc()

    def _busy_connections(self) -> int:
        pool = getattr(self._transport, "_pool", None)
        return 0 if pool is None else sum(not each.is_idle() for each in pool.connections)

    def _new_transport(self) -> httpx2.AsyncHTTPTransport:
        if self._ssl is None:
            self._ssl = ssl.create_default_context()
        return httpx2.AsyncHTTPTransport(
            verify=self._ssl,
            trust_env=False,
            retries=0,
            limits=httpx2.Limits(
                max_connections=POOL, max_keepalive_connections=MOST_IDLE, keepalive_expiry=IDLE_S
            ),
        )


async def _close(transport: httpx2.AsyncBaseTransport) -> None:
    with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WAIT_S):
        await transport.aclose()


def _declared_length(response: httpx2.Response) -> int:
    declared = response.headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 19 else 0


def failure_code(error: httpx2.TransportError) -> FailureCode:
    """Our word for what the client raised, from the operating system's error underneath if there is one."""
    connecting = isinstance(error, httpx2.ConnectError | httpx2.UnsupportedProtocol)
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "dns"
        if isinstance(cause, ssl.SSLError | ssl.CertificateError):
            return "tls"
        if isinstance(cause, ConnectionResetError):
            return "reset"
        if isinstance(cause, BrokenPipeError):
            return "broken_pipe"
        if isinstance(cause, ConnectionRefusedError):
            return "connect"
    if connecting:
        return "connect"
    if isinstance(error, httpx2.ProtocolError):
        # Either it hung up in the middle, or it does not speak HTTP.
        text = str(error).lower()
        return "reset" if "disconnected" in text or "closed connection" in text else "bad_shape"
    return "reset"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Everything behind an error, groups included (the client tries several addresses at once)."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += [below for below in (each.__cause__, each.__context__) if below is not None]
