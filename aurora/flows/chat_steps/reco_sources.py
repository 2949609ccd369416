"""Where recommendations come from, in order: the first source that brings what may leave is the answer.

Our own catalogue matched with the person's ingredient plan, the shop's catalogue, the decision system. A
later source joins `SOURCES`. What of it may leave is decided in one place, `picks`, whatever the source.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from aurora.actors import catalogue
from aurora.actors.findings import Answer, Failure, FailureCode, Finding
from aurora.actors.questions import (
    CatalogueRows,
    CommerceSearch,
    DecisionChat,
    DecisionReply,
    MatchCatalogue,
)
from aurora.actors.stage import Pending
from aurora.contract.envelope import Chip, FieldMissing
from aurora.contract.turn import iso_ms
from aurora.flows.chat_steps import late
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.rules import (
    artifact_gate,
    catalogue_rows,
    normalise_reco,
    reco_payload,
    routine_plan,
)
from aurora.rules.matcher import items as matched_items
from aurora.rules.matcher.match import Matched, match
from aurora.rules.matcher.score import Wanted, wanted_of
from aurora.rules.query import picks_query, routine_query
from aurora.rules.reco_texts import search_step
from aurora.rules.upstream_answer import without_kb

EMPTY_CODE = "UPSTREAM_EMPTY"
MOST_QUERIES = 8
QUERIES = ("cleanser", "moisturizer", "sunscreen")
ACNE_CLEANSER = "acne cleanser"
_SEARCH_SLOTS = ("am", "pm")  # of the first and the second query; then `other` (D 5.2)

# Failures that pass by themselves; the others mean that there is nothing to wait for (contract B 8.7 REC).
TRANSIENT: frozenset[FailureCode] = frozenset({
    "timeout", "connect", "reset", "broken_pipe", "dns", "tls", "breaker_open", "admission",
})  # fmt: skip


class Found(msgspec.Struct, kw_only=True):
    """What a source brought.

    source: its name on the wire (D 13.14). items: in the client's shape, not yet screened. rest: payload keys
    beside them. gaps: what is declared missing. ranked: the order of the items is a ranking, not a routine.
    made_up: no shop knows these products. failure_code: on the wire, when it brought nothing. transient:
    trying again may help. proposes: what to do instead, if it brought nothing.
    """

    source: str
    items: list[dict[str, Any]] = []
    rest: dict[str, Any] = {}
    gaps: list[FieldMissing] = []
    ranked: bool = True
    made_up: bool = False
    failure_code: str = EMPTY_CODE
    transient: bool = False
    proposes: list[Chip] = []


Source = Callable[[ChatTurn], Awaitable[Found | None]]


# --- source 1: our own catalogue


async def from_matcher(turn: ChatTurn) -> Found | None:
    """Match the catalogue with the person's ingredient plan (contract D 5.9)."""
    plan = late.plan_of(turn)
    if (
        plan is None
        or not turn.artifact_usable
        or not turn.settings.product_matcher_enabled
        or not catalogue.configured(turn.settings)
    ):
        return None
    wanted = wanted_of(plan, turn.profile, gentle=is_careful(turn))
    if not wanted.targets:
        return None
    rows, matched = await _matched(turn, plan, wanted)
    if matched is not None and matched.sure.conservative and not wanted.gentle:
        # The envelope will hold back what is strong beside a set that is not sure: choose without it.
        wanted = msgspec.structs.replace(wanted, gentle=True)
        rows, matched = await _matched(turn, plan, wanted)
    if rows is None or matched is None or not matched.rows:
        return None
    artifact = turn.memory.artifact
    return Found(
        source=matched_items.SOURCE,
        items=matched_items.items(matched, wanted, turn.lang),
        rest=matched_items.rest(
            matched,
            wanted,
            turn.lang,
            bundle_id=f"rb_{turn.stage.turn.uuid('reco_bundle')}",
            created_at=iso_ms(turn.stage.turn.now),
            artifact_id=artifact.artifact_id if artifact else None,
            plan=plan,
            catalogue={"digest": rows.digest, "seed": rows.seed},
        ),
        ranked=False,
        made_up=rows.seed,
    )


async def _matched(
    turn: ChatTurn, plan: dict[str, Any], wanted: Wanted
) -> tuple[CatalogueRows | None, Matched | None]:
    question = MatchCatalogue(wanted=wanted, forbidden=turn.forbidden, lang=turn.lang)
    finding = await turn.stage.ask(question)
    if not finding.ok:
        return None, None
    rows: CatalogueRows = finding.value
    sure = artifact_gate.plan_confidence(plan)
    return rows, match(rows.products, wanted, plan_score=sure.score if sure else None)


def is_careful(turn: ChatTurn) -> bool:
    """The envelope will hold back what is strong: the diagnosis or the plan is not sure enough."""
    sure = artifact_gate.plan_confidence(late.plan_of(turn))
    return turn.confidence.conservative or (sure is not None and sure.conservative)


# --- source 2: the shop's catalogue


async def from_shop(turn: ChatTurn) -> Found | None:
    """Search the commerce backend, one query per step; the first product that no query before took."""
    settings = turn.settings
    if not settings.reco_catalog_grounded or not settings.backend_base_url:
        return None
    queries = search_queries(settings.reco_catalog_queries, turn.profile.goals if turn.profile else [])
    raw: list[dict[str, Any]] = []
    taken: set[str] = set()
    for number, finding in enumerate(await _searched(turn, queries)):
        rows = finding.value if isinstance(finding, Answer) else []
        product = next(
            (
                p
                for row in rows
                if (p := catalogue_rows.product_of(row)) and p["product_id"].lower() not in taken
            ),
            None,
        )
        if product is None:
            continue
        taken.add(product["product_id"].lower())
        slot = _SEARCH_SLOTS[number] if number < len(_SEARCH_SLOTS) else "other"
        raw.append({"slot": slot, "step": search_step(queries[number], turn.lang), "sku": product})
    if not raw:
        return None
    items = normalise_reco.normalise(raw, lang=turn.lang, profile=turn.profile, week=turn.week)
    rest = reco_payload.rest_of({}, profile=turn.profile)
    return Found(source="catalog_grounded", items=items, rest=rest, ranked=False)


