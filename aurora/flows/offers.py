"""`POST /v1/offers/resolve`: what do these shop pages say now (contract A 9, D 3.6)?

A few items at once, each with its share of one deadline. No item is lost to a slow page: what has not
answered when its share is up stays as it was, and says so. Memory is read beside, for what this person may
not be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aurora.actors.assembler import CutPlan
from aurora.actors.findings import Answer, Finding
from aurora.actors.questions import ReadMemory, ResolveOffer
from aurora.actors.stage import Pending, Stage
from aurora.contract.envelope import Card, FieldMissing
from aurora.contract.memory import Memory
from aurora.contract.offer_requests import OffersResolve, OfferToResolve
from aurora.rules import offers, offers_texts, safety
from aurora.rules.offers import Resolved
from aurora.rules.safety import wording

AT_ONCE = 5
"""Items under way at the same time (contract D 13.20)."""
RESERVE_MS = 400
"""Kept back for wording and sending the answer."""
LEAST_MS = 50
"""With less than this no page is asked for any more."""
MEMORY_CAP_MS = 1500
PREFIX, TYPE, EVENT = "offers", "offers_resolved", "offers_resolved"


async def resolve(stage: Stage) -> None:
    """Answer with every item that was sent, in its order, but for those that a safety rule holds back."""
    body: OffersResolve = stage.turn.body
    envelope, lang = stage.envelope, stage.turn.context.lang
    stage.budget("offers", stage.settings.offers_budget_ms)
    market = offers.market_of(body.market)
    envelope.allow_commerce()  # what the person holds in her hand already is no recommendation (decision 18)
    envelope.forbid(safety.forbidden_for(None))  # until it is known who she is
    envelope.if_cut(_late(stage, body.items, market))
    under_way = _Items(stage, body.items, market)
    found = await stage.ask(ReadMemory(cap_ms=max(1, min(MEMORY_CAP_MS, _left_ms(stage) // 2))))
    known: Memory = found.value if isinstance(found, Answer) else Memory(ready=False)
    forbidden = safety.forbidden_for(known.profile)
    envelope.forbid(forbidden)
    became = await under_way.settle()

    items = [
        offers.item_of(each.product, each.offer, one) for each, one in zip(body.items, became, strict=True)
    ]
    out = safety.outgoing_for(items, forbidden, lang)
    # Where nothing may leave, the law that stands behind this says why, in place of the card.
    left = out.kept or items
    metadata = offers.offers_metadata(left)
    gaps = offers.gaps_of(became)
    if out.held:
        gaps = [*gaps[: offers.MOST_GAPS - 1], ("items", safety.GAP_REASON)]
        envelope.ride(chips=wording.fact_chips(out.result, lang))
    envelope.card(PREFIX, TYPE, {"items": left, "market": market, "metadata": metadata}, field_missing=gaps)
    envelope.event(EVENT, {"count": len(left), "market": market, **metadata})
    envelope.next_state("PRODUCT_LINK_EVAL")
    if out.kept:
        fresh = sum(one.snapshot is not None for one in became)
        envelope.say(offers_texts.said(fresh, len(became), lang))
    elif out.result.blocks or not out.result.required_questions:
        envelope.say(wording.refusal(out.result, lang, picks=True, held=True).say)
    else:
        envelope.say(wording.question(out.result, lang, held=True).say)


class _Items:
    """The items on their way: asked in their order, at most five under way."""

    def __init__(self, stage: Stage, items: Sequence[OfferToResolve], market: str) -> None:
        self._stage, self._items, self._market = stage, items, market
        self._became: dict[int, Resolved] = dict(self._settled_at_once())
        self._open = [number for number in range(len(items)) if number not in self._became]
        self._asked: list[Pending] = []
        self._ask_until(AT_ONCE)

    async def settle(self) -> list[Resolved]:
        """What became of each, in order."""
        for place, number in enumerate(self._open):
            self._ask_until(place + AT_ONCE)
            if place < len(self._asked):
                finding = await self._asked[place].wait(at_most_ms=_left_ms(self._stage))
                self._became[number] = _read(finding)
            else:
                self._became[number] = offers.late(0)
        return [self._became[number] for number in range(len(self._items))]

    def _settled_at_once(self) -> Iterator[tuple[int, Resolved]]:
        configured = bool(self._stage.settings.backend_base_url)
        for number, item in enumerate(self._items):
            known = offers.unaskable(item.offer)
            if known is None and not configured:
                known = offers.NOT_CONFIGURED
            if known is not None:
                yield number, known

    def _ask_until(self, until: int) -> None:
        """Ask for the next pages; each may take a fair share of what is left, so that all get their turn."""
        while len(self._asked) < min(until, len(self._open)):
            rounds = -(-(len(self._open) - len(self._asked)) // AT_ONCE)
            share_ms = _left_ms(self._stage) // rounds
            if share_ms < LEAST_MS:
                return
            url = offers.link_of(self._items[self._open[len(self._asked)]].offer)
            question = ResolveOffer(url=url, market=self._market, cap_ms=share_ms)
            self._asked.append(self._stage.start(question))


def _read(finding: Finding) -> Resolved:
    if isinstance(finding, Answer):
        return offers.answered(finding.value, finding.elapsed_ms)
    return offers.failed(finding.code, finding.status, finding.detail, finding.elapsed_ms)


def _left_ms(stage: Stage) -> int:
    return max(0, stage.remaining_ms() - RESERVE_MS)


def _late(stage: Stage, items: Sequence[OfferToResolve], market: str) -> CutPlan:
    """The answer if time is up before anything is known: every item as it was."""
    late = offers.late(0)
    shown = [offers.item_of(item.product, item.offer, late) for item in items]
    metadata = offers.offers_metadata(shown)
    gaps = [FieldMissing(*gap) for gap in offers.gaps_of([late])]
    payload = {"items": shown, "market": market, "metadata": metadata}
    return CutPlan(
        cards=[Card(f"{PREFIX}_{stage.turn.context.request_id}", TYPE, payload, gaps)],
        message=offers_texts.said(0, len(items), stage.turn.context.lang),
        events=[(EVENT, {"count": len(shown), "market": market, **metadata})],
        quiet=True,
    )
