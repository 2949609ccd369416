"""The `photo_modules_v1` card: what a photo shows, part by part of the face (contract C 25, F 13.2).

It holds what was measured and nothing beyond. Five parts are measured, so there are no modules under the
eyes; regions are the boxes around the pixels that were found, not heat maps, whose 4096 values nobody
measured; severities are those of the part, not of the whole face. Actions are ingredients of the plan, less
what safety holds back for this person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules import photo_modules_texts as texts
from aurora.rules.analysis import ingredients
from aurora.rules.analysis.photo_reading import Grade
from aurora.rules.notices import pick
from aurora.rules.safety import outgoing_for
from aurora.skin.measured import (
    DEGRADED_KEEPS,
    REGIONS,
    Box,
    Evidence,
    Finding,
    IssueType,
    Measured,
    Picture,
    QualityReason,
    Region,
    severity_of,
)

KIND: Final = "photo_modules_v1"

# Margins around the face as it was found, in shares of it: what `skin.face` cuts out to measure. The 1.2
# times of contract C 25 would cut off the chin.
LEFT, RIGHT, TOP, BOTTOM = -0.1, 1.1, -0.15, 1.25
MOST_SHOWN_PX: Final = 512
MOST_ISSUES: Final = 4
MOST_ACTIONS: Final = 3

_FLAGS: Final[dict[QualityReason, str]] = {
    "blur": "blurred",
    "too_dark": "shadow_confounded",
    "too_bright": "glare_confounded",
}
_DIGITS: Final = 4


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One finding in one part of the face. box: within the crop, in shares of it."""

    issue: IssueType
    region: Region
    severity: int
    confidence: float
    box: dict[str, float]

    @property
    def region_id(self) -> str:
        return f"pf_{self.issue}_{self.region}_bbox"


def modules_card(
    measured: Measured | None,
    *,
    grade: Grade,
    plan: Mapping[str, Any] | None,
    forbidden: tuple[str, ...],
    crop_id: str,
    lang: Lang,
) -> dict[str, Any] | None:
    """Payload of the card; None if the photo shows nothing that could be pointed at, or must not be trusted.

    grade: of the photo, the check at upload included. plan: the ingredient plan, whose targets may become
    actions. forbidden: `safety.forbidden_for` the person. crop_id: `crop_` and 16 hexadecimal digits.
    """
    if measured is None or measured.problem is not None or grade not in ("pass", "degraded"):
        return None
    face, picture = measured.face, measured.picture
    if face is None or picture is None or measured.quality.grade == "fail":
        return None
    crop = _crop(face, picture)
    if crop is None:
        return None
    # A finding of a degraded photo is less sure already; one whose upload check was degraded is not yet.
    keeps = DEGRADED_KEEPS if grade == "degraded" and measured.quality.grade == "pass" else 1.0
    parts = {region: _shown(measured.findings, region, crop, keeps) for region in REGIONS}
    shown = [one for part in parts.values() for one in part]
    if not shown:
        return None
    # Where a part is hidden, by hair as a rule, it is not known which: then no part is called clear.
    whole = measured.quality.metrics.get("parts_hidden") == 0
    targets = _allowed(plan, forbidden, lang)
    payload: dict[str, Any] = {
        "used_photos": True,
        "quality_grade": grade,
        "face_crop": {
            "crop_id": crop_id,
            "coord_space": "orig_px_v1",
            "bbox_px": {"x": crop.x, "y": crop.y, "w": crop.w, "h": crop.h},
            "orig_size_px": {"w": picture.width, "h": picture.height},
            "render_size_px_hint": _render_size(crop),
        },
        "regions": [_region(one, measured.quality.reasons) for one in shown],
        "modules": [
            {
                "module_id": region,
                "issues": [_issue(one, lang) for one in part],
                "actions": _actions(part, targets, forbidden, lang),
            }
            for region, part in parts.items()
            if part or whole
        ],
        "disclaimers": {
            "non_medical": True,
            "seek_care_triggers": [pick(lang, trigger) for trigger in texts.SEEK_CARE],
        },
    }
    if grade == "degraded":
        reasons: list[QualityReason] = [r for r in measured.quality.reasons if r in texts.NOTICES]
        payload["photo_notice"] = pick(lang, texts.NOTICES[reasons[0] if reasons else None])
        payload["degraded_reasons"] = [*reasons] or ["qc_degraded"]
        payload["degraded_reason"] = payload["degraded_reasons"][0]
    return payload


# --- where


