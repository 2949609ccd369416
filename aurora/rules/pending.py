"""A clarification under way: several questions, asked one by one, for a request that waits (contract B 10.2).

The flow is a value. The client does not send it back (decision 1), so we keep it; a client that does send one
is believed as far as the object makes sense. What the wire shows is the contract's object; what we keep has
beside it the words of the question that stands now, so that it can be shown again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules import clarification_texts as texts
from aurora.rules import phase0
from aurora.rules.clarification import (
    MAX_OPTION,
    Question,
    clean_options,
    clean_question,
    ids_of,
    is_known,
)
from aurora.rules.request import ChatAsk
from aurora.rules.text import base36

TTL_MS = 600_000
MAX_RESUME_TEXT, MAX_QUEUE, MAX_HISTORY, MAX_HASH = 800, 5, 6, 24
VERSION = 1
GATE_PREFIX = "pc_gate_"
# A clock of another worker may be a little ahead; further ahead is no time at all.
_CLOCK_SKEW_MS = 60_000
_LATEST_MS = 1 << 53

_FLOW_ID = re.compile(r"pc_[A-Za-z0-9_]{1,32}")


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """An answer given, in the person's words."""

    question_id: str
    norm_id: str
    option: str
    ts_ms: int


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A clarification under way. current: the question that stands; None once all are answered.

    include_alternatives: the request that waits wants them; ours to keep, the wire does not show it.
    """

    flow_id: str
    created_at_ms: int
    resume_user_text: str
    current: Question | None
    queue: tuple[Question, ...] = ()
    history: tuple[Answered, ...] = ()
    include_alternatives: bool = False

    @property
    def from_gate(self) -> bool:
        """It was begun by the diagnosis-first gate, so the request that waits is one for picks."""
        return self.flow_id.startswith(GATE_PREFIX)

    @property
    def next_step(self) -> int:
        """Number of the question that stands, from 1."""
        return len(self.history) + 1


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What an object turned out to be. pending: None if it makes no sense. upgraded: it was an old one.

    cut: parts that were too long or too many.
    """

    pending: Pending | None
    upgraded: bool = False
    cut: tuple[str, ...] = ()


def begun(
    *,
    flow_id: str,
    now_ms: int,
    resume_text: str,
    questions: Sequence[Question],
    cut: list[str],
    include_alternatives: bool = False,
) -> Pending:
    """A new flow over at least one question. Adds to `cut` what had to be left out."""
    if len(questions) > MAX_QUEUE + 1:
        cut.append("queue")
    return Pending(
        flow_id=flow_id,
        created_at_ms=now_ms,
        resume_user_text=_resume_text(resume_text, cut),
        current=questions[0],
        queue=tuple(questions[1 : MAX_QUEUE + 1]),
        include_alternatives=include_alternatives,
    )


def gate_questions(fields: Sequence[str], lang: Lang) -> list[Question]:
    """Questions about core facts, in our own words."""
    return [
        Question(
            id=field,
            norm_id=field,
            question=phase0.question(field, lang),
            options=tuple(chip.label for chip in phase0.answers(field, lang)),
        )
        for field in fields
    ]


def gate_flow_id(now_ms: int) -> str:
    """Id of a flow that the diagnosis-first gate begins (contract B 10.3)."""
    return GATE_PREFIX + base36(now_ms)


