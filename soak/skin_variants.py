"""The portrait of scikit-image (NASA, public domain) as other photos might show it, and pictures of no face.

What is painted is painted in CIE L*a*b*, onto the picture and not onto any canvas of `aurora.skin`, so that
the measures see it as they would see a photo. Deterministic. Coordinates are the portrait's own pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

RGB: TypeAlias = NDArray[Any]
Field: TypeAlias = NDArray[Any]

SIDE: Final = 512
_PORTRAIT: Final = "astronaut"
# The face as the cascade boxes it, and points of it, read off the picture by eye.
FACE: Final = (177, 66, 95)
LEFT_CHEEK, RIGHT_CHEEK = (195.0, 124.0), (257.0, 124.0)
NOSE, CHIN, FOREHEAD = (224.0, 116.0), (223.0, 172.0), (221.0, 84.0)
_EYES: Final = ((204.0, 100.0, 12.0, 5.0), (246.0, 102.0, 12.0, 5.0))
_TEETH: Final = (224.0, 145.0, 20.0, 7.0)
SPOTS: Final = (
    (190, 118), (198, 130), (204, 120), (188, 132), (196, 140), (252, 118), (262, 126), (258, 136),
    (250, 130), (266, 116), (216, 168), (230, 174), (224, 180), (212, 84), (232, 83),
    (246, 140), (204, 134), (256, 110),
)  # fmt: skip


def portrait() -> RGB:
    """The picture itself, 512 x 512."""
    from skimage import data

    return np.ascontiguousarray(getattr(data, _PORTRAIT)())


def no_face(name: str) -> RGB:
    """One of scikit-image's pictures without a person: chelsea (a cat), coffee, rocket, text, page."""
    from skimage import data

    picture = getattr(data, name)()
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB) if picture.ndim == 2 else np.ascontiguousarray(picture)


# --- fields: how much of a change each pixel gets, 0..1


def blob(centre: tuple[float, float], radius_x: float, radius_y: float, soft: float = 0.5) -> Field:
    """An ellipse with a soft rim, `soft` being the share of the radius over which it fades."""
    y, x = np.indices((SIDE, SIDE), dtype=np.float32)
    distance = np.hypot((x - centre[0]) / radius_x, (y - centre[1]) / radius_y)
    return np.clip((1.0 - distance) / soft, 0.0, 1.0).astype(np.float32)


def skin_field() -> Field:
    """The portrait's skin, softly: face and neck without eyes, teeth, hair and background."""
    lab = to_lab(portrait())
    x, y, width = FACE
    oval = blob((x + 0.49 * width, y + 0.58 * width), 0.62 * width, 0.78 * width, 0.15)
    # Skin of this portrait against its hair, suit and background: lighter than hair, redder than the wall.
    like = np.clip((lab[..., 0] - 48) / 10, 0, 1) * np.clip((lab[..., 1] - 3.5) / 2, 0, 1)
    solid = cv2.morphologyEx(like.astype(np.float32), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    field: Field = cv2.GaussianBlur(solid, (0, 0), 1.0) * oval
    for centre_x, centre_y, radius_x, radius_y in (*_EYES, _TEETH):
        field *= 1.0 - blob((centre_x, centre_y), radius_x, radius_y, 0.3)
    return field.astype(np.float32)


# --- changes


def to_lab(picture: RGB) -> Field:
    """CIE L*a*b*, D65, as float32."""
    return cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB).astype(np.float32)


def to_rgb(lab: Field) -> RGB:
    """8-bit sRGB, clipped."""
    rgb = np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0.0, 1.0)
    return (rgb * 255.0 + 0.5).astype(np.uint8)


def painted(picture: RGB, field: Field, *, lightness: float = 0.0, a: float = 0.0, b: float = 0.0) -> RGB:
    """A shift in Lab, as strong as `field` says."""
    shift = np.array([lightness, a, b], dtype=np.float32)
    return to_rgb(to_lab(picture) + field[..., None] * shift)


