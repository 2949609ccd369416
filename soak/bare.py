"""The yardstick: the barest JSON routes of the same framework and server, in a process of their own.

`POST /bare` reads JSON and answers JSON; `GET /bare` answers JSON; `POST /wait?ms=N` reads, waits, answers.
"""

from __future__ import annotations

import signal
from functools import partial

import click
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import request
from quart_trio import QuartTrio


def create_bare() -> QuartTrio:
    """The app: nothing but framework."""
    app = QuartTrio("soak.bare")
    app.config["BODY_TIMEOUT"] = None
    app.config["RESPONSE_TIMEOUT"] = None

    @app.post("/bare")
    async def post() -> dict[str, object]:
        body = await request.get_json()
        return {"ok": True, "keys": len(body), "text": "a small answer"}

    @app.get("/bare")
    async def get() -> dict[str, object]:
        return {"ok": True, "text": "a small answer"}

    @app.post("/wait")
    async def wait() -> dict[str, object]:
        body = await request.get_json()
        await trio.sleep(request.args.get("ms", 1000, type=int) / 1000)
        return {"ok": True, "keys": len(body)}

    return app


async def serve_bare(port: int) -> None:
    """Serve on loopback until SIGTERM; prints `ready`."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.accesslog = None
    config.errorlog = None
    config.backlog = 1024
    config.keep_alive_timeout = 600
    config.graceful_timeout = 0.1
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:

        async def stop() -> None:
            async for _ in signals:
                return

        async with trio.open_nursery() as nursery:
            await nursery.start(partial(serve, create_bare(), config, shutdown_trigger=stop))
            click.echo("ready")


@click.command()
@click.option("--port", default=8099, show_default=True)
def main(port: int) -> None:
    """Serve the bare routes."""
    trio.run(serve_bare, port)


if __name__ == "__main__":
    main()
