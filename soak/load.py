"""A load generator in one thread on raw sockets: closed loop (N connections) and open loop (arrivals).

`run(plan)` works in this process; `run_apart(plan)` starts `python -m soak.load` pinned to other cores, so
that the generator and the server do not take each other's time. Open loop is safe from coordinated omission:
an answer is timed from the instant its request was meant to start, however late anyone was.
"""

from __future__ import annotations

import gc
import os
import select
import socket
import subprocess
import sys
import time
from typing import Literal

import msgspec

from soak.wire import BadResponseError, ResponseReader

RECEIVE_BYTES = 65536
SPIN_S = 0.002


class Plan(msgspec.Struct, kw_only=True):
    """What to send.

    requests: whole requests as latin-1 text, taken in turn. Closed loop: `connections` keep-alive connections
    for `warmup_s` + `seconds` (or until `count` answers, warm-up included). Open loop: `arrivals` are seconds
    after the start, each on a connection of its own. timeout_s: longest wait for one answer. pin: cores to
    run on. contains: texts to look for in the answers' bodies.
    """

    mode: Literal["closed", "open"]
    host: str
    port: int
    requests: list[str]
    connections: int = 1
    seconds: float = 1.0
    warmup_s: float = 0.0
    count: int | None = None
    arrivals: list[float] = []
    timeout_s: float = 30.0
    pin: list[int] = []
    contains: list[str] = []


class Outcome(msgspec.Struct, kw_only=True):
    """What came back.

    latencies_ms: of the answers inside the measured window, for the open loop in order of arrival.
    total: answers in all, warm-up included. statuses: status -> number. errors: kind -> number.
    found: text of `Plan.contains` -> answers that held it.
    """

    seconds: float = 0.0
    latencies_ms: list[float] = []
    total: int = 0
    statuses: dict[int, int] = {}
    errors: dict[str, int] = {}
    found: dict[str, int] = {}

    @property
    def per_second(self) -> float:
        """Answers a second in the measured window."""
        return len(self.latencies_ms) / self.seconds if self.seconds else 0.0


