"""Pictures as bytes: of the portrait, and of everything that is no picture."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from soak.skin_variants import RGB, portrait


def encoded(picture: RGB | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture in a format of Pillow's."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def image() -> Image.Image:
    """The portrait for Pillow."""
    return Image.fromarray(portrait())


def png_claiming(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG whose header claims a size, with hardly any data behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(400)))
        + chunk(b"IEND", b"")
    )


def gradient(width: int, height: int) -> RGB:
    """A picture in which every corner differs."""
    y, x = np.indices((height, width))
    return np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], axis=2).astype(np.uint8)
