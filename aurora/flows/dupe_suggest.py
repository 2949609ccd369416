"""`POST /v1/dupe/suggest`: what is like a product, cheaper or not (contract D 3.3).

What is known already is served at once and renewed behind the person's back when it is old. Otherwise the
decision system is asked which product is meant and what is like it, both at the same time.
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
from aurora.actors.questions import DecisionReply
from aurora.actors.stage import Pending, Stage
from aurora.contract.envelope import Card, FieldMissing, Lang
from aurora.contract.turn import iso_ms
from aurora.flows.asking import LEAST_MS, PARSE_MS, Asking
from aurora.rules import alternatives, dupe_queries, dupe_texts, safety
from aurora.rules import dupe_suggest as rules
from aurora.rules.dupe_suggest import Likes
from aurora.rules.knowledge_keys import canonical_url, dupes_keys
from aurora.rules.product_naming import Named, address, by_object, resembles
from aurora.rules.product_parse import Parsed
from aurora.rules.product_parse import read as read_parse
from aurora.rules.product_reading import product_name, product_of
from aurora.rules.safety import wording
from aurora.rules.upstream_answer import first_object, harmless

KIND = "dupe_suggest"
PARSE_FIRST_MS, PARSE_LAST_MS = 2500, 300
"""How long the answer waits to learn which product it is: before, and after what is like it has come."""
RECALL_MS = 1000
KEEP_MS = 300
"""What a known row may take to be found, and a new one to be kept, before the answer goes on without it."""
_ONLY_WORDS = frozenset({"name", "display_name"})


async def suggest(stage: Stage) -> None:
    """Answer with what is like the product, or with why there is nothing yet. Never fails for an upstream."""
    stage.budget("dupe_suggest", stage.settings.dupe_suggest_budget_ms)
    await _Suggesting(stage).answer()


async def refresh(stage: Stage) -> None:
    """Look again for what is known already. Nobody waits for it; there is no person."""
    stage.budget("dupe_suggest", stage.settings.dupe_suggest_budget_ms)
    await _Suggesting(stage, person=False).renew()


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown.

    gap: why nothing fresh is there, "" if it is. lead: a sentence before the others. limited: a fresh look
    was refused.
    """

    likes: Likes
    key: str
    source: str
    verified_at: str = ""
    validated: bool = False
    from_kb: bool = False
    gap: str = ""
    lead: str = ""
    limited: Leave | None = None


