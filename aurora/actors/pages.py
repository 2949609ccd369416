"""The pages actor: product pages, fetched from the open web and read in a worker (docs/page-reading.md).

Whatever a page or its host does, the answer is a ProductPage with a code. A worker that hangs on a page is
killed; at most one reads pages at a time, so that photos always find another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

import msgspec
import trio

from aurora import telemetry
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.page_fetch import Fetched, PageFetch
from aurora.actors.page_questions import ProductPage, ReadProductPage
from aurora.rules.page.job import read_page
from aurora.settings import Settings
from aurora.skin.job import patiently

NAME: Final = "pages"
MOST_AT_ONCE: Final = 16  # pages in memory; each at most twice the bytes that a page may have
READING_S: Final = 2.0  # a large page takes some 0.2 s; a worker that has to start first, longer

log = telemetry.get_logger()


class Workers(Protocol):
    """Who runs a job on hostile bytes: `pixels.PixelPool`. deadline: trio instant."""

    async def run(self, job: Callable[[bytes], Any], photo: bytes, deadline: float) -> Any:
        """What the job makes of them, or a Failure."""
        ...


class PageDesk:
    """Reads product pages. Without a way to them, all are `off`. fetch, workers: replaced in tests."""

    def __init__(
        self, settings: Settings, workers: Workers | None = None, *, fetch: PageFetch | None = None
    ) -> None:
        """As configured: both keys are needed, and none fits in mock mode."""
        on = settings.product_page_enabled and settings.product_page_hosts and not settings.use_mock
        if on and workers is not None and fetch is None:
            fetch = PageFetch(settings.product_page_hosts, settings.product_page_max_bytes)
        self._fetch = fetch
        self._workers = workers
        self._timeout_s = settings.product_page_timeout_ms / 1000
        self._places = trio.CapacityLimiter(MOST_AT_ONCE)
        self._reading = trio.CapacityLimiter(1)

    async def page(self, url: str, lang: str, deadline: float) -> ProductPage:
        """The page behind `url`, before `deadline` (trio instant) and within our own limit."""
        if self._fetch is None or self._workers is None:
            return ProductPage(code="off")
        address = self._fetch.address(url)
        if address is None:
            return _counted(ProductPage(code="url_refused"))
        page = ProductPage(code="timeout")
        with trio.move_on_at(min(deadline, trio.current_time() + self._timeout_s)):
            async with self._places:
                fetched = await self._fetch.get(address, lang)
                page = (
                    ProductPage(code=fetched)
                    if isinstance(fetched, str)
                    else await self._read(self._workers, fetched)
                )
        # The host alone: what stands behind it may say who asked.
        log.info("product_page", host=address.host, code=page.code or "read")
        return _counted(page)

    async def _read(self, workers: Workers, fetched: Fetched) -> ProductPage:
        job = partial(patiently, partial(read_page, charset=fetched.charset))
        async with self._reading:
            read = await workers.run(job, fetched.body, trio.current_time() + READING_S)
        if isinstance(read, ProductPage):
            return msgspec.structs.replace(read, url=fetched.address.loggable)
        hung = isinstance(read, Failure) and read.code == "timeout"
        return ProductPage(code="timeout" if hung else "unreadable")


def pages_handler(desk: PageDesk) -> Handler:
    """Handler of ReadProductPage. Never a Failure."""

    async def handle(call: Call) -> Finding:
        question = call.question
        if not isinstance(question, ReadProductPage):
            raise TypeError(f"pages cannot answer {type(question).__name__}")
        return Answer(actor=NAME, value=await desk.page(question.url, question.lang, call.deadline))

    return handle


def _counted(page: ProductPage) -> ProductPage:
    telemetry.product_pages.labels(page.code or "read").inc()
    return page
