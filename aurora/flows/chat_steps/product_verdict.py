"""The verdict on a product inside of an open chat answer (contract B 16.4 item 2, D 4).

The upstream's context may already hold the product; else up to three more questions find and judge it, all
within the turn's one budget. What the safety rules say of it stands above every verdict.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.actors.findings import Finding
from aurora.actors.questions import DecisionChat, DecisionReply
from aurora.flows.chat_steps import late, safe_reply
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import fit_check, fit_texts, product_analysis
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_reading import product_name, read_analysis, read_anchor, read_parse
from aurora.rules.product_safety import weigh
from aurora.rules.query import deep_scan_query, parse_query
from aurora.rules.safety import wording

CARD = "product_analysis"
PARSE_MS, DEEP_SCAN_MS, RETRY_MS = 12_000, 16_000, 14_000
"""Limits of the three calls (contract D 3.2); what is left of the turn's budget bounds each of them."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict. card: before the upstream's, and instead of one of its kind. say: the words, None if the
    upstream's will do. instead: the safety rules rule the product out; this is the whole answer.
    """

    card: ReplyCard | None = None
    say: str | None = None
    instead: Reply | None = None


def subject_of(turn: ChatTurn) -> str | None:
    """What a verdict is wanted on in this turn, if one is."""
    kept = turn.memory.conversation
    return fit_check.subject(turn.ask, awaited=kept is not None and kept.awaits_product)


async def judge(turn: ChatTurn, reply: DecisionReply) -> Judged | None:
    """The verdict beside `reply`, in the place of a card that the upstream may have brought; None if none is
    wanted.
    """
    subject = subject_of(turn)
    wanted = subject is not None or fit_check.evaluates(turn.ask)
    analysis = brought = _brought(turn, reply)
    if wanted and (brought is None or brought.verdict is None):
        analysis = read_anchor(reply.context, keep_kb=turn.ask.debug)
        if analysis is None and subject is not None:
            turn.if_cut(_unfinished(turn))
            analysis = await _looked_up(turn, subject)
        analysis = analysis or brought
    if analysis is None:
        return None
    return _safe(turn, product_analysis.in_words(analysis, turn.lang), reply, wanted=wanted)


def _brought(turn: ChatTurn, reply: DecisionReply) -> Analysis | None:
    """The upstream's own card, if it has one."""
    for card in reply.cards:
        kind, payload = card.get("type"), card.get("payload")
        if isinstance(kind, str) and kind.strip().lower() == CARD and isinstance(payload, dict):
            return read_analysis(payload, None, keep_kb=turn.ask.debug)
    return None


async def _looked_up(turn: ChatTurn, subject: str) -> Analysis | None:
    """Find the product, then have it judged; None if there is no such product and nobody insisted on one."""
    ask = turn.ask
    if subject == fit_check.ingredient_list(ask.message):
        return _or_unknown(turn, await _scanned(turn, f"ingredients: {subject}", None, None))
    url = ask.anchor_url or (subject if subject.lower().startswith("http") else None)
    product: dict[str, Any] | None = None
    anchor_id = ask.anchor_id
    if anchor_id is None:
        found = await _ask(turn, parse_query(subject, meta=turn.query_meta()), PARSE_MS, url=url)
        if found is not None:
            product, anchor_id = read_parse(found.structured, found.answer)
            if product is None and url is None and not fit_check.asks_outright(ask):
                return None
    analysis = Analysis()
    if product is not None or anchor_id is not None:
        named = product_name(product) or subject
        analysis = await _scanned(turn, named, anchor_id, url)
    else:
        analysis = msgspec.structs.replace(read_analysis(None, None), codes=["anchor_product_missing"])
    if analysis.product is None and product is not None:
        analysis = msgspec.structs.replace(
            analysis,
            product=product,
            codes=[code for code in analysis.codes if code != "anchor_product_missing"],
        )
    return _or_unknown(turn, analysis)


def _or_unknown(turn: ChatTurn, analysis: Analysis) -> Analysis:
    """No verdict is "unknown", and why; what would help may come in the next turn."""
    if analysis.verdict is None:
        analysis = msgspec.structs.replace(
            analysis, verdict="unknown", reasons=fit_texts.unknown_reasons(turn.lang)
        )
    if analysis.verdict == "unknown":
        turn.keep(awaits_product=True)
    return analysis


async def _scanned(turn: ChatTurn, named: str, anchor_id: str | None, url: str | None) -> Analysis:
    """The deep scan; an empty verdict is asked for once more, without what is known of the person."""
    analysis = await _deep_scan(turn, named, anchor_id, url)
    if analysis.verdict is None and turn.profile is not None:
        analysis = await _deep_scan(turn, named, anchor_id, url, minimal=True)
    return analysis


async def _deep_scan(
    turn: ChatTurn, named: str, anchor_id: str | None, url: str | None, *, minimal: bool = False
) -> Analysis:
    query = deep_scan_query(
        named,
        turn.lang,
        profile=turn.profile,
        logs=turn.memory.recent_logs,
        meta=turn.query_meta(),
        minimal=minimal,
    )
    found = await _ask(turn, query, RETRY_MS if minimal else DEEP_SCAN_MS, url=url, anchor_id=anchor_id)
    if found is None:
        return read_analysis(None, None)
    return read_analysis(found.structured, found.answer, keep_kb=turn.ask.debug)


async def _ask(
    turn: ChatTurn, query: str, cap_ms: int, *, url: str | None, anchor_id: str | None = None
) -> DecisionReply | None:
    finding: Finding = await turn.stage.ask(
        DecisionChat(
            query=query,
            llm_provider=turn.ask.llm_provider,
            llm_model=turn.ask.llm_model,
            anchor_product_id=anchor_id,
            anchor_product_url=url,
            debug=turn.ask.debug or None,
            cap_ms=cap_ms,
        )
    )
    reply: DecisionReply | None = finding.value if finding.ok else None
    return reply


def _unfinished(turn: ChatTurn) -> Reply:
    """What leaves if the budget fires while the product is looked at."""
    return msgspec.structs.replace(late.chat_late(turn), say=fit_texts.unfinished(turn.lang))


def _safe(turn: ChatTurn, analysis: Analysis, reply: DecisionReply, *, wanted: bool) -> Judged:
    """The verdict as far as it may be given to this person (decision 19)."""
    weighed = weigh(
        analysis, spoken=turn.ask.spoken, profile=turn.profile, forbidden=turn.forbidden, lang=turn.lang
    )
    if weighed.refusal is not None:
        return Judged(instead=safe_reply.refused(turn, weighed.refusal))
    analysis, cautions, open_question = weighed.analysis, weighed.cautions, weighed.question
    if open_question is not None and not turn.safety.asks:
        again = safe_reply.times_asked(turn, open_question) < safe_reply.TIMES_ASKED
        safe_reply.wait_for_answer(turn, open_question)
        turn.envelope.ride(
            notice=wording.question_notice(open_question, turn.lang) if again else None,
            chips=wording.fact_chips(open_question, turn.lang),
        )
    own_words = cautions or (wanted and not fit_texts.has_sections(reply.answer or ""))
    return Judged(
        card=ReplyCard(
            "analyze",
            CARD,
            analysis.payload(turn.lang, turn.profile),
            analysis.field_missing(),
        ),
        say=fit_texts.verdict(analysis, turn.profile, turn.lang, cautions=cautions) if own_words else None,
    )
