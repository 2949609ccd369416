"""An upstream that accepts and never answers, at a cost so small that it disturbs no measurement."""

from __future__ import annotations

import msgspec
import trio


class Swallowed(msgspec.Struct):
    """Counters: connections accepted so far, open now, bytes read."""

    accepted: int = 0
    open: int = 0
    bytes: int = 0


async def serve_black_hole(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    seen: Swallowed | None = None,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Accept, read, say nothing, until cancelled; `started` gives the base URL."""
    counters = seen if seen is not None else Swallowed()

    async def swallow(stream: trio.SocketStream) -> None:
        counters.accepted += 1
        counters.open += 1
        try:
            async for data in stream:
                counters.bytes += len(data)
        except trio.BrokenResourceError:
            return
        finally:
            counters.open -= 1
            await trio.aclose_forcefully(stream)

    listeners = await trio.open_tcp_listeners(port, host=host, backlog=1024)
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, swallow, listeners)
        task_status.started(f"http://{host}:{listeners[0].socket.getsockname()[1]}")
