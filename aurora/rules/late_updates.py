"""How late blocks of recommendations join those that a client shows already (contract D 9).

What was seen stays where it was: the first LOCKED candidates keep their places (what is said of them may
change), the others follow in their new order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LOCKED: Final = 3
MOST_CANDIDATES: Final = 12
CANDIDATE_BLOCKS: Final = ("competitors", "related_products", "dupes")
BLOCKS: Final = (*CANDIDATE_BLOCKS, "provenance")
_ID_KEYS: Final = ("product_id", "sku_id")
_NAME_KEYS: Final = ("name", "display_name")


def blocks_of(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The blocks that clients know, of the right shape and no longer than they may be."""
    return {block: _trimmed(said[block]) for block in BLOCKS if isinstance(said.get(block), dict)}


def merged(
    stands: Mapping[str, dict[str, Any]], later: Mapping[str, dict[str, Any]]
) -> dict[str, tuple[dict[str, Any], int]]:
    """The blocks that change, as they are from now on, each with how many of its candidates changed."""
    changed: dict[str, tuple[dict[str, Any], int]] = {}
    for block, new in later.items():
        old = stands.get(block, {})
        whole = new
        if block in CANDIDATE_BLOCKS:
            whole = {**new, "candidates": in_place(_candidates(old), _candidates(new))}
        if whole != old:
            changed[block] = whole, _moved(_candidates(old), _candidates(whole))
    return changed


def in_place(shown: list[Any], new: list[Any]) -> list[Any]:
    """`new`, with the first LOCKED of `shown` where they were; one that is not among the new stays."""
    waiting = list(new)
    kept: list[Any] = []
    for candidate in shown[:LOCKED]:
        match = next((one for one in waiting if same(one, candidate)), None)
        if match is not None:
            waiting.remove(match)
        kept.append(candidate if match is None else match)
    return [*kept, *waiting][:MOST_CANDIDATES]


def same(one: Any, other: Any) -> bool:
    """Whether two candidates are the same product: by id where both have one, else by name."""
    ids, other_ids = _texts(one, _ID_KEYS), _texts(other, _ID_KEYS)
    if ids and other_ids:
        return not ids.isdisjoint(other_ids)
    return not _texts(one, _NAME_KEYS).isdisjoint(_texts(other, _NAME_KEYS))


def rank_of(block: Any, product_id: str, name: str) -> int:
    """Place of a candidate in a block, from 1; 0 if it is not there."""
    wanted = {"product_id": product_id, "name": name}
    places = (n for n, one in enumerate(_candidates(block), 1) if same(one, wanted))
    return next(places, 0)


def _candidates(block: Any) -> list[Any]:
    found = block.get("candidates") if isinstance(block, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _trimmed(block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "candidates": _candidates(block)[:MOST_CANDIDATES]} if "candidates" in block else block


def _texts(candidate: Any, keys: tuple[str, ...]) -> set[str]:
    if not isinstance(candidate, dict):
        return set()
    return {
        text.strip().casefold()
        for key in keys
        if isinstance(text := candidate.get(key), str) and text.strip()
    }


def _moved(old: list[Any], new: list[Any]) -> int:
    return sum(1 for n, one in enumerate(new) if n >= len(old) or one != old[n]) + max(0, len(old) - len(new))
