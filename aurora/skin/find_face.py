"""Where the face is: OpenCV's frontal cascades, two of which have to agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from aurora.skin.decode import RGB

_FACES: Final = "haarcascade_frontalface_default.xml"
_SECOND: Final = "haarcascade_frontalface_alt2.xml"
FIND_SIDE: Final = 512  # longest side that the cascades look at: they were trained on faces of 24 pixels
FIND_STEP: Final = 1.1  # pyramid step and neighbours: the tutorial's values; they find the portrait of
FIND_NEIGHBOURS: Final = 5  # scikit-image and refuse its cat, cup, rocket and text (tests hold it)
FIND_LEAST: Final = 0.08  # smallest face, as a share of the picture's shorter side
FIND_LEAST_PX: Final = 24
_LIFT: Final = (np.sqrt(np.arange(256) / 255.0) * 255.0).astype(np.uint8)
# Luma from which on everything is one white, and what lies below is spread: a deep skin of L* 17 to 40 has a
# luma of 40 to 90 in good light. Lighter faces are found without.
_CEILINGS: Final = (100, 70)
_AGREES: Final = 3  # neighbours that make an agreement of the second cascade
_CLEARLY: Final = FIND_NEIGHBOURS  # and one that needs no further look
_AROUND: Final = 0.3  # of the box: where the second cascade looks
_SAME: Final = 0.5  # intersection over union from which on two boxes are one face

_Rectangle: TypeAlias = tuple[int, int, int, int]


def cascade(name: str) -> cv2.CascadeClassifier:
    """One of the cascades that OpenCV ships."""
    return cv2.CascadeClassifier(str(Path(cv2.__file__).with_name("data") / name))


_faces = cascade(_FACES)
_second = cascade(_SECOND)


class Placed(msgspec.Struct, frozen=True):
    """The face box in pixels of the working picture. tilt: degrees by which the face leans, clockwise."""

    x: int
    y: int
    w: int
    h: int
    tilt: float = 0.0


def find(rgb: RGB) -> Placed | None:
    """The largest frontal face, None if there is none. Deterministic for equal pixels.

    The default cascade proposes and a second one, trained otherwise, has to agree on the same place: alone
    either takes crops of scikit-image's cat, page or rocket for a face now and then, together neither did
    (tests hold it). A face that both see clearly in luma is taken at once. Otherwise several views of the
    picture are looked at, and the place with the most agreement wins: on deep skin beside light hair or a
    bright wall, luma shows the cascades a dark hole where they expect a light oval (`_views`).
    """
    shrink = min(1.0, FIND_SIDE / max(rgb.shape[:2]))
    small = rgb
    if shrink < 1.0:
        size = (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink)))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    box = _clearly(small) or _by_agreement(small)
    return None if box is None else Placed(*(round(value / shrink) for value in box))


def _clearly(rgb: RGB) -> _Rectangle | None:
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    for box in _boxes(_faces, luma):
        if _agreed(box, luma, _CLEARLY):
            return box
    return None


def _by_agreement(rgb: RGB) -> _Rectangle | None:
    """The place on which most of (view, cascade) agree, the default cascade having proposed it."""
    views = _views(rgb)
    proposed = [(number, box) for number, view in enumerate(views) for box in _boxes(_faces, view)]
    best: tuple[int, int, _Rectangle] | None = None
    for _, box in proposed:
        seconded = sum(_agreed(box, view, _AGREES) for view in views)
        if not seconded:
            continue
        agreement = seconded + len({number for number, other in proposed if _overlap(box, other) >= _SAME})
        if best is None or (agreement, box[2]) > best[:2]:
            best = (agreement, box[2], box)
    return None if best is None else best[2]


def _views(rgb: RGB) -> list[NDArray[Any]]:
    """Grey pictures to look at: luma; red brightened, in which skin of every tone is lightest; luma below
    each ceiling, in which deep skin is the lighter part of a face.
    """
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    red = cv2.LUT(np.ascontiguousarray(rgb[..., 0]), _LIFT)
    return [luma, red, *(cv2.LUT(luma, _below(ceiling)) for ceiling in _CEILINGS)]


def _below(ceiling: int) -> NDArray[Any]:
    share = np.minimum(np.arange(256), ceiling) / ceiling
    return (np.sqrt(share) * 255.0).astype(np.uint8)


def _boxes(finder: cv2.CascadeClassifier, gray: NDArray[Any]) -> list[_Rectangle]:
    """Faces in a grey picture, largest first."""
    least = max(FIND_LEAST_PX, round(min(gray.shape) * FIND_LEAST))
    found = finder.detectMultiScale(
        gray, scaleFactor=FIND_STEP, minNeighbors=FIND_NEIGHBOURS, minSize=(least, least)
    )
    return sorted(
        ((int(x), int(y), int(w), int(h)) for x, y, w, h in found), key=lambda box: (-box[2] * box[3], box)
    )


def _agreed(box: _Rectangle, view: NDArray[Any], neighbours: int) -> bool:
    """Whether the second cascade sees the same face in `view`."""
    x, y, w, h = box
    top, left = max(0, int(y - _AROUND * h)), max(0, int(x - _AROUND * w))
    near = np.ascontiguousarray(view[top : int(y + (1 + _AROUND) * h), left : int(x + (1 + _AROUND) * w)])
    least = (round(0.6 * w), round(0.6 * h))
    found = _second.detectMultiScale(near, scaleFactor=FIND_STEP, minNeighbors=neighbours, minSize=least)
    return any(
        _overlap(box, (int(u) + left, int(v) + top, int(across), int(down))) >= _SAME
        for u, v, across, down in found
    )


def _overlap(one: _Rectangle, other: _Rectangle) -> float:
    """Intersection over union, 0..1."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(0, across) * max(0, down)
    return both / (one[2] * one[3] + other[2] * other[3] - both)
