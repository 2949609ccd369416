"""JSON bytes from anything: the slow path for values that JSON or UTF-8 cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

MAX_DEPTH = 96
MAX_INT_BITS = 12_000  # Python refuses to print integers of more than some 4300 digits

_encoder = msgspec.json.Encoder()


def encode_anyway(value: Any) -> bytes:
    """`value` as JSON bytes. What cannot be encoded as it is, is scrubbed first; never raises."""
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):  # UnicodeEncodeError is a ValueError
        return _encoder.encode(scrub(value))


def scrub(value: Any, depth: int = 0) -> Any:
    """A JSON-able likeness of `value`.

    Lone surrogates become `?`; absurd integers, foreign objects and what lies deeper than 96 levels, null.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return value if value.bit_length() <= MAX_INT_BITS else None
    if isinstance(value, float):
        return value
    if depth >= MAX_DEPTH:
        return None
    if isinstance(value, msgspec.Struct):
        fields = ((f, getattr(value, f)) for f in value.__struct_fields__)
        return {f: scrub(v, depth + 1) for f, v in fields if v is not msgspec.UNSET}
    if isinstance(value, Mapping):
        return {scrub(str(k)): scrub(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(v, depth + 1) for v in value]
    return None