def search_queries(configured: tuple[str, ...], goals: list[str]) -> list[str]:
    """What is searched for: the setting's words, else one per basic step (D 5.2)."""
    if configured:
        return [query[:120] for query in configured[:MOST_QUERIES]]
    acne = any("acne" in goal.lower() or "痘" in goal for goal in goals)
    return [ACNE_CLEANSER if acne and query == "cleanser" else query for query in QUERIES]


async def _searched(turn: ChatTurn, queries: list[str]) -> list[Finding]:
    """One finding per query, in their order; a few of them under way at once."""
    settings = turn.settings
    ahead = settings.reco_catalog_search_concurrency
    pending: list[Pending] = []
    found: list[Finding] = []
    for number in range(len(queries)):
        while len(pending) < len(queries) and len(pending) < number + ahead:
            pending.append(
                turn.stage.start(
                    CommerceSearch(
                        query=queries[len(pending)], cap_ms=settings.reco_catalog_search_timeout_ms
                    )
                )
            )
        found.append(await pending[number].wait())
    return found


# --- sources 4 to 7: the decision system


async def from_decision_system(turn: ChatTurn) -> Found:
    """Ask the decision system for product picks."""
    query = picks_query(
        turn.ask.message,
        turn.lang,
        profile=turn.profile,
        logs=turn.memory.recent_logs,
        meta=turn.query_meta(intent="reco_products"),
    )
    finding = await _decide(turn, query, turn.settings.reco_upstream_timeout_ms)
    if isinstance(finding, Failure):
        return _undecided(finding)
    place = normalise_reco.found_in(**_where(turn, finding.value))
    items = normalise_reco.normalise(
        place.items, lang=turn.lang, profile=turn.profile, week=turn.week, debug=turn.ask.debug
    )
    routine = place.source == normalise_reco.ROUTINE
    if routine:
        rest = dict(routine_plan.read(**_where(turn, finding.value)).rest)
        gaps = [("confidence", reco_payload.MISSING_OR_INVALID)]
    else:
        rest = reco_payload.rest_of(place.holder, profile=turn.profile)
        gaps = reco_payload.gaps_of(place.holder, rest)
    if normalise_reco.any_nameless(place.items):
        gaps = [*gaps, normalise_reco.NAMELESS]
    return Found(
        source=place.source, items=items, rest=_shown(turn, rest), gaps=_gaps(gaps), ranked=not routine
    )


async def from_decision_routine(turn: ChatTurn) -> Found:
    """Ask the decision system for a morning and an evening routine (contract B 15, D 3.5, 5.11).

    A product may stand in it twice, in the morning and at night. What the system proposes instead of a
    routine comes along as chips.
    """
    query = routine_query(
        turn.ask.message,
        turn.lang,
        profile=turn.profile,
        logs=turn.memory.recent_logs,
        meta=turn.query_meta(intent="reco_routine"),
    )
    finding = await _decide(turn, query, turn.settings.reco_routine_timeout_ms)
    if isinstance(finding, Failure):
        return _undecided(finding)
    plan = routine_plan.read(**_where(turn, finding.value))
    items = normalise_reco.normalise(
        plan.steps,
        lang=turn.lang,
        profile=turn.profile,
        week=turn.week,
        debug=turn.ask.debug,
        limit=routine_plan.MAX_STEPS,
        per_slot=True,
    )
    return Found(
        source=plan.source,
        items=items,
        rest=_shown(turn, plan.rest),
        gaps=_gaps([("confidence", reco_payload.MISSING_OR_INVALID)]),
        ranked=False,
        proposes=routine_plan.next_actions(finding.value.next_actions),
    )


async def _decide(turn: ChatTurn, query: str, cap_ms: int) -> Finding:
    ask = turn.ask
    return await turn.stage.ask(
        DecisionChat(
            query=query,
            llm_provider=ask.llm_provider,
            llm_model=ask.llm_model,
            debug=ask.debug or None,
            allow_recommendations=True,
            cap_ms=cap_ms,
        )
    )


def _undecided(finding: Failure) -> Found:
    return Found(
        source="upstream_fallback", failure_code=finding.wire_code, transient=finding.code in TRANSIENT
    )


def _where(turn: ChatTurn, reply: DecisionReply) -> dict[str, Any]:
    """The places of a reply in which items may stand. Takes note of the model that answered."""
    turn.llm_effective = (reply.llm_provider, reply.llm_model)
    return {
        "answer": reply.answer,
        "structured": reply.structured,
        "context": reply.context,
        "recommendations": reply.recommendations,
        "cards": reply.cards,
    }


def _shown(turn: ChatTurn, rest: dict[str, Any]) -> dict[str, Any]:
    """Payload keys without ids of the internal knowledge base, unless somebody debugs."""
    clean: dict[str, Any] = rest if turn.ask.debug else without_kb(rest)
    return clean


def _gaps(pairs: Iterable[tuple[str, str]]) -> list[FieldMissing]:
    return [FieldMissing(field, reason) for field, reason in pairs]


SOURCES: tuple[Source, ...] = (from_matcher, from_shop, from_decision_system)
ROUTINE_SOURCES: tuple[Source, ...] = (from_matcher, from_shop, from_decision_routine)
