"""The same table over what is about to leave: picks, routine steps, alternatives, plan targets (decision 19).

A message that never says "retinol" must not bring home a retinol serum to somebody who is pregnant. Whatever
source an item came from, it is judged by its own words; "retinol-free" and "do not combine with retinol" hold
nothing back. Whole cards are judged by `leaving`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules.safety.engine import Result, result_of
from aurora.rules.safety.mentions import Mentions
from aurora.rules.safety.person import person_of
from aurora.rules.safety.table import BY_ID, RULES, UNANSWERED
from aurora.rules.safety.terms import named_in
from aurora.rules.text import fold

Item = TypeVar("Item")

_MAX_DEPTH = 6
_MAX_STRINGS = 600
# Lists of products inside a product: judged one by one, not as words of the product that carries them.
_NESTED = ("alternatives", "similar", "dupes")
# Links and ids spell words that nobody reads.
_UNREAD = frozenset({
    *_NESTED,
    "url", "image_url", "affiliate_url", "purchase_url", "pdp_open", "metadata", "offer", "offers",
    "product_id", "sku_id", "subject", "canonical_product_ref", "product_ref", "product_group_id",
    "merchant_id",
})  # fmt: skip
# What is in the product counts; what its papers compare it with does not.
_EVIDENCE = "evidence_pack"
_IN_EVIDENCE = ("keyActives", "key_actives", "actives", "ingredients")


class Held(msgspec.Struct, frozen=True):
    """An item that stays here. index: its place in what was given; inside: the list of its bearer, or ""."""

    index: int
    rules: tuple[str, ...]
    inside: str = ""


class Outgoing(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """kept: what may leave, in order (copies where a list inside was thinned). held: what may not, and why.

    result: the rules behind it as `engine.check` words them. It asks if something is held back only because
    a fact is unknown: then the chips of `required_fields[0]` ride along.
    """

    kept: list[Item]
    held: tuple[Held, ...]
    result: Result

    @property
    def emptied(self) -> bool:
        """Everything was held back: a notice goes out instead of an empty list."""
        return bool(self.held) and not self.kept


def outgoing(
    items: Iterable[Item], profile: Profile | None, lang: Lang, *, message: str = ""
) -> Outgoing[Item]:
    """Split `items` into what may leave for this person and what may not.

    items: texts (ids or names of ingredients, routine steps in words) or objects of any shape. message: what
    the person wrote in this turn, for what it says about them.
    """
    return outgoing_for(items, forbidden_for(profile, message), lang)


def outgoing_for(items: Iterable[Item], forbidden: tuple[str, ...], lang: Lang) -> Outgoing[Item]:
    """`outgoing` for a person of whom it is known what is forbidden (ids of `forbidden_for`)."""
    kept = list(items)
    if not forbidden or not may_name(kept, forbidden):
        return Outgoing(kept=kept, held=(), result=Result())
    given, kept = kept, []
    held: list[Held] = []
    for index, item in enumerate(given):
        rules = against(item, forbidden)
        if rules:
            held.append(Held(index, rules))
        elif isinstance(item, Mapping):
            thinned, inner = _thinned(item, index, forbidden)
            held += inner
            kept.append(thinned)
        else:
            kept.append(item)
    return Outgoing(kept=kept, held=tuple(held), result=behind((r for h in held for r in h.rules), lang))


def behind(rule_ids: Iterable[str], lang: Lang) -> Result:
    """The rules with these ids, as `engine.check` words them."""
    ids = frozenset(rule_ids)
    return result_of((rule for rule in (*RULES, UNANSWERED) if rule.id in ids), lang)


def forbidden_for(profile: Profile | None, message: str = "") -> tuple[str, ...]:
    """Ids of the rules that forbid something to this person, in table order."""
    facts = person_of(profile, message).facts()
    return tuple(
        rule.id
        for rule in RULES
        if rule.outgoing and all(any(fact in facts for fact in group) for group in rule.who)
    )


def against(item: Any, forbidden: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the rules in `forbidden` an item (a text, or an object of any shape) goes against."""
    if not forbidden:
        return ()
    texts = _texts(item)
    # Hardly any item names anything of it; only those that do are worth a closer reading.
    folded = fold(_spaced("\n".join(texts)))
    suspects = [rule for rule in forbidden if any(named_in(name, folded) for name in BY_ID[rule].outgoing)]
    if not suspects:
        return ()
    parts = [Mentions(_spaced(text)) for text in texts]
    return tuple(
        rule for rule in suspects if any(name in part for name in BY_ID[rule].outgoing for part in parts)
    )


def may_name(value: Any, forbidden: Iterable[str]) -> bool:
    """Whether anything inside `value` could go against the rules in `forbidden`.

    False is certain, and many times sooner known than by a walk: every word of it stands in its JSON, between
    quotes that are no letters. True means that it is worth a walk.
    """
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return True
    if b"\\" in encoded:  # the letter of an escape would stand beside a word as if it were part of it
        return True
    folded = fold(_spaced(encoded.decode()))
    names = dict.fromkeys(name for rule in forbidden for name in BY_ID[rule].outgoing)
    return any(named_in(name, folded) for name in names)


def _thinned(item: Mapping[str, Any], index: int, forbidden: tuple[str, ...]) -> tuple[Any, list[Held]]:
    held: list[Held] = []
    changed: dict[str, Any] | None = None
    for key in _NESTED:
        inner = item.get(key)
        if not isinstance(inner, list):
            continue
        judged = [(one, against(one, forbidden)) for one in inner]
        bad = [Held(index, rules, key) for _, rules in judged if rules]
        if bad:
            held += bad
            changed = dict(item) if changed is None else changed
            changed[key] = [one for one, rules in judged if not rules]
    return (item if changed is None else changed), held


def _texts(item: Any) -> list[str]:
    """The words of an item. Each string by itself, so that a denial in one says nothing of the next."""
    found: list[str] = []
    _gather(item, found, 0)
    return found[:_MAX_STRINGS]


def _spaced(text: str) -> str:
    """Ids of ingredients read as words."""
    return text.replace("_", " ")


def _gather(value: Any, found: list[str], depth: int) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, list | tuple):
        if depth < _MAX_DEPTH:
            for inner in value:
                _gather(inner, found, depth + 1)
                if len(found) >= _MAX_STRINGS:
                    return
    elif isinstance(value, Mapping) and depth < _MAX_DEPTH:
        for key, inner in value.items():
            if key in _UNREAD:
                continue
            if isinstance(key, str):
                found.append(key)  # a list of ingredients may be a map
            told = inner
            if key == _EVIDENCE and isinstance(inner, Mapping):
                told = [inner.get(name) for name in _IN_EVIDENCE]
            _gather(told, found, depth + 1)
            if len(found) >= _MAX_STRINGS:
                return
