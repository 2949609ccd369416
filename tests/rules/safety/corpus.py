"""The corpus of sentences under tests/data/safety, and what the rules make of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules import redflags, safety

HERE = Path(__file__).resolve().parents[2] / "data" / "safety"

_NOT: Mapping[str, Any] = {
    "pregnancy_status": "not_pregnant",
    "lactation_status": "not_lactating",
    "age_band": "25_34",
}
STORED: dict[str, Mapping[str, Any]] = {
    "-": {},
    "not": _NOT,
    "noage": {**_NOT, "age_band": "unknown"},
    "preg": {**_NOT, "pregnancy_status": "pregnant"},
    "try": {**_NOT, "pregnancy_status": "trying"},
    "iso": {**_NOT, "high_risk_medications": ["isotretinoin"]},
    "frag": {**_NOT, "barrierStatus": "impaired"},
    "sens": {**_NOT, "sensitivity": "high"},
}
OF_LEVEL = {"BLOCK": "BLOCK", "REQUIRE_INFO": "ASK", "WARN": "WARN", "INFO": "FREE"}


class Sentence(msgspec.Struct, frozen=True):
    """text of a person with those stored facts; outcome RED | BLOCK | ASK | WARN | FREE; what fires."""

    lang: Lang
    kind: str
    outcome: str
    fires: tuple[str, ...]
    stored: str
    text: str


class Judged(msgspec.Struct, frozen=True):
    """What the rules make of a sentence."""

    outcome: str
    fires: tuple[str, ...]


def load(lang: Lang) -> list[Sentence]:
    """Every sentence of a language, in order."""
    found: list[Sentence] = []
    kind = outcome = stored = ""
    fires: tuple[str, ...] = ()
    for line in (HERE / f"{lang.lower()}.txt").read_text().splitlines():
        if line.startswith("["):
            kind, what, stored = (part.strip() for part in line.strip("[]").split("|"))
            outcome, _, names = what.partition(" ")
            fires = tuple(name for name in names.split(",") if name)
        elif line and not line.startswith(";"):
            found.append(Sentence(lang, kind, outcome, fires, stored, line))
    return found


def judge(sentence: Sentence) -> Judged:
    """Red flags first, as in a turn; then the engine."""
    boundary = redflags.check(sentence.text)
    if boundary.blocked:
        return Judged("RED", boundary.flags)
    result = safety.check(sentence.text, Profile(**STORED[sentence.stored]), sentence.lang)
    return Judged(OF_LEVEL[result.block_level], tuple(rule.id for rule in result.matched_rules))


def is_right(sentence: Sentence, judged: Judged) -> bool:
    """The outcome is the one asked for, with every flag (exactly) or rule (at least) that was named."""
    if judged.outcome != sentence.outcome:
        return False
    if sentence.outcome == "RED":
        return judged.fires == sentence.fires
    return set(sentence.fires) <= set(judged.fires)
