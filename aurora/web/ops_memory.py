"""Memory before and after a turn, side by side: one line for each thing that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

MOST_LINES: Final = 200
_MOST_TEXT: Final = 160
_DEEP: Final = 3
_BEFORE_ONLY: Final = ("ready", "version", "epoch")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is known. before, after: as text, empty if it was not known."""

    field: str
    before: str
    after: str
    changed: bool


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """What was known before and after. after None: nothing was written, so it stayed as it was.

    A receipt tells less than a read does: of what it leaves out nothing is said to have changed.
    """
    known = dict(_lines(before or {}))
    then = known if after is None else dict(_lines(after))
    told = set(before or {}) if after is None else set(after)
    found = []
    for field in dict.fromkeys([*known, *then]):
        was, now = known.get(field, ""), then.get(field, "")
        if field.split(".")[0].split("[")[0] not in told:
            now = was
        found.append(Change(field=field, before=was, after=now, changed=was != now))
    found.sort(key=lambda change: not change.changed)
    return found[:MOST_LINES]


def first_seen(found: Sequence[Change]) -> list[Change]:
    """What is shown at once: everything that changed, and the profile."""
    return [change for change in found if change.changed or change.field.startswith("profile.")]


def _lines(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Everything that is known, by its path; what is empty is not."""
    if isinstance(value, Mapping) and depth < _DEEP:
        for name, inner in value.items():
            if not (depth == 0 and name in _BEFORE_ONLY):
                yield from _lines(inner, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            yield from _lines(item, f"{path}[{number}]", depth)
    elif value not in (None, "", [], {}, "unknown"):
        yield path, _short(value)


def _short(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = ", ".join(value)
    else:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8", "replace")
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
