"""What a turn leaves for replay: its events in the order in which they were received, and who writes them
down.

An event is a dict with `type` and `at_ms` (whole milliseconds after arrival):

    opened    version, turn (kind, context, identity, now_ms, seed, body, raw), settings (what differs from
              the defaults)
    budget    name, ms                         the budget stated, first by the caller, then by the flow
    asked     call, actor, question
    answered  call, seq, actor, elapsed_ms, value
    failed    call, seq, actor, elapsed_ms, code, status, detail
    late      call, actor, elapsed_ms          came after the turn was over; nobody saw it
    dropped   call, actor                      still under way when the flow returned without it
    gave_up   call, after                      the flow stopped waiting (`at_most_ms`) after `after`
    receptions remaining ms                               the flow asked what is left, and was told this
    cut       after, reason                    the turn was ended from outside after `after` receptions
    sent      status, outcome, envelope

`seq` counts receptions from 1. To replay, answer the calls in order of `seq`; where the flow waits for a call
that was never received, act the `gave_up` or the `cut` that stands there. `value` of an upstream's answer is
the upstream's JSON, which `actors.answers` reads again; of any other it is the answer struct.

Message texts stay: a trace is part of the person's memory and is erased with it. In what comes from outside
(the turn, upstream answers) and in what leaves (the envelope), values of secret-named keys and of
secret-named URL parameters are replaced. Questions and memory are kept as they are: they hold what the event
log holds.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import msgspec
import trio

from aurora import telemetry
from aurora.actors.findings import Answer, Finding
from aurora.actors.questions import Question
from aurora.actors.redaction import redact as redact  # replay compares what was redacted here
from aurora.actors.redaction import redact_addresses
from aurora.contract.turn import Turn
from aurora.settings import Settings, declared
from aurora.store.port import Store, TraceRecord

log = telemetry.get_logger()

# Shape of the events below. Change it together with them, and add an upcaster in `replay.model`.
SCHEMA = 1
MOST_VALUE_BYTES = 256 * 1024
MOST_TURN_BYTES = 1024 * 1024
QUEUE = 2048
MOST_LINES_A_SECOND = 10
HIDDEN = "[redacted]"

_encoder = msgspec.json.Encoder(enc_hook=lambda value: f"<{type(value).__name__}>")


def flags_in_force(settings: Settings) -> dict[str, Any]:
    """Every setting that differs from its default, secrets left out: what a flow may have depended on."""
    plain = Settings()
    return {
        name: getattr(settings, name)
        for name, (_, spec) in declared().items()
        if not spec.secret and getattr(settings, name) != getattr(plain, name)
    }


class TurnTrace:
    """The events of one turn while it runs. `seq`: receptions so far."""

    __slots__ = ("_bytes", "events", "seq")

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.seq = 0
        self._bytes = 0

    def opened(self, turn: Turn, flags: msgspec.Raw) -> None:
        """The turn as it was at the door."""
        told = {
            "kind": turn.kind,
            "context": turn.context,
            "identity": turn.identity,
            "now_ms": turn.now_ms,
            "seed": turn.seed,
            "body": hidden(turn.body),
            "raw": turn.raw,
        }
        kept = self._keep(redact(_encoder.encode(told)))
        self.events.append({"type": "opened", "at_ms": 0, "version": SCHEMA, "turn": kept, "settings": flags})

    def budget(self, at_ms: int, name: str, ms: int) -> None:
        """The budget was stated."""
        self.events.append({"type": "budget", "at_ms": at_ms, "name": name, "ms": ms})

    def asked(self, call: int, at_ms: int, question: Question) -> None:
        """A question left the flow."""
        kept = self._keep(redact_addresses(_encoder.encode(question)))
        self.events.append(
            {"type": "asked", "at_ms": at_ms, "call": call, "actor": question.actor, "question": kept}
        )

    def received(self, call: int, at_ms: int, finding: Finding) -> None:
        """A finding reached the one place where findings are received."""
        self.seq += 1
        event: dict[str, Any] = {"type": "answered", "at_ms": at_ms, "call": call, "seq": self.seq}
        event["actor"] = finding.actor
        event["elapsed_ms"] = finding.elapsed_ms
        if isinstance(finding, Answer):
            raw = finding.raw
            event["value"] = self._keep(_encoder.encode(finding.value) if raw is None else redact(raw))
        else:
            event["type"] = "failed"
            event["code"] = finding.code
            event["status"] = finding.status
            event["detail"] = finding.detail
        self.events.append(event)

    def late(self, call: int, at_ms: int, finding: Finding) -> None:
        """A finding came when the turn was over."""
        event = {"type": "late", "at_ms": at_ms, "call": call, "actor": finding.actor}
        event["elapsed_ms"] = finding.elapsed_ms
        self.events.append(event)

    def dropped(self, call: int, at_ms: int, actor: str) -> None:
        """The flow returned without it."""
        self.events.append({"type": "dropped", "at_ms": at_ms, "call": call, "actor": actor})

    def gave_up(self, call: int, at_ms: int) -> None:
        """The flow stopped waiting for it; the work goes on."""
        self.events.append({"type": "gave_up", "at_ms": at_ms, "call": call, "after": self.seq})

    def remaining(self, at_ms: int, ms: int) -> None:
        """The flow was told what is left."""
        self.events.append({"type": "remaining", "at_ms": at_ms, "ms": ms})

    def cut(self, at_ms: int, reason: str) -> None:
        """The turn was ended from outside."""
        self.events.append({"type": "cut", "at_ms": at_ms, "after": self.seq, "reason": reason})

    def sent(self, at_ms: int, status: int, outcome: str, envelope: bytes | None) -> None:
        """The answer as JSON. None: nothing could be sent."""
        event = {"type": "sent", "at_ms": at_ms, "status": status, "outcome": outcome}
        event["envelope"] = None if envelope is None else self._keep(redact(envelope))
        self.events.append(event)

    def _keep(self, encoded: bytes) -> msgspec.Raw | dict[str, int]:
        """JSON for an event, unless it is too much."""
        if len(encoded) > MOST_VALUE_BYTES or self._bytes + len(encoded) > MOST_TURN_BYTES:
            return {"oversize_bytes": len(encoded)}
        self._bytes += len(encoded)
        return msgspec.Raw(encoded)


def hidden(body: Any) -> Any:
    """A body as traces keep it: of the fields that its struct calls `hidden`, only that they were there."""
    names = getattr(body, "hidden", ())
    return msgspec.structs.replace(body, **dict.fromkeys(names, HIDDEN)) if names else body


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A finished turn on its way to the trace table. trace None: only facts are kept (AURORA_TRACE_LEVEL)."""

    trace: TurnTrace | None
    turn: Turn
    epoch: int
    elapsed_ms: int
    outcome: str
    status: int
    envelope: bytes | None = None
    reason: str | None = None


