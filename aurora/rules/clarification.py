"""A question that the decision system wants asked: read from whatever it sent, turned into chips.

Contract B 10.1. The clarification comes from outside, so every part of it is bounded and cleaned here: ids
that can stand in a chip id and are never empty, one question with one question mark, up to eight options
that differ. "Not sure" can always be answered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.envelope import Chip, Lang
from aurora.contract.memory import Profile
from aurora.rules import clarification_texts as texts
from aurora.rules.reply_values import field_of, is_unsure
from aurora.rules.text import base36, fold
from aurora.rules.upstream_answer import speakable, without_kb

# Contract B 10.1, 10.2.
MAX_OPTIONS, MAX_OPTION, MAX_QUESTION, MAX_ID = 8, 80, 200, 80
MAX_ID_PART = 40
# How much of an upstream's list is looked at; more than a flow can hold (one question and a queue of five).
_QUESTIONS_READ, _OPTIONS_READ, _TEXT_READ = 12, 24, 2000

FILTERABLE = ("skinType", "sensitivity", "barrierStatus", "goals", "budgetTier")

_UNFIT = re.compile(r"[^\w:]+")
_BLANKS = re.compile(r"\s+")
_MARK = re.compile(r"[?？]")
# Where a sentence ends: a Latin mark before a blank or the end, or any other full mark, or the line.
_ENDS = re.compile(r"[.!?](?=\s|$)|[。！？]|\n")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question. id: the upstream's own, fit for a chip id. norm_id: the profile field it is about, else
    `id`. question: at most 200 characters, exactly one question mark. options: 1 to 8, at most 80 each.
    """

    id: str
    norm_id: str
    question: str
    options: tuple[str, ...]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a clarification holds. invalid: why parts of it were skipped, for the metric. nameless: how many
    ids came out empty and were replaced. cut: what was too long or too many (`question`, `option`,
    `options`, `queue`).
    """

    questions: tuple[Question, ...] = ()
    invalid: tuple[str, ...] = ()
    nameless: int = 0
    cut: tuple[str, ...] = ()


def read(clarification: Mapping[str, Any] | None, lang: Lang) -> Reading:
    """Read an upstream's `clarification`; None or one without questions holds nothing."""
    if clarification is None or "questions" not in clarification:
        return Reading()
    listed = clarification["questions"]
    if not isinstance(listed, list):
        return Reading(invalid=("questions_not_array",))
    found: list[Question] = []
    invalid: list[str] = []
    cut: list[str] = ["queue"] if len(listed) > _QUESTIONS_READ else []
    nameless = 0
    for entry in listed[:_QUESTIONS_READ]:
        if not isinstance(entry, Mapping):
            invalid.append("question_not_object")
            continue
        raw_id = entry.get("id")
        if not isinstance(raw_id, str) or not raw_id.strip():
            invalid.append("question_id_missing")
            continue
        options = entry.get("options")
        if not isinstance(options, list):
            invalid.append("question_options_not_array")
            continue
        if not all(isinstance(option, str) for option in options[:_OPTIONS_READ]):
            invalid.append("question_option_non_string")
        kept = clean_options(options, cut)
        if not kept:
            invalid.append("question_options_empty")
            continue
        own, norm = ids_of(raw_id)
        nameless += own.startswith("cid_") and not raw_id.strip().startswith("cid_")
        if any(norm == other.norm_id for other in found):
            continue  # the same thing asked twice
        words = clean_question(entry.get("question"), lang, cut) or texts.question_for(norm, lang)
        found.append(Question(id=own, norm_id=norm, question=words, options=kept))
    return Reading(questions=tuple(found), invalid=tuple(invalid), nameless=nameless, cut=tuple(cut))


def ids_of(raw_id: str) -> tuple[str, str]:
    """(id, norm_id) for an upstream's id: of letters, digits, `_` and `:`, at most 80, never empty."""
    raw = raw_id.strip()[: 4 * MAX_ID]
    own = _UNFIT.sub("_", raw).strip("_")[:MAX_ID] or f"cid_{_short_hash(raw)}"
    return own, field_of(raw) or own


