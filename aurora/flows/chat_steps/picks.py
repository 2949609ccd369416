"""Recommendations behind the gates: the answer around what the sources bring (contract B 8.4.4-8.7).

What may leave is decided once, in `_chosen`, whatever the source: the safety rules of the person, and in low
confidence nothing strong. From the moment there are items, a cut costs what is added to them, never them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from aurora.contract.envelope import Chip, FieldMissing
from aurora.flows.chat_steps import late, safe_reply
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reco_extras import enrich
from aurora.flows.chat_steps.reco_sources import Found, Source, is_careful
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import diversity, reco_texts, replies, safety
from aurora.rules.notices import notice
from aurora.rules.pdp_open import opening_stats
from aurora.rules.reco_reasons import goal_words
from aurora.rules.safety import GAP_REASON
from aurora.rules.treatment import is_treatment_like
from aurora.store.facts import RecommendationsGiven

TOKEN = "S7_PRODUCT_RECO"  # noqa: S105 - the name of a state
_TOO_STRONG = FieldMissing("recommendations", "low_confidence_treatment_filtered")


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of request is answered: single products, or a routine.

    intent: of the card. moment: kind of the `value_moment`. say: the words over what leaves (gentle:
    something strong stays here). chips: what may come next. late: nothing came in time (failure code on the
    wire).
    """

    intent: str
    moment: str
    say: Callable[[ChatTurn, list[dict[str, Any]], bool], str]
    chips: Callable[[ChatTurn], list[Chip]]
    late: Callable[[ChatTurn, str], Reply]


class _Chosen(msgspec.Struct, kw_only=True):
    """What of a source may leave.

    items: with those that the envelope will take out, and count, for want of confidence; leaving: without.
    held_back: how many were too strong even to be tried. out: what safety says of the rest. unsafe: it holds
    back something that would leave but for it.
    """

    found: Found
    manner: Manner
    items: list[dict[str, Any]]
    leaving: list[dict[str, Any]]
    held_back: int
    out: safety.Outgoing[dict[str, Any]]
    unsafe: bool


def _say_picks(turn: ChatTurn, leaving: list[dict[str, Any]], gentle: bool) -> str:
    return replies.picks(
        leaving,
        turn.lang,
        goals=goal_words(turn.profile, turn.lang),
        gentle=gentle,
        name_them=not turn.client_shows_picks,
    )


PICKS = Manner(
    intent="reco_products",
    moment="product_reco",
    say=_say_picks,
    chips=lambda turn: turn.chips("chip.start.ingredients"),
    late=late.picks_late,
)


async def recommend(turn: ChatTurn, sources: Iterable[Source], manner: Manner = PICKS) -> bool:
    """Ask the sources and answer, the gates having passed. True, for a step to return."""
    turn.if_cut(manner.late(turn, late.BUDGET_CODE))
    chosen = await _first_that_may_leave(turn, sources, manner)
    if not chosen.leaving:
        return await turn.answer(_without_picks(turn, chosen))
    if chosen.unsafe:
        safe_reply.ask_beside(turn, chosen.out)
    turn.keep(shown=diversity.remembered(_shown(turn), chosen.leaving, turn.stage.turn.now_ms))
    run_id = f"rr_{turn.stage.turn.uuid('reco_run')}"
    turn.if_cut(msgspec.structs.replace(_given(turn, chosen, run_id=run_id), quiet=True))
    enriched = list(chosen.leaving)
    gaps = await enrich(turn, enriched, made_up=chosen.found.made_up)
    return await turn.answer(_given(turn, _with_extras(turn, chosen, enriched, gaps), run_id=run_id))


async def _first_that_may_leave(turn: ChatTurn, sources: Iterable[Source], manner: Manner) -> _Chosen:
    """Of the first source that brings something that may leave; else of what was held back, else of the last.

    A source that has nothing to say to this turn answers None.
    """
    last = _chosen(turn, Found(source="none"), manner)
    held: _Chosen | None = None
    for source in sources:
        found = await source(turn)
        if found is None:
            continue
        last = _chosen(turn, found, manner)
        if last.leaving:
            return last
        if found.items and held is None:
            held = last
    return held or last


