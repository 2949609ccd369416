"""Reading an upstream's JSON within bounds of nesting, without letting NUL in."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_NUL = b"\\u0000"


class JsonRefusedError(Exception):
    """code: `not_json` or `too_deep`."""

    def __init__(self, code: Literal["not_json", "too_deep"]) -> None:
        super().__init__(code)
        self.code: Literal["not_json", "too_deep"] = code


def read_json(raw: bytes, max_depth: int) -> tuple[Any, bytes]:
    """The decoded value, and the bytes it was decoded from.

    Refuses what is not JSON (an empty body, HTML, a truncated object, lone surrogates) and what nests deeper
    than `max_depth`. NUL escapes are taken out: no text of ours may hold them, since Postgres cannot. The
    caller bounds the size.
    """
    try:
        value = _decode(raw)
    except RecursionError:
        raise JsonRefusedError("too_deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise JsonRefusedError("not_json") from None
    if raw.count(b"[") + raw.count(b"{") > max_depth and _deeper_than(value, max_depth):
        raise JsonRefusedError("too_deep")
    if _NUL in raw:
        value = _without_nul(value)
        raw = _encode(value)
    return value, raw


def _deeper_than(value: Any, limit: int) -> bool:
    """Whether containers nest more than `limit` levels. Level by level, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > limit:
            return True
        below: list[Any] = []
        for each in level:
            inside = each.values() if isinstance(each, dict) else each
            below += [item for item in inside if isinstance(item, dict | list)]
        level = below
    return False


def _without_nul(value: Any) -> Any:
    """A copy without NUL characters. Recursive: the depth has been checked."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {key.replace("\x00", ""): _without_nul(item) for key, item in value.items()}
    return value
