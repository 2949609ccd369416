"""The knowledge actor: what is known of products, and refreshing it.

It answers what the shelf holds, and lets nothing of a person onto it: what is kept is checked here, by shape,
whoever asks (`rules.knowledge_facts`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aurora import telemetry
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Finding
from aurora.actors.knowledge_questions import (
    KeepKnowledge,
    Kept,
    Knowledge,
    Leave,
    MayRefresh,
    Queued,
    RecallKnowledge,
    RefreshLater,
)
from aurora.actors.knowledge_shelf import KnowledgeShelf
from aurora.actors.refresher import Refresh, Refresher
from aurora.contract.turn import Turn, iso_ms
from aurora.rules.keyed import keyed
from aurora.rules.knowledge_facts import is_empty, personal_in, size_of
from aurora.rules.knowledge_keys import may_be_key
from aurora.settings import Settings
from aurora.store.accounts import Window
from aurora.store.knowledge import KnowledgeRow, as_kept
from aurora.store.limits import Limiter

NAME: Final = "knowledge"
MOST_KEYS: Final = 8
_TEN_MINUTES: Final = timedelta(minutes=10)
_PURPOSE: Final = "knowledge-refresh"  # of the keys that tries are counted under

log = telemetry.get_logger()


def knowledge_handler(
    shelf: KnowledgeShelf, refresher: Refresher, limiter: Limiter, settings: Settings
) -> Handler:
    """Handler of every question about knowledge. It has no failures: what cannot be read is not known."""
    per_client = Window(settings.kb_refreshes_per_client, _TEN_MINUTES)
    per_key = Window(settings.kb_refreshes_per_key, _TEN_MINUTES)

    async def handle(call: Call) -> Finding:
        question, turn = call.question, call.turn
        match question:
            case RecallKnowledge():
                return _said(await _recall(shelf, question, turn))
            case KeepKnowledge():
                kept = await _keep(shelf, question, turn, settings.kb_row_bytes)
                telemetry.family("aurora_knowledge_kept_total").labels(
                    question.kind, kept.reason or "kept"
                ).inc()
                return _said(kept)
            case MayRefresh():
                tries = ((client_of(turn), per_client), (_hashed(f"key:{question.key}"), per_key))
                limited = await limiter.tried(tries, turn.now)
                if limited is None:
                    return _said(Leave(allowed=True))
                return _said(Leave(allowed=False, retry_after_ms=limited.retry_after_s * 1000))
            case RefreshLater():
                if personal_in({"at": question.key, "body": question.body}, ids_of(turn)):
                    # The turn would be nobody's, and its trace would outlive the person.
                    log.warning("refresh_refused", kind=question.kind)
                    return _said(Queued(queued=False))
                refresh = Refresh(
                    kind=question.kind, key=question.key, lang=turn.context.lang, body=question.body
                )
                return _said(Queued(queued=refresher.offer(refresh)))
            case _:
                raise TypeError(f"knowledge cannot answer {type(question).__name__}")

    return handle


async def _recall(shelf: KnowledgeShelf, question: RecallKnowledge, turn: Turn) -> Knowledge:
    keys = tuple(key for key in question.keys if may_be_key(question.kind, key))[:MOST_KEYS]
    row, place = await shelf.recall(question.kind, keys) if keys else (None, "none")
    fresh = row is not None and shelf.is_fresh(question.kind, row, turn.now)
    telemetry.family("aurora_knowledge_reads_total").labels(
        question.kind, place if fresh or row is None else f"{place}_stale"
    ).inc()
    if row is None:
        return Knowledge(found=False)
    return Knowledge(
        found=True,
        key=row.key,
        facts=row.facts,
        verified=row.verified,
        verified_at=row.verified_at,
        source=row.source,
        fresh=fresh,
    )


async def _keep(shelf: KnowledgeShelf, question: KeepKnowledge, turn: Turn, most_bytes: int) -> Kept:
    if not may_be_key(question.kind, question.key):
        return Kept(kept=False, reason="bad_key")
    personal = personal_in(
        {"at": question.key, "facts": question.facts, "source": question.source}, ids_of(turn)
    )
    if personal:
        # A flow of ours handed over what it must not: worth a line, without the thing itself.
        log.warning("knowledge_refused", kind=question.kind, what=personal)
        return Kept(kept=False, reason="personal")
    facts = as_kept(question.kind, question.facts)
    said = [facts["dupes"], facts["comparables"]] if question.kind == "dupes" else facts
    if is_empty(said):
        return Kept(kept=False, reason="empty")
    size = size_of(facts)
    if size is None or size > most_bytes:
        return Kept(kept=False, reason="too_large")
    now = iso_ms(turn.now)
    row = KnowledgeRow(
        key=question.key,
        facts=facts,
        verified=question.verified,
        verified_at=now if question.verified else "",
        source=question.source[:64],
        written_at=now,
    )
    outcome = await shelf.keep(question.kind, row)
    return Kept(kept=outcome == "", reason=outcome)


def ids_of(turn: Turn) -> tuple[str, ...]:
    """Everything that names the person or her request."""
    context, identity = turn.context, turn.identity
    return tuple(
        one
        for one in (
            identity.uid, identity.user_id, context.uid, context.brief_id, context.request_id,
            context.trace_id, context.bearer_token_hash, str(turn.raw.get("client") or ""),
        )
        if one
    )  # fmt: skip


def client_of(turn: Turn) -> str:
    """Key under which a client's tries are counted: its address where the door told it, else the identity."""
    return _hashed(f"client:{turn.raw.get('client') or turn.identity.stream}")


def _hashed(text: str) -> str:
    return keyed("", _PURPOSE, text)


def _said(value: Knowledge | Kept | Leave | Queued) -> Finding:
    return Answer(actor=NAME, value=value)
