"""Every chip that we offer is answered: by the client, or here by more than a placeholder (contract B 18)."""

from __future__ import annotations

import pytest

from aurora.actors.questions import DecisionReply
from aurora.rules import budget_question, chips, phase0
from aurora.rules.query import NO_MESSAGE
from tests.flows.chat_kit import CORE, artifact, asked_decision, known, talk

# Contract F 5, second kind: a reserved id is handled by the client and never sent.
BY_CLIENT = frozenset({
    "chip_keep_chatting", "chip_quick_profile", "chip.start.diagnosis", "chip_start_diagnosis",
    "chip_update_products", "chip_eval_routine", "chip.intake.paste_routine", "chip_checkin_now",
    "chip_eval_single_product", "chip.start.evaluate", "chip.start.dupes", "chip.intake.upload_photos",
    "chip.intake.skip_analysis",
})  # fmt: skip


def offered(lang):
    every = [chips.chip(name, lang) for name in chips.CATALOGUE]
    every += budget_question.chips(lang)
    every += [chip for field in phase0.FIELDS for chip in phase0.answers(field, lang)]
    return {chip.chip_id: chip for chip in every if chip.chip_id not in BY_CLIENT}


IDS = sorted(offered("EN"))


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize("chip_id", IDS)
async def test_every_chip_is_answered(autojump_clock, chip_id, lang):
    chip = offered(lang)[chip_id]
    assert chip.label
    action = {"action_id": chip.chip_id, "kind": "chip"}
    if chip.data:
        action["data"] = chip.data
    played = await talk(
        {"action": action, "client_state": "IDLE_CHAT"},
        lang=lang,
        decision=DecisionReply(answer="Here is what I know."),
        memory=known(CORE, artifact(0.86)),
    )
    assert played.finished.status == 200
    assert played.text
    assert not [asked for asked in asked_decision(played) if asked.query.endswith(NO_MESSAGE)]


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    ("action_id", "chip"),
    [
        ("routine_generate", "chip.start.routine"),
        ("tpl.action.env.am_pm", "chip.start.routine"),
        ("checkin_prompt", None),
        ("photo_confirm", "chip.intake.upload_photos"),
        ("tpl.action.photo", "chip.intake.upload_photos"),
    ],
)
async def test_b22_row_18_chips_of_templates_are_alive(autojump_clock, action_id, chip, lang):
    played = await talk(
        {"action": {"action_id": action_id, "kind": "chip"}}, lang=lang, memory=known(CORE, artifact(0.86))
    )
    assert played.finished.status == 200
    assert played.text
    if action_id == "checkin_prompt":
        assert played.body["session_patch"]["next_state"] == "CHECKIN_PROMPT"
    else:
        assert chip in played.chip_ids