class Tracer:
    """Hands finished turns to `Store.trace`, after their answers have left. One per process; `run` is its
    task.

    `post` never waits; past QUEUE turns it drops the newest and counts it in `dropped`. What is queued when
    the task is cancelled is handed over before it ends.
    """

    def __init__(self, store: Store, *, linger_s: float = 0.05) -> None:
        self.dropped = 0
        self._store = store
        self._queue: deque[Parcel] = deque()
        self._wake = trio.Event()
        self._linger_s = linger_s
        self._lines_since = -math.inf
        self._lines = 0
        self._unlogged = 0

    def post(self, parcel: Parcel) -> None:
        """Queue a finished turn."""
        if len(self._queue) >= QUEUE:
            self.dropped += 1
            telemetry.traces_dropped.inc()
            return
        self._queue.append(parcel)
        self._wake.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Write down what is posted, for ever, until cancelled."""
        task_status.started()
        try:
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                # The answer is encoded and sent first.
                await trio.sleep(self._linger_s)
                while self._queue:
                    self._hand_over(self._queue.popleft())
                    await trio.lowlevel.checkpoint()
        finally:
            self.flush()

    def flush(self) -> None:
        """Hand over everything that is queued, now."""
        while self._queue:
            self._hand_over(self._queue.popleft())

    def _hand_over(self, parcel: Parcel) -> None:
        turn, trace = parcel.turn, parcel.trace
        if parcel.reason is not None:
            self._log_cut(parcel)
        if trace is None:
            return
        trace.sent(parcel.elapsed_ms, parcel.status, parcel.outcome, parcel.envelope)
        self._store.trace(
            TraceRecord(
                stream=turn.identity.stream,
                epoch=parcel.epoch,
                request_id=turn.context.request_id,
                trace_id=turn.context.trace_id,
                brief_id=turn.context.brief_id,
                kind=turn.kind,
                opened_at_ms=turn.now_ms,
                elapsed_ms=parcel.elapsed_ms,
                outcome=parcel.outcome,
                status=parcel.status,
                events=trace.events,
            )
        )

    def _log_cut(self, parcel: Parcel) -> None:
        """One line per cut turn, but not a flood: writing is synchronous, and a burst has no time for it."""
        now = trio.current_time()
        if now - self._lines_since >= 1.0:
            self._lines_since, self._lines = now, 0
        if self._lines >= MOST_LINES_A_SECOND:
            self._unlogged += 1
            return
        self._lines += 1
        log.info(
            "turn_cut",
            reason=parcel.reason,
            kind=parcel.turn.kind,
            request_id=parcel.turn.context.request_id,
            trace_id=parcel.turn.context.trace_id,
            elapsed_ms=parcel.elapsed_ms,
            unlogged_before=self._unlogged,
        )
        self._unlogged = 0
