"""Running the table over a message: how grave, why, what to ask, what instead (contract B 9.2, 9.3)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules.notices import pick
from aurora.rules.safety.mentions import Mentions
from aurora.rules.safety.person import Person, person_of
from aurora.rules.safety.table import LEVELS, RULES, Rule

# Of several questions the one that a tap answers comes first, the one about a child before all.
_ASKED_FIRST = ("pregnancy_status", "age_band", "high_risk_medications")
MAX_REASONS, MAX_FIELDS, MAX_QUESTIONS, MAX_ALTERNATIVES = 10, 4, 4, 10


class Matched(msgspec.Struct, frozen=True):
    """A rule that fired."""

    id: str
    level: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the table says. block_level: INFO < WARN < REQUIRE_INFO < BLOCK, INFO if nothing fired.

    Texts are in the language of the turn, gravest rule first, each once. required_questions stand in the
    order in which they are to be asked, one at a time; required_fields name the facts that answer them.
    """

    block_level: str = "INFO"
    reasons: tuple[str, ...] = ()
    required_fields: tuple[str, ...] = ()
    required_questions: tuple[str, ...] = ()
    safe_alternatives: tuple[str, ...] = ()
    matched_rules: tuple[Matched, ...] = ()

    @property
    def blocks(self) -> bool:
        """Nothing may be recommended, whatever else the turn is about."""
        return self.block_level == "BLOCK"

    @property
    def asks(self) -> bool:
        """Something must be known before anything may be recommended."""
        return self.block_level == "REQUIRE_INFO"

    @property
    def asking(self) -> str | None:
        """The rule whose question is first; None if nothing is asked."""
        return next((rule.id for rule in self.matched_rules if rule.level == "REQUIRE_INFO"), None)


def check(message: str, profile: Profile | None, lang: Lang) -> Result:
    """Judge a message (raw text, any length) of somebody with that profile. Linear in the message."""
    said = Mentions(message)
    facts = person_of(profile, said).facts()
    return result_of((rule for rule in RULES if _fires(rule, facts, said)), lang)


def person_in(message: str, profile: Profile | None) -> Person:
    """The person as `check` sees them: for `outgoing` in the same turn."""
    return person_of(profile, message)


def result_of(rules: Iterable[Rule], lang: Lang) -> Result:
    """The result of rules that fired, in table order."""
    fired = sorted(rules, key=_rank)  # stable: table order where the rank is the same
    if not fired:
        return Result()
    return Result(
        block_level=fired[0].level,
        reasons=_once((pick(lang, r.reason) for r in fired), MAX_REASONS),
        required_fields=_once((r.field for r in fired if r.field), MAX_FIELDS),
        required_questions=_once((pick(lang, r.question) for r in fired if r.question), MAX_QUESTIONS),
        safe_alternatives=_once((pick(lang, r.alternative) for r in fired), MAX_ALTERNATIVES),
        matched_rules=tuple(Matched(r.id, r.level) for r in fired),
    )


def _rank(rule: Rule) -> tuple[int, int]:
    asked = _ASKED_FIRST.index(rule.field) if rule.field in _ASKED_FIRST else len(_ASKED_FIRST)
    return -LEVELS.index(rule.level), asked


def _fires(rule: Rule, facts: frozenset[str], said: Mentions) -> bool:
    return all(any(fact in facts for fact in group) for group in rule.who) and all(
        any(name in said for name in group) for group in rule.named
    )


def _once(texts: Iterable[str], limit: int) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for text in texts:
        kept.setdefault(text.casefold(), text)
    return tuple(kept.values())[:limit]
