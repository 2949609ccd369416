"""Signed addresses of the photo storage: any origin, no headers of ours, nothing told of where they lead."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from urllib.parse import urljoin

import trio

from aurora.actors.http_pool import ExchangeError, HttpPool, Received
from aurora.rules.web_address import web_address

MOST_ORIGINS = 4
MOST_AT_ONCE = 16
MOST_REDIRECTS = 3


class BadUrlError(Exception):
    """Not an address that we follow: no http(s), no host, or with a user in it. Never says the address."""


class SignedUrls:
    """Exchanges with addresses that the bridge handed out. Keeps the connections of a few origins."""

    def __init__(self) -> None:
        self._pools: OrderedDict[str, HttpPool] = OrderedDict()
        self._places = trio.CapacityLimiter(MOST_AT_ONCE)

    async def get(self, url: str, *, max_bytes: int) -> Received:
        """GET, redirects followed. Raises BadUrlError, ExchangeError."""
        for _ in range(MOST_REDIRECTS + 1):
            received = await self._exchange("GET", url, {}, None, max_bytes)
            if not received.location:
                return received
            url = urljoin(url, received.location)
        raise ExchangeError("bad_shape", "redirects")

    async def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> int:
        """Send bytes as we were told to; the status. Raises BadUrlError, ExchangeError."""
        return (await self._exchange(method, url, headers, content, 64 * 1024)).status

    async def aclose(self) -> None:
        """Close every connection."""
        while self._pools:
            await self._pools.popitem()[1].aclose()

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, max_bytes: int
    ) -> Received:
        address = web_address(url)
        if address is None:
            raise BadUrlError
        sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        async with self._places:
            pool = await self._pool(address.origin)
            return await pool.exchange(
                method, address.target, sent, content, read=lambda _: True, max_bytes=max_bytes
            )

    async def _pool(self, origin: str) -> HttpPool:
        found = self._pools.get(origin)
        if found is None:
            found = self._pools[origin] = HttpPool(origin)
        self._pools.move_to_end(origin)
        while len(self._pools) > MOST_ORIGINS:
            await self._pools.popitem(last=False)[1].aclose()
        return found
