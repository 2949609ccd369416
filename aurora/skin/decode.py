"""Bytes of unknown origin become a small upright RGB picture, or a problem from a closed vocabulary.

What is done before a single pixel is decoded: the format is sniffed from the first bytes (never from a name
or a content type) and only that one decoder is let near them; bytes, sides and pixels are checked against
what the header claims. Nothing but pixels leaves: EXIF orientation is applied, all other metadata is
dropped. A picture of several frames counts as its first.

Colour is read as sRGB; an embedded profile is ignored (profiles are attack surface, and every colour measure
downstream is relative to the face itself).
"""

from __future__ import annotations

import struct
import warnings
from io import BytesIO
from typing import Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from aurora.skin.measured import ImageProblem

RGB: TypeAlias = NDArray[Any]
"""(h, w, 3) uint8. OpenCV's type stubs cannot say the element type, so neither can we."""
Format = Literal["jpeg", "png", "webp", "heif", "gif"]

FEWEST_BYTES: Final = 50  # contract C 19: shorter is `no_image`
MOST_BYTES: Final = 15 * 1024 * 1024  # contract C 9: what fetching a photo admits
MOST_SIDE: Final = 16_384  # no camera reaches it; a header of 60,000 x 60,000 is a bomb
# Pixels by decoder, so that decoding stays below 400 MB resident, as `soak.bench_skin` measures. JPEG is
# decoded at a fraction of its size unless progressive; HEIC, WebP and transparent PNG are held several times.
MOST_PIXELS: Final[dict[Format, int]] = {
    "jpeg": 64_000_000,
    "png": 32_000_000,
    "webp": 16_000_000,
    "heif": 26_000_000,
    "gif": 24_000_000,
}
MOST_PIXELS_PROGRESSIVE: Final = 26_000_000
# Longest side that is worked on: a face of 12 % of it still has the 120 pixels that measuring wants, while
# noise of the sensor and blocks of JPEG are averaged away.
WORK_SIDE: Final = 1024

_ORIENTATION_TAG: Final = 0x0112
_MOST_TAGS: Final = 512  # of an EXIF directory, looked through for the orientation
_UPRIGHT: Final[dict[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HEIF_BRANDS: Final = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)
_READERS: Final[dict[Format, str]] = {
    "jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "heif": "HEIF", "gif": "GIF",
}  # fmt: skip

pillow_heif.register_heif_opener(thumbnails=False)


class UnreadableImageError(Exception):
    """The bytes are no picture that we read; `problem` says why."""

    def __init__(self, problem: ImageProblem) -> None:
        super().__init__(problem)
        self.problem: ImageProblem = problem


class Frame(msgspec.Struct, frozen=True):
    """A decoded picture. rgb: upright, (h, w, 3), longest side at most WORK_SIDE.

    width, height: of the upright picture as it was sent. scale: its pixels for one of `rgb`, at least 1.
    """

    rgb: RGB
    format: Format
    width: int
    height: int
    scale: float


def sniff(data: bytes) -> Format | None:
    """The format that the first bytes claim, None for anything we do not read."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "heif"
    return None


def decode(data: bytes) -> Frame:
    """The picture in `data`. Raises UnreadableImageError, and nothing else."""
    if len(data) < FEWEST_BYTES:
        raise UnreadableImageError("no_image")
    if len(data) > MOST_BYTES:
        raise UnreadableImageError("too_many_bytes")
    kind = sniff(data)
    if kind is None:
        raise UnreadableImageError("unknown_format")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which is dropped anyway
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=[_READERS[kind]]) as image:
                return _frame(image, kind)
    except UnreadableImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        problem: ImageProblem = "too_many_pixels"
    except MemoryError:
        problem = "out_of_memory"
    except UnidentifiedImageError:
        problem = "damaged"
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes raise whatever they like
        problem = "truncated" if "truncated" in str(error).lower() else "damaged"
    raise UnreadableImageError(problem)


def _frame(image: Image.Image, kind: Format) -> Frame:
    width, height = image.size
    _check(image, kind, width, height)
    turn = (
        None if kind == "heif" else _UPRIGHT.get(_orientation(image.info.get("exif")))
    )  # libheif turns its own
    shrink = min(1.0, WORK_SIDE / max(width, height))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    if kind == "jpeg":
        image.draft("RGB", size)
    image.load()
    small = _plain(image, size)
    if turn is not None:
        small = small.transpose(turn)
    if small.size != size:
        width, height = height, width
    rgb = np.ascontiguousarray(np.asarray(small, dtype=np.uint8))
    return Frame(rgb=rgb, format=kind, width=width, height=height, scale=width / rgb.shape[1])


def _check(image: Image.Image, kind: Format, width: int, height: int) -> None:
    """What the header claims, against the limits."""
    if width < 1 or height < 1:
        raise UnreadableImageError("damaged")
    progressive = kind == "jpeg" and bool(image.info.get("progressive"))
    most = MOST_PIXELS_PROGRESSIVE if progressive else MOST_PIXELS[kind]
    if max(width, height) > MOST_SIDE or width * height > most:
        raise UnreadableImageError("too_many_pixels")


def _plain(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """8-bit RGB of `size`; what is transparent becomes white."""
    if image.mode.startswith("I;16"):
        deep = _resized(image, size)
        return Image.fromarray((np.asarray(deep).astype(np.uint16) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("P", "PA", "1"):
        transparent = image.mode == "PA" or "transparency" in image.info
        image = image.convert("RGBA" if transparent else "RGB")
    small = _resized(image, size)
    if small.mode in ("RGBA", "LA"):
        small = small.convert("RGBA")
        paper = Image.new("RGBA", small.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, small).convert("RGB")
    if small.mode not in ("RGB", "L", "CMYK", "YCbCr"):
        raise UnreadableImageError("damaged")  # no picture of these formats has another mode
    return small.convert("RGB")


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _orientation(exif: Any) -> int:
    """EXIF orientation 1 to 8; 1 when there is none or it cannot be read. Looks at nothing else."""
    if not isinstance(exif, bytes):
        return 1
    tiff = exif[6:] if exif.startswith(b"Exif\x00\x00") else exif
    order: Literal["<", ">"] = "<" if tiff[:2] == b"II" else ">"
    try:
        (offset,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, offset)
        for entry in range(min(count, _MOST_TAGS)):
            tag, kind = struct.unpack_from(order + "HH", tiff, offset + 2 + 12 * entry)
            if tag == _ORIENTATION_TAG and kind == 3:
                (value,) = struct.unpack_from(order + "H", tiff, offset + 2 + 12 * entry + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
