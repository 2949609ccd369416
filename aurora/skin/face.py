"""Which pixels of a face are skin, and where its forehead, cheeks, nose and chin lie.

The face that `find_face` found is cut out into a canvas of fixed scale, so that every later
measure speaks in the same unit: FACE_PX pixels across the face box, on an adult some 0.9 mm each. Regions are
geometry in that box. Skin is what lies within them and resembles the middle of this very face: no fixed skin
colour anywhere, which is what makes the mask hold for every skin tone.
"""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from aurora.skin.decode import RGB
from aurora.skin.find_face import FIND_NEIGHBOURS, FIND_STEP, Placed, cascade
from aurora.skin.measured import REGIONS, Region

Plane: TypeAlias = NDArray[Any]
Mask: TypeAlias = NDArray[np.bool_]

# --- the tilt

_EYES_OPEN: Final = "haarcascade_eye.xml"
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

_eyes = cascade(_EYES_OPEN)


class Face(msgspec.Struct, frozen=True):
    """A face on its canvas. Planes are CANVAS-shaped.

    rgb: the pixels, edges repeated where the canvas leaves the picture. lab: CIE L*a*b* (D65). even: the same
    as if the skin were as light as the portrait's (`_evened`), enlarged by `gain`. inside: where the canvas
    shows picture. skin: what may be measured. regions: skin of each region, shares: as a share of
    the region's area. source_px: width of the face in the picture as sent.
    """

    placed: Placed
    rgb: RGB
    lab: Plane
    even: Plane
    gain: float
    inside: Mask
    skin: Mask
    regions: dict[Region, Mask]
    shares: dict[Region, float]
    source_px: float


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
    gain = _gain(lab, skin)
    regions = {name: skin & _box(REGION_BOXES[name]) for name in REGIONS}
    shares = {
        name: float(regions[name].sum()) / float((_box(REGION_BOXES[name]) & _FACE).sum()) for name in REGIONS
    }
    return Face(
        placed=placed, rgb=canvas, lab=lab, even=_evened(lab, gain), gain=gain, inside=inside, skin=skin,
        regions=regions, shares=shares, source_px=placed.w * scale,
    )  # fmt: skip


EVEN_LIGHTNESS: Final = 78.0  # of the portrait's skin, on which the measures were calibrated
EVEN_MOST: Final = 2.6  # reached at L* 20; beyond, noise would be enlarged more than skin


def _gain(lab: Plane, skin: Mask) -> float:
    """By how much `_evened` enlarges: from the median lightness of the skin."""
    if not skin.any():
        return 1.0
    lightness = float(np.median(lab[..., 0][skin]))
    return min(EVEN_MOST, (EVEN_LIGHTNESS + 16.0) / (lightness + 16.0))


def _evened(lab: Plane, gain: float) -> Plane:
    """Lab as it would be with so much light that the skin's median L* were EVEN_LIGHTNESS.

    Less light, or more melanin, multiplies reflectance; L* + 16, a* and b* are cube roots of it and scale by
    one common factor. Undone, the same redness has the same size in every light and on every skin tone.
    """
    return lab * np.float32(gain) + np.array([16.0 * (gain - 1.0), 0.0, 0.0], dtype=np.float32)


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
    # How much darker hair is counts in the light that skin sends back, highlights are added to it.
    middle = _MIDDLE & inside
    light = cv2.GaussianBlur(_evened(lab, _gain(lab, middle))[..., 0], (0, 0), 1.5)
    usual = float(np.median(light[middle]))
    alike = (
        (light - usual >= -max(_LEAST_DARKER, _DARKER_SHARE * usual))
        & (smooth[..., 0] - lightness <= _LIGHTER)
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
