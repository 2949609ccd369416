"""An upstream that answers at once: the understudy's healthy answer, as bytes made before the first request.

`python -m soak.instant --port N`: picks, or with `--task product` a product, its verdict and what is like it,
or a comparison where one is asked for. It costs a few microseconds per call, so that what a bench measures is
the service and not the understudy. Every path gets the same answer.
"""

from __future__ import annotations

import re
from functools import partial

import click
import msgspec
import trio

from aurora.rules.query import PICKS_TASK
from aurora.sandbox.decision import reply

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
RECEIVE_BYTES = 65536


TASKS = {
    "picks": PICKS_TASK,
    "product": "Task: Parse\nInput: Even Tone Niacinamide Serum",
    "compare": "Task: Compare\nOriginal: Even Tone Niacinamide Serum\nDupe: Clear Drops",
}
_COMPARING = b"Task: Compare"


def answer_bytes(task: str = "picks") -> bytes:
    """A whole HTTP answer to a task of `TASKS`."""
    body = msgspec.json.encode(reply(f'meta={{"lang":"EN"}}\n\n{TASKS[task]}'))
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def whole_request(data: bytes) -> int:
    """How many bytes of `data` are its first request; 0 if it is not all there."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    length = _LENGTH.search(data, 0, end)
    size = end + 4 + (int(length[1]) if length else 0)
    return size if len(data) >= size else 0


async def serve_connection(stream: trio.SocketStream, *, answer: bytes, comparison: bytes) -> None:
    """Answer one connection's requests, one after the other, until it ends. comparison: of two products."""
    data = b""
    try:
        while chunk := await stream.receive_some(RECEIVE_BYTES):
            data += chunk
            while size := whole_request(data):
                compared = data.find(_COMPARING, 0, size) >= 0
                data = data[size:]
                await stream.send_all(comparison if compared else answer)
    except trio.BrokenResourceError:
        return


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--task", type=click.Choice(sorted(TASKS)), default="picks")
def main(port: int, task: str) -> None:
    """Serve on loopback until stopped."""
    trio.run(
        partial(
            trio.serve_tcp,
            partial(serve_connection, answer=answer_bytes(task), comparison=answer_bytes("compare")),
            port,
            host="127.0.0.1",
        )
    )


if __name__ == "__main__":
    main()