def _crop(face: Box, picture: Picture) -> Box | None:
    """The face with its margins, as far as the picture goes; None if nothing of it lies inside."""
    x0, x1 = (_within(face.x + share * face.w, picture.width) for share in (LEFT, RIGHT))
    y0, y1 = (_within(face.y + share * face.h, picture.height) for share in (TOP, BOTTOM))
    return Box(x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


def _within(value: float, most: int) -> int:
    return min(most, max(0, round(value)))


def _render_size(crop: Box) -> dict[str, int]:
    shrink = min(1.0, MOST_SHOWN_PX / max(crop.w, crop.h))
    return {"w": max(1, round(crop.w * shrink)), "h": max(1, round(crop.h * shrink))}


def _in_crop(box: Box, crop: Box) -> dict[str, float] | None:
    """A box of the photo in shares of the crop, clipped to it; None if nothing is left."""
    x0, x1 = (min(1.0, max(0.0, (x - crop.x) / crop.w)) for x in (box.x, box.x + box.w))
    y0, y1 = (min(1.0, max(0.0, (y - crop.y) / crop.h)) for y in (box.y, box.y + box.h))
    x, y = round(x0, _DIGITS), round(y0, _DIGITS)
    w, h = round(x1 - x, _DIGITS), round(y1 - y, _DIGITS)
    return {"x": x, "y": y, "w": w, "h": h} if w > 0 and h > 0 else None


# --- what


def _shown(findings: Sequence[Finding], region: Region, crop: Box, keeps: float) -> list[_Shown]:
    """What shows in one part, most severe first."""
    found = [
        _Shown(
            issue=finding.issue_type,
            region=region,
            severity=severity_of(evidence.score),
            confidence=round(finding.confidence * keeps, 3),
            box=box,
        )
        for finding in findings
        for evidence, box in _placed(finding.evidence, region, crop)
        if severity_of(evidence.score) > 0
    ]
    return sorted(found, key=lambda one: (-one.severity, -one.confidence))[:MOST_ISSUES]


def _placed(
    evidence: Sequence[Evidence], region: Region, crop: Box
) -> list[tuple[Evidence, dict[str, float]]]:
    """The evidence of one part and its box in the crop: the strongest that can be drawn, if there is one."""
    boxes = ((one, _in_crop(one.box, crop)) for one in evidence if one.region == region)
    return [(one, box) for one, box in boxes if box is not None][:1]


def _region(one: _Shown, reasons: Sequence[QualityReason]) -> dict[str, Any]:
    strength = one.severity / 4
    made: dict[str, Any] = {
        "region_id": one.region_id,
        "type": "bbox",
        "coord_space": "face_crop_norm_v1",
        "issue_type": one.issue,
        "bbox": one.box,
        "style": {
            "intensity": round(0.7 * strength + 0.3 * one.confidence, 3),
            "priority": round(0.8 * strength + 0.2 * one.confidence, 3),
            "label_hint": one.issue,
        },
    }
    flags = [_FLAGS[reason] for reason in reasons if reason in _FLAGS]
    if flags:
        made["quality_flags"] = flags
    return made


def _issue(one: _Shown, lang: Lang) -> dict[str, Any]:
    sentence = texts.SEEN[one.issue][min(one.severity, 3) - 1]
    return {
        "issue_type": one.issue,
        "severity_0_4": one.severity,
        "confidence_0_1": one.confidence,
        "evidence_region_ids": [one.region_id],
        "explanation_short": pick(lang, sentence).format(part=pick(lang, texts.PARTS[one.region])),
    }


# --- and what helps


def _allowed(
    plan: Mapping[str, Any] | None, forbidden: tuple[str, ...], lang: Lang
) -> dict[str, Sequence[str]]:
    """Ingredients of the plan that this person may be given, with how to use them."""
    targets = {t["ingredient_id"]: t["usage_guidance"] for t in plan["targets"]} if plan is not None else {}
    return {name: targets[name] for name in outgoing_for(targets, forbidden, lang).kept}


def _actions(
    part: Sequence[_Shown], targets: Mapping[str, Sequence[str]], forbidden: tuple[str, ...], lang: Lang
) -> list[dict[str, Any]]:
    """Ingredients that help with what shows here, in the order of its issues."""
    helping: dict[str, list[IssueType]] = {}
    for one in part:
        for name in texts.HELPS[one.issue]:
            if name in targets:
                helping.setdefault(name, []).append(one.issue)
    made = [_action(name, issues, targets, lang) for name, issues in helping.items()]
    return outgoing_for(made, forbidden, lang).kept[:MOST_ACTIONS]


def _action(
    name: str, issues: list[IssueType], targets: Mapping[str, Sequence[str]], lang: Lang
) -> dict[str, Any]:
    use = texts.USES[name]
    strong = name in ingredients.STRONG or name == "azelaic_acid"
    apart = [
        other
        for _, pair, _ in ingredients.CONFLICTS
        if name in pair
        for other in sorted(pair - {name})
        if other in targets
    ]
    made: dict[str, Any] = {
        "action_type": "ingredient",
        "ingredient_id": name,
        "ingredient_name": pick(lang, texts.NAMES[name]),
        "why": pick(lang, texts.HELPS[issues[0]][name]),
        "how_to_use": {
            "time": use.time,
            "frequency": use.frequency,
            "notes": pick(lang, (" ", "")).join(targets[name]),
        },
        "cautions": [pick(lang, text) for text in (texts.PATCH, texts.STOP)] if strong else [],
        "evidence_issue_types": issues,
    }
    if apart:
        made["do_not_mix"] = [pick(lang, texts.NAMES[other]) for other in apart]
    return made
