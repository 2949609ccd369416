"""HTTP/1 on one connection: hypercorn's protocol, with the manners of this service.

What is different from its base, each with a raw-socket test in tests/web/test_manners.py:

- What is no HTTP at all, or more of it than we read, is refused in JSON and with the headers of every answer
  (contract A 1.1), not with an empty body.
- Nothing is upgraded: websockets and HTTP/2 have no routes here, and bring code with other bounds. A client
  that offers an upgrade is answered in HTTP/1.1, as HTTP allows; one that speaks HTTP/2 at once hears 505.
- A body with two lengths (Content-Length beside Transfer-Encoding) is refused: a proxy in front of us might
  have believed the other one, and what follows would be somebody else's request.

An end of input is taken as a hang-up, even when the client has only stopped sending: the kernel tells us the
same in both cases, and the turns of people who left must stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h11
import msgspec
import trio
from hypercorn.events import Closed
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol

_CODES = {
    408: "REQUEST_TIMEOUT",
    413: "PAYLOAD_TOO_LARGE",
    431: "HEADERS_TOO_LARGE",
    501: "NOT_IMPLEMENTED",
    505: "HTTP_VERSION_NOT_SUPPORTED",
}
# How long an application that has stopped reading may keep us from telling it that its client is gone.
_TELL_S = 1.0
_OFFERS = (b"upgrade", b"http2-settings")


class Http1(H11Protocol):
    """One connection's protocol. extra_headers: of the answers that no application gives."""

    def __init__(self, *args: Any, extra_headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(*args)
        self.extra_headers = extra_headers
        self._head = False

    async def _check_protocol(self, event: h11.Request) -> None:
        """No upgrades: see above. `_create_stream` refuses what is not for us."""

    async def _create_stream(self, request: h11.Request) -> None:
        self._head = request.method == b"HEAD"
        names = {name for name, _ in request.headers}
        if not request.http_version.startswith(b"1."):
            await self._refuse(505)
        elif b"content-length" in names and b"transfer-encoding" in names:
            await self._refuse(400)
        else:
            if not names.isdisjoint(_OFFERS):
                kept = [pair for pair in request.headers.raw_items() if pair[0].lower() not in _OFFERS]
                request = h11.Request(
                    method=request.method,
                    target=request.target,
                    headers=kept,
                    http_version=request.http_version,
                )
            await super()._create_stream(request)

    async def _refuse(self, status: int) -> None:
        await self._send_error_response(status)
        await self.send(Closed())

    async def _send_error_response(self, status_code: int) -> None:
        body = msgspec.json.encode({"error": _CODES.get(status_code, "BAD_REQUEST")})
        headers = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *self.extra_headers,
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        if not self._head:
            await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())

    async def _maybe_recycle(self) -> None:
        self._head = False
        await super()._maybe_recycle()

    async def _close_stream(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            with trio.move_on_after(_TELL_S):
                await stream.handle(StreamClosed(stream_id=STREAM_ID))
