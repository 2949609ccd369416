"""`POST /v1/product/parse` and `/v1/product/analyze`: which product is that, and does it suit her?

(contract D 3.1, 3.2). What is known already answers at once; else the product's page, the decision system and
the shop are asked, side by side where one does not need the other, within one budget. When time is up, what
has arrived is the answer: there is no failure of an upstream that is a failure here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.assembler import CutPlan
from aurora.actors.findings import Answer
from aurora.actors.knowledge_questions import (
    KeepKnowledge,
    Knowledge,
    Leave,
    MayRefresh,
    RecallKnowledge,
    RefreshLater,
)
from aurora.actors.page_questions import ReadProductPage
from aurora.actors.stage import Pending, Stage
from aurora.contract.envelope import Card
from aurora.contract.turn import iso_ms
from aurora.flows.asking import Asking
from aurora.flows.product_lookup import RESOLVES, Lookup
from aurora.flows.product_scan import scan
from aurora.rules import product_from_page, product_naming, product_parse, product_texts
from aurora.rules.knowledge_keys import canonical_url, product_keys
from aurora.rules.page.product_page import ProductPage
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_blocks import blocks, provenance
from aurora.rules.product_enrichment import identified, personal, usable, without_answer
from aurora.rules.product_knowledge import Row, claim, facts_of, may_read, row_in
from aurora.rules.product_parse import Parsed
from aurora.rules.product_reading import product_name, read_analysis
from aurora.rules.product_safety import weigh
from aurora.rules.safety import wording

PARSE_CARD, CARD = "product_parse", "product_analysis"
PARSE_MS = 4500
"""Of the budget of an analysis, what finding the product may take: the verdict needs the rest."""
PAGE_MS = 3600
RECALL_MS = 400
KEEP_MS = 300
"""What a known row may take to be found, and a new one to be kept, before the answer goes on without it."""
MOST_GAPS = 8

_TO_ASK = ("sku_id", "product_id", "brand", "name", "display_name")
_BY_URL = "url_realtime_product_intel"
_KB_HIT = "product_intel_kb_hit"
_NOT_INDEXED = "catalog_missing_fast_return"


async def parse(stage: Stage) -> None:
    """Say which product a name or an address means."""
    stage.budget(PARSE_CARD, stage.settings.product_parse_budget_ms)
    named = product_naming.by_text(msgspec.to_builtins(stage.turn.body))
    unheard = product_parse.nothing(named)
    stage.envelope.if_cut(
        CutPlan(
            cards=[_card(stage, "parse", PARSE_CARD, unheard.payload(), unheard.field_missing())],
            message=product_texts.parsed(unheard.name, stage.turn.context.lang, sure=unheard.known),
            events=[("value_moment", {"kind": PARSE_CARD})],
            quiet=True,
        )
    )
    asking = Asking(stage, person=False)
    found = await Lookup(asking, named, meta=None, parse_ms=0).found(with_id=False)
    stage.envelope.card("parse", PARSE_CARD, found.payload(), field_missing=found.field_missing())
    sure = found.known and product_naming.resembles(named.words, found.name)
    stage.envelope.say(product_texts.parsed(found.name, asking.lang, sure=sure))
    stage.envelope.event("value_moment", {"kind": PARSE_CARD})


async def analyze(stage: Stage) -> None:
    """Say whether a product suits the person."""
    stage.budget(CARD, stage.settings.product_analyze_budget_ms)
    await _Analysing(stage).answer()


async def refresh(stage: Stage) -> None:
    """Judge a product anew for everybody. Nobody waits for it; there is no person."""
    stage.budget(CARD, stage.settings.product_analyze_budget_ms)
    await _Analysing(stage, person=False).renew()


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict and where it is from.

    source: `decision_system`, `kb` or `product_page`. why: of a missing verdict. for_everybody: nothing of
    the person went into it. fresh: not from an old row.
    """

    analysis: Analysis
    source: str = "decision_system"
    mode: str = ""
    why: str = "no_answer"
    for_everybody: bool = True
    fresh: bool = True


