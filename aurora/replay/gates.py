"""Which gates a turn met, which of them held it back, and why: read from what left and what was recorded.

Gates leave no events of their own; each leaves a mark in the envelope (a card, a reason, an event), and the
absence of the mark on an answer that goes further means that it was passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

Cards = Sequence[Mapping[str, Any]]


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One gate. why: in words, also of one that was passed. at_ms: when it was decided, as near as known."""

    name: str
    passed: bool
    why: str
    at_ms: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What gates are read from.

    envelope: what left, None if nothing did. memory_ms: when memory was read. cut: (at_ms, reason). budget:
    (name, ms) in force at the end.
    """

    kind: str
    status: int
    elapsed_ms: int
    envelope: Mapping[str, Any] | None
    memory_ms: int | None
    memory_ready: bool
    cut: tuple[int, str] | None
    budget: tuple[str, int] | None


class _Left:
    """The envelope, asked for its marks."""

    def __init__(self, envelope: Mapping[str, Any]) -> None:
        self.cards: list[Mapping[str, Any]] = [
            c for c in _list(envelope.get("cards")) if isinstance(c, Mapping)
        ]
        self._events = [e for e in _list(envelope.get("events")) if isinstance(e, Mapping)]

    def payload(self, kind: str) -> Mapping[str, Any] | None:
        """Of the first card of a type."""
        return next((_object(card.get("payload")) for card in self.cards if card.get("type") == kind), None)

    def notice(self, reason: str) -> Mapping[str, Any] | None:
        """The first notice that gives a reason."""
        for card in self.cards:
            payload = _object(card.get("payload"))
            if card.get("type") == "confidence_notice" and payload.get("reason") == reason:
                return payload
        return None

    def notice_with_action(self, action: str) -> Mapping[str, Any] | None:
        """The first notice that offers a way on."""
        for card in self.cards:
            payload = _object(card.get("payload"))
            if card.get("type") == "confidence_notice" and action in _list(payload.get("actions")):
                return payload
        return None

    def event(self, name: str) -> Mapping[str, Any] | None:
        """Data of the last event of a name."""
        found = [_object(e.get("data")) for e in self._events if e.get("event_name") == name]
        return found[-1] if found else None

    def gap(self, *reasons: str) -> str | None:
        """The first field that is declared missing for one of these reasons."""
        for card in self.cards:
            for gap in map(_object, _list(card.get("field_missing"))):
                if gap.get("reason") in reasons:
                    return str(gap.get("field"))
        return None


def gates_of(seen: Seen) -> list[Gate]:
    """The gates of a turn in the order in which they stand."""
    return list(_gates(seen))


def _gates(seen: Seen) -> Iterator[Gate]:
    left = _Left(seen.envelope or {})
    end = seen.elapsed_ms
    known = seen.memory_ms if seen.memory_ms is not None else end
    if seen.envelope is not None:
        refused = left.payload("error")
        if refused is not None:
            yield _refusal(refused, seen)
        elif seen.kind in ("chat", "analysis"):
            yield from _safety(left, known)
            if left.notice("safety_block") is None:
                yield from _picks(left, known)
                yield from _output(left, end)
    if seen.memory_ms is not None and not seen.memory_ready:
        yield Gate(name="memory", passed=False, why="the store could not be read", at_ms=known)
    field = left.gap("db_unavailable", "db_not_configured_or_unavailable")
    if field is not None:
        yield Gate(name="storage", passed=False, why=f"{field} could not be saved or read", at_ms=end)
    yield _budget(left, seen)


def _refusal(payload: Mapping[str, Any], seen: Seen) -> Gate:
    code = str(payload.get("error"))
    named = {
        "STATE_TRANSITION_REJECTED": "transition",
        "BAD_REQUEST": "request",
        "INVALID_JSON": "request",
        "INTERNAL_SCHEMA_ERROR": "schema",
    }
    name = "storage" if code.startswith("DB_") else named.get(code, "answer")
    details = payload.get("details")
    reason = payload.get("code") or (details.get("reason") if isinstance(details, Mapping) else None)
    why = f"refused with {seen.status} {code}" + (f" ({reason})" if reason else "")
    return Gate(name=name, passed=False, why=why, at_ms=seen.elapsed_ms)


def _safety(left: _Left, known_ms: int) -> Iterator[Gate]:
    """The boundary, decided from the request's own words; then the rules, which look at the person too."""
    blocked, asked = left.notice("safety_block"), left.notice_with_action("answer_safety_question")
    told = left.event("safety_gate_block") or {}
    intent = f" (intent {told['intent']})" if told.get("intent") else ""
    rules = _rules_of(blocked)
    if blocked is not None and not rules:
        why = f"red flag: only medical advice may be given{intent}"
        yield Gate(name="safety", passed=False, why=why, at_ms=0)
        return
    yield Gate(name="safety", passed=True, why="no red flag in what was said", at_ms=0)
    held = left.gap("safety_held_back")
    if blocked is not None:
        why = f"rule {rules} forbids it to this person{intent}"
        yield Gate(name="safety_rules", passed=False, why=why, at_ms=known_ms)
    elif asked is not None:
        why = f"rule {_rules_of(asked)} depends on what she was asked"
        yield Gate(name="safety_rules", passed=False, why=why, at_ms=known_ms)
    elif held is not None:
        yield Gate(name="safety_rules", passed=False, why=f"{held}: not for this person", at_ms=known_ms)


