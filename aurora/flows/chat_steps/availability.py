"""Is it to be had? The shop's catalogue answers, not the decision system (contract B 14, B 7 step 7)."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora import telemetry
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.questions import CommerceSearch, OpenProduct, ProductOpening
from aurora.contract.envelope import FieldMissing
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import availability, availability_answer, availability_texts
from aurora.rules.availability import Asked
from aurora.rules.upstream_reason import reason_of_failure

EVENT = "catalog_availability_shortcircuit"
METRIC = "catalog_availability_shortcircuit_total"
CLAIMS_METRIC = "claims_violation_total"
NOT_CONFIGURED = "pivota_backend_not_configured"
_PASSING = frozenset({"upstream_timeout", "db_error"})


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the shop brought. via: which question brought it, `none` if none did. *_reason: why not."""

    items: list[dict[str, Any]] = []
    via: str = "none"
    search_reason: str | None = None
    resolve_reason: str | None = None
    local_reason: str | None = None
    took_ms: int = 0

    @property
    def late(self) -> bool:
        """The shop could not be asked, as opposed to: it knows no such product."""
        return bool({self.search_reason, self.resolve_reason} & {*_PASSING, NOT_CONFIGURED})


async def to_be_had(turn: ChatTurn) -> bool:
    """Answer from the catalogue. What the safety rules have to say of a message goes first."""
    if not turn.settings.avail_fast_path or turn.safety.blocks or turn.safety.asks:
        return False
    asked = availability.read(turn.ask)
    if asked is None:
        return False
    turn.if_cut(_reply(turn, asked, Outcome(search_reason="upstream_timeout")))
    outcome = await _look_up(turn, asked)
    telemetry.family(METRIC).labels(asked.brand_id, asked.reason).inc()
    if _is_medical(turn, asked, outcome):
        telemetry.family(CLAIMS_METRIC).labels("availability_medical").inc()
    return await turn.answer(_reply(turn, asked, outcome))


async def _look_up(turn: ChatTurn, asked: Asked) -> Outcome:
    """The shop's answer; for one specific product that it does not bring, what we know ourselves."""
    outcome = await _ask_the_shop(turn, asked)
    if outcome.items or not asked.specific:
        return outcome
    item = availability_answer.well_known(asked, turn.lang)
    if item is None:
        return msgspec.structs.replace(outcome, local_reason="no_candidates")
    return msgspec.structs.replace(outcome, items=[item], via="local_resolver")


async def _ask_the_shop(turn: ChatTurn, asked: Asked) -> Outcome:
    """The search; for one specific product that it does not know, the resolve too."""
    settings = turn.settings
    search = await turn.stage.ask(CommerceSearch(query=asked.query, cap_ms=settings.avail_search_timeout_ms))
    products = availability_answer.products_in(search.value, asked) if search.ok else []
    if products:
        return Outcome(items=availability_answer.listed(products), via="products_search")
    reason = _reason(search)
    nothing = Outcome(search_reason=reason, took_ms=search.elapsed_ms)
    passing = reason in _PASSING
    if not (settings.avail_resolve_fallback and asked.specific) or reason == NOT_CONFIGURED:
        return nothing
    if passing and not settings.avail_resolve_on_transient:
        return nothing
    return await _resolve(turn, asked, nothing)


async def _resolve(turn: ChatTurn, asked: Asked, before: Outcome) -> Outcome:
    brand = asked.brand
    told = await turn.stage.ask(
        OpenProduct(
            by="text",
            query=asked.query,
            lang=turn.lang,
            brand=brand.en if brand is not None else "",
            aliases=list(brand.aliases) if brand is not None else [],
            cap_ms=turn.settings.avail_resolve_timeout_ms,
        )
    )
    took_ms = before.took_ms + told.elapsed_ms
    opening: ProductOpening | None = told.value if isinstance(told, Answer) else None
    if opening is None or not (opening.product_id or opening.group_id):
        reason = opening.reason if opening is not None else _reason(told)
        return msgspec.structs.replace(before, resolve_reason=reason, took_ms=took_ms)
    item = availability_answer.resolved(
        asked,
        shown=opening.shown,
        product_id=opening.product_id,
        merchant_id=opening.merchant_id,
        group_id=opening.group_id,
        took_ms=took_ms,
        lang=turn.lang,
    )
    return msgspec.structs.replace(before, items=[item], via="products_resolve", took_ms=took_ms)


def _reason(finding: Finding) -> str:
    if not isinstance(finding, Failure):
        return "no_candidates"
    if finding.code == "not_configured":
        return NOT_CONFIGURED
    return reason_of_failure(finding.code, finding.status)


def _reply(turn: ChatTurn, asked: Asked, outcome: Outcome) -> Reply:
    reason = outcome.resolve_reason or outcome.search_reason or "no_candidates"
    items = outcome.items or [
        availability_answer.missing(asked, turn.lang, reason=reason, took_ms=outcome.took_ms)
    ]
    gaps = []
    if not outcome.items:
        gaps = [
            FieldMissing(f"catalog.{name}", why)
            for name, why in (
                ("products", outcome.search_reason),
                ("resolve", outcome.resolve_reason),
                ("local_resolver", outcome.local_reason),
            )
            if why is not None
        ]
    parsed = availability_answer.parse_payload(asked, items[0]["product"])
    return Reply(
        say=_text(turn, asked, outcome),
        cards=[
            ReplyCard("parse", "product_parse", parsed, gaps),
            ReplyCard("offers", "offers_resolved", availability_answer.offers_payload(items, turn.profile)),
        ],
        events=[(EVENT, _told(asked, outcome))],
        profile=turn.profile_summary() if turn.profile is not None else None,
    )


def _text(turn: ChatTurn, asked: Asked, outcome: Outcome) -> str:
    if _is_medical(turn, asked, outcome):
        return availability_texts.boundary(turn.lang)
    if not outcome.items:
        return availability_texts.not_found(asked.query, turn.lang, late=outcome.late)
    return availability_texts.found(asked.query, _names(outcome), turn.lang)


def _is_medical(turn: ChatTurn, asked: Asked, outcome: Outcome) -> bool:
    """Would the answer speak of curing, because the question or a product's name does?"""
    return any(map(availability_texts.is_medical, (turn.ask.text, asked.query, *_names(outcome))))


def _names(outcome: Outcome) -> list[str]:
    return [availability_answer.title_of(item["product"]) for item in outcome.items]


def _told(asked: Asked, outcome: Outcome) -> dict[str, Any]:
    attempted = outcome.via == "products_resolve" or outcome.resolve_reason is not None
    looked_here = outcome.via == "local_resolver" or outcome.local_reason is not None
    return {
        "brand_id": asked.brand_id,
        "reason": asked.reason,
        "ok": bool(outcome.items),
        "count": len(outcome.items),
        "query": asked.query,
        "resolved_via": outcome.via,
        "specific_query": asked.specific,
        "catalog_reason": outcome.search_reason,
        "resolve_reason_code": outcome.resolve_reason,
        "resolve_attempted": attempted,
        "local_resolve_attempted": looked_here,
        "local_resolve_reason_code": outcome.local_reason,
    }
