"""The same table over what is about to leave: picks, routine steps, alternatives, plan targets (decision 19).

A message that never says "retinol" must not bring home a retinol serum to somebody who is pregnant. Whatever
source an item came from, it is judged by its own words; "retinol-free" and "do not combine with retinol" hold
nothing back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules.safety.engine import Result, result_of
from aurora.rules.safety.mentions import Mentions
from aurora.rules.safety.person import person_of
from aurora.rules.safety.table import BY_ID, RULES

Item = TypeVar("Item")

_MAX_DEPTH = 6
_MAX_STRINGS = 600
# Lists of products inside a product: judged one by one, not as words of the product that carries them.
_NESTED = ("alternatives", "similar", "dupes")
# Links and ids spell words that nobody reads.
_UNREAD = frozenset({
    "url", "image_url", "affiliate_url", "purchase_url", "pdp_open", "metadata", "offer", "offers",
    "product_id", "sku_id", "evidence_pack", "subject", "canonical_product_ref", "product_ref",
    "product_group_id", "merchant_id",
})  # fmt: skip


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
    forbidden = forbidden_for(profile, message)
    kept: list[Item] = []
    held: list[Held] = []
    for index, item in enumerate(items):
        rules = _against(item, forbidden)
        if rules:
            held.append(Held(index, rules))
        elif isinstance(item, Mapping):
            thinned, inner = _thinned(item, index, forbidden)
            held += inner
            kept.append(thinned)
        else:
            kept.append(item)
    behind = {rule for one in held for rule in one.rules}
    return Outgoing(kept=kept, held=tuple(held), result=result_of((r for r in RULES if r.id in behind), lang))


def forbidden_for(profile: Profile | None, message: str = "") -> tuple[str, ...]:
    """Ids of the rules that forbid something to this person, in table order."""
    facts = person_of(profile, message).facts()
    return tuple(
        rule.id
        for rule in RULES
        if rule.outgoing and all(any(fact in facts for fact in group) for group in rule.who)
    )


def _against(item: Any, forbidden: tuple[str, ...]) -> tuple[str, ...]:
    if not forbidden:
        return ()
    parts = [Mentions(text) for text in _texts(item)]
    return tuple(
        rule for rule in forbidden if any(name in part for name in BY_ID[rule].outgoing for part in parts)
    )


def _thinned(item: Mapping[str, Any], index: int, forbidden: tuple[str, ...]) -> tuple[Any, list[Held]]:
    held: list[Held] = []
    changed: dict[str, Any] | None = None
    for key in _NESTED:
        inner = item.get(key)
        if not isinstance(inner, list):
            continue
        judged = [(one, _against(one, forbidden)) for one in inner]
        bad = [Held(index, rules, key) for _, rules in judged if rules]
        if bad:
            held += bad
            changed = dict(item) if changed is None else changed
            changed[key] = [one for one, rules in judged if not rules]
    return (item if changed is None else changed), held


def _texts(item: Any) -> list[str]:
    """The words of an item. Each string by itself, so that a denial in one says nothing of the next."""
    found: list[str] = []
    for text in _strings(item, 0):
        found.append(text.replace("_", " "))
        if len(found) == _MAX_STRINGS:
            break
    return found


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if key not in _UNREAD and key not in _NESTED:
                    yield from _strings(inner, depth + 1)
        elif isinstance(value, list | tuple):
            for inner in value:
                yield from _strings(inner, depth + 1)
