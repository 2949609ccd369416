"""Whether a photo can be relied on: grade, reasons, and the factors behind them, 0 (useless) to 1 (good).

None of the measures rests on the colour of the skin: light is judged by the brightest parts of the scene,
colour cast by the edges around the person, blur by how much a picture loses when blurred again. Gates are
those of contract C 19.4.

    coverage   the smaller of: width of the face in pixels as sent, 36 -> 0, 80 -> 1 (at 80 a spot of 4 mm is
               two pixels wide, below 36 nothing is left to see); mean over forehead, cheeks, nose and chin
               of the share that shows skin, 0.12 -> 0, 0.40 -> 1 (the portrait under its fringe: 0.6); and
               parts of the face that do not show at all (under a fifth): two of the five leave 0.40, three 0
    blur       no-reference blur of Crete-Roffet et al. (2007), h = 9, on luma of the face: 0.50 -> 1,
               0.82 -> 0 (portrait 0.47; blurred by a sigma of 1, 2, 3 pixels: 0.60, 0.73, 0.81)
    exposure   the smaller of: 99th percentile of the scene's luma, 60 -> 0, 140 -> 1; lightness of the skin,
               L* 6 -> 0, 16 -> 1 (the deepest skin in good light lies above 20); clipped values of the skin,
               share 0.15 -> 1, 0.45 -> 0 (portrait 0.00; 20 % brighter 0.30, 40 % brighter 0.56)
    white balance  1 - cast / 0.45 (contract C 19.4), cast = largest deviation from 1 of the scene's light,
               estimated by Gray-Edge (van de Weijer et al. 2007), p = 6, outside of the person's head
               (portrait 0.02; red and blue pulled apart by 15 % each: 0.28). Skin without any colour
               (chroma below 2; the portrait has 19) is a grey picture, from which no colour can be told: 0
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from aurora.skin.decode import RGB
from aurora.skin.face import FACE_PX, Face, Mask
from aurora.skin.measured import Grade, Quality, QualityReason

# Below FAIL a single factor fails the photo, below DEGRADED it degrades it; so does the product of all
# (contract C 19.4; white balance alone never fails a photo there).
FAIL: Final[dict[QualityReason, float]] = {
    "low_skin_coverage": 0.05, "blur": 0.20, "too_dark": 0.20, "too_bright": 0.20,
    "white_balance_unstable": -1.0,
}  # fmt: skip
DEGRADED: Final[dict[QualityReason, float]] = {
    "low_skin_coverage": 0.45, "blur": 0.45, "too_dark": 0.45, "too_bright": 0.45,
    "white_balance_unstable": 0.65,
}  # fmt: skip
DEGRADED_PRODUCT: Final = 0.55

SCENE_SIDE: Final = 512  # longest side on which the scene's light is measured
_CLIPPED: Final = 250
_CAST_SCALE: Final = 0.45
_MINKOWSKI: Final = 6
_GAMMA: Final = 2.2
_GREY: Final = 2.0
_HIDDEN: Final = 0.2
_HIDDEN_LEAVES: Final = {0: 1.0, 1: 1.0, 2: 0.4}
_BLUR_TAPS: Final = 9
_HEAD: Final = (0.2, 0.3, 0.2, 0.5)  # left, above, right, below the face box: hair, neck
_LEAST_SCENE: Final = 0.05  # less of the picture than this around the head says nothing about the light
_LEAST_EDGES: Final = 1e-3  # so flat a scene neither


def judge(rgb: RGB, face: Face | None) -> Quality:
    """The quality of a working picture and its face. Without one: `no_face`, and what else is wrong."""
    scene, shrink = _small(rgb)
    luma = cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY)
    white = float(np.percentile(luma, 99))
    metrics = {"scene_white": white}
    if face is None:
        metrics["blur"] = blur_of(luma)
        clipped = float((scene >= _CLIPPED).mean())
        factors = {"too_dark": _ramp(white, 60, 140), "too_bright": _ramp(clipped, 0.95, 0.7)}
        factors["blur"] = _ramp(metrics["blur"], 0.82, 0.50)
        wrong = [reason for reason in _ORDER if factors.get(reason, 1.0) < DEGRADED[reason]]
        return Quality(grade="fail", reasons=["no_face", *wrong], metrics=_rounded(metrics))
    skin = face.rgb[face.skin]
    lightness = float(np.median(face.lab[..., 0][face.skin])) if len(skin) else 0.0
    metrics |= {
        "face_px": face.source_px,
        "skin_share": float(np.mean(list(face.shares.values()))),
        "parts_hidden": float(sum(share < _HIDDEN for share in face.shares.values())),
        "blur": blur_of(_face_luma(face)),
        "skin_lightness": lightness,
        "clipped": float((skin >= _CLIPPED).mean()) if len(skin) else 0.0,
        "skin_chroma": chroma_of(face),
        "cast": cast_of(scene, _head(face, shrink, scene)),
    }
    grey = metrics["skin_chroma"] < _GREY
    factors = {
        "low_skin_coverage": min(
            _ramp(face.source_px, 36, 80),
            _ramp(metrics["skin_share"], 0.12, 0.40),
            _HIDDEN_LEAVES.get(int(metrics["parts_hidden"]), 0.0),
        ),
        "blur": _ramp(metrics["blur"], 0.82, 0.50),
        "too_dark": min(_ramp(white, 60, 140), _ramp(lightness, 6, 16)),
        "too_bright": _ramp(metrics["clipped"], 0.45, 0.15),
        "white_balance_unstable": 0.0 if grey else max(0.0, 1.0 - metrics["cast"] / _CAST_SCALE),
    }
    metrics |= {
        "coverage_factor": factors["low_skin_coverage"],
        "blur_factor": factors["blur"],
        "exposure_factor": min(factors["too_dark"], factors["too_bright"]),
        "wb_factor": factors["white_balance_unstable"],
    }
    product = float(np.prod([metrics[f"{name}_factor"] for name in ("coverage", "blur", "exposure", "wb")]))
    grade, reasons = _graded(factors, product)
    return Quality(grade=grade, reasons=reasons, factor=round(product, 3), metrics=_rounded(metrics))


_ORDER: Final[tuple[QualityReason, ...]] = tuple(DEGRADED)


def _graded(factors: dict[str, float], product: float) -> tuple[Grade, list[QualityReason]]:
    """Grade and reasons; a grade below `pass` always has at least one."""
    reasons: list[QualityReason] = [reason for reason in _ORDER if factors[reason] < DEGRADED[reason]]
    if any(factors[reason] < FAIL[reason] for reason in _ORDER):
        return "fail", reasons
    if not reasons and product < DEGRADED_PRODUCT:
        reasons = [min(_ORDER, key=lambda reason: factors[reason])]
    return ("degraded" if reasons else "pass"), reasons


def blur_of(luma: RGB) -> float:
    """Crete-Roffet blur of a grey picture, 0 (sharp) to 1 (nothing to lose). A flat picture is 1."""
    gray = luma.astype(np.float32)
    worst = 0.0
    for axis, kernel in ((0, (1, _BLUR_TAPS)), (1, (_BLUR_TAPS, 1))):
        if gray.shape[axis] < 3:
            return 1.0
        again = cv2.blur(gray, kernel, borderType=cv2.BORDER_REFLECT)
        sharp = np.abs(np.diff(gray, axis=axis))
        lost = np.maximum(0.0, sharp - np.abs(np.diff(again, axis=axis)))
        total = float(sharp.sum())
        worst = max(worst, 1.0 if total == 0 else (total - float(lost.sum())) / total)
    return worst


def chroma_of(face: Face) -> float:
    """Median chroma of the skin, Lab units."""
    colour = face.lab[face.skin][:, 1:]
    return float(np.median(np.hypot(colour[:, 0], colour[:, 1]))) if len(colour) else 0.0


def cast_of(rgb: RGB, around: Mask) -> float:
    """Colour cast of the light on `around`: the largest deviation of a channel from their mean, 0 neutral.

    0 too where there is nothing to judge by.
    """
    usable = around & (rgb.max(axis=2) < _CLIPPED)
    if usable.sum() < _LEAST_SCENE * usable.size:
        return 0.0
    smooth = cv2.GaussianBlur(rgb.astype(np.float32), (0, 0), 1.5) / 255.0
    linear = np.power(smooth, _GAMMA)
    edges = np.abs(cv2.Sobel(linear, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(linear, cv2.CV_32F, 0, 1))
    strength = np.power(
        np.mean(np.power(edges[usable].astype(np.float64), _MINKOWSKI), axis=0), 1 / _MINKOWSKI
    )
    mean = float(strength.mean())
    if mean < _LEAST_EDGES:
        return 0.0
    return float(np.abs(strength / mean - 1.0).max())


def _face_luma(face: Face) -> RGB:
    """Luma of the canvas, no larger than the face really is: enlarging would read as blur."""
    luma: RGB = cv2.cvtColor(face.rgb, cv2.COLOR_RGB2GRAY)
    zoom = face.placed.w / FACE_PX
    if zoom >= 1.0:
        return luma
    size = (max(3, round(luma.shape[1] * zoom)), max(3, round(luma.shape[0] * zoom)))
    small: RGB = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return small


def _small(rgb: RGB) -> tuple[RGB, float]:
    shrink = min(1.0, SCENE_SIDE / max(rgb.shape[:2]))
    if shrink == 1.0:
        return rgb, shrink
    size = (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink)))
    small: RGB = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return small, shrink


def _head(face: Face, shrink: float, scene: RGB) -> Mask:
    """Everything but the person's head and neck."""
    left, above, right, below = _HEAD
    x, y, w, h = (value * shrink for value in (face.placed.x, face.placed.y, face.placed.w, face.placed.h))
    around = np.ones(scene.shape[:2], dtype=np.bool_)
    rows = slice(max(0, int(y - above * h)), int(y + h + below * h) + 1)
    columns = slice(max(0, int(x - left * w)), int(x + w + right * w) + 1)
    around[rows, columns] = False
    return around


def _ramp(value: float, zero: float, one: float) -> float:
    """0 at `zero`, 1 at `one`, straight between, in either direction."""
    return min(1.0, max(0.0, (value - zero) / (one - zero)))


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in metrics.items()}
