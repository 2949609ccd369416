"""The last look at what leaves, and what leaves with whatever is answered."""

from __future__ import annotations

from typing import Any

import pytest

from aurora.actors.assembler import CutPlan, EnvelopeAssembler
from aurora.contract.envelope import Card, Chip
from aurora.contract.errors import ContractError
from aurora.contract.memory import Profile
from aurora.rules.notices import notice
from aurora.rules.safety import GAP_REASON, forbidden_for
from aurora.settings import Settings
from tests.support.fakes import turn_for

PREGNANT = forbidden_for(Profile(pregnancy_status="pregnant"))
UNKNOWN = forbidden_for(None)


def item(name: str) -> dict[str, Any]:
    sku = {
        "product_id": name,
        "sku_id": name,
        "brand": "B",
        "name": name,
        "display_name": name,
        "category": "serum",
    }
    opened = {"path": "none", "external": None}
    return {"slot": "pm", "step": "Serum", "sku": sku, "notes": [], "reasons": [], "pdp_open": opened}


def assembler(forbidden: tuple[str, ...]) -> EnvelopeAssembler:
    built = EnvelopeAssembler(turn_for(), Settings())
    built.forbid(forbidden)
    return built


def recommended(built: EnvelopeAssembler, *names: str) -> None:
    built.allow_commerce()
    built.attempted_recommendations(artifact_usable=True)
    built.say("Here is a set.")
    built.card("reco", "recommendations", {"recommendations": [item(name) for name in names]})


def cards(built: EnvelopeAssembler) -> list[tuple[str, dict[str, Any], list[str]]]:
    envelope = built.finish().envelope
    return [(card.type, card.payload, [gap.reason for gap in card.field_missing]) for card in envelope.cards]


def test_a_card_leaves_without_what_is_forbidden() -> None:
    built = assembler(PREGNANT)
    recommended(built, "Retinol", "Cream")
    ((kind, payload, gaps),) = cards(built)
    assert kind == "recommendations"
    assert [each["sku"]["name"] for each in payload["recommendations"]] == ["Cream"]
    assert GAP_REASON in gaps
    assert built.finish().counts["safety_held"] == 1


@pytest.mark.parametrize(
    ("forbidden", "reason", "actions"),
    [
        (PREGNANT, "safety_block", ["safe_alternatives", "profile_update"]),
        (UNKNOWN, "low_confidence", ["answer_safety_question"]),
    ],
)
def test_a_card_that_loses_everything_becomes_a_notice(forbidden, reason, actions) -> None:
    built = assembler(forbidden)
    recommended(built, "Retinol")
    ((kind, payload, gaps),) = cards(built)
    assert (kind, payload["reason"], payload["actions"]) == ("confidence_notice", reason, actions)
    assert gaps == [GAP_REASON]


def test_one_notice_is_enough() -> None:
    built = assembler(PREGNANT)
    built.notice("safety_block")
    recommended(built, "Retinol")
    built.card("x", "reco_bundle", {"items": [{"name": "Retinol"}]})
    assert [kind for kind, _, _ in cards(built)] == ["confidence_notice"]


def test_a_refused_card_takes_the_other_picks_with_it() -> None:
    """A safety block never stands beside something to buy (contract B 8)."""
    built = assembler(PREGNANT)
    recommended(built, "Cream")
    built.card("x", "reco_bundle", {"items": [{"name": "Retinol"}]})
    assert [kind for kind, _, _ in cards(built)] == ["confidence_notice"]


def test_a_planned_card_is_looked_at_too() -> None:
    built = assembler(PREGNANT)
    plan = {
        "plan": {"targets": ["retinol"]}, "intensity": "gentle", "avoid": [], "conflicts": [],
        "targets": [{"ingredient_id": "retinol", "role": "hero", "priority": 50}],
        "confidence": {"score": 0.8, "level": "high", "rationale": []},
    }  # fmt: skip
    built.if_cut(CutPlan(message="late", cards=[Card("c", "ingredient_plan", plan, [])], quiet=True))
    built.cut("budget")
    ((_, payload, _),) = cards(built)
    assert (payload["targets"], payload["plan"]["targets"]) == ([], [])


def test_nobody_is_looked_at_before_they_are_known() -> None:
    built = assembler(())
    recommended(built, "Retinol")
    assert cards(built)[0][0] == "recommendations"


# --- riders

CHIP = Chip(chip_id="chip.profile.age.18_24", label="18–24")


def ridden() -> EnvelopeAssembler:
    built = assembler(())
    built.ride(lead="Careful.", chips=[CHIP], notice=notice("low_confidence", "EN"))
    return built


@pytest.mark.parametrize("way", ["answer", "plan", "nothing planned", "as gathered"])
def test_what_rides_along_leaves_on_every_way_out(way) -> None:
    built = ridden()
    built.say("Answer.")
    built.chip(Chip(chip_id="chip.start.routine", label="Routine"))
    if way == "plan":
        built.if_cut(CutPlan(message="Answer.", chips=[Chip(chip_id="chip.start.routine", label="Routine")]))
    elif way == "as gathered":
        built.stands()
    if way != "answer":
        built.cut("budget")
    envelope = built.finish().envelope
    assert envelope.assistant_message is not None
    assert envelope.assistant_message.content.startswith("Careful.\n\n")
    assert envelope.suggested_chips[0].chip_id == CHIP.chip_id
    assert "low_confidence" in [card.payload.get("reason") for card in envelope.cards]


def test_an_error_stands_alone() -> None:
    built = ridden()
    built.refuse(ContractError(400, "BAD_REQUEST"))
    envelope = built.finish().envelope
    assert [card.type for card in envelope.cards] == ["error"]
    assert envelope.suggested_chips == []


def test_a_refusal_leaves_nothing_to_ask() -> None:
    built = ridden()
    built.say("No.")
    built.ride_words_only()
    assert [kind for kind, _, _ in cards(built)] == ["gate_notice"]
    envelope = built.finish().envelope
    assert envelope.suggested_chips == []
    assert envelope.assistant_message is not None
    assert envelope.assistant_message.content == "Careful.\n\nNo."
