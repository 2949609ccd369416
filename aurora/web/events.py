"""`POST /v1/events`: UI analytics from the chat page (contract A 14, decision 10).

Answered before any sink is touched. Behind the answer stands a bounded queue, drained by a task of the
process into exactly one sink (`event_sinks`). Analytics are worth little enough to be dropped when they do
not fit, and worth counting when they are.
"""

from __future__ import annotations

from typing import Any

import msgspec
import trio
from quart import Blueprint
from quart_trio.wrappers import TrioResponse

from aurora import telemetry
from aurora.contract.errors import ContractError
from aurora.contract.requests import EventBatch, UiEvent
from aurora.contract.validation import decode
from aurora.settings import Settings
from aurora.web.answers import Reply
from aurora.web.body import json_value
from aurora.web.event_sinks import Queued, Sink, open_sink
from aurora.web.request import Arrived, current_request

MOST_QUEUED = 2000
MOST_DATA_BYTES = 32 * 1024
FLUSH_S = 3.0  # how long a shutdown waits for what is queued

_MODULES_PREFIX = "aurora_photo_modules_"
_CLICKS = frozenset({"aurora_photo_modules_action_tap", "aurora_action_click", "action_click"})
_COPIES = frozenset(
    {
        "aurora_photo_modules_action_copy",
        "aurora_photo_modules_routine_copy",
        "aurora_action_copy",
        "action_copy",
    }
)
_RETAKES = frozenset(
    {
        "aurora_photo_modules_retake_tap",
        "aurora_retake_after_modules",
        "aurora_photo_retake_after_modules",
        "retake_after_modules",
    }
)


class UiEvents:
    """The queue in front of the sink. `run` drains it for the lifetime of the process."""

    def __init__(self, settings: Settings, *, most_queued: int = MOST_QUEUED) -> None:
        self._settings = settings
        self._send, self._receive = trio.open_memory_channel[Queued](most_queued)

    def offer(self, events: list[Queued]) -> None:
        """Queue events for their sink; never waits. What does not fit is dropped and counted."""
        for event in events:
            count_behaviour(event.event_name)
            try:
                self._send.send_nowait(event)
            except trio.WouldBlock:
                telemetry.ui_events_dropped.labels("queue_full").inc()
            except trio.ClosedResourceError:
                telemetry.ui_events_dropped.labels("stopping").inc()
            else:
                telemetry.ui_events.inc()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Drain the queue until cancelled; then, for at most 3 s, what is still in it."""
        async with open_sink(self._settings) as sink, trio.open_nursery() as nursery:
            # Shielded, so that a shutdown finds its events written; bounded, so that it waits for no sink.
            grace = trio.CancelScope(shield=True)
            nursery.start_soon(self._work, sink, grace)
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                grace.deadline = trio.current_time() + FLUSH_S
                self._send.close()

    async def _work(self, sink: Sink, grace: trio.CancelScope) -> None:
        with grace:
            async with trio.open_nursery() as workers:
                for _ in range(sink.at_once):
                    workers.start_soon(self._write_each, sink)

    async def _write_each(self, sink: Sink) -> None:
        async for event in self._receive:
            outcome = await sink.write(event)
            telemetry.ui_sink.labels(sink.name, outcome).inc()


def events_blueprint(events: UiEvents) -> Blueprint:
    """The one route."""
    pages = Blueprint("events", __name__)

    @pages.post("/v1/events")
    async def ingest() -> TrioResponse:
        request = current_request()
        batch = read_batch(request)
        events.offer(
            [queued for event in batch.events if (queued := accept(batch.source, event, request)) is not None]
        )
        return Reply(204, b"").as_response()

    return pages


def read_batch(request: Arrived) -> EventBatch:
    """Source and events of a body. Raises ContractError 400 INVALID_REQUEST, never for one odd event."""
    try:
        body = json_value(request.body, request.headers.get(b"content-type"))
    except ContractError as error:
        if error.code == "UNSUPPORTED_MEDIA_TYPE":
            raise ContractError(400, "INVALID_REQUEST", details={"_errors": ["expected JSON"]}) from None
        raise
    try:
        return msgspec.convert(body, EventBatch, strict=True)
    except msgspec.ValidationError:
        raise ContractError(400, "INVALID_REQUEST", details=_why(body)) from None


def accept(source: str, event: Any, request: Arrived) -> Queued | None:
    """The documented parts of one event; None for one that lacks them, counted by reason."""
    try:
        known = msgspec.convert(event, UiEvent, strict=True)
    except msgspec.ValidationError:
        telemetry.ui_events_dropped.labels("shape").inc()
        return None
    data = known.data if isinstance(known.data, dict) else {}
    if len(msgspec.json.encode(data)) > MOST_DATA_BYTES:
        telemetry.ui_events_dropped.labels("too_large").inc()
        return None
    return Queued(
        source=source,
        event_name=known.event_name,
        brief_id=known.brief_id,
        trace_id=known.trace_id,
        timestamp_ms=known.timestamp,
        received=request.now,
        data=data,
    )


def count_behaviour(event_name: str) -> None:
    """The UI metrics of contract A 15; one event may count in several."""
    if event_name.startswith(_MODULES_PREFIX):
        telemetry.ui_modules_interaction.inc()
    if event_name in _CLICKS:
        telemetry.ui_action_click.inc()
    if event_name in _COPIES:
        telemetry.ui_action_copy.inc()
    if event_name in _RETAKES:
        telemetry.ui_retake.inc()


def _why(body: Any) -> dict[str, Any]:
    try:
        decode("events", body)
    except ContractError as error:
        return error.details or {"_errors": []}
    return {"_errors": ["not a batch of events"]}
