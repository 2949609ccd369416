"""What an analysis has to go on: answers, routine, check-ins, photos as sent. Contract C 11.4 to 11.9."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Literal

import msgspec

from aurora.contract.memory import Profile, SkinLog
from aurora.rules.analysis.actives import STRONG, actives_in, stings, text_of
from aurora.rules.analysis.photo_reading import UNREAD, Grade, Reading, merged
from aurora.rules.redflags import check
from aurora.rules.text import fold

_PASSED = frozenset({"passed", "pass", "ok"})
_FAILED = frozenset({"fail", "failed", "reject", "rejected", "bad"})
_DEGRADED = frozenset({"degraded", "warn", "warning", "low"})
_NOT_SAID = frozenset({"", "unknown", "unsure", "not_sure", "none", "n/a", "不清楚", "不确定", "不知道"})
_FRAGILE = frozenset({"impaired", "compromised", "damaged", "weak", "受损", "不稳定", "脆弱"})
_HIGH = frozenset({"high", "sensitive", "高", "敏感"})
_MEDIUM = frozenset({"medium", "moderate", "中", "中等", "一般"})
_OILY = frozenset({"oily", "combination", "油性", "油皮", "混合", "混合性", "混油"})
_DRY = frozenset({"dry", "干性", "干皮", "干"})

_ISOTRETINOIN = ("isotretinoin", "accutane", "roaccutane", "异维a酸", "泰尔丝")

LOG_DAYS = 7
MAX_GOALS = 6


class Photo(msgspec.Struct, frozen=True):
    """One photo as the request names it. Blank ids count as absent."""

    slot: str
    photo_id: str = ""
    qc: str = ""


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the rules of an analysis look at, read once.

    routine_text: every word of the routine, folded. red_flags: what in it sounds like a case for a doctor.
    grade, grade_reasons: of the photos that could be used, and of the pixels once they were read (`reading`).
    signals, strong: what stands behind
    `detector_level` (contract C 11.9).
    """

    skin_type: str | None
    barrier: str | None
    sensitivity: str | None
    goals: tuple[str, ...]
    region: str | None
    contraindications: tuple[str, ...]
    pregnancy: str | None
    lactation: str | None
    age_band: str | None
    medications: tuple[str, ...]
    has_profile: bool

    routine_text: str
    actives: tuple[str, ...]
    stings: bool
    red_flags: tuple[str, ...]
    logs: tuple[SkinLog, ...]

    photos: tuple[Photo, ...]
    photo_requested: bool
    photos_provided: bool
    photo_qc: tuple[str, ...]
    grade: Grade
    grade_reasons: tuple[str, ...]

    detector_level: str
    signals: tuple[str, ...]
    strong: tuple[str, ...]

    reading: Reading = UNREAD

    @property
    def photo_used(self) -> bool:
        """Whether a photo's pixels were read."""
        return self.reading.used

    @property
    def level(self) -> str:
        """How far things are settled: by the pixels, or else by what was answered."""
        policy = self.reading.policy
        return policy.level if policy is not None else self.detector_level

    @property
    def uncertainty(self) -> bool | None:
        """Whether the pixels leave things open; None when they were not read."""
        policy = self.reading.policy
        return bool(policy.uncertainty) if policy is not None else None

    @property
    def has_routine(self) -> bool:
        """Whether products or steps are known."""
        return bool(self.routine_text)

    @property
    def has_primary_input(self) -> bool:
        """Whether there is anything but the questionnaire: a routine or a recent check-in."""
        return self.has_routine or bool(self.logs)

    @property
    def photo_expected(self) -> bool:
        """Whether the person asked for a photo to be read and sent one."""
        return self.photo_requested and self.photos_provided

    @property
    def no_retinoids(self) -> bool:
        """Whether pregnancy, a wish for one, or breastfeeding rules retinoids out (decision 19)."""
        return self.pregnancy in {"pregnant", "trying"} or self.lactation == "lactating"

    @property
    def on_isotretinoin(self) -> bool:
        """Whether isotretinoin is among the medicines."""
        return any(name in fold(m) for m in self.medications for name in _ISOTRETINOIN)

    @property
    def fragile(self) -> bool:
        """Whether the barrier is said to be impaired."""
        return said(self.barrier, _FRAGILE)

    @property
    def very_sensitive(self) -> bool:
        """Whether sensitivity is said to be high."""
        return said(self.sensitivity, _HIGH)

    @property
    def somewhat_sensitive(self) -> bool:
        """Whether sensitivity is said to be medium."""
        return said(self.sensitivity, _MEDIUM)

    @property
    def oily(self) -> bool:
        """Whether the skin is said to be oily or combination."""
        return said(self.skin_type, _OILY)

    @property
    def dry(self) -> bool:
        """Whether the skin is said to be dry."""
        return said(self.skin_type, _DRY)


def with_reading(facts: Intake, reading: Reading) -> Intake:
    """The facts once a photo was looked at: the worse grade counts."""
    grade, reasons = merged(facts.grade, facts.grade_reasons, reading)
    return msgspec.structs.replace(facts, reading=reading, grade=grade, grade_reasons=reasons)


