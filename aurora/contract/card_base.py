"""What the payload structs of all cards stand on."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Anything = dict[str, Any]
Name = Annotated[str, Meta(min_length=1)]


class Exact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ours to the last key."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """Known keys are typed; further keys may come along."""
