"""The payload structs say what leaves, and the docs name every card type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurora.contract.cards import CARD_PAYLOADS
from aurora.contract.memory import Profile, SkinLog
from aurora.rules.notices import notice
from aurora.rules.profile_summary import summary

DOCS = Path(__file__).parents[2] / "docs"


def fits(kind: str, payload: Any) -> bool:
    try:
        msgspec.convert(payload, CARD_PAYLOADS[kind], strict=True)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("v2", [True, False])
def test_a_profile_summary_fits_whatever_is_known(v2: bool) -> None:
    whole = Profile(
        skinType="oily", goals=["acne"], currentRoutine={"am": [{"step": "wash"}]}, itinerary=["Oslo"],
        travel_plan={"destination": "Oslo", "indoor_outdoor_ratio": 0.5},
        high_risk_medications=["isotretinoin"],
        age_band="25_34", lang_pref="CN",
    )  # fmt: skip
    for profile in (Profile(), whole):
        assert fits("profile", {"profile": summary(profile, v2=v2)})


def test_a_profile_card_without_a_profile_does_not_fit() -> None:
    assert not fits("profile", {"profile": None})
    assert not fits("profile", {"profile": {"skinType": "oily"}})


@pytest.mark.parametrize("reason", ["artifact_missing", "low_confidence", "safety_block", "timeout_degraded"])
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_every_default_notice_fits(reason: Any, lang: Any) -> None:
    assert fits("confidence_notice", notice(reason, lang))


@pytest.mark.parametrize(
    "broken",
    [{"reason": "default"}, {"actions": []}, {"actions": [""]}, {"message": ""}, {"severity": "info"},
     {"confidence": {"score": 2.0, "level": "low", "rationale": []}}, {"details": ["x"] * 7},
     {"details": None}],
)  # fmt: skip
def test_a_notice_with_a_broken_part_does_not_fit(broken: dict[str, Any]) -> None:
    assert not fits("confidence_notice", {**notice("low_confidence", "EN"), **broken})


def test_recommendations_are_never_empty_and_carry_decision_14s_shape() -> None:
    sku = dict.fromkeys(("product_id", "sku_id", "brand", "name", "display_name", "category"))
    item = {
        "slot": "am",
        "step": "Cleanser",
        "sku": sku,
        "notes": [],
        "reasons": [],
        "pdp_open": {},
        "price": 3,
    }
    assert fits("recommendations", {"recommendations": [item], "recommendations_count": 1, "any": "more"})
    assert not fits("recommendations", {"recommendations": []})
    assert not fits("recommendations", {"recommendations": [{**item, "notes": ["a"] * 4}]})
    assert not fits("recommendations", {"recommendations": [{**item, "slot": "noon"}]})
    assert not fits("recommendations", {"recommendations": [{k: v for k, v in item.items() if k != "sku"}]})


def test_a_log_shows_every_field() -> None:
    log = {
        k: v for k, v in msgspec.to_builtins(SkinLog(id="l1", date="2026-05-04")).items() if k != "user_id"
    }
    assert fits("tracker_log", {"log": log, "recent_logs": [log]})
    assert not fits("tracker_log", {"log": {k: v for k, v in log.items() if k != "acne"}, "recent_logs": []})
    assert not fits("tracker_log", {"log": log, "recent_logs": [], "extra": 1})


@pytest.mark.parametrize("kind", sorted(CARD_PAYLOADS))
def test_the_docs_describe_every_card_type(kind: str) -> None:
    assert f"### `{kind}`" in (DOCS / "aurora_bff_cards.md").read_text()


def test_the_docs_describe_no_card_that_does_not_exist() -> None:
    titles = [
        line.removeprefix("### `").removesuffix("`")
        for line in (DOCS / "aurora_bff_cards.md").read_text().splitlines()
        if line.startswith("### `")
    ]
    assert sorted(titles) == sorted(CARD_PAYLOADS)


EVENT_NAMES = [
    "error", "value_moment", "state_entered", "recos_requested", "profile_saved", "profile_deleted",
    "tracker_logged", "tracker_loaded", "outbound_opened", "analysis_timeout_degraded",
    "reco_output_guard_fallback", "reco_low_medium_treatment_filtered", "safety_gate_block", "llm_route",
    "quality_audit", "auth_started", "auth_verified", "auth_password_set", "auth_logout",
]  # fmt: skip


@pytest.mark.parametrize("name", EVENT_NAMES)
def test_the_telemetry_page_describes_every_envelope_event(name: str) -> None:
    assert f"`{name}`" in (DOCS / "aurora_bff_telemetry.md").read_text()
