"""`python -m aurora.sandbox --port N`: the understudies on their own, for demos, tests and soaks."""

from __future__ import annotations

import signal
from functools import partial

import click
import trio

from aurora.sandbox.black_hole import serve_black_hole
from aurora.sandbox.serve import serve_sandbox


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8090, show_default=True, help="Port; 0 takes any free one.")
@click.option("--black-hole", is_flag=True, help="Only accept and never answer.")
def main(host: str, port: int, black_hole: bool) -> None:
    """Play the decision system (POST /api/chat) and the commerce backend until interrupted."""
    trio.run(_run, host, port, black_hole)


async def _run(host: str, port: int, black_hole: bool) -> None:
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            serve = serve_black_hole if black_hole else partial(serve_sandbox, control=True)
            url = await nursery.start(serve, host, port)
            click.echo(url)
            async for _ in signals:
                nursery.cancel_scope.cancel()
                break


if __name__ == "__main__":
    main()
