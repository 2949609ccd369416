"""A picture of what was measured: skin outlined, each finding in its colour. For people, not for programs."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import cv2
import numpy as np
from PIL import Image

from aurora.skin.decode import RGB
from aurora.skin.face import CANVAS, Face, Mask
from aurora.skin.findings import Examined
from aurora.skin.measured import IssueType, severity_of

COLOURS: Final[dict[IssueType, tuple[int, int, int]]] = {
    "redness": (214, 40, 57), "shine": (255, 209, 64), "texture": (58, 134, 255), "tone": (131, 56, 236),
    "acne": (0, 168, 107),
}  # fmt: skip
_OUTLINE: Final = (0, 180, 120)
_ENLARGED: Final = 2


def mask_picture(face: Face) -> RGB:
    """The face with everything darkened that is not measured, regions outlined. CANVAS-shaped."""
    shown = face.rgb.copy()
    shown[~face.skin] //= 3
    for part in face.regions.values():
        _outline(shown, part)
    return shown


def finding_picture(examined: Examined) -> RGB:
    """The face with the pixels of each finding of severity 1 and above in its colour. CANVAS-shaped."""
    if examined.face is None:
        return np.zeros((*CANVAS, 3), dtype=np.uint8)
    shown = examined.face.rgb.astype(np.float32)
    for seen in examined.seen:
        if severity_of(seen.score) > 0:
            shown[seen.mask] = 0.4 * shown[seen.mask] + 0.6 * np.array(COLOURS[seen.issue_type], np.float32)
    picture = shown.astype(np.uint8)
    _outline(picture, examined.face.skin)
    return picture


def side_by_side(examined: Examined) -> bytes:
    """A PNG: the face, what of it was measured, what was found. Without a face: the picture alone."""
    if examined.face is not None:
        row = [examined.face.rgb, mask_picture(examined.face), finding_picture(examined)]
        picture = np.repeat(np.repeat(np.hstack(row), _ENLARGED, axis=0), _ENLARGED, axis=1)
    elif examined.frame is not None:
        picture = examined.frame.rgb
    else:
        raise ValueError("there is no picture to show")
    out = BytesIO()
    Image.fromarray(picture).save(out, "PNG", optimize=True)
    return out.getvalue()


def _outline(picture: RGB, mask: Mask) -> None:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, _OUTLINE, 1)
