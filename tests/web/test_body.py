"""Reading bodies: bounded in size, in time, and all together."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import trio

from aurora.contract.errors import ContractError
from aurora.web.body import BodyReader, ClientGoneError, json_value
from aurora.web.edge import only_disconnects

LIMIT = 1000


def feed(*messages: bytes | float | None) -> Callable[[], Any]:
    """A `receive`: bytes are parts of a body, numbers pauses in seconds, None a hang-up; then silence."""
    queue = list(messages)

    async def receive() -> dict[str, Any]:
        part = queue.pop(0) if queue else math.inf
        if isinstance(part, float):
            await trio.sleep(part)
            part = queue.pop(0)
        await trio.lowlevel.checkpoint()
        if part is None:
            return {"type": "http.disconnect"}
        assert isinstance(part, bytes)
        return {"type": "http.request", "body": part, "more_body": bool(queue)}

    return receive


async def test_parts_are_joined(autojump_clock: Any) -> None:
    assert await BodyReader(LIMIT).read(feed(b"a", 1.0, b"b", b""), {}) == b"ab"


@pytest.mark.parametrize("messages", [[math.inf], [b"a", math.inf, b"b"]], ids=["nothing came", "it stopped"])
async def test_a_body_that_stops_coming_is_a_408(messages: list[Any], autojump_clock: Any) -> None:
    begun = trio.current_time()
    with pytest.raises(ContractError) as refused:
        await BodyReader(LIMIT, timeout_s=10).read(feed(*messages), {})
    assert (refused.value.status, refused.value.code) == (408, "REQUEST_TIMEOUT")
    assert trio.current_time() - begun == pytest.approx(10)


@pytest.mark.parametrize("messages", [[None], [b"a", None], [b"a", 5.0, None]])
async def test_a_client_that_leaves_gets_no_answer(messages: list[Any], autojump_clock: Any) -> None:
    with pytest.raises(ClientGoneError):
        await BodyReader(LIMIT).read(feed(*messages), {})


async def test_a_refused_client_may_finish_sending_for_a_moment(autojump_clock: Any) -> None:
    taken = 0
    source = feed(*[b"x" * 100] * 40)

    async def receive() -> Any:
        nonlocal taken
        message = await source()
        taken += len(message["body"])
        return message

    with pytest.raises(ContractError) as refused:
        await BodyReader(LIMIT).read(receive, {})
    assert refused.value.status == 413
    assert 1000 < taken <= 3200, "drained, and not without end"


@pytest.mark.parametrize("messages", [[math.inf], [b"", math.inf, b"x"]])
async def test_a_client_that_announces_too_much_and_sends_nothing_is_refused_soon(
    messages: list[Any], autojump_clock: Any
) -> None:
    begun = trio.current_time()
    with pytest.raises(ContractError) as refused:
        await BodyReader(LIMIT).read(feed(*messages), {b"content-length": b"99999999"})
    assert refused.value.status == 413
    assert trio.current_time() - begun <= 1.0


async def test_all_bodies_together_are_bounded(autojump_clock: Any) -> None:
    reader = BodyReader(LIMIT, allowance=1500)
    answers: list[object] = []

    async def read() -> None:
        try:
            answers.append(len(await reader.read(feed(b"x" * 600, 1.0, b"x" * 300), {})))
        except ContractError as error:
            answers.append((error.status, error.code, error.retry_after_s))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(read)
    assert answers.count((503, "OVERLOADED", 1)) == 1
    assert answers.count(900) == 2
    assert len(await reader.read(feed(b"x" * 600, b"x" * 300), {})) == 900, "what was held is given back"


async def test_an_app_sees_no_body_and_then_only_the_hang_up(autojump_clock: Any) -> None:
    receive = only_disconnects(feed(b"x", b"y", 2.0, b"z", None))
    assert (await receive())["body"] == b""
    assert (await receive())["type"] == "http.disconnect"


def test_a_body_of_countless_values_is_refused_before_it_is_read() -> None:
    with pytest.raises(ContractError) as caught:
        json_value(b"[" + b"{}," * 300_000 + b"{}]", b"application/json")
    assert (caught.value.status, caught.value.code) == (400, "BAD_REQUEST")
