"""The laws of turns about products, and of what is known for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from aurora.contract.turn import Identity
from aurora.rules.safety import GAP_REASON
from aurora.store.port import TraceRecord
from soak.simulation import Lived, World
from soak.simulation_products import FORMS, REFRESHES, TYPED

KINDS = frozenset({*FORMS, *REFRESHES})


class Look(NamedTuple):
    """One look at a law: whether it holds, and if not, why."""

    law: str
    holds: bool
    why: object


def of_answer(lived: Lived, envelope: dict[str, Any]) -> Iterator[Look]:
    """What an answer about products must be."""
    name = f"{lived.planned.kind} {lived.planned.request_id}"
    status = lived.finished.status if lived.finished is not None else 0
    if lived.planned.kind not in KINDS:
        return
    yield Look(
        "a question about products is never refused for an upstream", status == 200, f"{name} {status}"
    )
    if lived.planned.kind == "offers_resolve" and status == 200:
        yield Look("every item comes back", _all_back(lived.planned.body["items"], envelope), name)


def _all_back(sent: list[Any], envelope: dict[str, Any]) -> bool:
    """Every item, in its order, but for those that a safety rule holds back and the answer says so."""
    for card in envelope["cards"]:
        if card["type"] == "offers_resolved":
            items = card["payload"]["items"]
            held = any(gap["reason"] == GAP_REASON for gap in card["field_missing"])
            asked = [_named(each["product"]) for each in sent]
            back = [_named(each["product"]) for each in items]
            return back == asked or (held and len(back) < len(asked))
    gaps = [gap for card in envelope["cards"] for gap in card["field_missing"]]
    refused = any(card["payload"].get("reason") == "safety_block" for card in envelope["cards"])
    return refused or any(gap["reason"] == GAP_REASON for gap in gaps)


def _named(product: dict[str, Any]) -> Any:
    return product.get("name")


def of_trace(lived: Lived, record: TraceRecord) -> Iterator[Look]:
    """A turn in the background is nobody's, and so is its trace."""
    if lived.planned.kind in REFRESHES:
        told = msgspec.json.encode(record.events)
        named = TYPED.encode() in told or b"uid-" in told or record.stream != Identity("").stream
        yield Look("a turn in the background names nobody", not named, f"{record.kind} {record.stream}")


def of_world(world: World) -> Iterator[Look]:
    """What is known for everybody names nobody, and is there if somebody was told so."""
    table = world.knowledge
    names = [TYPED, *(each.turn.context.request_id for each in world.lives), "uid-"]
    for row in table.written:
        told = msgspec.json.encode([row.key, row.facts, row.source]).decode()
        found = [name for name in names if f"{name}" in told]
        yield Look("knowledge holds nothing of a person", not found, f"{row.key} {found}")
    for asked in world.kept:
        stands = table.rows.get((asked.kind, asked.key))
        lasts = stands is not None and (stands.verified or not asked.verified)
        yield Look("what is said to be kept is kept", lasts, asked.key)
    for place, held in table.held.items():
        lost = table.rows[place].verified and not held.verified
        yield Look("a verified row is never lost", not lost, place)
    yield Look("every refresh can be played", not world.unplayable, world.unplayable)
