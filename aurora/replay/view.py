"""One turn as plain data to be looked at: for the timeline on the terminal, the page, and `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.requests import ChatRequest
from aurora.replay.gates import Gate, Seen, gates_of
from aurora.replay.model import (
    Answered,
    Asked,
    BudgetStated,
    Dropped,
    Failed,
    GaveUp,
    Late,
    RecordedTurn,
    oversize,
)
from aurora.rules import intents
from aurora.rules.request import normalise


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One question to an actor, on the turn's time axis.

    outcome: `answered`, `failed`, `late` (came after the turn), `dropped` (still under way when it ended).
    code, status, detail: of a failure. reason: why it was cancelled, in the closed vocabulary, or None.
    ended_ms: when the finding came, or when it was dropped. gave_up_ms: when the flow stopped waiting for it.
    question, value: plain data; value None unless answered.
    """

    call: int
    actor: str
    question_type: str
    question: dict[str, Any]
    asked_ms: int
    ended_ms: int
    outcome: str
    seq: int | None = None
    code: str | None = None
    status: int | None = None
    detail: str = ""
    reason: str | None = None
    gave_up_ms: list[int] = []
    value: Any = None


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One actor and what it was asked, in order."""

    actor: str
    bars: list[Bar]


class BudgetLine(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as it was stated; the last one is in force."""

    stated_ms: int
    name: str
    ms: int


class FactTick(msgspec.Struct, frozen=True, kw_only=True):
    """A fact handed to the journal. version: in the stream, None if no receipt was seen within the turn."""

    at_ms: int
    type: str
    event_id: str
    version: int | None
    data: dict[str, Any]


