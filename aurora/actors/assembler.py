"""The assembler gathers what a turn says and can, at any moment, finish it into one lawful envelope.

Every law of the envelope is applied here, once, on every way out: answers, cuts and refusals alike. It is
synchronous and knows no clock, no random source and no metrics; what happened is counted on `Finished`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
import structlog

from aurora.actors import envelope_laws
from aurora.actors.draft import Draft, DraftCard, Gap, Riders, refused_draft, with_riders
from aurora.actors.envelope_check import Sealed, minimal
from aurora.actors.findings import CancelReasonCode, Finding
from aurora.contract.envelope import Card, Chip, Envelope, FieldMissing
from aurora.contract.errors import ContractError
from aurora.contract.turn import Turn
from aurora.rules.notices import Reason, notice
from aurora.settings import Settings
from aurora.store.facts import Fact

Format = Literal["text", "markdown"]
Outcome = Literal["ok", "degraded", "blocked", "failed"]

log = structlog.get_logger(__name__)


class CutPlan(msgspec.Struct, frozen=True, kw_only=True):
    """ "If the budget fires now, the envelope is this."

    Replaces the cards, chips and message gathered so far. Events and session-patch keys gathered so far stay
    and the plan's are added. profile: `session_patch.profile` if not None. facts: handed to the journal by
    `conduct` after the answer has left. quiet: its cards say themselves what is missing, no notice is added.
    """

    cards: list[Card] = []
    message: str | None = None
    message_format: Format = "text"
    chips: list[Chip] = []
    events: list[tuple[str, dict[str, Any]]] = []
    state: dict[str, Any] = {}
    next_state: str | None = None
    profile: dict[str, Any] | None = None
    facts: list[Fact] = []
    quiet: bool = False


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A finished turn.

    body: the envelope as JSON bytes, ready to be sent. outcome: `failed` for status >= 400, `blocked` when a
    safety notice stands, `degraded` when a timeout notice stands or the turn was cut, else `ok`. counts: what
    the laws did, for metrics (`chips_truncated`, `field_missing_added`, `treatments_removed`,
    `commerce_removed`, `guard_fallback`, `low_medium_fallback`, `nothing_said`, `schema_failed`,
    `soft.<rule>`, `actionable`, `safety_held`). facts: of the cut plan, if it was used. bug: a law raised
    (logged).
    """

    envelope: Envelope
    body: bytes
    status: int = 200
    headers: dict[str, str] = {}
    outcome: Outcome = "ok"
    cut_reason: CancelReasonCode | None = None
    error_code: str | None = None
    counts: dict[str, int] = {}
    facts: list[Fact] = []
    bug: Exception | None = None


