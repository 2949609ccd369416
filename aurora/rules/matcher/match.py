"""From a catalogue to a small set for one person: excluded, scored, sorted, dealt out over AM and PM.

`shortlist` and `match` are the same choice: the first over the whole catalogue (the catalogue actor's), the
second over the few rows that it brought (the flow's, and every replay's). Rows that the shortlist leaves out
could not have come into the set, so both agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from aurora.rules.matcher import score as scoring
from aurora.rules.matcher.catalogue import Product, Slot
from aurora.rules.matcher.score import Wanted
from aurora.rules.matcher.slots import SLOTS, Entry, entry_of
from aurora.rules.notices import level_of
from aurora.rules.treatment import CONSERVATIVE_MAX_SCORE

ROWS: tuple[tuple[str, Slot], ...] = (
    ("am", "cleanser"), ("am", "moisturizer"), ("am", "sunscreen"),
    ("pm", "cleanser"), ("pm", "treatment"), ("pm", "moisturizer"),
)  # fmt: skip
"""The rows of the card, in order; each takes the best product that no row before it took (D 5.9)."""

# D 5.9: 0.7 x mean score of the two best of each slot + 0.3 x the plan's own, and what stands in for them.
SCORES_WEIGHT, PLAN_WEIGHT = 0.7, 0.3
NO_SCORES, NO_PLAN_SCORE = 0.45, 0.62
_BEST_OF_SLOT = 2


class Candidate(msgspec.Struct, frozen=True):
    """A product that may be proposed, and its score 0..100."""

    entry: Entry
    score: int


class Sureness(msgspec.Struct, frozen=True):
    """How sure a set is. score: 0..1."""

    score: float
    level: str
    rationale: tuple[str, ...]

    @property
    def conservative(self) -> bool:
        """The envelope holds back what is strong beside it."""
        return self.level != "high" or self.score <= CONSERVATIVE_MAX_SCORE

    def node(self) -> dict[str, Any]:
        """`{score, level, rationale[]}`."""
        return {"score": self.score, "level": self.level, "rationale": list(self.rationale)}


class Matched(msgspec.Struct, frozen=True):
    """The choice. by_slot: the best candidates of every slot, best first. rows: (am | pm, candidate)."""

    by_slot: dict[Slot, list[Candidate]]
    rows: list[tuple[str, Candidate]]
    sure: Sureness


def excluded(entry: Entry, wanted: Wanted) -> bool:
    """Must a product not be proposed: avoided, or too strong for this person or for what we know?

    A treatment that serves nothing of the plan is left out as well: nobody needs one for its own sake.
    """
    if any(severity == "avoid" and name in entry.contains for name, severity in wanted.avoid):
        return True
    if entry.strong and (wanted.fragile or wanted.gentle):
        return True
    if entry.slot == "treatment":
        return wanted.gentle or not scoring.hits(entry, wanted)
    return wanted.gentle and entry.reads_strong


def shortlist(entries: Iterable[Entry], wanted: Wanted) -> list[Product]:
    """The best `per_slot` of every slot, by slot and rank: everything that `match` can choose from."""
    return [c.entry.product for found in _by_slot(entries, wanted).values() for c in found]


def match(products: Sequence[Product], wanted: Wanted, *, plan_score: float | None) -> Matched:
    """Choose from `products`. plan_score: confidence of the ingredient plan, 0..1, if it has one."""
    by_slot = _by_slot((entry_of(product) for product in products), wanted)
    taken: set[str] = set()
    rows: list[tuple[str, Candidate]] = []
    for when, slot in ROWS:
        best = next((c for c in by_slot[slot] if c.entry.product.product_id.lower() not in taken), None)
        if best is not None:
            taken.add(best.entry.product.product_id.lower())
            rows.append((when, best))
    return Matched(by_slot, rows, sureness(by_slot, plan_score))


def sureness(by_slot: dict[Slot, list[Candidate]], plan_score: float | None) -> Sureness:
    """How sure the choice is, with the codes of why (D 5.9)."""
    best = [c.score for found in by_slot.values() for c in found[:_BEST_OF_SLOT]]
    mean = sum(best) / len(best) / 100 if best else NO_SCORES
    plan = NO_PLAN_SCORE if plan_score is None else min(1.0, max(0.0, plan_score))
    total = round(SCORES_WEIGHT * mean + PLAN_WEIGHT * plan, 4)
    filled = all(by_slot[slot] for slot in ("cleanser", "moisturizer", "sunscreen"))
    rationale = (
        "slot_candidates_available" if filled else "limited_candidates",
        f"avg_slot_score_{round(mean * 100)}",
        f"plan_confidence_{round(plan * 100)}",
    )
    return Sureness(total, level_of(total), rationale)


def _by_slot(entries: Iterable[Entry], wanted: Wanted) -> dict[Slot, list[Candidate]]:
    found: dict[Slot, list[Candidate]] = {slot: [] for slot in SLOTS}
    for entry in entries:
        if not excluded(entry, wanted):
            found[entry.slot].append(Candidate(entry, scoring.score(entry, wanted)))
    for slot, candidates in found.items():
        candidates.sort(key=lambda c: (-c.score, c.entry.product.product_id))
        found[slot] = candidates[: wanted.per_slot]
    return found
