"""What became of the photo of an analysis, and what its pixels say about how sure we are (C 11.11, 19.11)."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from aurora.rules.photo_fetching import FetchCode
from aurora.skin.measured import Finding, Measured

Grade = Literal["pass", "degraded", "fail", "unknown"]
Trouble = Literal["busy", "crashed"]

DIAGNOSIS_FAILED: Final = "diagnosis_failed"
MOST_REASONS: Final = 10
_RANK: Final[dict[Grade, int]] = {"unknown": 0, "pass": 1, "degraded": 2, "fail": 3}

# Contract C 19.11, with severities 0 to 4 of `skin.measured`.
HIGH_SEVERITY, HIGH_CONFIDENCE = 2, 0.75
MEDIUM_SEVERITY, MEDIUM_CONFIDENCE = 1, 0.55
UNSURE_BELOW: Final = 0.6
CLOSE_SCORES: Final = 0.06
_EPSILON: Final = 1e-9  # scores have three decimals; their difference is no exact number


class PixelPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How far the pixels settle things. level: high, medium, low. uncertainty: reasons, empty if certain."""

    level: str
    uncertainty: tuple[str, ...]
    top: tuple[str, ...]

    def as_node(self) -> dict[str, Any]:
        """The wire's `detector_policy`."""
        node: dict[str, Any] = {
            "schema_version": "aurora.skin_diagnosis_policy.v1",
            "detector_confidence_level": self.level,
            "uncertainty": bool(self.uncertainty),
        }
        if self.uncertainty:
            node["uncertainty_reasons"] = list(self.uncertainty)
        if self.top:
            node["top_issue_types"] = list(self.top)
        return node


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One photo, as far as it came.

    code: why it could not be fetched. measured: what its pixels show. trouble: its worker was not free in
    time, or died of it. With none of them nobody looked.
    """

    code: FetchCode | None = None
    measured: Measured | None = None
    trouble: Trouble | None = None

    @property
    def used(self) -> bool:
        """Whether the picture was read, whatever it shows."""
        return self.measured is not None and self.measured.problem is None

    @property
    def unreadable(self) -> str | None:
        """Why the bytes are no picture for us, in the contract's words; None if they are one."""
        if self.trouble == "crashed":
            return "crashed"
        return self.measured.wire_reason if self.measured is not None else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was looked for, most severe first."""
        found = self.measured.findings if self.measured is not None and self.used else []
        return tuple(sorted(found, key=lambda f: (-f.severity, -f.confidence)))

    @property
    def seen(self) -> tuple[Finding, ...]:
        """What was found: severity 1 and above (contract C 17 [R])."""
        return tuple(f for f in self.findings if f.severity >= 1)

    @property
    def policy(self) -> PixelPolicy | None:
        """What the pixels mean for whom to ask; None when they were not read."""
        if self.measured is None or not self.used:
            return None
        grade, found = self.measured.quality.grade, self.findings
        top = found[0] if found else None
        level = "low"
        if grade == "pass" and top is not None:
            if top.severity >= HIGH_SEVERITY and top.confidence >= HIGH_CONFIDENCE:
                level = "high"
            elif top.severity >= MEDIUM_SEVERITY and top.confidence >= MEDIUM_CONFIDENCE:
                level = "medium"
        unsure = (
            (f"quality_{grade}", grade != "pass"),
            ("low_top_confidence", top is None or top.confidence < UNSURE_BELOW),
            ("top2_close", len(found) > 1 and abs(found[0].score - found[1].score) < CLOSE_SCORES - _EPSILON),
        )
        return PixelPolicy(
            level=level,
            uncertainty=tuple(reason for reason, is_so in unsure if is_so),
            top=tuple(f.issue_type for f in self.seen[:3]),
        )


UNREAD: Final = Reading()


def merged(grade: Grade, reasons: tuple[str, ...], reading: Reading) -> tuple[Grade, tuple[str, ...]]:
    """Grade and reasons of the check at upload together with the pixels': the worse one counts."""
    unreadable = reading.unreadable
    if unreadable is not None:
        return "fail", _joined(reasons, (f"pixel_{unreadable}",))
    if reading.measured is None:
        return grade, reasons
    quality = reading.measured.quality
    worse: Grade = quality.grade if _RANK[quality.grade] > _RANK[grade] else grade
    return worse, _joined(reasons, tuple(f"pixel_{reason}" for reason in quality.reasons))


def label_of(confidence: float) -> str:
    """A confidence 0..1 as the wire's three words (contract C 19.8)."""
    return "pretty_sure" if confidence >= 0.78 else "somewhat_sure" if confidence >= 0.52 else "not_sure"


def _joined(first: tuple[str, ...], then: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *then)))[:MOST_REASONS]
