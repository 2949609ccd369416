"""An assembler on its own, and what tests put into it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from aurora.actors.assembler import EnvelopeAssembler, Finished
from aurora.contract.turn import Identity, RequestContext, Turn
from aurora.settings import Settings

NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


def assembler(lang: Any = "EN", *, chat: bool = False, **settings: Any) -> EnvelopeAssembler:
    context = RequestContext("r1", "t1", lang, "u1", "b1", "chip", "idle")
    turn = Turn(kind="chat", context=context, identity=Identity("u1"), now=NOW, seed="ab" * 16)
    return EnvelopeAssembler(turn, Settings(**settings), chat=chat)


def plain(finished: Finished) -> dict[str, Any]:
    return json.loads(finished.body)


OFFERS: dict[str, Any] = {"items": [], "market": "US", "metadata": {}}


def types(finished: Finished) -> list[str]:
    return [card.type for card in finished.envelope.cards]


def pick(name: str, **more: Any) -> dict[str, Any]:
    sku = {
        "product_id": "p", "sku_id": "s", "brand": "B", "name": name, "display_name": name, "category": "c",
    }  # fmt: skip
    return {
        "slot": "am", "step": "Moisturizer", "sku": sku, "notes": [], "reasons": [], "pdp_open": {}, **more,
    }  # fmt: skip


def recommending(*items: Any, **payload: Any) -> EnvelopeAssembler:
    built = assembler(chat=True)
    built.attempted_recommendations(artifact_usable=True)
    built.allow_commerce()
    built.say("Here are two calm picks to start with.")
    shown = {"recommendations": list(items), "recommendations_count": len(items), **payload}
    built.card("reco", "recommendations", shown)
    built.event("recos_requested", {"explicit": True})
    return built
