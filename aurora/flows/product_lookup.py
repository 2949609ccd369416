"""Which product is meant: the decision system and the shop are asked at the same time (contract D 3.1, 3.2).

The decision system's own answer comes first where it has one; what the shop found is there when it has none,
or none in time.
"""

from __future__ import annotations

from typing import Any

from aurora.actors.findings import Answer
from aurora.actors.questions import CommerceSearch, OpenProduct, ProductOpening
from aurora.actors.stage import Pending
from aurora.flows.asking import Asking
from aurora.rules import product_parse, product_url
from aurora.rules.catalogue_rows import product_of
from aurora.rules.product_naming import Named
from aurora.rules.product_parse import Parsed
from aurora.rules.query import parse_query

PARSE_ALONE_MS = 1500
"""How long the decision system alone may say which product it is, once the shop has been asked too."""
RESOLVES = 2
"""Ways of naming a product that the shop is asked to resolve before it is judged (contract D 3.2)."""
_SEARCH_ROWS = 3
_ACTION = "chip.action.parse_product"


class Lookup:
    """One product to be found. Everything is asked when it is made.

    meta: context of the question, None sends none. parse_ms: limit of the decision system. resolves: how many
    ways of naming it the shop resolves, whether or not the whole catalogue may stand in.
    """

    def __init__(
        self,
        asking: Asking,
        named: Named,
        *,
        meta: dict[str, Any] | None,
        parse_ms: int,
        resolves: int = 0,
    ) -> None:
        settings, lang = asking.stage.settings, asking.lang
        self._asking = asking
        self._named = named
        self._parse = asking.ask(
            parse_query(named.text, meta=meta, action=_ACTION), cap_ms=parse_ms, url=named.url
        )
        searches = settings.product_catalog_max_queries if settings.product_catalog_fallback else 0
        queries = product_url.queries(named.words, named.url, max(resolves, searches))
        product = named.product or {}
        self._resolves = [
            asking.stage.start(
                OpenProduct(
                    by="text",
                    query=query,
                    lang=lang,
                    brand=product.get("brand", ""),
                    name=product.get("name", ""),
                    cap_ms=min(settings.avail_resolve_timeout_ms, max(1, asking.left_ms())),
                )
            )
            for query in queries
        ]
        self._searches = [
            asking.stage.start(
                CommerceSearch(
                    query=query,
                    limit=_SEARCH_ROWS,
                    cap_ms=min(settings.avail_search_timeout_ms, max(1, asking.left_ms())),
                )
            )
            for query in queries[:searches]
        ]

    async def found(self, *, with_id: bool) -> Parsed:
        """The product, as far as anybody knows it by the end of the budget. with_id: only an id will do."""
        alone = PARSE_ALONE_MS if self._resolves else None
        parsed = await self._parsed(at_most_ms=alone)
        if _enough(parsed, with_id):
            return parsed
        how, row = await self._in_the_shop()
        if row is not None:
            return product_parse.from_catalogue(parsed, row, how)
        return parsed if alone is None else await self._parsed()

    async def _parsed(self, *, at_most_ms: int | None = None) -> Parsed:
        reply = await self._asking.reply(self._parse, at_most_ms=at_most_ms)
        if reply is None:
            return product_parse.nothing(self._named)
        return product_parse.read(reply.structured, reply.answer, self._named)

    async def _in_the_shop(self) -> tuple[str, dict[str, Any] | None]:
        for pending in self._resolves:
            row = _resolved(await self._value(pending))
            if row is not None:
                return "resolve", row
        for pending in self._searches:
            listed = await self._value(pending)
            rows = listed if isinstance(listed, list) else []
            found = next((row for each in rows if (row := product_of(each)) is not None), None)
            if found is not None:
                return "search", found
        return "", None

    async def _value(self, pending: Pending) -> Any:
        finding = await pending.wait(at_most_ms=self._asking.left_ms())
        return finding.value if isinstance(finding, Answer) else None


def _enough(parsed: Parsed, with_id: bool) -> bool:
    return parsed.known and (bool(parsed.anchor_id) or not with_id)


def _resolved(opening: object) -> dict[str, Any] | None:
    """The product behind a reference of the shop."""
    if not isinstance(opening, ProductOpening) or not opening.product_id:
        return None
    ids = {"product_id": opening.product_id, "merchant_id": opening.merchant_id}
    group = {"product_group_id": opening.group_id} if opening.group_id else {}
    shown = {key: value for key, value in (opening.shown or {}).items() if key != "sku_id"}
    return {**shown, **ids, **group, "canonical_product_ref": ids}
