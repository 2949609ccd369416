"""Products like a product: what is cheaper, what is merely close, and how that is kept (contract D 2.5, 3.3).

What is kept holds the decision system's own words and nothing of whoever asked first: the product that it
recognised, and the name under which it was asked, so that a row is only served for the product it is of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules import alternatives
from aurora.rules.dupe_compare import compact, same_product
from aurora.rules.dupe_texts import options, over, product
from aurora.rules.product_reading import product_name, product_of
from aurora.rules.text import strings_in
from aurora.rules.upstream_answer import harmless, too_deep

DUPES: Final = 3
COMPARABLES: Final = 2
MOST: Final = 6
"""Of either list, asked for, kept and shown at most (contract D 3.3)."""

FIELD: Final = "alternatives"
ERROR: Final = "upstream_error"
EMPTY: Final = "upstream_missing_or_empty"
UNSTRUCTURED: Final = "upstream_missing_or_unstructured"

FROM_KB: Final = "kb"
GENERATED: Final = "llm_generate"
GENERATED_EMPTY: Final = "llm_generate_empty"
_NAMED_CAP = 120


class Likes(msgspec.Struct, frozen=True, kw_only=True):
    """What is like a product, best first. dupes: cheaper. comparables: as dear, dearer, or nobody knows."""

    dupes: list[dict[str, Any]] = []
    comparables: list[dict[str, Any]] = []

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.dupes or self.comparables)

    @property
    def items(self) -> list[dict[str, Any]]:
        """All of them, the cheaper ones first."""
        return [*self.dupes, *self.comparables]

    def at_most(self, dupes: int, comparables: int) -> Likes:
        """The first few of either."""
        return Likes(dupes=self.dupes[:dupes], comparables=self.comparables[:comparables])

    def only(self, kept: Iterable[Mapping[str, Any]]) -> Likes:
        """Without what is not among `kept` (items as they are, in order)."""
        left = [dict(item) for item in kept]
        return Likes(
            dupes=[item for item in left if item["kind"] == "dupe"],
            comparables=[item for item in left if item["kind"] != "dupe"],
        )


def read(listed: Iterable[Mapping[str, Any]], original: Mapping[str, Any], lang: Lang) -> Likes:
    """What an answer lists, without the product itself, internal references and markup."""
    clean: list[dict[str, Any]] = []
    for entry in listed:
        if len(clean) == alternatives.MOST_READ:
            break
        if not too_deep(entry):
            clean.append(harmless(dict(entry)))
    items = [
        item
        for item in alternatives.normalise(clean, lang, most=alternatives.MOST_READ)
        if not same_product(item["product"], original)
    ]
    return Likes().only(items).at_most(MOST, MOST)


def facts_of(likes: Likes, recognised: Mapping[str, Any] | None, claimed: str) -> dict[str, Any]:
    """What is kept. recognised: the product as the decision system knows it, never as a client sent it.

    claimed: the name in the object that was sent, "" if none was; where nobody recognised the product, it
    stands for what the row is of.
    """
    facts: dict[str, Any] = {"dupes": likes.dupes, "comparables": likes.comparables}
    if recognised is not None:
        return {**facts, "original": dict(recognised)}
    return {**facts, "asked_as": compact(claimed)[:_NAMED_CAP]}


def from_facts(facts: Mapping[str, Any]) -> Likes:
    """What was kept, in the shape of the card; what names no product is left out."""
    found: dict[str, list[dict[str, Any]]] = {"dupes": [], "comparables": []}
    for name, kept in found.items():
        listed = facts.get(name)
        for item in listed[:MOST] if isinstance(listed, list) else ():
            if (likely := _item(item, cheaper=name == "dupes")) is not None:
                kept.append(likely)
    return Likes(dupes=found["dupes"], comparables=found["comparables"])


def is_of(facts: Mapping[str, Any], claimed: str) -> bool:
    """Whether what was kept is of the product asked for now. claimed: as of `facts_of`.

    A client may send any name with an id: its row is for those who mean the same by it.
    """
    mine = compact(claimed)[:_NAMED_CAP]
    known = [facts.get("asked_as")]
    if (recognised := product_of(facts.get("original"))) is not None:
        known.append(compact(product_name(recognised)))
    names = [name for name in known if isinstance(name, str) and name]
    return not mine or not names or any(name in mine or mine in name for name in names)


def is_a_name_of(text: str, recognised: Mapping[str, Any] | None) -> bool:
    """Whether a text somebody typed says nothing but what the product is called.

    Only then may it be a key: what else a person writes about herself belongs into no table.
    """
    if recognised is None or not text.strip():
        return False
    name = compact(" ".join(str(recognised.get(key) or "") for key in ("brand", "name", "display_name")))
    return all(compact(word) in name for word in text.split())


def payload(
    likes: Likes,
    original: Mapping[str, Any],
    *,
    key: str,
    verified_at: str,
    source: str,
    meta: Mapping[str, Any],
    gap: str,
) -> dict[str, Any]:
    """Payload of the `dupe_suggest` card. gap: why there are no fresh alternatives, "" if there are."""
    shown: dict[str, Any] = {
        "kb_key": key or None,
        "original": dict(original),
        "dupes": likes.dupes,
        "comparables": likes.comparables,
        "verified": likes.any,
        "verified_at": verified_at or None,
        "source": source,
        "meta": dict(meta),
    }
    return {**shown, "field_missing": [{"field": FIELD, "reason": gap}]} if gap else shown


def say(likes: Likes, name: str, lang: Lang, *, gap: str) -> str:
    """The sentence over the card. name: of the original, "" if it has none. gap: as of `payload`."""
    original = product(name, lang)
    if not likes.any:
        return over("came_late" if gap == ERROR else "none_found", lang, original=original)
    best = product(product_name(likes.items[0]["product"]), lang)
    close = options(len(likes.comparables), lang)
    if not likes.dupes:
        said = [over("only_close", lang, original=original, comparables=close, best=best)]
    else:
        cheap = options(len(likes.dupes), lang)
        said = [over("cheaper_found", lang, original=original, dupes=cheap, best=best)]
        if likes.comparables:
            said.append(over("and_close", lang, comparables=close))
    return joined([*said, over("tap_compare", lang)], lang)


def joined(sentences: Iterable[str], lang: Lang) -> str:
    """Sentences in a row."""
    return ("" if lang == "CN" else " ").join(sentence for sentence in sentences if sentence)


def _name(known: Mapping[str, Any]) -> str:
    """What it is called; its id if it is not called anything."""
    return next(str(known[key]) for key in ("name", "display_name", "sku_id", "product_id") if key in known)


def _item(value: object, *, cheaper: bool) -> dict[str, Any] | None:
    """An item that was kept, or that a file brought; None if it is none."""
    item = value if isinstance(value, Mapping) else {}
    shown = product_of(item.get("product"))
    if shown is None:
        return None
    kind = item.get("kind")
    lists = {
        key: strings_in(listed, MOST) if isinstance(listed := item.get(key), list) else []
        for key in ("reasons", "tradeoffs")
    }
    return {
        **item,
        "kind": "dupe" if cheaper else kind if kind in ("similar", "premium") else "similar",
        "product": {**item["product"], "name": _name(shown)},
        "similarity": alternatives.percent(item.get("similarity")),
        **lists,
    }
