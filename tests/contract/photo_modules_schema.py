"""The client's own check of a `photo_modules_v1` payload, written down from contract F 13.2.

Independent of our structs on purpose: it knows nothing of how the card is made, and allows everything that
the client allows. `problems` lists what the client would stumble over; one entry, and it draws a grey line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

GRADES = ("pass", "degraded", "fail")
REGION_TYPES = ("bbox", "polygon", "heatmap")
ISSUES = ("redness", "shine", "texture", "tone", "acne")
MODULES = ("forehead", "left_cheek", "right_cheek", "nose", "chin", "under_eye_left", "under_eye_right")
FLAGS = ("glare_confounded", "shadow_confounded", "filter_suspected", "blurred")
TIMES = ("AM", "PM", "AM_PM")
FREQUENCIES = ("daily", "2-3x_week", "weekly")
GRID = 64

# Contract C 25, E 4.4: never a picture of ours on top of the person's own.
FORBIDDEN_KEYS = frozenset({"overlay_url", "server_overlay", "overlay_image"})


def problems(payload: Any) -> list[str]:
    """Everything that is wrong with a payload; [] if the client draws it."""
    return list(_payload(payload))


def _payload(payload: Any) -> Iterator[str]:
    if not isinstance(payload, Mapping):
        yield "payload: no object"
        return
    if not isinstance(payload.get("used_photos"), bool):
        yield "used_photos: no bool"
    yield from _one_of(payload.get("quality_grade"), GRADES, "quality_grade")
    if "photo_notice" in payload and not isinstance(payload["photo_notice"], str):
        yield "photo_notice: no string"
    yield from _crop(payload.get("face_crop"))
    regions, modules = payload.get("regions"), payload.get("modules")
    for name, values in (("regions", regions), ("modules", modules)):
        if not isinstance(values, list):
            yield f"{name}: no list"
    ids = [r.get("region_id") for r in regions or () if isinstance(r, Mapping)]
    if len(ids) != len(set(ids)):
        yield "regions: an id stands twice"
    for index, region in enumerate(regions or ()):
        yield from (f"regions[{index}].{what}" for what in _region(region))
    for index, module in enumerate(modules or ()):
        yield from (f"modules[{index}].{what}" for what in _module(module, ids))
    yield from (f"{key}: forbidden" for key in _keys(payload) if key in FORBIDDEN_KEYS)


def _crop(crop: Any) -> Iterator[str]:
    if not isinstance(crop, Mapping):
        yield "face_crop: no object"
        return
    if not _text(crop.get("crop_id")):
        yield "face_crop.crop_id"
    if crop.get("coord_space") != "orig_px_v1":
        yield "face_crop.coord_space"
    sizes = (("bbox_px", "xywh"), ("orig_size_px", "wh"), ("render_size_px_hint", "wh"))
    for name, keys in sizes:
        part = crop.get(name)
        if not isinstance(part, Mapping):
            yield f"face_crop.{name}: no object"
            continue
        for key in keys:
            value = part.get(key)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                yield f"face_crop.{name}.{key}: {value!r}"


def _region(region: Any) -> Iterator[str]:
    if not isinstance(region, Mapping):
        yield "no object"
        return
    if not _text(region.get("region_id")):
        yield "region_id"
    yield from _one_of(region.get("type"), REGION_TYPES, "type")
    if region.get("coord_space") != "face_crop_norm_v1":
        yield "coord_space"
    if "issue_type" in region:
        yield from _one_of(region["issue_type"], ISSUES, "issue_type")
    style = region.get("style")
    if not isinstance(style, Mapping):
        yield "style: no object"
    else:
        for name in ("intensity", "priority"):
            if not _share(style.get(name)):
                yield f"style.{name}"
        if not _text(style.get("label_hint"), 64):
            yield "style.label_hint"
    for flag in region.get("quality_flags", ()):
        yield from _one_of(flag, FLAGS, "quality_flags")
    match region.get("type"):
        case "bbox":
            yield from _box(region.get("bbox"))
        case "polygon":
            polygon = region.get("polygon")
            points = polygon.get("points") if isinstance(polygon, Mapping) else None
            if not isinstance(points, list) or len(points) < 3:
                yield "polygon.points"
        case "heatmap":
            yield from _heatmap(region.get("heatmap"))


def _box(box: Any) -> Iterator[str]:
    """Shares of the crop that stay inside of it; the client would clamp them, we never need it to."""
    if not isinstance(box, Mapping) or not all(_share(box.get(key)) for key in "xywh"):
        yield "bbox"
        return
    if box["x"] + box["w"] > 1 + 1e-9 or box["y"] + box["h"] > 1 + 1e-9 or not box["w"] or not box["h"]:
        yield "bbox: leaves the crop, or empty"


def _heatmap(heatmap: Any) -> Iterator[str]:
    if not isinstance(heatmap, Mapping):
        yield "heatmap: no object"
        return
    values = heatmap.get("values")
    if heatmap.get("grid") != {"w": GRID, "h": GRID}:
        yield "heatmap.grid"
    if not isinstance(values, list) or len(values) != GRID * GRID or not all(map(_share, values)):
        yield "heatmap.values"


def _module(module: Any, region_ids: list[Any]) -> Iterator[str]:
    if not isinstance(module, Mapping):
        yield "no object"
        return
    yield from _one_of(module.get("module_id"), MODULES, "module_id")
    issues, actions = module.get("issues"), module.get("actions")
    if not isinstance(issues, list) or not isinstance(actions, list):
        yield "issues or actions: no list"
        return
    for issue in issues:
        if not isinstance(issue, Mapping):
            yield "issues: no object"
            continue
        yield from _one_of(issue.get("issue_type"), ISSUES, "issues.issue_type")
        severity = issue.get("severity_0_4")
        if not _number(severity) or not 0 <= severity <= 4:
            yield "issues.severity_0_4"
        if not _share(issue.get("confidence_0_1")):
            yield "issues.confidence_0_1"
        evidence = issue.get("evidence_region_ids")
        if not isinstance(evidence, list) or not all(one in region_ids for one in evidence):
            yield "issues.evidence_region_ids"
        if not _text(issue.get("explanation_short"), 220):
            yield "issues.explanation_short"
    for action in actions:
        yield from (f"actions.{what}" for what in _action(action))


def _action(action: Any) -> Iterator[str]:
    if not isinstance(action, Mapping):
        yield "no object"
        return
    if action.get("action_type") != "ingredient":
        yield "action_type"
    for name in ("ingredient_id", "ingredient_name"):
        if not _text(action.get(name)):
            yield name
    if not _text(action.get("why"), 300):
        yield "why"
    use = action.get("how_to_use")
    if not isinstance(use, Mapping):
        yield "how_to_use: no object"
    else:
        yield from _one_of(use.get("time"), TIMES, "how_to_use.time")
        yield from _one_of(use.get("frequency"), FREQUENCIES, "how_to_use.frequency")
        if not isinstance(use.get("notes"), str):
            yield "how_to_use.notes"
    if not _texts(action.get("cautions")):
        yield "cautions"
    kinds = action.get("evidence_issue_types")
    if not isinstance(kinds, list) or not all(kind in ISSUES for kind in kinds):
        yield "evidence_issue_types"
    if "do_not_mix" in action and not _texts(action["do_not_mix"]):
        yield "do_not_mix"


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _one_of(value: Any, allowed: tuple[str, ...], name: str) -> Iterator[str]:
    if value not in allowed:
        yield f"{name}: {value!r}"


def _text(value: Any, most: int | None = None) -> bool:
    return isinstance(value, str) and value != "" and (most is None or len(value) <= most)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1