def chosen_photo(facts: Intake, *, forced: bool = False) -> Photo | None:
    """The photo to look at (contract C 11.10): daylight first, of those whose check went best.

    Photos that failed their check are looked at only when `forced`.
    """
    if not facts.photo_expected or (facts.grade == "fail" and not forced):
        return None
    order = (
        ("degraded", "passed", "failed") if facts.grade == "degraded" else ("passed", "degraded", "failed")
    )
    for name in order:
        found = [p for p in facts.photos if bucket(p.qc) == name]
        if found and (name != "failed" or forced):
            return next((p for p in found if p.slot.lower() == "daylight"), found[0])
    return None


def bucket(qc: str) -> Literal["passed", "degraded", "failed"]:
    """What a check's word means; one we do not know, and none, is neither good nor bad."""
    token = fold(qc).strip()
    return "passed" if token in _PASSED else "failed" if token in _FAILED else "degraded"


def said(value: str | None, among: frozenset[str]) -> bool:
    """Whether a stated value is one of `among`, whatever its case."""
    return value is not None and fold(value).strip() in among


def stated(value: str | None) -> str | None:
    """The value, or None when it was never really said (blank, unknown, unsure)."""
    if value is None or fold(value).strip() in _NOT_SAID:
        return None
    return value.strip()


def read(
    *,
    use_photo: bool | None,
    routine: Any,
    photos: Sequence[Photo],
    profile: Profile | None,
    logs: Sequence[SkinLog],
    today: date,
) -> Intake:
    """Read request and memory.

    use_photo, routine: None when the request does not say; a request's routine wins over the stored one.
    """
    known = profile or Profile()
    own_routine = routine if routine is not None else known.currentRoutine
    words = text_of(own_routine)
    actives = actives_in(words)
    recent = tuple(log for log in logs if _fresh(log, today))
    usable = tuple(p for p in photos if p.slot and p.photo_id)
    grade, reasons = _grade(usable)
    signals, strong = _signals(known, words, actives, recent)
    return Intake(
        skin_type=stated(known.skinType),
        barrier=stated(known.barrierStatus),
        sensitivity=stated(known.sensitivity),
        goals=tuple(dict.fromkeys(g for g in (stated(goal) for goal in known.goals) if g))[:MAX_GOALS],
        region=stated(known.region),
        contraindications=tuple(c for c in known.contraindications if c.strip()),
        pregnancy=stated(known.pregnancy_status),
        lactation=stated(known.lactation_status),
        age_band=stated(known.age_band),
        medications=tuple(m for m in known.high_risk_medications if m.strip()),
        has_profile=profile is not None and profile != Profile(),
        routine_text=words,
        actives=actives,
        stings=stings(words),
        red_flags=check(words).flags,
        logs=recent,
        photos=usable,
        photo_requested=use_photo if use_photo is not None else bool(usable),
        photos_provided=bool(usable),
        photo_qc=tuple(f"{p.slot}:{p.qc}" for p in photos if p.slot and p.qc),
        grade=grade,
        grade_reasons=reasons,
        detector_level="high" if strong and len(signals) >= 3 else "medium" if len(signals) >= 2 else "low",
        signals=signals,
        strong=strong,
    )


def _fresh(log: SkinLog, today: date) -> bool:
    try:
        day = date.fromisoformat(log.date[:10])
    except ValueError:
        return False
    # A day ahead is a person east of UTC, not an error.
    return today - timedelta(days=LOG_DAYS) <= day <= today + timedelta(days=1)


def _grade(usable: Sequence[Photo]) -> tuple[Grade, tuple[str, ...]]:
    """Only photos that could be fetched count, so that the grade never promises one that is not there."""
    if not usable:
        return "unknown", ("no_photos",)
    tokens = [fold(p.qc).strip() for p in usable]
    if any(t in _PASSED for t in tokens):
        return "pass", ("qc_passed",)
    odd = any(t and t not in _DEGRADED and t not in _FAILED for t in tokens)
    if odd or any(t in _DEGRADED for t in tokens):
        return "degraded", ("qc_degraded", "qc_unknown_token") if odd else ("qc_degraded",)
    if any(t in _FAILED for t in tokens):
        return "fail", ("qc_failed",)
    return "unknown", ("qc_missing_or_unknown",)


def _signals(
    known: Profile, words: str, actives: tuple[str, ...], logs: tuple[SkinLog, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    present = (
        ("skin_type", stated(known.skinType) is not None),
        ("barrier_status", stated(known.barrierStatus) is not None),
        ("sensitivity", stated(known.sensitivity) is not None),
        ("routine", bool(words)),
        ("recent_logs", bool(logs)),
    )
    newest = logs[0] if logs else None
    strong = (
        ("barrier_status", said(known.barrierStatus, _FRAGILE)),
        ("actives_in_routine", any(kind in STRONG for kind in actives)),
        (
            "recent_logs",
            newest is not None
            and any(n is not None for n in (newest.redness, newest.acne, newest.hydration)),
        ),
    )
    return tuple(name for name, is_so in present if is_so), tuple(name for name, is_so in strong if is_so)
