"""A question whether two things go together, read out of a message (contract B 13, D 8.4).

Clauses that speak of what is used already give one side, clauses that ask about combining the other. Only
the message counts: what is stored of a routine says nothing about the two things asked about.
"""

from __future__ import annotations

import re

import msgspec

from aurora.rules import detectors
from aurora.rules.routine import actives
from aurora.rules.routine.actives import ACIDS, NAMES, in_use
from aurora.rules.routine.conflict_rules import Pair
from aurora.rules.routine.steps import Step
from aurora.rules.text import hit, pattern

MAX_CLAUSES = 12

# A full stop inside of a number ends nothing.
_CLAUSE_END = re.compile(r"[!?;\n。！？；，,、]|\.(?!\d)")
_IN_USE = pattern(
    r"\b(?:my|i use|i'm using|i am using|i've been using|using|currently|already|routine|am|pm|at night"
    r"|morning|every (?:day|night))\b"
    r"|我(?:现在|目前|正在|平时|已经|一直|在)?(?:早上|晚上|晚间)?在?用|正在用|目前|现在用|早上|晚上|每天|每晚"
)
_ASKED = pattern(
    r"\b(?:add|can i|should i|layer\w{0,3}|stack\w{0,3}|mix\w{0,3}|combin\w{1,4}|pair\w{0,3}|together|with"
    r"|conflicts?|(?:in)?compatible)\b"
    r"|叠加|叠着|同晚|一起|能不能|可以再|再加|想加|还能|搭配|混用|冲突|相克|兼容|同用"
)
# The rules know nothing of it: no word of ours about it would be an all-clear.
_NOT_JUDGED = frozenset({"hydroquinone"})

_LABELS: tuple[Pair, Pair] = (("PM Treatment", "晚间现用"), ("TEST Add-on", "想加入的"))
# Words that can mean nothing else, whatever else is asked for in the same breath.
_OUTRIGHT = pattern(
    r"\b(?:conflicts?|(?:in)?compatible|layer\w{0,3}|together|same (?:night|time|routine))\b"
    r"|冲突|相克|兼容|叠加|同晚|一起|同用|混用|同时用"
)

_WITH = pattern(r"\bwith\b")
_VERBS = pattern(
    r"\b(?:conflicts?|(?:in)?compatible|pair\w{0,3}|layer\w{0,3}|stack\w{0,3}|mix\w{0,3}|combin\w{1,4}|together"
    r"|same (?:night|time|routine)|add)\b"
    r"|[\u3400-\u9fff]"
)


class Question(msgspec.Struct, frozen=True):
    """Two sides, each of at least one active, with nothing in common."""

    routine: tuple[str, ...]
    test: tuple[str, ...]

    def steps(self) -> list[Step]:
        """The two steps to simulate."""
        sides = (self.routine, self.test)
        return [
            Step(label=label, actives=frozenset(side)) for label, side in zip(_LABELS, sides, strict=True)
        ]


def is_outright(text: str) -> bool:
    """Does folded `text` ask about the combination itself, rather than mention one ("a serum with ...")?"""
    return hit(text, _OUTRIGHT)


def only_mentions(text: str) -> bool:
    """Is "with" all that brings two actives together, and does not even stand between them?"""
    return not hit(text, _VERBS) and not hit(actives.gap(text), _WITH)


def conflict_question(text: str) -> Question | None:
    """The question that folded `text` asks about a combination, or None."""
    if not detectors.asks_compatibility(text) or only_mentions(text):
        return None
    return question_in(text)


def question_in(text: str) -> Question | None:
    """The question in `text`, or None: fewer than two actives are named, or none that we judge."""
    routine: set[str] = set()
    test: set[str] = set()
    everything: set[str] = set()
    context = None
    for clause in _CLAUSE_END.split(text, maxsplit=MAX_CLAUSES)[:MAX_CLAUSES]:
        asked, used = hit(clause, _ASKED), hit(clause, _IN_USE)
        # A clause that says neither goes on with what the last one spoke of: "I use A, B and C".
        context = (
            "test"
            if asked and not used
            else "routine"
            if used and not asked
            else ("both" if asked and used else context)
        )
        found = set(in_use(clause)) - _NOT_JUDGED
        everything |= found
        if context in ("routine", "both"):
            routine |= found
        if context in ("test", "both"):
            test |= found
    if len(everything) < 2:
        return None
    added = test - routine
    if routine and added:
        return Question(_ordered(routine), _ordered(added))
    first = _first(everything)
    return Question((first,), _ordered(everything - {first}))


def _first(found: set[str]) -> str:
    """What the rest is held against: a retinoid before vitamin C if there is something it reacts with."""
    acids = not found.isdisjoint(ACIDS)
    if "retinoid" in found and (acids or "benzoyl_peroxide" in found):
        return "retinoid"
    if "vitamin_c" in found and acids:
        return "vitamin_c"
    return _ordered(found)[0]


def _ordered(found: set[str]) -> tuple[str, ...]:
    return tuple(name for name in NAMES if name in found)