def toned(lightness: float, a: float = 0.0, b: float = 0.0) -> RGB:
    """Skin of another tone: a shift of the skin alone, in Lab; `lightness` is that of well-lit skin (L* 78).

    What is darker is shifted less, in proportion: brows, lashes and nostrils keep their contrast, as on
    people they do.
    """
    share = np.clip(to_lab(portrait())[..., 0] / 78.0, 0.0, 1.1)
    return painted(portrait(), skin_field() * share, lightness=lightness, a=a, b=b)


# sRGB of the patches "light skin" and "dark skin" of the ColorChecker chart, as published with it.
_LIGHT_SKIN, _DARK_SKIN = (194, 150, 130), (115, 82, 68)


def deep(depth: float, *, dark_hair: bool = True, gain: float = 1.0) -> RGB:
    """The same light on skin with more melanin: `depth` 1 is the step between the two patches, 2 twice that.

    Reflectance is multiplied, in linear light and channel by channel, as an absorbing layer would do: brows,
    nostrils, redness and shading keep their ratios. Whites of eyes and teeth stay as they are. dark_hair: the
    hair that goes with it. gain: exposure of the whole picture. The portrait's skin of L* 75 becomes 44, 33,
    24 and 17 at depths of 1, 1.5, 2 and 2.5.
    """
    light = _linear(portrait())
    skin = _skin_but_whites()
    step = np.log(_linear(np.array(_LIGHT_SKIN)) / _linear(np.array(_DARK_SKIN)))
    light = light * (1.0 - skin[..., None] * (1.0 - np.exp(-depth * step)))
    if dark_hair:
        hair = _hair_field(skin)[..., None]
        light = light * (1.0 - hair) + hair * (0.012 + 0.06 * light.mean(axis=2, keepdims=True))
    return _encoded(light * gain)


def _linear(picture: RGB) -> Field:
    share = picture.astype(np.float32) / 255.0
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoded(light: Field) -> RGB:
    light = np.clip(light, 0.0, 1.0)
    share = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (share * 255.0 + 0.5).astype(np.uint8)


