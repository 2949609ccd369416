"""`aurora analyze` as a person types it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from aurora.cli import main
from soak.skin_variants import no_face, portrait, reddened
from tests.skin.pictures import encoded


def analyze(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["analyze", *arguments])


@pytest.fixture
def red(tmp_path: Path) -> str:
    path = tmp_path / "red.jpg"
    path.write_bytes(encoded(reddened(20), "JPEG", quality=95))
    return str(path)


def test_json_is_exactly_three_keys(red: str) -> None:
    done = analyze(red, "--json")
    assert done.exit_code == 0
    told = msgspec.json.decode(done.stdout)
    assert set(told) == {"face_found", "quality", "findings"}
    assert told["face_found"] is True
    assert told["quality"] == {"grade": "pass", "reasons": []}
    assert {frozenset(f) for f in told["findings"]} == {frozenset(("issue_type", "severity", "confidence"))}
    assert next(f["severity"] for f in told["findings"] if f["issue_type"] == "redness") >= 3


def test_a_picture_without_a_face_is_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(encoded(no_face("chelsea")))
    done = analyze(str(path), "--json")
    assert done.exit_code == 0
    assert msgspec.json.decode(done.stdout) == {
        "face_found": False, "quality": {"grade": "fail", "reasons": ["no_face"]}, "findings": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "words"), [("EN", ("redness", "left cheek", "marked")), ("CN", ("泛红", "左脸颊"))]
)
def test_people_read_it_in_their_language(red: str, lang: str, words: tuple[str, ...]) -> None:
    done = analyze(red, "--lang", lang)
    assert done.exit_code == 0
    assert all(word in done.stdout for word in words)


def test_the_overlay_shows_face_mask_and_findings(red: str, tmp_path: Path) -> None:
    done = analyze(red, "--overlay", str(tmp_path / "out.png"))
    assert done.exit_code == 0
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height


def test_a_photo_may_come_through_a_pipe(red: str) -> None:
    done = CliRunner().invoke(main, ["analyze", "-", "--json"], input=Path(red).read_bytes())
    assert (done.exit_code, done.stdout) == (0, analyze(red, "--json").stdout)


@pytest.mark.parametrize("options", [(), ("--overlay", "{there}")])
def test_a_directory_is_neither_photo_nor_place(red: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    done = analyze(red if options else str(tmp_path), *(part.format(there=tmp_path) for part in options))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"aurora analyze: {tmp_path}: is a directory\n"


@pytest.mark.parametrize(
    "content", [None, b"", b"PK\x03\x04" + b"\x00" * 200, encoded(portrait(), "JPEG")[:5000]]
)
def test_what_cannot_be_read_is_one_line_and_exit_code_2(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)
    done = analyze(str(path), "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("aurora analyze: ")
    assert done.stderr.count("\n") == 1
