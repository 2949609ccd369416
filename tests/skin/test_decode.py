"""Bytes of every kind end as an upright RGB picture or as a word of the vocabulary."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from aurora.skin.decode import MOST_BYTES, WORK_SIDE, UnreadableImageError, decode, sniff
from aurora.skin.measured import IMAGE_PROBLEMS
from tests.skin.pictures import encoded, gradient, image, png_claiming


def problem(data: bytes) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        decode(data)
    return caught.value.problem


def zipped() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("photo.jpg", b"x" * 1000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "no_image"),
        (b"\xff\xd8\xff" + b"\x00" * 46, "no_image"),
        (zipped(), "unknown_format"),
        (b"%PDF-1.7" + b"\x00" * 100, "unknown_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>" + b" " * 100, "unknown_format"),
        (b"\x00" * 4096, "unknown_format"),
        (encoded(image(), "BMP"), "unknown_format"),
        (encoded(image(), "TIFF"), "unknown_format"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * MOST_BYTES, "too_many_bytes"),
        (png_claiming(60_000, 60_000), "too_many_pixels"),
        (png_claiming(20_000, 2), "too_many_pixels"),
        (png_claiming(8_000, 8_000), "too_many_pixels"),
        (encoded(image(), "JPEG")[:9000], "truncated"),
        (encoded(image(), "PNG")[:90_000], "truncated"),
        (encoded(image(), "JPEG")[:200] + b"\xff" * 300, "damaged"),
        (b"\xff\xd8\xff" + b"\x01" * 200, "damaged"),
    ],
)
def test_what_is_no_picture_has_a_word(data: bytes, expected: str) -> None:
    assert problem(data) == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "HEIF"])
def test_every_format_decodes_to_the_same_picture(kind: str) -> None:
    frame = decode(encoded(image(), kind))
    assert (frame.width, frame.height, frame.scale, frame.rgb.dtype) == (512, 512, 1.0, np.dtype(np.uint8))
    assert abs(frame.rgb.astype(int) - np.asarray(image()).astype(int)).mean() < 12


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    if mode == "I;16":
        gray = np.asarray(image().convert("L")).astype(np.uint16) * 257
        data, expected = encoded(Image.fromarray(gray)), image().convert("L")
    elif mode == "CMYK":
        data, expected = encoded(image().convert("CMYK"), "JPEG", quality=95), image()
    else:
        data, expected = encoded(image().convert(mode)), image().convert(mode).convert("RGB")
    frame = decode(data)
    assert frame.rgb.shape == (512, 512, 3)
    assert abs(frame.rgb.astype(int) - np.asarray(expected.convert("RGB")).astype(int)).mean() < 6


def test_16_bits_are_scaled_down_also_when_resized() -> None:
    gray = np.asarray(image().convert("L").resize((2048, 2048))).astype(np.uint16) * 257
    frame = decode(encoded(Image.fromarray(gray)))
    assert frame.rgb.shape == (1024, 1024, 3)
    assert abs(frame.rgb.mean() - np.asarray(image().convert("L")).mean()) < 2


def test_what_is_transparent_becomes_white() -> None:
    clear = image().convert("RGBA")
    clear.putalpha(0)
    assert decode(encoded(clear)).rgb.min() == 255


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    first, second = Image.new("RGB", (64, 64), (250, 10, 10)), Image.new("RGB", (64, 64), (10, 10, 250))
    data = encoded(first, kind, save_all=True, append_images=[second, second])
    assert decode(data).rgb[..., 0].mean() > 200 > 60 > decode(data).rgb[..., 2].mean()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied(orientation: int, kind: str) -> None:
    upright = Image.fromarray(gradient(96, 64))
    inverse = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    stored = upright if inverse is None else upright.transpose(inverse)
    exif = Image.Exif()
    exif[0x0112] = orientation
    frame = decode(encoded(stored, kind, exif=exif))
    assert (frame.width, frame.height, frame.rgb.shape) == (96, 64, (64, 96, 3))
    assert abs(frame.rgb[..., :2].astype(int) - np.asarray(upright)[..., :2].astype(int)).mean() < 12


def test_ten_thousand_exif_tags_cost_nothing() -> None:
    entries = b"".join(struct.pack("<HHII", 0x9000 + n % 0x1000, 3, 1, 1) for n in range(5000))
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<H", 10_000) + entries + b"\x00" * 4
    frame = decode(encoded(image(), "JPEG", exif=exif))
    assert frame.rgb.shape == (512, 512, 3)


def test_progressive_and_polyglot_jpegs_are_jpegs() -> None:
    progressive = encoded(image(), "JPEG", progressive=True)
    assert decode(progressive).format == "jpeg"
    assert decode(progressive + zipped()).format == "jpeg"
    assert problem(zipped() + progressive) == "unknown_format"


def test_large_photos_are_worked_on_at_a_working_size() -> None:
    frame = decode(encoded(image().resize((3000, 2000)), "JPEG"))
    assert max(frame.rgb.shape) == WORK_SIDE
    assert (frame.width, frame.height) == (3000, 2000)
    assert frame.scale == pytest.approx(3000 / WORK_SIDE)


MAGIC = {
    "jpeg": encoded(image().resize((64, 64)), "JPEG"),
    "png": encoded(image().resize((64, 64))),
    "webp": encoded(image().resize((64, 64)), "WEBP"),
    "gif": encoded(image().resize((64, 64)), "GIF"),
    "heif": encoded(image().resize((64, 64)), "HEIF"),
}


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(MAGIC)),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=12),
    end=st.integers(60, 6000),
)
def test_damaged_headers_end_as_a_picture_or_a_word(
    kind: str, changes: list[tuple[int, int]], end: int
) -> None:
    data = bytearray(MAGIC[kind])
    for at, value in changes:
        data[at % len(data)] = value
    try:
        frame = decode(bytes(data[:end]))
    except UnreadableImageError as error:
        assert error.problem in IMAGE_PROBLEMS
    else:
        assert frame.rgb.ndim == 3
        assert max(frame.rgb.shape) <= WORK_SIDE


@given(st.binary(max_size=200))
def test_noise_is_never_an_exception(data: bytes) -> None:
    try:
        decode(data)
    except UnreadableImageError as error:
        assert error.problem in IMAGE_PROBLEMS
    assert sniff(data) in (None, "jpeg", "png", "webp", "gif", "heif")
