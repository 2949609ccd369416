"""What shows on the skin: five measures of one face, each a score 0..1 with the numbers behind it.

Every measure compares the face with itself (its own median, its own surroundings), in CIE L*a*b* units on
the canvas of `face`, where a pixel is some 0.9 mm. So a shift of the whole face, be it skin tone, exposure or
a tint of the light, cancels; what cannot be seen this way is a face that is evenly red. Differences shrink
with the light that skin sends back, so redness and spots are taken from `Face.even`. Shine is light of the
lamp, added on top of skin of any tone, and is measured as it is; texture and tone too, whose scale is that of
noise and shadows: they say less in poor light and on deep skin, and nothing false. Units and scales:

    redness  mean over skin of how far a* lies above the face's median by more than 2; 0 -> 0, 4.5 -> 1
    shine    share of skin that is specular: L* at least 9 above the light's own slope (a quadratic surface)
             and chroma at most 0.8 of the face's median: white light on top of skin, as in Shafer's
             dichromatic model; 0.02 -> 0, 0.20 -> 1
    texture  unevenness between 1 and 4 mm: median over skin of |L*(sigma 1) - L*(sigma 3)|; 0.75 -> 0, 2 -> 1
    tone     darker patches: of L* (sigma 3.5, highlights capped) less the light's own slope, the median
             minus the 10th percentile; 9 -> 0, 16 -> 1
    acne     spots of 2 to 9 mm: a* (sigma 1) at least 4 above its surroundings, compact; their number, each
             weighted by its contrast (12 or more counts whole); 1 -> 0, 12 -> 1

The zeros are where the portrait of scikit-image lies, the ones where the painted variants of
`soak.skin_variants` look severe (docs/skin-measures.md shows both): working values of a calibration on one
public-domain face, no clinical scale.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from aurora.skin.face import CANVAS, Face, Mask, Plane
from aurora.skin.measured import REGIONS, IssueType, Region

REDNESS_FROM, REDNESS_FULL = 2.0, 4.5
SHINE_LIFT, SHINE_CHROMA = 9.0, 0.8
SHINE_ZERO, SHINE_ONE = 0.02, 0.20
TEXTURE_FINE, TEXTURE_COARSE = 1.0, 3.0
TEXTURE_GLARE_PX: Final = 11
TEXTURE_ZERO, TEXTURE_ONE = 0.75, 2.0
TONE_SMOOTH, TONE_CAP, TONE_MARGIN_PX = 3.5, 6.0, 7
TONE_ZERO, TONE_ONE = 9.0, 16.0
SPOT_FINE, SPOT_COARSE, SPOT_CONTRAST = 1.0, 5.0, 4.0
SPOT_LEAST_PX, SPOT_MOST_PX, SPOT_FILL, SPOT_STRETCH = 4, 90, 0.45, 2.6
SPOT_WHOLE_CONTRAST: Final = 12.0
SPOT_GRAIN: Final = 6.0  # times the median contrast, some four of its standard deviations: no noise
SPOT_ZERO, SPOT_ONE = 1.0, 12.0
LEAST_SKIN_PX: Final = 400  # of the canvas; less is no basis for any statement


class Seen(msgspec.Struct, frozen=True):
    """One measure of one face. score: 0..1. where: score of each region. mask: the pixels it rests on.

    metrics: the numbers behind the score, in the units of this module's table.
    """

    issue_type: IssueType
    score: float
    where: dict[Region, float]
    mask: Mask
    metrics: dict[str, float]


def detect(face: Face) -> list[Seen]:
    """The five measures in the order of `measured.ISSUE_TYPES`; [] if there is too little skin."""
    if int(face.skin.sum()) < LEAST_SKIN_PX:
        return []
    glare = shine(face)
    return [redness(face), glare, texture(face, glare.mask), tone(face), acne(face)]


def redness(face: Face) -> Seen:
    """Reddened areas: excess of a* over the face's own median."""
    a = _smooth(face.even[..., 1], face.gain)  # noise was enlarged with the redness
    middle = float(np.median(a[face.skin]))
    excess = np.maximum(0.0, a - middle - REDNESS_FROM).astype(np.float32)
    red: Mask = (excess > REDNESS_FROM) & face.skin
    mean = float(excess[face.skin].mean())
    where = {name: _unit(_mean(excess, mask) / REDNESS_FULL) for name, mask in face.regions.items()}
    metrics = {"a_median": middle, "a_excess": mean, "red_share": _share(red, face.skin)}
    return Seen("redness", _unit(mean / REDNESS_FULL), where, red, metrics)


def shine(face: Face) -> Seen:
    """Specular highlights: lighter than the skin around, and closer to white."""
    light = _smooth(face.lab[..., 0], 1.0)
    chroma = np.hypot(face.lab[..., 1], face.lab[..., 2])
    around = _surface(light, face.skin)
    usual = float(np.median(chroma[face.skin]))
    mask: Mask = face.skin & (light - around >= SHINE_LIFT) & (chroma <= SHINE_CHROMA * usual)
    share = _share(mask, face.skin)
    where = {name: _ramp(_share(mask, part), SHINE_ZERO, SHINE_ONE) for name, part in face.regions.items()}
    return Seen("shine", _ramp(share, SHINE_ZERO, SHINE_ONE), where, mask, {"specular_share": share})


