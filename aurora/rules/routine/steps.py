"""The steps of a routine as somebody sends them: objects of many shapes, read within bounds (D 8.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from aurora.rules.routine.actives import in_use
from aurora.rules.routine.conflict_rules import Pair

LABEL_CAP = 60
SHORT_CAP = 24
_STRINGS_CAP = 40
_READ_CAP = 800
_STRING_CAP = 200

_LABEL_KEYS = ("step", "category", "slot_step", "title", "name", "display_name")
_NAME_KEYS = ("name", "title", "display_name", "step")
_LIST_KEYS = ("key_actives", "keyActives", "actives")
_SLOTS: dict[str, Pair] = {"am": ("AM", "早间"), "pm": ("PM", "晚间"), "test": ("TEST", "新增")}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step. label: what the heatmap's axes call it (EN, CN). actives: groups of `actives.NAMES`."""

    label: Pair
    actives: frozenset[str] = frozenset()


def read_steps(
    am: Sequence[Mapping[str, Any]],
    pm: Sequence[Mapping[str, Any]],
    test: Mapping[str, Any] | None,
) -> list[Step]:
    """Morning, evening, and the product under test, in this order: an index into it is a step index."""
    given = [("am", item) for item in am] + [("pm", item) for item in pm]
    if test is not None:
        given.append(("test", test))
    return [
        Step(label=label_of(item, slot, index), actives=actives_of(item))
        for index, (slot, item) in enumerate(given)
    ]


def label_of(item: Mapping[str, Any], slot: str, index: int) -> Pair:
    """What a step is called; "Step 3" / 步骤 3 if it does not say."""
    said = next((text for key in _LABEL_KEYS if (text := _text(item.get(key)))), "")
    if not said:
        return f"Step {index + 1}", f"步骤 {index + 1}"
    en, cn = _SLOTS[slot]
    return f"{en} {said}"[:LABEL_CAP], f"{cn} {said}"[:LABEL_CAP]


def actives_of(item: Mapping[str, Any]) -> frozenset[str]:
    """The actives that a step says it has: the first 800 characters of its names and lists are read."""
    told: list[str] = []
    size = 0
    for text in _told(item):
        told.append(text)
        size += len(text)
        if size > _READ_CAP:
            break
    # Each text is a clause of its own, so that a denial in one says nothing of the next.
    return frozenset(in_use(" ; ".join(told)[:_READ_CAP]))


def _told(item: Mapping[str, Any]) -> Iterator[str]:
    for holder in (item, item.get("sku"), item.get("product")):
        if isinstance(holder, Mapping):
            for key in _NAME_KEYS:
                yield from _texts(holder.get(key))
    declared = next((item[key] for key in _LIST_KEYS if item.get(key)), None)
    yield from _texts(declared)
    yield from _texts(_inside(item, "evidence_pack", "keyActives", "key_actives"))
    yield from _texts(_inside(item, "ingredients", "highlights"))
    yield from _texts(_inside(item, "ingredients", "head"))


def _inside(item: Mapping[str, Any], key: str, *names: str) -> Any:
    holder = item.get(key)
    if not isinstance(holder, Mapping):
        return None
    return next((holder[name] for name in names if holder.get(name)), None)


def _texts(value: Any) -> list[str]:
    listed = value[:_STRINGS_CAP] if isinstance(value, list) else [value]
    return [text for each in listed if (text := _text(each))]


def _text(value: Any) -> str:
    return " ".join(value[:_STRING_CAP].split()) if isinstance(value, str) else ""