def clean_options(options: list[Any], cut: list[str]) -> tuple[str, ...]:
    """The texts among `options`: tidy, different, at most eight of at most 80 characters."""
    kept: dict[str, str] = {}
    for option in options[:_OPTIONS_READ]:
        label = _tidy(option)
        if len(label) > MAX_OPTION:
            cut.append("option")
            label = label[:MAX_OPTION].rstrip()
        if label:
            kept.setdefault(fold(label), label)
    if len(kept) > MAX_OPTIONS:
        cut.append("options")
    return tuple(kept.values())[:MAX_OPTIONS]


def clean_question(text: Any, lang: Lang, cut: list[str]) -> str:
    """`text` as one question with one question mark; "" if it cannot be read as one."""
    said = speakable(_tidy(text))
    if said is None:
        return ""
    head = _MARK.split(said, maxsplit=1)[0].strip(" .。!！:：;；,，")
    if len(head) >= MAX_QUESTION:
        cut.append("question")
        head = head[: MAX_QUESTION - 1].rstrip()
    return f"{head}{'？' if lang == 'CN' else '?'}" if head else ""


def is_known(norm_id: str, profile: Profile | None) -> bool:
    """Is the answer in the profile already? Only the five filterable fields can be; `unknown` is none."""
    if profile is None or norm_id not in FILTERABLE:
        return False
    value = getattr(profile, norm_id)
    if isinstance(value, list):
        return any(isinstance(item, str) and item.strip() and item != "unknown" for item in value)
    return isinstance(value, str) and bool(value.strip()) and value != "unknown"


def chips(asked: Question, lang: Lang, *, step: int) -> list[Chip]:
    """One chip per option, at most eight, "not sure" always among them.

    step: the place in a flow, from 1; 0 for a question that is in none.
    """
    labels = list(asked.options)
    if not any(is_unsure(label) for label in labels):
        labels = [*labels[: MAX_OPTIONS - 1], texts.not_sure(lang)]
    made: list[Chip] = []
    for label in labels:
        chip_id = f"chip.clarify.{asked.id}.{_BLANKS.sub('_', label[:MAX_ID_PART])}"
        if any(chip_id == other.chip_id for other in made):
            chip_id = f"{chip_id}_{len(made)}"
        data = {
            "reply_text": label,
            "clarification_id": asked.id,
            "clarification_question_id": asked.id,
            "clarification_norm_id": asked.norm_id,
            "clarification_step": step,
            "norm_id": asked.norm_id,
            "value": label,
        }
        made.append(Chip(chip_id=chip_id, label=label, data=data))
    return made


def with_one_question(answer: str, question: str, lang: Lang) -> str:
    """`answer` leading up to `question`, which is the only one that the text asks."""
    marks = len(_MARK.findall(answer))
    if marks == 1 and _plain(question) in _plain(answer):
        return answer
    told = without_questions(answer) if marks else answer.strip()
    if not told or _MARK.search(told):
        told = texts.first(lang)
    return f"{told}\n\n{question}"


def without_questions(text: str) -> str:
    """`text` without the sentences that ask. Linear."""
    kept: list[str] = []
    begin = 0
    for end in (*(hit.end() for hit in _ENDS.finditer(text)), len(text)):
        sentence = text[begin:end]
        if not sentence.rstrip().endswith(("?", "？")):
            kept.append(sentence)
        begin = end
    return "".join(kept).strip()


def asking(text: str) -> str:
    """The sentences of `text` that ask."""
    found: list[str] = []
    begin = 0
    for end in (*(hit.end() for hit in _ENDS.finditer(text)), len(text)):
        sentence = text[begin:end].strip()
        if sentence.endswith(("?", "？")):
            found.append(sentence)
        begin = end
    return " ".join(found)


def _tidy(text: Any) -> str:
    """One printable line, without references to the knowledge base; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    line = _BLANKS.sub(" ", str(without_kb(text[:_TEXT_READ])))
    return "".join(letter for letter in line if letter.isprintable()).strip()


def _plain(text: str) -> str:
    return _UNFIT.sub("", fold(text))


def _short_hash(text: str) -> str:
    digest = hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).digest()
    return base36(int.from_bytes(digest))[:12]
