"""Serving the sandbox over real sockets: hypercorn's protocol on listeners that we open and close."""

from __future__ import annotations

import socket
from typing import Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from quart_trio import QuartTrio

from aurora.sandbox.app import create_sandbox
from aurora.sandbox.misbehave import LINGER_NOTHING, connection
from aurora.sandbox.script import Sandbox

BACKLOG = 1024


async def serve_sandbox(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    sandbox: Sandbox | None = None,
    control: bool = False,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; `started` gives the base URL. port 0: any free one.

    sandbox: to script it in process. control: also serve `/_sandbox/*` and keep the texts of calls (unless
    `sandbox` says otherwise); not for mock mode. Cancelling closes every connection at once, also those whose
    client does not read. Raises OSError if the port is taken.
    """
    config = Config()
    config.accesslog = None
    config.errorlog = None
    config.keep_alive_timeout = 600
    config.read_timeout = None
    config.h11_max_incomplete_size = 65536
    app = ASGIWrapper(_LastByteOut(create_sandbox(sandbox, control=control)))
    context = WorkerContext(None)
    live: set[trio.SocketStream] = set()

    async def one(stream: trio.SocketStream) -> None:
        live.add(stream)
        connection.set(stream)
        try:
            await TCPServer(app, config, context, ConnectionState({}), stream)  # type: ignore[arg-type]  # plain socket
        finally:
            live.discard(stream)

    listeners = await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, one, listeners)
            address = listeners[0].socket.getsockname()
            task_status.started(f"http://{_written(address[0])}:{address[1]}")
            try:
                await trio.sleep_forever()
            finally:
                # hypercorn's send is shielded without bound; a closed socket ends it.
                for stream in tuple(live):
                    if stream.socket.fileno() >= 0:
                        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOTHING)
                        stream.socket.close()
    finally:
        for listener in listeners:
            listener.socket.close()


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _LastByteOut:
    """Shields the last send of a response: quart-trio's disconnect would cut hypercorn's close."""

    def __init__(self, app: QuartTrio) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def shielded(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                with trio.CancelScope(shield=True):
                    await send(message)
            else:
                await send(message)

        await self.app(scope, receive, shielded)
