"""What measuring one photo yields: plain values, no pixels. What an actor answers and a trace records.

Kept free of numpy and OpenCV, so that a service which only hands photos to workers does not load them.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Grade = Literal["pass", "degraded", "fail"]

QualityReason = Literal[
    "no_face", "low_skin_coverage", "blur", "too_dark", "too_bright", "white_balance_unstable"
]
"""Why a photo is less than it could be (contract C 6, 19.4; decision 26), in the order of telling."""
QUALITY_REASONS: Final[tuple[QualityReason, ...]] = (
    "no_face", "low_skin_coverage", "blur", "too_dark", "too_bright", "white_balance_unstable",
)  # fmt: skip

IssueType = Literal["redness", "shine", "texture", "tone", "acne"]
"""What is looked for (contract F 13.2), in the order of findings."""
ISSUE_TYPES: Final[tuple[IssueType, ...]] = ("redness", "shine", "texture", "tone", "acne")

Region = Literal["forehead", "left_cheek", "right_cheek", "nose", "chin"]
"""Parts of the face, left and right as in the picture (modules of contract F 13.2)."""
REGIONS: Final[tuple[Region, ...]] = ("forehead", "left_cheek", "right_cheek", "nose", "chin")

ImageProblem = Literal[
    "no_image", "unknown_format", "too_many_bytes", "too_many_pixels", "truncated", "damaged", "out_of_memory"
]
"""Why bytes are not a picture that we read. `wire_reason` folds them into the contract's two words."""
IMAGE_PROBLEMS: Final[tuple[ImageProblem, ...]] = (
    "no_image", "unknown_format", "too_many_bytes", "too_many_pixels", "truncated", "damaged",
    "out_of_memory",
)  # fmt: skip


SEVERITY_FROM: Final = (
    0.15,
    0.35,
    0.55,
    0.75,
)  # scores at which severity 1, 2, 3, 4 begin (contract C 19.10)

DEGRADED_KEEPS: Final = 0.82  # of the confidence, where the photo is degraded (contract C 19.10)


def severity_of(score: float) -> int:
    """0 to 4."""
    return sum(score >= begins for begins in SEVERITY_FROM)


class Box(msgspec.Struct, frozen=True):
    """A rectangle in pixels of the upright photo as it was sent."""

    x: int
    y: int
    w: int
    h: int


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The photo itself. width, height: upright, in pixels, as sent."""

    format: str
    width: int
    height: int


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the photo can be relied on. factor: 0..1, product of the factors among `metrics`."""

    grade: Grade
    reasons: list[QualityReason] = []
    factor: float = 0.0
    metrics: dict[str, float] = {}


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finding shows. score: 0..1, the finding's own measure within the region. box: around it."""

    region: Region
    score: float
    box: Box


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked for. severity 0 (not seen) to 4, from `score` 0..1. confidence: 0..1.

    evidence: the regions in which it shows, strongest first. metrics: numbers behind the score, with their
    units in the name or in the detector's documentation.
    """

    issue_type: IssueType
    severity: int
    confidence: float
    score: float
    evidence: list[Evidence] = []
    metrics: dict[str, float] = {}


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One photo, measured.

    problem: the bytes could not be read as a picture; then there is nothing else. face: None when there is
    none, and then no findings. findings: every issue type once, in order, unless the grade is `fail`.
    """

    problem: ImageProblem | None = None
    picture: Picture | None = None
    face: Box | None = None
    quality: Quality = Quality(grade="fail")
    findings: list[Finding] = []

    @property
    def wire_reason(self) -> Literal["no_image", "decode_failed"] | None:
        """The contract's word for the problem (C 11.11), None when there is none."""
        if self.problem is None:
            return None
        return "no_image" if self.problem == "no_image" else "decode_failed"
