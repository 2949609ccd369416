"""`measure`: the one way in. Bytes of a photo become what can be said of it, or why nothing can.

Pure and deterministic for equal bytes and equal library versions. It takes some tens of milliseconds and
loads OpenCV: services call it in a worker process (`aurora.actors.pixels`).
"""

from __future__ import annotations

from typing import Final

import cv2
import msgspec
import numpy as np

from aurora.skin.decode import Frame, UnreadableImageError, decode
from aurora.skin.detectors import Seen, detect
from aurora.skin.face import REGION_BOXES, Face, Mask, cut_out, region_box, to_picture, upright
from aurora.skin.find_face import find
from aurora.skin.measured import (
    DEGRADED_KEEPS,
    SEVERITY_FROM,
    Box,
    Evidence,
    Finding,
    IssueType,
    Measured,
    Picture,
    Quality,
    severity_of,
)
from aurora.skin.quality import judge

# What one photo can tell at most: tone may be light and shadow, texture depends on the lens. Working values.
MOST_CONFIDENT: Final[dict[IssueType, float]] = {
    "redness": 0.90, "shine": 0.90, "texture": 0.75, "tone": 0.65, "acne": 0.80,
}  # fmt: skip
# A score close to where another severity begins is less sure: down to CLOSE at the threshold itself.
CLOSE, CLEAR_AT = 0.8, 0.10
# Contract C 19.10: what light that cannot be trusted, and blur take away (a degraded photo: `measured`).
LIGHT_KEEPS, BLUR_KEEPS = 0.86, 0.88


class Examined(msgspec.Struct, frozen=True):
    """A measured photo with the arrays behind it, for overlays. face, seen: as far as it came."""

    measured: Measured
    frame: Frame | None = None
    face: Face | None = None
    seen: list[Seen] = []


def measure(data: bytes) -> Measured:
    """What the photo in `data` shows. Never raises for what the bytes are."""
    return examine(data).measured


def examine(data: bytes) -> Examined:
    """`measure`, keeping what it rests on."""
    try:
        frame = decode(data)
    except UnreadableImageError as error:
        return Examined(Measured(problem=error.problem))
    picture = Picture(format=frame.format, width=frame.width, height=frame.height)
    placed = find(frame.rgb)
    if placed is None:
        return Examined(Measured(picture=picture, quality=judge(frame.rgb, None)), frame)
    face = cut_out(frame.rgb, upright(frame.rgb, placed), frame.scale)
    quality = judge(frame.rgb, face)
    seen = detect(face) if quality.grade != "fail" else []
    box = _clipped(frame, placed.x, placed.y, placed.x + placed.w, placed.y + placed.h)
    findings = [_finding(one, frame, face, quality) for one in seen]
    return Examined(
        Measured(picture=picture, face=box, quality=quality, findings=findings), frame, face, seen
    )


def confidence_of(issue: IssueType, score: float, quality: Quality) -> float:
    """How far a score can be relied on, 0..1: the measure's own limit, the photo, the distance to the next
    severity.
    """
    away = min(abs(score - begins) for begins in SEVERITY_FROM)
    clear = CLOSE + (1 - CLOSE) * min(1.0, away / CLEAR_AT)
    kept = 1.0
    if quality.grade == "degraded":
        kept *= DEGRADED_KEEPS
    if "too_bright" in quality.reasons or "white_balance_unstable" in quality.reasons:
        kept *= LIGHT_KEEPS
    if "blur" in quality.reasons:
        kept *= BLUR_KEEPS
    return MOST_CONFIDENT[issue] * quality.factor * clear * kept


def _finding(seen: Seen, frame: Frame, face: Face, quality: Quality) -> Finding:
    severity = severity_of(seen.score)
    shown = sorted((-score, name) for name, score in seen.where.items() if severity_of(score) > 0)
    evidence = [
        Evidence(
            region=name,
            score=round(-score, 3),
            box=_around(seen.mask & face.regions[name], REGION_BOXES[name], frame, face),
        )
        for score, name in shown
        if severity > 0
    ]
    return Finding(
        issue_type=seen.issue_type,
        severity=severity,
        confidence=round(confidence_of(seen.issue_type, seen.score, quality), 3),
        score=round(seen.score, 3),
        evidence=evidence,
        metrics={name: round(value, 4) for name, value in seen.metrics.items()},
    )


def _around(mask: Mask, otherwise: tuple[float, float, float, float], frame: Frame, face: Face) -> Box:
    """The box around a mask of the canvas, in the photo's pixels; around the region if the mask is empty."""
    if mask.any():
        column, row, width, height = cv2.boundingRect(mask.astype(np.uint8))
    else:
        column, row, width, height = region_box(otherwise)
    corners = [to_picture(face.placed, x, y) for x in (column, column + width) for y in (row, row + height)]
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return _clipped(frame, min(across), min(down), max(across), max(down))


def _clipped(frame: Frame, x0: float, y0: float, x1: float, y1: float) -> Box:
    """A box of the working picture in pixels of the photo as sent, never outside of it."""
    left, right = (min(frame.width, max(0, round(x * frame.scale))) for x in (x0, x1))
    top, bottom = (min(frame.height, max(0, round(y * frame.scale))) for y in (y0, y1))
    return Box(left, top, right - left, bottom - top)
