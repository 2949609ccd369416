"""What is known of products, as the rest of the house sees it (contract D 7).

Knowledge belongs to nobody: rows are keyed by product and language and hold nothing of a person. So it is no
projection of anybody's stream and nothing of it is erased; a row is written over by a newer one, and only by
one that is worth as much.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

KnowledgeKind = Literal["product", "dupes"]
KINDS: tuple[KnowledgeKind, ...] = ("product", "dupes")
_LISTS = ("dupes", "comparables")


class KnowledgeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row. verified_at: of the newest verified answer, "" if there was none. written_at: ISO-8601 UTC."""

    key: str
    facts: dict[str, Any]
    verified: bool
    verified_at: str
    source: str
    written_at: str


class KnowledgeStore(Protocol):
    """Where rows last. Every method raises StoreError."""

    lasting: bool  # False: rows live in the process's memory alone

    async def recall(self, kind: KnowledgeKind, keys: tuple[str, ...]) -> KnowledgeRow | None:
        """The row of the first key that has one."""
        ...

    async def keep(self, kind: KnowledgeKind, row: KnowledgeRow) -> bool:
        """Write a row. False: what stands is verified and this is not, or it is newer."""
        ...


class NoKnowledge:
    """Where nothing lasts (no database, or retention 0): only the memory in front of it holds rows."""

    lasting = False

    async def recall(self, _: KnowledgeKind, __: tuple[str, ...]) -> KnowledgeRow | None:
        """There is none."""
        return None

    async def keep(self, _: KnowledgeKind, __: KnowledgeRow) -> bool:
        """Nothing stands in the way."""
        return True


def as_kept(kind: KnowledgeKind, facts: dict[str, Any]) -> dict[str, Any]:
    """Facts in the one shape in which they are read again: those of dupes have both lists, first."""
    if kind == "product":
        return facts
    original = {"original": facts["original"]} if "original" in facts else {}
    lists = {name: facts[name] if isinstance(facts.get(name), list) else [] for name in _LISTS}
    return original | lists | {name: facts[name] for name in facts if name not in (*original, *lists)}