def read(value: object, lang: Lang, *, now_ms: int, new_flow_id: str) -> Found:
    """Read an object of any shape. new_flow_id: for one whose own is malformed."""
    if not isinstance(value, Mapping):
        return Found(pending=None)
    cut: list[str] = []
    created_ms = _instant(value.get("created_at_ms"))
    said = _resume_text(value.get("resume_user_text"), cut)
    queue = value.get("queue")
    current = _entry(value.get("current"), lang, cut, standing=True)
    if created_ms is None or created_ms > now_ms + _CLOCK_SKEW_MS:
        return Found(pending=None)
    if not said or not isinstance(queue, list) or current is None:
        return Found(pending=None)
    waiting = [_entry(entry, lang, cut) for entry in queue[: MAX_QUEUE + 1]]
    if len(queue) > MAX_QUEUE:
        cut.append("queue")
    listed = value.get("history")
    history = listed if isinstance(listed, list) else []
    if len(history) > MAX_HISTORY:
        cut.append("history")
    answers = [_answered(entry, now_ms, cut) for entry in history[-MAX_HISTORY:]]
    flow_id = value.get("flow_id")
    return Found(
        pending=Pending(
            flow_id=flow_id if isinstance(flow_id, str) and _FLOW_ID.fullmatch(flow_id) else new_flow_id,
            created_at_ms=created_ms,
            resume_user_text=said,
            current=current,
            queue=tuple(entry for entry in waiting if entry is not None)[:MAX_QUEUE],
            history=tuple(answer for answer in answers if answer is not None),
            include_alternatives=value.get("include_alternatives") is True,
        ),
        upgraded=value.get("v") != VERSION,
        cut=tuple(dict.fromkeys(cut)),
    )


def expired(pending: Pending, now_ms: int) -> bool:
    """Is it too old to be gone on with?"""
    return now_ms - pending.created_at_ms > TTL_MS


def answers(ask: ChatAsk, pending: Pending) -> bool:
    """Does this request answer a question of a flow, by a clarify chip or by one of the same field?"""
    norm_id = ask.data.get("norm_id")
    standing = pending.current.norm_id if pending.current is not None else None
    return is_clarify_chip(ask) or (ask.action_id is not None and norm_id == standing and not ask.typed)


def is_clarify_chip(ask: ChatAsk) -> bool:
    """A tap on an option of a clarification, or a request that names one."""
    return (ask.action_id or "").startswith("chip.clarify.") or ask.clarification_id is not None


def has_step_hints(ask: ChatAsk) -> bool:
    """Does the tap come from a question of a flow, rather than from a single one?"""
    step = ask.data.get("clarification_step")
    return isinstance(step, int) and not isinstance(step, bool) and step > 0


def option_of(ask: ChatAsk) -> str:
    """The answer in words: what the tap says, else the tail of its id."""
    words = ask.message or (ask.action_id or "").rpartition(".")[2].replace("_", " ")
    return words.strip()[:MAX_OPTION] or texts.NOT_SURE[0]


def advanced(
    pending: Pending, ask: ChatAsk, *, now_ms: int, profile: Profile | None, filter_known: bool
) -> tuple[Pending, list[str]] | None:
    """The flow after an answer, and the fields whose questions are left out because they are known by now.

    A tap that names no question answers the one that stands. One that names another question of this flow
    (tapped twice, or again after an answer was lost on the way) changes that answer. None if it names a
    question that this flow does not have.
    """
    asked = [question for question in (pending.current, *pending.queue) if question is not None]
    named = _named(ask)
    answered = next((q for q in asked if named is None or named & {q.id, q.norm_id}), None)
    earlier = next((a for a in pending.history if named and named & {a.question_id, a.norm_id}), None)
    if answered is not None:
        question_id, norm_id = answered.id, answered.norm_id
    elif earlier is not None:
        question_id, norm_id = earlier.question_id, earlier.norm_id
    else:
        return None
    given = Answered(question_id=question_id, norm_id=norm_id, option=option_of(ask), ts_ms=now_ms)
    history = [entry for entry in pending.history if entry.norm_id != norm_id]
    left = [question for question in asked if question is not answered and question.options]
    known = [q.norm_id for q in left if filter_known and is_known(q.norm_id, profile)]
    left = [question for question in left if question.norm_id not in known]
    moved = msgspec.structs.replace(
        pending,
        current=left[0] if left else None,
        queue=tuple(left[1:]),
        history=(*history, given)[-MAX_HISTORY:],
    )
    return moved, known


