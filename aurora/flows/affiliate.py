"""Leaving for a shop: echoed, and remembered as a fact (contract A 7.6)."""

from __future__ import annotations

import msgspec

from aurora.actors.findings import Failure
from aurora.actors.redaction import redact
from aurora.actors.stage import Stage
from aurora.store.facts import OutboundOpened


async def outcome(stage: Stage) -> None:
    """Echo what happened. The person has left: a store that is away costs the fact, not the answer."""
    envelope, settings = stage.envelope, stage.settings
    said = msgspec.to_builtins(stage.turn.body)
    url = said.get("url")
    if url is not None:  # the log keeps it for good: not with somebody's token in it
        url = msgspec.json.decode(redact(msgspec.json.encode(url)), type=str)
    fact = OutboundOpened(outcome=said["outcome"], url=url, offer_id=said.get("offer_id"))
    pending = stage.remember(fact)
    envelope.event("outbound_opened", {"outcome": fact.outcome, "url": fact.url})
    finding = await pending.wait(at_most_ms=min(stage.remaining_ms(), settings.append_wait_ms))
    lost = isinstance(finding, Failure)
    envelope.card(
        "out", "affiliate_outcome", said, field_missing=(("outcome", "db_unavailable"),) if lost else ()
    )
