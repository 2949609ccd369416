"""What every subject of the understudy shares: the shape of a cue and of a reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from aurora.sandbox.asked import Asked

Reply = dict[str, Any]
Cue = tuple[str, Callable[[Asked], Reply]]
SCHEMA = "aurora.structured.v1"


def as_text(value: Any) -> str:
    """`value` as JSON, the way the real system puts data into its `answer`."""
    return msgspec.json.encode(value).decode()