def _chosen(turn: ChatTurn, found: Found, manner: Manner) -> _Chosen:
    items = found.items
    if found.ranked and turn.settings.reco_diversity_enabled:
        items = diversity.varied(items, _shown(turn), turn.stage.turn.now_ms)
    # The envelope removes strong items in a careful context; text and memory must not name them.
    careful = is_careful(turn)
    strong = [careful and is_treatment_like(item) for item in items]
    tried = [n for n in range(len(items)) if not (strong[n] and turn.confidence.low)]
    out = turn.outgoing([items[n] for n in tried])
    kept, held = iter(out.kept), {one.index for one in out.held if not one.inside}
    shown: list[dict[str, Any]] = []
    leaving: list[dict[str, Any]] = []
    for place, n in enumerate(tried):
        # Of what the envelope takes out anyway, safety need not be asked.
        item = items[n] if place in held else next(kept)
        if place not in held or strong[n]:
            shown.append(item)
        if place not in held and not strong[n]:
            leaving.append(item)
    return _Chosen(
        found=found,
        manner=manner,
        items=shown,
        leaving=leaving,
        held_back=len(items) - len(tried),
        out=out,
        unsafe=any(not strong[tried[one.index]] for one in out.held),
    )


def _shown(turn: ChatTurn) -> list[Any]:
    kept = turn.memory.conversation
    return kept.shown if kept is not None else []


def _with_extras(
    turn: ChatTurn, chosen: _Chosen, enriched: list[dict[str, Any]], gaps: list[FieldMissing]
) -> _Chosen:
    """The choice with the enriched items in their places; what is unsafe of the extras is taken out."""
    safe: list[dict[str, Any] | None] = list(enriched)
    if turn.ask.include_alternatives:
        out = turn.outgoing(enriched)
        gone, kept = {one.index for one in out.held if not one.inside}, iter(out.kept)
        safe = [None if n in gone else next(kept) for n in range(len(enriched))]
    better = {id(old): new for old, new in zip(chosen.leaving, safe, strict=True)}
    items = [better.get(id(item), item) for item in chosen.items]
    return msgspec.structs.replace(
        chosen,
        found=msgspec.structs.replace(chosen.found, gaps=[*chosen.found.gaps, *gaps]),
        items=[item for item in items if item is not None],
        leaving=[item for item in safe if item is not None],
    )


# --- answers


def _without_picks(turn: ChatTurn, chosen: _Chosen) -> Reply:
    """Nothing may leave: held back for safety or for lack of confidence, late, or nothing there at all."""
    found, out = chosen.found, chosen.out
    if out.emptied and (out.result.blocks or chosen.unsafe):
        return safe_reply.instead(turn, out)
    if chosen.items:
        return _all_too_strong(turn, chosen)
    if found.items:
        return _held_back(turn, found)
    if turn.artifact_usable or found.transient:
        reply = chosen.manner.late(turn, found.failure_code)
    else:
        reply = _nothing(turn, found)
    return msgspec.structs.replace(reply, chips=[*found.proposes, *reply.chips])


def _given(turn: ChatTurn, chosen: _Chosen, *, run_id: str) -> Reply:
    found, items, leaving = chosen.found, chosen.items, chosen.leaving
    asked = _asked(turn, found.source)
    gentle = turn.confidence.low or len(leaving) < len(items) or chosen.held_back > 0
    say = chosen.manner.say(turn, leaving, gentle)
    return Reply(
        say=f"{say}\n\n{reco_texts.made_up(turn.lang)}" if found.made_up else say,
        format="markdown",
        cards=_cards(turn, chosen),
        chips=chosen.manner.chips(turn),
        events=[("value_moment", {"kind": chosen.manner.moment}), ("recos_requested", asked)],
        state=turn.used_artifact(),
        reach=turn.reach(TOKEN),
        profile=turn.profile_summary() if turn.patch else None,
        facts=[_fact(turn, found.source, leaving, run_id)],
    )


