"""What an analysis reads out of a request and out of memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules.analysis import intake
from aurora.rules.analysis.actives import actives_in, stings, text_of
from aurora.rules.text import fold
from tests.rules.analysis_facts import ROUTINE, TODAY, facts, log, photo


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("PM retinol 0.3%", ("retinoid",)),
        ("晚上用A醇和果酸", ("retinoid", "acids")),
        ("早C晚A", ("retinoid", "vitamin_c")),
        ("2% BHA, then niacinamide", ("acids", "niacinamide")),
        ("水杨酸棉片+烟酰胺精华", ("acids", "niacinamide")),
        ("ＢＰＯ gel", ("benzoyl_peroxide",)),
        ("azelaic 10, hydroquinone 2", ("azelaic_acid", "hydroquinone")),
        ("用retinol一下", ("retinoid",)),
        ("a cream from Bhavani, gentle cleanser", ()),
        ("plain moisturizer", ()),
    ],
)
def test_actives_are_recognised_in_both_languages(said: str, kinds: tuple[str, ...]) -> None:
    assert actives_in(fold(said)) == kinds


@pytest.mark.parametrize(
    ("said", "complains"),
    [
        ("toner stings a bit", True),
        ("my cheeks are peeling", True),
        ("some redness after the serum", True),
        ("用完刺痛", True),
        ("脸颊泛红脱皮", True),
        ("no stinging at all", False),
        ("it doesn't sting", False),
        ("不刺痛", False),
        ("no stinging but redness", True),
        ("没有刺痛，但是脱皮", True),
        ("interesting moisturizer", False),
    ],
)
def test_a_complaint_counts_and_a_denial_does_not(said: str, complains: bool) -> None:
    assert stings(fold(said)) is complains


@pytest.mark.parametrize(
    "routine",
    [
        "am: foam; pm: Retinol",
        {"am": [{"step": "cleanser", "name": "foam"}], "pm": {"serum": "Retinol"}},
        ["foam", {"pm": ["Retinol"]}],
    ],
)
def test_a_routine_of_any_shape_gives_its_words(routine: Any) -> None:
    assert "foam" in text_of(routine)
    assert "retinol" in text_of(routine)


@pytest.mark.parametrize("routine", ["", "  ", {}, [], {"am": []}, [None, 3, True]])
def test_a_routine_without_words_is_no_routine(routine: Any) -> None:
    assert not facts(routine).has_routine


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=50),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
        max_leaves=30,
    )
)
def test_any_routine_can_be_read(routine: Any) -> None:
    read = facts(routine)
    assert len(read.routine_text) <= 8192
    assert read.has_routine is bool(read.routine_text)


def test_a_routine_in_the_request_wins_over_the_stored_one() -> None:
    assert "new" in facts("new cream", currentRoutine="old cream").routine_text
    assert "old" in facts(None, currentRoutine="old cream").routine_text


@pytest.mark.parametrize(
    ("photos", "grade", "reasons"),
    [
        ([], "unknown", ("no_photos",)),
        ([photo("passed", photo_id="")], "unknown", ("no_photos",)),
        ([photo("passed"), photo("failed")], "pass", ("qc_passed",)),
        ([photo("OK")], "pass", ("qc_passed",)),
        ([photo("warn"), photo("bad")], "degraded", ("qc_degraded",)),
        ([photo("too_dark")], "degraded", ("qc_degraded", "qc_unknown_token")),
        ([photo("rejected")], "fail", ("qc_failed",)),
        ([photo("")], "unknown", ("qc_missing_or_unknown",)),
    ],
)
def test_the_grade_is_of_the_photos_that_can_be_used(
    photos: list[intake.Photo], grade: str, reasons: tuple[str, ...]
) -> None:
    read = facts(photos=photos)
    assert (read.grade, read.grade_reasons) == (grade, reasons)


def test_a_photo_without_id_shows_in_photo_qc_and_is_not_provided() -> None:
    read = facts(photos=[photo("passed", photo_id="")])
    assert read.photo_qc == ("daylight:passed",)
    assert not read.photos_provided
    assert not read.photo_requested


@pytest.mark.parametrize(
    ("use_photo", "with_photo", "requested"),
    [(None, True, True), (None, False, False), (False, True, False), (True, False, True)],
)
def test_a_photo_is_requested_when_said_or_when_one_came(
    use_photo: bool | None, with_photo: bool, requested: bool
) -> None:
    assert facts(use_photo=use_photo, photos=[photo()] if with_photo else []).photo_requested is requested


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        ("2026-11-24", True),
        ("2026-11-17", True),
        ("2026-11-16", False),
        ("2026-11-25", True),
        ("soon", False),
    ],
)
def test_only_check_ins_of_the_last_seven_days_count(day: str, counts: bool) -> None:
    assert bool(facts(logs=[log(day)]).logs) is counts


@pytest.mark.parametrize(
    ("read", "level"),
    [
        (facts(core=False), "low"),
        (facts(ROUTINE, core=False, skinType="dry"), "medium"),
        (facts(ROUTINE), "medium"),
        (facts("retinol at night"), "high"),
        (facts(ROUTINE, barrierStatus="impaired"), "high"),
        (facts(None, logs=[log(redness=2)]), "high"),
        (facts(None, logs=[log(notes="fine")]), "medium"),
    ],
)
def test_detector_level_follows_signals(read: intake.Intake, level: str) -> None:
    assert read.detector_level == level


def test_unknown_and_unsure_count_as_not_said() -> None:
    read = facts(skinType="unknown", barrierStatus="不确定", sensitivity=" ", goals=["", "unsure"])
    assert (read.skin_type, read.barrier, read.sensitivity, read.goals) == (None, None, None, ())


def test_red_flags_in_the_routine_are_noticed() -> None:
    assert facts("the serum left open sores with pus").red_flags
    assert not facts("no pus, no bleeding, just cream").red_flags


def test_reading_nothing_gives_nothing() -> None:
    read = intake.read(use_photo=None, routine=None, photos=[], profile=None, logs=[], today=TODAY)
    assert not read.has_primary_input
    assert not read.has_profile
    assert read.signals == ()