class _Suggesting:
    def __init__(self, stage: Stage, *, person: bool = True) -> None:
        self._stage = stage
        said: dict[str, Any] = msgspec.to_builtins(stage.turn.body)
        self._said = said
        self._asked = _named(said)
        # What an object that was sent claims to be; words that somebody typed claim nothing.
        self._claimed = product_name(by_object(said.get("original")).product)
        self._asking = Asking(stage, person=person)
        self._lang = self._asking.lang
        self._forced = said.get("force_refresh") is True or said.get("force_validate") is True
        self._keys = _keys(self._asked, self._lang, self._asked.anchor_id)
        self._parsed = Parsed()
        self._row = Knowledge(found=False)

    async def answer(self) -> None:
        self._stage.envelope.if_cut(self._late())
        recalled = self._recall(self._keys)
        leave = self._stage.start(MayRefresh(key=self._keys[0])) if self._forced and self._keys else None
        await self._asking.meet()
        await self._know(recalled)
        limited = await self._limited(leave)
        if self._row.found and (not self._forced or limited is not None):
            lead = dupe_texts.over("checked_lately", self._lang) if limited is not None else ""
            found = self._kept(lead=lead, limited=limited)
        else:
            found = await self._find()
        self._show(found)
        self._stage.envelope.stands()
        await self._keep(found)
        await self._renew_later(found)

    async def renew(self) -> None:
        await self._know(self._recall(self._keys))
        found = await self._find(unforced=False)
        self._show(found)
        await self._keep(found)

    # --- what is known

    def _recall(self, keys: tuple[str, ...]) -> Pending | None:
        return self._stage.start(RecallKnowledge(kind="dupes", keys=keys)) if keys else None

    async def _know(self, recalled: Pending | None) -> bool:
        """Take a verified row of this very product; True if there is one."""
        if recalled is None:
            return False
        finding = await recalled.wait(at_most_ms=min(RECALL_MS, self._asking.left_ms()))
        row = finding.value if isinstance(finding, Answer) else None
        if isinstance(row, Knowledge) and row.found and row.verified and self._is_mine(row):
            self._row = row
        return self._row.found

    def _is_mine(self, row: Knowledge) -> bool:
        return rules.from_facts(row.facts).any and rules.is_of(row.facts, self._claimed)

    async def _limited(self, leave: Pending | None) -> Leave | None:
        """The refusal of a fresh look, if it is refused; what cannot be counted is refused too."""
        if leave is None:
            return None
        finding = await leave.wait(at_most_ms=min(RECALL_MS, self._asking.left_ms()))
        told = finding.value if isinstance(finding, Answer) else Leave(allowed=False)
        return None if told.allowed else told

    async def _renew_later(self, found: _Found) -> None:
        """Have an old row renewed in the background, unless that has just been tried."""
        if found.from_kb and not self._row.fresh and not found.gap and found.limited is None:
            later = RefreshLater(kind="dupes_refresh", key=self._row.key, body=self._form())
            await self._stage.start(later).wait(at_most_ms=min(KEEP_MS, self._asking.left_ms()))

    def _kept(self, *, gap: str = "", lead: str = "", limited: Leave | None = None) -> _Found:
        row = self._row
        return _Found(
            likes=rules.from_facts(row.facts),
            key=row.key,
            source=row.source or rules.FROM_KB,
            verified_at=row.verified_at,
            from_kb=True,
            gap=gap,
            lead=lead,
            limited=limited,
        )

    # --- what is found now

    async def _find(self, *, unforced: bool = True) -> _Found:
        """Ask which product it is and what is like it, at the same time."""
        asking, anchor = self._asking, self._asked.anchor_id
        parsing = None
        if not anchor:
            query = dupe_queries.parse(self._asked, self._lang)
            parsing = asking.ask(query, cap_ms=PARSE_MS, url=self._asked.url)
        looking = self._look(anchor)
        steadier = parsing is not None and await self._parse(parsing, at_most_ms=PARSE_FIRST_MS)
        if steadier and unforced and not self._forced and await self._know(self._recall(self._keys[:1])):
            return self._kept()
        reply = await asking.reply(looking)
        if parsing is not None and not self._parsed.known:
            await self._parse(parsing, at_most_ms=PARSE_LAST_MS)
        likes = self._read(reply)
        if reply is not None and not likes.any and self._parsed.anchor_id and asking.left_ms() >= LEAST_MS:
            reply = await asking.reply(self._look(self._parsed.anchor_id))
            likes = self._read(reply)
        if likes.any:
            key = self._keys[0] if self._keys else ""
            return _Found(likes=likes, key=key, source=rules.GENERATED, validated=True)
        gap = _gap(reply)
        if self._row.found:
            return self._kept(gap=gap, lead=dupe_texts.over("as_known", self._lang))
        return _Found(
            likes=likes,
            key=self._keys[0] if self._keys else "",
            source=rules.GENERATED_EMPTY,
            validated=reply is not None,
            gap=gap,
        )

    def _look(self, anchor_id: str) -> Pending:
        query = dupe_queries.alternatives(self._asked, self._lang, anchor_id=anchor_id)
        return self._asking.ask(query, anchor_id=anchor_id, url=self._asked.url, allow_recommendations=True)

    async def _parse(self, parsing: Pending, *, at_most_ms: int) -> bool:
        """Wait a while for which product it is; True if that gives a steadier key."""
        reply = await self._asking.reply(parsing, at_most_ms=at_most_ms)
        if reply is None:
            return False
        self._parsed = read_parse(reply.structured, reply.answer, self._asked)
        if not self._parsed.known or not self._parsed.anchor_id:
            return False
        steadier = _keys(self._asked, self._lang, self._parsed.anchor_id)
        better = steadier[:1] != self._keys[:1]
        self._keys = steadier
        return better

    def _read(self, reply: DecisionReply | None) -> Likes:
        if reply is None:
            return Likes()
        listed = alternatives.found_in(answer=reply.answer, structured=reply.structured, cards=reply.cards)
        return rules.read(listed, self._original(), self._lang)

    async def _keep(self, found: _Found) -> None:
        """Keep what was found, under every key that it may be asked by again."""
        if not found.validated or not found.likes.any:
            return
        recognised = self._recognised()
        facts = rules.facts_of(found.likes, recognised, self._claimed)
        keeping = [
            self._stage.start(
                KeepKnowledge(kind="dupes", key=key, facts=facts, verified=True, source=found.source)
            )
            for key in self._keys
            if not key.startswith("text:") or rules.is_a_name_of(self._asked.words, recognised)
        ]
        for each in keeping:
            await each.wait(at_most_ms=min(KEEP_MS, self._asking.left_ms()))

    def _recognised(self) -> dict[str, Any] | None:
        """The product as the decision system named it, now or when the row was made."""
        known = self._row.facts.get("original") if self._row.found else None
        return (
            known if product_of(known) is not None else self._parsed.product if self._parsed.known else None
        )

    def _form(self) -> dict[str, Any]:
        """The form of a refresh. It is nobody's: words that somebody typed stand in it only as a name."""
        asked, known = self._asked, self._recognised() or self._asked.product
        form: dict[str, Any] = {"original_url": canonical_url(asked.url)} if asked.url else {}
        if self._row.key.startswith("text:"):
            return {"original_text": asked.text}
        if self._row.key.startswith("id:"):
            anchor_id = self._row.key.removeprefix("id:").rpartition("|lang:")[0]
            form["original"] = {**(product_of(known) or {}), "product_id": anchor_id}
        return form

    # --- the answer

    def _original(self) -> dict[str, Any]:
        """The product as the card shows it: as it was sent, filled up by what was recognised or known.

        Words that were taken for another product are not mixed with it: the card shows what was looked at.
        """
        recognised, words = self._recognised() or self._parsed.product, self._asked.words
        sent = self._asked.product or ({"name": words} if words else {})
        taken = product_name(recognised)
        if taken and sent.keys() <= _ONLY_WORDS and not resembles(words, taken):
            sent = {}
        told: dict[str, Any] = harmless({**(recognised or {}), **sent})
        named = told.get("name") or told.get("display_name")
        return told if named else {**told, "name": harmless(self._asked.text)}

    def _show(self, found: _Found) -> None:
        """Put the answer together, without what is not for this person."""
        envelope, lang = self._stage.envelope, self._lang
        shown = found.likes.at_most(
            self._said.get("max_dupes", rules.DUPES), self._said.get("max_comparables", rules.COMPARABLES)
        )
        out = safety.outgoing_for(shown.items, self._asking.forbidden, lang)
        left = shown.only(out.kept)
        gaps = [FieldMissing(rules.FIELD, found.gap)] if found.gap else []
        if out.held:
            gaps.append(FieldMissing(rules.FIELD, safety.GAP_REASON))
        original = self._original()
        meta: dict[str, Any] = {"served_from_kb": found.from_kb, "validated_now": found.validated}
        meta |= {key: True for key in ("force_refresh", "force_validate") if self._said.get(key) is True}
        if found.limited is not None:
            meta["retry_after_ms"] = found.limited.retry_after_ms
        payload = rules.payload(
            left,
            original,
            key=found.key,
            verified_at=found.verified_at or (self._now() if found.validated and left.any else ""),
            source=found.source,
            meta=meta,
            gap=found.gap,
        )
        envelope.card(KIND, KIND, payload, field_missing=gaps)
        envelope.say(self._words(found, left, out, product_name(original)))
        envelope.event("value_moment", {"kind": KIND, "source": rules.FROM_KB if found.from_kb else "llm"})

    def _words(self, found: _Found, left: Likes, out: safety.Outgoing[Any], name: str) -> str:
        lang = self._lang
        if out.emptied:
            if out.result.blocks or not out.result.required_questions:
                words = wording.refusal(out.result, lang, picks=False, held=True)
            else:
                words = wording.question(out.result, lang, held=True)
            self._stage.envelope.ride(notice=words.notice, chips=words.chips)
            return words.say
        if out.held:
            self._asking.question_beside(out.result, held=True)
        return rules.joined([self._warned(out), found.lead, rules.say(left, name, lang, gap=found.gap)], lang)

    def _warned(self, out: safety.Outgoing[Any]) -> str:
        """What is to be said if the product itself is not for her: others like it may be all the same."""
        about = [self._original(), self._asked.words]
        said = safety.behind(safety.against(about, self._asking.forbidden), self._lang)
        if said.blocks:
            self._stage.envelope.ride(notice=wording.refusal(said, self._lang, picks=False).notice)
        elif said.asks and not out.held:
            self._asking.question_beside(said, held=False)
        return wording.warnings(said, self._lang) if said.reasons else ""

    def _late(self) -> CutPlan:
        """What leaves if the budget fires although every wait ends before it."""
        payload = rules.payload(
            Likes(),
            self._original(),
            key=self._keys[0] if self._keys else "",
            verified_at="",
            source=rules.GENERATED_EMPTY,
            meta={"served_from_kb": False, "validated_now": False},
            gap=rules.ERROR,
        )
        return CutPlan(
            cards=[
                Card(
                    card_id=f"{KIND}_{self._stage.turn.context.request_id}",
                    type=KIND,
                    payload=payload,
                    field_missing=[FieldMissing(rules.FIELD, rules.ERROR)],
                )
            ],
            message=rules.say(Likes(), product_name(self._original()), self._lang, gap=rules.ERROR),
            quiet=True,
        )

    def _now(self) -> str:
        return iso_ms(self._stage.turn.now)


def _named(said: dict[str, Any]) -> Named:
    """The product that the form is about; an address typed as text is an address."""
    text = said.get("original_text")
    url = address(said.get("original_url")) or address(text)
    return by_object(said.get("original"), url=url, name="" if address(text) else text)


def _keys(asked: Named, lang: Lang, anchor_id: str) -> tuple[str, ...]:
    """Where it may be known, the steadiest first; words count where there is nothing better to go by."""
    words = "" if asked.url or asked.anchor_id else asked.words
    return dupes_keys(product_id=anchor_id, url=asked.url, text=words, lang=lang)


def _gap(reply: DecisionReply | None) -> str:
    """Why nothing is listed."""
    if reply is None:
        return rules.ERROR
    said = reply.structured is not None or reply.cards or first_object(reply.answer) is not None
    return rules.EMPTY if said else rules.UNSTRUCTURED
