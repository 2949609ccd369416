"""The photo card: grounded in what was measured, lawful for the client, safe for the person."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.contract.photo_cards import PhotoModules
from aurora.rules import photo_modules, photo_modules_texts
from aurora.rules.analysis import ingredients
from aurora.rules.analysis.photo_reading import Grade
from aurora.rules.claims import makes_claim
from aurora.rules.photo_modules import modules_card
from aurora.rules.safety import forbidden_for, left_of, outgoing_for
from aurora.skin.measured import (
    ISSUE_TYPES,
    QUALITY_REASONS,
    REGIONS,
    Box,
    Evidence,
    Finding,
    IssueType,
    Measured,
    Picture,
    Quality,
    Region,
)
from tests.contract.photo_modules_schema import problems

CROP_ID = "crop_0123456789abcdef"
FACE = Box(100, 100, 200, 200)
PICTURE = Picture(format="JPEG", width=400, height=500)
CHEEK = Box(120, 200, 60, 56)
GRADES: list[Grade] = ["pass", "degraded", "fail", "unknown"]


def finding(
    issue: IssueType = "redness", region: Region = "left_cheek", score: float = 0.6, box: Box = CHEEK
) -> Finding:
    return Finding(
        issue_type=issue,
        severity=3,
        confidence=0.8,
        score=score,
        evidence=[Evidence(region=region, score=score, box=box)],
    )


def measured(*findings: Finding, grade: Any = "pass", hidden: float | None = 0.0, **more: Any) -> Measured:
    metrics = {} if hidden is None else {"parts_hidden": hidden}
    quality = Quality(grade=grade, factor=0.9, metrics=metrics, reasons=more.pop("reasons", []))
    shown = {"picture": PICTURE, "face": FACE, "quality": quality, "findings": list(findings), **more}
    return Measured(**shown)


def plan(*names: str) -> dict[str, Any]:
    return {
        "targets": [{"ingredient_id": n, "usage_guidance": ingredients.guidance(n, "EN")} for n in names],
    }


def card(seen: Measured | None = None, **how: Any) -> dict[str, Any] | None:
    given: dict[str, Any] = {
        "grade": "pass", "plan": None, "forbidden": (), "crop_id": CROP_ID, "lang": "EN", **how,
    }  # fmt: skip
    return modules_card(measured(finding()) if seen is None else seen, **given)


def made(seen: Measured | None = None, **how: Any) -> dict[str, Any]:
    payload = card(seen, **how)
    assert payload is not None
    assert problems(payload) == []
    msgspec.convert(payload, PhotoModules, strict=True)
    return payload


def module(payload: dict[str, Any], name: str) -> dict[str, Any]:
    found = [m for m in payload["modules"] if m["module_id"] == name]
    assert len(found) == 1
    return dict(found[0])


# --- when there is one


@pytest.mark.parametrize(
    ("seen", "grade"),
    [
        (Measured(problem="truncated"), "fail"),
        (measured(finding(), face=None), "degraded"),
        (measured(finding(), picture=None), "pass"),
        (measured(finding(), grade="fail"), "fail"),
        (measured(finding(), grade="fail"), "pass"),
        (measured(finding()), "fail"),
        (measured(finding()), "unknown"),
        (measured(), "pass"),
        (measured(finding(score=0.1)), "pass"),
        (measured(finding(box=Box(0, 0, 20, 20))), "pass"),
        (measured(finding(box=Box(120, 200, 0, 0))), "pass"),
        (measured(finding(), face=Box(450, 600, 50, 50)), "pass"),
    ],
    ids=["unreadable", "no_face", "no_picture", "failed", "failed_whatever_the_check_said", "check_failed",
         "unknown", "nothing_looked_for", "nothing_seen", "outside_of_the_face", "empty_box", "face_outside"],
)  # fmt: skip
def test_no_card_without_something_to_point_at(seen: Measured, grade: Grade) -> None:
    assert card(seen, grade=grade) is None


def test_no_card_without_a_photo() -> None:
    how: dict[str, Any] = {"plan": None, "forbidden": (), "crop_id": CROP_ID, "lang": "EN"}
    assert modules_card(None, grade="pass", **how) is None


# --- what it says


def test_the_crop_holds_the_face_with_its_margins() -> None:
    crop = made()["face_crop"]
    assert crop == {
        "crop_id": CROP_ID,
        "coord_space": "orig_px_v1",
        "bbox_px": {"x": 80, "y": 70, "w": 240, "h": 280},
        "orig_size_px": {"w": 400, "h": 500},
        "render_size_px_hint": {"w": 240, "h": 280},
    }


def test_a_face_at_the_edge_is_cut_there_and_a_large_one_is_shown_smaller() -> None:
    seen = measured(
        finding(box=Box(300, 900, 600, 500)),
        face=Box(0, 0, 2000, 2000),
        picture=Picture(format="PNG", width=2000, height=3000),
    )
    crop = made(seen)["face_crop"]
    assert crop["bbox_px"] == {"x": 0, "y": 0, "w": 2000, "h": 2500}
    assert crop["render_size_px_hint"] == {"w": 410, "h": 512}


def test_a_region_is_the_measured_box_in_shares_of_the_crop() -> None:
    (region,) = made()["regions"]
    assert region == {
        "region_id": "pf_redness_left_cheek_bbox",
        "type": "bbox",
        "coord_space": "face_crop_norm_v1",
        "issue_type": "redness",
        "bbox": {"x": 0.1667, "y": 0.4643, "w": 0.25, "h": 0.2},
        "style": {"intensity": 0.765, "priority": 0.76, "label_hint": "redness"},
    }


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        (Box(0, 0, 400, 500), {"x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0}),
        (Box(20, 210, 120, 280), {"x": 0.0, "y": 0.5, "w": 0.25, "h": 0.5}),
        (Box(260, 30, 140, 110), {"x": 0.75, "y": 0.0, "w": 0.25, "h": 0.25}),
    ],
)
def test_a_box_that_leaves_the_crop_ends_at_its_edge(box: Box, kept: dict[str, float]) -> None:
    assert made(measured(finding(box=box)))["regions"][0]["bbox"] == kept


def test_severity_is_that_of_the_part_and_the_issue_names_its_region() -> None:
    strong = Evidence(region="nose", score=0.8, box=Box(180, 170, 40, 60))
    weak = Evidence(region="left_cheek", score=0.2, box=CHEEK)
    seen = measured(
        Finding(issue_type="shine", severity=2, confidence=0.7, score=0.4, evidence=[strong, weak])
    )
    payload = made(seen)
    assert module(payload, "nose")["issues"] == [
        {
            "issue_type": "shine",
            "severity_0_4": 4,
            "confidence_0_1": 0.7,
            "evidence_region_ids": ["pf_shine_nose_bbox"],
            "explanation_short": "Your nose is very shiny in this photo.",
        }
    ]
    (cheek,) = module(payload, "left_cheek")["issues"]
    assert cheek["severity_0_4"] == 1
    assert cheek["explanation_short"] == "Your left cheek catches a little light."


@pytest.mark.parametrize(
    ("hidden", "parts"), [(0.0, list(REGIONS)), (1.0, ["left_cheek"]), (None, ["left_cheek"])]
)
def test_a_part_is_called_clear_only_if_every_part_was_seen(hidden: float | None, parts: list[str]) -> None:
    payload = made(measured(finding(), hidden=hidden))
    assert [m["module_id"] for m in payload["modules"]] == parts


def test_the_four_strongest_of_a_part_are_told_and_only_they_have_regions() -> None:
    scores: dict[IssueType, float] = {"redness": 0.2, "shine": 0.8, "texture": 0.6, "tone": 0.4, "acne": 0.7}
    payload = made(measured(*(finding(issue, score=score) for issue, score in scores.items())))
    told = [i["issue_type"] for i in module(payload, "left_cheek")["issues"]]
    assert told == ["shine", "texture", "acne", "tone"]
    assert [r["issue_type"] for r in payload["regions"]] == told


@pytest.mark.parametrize(
    ("pixels", "merged", "kept"),
    [("pass", "pass", 0.8), ("degraded", "degraded", 0.8), ("pass", "degraded", 0.656)],
)
def test_a_degraded_photo_lowers_confidence_once(pixels: str, merged: Grade, kept: float) -> None:
    payload = made(measured(finding(), grade=pixels), grade=merged)
    assert module(payload, "left_cheek")["issues"][0]["confidence_0_1"] == kept
    assert payload["quality_grade"] == merged


@pytest.mark.parametrize(
    ("reasons", "codes", "flags"),
    [
        ([], ["qc_degraded"], None),
        (["blur"], ["blur"], ["blurred"]),
        (["low_skin_coverage", "too_dark"], ["low_skin_coverage", "too_dark"], ["shadow_confounded"]),
        (["too_bright"], ["too_bright"], ["glare_confounded"]),
        (["white_balance_unstable"], ["white_balance_unstable"], None),
    ],
)
@pytest.mark.parametrize("lang", get_args(Lang))
def test_a_degraded_photo_says_why(reasons: Any, codes: list[str], flags: Any, lang: Lang) -> None:
    payload = made(measured(finding(), grade="degraded", reasons=reasons), grade="degraded", lang=lang)
    assert payload["degraded_reasons"] == codes
    assert payload["degraded_reason"] == codes[0]
    first = reasons[0] if reasons else None
    assert payload["photo_notice"] == photo_modules_texts.NOTICES[first][0 if lang == "EN" else 1]
    assert payload["regions"][0].get("quality_flags") == flags


def test_a_good_photo_needs_no_notice() -> None:
    assert {"photo_notice", "degraded_reason", "degraded_reasons"}.isdisjoint(made())


# --- what helps


def test_actions_are_targets_of_the_plan_that_help_with_what_shows_here() -> None:
    seen = measured(finding("redness"), finding("acne", score=0.4), finding("shine", "nose"))
    payload = made(
        seen, plan=plan("salicylic_acid", "niacinamide", "panthenol", "glycerin", "sunscreen_filters")
    )
    cheek = module(payload, "left_cheek")["actions"]
    assert [(a["ingredient_id"], a["evidence_issue_types"]) for a in cheek] == [
        ("panthenol", ["redness", "acne"]),
        ("niacinamide", ["redness", "acne"]),
        ("sunscreen_filters", ["redness"]),
    ]
    assert [a["ingredient_id"] for a in module(payload, "nose")["actions"]] == [
        "niacinamide",
        "salicylic_acid",
    ]
    assert module(payload, "chin")["actions"] == []


def test_without_a_plan_there_are_no_actions() -> None:
    assert all(m["actions"] == [] for m in made(plan=None)["modules"])


def test_strong_ingredients_come_with_cautions_and_what_to_keep_apart() -> None:
    payload = made(measured(finding("texture")), plan=plan("salicylic_acid", "retinol", "niacinamide"))
    actions = {a["ingredient_id"]: a for a in module(payload, "left_cheek")["actions"]}
    assert actions["salicylic_acid"]["do_not_mix"] == ["Retinol"]
    assert actions["retinol"]["do_not_mix"] == ["Salicylic acid"]
    assert "do_not_mix" not in actions["niacinamide"]
    assert len(actions["retinol"]["cautions"]) == 2
    assert actions["niacinamide"]["cautions"] == []


@pytest.mark.parametrize(
    ("profile", "held"),
    [
        (Profile(pregnancy_status="pregnant"), "retinol"),
        (Profile(pregnancy_status="trying"), "retinol"),
        (Profile(lactation_status="lactating"), "retinol"),
        (Profile(), "retinol"),
        (Profile(pregnancy_status="not_pregnant", high_risk_medications=["isotretinoin"]), "retinol"),
        (Profile(pregnancy_status="not_pregnant", high_risk_medications=["isotretinoin"]), "salicylic_acid"),
    ],
)
def test_what_safety_forbids_the_person_is_no_action_and_is_not_named(profile: Profile, held: str) -> None:
    seen, planned = measured(finding("texture")), plan("salicylic_acid", "niacinamide", "retinol")
    allowed = module(made(seen, plan=planned), "left_cheek")["actions"]
    assert held in [a["ingredient_id"] for a in allowed]
    left = module(made(seen, plan=planned, forbidden=forbidden_for(profile)), "left_cheek")["actions"]
    may = outgoing_for([a["ingredient_id"] for a in allowed], forbidden_for(profile), "EN").kept
    assert [a["ingredient_id"] for a in left] == may
    assert "niacinamide" in may
    assert held not in str(left).lower().replace(" ", "_")


def test_the_law_of_the_envelope_stands_behind_it() -> None:
    """Whoever made the card, and whatever plan came in: an action that is forbidden does not leave."""
    payload = made(measured(finding("texture")), plan=plan("salicylic_acid", "niacinamide", "retinol"))
    left = left_of(photo_modules.KIND, payload, forbidden_for(Profile(pregnancy_status="pregnant")))
    assert [name for name, _ in left.held] != []
    assert "retinol" not in str(left.payload).lower()
    assert problems(left.payload) == []
    assert left_of(photo_modules.KIND, made(), forbidden_for(Profile())).held == ()


def test_every_text_is_there_in_both_languages_short_and_claims_nothing() -> None:
    told = [pair for by in photo_modules_texts.SEEN.values() for pair in by]
    told += [pair for by in photo_modules_texts.HELPS.values() for pair in by.values()]
    told += [*photo_modules_texts.NOTICES.values(), *photo_modules_texts.SEEK_CARE]
    for pair in told:
        for text in pair:
            assert 0 < len(text) <= 180
            assert not makes_claim(text)
        assert pair[0].isascii()
        assert not pair[1].isascii()
    for by in photo_modules_texts.HELPS.values():
        assert set(by) <= set(ingredients.BY_ID)
    assert set(photo_modules_texts.NAMES) == set(photo_modules_texts.USES) == set(ingredients.BY_ID)
    assert set(photo_modules_texts.HELPS) == set(photo_modules_texts.SEEN) == set(ISSUE_TYPES)


def test_the_crop_is_what_was_cut_out_to_measure() -> None:
    from aurora.skin import face  # OpenCV: not wanted at the top of a test of rules

    margins = (photo_modules.LEFT, photo_modules.RIGHT, photo_modules.TOP, photo_modules.BOTTOM)
    assert margins == (face.LEFT, face.RIGHT, face.TOP, face.BOTTOM)


# --- laws

sizes = st.integers(0, 5000)
boxes = st.builds(Box, st.integers(-100, 5000), st.integers(-100, 5000), sizes, sizes)
near_the_face = st.builds(
    Box, st.integers(-50, 400), st.integers(-50, 400), st.integers(0, 500), st.integers(0, 500)
)
unit, sides = st.floats(0, 1), st.integers(1, 6000)
evidences = st.lists(
    st.builds(
        Evidence, region=st.sampled_from(REGIONS), score=unit, box=near_the_face | boxes | st.just(CHEEK)
    ),
    max_size=6,
)
findings = st.lists(
    st.builds(
        Finding, issue_type=st.sampled_from(ISSUE_TYPES), severity=st.integers(0, 4), confidence=unit,
        score=unit, evidence=evidences,
    ),
    max_size=5,
    unique_by=lambda f: f.issue_type,
)  # fmt: skip
anything = st.builds(
    Measured,
    problem=st.none(),
    picture=st.builds(Picture, format=st.just("JPEG"), width=sides, height=sides),
    face=st.just(FACE) | boxes,
    quality=st.builds(
        Quality, grade=st.sampled_from(["pass", "degraded", "fail"]), factor=unit,
        reasons=st.lists(st.sampled_from(QUALITY_REASONS), unique=True),
        metrics=st.dictionaries(st.just("parts_hidden"), st.sampled_from([0.0, 1.0, 2.0])),
    ),
    findings=findings,
)  # fmt: skip


@given(
    seen=anything,
    grade=st.sampled_from(GRADES),
    names=st.lists(st.sampled_from(sorted(ingredients.BY_ID)), unique=True),
    lang=st.sampled_from(get_args(Lang)),
    profile=st.sampled_from([Profile(), Profile(pregnancy_status="pregnant")]),
)
def test_whatever_was_measured_the_client_takes_the_card(
    seen: Measured, grade: Grade, names: list[str], lang: Lang, profile: Profile
) -> None:
    how: dict[str, Any] = {
        "grade": grade, "plan": plan(*names), "forbidden": forbidden_for(profile), "crop_id": CROP_ID,
    }  # fmt: skip
    payload = modules_card(seen, lang=lang, **how)
    assert payload == modules_card(seen, lang=lang, **how)
    if payload is None:
        return
    assert problems(payload) == []
    msgspec.convert(payload, PhotoModules, strict=True)
    # Grounded: nothing is pointed at that was not measured there.
    measured_at = {(f.issue_type, e.region) for f in seen.findings for e in f.evidence}
    shown = {(i["issue_type"], m["module_id"]) for m in payload["modules"] for i in m["issues"]}
    assert shown <= measured_at
    told = {id_ for m in payload["modules"] for i in m["issues"] for id_ in i["evidence_region_ids"]}
    assert told == {r["region_id"] for r in payload["regions"]}
    assert {a["ingredient_id"] for m in payload["modules"] for a in m["actions"]} <= set(names)
