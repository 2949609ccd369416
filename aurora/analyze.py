"""`aurora analyze`: what one photo shows, on the terminal. Nothing leaves the machine and nothing is kept.

Exit code 0: measured (a photo that fails the quality check is measured too). 2: it cannot be read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, Literal, NoReturn

import click
import msgspec

from aurora.contract.envelope import Lang
from aurora.skin.measured import ImageProblem, IssueType, Measured, QualityReason, Region

Pair = tuple[str, str]

_PROBLEMS: Final[dict[ImageProblem, Pair]] = {
    "no_image": ("the file is empty or too short to be a photo", "文件是空的，或太短，不像照片"),
    "unknown_format": ("not a JPEG, PNG, WebP, HEIC or GIF", "不是 JPEG、PNG、WebP、HEIC 或 GIF"),
    "too_many_bytes": ("the file is larger than 15 MiB", "文件超过 15 MiB"),
    "too_many_pixels": (
        "the photo has too many pixels; send a smaller one",
        "照片像素过大，请换一张小一点的",
    ),
    "truncated": ("the file ends in the middle of the photo", "文件不完整，照片没有传完"),
    "damaged": ("the photo is damaged", "照片已损坏"),
    "out_of_memory": ("the photo takes too much memory to open", "打开这张照片需要的内存太多"),
}
_REASONS: Final[dict[QualityReason, Pair]] = {
    "no_face": ("no face from the front", "没有找到正脸"),
    "low_skin_coverage": ("too little of the face shows, or it is too small", "露出的面部太少，或人脸太小"),
    "blur": ("not in focus", "不够清晰"),
    "too_dark": ("too dark", "太暗"),
    "too_bright": ("too bright", "太亮"),
    "white_balance_unstable": ("the light has a colour", "光线偏色"),
}
_GRADES: Final[dict[str, Pair]] = {
    "pass": ("good", "良好"),
    "degraded": ("usable with care", "勉强可用"),
    "fail": ("not usable, please take another", "不可用，请重拍"),
}
_ISSUES: Final[dict[IssueType, Pair]] = {
    "redness": ("redness", "泛红"),
    "shine": ("shine", "油光"),
    "texture": ("texture", "粗糙"),
    "tone": ("uneven tone", "肤色不匀"),
    "acne": ("blemishes", "痘痘"),
}
_SEVERITIES: Final[tuple[Pair, ...]] = (
    ("not seen", "未见"), ("slight", "轻微"), ("some", "有一些"), ("marked", "明显"), ("strong", "很明显"),
)  # fmt: skip
_REGIONS: Final[dict[Region, Pair]] = {
    "forehead": ("forehead", "额头"),
    "left_cheek": ("left cheek", "左脸颊"),
    "right_cheek": ("right cheek", "右脸颊"),
    "nose": ("nose", "鼻子"),
    "chin": ("chin", "下巴"),
}


class Plain(msgspec.Struct, frozen=True):
    """What --json prints."""

    face_found: bool
    quality: PlainQuality
    findings: list[PlainFinding]


class PlainQuality(msgspec.Struct, frozen=True):
    """Grade and reasons."""

    grade: str
    reasons: list[QualityReason]


class PlainFinding(msgspec.Struct, frozen=True):
    """severity 0-4, confidence 0-1."""

    issue_type: IssueType
    severity: int
    confidence: float


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", type=click.Choice(["EN", "CN"]), default="EN", show_default=True, help="Language.")
@click.option("--overlay", type=click.Path(path_type=Path), help="Write a PNG that shows what was measured.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")
def analyze(file: Path, lang: Lang, overlay: Path | None, as_json: bool) -> None:
    """Measure the skin on one photo: quality, and five findings with severity 0 to 4.

    FILE may be - for standard input. Exit code 0: measured, whatever the photo shows. 2: it cannot be read,
    or the overlay cannot be written; one line on standard error says why.
    """
    # OpenCV and numpy are loaded only here: every other command, the service's too, does without.
    import cv2

    from aurora.skin.decode import MOST_BYTES
    from aurora.skin.findings import examine
    from aurora.skin.overlay import side_by_side

    cv2.setNumThreads(1)
    try:
        with click.open_file(str(file), "rb") as source:  # "-" is standard input
            data = source.read(MOST_BYTES + 1)
    except OSError as error:
        _refuse(f"{file}: {(error.strerror or 'cannot be read').lower()}")
    examined = examine(data)
    measured = examined.measured
    if measured.problem is not None:
        _refuse(f"{file}: {_say(lang, _PROBLEMS[measured.problem])}")
    if overlay is not None:
        try:
            overlay.write_bytes(side_by_side(examined))
        except OSError as error:
            _refuse(f"{overlay}: {(error.strerror or 'cannot be written').lower()}")
    if as_json:
        click.echo(msgspec.json.encode(plain(measured)).decode())
    else:
        click.echo("\n".join(lines(measured, lang)))


def plain(measured: Measured) -> Plain:
    """The short form of a measured photo."""
    return Plain(
        face_found=measured.face is not None,
        quality=PlainQuality(measured.quality.grade, measured.quality.reasons),
        findings=[PlainFinding(f.issue_type, f.severity, f.confidence) for f in measured.findings],
    )


def lines(measured: Measured, lang: Lang) -> list[str]:
    """The long form, as a person reads it."""
    why = [_say(lang, _REASONS[reason]) for reason in measured.quality.reasons]
    label, colon, comma = ("照片质量", "：", "、") if lang == "CN" else ("Photo quality", ": ", ", ")
    grade = _say(lang, _GRADES[measured.quality.grade])
    told = [f"{label}{colon}{grade}" + (f" ({comma.join(why)})" if why else "")]
    sure = "把握" if lang == "CN" else "confidence"
    for finding in measured.findings:
        where = comma.join(_say(lang, _REGIONS[evidence.region]) for evidence in finding.evidence)
        told.append(
            f"  {_say(lang, _ISSUES[finding.issue_type])}{colon}{_say(lang, _SEVERITIES[finding.severity])} "
            f"({finding.severity}/4, {sure} {finding.confidence:.2f})" + (f"  {where}" if where else "")
        )
    if measured.findings:
        told.append(
            "仅描述照片里看得到的表象，不是诊断。"
            if lang == "CN"
            else "What a photo shows on the surface; no diagnosis."
        )
    return told


def _say(lang: Literal["EN", "CN"], pair: Pair) -> str:
    return pair[1] if lang == "CN" else pair[0]


def _refuse(text: str) -> NoReturn:
    click.echo(f"aurora analyze: {text}", err=True)
    sys.exit(2)
