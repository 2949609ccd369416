"""Employees' feedback as JSON lines, beside the table (contract D 3.8): a bounded queue, one file a day."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
import trio

from aurora import telemetry
from aurora.settings import Settings

MOST_QUEUED: Final = 500
FLUSH_S: Final = 3.0  # how long a shutdown waits for what is queued

log = structlog.get_logger(__name__)


class FeedbackLog:
    """Where no directory is set, nothing is queued. `run` writes for the lifetime of the process."""

    def __init__(self, settings: Settings, *, most_queued: int = MOST_QUEUED) -> None:
        self._directory = Path(settings.feedback_jsonl_dir) if settings.feedback_jsonl_dir else None
        self._send, self._receive = trio.open_memory_channel[tuple[datetime, bytes]](most_queued)

    def offer(self, event: dict[str, Any], received: datetime) -> None:
        """Queue a line; never waits. What does not fit is dropped and counted."""
        if self._directory is None:
            return
        try:
            self._send.send_nowait((received, msgspec.json.encode(event) + b"\n"))
        except (trio.WouldBlock, trio.ClosedResourceError):
            telemetry.family("aurora_reco_side_lines_total").labels("dropped").inc()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Write until cancelled; then, for at most FLUSH_S, what is still queued."""
        async with trio.open_nursery() as nursery:
            grace = trio.CancelScope(shield=True)
            nursery.start_soon(self._write_each, grace)
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                grace.deadline = trio.current_time() + FLUSH_S
                self._send.close()

    async def _write_each(self, grace: trio.CancelScope) -> None:
        with grace:
            async for received, line in self._receive:
                assert self._directory is not None, "nothing is queued without one"
                path = self._directory / f"aurora-reco-employee-feedback-{received.date().isoformat()}.jsonl"
                try:
                    await trio.to_thread.run_sync(_append, path, line)
                except OSError as error:
                    log.warning("feedback_file", exc_info=error)
                    outcome = "failed"
                else:
                    outcome = "ok"
                telemetry.family("aurora_reco_side_lines_total").labels(outcome).inc()


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(line)