def _rules_of(notice: Mapping[str, Any] | None) -> str:
    """Ids of the safety rules behind a notice; empty for the red-flag boundary, which is no such rule."""
    rationale = _list(_object((notice or {}).get("confidence")).get("rationale"))
    return ", ".join(str(rule) for rule in rationale if rule != "medical_boundary")


def _picks(left: _Left, known_ms: int) -> Iterator[Gate]:
    """Profile gate and artifact gate, if the turn came that far."""
    gate = left.payload("diagnosis_gate")
    asked = left.event("recos_requested")
    if gate is not None:
        missing = ", ".join(str(field) for field in _list(gate.get("missing_fields"))) or "the profile"
        yield Gate(name="diagnosis_gate", passed=False, why=f"still to be asked: {missing}", at_ms=known_ms)
        return
    if asked is None:
        return
    yield Gate(name="diagnosis_gate", passed=True, why="the four core facts are known", at_ms=known_ms)
    if asked.get("reason") == "artifact_missing":
        yield Gate(name="artifact_gate", passed=False, why="no usable skin analysis", at_ms=known_ms)
    else:
        yield Gate(name="artifact_gate", passed=True, why="a usable skin analysis is there", at_ms=known_ms)


def _output(left: _Left, end_ms: int) -> Iterator[Gate]:
    """The guards on what leaves."""
    picks = left.payload("recommendations")
    if left.gap("recommendations_not_requested") is not None:
        yield Gate(
            name="commerce", passed=False, why="what sells was held back: nobody asked for it", at_ms=end_ms
        )
    elif picks is not None:
        count = len(_list(picks.get("recommendations")))
        yield Gate(
            name="commerce", passed=True, why=f"asked for, and the gates passed: {count} picks", at_ms=end_ms
        )
    filtered = left.event("reco_low_medium_treatment_filtered")
    unsure = left.notice("low_confidence")
    if unsure is not None and "answer_safety_question" in _list(unsure.get("actions")):
        unsure = None
    if filtered is not None:
        why = (
            f"{filtered.get('filtered_count')} of {filtered.get('total_count')} picks were too strong for it"
        )
        yield Gate(name="confidence", passed=False, why=why, at_ms=end_ms)
    elif unsure is not None:
        level = _object(unsure.get("confidence")).get("level", "low")
        yield Gate(
            name="confidence", passed=False, why=f"confidence is {level}: a gentle answer", at_ms=end_ms
        )
    elif picks is not None:
        yield Gate(name="confidence", passed=True, why="nothing had to be held back", at_ms=end_ms)
    guard = left.event("reco_output_guard_fallback")
    if guard is not None:
        why = f"nothing to show after the guards: a notice stands for it ({guard.get('reason')})"
        yield Gate(name="output_guard", passed=False, why=why, at_ms=end_ms)


def _budget(left: _Left, seen: Seen) -> Gate:
    name, ms = seen.budget or ("budget", 0)
    if seen.cut is not None:
        at_ms, reason = seen.cut
        why = {
            "budget": f"the {name} budget of {ms} ms was spent",
            "client_gone": "the client hung up",
            "shutdown": "the service was shutting down",
        }.get(reason, reason)
        return Gate(name="budget", passed=False, why=why, at_ms=at_ms)
    within = f"{seen.elapsed_ms} of {ms} ms ({name})"
    if left.notice("timeout_degraded") is not None:
        why = f"an upstream did not answer usefully in time; the answer left after {within}"
        return Gate(name="upstream", passed=False, why=why, at_ms=seen.elapsed_ms)
    return Gate(name="budget", passed=True, why=f"answered after {within}", at_ms=seen.elapsed_ms)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