class TurnView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is to see of one turn. Times in milliseconds after arrival, `opened_at_ms` epoch.

    intent: of the message, as today's rules name it; None where a kind has none. said: what the person sent,
    for one line. cut: (at_ms, reason). state_before, state_after: the client's UI state. internal_after: the
    internal state, if it was told. memory_before: as read; memory_after: as of the last receipt (profile and
    logs); both None where the turn saw none. receptions: call numbers in the order of reception.
    """

    request_id: str
    trace_id: str
    brief_id: str | None
    stream: str
    kind: str
    lang: str
    trigger: str
    intent: str | None
    said: str
    opened_at_ms: int
    elapsed_ms: int
    outcome: str
    status: int
    budgets: list[BudgetLine]
    cut: tuple[int, str] | None
    lanes: list[Lane]
    receptions: list[int]
    gates: list[Gate]
    facts: list[FactTick]
    cards: list[dict[str, Any]]
    chips: list[dict[str, Any]]
    notices: list[str]
    message: str | None
    state_before: str | None
    state_after: str | None
    internal_after: str | None
    memory_before: dict[str, Any] | None
    memory_after: dict[str, Any] | None
    settings: dict[str, Any]
    too_large: list[str]

    @property
    def budget_ms(self) -> int | None:
        """The budget in force at the end."""
        return self.budgets[-1].ms if self.budgets else None

    @property
    def axis_ms(self) -> int:
        """Length of the time axis that holds everything."""
        ends = [bar.ended_ms for lane in self.lanes for bar in lane.bars]
        return max(1, self.elapsed_ms, self.budget_ms or 0, *ends)


def view_of(recorded: RecordedTurn) -> TurnView:
    """A recorded turn as plain data. Raises DamagedTraceError."""
    turn = recorded.turn
    context = _object(turn.get("context"))
    envelope = recorded.envelope
    shown = envelope or {}
    bars = _bars(recorded)
    budgets = [BudgetLine(stated_ms=b.at_ms, name=b.name, ms=b.ms) for b in recorded.of(BudgetStated)]
    cut = (recorded.cut.at_ms, recorded.cut.reason) if recorded.cut is not None else None
    reads = [b for b in bars if b.question_type == "ReadMemory" and b.outcome == "answered"]
    before = _object(reads[0].value) if reads else None
    body = _object(turn.get("body"))
    patch = _object(shown.get("session_patch"))
    message = _object(shown.get("assistant_message")).get("content")
    cards = [card for card in _list(shown.get("cards")) if isinstance(card, dict)]
    settings = recorded.plain(recorded.opened.settings)
    return TurnView(
        request_id=recorded.request_id,
        trace_id=recorded.trace_id,
        brief_id=recorded.brief_id,
        stream=recorded.stream,
        kind=recorded.kind,
        lang=str(context.get("lang", "")),
        trigger=str(context.get("trigger_source", "")),
        intent=_intent(recorded.kind, turn),
        said=_said(body),
        opened_at_ms=recorded.opened_at_ms,
        elapsed_ms=recorded.elapsed_ms,
        outcome=recorded.outcome,
        status=recorded.status,
        budgets=budgets,
        cut=cut,
        lanes=_lanes(bars),
        receptions=[e.call for e in recorded.events if isinstance(e, Answered | Failed)],
        gates=gates_of(
            Seen(
                kind=recorded.kind,
                status=recorded.status,
                elapsed_ms=recorded.elapsed_ms,
                envelope=envelope,
                memory_ms=reads[0].ended_ms if reads else None,
                memory_ready=bool(before and before.get("ready", True)),
                cut=cut,
                budget=(budgets[-1].name, budgets[-1].ms) if budgets else None,
            )
        ),
        facts=_facts(bars),
        cards=cards,
        chips=[chip for chip in _list(shown.get("suggested_chips")) if isinstance(chip, dict)],
        notices=[
            str(_object(card.get("payload")).get("reason"))
            for card in cards
            if card.get("type") == "confidence_notice"
        ],
        message=message if isinstance(message, str) else None,
        state_before=_state_before(body, context),
        state_after=patch.get("next_state"),
        internal_after=_object(patch.get("state")).get("_internal_next_state"),
        memory_before=dict(before) if before is not None else None,
        memory_after=_memory_after(bars),
        settings=settings if isinstance(settings, dict) else {},
        too_large=_too_large(recorded),
    )


def _bars(recorded: RecordedTurn) -> list[Bar]:
    """Every question with how it ended, in the order of asking."""
    ends = {e.call: e for e in recorded.events if isinstance(e, Answered | Failed | Late | Dropped)}
    gave_up: dict[int, list[int]] = {}
    for event in recorded.of(GaveUp):
        gave_up.setdefault(event.call, []).append(event.at_ms)
    cut = recorded.cut
    bars: list[Bar] = []
    for asked in recorded.of(Asked):
        question = recorded.plain(asked.question)
        plain = question if isinstance(question, dict) else {}
        end = ends.get(asked.call)
        reason = None
        if isinstance(end, Late | Dropped):
            reason = cut.reason if cut is not None else None
            if cut is None and recorded.outcome == "failed":
                reason = "sibling_failed"
        elif isinstance(end, Failed) and end.code in ("breaker_open", "admission"):
            reason = end.code
        bars.append(
            Bar(
                call=asked.call,
                actor=asked.actor,
                question_type=str(plain.get("type", "")),
                question={key: value for key, value in plain.items() if key != "type"},
                asked_ms=asked.at_ms,
                ended_ms=end.at_ms if end is not None else max(asked.at_ms, recorded.elapsed_ms),
                outcome=_OUTCOMES.get(type(end), "dropped"),
                seq=end.seq if isinstance(end, Answered | Failed) else None,
                code=end.code if isinstance(end, Failed) else None,
                status=end.status if isinstance(end, Failed) else None,
                detail=end.detail if isinstance(end, Failed) else "",
                reason=reason,
                gave_up_ms=gave_up.get(asked.call, []),
                value=recorded.plain(end.value) if isinstance(end, Answered) else None,
            )
        )
    return bars


_OUTCOMES: Mapping[type, str] = {Answered: "answered", Failed: "failed", Late: "late", Dropped: "dropped"}


def _lanes(bars: list[Bar]) -> list[Lane]:
    """Bars by actor, actors in the order in which they were asked first."""
    lanes: dict[str, list[Bar]] = {}
    for bar in bars:
        lanes.setdefault(bar.actor, []).append(bar)
    return [Lane(actor=actor, bars=own) for actor, own in lanes.items()]


def _facts(bars: list[Bar]) -> list[FactTick]:
    ticks: list[FactTick] = []
    for bar in bars:
        if bar.question_type != "Remember":
            continue
        known = _list(_object(bar.value).get("versions"))
        for number, new in enumerate(map(_object, _list(bar.question.get("facts")))):
            fact = _object(new.get("fact"))
            ticks.append(
                FactTick(
                    at_ms=bar.asked_ms,
                    type=str(fact.get("type", "")),
                    event_id=str(new.get("event_id", "")),
                    version=known[number] if number < len(known) else None,
                    data={key: value for key, value in fact.items() if key != "type"},
                )
            )
    return ticks


def _memory_after(bars: list[Bar]) -> dict[str, Any] | None:
    """What the last receipt of the journal said: reading your own writes."""
    receipts = [b for b in bars if b.question_type == "Remember" and b.outcome == "answered"]
    last = max(receipts, key=lambda bar: bar.seq or 0, default=None)
    return dict(_object(_object(last.value).get("memory"))) if last is not None else None


def _intent(kind: str, turn: Mapping[str, Any]) -> str | None:
    """Recomputed: intents are for metadata, so no answer holds them."""
    if kind != "chat" or not isinstance(turn.get("body"), dict):
        return None
    try:
        body = msgspec.to_builtins(msgspec.convert(turn["body"], ChatRequest))
    except msgspec.ValidationError:
        return None
    trigger = _object(turn.get("context")).get("trigger_source", "text")
    return intents.canonical(normalise(body, trigger=trigger, raw=dict(_object(turn.get("raw"))))).name


def _said(body: Mapping[str, Any]) -> str:
    """The message, else the tapped id."""
    action = body.get("action")
    tapped = action.get("action_id") if isinstance(action, dict) else action
    for value in (
        body.get("message"),
        body.get("query"),
        body.get("action_label"),
        tapped,
        body.get("action_id"),
    ):
        if isinstance(value, str) and value:
            return value
    return ""


def _state_before(body: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    for value in (body.get("client_state"), context.get("state")):
        if isinstance(value, str) and value:
            return value
    return None


def _too_large(recorded: RecordedTurn) -> list[str]:
    """Names of the parts that were too large to be recorded."""
    found = ["turn"] if oversize(recorded.opened.turn) is not None else []
    found += [f"question {e.call}" for e in recorded.of(Asked) if oversize(e.question) is not None]
    found += [f"answer {e.call}" for e in recorded.of(Answered) if oversize(e.value) is not None]
    return [*found, "envelope"] if oversize(recorded.sent.envelope) is not None else found


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
