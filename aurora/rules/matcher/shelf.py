"""A catalogue made ready for questions: what does not depend on who asks is found once."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aurora.rules.matcher.catalogue import Catalogue, Product
from aurora.rules.matcher.match import shortlist
from aurora.rules.matcher.score import Wanted
from aurora.rules.matcher.slots import Entry, entry_of
from aurora.rules.safety.outgoing import against
from aurora.rules.safety.table import BY_ID

_RULES = tuple(name for name, rule in BY_ID.items() if rule.outgoing)


class Placed(msgspec.Struct, frozen=True):
    """A row on the shelf. against: the safety rules that hold it back from whom they concern."""

    entry: Entry
    against: frozenset[str]


def placed(catalogue: Catalogue) -> tuple[Placed, ...]:
    """Every row of a catalogue, judged."""
    return tuple(
        Placed(entry_of(product), frozenset(against(_words(product), _RULES)))
        for product in catalogue.products
    )


def narrowed(shelf: Iterable[Placed], wanted: Wanted, forbidden: Iterable[str]) -> list[Product]:
    """The best few of every slot for one person. forbidden: ids of the safety rules that concern them."""
    rules = frozenset(forbidden)
    return shortlist((one.entry for one in shelf if rules.isdisjoint(one.against)), wanted)


def _words(product: Product) -> list[str]:
    """What the safety rules read of a row: what it is and holds, not what its cautions warn of."""
    return [product.name, product.name_zh, *product.ingredient_ids, *product.risk_tags]