def texture(face: Face, glare: Mask) -> Seen:
    """Fine unevenness of lightness, beside highlights, whose rims are none."""
    light = face.lab[..., 0]
    rough = np.abs(_smooth(light, TEXTURE_FINE) - _smooth(light, TEXTURE_COARSE)).astype(np.float32)
    near = cv2.dilate(glare.astype(np.uint8), _disc(TEXTURE_GLARE_PX)) > 0
    matt: Mask = face.skin & ~near
    value = _median(rough, matt)
    where = {
        name: _ramp(_median(rough, part & matt), TEXTURE_ZERO, TEXTURE_ONE)
        for name, part in face.regions.items()
    }
    mask: Mask = matt & (rough > TEXTURE_ONE)
    return Seen("texture", _ramp(value, TEXTURE_ZERO, TEXTURE_ONE), where, mask, {"roughness": value})


def tone(face: Face) -> Seen:
    """Darker patches on an otherwise even face."""
    light = face.lab[..., 0]
    slope = _surface(light, face.skin)
    flat = _within(np.minimum(light, slope + TONE_CAP), face.skin, TONE_SMOOTH) - slope
    # The rim of the mask turns away from the light; what is dark there is shape.
    bits = face.skin.astype(np.uint8)
    inner = cv2.erode(bits, _disc(TONE_MARGIN_PX), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    middle = _median(flat, inner)

    def drop(part: Mask) -> float:
        return middle - float(np.percentile(flat[part], 10)) if part.any() else 0.0

    dark: Mask = inner & (flat < middle - TONE_ZERO)
    where = {name: _ramp(drop(inner & part), TONE_ZERO, TONE_ONE) for name, part in face.regions.items()}
    metrics = {"lightness_drop": drop(inner), "dark_share": _share(dark, inner)}
    return Seen("tone", _ramp(drop(inner), TONE_ZERO, TONE_ONE), where, dark, metrics)


def acne(face: Face) -> Seen:
    """Small compact spots, redder than what is around them."""
    a = face.even[..., 1]
    contrast = _smooth(a, SPOT_FINE) - _within(a, face.skin, SPOT_COARSE)
    grain = float(np.median(np.abs(contrast[face.skin])))
    likely = ((contrast >= max(SPOT_CONTRAST, SPOT_GRAIN * grain)) & face.skin).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(likely, connectivity=8)
    mask = np.zeros(CANVAS, dtype=np.bool_)
    where: dict[Region, float] = dict.fromkeys(REGIONS, 0.0)
    total, number = 0.0, 0
    for label in range(1, count):
        _, _, width, height, area = (int(value) for value in stats[label])
        if not _spot(width, height, area):
            continue
        spot = labels == label
        weight = _unit(float(contrast[spot].max()) / SPOT_WHOLE_CONTRAST)
        number, total = number + 1, total + weight
        mask |= spot
        column, row = (int(value) for value in centres[label])
        for name, part in face.regions.items():
            where[name] += weight if part[row, column] else 0.0
    scores = {name: _ramp(weight, 0.0, SPOT_ONE / 2) for name, weight in where.items()}
    metrics = {"spots": float(number), "weight": total}
    return Seen("acne", _ramp(total, SPOT_ZERO, SPOT_ONE), scores, mask, metrics)


def _spot(width: int, height: int, area: int) -> bool:
    """Whether a component is of a spot's size and compact."""
    if not SPOT_LEAST_PX <= area <= SPOT_MOST_PX:
        return False
    if max(width, height) > SPOT_STRETCH * min(width, height):
        return False
    return area >= SPOT_FILL * width * height


def _surface(values: Plane, skin: Mask) -> Plane:
    """The quadratic surface through the values of the skin: the light's slope over a rounded face.

    Fitted twice, the second time without the most deviant fifth, so that patches do not bend it.
    """
    rows, columns = np.nonzero(skin)
    found = values[rows, columns].astype(np.float64)
    basis = _quadratic(columns / CANVAS[1] - 0.5, rows / CANVAS[0] - 0.5)
    weights = np.linalg.lstsq(basis, found, rcond=None)[0]
    off = np.abs(found - basis @ weights)
    kept = off <= np.percentile(off, 80)
    weights = np.linalg.lstsq(basis[kept], found[kept], rcond=None)[0]
    all_rows, all_columns = np.indices(CANVAS)
    whole = (
        _quadratic((all_columns / CANVAS[1] - 0.5).ravel(), (all_rows / CANVAS[0] - 0.5).ravel()) @ weights
    )
    return whole.reshape(CANVAS).astype(np.float32)


def _quadratic(x: Plane, y: Plane) -> Plane:
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def _smooth(values: Plane, sigma: float) -> Plane:
    return cv2.GaussianBlur(values, (0, 0), sigma).astype(np.float32)


def _disc(width: int) -> NDArray[Any]:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)).astype(np.uint8)


def _within(values: Plane, skin: Mask, sigma: float) -> Plane:
    """Smoothed over skin alone: what lies beside it does not leak in. Off the skin: meaningless."""
    weight = skin.astype(np.float32)
    blurred = cv2.GaussianBlur(values * weight, (0, 0), sigma)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    return (blurred / np.maximum(total, 1e-3)).astype(np.float32)


def _mean(values: Plane, mask: Mask) -> float:
    return float(values[mask].mean()) if mask.any() else 0.0


def _median(values: Plane, mask: Mask) -> float:
    return float(np.median(values[mask])) if mask.any() else 0.0


def _share(part: Mask, of: Mask) -> float:
    whole = int(of.sum())
    return float((part & of).sum()) / whole if whole else 0.0


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def _ramp(value: float, zero: float, one: float) -> float:
    return _unit((value - zero) / (one - zero))
