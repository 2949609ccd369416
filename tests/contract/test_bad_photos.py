"""Photos that are none, over the whole house: contract codes, nothing left lying about, workers alive.

What the way in lets through (it looks at no pixel) meets the decoder, in real worker processes.
"""

from __future__ import annotations

import struct
import tempfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from PIL import Image

from aurora.sandbox.photos import STORAGE
from tests.contract.test_c32_analysis import analyse, calls, metric, summary
from tests.contract.test_c32_photos import house, upload
from tests.contract.test_photo_privacy import files_under
from tests.skin.pictures import encoded, png_claiming
from tests.support.photos import photo_house, picture, taken_in
from tests.support.sandbox import Served
from tests.web.test_photo_upload import B, body, field, photo


def zipped() -> bytes:
    """A ZIP that holds a photo."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("me.jpg", picture("golden"))
    return out.getvalue()


def many_tags() -> bytes:
    """The golden photo with ten thousand EXIF entries claimed, five thousand there."""
    entries = b"".join(struct.pack("<HHII", 0x9000 + n % 0x1000, 3, 1, 1) for n in range(5000))
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<H", 10_000) + entries + b"\x00" * 4
    return encoded(Image.open(BytesIO(picture("golden"))), "JPEG", quality=95, exif=exif)


BAD: dict[str, tuple[Callable[[], bytes], bool]] = {
    "zero bytes": (lambda: b"\x00" * 4096, False),
    "a zip named jpg": (zipped, False),
    "a header of 60,000 x 60,000": (lambda: png_claiming(60_000, 60_000), False),
    "a zip before a photo": (lambda: zipped() + picture("golden"), False),
    "half a photo": (lambda: picture("golden")[:6000], False),
    "a page of html": (lambda: b"<html>" + b"<script>alert(1)</script>" * 40, False),
    "a photo before a zip": (lambda: picture("golden") + zipped(), True),
    "ten thousand tags": (many_tags, True),
}


@pytest.mark.slow
async def test_photos_that_are_none_are_said_to_be_none(
    sandbox: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One house for all: each is followed by the next, and by a good one, in the same worker."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with photo_house(sandbox, workers=True) as client:
        await analyse(client, await taken_in(client, picture("golden")))
        before = {child.pid for child in psutil.Process().children(recursive=True)}
        for name, (made, readable) in BAD.items():
            seen = summary(await analyse(client, await taken_in(client, made())))
            assert seen["used_photos"] is readable, name
            if readable:
                assert seen["analysis_source"] == "diagnosis_v1_template", name
            else:
                assert seen["analysis_source"] == "retake", name
                assert not seen.get("photo_findings"), name
                assert "pixel_decode_failed" in seen["quality_report"]["photo_quality"]["reasons"], name
            assert files_under(tmp_path) == [], name
        after = {child.pid for child in psutil.Process().children(recursive=True)}
        assert after == before
        good = summary(await analyse(client, await taken_in(client, picture("golden"))))
        assert good["analysis_source"] == "diagnosis_v1_template"


FIFTY = body(*[photo(b"\xff\xd8\xff" + b"p" * 60) for _ in range(50)], slot_id="d", consent="true")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (body(photo(b""), slot_id="daylight", consent="true"), "BAD_REQUEST"),
        (FIFTY, "INVALID_MULTIPART"),
        (field("slot_id", b"d") + photo(b"\xff\xd8\xff" * 40)[:-40], "INVALID_MULTIPART"),
        (b"", "INVALID_MULTIPART"),
        (b"\x00" * 5000, "INVALID_MULTIPART"),
    ],
    ids=["an empty photo", "fifty parts", "cut in the middle", "nothing", "noise"],
)
async def test_row_34_bodies_that_are_no_form_reach_nobody(
    sandbox: Served, sent: bytes, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with house(sandbox) as client:
        answer = await upload(client, sent)
        assert (answer.status, answer.error) == (400, code)
        assert answer.text
        assert len(client.house.photos.tray) == 0
        assert len(client.house.photos.cache) == 0
    assert calls(sandbox, "photos", "/photos") == []
    assert calls(sandbox, "storage", STORAGE) == []
    assert files_under(tmp_path) == []


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "image/jpeg"])
async def test_row_34_a_form_without_a_boundary_is_none(sandbox: Served, kind: str) -> None:
    async with house(sandbox) as client:
        answer = await client.send(
            "POST", "/v1/photos/upload", body=body(photo(), slot_id="d", consent="true"), content_type=kind
        )
    assert (answer.status, answer.error) == (400, "BAD_REQUEST")
    assert answer.payload("error")["detail"] == "multipart_required"
    assert B.encode() not in answer.body


@pytest.mark.parametrize(
    ("sent", "label"),
    [
        ("mobile", "mobile"),
        ("Desktop", "desktop"),
        ("toaster", "unknown"),
        ("", "unknown"),
        ("m" * 5000, "unknown"),
    ],
)  # fmt: skip
async def test_the_kind_of_device_is_counted_by_two_words(sandbox: Served, sent: str, label: str) -> None:
    async with photo_house(sandbox) as client:
        photo_id = await taken_in(client, picture("golden"))
        before = counted(label)
        await analyse(client, photo_id, headers={"X-Device-Class": sent} if sent else {})
    assert counted(label) == before + 1


def counted(device_class: str) -> float:
    """Analyses so far of a good photo from such a device."""
    labels = {"issue_type": "all", "quality_grade": "pass", "pipeline_version": "B"}
    return metric("analyze_requests_total", **labels, device_class=device_class)
