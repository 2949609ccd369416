"""Pages of shops in a simulated world: understudies of the open web and of the worker that reads pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from aurora.actors.findings import Failure
from aurora.actors.page_fetch import Fetched, PageFetch
from aurora.actors.pages import PageDesk
from aurora.rules.page.product_page import PageCode, ProductPage
from aurora.rules.web_address import WebAddress
from aurora.settings import Settings
from soak.simulation_dice import PAGE, Dice

HOST = "shop.example"
QUICK_MS = (0, 1, 40, 250, 900)
SLOW_MS = (2000, 3000, 3599, 3600, 8500)
CODES: tuple[PageCode, ...] = (
    "unresolved", "url_refused", "too_many_redirects", "too_large", "http_error", "wrong_type",
)  # fmt: skip
_INCI = ["Aqua", "Glycerin", "Niacinamide", "Panthenol", "Phenoxyethanol"]
PAGES = (
    ProductPage(title="Even Serum", brand="Dewfield", name="Even Serum", inci=_INCI),
    ProductPage(
        title="Night Serum", brand="Dewfield", name="Night Serum", inci=["Aqua", *_INCI[1:], "Retinol"]
    ),
    ProductPage(title="莫克 净润精华", brand="莫克", name="净润精华", price_amount=199, price_currency="CNY"),
    ProductPage(),
)


class _Fetch(PageFetch):
    """The web: at once, slowly, or with a reason why not."""

    def __init__(self, dice: Dice) -> None:
        super().__init__((HOST,), 1024)
        self._dice = dice

    async def get(self, address: WebAddress, lang: str) -> Fetched | PageCode:  # noqa: ARG002 - as there
        """See `PageFetch.get`."""
        fault = self._dice.fault(PAGE)
        await trio.sleep(self._dice.pick(SLOW_MS if fault == "page.slow" else QUICK_MS) / 1000)
        if fault == "page.failed":
            return self._dice.pick(CODES)
        return Fetched(address, b"<html>", "utf-8")


class _Reader:
    """The worker: reads well, hangs, or dies."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    async def run(self, job: Callable[[bytes], Any], photo: bytes, deadline: float) -> Any:  # noqa: ARG002
        """See `Workers.run`."""
        fault = self._dice.fault(PAGE)
        with trio.move_on_at(deadline) as limit:
            await trio.sleep(self._dice.pick(SLOW_MS if fault == "page.slow" else QUICK_MS) / 1000)
        if limit.cancelled_caught:
            return Failure(actor="pixels", code="timeout")
        if fault == "page.failed":
            return Failure(actor="pixels", code="crashed")
        return self._dice.pick(PAGES)


def page_desk(settings: Settings, dice: Dice) -> PageDesk:
    """The real desk over both; in some worlds, as by default, it reads nothing."""
    if dice.chance(0.4):
        return PageDesk(settings)
    return PageDesk(settings, _Reader(dice), fetch=_Fetch(dice))
