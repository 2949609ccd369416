"""POST /v1/events: answered first, sunk later, one odd event never refuses a batch (contract A 14, F 14)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
import trio

from aurora import telemetry
from aurora.settings import Settings
from aurora.web.event_sinks import JsonLines, Queued, capture, distinct_id, json_line
from aurora.web.events import UiEvents
from tests.support.fakes import house_for
from tests.support.web import WebClient, client_of

EVENT = {
    "event_name": "aurora_conflict_heatmap_cell_tap",
    "brief_id": "b",
    "trace_id": "t",
    "timestamp": 1700000000000,
    "data": {"aurora_uid": "uid_test"},
}
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)


def batch(*events: Any, source: Any = "pivota-aurora-chatbox") -> dict[str, Any]:
    return {"source": source, "events": list(events)}


def queued(**changes: Any) -> Queued:
    fields: dict[str, Any] = {
        "source": "s", "event_name": "e", "brief_id": "b", "trace_id": "t", "timestamp_ms": 1700000000000.5,
        "received": NOW, "data": {},
    }  # fmt: skip
    return Queued(**(fields | changes))


@asynccontextmanager
async def sinking(settings: Settings) -> AsyncIterator[WebClient]:
    """A client whose events are drained; leaving it is a shutdown, which writes what is queued."""
    events = UiEvents(settings)
    house, _, _ = house_for(settings)
    async with trio.open_nursery() as nursery:
        await nursery.start(events.run)
        yield client_of(house, events)
        nursery.cancel_scope.cancel()


def lines_of(directory: Path) -> list[str]:
    """Lines of the one file that a day's events went to."""
    (file,) = directory.iterdir()
    assert re.fullmatch(r"aurora-ui-events-\d{4}-\d\d-\d\d\.jsonl", file.name)
    return file.read_text().splitlines()


def dropped(reason: str) -> float:
    lines = telemetry.render_metrics().decode().splitlines()
    prefix = f'aurora_ui_events_dropped_total{{reason="{reason}"}} '
    return sum(float(line.removeprefix(prefix)) for line in lines if line.startswith(prefix))


def counted(name: str) -> float:
    lines = telemetry.render_metrics().decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


@pytest.mark.parametrize(
    "body",
    [
        [],
        [batch(EVENT)],
        {},
        {"source": "s"},
        {"events": [EVENT]},
        batch(),
        batch(*[EVENT] * 51),
        batch(EVENT, source=""),
        batch(EVENT, source="x" * 121),
        batch(EVENT, source=7),
        {"source": "s", "events": {}},
    ],
)
async def test_what_is_no_batch_is_a_400_with_details(body: Any) -> None:
    house, _, _ = house_for(Settings())
    answer = await client_of(house).post("/v1/events", body, uid=None)
    assert answer.status == 400
    assert answer.json["error"] == "INVALID_REQUEST"
    assert "_errors" in answer.json["details"]


async def test_text_is_no_batch_and_broken_json_is_broken() -> None:
    house, _, _ = house_for(Settings())
    client = client_of(house)
    text = await client.post("/v1/events", batch(EVENT), content_type="text/plain")
    assert (text.status, text.json["error"]) == (400, "INVALID_REQUEST")
    broken = await client.post("/v1/events", body=b"{bad")
    assert (broken.status, broken.json) == (400, {"error": "Invalid JSON"})


async def test_the_runbooks_payload_becomes_one_line_of_seven_keys(tmp_path: Path) -> None:
    async with sinking(Settings(events_jsonl_dir=str(tmp_path / "deep" / "er"))) as client:
        answer = await client.post("/v1/events", batch(EVENT), uid=None)
        assert (answer.status, answer.body) == (204, b"")
    (line,) = lines_of(tmp_path / "deep" / "er")
    written = json.loads(line)
    assert list(written) == [
        "source", "event_name", "brief_id", "trace_id", "timestamp_ms", "serverReceivedAt", "properties",
    ]  # fmt: skip
    assert written["properties"] == {"aurora_uid": "uid_test"}
    assert written["timestamp_ms"] == 1700000000000


