"""What is added to picks that are already an answer: how they open, and what else there is (D 5.7, 5.8).

All of it happens in what is left of the turn's budget, less a reserve for answering. What does not come in
time is left away; the items never are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aurora.actors.findings import Answer, Finding
from aurora.actors.questions import DecisionChat, DecisionReply, OpenProduct, ProductOpening
from aurora.actors.stage import Pending
from aurora.contract.envelope import FieldMissing
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.rules import alternatives
from aurora.rules.pdp_open import is_uuid, needs_shop, not_in_shop, opened_by_shop
from aurora.rules.query import alternatives_query
from aurora.rules.upstream_reason import reason_of_failure

RESERVE_MS = 400
"""Kept back for wording and sending the answer."""
LEAST_MS = 100
"""Below this nothing more is asked: no upstream could answer."""
_FIELD = "recommendations[].alternatives"


async def enrich(turn: ChatTurn, items: list[dict[str, Any]], *, made_up: bool) -> list[FieldMissing]:
    """Ask how the items open and, if wanted, what else is like them; what comes in time goes into `items`.

    items: changed in place; none that would be held back. made_up: no shop knows them. Answers what is
    missing.
    """
    openings = _Openings(turn, items, made_up=made_up)
    others = _Alternatives(turn, items) if turn.ask.include_alternatives else None
    await openings.settle()
    return await others.settle() if others is not None else []


def left_ms(turn: ChatTurn) -> int:
    """What may still be spent on extras."""
    return max(0, turn.stage.remaining_ms() - RESERVE_MS)


class _Openings:
    """Which of the first few items the shop can open: by their ids, and where those say nothing, by name."""

    def __init__(self, turn: ChatTurn, items: list[dict[str, Any]], *, made_up: bool) -> None:
        self._turn, self._items = turn, items
        self._asked: dict[int, Pending] = {}
        self._took: dict[int, int] = {}
        settings = turn.settings
        if not settings.reco_pdp_resolve_enabled or not settings.backend_base_url or made_up:
            return
        for index, item in enumerate(items[: settings.reco_pdp_max_network_items]):
            if needs_shop(item):
                sku = item["sku"]
                by_id = bool(sku["product_id"]) and not is_uuid(sku["product_id"])
                self._ask(index, "stable_id" if by_id else "text")

    async def settle(self) -> None:
        """Wait for the answers, one after the other; a second question where the first found nothing."""
        for index in list(self._asked):
            finding = await self._asked[index].wait(at_most_ms=left_ms(self._turn))
            self._note(index, finding)
            by_text = not _opens(finding) and self._by_id(index) and self._ask(index, "text")
            if by_text:
                finding = await self._asked[index].wait(at_most_ms=left_ms(self._turn))
                self._note(index, finding)
            self._apply(index, finding, by_text=by_text or not self._by_id(index))

    def _ask(self, index: int, by: str) -> bool:
        left = left_ms(self._turn)
        if left < LEAST_MS:
            return False
        sku = self._items[index]["sku"]
        self._asked[index] = self._turn.stage.start(
            OpenProduct(
                by="stable_id" if by == "stable_id" else "text",
                query=_query(sku),
                lang=self._turn.lang,
                product_id=sku["product_id"],
                sku_id=sku["sku_id"],
                merchant_id=str(sku.get("merchant_id") or ""),
                brand=sku["brand"],
                name=sku["name"],
                cap_ms=min(self._turn.settings.reco_pdp_timeout_ms, left),
            )
        )
        return True

    def _by_id(self, index: int) -> bool:
        product_id = self._items[index]["sku"]["product_id"]
        return bool(product_id) and not is_uuid(product_id)

    def _note(self, index: int, finding: Finding) -> None:
        self._took[index] = self._took.get(index, 0) + finding.elapsed_ms

    def _apply(self, index: int, finding: Finding, *, by_text: bool) -> None:
        items = self._items
        took = self._took[index]
        if not isinstance(finding, Answer):
            reason = reason_of_failure(finding.code, finding.status)
            items[index] = not_in_shop(items[index], reason=reason, took_ms=took)
            return
        said: ProductOpening = finding.value
        if not _opens(finding):
            items[index] = not_in_shop(items[index], reason=said.reason or "no_candidates", took_ms=took)
            return
        # Two items that the shop takes for one product stay two.
        others = {item["sku"]["product_id"].lower() for n, item in enumerate(items) if n != index}
        taken = said.product_id.lower() in others
        if taken and not said.group_id:
            items[index] = not_in_shop(items[index], reason="no_candidates", took_ms=took)
            return
        items[index] = opened_by_shop(
            items[index],
            product_id="" if taken else said.product_id,
            merchant_id=said.merchant_id,
            group_id=said.group_id,
            query=_query(items[index]["sku"]) if by_text else "",
            took_ms=took,
        )


def _opens(finding: Finding) -> bool:
    return isinstance(finding, Answer) and bool(finding.value.product_id or finding.value.group_id)


def _query(sku: dict[str, Any]) -> str:
    return " ".join(dict.fromkeys(part for part in (sku["brand"], sku["name"]) if part))[:160]


class _Alternatives:
    """Products like the recommended ones, for a few of them, a few at once (D 5.7)."""

    def __init__(self, turn: ChatTurn, items: list[dict[str, Any]]) -> None:
        self._turn, self._items = turn, items
        self._gaps: list[FieldMissing] = []
        self._targets = list(self._chosen())
        self._asked: list[Pending] = []
        if not turn.settings.decision_base_url:
            self._targets = []
            self._gap("aurora_not_configured")
        elif not self._targets:
            self._gap("recommendations_missing_product_identity")
        self._ask_more(turn.settings.reco_alternatives_concurrency)

    async def settle(self) -> list[FieldMissing]:
        """Wait for the answers in their order, asking for the next product as one comes in."""
        turn, items = self._turn, self._items
        partial = False
        for number, index in enumerate(self._targets):
            self._ask_more(number + turn.settings.reco_alternatives_concurrency)
            listed: list[dict[str, Any]] = []
            if number < len(self._asked):
                finding = await self._asked[number].wait(at_most_ms=left_ms(turn))
                listed = _listed(finding, turn)
                if not listed and _asks_back(finding) and left_ms(turn) >= LEAST_MS:
                    again = self._start(index, careful=True)
                    listed = _listed(await again.wait(at_most_ms=left_ms(turn)), turn)
            items[index] = {**items[index], "alternatives": listed}
            partial = partial or not listed
        if partial:
            self._gap("alternatives_partial")
        return self._gaps

    def _chosen(self) -> Iterator[int]:
        """The first item of each slot, then the others."""
        items, most = self._items, self._turn.settings.reco_alternatives_max_products
        firsts = [
            next((n for n, item in enumerate(items) if item["slot"] == slot), None)
            for slot in ("am", "pm", "other")
        ]
        order = dict.fromkeys([*(n for n in firsts if n is not None), *range(len(items))])
        return iter(list(order)[:most])

    def _ask_more(self, until: int) -> None:
        while len(self._asked) < min(until, len(self._targets)) and left_ms(self._turn) >= LEAST_MS:
            self._asked.append(self._start(self._targets[len(self._asked)]))

    def _start(self, index: int, *, careful: bool = False) -> Pending:
        turn = self._turn
        query = alternatives_query(
            self._items[index],
            turn.lang,
            profile=turn.profile,
            careful=careful,
            meta={"lang": turn.lang, "trigger_source": turn.ask.trigger},
        )
        cap_ms = min(turn.settings.reco_alternatives_timeout_ms, left_ms(turn))
        return turn.stage.start(
            DecisionChat(
                query=query,
                llm_provider=turn.ask.llm_provider,
                llm_model=turn.ask.llm_model,
                allow_recommendations=True,
                cap_ms=max(1, cap_ms),
            )
        )

    def _gap(self, reason: str) -> None:
        self._gaps.append(FieldMissing(_FIELD, reason))


def _listed(finding: Finding, turn: ChatTurn) -> list[dict[str, Any]]:
    if not isinstance(finding, Answer):
        return []
    reply: DecisionReply = finding.value
    raw = alternatives.found_in(answer=reply.answer, structured=reply.structured, cards=reply.cards)
    return alternatives.normalise(raw, turn.lang)


def _asks_back(finding: Finding) -> bool:
    return isinstance(finding, Answer) and finding.value.intent == "clarify"
