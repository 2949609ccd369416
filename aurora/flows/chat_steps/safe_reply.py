"""Answers of the safety rules in a chat turn: a refusal, one question, what stands in for an emptied list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aurora.contract.envelope import FieldMissing
from aurora.contract.memory import SafetyAsked
from aurora.flows.chat_steps.chat_turn import ChatTurn
from aurora.flows.chat_steps.reply import Reply, ReplyCard
from aurora.rules import intents, safety
from aurora.rules.safety import wording
from aurora.rules.safety.table import BY_ID, UNANSWERED
from aurora.rules.safety.wording import Words

TIMES_ASKED = 2
"""How often a question is put before the careful path is taken without its answer."""
MOST_KEPT = 2000
"""Characters of an interrupted message that are kept: a question is shorter."""


def refused(turn: ChatTurn, result: safety.Result) -> Reply:
    """A rule forbids what the message is about."""
    picks = turn.wants_picks
    return _reply(turn, wording.refusal(result, turn.lang, picks=picks), blocked_picks=picks)


def asked(turn: ChatTurn, result: safety.Result) -> Reply:
    """One question, and nothing else, until it is answered."""
    wait_for_answer(turn, result)
    return _reply(turn, wording.question(result, turn.lang))


def left_open(turn: ChatTurn, result: safety.Result) -> Reply:
    """The question has been put often enough: a careful answer instead."""
    wait_for_answer(turn, result)
    return _reply(turn, wording.left_open(result, turn.lang))


def instead(turn: ChatTurn, out: safety.Outgoing[Any], *, field: str = "recommendations") -> Reply:
    """What is answered when `turn.outgoing` held everything back. field: the list that is empty now."""
    result, gap = out.result, FieldMissing(field, safety.GAP_REASON)
    if result.blocks or not result.required_questions:
        words = wording.refusal(result, turn.lang, picks=True, held=True)
        return _reply(turn, words, gap=gap, blocked_picks=True)
    open_already = times_asked(turn, result) >= TIMES_ASKED
    wait_for_answer(turn, result)
    words = (
        wording.left_open(result, turn.lang)
        if open_already
        else wording.question(result, turn.lang, held=True)
    )
    return _reply(turn, words, gap=gap, gated_picks=True)


def ask_beside(turn: ChatTurn, out: safety.Outgoing[Any]) -> None:
    """Something was kept: if the rest only waits for a fact, the question rides along with the picks.

    Without a notice: that would make the whole answer low in confidence, and hold back more than it should.
    """
    result = out.result
    if not result.required_questions or turn.safety.asks:
        return  # nothing to ask, or it rides along already
    chips = wording.fact_chips(result, turn.lang)
    again = times_asked(turn, result) < TIMES_ASKED
    turn.envelope.ride(lead=wording.held_while_open(result, turn.lang) if again else "", chips=chips)
    wait_for_answer(turn, result)


def safe_prose(turn: ChatTurn, said: str, cards: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """An upstream's text, as far as it may be said beside `cards` (type, payload), which came with it.

    If the rules hold back anything of the cards, the text most likely speaks of it: ours stands instead. A
    text that only mentions what this person should not use gets the reason before it.
    """
    held = [
        rule
        for kind, payload in cards
        for _, against in safety.left_of(kind.lower(), payload, turn.forbidden).held
        for rule in against
    ]
    if not held:
        known = tuple(rule for rule in turn.forbidden if BY_ID[rule].level != "REQUIRE_INFO")
        named = safety.behind(safety.against(said, known), turn.lang)
        if named.reasons and not turn.safety.reasons:
            turn.envelope.ride(lead=wording.warnings(named, turn.lang))
        return said
    result = safety.behind(held, turn.lang)
    if result.asks and not turn.safety.asks:
        turn.envelope.ride(chips=wording.fact_chips(result, turn.lang))
        wait_for_answer(turn, result)
    return wording.instead_of_prose(result, turn.lang)


def wait_for_answer(turn: ChatTurn, result: safety.Result) -> None:
    """Keep the message for when the question of `result` is answered, and count the question."""
    rule = result.asking
    if rule is None:
        return
    counts = dict(_counts(turn))
    counts[rule] = min(counts.get(rule, 0) + 1, TIMES_ASKED + 1)
    fields = result.required_fields
    turn.keep(
        interrupted=turn.ask.message[:MOST_KEPT],
        safety=SafetyAsked(
            rule=rule,
            field=fields[0] if fields else None,
            asked=counts,
            trigger=turn.ask.trigger,
            action_id=turn.ask.action_id,
            include_alternatives=turn.ask.include_alternatives,
        ),
    )
    turn.envelope.event(
        "safety_gate_require_info",
        {"intent": intents.canonical(turn.ask).name, "question": result.required_questions[0]},
    )


def times_asked(turn: ChatTurn, result: safety.Result) -> int:
    """How often the question of `result` was put so far, without an answer."""
    return _counts(turn).get(result.asking or "", 0)


def be_careful(turn: ChatTurn) -> None:
    """Nothing strong leaves in this turn."""
    turn.forbidden = (*turn.forbidden, UNANSWERED.id)
    turn.envelope.forbid(turn.forbidden)


def _counts(turn: ChatTurn) -> dict[str, int]:
    kept = turn.memory.conversation
    return kept.safety.asked if kept is not None and kept.safety is not None else {}


def _reply(
    turn: ChatTurn,
    words: Words,
    *,
    gap: FieldMissing | None = None,
    blocked_picks: bool = False,
    gated_picks: bool = False,
) -> Reply:
    events: list[tuple[str, dict[str, Any]]] = []
    if blocked_picks:
        events.append(("recos_requested", {"explicit": True, "blocked": True, "reason": "safety_boundary"}))
    if gated_picks:
        events.append(("recos_requested", {"explicit": True, "gated": True, "reason": "safety_question"}))
    if words.event is not None:
        turn.envelope.ride_words_only()  # after a refusal there is no question left
        name, data = words.event
        events.append((name, {"intent": intents.canonical(turn.ask).name, **data}))
    accepted = {each.chip_id for each in turn.chips(*(each.chip_id for each in words.chips))}
    return Reply(
        say=words.say,
        cards=[ReplyCard("safety", "confidence_notice", words.notice, [gap] if gap else [])],
        chips=[each for each in words.chips if each.chip_id in accepted],
        events=events,
        profile=turn.profile_summary() if turn.patch else None,
    )