def _all_too_strong(turn: ChatTurn, chosen: _Chosen) -> Reply:
    """Medium confidence, and everything found is strong: the envelope takes it out and puts the notice."""
    asked = {**_asked(turn, chosen.found.source), "gated": True, "reason": "artifact_low_confidence"}
    return Reply(
        say=replies.all_held_back(turn.lang),
        cards=_cards(turn, chosen),
        chips=_ways_to_know_more(turn),
        events=[("recos_requested", asked)],
        state=turn.used_artifact(),
    )


def _held_back(turn: ChatTurn, found: Found) -> Reply:
    """Low confidence, and everything found was strong.

    Without any diagnosis no notice is made here: the envelope's own guard says that it is missing.
    """
    cards: list[ReplyCard] = []
    if turn.memory.artifact is not None:
        cards = [_low_notice(turn, [_TOO_STRONG])]
        plan_card = late.plan_card(turn)
        if plan_card is not None:
            cards.insert(0, plan_card)
    event = {**_asked(turn, found.source), "gated": True, "reason": "artifact_low_confidence"}
    return Reply(
        say=replies.all_held_back(turn.lang),
        cards=cards,
        chips=_ways_to_know_more(turn),
        events=[("recos_requested", event)],
        state=turn.used_artifact(),
    )


def _nothing(turn: ChatTurn, found: Found) -> Reply:
    """No items and no diagnosis: the envelope's own guard puts the notice (decision 5)."""
    event = {**_asked(turn, found.source), "gated": True, "reason": "artifact_missing"}
    return Reply(
        say=replies.nothing_found(turn.lang),
        chips=_ways_to_know_more(turn),
        events=[("recos_requested", event)],
    )


# --- parts of answers


def _cards(turn: ChatTurn, chosen: _Chosen) -> list[ReplyCard]:
    cards = [_card(turn, chosen)]
    plan_card = late.plan_card(turn)
    if plan_card is not None:
        cards.append(plan_card)
    if turn.confidence.low and turn.memory.artifact is not None:
        cards.append(_low_notice(turn))
    return cards


def _card(turn: ChatTurn, chosen: _Chosen) -> ReplyCard:
    sure, found, items = turn.confidence, chosen.found, chosen.items
    payload: dict[str, Any] = {
        **found.rest,
        "recommendations": items,
        "recommendations_count": len(items),
        "intent": chosen.manner.intent,
        "profile": turn.profile_summary(),
        "source": found.source,
        "metadata": {**found.rest.get("metadata", {}), **opening_stats(items)},
        "recommendation_confidence_level": sure.level,
    }
    if sure.score is not None:
        payload["recommendation_confidence_score"] = sure.score
    gaps = list(found.gaps)
    if chosen.held_back:
        gaps.append(_TOO_STRONG)
    if chosen.unsafe:
        gaps.append(FieldMissing("recommendations", GAP_REASON))
    return ReplyCard("reco", "recommendations", payload, gaps)


def _low_notice(turn: ChatTurn, gaps: list[FieldMissing] | None = None) -> ReplyCard:
    payload = notice("low_confidence", turn.lang, confidence=turn.confidence.node())
    return ReplyCard("conf", "confidence_notice", payload, gaps or [])


def _asked(turn: ChatTurn, source: str) -> dict[str, Any]:
    sure = turn.confidence
    data: dict[str, Any] = {
        "explicit": True,
        "source": source,
        "low_confidence": sure.low,
        "confidence_level": sure.level,
    }
    if sure.score is not None:
        data["confidence_score"] = sure.score
    return data


def _ways_to_know_more(turn: ChatTurn) -> list[Any]:
    return turn.chips("chip.intake.upload_photos", "chip.intake.skip_analysis")


def _fact(turn: ChatTurn, source: str, items: list[dict[str, Any]], run_id: str) -> RecommendationsGiven:
    artifact = turn.memory.artifact
    plan = late.plan_of(turn)
    plan_id = plan.get("plan_id") if plan else None
    return RecommendationsGiven(
        run_id=run_id,
        source=source,
        items=items,
        request={"message": turn.ask.message[:500], "action_id": turn.ask.action_id, "lang": turn.lang},
        artifact_id=artifact.artifact_id if artifact else None,
        plan_id=plan_id if isinstance(plan_id, str) else None,
        confidence_score=turn.confidence.score,
    )
