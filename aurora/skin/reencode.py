"""A photo as a model may see it: upright, small, and without anything that the camera wrote into it."""

from __future__ import annotations

from typing import Final

import cv2

from aurora.skin.decode import UnreadableImageError, decode

QUALITY: Final = 82  # contract C 13; the longest side is `decode.WORK_SIDE`, 1024 as there


def as_jpeg(data: bytes) -> bytes | None:
    """A new JPEG of the pixels alone, no side above 1024 px; None for what is no picture."""
    try:
        frame = decode(data)
    except UnreadableImageError:
        return None
    made, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    return jpeg.tobytes() if made else None