def as_wire(pending: Pending) -> dict[str, Any]:
    """The contract's object, for `session_patch.state.pending_clarification`."""
    current = pending.current
    return {
        "v": VERSION,
        "flow_id": pending.flow_id,
        "created_at_ms": pending.created_at_ms,
        "resume_user_text": pending.resume_user_text,
        "resume_user_hash": hashlib.sha256(pending.resume_user_text.encode()).hexdigest()[:MAX_HASH],
        "step_index": len(pending.history),
        "current": {"id": current.id, "norm_id": current.norm_id} if current is not None else None,
        "queue": [_plain(question) for question in pending.queue],
        "history": [msgspec.to_builtins(answer) for answer in pending.history],
    }


def as_kept(pending: Pending) -> dict[str, Any]:
    """The same with what only we need: the words of the question that stands, and what the request wants."""
    current = pending.current
    return as_wire(pending) | {
        "current": _plain(current) if current is not None else None,
        "include_alternatives": pending.include_alternatives,
    }


def _plain(question: Question) -> dict[str, Any]:
    return {**msgspec.to_builtins(question), "options": list(question.options)}


def _named(ask: ChatAsk) -> set[str] | None:
    """The ids by which a tap names its question; None if it names none."""
    keys = ("norm_id", "clarification_norm_id", "clarification_question_id", "clarificationQuestionId")
    names = {value for key in keys if isinstance(value := ask.data.get(key), str) and value}
    if ask.clarification_id:
        names |= {ask.clarification_id, *ids_of(ask.clarification_id)}
    return names or None


def _entry(value: object, lang: Lang, cut: list[str], *, standing: bool = False) -> Question | None:
    """A question of an object. standing: the one that stands; the wire shows it without its words."""
    if not isinstance(value, Mapping):
        return None
    raw_id, raw_norm = value.get("id"), value.get("norm_id")
    named = raw_id if isinstance(raw_id, str) and raw_id.strip() else raw_norm
    if not isinstance(named, str) or not named.strip():
        return None
    own, norm = ids_of(named)
    if isinstance(raw_norm, str) and raw_norm.strip():
        norm = ids_of(raw_norm)[1]
    listed = value.get("options")
    options = clean_options(listed, cut) if isinstance(listed, list) else ()
    if not options and norm in phase0.QUESTIONS:
        options = gate_questions([norm], lang)[0].options
    if not options and not standing:
        return None
    words = clean_question(value.get("question"), lang, cut) or texts.question_for(norm, lang)
    return Question(id=own, norm_id=norm, question=words, options=options)


def _answered(value: object, now_ms: int, cut: list[str]) -> Answered | None:
    if not isinstance(value, Mapping):
        return None
    named, option = value.get("question_id"), value.get("option")
    if not isinstance(named, str) or not named.strip() or not isinstance(option, str):
        return None
    kept = clean_options([option], cut)
    own, norm = ids_of(named)
    raw_norm = value.get("norm_id")
    if isinstance(raw_norm, str) and raw_norm.strip():
        norm = ids_of(raw_norm)[1]
    at_ms = _instant(value.get("ts_ms"))
    if not kept:
        return None
    return Answered(question_id=own, norm_id=norm, option=kept[0], ts_ms=now_ms if at_ms is None else at_ms)


def _instant(value: object) -> int | None:
    """Epoch milliseconds, if `value` can be any."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < _LATEST_MS else None


def _resume_text(text: object, cut: list[str]) -> str:
    if not isinstance(text, str):
        return ""
    said = "".join(
        letter for letter in text.strip()[: 4 * MAX_RESUME_TEXT] if letter.isprintable() or letter == "\n"
    )
    if len(said) > MAX_RESUME_TEXT:
        cut.append("resume_user_text")
    return said[:MAX_RESUME_TEXT].strip()