def _skin_but_whites() -> Field:
    """Skin with lids, brows and lips: all but what is white about eyes and teeth."""
    lab = to_lab(portrait())
    x, y, width = FACE
    oval = blob((x + 0.49 * width, y + 0.58 * width), 0.62 * width, 0.78 * width, 0.15)
    like = np.clip((lab[..., 0] - 48) / 10, 0, 1) * np.clip((lab[..., 1] - 3.5) / 2, 0, 1)
    solid = cv2.morphologyEx(like.astype(np.float32), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    white = np.clip((lab[..., 0] - 60) / 8, 0, 1) * np.clip((14 - chroma) / 4, 0, 1)
    near = np.zeros((SIDE, SIDE), dtype=np.float32)
    for centre_x, centre_y, radius_x, radius_y in (*_EYES, _TEETH):
        near = np.maximum(near, blob((centre_x, centre_y), radius_x, radius_y, 0.4))
    field: Field = cv2.GaussianBlur(solid, (0, 0), 1.0) * oval * (1.0 - near * white)
    return field.astype(np.float32)


def _hair_field(skin: Field) -> Field:
    lab = to_lab(portrait())
    blond = np.clip((lab[..., 2] - 4) / 4, 0, 1) * np.clip((80 - lab[..., 0]) / 6, 0, 1)
    hair = blob((225, 95), 78, 95, 0.1) * np.maximum(blond, np.clip((45 - lab[..., 0]) / 6, 0, 1))
    hair[176:] = 0.0
    return np.clip(cv2.GaussianBlur(hair.astype(np.float32), (0, 0), 1.2) - skin, 0.0, 1.0)


def inflamed(strength: float, depth: float = 0.0) -> RGB:
    """Both cheeks with more blood under the skin, whatever its tone: green and blue light are absorbed.

    `strength` is the share that is lost; the portrait's cheeks are redder by some 12 a* at 0.25.
    """
    field = np.maximum(blob(LEFT_CHEEK, 15, 19), blob(RIGHT_CHEEK, 14, 19))[..., None]
    loss = np.array([0.0, strength, strength], dtype=np.float32)
    return _encoded(_linear(deep(depth) if depth else portrait()) * (1.0 - field * loss))


def reddened(strength: float, picture: RGB | None = None) -> RGB:
    """Both cheeks redder by `strength` a*."""
    field = np.maximum(blob(LEFT_CHEEK, 15, 19), blob(RIGHT_CHEEK, 14, 19))
    return painted(portrait() if picture is None else picture, field, a=strength)


def shiny(strength: float, picture: RGB | None = None) -> RGB:
    """White light on nose, cheeks and chin: each pixel moves towards white by the share `strength`."""
    base = portrait() if picture is None else picture
    field = np.zeros((SIDE, SIDE), dtype=np.float32)
    for centre, radius_x, radius_y in ((NOSE, 5, 9), (LEFT_CHEEK, 9, 7), (RIGHT_CHEEK, 9, 7), (CHIN, 9, 5)):
        field = np.maximum(field, blob(centre, radius_x, radius_y, 0.4))
    share = np.float32(strength) * field[..., None]
    return (base * (1.0 - share) + 255.0 * share + 0.5).astype(np.uint8)


def spotted(count: int, strength: float = 16.0, picture: RGB | None = None) -> RGB:
    """The first `count` of 18 red spots some 4 mm wide."""
    field = np.zeros((SIDE, SIDE), dtype=np.float32)
    for centre in SPOTS[:count]:
        field = np.maximum(field, blob(centre, 2.2, 2.2, 0.6))
    return painted(portrait() if picture is None else picture, field, a=strength, lightness=-strength / 3)


def rough(strength: float, picture: RGB | None = None) -> RGB:
    """Skin with bumps some 2 mm apart, `strength` L* high."""
    noise = np.random.default_rng(7).standard_normal((SIDE, SIDE)).astype(np.float32)
    bumps: Field = cv2.GaussianBlur(noise, (0, 0), 0.9)
    bumps /= float(bumps.std())
    return painted(portrait() if picture is None else picture, skin_field() * bumps, lightness=strength)


def patchy(strength: float, picture: RGB | None = None) -> RGB:
    """Brown patches on cheeks and chin, darker by `strength` L*."""
    field = np.maximum(blob((192, 130), 8, 10), blob((262, 118), 8, 10))
    field = np.maximum(field, blob((214, 170), 9, 6))
    return painted(
        portrait() if picture is None else picture, field, lightness=-strength, b=strength / 4, a=strength / 8
    )


def exposed(gain: float) -> RGB:
    """The whole picture times `gain`, clipped."""
    return np.clip(portrait() * gain, 0, 255).astype(np.uint8)


def tinted(warmth: float) -> RGB:
    """Red raised and blue lowered by the share `warmth`; negative: the other way round."""
    gains = np.array([1 + warmth, 1.0, 1 - warmth])
    return np.clip(portrait() * gains, 0, 255).astype(np.uint8)


def blurred(sigma: float) -> RGB:
    """Out of focus by `sigma` pixels; the face is 95 wide."""
    return cv2.GaussianBlur(portrait(), (0, 0), sigma).astype(np.uint8)


def scaled(factor: float) -> RGB:
    """Smaller or larger."""
    side = round(SIDE * factor)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(portrait(), (side, side), interpolation=how).astype(np.uint8)


def rotated(degrees: float) -> RGB:
    """Turned about the face."""
    matrix = cv2.getRotationMatrix2D((225, 120), degrees, 1.0)
    return cv2.warpAffine(portrait(), matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT).astype(np.uint8)


def covered() -> RGB:
    """Mouth and chin behind a blue mask."""
    picture = portrait()
    picture[134:184, 180:268] = (96, 128, 168)
    return picture


def grey() -> RGB:
    """Without colour."""
    return cv2.cvtColor(cv2.cvtColor(portrait(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.uint8)


def cropped() -> RGB:
    """Head and shoulders: what a golden photo means in the contract's rows (decision 26)."""
    return np.ascontiguousarray(portrait()[10:270, 95:355])


NO_FACES: Final = ("chelsea", "coffee", "rocket", "text", "page")
VARIANTS: Final[dict[str, Callable[[], RGB]]] = {
    "portrait": portrait,
    "head and shoulders": cropped,
    "redder cheeks, a* +6": lambda: reddened(6),
    "redder cheeks, a* +12": lambda: reddened(12),
    "redder cheeks, a* +20": lambda: reddened(20),
    "shine, 25 %": lambda: shiny(0.25),
    "shine, 50 %": lambda: shiny(0.5),
    "shine, 80 %": lambda: shiny(0.8),
    "4 spots": lambda: spotted(4),
    "9 spots": lambda: spotted(9),
    "18 spots": lambda: spotted(18),
    "bumps, L* 2": lambda: rough(2),
    "bumps, L* 4": lambda: rough(4),
    "bumps, L* 8": lambda: rough(8),
    "patches, L* -8": lambda: patchy(8),
    "patches, L* -16": lambda: patchy(16),
    "skin tone, L* +6": lambda: toned(6),
    "skin tone, L* -12": lambda: toned(-12, 2, 2),
    "deep skin, L* 44": lambda: deep(1),
    "deep skin, L* 33": lambda: deep(1.5),
    "deep skin, L* 24": lambda: deep(2),
    "deep skin, L* 17": lambda: deep(2.5),
    "deep skin, L* 24, light hair": lambda: deep(2, dark_hair=False),
    "deep skin, L* 33, 0.6 of the light": lambda: deep(1.5, gain=0.6),
    "deep skin, L* 33, 0.25 of the light": lambda: deep(1.5, gain=0.25),
    "inflamed cheeks, 25 %": lambda: inflamed(0.25),
    "inflamed cheeks, 25 %, L* 44": lambda: inflamed(0.25, 1),
    "inflamed cheeks, 25 %, L* 24": lambda: inflamed(0.25, 2),
    "inflamed cheeks, 40 %": lambda: inflamed(0.4),
    "inflamed cheeks, 40 %, L* 44": lambda: inflamed(0.4, 1),
    "inflamed cheeks, 40 %, L* 24": lambda: inflamed(0.4, 2),
    "shine, 50 %, L* 44": lambda: shiny(0.5, deep(1)),
    "shine, 50 %, L* 24": lambda: shiny(0.5, deep(2)),
    "18 spots, L* 44": lambda: spotted(18, picture=deep(1)),
    "18 spots, L* 24": lambda: spotted(18, picture=deep(2)),
    "darker, x 0.6": lambda: exposed(0.6),
    "darker, x 0.4": lambda: exposed(0.4),
    "darker, x 0.25": lambda: exposed(0.25),
    "lighter, x 1.1": lambda: exposed(1.1),
    "overexposed, x 1.25": lambda: exposed(1.25),
    "overexposed, x 1.6": lambda: exposed(1.6),
    "warmer by 6 %": lambda: tinted(0.06),
    "warmer by 20 %": lambda: tinted(0.20),
    "cooler by 20 %": lambda: tinted(-0.20),
    "blurred, 1 px": lambda: blurred(1),
    "blurred, 2 px": lambda: blurred(2),
    "blurred, 4 px": lambda: blurred(4),
    "twice as large": lambda: scaled(2),
    "half the size": lambda: scaled(0.5),
    "a quarter of the size": lambda: scaled(0.25),
    "turned by 8 degrees": lambda: rotated(8),
    "turned by 20 degrees": lambda: rotated(20),
    "turned by 90 degrees": lambda: rotated(90),
    "mouth and chin covered": covered,
    "grey": grey,
    "a cat": lambda: no_face("chelsea"),
    "a cup of coffee": lambda: no_face("coffee"),
    "a rocket": lambda: no_face("rocket"),
    "a text": lambda: no_face("text"),
    "a page": lambda: no_face("page"),
}
"""Every variant that the calibration shows, by name."""
