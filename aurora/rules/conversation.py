"""Where a conversation stands after a turn (decision 1): what the client will not send back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora.contract.memory import Conversation

IDLE = "idle"


def state_in_force(sent: str | None, kept: Conversation | None) -> str | None:
    """The internal state of this turn: what the client sent itself, else what we kept."""
    return sent or (kept.token if kept else None)


def after(
    kept: Conversation | None,
    *,
    reached: str | None,
    artifact_id: str | None,
    now_ms: int,
    changes: Mapping[str, Any] | None = None,
) -> Conversation | None:
    """The conversation as it stands now, or None if nothing moved.

    reached: the internal state that the answer asked for; `idle` ends one, None leaves things as they were (a
    question in between does not end a diagnosis). artifact_id: of the diagnosis that was used, if any.
    changes: other fields of `Conversation` that steps set.
    """
    before = kept or Conversation()
    moved = msgspec.structs.replace(
        before,
        token=before.token if reached is None else None if reached == IDLE else reached,
        latest_artifact_id=artifact_id or before.latest_artifact_id,
        **(changes or {}),
    )
    return None if moved == before else msgspec.structs.replace(moved, updated_at_ms=now_ms)
