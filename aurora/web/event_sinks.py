"""Where UI events end up: PostHog, else a JSONL file, else the log; exactly one of them (contract A 14).

A sink never raises for what its outside did; it says how it went, and the caller counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog
import trio

from aurora.actors.findings import Failure
from aurora.actors.links import Link
from aurora.contract.turn import iso_ms
from aurora.settings import Settings

log = structlog.get_logger(__name__)

POSTHOG_S = 3.0


class Queued(msgspec.Struct, frozen=True):
    """One accepted event. timestamp_ms: the client's clock, epoch milliseconds. received: ours."""

    source: str
    event_name: str
    brief_id: str
    trace_id: str
    timestamp_ms: float
    received: datetime
    data: dict[str, Any]


class Sink(Protocol):
    """at_once: how many writes may run side by side."""

    name: str
    at_once: int

    async def write(self, event: Queued) -> str:
        """Take one event; `ok` or what went wrong, as a metric label."""
        ...


@asynccontextmanager
async def open_sink(settings: Settings) -> AsyncIterator[Sink]:
    """The one sink that the settings ask for."""
    if settings.posthog_api_key and settings.posthog_host:
        async with Link("posthog", settings.posthog_host, settings) as link:
            yield PostHog(link, settings.posthog_api_key)
    elif settings.events_jsonl_dir:
        yield JsonLines(Path(settings.events_jsonl_dir))
    else:
        yield LogLines()


class PostHog:
    """One request per event, three seconds at most, no second try. Whatever it answers with 2xx is fine."""

    name = "posthog"
    at_once = 8

    def __init__(self, link: Link, api_key: str) -> None:
        self._link = link
        self._api_key = api_key

    async def write(self, event: Queued) -> str:
        """POST /capture/."""
        reply = await self._link.call(
            "POST",
            "/capture/",
            deadline=trio.current_time() + POSTHOG_S,
            json={"api_key": self._api_key, **capture(event)},
        )
        if isinstance(reply, Failure) and not (reply.status is not None and 200 <= reply.status < 300):
            return reply.code
        return "ok"


class JsonLines:
    """One file a day (UTC, our clock), one line per event."""

    name = "jsonl"
    at_once = 1

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def write(self, event: Queued) -> str:
        """Append a line, off the loop: a slow disk is not our clients' problem."""
        path = self._directory / f"aurora-ui-events-{event.received.date().isoformat()}.jsonl"
        try:
            await trio.to_thread.run_sync(_append, path, json_line(event))
        except OSError as error:
            log.warning("ui_events_file", exc_info=error)
            return "failed"
        return "ok"


class LogLines:
    """Names only: the log keeps nothing about people."""

    name = "log"
    at_once = 1

    async def write(self, event: Queued) -> str:
        """One line at info."""
        log.info("ui_event", event_name=event.event_name, source=event.source)
        return "ok"


def capture(event: Queued) -> dict[str, Any]:
    """PostHog's event. Our keys win over the client's data; `timestamp` only if it is a date at all."""
    shown: dict[str, Any] = {
        "event": event.event_name,
        "properties": {
            **event.data,
            "distinct_id": distinct_id(event),
            "source": event.source,
            "brief_id": event.brief_id,
            "trace_id": event.trace_id,
            "serverReceivedAt": iso_ms(event.received),
        },
    }
    with suppress(OverflowError, ValueError, OSError):
        shown["timestamp"] = iso_ms(datetime.fromtimestamp(event.timestamp_ms / 1000, UTC))
    return shown


def json_line(event: Queued) -> bytes:
    """A line of the file, with its seven keys."""
    shown = {
        "source": event.source,
        "event_name": event.event_name,
        "brief_id": event.brief_id,
        "trace_id": event.trace_id,
        "timestamp_ms": event.timestamp_ms,
        "serverReceivedAt": iso_ms(event.received),
        "properties": event.data,
    }
    return msgspec.json.encode(shown) + b"\n"


def distinct_id(event: Queued) -> str:
    """Who an event is counted for; session and brief only as a hash."""
    uid = _first(event.data, "aurora_uid", "auroraUid")
    if uid:
        return f"aurora:{uid}"
    session = _first(event.data, "session_id", "sessionId")
    if session:
        return f"session:{_hash(session)}"
    return f"brief:{_hash(event.brief_id)}" if event.brief_id else "anonymous"


def _first(data: dict[str, Any], *keys: str) -> str:
    return next((text for key in keys if isinstance(text := data.get(key), str) and text), "")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(line)
