"""What a model is shown: pixels, upright and small, and nothing of what the camera wrote beside them."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from aurora.skin.reencode import as_jpeg
from tests.support.photos import PLACE, picture, with_place


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    return Image.open(BytesIO(data))


def test_nothing_but_pixels_leaves() -> None:
    sent = with_place(picture("golden"))
    assert PLACE in sent
    assert opened(sent).getexif()
    shown = as_jpeg(sent)
    assert shown is not None
    assert PLACE not in shown
    assert not opened(shown).getexif()
    assert not {"exif", "icc_profile", "comment", "photoshop"} & set(opened(shown).info)
    assert opened(shown).format == "JPEG"


def test_it_is_upright_and_small() -> None:
    wide = Image.new("RGB", (3000, 1000), (200, 150, 120))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = BytesIO()
    wide.save(out, "JPEG", exif=exif)
    width, height = opened(as_jpeg(out.getvalue())).size
    assert (max(width, height), height > width) == (1024, True)


def test_a_small_photo_is_not_enlarged() -> None:
    assert opened(as_jpeg(picture("golden"))).size == opened(picture("golden")).size


@pytest.mark.parametrize("data", [b"", b"no picture" * 20, picture("broken")])
def test_what_is_no_picture_is_shown_to_nobody(data: bytes) -> None:
    assert as_jpeg(data) is None