ODD: list[tuple[Any, str]] = [
    (None, "shape"),
    ("text", "shape"),
    ({}, "shape"),
    ({**EVENT, "event_name": ""}, "shape"),
    ({**EVENT, "event_name": "x" * 121}, "shape"),
    ({**EVENT, "brief_id": "x" * 129}, "shape"),
    ({**EVENT, "timestamp": "1700000000000"}, "shape"),
    ({**EVENT, "timestamp": -1}, "shape"),
    ({**EVENT, "data": None}, "shape"),
    ({k: v for k, v in EVENT.items() if k != "trace_id"}, "shape"),
    ({**EVENT, "data": {"x": "y" * 40_000}}, "too_large"),
]


@pytest.mark.parametrize(("odd", "reason"), ODD)
async def test_an_odd_event_is_dropped_and_counted_and_the_rest_is_kept(
    odd: Any, reason: str, tmp_path: Path
) -> None:
    before = dropped(reason)
    async with sinking(Settings(events_jsonl_dir=str(tmp_path))) as client:
        assert (await client.post("/v1/events", batch(odd, EVENT))).status == 204
        assert (await client.post("/v1/events", batch(odd))).status == 204, "even if none is left"
    assert len(lines_of(tmp_path)) == 1
    assert dropped(reason) == before + 2


async def test_what_the_contract_does_not_know_is_left_out(tmp_path: Path) -> None:
    long_ids = {**EVENT, "brief_id": "b" * 128, "extra": {"a": 1}, "timestamp": 1.5}
    async with sinking(Settings(events_jsonl_dir=str(tmp_path))) as client:
        assert (await client.post("/v1/events", {**batch(long_ids), "more": 1})).status == 204
    (line,) = lines_of(tmp_path)
    assert "extra" not in line


async def test_the_answer_never_waits_for_the_sink_and_the_queue_is_bounded() -> None:
    events = UiEvents(Settings(), most_queued=3)  # and nobody drains it
    house, _, _ = house_for(Settings())
    client = client_of(house, events)
    before = dropped("queue_full")
    answer = await client.post("/v1/events", batch(*[EVENT] * 5))
    assert answer.status == 204
    assert dropped("queue_full") == before + 2


async def test_after_the_shutdown_began_events_are_dropped_and_counted() -> None:
    events = UiEvents(Settings())
    async with trio.open_nursery() as nursery:
        await nursery.start(events.run)
        nursery.cancel_scope.cancel()
    before = dropped("stopping")
    events.offer([queued()])
    assert dropped("stopping") == before + 1


async def test_without_a_sink_the_log_gets_names_only() -> None:
    with structlog.testing.capture_logs() as lines:
        async with sinking(Settings()) as client:
            await client.post("/v1/events", batch(EVENT))
    (line,) = [line for line in lines if line["event"] == "ui_event"]
    assert line["event_name"] == EVENT["event_name"]
    assert "uid_test" not in str(line)


async def test_a_directory_that_cannot_be_written_costs_the_events_only(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    assert await JsonLines(blocked).write(queued()) == "failed"


@pytest.mark.parametrize(
    ("names", "interaction", "click", "copied", "retake"),
    [
        (["aurora_photo_modules_module_tap"], 1, 0, 0, 0),
        (["aurora_photo_modules_action_tap", "action_click"], 1, 2, 0, 0),
        (["aurora_photo_modules_routine_copy", "action_copy"], 1, 0, 2, 0),
        (["aurora_photo_modules_retake_tap", "retake_after_modules"], 1, 0, 0, 2),
        (["ui_chip_clicked"], 0, 0, 0, 0),
    ],
)
async def test_behaviour_is_counted_by_name(
    names: list[str], interaction: int, click: int, copied: int, retake: int
) -> None:
    families = (
        "modules_interaction_total", "action_click_total", "action_copy_total", "retake_after_modules_total",
    )  # fmt: skip
    before = [counted(name) for name in families]
    house, _, _ = house_for(Settings())
    await client_of(house).post("/v1/events", batch(*[{**EVENT, "event_name": name} for name in names]))
    grown = [counted(name) - was for name, was in zip(families, before, strict=True)]
    assert grown == [interaction, click, copied, retake]


# --- what sinks are given ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "brief", "expected"),
    [
        ({"aurora_uid": "u1", "session_id": "s"}, "b", "aurora:u1"),
        ({"auroraUid": "u1"}, "b", "aurora:u1"),
        ({"aurora_uid": None, "session_id": "s1"}, "b", "session:e8a5"),
        ({"aurora_uid": 7}, "b1", "brief:3b8a"),
        ({}, "", "anonymous"),
    ],
)
def test_whom_an_event_is_counted_for(data: dict[str, Any], brief: str, expected: str) -> None:
    found = distinct_id(queued(data=data, brief_id=brief))
    kind = expected.partition(":")[0]
    assert found.partition(":")[0] == kind
    if kind in ("aurora", "anonymous"):
        assert found == expected
    else:
        assert len(found.partition(":")[2]) == 16


