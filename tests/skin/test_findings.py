"""What is found on the portrait of scikit-image and its variants: it moves as it should."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.skin.find_face import find
from aurora.skin.findings import measure
from aurora.skin.measured import (
    ISSUE_TYPES,
    QUALITY_REASONS,
    SEVERITY_FROM,
    Finding,
    IssueType,
    Measured,
    severity_of,
)
from soak import skin_variants as variants
from soak.skin_variants import NO_FACES, RGB, VARIANTS
from tests.skin.pictures import encoded

GOLDEN = Path(__file__).with_name("golden") / "variants.json"
SCORE_TOLERANCE = 0.02  # of scores, confidences and factors: other builds of OpenCV round otherwise


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    cv2.setNumThreads(1)


@cache
def measured(name: str) -> Measured:
    return measure(encoded(VARIANTS[name]()))


def score(picture: RGB, issue: IssueType) -> Finding:
    return {f.issue_type: f for f in measure(encoded(picture)).findings}[issue]


@pytest.mark.parametrize("name", ["portrait", "head and shoulders", "twice as large", "turned by 8 degrees"])
def test_a_well_lit_face_passes(name: str) -> None:
    seen = measured(name)
    assert (seen.quality.grade, seen.quality.reasons, seen.problem) == ("pass", [], None)
    assert [f.issue_type for f in seen.findings] == list(ISSUE_TYPES)
    assert all(f.severity <= 1 for f in seen.findings)


@pytest.mark.parametrize("name", NO_FACES)
def test_without_a_face_there_is_nothing_to_find(name: str) -> None:
    seen = measure(encoded(variants.no_face(name)))
    assert seen.face is None
    assert seen.quality.grade == "fail"
    assert seen.quality.reasons[0] == "no_face"
    assert seen.findings == []


def plain_scenes() -> dict[str, RGB]:
    """What else a camera is pointed at: textures, a wall, noise, darkness."""
    random = np.random.default_rng(3)
    wall = 200 + np.linspace(-25, 25, 400)[None, :, None] + random.normal(0, 3, (400, 400, 3))
    return {
        "bricks": variants.no_face("brick"),
        "grass": variants.no_face("grass"),
        "gravel": variants.no_face("gravel"),
        "a wall": np.clip(wall, 0, 255).astype(np.uint8),
        "noise": np.clip(random.normal(128, 50, (400, 400, 3)), 0, 255).astype(np.uint8),
        "darkness": np.clip(random.normal(8, 6, (400, 400, 3)), 0, 255).astype(np.uint8),
    }


SCENES = {**{name: variants.no_face(name) for name in NO_FACES}, **plain_scenes()}


@pytest.mark.parametrize("name", SCENES)
def test_no_face_is_found_where_there_is_none(name: str) -> None:
    """Crops of several sizes, turned, darker, brighter: the looking again for deep skin finds none either."""
    random = np.random.default_rng(5)
    picture = SCENES[name]
    assert find(picture) is None
    for gain, turned in ((1.0, 0), (0.4, 0), (1.0, 90), (1.4, 0), (1.0, 33)):
        rows, columns = picture.shape[:2]
        side = int(min(rows, columns) * random.uniform(0.5, 1.0))
        top, left = int(random.integers(0, rows - side + 1)), int(random.integers(0, columns - side + 1))
        part = cv2.resize(picture[top : top + side, left : left + side], (256, 256))
        matrix = cv2.getRotationMatrix2D((128, 128), turned, 1.0)
        part = cv2.warpAffine(part, matrix, (256, 256), borderMode=cv2.BORDER_REFLECT)
        assert find(np.clip(part * gain, 0, 255).astype(np.uint8)) is None


@pytest.mark.parametrize(
    ("name", "grade", "reason"),
    [
        ("darker, x 0.4", "degraded", "too_dark"),
        ("darker, x 0.25", "fail", "too_dark"),
        ("overexposed, x 1.25", "degraded", "too_bright"),
        ("overexposed, x 1.6", "fail", "too_bright"),
        ("warmer by 20 %", "degraded", "white_balance_unstable"),
        ("cooler by 20 %", "degraded", "white_balance_unstable"),
        ("grey", "degraded", "white_balance_unstable"),
        ("blurred, 2 px", "degraded", "blur"),
        ("blurred, 4 px", "fail", "blur"),
        ("half the size", "degraded", "low_skin_coverage"),
        ("a quarter of the size", "fail", "low_skin_coverage"),
        ("mouth and chin covered", "fail", "no_face"),
    ],
)
def test_a_bad_photo_says_what_is_wrong(name: str, grade: str, reason: str) -> None:
    quality = measured(name).quality
    assert quality.grade == grade
    assert reason in quality.reasons


def test_a_flat_picture_is_blurred_and_without_a_face() -> None:
    quality = measure(encoded(np.full((64, 64, 3), (216, 180, 160), np.uint8))).quality
    assert (quality.grade, quality.reasons) == ("fail", ["no_face", "blur"])


LADDERS: list[tuple[IssueType, Callable[[float], RGB], tuple[float, ...]]] = [
    ("redness", variants.reddened, (0, 6, 12, 20)),
    ("shine", variants.shiny, (0, 0.25, 0.5, 0.8)),
    ("texture", variants.rough, (0, 2, 4, 8)),
    ("tone", variants.patchy, (0, 8, 16)),
    ("acne", lambda count: variants.spotted(int(count)), (0, 4, 9, 18)),
]


@pytest.mark.parametrize(("issue", "paint", "steps"), LADDERS, ids=[issue for issue, _, _ in LADDERS])
def test_more_of_it_is_never_less_severe(
    issue: IssueType, paint: Callable[[float], RGB], steps: tuple[float, ...]
) -> None:
    seen = [score(paint(step), issue) for step in steps]
    assert [f.severity for f in seen] == sorted(f.severity for f in seen)
    assert [f.score for f in seen] == sorted(f.score for f in seen)
    assert seen[0].severity == 0
    assert seen[-1].severity >= 2
    assert seen[-1].evidence


TONES = [0.5, 1.0, 1.5, 2.0]


@pytest.mark.parametrize(
    ("depth", "dark_hair"),
    [*((depth, True) for depth in (*TONES, 2.5)), (1.0, False), (1.5, False), (2.0, False)],
)
def test_deep_skin_in_good_light_passes_and_shows_nothing_that_is_not_there(
    depth: float, dark_hair: bool
) -> None:
    seen = measure(encoded(variants.deep(depth, dark_hair=dark_hair)))
    assert (seen.quality.grade, seen.quality.reasons) == ("pass", [])
    assert [f.severity for f in seen.findings] == [0] * len(ISSUE_TYPES)


@pytest.mark.parametrize("depth", TONES)
def test_findings_do_not_rest_on_skin_tone(depth: float) -> None:
    deep = variants.deep(depth)
    for strength in (0.25, 0.4):
        light = score(variants.inflamed(strength), "redness")
        dark = score(variants.inflamed(strength, depth), "redness")
        assert abs(light.score - dark.score) < 0.08
    light, dark = score(variants.spotted(18), "acne"), score(variants.spotted(18, picture=deep), "acne")
    assert abs(light.severity - dark.severity) <= 1
    light, dark = score(variants.shiny(0.5), "shine"), score(variants.shiny(0.5, deep), "shine")
    assert abs(light.severity - dark.severity) <= 1


@pytest.mark.parametrize("gain", [0.4, 0.6])
def test_redness_does_not_rest_on_the_light(gain: float) -> None:
    red = variants.reddened(20)
    dim = np.clip(red * gain, 0, 255).astype(np.uint8)
    assert abs(score(red, "redness").score - score(dim, "redness").score) < 0.12


def test_the_scene_tells_a_dark_photo_from_a_deep_skin() -> None:
    dim = measure(encoded(variants.exposed(0.25))).quality
    deep = measure(encoded(variants.deep(2.5))).quality
    assert abs(dim.metrics["skin_lightness"] - deep.metrics["skin_lightness"]) < 3
    assert (dim.grade, dim.reasons) == ("fail", ["too_dark"])
    assert (deep.grade, deep.reasons) == ("pass", [])


@pytest.mark.parametrize("depth", [0.0, 1.0, 2.0])
def test_grain_is_no_spot_on_any_skin(depth: float) -> None:
    random = np.random.default_rng(4)
    plain = variants.deep(depth) if depth else variants.portrait()
    grainy = np.clip(plain + random.normal(0, 5, plain.shape), 0, 255).astype(np.uint8)
    found = {f.issue_type: f.severity for f in measure(encoded(grainy)).findings}
    assert found["acne"] == 0
    assert found["redness"] <= 1


def test_redness_shows_where_it_was_painted() -> None:
    found = score(variants.reddened(20), "redness")
    assert {evidence.region for evidence in found.evidence} >= {"left_cheek", "right_cheek"}
    left = next(evidence.box for evidence in found.evidence if evidence.region == "left_cheek")
    x, y = variants.LEFT_CHEEK
    assert left.x <= x <= left.x + left.w
    assert left.y <= y <= left.y + left.h


def test_equal_bytes_give_equal_answers() -> None:
    data = encoded(variants.shiny(0.5))
    assert msgspec.json.encode(measure(data)) == msgspec.json.encode(measure(data))


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_every_answer_is_lawful(name: str) -> None:
    seen = measured(name)
    assert (seen.quality.grade == "pass") == (not seen.quality.reasons)
    assert seen.quality.reasons == sorted(seen.quality.reasons, key=QUALITY_REASONS.index)
    if seen.quality.grade == "fail":
        assert seen.findings == []
    assert seen.picture is not None
    for finding in seen.findings:
        assert 0 <= finding.confidence <= 1
        assert (
            finding.severity == severity_of(finding.score)
            or min(abs(finding.score - begins) for begins in SEVERITY_FROM) < 0.001
        )
        assert (finding.severity == 0) <= (finding.evidence == [])
        for evidence in finding.evidence:
            assert 0 <= evidence.box.x <= evidence.box.x + evidence.box.w <= seen.picture.width
            assert 0 <= evidence.box.y <= evidence.box.y + evidence.box.h <= seen.picture.height
    assert msgspec.json.decode(msgspec.json.encode(seen), type=Measured) == seen


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_golden_vectors(name: str) -> None:
    expected = msgspec.json.decode(GOLDEN.read_bytes(), type=dict[str, Measured])[name]
    seen = measured(name)
    assert (seen.quality.grade, seen.quality.reasons) == (expected.quality.grade, expected.quality.reasons)
    assert seen.quality.factor == pytest.approx(expected.quality.factor, abs=SCORE_TOLERANCE)
    assert len(seen.findings) == len(expected.findings)
    for found, golden in zip(seen.findings, expected.findings, strict=True):
        assert found.score == pytest.approx(golden.score, abs=SCORE_TOLERANCE), found.issue_type
        assert found.confidence == pytest.approx(golden.confidence, abs=2 * SCORE_TOLERANCE), found.issue_type


@given(st.floats(0, 1))
def test_severity_never_falls_with_the_score(value: float) -> None:
    assert 0 <= severity_of(value) <= severity_of(min(1.0, value + 0.05)) <= 4


def test_bytes_that_are_no_picture_are_an_answer() -> None:
    assert measure(b"").wire_reason == "no_image"
    assert measure(b"PK\x03\x04" + b"\x00" * 100).wire_reason == "decode_failed"
    assert measure(b"PK\x03\x04" + b"\x00" * 100).findings == []
