"""Facts to text and back. Text is what the log keeps; old shapes are lifted to today's when they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from aurora.store.facts import Fact, FactMeta
from aurora.store.projections import Event

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

# Shape version of each fact as it is written today; 1 where not named.
SCHEMA_VERSIONS: Mapping[str, int] = {}
# (fact, version) -> data of the next version. A chain must reach SCHEMA_VERSIONS.
UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}

encode = msgspec.json.Encoder().encode
_fact = msgspec.json.Decoder(Fact)
_meta = msgspec.json.Decoder(FactMeta)
_raw = msgspec.json.Decoder()


class UnreadableEventError(Exception):
    """An event of the log cannot be read by this version of the service."""


def schema_version(name: str) -> int:
    """The version under which facts called `name` are written today."""
    return SCHEMA_VERSIONS.get(name, 1)


def decode_event(
    stream: str, version: int, event_id: str, name: str, schema: int, data: str, meta: str,
    *,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
    current: Mapping[str, int] = SCHEMA_VERSIONS,
) -> Event:  # fmt: skip
    """An event as stored, in today's shape. Raises UnreadableEventError, naming type and version only."""
    try:
        if schema == current.get(name, 1):
            fact = _fact.decode(data)
        else:
            raw = _raw.decode(data)
            while schema != current.get(name, 1):
                raw = upcasters[(name, schema)](raw)
                schema += 1
            fact = msgspec.convert(raw, Fact)
        return Event(stream, version, event_id, fact, _meta.decode(meta))
    except (KeyError, msgspec.DecodeError) as error:
        raise UnreadableEventError(f"{name} v{schema} at version {version}") from error
