"""Differences between two JSON documents, told by path; and the shape of an envelope, without its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

MOST: Final = 50
_TEXT: Final = 300
_NAME: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. path: JSON path, or what it is about. was: recorded; now: what today's code makes.

    Both are JSON text, shortened; blank where there is nothing.
    """

    what: str
    path: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.what} {self.path}: was {self.was or 'not there'}, is {self.now or 'not there'}"


def of_bytes(what: str, root: str, was: bytes, now: bytes) -> list[Difference]:
    """Differences of two encoded documents that are not the same bytes; at least one, at most MOST."""
    found = of_values(what, root, msgspec.json.decode(was), msgspec.json.decode(now))
    if not found:
        note = "the same values in other bytes (order of keys, or form of a number)"
        found.append(Difference(what=what, path=root, was=note, now=note))
    return found


def of_values(what: str, root: str, was: Any, now: Any) -> list[Difference]:
    """Differences of two plain values, at most MOST."""
    found: list[Difference] = []
    for path, before, after in _walk(root, was, now):
        found.append(Difference(what=what, path=path, was=before, now=after))
        if len(found) == MOST:
            break
    return found


_ABSENT: Final = object()


def _walk(path: str, was: Any, now: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            yield from _walk(_at(path, key), was.get(key, _ABSENT), now.get(key, _ABSENT))
    elif isinstance(was, list) and isinstance(now, list):
        for number in range(max(len(was), len(now))):
            before = was[number] if number < len(was) else _ABSENT
            after = now[number] if number < len(now) else _ABSENT
            yield from _walk(f"{path}[{number}]", before, after)
    elif type(was) is not type(now) or was != now:
        yield path, _short(was), _short(now)


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if _NAME.match(key) else f"{path}[{msgspec.json.encode(key).decode()}]"


def _short(value: Any) -> str:
    if value is _ABSENT:
        return ""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}... ({len(text)} characters)"


def shape_of(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """An envelope without words and ids: what a redacted recording can still be held against."""
    message = envelope.get("assistant_message")
    patch = _object(envelope.get("session_patch"))
    return {
        "message": None if message is None else _object(message).get("format"),
        "chips": [_object(chip).get("chip_id") for chip in _list(envelope.get("suggested_chips"))],
        "cards": [
            {
                "type": _object(card).get("type"),
                "reason": _object(_object(card).get("payload")).get("reason"),
                "payload": sorted(_object(_object(card).get("payload"))),
                "missing": [
                    [_object(gap).get("field"), _object(gap).get("reason")]
                    for gap in _list(_object(card).get("field_missing"))
                ],
            }
            for card in _list(envelope.get("cards"))
        ],
        "next_state": patch.get("next_state"),
        "patch": sorted(patch),
        "events": [_object(event).get("event_name") for event in _list(envelope.get("events"))],
    }


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