class _Analysing:
    def __init__(self, stage: Stage, *, person: bool = True) -> None:
        said: dict[str, Any] = msgspec.to_builtins(stage.turn.body)
        self._stage = stage
        self._named = product_naming.by_form(said)
        self._forced = said.get("force_refresh") is True
        # What is claimed beside an id: words that somebody typed in its place claim nothing.
        self._claimed = product_name(product_naming.by_object(said.get("product")).product)
        self._parsed = Parsed()
        self._row: tuple[Knowledge, Row] | None = None
        self._lang = stage.turn.context.lang
        self._asking = Asking(stage, person=person)
        stage.envelope.if_cut(self._late())
        self._keys = product_keys(
            product_id=self._named.anchor_id, url=self._named.url if self._url_alone else "", lang=self._lang
        )

    async def answer(self) -> None:
        recalled = self._recall(self._keys)
        leave = self._stage.start(MayRefresh(key=self._keys[0])) if self._forced and self._keys else None
        await self._know(recalled, self._about(self._claimed))
        forced = self._forced and await self._allowed(leave)
        if self._row is not None and not forced:
            await self._asking.meet()
            await self._serve(self._row)
            return
        judged = await self._find(unforced=not forced)
        if self._row is not None and not usable(judged.analysis):
            await self._serve(self._row)
            return
        self._show(judged)
        await self._keep(judged)

    async def renew(self) -> None:
        judged = await self._find(unforced=False)
        self._show(judged)
        await self._keep(judged)

    # --- what is known

    @property
    def _url_alone(self) -> bool:
        """An address stands for a product only if nothing else was said of it."""
        return bool(self._named.url) and not self._named.anchor_id and not self._claimed

    @property
    def _looked_up(self) -> bool:
        """Whether the id or the page is known by a lookup of ours, and not by what was sent beside it."""
        return not self._named.anchor_id and (self._url_alone or not self._named.url)

    def _about(self, name: str) -> str:
        """What is claimed to be asked about, `name` by name."""
        return claim(name, "" if self._url_alone else self._named.url)

    def _recall(self, keys: tuple[str, ...]) -> Pending | None:
        return self._stage.start(RecallKnowledge(kind="product", keys=keys)) if keys else None

    async def _know(self, recalled: Pending | None, about: str) -> None:
        if recalled is None:
            return
        finding = await recalled.wait(at_most_ms=min(RECALL_MS, self._asking.left_ms()))
        known = finding.value if isinstance(finding, Answer) else None
        row = row_in(known.facts) if isinstance(known, Knowledge) and known.found else None
        if isinstance(known, Knowledge) and row is not None and may_read(row, about):
            self._row = (known, row)

    async def _allowed(self, leave: Pending | None) -> bool:
        """Whether a fresh look may be forced; what cannot be counted may not."""
        if leave is None:
            return True
        finding = await leave.wait(at_most_ms=min(RECALL_MS, self._asking.left_ms()))
        told = finding.value if isinstance(finding, Answer) else None
        return isinstance(told, Leave) and told.allowed

    async def _serve(self, known: tuple[Knowledge, Row]) -> None:
        """Answer with what is known; if it is old, have it renewed in the background."""
        kept, row = known
        by_url = kept.key.startswith("url:")
        mode = f"{_BY_URL}_kb_hit" if by_url else _KB_HIT
        self._show(_Judged(analysis=row.analysis, source="kb", mode=mode, fresh=kept.fresh))
        if not kept.fresh:
            # Who may read a row that rests on a claim makes the same claim herself.
            await self._later(kept.key, row.ask or self._ask_again())

    # --- what is found now

    async def _find(self, *, unforced: bool) -> _Judged:
        named, asking = self._named, self._asking
        meta = {"lang": self._lang, "trigger_source": self._stage.turn.context.trigger_source}
        lookup = None
        if not named.anchor_id:
            lookup = Lookup(asking, named, meta=meta, parse_ms=PARSE_MS, resolves=RESOLVES)
        reading = self._stage.start(ReadProductPage(url=named.url, lang=self._lang)) if named.url else None
        await asking.meet()
        page = await self._page(reading)
        if page is not None and page.inci:
            analysis = product_from_page.judged(page, self._lang)
            return _Judged(analysis=analysis, source=product_from_page.SOURCE, mode=_BY_URL)
        if lookup is not None:
            self._parsed = await lookup.found(with_id=True)
            if self._parsed.anchor_id and unforced:
                await self._know(self._recall(self._found_keys()), self._about(self._parsed.name))
                if self._row is not None:
                    return _Judged(analysis=read_analysis(None, None))  # what is known is better
        anchor_id = named.anchor_id or self._parsed.anchor_id
        reads_pages = page is not None and page.code != "off"
        if not anchor_id and not reads_pages and not self._stage.settings.product_catalog_fallback:
            return self._not_indexed()
        told = self._parsed.name if self._parsed.known else ""
        scanned = await scan(
            asking, told or named.words or named.text, anchor_id=anchor_id, url=named.url, meta=meta
        )
        return _Judged(analysis=scanned.analysis, for_everybody=scanned.for_everybody)

    async def _page(self, reading: Pending | None) -> ProductPage | None:
        if reading is None:
            return None
        finding = await reading.wait(at_most_ms=min(PAGE_MS, self._asking.left_ms()))
        page = finding.value if isinstance(finding, Answer) else ProductPage(code="off")
        return page if isinstance(page, ProductPage) else None

    def _not_indexed(self) -> _Judged:
        """Nobody has this product: nothing is asked about it, and the answer says so (contract D 3.2)."""
        empty = read_analysis(None, None)
        if product_parse.NO_ANSWER in self._parsed.codes:
            return _Judged(analysis=empty)  # nobody said so; nobody said anything
        codes = [
            "anchor_product_missing",
            "catalog_product_missing",
            "upstream_deep_scan_skipped_anchor_missing",
            *(["url_not_indexed_in_catalog"] if self._named.url else []),
            *(code for code in empty.codes if code != "analysis_missing"),
        ]
        analysis = msgspec.structs.replace(empty, codes=codes)
        return _Judged(analysis=analysis, mode=_NOT_INDEXED, why="not_indexed")

    # --- the answer

    def _show(self, judged: _Judged) -> None:
        """Put the answer together, as far as it may be given to this person."""
        asking, lang, envelope = self._asking, self._lang, self._stage.envelope
        analysis = identified(judged.analysis, self._product())
        analysis = personal(without_answer(analysis, lang, why=judged.why), asking.profile, lang)
        name = product_name(analysis.product) or self._named.words
        # What she asked about counts too: a source may have taken it for another product.
        spoken = f"{self._named.words}\n{name}"
        weighed = weigh(
            analysis, spoken=spoken, profile=asking.profile, forbidden=asking.forbidden, lang=lang
        )
        event: dict[str, Any] = {"kind": "product_analyze"}
        if judged.mode:
            event["mode"] = judged.mode
        envelope.event("value_moment", event)
        if weighed.refusal is not None:
            words = wording.refusal(weighed.refusal, lang, picks=False)
            envelope.say(words.say)
            envelope.card("safety", "confidence_notice", words.notice)
            envelope.chip(*words.chips)
            if words.event is not None:
                envelope.event(words.event[0], {"intent": "evaluate_product", **words.event[1]})
            return
        if weighed.question is not None:
            asking.question_beside(weighed.question, held=False)
        shown = weighed.analysis
        envelope.card(
            "analyze", CARD, self._payload(shown, judged), field_missing=shown.field_missing()[:MOST_GAPS]
        )
        envelope.say(
            product_texts.judged(name, shown.verdict or "unknown", shown.reasons, lang, asking.profile)
        )

    def _payload(self, shown: Analysis, judged: _Judged) -> dict[str, Any]:
        around = blocks(
            shown,
            self._asking.profile,
            self._lang,
            generated_at=iso_ms(self._stage.turn.now),
            source=judged.source,
            fresh=judged.fresh,
            mode=judged.mode,
            dogfood=self._stage.settings.reco_dogfood,
        )
        return {**shown.payload(self._lang, self._asking.profile), **around}

    def _product(self) -> dict[str, Any] | None:
        """The product as it was recognised, else as it was sent."""
        return self._parsed.product if self._parsed.known else (self._named.product or self._parsed.product)

    def _late(self) -> CutPlan:
        """What leaves if the budget fires although every wait ends before it."""
        lang = self._lang
        analysis = without_answer(identified(read_analysis(None, None), self._named.product), lang)
        told = provenance(generated_at=iso_ms(self._stage.turn.now), source="none")
        payload = {**analysis.payload(lang, None), "provenance": told}
        return CutPlan(
            cards=[_card(self._stage, "analyze", CARD, payload, analysis.field_missing()[:MOST_GAPS])],
            message=product_texts.judged(self._named.words, "unknown", analysis.reasons, lang),
            events=[("value_moment", {"kind": "product_analyze"})],
            quiet=True,
        )

    # --- for the next one

    async def _keep(self, judged: _Judged) -> None:
        """Keep a verdict that is everybody's; have a person's own made again for everybody."""
        keys = self._keys if self._named.anchor_id or self._url_alone else self._found_keys()
        if not usable(judged.analysis) or not keys:
            return
        self._stage.envelope.stands()
        ask = self._ask_again()
        if not judged.for_everybody:
            await self._later(keys[0], ask)
            return
        known = self._parsed.product if self._parsed.known else None
        row = Row(
            analysis=identified(judged.analysis, known),
            about=self._about(self._parsed.name if self._parsed.known else self._claimed),
            looked_up=self._looked_up,
            ask=ask if self._looked_up else {},
        )
        facts = facts_of(row)
        keeping = self._stage.start(
            KeepKnowledge(
                kind="product", key=keys[0], facts=facts, verified=self._looked_up, source=judged.source
            )
        )
        await keeping.wait(at_most_ms=min(KEEP_MS, self._asking.left_ms()))

    def _found_keys(self) -> tuple[str, ...]:
        return product_keys(product_id=self._parsed.anchor_id, lang=self._lang)

    def _ask_again(self) -> dict[str, Any]:
        """The form of a refresh: what the verdict rests on, and nothing that somebody typed."""
        named, url = self._named, canonical_url(self._named.url)
        if self._looked_up:
            return {"url": url} if url else {"name": self._parsed.name or self._parsed.anchor_id}
        known = {key: value for key, value in (named.product or {}).items() if key in _TO_ASK}
        ids = {"sku_id": named.anchor_id} if named.anchor_id else {}
        return {"product": {**known, **ids}, **({"url": url} if url else {})}

    async def _later(self, key: str, ask: dict[str, Any]) -> None:
        self._stage.envelope.stands()
        later = RefreshLater(kind="product_refresh", key=key, body=ask)
        await self._stage.start(later).wait(at_most_ms=min(KEEP_MS, self._asking.left_ms()))


def _card(stage: Stage, prefix: str, kind: str, payload: dict[str, Any], gaps: Any) -> Card:
    return Card(
        card_id=f"{prefix}_{stage.turn.context.request_id}", type=kind, payload=payload, field_missing=gaps
    )
