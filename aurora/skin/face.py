"""Where the face is, which of its pixels are skin, and where forehead, cheeks, nose and chin lie.

The face is found by OpenCV's frontal cascade and cut out into a canvas of fixed scale, so that every later
measure speaks in the same unit: FACE_PX pixels across the face box, on an adult some 0.9 mm each. Regions are
geometry in that box. Skin is what lies within them and resembles the middle of this very face: no fixed skin
colour anywhere, which is what makes the mask hold for every skin tone.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from aurora.skin.decode import RGB
from aurora.skin.measured import REGIONS, Region

Plane: TypeAlias = NDArray[Any]
Mask: TypeAlias = NDArray[np.bool_]

# --- finding

_FACES: Final = "haarcascade_frontalface_default.xml"
_SECOND: Final = "haarcascade_frontalface_alt2.xml"
_EYES_OPEN: Final = "haarcascade_eye.xml"
FIND_SIDE: Final = 512  # longest side that the cascades look at: they were trained on faces of 24 pixels
FIND_STEP: Final = 1.1  # pyramid step and neighbours: the tutorial's values; they find the portrait of
FIND_NEIGHBOURS: Final = 5  # scikit-image and refuse its cat, cup, rocket and text (tests hold it)
FIND_LEAST: Final = 0.08  # smallest face, as a share of the picture's shorter side
FIND_LEAST_PX: Final = 24
# Eyes are sought in this band of the face box, as wide as this share of it; they tell how the head leans.
# Less than the noise of that is no tilt, more than the cascade tolerates is a mistake.
EYES_BETWEEN: Final = (0.05, 0.65)
EYE_WIDTH: Final = (0.15, 0.40)
TILT_NOISE, TILT_MOST = 3.0, 30.0

# --- the canvas, in units of the face box: (0, 0) its upper left corner, (1, 1) its lower right

FACE_PX: Final = 160
LEFT, RIGHT, TOP, BOTTOM = -0.1, 1.1, -0.15, 1.25
CANVAS: Final = (round((BOTTOM - TOP) * FACE_PX), round((RIGHT - LEFT) * FACE_PX))  # rows, columns

# Centre and half axes of the facial oval; boxes as (x0, y0, x1, y1). Measured on faces as the cascade boxes
# them: eyes at 0.36 of the height, nose tip at 0.63, mouth at 0.83, chin at 1.15.
_OVAL: Final = (0.5, 0.56, 0.44, 0.63)
_EYES: Final = ((0.10, 0.22, 0.45, 0.47), (0.55, 0.22, 0.90, 0.47))
_BROWS: Final = 0.19
_MOUTH: Final = (0.24, 0.71, 0.76, 0.97)
_NOSTRILS: Final = (0.36, 0.64, 0.64, 0.72)
_CORE: Final = ((0.16, 0.50, 0.36, 0.66), (0.64, 0.50, 0.84, 0.66), (0.42, 0.40, 0.58, 0.60))
REGION_BOXES: Final[dict[Region, tuple[float, float, float, float]]] = {
    "forehead": (0.18, -0.08, 0.82, 0.22),
    "left_cheek": (0.06, 0.47, 0.36, 0.80),
    "right_cheek": (0.64, 0.47, 0.94, 0.80),
    "nose": (0.38, 0.30, 0.62, 0.66),
    "chin": (0.30, 0.97, 0.70, 1.18),
}

# How far from the core's median Lab a pixel may be and still be skin: hair and cloth are darker, or of
# another hue. Redness and highlights must stay in, or they would hide themselves, hence the asymmetry.
# Shadows on skin darken in proportion to its lightness, noise does not: hence a share, and a least.
_DARKER_SHARE, _LEAST_DARKER, _LIGHTER = 0.31, 16.0, 45.0
_GREENER, _REDDER = 10.0, 45.0
_BLUER, _YELLOWER = 16.0, 16.0
_HOLE_PX: Final = 13  # spots up to this width stay part of the skin around them
# Skin that is measured keeps this distance from hair, brows and lips, whose edges are no texture of skin.
_MARGIN_PX: Final = 3

_haar = Path(cv2.__file__).with_name("data")
_faces = cv2.CascadeClassifier(str(_haar / _FACES))
_second = cv2.CascadeClassifier(str(_haar / _SECOND))
_eyes = cv2.CascadeClassifier(str(_haar / _EYES_OPEN))


class Placed(msgspec.Struct, frozen=True):
    """The face box in pixels of the working picture. tilt: degrees by which the face leans, clockwise."""

    x: int
    y: int
    w: int
    h: int
    tilt: float = 0.0


class Face(msgspec.Struct, frozen=True):
    """A face on its canvas. Planes are CANVAS-shaped.

    rgb: the pixels, edges repeated where the canvas leaves the picture. lab: CIE L*a*b* (D65). inside: where
    the canvas shows picture. skin: what may be measured. regions: skin of each region, shares: as a share of
    the region's area. source_px: width of the face in the picture as sent.
    """

    placed: Placed
    rgb: RGB
    lab: Plane
    inside: Mask
    skin: Mask
    regions: dict[Region, Mask]
    shares: dict[Region, float]
    source_px: float


def find(rgb: RGB) -> Placed | None:
    """The largest frontal face, None if there is none. Deterministic for equal pixels.

    The default cascade proposes and a second one, trained otherwise, has to agree: alone either takes crops
    of scikit-image's cat, page or rocket for a face now and then, together neither did (a test holds it).
    Where luma shows nothing the brightened red channel is looked at: skin is lightest in red, whatever its
    tone, and dark skin keeps there the contrast to eyes and mouth that the cascades were trained on.
    """
    shrink = min(1.0, FIND_SIDE / max(rgb.shape[:2]))
    small = rgb
    if shrink < 1.0:
        size = (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink)))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    red = cv2.LUT(np.ascontiguousarray(small[..., 0]), _LIFT)
    for proposed in (luma, red):
        for box in _boxes(_faces, proposed):
            if _agreed(box, luma, red):
                return Placed(*(round(value / shrink) for value in box))
    for box in _boxes(_second, red):
        return Placed(*(round(value / shrink) for value in box))
    return None


_LIFT: Final = (np.sqrt(np.arange(256) / 255.0) * 255.0).astype(np.uint8)
_AGREES: Final = 2  # neighbours that make an agreement
_AROUND: Final = 0.3  # of the box: where the second cascade looks


def _boxes(cascade: cv2.CascadeClassifier, gray: NDArray[Any]) -> list[tuple[int, int, int, int]]:
    """Faces in a grey picture, largest first."""
    least = max(FIND_LEAST_PX, round(min(gray.shape) * FIND_LEAST))
    found = cascade.detectMultiScale(
        gray, scaleFactor=FIND_STEP, minNeighbors=FIND_NEIGHBOURS, minSize=(least, least)
    )
    return sorted(
        ((int(x), int(y), int(w), int(h)) for x, y, w, h in found), key=lambda box: (-box[2] * box[3], box)
    )


def _agreed(box: tuple[int, int, int, int], *views: NDArray[Any]) -> bool:
    x, y, w, h = box
    rows = slice(max(0, int(y - _AROUND * h)), int(y + (1 + _AROUND) * h))
    columns = slice(max(0, int(x - _AROUND * w)), int(x + (1 + _AROUND) * w))
    least = (round(0.6 * w), round(0.6 * h))
    for view in views:
        near = np.ascontiguousarray(view[rows, columns])
        if len(_second.detectMultiScale(near, scaleFactor=FIND_STEP, minNeighbors=_AGREES, minSize=least)):
            return True
    return False


def upright(rgb: RGB, placed: Placed) -> Placed:
    """`placed` with the tilt that the line between the eyes tells; 0 if both eyes are not clearly seen."""
    canvas, _ = _canvas(rgb, placed)
    top, bottom = _row(EYES_BETWEEN[0]), _row(EYES_BETWEEN[1])
    gray = cv2.cvtColor(canvas[top:bottom], cv2.COLOR_RGB2GRAY)
    least, most = round(EYE_WIDTH[0] * FACE_PX), round(EYE_WIDTH[1] * FACE_PX)
    found = _eyes.detectMultiScale(
        gray,
        scaleFactor=FIND_STEP,
        minNeighbors=FIND_NEIGHBOURS,
        minSize=(least, least),
        maxSize=(most, most),
    )
    centres = sorted((int(x) + int(w) / 2, int(y) + int(h) / 2) for x, y, w, h in found)
    left = [centre for centre in centres if centre[0] < CANVAS[1] / 2]
    right = [centre for centre in centres if centre[0] >= CANVAS[1] / 2]
    if len(left) != 1 or len(right) != 1:
        return placed
    across, down = right[0][0] - left[0][0], right[0][1] - left[0][1]
    tilt = math.degrees(math.atan2(down, across))
    if not TILT_NOISE < abs(tilt) <= TILT_MOST:
        return placed
    return msgspec.structs.replace(placed, tilt=round(tilt, 1))


def cut_out(rgb: RGB, placed: Placed, scale: float) -> Face:
    """The face of `rgb` at `placed` on its canvas, its skin and regions. scale: see `decode.Frame`."""
    canvas, inside = _canvas(rgb, placed)
    lab = cv2.cvtColor(canvas.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB).astype(np.float32)
    skin = _skin(lab, inside)
    regions = {name: skin & _box(REGION_BOXES[name]) for name in REGIONS}
    shares = {
        name: float(regions[name].sum()) / float((_box(REGION_BOXES[name]) & _FACE).sum()) for name in REGIONS
    }
    return Face(
        placed=placed, rgb=canvas, lab=lab, inside=inside, skin=skin, regions=regions, shares=shares,
        source_px=placed.w * scale,
    )  # fmt: skip


def to_picture(placed: Placed, column: float, row: float) -> tuple[float, float]:
    """A point of the canvas in pixels of the working picture."""
    matrix = _matrix(placed)
    x, y = matrix @ np.array([column - 0.5, row - 0.5, 1.0])
    return float(x) + 0.5, float(y) + 0.5


def _matrix(placed: Placed) -> NDArray[np.float64]:
    """From canvas to working picture, between pixel centres: scaled, turned about the middle of the face."""
    zoom = placed.w / FACE_PX
    turn = math.radians(placed.tilt)
    cos, sin = zoom * math.cos(turn), zoom * math.sin(turn)
    middle = ((0.5 - LEFT) * FACE_PX - 0.5, (0.5 - TOP) * FACE_PX - 0.5)
    x, y = placed.x + placed.w / 2 - 0.5, placed.y + placed.h / 2 - 0.5
    return np.array(
        [
            [cos, -sin, x - cos * middle[0] + sin * middle[1]],
            [sin, cos, y - sin * middle[0] - cos * middle[1]],
        ]
    )


def _canvas(rgb: RGB, placed: Placed) -> tuple[RGB, Mask]:
    """The face on its canvas, and where that shows picture."""
    rows, columns = CANVAS
    zoom = placed.w / FACE_PX
    matrix = _matrix(placed)
    # Only the surroundings of the face are touched; a large face is averaged down first, to keep noise out.
    reach = placed.w * 1.2
    x, y = placed.x + placed.w / 2, placed.y + placed.h / 2
    x0, y0 = max(0, int(x - reach)), max(0, int(y - reach))
    window = rgb[y0 : int(y + reach) + 2, x0 : int(x + reach) + 2]
    ratio_x = ratio_y = 1.0
    if zoom > 1.0:
        size = (max(1, round(window.shape[1] / zoom)), max(1, round(window.shape[0] / zoom)))
        ratio_x, ratio_y = size[0] / window.shape[1], size[1] / window.shape[0]
        window = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
    local = matrix.copy()
    local[0] *= ratio_x
    local[1] *= ratio_y
    local[0, 2] = (matrix[0, 2] + 0.5 - x0) * ratio_x - 0.5
    local[1, 2] = (matrix[1, 2] + 0.5 - y0) * ratio_y - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    canvas = cv2.warpAffine(window, local, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    down, across = np.indices(CANVAS)
    source_x = matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2]
    source_y = matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2]
    inside: Mask = (
        (source_x >= -0.5)
        & (source_x < rgb.shape[1] - 0.5)
        & (source_y >= -0.5)
        & (source_y < rgb.shape[0] - 0.5)
    )
    return canvas.astype(np.uint8), inside


def region_box(box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """A box in units of the face as column, row, width and height of the canvas."""
    x0, y0, x1, y1 = box
    return _column(x0), _row(y0), _column(x1) - _column(x0), _row(y1) - _row(y0)


def _box(box: tuple[float, float, float, float]) -> Mask:
    x0, y0, x1, y1 = box
    mask = np.zeros(CANVAS, dtype=np.bool_)
    mask[_row(y0) : _row(y1), _column(x0) : _column(x1)] = True
    return mask


def _row(y: float) -> int:
    return round((y - TOP) * FACE_PX)


def _column(x: float) -> int:
    return round((x - LEFT) * FACE_PX)


def _ellipse(centre_x: float, centre_y: float, half_x: float, half_y: float) -> Mask:
    rows, columns = np.indices(CANVAS)
    x = (columns + 0.5) / FACE_PX + LEFT
    y = (rows + 0.5) / FACE_PX + TOP
    mask: Mask = ((x - centre_x) / half_x) ** 2 + ((y - centre_y) / half_y) ** 2 <= 1.0
    return mask


def _any_box(boxes: tuple[tuple[float, float, float, float], ...]) -> Mask:
    mask = np.zeros(CANVAS, dtype=np.bool_)
    for box in boxes:
        mask |= _box(box)
    return mask


# Where skin may be at all: the oval without eyes, brows, nostrils and mouth.
_FACE: Final[Mask] = _ellipse(*_OVAL) & ~_any_box((*_EYES, _MOUTH, _NOSTRILS))
_MIDDLE: Final[Mask] = _any_box(_CORE)


def _skin(lab: Plane, inside: Mask) -> Mask:
    """Skin by resemblance to the median of the face's middle, spots and highlights included."""
    core = lab[_MIDDLE & inside]
    if len(core) == 0:
        return np.zeros(CANVAS, dtype=np.bool_)
    lightness, a, b = np.median(core, axis=0)
    # The test looks at a blurred face: a single hair or pore decides nothing.
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.5)
    alike = (
        _between(smooth[..., 0] - lightness, -max(_LEAST_DARKER, _DARKER_SHARE * lightness), _LIGHTER)
        & _between(smooth[..., 1] - a, -_GREENER, _REDDER)
        & _between(smooth[..., 2] - b, -_BLUER, _YELLOWER)
        & inside
    )
    whole: NDArray[Any] = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_CLOSE, _disc(_HOLE_PX))
    grown = cv2.erode(_largest(whole & _OVAL_BITS), _disc(2 * _MARGIN_PX + 1), borderType=cv2.BORDER_CONSTANT)
    return _without_islands(grown.astype(np.bool_) & _FACE & inside)


def _without_islands(skin: Mask) -> Mask:
    """Less what lies on the forehead without reaching down to the brows: hair of the skin's colour."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(skin.astype(np.uint8), connectivity=4)
    brows = _row(_BROWS)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_TOP] + stats[label, cv2.CC_STAT_HEIGHT] < brows:
            skin &= labels != label
    return skin


def _between(values: Plane, low: float, high: float) -> Mask:
    mask: Mask = (values >= low) & (values <= high)
    return mask


def _disc(width: int) -> NDArray[Any]:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)).astype(np.uint8)


def _largest(mask: NDArray[Any]) -> NDArray[Any]:
    """The largest connected piece: hair of the colour of skin seldom touches it inside of the oval."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2:
        return mask
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return (labels == best).astype(np.uint8)


_OVAL_BITS: Final = _ellipse(*_OVAL).astype(np.uint8)
