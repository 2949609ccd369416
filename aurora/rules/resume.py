"""A request that waited for answers goes upstream again: what stands before it, and how it was answered.

Contract B 16.3 (resume block) and B 20 (probe metrics). The block stands before everything else of the query,
one fact a line, so that nothing a person typed can pass for an instruction of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from aurora.contract.memory import Profile
from aurora.rules.clarification import FILTERABLE, Question, asking, is_known, without_questions
from aurora.rules.pending import Answered, Pending
from aurora.rules.reply_values import field_of, is_unsure

HEADER_V1 = "[RESUME CONTEXT]"
HEADER_V2 = "[RESUME CONTEXT - AUTHORITATIVE]"

# Contract B 16.3.
MAX_TEXT, MAX_FLOW, MAX_ID, MAX_OPTION, MAX_ITEMS, MAX_GOALS, MAX_FACT = 300, 40, 80, 60, 6, 5, 40
MAX_SENT = 5

_RULES_V2 = (
    "Rules: do not repeat any question answered or known above; do not start an intake again; "
    "ask at most one new question, and only if the answer depends on it."
)

Version = Literal[0, 1, 2]
Mode = Literal["answer", "question", "mixed"]


class Probe(msgspec.Struct, frozen=True):
    """How a resumed request was answered. asked_again: known or answered fields that the text asks for."""

    mode: Mode
    asked_again: tuple[str, ...]


def block(pending: Pending, profile: Profile | None, version: Version) -> str:
    """The lines before the query, with a blank line behind them; "" for version 0."""
    if version == 0:
        return ""
    answers = [
        f"- {entry.question_id[:MAX_ID]}: {_line(entry.option, MAX_OPTION)}"
        for entry in pending.history[-MAX_ITEMS:]
    ]
    request = f'Original request: "{_line(pending.resume_user_text, MAX_TEXT)}"'
    if version == 1:
        lines = [
            HEADER_V1,
            f"Flow: {pending.flow_id[:MAX_FLOW]}",
            request,
            "Answers so far:",
            *answers,
            "Answer the original request now. Do not ask again for what is answered above.",
        ]
    else:
        facts = known_facts(profile)
        lines = [
            HEADER_V2,
            f"Flow: {pending.flow_id[:MAX_FLOW]}",
            request,
            "Answered:",
            *answers,
            "Known:",
            *(facts or ["- nothing else"]),
            _RULES_V2,
        ]
    return "\n".join(lines) + "\n\n"


def known_facts(profile: Profile | None) -> list[str]:
    """The five facts, those of them that are known; "unsure" is not."""
    lines: list[str] = []
    for field in FILTERABLE:
        if not is_known(field, profile):
            continue
        value = getattr(profile, field)
        shown = [
            _line(item, MAX_FACT)
            for item in (value[:MAX_GOALS] if isinstance(value, list) else [value])
            if not is_unsure(item)
        ]
        if shown:
            lines.append(f"- {field}: {', '.join(shown)}")
    return lines


def history_meta(history: Sequence[Answered]) -> list[dict[str, Any]]:
    """`clarification_history` of the query's meta line: the last five answers."""
    return [
        {"question_id": entry.question_id, "option": entry.option[:MAX_OPTION]}
        for entry in history[-MAX_SENT:]
    ]


def probe(
    answer: str | None, questions: Sequence[Question], pending: Pending, profile: Profile | None
) -> Probe:
    """Judge an answer to a resumed request. questions: those of its clarification."""
    text = answer or ""
    asked = asking(text)
    told = without_questions(text)
    if not asked and not questions:
        mode: Mode = "answer"
    else:
        mode = "mixed" if told else "question"
    answered = [entry.norm_id for entry in pending.history]
    known = [field for field in FILTERABLE if is_known(field, profile)]
    settled = dict.fromkeys((*answered, *known))
    again = [field for field in settled if field in _fields_in(asked)]
    return Probe(mode, tuple(again))


def _fields_in(asked: str) -> list[str]:
    """The profile fields that question sentences are about, sentence by sentence."""
    sentences = asked.replace("？", "?").split("?")
    return [field for sentence in sentences if (field := field_of(sentence[:400])) is not None]


def _line(text: str, limit: int) -> str:
    """One line, without quotes that would end ours."""
    return " ".join(text.replace('"', "'").split())[:limit]