def test_our_keys_win_over_the_clients() -> None:
    data = {"distinct_id": "forged", "source": "forged", "brief_id": "x", "trace_id": "x", "color": "red"}
    shown = capture(queued(data={**data, "serverReceivedAt": "x"}, source="s", brief_id="b", trace_id="t"))
    properties = shown["properties"]
    assert properties["color"] == "red"
    assert properties["distinct_id"].startswith("brief:")
    assert (properties["source"], properties["brief_id"], properties["trace_id"]) == ("s", "b", "t")
    assert properties["serverReceivedAt"] == "2026-11-24T10:30:00.000Z"
    assert shown["timestamp"] == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize("timestamp_ms", [1e300, 1e18])
def test_a_timestamp_beyond_the_calendar_is_left_out(timestamp_ms: float) -> None:
    assert "timestamp" not in capture(queued(timestamp_ms=timestamp_ms))
    assert json.loads(json_line(queued(timestamp_ms=timestamp_ms)))["timestamp_ms"] == timestamp_ms


# --- PostHog over a real socket ---------------------------------------------------------------------------


class Posthog:
    """A PostHog that answers as told, on a real socket. answer: bytes, or None to accept and never answer."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.url = ""

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        task_status.started()
        await trio.serve_listeners(self.handle, listeners)

    async def handle(self, stream: trio.SocketStream) -> None:
        async with stream:
            data = b""
            while b"\r\n\r\n" not in data:
                data += await stream.receive_some(65536) or b"\r\n\r\n"
            head, _, body = data.partition(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2])
                for line in head.splitlines()
                if line.lower().startswith(b"content-length")
            )
            while len(body) < length:
                body += await stream.receive_some(65536)
            self.requests.append((head.splitlines()[0].decode(), json.loads(body)))
            if self.answer is not None:
                await stream.send_all(self.answer)
            else:
                await trio.sleep_forever()


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\nconnection: close\r\n\r\nnot json, ok"
ERROR = b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def sunk(outcome: str) -> float:
    prefix = f'aurora_ui_sink_total{{sink="posthog",outcome="{outcome}"}} '
    lines = telemetry.render_metrics().decode().splitlines()
    return sum(float(line.removeprefix(prefix)) for line in lines if line.startswith(prefix))


@pytest.mark.parametrize(("answer", "outcome"), [(OK, "ok"), (ERROR, "http_5xx")])
async def test_posthog_gets_one_request_per_event_and_may_answer_anything(
    answer: bytes, outcome: str
) -> None:
    posthog = Posthog(answer)
    before = sunk(outcome)
    async with trio.open_nursery() as nursery:
        await nursery.start(posthog.serve)
        settings = Settings(posthog_api_key="phc_1", posthog_host=posthog.url, events_jsonl_dir="/never/used")
        async with sinking(settings) as client:
            assert (await client.post("/v1/events", batch(EVENT, EVENT))).status == 204
        nursery.cancel_scope.cancel()
    assert len(posthog.requests) == 2
    line, sent = posthog.requests[0]
    assert line == "POST /capture/ HTTP/1.1"
    assert sent["api_key"] == "phc_1"
    assert sent["event"] == EVENT["event_name"]
    assert sent["properties"]["distinct_id"] == "aurora:uid_test"
    assert sunk(outcome) == before + 2


@pytest.mark.slow
async def test_a_posthog_that_never_answers_costs_three_seconds_not_the_shutdown() -> None:
    posthog = Posthog(None)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            await nursery.start(posthog.serve)
            async with sinking(Settings(posthog_api_key="k", posthog_host=posthog.url)) as client:
                assert (await client.post("/v1/events", batch(EVENT))).status == 204
                await trio.sleep(0.2)
            nursery.cancel_scope.cancel()
    assert len(posthog.requests) == 1