class _Talk:
    """One connection and the request on it."""

    __slots__ = ("began", "index", "out", "reader", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.reader = ResponseReader()
        self.out = b""
        self.began = 0.0
        self.index = 0


class Generator:
    """The event loop of one run."""

    def __init__(self, plan: Plan) -> None:
        if not plan.requests:
            raise ValueError("a plan needs requests")
        self.plan = plan
        self.requests = [text.encode("latin-1") for text in plan.requests]
        self.needles = [(text, text.encode()) for text in plan.contains]
        self.poll = select.epoll()
        self.talks: dict[int, _Talk] = {}
        self.outcome = Outcome(latencies_ms=[], statuses={}, errors={}, found=dict.fromkeys(plan.contains, 0))

    def run(self) -> Outcome:
        """Carry the plan out. Blocking. Raises OSError if a closed loop cannot connect."""
        was_on = gc.isenabled()
        gc.disable()
        try:
            if self.plan.mode == "closed":
                self._closed()
            else:
                self._open()
            return self.outcome
        finally:
            for talk in self.talks.values():
                talk.sock.close()
            self.poll.close()
            if was_on:
                gc.enable()

    # --- closed loop

    def _closed(self) -> None:
        plan = self.plan
        sent = 0
        start = time.perf_counter()
        warm = start + plan.warmup_s
        end = float("inf") if plan.count is not None else warm + plan.seconds
        limit = plan.count if plan.count is not None else sys.maxsize
        for _ in range(plan.connections):
            self._ask(self._connect(), self._next(sent))
            sent += 1
        last = warm
        while self.talks:
            now = time.perf_counter()
            for descriptor, events in self.poll.poll(0.05):
                talk = self.talks[descriptor]
                done = self._move(talk, events)
                if not done:
                    continue
                now = time.perf_counter()
                if done == "answer" and warm <= now < end:
                    self.outcome.latencies_ms.append((now - talk.began) * 1000)
                    last = now
                if now >= end or sent >= limit:
                    self._drop(talk)
                    continue
                if done == "error" or talk.reader.closing:
                    self._drop(talk)
                    talk = self._connect()
                self._ask(talk, self._next(sent))
                sent += 1
            self._expire(now)
        self.outcome.seconds = (last if plan.count is not None else end) - warm

    def _next(self, number: int) -> bytes:
        return self.requests[number % len(self.requests)]

    def _connect(self) -> _Talk:
        sock = socket.create_connection((self.plan.host, self.plan.port), timeout=5)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = _Talk(sock)
        self.talks[sock.fileno()] = talk
        self.poll.register(sock.fileno(), select.EPOLLIN)
        return talk

    def _ask(self, talk: _Talk, request: bytes) -> None:
        talk.began = time.perf_counter()
        talk.out = request
        self._flush(talk)

    # --- open loop

    def _open(self) -> None:
        plan = self.plan
        waiting = sorted(range(len(plan.arrivals)), key=lambda index: plan.arrivals[index])
        waiting.reverse()
        times: dict[int, float] = {}
        start = time.perf_counter() + 0.02
        while waiting or self.talks:
            now = time.perf_counter()
            while waiting and start + plan.arrivals[waiting[-1]] <= now:
                index = waiting.pop()
                self._arrive(index, start + plan.arrivals[index])
            pause = 0.05
            if waiting:
                # epoll sleeps whole milliseconds; the last stretch before an arrival is spun away.
                pause = max(0.0, min(pause, start + plan.arrivals[waiting[-1]] - now - SPIN_S))
            for descriptor, events in self.poll.poll(pause):
                talk = self.talks[descriptor]
                done = self._move(talk, events)
                if done:
                    if done == "answer":
                        times[talk.index] = (time.perf_counter() - talk.began) * 1000
                    self._drop(talk)
            self._expire(time.perf_counter())
        self.outcome.latencies_ms = [times[index] for index in sorted(times)]
        self.outcome.seconds = max(plan.arrivals, default=0.0)

    def _arrive(self, index: int, intended: float) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = _Talk(sock)
        talk.index, talk.began, talk.out = index, intended, self._next(index)
        self.talks[sock.fileno()] = talk
        self.poll.register(sock.fileno(), select.EPOLLIN | select.EPOLLOUT)
        sock.connect_ex((self.plan.host, self.plan.port))

    # --- both

    def _move(self, talk: _Talk, events: int) -> str:
        """Go on with one connection: "" (not done), "answer" or "error"."""
        try:
            if talk.out and events & select.EPOLLOUT:
                self._flush(talk)
            if not events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                return ""
            data = talk.sock.recv(RECEIVE_BYTES)
            if not data:
                return self._error("closed")
            if not talk.reader.feed(data):
                return ""
        except BlockingIOError:
            return ""
        except BadResponseError:
            return self._error("bad_response")
        except OSError as error:
            return self._error(type(error).__name__)
        self._count(talk.reader)
        return "answer"

    def _flush(self, talk: _Talk) -> None:
        try:
            sent = talk.sock.send(talk.out)
        except BlockingIOError:
            sent = 0
        talk.out = talk.out[sent:]
        wanted = select.EPOLLIN | select.EPOLLOUT if talk.out else select.EPOLLIN
        self.poll.modify(talk.sock.fileno(), wanted)

    def _count(self, reader: ResponseReader) -> None:
        outcome = self.outcome
        outcome.total += 1
        outcome.statuses[reader.status] = outcome.statuses.get(reader.status, 0) + 1
        for text, needle in self.needles:
            if needle in reader.body:
                outcome.found[text] += 1

    def _error(self, kind: str) -> str:
        self.outcome.errors[kind] = self.outcome.errors.get(kind, 0) + 1
        return "error"

    def _expire(self, now: float) -> None:
        for talk in [talk for talk in self.talks.values() if now - talk.began > self.plan.timeout_s]:
            self._error("timeout")
            self._drop(talk)

    def _drop(self, talk: _Talk) -> None:
        del self.talks[talk.sock.fileno()]
        self.poll.unregister(talk.sock.fileno())
        talk.sock.close()


def run(plan: Plan) -> Outcome:
    """Carry `plan` out in this process."""
    return Generator(plan).run()


def run_apart(plan: Plan) -> Outcome:
    """Carry `plan` out in a process of its own. Raises CalledProcessError; the reason is on stderr."""
    return finish_apart(start_apart(plan))


def start_apart(plan: Plan) -> subprocess.Popen[bytes]:
    """Start the process that carries `plan` out; `finish_apart` reads what came back."""
    process = subprocess.Popen(
        [sys.executable, "-m", "soak.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(msgspec.json.encode(plan))
    return process


def finish_apart(process: subprocess.Popen[bytes]) -> Outcome:
    """Wait for the generator and read its outcome. Raises CalledProcessError."""
    assert process.stdout is not None
    with process.stdout as pipe:
        written = pipe.read()
    if process.wait() != 0:
        raise subprocess.CalledProcessError(process.returncode, "soak.load")
    return msgspec.json.decode(written, type=Outcome)


def main() -> None:
    """Read a plan from stdin, write the outcome to stdout."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    if plan.pin:
        os.sched_setaffinity(0, plan.pin)
    sys.stdout.buffer.write(msgspec.json.encode(run(plan)))


if __name__ == "__main__":
    main()
