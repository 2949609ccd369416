"""`POST /v1/dupe/compare`: one product beside another, and what is traded (contract D 3.4).

The comparison, and which products are meant, are asked for at the same time, beside what is known of either.
If no tradeoff has come by half time, both products are looked at closely, in parallel; if nothing comes at
all, the card says in one line that the comparison is limited.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.assembler import CutPlan
from aurora.actors.findings import Answer
from aurora.actors.knowledge_questions import Knowledge, RecallKnowledge
from aurora.actors.stage import Pending, Stage
from aurora.contract.envelope import Card
from aurora.flows.asking import LEAST_MS, PARSE_MS, Asking
from aurora.rules import alternatives, dupe_compare, dupe_queries, dupe_texts, safety
from aurora.rules.dupe_compare import Comparison
from aurora.rules.dupe_suggest import joined
from aurora.rules.dupe_tradeoffs import FRAGILE, Made, made_of
from aurora.rules.knowledge_keys import product_keys
from aurora.rules.product_analysis import Analysis, in_words
from aurora.rules.product_knowledge import claim, may_read, row_in
from aurora.rules.product_naming import Named, by_object
from aurora.rules.product_parse import Parsed, nothing
from aurora.rules.product_parse import read as read_parse
from aurora.rules.product_reading import product_name, read_analysis
from aurora.rules.safety import wording
from aurora.rules.upstream_answer import harmless

KIND = "dupe_compare"
RECALL_MS = 500
"""What is known of a product is waited for this long, before it is asked which one it is."""
THAT_PASS = frozenset({"I2"})
"""Rules about a state that passes (acids on an impaired barrier): the comparison says to wait (D 2.4)."""
GRACE_MS = 700
"""How long each product is waited for once the comparison has come, or has not by half time."""


async def compare(stage: Stage) -> None:
    """Answer with what is traded, or that nobody could say. Never fails for an upstream."""
    stage.budget("dupe_compare", stage.settings.dupe_compare_budget_ms)
    await _Comparing(stage).answer()


class _Side:
    """One of the two products: how it was named, and what has been learnt of it since."""

    def __init__(self, asking: Asking, product: object, url: object) -> None:
        self._asking = asking
        self.named: Named = by_object(product, url=url)
        self.parsed: Parsed = nothing(self.named)
        self.analysis: Analysis | None = None
        self.alternatives: list[dict[str, Any]] = []
        keys = product_keys(product_id=self.named.anchor_id, url=self.named.url, lang=asking.lang)
        self._recalled = asking.stage.start(RecallKnowledge(kind="product", keys=keys)) if keys else None
        self._parsing: Pending | None = None
        self._scanning: Pending | None = None
        self._made: Made | None = None

    @property
    def anchor_id(self) -> str:
        """The id to ask about it with; "" if nobody said."""
        return self.named.anchor_id or (self.parsed.anchor_id if self.parsed.known else "")

    @property
    def asked(self) -> dict[str, Any]:
        """The product as it was sent; at least a name."""
        known = self.named.product or (self.parsed.product if not self.named.words else None)
        told: dict[str, Any] = harmless(dict(known) if known else {"name": self.named.text})
        return told

    @property
    def has_ingredients(self) -> bool:
        """Whether anybody said what is in it."""
        return bool(self.made.ingredients)

    @property
    def made(self) -> Made:
        """What is in it, as far as anybody said."""
        if self._made is None:
            self._made = made_of(self.analysis, self.asked)
        return self._made

    async def begin(self) -> None:
        """Take what is known of it; if that is nothing, ask which product it is."""
        await self._recall()
        if self.analysis is None:
            query = dupe_queries.parse(self.named, self._asking.lang)
            self._parsing = self._asking.ask(query, cap_ms=PARSE_MS, url=self.named.url)

    async def _recall(self) -> None:
        if self._recalled is None:
            return
        finding = await self._recalled.wait(at_most_ms=min(RECALL_MS, self._asking.left_ms()))
        row = finding.value if isinstance(finding, Answer) else None
        known = row_in(row.facts) if isinstance(row, Knowledge) and row.found else None
        if known is not None and may_read(known, claim(self.named.words, self.named.url)):
            self._learn(known.analysis)

    async def parse(self, *, at_most_ms: int) -> None:
        """Take which product it is, and what came along with that."""
        if self._parsing is None:
            return
        reply = await self._asking.reply(self._parsing, at_most_ms=at_most_ms)
        if reply is None:
            return
        self._parsing = None
        self.parsed = read_parse(reply.structured, reply.answer, self.named)
        self.alternatives = alternatives.found_in(
            answer=reply.answer, structured=reply.structured, cards=reply.cards
        )
        self._learn(read_analysis(reply.structured, reply.answer))

    def scan(self) -> None:
        """Have it looked at closely, unless it is known or being looked at."""
        if self._scanning is None and not self.has_ingredients and self._asking.left_ms() >= LEAST_MS:
            query = dupe_queries.scan(self.named, self._asking.lang)
            self._scanning = self._asking.ask(query, anchor_id=self.anchor_id, url=self.named.url)

    async def scanned(self) -> bool:
        """Take what the closer look brought; True if there was one."""
        if self._scanning is None:
            return False
        reply = await self._asking.reply(self._scanning)
        if reply is not None:
            self._learn(read_analysis(reply.structured, reply.answer))
        return True

    def _learn(self, analysis: Analysis) -> None:
        if analysis.key_ingredients and self.analysis is None:
            self.analysis, self._made = in_words(analysis, self._asking.lang), None


class _Comparing:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        said: dict[str, Any] = msgspec.to_builtins(stage.turn.body)
        self._asking = asking = Asking(stage)
        self._lang = asking.lang
        self._original = _Side(asking, said.get("original"), said.get("original_url"))
        self._dupe = _Side(asking, said.get("dupe"), said.get("dupe_url"))
        self._compared = asking.ask(
            dupe_queries.compare(self._original.named, self._dupe.named, asking.lang),
            anchor_id=self._original.named.anchor_id,
            url=self._original.named.url,
        )
        self._fragile = False
        self._stated: Comparison | None = None

    async def answer(self) -> None:
        self._plan()
        for side in (self._original, self._dupe):
            await side.begin()
        await self._asking.meet()
        profile = self._asking.profile
        self._fragile = profile is not None and (profile.barrierStatus or "").lower() in FRAGILE
        self._show(await self._best())

    # --- what the sources say

    async def _best(self) -> Comparison:
        """The first source with a tradeoff to tell (contract D 3.4)."""
        half = self._stage.settings.dupe_compare_budget_ms // 2
        stated = await self._said(at_most_ms=half)
        await self._parse(at_most_ms=GRACE_MS)
        if stated is None or not stated.tradeoffs:
            self._scan()
            await self._parse(at_most_ms=PARSE_MS)
        listed = dupe_compare.read_alternatives(
            self._original.alternatives, self._dupe.asked, self._lang, fragile=self._fragile
        )
        told = [one for one in (listed, stated) if one is not None]
        for comparison in told:
            if comparison.tradeoffs:
                return comparison
        return _filled(await self._looked_closer(), told)

    async def _looked_closer(self) -> Comparison | None:
        """What is in either; the comparison itself still comes first if it has arrived meanwhile."""
        found = self._side_by_side(scanned=False)
        if found is None:
            self._scan()
            asked = [await side.scanned() for side in (self._original, self._dupe)]
            found = self._side_by_side(scanned=any(asked))
        stated = await self._said(at_most_ms=0 if found is not None else None)
        return stated if stated is not None and stated.tradeoffs else found

    async def _parse(self, *, at_most_ms: int) -> None:
        for side in (self._original, self._dupe):
            await side.parse(at_most_ms=at_most_ms)

    def _scan(self) -> None:
        for side in (self._original, self._dupe):
            side.scan()

    async def _said(self, *, at_most_ms: int | None) -> Comparison | None:
        """What the comparison itself says; None until it has arrived. One with nothing to tell is read again:
        by then the dupe may be known by name, and be found among what the answer lists.
        """
        if self._stated is None or not self._stated.tradeoffs:
            reply = await self._asking.reply(self._compared, at_most_ms=at_most_ms)
            if reply is not None:
                self._stated = dupe_compare.read_answer(
                    reply.structured, reply.answer, self._dupe.asked, self._lang, fragile=self._fragile
                )
        return self._stated

    def _side_by_side(self, *, scanned: bool) -> Comparison | None:
        original, dupe = self._original, self._dupe
        return dupe_compare.from_ingredients(
            original.analysis,
            dupe.analysis,
            (original.made, dupe.made),
            self._lang,
            fragile=self._fragile,
            scanned=scanned,
        )

    # --- the answer

    def _shown(self, comparison: Comparison) -> tuple[dict[str, Any], dict[str, Any]]:
        sides = ((self._original, comparison.original), (self._dupe, comparison.dupe))
        first, second = (
            dupe_compare.shown(side.asked, (side.parsed.product, told), side.analysis) for side, told in sides
        )
        return first, second

    def _show(self, comparison: Comparison) -> None:
        """Put the answer together; an alternative that is out of the question is not compared."""
        envelope, lang = self._stage.envelope, self._lang
        original, dupe = self._shown(comparison)
        first, second = self._against(comparison, original, dupe)
        ruled_out = safety.behind((rule for rule in second if rule not in THAT_PASS), lang)
        envelope.event("value_moment", {"kind": KIND})
        if ruled_out.blocks:
            words = wording.refusal(ruled_out, lang, picks=False)
            envelope.card("safety", "confidence_notice", words.notice)
            envelope.chip(*words.chips)
            envelope.say(words.say)
            return
        said = safety.behind((*first, *second), lang)
        if said.blocks:
            envelope.ride(notice=wording.refusal(said, lang, picks=False).notice)
        elif said.asks:
            self._asking.question_beside(said, held=False)
        payload = comparison.payload(original, dupe, lang)
        envelope.card("dupe", KIND, payload, field_missing=comparison.field_missing())
        lead = wording.warnings(said, lang) if said.reasons else ""
        envelope.say(joined([lead, _words(payload, lang)], lang))

    def _against(
        self, comparison: Comparison, original: dict[str, Any], dupe: dict[str, Any]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The safety rules that the original goes against, and those that the alternative does."""
        sides = ((self._original, original, "missing_actives"), (self._dupe, dupe, "added_benefits"))
        first, second = (
            safety.against(
                {
                    "product": product,
                    "ingredients": side.made.ingredients,
                    "only_here": comparison.detail.get(only_here, []),
                },
                self._asking.forbidden,
            )
            for side, product, only_here in sides
        )
        return first, second

    def _plan(self) -> None:
        """What leaves if the budget fires although every wait ends before it."""
        comparison = dupe_compare.nothing()
        original, dupe = self._shown(comparison)
        payload = comparison.payload(original, dupe, self._lang)
        card = Card(
            card_id=f"dupe_{self._stage.turn.context.request_id}",
            type=KIND,
            payload=payload,
            field_missing=comparison.field_missing(),
        )
        self._stage.envelope.if_cut(CutPlan(cards=[card], message=_words(payload, self._lang), quiet=True))


def _filled(found: Comparison | None, told: list[Comparison]) -> Comparison:
    """The comparison, with the similarity that a source without tradeoffs may have named."""
    base = found or (told[0] if told else dupe_compare.nothing())
    similar = next((one.similarity for one in (base, *told) if one.similarity is not None), None)
    return msgspec.structs.replace(base, similarity=similar)


def _words(payload: dict[str, Any], lang: Any) -> str:
    original, dupe = (
        dupe_texts.product(product_name(payload[side]), lang, blank=side) for side in ("original", "dupe")
    )
    return dupe_texts.over("compared", lang, original=original, dupe=dupe, first=payload["tradeoffs"][0])