class EnvelopeAssembler:
    """One per turn. Everything before `finish()` only gathers; after it, nothing changes any more."""

    def __init__(self, turn: Turn, settings: Settings, *, chat: bool = False) -> None:
        self._turn = turn
        self._settings = settings
        self._request_id = turn.context.request_id
        self._draft = Draft(
            request_id=turn.context.request_id,
            trace_id=turn.context.trace_id,
            lang=turn.context.lang,
            chat=chat,
            client_state=_client_state(turn),
        )
        self._events_base: dict[str, Any] = {
            "timestamp": turn.now_ms,
            "request_id": turn.context.request_id,
            "trace_id": turn.context.trace_id,
            "aurora_uid": turn.context.uid,
            "brief_id": turn.context.brief_id,
            "lang": turn.context.lang,
            "trigger_source": turn.context.trigger_source,
            "state": turn.context.state,
        }
        self._headers: dict[str, str] = {}
        self._plan: CutPlan | ContractError | Literal["as_gathered"] | None = None
        self._cut: CancelReasonCode | None = None
        self._refused: ContractError | None = None
        self._received: list[Finding] = []
        self._finished: Finished | None = None

    # --- gathering ----------------------------------------------------------------------------------------

    def say(self, text: str, *, format: Format = "text", quoted: bool = False) -> None:  # noqa: A002
        """Replace the assistant's message. Blank text means no message. quoted: an upstream's own words."""
        self._draft.message, self._draft.message_format, self._draft.quoted = text, format, quoted

    @property
    def message(self) -> str | None:
        """What has been said so far."""
        said: str | None = self._draft.message
        return said

    def greet(self, line: str | None) -> None:
        """A kind word to begin with; it leaves only where it fits (`rules.preamble`)."""
        self._draft.greeting = line

    def chip(self, *chips: Chip) -> None:
        """Offer buttons, in order. Doubles go, and only ten leave."""
        self._draft.chips.extend(chips)

    def card(
        self,
        prefix: str,
        type: str,  # noqa: A002 - the wire's own word
        payload: Mapping[str, Any] | msgspec.Struct,
        *,
        field_missing: Iterable[Gap | FieldMissing] = (),
        title: str | None = None,
        suffix: str = "",
    ) -> None:
        """Add a card whose id is `<prefix>_<request_id><suffix>` (prefixes: contract A 4.2)."""
        plain = msgspec.to_builtins(payload) if isinstance(payload, msgspec.Struct) else payload
        card_id = f"{prefix}_{self._request_id}{suffix}"
        self._draft.cards.append(DraftCard(card_id, type, plain, gaps(field_missing), title))

    def upstream_card(self, card: Any, number: int) -> None:
        """Pass an upstream's card on: id and type defaulted, a payload that is no object becomes `{value}`.

        A card that is no object is dropped (contract B 16.4, 16.5); one whose payload is not what its type
        promises does not leave. number: its position, from 0.
        """
        if not isinstance(card, Mapping):
            return
        payload = card["payload"] if "payload" in card else dict(card)
        if not isinstance(payload, Mapping):
            payload = {} if payload is None else {"value": payload}
        kind = card.get("type")
        card_id = card.get("card_id")
        self._draft.cards.append(
            DraftCard(
                card_id if isinstance(card_id, str) and card_id else f"aurora_{self._request_id}_{number}",
                kind if isinstance(kind, str) and kind.strip() else "aurora_card",
                payload,
                envelope_laws.wire_gaps(card.get("field_missing")),
                card.get("title"),
                foreign=True,
            )
        )

    def notice(
        self,
        reason: Reason,
        *,
        message: str | None = None,
        actions: list[str] | tuple[str, ...] = (),
        confidence: Mapping[str, Any] | None = None,
        severity: str | None = None,
        details: list[str] | tuple[str, ...] = (),
        prefix: str = "conf",
        suffix: str = "",
        field_missing: Iterable[Gap | FieldMissing] = (),
    ) -> None:
        """Add a `confidence_notice`. What is not given is the reason's own default, in their language."""
        payload = notice(
            reason,
            self._draft.lang,
            confidence=confidence,
            message=message,
            actions=list(actions),
            details=list(details),
        )
        if severity == "block":
            payload["severity"] = "block"
        self.card(prefix, "confidence_notice", payload, field_missing=field_missing, suffix=suffix)

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Add an event; the base fields come from the turn."""
        self._draft.events.append((name, dict(data)))

    def missing(self, field: str, reason: str) -> None:
        """Declare something missing that no card of its own stands for: it rides on a `gate_notice`."""
        self._draft.loose_gaps.append((field, reason))

    def lacks(self, field: str, reason: str) -> None:
        """Declare something missing on the first card gathered so far, or like `missing` if there is none."""
        if self._draft.cards:
            self._draft.cards[0].gaps.append((field, reason))
        else:
            self.missing(field, reason)

    def next_state(self, token: str | None) -> None:
        """Ask for a UI state or an internal token; what leaves is derived from the cards first."""
        self._draft.asked_state = token

    def patch_state(self, **keys: Any) -> None:
        """Set keys of `session_patch.state`."""
        self._draft.state.update(keys)

    def patch(self, **keys: Any) -> None:
        """Set other keys of `session_patch`: profile, recent_logs, checkin_due, is_returning, llm, meta.

        A profile is sent whole: keys that are missing are filled with "not said" (the client replaces, not
        merges: contract F 4).
        """
        self._draft.patch.update(keys)

    def settled(self, field: str) -> None:
        """Take back a gap that cards declared in case of a cut: what was missing has come in time."""
        for card in self._draft.cards:
            card.gaps = [gap for gap in card.gaps if gap[0] != field]

    def template(self, template_id: str) -> None:
        """Name the template that made the message, for `quality_audit`."""
        self._draft.template_id = template_id

    def attempted_recommendations(self, *, artifact_usable: bool = False) -> None:
        """This turn tried to recommend: an empty output becomes a notice (contract B 8.6, decision 5)."""
        self._draft.attempted_recommendations = True
        self._draft.artifact_usable = artifact_usable

    def allow_commerce(self, allowed: bool = True) -> None:
        """Declare that core four, artifact and safety passed; only then may a card that sells leave."""
        self._draft.commerce_allowed = allowed

    def forbid(self, rule_ids: tuple[str, ...]) -> None:
        """Declare what this person may not be recommended (`safety.forbidden_for`), in whatever card."""
        self._draft.forbidden = rule_ids

    def ride(
        self,
        *,
        lead: str = "",
        chips: Iterable[Chip] = (),
        notice: Mapping[str, Any] | None = None,
    ) -> None:
        """Let something leave with the answer, whatever that is, a cut included.

        lead: a sentence before the message. chips: before all others. notice: a `confidence_notice` payload.
        """
        riders = self._draft.riders = self._draft.riders or Riders()
        if lead:
            riders.lead.append(lead)
        riders.chips.extend(chips)
        if notice is not None:
            card_id = f"safety_{self._request_id}"
            riders.cards.append(DraftCard(card_id, "confidence_notice", dict(notice)))

    def ride_words_only(self) -> None:
        """Beside this answer there is nothing to ask: only sentences ride along."""
        if self._draft.riders is not None:
            self._draft.riders = Riders(lead=self._draft.riders.lead)

    def header(self, name: str, value: str) -> None:
        """Set a response header."""
        self._headers[name] = value

    def if_cut(self, plan: CutPlan | ContractError | None) -> None:
        """What the answer is if the budget fires from now on. None: what was gathered, plus a notice."""
        self._plan = plan

    def stands(self) -> None:
        """From now on what was gathered is the whole answer: a cut sends it as it is, not degraded."""
        self._plan = "as_gathered"

    # --- endings ------------------------------------------------------------------------------------------

    def receive(self, finding: Finding) -> None:
        """Take note of a finding, in the order of the one receive point. Flows decide what it means."""
        self._received.append(finding)

    @property
    def received(self) -> tuple[Finding, ...]:
        """Findings in the order in which they were received."""
        return tuple(self._received)

    def cut(self, reason: CancelReasonCode) -> None:
        """The budget fired (or the turn is being ended otherwise): the plan stands. The first cut counts."""
        if self._cut is None:
            self._cut = reason

    def refuse(self, error: ContractError) -> None:
        """The answer is an error envelope. The first refusal counts."""
        if self._refused is None:
            self._refused = error

    def finish(self) -> Finished:
        """The lawful envelope. Never raises; called again, answers the same."""
        if self._finished is None:
            self._finished = self._finish()
        return self._finished

    def _finish(self) -> Finished:
        draft, facts, degraded = self._draft, [], False
        refused = self._refused
        if refused is None and self._cut is not None:
            plan = self._plan
            if isinstance(plan, ContractError):
                refused = plan
            elif isinstance(plan, CutPlan):
                draft, facts, degraded = self._planned(plan), plan.facts, True
            elif plan is None:
                draft.interrupted, degraded = True, True
        if refused is not None:
            draft = refused_draft(draft, refused)
            if refused.retry_after_s is not None:
                self._headers["Retry-After"] = str(refused.retry_after_s)
        bug: Exception | None = None
        try:
            sealed = envelope_laws.seal(with_riders(draft), self._settings, self._events_base)
        except Exception as error:  # noqa: BLE001 - the last boundary: a bug in a law must not cost the envelope
            bug, sealed = error, minimal(draft, {})
        if sealed.error_code is not None:
            log.error("envelope_replaced", code=sealed.error_code, kind=self._turn.kind, exc_info=bug)
        status = refused.status if refused is not None else 200
        return Finished(
            envelope=sealed.envelope,
            body=sealed.body,
            status=status,
            headers=self._headers,
            outcome=_outcome(status, sealed, degraded),
            cut_reason=self._cut,
            error_code=refused.code if refused is not None else sealed.error_code,
            counts=sealed.counts,
            facts=facts,
            bug=bug,
        )

    def _planned(self, plan: CutPlan) -> Draft:
        """The draft as the plan has it."""
        gathered = self._draft
        return Draft(
            request_id=gathered.request_id,
            trace_id=gathered.trace_id,
            lang=gathered.lang,
            chat=gathered.chat,
            client_state=gathered.client_state,
            greeting=gathered.greeting,
            message=plan.message,
            message_format=plan.message_format,
            chips=list(plan.chips),
            cards=[DraftCard.of(card) for card in plan.cards],
            events=[*gathered.events, *plan.events],
            asked_state=plan.next_state,
            state={**gathered.state, **plan.state},
            patch=gathered.patch if plan.profile is None else {**gathered.patch, "profile": plan.profile},
            attempted_recommendations=gathered.attempted_recommendations,
            artifact_usable=gathered.artifact_usable,
            commerce_allowed=gathered.commerce_allowed,
            interrupted=not plan.quiet,
            forbidden=gathered.forbidden,
            riders=gathered.riders,
        )


def gaps(entries: Iterable[Gap | FieldMissing]) -> list[Gap]:
    """(field, reason) pairs of whatever form was handed in."""
    return [(e.field, e.reason) if isinstance(e, FieldMissing) else (e[0], e[1]) for e in entries]


def _client_state(turn: Turn) -> str:
    """The client's own state, which our answer does not move (contract F 4); "" if it named none."""
    state = getattr(turn.body, "client_state", None)
    return state if isinstance(state, str) else ""


def _outcome(status: int, sealed: Sealed, degraded: bool) -> Outcome:
    if status >= 400 or sealed.error_code is not None:
        return "failed"
    if "safety_block" in sealed.reasons:
        return "blocked"
    return "degraded" if degraded or "timeout_degraded" in sealed.reasons else "ok"
