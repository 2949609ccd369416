"""A product judged by the decision system: for the person, and hedged by a look at the product alone.

A verdict that knows her skin is the better one. If it takes long or fails, the same is asked without what is
known of her (contract D 3.2): that answer is there in time, and is made to her skin here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.findings import Failure, Finding
from aurora.actors.stage import Pending
from aurora.flows.asking import LEAST_MS, Asking, reply_of
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_enrichment import usable
from aurora.rules.product_reading import read_analysis
from aurora.rules.profile_summary import for_prompt
from aurora.rules.query import deep_scan_query

HEDGE_MS = 4000
"""After so long without an answer about the person, the product alone is asked about as well."""
LOOK_MS = 500
"""While both are under way, how long the better one is waited for before looking at the other."""
_ACTION = "chip.action.analyze_product"


class Scanned(msgspec.Struct, frozen=True):
    """for_everybody: nothing of the person went into it."""

    analysis: Analysis
    for_everybody: bool


async def scan(asking: Asking, product: str, *, anchor_id: str, url: str, meta: dict[str, Any]) -> Scanned:
    """The first usable verdict of the two, else what was said without one. product: its name."""
    scans = _Scans(asking, product, anchor_id=anchor_id, url=url, meta=meta)
    if not for_prompt(asking.profile):
        return await scans.first_of([(scans.start(minimal=True), True)])
    hers = scans.start(minimal=False)
    early = scans.read(await hers.wait(at_most_ms=min(HEDGE_MS, asking.left_ms())))
    if early is not None and usable(early):
        return Scanned(early, for_everybody=False)
    if asking.left_ms() < LEAST_MS:
        return await scans.first_of([(hers, False)])
    return await scans.first_of([(hers, False), (scans.start(minimal=True), True)])


class _Scans:
    def __init__(
        self, asking: Asking, product: str, *, anchor_id: str, url: str, meta: dict[str, Any]
    ) -> None:
        self._asking = asking
        self._product = product
        self._anchor_id = anchor_id
        self._url = url
        self._meta = meta

    def start(self, *, minimal: bool) -> Pending:
        query = deep_scan_query(
            self._product,
            self._asking.lang,
            profile=self._asking.profile,
            logs=self._asking.logs,
            meta=self._meta,
            minimal=minimal,
            action=_ACTION,
        )
        return self._asking.ask(query, anchor_id=self._anchor_id, url=self._url)

    async def first_of(self, asked: list[tuple[Pending, bool]]) -> Scanned:
        """The first usable one, looked for in their order; without any, the first that said something."""
        waiting: list[tuple[Pending, bool]] = list(asked)
        said: Scanned | None = None
        while waiting and self._asking.left_ms() > 0:
            for number, (pending, for_everybody) in enumerate(tuple(waiting)):
                patience = 0 if number else LOOK_MS if len(waiting) > 1 else self._asking.left_ms()
                finding = await pending.wait(at_most_ms=patience)
                if _is_under_way(finding):
                    continue
                waiting.remove((pending, for_everybody))
                analysis = self.read(finding)
                if analysis is not None and usable(analysis):
                    return Scanned(analysis, for_everybody)
                if analysis is not None and said is None:
                    said = Scanned(analysis, for_everybody)
        return said or Scanned(read_analysis(None, None), for_everybody=True)

    def read(self, finding: Finding) -> Analysis | None:
        """The analysis in an answer; None without one."""
        reply = reply_of(finding)
        return None if reply is None else read_analysis(reply.structured, reply.answer)


def _is_under_way(finding: Finding) -> bool:
    """Whether the flow only stopped waiting (`turn.gave_up`); the question goes on."""
    return isinstance(finding, Failure) and finding.detail == "waited"
